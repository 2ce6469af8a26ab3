"""Figures with matplotlib: Axes in, artists out, and artists that are moved, never cleared.

`FitFigure` puts them together into the picture of a fit; a figure of your own can use the parts::

    marks = draw_trials(ax, PALETTES["light"])
    marks.show(result.trace, result.trace.Delta, index=len(result.trace) - 1)

`draw_fit`, `draw_comparison`, `draw_profile`, `draw_bootstrap`, `draw_correlation`, `draw_singular_values` and
`draw_times` are pictures of a fit that is done, each a `Picture` that a notebook shows.
"""

from trfkit.plots.bootstrap_plot import draw_bootstrap
from trfkit.plots.comparison_plot import draw_comparison
from trfkit.plots.correlation_plot import draw_correlation
from trfkit.plots.curve import Curve, ModelCurve
from trfkit.plots.data import draw_data, draw_model, draw_residuals, show_residuals
from trfkit.plots.figure import FitFigure
from trfkit.plots.fit_plot import draw_fit
from trfkit.plots.frame import dress
from trfkit.plots.palette import PALETTES, Palette
from trfkit.plots.picture import Picture
from trfkit.plots.profile_plot import draw_profile
from trfkit.plots.singular_values import draw_singular_values
from trfkit.plots.times import draw_times
from trfkit.plots.trials import draw_ratio_bands, draw_trials

__all__ = [
    "PALETTES",
    "Curve",
    "FitFigure",
    "ModelCurve",
    "Palette",
    "Picture",
    "draw_bootstrap",
    "draw_comparison",
    "draw_correlation",
    "draw_data",
    "draw_fit",
    "draw_model",
    "draw_profile",
    "draw_ratio_bands",
    "draw_residuals",
    "draw_singular_values",
    "draw_times",
    "draw_trials",
    "dress",
    "show_residuals",
]
