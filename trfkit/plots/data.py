"""The panels over x: data with the model, and the residuals below."""

from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text

from trfkit.plots.frame import TICK_POINTS, broken, finite_range, grown

EARLIER = 0.22  # opacity of the earlier curves: six of them show motion and hide nothing
MODEL_ROOM = 0.5  # a model that starts far off may widen the axis by this part of the data's range
FEW_POINTS = 60  # data so sparse gets larger dots
DENSE, PALE = 0.65, 0.2  # opacity of the range that many data fill, and of that of such that were left out
REJECTED_DASHES = (0, (5, 3))


@dataclass(frozen=True)
class ModelLines:
    """The model at the best point, at a few accepted points before, and at a trial that was turned down."""

    now: Line2D
    earlier: Line2D
    rejected: Line2D

    @property
    def artists(self):
        """Back to front."""
        return (self.earlier, self.rejected, self.now)

    def show(self, x, now, earlier=(), rejected=None):
        """Move the lines: `now` (k,), `earlier` a sequence of (k,), `rejected` (k,) or None, all over x (k,)."""
        self.now.set_data(x, now)
        self.earlier.set_data(*broken(*((x, y) for y in earlier)))
        self.rejected.set_data(*((x, rejected) if rejected is not None else ((), ())))


def draw_data(ax, x, y, palette, decimated=False):
    """The data as dots, or, where it was decimated to its extremes, as the band that the dots would fill."""
    if decimated:
        return ax.plot(x, y, color=palette.data, linewidth=0.8, zorder=2)[0]
    size = 4.5 if len(x) <= FEW_POINTS else 2.6
    return ax.plot(x, y, "o", color=palette.data, markersize=size, markeredgewidth=0, zorder=2)[0]


def draw_model(ax, palette):
    """`ModelLines`, still empty."""
    earlier = ax.plot([], [], color=palette.model, alpha=EARLIER, linewidth=1.2, zorder=3)[0]
    rejected = ax.plot([], [], color=palette.rejected, linewidth=1.2, linestyle=REJECTED_DASHES, zorder=4)[0]
    now = ax.plot([], [], color=palette.model, linewidth=2.2, zorder=5)[0]
    return ModelLines(now, earlier, rejected)


def draw_components(ax, looks) -> dict[str, Line2D]:
    """A line, still empty, for each {label: (colour, dashes)}."""
    return {
        label: ax.plot([], [], color=color, linestyle=dashes, linewidth=1.4, zorder=3.5, label=label)[0]
        for label, (color, dashes) in looks.items()
    }


def draw_name(ax, label, color) -> Text:
    """The name of a component, to be placed in fractions of the panel from its lower left corner."""
    look = {"fontsize": TICK_POINTS, "color": color, "zorder": 6, "ha": "left", "va": "bottom"}
    return ax.text(0, 0, label, transform=ax.transAxes, **look)


def draw_range(ax, palette, opacity=DENSE, outlines=(), **look) -> PathPatch:
    """The range that many points fill, as wide as a line at least; `show_range` moves it.

    Its colour is mixed beforehand: face and edge overlap.
    """
    color = palette.pale(palette.data, opacity)
    filled = PathPatch(_path(outlines), color=color, linewidth=0.8, joinstyle="round", **look)
    return ax.add_artist(filled)


def show_range(filled, outlines):
    """Set the range to these `Drawn.outlines`."""
    filled.set_path(_path(outlines))


def _path(outlines):
    return Path.make_compound_path(*(Path(np.concatenate([corners, corners[:1]]), closed=True) for corners in outlines))


def draw_points(ax, points, palette, errors=None) -> list:
    """`Drawn` points as dots with their standard errors (k,), or as the range of many; the key comes first.

    A range of x that has been left out between them is a gap.
    """
    if points.decimated:
        return [draw_range(ax, palette, outlines=points.outlines(points.y), zorder=2, label="data")]
    dots = draw_data(ax, points.x, points.y, palette)
    dots.set_label("data")
    if errors is None:
        return [dots]
    return [
        dots,
        ax.vlines(points.x, points.y - errors, points.y + errors, color=palette.data, linewidth=0.9, zorder=2),
    ]


def draw_left_out(ax, points, palette, limits=None) -> list:
    """`Drawn` points that do not count, hollow; with limits (low, high) of y those far off stand on the edge."""
    if points.x.size == 0:
        return []
    if points.decimated:
        return [draw_range(ax, palette, PALE, points.outlines(points.y), zorder=1.5, label="left out")]
    y = points.y if limits is None else np.clip(points.y, *limits)
    look = {"markersize": 4.5, "markerfacecolor": "none", "markeredgecolor": palette.data, "markeredgewidth": 0.8}
    return ax.plot(points.x, y, "o", zorder=2, clip_on=limits is None, label="left out", **look)


def keys_of_trials(palette) -> list[Line2D]:
    """What a key says of the lines that a trial draws beside the model."""
    pale = Line2D([], [], color=palette.model, alpha=2 * EARLIER, linewidth=1.2, label="earlier")
    dashed = Line2D([], [], color=palette.rejected, linestyle=REJECTED_DASHES, linewidth=1.2, label="rejected")
    return [pale, dashed]


def draw_residuals(ax, palette):
    """The residuals as stems from zero, still empty; `show_residuals` moves them."""
    draw_zero(ax, palette)
    return ax.plot([], [], color=palette.data, linewidth=1.0, zorder=3)[0]


def draw_zero(ax, palette) -> Line2D:
    """Where the residuals of a model that is right would lie."""
    return ax.axhline(0, color=palette.muted, linewidth=0.8, zorder=2)


def show_residuals(stems, x, residuals):
    """Set the stems to residuals (k,) at x (k,)."""
    gaps = np.full_like(x, np.nan)
    stems.set_data(np.repeat(x, 3), np.stack([np.zeros_like(residuals), residuals, gaps], axis=1).ravel())


def data_limits(y, curve, limits):
    """y limits that hold the data, and the model as far as it does not dwarf them."""
    low, high = finite_range(y)
    room = MODEL_ROOM * ((high - low) or 1.0)
    curve_low, curve_high = finite_range(curve)
    low, high = min(low, max(curve_low, low - room)), max(high, min(curve_high, high + room))
    return grown(limits, low, high, room=0.06)


def residual_limits(residuals, limits):
    """Limits ± 1, 2 or 5 times a power of ten that hold the residuals and are not five times too wide."""
    greatest = max(map(abs, finite_range(residuals))) if np.isfinite(residuals).any() else 0.0
    if limits is not None and greatest <= limits[1] <= 5 * greatest:
        return limits
    if greatest == 0.0:
        return limits or (-1.0, 1.0)
    decade = 10.0 ** np.floor(np.log10(greatest))
    bound = next(step * decade for step in (1, 2, 5, 10) if step * decade >= greatest)
    return -bound, bound
