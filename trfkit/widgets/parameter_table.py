"""The table of parameters: what a fit starts from, shown and edited in a notebook.

Parameters are immutable, so that an edit is a new object, history is a list and undo is a step back in it. What was
typed is kept apart from what was accepted: a field shows the one or, marked and with the reason, the other.
"""

import html
import textwrap

import ipywidgets
import traitlets

from trfkit.models.expression import ExpressionError
from trfkit.parameters import Parameters
from trfkit.widgets.parameter_text import OVERRULED_BY_TIE, accept, field_texts
from trfkit.widgets.style import THEMES

HEADINGS = {
    "parameter": "",
    "value": "where the fit starts; what a tie gives, where there is one",
    "unit": "",
    "min": "lower bound; empty or inf: none",
    "max": "upper bound; empty or inf: none",
    "fixed": "held at its value by the fit",
    "tie": "a formula in other parameters that gives the value, as 2*a.sigma; empty: none",
    "prior": "what was known before: mean ± standard deviation, typed as 3 ± 0.2 or 3 +/- 0.2; empty: nothing",
}
PLACEHOLDERS = {"value": "", "min": "−∞", "max": "∞", "tie": "formula", "prior": "mean ± σ"}

# One grid for all rows, so that a column is as wide as its widest cell; where it is narrow a row has two lines. The red
# has a contrast of 3:1 against white and against #111111, and the words that it marks have the colour of text.
STYLE = """
.trfkit-parameters {font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: 13px; line-height: 1.4;
  font-variant-numeric: tabular-nums; color: %(text)s; container-type: inline-size; overflow: hidden; padding: 4px}
.trfkit-parameters .widget-html, .trfkit-parameters .widget-html-content {color: inherit; font-size: inherit;
  line-height: inherit; margin: 0; height: auto; min-width: 0}
.trfkit-parameters button {width: auto; height: 26px; line-height: 24px; margin: 0 6px 2px 0; padding: 0 10px;
  border: 1px solid %(edge)s; border-radius: 4px; box-shadow: none; background: transparent; color: inherit;
  font-size: inherit}
.trfkit-parameters button:disabled {opacity: .5}
.trfkit-parameters :is(button, input):focus-visible {border-color: var(--jp-brand-color1, %(accent)s) !important;
  box-shadow: 0 0 0 1px var(--jp-brand-color1, %(accent)s)}
.trfkit-grid {display: grid; max-width: 1000px; column-gap: 8px; grid-template-columns:
  fit-content(26ch) minmax(12ch, 16ch) fit-content(9ch) repeat(2, minmax(7ch, 12ch)) auto minmax(10ch, 2fr)
  minmax(10ch, 1fr)}
.trfkit-grid, .trfkit-row, .trfkit-head {overflow: visible}
.trfkit-row, .trfkit-head, .trfkit-head > .widget-html-content {display: grid; grid-column: 1 / -1;
  grid-template-columns: subgrid; align-items: center}
.trfkit-row {border-top: 1px solid %(edge)s; padding: 2px 0}
.trfkit-head span {color: %(muted)s}
.trfkit-head span:not([title=""]) {cursor: help}
.trfkit-row code {font-family: var(--jp-code-font-family, monospace); font-size: 12px; color: inherit; padding: 0;
  background: none; overflow-wrap: anywhere}
.trfkit-row code[title] {cursor: help}
.trfkit-row .widget-text, .trfkit-row .widget-checkbox {position: relative; width: auto; min-width: 0; margin: 0}
.trfkit-row .widget-text input {width: 100%%; min-width: 0; height: 26px; padding: 0 6px; font-size: inherit;
  border-radius: 4px; text-overflow: ellipsis}
.trfkit-row .widget-text input:disabled {background: transparent; border-color: transparent; opacity: 1;
  color: %(muted)s}
.trfkit-row input::placeholder {color: %(muted)s; opacity: 1}
.trfkit-row .widget-checkbox {justify-self: center; align-items: center; height: 26px}
.trfkit-row .widget-checkbox label {display: flex}
.trfkit-row .widget-checkbox input {margin: 0; align-self: center}
.trfkit-row .widget-text .widget-label, .trfkit-row .widget-checkbox span {position: absolute; width: 1px; height: 1px;
  margin: 0; overflow: hidden; clip-path: inset(50%%)}
.trfkit-held > .widget-html, .trfkit-held .trfkit-value input {color: %(muted)s}
.trfkit-row .trfkit-refused input:not(:focus-visible) {border-color: #e5534b; box-shadow: 0 0 0 1px #e5534b}
.trfkit-row .trfkit-reason {display: none; grid-column: 2 / -1; padding: 2px 0}
.trfkit-explained .trfkit-reason {display: block}
.trfkit-reason [role=alert]::before {content: "✕ "; color: #e5534b; font-weight: bold}
.trfkit-reason pre {margin: 0 0 -6px; font-size: 12px; line-height: 1.3; color: inherit; white-space: pre-wrap}
@container (max-width: 700px) {
  .trfkit-grid {grid-template-columns: 3fr 3fr 6fr minmax(3ch, 3fr) auto}
  .trfkit-row {row-gap: 2px}
  :is(.trfkit-row, .trfkit-head > *) > :nth-child(1) {grid-column: 1 / 3}
  :is(.trfkit-row, .trfkit-head > *) > :nth-child(6) {grid-area: 1 / 5}
  :is(.trfkit-row, .trfkit-head > *) > :nth-child(8) {grid-column: 4 / 6}
  .trfkit-row .trfkit-reason {grid-column: 1 / -1}
}
"""


class ParameterTable(ipywidgets.VBox):
    """Show and edit `Parameters` in a notebook: a row for each, with undo and redo.

    `table.parameters` is what has been accepted, a new object after every edit. It is a trait: set it to show others,
    and `table.observe(callback, "parameters")` tells of every change.

    What can't be accepted stays where it was typed, marked, with the reason below its row. It is tried again with
    every later edit, so that a value and its bounds can be moved in any order. Until then `parameters` is without it.
    """

    parameters = traitlets.Instance(Parameters)

    def __init__(self, parameters):
        self._history, self._now = [parameters], 0
        self._typed = {}  # {name: {field: what was typed and could not be accepted}}
        self._reasons = {}  # {name: the ValueError that says why}
        self._accepted = {}  # {name: {field: how the accepted parameters read}}
        self._rows = {}
        self.undo_button = _button("Undo", "undo", "Take back what was refused, or else the last change", self.undo)
        self.redo_button = _button("Redo", "repeat", "Make the change again that was taken back", self.redo)
        self._grid = ipywidgets.GridBox().add_class("trfkit-grid")
        style = ipywidgets.HTML(f"<style>{STYLE % THEMES['auto']}</style>", layout={"display": "none"})
        bar = ipywidgets.HBox([self.undo_button, self.redo_button])
        super().__init__([style, bar, self._grid], parameters=parameters)
        self.add_class("trfkit-parameters")

    def undo(self):
        """Take back what was typed and refused; if there is nothing of the kind, the last change."""
        if self._typed:
            self._typed, self._reasons = {}, {}
            self._show()
        elif self._now > 0:
            self._now -= 1
            self.parameters = self._history[self._now]

    def redo(self):
        """Make the change again that `undo` took back, in place of what was typed and refused since."""
        if self._now + 1 < len(self._history):
            self._typed, self._reasons = {}, {}
            self._now += 1
            self.parameters = self._history[self._now]

    def field(self, name, field):
        """The widget of a field: "value", "min", "max", "fixed", "tie" or "prior"."""
        return self._rows[name].fields[field]

    def reason(self, name):
        """Why what was typed in a row has not been accepted; None if there is nothing of the kind."""
        return self._reasons.get(name)

    def close(self):
        """Take the table off the page, and all that it is made of."""
        for child in self.children:
            _close(child)
        super().close()

    def __repr__(self):
        return f"ParameterTable of {self.parameters!r}"

    def _repr_mimebundle_(self, **kwargs):
        """Beside the live table a plain one, for those who see the notebook without a kernel."""
        shown = super()._repr_mimebundle_(**kwargs)
        return {**shown, "text/plain": repr(self), "text/html": self.parameters._repr_html_()}

    @traitlets.observe("parameters")
    def _follow(self, change):
        if change["new"] is not self._history[self._now]:  # set by someone else
            self._remember(change["new"])
            self._typed, self._reasons = {}, {}
        self._show()

    def _remember(self, parameters):
        self._now += 1
        self._history[self._now :] = [parameters]

    def _edit(self, name, field, typed):
        """Told of every change of a field. One that reads as the parameters do is no edit, but `_show` at work."""
        waiting = dict(self._typed.get(name, {}))
        if typed != self._accepted[name][field]:
            waiting[field] = typed
        elif waiting.pop(field, None) is None:
            return
        rows = {**self._typed, name: waiting}
        rows = {row: fields for row, fields in rows.items() if fields}
        parameters, self._typed, self._reasons = accept(self.parameters, rows)
        if parameters == self.parameters:
            self._show()
        else:
            self._remember(parameters)
            self.parameters = parameters

    def _show(self):
        """Bring the widgets in line with the parameters and with what was refused."""
        parameters = self.parameters
        if tuple(self._rows) != tuple(parameters):
            self._lay_out(tuple(parameters))
        values = parameters.full_values
        self._accepted = {
            name: field_texts(p, p.value if p.tie is None else values[name]) for name, p in parameters.items()
        }
        for name, row in self._rows.items():
            row.show(parameters[name], self._accepted[name], self._typed.get(name, {}), self._reasons.get(name))
        self.undo_button.disabled = not self._typed and self._now == 0
        self.redo_button.disabled = self._now + 1 == len(self._history)

    def _lay_out(self, names):
        """A new row for each name; the old ones are closed."""
        old = self._grid.children
        self._rows = {name: _Row(name, self._edit) for name in names}
        self._grid.children = [_head(), *(row.box for row in self._rows.values())]
        for child in old:
            _close(child)


class _Row:
    """The widgets of one parameter in one `box`; calls edit(name, field, typed) when a field changes."""

    def __init__(self, name, edit):
        layout = ipywidgets.Layout()  # one for all cells: their places are the style sheet's
        self.name, self.unit = ipywidgets.HTML(layout=layout), ipywidgets.HTML(layout=layout)
        self.reason = ipywidgets.HTML(layout=layout).add_class("trfkit-reason")
        self.fields = {
            field: ipywidgets.Text(placeholder=placeholder, continuous_update=False, layout=layout)
            for field, placeholder in PLACEHOLDERS.items()
        }
        self.fields["fixed"] = ipywidgets.Checkbox(indent=False, layout=layout)
        for field, widget in self.fields.items():
            widget.add_class(f"trfkit-{field}")
            widget.observe(lambda change, field=field: edit(name, field, change["new"]), "value")
        others = (self.fields[field] for field in ("min", "max", "fixed", "tie", "prior"))
        cells = [self.name, self.fields["value"], self.unit, *others, self.reason]
        self.box = ipywidgets.GridBox(cells).add_class("trfkit-row")

    def show(self, parameter, accepted, refused, reason):
        """Show what was accepted, the refused in its place, and why it was refused."""
        hint = f' title="{html.escape(parameter.description)}"' if parameter.description else ""
        self.name.value = f"<code{hint}>{html.escape(parameter.name).replace('.', '.<wbr>')}</code>"
        self.unit.value = html.escape(parameter.unit)
        self.reason.value = "" if reason is None else _reason_html(reason)
        tied = parameter.tie is not None
        for field, widget in self.fields.items():
            # The label is for screen readers; the style sheet takes it out of sight.
            widget.description = f"{field} of {parameter.name}{', refused' if field in refused else ''}"
            widget.value = refused.get(field, accepted[field])
            widget.disabled = tied and field in OVERRULED_BY_TIE
            _mark(widget, "trfkit-refused", field in refused)
        _mark(self.box, "trfkit-held", parameter.fixed)
        _mark(self.box, "trfkit-explained", reason is not None)


def _reason_html(error):
    """The sentence of an error, and for a formula a picture of where it goes wrong."""
    if not isinstance(error, ExpressionError):
        return f'<div role="alert">{html.escape(str(error))}</div>'
    sentence, _, picture = str(error).partition("\n")
    return (
        f'<div role="alert">{html.escape(sentence)} (column {error.column + 1})</div>'
        f'<pre aria-hidden="true">{html.escape(textwrap.dedent(picture))}</pre>'
    )


def _head():
    """The headings, as one widget; the style sheet puts each over its column."""
    spans = (f'<span title="{html.escape(hint)}">{heading}</span>' for heading, hint in HEADINGS.items())
    return ipywidgets.HTML("".join(spans)).add_class("trfkit-head")


def _button(name, icon, tooltip, press):
    button = ipywidgets.Button(description=name, icon=icon, tooltip=tooltip)
    button.on_click(lambda _: press())
    return button


def _mark(widget, name, on):
    (widget.add_class if on else widget.remove_class)(name)


def _close(widget):
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()
