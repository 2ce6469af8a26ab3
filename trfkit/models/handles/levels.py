"""Grips of curves between levels: sigmoids, saturation, edges, relaxation, diffusion; and of Planck's law its maximum.

Levels are at the end of the plot where the curve goes to them, and move up and down; centers and widths move along x.
"""

import math

import numpy as np
from scipy import special

from ..physics import FIRST_RADIATION, SECOND_RADIATION
from ..steps import Edges
from .grip import Grip

LN3 = math.log(3.0)  # 1 / (1 + exp(−ln 3)) = 3/4: the steepness of a sigmoid is dragged there
WIEN = SECOND_RADIATION / (5.0 + special.lambertw(-5.0 * math.exp(-5.0)).real)  # µm K: at the maximum u = 5 (1 − e^−u)


def _high_side(span, rate):
    """The end that a sigmoid rises to."""
    return span.high if rate >= 0 else span.low


def _low_side(span, rate):
    return span.low if rate >= 0 else span.high


LOGISTIC = (
    Grip("top", "plateau", (0,), "y",
         lambda span, height, center, rate: (_high_side(span, rate), height),
         lambda span, x, y, height, center, rate: (y, center, rate)),
    Grip("center", "center", (1,), "x",
         lambda span, height, center, rate: (center, 0.5 * height),
         lambda span, x, y, height, center, rate: (height, x, rate)),
    Grip("rate", "steepness", (2,), "x",
         lambda span, height, center, rate: (center + LN3 / rate, 0.75 * height),
         lambda span, x, y, height, center, rate: (height, center, LN3 / span.reach(x, center))),
)  # fmt: skip


def _sigmoid(level) -> tuple[Grip, ...]:
    """Grips of bottom + (top − bottom) · level(u, …), level the height reached where a logistic curve has reached u."""
    return (
        Grip("bottom", "bottom", (0,), "y",
             lambda span, bottom, top, center, rate, *bend: (_low_side(span, rate), bottom),
             lambda span, x, y, bottom, *rest: (y, *rest)),
        Grip("top", "top", (1,), "y",
             lambda span, bottom, top, center, rate, *bend: (_high_side(span, rate), top),
             lambda span, x, y, bottom, top, *rest: (bottom, y, *rest)),
        Grip("center", "center", (2,), "x",
             lambda span, bottom, top, center, rate, *bend: (center, bottom + (top - bottom) * level(0.5, *bend)),
             lambda span, x, y, bottom, top, center, *rest: (bottom, top, x, *rest)),
        Grip("rate", "steepness", (3,), "x",
             lambda span, bottom, top, center, rate, *bend: (
                 center + LN3 / rate, bottom + (top - bottom) * level(0.75, *bend)),
             lambda span, x, y, bottom, top, center, rate, *bend: (
                 bottom, top, center, LN3 / span.reach(x, center), *bend)),
    )  # fmt: skip


LOGISTIC4 = _sigmoid(lambda u: u)
LOGISTIC5 = _sigmoid(lambda u, asymmetry: u**asymmetry)

GOMPERTZ = (
    Grip("top", "plateau", (0,), "y",
         lambda span, height, center, rate: (span.high, height),
         lambda span, x, y, height, center, rate: (y, center, rate)),
    Grip("center", "center", (1,), "x",
         lambda span, height, center, rate: (center, height / math.e),
         lambda span, x, y, height, center, rate: (height, x, rate)),
    Grip("rate", "steepness", (2,), "x",
         lambda span, height, center, rate: (center + 1.0 / rate, height * np.exp(-1.0 / math.e)),
         lambda span, x, y, height, center, rate: (height, center, 1.0 / span.length(x, center))),
)  # fmt: skip

MICHAELIS_MENTEN = (
    Grip("vmax", "plateau", (0,), "y",
         lambda span, vmax, km: (span.high, vmax),
         lambda span, x, y, vmax, km: (y, km)),
    Grip("km", "half point", (1,), "x",
         lambda span, vmax, km: (km, 0.5 * vmax),
         lambda span, x, y, vmax, km: (vmax, span.length(x, 0.0))),
)  # fmt: skip


def _steepen_hill(span, x, y, top, k, n):
    """x = k · 3^(1/n) at 3/4 of the top, and so beyond k."""
    return top, k, LN3 / np.log1p(span.length(x, k) / k)


HILL = (
    Grip("top", "plateau", (0,), "y",
         lambda span, top, k, n: (span.high, top),
         lambda span, x, y, top, k, n: (y, k, n)),
    Grip("k", "half point", (1,), "x",
         lambda span, top, k, n: (k, 0.5 * top),
         lambda span, x, y, top, k, n: (top, span.length(x, 0.0), n)),
    Grip("n", "steepness", (2,), "x",
         lambda span, top, k, n: (k * 3.0 ** (1.0 / n), 0.75 * top), _steepen_hill),
)  # fmt: skip


def step(form: str) -> tuple[Grip, ...]:
    """Height, center, and one width right of it."""
    (after,) = Edges(form)(1.0, 0.0, 1.0)
    return (
        Grip("height", "plateau", (0,), "y",
             lambda span, height, center, width: (span.high, height),
             lambda span, x, y, height, center, width: (y, center, width)),
        Grip("center", "edge", (1,), "x",
             lambda span, height, center, width: (center, 0.5 * height),
             lambda span, x, y, height, center, width: (height, x, width)),
        Grip("width", "width of the edge", (2,), "x",
             lambda span, height, center, width: (center + width, after * height),
             lambda span, x, y, height, center, width: (height, center, span.length(x, center))),
    )  # fmt: skip


def _carry(span, x, y, height, left, right, *widths):
    shift = x - 0.5 * (left + right)
    return y, left + shift, right + shift, *widths


def rectangle(form: str) -> tuple[Grip, ...]:
    """The top, which carries both edges along, each edge, and one width outside of each."""
    (before,) = Edges(form)(-1.0, 0.0, 1.0)
    return (
        Grip("height", "top", (0, 1, 2), "xy",
             lambda span, height, left, right, *widths: (0.5 * (left + right), height), _carry),
        Grip("left", "left edge", (1,), "x",
             lambda span, height, left, right, *widths: (left, 0.5 * height),
             lambda span, x, y, height, left, *rest: (height, x, *rest)),
        Grip("right", "right edge", (2,), "x",
             lambda span, height, left, right, *widths: (right, 0.5 * height),
             lambda span, x, y, height, left, right, *widths: (height, left, x, *widths)),
        Grip("left_width", "width of the left edge", (3,), "x",
             lambda span, height, left, right, width, other: (left - width, before * height),
             lambda span, x, y, height, left, right, width, other: (
                 height, left, right, span.length(x, left), other)),
        Grip("right_width", "width of the right edge", (4,), "x",
             lambda span, height, left, right, other, width: (right + width, before * height),
             lambda span, x, y, height, left, right, other, width: (
                 height, left, right, other, span.length(x, right))),
    )  # fmt: skip


DEBYE_RELAXATION = (
    Grip("low", "low frequencies", (1,), "y",
         lambda span, high, strength, tau: (span.low, high + strength),
         lambda span, x, y, high, strength, tau: (high, y - high, tau)),
    Grip("high", "high frequencies", (0,), "y",
         lambda span, high, strength, tau: (span.high, high),
         lambda span, x, y, high, strength, tau: (y, high + strength - y, tau), adjusts=(1,)),
    Grip("tau", "relaxation", (2,), "x",
         lambda span, high, strength, tau: (1.0 / tau, high + 0.5 * strength),
         lambda span, x, y, high, strength, tau: (high, strength, 1.0 / span.length(x, 0.0))),
)  # fmt: skip

ERFC_DIFFUSION = (
    Grip("surface", "surface", (0,), "y",
         lambda span, surface, bulk, length: (span.origin, surface),
         lambda span, x, y, surface, bulk, length: (y, bulk, length)),
    Grip("bulk", "bulk", (1,), "y",
         lambda span, surface, bulk, length: (span.high, bulk),
         lambda span, x, y, surface, bulk, length: (surface, y, length)),
    Grip("length", "diffusion length", (2,), "x",
         lambda span, surface, bulk, length: (length, bulk + (surface - bulk) * special.erfc(1.0)),
         lambda span, x, y, surface, bulk, length: (surface, bulk, span.length(x, 0.0))),
)  # fmt: skip


def _brightest(temperature):
    """Where Planck's law has its maximum, and the maximum."""
    x = WIEN / temperature
    return x, FIRST_RADIATION / x**5 / np.expm1(SECOND_RADIATION / WIEN)


def _maximum(span, scale, temperature):
    x, radiance = _brightest(temperature)
    return x, scale * radiance


def _move_maximum(span, x, y, scale, temperature):
    temperature = WIEN / span.length(x, 0.0)
    return y / _brightest(temperature)[1], temperature


PLANCK = (Grip("peak", "maximum", (0, 1), "xy", _maximum, _move_maximum),)
