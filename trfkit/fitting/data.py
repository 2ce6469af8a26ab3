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
    total: int  # points, whether they count or not

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
        returned = f(self.x, *params)
        values = np.asarray(returned)
        complex_step = np.iscomplexobj(params)  # jac='cs' asks for the value at complex parameters
        if values.dtype.kind == "c" and not complex_step:
            raise ValueError(
                "The model returned complex numbers: concatenate their real and imaginary parts, as in ydata."
            )
        if values.dtype.kind not in "biufc":
            raise ValueError(f"The model returned {returned!r} where numbers of shape {self.shape} were expected.")
        self.check_shape(values.shape)
        return self.kept(values if complex_step else values.astype(float))

    @property
    def shape(self) -> tuple[int]:
        """The shape that a model has to return."""
        return (self.total,)

    def check_shape(self, shape) -> None:
        """Raise ValueError unless a model that returns this shape returns one value a point."""
        one_for_all = self.total == 1  # SciPy lets one y stand for all
        if len(shape) != 1 or not (one_for_all or shape == self.shape):
            raise ValueError(f"The model returned shape {shape} where {self.shape} was expected: one value a point.")

    def not_finite(self) -> str | None:
        """The sentence for data that are not finite, let through by check_finite=False; None if all are."""
        rows = isinstance(self.x, np.ndarray) and self.x.shape[-1:] == self.shape
        x = self.kept(self.x.T).T if rows else self.x
        for name, values in (("ydata", self.y), ("xdata", x), ("sigma", self.sigma)):
            numbers = isinstance(values, np.ndarray | float)
            wrong = np.argwhere(~np.isfinite(np.atleast_1d(values))) if numbers else ()
            if len(wrong):
                index = ", ".join(map(str, wrong[0]))
                value = np.atleast_1d(values)[tuple(wrong[0])]
                return f"`{name}` must not contain infs or NaNs, got {value} at [{index}]: mask it, or use nan_policy."
        return None


def check_data(xdata, ydata, sigma, mask, check_finite: bool, nan_policy, names=("xdata", "ydata")) -> Data:
    """Data from the user's arrays; raises ValueError with the array by its name, the value, and what to try."""
    x_name, y_name = names
    x = _independent_variable(xdata, x_name, check_finite, mask)
    y = inputs.data_array(ydata, y_name, check_finite, mask)
    if y.ndim > 1:
        raise ValueError(f"`{y_name}` must have one dimension, got shape {y.shape}: ravel it, and the model's value.")
    y = np.atleast_1d(y)
    if isinstance(x, np.ndarray) and x.ndim > 0 and y.size > 1 and y.size not in x.shape:
        raise ValueError(
            f"`{x_name}` {x.shape} and `{y_name}` {y.shape} differ in length: each point needs both, and x has its "
            f"points along the last axis."
        )
    if nan_policy is not None and not check_finite:
        x, y, sigma = _without_nan(x, y, sigma, mask, nan_policy)
    mask = inputs.row_mask(mask, y.size)
    sigma, covariance = _errors(sigma, y, mask)
    keep, total = None, y.size
    if mask is not None and not mask.all():
        keep = np.flatnonzero(mask)
        y = y[keep]
        sigma = sigma if np.ndim(sigma) == 0 else sigma[keep]
        covariance = None if covariance is None else covariance[np.ix_(keep, keep)]
    return Data(x, y, sigma, None if covariance is None else _factor(covariance), keep, total)


def _independent_variable(xdata, name: str, check_finite: bool, mask):
    """xdata as float array where it is an array, a list or a series; as it is where the model takes something else."""
    arrays = list | tuple | np.ndarray | jax.Array
    if isinstance(xdata, arrays) or (hasattr(xdata, "__array__") and not np.isscalar(xdata)):
        return inputs.data_array(xdata, name, check_finite, mask)
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
    _check_sigma_shape(sigma, y)
    if np.shape(sigma) == y.shape and y.size > 1:
        sigma = np.asarray(sigma)[~missing]
    elif np.shape(sigma) == 2 * y.shape:
        sigma = np.asarray(sigma)[np.ix_(~missing, ~missing)]
    return x, y[~missing], sigma


def _check_sigma_shape(sigma, y: np.ndarray) -> None:
    m, shape = y.size, np.shape(sigma)
    if sigma is not None and np.size(sigma) != 1 and shape not in (y.shape, (m, m)):
        raise ValueError(
            f"`sigma` has incorrect shape {shape}: give a number, ({m},) errors or a ({m}, {m}) covariance."
        )


def _errors(sigma, y: np.ndarray, mask):
    """(sigma, covariance) of the user's sigma: a number, (m,) standard errors, or an (m, m) covariance matrix."""
    if sigma is None:
        return 1.0, None
    counts = True if mask is None or np.shape(sigma) != y.shape else mask
    sigma = inputs.data_array(sigma, "sigma", True, None if counts is True else mask)
    _check_sigma_shape(sigma, y)
    if sigma.size == 1 or sigma.shape == y.shape:
        wrong = np.flatnonzero(~(sigma.ravel() > 0) & counts)
        if wrong.size:
            value = sigma.ravel()[wrong[0]]
            raise ValueError(
                f"`sigma` must be positive, got {value:g} at index {wrong[0]}: mask points without an error."
            )
        return (float(sigma.item()) if sigma.size == 1 else sigma), None
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


def start_not_finite(f, data: Data, names, x0, J=None) -> str:
    """The sentence for a start at which model or Jacobian J (m, n) is not finite: the parameters and the first x."""
    if sentence := data.not_finite():
        return sentence
    at = ", ".join(f"{name} = {value:g}" for name, value in zip(names, x0, strict=True))
    with np.errstate(all="ignore"):
        values = data.kept(np.asarray(f(data.x, *x0)))
    advice = "start elsewhere, or set bounds."

    def where(i: int) -> str:
        point = i if data.keep is None else int(data.keep[i])
        has_rows = isinstance(data.x, np.ndarray) and data.x.shape[-1:] == data.shape
        return f"x = {data.x[..., point]}" if has_rows else f"point {point}"

    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        value = f"the model gives {values[wrong[0]]} at {where(wrong[0])}"
        return f"Residuals are not finite in the initial point: {value} for {at}: {advice}"
    wrong = () if J is None else np.argwhere(~np.isfinite(J))
    first = f": the first for {names[wrong[0][1]]} at {where(wrong[0][0])}" if len(wrong) else ""
    return (
        f"Residuals are finite in the initial point, but their derivatives or squares are not, at {at}{first}: {advice}"
    )
