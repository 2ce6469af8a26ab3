"""Constant, line, polynomial: linear in all of their parameters, so that the guess is the answer."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from .model import Model, ParameterSpec
from .separable import Separable

MOST_DEGREE = 20  # beyond, powers of x are the same column to rounding; a spline is the better model


@jax.jit
def constant(x, offset):
    """The offset everywhere; x may be (m,) or (k, m)."""
    x = jnp.asarray(x)
    return offset + 0.0 * (x if x.ndim <= 1 else x[0])  # in terms of x, so that it is seen to be row-wise


@jax.jit
def line(x, slope, intercept):
    """slope · x + intercept."""
    return slope * x + intercept


@dataclass(frozen=True)
class PolynomialFunction:
    """c0 + c1 x + c2 x² + …, by Horner's rule."""

    degree: int

    def __call__(self, x, *coefficients):
        """The polynomial at x, lowest coefficient first."""
        value = coefficients[-1] + 0.0 * x
        for c in reversed(coefficients[:-1]):
            value = value * x + c
        return value


@dataclass(frozen=True)
class PolynomialColumns:
    """Chebyshev polynomials over the extent of x: powers of x far from 0 would all be the same column."""

    degree: int

    def __call__(self, x):
        """The columns (m,)."""
        return tuple(np.polynomial.chebyshev.chebvander(_scaled(x), self.degree).T)


def _domain(x) -> tuple[float, float]:
    low, high = float(x.min()), float(x.max())
    return (low, high) if low < high else (low - 1.0, high + 1.0)


def _scaled(x):
    low, high = _domain(x)
    return (2.0 * x - low - high) / (high - low)


def _powers(x, theta, c):
    """Coefficients of the powers of x, lowest first."""
    powers = np.polynomial.Chebyshev(c, domain=_domain(x)).convert(kind=np.polynomial.Polynomial)
    return tuple(np.pad(powers.coef, (0, len(c) - powers.coef.size)))


def _slope_and_intercept(x, theta, c):
    return _powers(x, theta, c)[::-1]


def _ones(x):
    return (np.ones(x.shape[-1]),)


def _offset(x, theta, c):
    return tuple(c)


_CONSTANT = Model(
    constant,
    (ParameterSpec("offset", "y", description="the value of y everywhere", default=0.0),),
    "Constant",
    formula="<offset>",
    guesser=Separable(_ones, _offset),
)
_LINE = Model(
    line,
    (
        ParameterSpec("slope", "y/x", description="change of y with x", default=0.0),
        ParameterSpec("intercept", "y", description="y at x = 0", default=0.0),
    ),
    "Line",
    formula=r"<slope> \, x + <intercept>",
    guesser=Separable(PolynomialColumns(1), _slope_and_intercept),
)


def Constant(prefix=""):
    """A constant: offset."""
    return replace(_CONSTANT, prefix=prefix)


def Line(prefix=""):
    """A straight line: slope, intercept."""
    return replace(_LINE, prefix=prefix)


def Polynomial(degree, prefix=""):
    """A polynomial of degree 0 to 20: c0, c1, …, the lowest power first. Raises ValueError for another degree."""
    if not isinstance(degree, int | np.integer) or not 0 <= degree <= MOST_DEGREE:
        raise ValueError(f"the degree of a polynomial must be a whole number from 0 to {MOST_DEGREE}, got {degree!r}.")
    powers = ["", r" \, x", *(rf" \, x^{{{k}}}" for k in range(2, degree + 1))]
    return Model(
        PolynomialFunction(int(degree)),
        tuple(
            ParameterSpec(f"c{k}", unit, default=0.0, description=f"coefficient of x^{k}" if k else "value at x = 0")
            for k, unit in enumerate(["y", "y/x", *(f"y/x^{k}" for k in range(2, degree + 1))][: degree + 1])
        ),
        f"Polynomial({degree})",
        prefix,
        " + ".join(f"<c{k}>{powers[k]}" for k in range(degree + 1)),
        Separable(PolynomialColumns(int(degree)), _powers),
    )
