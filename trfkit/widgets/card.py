"""The card of the fitter: its controls and their layout, and nothing of what they mean."""

import html
import re

import ipywidgets

from trfkit.widgets.keys import Keys
from trfkit.widgets.panels.disclosure import Disclosure
from trfkit.widgets.replay import INSTANT
from trfkit.widgets.said import alert
from trfkit.widgets.sliders.track import Track
from trfkit.widgets.tabs.tab_bar import TabBar
from trfkit.widgets.tree import close_all

PACES = (1, 2, 4, 8, 16, INSTANT)  # trials per second
# The buttons from left to right: word, icon, what it does.
ACTIONS = {
    "fit": ("Fit", "play", "Start the fit from the curve shown (F on the picture)"),
    "pause": ("Pause", "pause", "Hold the fit after its next trial, or let it go on (P)"),
    "step": ("Step", "step-forward", "One trial on: make it, or go to it where it is recorded (.)"),
    "stop": ("Stop", "stop", "Stop the fit and keep its best point, or go to the end of a replay (S)"),
    "undo": ("Undo", "undo", "Go back to what was chosen before (Ctrl+Z)"),
    "redo": ("Redo", "repeat", "Take the last undo back (Ctrl+Y)"),
    "reset": ("Reset", "fast-backward", "Go back to what was chosen at the beginning"),
}
VIEWS = {
    "all_points": ("All points", "check-square-o", "Let every point count again"),
    "show_all": ("Whole view", "arrows-alt", "Show all of every panel again (A)"),
}
CODE = re.compile("`(.+?)`")
STYLE = """
.trfkit-bar {flex-flow: row wrap; align-items: center; min-height: 36px; gap: 4px 6px}
.trfkit-bar > .trfkit-action {margin: 0}
.trfkit-bar.trfkit-top {justify-content: space-between; border-bottom: 1px solid var(--trfkit-edge)}
.trfkit-sheet {padding-top: 8px}
.trfkit-bar > .trfkit-pace {width: 240px; margin: 0 0 0 10px}
.trfkit-scrubber {width: auto; margin: 0}
.trfkit-tools .widget-radio {display: flex; flex-flow: row nowrap; width: auto; height: auto; align-items: center;
  margin: 0 6px 0 0}
.trfkit-tools .widget-radio > .widget-label {width: auto; padding-right: 8px}
.trfkit-tools .widget-radio-box {display: flex; flex-flow: row nowrap; width: auto; height: auto; margin: 0 !important;
  padding: 0}
.trfkit-tools .widget-radio-box label {height: 24px; line-height: 24px; margin: 0 -1px 0 0; padding: 0 10px;
  border: 1px solid var(--trfkit-field); cursor: pointer; position: relative}
.trfkit-tools .widget-radio-box label:has(:checked) {background: var(--trfkit-accent); color: var(--trfkit-on-accent);
  border-color: var(--trfkit-accent); font-weight: 600}
.trfkit-tools .widget-radio-box label:has(:focus-visible) {outline: 2px solid var(--trfkit-accent); outline-offset: 1px}
.trfkit-tools .widget-radio-box input {position: absolute; opacity: 0; margin: 0}
.trfkit-tools .trfkit-action {height: 26px; line-height: 24px}
"""


class Card:
    """Controls by name (the ACTIONS and VIEWS, `pace`, `tools`, `status`, `scrubber`, `table`) in one `box`.

    `canvas` is the picture; `choosers`, on top of all tabs, and `details`, below it, are parts with a `summary` and
    the `panel` that it opens; `parameters` is a widget, and `pages` are the parts on the other tabs.
    """

    def __init__(self, style, pace, tools, canvas, choosers, parameters, details, pages):
        self.actions = {name: _action(*look) for name, look in ACTIONS.items()}
        self.views = {name: _action(*look) for name, look in VIEWS.items()}
        words = [_pace_words(value) for value in PACES]
        self.pace = Track(description="pace", value=PACES.index(pace), last=len(PACES) - 1, words=words)
        self.tools = ipywidgets.RadioButtons(
            options=list(tools), description="mouse", tooltip="What the mouse does", orientation="horizontal"
        )
        self._tool_words = ipywidgets.HTML()
        self.status, self.message = ipywidgets.HTML(), ipywidgets.HTML()
        self.scrubber = Track(description="trial", disabled=True).add_class("trfkit-scrubber")
        self.table = ipywidgets.HTML()
        self._trials = Disclosure("the table of trials", [self.table])
        self._trials.say("Trials")
        self.open_trials = self._trials.summary
        self._placed = 0
        self._pages = [page.box for page in pages]
        self._boxes = [part.box for part in (*choosers, self._trials, *details, *pages)]
        self.tabs = TabBar(titles=["Fit", *(page.title for page in pages)])
        toolbar = _bar(*self.actions.values(), self.pace.add_class("trfkit-pace"))
        views = _bar(self.tools, *self.views.values(), self._tool_words).add_class("trfkit-tools")
        self.tools.observe(lambda change: self._explain(tools[change["new"]][1]), "value")
        self._explain(tools[self.tools.value][1])
        folded = (self._trials, *details)
        below = [self.scrubber, parameters, _bar(*(part.summary for part in folded)), *(part.panel for part in folded)]
        fit = ipywidgets.VBox([toolbar, self.status, self.message, views, canvas, *below])
        self._sheets = [fit, *(ipywidgets.VBox().add_class("trfkit-sheet") for _ in pages)]
        choices = _bar(*(chooser.summary for chooser in choosers))
        top = [_bar(self.tabs, choices).add_class("trfkit-top"), *(chooser.panel for chooser in choosers)]
        sheet = ipywidgets.HTML(style, layout={"display": "none"})
        self.box = ipywidgets.VBox([sheet, Keys(), *top, *self._sheets]).add_class("trfkit-card")
        self.tabs.observe(lambda change: self._turn_to(change["new"]), "selected")
        self._turn_to(0)

    def _turn_to(self, index):
        """Show one sheet. A page is made part of the card when it is first turned to."""
        if index and not self._sheets[index].children:
            self._sheets[index].children = [self._pages[index - 1]]
        for i, sheet in enumerate(self._sheets):
            sheet.layout.display = None if i == index else "none"

    def _explain(self, words):
        """Say what the chosen tool does."""
        self._tool_words.value = f'<span class="trfkit-muted">{html.escape(words)}</span>'

    def on_scrub(self, callback):
        """Call callback(index) when a person moves the scrubber, and not when `place` does."""

        def told(change):
            if change["new"] != self._placed:
                callback(change["new"])

        self.scrubber.observe(told, "value")

    def enable(self, paused=False, **possible):
        """Which buttons can be pressed, by name; the filled one is Stop where there is something to stop, else Fit."""
        for name, can_be in possible.items():
            (self.actions | self.views)[name].disabled = not can_be
        pause = self.actions["pause"]
        pause.description, pause.icon = ("Resume", "play") if paused else ("Pause", "pause")
        names = ("stop", "fit") if possible["stop"] else ("fit", "stop")
        primary, other = (self.actions[name] for name in names)
        primary.add_class("trfkit-primary")
        other.remove_class("trfkit-primary")

    def place(self, index, last):
        """Put the scrubber on trial `index` of 0 … `last`."""
        self._placed = index
        with self.scrubber.hold_sync():
            self.scrubber.value, self.scrubber.last, self.scrubber.disabled = index, last, last == 0

    def say(self, state, details, message):
        """The status: `state` in bold, what is on the screen, and a line of advice or result below."""
        message = CODE.sub(r"<code>\1</code>", html.escape(message))
        self.status.value = (
            f'<div class="trfkit-status" role="status" aria-live="polite"><b>{html.escape(state)}</b>'
            f"{' · ' if details else ''}{html.escape(details)}<br>"
            f'<span class="trfkit-muted">{message}</span></div>'
        )

    def complain(self, error):
        """Say what was refused; None takes that back."""
        self.message.value = alert(error)

    @property
    def shows_trials(self):
        """Whether the table of trials is open."""
        return self.open_trials.value

    def tabulate(self, table):
        """Show the HTML table of trials, scrolled to its end."""
        self.table.value = f'<div class="trfkit-rows" tabindex="0" role="region" aria-label="Trials">{table}</div>'

    def close(self):
        """Take everything off the page, the tabs that were never turned to as well."""
        close_all([self.box, *self._boxes])


def _bar(*widgets):
    return ipywidgets.HBox(widgets).add_class("trfkit-bar")


def _action(name, icon, tooltip):
    """A button of the toolbar."""
    return ipywidgets.Button(description=name, icon=icon, tooltip=tooltip).add_class("trfkit-action")


def _pace_words(pace):
    if pace == INSTANT:
        return "instant"
    return f"{pace} steps/s" if pace > 1 else "1 step/s"
