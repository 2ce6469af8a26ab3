"""The picture of bootstrap samples."""

import math
from typing import NamedTuple

import numpy as np
from matplotlib.container import BarContainer
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from trfkit.plots.fit_panels import with_unit
from trfkit.plots.frame import dress
from trfkit.plots.picture import Picture, draw_legend, palette_of, panel
from trfkit.plots.words import interval, percent

MOST_BINS = 60
MOST_TICKS = 5  # their numbers may have many digits
HEADROOM = 1.4  # of the highest bar, for the legend above it
REACH, SMOOTH = 4.0, 200  # standard errors to either side, and points, of the normal curve


class BootstrapArtists(NamedTuple):
    """What was drawn of bootstrap samples."""

    bars: BarContainer
    normal: Line2D | None  # what the covariance says
    ends: Line2D | None  # of the percentile interval; None where the data do not determine it


def draw_bootstrap(bootstrap, name, ax=None, *, level=0.95, estimate=None, theme="light") -> Picture:
    """How often which value of a parameter came out, and the ends of the percentile interval at a level.

    `bootstrap` is `result.bootstrap()`. With estimate=result[name] the normal curve that the covariance stands for is
    drawn, too.
    """
    palette = palette_of(theme)
    ends, best = bootstrap.intervals(level)[name], bootstrap.estimates[name]
    samples = bootstrap.values[:, list(bootstrap.estimates).index(name)]
    words = f"{name} in {samples.size} samples, {percent(level)} interval {interval(best, *ends)}"
    ax = panel(ax, palette)
    dress(ax, palette, words, with_unit(name, getattr(estimate, "unit", "")), "samples")
    ax.xaxis.set_major_locator(MaxNLocator(MOST_TICKS))
    edges = np.histogram_bin_edges(samples, "fd")
    if edges.size > MOST_BINS + 1:
        edges = np.linspace(edges[0], edges[-1], MOST_BINS + 1)
    counts, edges = np.histogram(samples, edges)
    bars = ax.bar(edges[:-1], counts, np.diff(edges), align="edge", color=palette.data, alpha=0.45, label="bootstrap")
    highest = counts.max()
    normal = None
    if estimate is not None and 0 < estimate.stderr < math.inf:
        z = np.linspace(-REACH, REACH, SMOOTH)
        expected = samples.size * (edges[1] - edges[0]) / estimate.stderr * np.exp(-0.5 * z**2) / math.sqrt(2 * np.pi)
        x = estimate.value + z * estimate.stderr
        normal = ax.plot(x, expected, color=palette.cg, linestyle=(0, (5, 2)), linewidth=1.6, label="covariance")[0]
        highest = max(highest, expected.max())
    marks = None
    if np.isfinite(ends).all():
        low, high = ends
        marks = ax.plot(
            [low, low, math.nan, high, high], [0, highest, math.nan, 0, highest], color=palette.model, linewidth=1.6,
            label=f"{percent(level)} interval",
        )[0]  # fmt: skip
    ax.axvline(best, 0, 1 / HEADROOM, color=palette.text, linewidth=1.2, label="best fit")
    ax.set_ylim(0, HEADROOM * highest)
    draw_legend(ax, palette, loc="upper left", ncols=2)
    return Picture(ax.get_figure(root=True), (ax,), BootstrapArtists(bars, normal, marks), f"Bootstrap: {words}.")
