"""The panels over the trial points: cost, trust radius, reduction ratio.

A circle is a step by SVD, a triangle one by CG, a cross a rejected trial, the square the start. A line joins the points
that the fit stood on. A value outside its panel is drawn on the panel's edge.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from trfkit.core.radius import GROW_ABOVE, SHRINK_BELOW
from trfkit.plots.decimate import extremes
from trfkit.plots.frame import TICK_POINTS, grown

SHAPES = {"start": "s", "SVD": "o", "CG": "^", "rejected": "X"}
SIZES = {"start": 6.0, "SVD": 6.5, "CG": 7.5, "rejected": 8.0}
EDGE = 0.7
CROWDED, LEAST_SCALE = 40, 0.45  # beyond so many trials on the axis marks get smaller, down to this size
MOST_INTERVALS = 300  # more trials than pixels are thinned to the extremes of each of so many intervals
FIRST_TRIALS = 10  # the trial axis starts with room for so many
RATIO_LIMITS = (-0.5, 2.0)
WORST_REJECTED = 10.0  # a rejected trial widens the cost axis to so many times the worst accepted cost


@dataclass(frozen=True)
class TrialMarks:
    """One series over the trials: marks by kind, a path through the points stood on, a dotted line at the one shown."""

    path: Line2D
    marks: dict[str, Line2D]
    now: Line2D

    @property
    def artists(self):
        """Back to front."""
        return (self.now, self.path, *self.marks.values())

    def show(self, trace, values, index):
        """Draw `values` (k,), one for each row of the trace, and the dotted line at row `index`."""
        trials = np.arange(len(values))
        left, right = self.now.axes.get_xlim()
        scale = min(1.0, max(LEAST_SCALE, CROWDED / (right - left)))
        self.path.set_data(*_thinned(trials, values, ~trace.rejected))
        for kind, rows in mark_masks(trace).items():
            self.marks[kind].set_data(*_thinned(trials, values, rows))
            self.marks[kind].set(markersize=scale * SIZES[kind], markeredgewidth=scale * EDGE)
        self.now.set_xdata([index, index])


def mark_masks(trace):
    """Which rows of the trace get which mark: (k,) bool by the names of `SHAPES`; each row has one."""
    accepted, solver = trace.accepted, trace.solver
    return {
        "start": ~accepted & ~trace.rejected,
        "SVD": accepted & (solver == "SVD"),
        "CG": accepted & (solver == "CG"),
        "rejected": trace.rejected,
    }


def _thinned(trials, values, chosen):
    """The chosen points that are numbers, without those that others hide."""
    chosen = np.flatnonzero(chosen & ~np.isnan(values))
    kept = chosen[extremes(trials[chosen], values[chosen], MOST_INTERVALS)]
    return trials[kept], values[kept]


def mark_colors(palette):
    """Colour of each mark."""
    return {"start": palette.muted, "SVD": palette.model, "CG": palette.cg, "rejected": palette.rejected}


def draw_trials(ax, palette):
    """`TrialMarks`, still empty, on an axis of whole trials."""
    ax.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    now = ax.axvline(np.nan, color=palette.text, linewidth=1.0, linestyle=(0, (1, 1.5)), zorder=3)
    path = ax.plot([], [], color=palette.muted, linewidth=1.0, zorder=4)[0]
    marks = {}
    for kind, color in mark_colors(palette).items():
        look = {"marker": SHAPES[kind], "markersize": SIZES[kind], "markerfacecolor": color}
        edge = {"markeredgecolor": palette.ground, "markeredgewidth": EDGE}
        marks[kind] = ax.plot([], [], linestyle="", clip_on=False, zorder=5, **look, **edge)[0]
    return TrialMarks(path, marks, now)


def draw_legend(fig, palette, right, top):
    """What circle, triangle and cross mean, in one line whose top right corner is there (fractions of the figure)."""
    handles = [
        Line2D([], [], linestyle="", marker=SHAPES[kind], markersize=6, markeredgewidth=0, color=color, label=kind)
        for kind, color in mark_colors(palette).items()
    ]
    return fig.legend(
        handles=handles,
        ncols=len(handles),
        loc="upper right",
        bbox_to_anchor=(right, top),
        frameon=False,
        fontsize=TICK_POINTS,
        labelcolor=palette.muted,
        borderpad=0,
        borderaxespad=0,
        handletextpad=-0.1,
        columnspacing=0.7,
        handlelength=1.6,
    )


def draw_ratio_bands(ax, palette):
    """What the ratio does to the region, as bands, named in the margin to the right where no mark comes."""
    low, high = RATIO_LIMITS
    shrink, grow = palette.rejected, palette.parts[1]
    ax.set_ylim(low, high)
    ax.axhspan(low, SHRINK_BELOW, color=shrink, alpha=0.12, linewidth=0, zorder=0)
    ax.axhspan(GROW_ABOVE, high, color=grow, alpha=0.12, linewidth=0, zorder=0)
    edges = (low, SHRINK_BELOW, GROW_ABOVE, high)
    for name, bottom, top in zip(("shrink", "keep", "grow"), edges[:-1], edges[1:], strict=True):
        ax.annotate(
            name,
            (1, (bottom + top) / 2),
            xycoords=("axes fraction", "data"),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=TICK_POINTS,
            color=palette.muted,
            annotation_clip=False,
        )


def trial_limits(trace, limits):
    """Limits of the axis of trials: room for ten at first, and for twice as many at each move."""
    last = len(trace) - 1
    if limits is None:
        return -0.5, max(last, FIRST_TRIALS) + 0.5
    return limits if last < limits[1] else (-0.5, 2 * last + 0.5)


def cost_limits(trace, limits):
    """Limits of the logarithmic axis of costs; a rejected trial far above the rest does not flatten it."""
    drawable = np.isfinite(trace.cost) & (trace.cost > 0)
    stood = trace.cost[drawable & ~trace.rejected]
    if stood.size == 0:
        return limits or (0.1, 10.0)
    shown = trace.cost[drawable & (trace.cost <= WORST_REJECTED * stood.max())]
    return _grown_decades(limits, stood.min(), shown.max())


def radius_limits(trace, limits):
    """Limits of the logarithmic axis of trust radii."""
    radius = trace.Delta[np.isfinite(trace.Delta) & (trace.Delta > 0)]
    return _grown_decades(limits, radius.min(), radius.max()) if radius.size else limits or (0.1, 10.0)


def _grown_decades(limits, low, high):
    """`grown` in decades: never less than one of them, and half of the span further at each move."""
    low, high = np.log10(low), np.log10(high)
    middle = (low + high) / 2
    logs = None if limits is None else tuple(np.log10(limits))
    low, high = grown(logs, min(low, middle - 0.4), max(high, middle + 0.4), room=0.12 if logs is None else 0.5)
    return 10.0**low, 10.0**high


def costs(trace, limits):
    """Costs as drawn: those outside the limits on the edge, and a rejected trial without a number on the upper one."""
    return np.clip(np.where(trace.rejected & np.isnan(trace.cost), np.inf, trace.cost), *limits)


def ratios(trace):
    """Ratios as drawn: those outside the panel on its edge; the start has none."""
    return np.clip(trace.ratio, *RATIO_LIMITS)
