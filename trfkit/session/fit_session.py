"""A fit as something to work with: data, model and parameters that are changed, fitted, watched, undone and saved.

`FitSession` knows no widgets and no figures; a widget is a view of it, and everything that a button does is a method
here. What a person chooses is `Settings`, immutable, on a line along which undo goes; what comes of a fit joins the
line, too, as its best parameters, and `history`, as its result.
"""

import itertools
import os
import pathlib

import numpy as np

from ..core.trf import FIELDS
from ..fitting.result import LeastSquaresResult
from ..fitting.solve import MOST_PARAMETERS_TRACED
from ..parameters import Parameters
from ..results.fit import fit_parameters
from ..results.fit_result import FitResult
from ..trace import Trace
from . import document
from .choices import Choices
from .document import Saved
from .runner import Runner
from .settings import CursorMoved, Settings, SettingsChanged


class FitSession(Choices):
    """A fit of one data set; arguments and the errors raised are those of `trfkit.fit`.

    `start`, `stop`, `pause`, `resume`, `step` and `wait` are for buttons and threads, `run` for scripts, `await fit()`
    for a notebook's cell. `state`, `rows`, `trace`, `result` and `error` may be read from any thread at any time. Of a
    fit that failed `error` is the exception and `trace` what was recorded before it; its best point is kept.
    """

    def __init__(self, model, x, y, start=None, **options):
        super().__init__(model, x, y, start, **options)
        self.history: list[FitResult] = []
        self._fitted = self.settings  # those of the fit whose trace is there
        self._cursor: int | None = None
        self._runner = Runner(self._concluded)

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
    def trace(self) -> Trace:
        """The `Trace` of the trials so far."""
        rows, names = list(self.rows), self._fitted.parameters.free_names
        if len(names) > MOST_PARAMETERS_TRACED:
            rows, names = [row[: len(FIELDS)] for row in rows], ()
        return Trace(rows, names)

    @property
    def result(self) -> FitResult | None:
        """That of the last fit, None while one is running or where it failed."""
        return self._runner.result

    @property
    def error(self) -> BaseException | None:
        """What the last fit raised."""
        return self._runner.error

    def observe(self, observer) -> None:
        """Call observer(event) with each StateChanged, TrialRecorded, SettingsChanged and CursorMoved from now on.

        Those of a fit come in order on a thread of their own; an observer that raises ends the telling for that fit,
        not the fit.
        """
        self._runner.observe(observer)

    def unobserve(self, observer) -> None:
        """Undo `observe`."""
        self._runner.unobserve(observer)

    def start(self, paused: bool = False) -> None:
        """Start the fit and return at once; `paused`, it waits after its first trial.

        Raises RuntimeError while one is running.
        """
        settings = self.settings
        data = self._data(settings)

        def work(channel):
            options = settings.options | {"channel": channel}
            return fit_parameters((data,), settings.parameters, options, self.absolute_sigma, self.units)

        def begun():
            self._fitted, self._cursor = settings, None

        self._runner.start(work, begun, paused)

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
        """Stop the fit, if one is running, and start no more."""
        self._runner.close()

    def _concluded(self, result, error) -> tuple[SettingsChanged, ...]:
        """Keep the best parameters of a fit that has ended, however it did, and tell of them."""
        best = result.parameters if result is not None else self._best_before(error)
        if result is not None:
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
        """Choose the model, best parameters, points and options of the fit history[index]."""
        result = self.history[index]
        self._choose(_settings_of(result, result.parameters))

    # its trials

    @property
    def cursor(self) -> int | None:
        """The row of the trace that is being looked at; None for the newest."""
        return self._cursor

    def show(self, index: int | None) -> None:
        """Look at a row of the trace; None, or the last one, follows the newest."""
        last = len(self.rows) - 1
        self._cursor = None if index is None or index >= last else max(int(index), 0)
        self._tell(CursorMoved(self._cursor))

    def step(self) -> None:
        """One trial on: look at the next recorded one; at the newest, have the fit make one more and wait."""
        if self._cursor is not None:
            self.show(self._cursor + 1)
        elif self.running:
            self._runner.step()
        else:
            self.start(paused=True)

    def step_back(self) -> None:
        """Look at the trial before."""
        at = len(self.rows) - 1 if self._cursor is None else self._cursor
        self.show(max(at - 1, 0))

    def values_at(self, theta) -> tuple[float, ...]:
        """The model's parameters, in its order, at a trial's point θ (n,) of the last fit."""
        parameters, model = self._fitted.parameters, self._fitted.model
        values = parameters.layout.expand(np.asarray(theta), parameters.held, parameters.basis)
        by_name = dict(zip(parameters, np.asarray(values).tolist(), strict=True))
        return tuple(by_name[name] for name in model.parameter_names)

    # kept in a file

    def to_json(self) -> str:
        """Data, settings with all undo and redo, and history as JSON: every number to the last bit, no code.

        Of a fit that is running it holds nothing. Raises ValueError for what JSON cannot hold, as of a `FitResult`.
        """
        history = list(self.history)
        shown = next((i for i, result in enumerate(history) if result is self.result), None)
        data = {what: getattr(self._given, what) for what in ("x", "y", "sigma", "sigma_x")}
        return document.to_json(Saved(self.units, self.absolute_sigma, data, self._line, history, shown))

    @classmethod
    def from_json(cls, text: str, model=None) -> "FitSession":
        """The session that `to_json` wrote; `model` and what is raised are as for `FitResult.from_json`."""
        saved = document.from_json(text, model)
        first = saved.line.first
        known = {"absolute_sigma": saved.absolute_sigma, "units": saved.units, "mask": first.mask}
        try:
            session = cls(first.model, start=first.parameters, **saved.data, **known, **first.options)
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
        self._take_data(self._given._replace(**saved.data))  # the arrays that the history has, too
        self._line, self.history, self._fitted = saved.line, saved.history, saved.line.current
        if saved.shown is not None:
            last = saved.history[saved.shown]
            self._fitted = _settings_of(last, last.initial)
            self._runner.recall(list(last.trace.rows), last)

    # what it asks of `Choices`

    def _refuse_while_running(self) -> None:
        if self.running:
            raise RuntimeError("a fit is running: stop() it or wait() for it before anything is changed")

    def _tell(self, event) -> None:
        self._runner.tell(event)


def _settings_of(result: FitResult, parameters: Parameters) -> Settings:
    """What was chosen for a fit, with parameters of its start or its end."""
    (data,) = result.sets
    return Settings(data.model, parameters, data.mask, result.options)
