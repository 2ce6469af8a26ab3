"""The picture of a session: its newest state as a frame on a canvas, with handles to drag and panels to zoom."""

import threading

import numpy as np

from trfkit.models import handles as models_handles
from trfkit.plots import PALETTES, FitFigure, ModelCurve
from trfkit.plots.fit_panels import component_looks
from trfkit.plots.fitted import Fitted
from trfkit.session.outcome import outcome_of
from trfkit.statistics.propagation import Band
from trfkit.widgets.canvas import Canvas
from trfkit.widgets.canvas.events import Handle, Region

WIDTHS = 560, 1280  # CSS pixels: with less a notebook scrolls sideways, with more the eye does
WIDTH = 1180  # where no browser has told how much room there is
MOST_PIXELS_A_SIDE = 2.0  # to a CSS pixel; more are drawn slowly, and nobody sees them
# One figure at a time: where labels have mathematical text, matplotlib sets it with one parser for all of them.
DRAWING = threading.RLock()
CURSORS = {"x": "ew-resize", "y": "ns-resize", "xy": "move"}
LEVEL = 0.95  # of the band


class FitView:
    """Data, model and solver of a session on `canvas`; `paint` brings it in line, on one thread at a time.

    theme     "light", "dark" or "auto", which follows the page
    labels    of x and y; None for those of the data
    """

    def __init__(self, session, theme="auto", labels=(None, None)):
        self.session = session
        self.trouble = None  # why the curve shown is not the one at the present values
        self.replaying = False  # whether trials after the one that is looked at are still to be seen
        self._theme, self._labels = theme, labels
        self._curves = {}  # of the settings that are drawn
        self._banded, self._band = None, None  # a result, and its band
        self._good = dict(session.values_shown)  # values of the last curve that was drawn
        settings = session.fitted if session.rows else session.settings
        self._drawn_curve = self._curve(settings)
        until_told = {"theme": "light" if theme == "auto" else theme, "width": WIDTH}  # by the page
        self.figure = FitFigure(self._drawn_curve, **until_told, **self._axis_labels(settings))
        if session.rows:  # a session that was saved shows the trials of its last fit, whatever was chosen since
            self._show_trial(len(session.rows) - 1)
        self.canvas = Canvas(*self.figure.size)
        self.handles = {}  # by id, those of the model that are on the canvas

    @property
    def theme(self):
        """The theme that is drawn, "light" or "dark"."""
        if self._theme != "auto":
            return self._theme
        return "dark" if self.canvas.dark else "light"

    @property
    def row(self):
        """The row of the trace that is looked at; None where it is the curve of the settings."""
        session = self.session
        newest = len(session.rows) - 1
        if session.cursor is not None:
            return min(session.cursor, newest)
        if not session.running and not self.at_result:
            return None
        return newest if newest >= 0 else None

    @property
    def at_result(self):
        """Whether the settings are those that the last fit has led to."""
        result = self.session.result
        return result is not None and outcome_of(self.session.settings, [result]) is not None

    def paint(self):
        """Show the session as it is. What a model raises becomes `trouble`, and the last picture stays."""
        with DRAWING:
            row = self.row
            try:
                self._draw(row)
            except Exception as error:  # noqa: BLE001  whatever a user's model raises while it is dragged
                self.trouble = self._named(f"{type(error).__name__}: {error}")
                return
            self.trouble = None
            self._good = dict(self.session.values_shown)
            self.canvas.regions = self._regions()
            self.canvas.handles = self._handles()
            self.canvas.show(self.figure.png(), self.figure.alt_text)

    def _draw(self, row):
        """Move the figure to a row of the trace, or to the settings."""
        session = self.session
        self._follow_page()
        settings = session.settings if row is None else session.fitted
        curve = self._curve(settings)
        if row is None:
            values = [session.values_shown[name] for name in settings.model.parameter_names]
            if not np.isfinite(curve(values).y).any():
                raise ValueError("the model is nowhere finite")
        if curve is not self._drawn_curve:
            self.figure.set_curve(curve, **self._axis_labels(settings))
            self._drawn_curve = curve
        at_end = row is not None and session.cursor is None and self.at_result
        self.figure.band = self._band if at_end and self._banded is session.result else None
        self.figure.spared = [(handle.x, handle.y) for handle in self._model_handles()]
        if row is None:
            self.figure.show_values(values)
        else:
            self._show_trial(row)

    def _show_trial(self, row):
        session = self.session
        bounds, marks = _bounds(session.fitted.parameters), row + 1 if self.replaying else None
        self.figure.show(session.trace, row, session.values_at, marks, not session.running, bounds)

    def compute_band(self):
        """Find the confidence band of the result, for the next picture; of a fit without one there is none."""
        result = self.session.result
        if result is None or not self._drawn_curve.over_x:
            return
        fitted = Fitted(result)
        low, high = fitted.band(LEVEL, "confidence")
        band = Band(fitted.grid.x, fitted.curve, low, high, LEVEL, "confidence")
        with DRAWING:
            self._banded = result
            self._band = band if np.isfinite(low).any() else None

    def still(self, theme="light"):
        """A figure of its own of the end of the last fit, for where no kernel runs."""
        session = self.session
        with DRAWING:
            figure = FitFigure(
                self._curve(session.fitted), theme=theme, width=self.figure.size[0], pixel_ratio=1.5,
                **self._axis_labels(session.fitted),
            )  # fmt: skip
            figure.band = self._band if self._banded is session.result else None
        trace = session.trace
        bounds = _bounds(session.fitted.parameters)
        figure.show(trace, len(trace) - 1, session.values_at, final=True, bounds=bounds)
        return figure

    def zoom(self, panel, x_limits, y_limits):
        """Show these limits of a panel."""
        with DRAWING:
            self.figure.zoom(panel, x_limits, y_limits)

    def unzoom(self, panel=None):
        """Show all of a panel, or of every one."""
        with DRAWING:
            for name in [panel] if panel else self.figure.axes:
                self.figure.unzoom(name)

    def nearest_point(self, panel, x, y, reach):
        """Index of the data point that is drawn nearest to (x, y), if within `reach` CSS pixels; else None."""
        data = self.session.data
        with DRAWING:
            ax, ratio = self.figure.axes[panel], self.figure.pixel_ratio
            line = data.x if self._drawn_curve.over_x else np.arange(data.y.size)
            places = ax.transData.transform(np.column_stack([line, data.y]))
            distance = np.hypot(*(places - ax.transData.transform((x, y))).T) / ratio
        distance = np.where(np.isfinite(distance), distance, np.inf)
        nearest = int(np.argmin(distance))
        return nearest if distance[nearest] <= reach else None

    def _curve(self, settings):
        """The `ModelCurve` of settings; only those in use are kept."""
        key = tuple(map(id, (settings.data, settings.model, settings.mask)))
        if key not in self._curves:
            data, mask = settings.data, settings.mask
            mask = np.ones(data.y.shape, dtype=bool) if mask is None else mask
            known = settings.parameters.full_values
            values = [known[name] for name in settings.model.parameter_names]
            used = (self.session.settings, self.session.fitted)
            in_use = {tuple(map(id, (s.data, s.model, s.mask))) for s in used}
            self._curves = {k: kept for k, kept in self._curves.items() if k in in_use}
            self._curves[key] = (settings, ModelCurve(settings.model, data, mask, values))  # ids stay those of these
        return self._curves[key][1]

    def _axis_labels(self, settings):
        x, y = self._labels
        return {"xlabel": x or settings.data.x_label, "ylabel": y or settings.data.y_label}

    def _follow_page(self):
        """Draw for the page that the canvas is on."""
        canvas, figure = self.canvas, self.figure
        width = int(np.clip(canvas.room, *WIDTHS)) if canvas.room else WIDTH
        wanted = {
            "width": width,
            "pixel_ratio": min(max(canvas.pixel_ratio, 1.0), MOST_PIXELS_A_SIDE),
            "theme": self.theme,
        }
        if wanted != {"width": figure.size[0], "pixel_ratio": figure.pixel_ratio, "theme": figure.theme}:
            figure.resize(**wanted)
            with canvas.hold_sync():
                canvas.width, canvas.height = figure.size

    def _regions(self):
        """The panels with data in them, where they are."""
        ratio = self.figure.pixel_ratio
        return [Region.of_axes(ax, name, ratio) for name, ax in self.figure.axes.items()]

    def _handles(self):
        """The model's handles as marks on the canvas."""
        values = self.session.values_shown
        self.handles = {handle.id: handle for handle in self._model_handles()}
        looks = component_looks([self.session.model], PALETTES[self.theme])
        marks = []
        for handle in self.handles.values():
            at = ", ".join(f"{name} {values[name]:.5g}" for name in handle.moves)
            color = looks.get(handle.id.rpartition(".")[0], ("",))[0]
            marks.append(
                Handle(handle.id, "data", handle.x, handle.y, f"{handle.label}: {at}", CURSORS[handle.follows], color)
            )
        return marks

    def _model_handles(self):
        """Where the model can be taken hold of; nowhere while it is on the move."""
        session = self.session
        moving = session.running or self.replaying
        if moving or not self._drawn_curve.over_x or self._drawn_curve is not self._curve(session.settings):
            return ()
        frozen = [name for name, parameter in session.parameters.items() if not parameter.free]
        x_range = self.figure.axes["data"].get_xlim()
        return models_handles.handles(session.model, session.values_shown, x_range, frozen)

    def _named(self, trouble):
        """The trouble, with the parameters that were changed since all was well."""
        values = self.session.values_shown
        changed = [f"{name} = {value:.6g}" for name, value in values.items() if self._good.get(name) != value]
        where = f" at {', '.join(changed)}" if changed else ""
        return f"{trouble}{where}. The curve shown is the last that could be drawn."


def _bounds(parameters):
    """(lower, upper) of the free ones."""
    free = [parameters[name] for name in parameters.free_names]
    return np.array([p.min for p in free]), np.array([p.max for p in free])
