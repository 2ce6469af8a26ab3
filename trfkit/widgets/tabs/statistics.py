"""The tab of statistics: report, correlations, intervals, and the minima that many starts lead to."""

import html
import threading

import ipywidgets

from trfkit.plots import draw_bootstrap, draw_correlation, draw_profile
from trfkit.plots.words import percent
from trfkit.statistics.bootstrap import KINDS
from trfkit.widgets.said import image
from trfkit.widgets.tabs.task_bar import TaskBar

LEVELS = (0.683, 0.9, 0.95, 0.99)
METHODS = ("covariance", "profile", "bootstrap")
MOST_MINIMA = 10
BEFORE = '<p class="trfkit-muted">No fit yet: press Fit, and its report is shown here.</p>'
EARLIER = '<p class="trfkit-muted">Of the last fit that left a result.</p>'

STYLE = """
.trfkit-statistics h3 {font-size: 14px; font-weight: 600; margin: 14px 0 4px; padding: 0}
.trfkit-statistics .trfkit-beside {display: flex; flex-flow: row wrap; align-items: flex-start; gap: 8px 32px}
.trfkit-statistics .trfkit-beside > * {max-width: 100%; overflow-x: auto}
.trfkit-statistics .trfkit-beside > .trfkit-report {display: block; flex: 1 1 520px; min-width: 0}
.trfkit-statistics .trfkit-report mjx-container {display: block; overflow-x: auto; overflow-y: hidden}
.trfkit-statistics .trfkit-choices {display: flex; flex-flow: row wrap; align-items: center; gap: 4px 10px}
.trfkit-statistics .trfkit-choices > * {margin: 0}
.trfkit-statistics .trfkit-choices .widget-inline-hbox {height: 30px; align-items: center}
.trfkit-statistics .trfkit-choices .widget-label {width: auto; height: auto; align-self: center; margin: 0 6px 0 0}
.trfkit-statistics .trfkit-choices :is(.widget-dropdown, .widget-text) {width: auto}
.trfkit-statistics .trfkit-choices :is(input, select) {height: 28px; margin: 0}
.trfkit-statistics .trfkit-choices .widget-dropdown select {min-width: 88px}
.trfkit-statistics .trfkit-choices .widget-text input {width: 76px}
.trfkit-statistics .trfkit-table {overflow-x: auto}
.trfkit-statistics .trfkit-table table {margin: 4px 0}
.trfkit-statistics .trfkit-table caption {text-align: left; font-weight: 600; padding: 2px 8px; color: inherit}
.trfkit-statistics .trfkit-table th {font-weight: normal; color: var(--trfkit-muted); padding: 2px 8px;
  border-bottom: 1px solid var(--trfkit-field)}
.trfkit-statistics .trfkit-table td {padding: 2px 8px; white-space: nowrap}
.trfkit-task {display: flex; flex-flow: row wrap; align-items: center; gap: 4px 10px; min-height: 30px}
.trfkit-task progress {width: 220px; height: 10px; accent-color: var(--trfkit-accent)}
"""


class StatisticsTab:
    """What the last fit says of its parameters; long work is that of `session.tasks`."""

    title = "Statistics"

    def __init__(self, session):
        self._session = session
        self.theme = "light"
        self._lock = threading.RLock()
        self._built = {}  # part: what it was built from
        self._result = None  # the one that is shown
        self._lay_out()
        for choice in (self.level, self.method, self.parameter):
            choice.observe(self._chosen, "value")
        self.refresh()

    def _lay_out(self):
        self.report, self.correlation = ipywidgets.HTMLMath().add_class("trfkit-report"), ipywidgets.HTML()
        self.level = ipywidgets.Dropdown(
            options=[(percent(level), level) for level in LEVELS], value=0.95, description="level"
        )
        self.method = ipywidgets.Dropdown(options=METHODS, description="method")
        self.count = ipywidgets.IntText(value=1000, description="samples")
        self.kind = ipywidgets.Dropdown(options=list(KINDS), description="resampled")
        self.intervals, self.picture = ipywidgets.HTML().add_class("trfkit-table"), ipywidgets.HTML()
        self.parameter = ipywidgets.Dropdown(description="picture of")
        self.starts = ipywidgets.IntText(value=100, description="starts")
        self.minima = ipywidgets.HTML().add_class("trfkit-table")
        tasks = self._session.tasks
        self.interval_task = TaskBar(tasks, ("bootstrap", "profile"), "Compute", self._compute, self.refresh)
        self.starts_task = TaskBar(tasks, ("starts",), "Run", self._run_starts, self.refresh)
        choices = [self.level, self.method, self.count, self.kind, *self.interval_task.buttons]
        shown = ipywidgets.VBox([_row("choices", self.parameter), self.picture])
        self._of_result = [
            _row("beside", self.report, self.correlation),
            ipywidgets.HTML("<h3>Intervals</h3>"),
            _row("choices", *choices),
            self.interval_task.box,
            _row("beside", self.intervals, shown),
        ]
        self._always = [
            ipywidgets.HTML("<h3>Fit from many starts</h3>"),
            _row("choices", self.starts, *self.starts_task.buttons),
            self.starts_task.box,
            self.minima,
        ]
        self.nothing = ipywidgets.HTML(BEFORE)
        self._parts = ipywidgets.VBox(self._of_result)
        self.box = ipywidgets.VBox([self.nothing, self._parts, *self._always]).add_class("trfkit-statistics")

    # what the controls do

    def _chosen(self, change):
        self.refresh()

    def _compute(self):
        tasks, result = self._session.tasks, self._result
        if self.method.value == "profile":
            tasks.profile(level=self.level.value, result=result)
        else:
            tasks.bootstrap(self.count.value, self.kind.value, result=result)

    def _run_starts(self):
        self._session.tasks.starts(self.starts.value)

    # what is shown

    def refresh(self):
        """Bring it in line with the session; what has not changed is not built again."""
        with self._lock:
            session = self._session
            last = session.history[-1] if session.history else None
            self._result = session.result or last
            self._show_result()
            self.interval_task.refresh(possible=self._result is not None and self.method.value != "covariance")
            self.starts_task.refresh(possible=not session.running)

    def _show_result(self):
        result = self._result
        _show(self._parts, result is not None)
        if result is None:
            self._set(self.nothing, BEFORE)
            return
        self._set(self.nothing, EARLIER if self._session.result is None else "")
        if self._changed("report", result, self.theme):
            self.report.value = result._repr_html_()
            several = len(result.free_names) > 1
            self.correlation.value = image(draw_correlation(result, theme=self.theme)) if several else ""
            self.minima.value = _minima(result.starts)
        self._show_intervals(result)

    def _show_intervals(self, result):
        method, level = self.method.value, self.level.value
        for widget in (self.count, self.kind):
            _show(widget, method == "bootstrap")
        outcome = self._session.tasks.outcome(result, method)
        if method != "covariance" and (outcome is None or method == "profile" and outcome.level < level):
            outcome = None
        self._offer(result, method, outcome)
        if not self._changed("intervals", result, method, level, outcome, self.parameter.value, self.theme):
            return
        if method == "covariance":
            self.intervals.value, self.picture.value = result.intervals(level)._repr_html_(), ""
        elif outcome is None:
            waiting = f"Press Compute for {percent(level)} intervals by {method}."
            self.intervals.value, self.picture.value = f'<p class="trfkit-muted">{waiting}</p>', ""
        else:
            notes = "".join(f"<p>{html.escape(note)}</p>" for note in outcome.notes)
            self.intervals.value = outcome.intervals(level)._repr_html_() + notes
            self.picture.value = image(self._draw(result, outcome))

    def _offer(self, result, method, outcome):
        """The parameters of which there is a picture."""
        names = ()
        if outcome is not None:
            names = tuple(outcome.ends) if method == "profile" else outcome.names
        _show(self.parameter, bool(names))
        if names and self._changed("names", names):
            self.parameter.options = names
            self.parameter.value = names[0]

    def _draw(self, result, outcome):
        name = self.parameter.value
        how = {"estimate": result[name], "theme": self.theme}
        if self.method.value == "profile":
            return draw_profile(outcome, name, **how)
        return draw_bootstrap(outcome, name, level=self.level.value, **how)

    def _changed(self, part, *built_from):
        """Whether a part was built from other things than these, by identity; remembers them."""
        before = self._built.get(part, ())
        same = len(before) == len(built_from) and all(a is b or a == b for a, b in zip(before, built_from, strict=True))
        self._built[part] = built_from
        return not same

    @staticmethod
    def _set(widget, value):
        if widget.value != value:
            widget.value = value


def _minima(starts):
    """A table of the minima that many starts led to, the lowest first; "" without any."""
    if starts is None:
        return ""
    lines = repr(starts).splitlines()
    shown = starts.minima[:MOST_MINIMA]
    titles = ("cost", "from starts", *(f"<code>{html.escape(name)}</code>" for name in starts.names))
    head = "".join(f'<th scope="col" style="text-align: right">{title}</th>' for title in titles)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="text-align: right">{cell}</td>'
            for cell in (f"{m.cost:.6g}", m.count, *(f"{value:.5g}" for value in m.x))
        )
        + "</tr>"
        for m in shown
    )
    return f"<table><caption>{lines[0]}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(kind, *widgets):
    return ipywidgets.Box(widgets).add_class(f"trfkit-{kind}")


def _show(widget, shown):
    """Show a widget or take it off the page."""
    display = None if shown else "none"
    if widget.layout.display != display:
        widget.layout.display = display
