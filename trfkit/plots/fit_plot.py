"""The picture of a fit that is done: each data set with its curve, band and residuals, and the parameters beside it."""

import math
import textwrap

from trfkit.plots.fit_layout import given_axes, own_axes, write_beside
from trfkit.plots.fit_panels import Look, component_looks, draw_pair, shortened
from trfkit.plots.fitted import Fitted
from trfkit.plots.frame import LABEL_POINTS, finite_range
from trfkit.plots.image_panels import draw_image_set, is_image
from trfkit.plots.picture import Picture, palette_of
from trfkit.plots.words import estimates
from trfkit.report import facts
from trfkit.report.digits import number, typeset

MOST_PARAMETERS = 40  # beside the panels; a report has all of them
CHARACTER = 0.62  # width of a letter, by the size of its font


def draw_fit(
    result, axes=None, *, level=0.95, theme="light", bands=("confidence",), components=True, xlabel=None, ylabel=None
) -> Picture:  # fmt: skip
    """Data with errors, fit, its components and band, and residuals below; parameters ± errors beside them.

    axes        your own Axes in place of a new figure, as `plt.subplots` makes them: a column for each data set, the
                data in its first row, the residuals in its second if there is one; three for data over two coordinates.
                Logarithmic axes stay so. The parameters then are the title, and `ax.legend()` tells the curves apart
    level       of the bands
    theme       "light" or "dark"
    bands       any of "confidence", where the curve lies, and "prediction", where new data lie
    components  whether to draw the terms of a sum
    xlabel      of the axis; x with its unit unless given, and so is ylabel

    `artists` of the picture is {data set: SetArtists or ImageArtists}, "" being the name of the only one. Raises
    ValueError for axes that do not suit the data sets, an unknown theme or kind of band, or no level.
    """
    palette = palette_of(theme)
    bands = (bands,) if isinstance(bands, str) else tuple(bands)
    looks = component_looks([s.model for s in result.sets], palette) if components else {}
    look = Look(palette, level, bands, looks)
    columns = own_axes(result.sets, palette) if axes is None else given_axes(result.sets, axes)
    artists = {}
    for s, column in zip(result.sets, columns, strict=True):
        fitted = Fitted(result, s.name, column[0].get_xscale() == "log")
        if is_image(s):
            artists[s.name] = draw_image_set(column, fitted, palette, xlabel, ylabel)
        else:
            own = s.name or shortened(repr(s.model))
            title = own if axes is None else _wrapped(estimates(result, s.names), column[0])
            artists[s.name] = draw_pair(column, fitted, look, title, xlabel, ylabel)
    figure = columns[0][0].get_figure(root=True)
    if axes is None:
        keys = [key for each in artists.values() for key in each.keys]
        write_beside(figure, _lines(result), keys, palette)
    return Picture(figure, tuple(ax for column in columns for ax in column), artists, describe(result))


def _lines(result) -> list[str]:
    """All parameters, one below the other, and the reduced χ²."""
    entries = estimates(result, result.names)
    longest = max(len(name) for name, _ in entries[:MOST_PARAMETERS])
    lines = [f"{name:{longest}}  {estimate}" for name, estimate in entries[:MOST_PARAMETERS]]
    if len(entries) > MOST_PARAMETERS:
        lines.append(f"and {len(entries) - MOST_PARAMETERS} more")
    reduced = result.goodness.reduced_chi_square
    return [*lines, "", "" if math.isnan(reduced) else f"reduced χ² = {typeset(number(reduced, 4))}\n"]


def _wrapped(entries, ax) -> str:
    """Parameters in as many lines above a panel as they need."""
    width = ax.get_window_extent().width * 72 / ax.get_figure(root=True).dpi
    whole = [f"{name} = {estimate}".replace(" ", "\N{NO-BREAK SPACE}") for name, estimate in entries]
    return textwrap.fill("   ".join(whole), max(20, int(width / (CHARACTER * LABEL_POINTS))))


def describe(result) -> str:
    """The picture in words, with its numbers."""
    sentences = []
    for s in result.sets:
        low, high = finite_range(s.y)
        name = f"Data set {s.name}" if s.name else "Data"
        sentences.append(f"{name} of {s.y.size} points, y from {low:.4g} to {high:.4g}, with a fit of {s.model!r}.")
    sentences.append(f"It used {facts.in_one_line(result)}.")
    parameters = ", ".join(f"{name} = {estimate}" for name, estimate in estimates(result, result.names))
    sentences.append(f"The parameters are {parameters}.")
    for s in result.sets:
        low, high = finite_range(result.residuals[s.name])
        name, unit = f" of {s.name}" if s.name else "", "" if s.sigma is None else " standard errors"
        sentences.append(f"The residuals{name} lie between {low:.3g} and {high:.3g}{unit}.")
    return " ".join(sentences)
