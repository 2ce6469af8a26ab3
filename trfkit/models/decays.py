"""Exponential decay in its forms, growth, and power law.

Guesses: a grid of times from well below the spacing of the points to well beyond the extent of the data, amplitudes by
least squares. The exponentials of the grid are 1 at one end of the data, so that x far from 0 neither over- nor
underflows.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from .model import Model, ParameterSpec
from .separable import Grid, Separable, mesh, ratios


@jax.jit
def exponential_decay(x, amplitude, tau):
    """amplitude · exp(−x / tau)."""
    return amplitude * jnp.exp(-x / tau)


@jax.jit
def exponential_growth(x, amplitude, rate):
    """amplitude · exp(rate · x)."""
    return amplitude * jnp.exp(rate * x)


@jax.jit
def stretched_exponential(x, amplitude, tau, beta):
    """amplitude · exp(−(x / tau)^beta), for x ≥ 0."""
    at_zero = x == 0  # where the power has no derivative, nor needs one
    return amplitude * jnp.exp(-jnp.where(at_zero, 0.0, (jnp.where(at_zero, 1.0, x) / tau) ** beta))


@jax.jit
def biexponential(x, amplitude1, tau1, amplitude2, tau2):
    """The sum of two exponential decays."""
    return amplitude1 * jnp.exp(-x / tau1) + amplitude2 * jnp.exp(-x / tau2)


@jax.jit
def power_law(x, amplitude, exponent):
    """amplitude · x^exponent, for x > 0."""
    return amplitude * x**exponent


def _times(x, count, shortest=0.004, longest=8.0):
    """Times in even ratios, from a fraction of the extent of x to some multiple of it."""
    extent = float(np.ptp(x)) or 1.0
    return ratios(shortest * extent, longest * extent, count)


def _decay_grid(x, y) -> Grid:
    return mesh(_times(x, 40))


def _decay_column(x, tau):
    return (np.exp(-(x - x.min()) / tau),)


def _decay_values(x, theta, c):
    return c[0] * np.exp(x.min() / theta[0]), theta[0]


def _growth_column(x, tau):
    return (np.exp((x - x.max()) / tau),)


def _growth_values(x, theta, c):
    return c[0] * np.exp(-x.max() / theta[0]), 1.0 / theta[0]


def _stretched_grid(x, y) -> Grid:
    return mesh(_times(x, 22, longest=4.0), ratios(0.3, 2.5, 5))


def _stretched_column(x, tau, beta):
    return (np.exp(-((np.maximum(x, 0.0) / tau) ** beta)),)


def _amplitude_and_shape(x, theta, c):
    return c[0], *theta


def _biexponential_grid(x, y) -> Grid:
    pairs = mesh(times := _times(x, 16), times)
    ordered = pairs.theta[:, 0] < pairs.theta[:, 1]
    return Grid(pairs.theta[ordered], pairs.step[ordered])


def _biexponential_columns(x, tau1, tau2):
    return *_decay_column(x, tau1), *_decay_column(x, tau2)


def _biexponential_values(x, theta, c):
    (tau1, c1), (tau2, c2) = sorted(zip(theta, c, strict=True))
    return *_decay_values(x, (tau1,), (c1,)), *_decay_values(x, (tau2,), (c2,))


# Exponents of a power law on both sides of 0, spaced by 0.25 near it and more widely far from it.
_EXPONENTS = np.sinh(np.linspace(-3.4, 3.4, 41))


def _power_grid(x, y) -> Grid:
    return Grid(_EXPONENTS[:, None], np.gradient(_EXPONENTS)[:, None])


def _middle(x) -> float:
    """The geometric middle of the positive x."""
    positive = x[x > 0]
    return float(np.sqrt(positive.min() * positive.max())) if positive.size else 1.0


def _power_column(x, exponent):
    return ((x / _middle(x)) ** exponent,)


def _power_values(x, theta, c):
    return c[0] / _middle(x) ** theta[0], theta[0]


_AMPLITUDE = ParameterSpec("amplitude", "y", description="value at x = 0")
_TAU = ParameterSpec("tau", "x", 0.0, description="time in which it falls to 1/e; ln 2 · tau is the half-life")

_EXPONENTIAL_DECAY = Model(
    exponential_decay,
    (_AMPLITUDE, _TAU),
    "ExponentialDecay",
    formula="<amplitude> \\, e^{-x/<tau>}",
    guesser=Separable(_decay_column, _decay_values, _decay_grid, (True,)),
)
_EXPONENTIAL_GROWTH = Model(
    exponential_growth,
    (_AMPLITUDE, ParameterSpec("rate", "1/x", 0.0, description="relative growth; ln 2 / rate is the doubling time")),
    "ExponentialGrowth",
    formula="<amplitude> \\, e^{<rate> \\, x}",
    guesser=Separable(_growth_column, _growth_values, _decay_grid, (True,)),
)
_STRETCHED_EXPONENTIAL = Model(
    stretched_exponential,
    (
        _AMPLITUDE,
        replace(_TAU, description="time in which it falls to 1/e"),
        ParameterSpec("beta", "", 0.0, description="below 1 stretched: many times at once; above 1 compressed"),
    ),
    "StretchedExponential",
    formula=r"<amplitude> \, \exp\left[-\left(\frac{x}{<tau>}\right)^{<beta>}\right]",
    guesser=Separable(_stretched_column, _amplitude_and_shape, _stretched_grid, (True, True)),
)
_BIEXPONENTIAL = Model(
    biexponential,
    (
        replace(_AMPLITUDE, name="amplitude1", description="value of the fast part at x = 0"),
        replace(_TAU, name="tau1", description="decay time of the fast part"),
        replace(_AMPLITUDE, name="amplitude2", description="value of the slow part at x = 0"),
        replace(_TAU, name="tau2", description="decay time of the slow part", default=10.0),
    ),
    "BiExponential",
    formula="<amplitude1> \\, e^{-x/<tau1>} + <amplitude2> \\, e^{-x/<tau2>}",
    guesser=Separable(_biexponential_columns, _biexponential_values, _biexponential_grid, (True, True)),
)
_POWER_LAW = Model(
    power_law,
    (
        ParameterSpec("amplitude", "y/x^exponent", description="value at x = 1"),
        ParameterSpec("exponent", "", description="slope in a plot of ln y over ln x"),
    ),
    "PowerLaw",
    formula="<amplitude> \\, x^{<exponent>}",
    guesser=Separable(_power_column, _power_values, _power_grid, (False,)),
)


def ExponentialDecay(prefix=""):
    """Exponential decay to 0: amplitude, tau."""
    return replace(_EXPONENTIAL_DECAY, prefix=prefix)


def ExponentialGrowth(prefix=""):
    """Exponential growth from 0: amplitude, rate."""
    return replace(_EXPONENTIAL_GROWTH, prefix=prefix)


def StretchedExponential(prefix=""):
    """Kohlrausch's stretched exponential, for x ≥ 0: amplitude, tau, beta."""
    return replace(_STRETCHED_EXPONENTIAL, prefix=prefix)


def BiExponential(prefix=""):
    """Two exponential decays, the fast one first: amplitude1, tau1, amplitude2, tau2."""
    return replace(_BIEXPONENTIAL, prefix=prefix)


def PowerLaw(prefix=""):
    """A power law, for x > 0: amplitude, exponent."""
    return replace(_POWER_LAW, prefix=prefix)
