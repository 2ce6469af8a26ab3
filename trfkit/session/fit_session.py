"""A fit as something to work with: data, model and parameters that are changed, fitted, watched, undone and saved.

`FitSession` knows no widgets and no figures; a widget is a view of it, and everything that a button does is a method
here. What a person chooses is `Settings`, immutable, on a line along which undo goes; what comes of a fit joins the
line, too, as its best parameters, and `history`, as its result.
"""

import dataclasses
import itertools
import os
import pathlib
import weakref
from collections.abc import Callable

import numpy as np

from ..fitting.result import LeastSquaresResult
from ..parameters import Parameters
from ..results.fit import fit_parameters
from ..results.fit_result import FitResult
from . import document
from .data import Data
from .document import Saved
from .runner import Runner
from .settings import Settings, SettingsChanged
from .tasks import Tasks
from .trials import Trials


class FitSession(Trials):
    """A fit of one data set; arguments and the errors raised are those of `trfkit.fit`.

    x_label and y_label say what is on the axes, as "time (s)": by default what a Series or DataArray calls itself.
    Units that are not given are taken from there.

    `start`, `stop`, `pause`, `resume`, `step` and `wait` are for buttons and threads, `run` for scripts, `await fit()`
    for a notebook's cell. `state`, `rows`, `trace`, `result` and `error` may be read from any thread at any time. Of a
    fit that failed `error` is the exception and `trace` what was recorded before it; its best point is kept.

    A running fit goes on when nobody looks at it any more, its session forgotten or its browser closed, up to its
    `max_nfev` evaluations of the model; `close()` stops it. A paused one waits, and computes nothing, until then.
    """

    def __init__(self, model, x, y, start=None, **options):
        super().__init__(model, x, y, start, **options)
        self.history: list[FitResult] = []
        self._fitted = self.settings
        self._cursor = None
        self._settings_of = weakref.WeakKeyDictionary()  # those from which the fits of the history started
        self._runner = Runner(self._concluded)
        self.tasks = Tasks(self, self._tell)

    @property
    def state(self) -> str:
        """Where the fit stands: idle, compiling, running, paused, done, stopped or failed."""
        return self._runner.state

    @property
    def running(self) -> bool:
        """Whether a fit is under way, its compilation and its pauses included."""
        return self._runner.running

    @property
    def rows(self) -> list[np.ndarray]:
        """The packed row of each trial so far."""
        return self._runner.rows

    @property
    def result(self) -> FitResult | None:
        """That of the last fit, None while one is running or where it failed."""
        return self._runner.result

    @property
    def error(self) -> BaseException | None:
        """What the last fit raised."""
        return self._runner.error

    def observe(self, observer) -> None:
        """Call observer(event) with each event from now on.

        StateChanged and TrialRecorded, and the SettingsChanged of its end, come in order on a thread of the fit; an
        observer that raises ends the telling for that fit, not the fit. TaskProgressed and TaskEnded come on the
        task's thread, other SettingsChanged and CursorMoved on the thread that brought them about.
        """
        self._runner.observe(observer)

    def unobserve(self, observer) -> None:
        """Undo `observe`."""
        self._runner.unobserve(observer)

    def start(self, paused: bool = False) -> None:
        """Start the fit and return at once; `paused`, it waits after its first trial.

        Raises RuntimeError while one is running.
        """
        self.begin(paused)

    def begin(self, paused: bool = False, *, starts: int = 1, seed: int = 0, progress: Callable | None = None):
        """`start`, and return the `concurrent.futures.Future` of the result, which is there when the observers know.

        `starts`, `seed` and `progress` are those of `trfkit.fit`; `stop` ends the starts, too, and keeps the best.
        """
        settings = self.settings
        known, units = settings.data.absolute_sigma, self.units

        def work(channel):
            def told(done, total):
                if progress is not None:
                    progress(done, total)
                if channel.stop_requested:
                    raise StopIteration

            options = settings.options | {"channel": channel}
            many = {"starts": starts, "seed": seed, "progress": told}
            return fit_parameters((settings.data_set,), settings.parameters, options, known, units, **many)

        def begun():
            self._fitted, self._cursor = settings, None

        return self._runner.start(work, begun, paused)

    def stop(self) -> None:
        """Ask the running fit to end at its next trial point and return at once; its best point is kept."""
        self._runner.stop()

    def pause(self) -> None:
        """Ask the running fit to wait after its next trial point."""
        self._runner.pause()

    def resume(self) -> None:
        """Let a paused fit go on."""
        self._runner.resume()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the fit is over and its observers know; True unless `timeout` (seconds) passed first.

        Not for observers, which run on the thread that is waited for.
        """
        return self._runner.wait(timeout)

    def run(self) -> FitResult:
        """Run the fit to its end and return its result; raises what the fit raised.

        On a keyboard interrupt the fit is stopped and `result` has its best point.
        """
        self.start()
        return self._runner.finish()

    async def fit(self) -> FitResult:
        """`run` for a notebook's cell, `await session.fit()`: the kernel goes on serving buttons meanwhile."""
        self.start()
        return await self._runner.finished()

    def close(self) -> None:
        """Stop the fit and the task, if any are running, and start no more fits."""
        self.tasks.cancel()
        self._runner.close()

    def _concluded(self, result, error) -> tuple[SettingsChanged, ...]:
        """Keep the best parameters of a fit that has ended, however it did, and tell of them."""
        best = result.parameters if result is not None else self._best_before(error)
        if result is not None:
            self._settings_of[result] = self._fitted
            self.history.append(result)
        if best is None:
            return ()
        self._line.choose(self._fitted._replace(parameters=best))
        return (SettingsChanged(self.settings),)

    def _best_before(self, error) -> Parameters | None:
        found = getattr(error, "result", None)
        if not isinstance(found, LeastSquaresResult):  # the fit had not begun
            return None
        return self._fitted.parameters.with_values(dict(zip(found.parameter_names, found.x.tolist(), strict=True)))

    def restore(self, index: int) -> None:
        """Choose the data, model, best parameters, points and options of the fit history[index]."""
        result = self.history[index]
        started = self._settings_of.get(result) or _settings_from(result)
        self._choose(started._replace(parameters=result.parameters))

    def step(self) -> None:
        """One trial on: look at the next recorded one; at the newest, have the fit make one more and wait."""
        if self._cursor is not None:
            self.show(self._cursor + 1)
        elif self.running:
            self._runner.step()
        else:
            self.start(paused=True)

    # kept in a file

    def to_json(self) -> str:
        """Data, settings with all undo and redo, and history as JSON: every number to the last bit, no code.

        Of a fit that is running it holds nothing. Raises ValueError for what JSON cannot hold, as of a `FitResult`.
        """
        history = [(result, self._settings_of.get(result)) for result in self.history]
        shown = next((i for i, (result, _) in enumerate(history) if result is self.result), None)
        return document.to_json(Saved(self._units, self._line, history, shown))

    @classmethod
    def from_json(cls, text: str, model=None) -> "FitSession":
        """The session that `to_json` wrote; `model` and what is raised are as for `FitResult.from_json`."""
        saved = document.from_json(text, model)
        first = saved.line.first
        data = {field.name: getattr(first.data, field.name) for field in dataclasses.fields(first.data)}
        known = {"start": first.parameters, "units": saved.units, "mask": first.mask}
        try:
            session = cls(first.model, **data, **known, **first.options)
            session._recall(saved)
        except (TypeError, OverflowError) as error:  # of an option
            raise ValueError(f"settings: {error}") from error
        return session

    def save(self, path: str | os.PathLike) -> None:
        """Write `to_json` to a file; one that is there is kept until the new one is complete."""
        path = pathlib.Path(path)
        unfinished = path.with_name(f"{path.name}.part")
        unfinished.write_text(self.to_json(), encoding="utf-8")
        unfinished.replace(path)

    @classmethod
    def load(cls, path: str | os.PathLike, model=None) -> "FitSession":
        """The session that `save` wrote; `model` and what is raised are as for `FitResult.from_json`."""
        return cls.from_json(pathlib.Path(path).read_text(encoding="utf-8"), model)

    def _recall(self, saved: Saved) -> None:
        """Take over what was saved of a session that began with the same settings."""
        for before, settings in itertools.pairwise(saved.line):
            self._check(settings, before)
        self._line, self._fitted = saved.line, saved.line.current
        self.history = [result for result, _ in saved.history]
        self._settings_of.update((result, started) for result, started in saved.history if started is not None)
        if saved.shown is not None:
            last, started = saved.history[saved.shown]
            self._fitted = started or _settings_from(last)
            self._runner.recall(list(last.trace.rows), last)

    # what it asks of `Choices`

    def _refuse_while_running(self) -> None:
        if self.running:
            raise RuntimeError("a fit is running: stop() it or wait() for it before anything is changed")

    def _tell(self, event) -> None:
        self._runner.tell(event)


def _settings_from(result: FitResult) -> Settings:
    """Those from which a fit of another origin started."""
    (s,) = result.sets
    data = Data(s.x, s.y, s.sigma, s.sigma_x, result.absolute_sigma)
    return Settings(data, s.model, result.initial, s.mask, result.options)
