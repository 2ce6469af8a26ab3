"""Figures with matplotlib: Axes in, artists out, and artists that are moved, never cleared.

`FitFigure` puts them together into the picture of a fit; a figure of your own can use the parts::

    marks = draw_trials(ax, PALETTES["light"])
    marks.show(result.trace, result.trace.Delta, index=len(result.trace) - 1)
"""

from trfkit.plots.curve import Curve, ModelCurve
from trfkit.plots.data import draw_data, draw_model, draw_residuals, show_residuals
from trfkit.plots.figure import FitFigure
from trfkit.plots.frame import dress
from trfkit.plots.palette import PALETTES, Palette
from trfkit.plots.trials import draw_ratio_bands, draw_trials

__all__ = [
    "PALETTES",
    "Curve",
    "FitFigure",
    "ModelCurve",
    "Palette",
    "draw_data",
    "draw_model",
    "draw_ratio_bands",
    "draw_residuals",
    "draw_trials",
    "dress",
    "show_residuals",
]
