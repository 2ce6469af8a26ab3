"""One fit at a time, on a thread of its own, and those who watch it.

The solver reports each trial point through a `trfkit.events.Channel`. What it reports is queued and told to the
observers by a second thread, so that no observer, however slow, holds the solver up.

    idle → compiling → running ⇄ paused → done | stopped | failed     (from each of the last three, it may start again)
"""

import asyncio
import concurrent.futures
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..core.radius import USER_STOP
from ..events import Channel

INTERRUPT_HEARD = 0.05  # seconds that a cell which awaits a fit may sleep


class StateChanged(NamedTuple):
    """The fit is now in `state`, one of the words of the module's docstring."""

    state: str


class TrialRecorded(NamedTuple):
    """The solver has tried a point: its packed row (17 + n,), and the row's place in the trace."""

    index: int
    row: np.ndarray


class Runner:
    """Runs work(channel) -> result with a status. `state`, `rows`, `result`, `error` may be read from any thread.

    `concluded(result, error)` is called on the observers' thread when a fit has ended, and returns what there is to
    tell them of it before its last state.
    """

    def __init__(self, concluded: Callable):
        self.state = "idle"
        self.rows: list[np.ndarray] = []
        self.result = None
        self.error: BaseException | None = None
        self._concluded = concluded
        self._observers: list[Callable] = []
        self._entering = threading.Lock()  # of a state, which depends on the one before
        self._closed = False
        self._channel, self._open = Channel(), contextlib.ExitStack()
        self._events = queue.SimpleQueue()  # of the fit, to be told
        self._delivered = concurrent.futures.Future()  # its result, when all is told
        self._delivered.set_result(None)
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

    def start(self, work: Callable, begun: Callable, paused: bool = False) -> concurrent.futures.Future:
        """Call begun(), start work(channel) and return at once; `paused`, it waits after its first trial.

        The future has the result when all is told of it.

        Raises RuntimeError while a fit is running.
        """
        with self._entering:
            if self._closed:
                raise RuntimeError("this session was closed: make a new one")
            if self.running:
                raise RuntimeError("this fit is running: stop() it or wait() for it before it is started again")
            self.rows, self.result, self.error = [], None, None
            begun()
            before, delivered = self._delivered, concurrent.futures.Future()
            self._delivered = delivered
            self._events = queue.SimpleQueue()
            # Open from now on, not only when the solver begins: a program that ends meanwhile has to stop it.
            self._channel = self._open.enter_context(Channel(self._record))
            if paused:
                self._channel.step()
            self._enter("compiling")
        # No daemon though one may have started the fit: Python waits for observers that may be in the midst of C++.
        observers = {"target": self._follow, "args": (work, before), "name": "trfkit-observers", "daemon": False}
        threading.Thread(**observers).start()
        return delivered

    def recall(self, rows: list[np.ndarray], result) -> None:
        """Stand where a fit ended that was saved."""
        self.rows, self.result, self.state = rows, result, _state_after(result)

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
        """Let the fit make one more trial, and wait."""
        self._hold(Channel.step, "running", "paused")

    def _hold(self, wish: Callable, before: str, after: str) -> None:
        with self._entering:
            if self.running:
                wish(self._channel)
            if self.state == before:
                self._enter(after)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the fit is over and its observers know; True unless `timeout` (seconds) passed first.

        Not for observers, which run on the thread that is waited for.
        """
        return bool(concurrent.futures.wait([self._delivered], timeout).done)

    def finish(self):
        """Wait for the fit and return its result; raises what it raised. A keyboard interrupt stops it."""
        try:
            return self._delivered.result()
        except KeyboardInterrupt:
            self.stop()
            self.wait()
            raise

    async def finished(self):
        """The same for a notebook's cell: the kernel goes on serving buttons meanwhile. Cancelled, it stops the fit."""
        channel, delivered = self._channel, asyncio.wrap_future(self._delivered)
        try:
            # In short waits, for a kernel's loop that sleeps is not woken by the interrupt that is to cancel the cell
            # (ipykernel 6 and 7). A cancelled wait leaves the future alone, which the observers' thread will set.
            while not delivered.done():
                await asyncio.wait([delivered], timeout=INTERRUPT_HEARD)
            return delivered.result()
        finally:
            channel.stop()

    def close(self) -> None:
        """Stop the fit, if one is running, and start no more."""
        with self._entering:
            self._closed = True
        self.stop()

    def _enter(self, state: str) -> None:
        self.state = state
        self._events.put(StateChanged(state))

    def _record(self, row: np.ndarray) -> None:
        """Called by the solver, on whatever thread XLA's callback has: it only queues."""
        self.rows.append(row)
        if len(self.rows) == 2:  # the start is evaluated before the steps are compiled
            with self._entering:
                self._enter("paused" if self._channel.paused else "running")
        self._events.put(TrialRecorded(len(self.rows) - 1, row))

    def _follow(self, work: Callable, before: concurrent.futures.Future) -> None:
        """Have the worker fit and tell the observers, when all is told of the fit before, each event and the end."""
        delivered, working = self._delivered, self._worker.submit(work, self._channel)
        working.add_done_callback(self._events.put)
        concurrent.futures.wait([before])
        try:
            for event in iter(self._events.get, working):
                self.tell(event)
        finally:
            try:
                self._conclude(working)
            finally:
                _deliver(working, delivered)

    def _conclude(self, working: concurrent.futures.Future) -> None:
        """Take the outcome of the fit, tell of it, and then of the last state."""
        self.error = working.exception()  # waits for it
        self._open.close()
        self.result = working.result() if self.error is None else None
        try:
            for event in self._concluded(self.result, self.error):
                self.tell(event)
        finally:
            with self._entering:
                self.state = _state_after(self.result)
            self.tell(StateChanged(self.state))


def _state_after(result) -> str:
    """Where a fit stands that has ended, in a result or in none."""
    if result is None:
        return "failed"
    return "stopped" if result.status == USER_STOP else "done"


def _deliver(working: concurrent.futures.Future, delivered: concurrent.futures.Future) -> None:
    """Give the outcome of one future to another."""
    if working.exception() is not None:
        delivered.set_exception(working.exception())
    else:
        delivered.set_result(working.result())
