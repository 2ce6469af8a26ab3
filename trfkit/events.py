"""The line between a running fit and whoever watches it: rows come out, a stop request goes in.

The live program calls `send` and `stop_requested`, two module-level functions, with a token that is data; so one
compiled program serves every fit. Calls arrive on any thread of XLA: they do nothing but file a NumPy row and read a
flag. An exception in a callback would end the program and lose its result, so what an observer raises is kept and told
afterwards.
"""

import itertools
import threading
from collections.abc import Callable

import numpy as np

_channels: dict[int, "Channel"] = {}
_tokens = itertools.count(1)


class Channel:
    """One fit's line. Open it around the fit: ``with Channel(on_row) as channel: …``.

    on_row(row) is told each packed row (17 + n,) as it happens, on any thread, and must return quickly; `rows` keeps
    them all. `stop()` may be called from anywhere and ends the fit at its next trial, the best point kept.
    """

    def __init__(self, on_row: Callable[[np.ndarray], None] | None = None):
        self.token = next(_tokens)
        self.rows: list[np.ndarray] = []
        self.error: BaseException | None = None
        self._on_row = on_row
        self._stop = threading.Event()

    def __enter__(self) -> "Channel":
        _channels[self.token] = self
        return self

    def __exit__(self, *exc) -> None:
        _channels.pop(self.token, None)

    def put(self, row: np.ndarray) -> None:
        """File one row and tell the observer; the first exception of an observer is kept, and it is not told again."""
        self.rows.append(row)
        if self._on_row is not None and self.error is None:
            try:
                self._on_row(row)
            except Exception as error:  # noqa: BLE001  whatever an observer raises, it must not reach XLA
                self.error = error

    def stop(self) -> None:
        """Ask the fit to end at its next trial."""
        self._stop.set()

    @property
    def stop_requested(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()


def send(token, row) -> None:
    """Called by the live program after each trial."""
    channel = _channels.get(int(token))
    if channel is not None:
        channel.put(np.asarray(row))


def stop_requested(token) -> np.bool_:
    """Called by the live program before each next trial; a fit that nobody holds any more stops."""
    channel = _channels.get(int(token))
    return np.bool_(channel is None or channel.stop_requested)
