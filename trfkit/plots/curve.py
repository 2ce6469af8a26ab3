"""The model as the live picture needs it: a smooth curve, its terms and residuals, from a few hundred evaluations."""

import copy
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from trfkit.plots.model_values import evaluate, evaluate_at_points, file, term_labels, works_point_by_point
from trfkit.plots.points import COLUMNS, Drawn, Series, standard_errors

GRID = 400  # points of the smooth curve: one for each two or three pixels of its panel
REMEMBERED = 32  # curves; scrubbing to and fro over a few trials then evaluates nothing


class Curve(NamedTuple):
    """A model at one set of values."""

    y: np.ndarray  # (g,) on the grid
    residuals: np.ndarray  # (k,) data less model at the drawn points that count, over sigma where there is one
    components: dict[str, np.ndarray]  # (g,) each, the terms of a sum by their labels


class ModelCurve:
    """A model and the data that it is fitted to, as something to draw.

    model   a `trfkit.models.Model`
    data    has x, y (m,) and sigma: None, a number, (m,) standard errors or an (m, m) covariance
    mask    (m,) True for the points that count, or None for all
    values  of the model's parameters, in its order; some at which the model can be tried

    The curve is drawn on `grid`; the points that count lie at `x` and `y` with standard errors `errors` or None, those
    that do not at `left_out`. Where x is not one real number per point, points are drawn in their order. Points that
    are not finite are not drawn.

    A model whose value at a point depends on that point's x alone is evaluated on the grid. One that needs the whole
    of x (it normalises, convolves, holds an array of the same length) is evaluated at the data, as the fit does.
    """

    def __init__(self, model, data, mask, values):
        self.model = model
        y = np.asarray(data.y)
        counts = np.ones(y.shape, bool) if mask is None else np.asarray(mask, bool)
        self._x, self._m, self._series = data.x, len(y), Series(data.x, y, counts)
        self._sigma = standard_errors(data.sigma, len(y))
        self.over_x = self._series.over_x
        self.labels = term_labels(model)
        whole = self._series.counting()
        sample = whole if whole.x.size else self._series.left_out()
        tried = np.asarray(values, dtype=float)
        self._pointwise = (
            self.over_x and sample.x.size > 0 and works_point_by_point(file(model.function), sample.x, tried)
        )
        self._look(None)

    @property
    def size(self) -> int:
        """How many points count."""
        return self._series.size

    @property
    def left_out_size(self) -> int:
        """How many do not."""
        return self._series.left_out_size

    @property
    def weighted(self) -> bool:
        """Whether the residuals are in units of sigma."""
        return self._sigma is not None

    @property
    def range(self) -> tuple[float, float]:
        """(least, greatest) x of all points."""
        return self._series.range

    def within(self, limits, columns=COLUMNS) -> "ModelCurve":
        """The same for a range (low, high) of x: more of its points, if there are many, and a finer grid there.

        The grid covers the range, whether there are data or not; None is the range of the data. Many points are
        decimated to their extremes in each of so many `columns`: the pixels across the panel.
        """
        part = copy.copy(self)
        part._look(limits, columns)
        return part

    def _look(self, limits, columns=COLUMNS):
        self.points: Drawn = self._series.counting(limits, columns)
        self.left_out: Drawn = self._series.left_out(limits, columns)
        self.x, self.y, self.decimated = self.points.x, self.points.y, self.points.decimated
        self.errors = None if self._sigma is None else self._sigma[self.points.index]
        if self._pointwise:
            even = np.linspace(*(limits or self.range), GRID)
            self.grid = np.unique(np.concatenate([even, self.x]))
            self._at_points = np.searchsorted(self.grid, self.x)
        else:
            self.grid = self.x
        self._remember = lru_cache(REMEMBERED)(self._evaluate)

    def __call__(self, values) -> Curve:
        """The model at these values; raises what the model raises."""
        return self.several([values])[0]

    def several(self, sets_of_values) -> list[Curve]:
        """The same for each of several sets of values."""
        filed = file(self.model.function)
        return [self._remember(filed, tuple(map(float, values))) for values in sets_of_values]

    def _evaluate(self, filed, values):
        if self._pointwise:
            rows = evaluate_at_points(filed, self.grid, values)
            at_points = rows[0, self._at_points]
        else:
            rows = evaluate(filed, self._x, values, self._m)[:, self.points.index]
            at_points = rows[0]
        residuals = self.y - at_points
        if self.errors is not None:
            with np.errstate(all="ignore"):
                residuals = residuals / self.errors
        return Curve(rows[0], residuals, dict(zip(self.labels, rows[1:], strict=True)))
