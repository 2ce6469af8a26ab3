"""What the data say of the parameters, and along which directions they say nothing."""

from typing import NamedTuple

import numpy as np

from ..fitting.result import Determination, LeastSquaresResult, determine

# A parameter with components this small in all unit vectors along which nothing is known has nothing to do with them:
# singular vectors are known to ε times the condition of what is determined.
ROUNDING = np.sqrt(np.finfo(float).eps)


class Uncertainty(NamedTuple):
    """The uncertainty of n parameters: a covariance where the data determine them, directions where they do not.

    A direction is a unit vector in scaled parameters, written in the parameters' own units. Its components along
    parameters with which it has nothing to do are exactly 0, so that rounding is not taken for a dependence.
    """

    root: np.ndarray  # (n, r): covariance of what is determined = root @ root.T
    undetermined: np.ndarray  # (n, k): directions along which the data say nothing; k = 0 mostly

    @property
    def covariance(self) -> np.ndarray:
        """(n, n): inf in the rows and columns of parameters that the data do not determine."""
        covariance = self.root @ self.root.T
        unknown = (self.undetermined != 0).any(axis=1)
        covariance[unknown, :] = covariance[:, unknown] = np.inf
        return covariance

    @property
    def correlation(self) -> np.ndarray:
        """(n, n) from −1 to 1; nan for parameters that the data do not determine."""
        covariance = self.covariance
        stderr = np.sqrt(np.diag(covariance))
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation = covariance / stderr[:, None] / stderr
        return np.where(np.isfinite(correlation), np.clip(correlation, -1.0, 1.0), np.nan)


def uncertainty(found: Determination, cost: float, m: int, absolute_sigma: bool) -> Uncertainty:
    """The uncertainty of n parameters fitted to m residuals, from the singular values of their Jacobian.

    The covariance is the inverse of JᵀJ, times 2 cost / (m − n) unless the errors of the data are known. Without
    degrees of freedom to estimate their size from, nothing is determined.
    """
    n = found.scale.size
    if not np.all(np.isfinite(found.directions)) or not (absolute_sigma or m > n):
        return Uncertainty(np.zeros((n, 0)), np.eye(n))
    variance = 1.0 if absolute_sigma else 2.0 * cost / (m - n)
    directions = found.directions[found.rank :].T
    involved = np.linalg.norm(directions, axis=1, keepdims=True) > ROUNDING
    directions = np.where(involved, directions, 0.0)
    return Uncertainty(found.root * np.sqrt(variance), directions / found.scale[:, None])


def uncertainty_of(solution: LeastSquaresResult, absolute_sigma: bool) -> Uncertainty:
    """That of the parameters where the solver ended."""
    return uncertainty(determine(solution.triangle, solution.m), solution.cost, solution.m, absolute_sigma)
