"""Several models of the same data side by side, to choose among them."""

import math

from trfkit.plots.fit_layout import given_axes, own_axes, write_beside
from trfkit.plots.fit_panels import Look, component_looks, draw_pair
from trfkit.plots.fitted import Fitted
from trfkit.plots.image_panels import is_image
from trfkit.plots.picture import Picture, palette_of
from trfkit.report.digits import number, typeset


def draw_comparison(
    comparison, axes=None, *, data_set=None, level=0.95, theme="light", xlabel=None, ylabel=None
) -> Picture:  # fmt: skip
    """Fits of the same data by different models, by `trfkit.compare`: each with its residuals, all on the same scales.

    Titles tell AICc above the least, Δ; the model with Δ = 0 is the one to prefer. Of fits to several data sets one is
    drawn, by name. `axes` is as for `draw_fit`, a column for each model; `artists` is {name: SetArtists}. Raises
    ValueError for data over two coordinates.
    """
    palette = palette_of(theme)
    results = comparison.results
    rows = {row.name: row for row in comparison.rows}
    sets = [result.data_set(data_set) for result in results.values()]
    if any(map(is_image, sets)):
        raise ValueError("data over two coordinates are not drawn side by side: draw each result by its `plot`.")
    look = Look(palette, level, ("confidence",), component_looks([s.model for s in sets], palette))
    columns = own_axes(sets, palette) if axes is None else given_axes(sets, axes)
    artists = {}
    for (name, result), s, column in zip(results.items(), sets, columns, strict=True):
        fitted = Fitted(result, s.name, column[0].get_xscale() == "log")
        artists[name] = draw_pair(column, fitted, look, f"{name}\n{_told(rows[name])}", xlabel, ylabel)
    for panels in zip(*columns, strict=True):
        limits = [ax.get_ylim() for ax in panels]
        for ax in panels:
            ax.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
    figure = columns[0][0].get_figure(root=True)
    if axes is None:
        write_beside(figure, (), [key for each in artists.values() for key in each.keys], palette)
    words = " ".join(f"{name}: {_told(row)}." for name, row in rows.items())
    about = f"{len(rows)} models of the same {sets[0].y.size} points, best first."
    return Picture(figure, tuple(ax for column in columns for ax in column), artists, f"{about} {words}")


def _told(row) -> str:
    """AICc and what it means, and how well the model fits."""
    aicc = "no AICc" if math.isnan(row.aicc) else f"AICc {row.aicc:.2f}, Δ {row.delta:.2f}"
    reduced = "" if math.isnan(row.reduced_chi_square) else f", reduced χ² {typeset(number(row.reduced_chi_square, 4))}"
    return aicc + reduced
