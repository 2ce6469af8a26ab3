"""A line that says what is chosen, and on a press shows the controls with which it is chosen."""

import ipywidgets

STYLE = """
.trfkit-card .trfkit-summary {width: auto; max-width: 100%; height: 28px; margin: 0; padding: 0 8px; line-height: 26px;
  border: 1px solid transparent; border-radius: 6px; box-shadow: none; background: transparent; font-size: inherit;
  color: var(--trfkit-muted); white-space: nowrap}
.trfkit-card .trfkit-summary:is(:hover, .mod-active) {color: var(--trfkit-text); border-color: var(--trfkit-edge)}
.trfkit-card .trfkit-panel {padding: 8px 10px; margin: 4px 0 0; gap: 8px; border: 1px solid var(--trfkit-edge);
  border-radius: 6px}
.trfkit-card .trfkit-panel > .widget-html:has(> .widget-html-content:empty) {display: none}
.trfkit-card .trfkit-line {display: flex; flex-flow: row wrap; align-items: center; gap: 4px 8px}
.trfkit-card .trfkit-panel .widget-inline-hbox {width: auto; margin: 0}
.trfkit-card .trfkit-panel .widget-label {width: auto; min-width: 0; text-align: left; color: var(--trfkit-muted)}
.trfkit-card .trfkit-panel :is(input, select) {height: 28px; color: var(--trfkit-text);
  background-color: var(--trfkit-page)}
.trfkit-card .trfkit-panel input::placeholder {color: var(--trfkit-muted); opacity: 1}
.trfkit-card .trfkit-panel :is(input, select):disabled {opacity: .6}
.trfkit-card .trfkit-refused input {border-color: var(--trfkit-danger);
  box-shadow: 0 0 0 1px var(--trfkit-danger)}
"""


MOST = 60  # characters of the line, a third of the card; the title has the rest


class Disclosure:
    """`summary`, a button with a line of text, and `panel`, the widgets that it shows and hides; `box` is both.

    The arrow at the end of the line says whether they are shown, and so does the button's title.
    """

    def __init__(self, what: str, widgets):
        self._what, self._text = what, what
        self.summary = ipywidgets.ToggleButton().add_class("trfkit-summary")
        self.panel = ipywidgets.VBox(widgets).add_class("trfkit-panel")
        self.box = ipywidgets.VBox([self.summary, self.panel])
        self.summary.observe(lambda change: self._show(), "value")
        self._show()

    def say(self, text: str) -> None:
        """The line."""
        self._text = text
        self._show()

    def _show(self):
        shown = self.summary.value
        line = self._text if len(self._text) <= MOST else f"{self._text[: MOST - 1].rstrip()}…"
        self.summary.description = f"{line} {'▴' if shown else '▾'}"
        self.summary.tooltip = f"{'Hide' if shown else 'Change'} {self._what}: {self._text}"
        self.panel.layout.display = "" if shown else "none"
