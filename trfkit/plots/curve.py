"""The model as the picture needs it: a smooth curve and residuals, from a few hundred evaluations."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from trfkit.plots.decimate import extremes

GRID = 400  # points of the smooth curve: one for each two or three pixels of its panel
COLUMNS = 1200  # of the decimated data, about one for each pixel of the panel at twice the screen's resolution
MOST_POINTS = 5_000  # more data than this is drawn by its extremes
REMEMBERED = 32  # curves; scrubbing to and fro over a few trials then evaluates nothing


class Curve(NamedTuple):
    """A model at one set of parameters: y on the grid, and data less model at the drawn points."""

    y: np.ndarray
    residuals: np.ndarray


class ModelCurve:
    """A model and the data that it is fitted to, as something to draw.

    The curve is drawn on `grid`; data and residuals at the indices `drawn`, where they lie at `x` and `y`. Where x is
    not one real number per point, the points are drawn in their order. Points that are not finite are left out.

    A model whose value at a point depends on that point's x alone is evaluated on the grid. One that needs the whole
    of x (it normalises, convolves, holds an array of the same length) is evaluated at the data, as the fit does.
    """

    def __init__(self, model, x, y, start):
        self.model = model
        self._x, self._y = x, np.asarray(y)
        line = np.asarray(x)
        self.over_x = line.shape == self._y.shape and line.dtype.kind in "iuf"
        line = line.astype(float) if self.over_x else np.arange(len(self._y), dtype=float)
        finite = np.flatnonzero(np.isfinite(line) & np.isfinite(self._y))
        columns = COLUMNS if len(finite) > MOST_POINTS else len(finite)
        self.drawn = finite[extremes(line[finite], self._y[finite], columns)]
        self.x, self.y = line[self.drawn], self._y[self.drawn]
        self.decimated = len(self.drawn) < len(finite)
        self.grid = np.unique(np.concatenate([np.linspace(self.x[0], self.x[-1], GRID), self.x]))
        self._at_data = np.searchsorted(self.grid, self.x)
        self._pointwise = self.over_x and self._works_point_by_point(start)
        if not self._pointwise:
            self.grid = self.x
        self._remember = lru_cache(REMEMBERED)(self._evaluate)

    def __call__(self, parameters):
        """The `Curve` at these parameters (n,)."""
        return self._remember(tuple(map(float, parameters)))

    def _evaluate(self, parameters):
        with np.errstate(all="ignore"):  # a rejected trial may well overflow; the curve then has a gap
            if self._pointwise:
                y = np.asarray(self.model(self.grid, *parameters), dtype=float)
                return Curve(y, self.y - y[self._at_data])
            y = np.asarray(self.model(self._x, *parameters), dtype=float)
            if y.shape != self._y.shape:
                shapes = f"shape {y.shape} where {self._y.shape} was expected"
                raise ValueError(f"The model returned {shapes}: one value a point.")
            return Curve(y[self.drawn], self.y - y[self.drawn])

    def _works_point_by_point(self, start):
        """Whether the model gives the same values at the data's x alone and among the points of the grid."""
        try:
            with np.errstate(all="ignore"):
                alone = np.asarray(self.model(self.x, *start), dtype=float)
                among = np.asarray(self.model(self.grid, *start), dtype=float)
        except (TypeError, ValueError):  # what NumPy and JAX raise for shapes that do not fit together
            return False
        if alone.shape != self.x.shape or among.shape != self.grid.shape:
            return False
        size = np.max(np.abs(alone), initial=0.0, where=np.isfinite(alone))
        # A picture needs no more than 1e-4, and that is above the rounding of single precision.
        return np.allclose(among[self._at_data], alone, rtol=1e-4, atol=1e-4 * size, equal_nan=True)
