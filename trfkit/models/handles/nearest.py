"""The least change of parameters that brings a place of a model to the pointer, or as near as bounds allow.

Gauss-Newton with differences for derivatives, so that any function will do. Of all steps to the pointer the one of
least norm is taken, each parameter measured by its own size; one that leaves the bounds is taken without the
parameters that leave them.
"""

from collections.abc import Callable

import numpy as np

STEPS = 40
LONGEST = 2.0  # that a parameter moves in one step, in its own size
GAIN = 0.01  # of the distance: after less it would only be parameters that run away
SHORTENINGS = 8  # times that a step which leads away is divided by 4
CLOSE = 1e-12  # of the plot: rounding from here on
DIFFERENCE = 1e-7  # of a parameter's own size
RANK = 1e-9  # singular values below, relative to the largest, are differences of rounding
KEPT = 0.01  # of a positive value in one step, where 0 is the bound: a width of 0 would have no way back


def nearest(place: Callable, p, target, weights, free, defaults, bounds) -> np.ndarray:
    """Parameters p (n,), moved so that place(p) (k,) is nearest to the target, distances multiplied by weights (k,).

    Only the free ones (n,) move. A parameter's size is its magnitude, or its default's (n,) where it is 0. Places that
    are not finite are not gone to.
    """

    def distance(p):
        return np.where(weights > 0, weights * (target - place(p)), 0.0)

    rest, least = distance(p), np.zeros(p.size)
    for _ in range(STEPS):
        if not np.all(np.isfinite(rest)) or np.linalg.norm(rest) <= CLOSE:
            break
        sizes = free * np.maximum(np.where(p == 0, defaults, np.abs(p)), least)
        step = _step(_slopes(distance, p, rest, sizes, bounds[1]), rest, p, sizes, bounds)
        before, (p, rest) = np.linalg.norm(rest), _shortened(distance, p, step * sizes, rest, bounds)
        if np.linalg.norm(rest) > (1.0 - GAIN) * before:
            if np.any(least):
                break
            least = defaults  # a value may be the rounding error of 0, and so no measure of the parameter
    return p


def _slopes(distance, p, rest, sizes, upper) -> np.ndarray:
    """Derivatives (k, n) of the place by the parameters in units of their sizes."""
    slopes = np.zeros((rest.size, p.size))
    for j in np.flatnonzero(sizes):
        shift = DIFFERENCE if p[j] + DIFFERENCE * sizes[j] <= upper[j] else -DIFFERENCE
        shifted = p.copy()
        shifted[j] += shift * sizes[j]
        slopes[:, j] = (rest - distance(shifted)) / shift
    return np.where(np.isfinite(slopes), slopes, 0.0)


def _step(slopes, rest, p, sizes, bounds) -> np.ndarray:
    """The step (n,) of least norm, in units of the sizes, without parameters at a bound that would leave it."""
    free = sizes > 0
    while True:
        step = np.where(free, np.linalg.lstsq(slopes * free, rest, rcond=RANK)[0], 0.0)
        stuck = ((step < 0) & (p <= bounds[0])) | ((step > 0) & (p >= bounds[1]))
        if not np.any(stuck):
            return step * (LONGEST / max(np.max(np.abs(step)), LONGEST))
        free = free & ~stuck


def _shortened(distance, p, shift, rest, bounds):
    """(p, what is left over) after the step or a part of it; as before if none of them leads nearer."""
    lower = np.where((bounds[0] == 0) & (p > 0), KEPT * p, bounds[0])
    for _ in range(SHORTENINGS):
        trial = np.clip(p + shift, lower, bounds[1])
        left = distance(trial)
        if np.all(np.isfinite(trial)) and np.linalg.norm(left) < np.linalg.norm(rest):
            return trial, left
        shift = 0.25 * shift
    return p, rest
