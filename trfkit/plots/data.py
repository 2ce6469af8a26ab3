"""The panels over x: data with the model, and the residuals below."""

from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D

from trfkit.plots.frame import broken, finite_range, grown

EARLIER = 0.22  # opacity of the earlier curves: six of them show motion and hide nothing
MODEL_ROOM = 0.5  # a model that starts far off may widen the axis by this part of the data's range
FEW_POINTS = 60  # data so sparse gets larger dots


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
    rejected = ax.plot([], [], color=palette.rejected, linewidth=1.2, linestyle=(0, (5, 3)), zorder=4)[0]
    now = ax.plot([], [], color=palette.model, linewidth=2.2, zorder=5)[0]
    return ModelLines(now, earlier, rejected)


def draw_residuals(ax, palette):
    """The residuals as stems from zero, still empty; `show_residuals` moves them."""
    ax.axhline(0, color=palette.muted, linewidth=0.8, zorder=2)
    return ax.plot([], [], color=palette.data, linewidth=1.0, zorder=3)[0]


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
