"""Where the panels of a fit stand, and what stands beside them.

Data sets stand side by side, each over its own x and y, not over one another: bands and components of several would
cover each other's data, and residuals are read against their own x.
"""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend

from trfkit.plots.frame import TICK_POINTS
from trfkit.plots.image_panels import is_image
from trfkit.plots.palette import Palette
from trfkit.plots.picture import DOTS_PER_INCH, new_figure

SIDE_BY_SIDE = 3  # data sets in a row
WIDTHS = {1: 920, 2: 1080, 3: 1240}  # CSS pixels, by the data sets in a row
HEIGHT, HEIGHT_IN_ROWS = 440, 340  # of the only row, and of one of several
IMAGE_WIDTH, IMAGE_HEIGHT = 1240, 300
DATA_TO_RESIDUALS = (3.2, 1.0)
LINE_HEIGHT = 17.5  # of the text beside the panels


def own_axes(sets, palette: Palette) -> list[tuple]:
    """The Axes of each data set in a new figure: (data, residuals), or three for an image."""
    images = any(map(is_image, sets))
    across = 1 if images else 2 if len(sets) == 4 else min(len(sets), SIDE_BY_SIDE)
    down = math.ceil(len(sets) / across)
    of_row = HEIGHT if down == 1 else HEIGHT_IN_ROWS
    height = sum(IMAGE_HEIGHT if is_image(s) else of_row for s in sets[::across])
    figure = new_figure(palette, IMAGE_WIDTH if images else WIDTHS[across], height)
    if images:
        rows = figure.add_gridspec(down, 1)
        return [
            _triple(figure, rows[i]) if is_image(s) else _pair(figure, *_halves(rows[i])) for i, s in enumerate(sets)
        ]
    grid = figure.add_gridspec(2 * down, across, height_ratios=DATA_TO_RESIDUALS * down)  # one, so that rows align
    places = (divmod(i, across) for i in range(len(sets)))
    return [_pair(figure, grid[2 * row, column], grid[2 * row + 1, column]) for row, column in places]


def _halves(cell):
    return cell.subgridspec(2, 1, height_ratios=DATA_TO_RESIDUALS)


def _triple(figure, cell):
    return tuple(figure.add_subplot(part) for part in cell.subgridspec(1, 3))


def _pair(figure, above, below):
    ax = figure.add_subplot(above)
    residual_ax = figure.add_subplot(below, sharex=ax)
    figure.align_ylabels((ax, residual_ax))
    return ax, residual_ax


def given_axes(sets, axes) -> list[tuple]:
    """The Axes of each data set from those of the user: a column each; raises ValueError where they do not suit."""
    given = np.atleast_1d(np.asarray(axes, dtype=object))
    columns = given.reshape(1, -1) if len(sets) == 1 else np.atleast_2d(given).T
    if len(columns) != len(sets):
        raise ValueError(f"`axes` has {len(columns)} columns, got {len(sets)} to draw side by side: give each its own.")
    for s, column in zip(sets, columns, strict=True):
        wanted = "3, data, fit and residuals" if is_image(s) else "1 or 2, data and residuals"
        if str(len(column)) not in wanted:
            raise ValueError(f"`axes` has {len(column)} for data set {s.name!r}: give it {wanted}.")
    return [tuple(column) for column in columns]


def write_beside(figure: Figure, lines: Sequence[str], keys: Sequence[Artist], palette: Palette) -> Legend:
    """Lines of text, and below them what the artists are, to the right of all panels; a taller figure if need be."""
    by_label = {}
    for key in sorted(keys, key=lambda key: isinstance(key, PolyCollection)):  # bands last
        by_label.setdefault(key.get_label(), key)
    legend = figure.legend(
        by_label.values(), by_label.keys(), loc="outside right upper", title="\n".join(lines), alignment="left",
        title_fontproperties=FontProperties(family="monospace", size=TICK_POINTS), fontsize=TICK_POINTS,
        labelcolor=palette.text, frameon=False,
    )  # fmt: skip
    legend.get_title().set_color(palette.text)
    needed = (len(lines) + len(by_label) + 2) * LINE_HEIGHT / DOTS_PER_INCH
    figure.set_figheight(max(needed, figure.get_figheight()))
    return legend
