"""The trials of the last fit, gone through one by one, and what is looked at meanwhile."""

import numpy as np

from ..core.trf import FIELDS
from ..fitting.solve import MOST_PARAMETERS_TRACED
from ..parameters import Parameters
from ..trace import Trace
from ..trace.record import ACCEPTED
from .choices import Choices
from .settings import CursorMoved, Settings

OUTCOME = FIELDS.index("outcome")


class Trials(Choices):
    """The part of a `FitSession` that looks at the trials of a fit and does not know how they came about."""

    rows: list[np.ndarray]  # the packed row of each trial so far
    running: bool
    _fitted: Settings
    _cursor: int | None

    @property
    def fitted(self) -> Settings:
        """The settings from which the last fit started, whose trials there are."""
        return self._fitted

    @property
    def trace(self) -> Trace:
        """The `Trace` of the trials so far."""
        names, rows = self._fitted.parameters.free_names, list(self.rows)  # in this order: a fit may begin meanwhile
        if len(names) > MOST_PARAMETERS_TRACED:
            rows, names = [row[: len(FIELDS)] for row in rows], ()
        return Trace(rows, names)

    @property
    def cursor(self) -> int | None:
        """The row of the trace that is being looked at; None for the newest. A change of settings sets it to None."""
        return self._cursor

    def show(self, index: int | None) -> None:
        """Look at a row of the trace; None, or the last one, follows the newest."""
        last = len(self.rows) - 1
        self._cursor = None if index is None or index >= last else max(int(index), 0)
        self._tell(CursorMoved(self._cursor))

    def step_back(self) -> None:
        """Look at the trial before."""
        at = len(self.rows) - 1 if self._cursor is None else self._cursor
        self.show(max(at - 1, 0))

    def values_at(self, theta) -> tuple[float, ...]:
        """The model's parameters, in its order, at a trial's point θ (n,) of the last fit."""
        values = self._fitted.parameters.values_at(theta)
        return tuple(values[name] for name in self._fitted.model.parameter_names)

    @property
    def values_shown(self) -> dict[str, float]:
        """The values of all parameters that are looked at.

        Those of the best point up to the trial under the cursor, or so far while a fit is running; else the chosen.
        """
        tried = self._tried()
        return self.parameters.full_values if tried is None else tried

    @property
    def parameters_shown(self) -> Parameters:
        """The parameters with the values that are looked at, from which every change of a parameter starts.

        Of trials with other parameters, from before a change of model, there are none: then they are as chosen.
        """
        chosen, tried = self.parameters, self._tried()
        return chosen if tried is None or tuple(tried) != tuple(chosen) else _with_values(chosen, tried)

    def choose_trial(self, index: int | None = None) -> None:
        """Take the values of the best point up to a trial, by default the one under the cursor, as the parameters."""
        self._refuse_while_running()
        found = self._best_values(self._cursor if index is None else index)
        if found is None or tuple(found) != tuple(self.parameters):
            theirs = ", ".join(self._fitted.parameters)
            raise ValueError(
                "there is no trial whose values could be taken: fit first."
                if found is None
                else f"the trials are those of a fit of {theirs}: restore that fit first, or undo the change of model."
            )
        self.change_parameters(_with_values(self.parameters, found))

    def _tried(self) -> dict[str, float] | None:
        """All values of the trial that is looked at; None where it is what was chosen."""
        return self._best_values(self._cursor) if self._cursor is not None or self.running else None

    def _best_values(self, index: int | None) -> dict[str, float] | None:
        """All values at the best point up to a row, None for the newest; None where it is not recorded."""
        fitted, rows = self._fitted.parameters, self.rows  # in this order: a fit may begin meanwhile
        upto = len(rows) if index is None else max(index, 0) + 1
        best = next((row for row in reversed(rows[:upto]) if row[OUTCOME] <= ACCEPTED), None)
        if best is None or best.size != len(FIELDS) + len(fitted.free_names):
            return None
        return fitted.values_at(best[len(FIELDS) :])

    def _changed(self) -> None:
        """What is looked at now is the settings, no longer a trial."""
        looked_back, self._cursor = self._cursor is not None, None
        super()._changed()
        if looked_back:
            self._tell(CursorMoved(None))


def _with_values(parameters: Parameters, values: dict[str, float]) -> Parameters:
    return parameters.with_values({p.name: values[p.name] for p in parameters.values() if p.tie is None})
