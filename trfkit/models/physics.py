"""Laws with constants of nature and of materials: Planck, Arrhenius, Debye relaxation, diffusion from a surface.

The constants are exact in the SI since 2019 (CODATA 2018).
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erfc
from scipy import special

from .model import Model, ParameterSpec
from .separable import Grid, Separable, mesh, ratios

_H, _C, _K = 6.62607015e-34, 299792458.0, 1.380649e-23  # Planck constant (J s), speed of light (m/s), Boltzmann (J/K)
FIRST_RADIATION = 2.0 * _H * _C**2 * 1e24  # 2hc² in W µm⁴ / (m² sr)
SECOND_RADIATION = _H * _C / _K * 1e6  # hc/k in µm K
GAS_CONSTANT = 8.31446261815324  # J / (mol K)


@jax.jit
def planck(x, scale, temperature):
    """scale · 2hc² / x⁵ / (exp(hc / (x k temperature)) − 1), x in µm, temperature in K, in W / (m² sr µm)."""
    u = SECOND_RADIATION / (x * temperature)
    return scale * FIRST_RADIATION / x**5 * jnp.exp(-u) / -jnp.expm1(-u)  # exp(−u): nothing overflows at small x


@jax.jit
def arrhenius(x, prefactor, activation_energy):
    """prefactor · exp(−activation_energy / (R x)), x in K, activation_energy in J/mol."""
    return prefactor * jnp.exp(-activation_energy / (GAS_CONSTANT * x))


@jax.jit
def debye_relaxation(x, high, strength, tau):
    """high + strength / (1 + (x tau)²), x the angular frequency."""
    return high + strength / (1.0 + (x * tau) ** 2)


@jax.jit
def erfc_diffusion(x, surface, bulk, length):
    """bulk + (surface − bulk) erfc(x / length), x the depth."""
    return bulk + (surface - bulk) * erfc(x / length)


def _planck_grid(x, y) -> Grid:
    positive = x[x > 0] if np.any(x > 0) else np.ones(1)
    # Wien's displacement law: 2898 µm K; maxima well outside the data, on both sides, are candidates, too.
    return mesh(ratios(2898.0 / (20.0 * positive.max()), 2898.0 / (0.1 * positive.min()), 50))


def _planck_column(x, temperature):
    u = SECOND_RADIATION / (x * temperature)
    return (FIRST_RADIATION / x**5 * np.exp(-u) / -np.expm1(-u),)


def _one_and_shape(x, theta, c):
    return c[0], *theta


def _arrhenius_grid(x, y) -> Grid:
    inverse = 1.0 / (GAS_CONSTANT * x[x > 0]) if np.any(x > 0) else np.ones(1)
    extent = float(np.ptp(inverse)) or 1.0
    energies = ratios(0.02 / extent, 40.0 / extent, 40).values  # the rate changes by e^0.02 to e^40 over the data
    energies = np.concatenate([-energies[::-1], energies])
    return Grid(energies[:, None], np.gradient(energies)[:, None])


def _coldness(x) -> float:
    """1 / (R T) in the middle of the data, where the columns are 1."""
    return float(1.0 / (GAS_CONSTANT * np.median(x)))


def _arrhenius_column(x, energy):
    return (np.exp(-energy * (1.0 / (GAS_CONSTANT * x) - _coldness(x))),)


def _arrhenius_values(x, theta, c):
    return c[0] * np.exp(theta[0] * _coldness(x)), theta[0]


def _debye_grid(x, y) -> Grid:
    positive = np.abs(x[x != 0]) if np.any(x != 0) else np.ones(1)
    return mesh(ratios(0.1 / positive.max(), 10.0 / positive.min(), 40))


def _debye_columns(x, tau):
    return 1.0, 1.0 / (1.0 + (x * tau) ** 2)


def _diffusion_grid(x, y) -> Grid:
    extent = float(np.max(np.abs(x))) or 1.0
    return mesh(ratios(0.01 * extent, 5.0 * extent, 30))


def _diffusion_columns(x, length):
    return 1.0, special.erfc(x / length)


def _diffusion_values(x, theta, c):
    return c[0] + c[1], c[0], theta[0]


def _debye_values(x, theta, c):
    return c[0], c[1], theta[0]


_PLANCK = Model(
    planck,
    (
        ParameterSpec("scale", "y/(W/(m² sr µm))", 0.0, description="1 for a black body in SI units per µm"),
        ParameterSpec("temperature", "K", 0.0, default=1000.0, description="of the radiator"),
    ),
    "Planck",
    formula=r"<scale> \, \frac{2 h c^2}{x^5} \, \frac{1}{\exp\left(\frac{h c}{x \, k \, <temperature>}\right) - 1}",
    guesser=Separable(_planck_column, _one_and_shape, _planck_grid, (True,)),
)
_ARRHENIUS = Model(
    arrhenius,
    (
        ParameterSpec("prefactor", "y", description="rate in the limit of high temperature"),
        ParameterSpec("activation_energy", "J/mol", default=5e4, description="for x in K"),
    ),
    "Arrhenius",
    formula=r"<prefactor> \, \exp\left(-\frac{<activation_energy>}{R \, x}\right)",
    guesser=Separable(_arrhenius_column, _arrhenius_values, _arrhenius_grid, (False,)),
)
_DEBYE_RELAXATION = Model(
    debye_relaxation,
    (
        ParameterSpec("high", "y", default=0.0, description="value at high frequency"),
        ParameterSpec("strength", "y", description="value at low frequency, less that at high"),
        ParameterSpec("tau", "1/x", 0.0, description="relaxation time; 1/tau is the angular frequency of the step"),
    ),
    "DebyeRelaxation",
    formula=r"<high> + \frac{<strength>}{1 + (x \, <tau>)^2}",
    guesser=Separable(_debye_columns, _debye_values, _debye_grid, (True,)),
)
_ERFC_DIFFUSION = Model(
    erfc_diffusion,
    (
        ParameterSpec("surface", "y", description="concentration at x = 0"),
        ParameterSpec("bulk", "y", default=0.0, description="concentration far below the surface"),
        ParameterSpec("length", "x", 0.0, description="diffusion length 2 √(D t)"),
    ),
    "ErfcDiffusion",
    formula=r"<bulk> + (<surface> - <bulk>) \operatorname{erfc}\left(\frac{x}{<length>}\right)",
    guesser=Separable(_diffusion_columns, _diffusion_values, _diffusion_grid, (True,)),
)


def Planck(prefix=""):
    """A black body's spectral radiance over wavelength in µm: scale, temperature."""
    return replace(_PLANCK, prefix=prefix)


def Arrhenius(prefix=""):
    """A thermally activated rate over temperature in K: prefactor, activation_energy."""
    return replace(_ARRHENIUS, prefix=prefix)


def DebyeRelaxation(prefix=""):
    """The real part of Debye's relaxation over angular frequency: high, strength, tau."""
    return replace(_DEBYE_RELAXATION, prefix=prefix)


def ErfcDiffusion(prefix=""):
    """Diffusion from a surface held at one concentration into a half-space: surface, bulk, length."""
    return replace(_ERFC_DIFFUSION, prefix=prefix)
