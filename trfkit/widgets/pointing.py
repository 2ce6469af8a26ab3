"""What a person does on the picture, by mouse, touch or keys, as calls of the session."""

import itertools

from trfkit.models import handles as models_handles
from trfkit.widgets.canvas.events import Clicked, Dragged, Key, Panned, RangeSelected, Reset, Zoomed

# What a drag on an empty place does: word, what it is called by the canvas, what it does.
TOOLS = {
    "drag": ("point", "Drag the marks on the curve; click a point to leave it out or take it back"),
    "select": ("select", "Drag over a range: only the points in it count"),
    "exclude": ("select", "Drag over a range: its points do not count"),
    "pan": ("pan", "Drag the plot"),
    "zoom": ("zoom", "Drag a box to zoom to; double click shows all again"),
}
# On the focused picture: the key, and the name of what it does.
KEYS = {
    "f": "fit", "p": "pause", "s": "stop", ".": "step", ",": "step_back", "Ctrl+z": "undo", "Ctrl+y": "redo",
    "Ctrl+Shift+z": "redo", "Escape": "drag", "r": "select", "x": "exclude", "h": "pan", "z": "zoom",
    "a": "show_all",
}  # fmt: skip
REACH = 9.0  # CSS pixels from a click to its point
TRIAL_PANELS = ("cost", "radius", "ratio")


class Pointing:
    """Listens to the canvas of a `FitView`.

    act(name)    does what a key of `KEYS` is for
    look(trial)  goes to a trial
    redraw()     has the view painted
    refuse(error)  is told of what the session refused
    """

    def __init__(self, view, act, look, redraw, refuse):
        self._view, self._session = view, view.session
        self._act, self._look, self._redraw, self._refuse = act, look, redraw, refuse
        self._tool = "drag"
        self._gestures = itertools.count()
        self._drag = None  # (gesture, handle, values at its start)
        view.canvas.shortcuts = list(KEYS)
        view.canvas.on_event(self._told)

    @property
    def tool(self):
        """One of `TOOLS`."""
        return self._tool

    @tool.setter
    def tool(self, name):
        self._tool = name
        self._view.canvas.tool = TOOLS[name][0]

    def _told(self, event):
        try:
            self._do(event)
        except (RuntimeError, ValueError) as error:
            self._refuse(error)

    def _do(self, event):
        match event:
            case Dragged():
                self._dragged(event)
            case RangeSelected(panel="data" | "residuals"):
                exclude = (self._tool == "exclude") != ("shift" in event.modifiers)
                (self._session.exclude_range if exclude else self._session.select_range)(event.low, event.high)
            case Clicked(panel="data" | "residuals"):
                self._clicked(event)
            case Clicked():
                self._look(round(event.x))
            case Panned() | Zoomed():
                self._view.zoom(event.panel, event.x_limits, event.y_limits)
                self._redraw()
            case Reset():
                self._view.unzoom(event.panel)
                self._redraw()
            case Key():
                self._act(KEYS[event.key])

    def _dragged(self, event):
        """A handle moves its parameters; the whole way is one step of undo."""
        session = self._session
        if event.phase == "start":
            handle = self._view.handles.get(event.handle_id)
            self._drag = f"handle {next(self._gestures)}", handle, dict(session.values_shown)
            return
        gesture, handle, values = self._drag or (None, None, None)
        if handle is None:
            return
        parameters = session.parameters
        frozen = [name for name, parameter in parameters.items() if not parameter.free]
        bounds = {name: (parameter.min, parameter.max) for name, parameter in parameters.items()}
        moved = models_handles.dragged(session.model, handle, values, event.x, event.y, frozen, bounds)
        session.set_parameters(moved, gesture)
        if event.phase == "end":
            self._drag = None

    def _clicked(self, event):
        """A point that was hit is left out, or counts again."""
        if event.panel != "data":
            return
        point = self._view.nearest_point(event.panel, event.x, event.y, REACH)
        if point is None:
            return
        change = self._session.exclude_points if self._session.mask[point] else self._session.include_points
        change([point])
