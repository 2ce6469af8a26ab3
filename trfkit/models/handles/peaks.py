"""Grips of peaks: the top, and a side at half of the maximum. Of a Fano resonance: dip, peak and continuum."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import special
from scipy.optimize import brentq

from ..peak_finding import FWHM_OF_SIGMA
from .grip import Grip

HIGHEST = 1e6  # times the continuum that a Fano resonance stays while the continuum is dragged towards 0
MOST_SKEWED = 1e6  # from here on the density is that of half of a Gaussian, to rounding


class Outline(NamedTuple):
    """A peak of amplitude 1 at position 0."""

    top: float  # where its maximum is
    height: float  # the maximum
    left: float  # from the top to half of the maximum
    right: float


def _symmetric(height, half_width) -> Outline:
    return Outline(0.0, height, half_width, half_width)


def _gaussian(sigma) -> Outline:
    return _symmetric(1.0, 0.5 * FWHM_OF_SIGMA * sigma)


def _lorentzian(gamma) -> Outline:
    return _symmetric(1.0, gamma)


def _pseudo_voigt(fwhm, fraction) -> Outline:
    return _symmetric(1.0, 0.5 * fwhm)


def _voigt(sigma, gamma) -> Outline:
    # To 0.02 %: J. J. Olivero and R. L. Longbothum, JQSRT 17 (1977) 233-236.
    half_width = 0.5346 * gamma + np.sqrt(0.2166 * gamma**2 + (0.5 * FWHM_OF_SIGMA * sigma) ** 2)
    return _symmetric(special.voigt_profile(0.0, sigma, gamma), half_width)


def _skewed_gaussian(scale, shape) -> Outline:
    top, height, left, right = _standard_skewed(float(shape))
    return Outline(scale * top, height / scale, scale * left, scale * right)


@lru_cache(256)
def _standard_skewed(shape: float) -> Outline:
    """The skew normal density of scale 1. Its logarithm is concave, so that each root is the only one."""
    if math.isnan(shape):
        return Outline(math.nan, math.nan, math.nan, math.nan)
    shape = min(max(shape, -MOST_SKEWED), MOST_SKEWED)

    def log_density(t):
        return -0.5 * t**2 + special.log_ndtr(shape * t)

    def slope(t):
        hazard = math.exp(-0.5 * (shape * t) ** 2 - special.log_ndtr(shape * t)) / math.sqrt(2.0 * math.pi)
        return shape * hazard - t

    top = brentq(slope, -1.0, 1.0, xtol=1e-14)
    half = log_density(top) - math.log(2.0)
    left, right = (brentq(lambda t: log_density(t) - half, top, top + end, xtol=1e-14) for end in (-3.0, 3.0))
    return Outline(top, math.sqrt(2.0 / math.pi) * math.exp(log_density(top)), top - left, right - top)


def _peak(outline: Callable[..., Outline], widths: int = 1, whole: bool = True) -> tuple[Grip, ...]:
    """Grips of a peak of (amplitude, position, *shape), the first `widths` of the shape lengths.

    `whole`: its amplitude is the height, and its position that of the top, whatever the shape.
    """

    def top(span, amplitude, position, *shape):
        peak = outline(*shape)
        return position + peak.top, amplitude * peak.height

    def move(span, x, y, amplitude, position, *shape):
        peak = outline(*shape)
        return y / peak.height, x - peak.top, *shape

    def side(span, amplitude, position, *shape):
        """At the right, unless only the left is in view."""
        peak = outline(*shape)
        center = position + peak.top
        at_left = center + peak.right > span.high and center - peak.left >= span.low
        return center - peak.left if at_left else center + peak.right, 0.5 * amplitude * peak.height

    def widen(span, x, y, amplitude, position, *shape):
        """Top and height stay."""
        peak = outline(*shape)
        center = position + peak.top
        if peak.right == 0:
            shape = (*[1.0] * widths, *shape[widths:])
            return widen(span, x, y, amplitude, position, *shape)
        factor = span.length(x, center) / (peak.right if x >= center else peak.left)
        wider = [factor * s for s in shape[:widths]] + list(shape[widths:])
        now = outline(*wider)
        return amplitude * (peak.height / now.height), center - now.top, *wider

    lengths = tuple(range(2, 2 + widths))
    return (
        Grip("peak", "peak", (0, 1), "xy", top, move),
        Grip("side", "half width", lengths, "x", side, widen, adjusts=() if whole else (0, 1)),
    )


GAUSSIAN = _peak(_gaussian)
LORENTZIAN = _peak(_lorentzian)
PSEUDO_VOIGT = _peak(_pseudo_voigt)
VOIGT = _peak(_voigt, widths=2, whole=False)
SKEWED_GAUSSIAN = _peak(_skewed_gaussian, whole=False)


def _dip(span, amplitude, center, width, q):
    return center - 0.5 * q * width, 0.0


def _move_dip(span, x, y, amplitude, center, width, q):
    return amplitude, x + 0.5 * q * width, width, q


def _crest(span, amplitude, center, width, q):
    return center + 0.5 * width / q, amplitude * (1.0 + q**2)


def _between(dip, distance, amplitude, q):
    """The resonance with its peak at some distance from its dip."""
    width = 2.0 * distance / (q + 1.0 / q)
    return amplitude, dip + 0.5 * q * width, width, q


def _move_crest(span, x, y, amplitude, center, width, q):
    dip = center - 0.5 * q * width
    q = math.copysign(q, x - dip)
    return _between(dip, span.reach(x, dip), y / (1.0 + q**2), q)


def _level(span, amplitude, center, width, q):
    return span.high, amplitude


def _move_level(span, x, y, amplitude, center, width, q):
    """Dip and peak stay where a resonance can have them beside this continuum."""
    dip, (peak, height) = center - 0.5 * q * width, _crest(span, amplitude, center, width, q)
    if not 1.0 < height / y < HIGHEST:
        return y, center, width, q
    return _between(dip, peak - dip, y, math.copysign(math.sqrt(height / y - 1.0), q))


BREIT_WIGNER_FANO = (
    Grip("dip", "dip", (1,), "x", _dip, _move_dip),
    Grip("peak", "peak", (0, 2), "xy", _crest, _move_crest, adjusts=(1, 3)),
    Grip("level", "continuum", (0,), "y", _level, _move_level, adjusts=(1, 2, 3)),
)
