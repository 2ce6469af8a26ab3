"""A finished picture: its Axes and artists, what it shows in words, and how a notebook shows it.

The figures are matplotlib's own, made without pyplot: nothing is left open, and no setting of matplotlib is touched. A
notebook does not show such a figure by itself, so that a `Picture` brings its PNG along.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from trfkit.plots.frame import TICK_POINTS
from trfkit.plots.palette import PALETTES, Palette
from trfkit.plots.png import encode_png

DOTS_PER_INCH = 100  # of CSS pixels
PIXEL_RATIO = 1.5  # sharp on most screens, and a saved notebook stays small


@dataclass(frozen=True, eq=False, repr=False)
class Picture:
    """What was drawn. As the last value of a cell it is shown; `picture.figure.savefig("fit.pdf")` keeps it.

    A figure of pyplot's is left to pyplot, which shows it anyway.
    """

    figure: Figure
    axes: tuple[Axes, ...]
    artists: Any  # as the function that drew them says
    alt_text: str  # the picture in words, with its numbers

    def __repr__(self):
        return self.alt_text

    def _repr_mimebundle_(self, include=None, exclude=None):
        words = {"text/plain": self.alt_text}
        if self.figure.canvas.manager is not None:
            return words, {}
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        ratio = self.figure.dpi / DOTS_PER_INCH
        png = encode_png(np.asarray(canvas.buffer_rgba()), ratio, self.alt_text)
        width, height = (round(pixels / ratio) for pixels in canvas.get_width_height())
        return words | {"image/png": png}, {"image/png": {"width": width, "height": height, "alt": self.alt_text}}


def palette_of(theme: str) -> Palette:
    """The colours of a theme; raises ValueError for one that there is not."""
    if theme not in PALETTES:
        raise ValueError(f"`theme` must be one of {', '.join(map(repr, PALETTES))}, got {theme!r}.")
    return PALETTES[theme]


def new_figure(palette: Palette, width: int, height: int) -> Figure:
    """An empty figure of so many CSS pixels that makes room for what its panels need."""
    figure = Figure(
        figsize=(width / DOTS_PER_INCH, height / DOTS_PER_INCH),
        dpi=DOTS_PER_INCH * PIXEL_RATIO,
        facecolor=palette.ground,
        layout="constrained",
    )
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    return figure


def panel(ax: Axes | None, palette: Palette, width: int = 560, height: int = 360) -> Axes:
    """The Axes, or, where there is none, those of a new figure."""
    return new_figure(palette, width, height).add_subplot() if ax is None else ax


def draw_legend(ax: Axes, palette: Palette, **where) -> Legend:
    """What the labelled artists of a panel are; `where` as `Axes.legend` takes it."""
    return ax.legend(fontsize=TICK_POINTS, labelcolor=palette.text, frameon=False, **where)
