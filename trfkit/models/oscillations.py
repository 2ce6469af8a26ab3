"""Oscillations: a sine on a line, and one that dies out.

Guesses: frequencies from the highest lines of a Fourier transform, and some of less than one period in the data; sine,
cosine and trend by least squares.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from .model import Model, ParameterSpec
from .separable import Axis, Grid, Separable, mesh, ratios

LINES = 6  # of the spectrum that are tried
PADDING = 4  # times the length of the data, so that a line is found to a quarter of the resolution
MOST_SAMPLES = 2**17  # of the resampled data: its transform takes about 20 ms
SLOW = (0.2, 0.35, 0.5, 0.75)  # periods in the data


@jax.jit
def sine_with_trend(x, amplitude, frequency, phase, slope, intercept):
    """amplitude · sin(2π frequency x + phase) + slope · x + intercept."""
    return amplitude * jnp.sin(2.0 * jnp.pi * frequency * x + phase) + slope * x + intercept


@jax.jit
def damped_oscillation(x, amplitude, frequency, phase, tau):
    """amplitude · exp(−x / tau) · sin(2π frequency x + phase)."""
    return amplitude * jnp.exp(-x / tau) * jnp.sin(2.0 * jnp.pi * frequency * x + phase)


def _frequencies(x, y) -> Axis:
    """Candidates for the frequency, and how far each may be off."""
    extent = float(np.ptp(x)) or 1.0
    slow = np.array(SLOW) / extent
    if x.size < 4:
        return Axis(slow, 0.25 / extent)
    samples = min(2 * x.size, MOST_SAMPLES)
    even = np.linspace(x[0], x[0] + extent, samples)
    level = np.interp(even, x, y)
    level = level - np.polynomial.Polynomial.fit(even, level, 1)(even)
    spectrum = np.abs(np.fft.rfft(level, PADDING * samples))
    inner = spectrum[1:-1]
    lines = 1 + np.flatnonzero((inner >= spectrum[:-2]) & (inner >= spectrum[2:]))
    lines = lines[np.argsort(-spectrum[lines], kind="stable")][:LINES]
    spacing = (samples - 1) / (samples * PADDING * extent)
    return Axis(np.concatenate([lines * spacing, slow]), spacing)


def _sine_grid(x, y) -> Grid:
    return mesh(_frequencies(x, y))


def _sine_and_cosine(x, frequency):
    angle = 2.0 * np.pi * frequency * x
    return np.sin(angle), np.cos(angle)


def _sine_columns(x, frequency):
    return *_sine_and_cosine(x, frequency), x - x.mean(), 1.0


def _sine_values(x, theta, c):
    return np.hypot(c[0], c[1]), theta[0], np.arctan2(c[1], c[0]), c[2], c[3] - c[2] * x.mean()


def _damped_grid(x, y) -> Grid:
    extent = float(np.ptp(x)) or 1.0
    return mesh(_frequencies(x, y), ratios(0.05 * extent, 3.0 * extent, 7))


def _damped_columns(x, frequency, tau):
    decay = np.exp(-(x - x.min()) / tau)
    return tuple(decay * column for column in _sine_and_cosine(x, frequency))


def _damped_values(x, theta, c):
    frequency, tau = theta
    return np.hypot(c[0], c[1]) * np.exp(x.min() / tau), frequency, np.arctan2(c[1], c[0]), tau


_OSCILLATION = (
    ParameterSpec("amplitude", "y", 0.0, description="half of peak to peak"),
    ParameterSpec("frequency", "1/x", 0.0, description="periods per unit of x"),
    ParameterSpec("phase", "rad", default=0.0, description="angle at x = 0"),
)

_SINE_WITH_TREND = Model(
    sine_with_trend,
    (
        *_OSCILLATION,
        ParameterSpec("slope", "y/x", default=0.0, description="of the trend"),
        ParameterSpec("intercept", "y", default=0.0, description="trend at x = 0"),
    ),
    "SineWithTrend",
    formula=r"<amplitude> \, \sin(2\pi \, <frequency> \, x + <phase>) + <slope> \, x + <intercept>",
    guesser=Separable(_sine_columns, _sine_values, _sine_grid, (False,)),
)
_DAMPED_OSCILLATION = Model(
    damped_oscillation,
    (
        replace(_OSCILLATION[0], description="envelope at x = 0"),
        *_OSCILLATION[1:],
        ParameterSpec("tau", "x", 0.0, description="time in which the envelope falls to 1/e"),
    ),
    "DampedOscillation",
    formula=r"<amplitude> \, e^{-x/<tau>} \sin(2\pi \, <frequency> \, x + <phase>)",
    guesser=Separable(_damped_columns, _damped_values, _damped_grid, (False, True)),
)


def SineWithTrend(prefix=""):
    """A sine on a straight line: amplitude, frequency, phase, slope, intercept."""
    return replace(_SINE_WITH_TREND, prefix=prefix)


def DampedOscillation(prefix=""):
    """A sine whose amplitude decays: amplitude, frequency, phase, tau."""
    return replace(_DAMPED_OSCILLATION, prefix=prefix)
