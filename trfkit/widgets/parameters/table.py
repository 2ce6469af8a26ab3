"""The table of parameters: what a fit starts from, shown and edited in a notebook.

Parameters are immutable, so that an edit is a new object, history is a list and undo is a step back in it.
"""

import ipywidgets
import traitlets

from trfkit.parameters import Parameters
from trfkit.session.settings import Timeline
from trfkit.widgets.keys import Keys
from trfkit.widgets.parameters.rows import Field, ParameterRows, Shown
from trfkit.widgets.style import variables
from trfkit.widgets.tree import close_all

# The buttons; the rows have a style sheet of their own.
STYLE = """
.trfkit-parameter-table {overflow: hidden; padding: 4px}
.trfkit-parameter-table button.jupyter-button {width: auto; height: 26px; line-height: 24px; margin: 0 6px 2px 0;
  padding: 0 10px; border: 1px solid var(--trfkit-field); border-radius: 4px; box-shadow: none; background: transparent;
  color: var(--trfkit-text)}
.trfkit-parameter-table button.jupyter-button:disabled {opacity: .5}
.trfkit-parameter-table button.jupyter-button:focus-visible {outline: 2px solid var(--trfkit-accent)}
"""


class ParameterTable(ipywidgets.VBox):
    """Show and edit `Parameters` in a notebook: a row for each, with a slider; undo and redo.

    `table.parameters` is what has been accepted, a new object after every edit. It is a trait: set it to show others,
    and `table.observe(callback, "parameters")` tells of every change. All moves of a slider from press to release are
    one step of undo.

    What can't be accepted stays where it was typed, marked, with the reason below its row. It is tried again with
    every later edit, so that a value and its bounds can be moved in any order. Until then `parameters` is without it.
    Escape takes it back.
    """

    parameters = traitlets.Instance(Parameters)

    def __init__(self, parameters):
        self.undo_button = _button("Undo", "undo", "Take back what was refused, or else the last change", self.undo)
        self.redo_button = _button("Redo", "repeat", "Make the change again that was taken back", self.redo)
        self._rows = None
        super().__init__(parameters=parameters)
        self._line = Timeline(parameters)
        self._rows = ParameterRows(self._shown, self._take)
        self._rows.observe(lambda _: self._say(), "rows")
        style = f"<style>{variables('.trfkit-parameter-table', 'auto')}{STYLE}</style>"
        bar = ipywidgets.HBox([self.undo_button, self.redo_button])
        self.children = [ipywidgets.HTML(style, layout={"display": "none"}), Keys(), bar, self._rows]
        self.add_class("trfkit-parameter-table")
        self._say()

    def undo(self):
        """Take back what was typed and refused; if there is nothing of the kind, the last change."""
        if self._rows.typed:
            self._rows.forget()
        elif self._line.can_undo:
            self._line.move(-1)
            self.parameters = self._line.current

    def redo(self):
        """Make the change again that `undo` took back, in place of what was typed and refused since."""
        if self._line.can_redo:
            self._rows.forget()
            self._line.move(1)
            self.parameters = self._line.current

    def field(self, name, field) -> Field:
        """A field, to read and to type in: "value", "min", "max", "fixed", "tie" or "prior"."""
        return Field(self._rows, name, field)

    def reason(self, name):
        """Why what was typed in a row has not been accepted; None if there is nothing of the kind."""
        return self._rows.reason(name)

    def close(self):
        """Take the table off the page, and all that it is made of."""
        close_all(self.children)
        super().close()

    def __repr__(self):
        return f"ParameterTable of {self.parameters!r}"

    def _repr_mimebundle_(self, **kwargs):
        """Beside the live table a plain one, for those who see the notebook without a kernel."""
        shown = super()._repr_mimebundle_(**kwargs)
        return {**shown, "text/plain": repr(self), "text/html": self.parameters._repr_html_()}

    def _shown(self):
        return Shown(self.parameters, self.parameters.full_values)

    def _take(self, parameters, gesture):
        self._line.choose(parameters, gesture)
        self.parameters = parameters

    @traitlets.observe("parameters")
    def _follow(self, change):
        if self._rows is None:
            return
        if change["new"] is not self._line.current:  # set by someone else
            self._line.choose(change["new"])
            self._rows.forget()
        self._rows.refresh()
        self._say()

    def _say(self):
        """Which buttons can be pressed."""
        self.undo_button.disabled = not self._rows.typed and not self._line.can_undo
        self.redo_button.disabled = not self._line.can_redo


def _button(name, icon, tooltip, press):
    button = ipywidgets.Button(description=name, icon=icon, tooltip=tooltip)
    button.on_click(lambda _: press())
    return button
