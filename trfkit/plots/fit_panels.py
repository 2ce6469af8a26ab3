"""The panels of one data set of a fit over x: data, curve, components and bands, and the residuals below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D

from trfkit.plots.data import data_limits, draw_data, draw_residuals, show_residuals
from trfkit.plots.fitted import Fitted
from trfkit.plots.frame import dress, finite_range
from trfkit.plots.model_values import label_of
from trfkit.plots.palette import Palette

BAND_OPACITY = {"prediction": 0.18, "confidence": 0.36}  # the wider one lies behind
DASHES = ((0, (5, 2)), (0, (1, 1.2)), (0, (6, 2, 1, 2)))  # once the colours of the parts are used up
PALE = 0.45  # opacity of data so dense that they fill their panel
RESIDUAL_ROOM = 1.15  # of the greatest residual
LONGEST_TITLE = 84  # characters


@dataclass(frozen=True)
class SetArtists:
    """What was drawn of one data set; None where there is nothing of the kind."""

    data: Line2D
    errors: ErrorbarContainer | None  # bars of sigma and sigma_x; none on thousands of points
    fit: Line2D
    components: dict[str, Line2D]
    bands: dict[str, PolyCollection]  # by kind; those that are infinite everywhere are left out
    left_out: Line2D | None  # points that do not count, those far off on the edge
    residuals: Line2D | None = None  # stems from zero

    @property
    def keys(self):
        """What a legend tells apart, in its order."""
        some = (self.data, self.left_out, self.fit, *self.components.values(), *self.bands.values())
        return [artist for artist in some if artist is not None]


class Look(NamedTuple):
    """How to draw it, the same for all data sets of a picture."""

    palette: Palette
    level: float
    bands: Sequence[str]
    components: Mapping[str, tuple]  # (colour, dashes) by label; those that are not there are not drawn


def component_looks(models, palette: Palette) -> dict[str, tuple]:
    """(colour, dashes) of each component of these models by its label, the same one for the same label."""
    labels = dict.fromkeys(label_of(c) for model in models if model.kind == "sum" for c in model.components)
    count = len(palette.parts)
    return {label: (palette.parts[i % count], DASHES[i // count % len(DASHES)]) for i, label in enumerate(labels)}


def shortened(text: str) -> str:
    """A title that fits over a panel."""
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 1] + "…"


def with_unit(name: str, unit: str) -> str:
    """The label of an axis."""
    return f"{name} ({unit})" if unit else name


def draw_pair(axes: Sequence[Axes], fitted: Fitted, look: Look, title: str, xlabel=None, ylabel=None) -> SetArtists:
    """Data and fit on the first of the Axes, residuals on the second if there is one; labels from the units."""
    x_unit, y_unit = fitted.result.units
    xlabel = xlabel or (with_unit("x", x_unit) if fitted.over_x else "point")
    ylabel = ylabel or with_unit("y", y_unit)
    ax, *below = axes
    dress(ax, look.palette, title, "" if below else xlabel, ylabel, number_x=not below)
    artists = draw_set(ax, fitted, look)
    for residual_ax in below:
        residual_ax.set_xscale(ax.get_xscale())
        dress(residual_ax, look.palette, "", xlabel, residual_label(fitted, y_unit))
        stems = draw_set_residuals(residual_ax, fitted, look.palette)
        residual_ax.set_xlim(ax.get_xlim())
        artists = replace(artists, residuals=stems)
    return artists


def draw_set(ax: Axes, fitted: Fitted, look: Look) -> SetArtists:
    """Data with their errors, points left out, curve, components and bands."""
    palette, x = look.palette, fitted.grid.x
    curve = fitted.curve
    bands, ends = {}, []
    for kind in sorted(look.bands, reverse=True):  # "prediction" first
        low, high = fitted.band(look.level, kind)
        finite = np.isfinite(low) & np.isfinite(high)
        if finite.any():
            bands[kind] = _draw_band(ax, x, low, high, finite, f"{100 * look.level:.6g} % {kind} band", kind, palette)
            ends += [low[finite], high[finite]]
    terms = {}
    for label, y in fitted.components.items():
        if label in look.components:
            color, dashes = look.components[label]
            terms[label] = ax.plot(x, y, color=color, linestyle=dashes, linewidth=1.2, zorder=4, label=label)[0]
            ends.append(y)
    fit = ax.plot(x, curve, color=palette.model, linewidth=1.6, zorder=5, label="fit")[0]
    points = fitted.data
    data = draw_data(ax, points.x, points.y, palette, fitted.decimated)
    data.set(label="data", alpha=PALE if fitted.decimated else None)
    errors = None if fitted.decimated else _draw_errors(ax, points, palette)
    left_out = fitted.left_out
    ax.margins(x=0.02)
    if ax.get_autoscaley_on():
        _set_limits(ax, points, np.concatenate([curve, left_out.y, *ends]))
    hollow = _draw_left_out(ax, left_out, palette) if left_out.x.size else None
    return SetArtists(data, errors, fit, terms, bands, hollow)


def draw_set_residuals(ax: Axes, fitted: Fitted, palette: Palette) -> Line2D:
    """The residuals as stems from zero, dots on their ends."""
    residuals = fitted.residuals
    stems = draw_residuals(ax, palette)
    show_residuals(stems, residuals.x, residuals.y)
    if fitted.decimated:
        stems.set_alpha(PALE)
    else:
        draw_data(ax, residuals.x, residuals.y, palette)
    most = RESIDUAL_ROOM * max(map(abs, finite_range(residuals.y))) or 1.0  # of a perfect fit all are 0
    ax.set_ylim(-most, most)
    return stems


def residual_label(fitted: Fitted, unit: str) -> str:
    """What the residuals are in units of."""
    if fitted.set.sigma is None:
        return f"residual ({unit})" if unit else "residual"
    return "residual / σ" if np.ndim(fitted.set.sigma) < 2 else "whitened residual"


def _draw_band(ax, x, low, high, finite, label, kind, palette):
    return ax.fill_between(
        x, low, high, where=finite, color=palette.model, alpha=BAND_OPACITY[kind], linewidth=0, zorder=1, label=label
    )  # fmt: skip


def _draw_errors(ax, points, palette):
    if points.x_error is None and points.y_error is None:
        return None
    return ax.errorbar(
        points.x, points.y, points.y_error, points.x_error, fmt="none", ecolor=palette.data, elinewidth=0.9, zorder=2
    )


def _draw_left_out(ax, points, palette):
    return ax.plot(
        points.x, np.clip(points.y, *ax.get_ylim()), "o", markersize=4.5, markerfacecolor="none",
        markeredgecolor=palette.data, markeredgewidth=0.8, alpha=0.8, clip_on=False, zorder=2, label="left out",
    )[0]  # fmt: skip


def _set_limits(ax, points, others):
    """y limits that hold the data with their errors, and of all else as much as does not dwarf them."""
    error = 0.0 if points.y_error is None else points.y_error
    inner = np.concatenate([points.y - error, points.y + error])
    if ax.get_yscale() != "log":
        ax.set_ylim(data_limits(inner, others, None))
        return
    inner, others = (np.log10(values[values > 0]) for values in (inner, others))
    ax.set_ylim(*10.0 ** np.array(data_limits(inner, others, None)))
