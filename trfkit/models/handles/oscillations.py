"""Grips of oscillations: a crest, the next one, and the ends of the trend or the decay of the envelope.

A crest is where the sine is 1. The crest that is held is the one at phase π/2, not another one of its kind, as long as
it is in view: so a drag by many periods has the phase count them, and the handle stays with its crest.
"""

import math
from functools import partial

import numpy as np

from .curves import LINE, fallen, slow
from .grip import Grip

TURN = 2.0 * math.pi
EDGE = 1e-9  # of the plot: a crest dragged to its very end is in view, whatever the rounding


def crest(span, frequency, phase):
    """Where the crest at phase π/2 is or, if that is out of view, the first in it."""
    x, edge = (0.25 - phase / TURN) / frequency, EDGE * (span.high - span.low)
    if span.low - edge <= x <= span.high + edge:
        return x
    return x + np.ceil((span.low - edge - x) * frequency) / frequency


def _phase(x, frequency):
    """The phase of a crest at x."""
    return TURN * (0.25 - x * frequency)


def _next(span, x, frequency, phase):
    """(frequency, phase) with the next crest at x; the first one stays."""
    first = crest(span, frequency, phase)
    frequency = 1.0 / span.length(x, first)
    return frequency, _phase(first, frequency)


def _sine_crest(periods, span, amplitude, frequency, phase, slope, intercept):
    x = crest(span, frequency, phase) + periods / frequency
    return x, amplitude + slope * x + intercept


def _move_sine(span, x, y, amplitude, frequency, phase, slope, intercept):
    return y - slope * x - intercept, frequency, _phase(x, frequency), slope, intercept


def _tune_sine(span, x, y, amplitude, frequency, phase, *trend):
    return amplitude, *_next(span, x, frequency, phase), *trend


def _trend_end(end: Grip) -> Grip:
    """An end of the straight line that a sine is on."""
    return Grip(
        f"trend_{end.name}", f"{end.words} of the trend", (3, 4), "y",
        lambda span, amplitude, frequency, phase, *trend: end.place(span, *trend),
        lambda span, x, y, amplitude, frequency, phase, *trend: (
            amplitude, frequency, phase, *end.drag(span, x, y, *trend)),
    )  # fmt: skip


SINE_WITH_TREND = (
    Grip("crest", "crest", (0, 2), "xy", partial(_sine_crest, 0), _move_sine),
    Grip("next", "next crest", (1,), "x", partial(_sine_crest, 1), _tune_sine, adjusts=(2,)),
    *map(_trend_end, LINE),
)


def _damped_crest(periods, span, amplitude, frequency, phase, tau):
    x = crest(span, frequency, phase) + periods / frequency
    return x, amplitude * np.exp(-x / tau)


def _move_damped(span, x, y, amplitude, frequency, phase, tau):
    return y * np.exp(x / tau), frequency, _phase(x, frequency), tau


def _tune_damped(span, x, y, amplitude, frequency, phase, tau):
    return amplitude, *_next(span, x, frequency, phase), tau


def _damp(span, x, y, amplitude, frequency, phase, tau):
    amplitude, tau = slow(span, x, y, amplitude, tau)
    return amplitude, frequency, phase, tau


DAMPED_OSCILLATION = (
    Grip("crest", "crest", (0, 2), "xy", partial(_damped_crest, 0), _move_damped),
    Grip("next", "next crest", (1,), "x", partial(_damped_crest, 1), _tune_damped, adjusts=(2,)),
    Grip("tau", "decay of the envelope", (3,), "x",
         lambda span, amplitude, frequency, phase, tau: fallen(span, amplitude, tau), _damp, adjusts=(0,)),
)  # fmt: skip
