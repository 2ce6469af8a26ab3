"""Peaks: Gaussian, Lorentzian, Voigt, pseudo-Voigt, skewed Gaussian, and the Breit-Wigner-Fano resonance.

Guesses: candidates for position and width from `peak_finding`, the coefficients by least squares.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf
from scipy import special

from .model import Model, ParameterSpec
from .peak_finding import FWHM_OF_SIGMA, find_peaks, find_shoulders, smoothed
from .separable import Grid, Separable, evenly, mesh, ratios
from .voigt import voigt_profile

MOST_CANDIDATES = 6  # positions of each sign
WIDER = (0.6, 1.0, 1.6)  # times the width that was found
STEP_OF_CENTER = 0.25  # times the width
STEP_OF_WIDTH = 0.47  # of its logarithm: that of WIDER


@jax.jit
def gaussian(x, height, center, sigma):
    """height · exp(−(x − center)² / (2 sigma²))."""
    return height * jnp.exp(-0.5 * ((x - center) / sigma) ** 2)


@jax.jit
def lorentzian(x, height, center, gamma):
    """height / (1 + ((x − center) / gamma)²)."""
    return height / (1.0 + ((x - center) / gamma) ** 2)


@jax.jit
def voigt(x, area, center, sigma, gamma):
    """area · V(x − center; sigma, gamma), see `voigt_profile`."""
    return area * voigt_profile(x - center, sigma, gamma)


@jax.jit
def pseudo_voigt(x, height, center, fwhm, fraction):
    """A Gaussian and a Lorentzian of one position and one width, mixed."""
    t = 2.0 * (x - center) / fwhm
    return height * ((1.0 - fraction) * jnp.exp2(-(t**2)) + fraction / (1.0 + t**2))


@jax.jit
def skewed_gaussian(x, area, location, scale, shape):
    """Azzalini's skew normal density, times area."""
    t = (x - location) / scale
    return area / (scale * jnp.sqrt(2.0 * jnp.pi)) * jnp.exp(-0.5 * t**2) * (1.0 + erf(shape * t / jnp.sqrt(2.0)))


@jax.jit
def breit_wigner_fano(x, amplitude, center, width, q):
    """amplitude · (q + t)² / (1 + t²), t = 2 (x − center) / width."""
    t = 2.0 * (x - center) / width
    return amplitude * (q + t) ** 2 / (1.0 + t**2)


def peak_grid(x, y, local=False) -> Grid:
    """Candidates (centre, full width at half maximum), with peaks and dips alike, and broad ones in case there is none.

    A peak cut off by an end of the data has no maximum inside it, so both ends are candidates, too. With `local` there
    are only those peaks that y shows by its bends, as far as there are any.
    """
    span = _span(x)
    found = find_shoulders(x, y, MOST_CANDIDATES)
    if not (local and found):
        found += [*find_shoulders(x, -y, MOST_CANDIDATES), *find_peaks(x, y, MOST_CANDIDATES)]
        found += find_peaks(x, -y, MOST_CANDIDATES)
        local = False
    pairs = [(peak.center, peak.width * factor) for peak in found for factor in WIDER]
    if not local:
        largest = x[np.argmax(np.abs(smoothed(y, y.size / 50.0)))]
        anywhere = (largest, x[0], x[-1], 0.5 * (x[0] + x[-1]))
        pairs += [(center, span * fraction) for center in anywhere for fraction in (0.04, 0.1, 0.25, 0.6)]
    theta = np.array(pairs)
    return Grid(theta, np.stack([STEP_OF_CENTER * theta[:, 1], np.full(len(theta), STEP_OF_WIDTH)], axis=1))


def _span(x) -> float:
    """The extent of x, 1 if it has none."""
    return float(np.ptp(x)) or 1.0


def _gaussian_column(x, center, fwhm):
    return (np.exp2(-((2.0 * (x - center) / fwhm) ** 2)),)


def _lorentzian_column(x, center, fwhm):
    return (1.0 / (1.0 + (2.0 * (x - center) / fwhm) ** 2),)


def _both_columns(x, center, fwhm):
    return *_gaussian_column(x, center, fwhm), *_lorentzian_column(x, center, fwhm)


def _gaussian_values(x, theta, c):
    return c[0], theta[0], theta[1] / FWHM_OF_SIGMA


def _lorentzian_values(x, theta, c):
    return c[0], theta[0], theta[1] / 2.0


def _mixture(c) -> tuple[float, float]:
    """(height, Lorentzian fraction), the fraction kept off its bounds, where a fit would start to stick."""
    height = c[0] + c[1]
    return height, np.clip(c[1] / height, 0.05, 0.95) if height else 0.5


def _pseudo_voigt_values(x, theta, c):
    height, fraction = _mixture(c)
    return height, theta[0], theta[1], fraction


# The Lorentzian part of a Voigt profile's width, r = f_L / f, against the mixing η of the pseudo-Voigt nearest to it:
# P. Thompson, D. E. Cox and J. B. Hastings, J. Appl. Cryst. 20 (1987) 79-83.
_RATIO = np.linspace(0.0, 1.0, 101)
_MIXING = 1.36603 * _RATIO - 0.47719 * _RATIO**2 + 0.11116 * _RATIO**3


def _voigt_values(x, theta, c):
    height, fraction = _mixture(c)
    center, fwhm = theta
    gamma = 0.5 * fwhm * np.interp(fraction, _MIXING, _RATIO)
    # f = 0.5346 f_L + √(0.2166 f_L² + f_G²): J. J. Olivero and R. L. Longbothum, JQSRT 17 (1977) 233-236.
    sigma = np.sqrt(max((fwhm - 1.0692 * gamma) ** 2 - 0.8664 * gamma**2, 1e-4 * fwhm**2)) / FWHM_OF_SIGMA
    return height / special.voigt_profile(0.0, sigma, gamma), center, sigma, gamma


def _skewed_grid(x, y, local=False) -> Grid:
    peaks = peak_grid(x, y, local)
    shapes = np.array([-3.0, 0.0, 3.0])
    center, fwhm, shape = (a.ravel() for a in np.broadcast_arrays(*peaks.theta.T[:, :, None], shapes))
    delta = shape / np.sqrt(1.0 + shape**2)
    scale = fwhm / FWHM_OF_SIGMA / np.sqrt(1.0 - 2.0 * delta**2 / np.pi)  # of the same standard deviation
    theta = np.stack([center - scale * delta * np.sqrt(2.0 / np.pi), scale, shape], axis=1)  # and of the same mean
    return Grid(theta, np.stack([0.5 * scale, np.full_like(scale, STEP_OF_WIDTH), np.full_like(scale, 1.5)], axis=1))


def _skewed_column(x, location, scale, shape):
    t = (x - location) / scale
    return (np.exp(-0.5 * t**2) * (1.0 + special.erf(shape * t / np.sqrt(2.0))),)


def _skewed_values(x, theta, c):
    return c[0] * theta[1] * np.sqrt(2.0 * np.pi), *theta


def _fano_grid(x, y) -> Grid:
    span = _span(x)
    return mesh(evenly(x[0], x[0] + span, 19), ratios(0.02 * span, 0.8 * span, 5))


def _fano_columns(x, center, width):
    # (q + t)² / (1 + t²) = 1 + ((q² − 1) + 2 q t) / (1 + t²)
    t = 2.0 * (x - center) / width
    return np.ones_like(t), 1.0 / (1.0 + t**2), t / (1.0 + t**2)


def _fano_values(x, theta, c):
    # amplitude (1, q² − 1, 2 q): three coefficients for two parameters. The last two have the norm |amplitude| (q² + 1)
    # and so settle both but for the sign, which is that of amplitude (q² + 1).
    continuum, even, odd = c
    amplitude = 0.5 * (np.copysign(np.hypot(even, odd), 2.0 * continuum + even) - even)
    return amplitude, *theta, odd / (2.0 * amplitude) if amplitude else 1.0


def _center(of="the maximum"):
    return ParameterSpec("center", "x", default=0.0, description=f"position of {of}")


_HEIGHT = ParameterSpec("height", "y", description="value at the center; negative for a dip")
_AREA = ParameterSpec("area", "x y", description="integral over x; negative for a dip")

_GAUSSIAN = Model(
    gaussian,
    (_HEIGHT, _center(), ParameterSpec("sigma", "x", 0.0, description="standard deviation; FWHM is 2.355 sigma")),
    "Gaussian",
    formula=r"<height> \, \exp\left(-\frac{(x - <center>)^2}{2 \, <sigma>^2}\right)",
    guesser=Separable(_gaussian_column, _gaussian_values, peak_grid, (False, True), peak=True),
)
_LORENTZIAN = Model(
    lorentzian,
    (_HEIGHT, _center(), ParameterSpec("gamma", "x", 0.0, description="half width at half maximum")),
    "Lorentzian",
    formula=r"\frac{<height>}{1 + \left(\frac{x - <center>}{<gamma>}\right)^2}",
    guesser=Separable(_lorentzian_column, _lorentzian_values, peak_grid, (False, True), peak=True),
)
_VOIGT = Model(
    voigt,
    (
        _AREA,
        _center(),
        ParameterSpec("sigma", "x", 0.0, description="standard deviation of the Gaussian part"),
        ParameterSpec("gamma", "x", 0.0, description="half width at half maximum of the Lorentzian part"),
    ),
    "Voigt",
    formula=r"\frac{<area>}{<sigma>\sqrt{2\pi}} \, \operatorname{Re} w\left("
    r"\frac{x - <center> + i \, <gamma>}{<sigma>\sqrt{2}}\right)",
    guesser=Separable(_both_columns, _voigt_values, peak_grid, (False, True), peak=True),
)
_PSEUDO_VOIGT = Model(
    pseudo_voigt,
    (
        _HEIGHT,
        _center(),
        ParameterSpec("fwhm", "x", 0.0, description="full width at half maximum"),
        ParameterSpec("fraction", "", 0.0, 1.0, 0.5, "0 for a Gaussian, 1 for a Lorentzian"),
    ),
    "PseudoVoigt",
    formula=r"<height> \left[(1 - <fraction>) \, \exp\left(-\frac{4 \ln 2 \, (x - <center>)^2}{<fwhm>^2}\right)"
    r" + \frac{<fraction>}{1 + 4 \, (x - <center>)^2 / <fwhm>^2}\right]",
    guesser=Separable(_both_columns, _pseudo_voigt_values, peak_grid, (False, True), peak=True),
)
_SKEWED_GAUSSIAN = Model(
    skewed_gaussian,
    (
        _AREA,
        ParameterSpec("location", "x", default=0.0, description="position; that of the maximum where shape is 0"),
        ParameterSpec("scale", "x", 0.0, description="width; the standard deviation where shape is 0"),
        ParameterSpec("shape", "", default=0.0, description="skewness: positive leans to the right, 0 is a Gaussian"),
    ),
    "SkewedGaussian",
    formula=r"\frac{<area>}{<scale>\sqrt{2\pi}} \, \exp\left(-\frac{(x - <location>)^2}{2 \, <scale>^2}\right)"
    r" \left[1 + \operatorname{erf}\left(<shape> \, \frac{x - <location>}{\sqrt{2} \, <scale>}\right)\right]",
    guesser=Separable(_skewed_column, _skewed_values, _skewed_grid, (False, True, False), peak=True),
)
_BREIT_WIGNER_FANO = Model(
    breit_wigner_fano,
    (
        ParameterSpec("amplitude", "y", description="y far from the resonance"),
        _center("the resonance"),
        ParameterSpec("width", "x", 0.0, description="full width at half maximum of the resonance"),
        ParameterSpec("q", "", description="Fano parameter: 0 for a dip, ±1 for an S shape, large for a peak"),
    ),
    "BreitWignerFano",
    formula=r"<amplitude> \, \frac{(<q> \, <width> / 2 + x - <center>)^2}{(<width> / 2)^2 + (x - <center>)^2}",
    guesser=Separable(_fano_columns, _fano_values, _fano_grid, (False, True)),
)


def Gaussian(prefix=""):
    """A Gaussian peak: height, center, sigma."""
    return replace(_GAUSSIAN, prefix=prefix)


def Lorentzian(prefix=""):
    """A Lorentzian (Cauchy) peak: height, center, gamma."""
    return replace(_LORENTZIAN, prefix=prefix)


def Voigt(prefix=""):
    """A Voigt peak, the true profile: area, center, sigma, gamma."""
    return replace(_VOIGT, prefix=prefix)


def PseudoVoigt(prefix=""):
    """A mixture of a Gaussian and a Lorentzian of one width: height, center, fwhm, fraction."""
    return replace(_PSEUDO_VOIGT, prefix=prefix)


def SkewedGaussian(prefix=""):
    """A skewed Gaussian peak (A. Azzalini, Scand. J. Statist. 12 (1985) 171-178): area, location, scale, shape."""
    return replace(_SKEWED_GAUSSIAN, prefix=prefix)


def BreitWignerFano(prefix=""):
    """A resonance with a continuum (U. Fano, Phys. Rev. 124 (1961) 1866-1878): amplitude, center, width, q."""
    return replace(_BREIT_WIGNER_FANO, prefix=prefix)
