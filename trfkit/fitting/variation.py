"""What the fits of many do differently: one of them, or all as the lanes of a batch."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .data import Data


class Variation(NamedTuple):
    """What one fit of many does differently; None where it does not. See `Joint.residuals`."""

    y: Sequence[np.ndarray] | None = None  # (m,) for each data set
    weights: Sequence[np.ndarray] | None = None  # (m,) ≥ 0 for each: how often a point counts
    held: np.ndarray | None = None  # (K,)
    basis: np.ndarray | None = None  # (K, n)
    sigma: Sequence[np.ndarray] | None = None  # (m,) for each
    x: Sequence[np.ndarray] | None = None  # (…, total) for each

    def of(self, i: int, data: Data) -> Data:
        """Data set i, as this fit has it."""
        own = {"y": self.y, "sigma": self.sigma, "x": self.x}
        return data._replace(**{name: arrays[i] for name, arrays in own.items() if arrays is not None})


AS_IT_IS = Variation()


class Lanes(NamedTuple):
    """What B fits do differently, each array with B rows before the axes of `Variation`; None where they do not.

    `sigma` needs a data set whose own has one value a point; `x` one without a mask.
    """

    y: Sequence[np.ndarray] | None = None  # (B, m) for each data set
    weights: Sequence[np.ndarray] | None = None  # (B, m) for each
    held: np.ndarray | None = None  # (B, K)
    basis: np.ndarray | None = None  # (B, K, n)
    sigma: Sequence[np.ndarray] | None = None  # (B, m) for each
    x: Sequence[np.ndarray] | None = None  # (B, …, m) for each

    def one(self, i: int) -> Variation:
        """What fit i does differently."""
        return Variation(*self.rows(i))

    def rows(self, which) -> "Lanes":
        """Those of some of the fits, repetitions allowed."""
        of_sets = (None if of is None else [a[which] for a in of] for of in (self.y, self.weights, self.sigma, self.x))
        held, basis = (None if a is None else a[which] for a in (self.held, self.basis))
        y, weights, sigma, x = of_sets
        return Lanes(y, weights, held, basis, sigma, x)
