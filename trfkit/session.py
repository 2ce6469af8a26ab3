"""One fit that can be watched: data, model and options, the running fit, and what came of it.

`FitSession` knows no widgets and no figures; a widget is a view of it, and everything that a button does is a method
here. The solver runs on a thread of its own and reports each trial point through a `trfkit.events.Channel`. What it
reports is queued and told to the observers by a second thread, so that no observer, however slow, holds the solver up.

    idle → compiling → running → done | stopped | failed       (from each of the last three, it may start again)
"""

import asyncio
import concurrent.futures
import queue
import threading
from typing import NamedTuple

import numpy as np

from trfkit.core.radius import USER_STOP
from trfkit.events import Channel
from trfkit.fitting.curve_fit import fit_curve, starting_point
from trfkit.fitting.data import check_data
from trfkit.trace import Trace


class StateChanged(NamedTuple):
    """The session is now in `state`, one of the words of the module's docstring."""

    state: str


class TrialRecorded(NamedTuple):
    """The solver has tried a point: its packed row (17 + n,), and the row's place in the trace."""

    index: int
    row: np.ndarray


class FitSession:
    """A fit of model(x, *parameters) to y; further keywords are those of `fit_curve`, and so are the errors raised.

    `start`, `stop` and `wait` are for buttons and threads, `run` for scripts, `await fit()` for a notebook's cell.
    `state`, `rows`, `trace`, `result` and `error` may be read from any thread at any time. Of a fit that failed `error`
    is the exception, `trace` what was recorded before it and `result`, where the fit had begun, its best point.
    """

    def __init__(self, model, x, y, p0=None, **options):
        self.model = model
        self.x = x
        self.y = y
        self.p0, self.parameter_names, *_ = starting_point(model, p0, options.get("bounds", UNBOUNDED))
        self.options = options
        _check_data(x, y, **options)
        self.state = "idle"
        self.rows = []
        self.result = None
        self.error = None
        self._observers = []
        self._starting = threading.Lock()
        self._closed = False
        self._channel = None
        self._delivered = concurrent.futures.Future()
        # An executor keeps whatever the model raises, and Python waits for its thread before exiting, so that XLA
        # never calls back into an interpreter that is gone.
        self._worker = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="trfkit-fit")

    @property
    def running(self):
        """Whether a fit is under way, its compilation included."""
        return self.state in ("compiling", "running")

    @property
    def trace(self):
        """The `Trace` of the trials so far."""
        return Trace(list(self.rows), self.parameter_names)

    def observe(self, observer):
        """Call observer(event) with each StateChanged and TrialRecorded from now on, in order, on a thread of its own.

        An observer that raises ends the telling for that fit, not the fit.
        """
        self._observers.append(observer)

    def unobserve(self, observer):
        """Undo `observe`."""
        self._observers.remove(observer)

    def start(self):
        """Start the fit and return at once. Raises RuntimeError while one is running."""
        with self._starting:
            if self._closed:
                raise RuntimeError("this session was closed: make a new one")
            if self.running:
                raise RuntimeError("this fit is running: stop() it or wait() for it before it is started again")
            self.rows, self.result, self.error = [], None, None
            self._delivered = concurrent.futures.Future()
            events = queue.SimpleQueue()
            self._channel = Channel(lambda row: self._record(row, events))
            self._enter("compiling", events)
            telling = (self._channel, events, self._delivered)
            threading.Thread(target=self._follow, args=telling, name="trfkit-observers", daemon=True).start()

    def stop(self):
        """Ask the running fit to end at its next trial point and return at once; its best point is kept."""
        if self.running:
            self._channel.stop()

    def wait(self, timeout=None):
        """Wait until the fit is over and its observers know; True unless `timeout` (seconds) passed first.

        Not for observers, which run on the thread that is waited for.
        """
        if self.state == "idle":
            return True
        return bool(concurrent.futures.wait([self._delivered], timeout).done)

    def run(self):
        """Run the fit to its end and return its result; raises what the fit raised.

        On a keyboard interrupt the fit is stopped and `result` has its best point.
        """
        try:
            self.start()
            self.wait()
        except KeyboardInterrupt:
            self.stop()
            self.wait()
            raise
        return self._outcome()

    async def fit(self):
        """`run` for a notebook's cell, `await session.fit()`: the kernel goes on serving buttons meanwhile."""
        self.start()
        try:
            # A cancelled wait must not cancel the future that the observers' thread will set.
            await asyncio.shield(asyncio.wrap_future(self._delivered))
        finally:
            self.stop()
        return self._outcome()

    def close(self):
        """Stop the fit, if one is running, and start no more."""
        self._closed = True
        self.stop()

    def _outcome(self):
        if self.error is not None:
            raise self.error
        return self.result

    def _enter(self, state, events):
        self.state = state
        events.put(StateChanged(state))

    def _record(self, row, events):
        """Called by the solver, on whatever thread XLA's callback has: it only queues."""
        self.rows.append(row)
        if len(self.rows) == 2:  # the start is evaluated before the steps are compiled
            self._enter("running", events)
        events.put(TrialRecorded(len(self.rows) - 1, row))

    def _follow(self, channel, events, delivered):
        """Have the worker fit, tell the observers each event, and at last how the fit ended."""
        work = self._worker.submit(fit_curve, self.model, self.x, self.y, self.p0, channel=channel, **self.options)
        work.add_done_callback(events.put)
        try:
            for event in iter(events.get, work):
                self._notify(event)
        finally:
            self._conclude(work)
            try:
                self._notify(StateChanged(self.state))
            finally:
                delivered.set_result(None)

    def _notify(self, event):
        for observer in tuple(self._observers):
            observer(event)

    def _conclude(self, work):
        self.error = work.exception()
        if self.error is not None:
            self.result = getattr(self.error, "result", None)  # the best point before the error, if there was one
            self.state = "failed"
        else:
            self.result = work.result()
            self.state = "stopped" if self.result.status == USER_STOP else "done"


UNBOUNDED = (-np.inf, np.inf)


def _check_data(x, y, sigma=None, mask=None, check_finite=None, nan_policy=None, **_):
    """Raise ValueError for data that `fit_curve` would refuse: better when the session is made than when it is run."""
    check_data(x, y, sigma, mask, nan_policy is None if check_finite is None else check_finite, nan_policy)
