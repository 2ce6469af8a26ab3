"""Where the panels of the live picture stand, in CSS pixels from the lower left corner.

On a wide page the panels over the trials stand above one another to the right of data and residuals; on a narrow one
side by side below them. Each panel has a tile, the part of the picture that is its own with numbers and title, so that
one panel can be drawn anew without the others.
"""

from typing import NamedTuple

from trfkit.plots.frame import KEY_LINE

NARROW = 1000  # CSS pixels; below it the trials go under the residuals
LEAST_WIDTH = 480
WIDE_HEIGHT, LEAST_WIDE_HEIGHT = 460, 360
NARROW_HEIGHT, LEAST_NARROW_HEIGHT = 640, 500

LEFT, RIGHT = 62, 26  # of data and residuals: numbers and label on the left, half of a number on the right
TOP, BOTTOM, TITLE = 30, 42, 30  # above the highest panel, below the lowest, and between two
RESIDUALS = 72  # height
TRIALS_LEFT, TRIALS_RIGHT = 56, 52  # numbers on the left, and the names of the bands on the right
TRIALS_SHARE = 0.35  # of a wide picture
TRIALS_HEIGHT, TRIALS_TOP = 122, 50  # of the row of a narrow one: its legend stands above its titles
TILE_BELOW = 9  # what a panel without numbers on x needs below itself


class Box(NamedTuple):
    """A rectangle."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width

    @property
    def top(self) -> float:
        """Its upper edge."""
        return self.bottom + self.height


class Place(NamedTuple):
    """Of one panel."""

    box: Box  # between its axes
    tile: Box  # with all that is written around it


class Layout(NamedTuple):
    """Of the picture."""

    size: tuple[float, float]
    places: dict[str, Place]  # "data", "residuals", "cost", "radius" and "ratio"
    narrow: bool


def lay_out(width: float, height: float | None = None, key_lines: int = 1) -> Layout:
    """The panels of a picture this wide; it is made as wide and as high as it must be, and as high as is good if None.

    `key_lines` is how many lines the key above the data has.

    Raises ValueError where the sizes are not positive.
    """
    for name, value in (("width", width), ("height", height)):
        if value is not None and not 0 < value < 1e5:
            raise ValueError(f"`{name}` must be a positive number of CSS pixels, got {value!r}: try 1180.")
    width = max(width, LEAST_WIDTH)
    top = TOP + (key_lines - 1) * KEY_LINE
    return _narrow(width, height, top) if width < NARROW else _wide(width, height, top)


def _wide(width, height, top):
    height = max(height or WIDE_HEIGHT, LEAST_WIDE_HEIGHT)
    edge = width - round(TRIALS_SHARE * width)
    places = _over_x(edge, 0, height, top)
    third = (height - TOP - BOTTOM - 2 * TITLE) / 3
    left, panel_width = edge + TRIALS_LEFT, width - edge - TRIALS_LEFT - TRIALS_RIGHT
    upper_edge = height
    for i, name in enumerate(("cost", "radius", "ratio")):
        box = Box(left, BOTTOM + (2 - i) * (third + TITLE), panel_width, third)
        lower_edge = 0 if name == "ratio" else box.bottom - TILE_BELOW
        places[name] = Place(box, Box(edge, lower_edge, width - edge, upper_edge - lower_edge))
        upper_edge = lower_edge
    return Layout((width, height), places, narrow=False)


def _narrow(width, height, top):
    height = max(height or NARROW_HEIGHT, LEAST_NARROW_HEIGHT)
    edge = BOTTOM + TRIALS_HEIGHT + TRIALS_TOP
    places = _over_x(width, edge, height, top)
    panel_width = (width - LEFT - TRIALS_RIGHT - 2 * TRIALS_LEFT) / 3
    left_edge = 0
    for i, name in enumerate(("cost", "radius", "ratio")):
        box = Box(LEFT + i * (panel_width + TRIALS_LEFT), BOTTOM, panel_width, TRIALS_HEIGHT)
        right_edge = width if name == "ratio" else box.right + RIGHT
        places[name] = Place(box, Box(left_edge, 0, right_edge - left_edge, edge))
        left_edge = right_edge
    return Layout((width, height), places, narrow=True)


def _over_x(width, bottom, height, top):
    """Data above residuals in the left part of the picture, from bottom to height, with room for the key at the top."""
    residuals = Box(LEFT, bottom + BOTTOM, width - LEFT - RIGHT, RESIDUALS)
    lower = residuals.top + TITLE
    data = Box(LEFT, lower, residuals.width, height - top - lower)
    edge = lower - TILE_BELOW
    return {
        "data": Place(data, Box(0, edge, width, height - edge)),
        "residuals": Place(residuals, Box(0, bottom, width, edge - bottom)),
    }
