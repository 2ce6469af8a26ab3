"""Curves that saturate: logistic with 3, 4 and 5 parameters, Gompertz, Michaelis-Menten, Hill.

For doses over decades put x = log10(dose) into `Logistic4`: center is then log10(EC50), rate is 2.303 times the Hill
slope.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import expit
from scipy import special

from .model import Model, ParameterSpec
from .separable import Axis, Grid, Separable, evenly, mesh, ratios


@jax.jit
def logistic(x, height, center, rate):
    """height / (1 + exp(−rate (x − center)))."""
    return height * expit(rate * (x - center))


@jax.jit
def logistic4(x, bottom, top, center, rate):
    """bottom + (top − bottom) / (1 + exp(−rate (x − center)))."""
    return bottom + (top - bottom) * expit(rate * (x - center))


@jax.jit
def logistic5(x, bottom, top, center, rate, asymmetry):
    """bottom + (top − bottom) / (1 + exp(−rate (x − center)))^asymmetry."""
    return bottom + (top - bottom) * jnp.exp(-asymmetry * jnp.logaddexp(0.0, -rate * (x - center)))


@jax.jit
def gompertz(x, height, center, rate):
    """height · exp(−exp(−rate (x − center)))."""
    return height * jnp.exp(-jnp.exp(-rate * (x - center)))


@jax.jit
def michaelis_menten(x, vmax, km):
    """vmax · x / (km + x), for x ≥ 0."""
    return vmax * x / (km + x)


@jax.jit
def hill(x, top, k, n):
    """top · x^n / (k^n + x^n), for x ≥ 0, through logarithms so that a large n does not overflow."""
    positive = x > 0
    return jnp.where(positive, top * expit(n * jnp.log(jnp.where(positive, x, 1.0) / k)), 0.0)


def _extent(x) -> float:
    return float(np.ptp(x)) or 1.0


def _sigmoid_axes(x) -> tuple[Axis, Axis]:
    """Centres over the data and a little beyond, rates from a slow rise to a jump."""
    extent = _extent(x)
    return evenly(x.min() - 0.2 * extent, x.min() + 1.2 * extent, 15), ratios(2.0 / extent, 200.0 / extent, 8)


def _sigmoid_grid(x, y) -> Grid:
    return mesh(*_sigmoid_axes(x))


def _either_sigmoid_grid(x, y) -> Grid:
    center, rate = _sigmoid_axes(x)
    return mesh(center, Axis(np.concatenate([rate.values, -rate.values]), rate.step))


def _logistic_column(x, center, rate):
    return (special.expit(rate * (x - center)),)


def _amplitude_and_shape(x, theta, c):
    return c[0], *theta


def _logistic4_columns(x, center, rate):
    return 1.0, special.expit(rate * (x - center))


def _logistic4_values(x, theta, c):
    """bottom below top, whatever the sign of the rate."""
    center, rate = theta
    return (c[0], c[0] + c[1], center, rate) if c[1] >= 0 else (c[0] + c[1], c[0], center, -rate)


def _logistic5_grid(x, y) -> Grid:
    extent = _extent(x)
    center = evenly(x.min() - 0.2 * extent, x.min() + 1.2 * extent, 9)
    rate = ratios(3.0 / extent, 100.0 / extent, 6)
    # Turned upside down it is another curve: the rate has the sign that leaves bottom below top.
    falls = np.dot(x - x.mean(), y) < 0
    return mesh(center, Axis(-rate.values if falls else rate.values, rate.step), ratios(0.5, 2.0, 3))


def _logistic5_columns(x, center, rate, asymmetry):
    return 1.0, special.expit(rate * (x - center)) ** asymmetry


def _logistic5_values(x, theta, c):
    return c[0], c[0] + c[1], *theta


def _gompertz_column(x, center, rate):
    return (np.exp(-np.exp(-rate * (x - center))),)


def _concentrations(x) -> tuple[float, float]:
    """From below the smallest positive x to beyond the largest."""
    positive = x[x > 0]
    return (0.2 * float(positive.min()), 20.0 * float(positive.max())) if positive.size else (0.1, 10.0)


def _michaelis_grid(x, y) -> Grid:
    return mesh(ratios(*_concentrations(x), 40))


def _michaelis_column(x, km):
    return (x / (km + x),)


def _hill_grid(x, y) -> Grid:
    return mesh(ratios(*_concentrations(x), 18), ratios(0.5, 8.0, 6))


def _hill_column(x, k, n):
    return (special.expit(n * np.log(np.maximum(x, 0.0) / k)),)


_RATE = ParameterSpec("rate", "1/x", description="steepness; negative falls")
_CENTER = ParameterSpec("center", "x", default=0.0, description="where half of the height is reached")

_LOGISTIC = Model(
    logistic,
    (ParameterSpec("height", "y", description="value that it saturates at"), _CENTER, _RATE),
    "Logistic",
    formula=r"\frac{<height>}{1 + e^{-<rate> \, (x - <center>)}}",
    guesser=Separable(_logistic_column, _amplitude_and_shape, _either_sigmoid_grid, (False, True)),
)
_BOTTOM_AND_TOP = (
    ParameterSpec("bottom", "y", default=0.0, description="value far on the low side"),
    ParameterSpec("top", "y", description="value far on the high side"),
)
_LOGISTIC4 = Model(
    logistic4,
    (*_BOTTOM_AND_TOP, replace(_CENTER, description="halfway between bottom and top"), _RATE),
    "Logistic4",
    formula=r"<bottom> + \frac{<top> - <bottom>}{1 + e^{-<rate> \, (x - <center>)}}",
    guesser=Separable(_logistic4_columns, _logistic4_values, _sigmoid_grid, (False, True)),
)
_LOGISTIC5 = Model(
    logistic5,
    (
        *_BOTTOM_AND_TOP,
        replace(_CENTER, description="halfway between bottom and top where asymmetry is 1"),
        _RATE,
        ParameterSpec("asymmetry", "", 0.0, description="1 for equal bends; below 1 the bend at the bottom is slower"),
    ),
    "Logistic5",
    formula=r"<bottom> + \frac{<top> - <bottom>}{\left(1 + e^{-<rate> \, (x - <center>)}\right)^{<asymmetry>}}",
    guesser=Separable(_logistic5_columns, _logistic5_values, _logistic5_grid, (False, True, True)),
)
_GOMPERTZ = Model(
    gompertz,
    (
        ParameterSpec("height", "y", description="value that it saturates at"),
        replace(_CENTER, description="where it grows fastest, at 1/e of the height"),
        ParameterSpec("rate", "1/x", 0.0, description="steepness"),
    ),
    "Gompertz",
    formula=r"<height> \, \exp\left(-e^{-<rate> \, (x - <center>)}\right)",
    guesser=Separable(_gompertz_column, _amplitude_and_shape, _sigmoid_grid, (False, True)),
)
_MICHAELIS_MENTEN = Model(
    michaelis_menten,
    (
        ParameterSpec("vmax", "y", description="rate at saturation"),
        ParameterSpec("km", "x", 0.0, description="concentration at half of vmax"),
    ),
    "MichaelisMenten",
    formula=r"\frac{<vmax> \, x}{<km> + x}",
    guesser=Separable(_michaelis_column, _amplitude_and_shape, _michaelis_grid, (True,)),
)
_HILL = Model(
    hill,
    (
        ParameterSpec("top", "y", description="value at saturation"),
        ParameterSpec("k", "x", 0.0, description="concentration at half of top"),
        ParameterSpec("n", "", 0.0, description="Hill coefficient: above 1 cooperative"),
    ),
    "Hill",
    formula=r"\frac{<top> \, x^{<n>}}{<k>^{<n>} + x^{<n>}}",
    guesser=Separable(_hill_column, _amplitude_and_shape, _hill_grid, (True, True)),
)


def Logistic(prefix=""):
    """Logistic growth from 0: height, center, rate."""
    return replace(_LOGISTIC, prefix=prefix)


def Logistic4(prefix=""):
    """The sigmoid of four parameters: bottom, top, center, rate."""
    return replace(_LOGISTIC4, prefix=prefix)


def Logistic5(prefix=""):
    """Richards' sigmoid of five parameters: bottom, top, center, rate, asymmetry."""
    return replace(_LOGISTIC5, prefix=prefix)


def Gompertz(prefix=""):
    """Gompertz growth from 0: height, center, rate."""
    return replace(_GOMPERTZ, prefix=prefix)


def MichaelisMenten(prefix=""):
    """Michaelis-Menten kinetics, for x ≥ 0: vmax, km."""
    return replace(_MICHAELIS_MENTEN, prefix=prefix)


def Hill(prefix=""):
    """The Hill equation, for x ≥ 0: top, k, n."""
    return replace(_HILL, prefix=prefix)
