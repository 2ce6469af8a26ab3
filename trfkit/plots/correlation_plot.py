"""The picture of a correlation matrix."""

from typing import NamedTuple

import numpy as np
from matplotlib.image import AxesImage
from matplotlib.text import Text

from trfkit.plots.diverging import diverging, readable_on
from trfkit.plots.frame import TICK_POINTS, dress
from trfkit.plots.picture import Picture, palette_of, panel
from trfkit.report import facts

CELL, NAMES = 44, 120  # CSS pixels
MOST_NUMBERED = 30  # parameters; of more the colours tell


class CorrelationArtists(NamedTuple):
    """What was drawn of a matrix."""

    image: AxesImage
    numbers: dict[tuple[str, str], Text]  # by the names of the pair


def draw_correlation(result, ax=None, *, theme="light") -> Picture:
    """The correlations of the free parameters: blue above 0, orange below; a dash where the data do not tell."""
    palette, names, matrix = palette_of(theme), result.free_names, result.correlation
    side = CELL * len(names) + NAMES
    ax = panel(ax, palette, max(side, 240), max(side, 240))
    dress(ax, palette, "correlation", "", "")
    ax.grid(False)
    image = ax.imshow(matrix, cmap=diverging(palette), vmin=-1, vmax=1)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(range(len(names)), names)
    ax.tick_params(length=0, labelcolor=palette.text)
    ax.tick_params(axis="x", labelrotation=45)
    for label in ax.get_xticklabels():
        label.set(ha="right", rotation_mode="anchor")
    for spine in ax.spines.values():
        spine.set_visible(False)
    numbers = {}
    if len(names) <= MOST_NUMBERED:
        for (i, j), value in np.ndenumerate(matrix):
            known = np.isfinite(value)
            ink = readable_on(image.to_rgba(value)) if known else palette.text
            text = f"{value:.2f}".replace("-", "−") if known else "–"
            numbers[names[i], names[j]] = ax.text(j, i, text, ha="center", va="center", fontsize=TICK_POINTS, color=ink)
    return Picture(ax.get_figure(root=True), (ax,), CorrelationArtists(image, numbers), _describe(result))


def _describe(result) -> str:
    pairs = facts.correlations(result, 0.0)[:3]
    words = f"Correlations of {', '.join(result.free_names)}."
    if pairs:
        words += f" The largest: {', '.join(f'{a} and {b} {value:+.3f}' for a, b, value in pairs)}."
    return words
