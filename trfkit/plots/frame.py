"""An empty panel: no box, a light grid behind, a title to the left."""

import re

import numpy as np
from matplotlib.legend import Legend
from matplotlib.ticker import ScalarFormatter
from matplotlib.transforms import ScaledTranslation

from trfkit.report.digits import typeset

TICK_POINTS = 8.5
LABEL_POINTS = 9.0
LABEL_BELOW = 17.5  # points from an axis to its label, with numbers between
OFFSET = re.compile(r"([+\N{MINUS SIGN}-]?)(\d[\d.]*(?:e[+\N{MINUS SIGN}-]?\d+)?)")
KEY_LINE = 17.0  # CSS pixels from one line of a key to the next
CHARACTER = 7.0  # CSS pixels, on average, of TICK_POINTS


class Numbers(ScalarFormatter):
    """matplotlib's numbers of an axis, in plain text.

    Its mathematical text is set by one parser for all figures, which is not safe where threads draw side by side.
    """

    def __init__(self):
        super().__init__(useMathText=False)

    def get_offset(self):
        """The power of ten, and the number, that all have in common: "× 10⁵", "+ 1.2 × 10³"."""
        return super().get_offset() and OFFSET.sub(_typeset_offset, super().get_offset())


def _typeset_offset(found):
    sign, number = found.groups()
    power = typeset(number.replace("\N{MINUS SIGN}", "-")).removeprefix("1 × ")
    return f"{sign} {power}" if sign else f"× {power}"


def dress(ax, palette, title, xlabel="", ylabel="", number_x=True, fixed=False):
    """Give an Axes the look of a panel, and return its title; `number_x=False` leaves the numbers to the panel below.

    A power of ten that all numbers of the y axis share stands at the right end of the title's line. The title and the
    label of x stand where they always fit (`fixed`), or are moved on each drawing to where they just fit.
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
            axis.set_major_formatter(Numbers())
        axis.get_offset_text().set(size=TICK_POINTS, color=palette.muted)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(palette.muted)
    ax.set_xlabel(xlabel, fontsize=LABEL_POINTS, color=palette.muted, labelpad=2)
    ax.set_ylabel(ylabel, fontsize=LABEL_POINTS, color=palette.muted, labelpad=2)
    if fixed:
        below = ScaledTranslation(0, -LABEL_BELOW / 72, ax.figure.dpi_scale_trans)
        ax.xaxis.set_label_coords(0.5, 0, transform=ax.transAxes + below)
        if not ylabel:
            ax.yaxis.set_label_coords(0, 0.5)
    look = {"loc": "left", "fontsize": LABEL_POINTS, "color": palette.text, "pad": 5}
    return ax.set_title(title, y=1.0 if fixed else None, **look)


def in_rows(entries, width, handle=42.0):
    """The entries of a key, as lists of those that stand side by side in a width in CSS pixels.

    `handle` is what one takes besides its text.
    """
    rows, right = [], np.inf
    for entry in entries:
        needed = handle + CHARACTER * len(entry.get_label())
        if right + needed > width:
            rows.append([])
            right = 0.0
        rows[-1].append(entry)
        right += needed
    return rows


def draw_key(ax, rows, palette, right=None, above=5.0):
    """What the artists are, in rows `above` a panel (CSS pixels), from its left edge or up to `right` of its width."""
    legends = []
    height = ax.bbox.height * 100 / ax.figure.dpi
    for i, row in enumerate(reversed(rows)):
        legend = Legend(
            ax, row, [entry.get_label() for entry in row], ncols=len(row), frameon=False, fontsize=TICK_POINTS,
            labelcolor=palette.muted, loc="lower left" if right is None else "lower right", borderpad=0,
            borderaxespad=0, handletextpad=0.45, columnspacing=1.1, handlelength=1.7 if right is None else 0.9,
            bbox_to_anchor=(0 if right is None else right, 1 + (above + i * KEY_LINE) / height),
        )  # fmt: skip
        legend.set_clip_on(False)
        legends.append(ax.add_artist(legend))
    return legends


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
