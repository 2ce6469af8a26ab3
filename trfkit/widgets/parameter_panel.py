"""The fitter's parameter table: those of the trial that is looked at, edited through the session."""

from trfkit.report.facts import bounds_reached
from trfkit.widgets.parameter_rows import ParameterRows, Shown


class ParameterPanel:
    """The parameters of a `FitSession` in rows, a part of the fitter's card; undo is the session's.

    The values are `session.values_shown`. While a fit runs they are looked at only. An edit while an earlier trial is
    looked at begins from the values of that trial. Errors stand beside values that are those of the result.
    """

    theme = "light"  # colours come by style sheet alone

    def __init__(self, session):
        self._session = session
        self.box = ParameterRows(self._shown, self._take)

    def refresh(self):
        """Bring the rows in line with the session; on any thread."""
        self.box.refresh()

    def _shown(self):
        session = self._session
        parameters, result, locked = session.parameters, session.result, session.running
        values = self._values(parameters)
        others = {p.name: values[p.name] for p in parameters.values() if p.tie is None and p.value != values[p.name]}
        if others:
            parameters = parameters.with_values(others)
        if result is None or values != result.values or parameters != result.parameters:
            return Shown(parameters, values, locked=locked)
        return Shown(parameters, values, result.stderr, bounds_reached(result), locked)

    def _values(self, parameters):
        """Those that are looked at; of trials with other parameters, from before a change of model, there are none."""
        values = self._session.values_shown
        return values if tuple(values) == tuple(parameters) else parameters.full_values

    def _take(self, parameters, gesture):
        """Have the session take what a person made of the parameters: one step of undo, from an earlier trial, too."""
        session = self._session
        if session.cursor is not None and tuple(session.values_shown) == tuple(parameters):
            gesture = gesture or object()
            session.choose_trial(gesture=gesture)
        session.change_parameters(parameters, gesture)
