"""Grips of curves across the plot: points of polynomials, ends of power laws, starts and times of decays."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from ..physics import GAS_CONSTANT
from .grip import Grip

SMALLEST = 1e-6  # of the other end: where a pointer on the other side of 0 takes an end that cannot get there
LOW_END = 0.01  # of the high end of the plot: the other end of a law for positive x where the plot begins below
STRETCHES = 0.05, 9.0  # exponents that the grip of a stretched exponential reaches


def _nodes(span, degree) -> np.ndarray:
    """degree + 1 points from end to end, closer at the ends: between such points a polynomial does not swing."""
    if degree == 0:
        return np.array([0.5 * (span.low + span.high)])
    middle, half = 0.5 * (span.low + span.high), 0.5 * (span.high - span.low)
    points = middle - half * np.cos(np.pi * np.arange(degree + 1) / degree)
    points[0], points[-1] = span
    return points


def _node(k, span, *coefficients):
    x = _nodes(span, len(coefficients) - 1)[k]
    return x, np.polynomial.polynomial.polyval(x, coefficients)


def _pull_node(k, span, x, y, *coefficients):
    """The other points stay: what is added is 0 there."""
    nodes = _nodes(span, len(coefficients) - 1)
    others = np.delete(nodes, k)
    zero_there = np.polynomial.polynomial.polyfromroots(others) / np.prod(nodes[k] - others)
    return (*(coefficients + (y - _node(k, span, *coefficients)[1]) * zero_there),)


def polynomial(degree: int) -> tuple[Grip, ...]:
    """As many points as there are coefficients, lowest power first."""
    every = tuple(range(degree + 1))
    return tuple(
        Grip(f"point.{k}", f"point {k + 1}", every, "y", partial(_node, k), partial(_pull_node, k)) for k in every
    )


CONSTANT = (Grip("level", "level", (0,), "y", partial(_node, 0), partial(_pull_node, 0)),)


def _end_of_line(k, span, slope, intercept):
    return _node(k, span, intercept, slope)


def _pull_line(k, span, x, y, slope, intercept):
    return _pull_node(k, span, x, y, intercept, slope)[::-1]


LINE = (
    Grip("left", "left end", (0, 1), "y", partial(_end_of_line, 0), partial(_pull_line, 0)),
    Grip("right", "right end", (0, 1), "y", partial(_end_of_line, 1), partial(_pull_line, 1)),
)


def _ends(scale: Callable) -> tuple[Grip, ...]:
    """Both ends of amplitude · exp(exponent · scale(x)), x > 0."""

    def points(span):
        return span.low if span.low > 0 else LOW_END * span.high, span.high

    def place(k, span, amplitude, exponent):
        x = points(span)[k]
        return x, amplitude * np.exp(exponent * scale(x))

    def pull(k, span, x, y, amplitude, exponent):
        """The other end stays; it has the same sign."""
        (here, now), (there, held) = (place(i, span, amplitude, exponent) for i in (k, 1 - k))
        if held == 0:
            return amplitude + (y - now) / np.exp(exponent * scale(here)), exponent
        ratio = max(y / held, min(SMALLEST, now / held))
        exponent = np.log(ratio) / (scale(here) - scale(there))
        return held * np.exp(-exponent * scale(there)), exponent

    return tuple(
        Grip(name, f"{name} end", (0, 1), "y", partial(place, k), partial(pull, k))
        for k, name in enumerate(("left", "right"))
    )


POWER_LAW = _ends(np.log)
ARRHENIUS = _ends(lambda x: -1.0 / (GAS_CONSTANT * x))


def start(span, amplitude, tau):
    """Where a decay begins: at x = 0 or, if that is out of view, at the nearest end."""
    return span.origin, amplitude * np.exp(-span.origin / tau)


def lift(span, x, y, amplitude, tau):
    """The start at another height."""
    return y * np.exp(span.origin / tau), tau


def fallen(span, amplitude, tau):
    """Where a decay has fallen to 1/e of its start."""
    x, y = start(span, amplitude, tau)
    return x + tau, y / math.e


def slow(span, x, y, amplitude, tau):
    """Another time; the start stays."""
    return lift(span, x, start(span, amplitude, tau)[1], amplitude, span.length(x, span.origin))


EXPONENTIAL_DECAY = (
    Grip("start", "start", (0,), "y", start, lift),
    Grip("tau", "decay time", (1,), "x", fallen, slow, adjusts=(0,)),
)


def _end(span, amplitude, rate):
    return span.high, amplitude * np.exp(rate * span.high)


def _lift_end(span, x, y, amplitude, rate):
    return y * np.exp(-rate * span.high), rate


def _before(span, amplitude, rate):
    """Where 1/e of the end is reached."""
    x, y = _end(span, amplitude, rate)
    return x - 1.0 / rate, y / math.e


def _quicken(span, x, y, amplitude, rate):
    return _lift_end(span, x, _end(span, amplitude, rate)[1], amplitude, 1.0 / span.length(x, span.high))


EXPONENTIAL_GROWTH = (
    Grip("end", "end", (0,), "y", _end, _lift_end),
    Grip("rate", "growth rate", (1,), "x", _before, _quicken, adjusts=(0,)),
)


def _stretched_start(span, amplitude, tau, beta):
    return span.origin, amplitude * np.exp(-((span.origin / tau) ** beta))


def _lift_stretched(span, x, y, amplitude, tau, beta):
    return y * np.exp((span.origin / tau) ** beta), tau, beta


def _later(span, amplitude, tau, beta):
    return 2.0 * tau, amplitude * np.exp(-(2.0**beta))


def _stretch(span, x, y, amplitude, tau, beta):
    low, high = (np.exp(-(2.0**b)) for b in STRETCHES[::-1])
    return amplitude, tau, np.log2(-np.log(min(max(y / amplitude, low), high)))


STRETCHED_EXPONENTIAL = (
    Grip("start", "start", (0,), "y", _stretched_start, _lift_stretched),
    Grip("tau", "decay time", (1,), "x",
         lambda span, amplitude, tau, beta: (tau, amplitude / math.e),
         lambda span, x, y, amplitude, tau, beta: (amplitude, span.length(x, 0.0), beta)),
    Grip("beta", "stretch", (2,), "y", _later, _stretch),
)  # fmt: skip


def _both(place):
    """A place on the fast decay, on top of the slow one."""

    def on_top(span, amplitude1, tau1, amplitude2, tau2):
        x, y = place(span, amplitude1, tau1)
        return x, y + amplitude2 * np.exp(-x / tau2)

    return on_top


def _lift_fast(span, x, y, amplitude1, tau1, amplitude2, tau2):
    slow_part = start(span, amplitude2, tau2)[1]
    return *lift(span, x, y - slow_part, amplitude1, tau1), amplitude2, tau2


BIEXPONENTIAL = (
    Grip("fast_start", "start", (0,), "y", _both(start), _lift_fast),
    Grip("fast_tau", "fast decay time", (1,), "x", _both(fallen),
         lambda span, x, y, a1, t1, a2, t2: (*slow(span, x, y, a1, t1), a2, t2), adjusts=(0,)),
    Grip("slow_start", "start of the slow decay", (2,), "y",
         lambda span, a1, t1, a2, t2: start(span, a2, t2),
         lambda span, x, y, a1, t1, a2, t2: (a1, t1, *lift(span, x, y, a2, t2))),
    Grip("slow_tau", "slow decay time", (3,), "x",
         lambda span, a1, t1, a2, t2: fallen(span, a2, t2),
         lambda span, x, y, a1, t1, a2, t2: (a1, t1, *slow(span, x, y, a2, t2)), adjusts=(2,)),
)  # fmt: skip
