"""Data, model and residuals in the live picture: what stands still is background, what the fit moves is drawn on it."""

from typing import NamedTuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from trfkit.plots import data
from trfkit.plots.curve import Curve, ModelCurve
from trfkit.plots.fit_panels import component_looks
from trfkit.plots.frame import draw_key, in_rows
from trfkit.plots.labels import Taken, place

MARGIN = 0.02  # of the range of x on either side
BAND = 0.2  # opacity
SPARED = 11.0  # CSS pixels around a place that no name may cover
MOST_NAMES = 6  # terms with their names beside them; more are told apart by the key


class Lines(NamedTuple):
    """The curves of one frame."""

    now: Curve
    earlier: tuple[Curve, ...] = ()
    rejected: Curve | None = None


class Still(NamedTuple):
    """What the background shows."""

    curve: ModelCurve
    band: object  # see `FitFigure.band`
    fitted: bool  # whether there are trials, whose curves the key must explain
    crowded: bool  # whether the key has the terms, which have no room for their names


class DataPanels:
    """The two panels over x. `moving` are drawn on each frame, the artists of `key` are written once.

    `crowded` from the start, or once a name found no room. `key_lines` is how many lines the key takes.
    """

    def __init__(self, axes, palette, box, model, crowded: bool):
        self.axes = {name: axes[name] for name in ("data", "residuals")}
        self.palette, self._box = palette, box
        looks = component_looks([model], palette)
        self.crowded = crowded or len(looks) > MOST_NAMES
        self.key_lines = 1
        self.model = data.draw_model(self.axes["data"], palette)
        self.components = data.draw_components(self.axes["data"], looks)
        self.names = {label: data.draw_name(self.axes["data"], label, color) for label, (color, _) in looks.items()}
        self.residuals = data.draw_residuals(self.axes["residuals"], palette)
        self._range = data.draw_range(self.axes["residuals"], palette)  # of many residuals
        self._zero = data.draw_zero(self.axes["residuals"], palette)  # over it
        self.moving = [*self.components.values(), *self.model.artists, *self.names.values()]
        self.moving += [self.residuals, self._range, self._zero]
        for artist in self.moving:
            artist.set_animated(True)
        self._limits = {"x": None, "data": None, "residuals": None}
        self._lined = False  # whether a model was drawn
        self._still = None
        self._background = []
        self.key, self._said = [], None  # and what it says
        self._taken = None  # cells of the data
        self._sizes = {label: self._size(name) for label, name in self.names.items()}

    def arrange(self, curve: ModelCurve, lines: Lines | None, zooms, band, fitted: bool, spared=()) -> set[str]:
        """Move everything to these curves; the names of the panels whose background has changed.

        `zooms` are limits by "x", "data" and "residuals"; `band` is drawn behind the curve; names keep
        clear of the places `spared`.
        """
        changed = self._set_limits(curve, lines, zooms)
        self._move(curve, lines)
        if self._taken is None or "data" in changed or self._still.curve is not curve:
            self._taken = self._cells_of_data(curve)
        self._write_names(curve, lines, spared)
        still = Still(curve, band, fitted, self.crowded)
        if "data" in changed or self._still is None or any(a is not b for a, b in zip(still, self._still, strict=True)):
            self._draw_background(still, on_edge="data" not in zooms and "x" not in zooms)
            changed |= {"data"}
        return changed

    def _set_limits(self, curve, lines, zooms):
        old = self._limits
        x = zooms.get("x") or _with_margin(*curve.range)
        kept = old if self._lined else dict.fromkeys(old)  # limits of the data alone give way to the model's
        old_y = kept["data"] if x == old["x"] and self._still is not None and self._still.curve is curve else None
        self._lined = lines is not None
        inner = curve.y if curve.errors is None or curve.decimated else _with_errors(curve)
        others = inner if lines is None else np.concatenate([lines.now.y, *lines.now.components.values()])
        residuals = np.empty(0) if lines is None else lines.now.residuals
        new = {
            "x": x,
            "data": zooms.get("data") or data.data_limits(inner, others, old_y),
            "residuals": zooms.get("residuals") or data.residual_limits(residuals, kept["residuals"]),
        }
        if new == old:
            return set()
        self._limits = new
        self.axes["data"].set_xlim(x)
        self.axes["data"].set_ylim(new["data"])
        self.axes["residuals"].set_ylim(new["residuals"])
        return {name for name in ("data", "residuals") if new["x"] != old["x"] or new[name] != old[name]}

    def _move(self, curve, lines):
        if lines is None:
            for artist in self.moving:
                artist.set_visible(False)
            return
        now = lines.now
        self.model.show(curve.grid, now.y, [c.y for c in lines.earlier], lines.rejected and lines.rejected.y)
        for label, line in self.components.items():
            line.set_data(curve.grid, now.components[label])
        if curve.decimated:
            data.show_range(self._range, curve.points.outlines(now.residuals, base=0.0))
        else:
            data.show_residuals(self.residuals, curve.x, now.residuals)
        for artist in self.moving:
            artist.set_visible(True)
        self.residuals.set_visible(not curve.decimated)
        for artist in (self._range, self._zero):
            artist.set_visible(curve.decimated)

    def _write_names(self, curve, lines, spared):
        """Put the name of each term beside it, highest peak first; without a place for each, all go to the key."""
        shown = {} if lines is None or self.crowded else lines.now.components
        for name in self.names.values():
            name.set_visible(False)
        if not shown:
            return
        taken = self._taken.copy()
        curves = {label: self._to_pixels(curve.grid, y) for label, y in shown.items()}
        for x, y in (*curves.values(), self._to_pixels(curve.grid, lines.now.y)):
            taken.add_curve(x, y)
        for x, y in spared:
            left, bottom = self._to_pixels(x, y)
            taken.add_box(left - SPARED, bottom - SPARED, 2 * SPARED, 2 * SPARED)
        for label, (x, y) in curves.items():
            if not taken.has(x, y):
                continue
            where = place(taken, x, y, *self._sizes[label])
            if where is None:
                self.crowded = True
                break
            self.names[label].set(position=(where[0] / self._box.width, where[1] / self._box.height), visible=True)
        if self.crowded:
            for name in self.names.values():
                name.set_visible(False)

    def _size(self, name):
        """Width and height in CSS pixels of a text, which has none while it is not visible."""
        extent = name.get_window_extent()
        scale = self._box.width / self.axes["data"].bbox.width
        return extent.width * scale, extent.height * scale

    def _to_pixels(self, x, y):
        """CSS pixels from the lower left corner of the panel of data."""
        (left, right), (low, high) = self._limits["x"], self._limits["data"]
        with np.errstate(all="ignore"):
            return (x - left) * (self._box.width / (right - left)), (y - low) * (self._box.height / (high - low))

    def _cells_of_data(self, curve):
        taken = Taken(self._box.width, self._box.height)
        errors = 0.0 if curve.errors is None or curve.decimated else curve.errors
        for y in (curve.y, curve.y - errors, curve.y + errors):
            taken.add_points(*self._to_pixels(curve.x, y))
        x, y = self._to_pixels(curve.x, curve.y)
        for run in curve.points.runs:
            taken.add_between(*((x[ends], y[ends]) for ends in run))
        left_out = curve.left_out
        taken.add_points(*self._to_pixels(left_out.x, np.clip(left_out.y, *self._limits["data"])))
        return taken

    def _draw_background(self, still, on_edge):
        for artist in self._background:
            artist.remove()
        palette, ax, curve = self.palette, self.axes["data"], still.curve
        points = data.draw_points(ax, curve.points, palette, curve.errors)
        left_out = data.draw_left_out(ax, curve.left_out, palette, self._limits["data"] if on_edge else None)
        band = [] if still.band is None else [_draw_band(ax, still.band, palette)]
        entries = [points[0], *left_out, Line2D([], [], color=palette.model, linewidth=2.2, label="model")]
        entries += [Patch(color=palette.model, alpha=BAND, linewidth=0, label=b.get_label()) for b in band]
        if still.fitted:
            entries += data.keys_of_trials(palette)
        rows = in_rows(entries, self._box.width)
        rows += in_rows(list(self.components.values()), self._box.width) if still.crowded else []
        self._background = [*points, *left_out, *band]
        self._still = still
        self._draw_key(rows)

    def _draw_key(self, rows):
        said = [[_look(entry) for entry in row] for row in rows]
        if said != self._said:
            for part in self.key:
                part.remove()
            self.key = draw_key(self.axes["data"], rows, self.palette)
            self.key_lines, self._said = len(rows), said


def _look(entry):
    """What tells one entry of a key from another."""
    return entry.get_label(), *((entry.get_marker(), entry.get_markersize()) if isinstance(entry, Line2D) else ())


def _with_margin(low, high):
    margin = MARGIN * (high - low) or 0.5
    return low - margin, high + margin


def _with_errors(curve):
    return np.concatenate([curve.y - curve.errors, curve.y + curve.errors])


def _draw_band(ax, band, palette):
    parts = (band.x, band.low, band.high) if hasattr(band, "low") else band
    x, low, high = (np.asarray(part, dtype=float) for part in parts)
    label = f"{100 * band.level:.3g} % {band.kind} band" if hasattr(band, "level") else "band"
    finite = np.isfinite(low) & np.isfinite(high)
    look = {"color": palette.model, "alpha": BAND, "linewidth": 0, "zorder": 1, "label": label}
    return ax.fill_between(x, low, high, where=finite, **look)
