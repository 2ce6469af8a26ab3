"""What is on a canvas, panels and handles, and what a person does there, in data coordinates.

Positions on the canvas are in CSS pixels from its left upper corner, whatever the pixel ratio of its frames and however
wide the browser shows them.
"""

import math
from dataclasses import asdict, dataclass

# The ways that a handle goes, by the cursor over it: both, left and right, up and down.
CURSORS = ("move", "ew-resize", "ns-resize")
MOST_DECADES = 300  # of a float64 there are 308; what zooming out of a log axis gives stays finite


@dataclass(frozen=True)
class Region:
    """A panel: where it is on the canvas, in CSS pixels, and which data it shows.

    `x_limits` are the data coordinates of its left and right edge, `y_limits` of its lower and upper one; `x_log` and
    `y_log` say that an axis is logarithmic. Raises ValueError for an empty panel and for limits that span nothing.
    """

    name: str
    left: float
    top: float
    width: float
    height: float
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    x_log: bool = False
    y_log: bool = False

    def __post_init__(self):
        for field in ("left", "top", "width", "height"):
            object.__setattr__(self, field, float(getattr(self, field)))
        for field, log in (("x_limits", self.x_log), ("y_limits", self.y_log)):
            object.__setattr__(self, field, _limits(self.name, field, getattr(self, field), log))
        if not (self.width > 0 and self.height > 0):
            raise ValueError(f"Panel {self.name!r} must have a size, got {self.width} by {self.height} CSS pixels.")

    @classmethod
    def of_axes(cls, ax, name, pixel_ratio=1.0):
        """The region of a matplotlib Axes in a figure that is drawn with `pixel_ratio` pixels to a CSS pixel.

        Raises ValueError for an axis that is neither linear nor logarithmic.
        """
        scales = ax.get_xscale(), ax.get_yscale()
        if not set(scales) <= {"linear", "log"}:
            raise ValueError(f"The axes of panel {name!r} must be linear or log, got {scales}.")
        box = ax.get_window_extent()
        pixels = (box.x0, ax.get_figure(root=True).bbox.height - box.y1, box.width, box.height)
        x_log, y_log = (scale == "log" for scale in scales)
        place = (pixel / pixel_ratio for pixel in pixels)
        return cls(name, *place, ax.get_xlim(), ax.get_ylim(), x_log=x_log, y_log=y_log)

    def to_data(self, left, top):
        """(x, y) at a place on the canvas; outside of the panel its axes go on."""
        x = _interpolate(self.x_limits, (left - self.left) / self.width, self.x_log)
        y = _interpolate(self.y_limits, 1 - (top - self.top) / self.height, self.y_log)
        return x, y

    def window(self, left, top, right, bottom):
        """(x_limits, y_limits) with which the panel would show what is now in this rectangle."""
        (x_low, y_high), (x_high, y_low) = self.to_data(left, top), self.to_data(right, bottom)
        return (x_low, x_high), (y_low, y_high)


@dataclass(frozen=True)
class Handle:
    """A mark that is dragged, or moved by the arrow keys.

    `x` and `y` are data coordinates in the panel of the name `panel`; where they are not finite or not in the panel,
    the handle is not shown. `label` names it and its value, as "peak a: center 4.02, height 3.1". `cursor` is "move"
    (a ring), "ew-resize" (an upright bar that goes left and right) or "ns-resize" (a flat one that goes up and down).
    `color` is any colour of CSS; empty, it is the accent of the page.
    """

    id: str
    panel: str
    x: float
    y: float
    label: str
    cursor: str = "move"
    color: str = ""

    def __post_init__(self):
        object.__setattr__(self, "x", float(self.x))
        object.__setattr__(self, "y", float(self.y))
        if self.cursor not in CURSORS:
            allowed = ", ".join(map(repr, CURSORS))
            raise ValueError(f"`cursor` of handle {self.id!r} must be one of {allowed}, got {self.cursor!r}.")


@dataclass(frozen=True)
class Dragged:
    """A handle is at (x, y). Phases are "start" (where it was), any number of "move", and "end"."""

    handle_id: str
    x: float
    y: float
    phase: str


@dataclass(frozen=True)
class Hovered:
    """The pointer, or the crosshair that the arrow keys move, is at (x, y)."""

    panel: str
    x: float
    y: float


@dataclass(frozen=True)
class Left:
    """The pointer has left the panels."""


@dataclass(frozen=True)
class Clicked:
    """A click at (x, y). `modifiers` holds "shift", "ctrl", "alt" and "meta"; of a double click come two, and Reset."""

    panel: str
    x: float
    y: float
    modifiers: frozenset[str]


@dataclass(frozen=True)
class RangeSelected:
    """The range low ≤ x ≤ high was selected."""

    panel: str
    low: float
    high: float
    modifiers: frozenset[str]


@dataclass(frozen=True)
class Panned:
    """The panel is to show these limits, so that its data go with the pointer. Phases as of `Dragged`."""

    panel: str
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    phase: str


@dataclass(frozen=True)
class Zoomed:
    """The panel is to show these limits."""

    panel: str
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]


@dataclass(frozen=True)
class Reset:
    """The panel is to show all of its data again: a double click."""

    panel: str


@dataclass(frozen=True)
class Key:
    """One of the canvas' shortcuts was pressed, as `shortcuts` names it."""

    key: str


def read_event(told, region):
    """The event of a message of the browser; `region` is the panel that it names, as it was in the frame seen then."""
    modifiers = frozenset(told.get("modifiers", ()))
    match told:
        case {"type": "drag", "id": handle_id, "left": left, "top": top, "phase": phase}:
            return Dragged(handle_id, *region.to_data(left, top), phase)
        case {"type": "hover", "left": left, "top": top}:
            return Hovered(region.name, *region.to_data(left, top))
        case {"type": "leave"}:
            return Left()
        case {"type": "click", "left": left, "top": top}:
            return Clicked(region.name, *region.to_data(left, top), modifiers)
        case {"type": "range", "box": box}:
            return RangeSelected(region.name, *sorted(region.window(*box)[0]), modifiers)
        case {"type": "pan", "box": box, "phase": phase}:
            return Panned(region.name, *region.window(*box), phase)
        case {"type": "zoom", "box": box}:
            return Zoomed(region.name, *region.window(*box))
        case {"type": "reset"}:
            return Reset(region.name)
        case {"type": "key", "key": key}:
            return Key(key)
    raise ValueError(f"The canvas' JavaScript and Python do not match: got {told!r}. Reload the page.")


def handles_as_json(handles):
    """What the browser is told of the handles: those that have a place."""
    return [asdict(handle) for handle in handles if math.isfinite(handle.x) and math.isfinite(handle.y)]


def _limits(panel, field, limits, log):
    low, high = map(float, limits)
    if not (math.isfinite(low) and math.isfinite(high) and low != high):
        raise ValueError(f"`{field}` of panel {panel!r} must be two different numbers, got {(low, high)}.")
    if log and min(low, high) <= 0:
        raise ValueError(f"`{field}` of panel {panel!r} must be positive on a log axis, got {(low, high)}.")
    return low, high


def _interpolate(limits, part, log):
    """The coordinate at `part` of the way from the first limit to the second."""
    low, high = map(math.log10, limits) if log else limits
    value = low + part * (high - low)
    return 10 ** min(max(value, -MOST_DECADES), MOST_DECADES) if log else value
