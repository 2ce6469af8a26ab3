"""One fit at a time, on a thread of its own, and those who watch it.

The solver reports each trial point through a `trfkit.events.Channel`. What it reports is queued and told to the
observers by a second thread, so that no observer, however slow, holds the solver up.

    idle → compiling → running ⇄ paused → done | stopped | failed     (from each of the last three, it may start again)
"""

import asyncio
import concurrent.futures
import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..core.radius import USER_STOP
from ..events import Channel


class StateChanged(NamedTuple):
    """The fit is now in `state`, one of the words of the module's docstring."""

    state: str


class TrialRecorded(NamedTuple):
    """The solver has tried a point: its packed row (17 + n,), and the row's place in the trace."""

    index: int
    row: np.ndarray


class Runner:
    """Runs work(channel) -> result with a status. `state`, `rows`, `result`, `error` may be read from any thread.

    `concluded(result, error)` is called on the observers' thread when a fit has ended, before they are told.
    """

    def __init__(self, concluded: Callable):
        self.state = "idle"
        self.rows: list[np.ndarray] = []
        self.result = None
        self.error: BaseException | None = None
        self._concluded = concluded
        self._observers: list[Callable] = []
        self._starting = threading.Lock()
        self._closed = False
        self._channel = Channel()
        self._delivered = concurrent.futures.Future()
        # An executor keeps whatever the model raises, and Python waits for its thread before exiting, so that XLA
        # never calls back into an interpreter that is gone.
        self._worker = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="trfkit-fit")

    @property
    def running(self) -> bool:
        """Whether a fit is under way, its compilation and its pauses included."""
        return self.state in ("compiling", "running", "paused")

    def observe(self, observer: Callable) -> None:
        """Call observer(event) with each event from now on; of a fit, in order, on a thread of its own.

        An observer that raises ends the telling for that fit, not the fit.
        """
        self._observers.append(observer)

    def unobserve(self, observer: Callable) -> None:
        """Undo `observe`."""
        self._observers.remove(observer)

    def tell(self, event) -> None:
        """Tell the observers of something else, on this thread."""
        for observer in tuple(self._observers):
            observer(event)

    def start(self, work: Callable, paused: bool = False) -> None:
        """Start work(channel) and return at once, to halt after its first trial if `paused`.

        Raises RuntimeError while a fit is running.
        """
        with self._starting:
            if self._closed:
                raise RuntimeError("this session was closed: make a new one")
            if self.running:
                raise RuntimeError("this fit is running: stop() it or wait() for it before it is started again")
            self.rows, self.result, self.error = [], None, None
            self._delivered = concurrent.futures.Future()
            events = queue.SimpleQueue()
            self._channel = Channel(lambda row: self._record(row, events))
            if paused:
                self._channel.pause()
            self._enter("compiling", events)
            telling = (work, self._channel, events, self._delivered)
            threading.Thread(target=self._follow, args=telling, name="trfkit-observers", daemon=True).start()

    def stop(self) -> None:
        """Ask the running fit to end at its next trial point and return at once; its best point is kept."""
        if self.running:
            self._channel.stop()

    def pause(self) -> None:
        """Ask the running fit to wait after its next trial point."""
        self._hold(Channel.pause, "running", "paused")

    def resume(self) -> None:
        """Let a paused fit go on."""
        self._hold(Channel.resume, "paused", "running")

    def step(self) -> None:
        """Let a paused fit make one more trial."""
        if self.running:
            self._channel.step()

    def _hold(self, wish: Callable, before: str, after: str) -> None:
        if self.running:
            wish(self._channel)
            if self.state == before:
                self.state = after
                self.tell(StateChanged(after))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the fit is over and its observers know; True unless `timeout` (seconds) passed first.

        Not for observers, which run on the thread that is waited for.
        """
        if self.state == "idle":
            return True
        return bool(concurrent.futures.wait([self._delivered], timeout).done)

    def finish(self):
        """Wait for the fit and return its result; raises what it raised. A keyboard interrupt stops it."""
        try:
            self.wait()
        except KeyboardInterrupt:
            self.stop()
            self.wait()
            raise
        return self._outcome()

    async def finished(self):
        """The same for a notebook's cell: the kernel goes on serving buttons meanwhile."""
        try:
            # A cancelled wait must not cancel the future that the observers' thread will set.
            await asyncio.shield(asyncio.wrap_future(self._delivered))
        finally:
            self.stop()
        return self._outcome()

    def close(self) -> None:
        """Stop the fit, if one is running, and start no more."""
        self._closed = True
        self.stop()

    def _outcome(self):
        if self.error is not None:
            raise self.error
        return self.result

    def _enter(self, state: str, events) -> None:
        self.state = state
        events.put(StateChanged(state))

    def _record(self, row: np.ndarray, events) -> None:
        """Called by the solver, on whatever thread XLA's callback has: it only queues."""
        self.rows.append(row)
        if len(self.rows) == 2:  # the start is evaluated before the steps are compiled
            self._enter("paused" if self._channel.paused else "running", events)
        events.put(TrialRecorded(len(self.rows) - 1, row))

    def _follow(self, work, channel, events, delivered) -> None:
        """Have the worker fit, tell the observers each event, and at last how the fit ended."""
        working = self._worker.submit(work, channel)
        working.add_done_callback(events.put)
        try:
            for event in iter(events.get, working):
                self.tell(event)
        finally:
            self._conclude(working)
            try:
                self.tell(StateChanged(self.state))
            finally:
                delivered.set_result(None)

    def _conclude(self, working) -> None:
        self.error = working.exception()
        self.result = None if self.error is not None else working.result()
        self._concluded(self.result, self.error)
        stopped = self.error is None and self.result.status == USER_STOP
        self.state = "failed" if self.error is not None else "stopped" if stopped else "done"
