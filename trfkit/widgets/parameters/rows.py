"""Parameters as rows in the browser, to look at and to edit: one widget for all of them (rows.js).

Whose parameters they are, this module does not know: it is given a function that reads them and one that takes others.
What was typed is kept apart from what was accepted: a field shows the one or, marked and with the reason, the other.
The browser sends what a person does one message at a time, of a slider's moves since the last answer only the newest.
"""

import threading
from typing import NamedTuple

import anywidget
import traitlets

from trfkit.parameters import Parameters
from trfkit.widgets import assets
from trfkit.widgets.parameters.text import (
    OVERRULED_BY_TIE,
    accept,
    bound_text,
    error_text,
    field_texts,
    short_number,
)
from trfkit.widgets.said import alert
from trfkit.widgets.sliders.ranges import SliderRange, Sliders


class Shown(NamedTuple):
    """What there is to show of parameters."""

    parameters: Parameters
    values: dict  # {name: float}, ties evaluated
    stderr: dict = {}  # {name: float} of those that are known
    reached: dict = {}  # {name: "lower" or "upper"}: the bound that a fit ended on
    locked: bool = False  # to be looked at only


class _Edits(NamedTuple):
    """What was typed and could not be accepted, and why."""

    typed: dict = {}  # {name: {field: what was typed}}
    reasons: dict = {}  # {name: the error}


class Field:
    """A field of a row, for code: `value` is what it shows, and setting it is typing."""

    def __init__(self, rows, name, field):
        self._rows, self._name, self._field = rows, name, field

    @property
    def value(self):
        """A text, or of the field "fixed" a bool."""
        return self._rows.row(self._name)[self._field]

    @value.setter
    def value(self, typed):
        self._rows.type(self._name, self._field, typed)

    @property
    def disabled(self):
        """Whether it cannot be edited: a tie overrules it, or all rows are locked."""
        tied = self._rows.row(self._name)["tied"] and self._field in OVERRULED_BY_TIE
        return tied or self._rows.locked

    @property
    def refused(self):
        """Whether it is marked: what it shows could not be accepted."""
        return self._field in self._rows.row(self._name)["refused"]


class ParameterRows(anywidget.AnyWidget):
    """A row for each parameter of what `read() -> Shown` says; `refresh()` reads again, on any thread.

    What a person makes of them goes to take(parameters, gesture), where all moves of a slider from press to release
    have the same `gesture`; other edits have None. A ValueError, TypeError or RuntimeError that it raises is a refusal.
    """

    _esm = assets.read("parameters/rows.js")
    _css = assets.read("sliders/slider.css", "parameters/rows.css")

    rows = traitlets.List().tag(sync=True)  # a dict for each, as `_row` makes it
    locked = traitlets.Bool(False).tag(sync=True)

    def __init__(self, read, take):
        self._read, self._take = read, take
        self._lock = threading.RLock()
        self._edits, self._sliders = _Edits(), Sliders()
        self._seen = None  # what the rows were last made from
        super().__init__()
        self.on_msg(self._hear)
        self.refresh()

    def refresh(self):
        """Bring the rows in line with what `read` says and with what was refused."""
        with self._lock:
            shown, edits = self._read(), self._edits
            if (shown, edits) != self._seen:
                self._seen = shown, edits
                self._show(shown, edits)

    def row(self, name):
        """What the browser is told of a parameter; KeyError where there is no such row."""
        found = next((row for row in self.rows if row["name"] == name), None)
        if found is None:
            raise KeyError(f"no row is called {name!r}; there are {', '.join(row['name'] for row in self.rows)}")
        return found

    def reason(self, name):
        """Why the last edit of a row has not been accepted; None if there is nothing of the kind."""
        return self._edits.reasons.get(name)

    @property
    def typed(self):
        """{name: {field: what was typed and not accepted}}"""
        return self._edits.typed

    def forget(self):
        """Take back all that was typed and refused."""
        self._edits = _Edits()
        self.refresh()

    def type(self, name, field, typed):
        """Edit a field as a person does. What was accepted, typed once more, takes back what was refused."""
        shown = self._read()
        if name not in shown.parameters:  # the model has changed meanwhile
            return
        waiting = dict(self.typed.get(name, {}))
        if typed != field_texts(shown.parameters[name], shown.values[name])[field]:
            waiting[field] = typed
        elif waiting.pop(field, None) is None:
            return
        self._try(shown, shown.parameters, name, waiting, None)

    def slide(self, name, position, slider, gesture):
        """Set a parameter by its slider, which lay as `slider`, a `SliderRange`, when a person took hold of it."""
        shown = self._read()
        if shown.locked or name not in shown.parameters or shown.parameters[name].tie is not None:
            return
        parameter = shown.parameters[name]
        value = min(max(slider.value(position), parameter.min), parameter.max)
        waiting = {field: typed for field, typed in self.typed.get(name, {}).items() if field != "value"}
        self._sliders.hold(name, slider)
        self._try(shown, shown.parameters.set(name, value=value), name, waiting, gesture)

    def release(self):
        """Let go of the slider that is held."""
        with self._lock:
            self._sliders.release()
            self._show(*self._seen)

    def _try(self, shown, parameters, name, waiting, gesture):
        """Have the parameters taken with as much of what was typed as makes sense, in this row and in others."""
        waiting = {**self.typed, name: waiting}
        rows = {row: fields for row, fields in waiting.items() if fields and row in parameters}
        parameters, *edits = accept(parameters, rows)
        self._edits = _Edits(*edits)
        try:
            if parameters != shown.parameters:
                self._take(parameters, gesture)
        except (ValueError, TypeError, RuntimeError) as error:
            self._edits = _Edits(rows, {**self._edits.reasons, name: error})
        self.refresh()

    def _hear(self, _, message, buffers):
        """Told of every message of the browser."""
        if message.get("kind") != "events":
            return
        try:
            for told in message["events"]:
                self._do(told)
        finally:
            self.send({"kind": "answer"})

    def _do(self, told):
        match told:
            case {"type": "text", "name": name, "field": field, "typed": typed}:
                self.type(name, field, typed)
            case {"type": "slide", "name": name, "position": position, "slider": slider, "gesture": gesture}:
                self.slide(name, position, SliderRange(*slider), f"slider {gesture}")
            case {"type": "release"}:
                self.release()

    def _show(self, shown, edits):
        """With the lock held: tell the browser, in one message."""
        with self.hold_sync():
            self.rows = [self._row(shown, edits, name) for name in shown.parameters]
            self.locked = shown.locked

    def _row(self, shown, edits, name):
        parameter, value, stderr = shown.parameters[name], shown.values[name], shown.stderr.get(name)
        accepted, typed = field_texts(parameter, value), edits.typed.get(name, {})
        slider = self._sliders.range(parameter, value, stderr)
        ends = " … ".join(short_number(end) for end in slider[:2])
        return {
            "name": name,
            "unit": parameter.unit,
            "description": parameter.description,
            **accepted,
            **typed,
            "refused": {field: accepted[field] for field in typed},
            "reason": alert(edits.reasons.get(name)),
            "tied": parameter.tie is not None,
            "slider": list(slider),
            "ends": f"{ends}, logarithmic" if slider.log else ends,
            "position": slider.position(value),
            "spoken": f"{accepted['value']} {parameter.unit}".strip(),
            "error": error_text(parameter, stderr),
            "bound": bound_text(parameter, value, shown.reached.get(name)),
        }
