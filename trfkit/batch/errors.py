"""How well many fits determine their parameters: `determine` and `uncertainty` for stacks of triangles.

Each triangle R (n, n) has its columns scaled to one; what its singular values determine has the covariance root rootᵀ,
and the rest directions along which the data say nothing. See `trfkit.fitting.result.Determination`,
`trfkit.statistics.uncertainty` and, for what follows from the parameters, `trfkit.statistics.propagation`.
"""

from typing import NamedTuple

import numpy as np

from ..core.batch import batched_svd
from ..statistics.uncertainty import ROUNDING


class Errors(NamedTuple):
    """The uncertainty of n parameters in each of B fits."""

    root: np.ndarray  # (B, n, n): covariance of what is determined = root @ rootᵀ; columns of 0 for what is not
    undetermined: np.ndarray  # (B, n, n): directions along which the data say nothing; columns of 0 for the others
    rank: np.ndarray  # (B,)
    condition_number: np.ndarray  # (B,) of the scaled Jacobian

    @property
    def covariance(self) -> np.ndarray:
        """(B, n, n): inf in the rows and columns of parameters that the data do not determine."""
        with np.errstate(over="ignore", invalid="ignore"):
            covariance = self.root @ self.root.swapaxes(-1, -2)
        unknown = (self.undetermined != 0).any(axis=-1)
        return np.where(unknown[..., None] | unknown[..., None, :], np.inf, covariance)

    def of(self, J: np.ndarray) -> np.ndarray:
        """Standard errors (B, S) of quantities with the derivatives J (B, S, n)."""
        sizes = np.linalg.norm(self.undetermined, axis=-1)
        with np.errstate(over="ignore", invalid="ignore"):
            variance = np.sum((J @ self.root) ** 2, axis=-1)
            along = np.linalg.norm(J @ self.undetermined, axis=-1)
            determined = along <= ROUNDING * (np.abs(J) @ sizes[..., None])[..., 0]
        stderr = np.where(determined, np.sqrt(variance), np.inf)
        return np.where(np.isfinite(J).all(axis=-1), stderr, np.nan)


def errors(R: np.ndarray, m: np.ndarray, cost: np.ndarray, absolute_sigma: bool) -> Errors:
    """From triangles R (B, n, n) of m (B,) residuals with costs (B,); those that are not finite determine nothing."""
    n, eps = R.shape[-1], np.finfo(R.dtype).eps
    finite = np.isfinite(R).all(axis=(-2, -1))
    R = np.where(finite[..., None, None], R, 0.0).astype(float)
    norms = np.linalg.norm(R, axis=-2)
    scale = np.where(norms > 0, norms, 1.0)
    s, Vt = map(np.asarray, batched_svd(R / scale[..., None, :]))
    rank = np.sum(s > (np.maximum(m, n) * eps * s[..., 0])[..., None], axis=-1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        condition = np.where(s[..., -1] > 0, s[..., 0] / s[..., -1], np.inf)
        variance = np.where(absolute_sigma, 1.0, 2.0 * cost / (m - n))
        kept = np.arange(n) < rank[..., None]
        root = np.where(kept[..., None], Vt / s[..., None], 0.0).swapaxes(-1, -2) / scale[..., None]
        root = root * np.sqrt(variance)[..., None, None]
    directions = np.where(kept[..., None], 0.0, Vt).swapaxes(-1, -2)
    involved = np.linalg.norm(directions, axis=-1, keepdims=True) > ROUNDING
    undetermined = np.where(involved, directions, 0.0) / scale[..., None]
    nothing = ~finite | ~(absolute_sigma | (m > n))
    root = np.where(nothing[..., None, None], 0.0, root)
    undetermined = np.where(nothing[..., None, None], np.eye(n), undetermined)
    return Errors(root, undetermined, np.where(finite, rank, 0), np.where(finite, condition, np.nan))
