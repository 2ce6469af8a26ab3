"""The tab with the code that makes the fit without the fitter."""

import threading

import ipywidgets

from trfkit.results.script import Call, script
from trfkit.session.outcome import outcome_of
from trfkit.widgets.said import alert
from trfkit.widgets.tabs.code_view import CodeView

DATA = {"x and y from the notebook": True, "written out": False}  # whether the script takes the data by name
MOST_WRITTEN = 20_000  # points; the text of more is some megabytes, which no cell of a notebook should hold
FROM_SETTINGS = "This fits from the values that are set now."
TOO_MANY = (
    "{} points make no text to read: take x and y from the notebook, or write the script to a file, as in "
    "pathlib.Path('fit.py').write_text(result.to_code())."
)

STYLE = """
.trfkit-code-tab {gap: 6px}
.trfkit-code-tab .trfkit-code-choice {display: flex; flex-wrap: wrap; gap: 2px 20px; align-items: center}
.trfkit-code-tab .widget-dropdown {width: max-content; margin: 0}
.trfkit-code-tab .widget-dropdown .widget-label {width: auto}
"""


class CodeTab:
    """The script of the fit that is shown, or, where the settings are not the outcome of one, of a fit from them."""

    title = "Code"

    def __init__(self, session):
        self.session = session
        self.theme = "light"
        self.data = ipywidgets.Dropdown(options=DATA, description="data")
        self.about, self.alert, self.view = ipywidgets.HTML(), ipywidgets.HTML(), CodeView()
        choice = ipywidgets.Box([self.data, self.about]).add_class("trfkit-code-choice")
        self.box = ipywidgets.VBox([choice, self.alert, self.view]).add_class("trfkit-code-tab")
        self._lock = threading.Lock()
        self._settings = self._how = None  # what the script was written from
        self.data.observe(lambda _: self.refresh(), "value")

    def refresh(self):
        """Write the script anew, if the settings, the fits or the choice are others."""
        with self._lock:
            settings, history, by_name = self.session.settings, list(self.session.history), self.data.value
            how = (len(history), by_name)
            if settings is not self._settings or how != self._how:
                self._settings, self._how = settings, how
                self._write(settings, history, by_name)

    def _write(self, settings, history, by_name):
        place = outcome_of(settings, history)
        try:
            if not by_name and settings.data.y.size > MOST_WRITTEN:
                raise ValueError(TOO_MANY.format(settings.data.y.size))
            self.view.code = script(self._call(settings) if place is None else history[place], by_name)
            self.alert.value = ""
        except ValueError as error:
            self.view.code, self.alert.value = "", alert(error)
        self.view.layout.display = None if self.view.code else "none"
        about = FROM_SETTINGS if place is None else f"This makes fit {place + 1} again."
        self.about.value = f'<span class="trfkit-muted">{about}</span>'

    def _call(self, settings):
        known = settings.data.absolute_sigma
        return Call((settings.data_set,), settings.parameters, known, settings.options, self.session.units)
