"""First-order propagation: standard errors of what is computed from fitted parameters, and bands around a curve.

With g = ∂q/∂θ and the covariance C = root rootᵀ of the free parameters θ, the variance of a quantity q(θ) is gᵀCg =
‖rootᵀg‖²: the law of propagation of uncertainty, equation 10 of the Guide to the Expression of Uncertainty in
Measurement (JCGM 100:2008), in its form for correlated parameters, equation 13. It is exact for what is linear in θ
over a few standard errors.

Where g has a part along a direction d that the data do not determine, the standard error is infinite. The terms of gᵀd
may cancel, as they do for the product ab of a model abx, but only up to rounding: derivatives by differences have
relative errors of about ε^⅔ ≈ 4e-11, and d, a singular vector, has errors of a few ε times the condition of what is
determined. So a sum below √ε ≈ 1.5e-8 of the size of its terms is taken for 0, and anything larger for a dependence.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..fitting.traceable import formula, output_shape
from ..models.expression import parse
from ..parameters import Layout, Parameters
from .intervals import critical, margin
from .uncertainty import Uncertainty

STEP = np.finfo(float).eps ** (1 / 3)  # of central differences, where their truncation and rounding errors balance


class Propagated(NamedTuple):
    """A quantity of any shape S, () for a number, with its uncertainty to first order."""

    value: np.ndarray  # S
    covariance: np.ndarray  # S + S; inf in the rows and columns of what the data do not determine
    stderr: np.ndarray  # S; inf where the data do not determine it, nan where the derivative is not finite


class Prediction(NamedTuple):
    """A curve, and how well the data determine each of its points."""

    x: Any
    y: np.ndarray  # (m,) the model at the best parameters
    stderr: np.ndarray  # (m,) as in `Propagated`


class Band(NamedTuple):
    """Where the curve ("confidence") or a new measurement ("prediction") lies at the level, at each x by itself."""

    x: Any
    y: np.ndarray  # (m,) the model at the best parameters
    low: np.ndarray  # (m,)
    high: np.ndarray  # (m,)
    level: float
    kind: str


def propagate(function: Callable | str, parameters: Parameters, uncertainty: Uncertainty) -> Propagated:
    """The quantity function({parameter: value}), a number or an array, with the uncertainty of the free parameters.

    `function` may be a text such as "a.height*a.sigma*sqrt(2*pi)". One that JAX cannot trace is differentiated by
    central differences. Raises ExpressionError for a text that is no formula or names what is no parameter, ValueError
    for a function that does not return real numbers.
    """
    function = parse(function).evaluate if isinstance(function, str) else function
    value, J = _value_and_jacobian(_OfNames(function, tuple(parameters)), None, parameters, uncertainty)
    moved, variance = _spread(J.reshape(value.size, -1), uncertainty)
    with np.errstate(over="ignore", invalid="ignore"):
        covariance = moved @ moved.T
    for unknown, entry in ((variance == np.inf, np.inf), (np.isnan(variance), np.nan)):
        covariance[unknown, :] = covariance[:, unknown] = entry
    return Propagated(value[()], covariance.reshape(value.shape * 2)[()], np.sqrt(variance).reshape(value.shape)[()])


def predict(model: Callable, names: tuple[str, ...], x, parameters: Parameters, uncertainty: Uncertainty) -> Prediction:
    """The curve model(x, *values of the named parameters) with its standard errors; `names` in the model's order.

    The derivative is taken along one parameter after the other, so that m points and n free parameters need O(mn)
    memory.
    """
    order = tuple(parameters)
    curve = _Curve(model, tuple(order.index(name) for name in names))
    y, J = _value_and_jacobian(curve, x, parameters, uncertainty)
    _, variance = _spread(J.reshape(y.size, -1), uncertainty)
    return Prediction(x, y, np.sqrt(variance).reshape(y.shape))


def band(prediction: Prediction, level: float, degrees_of_freedom: int, sigma_known: bool, noise_variance=None) -> Band:
    """The confidence band of a curve; given the variance of new data's noise, () or (m,), their prediction band.

    The quantile is that of `critical`. At a level of 0.95 each point lies in the band in 95 of 100 experiments, that
    all do at once is less likely. Raises ValueError for a level that is not between 0 and 1.
    """
    quantile = critical(level, degrees_of_freedom, sigma_known)
    noise = 0.0 if noise_variance is None else noise_variance
    half = margin(np.sqrt(prediction.stderr**2 + noise), quantile)
    kind = "confidence" if noise_variance is None else "prediction"
    return Band(prediction.x, prediction.y, prediction.y - half, prediction.y + half, level, kind)


# a quantity as a function of all K parameters, and of θ


@dataclass(frozen=True)
class _OfNames:
    function: Callable
    names: tuple[str, ...]

    def __call__(self, values, x):
        return self.function(dict(zip(self.names, values, strict=True)))


@dataclass(frozen=True)
class _Curve:
    function: Callable
    places: tuple[int, ...]

    def __call__(self, values, x):
        return self.function(x, *(values[i] for i in self.places))


@dataclass(frozen=True)
class _OfTheta:
    """A traceable quantity; equal ones share a compiled program."""

    quantity: _OfNames | _Curve
    layout: Layout

    def __call__(self, theta, held, basis, x):
        value = jnp.asarray(self.quantity(self.layout.expand(theta, held, basis), x))
        return value.astype(jnp.result_type(value, float))


def _value_and_jacobian(quantity, x, parameters: Parameters, uncertainty: Uncertainty):
    """The value, of any shape S, and its derivative by θ, of shape S + (n,), as NumPy arrays."""
    filed = formula(quantity.function)
    arguments = parameters.free_values, parameters.held, parameters.basis, x
    if filed is not None:
        traced = _OfTheta(replace(quantity, function=filed), parameters.layout)
        if output_shape(traced, *arguments) is not None:
            value, columns = _forward(traced, *arguments)
            return np.array(value), np.moveaxis(np.asarray(columns), 0, -1)
    return _differences(quantity, x, parameters, np.linalg.norm(uncertainty.root, axis=1))


@partial(jax.jit, static_argnums=0)
def _forward(function, theta, held, basis, x):
    value, push = jax.linearize(lambda theta: function(theta, held, basis, x), theta)
    return value, jax.lax.map(push, jnp.eye(theta.size, dtype=theta.dtype))


def _differences(quantity, x, parameters: Parameters, stderr):
    """The same by central differences, θ_i moved in proportion to itself or to its standard error if that is larger."""
    layout, theta, held, basis = parameters.layout, parameters.free_values, parameters.held, parameters.basis

    def at(theta):
        value = np.asarray(quantity(np.asarray(layout.expand(theta, held, basis)), x))
        if value.dtype.kind not in "biuf":
            raise ValueError(f"the function must return a real number or an array of them, got {value!r}.")
        return value.astype(float)

    size = np.maximum(np.abs(theta), stderr)
    steps = np.diag(STEP * np.where(size > 0, size, 1.0))
    with np.errstate(all="ignore"):  # beside the best parameters a model may leave its domain: its error is then nan
        value = at(theta)
        columns = [(at(theta + step) - at(theta - step)) / (2 * step.max()) for step in steps]
    return value, np.stack(columns, axis=-1) if columns else np.zeros((*value.shape, 0))


def _spread(J: np.ndarray, uncertainty: Uncertainty) -> tuple[np.ndarray, np.ndarray]:
    """(J root, variances) of quantities with the derivatives J (S, n)."""
    sizes = np.linalg.norm(uncertainty.undetermined, axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        moved = J @ uncertainty.root
        along = np.linalg.norm(J @ uncertainty.undetermined, axis=1)
        determined = along <= np.sqrt(np.finfo(J.dtype).eps) * (np.abs(J) @ sizes)
        variance = np.where(determined, np.sum(moved**2, axis=1), np.inf)
    return moved, np.where(np.isfinite(J).all(axis=1), variance, np.nan)
