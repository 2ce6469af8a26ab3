"""The fitter's parameter table: those of the trial that is looked at, edited through the session."""

from trfkit.report.facts import bounds_reached
from trfkit.widgets.parameters.rows import ParameterRows, Shown


class ParameterPanel:
    """The parameters of a `FitSession` in rows, a part of the fitter's card; undo is the session's.

    They are `session.parameters_shown`. While a fit runs they are looked at only. Errors stand beside values that are
    those of the result.
    """

    theme = "light"  # colours come by style sheet alone

    def __init__(self, session):
        self._session = session
        self.box = ParameterRows(self._shown, session.change_parameters)

    def refresh(self):
        """Bring the rows in line with the session; on any thread."""
        self.box.refresh()

    def _shown(self):
        session = self._session
        parameters, result, locked = session.parameters_shown, session.result, session.running
        if result is None or parameters != result.parameters:
            return Shown(parameters, parameters.full_values, locked=locked)
        return Shown(parameters, result.values, result.stderr, bounds_reached(result), locked)
