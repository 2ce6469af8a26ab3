"""A function of x and parameters at many sets of parameters at once, however it lets itself be called.

Most functions work point by point, in NumPy or in jax.numpy: then all sets are one long x with parameters as long, and
a single call does them all. Others JAX can trace, and map. What is left, a function with an `if` or an integral of
NumPy's in it, is called for one set after the other, and not without limit. Which of the three it is comes out by
trying, compared with what the function says of single sets.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

ROWS = 128  # sets in one call; always as many, so that nothing compiles twice
MAPPED = 32  # the same of a function that JAX maps: it may solve an equation for each
TRIED = 3  # sets for which the ways are compared
MOST_CALLS = 600  # of a function that takes one set at a time; then it has no values any more


def rounding() -> float:
    """The square root of the precision of JAX's floats: differences below are taken for rounding."""
    return float(np.sqrt(np.finfo(jax.dtypes.canonicalize_dtype(float)).eps))


def _point_by_point(function, x, draws):
    k, m = len(x), x.shape[-1]
    one_after_the_other = np.moveaxis(x, 0, -2).reshape(*x.shape[1:-1], k * m)
    return np.reshape(_real(function(one_after_the_other, *np.repeat(draws.T, m, axis=1))), (k, m))


@partial(jax.jit, static_argnums=0)
def _mapped(function, x, draws):  # what the function reads may have changed since it was compiled: `_agrees` sees it
    return jax.vmap(lambda x, draw: jnp.broadcast_to(function(x, *draw), x.shape[-1:]))(x, draws)


def _traced(function, x, draws):
    return _real(_mapped(function, x, draws))


def _size(way) -> int:
    return MAPPED if way is _traced else ROWS


def _real(values) -> np.ndarray:
    if np.iscomplexobj(values):
        raise ValueError("the function is complex.")
    return np.asarray(values, dtype=float)


class OneAtATime(Exception):
    """A function that took many sets at once at first does not take these."""


class Rows:
    """function(x, *draw) as rows (k, m), NaN where the function raises an exception.

    A call of it raises OneAtATime if one of many sets is too much for all; `slow` is True from then on.
    """

    def __init__(self, function, x, draws):
        self.function, self.x, self.calls = function, x, 0
        expected = self._one_by_one(*self._shaped(draws[:TRIED]))
        self.way = next((w for w in (_point_by_point, _traced) if self._agrees(w, draws[:TRIED], expected)), None)

    @property
    def slow(self) -> bool:
        """Whether each set costs a call, or may."""
        return self.way is not _point_by_point

    def __call__(self, draws, x=None) -> np.ndarray:
        """Rows (k, m) for draws (k, n); at x (k, …, m) where that is given, else at the x of the data."""
        x, draws = self._shaped(draws, x)
        k = _size(self.way)
        return np.concatenate([self._some(x[i : i + k], draws[i : i + k]) for i in range(0, len(draws), k)])

    def _shaped(self, draws, x=None):
        return np.broadcast_to(self.x, (len(draws), *self.x.shape)) if x is None else x, draws

    def _some(self, x, draws):
        if self.way is None:
            return self._one_by_one(x, draws)
        values = self._together(self.way, x, draws)
        if values is None:
            self.way = None
            raise OneAtATime
        return values

    def _together(self, way, x, draws) -> np.ndarray | None:
        filled = np.minimum(np.arange(_size(way)), len(draws) - 1)
        try:
            return way(self.function, x[filled], draws[filled])[: len(draws)]
        except Exception:  # noqa: BLE001  a user's function may raise anything, at values that the user never thought of
            return None

    def _one_by_one(self, x, draws):
        values = np.full((len(draws), x.shape[-1]), np.nan)
        for i, draw in enumerate(draws[: MOST_CALLS - self.calls]):
            self.calls += 1
            try:
                values[i] = _real(self.function(x[i], *map(float, draw)))
            except Exception:  # noqa: BLE001  as above
                continue
        return values

    def _agrees(self, way, draws, expected) -> bool:
        values = self._together(way, *self._shaped(draws))
        if values is None:
            return False
        size = np.where(np.isfinite(expected), np.abs(expected), 0.0)
        tolerance = rounding() * np.max(size, axis=1, keepdims=True)
        return bool(np.all((np.abs(values - expected) <= tolerance) | (values == expected) | np.isnan(expected)))
