"""The panels over the trial points: cost, trust radius, reduction ratio.

A circle is a step by SVD, a triangle one by CG, a cross a rejected trial, the square the start; a bar under it says
that the step met a bound, or that a parameter is at one. A line joins the points that the fit stood on. A value outside
its panel is drawn on the panel's edge.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.ticker import Formatter, MaxNLocator

from trfkit.core.radius import GROW_ABOVE, SHRINK_BELOW
from trfkit.core.trf import FIELDS, KINDS
from trfkit.plots.decimate import extremes
from trfkit.plots.frame import TICK_POINTS, grown
from trfkit.report.digits import typeset

SHAPES = {"start": "s", "SVD": "o", "CG": "^", "rejected": "X"}
SIZES = {"start": 6.0, "SVD": 6.5, "CG": 7.5, "rejected": 8.0}
EDGE = 0.7
BELOW = Path([(-0.4, -1.0), (0.4, -1.0)])  # a bar under a mark, as a marker
BELOW_SIZE, BAR = 13.0, 2.0
MET_A_BOUND = [KINDS.index(kind) for kind in ("reflected", "gradient", "truncated")]
NEAR = 1e-8  # relative distance at which a parameter is at its bound; iterates never lie on one
CROWDED, LEAST_SCALE = 40, 0.45  # beyond so many trials on the axis marks get smaller, down to this size
MOST_INTERVALS = 300  # more trials than pixels are thinned to the extremes of each of so many intervals
FEW_DECADES = 1.7
FIRST_TRIALS = 10  # the trial axis starts with room for so many
RATIO_LIMITS = (-0.5, 2.0)
RATIO_AXIS = (-0.75, 2.15)  # with room for marks on the limits
WORST_REJECTED = 10.0  # a rejected trial widens the cost axis to so many times the worst accepted cost


@dataclass(frozen=True)
class TrialMarks:
    """One series over the trials: marks by kind, a path through the points stood on, a dotted line at the one shown."""

    path: Line2D
    marks: dict[str, Line2D]
    at_bound: Line2D
    now: Line2D

    @property
    def artists(self):
        """Back to front."""
        return (self.now, self.path, *self.marks.values(), self.at_bound)

    def show(self, trace, values, index, at_bound=None, inside=None):
        """Draw `values` (k,), one for each row of the trace, and the dotted line at row `index`.

        `at_bound` (k,) tells the rows with a bar, unless given those whose step met a bound; `inside` (k,) the rows
        with a mark, unless given all: marks are not clipped.
        """
        trials = np.arange(len(values))
        left, right = self.now.axes.get_xlim()
        inside = np.ones(len(values), bool) if inside is None else inside
        scale = min(1.0, max(LEAST_SCALE, CROWDED / (right - left)))
        self.path.set_data(*_thinned(trials, values, ~trace.rejected))
        for kind, rows in mark_masks(trace).items():
            self.marks[kind].set_data(*_thinned(trials, values, rows & inside))
            self.marks[kind].set(markersize=scale * SIZES[kind], markeredgewidth=scale * EDGE)
        at_bound = met_bound(trace) if at_bound is None else at_bound
        self.at_bound.set_data(*_thinned(trials, values, at_bound & inside))
        self.at_bound.set(markersize=scale * BELOW_SIZE, markeredgewidth=scale * BAR)
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


def met_bound(trace):
    """Which trials' steps were cut short at a bound, reflected by one, or went along the gradient because of one."""
    return np.isin(trace.rows[:, FIELDS.index("kind")], MET_A_BOUND)


def sides(x, bounds):
    """−1 where a parameter is at its lower bound, 1 at its upper, else 0, of trials x (k, n), bounds (lower, upper).

    Near is said in terms of the distance that the fit has come, which has the parameter's own unit.
    """
    at_lower, at_upper = (_near(distance) for distance in (x - np.asarray(bounds[0]), np.asarray(bounds[1]) - x))
    return at_upper.astype(int) - (at_lower & ~at_upper)


def _near(distance):
    return np.isfinite(distance) & (distance <= NEAR * distance.max(axis=0, initial=0.0))


def _thinned(trials, values, chosen):
    """The chosen points that are numbers, without those that others hide."""
    chosen = np.flatnonzero(chosen & ~np.isnan(values))
    kept = chosen[extremes(trials[chosen], values[chosen], MOST_INTERVALS)]
    return trials[kept], values[kept]


def mark_colors(palette):
    """Colour of each mark."""
    return {"start": palette.muted, "SVD": palette.model, "CG": palette.cg, "rejected": palette.rejected}


class LogNumbers(Formatter):
    """Numbers of a logarithmic axis: powers of ten, and 2 and 5 of each where there are few of those."""

    def __call__(self, value, position=None):
        """One number; those that need many digits as powers of ten."""
        low, high = np.log10(self.axis.get_view_interval())
        exponent = int(np.floor(np.log10(value) + 1e-9))
        digit = round(value / 10.0**exponent)
        if digit not in ((1, 2, 5) if high - low < FEW_DECADES else (1,)):
            return ""
        if -3 <= exponent <= 3:
            return f"{value:g}"
        return typeset(f"{digit}e{exponent}").removeprefix("1 × ").replace(" ", "")


def set_logarithmic(ax):
    """Make the y axis of a panel logarithmic."""
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(LogNumbers())
    ax.yaxis.set_minor_formatter(LogNumbers())


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
    look = {"marker": BELOW, "markeredgecolor": palette.rejected, "markersize": BELOW_SIZE, "markeredgewidth": BAR}
    at_bound = ax.plot([], [], linestyle="", clip_on=False, zorder=5, **look)[0]
    return TrialMarks(path, marks, at_bound, now)


def keys(palette, bounded):
    """What circle, triangle and cross mean, for a key; `bounded` adds the bar of a step that met a bound."""
    colors = mark_colors(palette)
    marks = [
        Line2D([], [], linestyle="", marker=SHAPES[kind], markersize=6, markeredgewidth=0, color=color, label=kind)
        for kind, color in colors.items()
    ]
    bar = Line2D([], [], linestyle="", marker="_", markersize=8, markeredgewidth=2, color=palette.rejected)
    bar.set_label("at bound")
    return [*marks, bar] if bounded else marks


def draw_ratio_bands(ax, palette):
    """What the ratio does to the region, as bands, named in the margin to the right where no mark comes."""
    low, high = RATIO_AXIS
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
