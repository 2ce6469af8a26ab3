"""The line between a running fit and whoever watches it: rows come out; requests to stop, pause and step go in.

The live program calls `send` and `trials_allowed`, two module-level functions, with a token that is data; so one
compiled program serves every fit. Calls arrive on any thread of XLA: they do nothing but file a NumPy row and read a
wish. An exception in a callback would end the program and lose its result, so what an observer raises is kept and told
afterwards.
"""

import atexit
import concurrent.futures.thread  # noqa: F401  for the order of what happens at exit
import itertools
import math
import threading
import time
from collections.abc import Callable

import numpy as np

_channels: dict[int, "Channel"] = {}
_tokens = itertools.count(1)
ASK_AGAIN = 0.02  # seconds that a running fit may go on before it asks again
ending = threading.Event()  # set when the program ends


class Channel:
    """One fit's line. Open it around the fit: ``with Channel(on_row) as channel: …``.

    on_row(row) is told each packed row (17 + n,) as it happens, on any thread, and must return quickly; `rows` keeps
    them all. `stop()` ends the fit at its next trial, the best point kept; `pause()` holds it there until `resume()`,
    and `step()` lets it go on by one trial and holds it again. All may be called from anywhere, before the fit, too.
    """

    def __init__(self, on_row: Callable[[np.ndarray], None] | None = None):
        self.token = next(_tokens)
        self.rows: list[np.ndarray] = []
        self.error: BaseException | None = None
        self._on_row = on_row
        self._wish = threading.Condition()
        self._stopped = self._paused = False
        self._steps = 0  # trials that a paused fit may still make
        self._asked, self._allowed = -math.inf, 1  # when the fit asked last, and how many trials it was allowed

    def __enter__(self) -> "Channel":
        _channels[self.token] = self
        if ending.is_set():
            self.stop()
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
        self._change(stopped=True)

    def pause(self) -> None:
        """Ask the fit to wait after its next trial."""
        self._change(paused=True)

    def resume(self) -> None:
        """Let a paused fit go on."""
        self._change(paused=False)

    def step(self) -> None:
        """Let the fit make one more trial, and wait."""
        self._change(paused=True, steps=self._steps + 1)

    def _change(self, stopped: bool | None = None, paused: bool | None = None, steps: int = 0) -> None:
        with self._wish:
            self._stopped = self._stopped if stopped is None else stopped
            self._paused = self._paused if paused is None else paused
            self._steps = steps
            self._wish.notify_all()

    @property
    def stop_requested(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    @property
    def paused(self) -> bool:
        """Whether the fit waits, or is to wait after its next trial."""
        return self._paused

    def trials_allowed(self) -> int:
        """Asked by the fit after as many trials: how many it may make before it asks again; 0 to wait or to stop.

        The more the faster they are, for each question costs as much as a trial of a hundred thousand points.
        """
        now = time.monotonic()
        seconds_per_trial, self._asked = max((now - self._asked) / self._allowed, 1e-6), now
        with self._wish:
            self._steps = max(self._steps - 1, 0)
            if self._stopped or self._paused:
                self._allowed = 1
                return int(self._steps > 0 and not self._stopped)
        self._allowed = int(min(max(ASK_AGAIN / seconds_per_trial, 1), 2 * self._allowed))
        return self._allowed

    def wait(self) -> bool:
        """Wait while the fit is paused; whether it may then go on, being neither stopped nor closed."""
        with self._wish:
            self._wish.wait_for(lambda: self._stopped or not self._paused or self._steps)
            return not self._stopped and self.token in _channels


def send(token, row) -> None:
    """Called by the live program after each trial."""
    channel = _channels.get(int(token))
    if channel is not None:
        channel.put(np.asarray(row))


def trials_allowed(token) -> int:
    """Called by the live program when it has made the trials allowed; a fit that nobody holds any more stops."""
    channel = _channels.get(int(token))
    return 0 if channel is None else channel.trials_allowed()


def _end_all() -> None:
    """Stop the fits that still run or wait when the program ends, for Python waits for their threads."""
    ending.set()
    for channel in list(_channels.values()):
        channel.stop()


# Before threads are waited for, in reverse order of registration: `concurrent.futures.thread`, imported above, has
# registered to wait for its own. There is no public way to be asked this early.
getattr(threading, "_register_atexit", atexit.register)(_end_all)
