"""The data of a curve, checked: x, y, and what sigma and mask make of them."""

from typing import Any, NamedTuple

import jax
import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from . import inputs


class Data(NamedTuple):
    """What is fitted."""

    x: Any  # array (…, total), or whatever the model takes
    y: np.ndarray  # (m,), or one value for all
    sigma: Any  # a number, or (m,)
    L: np.ndarray | None  # (m, m) Cholesky factor of the covariance of y
    keep: np.ndarray | None  # (m,) indices of the points that count, or None for all of them

    def kept(self, values: np.ndarray) -> np.ndarray:
        """values (total, …) of all points -> those (m, …) of the points that count."""
        return values if self.keep is None else values[self.keep]

    def weigh(self, values: np.ndarray) -> np.ndarray:
        """values (m, …) in units of their standard errors: values / σ, or L⁻¹ values."""
        if self.L is not None:
            return solve_triangular(self.L, values, lower=True)
        return values / (self.sigma if np.ndim(self.sigma) == 0 or values.ndim == 1 else self.sigma[:, None])

    def predictions(self, f, params) -> np.ndarray:
        """f(x, *params) (m,) on the host, its shape checked."""
        values = np.asarray(f(self.x, *params))
        if values.ndim != 1 or (self.keep is None and self.y.size > 1 and values.shape != self.y.shape):
            raise ValueError(wrong_shape(values.shape, self.y.shape))
        return self.kept(values)


def wrong_shape(got, expected) -> str:
    """The sentence for a model that returns something else than one value a point."""
    return f"The model returned shape {got} where {expected} was expected: return one value for each point of ydata."


def check_data(xdata, ydata, sigma, mask, check_finite: bool, nan_policy) -> Data:
    """Data from the user's arrays; raises ValueError with the array, the value, and what to try."""
    x, y = _independent_variable(xdata, check_finite), inputs.data_array(ydata, "ydata", check_finite)
    if y.ndim > 1:
        raise ValueError(f"`ydata` must have one dimension, got shape {y.shape}: ravel it, and the model's value.")
    y = np.atleast_1d(y)
    if isinstance(x, np.ndarray) and x.ndim > 0 and y.size > 1 and y.size not in x.shape:
        raise ValueError(
            f"`xdata` {x.shape} and `ydata` {y.shape} differ in length: each point needs both, and x has its points "
            f"along the last axis."
        )
    if nan_policy is not None and not check_finite:
        x, y, sigma = _without_nan(x, y, sigma, mask, nan_policy)
    mask = inputs.row_mask(mask, y.size)
    sigma, covariance = _errors(sigma, y)
    keep = None
    if mask is not None and not mask.all():
        keep = np.flatnonzero(mask)
        y = y[keep]
        sigma = sigma if np.ndim(sigma) == 0 else sigma[keep]
        covariance = None if covariance is None else covariance[np.ix_(keep, keep)]
    return Data(x, y, sigma, None if covariance is None else _factor(covariance), keep)


def _independent_variable(xdata, check_finite: bool):
    """xdata as float array where it is an array, a list or a series; as it is where the model takes something else."""
    arrays = list | tuple | np.ndarray | jax.Array
    if isinstance(xdata, arrays) or (hasattr(xdata, "__array__") and not np.isscalar(xdata)):
        return inputs.data_array(xdata, "xdata", check_finite)
    return xdata


def _without_nan(x, y, sigma, mask, nan_policy):
    if nan_policy == "propagate":
        raise ValueError("`nan_policy='propagate'` is not supported by this function.")
    if nan_policy not in ("raise", "omit"):
        raise ValueError(f"nan_policy must be one of {{None, 'raise', 'omit'}}, got {nan_policy!r}.")
    missing = np.isnan(y)
    if isinstance(x, np.ndarray):
        missing = missing | np.isnan(x).any(axis=tuple(range(x.ndim - 1)))
    if not missing.any():
        return x, y, sigma
    if nan_policy == "raise":
        raise ValueError("The input contains nan values: pass nan_policy='omit' to fit the others.")
    if mask is not None:
        raise ValueError("`mask` and nan_policy='omit' both leave points out: leave the NaN out by the mask, too.")
    if missing.all():
        raise ValueError("`ydata` must not be empty: every point has a NaN.")
    if isinstance(x, np.ndarray):
        x = x[..., ~missing]
    if np.ndim(sigma) == 1 and np.size(sigma) > 1:
        sigma = np.asarray(sigma)[~missing]
    elif np.ndim(sigma) == 2:
        sigma = np.asarray(sigma)[np.ix_(~missing, ~missing)]
    return x, y[~missing], sigma


def _errors(sigma, y: np.ndarray):
    """(sigma, covariance) of the user's sigma: a number, (m,) standard errors, or an (m, m) covariance matrix."""
    if sigma is None:
        return 1.0, None
    sigma = inputs.data_array(sigma, "sigma", True)
    if sigma.size == 1 or sigma.shape == y.shape:
        wrong = np.flatnonzero(~(sigma.ravel() > 0))
        if wrong.size:
            value = sigma.ravel()[wrong[0]]
            raise ValueError(
                f"`sigma` must be positive, got {value:g} at index {wrong[0]}: mask points without an error."
            )
        return (float(sigma.item()) if sigma.size == 1 else sigma), None
    m = y.size
    if sigma.shape != (m, m):
        raise ValueError(
            f"`sigma` has incorrect shape {sigma.shape}: a number, ({m},) errors or a ({m}, {m}) covariance."
        )
    if not np.allclose(sigma, sigma.T):
        raise ValueError(
            "`sigma` must be symmetric to be a covariance matrix: pass (sigma + sigma.T) / 2 if it is one."
        )
    return 1.0, sigma


def _factor(covariance: np.ndarray) -> np.ndarray:
    try:
        return cholesky(covariance, lower=True)
    except LinAlgError as error:
        raise ValueError(
            "`sigma` must be positive definite: a covariance matrix has no negative eigenvalue."
        ) from error
