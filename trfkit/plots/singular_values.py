"""The picture of singular values: which combinations of the parameters the data determine, and how well."""

import textwrap
from typing import NamedTuple

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from trfkit.fitting.result import combination
from trfkit.plots.frame import TICK_POINTS, dress, finite_range
from trfkit.plots.picture import Picture, palette_of, panel
from trfkit.report.digits import number, typeset

WIDTH, HEIGHT = 460, 250  # CSS pixels
LINE = 56  # characters of the words below
ROOM = 0.08  # above the numbers that the axis has to hold, of its decades; below them twice that
TITLE = "singular values of J, columns scaled to 1"


class SingularValueArtists(NamedTuple):
    """What was drawn of the singular values."""

    above: Line2D  # those that count towards the rank
    below: Line2D  # those that do not; of 0 at the lower end of the axis
    stems: LineCollection
    threshold: Line2D
    word: Text  # what the threshold is


def draw_singular_values(determination, names, ax=None, *, theme="light") -> Picture:
    """The singular values of a `Determination` of parameters with these names, the largest first, on a log axis.

    Dots count towards the numerical rank, crosses do not; the dashed line between them is the threshold. What the data
    determine least is said in words below.
    """
    palette, s, threshold = palette_of(theme), np.asarray(determination.singular_values), determination.threshold
    ax = panel(ax, palette, WIDTH, HEIGHT)
    words = f"least determined: {least_determined(determination, names)}"
    dress(ax, palette, TITLE, textwrap.fill(words, LINE))
    low, high = _limits(s, threshold)
    places, heights, counts = np.arange(1, s.size + 1), np.where(s > 0, s, low), s > threshold
    floor = threshold if threshold > 0 else low  # of a Jacobian of zeros
    ax.set(yscale="log", ylim=(low, high), xlim=(0.5, s.size + 0.5))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    stems = ax.vlines(places, floor, heights, color=palette.grid, linewidth=6.0, zorder=1)
    marks = {"linestyle": "", "markersize": 7, "zorder": 3, "clip_on": False}
    above = ax.plot(places[counts], heights[counts], marker="o", color=palette.model, **marks)[0]
    below = ax.plot(places[~counts], heights[~counts], marker="X", color=palette.rejected, **marks)[0]
    line = ax.axhline(floor, color=palette.muted, linestyle=(0, (5, 2)), linewidth=1.2, zorder=2)
    artists = SingularValueArtists(above, below, stems, line, _say_rank(ax, floor, determination, palette))
    return Picture(ax.get_figure(root=True), (ax,), artists, _describe(determination, names))


def _limits(s, threshold):
    """Limits of the axis that hold the values above 0 and the threshold, with its words below."""
    numbers = np.array([*s, threshold])
    low, high = finite_range(np.log10(numbers[numbers > 0]))
    room = ROOM * max(high - low, 1.0)
    return 10 ** (low - 2 * room), 10 ** (high + room)


def _say_rank(ax, floor, determination, palette):
    """What the line is, where there are no marks: they fall from left to right."""
    below = 2 * determination.rank >= len(determination.singular_values)
    return ax.annotate(
        f"rank {determination.rank} of {len(determination.singular_values)}: above this line",
        (0 if below else 1, floor), xycoords=ax.get_yaxis_transform(),
        xytext=(4, -3) if below else (-4, 3), textcoords="offset points", ha="left" if below else "right",
        va="top" if below else "bottom", fontsize=TICK_POINTS, color=palette.text,
    )  # fmt: skip


def least_determined(determination, names) -> str:
    """The combination of scaled parameters that moves the curve least, in words."""
    if not np.isfinite(determination.directions).all():
        return "not known, for the Jacobian is not finite"
    return combination(determination.directions[-1], names).replace(" - ", " −\u00a0").replace(" + ", " +\u00a0")


def _describe(determination, names) -> str:
    values = ", ".join(typeset(number(value, 3)) for value in determination.singular_values)
    return (
        f"Singular values of the Jacobian with its columns scaled to 1: {values}. "
        f"{determination.rank} of {len(names)} are above {typeset(number(determination.threshold, 2))}, the numerical "
        f"rank. Least determined: {least_determined(determination, names)}."
    )
