"""Long work beside the fit: bootstrap, profile likelihood, where the time goes, fits from many starts; one at a time,
watched and cancelled.

The first three are of a result that is there, on a thread of their own: data and settings may be changed and
fitted meanwhile. Fits from many starts are one of the session's fits: they wait for none that is running, nothing may
be changed until they are done, and what they led to joins its history and is one step of undo, as of any fit.
"""

import concurrent.futures
import math
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from ..events import Channel
from ..fitting.multistart import check_count
from ..profiling import profile_again
from ..results.fit_result import FitResult

BETWEEN_EVENTS_S = 0.1  # as often as a person reads a number that changes
UNDISTURBED_S = 1.0  # of a task whose time is taken: observers compute, too


class Progress(NamedTuple):
    """How far a task is. `total` is 0 until the first chunk is done, its compilation included."""

    what: str  # "bootstrap", "profile", "times" or "starts"
    done: int = 0
    total: int = 0
    elapsed_s: float = 0.0
    left_s: float | None = None  # None while nothing is known of its pace


class TaskProgressed(NamedTuple):
    """A task is so far; told about ten times a second."""

    progress: Progress


class TaskEnded(NamedTuple):
    """A task is over. A bootstrap that was cancelled keeps its samples, starts keep the best, the others nothing."""

    what: str
    outcome: object | None  # `Bootstrap`, `Profile`, `FitProfile` or, from many starts, `FitResult`
    error: BaseException | None = None
    cancelled: bool = False


class Tasks:
    """The tasks of a session, of which it needs `begin`, `stop` and `result`; tell(event) tells its observers.

    Events come on the task's thread. An observer that raises at a TaskProgressed ends the task with its error.
    """

    def __init__(self, session, tell: Callable):
        self.last: TaskEnded | None = None  # how the last one ended
        self._session = session
        self._tell = tell
        self._task: _Task | None = None
        self._starting = threading.Lock()
        self._outcomes: weakref.WeakKeyDictionary[FitResult, dict] = weakref.WeakKeyDictionary()
        # Python waits for its thread before exiting, so that XLA is not called by an interpreter that is gone.
        self._worker = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="trfkit-task")

    @property
    def running(self) -> bool:
        """Whether a task is under way."""
        return self._task is not None and not self._task.over

    @property
    def progress(self) -> Progress | None:
        """How far the task is that runs, None without one."""
        return self._task.progress if self.running else None

    def outcome(self, result: FitResult, what: str):
        """The `Bootstrap`, `Profile`, `FitProfile` or `Starts` that was made last of a result; None without one."""
        return result.starts if what == "starts" else self._outcomes.get(result, {}).get(what)

    def bootstrap(
        self, count: int = 1000, kind: str = "residuals", seed: int = 0, result: FitResult | None = None
    ) -> None:
        """Start `FitResult.bootstrap` of the session's result, or of another, and return at once.

        Raises RuntimeError while a task is running and where there is no result.
        """
        self._of_result("bootstrap", result, lambda of, told: of.bootstrap(count, kind, seed, told))

    def profile(self, names: Sequence[str] | None = None, level: float = 0.95, result: FitResult | None = None) -> None:
        """The same of `FitResult.profile`."""
        self._of_result("profile", result, lambda of, told: of.profile(names, level, told))

    def times(self, result: FitResult | None = None) -> None:
        """The same of `trfkit.profile`: the fit is run once more, part by part, to see where its time goes."""

        def work(of, told):
            trials = len(of.trace) - 1
            return profile_again(of, lambda done: told(done, max(trials, done)))

        self._of_result("times", result, work, UNDISTURBED_S)

    def starts(self, count: int = 100, seed: int = 0) -> None:
        """Start a fit from `count` starts and return at once.

        Raises RuntimeError while a task or a fit is running, and ValueError for a count below 1.
        """
        check_count(count)
        with self._starting:
            self._refuse_while_running()
            task = _Task("starts", self._tell)
            fit = self._session.begin(starts=count, seed=seed, progress=task.told)
            self._task = task
        fit.add_done_callback(partial(self._end, task, None))

    def cancel(self) -> None:
        """Ask the task to end after the chunk that it is at, and return at once."""
        task = self._task
        if task is None or task.over:
            return
        task.channel.stop()
        if task.progress.what == "starts":
            self._session.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the task is over and the observers know; True unless `timeout` (seconds) passed first.

        Not for observers, which run on the thread that is waited for.
        """
        return self._task is None or self._task.told_of.wait(timeout)

    def _of_result(self, what: str, result: FitResult | None, work: Callable, undisturbed: float = 0.0) -> None:
        """Start work(result, told) on the thread of tasks; of its progress nothing is told for so many seconds."""
        with self._starting:
            self._refuse_while_running()
            result = self._session.result if result is None else result
            if result is None:
                raise RuntimeError(f"there is no result to take a {what} of: run the fit first.")
            task = self._task = _Task(what, self._tell, undisturbed)
        self._worker.submit(task.run, work, result).add_done_callback(partial(self._end, task, result))

    def _refuse_while_running(self) -> None:
        if self.running:
            raise RuntimeError(f"a task is running, {self._task.progress.what}: cancel() it or wait() for it.")

    def _end(self, task: "_Task", result: FitResult | None, done: concurrent.futures.Future) -> None:
        """Keep what came of a task and tell of it."""
        what, error = task.progress.what, done.exception()
        outcome = None if error is not None else done.result()
        if result is not None and outcome is not None:
            self._outcomes.setdefault(result, {})[what] = outcome
        cancelled = task.channel.stop_requested
        self.last = TaskEnded(what, outcome, None if isinstance(error, StopIteration) else error, cancelled)
        task.over = True
        try:
            self._tell(self.last)
        finally:
            task.told_of.set()


class _Task:
    """One task: how far it is, and the wish to end it."""

    def __init__(self, what: str, tell: Callable, undisturbed: float = 0.0):
        self.progress = Progress(what)
        self.over = False
        self.told_of = threading.Event()
        self.channel = Channel()  # closed by the end of the program, too
        self._tell = tell
        self._began = time.monotonic()
        self._first: tuple[float, int] | None = None  # when the first chunk was done, and how much
        self._undisturbed = undisturbed  # seconds between events, where that is more than BETWEEN_EVENTS_S
        self._last_told = self._began if undisturbed else -math.inf

    def run(self, work: Callable, result: FitResult):
        """work(result, told), cancelled when the program ends."""
        with self.channel:
            return work(result, self.told)

    def told(self, done: int, total: int) -> None:
        """Take note of progress and tell of it; raises StopIteration where the task was cancelled."""
        now = time.monotonic()
        left = None
        if self._first is None:
            self._first = now, done
        elif done > self._first[1]:
            left = (now - self._first[0]) * (total - done) / (done - self._first[1])
        self.progress = Progress(self.progress.what, done, total, now - self._began, left)
        last = done == total and not self._undisturbed
        if last or now - self._last_told >= max(BETWEEN_EVENTS_S, self._undisturbed):
            self._last_told = now
            self._tell(TaskProgressed(self.progress))
        if self.channel.stop_requested:
            raise StopIteration
