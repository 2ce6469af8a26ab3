"""Where the time of the last fit goes: on a press it is run once more, part by part, and told in figures and bars."""

import threading

import ipywidgets

from trfkit.plots import draw_times
from trfkit.widgets.panels.disclosure import Disclosure
from trfkit.widgets.said import image
from trfkit.widgets.tabs.task_bar import TaskBar

NO_FIT = "There is no fit yet whose time could be taken."
BEFORE = "The fit is run once more from its start, in single steps that are timed. Nothing that is chosen changes."

STYLE = """
.trfkit-times .trfkit-line > * {margin: 0}
.trfkit-times .trfkit-tables {overflow-x: auto}
"""


class Times:
    """Closed until its `summary` is pressed; then the `panel` has a button for the profile of the last fit."""

    def __init__(self, session):
        self.session = session
        self.theme = "light"
        self.task = TaskBar(session.tasks, ("times",), "Profile this fit", lambda: session.tasks.times(), self.refresh)
        self.about, self.picture = ipywidgets.HTML(), ipywidgets.HTML()
        self.tables = ipywidgets.HTML().add_class("trfkit-tables")
        controls = ipywidgets.Box([*self.task.buttons, self.about]).add_class("trfkit-line")
        self._disclosure = Disclosure("where the time goes", [controls, self.task.box, self.picture, self.tables])
        self._disclosure.say("Time")
        self.summary, self.panel, self.box = (getattr(self._disclosure, name) for name in ("summary", "panel", "box"))
        self.panel.add_class("trfkit-times")
        self.summary.observe(lambda _: self.refresh(), "value")
        self._lock = threading.RLock()
        self._built = None  # what the panel was built from

    def refresh(self):
        """Show the profile of the last fit, if the part is open."""
        with self._lock:
            if not self.summary.value:
                return
            result = self.session.result
            self.task.refresh(possible=result is not None)
            found = None if result is None else self.session.tasks.outcome(result, "times")
            if self._built is not None and self._built[0] is result and self._built[1:] == (found, self.theme):
                return
            self._built = result, found, self.theme
            words = NO_FIT if result is None else BEFORE if found is None else ""
            self.about.value = f'<span class="trfkit-muted">{words}</span>' if words else ""
            self.picture.value = "" if found is None else image(draw_times(found, theme=self.theme))
            self.tables.value = "" if found is None else found._repr_html_()
