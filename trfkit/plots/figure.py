"""The picture of a fit in motion: five panels, redrawn by moving artists over a kept background.

A frame restores the background (axes, grid, data), draws the artists that move, and encodes a PNG. Everything is drawn
anew only when an axis must change its limits. The figure is its own: no pyplot, which is not safe off the main thread,
and no settings of matplotlib are touched. One thread at a time may use it.
"""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from trfkit.plots import data, trials
from trfkit.plots.alt_text import describe
from trfkit.plots.frame import dress
from trfkit.plots.palette import PALETTES
from trfkit.plots.png import encode_png
from trfkit.trace import Trace

DOTS_PER_INCH = 100
EARLIER_CURVES = 6

# Edges in CSS pixels: of the left column, of the right column, and of the rows from the bottom.
LEFT, GUTTER, RIGHT_MARGIN = 62, 70, 52
TOP, BOTTOM, RESIDUALS, TITLE = 26, 42, 66, 27
LEFT_SHARE = 0.64  # of the width between the margins

DATA_TITLE = "data and model  ·  pale: earlier steps  ·  dashed: a rejected trial"


class FitFigure:
    """Data and model, residuals, cost, trust radius and reduction ratio of one fit.

    `curve` is the `ModelCurve` to draw. `show` moves the picture to a trial; `png` and `alt_text` are what it then is.
    Sizes are in CSS pixels, of which each has `pixel_ratio` pixels a side.
    """

    def __init__(self, curve, *, theme="light", width=920, height=440, pixel_ratio=1.5, xlabel="x", ylabel="y"):
        self.palette = PALETTES[theme]
        self.pixel_ratio = pixel_ratio
        self.alt_text = ""
        self._curve = curve
        self.size = width, height
        self._figure = Figure(
            figsize=(width / DOTS_PER_INCH, height / DOTS_PER_INCH),
            dpi=DOTS_PER_INCH * pixel_ratio,
            facecolor=self.palette.ground,
        )
        self._canvas = FigureCanvasAgg(self._figure)
        self.axes = self._lay_out(xlabel if curve.over_x else "point", ylabel)
        self._draw_panels()
        self._limits = dict.fromkeys(("trial", "data", "residuals", "cost", "radius"))
        self._seen = None  # the last trace shown
        self._background = None
        self.full_draws = 0  # how often an axis had to change

    def _lay_out(self, xlabel, ylabel):
        """The five Axes by name."""
        width, height = self.size
        left_width = LEFT_SHARE * (width - LEFT - GUTTER - RIGHT_MARGIN)
        right = LEFT + left_width + GUTTER
        right_width = width - RIGHT_MARGIN - right
        bottom_of_data = BOTTOM + RESIDUALS + TITLE
        third = (height - TOP - BOTTOM - 2 * TITLE) / 3

        def axes(x, y, w, h, **share):
            return self._figure.add_axes((x / width, y / height, w / width, h / height), **share)

        panels = {"data": axes(LEFT, bottom_of_data, left_width, height - TOP - bottom_of_data)}
        panels["residuals"] = axes(LEFT, BOTTOM, left_width, RESIDUALS, sharex=panels["data"])
        panels["ratio"] = axes(right, BOTTOM, right_width, third)
        panels["radius"] = axes(right, BOTTOM + third + TITLE, right_width, third, sharex=panels["ratio"])
        panels["cost"] = axes(right, BOTTOM + 2 * (third + TITLE), right_width, third, sharex=panels["ratio"])
        palette = self.palette
        dress(panels["data"], palette, DATA_TITLE, ylabel=ylabel, number_x=False)
        dress(panels["residuals"], palette, "data − model", xlabel=xlabel)
        dress(panels["cost"], palette, "cost", number_x=False)
        dress(panels["radius"], palette, "trust radius Δ", number_x=False)
        dress(panels["ratio"], palette, "ρ = actual / predicted reduction", xlabel="trial point")
        trials.draw_legend(self._figure, palette, (right + right_width) / width, 1 - 9 / height)
        return panels

    def _draw_panels(self):
        """Draw every artist once; those that move are left out of the background."""
        ax, palette, curve = self.axes, self.palette, self._curve
        data.draw_data(ax["data"], curve.x, curve.y, palette, curve.decimated)
        ax["data"].margins(x=0.02)
        self.model = data.draw_model(ax["data"], palette)
        self.residuals = data.draw_residuals(ax["residuals"], palette)
        trials.draw_ratio_bands(ax["ratio"], palette)
        for name in ("cost", "radius"):
            ax[name].set_yscale("log")
        self.trials = {name: trials.draw_trials(ax[name], palette) for name in ("cost", "radius", "ratio")}
        self._moving = [("data", artist) for artist in self.model.artists]
        self._moving.append(("residuals", self.residuals))
        self._moving += [(name, artist) for name, marks in self.trials.items() for artist in marks.artists]
        for _, artist in self._moving:
            artist.set_animated(True)

    def show(self, trace, index, marks=None, final=False):
        """Move the picture to row `index` of the trace, with the marks of its first `marks` rows (default: all).

        The axes make room for the whole trace: for one that still grows with some to spare, for one that is `final`
        exactly, so that a replay moves none of them.
        """
        at_trial = trace[: index + 1]
        best = at_trial.best
        now = self._curve(trace.x[best])
        before = np.flatnonzero(~at_trial.rejected[:best])[-EARLIER_CURVES:]
        earlier = [self._curve(trace.x[i]).y for i in before]
        rejected = self._curve(trace.x[index]).y if at_trial.rejected[-1] else None

        self._make_room(trace, now, final)
        self.model.show(self._curve.grid, now.y, earlier, rejected)
        data.show_residuals(self.residuals, self._curve.x, now.residuals)
        visible = trace[:marks]
        costs = trials.costs(visible, self._limits["cost"])
        for name, values in (("cost", costs), ("radius", visible.Delta), ("ratio", trials.ratios(visible))):
            self.trials[name].show(visible, values, index)
        self.alt_text = describe(trace, index, len(self._curve.x))
        self._blit()

    def show_start(self, parameters):
        """Move the picture to the model at these parameters, before any fit."""
        now = self._curve(parameters)
        self._make_room(Trace((), ()), now, final=False)
        self.model.show(self._curve.grid, now.y)
        data.show_residuals(self.residuals, self._curve.x, now.residuals)
        self.alt_text = f"{len(self._curve.x)} data points and the model from which the next fit starts."
        self._blit()

    def png(self):
        """The picture as PNG bytes."""
        return encode_png(np.asarray(self._canvas.buffer_rgba()), self.pixel_ratio, self.alt_text)

    def _make_room(self, trace, curve, final):
        """Change the limits that must change, and with them the background."""
        old = self._limits
        if final or (self._seen is not None and not _continues(trace, self._seen)):
            old = old | dict.fromkeys(("trial", "cost", "radius"))
        self._seen = trace
        new = {
            "trial": trials.trial_limits(trace, old["trial"]),
            "cost": trials.cost_limits(trace, old["cost"]),
            "radius": trials.radius_limits(trace, old["radius"]),
            "data": data.data_limits(self._curve.y, curve.y, old["data"]),
            "residuals": data.residual_limits(curve.residuals, old["residuals"]),
        }
        if new == self._limits:
            return
        self._limits = new
        self._background = None
        self.axes["ratio"].set_xlim(new["trial"])
        for name in ("data", "residuals", "cost", "radius"):
            self.axes[name].set_ylim(new[name])
        for name in ("cost", "radius"):  # before the first trial the numbers there would mean nothing
            self.axes[name].tick_params(axis="y", which="both", labelleft=len(trace) > 0)

    def _blit(self):
        if self._background is None:
            self._canvas.draw()
            self._background = self._canvas.copy_from_bbox(self._figure.bbox)
            self.full_draws += 1
        self._canvas.restore_region(self._background)
        for name, artist in self._moving:
            self.axes[name].draw_artist(artist)


def _continues(trace, earlier):
    """Whether a trace is that of the same fit as an earlier one: as long or longer, from the same start."""
    return len(trace) >= len(earlier) > 0 and np.array_equal(trace.rows[0], earlier.rows[0], equal_nan=True)
