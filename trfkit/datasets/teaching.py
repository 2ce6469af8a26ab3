"""Small data sets made on the spot, for a lesson in which the truth must be known: the same seed, the same data."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np


class TeachingData(NamedTuple):
    """Noisy observations of a model at known parameters."""

    x: np.ndarray  # (m,)
    y: np.ndarray  # (m,), model(x, *truth) with normal noise added
    model: Callable  # model(x, *parameters), in jax.numpy
    truth: tuple[float, ...]
    names: tuple[str, ...]


def exponential_decay(m=100, noise=0.05, seed=0):
    """2.5 exp(-1.3 x) + 0.5 at m points from 0 to 4, with normal noise of standard deviation `noise`."""
    return _observe(_decay, np.linspace(0.0, 4.0, m), (2.5, 1.3, 0.5), ("amplitude", "rate", "offset"), noise, seed)


def gaussian_peaks(m=200, noise=0.1, seed=0):
    """Two overlapping Gaussian peaks at m points from 0 to 10, with normal noise of standard deviation `noise`."""
    names = ("height_1", "centre_1", "width_1", "height_2", "centre_2", "width_2")
    return _observe(_two_peaks, np.linspace(0.0, 10.0, m), (3.0, 4.0, 0.8, 2.0, 6.2, 1.1), names, noise, seed)


def _decay(x, amplitude, rate, offset):
    return amplitude * jnp.exp(-rate * x) + offset


def _two_peaks(x, height_1, centre_1, width_1, height_2, centre_2, width_2):
    first, second = (x - centre_1) / width_1, (x - centre_2) / width_2
    return height_1 * jnp.exp(-0.5 * first**2) + height_2 * jnp.exp(-0.5 * second**2)


def _observe(model, x, truth, names, noise, seed):
    errors = noise * np.random.default_rng(seed).standard_normal(len(x))
    return TeachingData(x, np.asarray(model(x, *truth)) + errors, model, truth, names)
