"""The model of a fit: its formula, and how another is put together from the library or typed."""

import html
import threading

import ipywidgets
import numpy as np

from trfkit.models.assembly import attached, carried_over, detached
from trfkit.models.catalogue import about, menu
from trfkit.models.model_text import model_text, own_functions
from trfkit.models.typed_model import read_model
from trfkit.widgets.panels.disclosure import Disclosure
from trfkit.widgets.said import alert

STYLE = """
.trfkit-card .trfkit-model {width: 100%; margin: 0}
.trfkit-card .trfkit-model input {font-family: var(--jp-code-font-family, monospace); font-size: 12px}
.trfkit-formula {overflow-x: auto; overflow-y: hidden; padding: 2px 0}
.trfkit-formula mjx-container {margin: 0}
.trfkit-piece {display: inline-flex; align-items: center; gap: 4px}
.trfkit-piece code {padding: 2px 6px; border: 1px solid var(--trfkit-edge); border-radius: 4px}
.trfkit-card .trfkit-piece button {width: 24px; height: 24px; padding: 0; margin: 0; line-height: 22px;
  border: 1px solid transparent; border-radius: 4px; box-shadow: none; background: transparent;
  font-size: 0; color: var(--trfkit-muted)}
.trfkit-card .trfkit-piece button::after {font-size: 12px; content: "✕"; content: "✕" / ""}
.trfkit-card .trfkit-piece button:hover {color: var(--trfkit-danger); border-color: var(--trfkit-edge)}
"""

EXAMPLES = "Gaussian + Gaussian + Line, or a*exp(-x/tau) + c"
# What to do with an entry of the library: kind of the whole, word, title.
CHOICES = {
    "model": ("Use alone", "Fit this model in place of the one shown"),
    "sum": ("+ Add", "Add it to the model"),
    "product": ("× Multiply", "Multiply the whole model by it"),
}
# A formula is probed by compiled programs: seconds, the first time.
GUESSING = '<span class="trfkit-muted" role="status">guessing where to start…</span>'
SIGNS = {"sum": "+", "product": "×", "model": ""}


class ModelBar:
    """The model of a session, shown and chosen: a part of the fitter's card.

    `summary` is the line that opens and closes `panel`; `box` has both. What was typed and could not be read stays,
    with the reason below it, and the model stays as it was.
    """

    theme = "light"

    def __init__(self, session):
        self.session = session
        self._shown = None  # the model that the widgets show
        self._shown_text, self._coordinates = "", 0
        self._lock = threading.RLock()
        self.text = ipywidgets.Text(description="model", placeholder=EXAMPLES, continuous_update=False)
        self.text.add_class("trfkit-model")
        self.note = ipywidgets.HTML()
        self.formula = ipywidgets.HTMLMath().add_class("trfkit-formula")
        self.names = ipywidgets.HTML()
        self.pieces = ipywidgets.Box().add_class("trfkit-line")
        self._pieces: list[_Piece] = []
        self.group = ipywidgets.Dropdown(description="library", options=tuple(menu()))
        self.entry = ipywidgets.Dropdown(description="its model", options=menu()[self.group.value])
        self.about = ipywidgets.HTML()
        self.choices = {kind: _button(*words) for kind, words in CHOICES.items()}
        self.guess = _button("Guess start", "Guess the values of the free parameters from the data")
        library = ipywidgets.Box([self.group, self.entry, *self.choices.values(), self.guess]).add_class("trfkit-line")
        widgets = [self.text, self.note, self.formula, self.names, self.pieces, library, self.about]
        self._disclosure = Disclosure("the model", widgets)
        self.summary, self.panel, self.box = (getattr(self._disclosure, name) for name in ("summary", "panel", "box"))
        self._listen()
        self.refresh()

    def _listen(self):
        self.text.observe(lambda change: self._typed(change["new"]), "value")
        self.group.observe(lambda change: self._list_entries(), "value")
        self.entry.observe(lambda change: self._describe(), "value")
        for kind, button in self.choices.items():
            button.on_click(lambda _, kind=kind: self._chosen(kind))
        self.guess.on_click(lambda _: self._do(self.session.guess))

    # what a person does

    def _typed(self, text):
        """Told of every change of the text, those by `refresh` as well."""
        if text == self._shown_text:
            self._explain(None)
        else:
            self._do(lambda: self._take(self._read(text)))

    def _chosen(self, kind):
        self._do(lambda: self._take(self._with_entry(kind)))

    def _removed(self, place):
        self._do(lambda: self._take(detached(self.session.model, place)))

    def _do(self, change):
        """Make a change; one that is refused is explained, and leaves all as it was."""
        self.note.value = GUESSING
        try:
            change()
        except (ValueError, TypeError, RuntimeError) as error:
            self._explain(error)
        else:
            self._explain(None)
            self.refresh()

    def _explain(self, error):
        """Say why what was chosen or typed was refused; None if nothing was."""
        self.note.value = alert(error)
        refused = self.text.value != self._shown_text
        (self.text.add_class if error and refused else self.text.remove_class)("trfkit-refused")

    def _read(self, text):
        """The model that a text states."""
        rows = ("x",) if self._coordinates == 1 else tuple(f"x{i}" for i in range(self._coordinates))
        return read_model(text, rows, own_functions(self.session.model))

    def _with_entry(self, kind):
        """The present model with the entry of the library, or that alone."""
        component = self._read(self.entry.value)
        return component if kind == "model" else attached(self.session.model, component, kind)

    def _take(self, model):
        """Hand the session another model, to start from the values that there are for it."""
        session, data = self.session, self.session.data
        if model == session.model:
            self._write_text()
        else:
            values = session.parameters.full_values
            session.set_model(model, carried_over(session.model, values, model, data.x, data.y, session.mask))

    # what is shown

    def refresh(self):
        """Show the session's model, and whether it can be changed."""
        with self._lock:
            coordinates = len(self.session.data.x) if np.ndim(self.session.data.x) > 1 else 1
            if coordinates != self._coordinates:
                self._coordinates = coordinates
                self.group.options = groups = tuple(menu(coordinates))
                self.group.value = "peaks" if "peaks" in groups else groups[-1]
                self._list_entries()
            if self.session.model is not self._shown:
                self._show(self.session.model)
            running = self.session.running
            buttons = (piece.button for piece in self._pieces)
            for widget in (self.text, self.group, self.entry, *self.choices.values(), self.guess, *buttons):
                widget.disabled = running

    def _show(self, model):
        self._shown, self._shown_text = model, model_text(model)
        self._write_text()
        self._explain(None)
        self._disclosure.say(self._shown_text)
        self.formula.value = rf"$\displaystyle y = {html.escape(model.latex)}$"
        names = ", ".join(f"<code>{html.escape(name)}</code>" for name in model.parameter_names)
        self.names.value = f'<span class="trfkit-muted">parameters</span> {names}'
        parts = model.components or (model,)
        while len(self._pieces) < len(parts):
            self._pieces.append(_Piece(len(self._pieces), self._removed))
        for i, (piece, part) in enumerate(zip(self._pieces, parts, strict=False)):
            piece.show(model_text(part), SIGNS[model.kind] if i else "", removable=len(parts) > 1)
        # Pieces stay the same widgets, so that the focus stays where it is.
        self.pieces.children = [piece.box for piece in self._pieces[: len(parts)]]

    def _write_text(self):
        self.text.value = self._shown_text

    def _list_entries(self):
        self.entry.options = menu(self._coordinates)[self.group.value]
        self._describe()

    def _describe(self):
        if self.entry.value is not None:  # None while the options change
            self.about.value = f'<span class="trfkit-muted">{html.escape(about(self.entry.value))}</span>'


class _Piece:
    """A component in the model's sum or product, and the button that takes it out."""

    def __init__(self, place, remove):
        self.text = ipywidgets.HTML()
        self.button = ipywidgets.Button()
        self.button.on_click(lambda _: remove(place))
        self.box = ipywidgets.Box([self.text, self.button]).add_class("trfkit-piece")

    def show(self, text, sign, removable):
        self.text.value = f"{sign} <code>{html.escape(text)}</code>"
        self.button.description = self.button.tooltip = f"Remove {text}"  # seen is only the cross of the style sheet
        self.button.layout.display = "" if removable else "none"


def _button(word, tooltip):
    return ipywidgets.Button(description=word, tooltip=tooltip).add_class("trfkit-action")
