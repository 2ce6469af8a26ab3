"""The panels of a data set over two coordinates, x of shape (2, m): data, model and residuals, as images.

Points on a grid are its pixels, whatever their order; points in no order are dots.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.lines import Line2D

from trfkit.plots.diverging import diverging
from trfkit.plots.fit_panels import residual_label, with_unit
from trfkit.plots.fitted import Fitted
from trfkit.plots.frame import LABEL_POINTS, TICK_POINTS, dress, finite_range
from trfkit.plots.palette import Palette

SPARSEST = 2.0  # a grid with more gaps than pixels is none
MOST_OBLONG = 4.0  # beyond this ratio of its sides an image is stretched to its panel
DOTS_AREA = 2e4  # of a panel, points², shared by the dots


@dataclass(frozen=True)
class ImageArtists:
    """What was drawn of one data set."""

    data: ScalarMappable
    fit: ScalarMappable
    residuals: ScalarMappable
    left_out: Line2D | None  # crosses on the points that do not count

    @property
    def keys(self):
        """What a legend tells apart."""
        return [] if self.left_out is None else [self.left_out]


def is_image(data_set) -> bool:
    """Whether a data set lies over two coordinates."""
    return np.shape(data_set.x) == (2, *data_set.y.shape)


def draw_image_set(axes: Sequence[Axes], fitted: Fitted, palette: Palette, xlabel=None, ylabel=None) -> ImageArtists:
    """Data and model in the same colours on the first two of three Axes, residuals on the third.

    The labels are those of the two coordinates, x₀ and x₁ with their unit unless given.
    """
    x, y = fitted.set.x, np.where(np.isfinite(fitted.set.y), fitted.set.y, np.nan)
    residuals = np.full(y.shape, np.nan)
    residuals[fitted.counts] = fitted.result.residuals[fitted.set.name]
    model = fitted.result.predict(None, fitted.set.name)
    low, high = finite_range(y[fitted.counts], model)
    most = max(map(abs, finite_range(residuals))) or 1.0
    level = {"cmap": "viridis", "vmin": low, "vmax": high}
    around_zero = {"cmap": diverging(palette), "vmin": -most, "vmax": most}
    x_unit, y_unit = fitted.result.units
    xlabel, ylabel = xlabel or with_unit("x₀", x_unit), ylabel or with_unit("x₁", x_unit)
    prefix = f"{fitted.set.name}: " if fitted.set.name else ""
    panels = (
        (f"{prefix}data", y, level, None),
        ("fit", model, level, with_unit("y", y_unit)),
        (residual_label(fitted, y_unit), residuals, around_zero, ""),
    )
    images = []
    for i, (ax, (title, values, look, bar)) in enumerate(zip(axes, panels, strict=True)):
        dress(ax, palette, title, xlabel, ylabel if i == 0 else "")
        ax.grid(False)
        images.append(_draw_values(ax, x, values, look))
        if bar is not None:
            _draw_bar(ax, images[-1], bar, palette)
    return ImageArtists(*images, _draw_left_out(axes[0], x[:, ~fitted.counts], palette))


def _draw_values(ax, x, values, look):
    """One value at each point of x (2, m); those that are not finite leave the ground to be seen."""
    (columns, column), (rows, row) = (np.unique(coordinate, return_inverse=True) for coordinate in x)
    sides = np.ptp(x, axis=1)
    if max(sides) <= MOST_OBLONG * min(sides):
        ax.set_aspect("equal")
    if columns.size * rows.size > SPARSEST * values.size:
        return ax.scatter(*x, c=values, s=np.clip(DOTS_AREA / values.size, 2.0, 60.0), linewidths=0, **look)
    image = np.full((rows.size, columns.size), np.nan)
    image[row, column] = values
    return ax.pcolorfast(_edges(columns), _edges(rows), image, **look)


def _edges(centers):
    """The edges (n + 1,) of pixels with these centers (n,)."""
    if centers.size == 1:
        return centers[0] + np.array([-0.5, 0.5])
    middles = (centers[1:] + centers[:-1]) / 2
    return np.concatenate([[2 * centers[0] - middles[0]], middles, [2 * centers[-1] - middles[-1]]])


def _draw_bar(ax, image, label, palette):
    """What the colours mean, as high as the image is."""
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.03, 0.0, 0.045, 1.0)))
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=TICK_POINTS, labelcolor=palette.muted, color=palette.muted)
    bar.set_label(label, size=LABEL_POINTS, color=palette.muted)


def _draw_left_out(ax, x, palette):
    if not x.size:
        return None
    return ax.plot(*x, "x", color=palette.rejected, markersize=4.5, linestyle="", zorder=3, label="left out")[0]
