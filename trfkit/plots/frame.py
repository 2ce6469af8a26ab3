"""An empty panel: no box, a light grid behind, a title to the left."""

import numpy as np
from matplotlib.ticker import ScalarFormatter

TICK_POINTS = 8.5
LABEL_POINTS = 9.0


def dress(ax, palette, title, xlabel="", ylabel="", number_x=True):
    """Give an Axes the look of a panel; `number_x=False` leaves the numbers to the panel below.

    A power of ten that all numbers of the y axis share stands at the right end of the title's line.
    """
    ax.set_facecolor(palette.ground)
    ax.set_axisbelow(True)
    ax.grid(True, color=palette.grid, linewidth=0.8)
    ax.tick_params(
        which="both", labelsize=TICK_POINTS, labelcolor=palette.muted, color=palette.muted, labelbottom=number_x
    )
    ax.yaxis.set_offset_position("right")
    for axis in (ax.xaxis, ax.yaxis):
        if isinstance(axis.get_major_formatter(), ScalarFormatter):
            axis.get_major_formatter().set_useMathText(True)
        axis.get_offset_text().set(size=TICK_POINTS, color=palette.muted)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(palette.muted)
    ax.set_title(title, loc="left", fontsize=LABEL_POINTS, color=palette.text, pad=5)
    ax.set_xlabel(xlabel, fontsize=LABEL_POINTS, color=palette.muted, labelpad=2)
    ax.set_ylabel(ylabel, fontsize=LABEL_POINTS, color=palette.muted, labelpad=2)


def grown(limits, low, high, room):
    """The limits as they are where they hold low … high; else wide enough to, and `room` of the width further.

    So a series that goes on growing moves the axis rarely, and each move is seen to be one.
    """
    if limits is not None and limits[0] <= low and high <= limits[1]:
        return limits
    old_low, old_high = limits or (low, high)
    new_low, new_high = min(low, old_low), max(high, old_high)
    extra = room * (new_high - new_low)
    return (
        new_low - extra if limits is None or low < old_low else old_low,
        new_high + extra if limits is None or high > old_high else old_high,
    )


def finite_range(*series):
    """(least, greatest) of the finite values, or (0, 1) where there are none."""
    values = np.concatenate([np.ravel(values) for values in series])
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)


def broken(*lines):
    """Several lines (x, y) as one, with a gap after each: one artist draws them in one pass."""
    if not lines:
        return np.empty(0), np.empty(0)
    gap = np.array([np.nan])
    return tuple(np.concatenate([part for line in lines for part in (line[axis], gap)]) for axis in (0, 1))
