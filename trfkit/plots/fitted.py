"""A data set and its model at the best parameters, where a picture needs them: on a grid and at the data."""

from typing import Any, NamedTuple

import numpy as np

from trfkit.plots.curve import GRID
from trfkit.plots.decimate import extremes
from trfkit.plots.model_values import is_the_same_among_fewer, label_of
from trfkit.plots.points import COLUMNS, MOST_POINTS, Series, standard_errors


class Grid(NamedTuple):
    """Where curves are drawn."""

    x: np.ndarray  # (k,) ascending
    argument: Any  # x as the model takes it; None for the data's own
    rows: Any  # which of the model's values there are the curve's


class Residuals(NamedTuple):
    """Residuals to draw, those of many points thinned to the extremes."""

    x: np.ndarray  # (k,) ascending
    y: np.ndarray  # (k,) (data − model) / sigma


class Points(NamedTuple):
    """Data to draw."""

    x: np.ndarray  # (k,)
    y: np.ndarray  # (k,)
    x_error: np.ndarray | None  # (k,)
    y_error: np.ndarray | None  # (k,)


class _OverLogarithm:
    """A model as a function of ln x: an even grid of that is a geometric one of x."""

    def __init__(self, function):
        self.function = function

    def __call__(self, logarithm, *parameters):
        return self.function(np.exp(logarithm), *parameters)


class Fitted:
    """One data set of a result.

    Where the model works point by point, curves are drawn on a grid over the points that count, geometric if
    `logarithmic`; else at those points. Where x is not one number a point, points are drawn in their order.
    """

    def __init__(self, result, name: str | None = None, logarithmic: bool = False):
        self.result = result
        self.set = result.data_set(name)
        self.counts = np.ones(self.set.y.shape, bool) if self.set.mask is None else self.set.mask.astype(bool)
        self._values = [result.values[name] for name in self.set.names]
        function, x = self.set.model.function, self.set.x
        self.over_x = np.shape(x) == self.set.y.shape
        logarithmic = logarithmic and self.over_x
        if logarithmic:
            with np.errstate(divide="ignore", invalid="ignore"):  # x ≤ 0 has no place on such an axis
                function, x = _OverLogarithm(function), np.log(x)
        series = Series(x, self.set.y, self.counts)
        points = series.counting()
        self.decimated, self._drawn = points.decimated, points.index
        self._line = np.asarray(self.set.x) if self.over_x else np.arange(self.set.y.size, dtype=float)
        if series.over_x and is_the_same_among_fewer(function, points.x, self._values):
            even = np.linspace(points.x[0], points.x[-1], GRID)
            grid = np.unique(np.concatenate([even, points.x]))
            grid = np.exp(grid) if logarithmic else grid
            self.grid = Grid(grid, grid, slice(None))
        else:
            self.grid = Grid(self._line[points.index], None, points.index)

    @property
    def data(self) -> Points:
        """The points that count."""
        return self._points(self._drawn)

    @property
    def left_out(self) -> Points:
        """The points that the mask leaves out, and that have a place in the picture."""
        return self._points(np.flatnonzero(~self.counts & np.isfinite(self.set.y) & np.isfinite(self._line)))

    def _points(self, chosen) -> Points:
        errors = (self._of(sigma, chosen) for sigma in (self.set.sigma_x if self.over_x else None, self.set.sigma))
        return Points(self._line[chosen], self.set.y[chosen], *errors)

    def _of(self, sigma, chosen):
        """Standard errors (k,) of the chosen points, from a number, (m,) errors or an (m, m) covariance."""
        errors = standard_errors(sigma, self.set.y.size)
        return None if errors is None else errors[chosen]

    @property
    def residuals(self) -> Residuals:
        """Of the points that count."""
        x, y = self._line[self.counts], self.result.residuals[self.set.name]
        kept = extremes(x, y, COLUMNS if len(x) > MOST_POINTS else len(x))
        return Residuals(x[kept], y[kept])

    @property
    def curve(self) -> np.ndarray:
        """The model (k,) on the grid."""
        return self.result.predict(self.grid.argument, self.set.name)[self.grid.rows]

    @property
    def components(self) -> dict[str, np.ndarray]:
        """The terms (k,) of a sum on the grid, by prefix, or by name where there is none."""
        model = self.set.model
        if model.kind != "sum":
            return {}
        x = self.set.x if self.grid.argument is None else self.grid.argument
        terms, first = {}, 0
        for component in model.components:
            own = self._values[first : first + len(component.parameters)]
            terms[label_of(component)] = np.asarray(component.function(x, *own))[self.grid.rows]
            first += len(own)
        return terms

    def band(self, level: float, kind: str):
        """(low, high) (k,) on the grid. The error of new data lies between those of the data beside it."""
        sigma = self._sigma_of_new_data() if kind == "prediction" and np.ndim(self.set.sigma) else None
        band = self.result.band(self.grid.argument, level, kind, self.set.name, sigma)
        return band.low[self.grid.rows], band.high[self.grid.rows]

    def _sigma_of_new_data(self) -> np.ndarray:
        """At each x of the grid's argument."""
        if self.grid.argument is None:
            return self._of(self.set.sigma, slice(None))
        data = self._points(np.flatnonzero(self.counts))
        order = np.argsort(data.x, kind="stable")
        return np.interp(self.grid.x, data.x[order], data.y_error[order])
