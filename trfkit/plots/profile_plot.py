"""The picture of a profile likelihood."""

import math
from typing import NamedTuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from trfkit.plots.fit_panels import with_unit
from trfkit.plots.frame import TICK_POINTS, dress, finite_range
from trfkit.plots.picture import Picture, draw_legend, palette_of, panel
from trfkit.plots.words import interval, percent
from trfkit.statistics.intervals import critical

ONE_SIGMA = math.erf(1 / math.sqrt(2))  # the level of one standard error either way, 68.3 %
MOST_TICKS = 5  # their numbers may have many digits
ROOM = 1.15  # of what the panel has to hold


class ProfileArtists(NamedTuple):
    """What was drawn of a profile."""

    tau: Line2D  # with a dot for each fit
    linear: Line2D | None  # what the covariance says
    levels: dict[float, Line2D]  # at −quantile and quantile, by level
    interval: Rectangle | None  # None where the fits did not tell an end


def draw_profile(profile, name, ax=None, *, estimate=None, theme="light") -> Picture:
    """τ, the signed root of the rise in cost, over a parameter: a straight line where the model is linear in it.

    `profile` is `result.profile()`. With estimate=result[name] the line that the covariance stands for is drawn, too,
    dashed: where it leaves the curve, intervals by covariance are wrong. Dots are the fits that were made, dotted lines
    the levels at which intervals end; the interval of the profile's own level is shaded.
    """
    palette = palette_of(theme)
    curve, ends, best = profile.curve(name), profile[name], profile.estimates[name]
    words = f"{name}, {percent(profile.level)} interval {interval(best, *ends)}"
    ax = panel(ax, palette)
    dress(ax, palette, words, with_unit(name, getattr(estimate, "unit", "")), "τ, signed root of the rise in cost")
    ax.xaxis.set_major_locator(MaxNLocator(MOST_TICKS))
    limits = _limits(curve.values, *ends)
    quantiles = {level: critical(level, profile.degrees_of_freedom, profile.sigma_known)
                 for level in sorted({profile.level, min(ONE_SIGMA, profile.level)})}  # fmt: skip
    highest = max(quantiles.values())
    top = ROOM * max(highest, np.abs(curve.tau).max())
    tau = ax.plot(curve.values, curve.tau, "o-", color=palette.model, markersize=3.5, linewidth=1.6, zorder=4)[0]
    tau.set_label("profile")
    linear = None
    if estimate is not None and 0 < estimate.stderr < math.inf:
        straight = (limits - estimate.value) / estimate.stderr
        linear = ax.plot(limits, straight, color=palette.cg, linestyle=(0, (5, 2)), linewidth=1.4, zorder=3)[0]
        linear.set_label("covariance")
    ax.plot([best], [0.0], "s", color=palette.text, markersize=5, linestyle="", zorder=5, label="best fit")
    levels = {level: _draw_level(ax, level, quantile, palette) for level, quantile in quantiles.items()}
    shade = None
    if not np.isnan(ends).any():
        shade = ax.axvspan(*np.clip(ends, *limits), color=palette.model, alpha=0.13, linewidth=0, zorder=0)
    ax.set(xlim=limits, ylim=(-top, top))
    # The curve rises through the best fit: of these corners, within the levels, it leaves the farther one free.
    side, corner = (1, "lower right") if best < limits.mean() else (0, "upper left")
    draw_legend(ax, palette, loc=corner, bbox_to_anchor=(side, 0.5 + (0.5 - side) * highest / top))
    return Picture(ax.get_figure(root=True), (ax,), ProfileArtists(tau, linear, levels, shade), f"Profile: {words}.")


def _limits(values, low, high):
    """Limits (2,) that hold the curve and both ends as far as they are numbers, and a little more."""
    low, high = finite_range(values, (low, high))
    room = (ROOM - 1) / 2 * (high - low) or abs(low) or 1.0
    return np.array([low - room, high + room])


def _draw_level(ax, level, quantile, palette):
    for sign in (-1, 1):
        ax.annotate(
            percent(level), (1, sign * quantile), xycoords=("axes fraction", "data"), xytext=(5, 0),
            textcoords="offset points", va="center", fontsize=TICK_POINTS, color=palette.muted, annotation_clip=False,
        )  # fmt: skip
    ends = [-quantile, -quantile, math.nan, quantile, quantile]
    across = ax.get_yaxis_transform()
    return ax.plot(
        [0, 1, math.nan, 0, 1], ends, transform=across, color=palette.muted, linestyle=(0, (1, 1.5)), linewidth=1.0
    )[0]  # fmt: skip
