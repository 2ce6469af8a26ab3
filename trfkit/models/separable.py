"""Starts for models that are linear in some of their parameters.

Most models of the library can be written

    y ≈ Σ_j c_j φ_j(x; θ)

with a few shape parameters θ (a width, a decay time) beside the coefficients c. For given θ the best c is one linear
least-squares problem, so a start is found by trying a coarse grid of shapes, never by tricks on noisy data. That is the
variable projection of Golub and Pereyra with a grid in place of the iteration: a start has to be in the right valley,
the fit does the rest.

A `Separable` says how to make the columns φ_j, the grid, and the model's parameters from θ and c. Products of
separable models are separable, too (`ProductShapes`), and so are sums (`SumShapes`). NumPy only: a guess compiles
nothing.

G. H. Golub and V. Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
separate, SIAM J. Numer. Anal. 10 (1973) 413-432.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

MOST_SHAPES = 300  # candidates of a product: 300 columns of 1000 points take about 1 ms to make and compare
SEEN = 0.05  # of a peak's height: one that shows no point with as much lies between or beside the points


class Grid(NamedTuple):
    """Candidate shapes, and how far apart they are."""

    theta: np.ndarray  # (k, q)
    step: np.ndarray  # (k, q), of θ, or of ln |θ| for a scale


@dataclass(frozen=True)
class Separable:
    """How one model splits into shape parameters θ (q,) and coefficients c (p,)."""

    columns: Callable  # (x, *θ), each θ (k, 1) -> tuple of p arrays that broadcast to (k, m)
    values: Callable  # (x, θ (q,), c (p,)) -> the model's parameters, in order
    grid: Callable | None = None  # (x, y) -> Grid; of a peak (x, y, local); None where there is no shape (q = 0)
    scales: tuple[bool, ...] = ()  # the θ that are moved by ratios
    peak: bool = False  # local in x, so that candidates are looked for in what the others leave over

    def candidates(self, x, y, local: bool = False) -> Grid:
        """The coarse grid of shapes for these data; with `local`, of a peak, only those that y shows by itself."""
        if self.grid is None:
            return NO_SHAPE
        return self.grid(x, y, local) if self.peak else self.grid(x, y)

    def matrix(self, x, theta) -> np.ndarray:
        """The columns (k, p, m) of k shapes, 0 where they are not finite."""
        columns = self.columns(x, *(theta[:, j, None] for j in range(theta.shape[1])))
        shape = (len(theta), np.shape(x)[-1])
        matrix = np.stack([np.broadcast_to(c, shape) for c in columns], axis=1)
        if self.peak:
            matrix = np.where(np.max(np.abs(matrix), axis=2, keepdims=True) > SEEN, matrix, 0.0)
        return matrix if np.isfinite(matrix.sum()) else np.where(np.isfinite(matrix), matrix, 0.0)


NO_SHAPE = Grid(np.zeros((1, 0)), np.zeros((1, 0)))


class Axis(NamedTuple):
    """The values of one shape parameter on a grid, evenly spaced or, for a scale, in even ratios."""

    values: np.ndarray
    step: float


def evenly(low, high, count) -> Axis:
    """`count` values from low to high."""
    return Axis(np.linspace(low, high, count), (high - low) / max(count - 1, 1))


def ratios(low, high, count) -> Axis:
    """`count` values from low to high, both positive, in even ratios."""
    return Axis(np.geomspace(low, high, count), np.log(high / low) / max(count - 1, 1))


def mesh(*axes: Axis) -> Grid:
    """Every combination of the axes' values."""
    theta = np.stack([v.ravel() for v in np.meshgrid(*(a.values for a in axes), indexing="ij")], axis=1)
    return Grid(theta, np.broadcast_to([a.step for a in axes], theta.shape))


@dataclass(frozen=True)
class Shapes:
    """Several separable models, taken together: their θ stand side by side."""

    parts: tuple

    @property
    def scales(self):
        """Which θ are moved by ratios, part after part."""
        return sum((part.scales for part in self.parts), ())

    def candidates(self, x, y, local: bool = False) -> Grid:
        """Every combination of the parts' shapes, each part's thinned where there would be too many."""
        grids = [part.candidates(x, y) for part in self.parts]
        shaped = sum(len(grid.theta) > 1 for grid in grids)
        share = max(2, int(MOST_SHAPES ** (1.0 / max(shaped, 1))))
        counts = [len(grid.theta) for grid in grids]
        kept = [np.unique(np.linspace(0, k - 1, min(share, k)).round().astype(int)) for k in counts]
        picks = np.stack([i.ravel() for i in np.meshgrid(*kept, indexing="ij")], axis=1)
        return Grid(
            np.concatenate([g.theta[i] for g, i in zip(grids, picks.T, strict=True)], axis=1),
            np.concatenate([g.step[i] for g, i in zip(grids, picks.T, strict=True)], axis=1),
        )

    def split(self, theta) -> list[np.ndarray]:
        """θ (…, q), for each part its own."""
        return np.split(theta, np.cumsum([len(part.scales) for part in self.parts])[:-1], axis=-1)

    def matrices(self, x, theta) -> list[np.ndarray]:
        """The columns (k, p, m) of each part."""
        return [part.matrix(x, own) for part, own in zip(self.parts, self.split(theta), strict=True)]

    def sizes(self, x, theta) -> list[int]:
        """How many columns each part has."""
        return [matrix.shape[1] for matrix in self.matrices(x, theta[None])]


class ProductShapes(Shapes):
    """The product of separable models: its columns are the products of one column of each."""

    @property
    def peak(self):
        """A peak times anything is a peak."""
        return any(part.peak for part in self.parts)

    def matrix(self, x, theta) -> np.ndarray:
        """The columns (k, p₁p₂…, m)."""
        product = np.ones((len(theta), 1, np.shape(x)[-1]))
        for columns in self.matrices(x, theta):
            product = (product[:, :, None] * columns[:, None]).reshape(len(theta), -1, product.shape[-1])
        return product

    def values(self, x, theta, c) -> tuple:
        """Parameters of all parts: c, seen as a matrix, is nearest to the outer product of the parts' coefficients.

        Only the product of the parts' magnitudes is determined: the first part carries it, the coefficients of the
        others have their largest magnitude 1.
        """
        values, rest = [], np.asarray(c)
        shapes, sizes = self.split(theta), self.sizes(x, theta)
        for i in range(len(sizes) - 1, 0, -1):
            U, s, Vt = np.linalg.svd(rest.reshape(-1, sizes[i]), full_matrices=False)
            largest = Vt[0][np.argmax(np.abs(Vt[0]))] or 1.0
            values.insert(0, self.parts[i].values(x, shapes[i], Vt[0] / largest))
            rest = U[:, 0] * s[0] * largest
        values.insert(0, self.parts[0].values(x, shapes[0], rest))
        return sum(map(tuple, values), ())


class SumShapes(Shapes):
    """A sum of separable models as one factor of a product: the columns of all side by side."""

    peak = False  # peaks among the parts are looked for in the data as they are, not in what is left over

    def matrix(self, x, theta) -> np.ndarray:
        """The columns (k, p₁ + p₂ + …, m)."""
        return np.concatenate(self.matrices(x, theta), axis=1)

    def values(self, x, theta, c) -> tuple:
        """Parameters of all parts."""
        shares = np.split(np.asarray(c), np.cumsum(self.sizes(x, theta))[:-1])
        own = zip(self.parts, self.split(theta), shares, strict=True)
        return sum((tuple(part.values(x, shape, share)) for part, shape, share in own), ())
