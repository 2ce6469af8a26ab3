"""The picture of a fit in motion: five panels, drawn by moving artists over a kept background.

A frame restores the background (axes, grid, data), draws the artists that move, and encodes a PNG. Of the background
only the panels whose axes must change are drawn anew (`layers`). The figure is its own: no pyplot, which is not safe
off the main thread, and no settings of matplotlib are touched. One thread at a time may use it.
"""

import numpy as np
from matplotlib.figure import Figure

from trfkit.plots.alt_text import describe_data, describe_trial
from trfkit.plots.frame import dress
from trfkit.plots.layers import Layers
from trfkit.plots.live_data import DataPanels, Lines
from trfkit.plots.live_layout import lay_out
from trfkit.plots.live_trials import Shown, TrialPanels
from trfkit.plots.picture import DOTS_PER_INCH, palette_of
from trfkit.plots.png import encode_png

EARLIER_CURVES = 6
PANELS = ("data", "residuals", "cost", "radius", "ratio")
SHARED = {"data": "x", "residuals": "x", "cost": "trial", "radius": "trial", "ratio": "trial"}  # axis of each
OVER_X = ("x", "data", "residuals")
LOGARITHMIC = ("cost", "radius")


class FitFigure:
    """Data and model, residuals, cost, trust radius and reduction ratio of one fit.

    `curve` is the `ModelCurve` to draw. `show` moves the picture to a trial, `show_values` to a preview; `png` and
    `alt_text` are what it then is. If the model raises, they raise that and leave the picture as it was. `width` and
    `height` are in CSS pixels, of which each has `pixel_ratio` pixels a side; on less than 1 000 the panels over the
    trials stand below the others. Raises ValueError for a size or theme that there is not.
    """

    def __init__(self, curve, *, theme="light", width=1180, height=460, pixel_ratio=1.0, xlabel="x", ylabel="y"):
        self._curve = self._part = curve  # the whole, and the range of it that is shown
        self._labels = xlabel, ylabel
        self._look = {"width": width, "height": height, "pixel_ratio": pixel_ratio, "theme": theme}
        self._values = None  # of the model: now, earlier, rejected
        self._previewing = False  # whether the model is shown at values that are none of the trials'
        self._trials = None  # `Shown` of the panels over the trials
        self._zooms = {}  # limits by panel, and by "x" and "trial"
        self._band = None
        self._key_lines = 1
        self._crowded = False
        self.spared = ()  # places (x, y) among the data where something else is drawn, for names to keep clear of
        self.full_draws = 0  # how often an axis or something behind the moving artists had to change
        self._build()
        self._arrange(None)

    @property
    def size(self):
        """(width, height) in CSS pixels."""
        return self._layout.size

    @property
    def pixel_ratio(self):
        """Pixels to a CSS pixel."""
        return self._look["pixel_ratio"]

    @property
    def theme(self):
        """ "light" or "dark"."""
        return self._look["theme"]

    @property
    def model(self):
        """`ModelLines` of the picture."""
        return self._over_x.model

    @property
    def components(self):
        """The lines of the terms of a sum by their labels."""
        return self._over_x.components

    @property
    def names(self):
        """The texts beside them."""
        return self._over_x.names

    @property
    def residuals(self):
        """The stems of the residuals."""
        return self._over_x.residuals

    @property
    def trials(self):
        """`TrialMarks` by panel."""
        return self._over_trials.marks

    @property
    def band(self):
        """What is drawn pale behind the curve: (x, low, high), each (g,), or what has them by name; or None."""
        return self._band

    @band.setter
    def band(self, band):
        if band is not self._band:
            self._band = band
            self._arrange(self._lines(self._values, self._part))

    def set_curve(self, curve, xlabel="x", ylabel="y"):
        """Draw other data, another mask or model from now on, without a curve until the next `show`.

        A zoom stays where the data have the same range of x; the panels over the trials stay as they are.
        """
        if curve.range != self._curve.range:
            self._zooms = {name: limits for name, limits in self._zooms.items() if name not in OVER_X}
        self._curve = curve
        self._part = self._within(self._zooms, _columns(self._look))
        self._labels = xlabel, ylabel
        self._values = None
        self._key_lines, self._crowded = 1, False
        self._build()
        self._arrange(None)

    def show(self, trace, index, values_at, marks=None, final=False, bounds=None):
        """Move the picture to row `index` of the trace, with the marks of its first `marks` rows (default: all).

        The axes make room for the whole trace: for one that still grows with some to spare, for one that is `final`
        exactly, so that a replay moves none of them. `values_at(theta)` gives the values of the model's parameters at a
        point θ (n,) of the trace, `bounds` are (lower, upper) (n,) of θ: trials at a bound are marked.
        """
        at_trial = trace[: index + 1]
        best = at_trial.best
        before = np.flatnonzero(~at_trial.rejected[:best])[-EARLIER_CURVES:]
        rejected = values_at(trace.x[index]) if at_trial.rejected[-1] else None
        values = values_at(trace.x[best]), [values_at(trace.x[i]) for i in before], rejected
        lines = self._lines(values, self._part)
        self._values, self._trials, self._previewing = values, Shown(trace, index, marks, final, bounds), False
        self._arrange(lines)

    def show_values(self, values):
        """Move the picture to the model at these values of its parameters; the trials stay as they were shown last."""
        values = values, (), None
        lines = self._lines(values, self._part)
        self._values, self._previewing = values, True
        self._arrange(lines, trials=False)

    def zoom(self, panel, x_limits=None, y_limits=None):
        """Show this range (low, high) of x and of y in a panel, over later frames, too; None leaves one as it is.

        "data" and "residuals" have x in common, and "cost", "radius" and "ratio" the trials. Raises ValueError for
        another panel and for limits that are no range.
        """
        new = {}
        for axis, limits in ((SHARED[_checked(panel)], x_limits), (panel, y_limits)):
            if limits is not None:
                new[axis] = _range(limits, positive=axis in LOGARITHMIC)
        self._look_at(self._zooms | new)

    def unzoom(self, panel):
        """Show all of a panel again."""
        ended = (SHARED[_checked(panel)], panel)
        self._look_at({axis: limits for axis, limits in self._zooms.items() if axis not in ended})

    def resize(self, width, height=None, pixel_ratio=None, theme=None):
        """Draw at another size, for another screen or page; a height of None is a good one for the width."""
        look = {"width": width, "height": height}
        look["pixel_ratio"] = self._look["pixel_ratio"] if pixel_ratio is None else pixel_ratio
        look["theme"] = self._look["theme"] if theme is None else theme
        part = self._within(self._zooms, _columns(look))
        lines = self._lines(self._values, part)
        self._part, self._look, self._key_lines = part, look, 1
        self._build()
        self._arrange(lines)

    def png(self):
        """The picture as PNG bytes."""
        self._draw()
        return encode_png(self._layers.pixels, self.pixel_ratio, self.alt_text)

    def _look_at(self, zooms):
        part = self._part
        if zooms.get("x") != self._zooms.get("x"):
            part = self._within(zooms, _columns(self._look))
        lines = self._lines(self._values, part)
        self._zooms, self._part = zooms, part
        self._arrange(lines)

    def _within(self, zooms, columns):
        """What is shown of the curve, many points decimated to so many columns of pixels."""
        return self._curve.within(zooms["x"], columns) if "x" in zooms else self._curve

    @staticmethod
    def _lines(values, curve):
        """`Lines` of the model; the only place where it is called, before anything has been changed."""
        if values is None:
            return None
        now, earlier, rejected = values
        curves = curve.several([now, *earlier, *(() if rejected is None else [rejected])])
        last = len(earlier) + 1
        return Lines(curves[0], tuple(curves[1:last]), None if rejected is None else curves[last])

    def _build(self):
        """An empty figure with all of its artists."""
        self._layout = layout = _laid_out(self._look, self._key_lines)
        self.palette = palette = palette_of(self.theme)
        dpi = DOTS_PER_INCH * self.pixel_ratio
        size = [length / DOTS_PER_INCH for length in layout.size]
        self._figure = Figure(figsize=size, dpi=dpi, facecolor=palette.ground)
        self.axes, self._titles = self._empty_axes()
        self._layers = Layers(self._figure, self.axes, {name: self._tile(name) for name in PANELS})
        boxes = {name: place.box for name, place in layout.places.items()}
        self._over_x = DataPanels(self.axes, palette, boxes["data"], self._curve.model, self._crowded)
        self._over_trials = TrialPanels(self.axes, palette, boxes["cost"], layout.narrow)
        self._stale = set(PANELS)  # whose background must be drawn
        self._moved = {self._over_x, self._over_trials}

    def _empty_axes(self):
        """The five Axes by name, with their labels, and their titles."""
        width, height = self._layout.size
        axes = {}
        for name in PANELS:
            x, y, w, h = self._layout.places[name].box
            shared = axes.get({"residuals": "data", "radius": "cost", "ratio": "cost"}.get(name))
            axes[name] = self._figure.add_axes((x / width, y / height, w / width, h / height), sharex=shared)
        (xlabel, ylabel), narrow = self._labels, self._layout.narrow
        trial, palette = "trial point", self.palette
        residuals = "(data − model) / σ" if self._curve.weighted else "data − model"
        looks = {
            "data": {"title": "", "ylabel": ylabel, "number_x": False},
            "residuals": {"title": residuals, "xlabel": xlabel if self._curve.over_x else "point"},
            "cost": {"title": "cost", "xlabel": trial if narrow else "", "number_x": narrow},
            "radius": {"title": "trust radius Δ", "xlabel": trial if narrow else "", "number_x": narrow},
            "ratio": {"title": "ρ actual / predicted", "xlabel": trial},
        }
        return axes, [dress(axes[name], palette, **look, fixed=True) for name, look in looks.items()]

    def _arrange(self, lines, trials=True):
        """Move the artists to the present state, those over the trials or not, and find the panels to draw anew."""
        fitted = self._trials is not None
        self._stale |= self._over_x.arrange(self._part, lines, self._zooms, self._band, fitted, self.spared)
        if self._over_x.key_lines > self._key_lines:
            self._key_lines, self._crowded = self._over_x.key_lines, self._over_x.crowded
            self._build()
            trials = True
            self._stale |= self._over_x.arrange(self._part, lines, self._zooms, self._band, fitted, self.spared)
        self._moved.add(self._over_x)
        if trials:
            self._stale |= self._over_trials.arrange(self._trials, self._zooms)
            self._moved.add(self._over_trials)
        residuals = None if lines is None else lines.now.residuals
        self.alt_text = describe_data(self._part, residuals, "x" in self._zooms or "data" in self._zooms)
        if fitted:
            of_another = " Of the last fit:" if self._previewing else ""
            shown = self._trials
            self.alt_text += f"{of_another} {describe_trial(shown.trace, shown.index, shown.bounds)}"

    def _draw(self):
        """Bring the pixels in line with the artists, in the half of the picture where any has moved."""
        halves = self._over_x, self._over_trials
        if self._layers.write([*self._titles, *(key for half in halves for key in half.key)]):
            self._stale = set(PANELS)
        if self._stale:
            self._layers.draw_panels(self._stale)
            self._moved |= {half for half in halves if self._stale & set(half.axes)}
            self._stale = set()
            self.full_draws += 1
        for half in self._moved:
            self._layers.draw_moving(half.axes, half.moving)
        self._moved = set()

    def _tile(self, panel):
        """Rows and columns of a panel's part of the picture."""
        tile, ratio = self._layout.places[panel].tile, self.pixel_ratio
        top = self._layout.size[1]
        rows = slice(round(ratio * (top - tile.top)), round(ratio * (top - tile.bottom)))
        return rows, slice(round(ratio * tile.left), round(ratio * tile.right))


def _laid_out(look, key_lines=1):
    """The `Layout` of a look; raises ValueError for one that there is not."""
    palette_of(look["theme"])
    if not 0 < (ratio := look["pixel_ratio"]) <= 8:
        raise ValueError(f"`pixel_ratio` must be pixels to a CSS pixel, up to 8, got {ratio!r}: try 1 or 2.")
    return lay_out(look["width"], look["height"], key_lines)


def _columns(look):
    """Pixels across the panel of data; raises as `_laid_out` does."""
    return round(look["pixel_ratio"] * _laid_out(look).places["data"].box.width)


def _checked(panel):
    if panel not in PANELS:
        raise ValueError(f"`panel` must be one of {', '.join(map(repr, PANELS))}, got {panel!r}.")
    return panel


def _range(limits, positive):
    """(low, high) of limits in either order."""
    low, high = sorted(map(float, limits))
    if not (np.isfinite([low, high]).all() and low < high and (low > 0 or not positive)):
        what = "two different positive numbers" if positive else "two different numbers"
        raise ValueError(f"limits must be {what}, got {limits!r}: unzoom() shows all again.")
    return low, high
