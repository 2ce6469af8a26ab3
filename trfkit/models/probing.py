"""Starts for a function of which nothing is known but its values: a typed formula, or a user's own.

Its values tell which parameters are linear and what units the others have (`structure`). So the others are drawn from
what such parameters can be for these data, lengths and rates on the scale of x, positions within it, and for each draw
the linear ones follow by least squares. The best draws of several lots are improved side by side by a few steps of
Levenberg and Marquardt, several dampings at once, and the best is the start. All of it on 128 points: a start has to be
in the right valley, the fit does the rest.

Each step asks for the function at many sets of parameters at once (`rows`): some 50 calls in all, and at most 600 of a
function that takes one set at a time.
"""

from typing import NamedTuple

import numpy as np

from .rows import ROWS, OneAtATime, Rows, rounding
from .structure import BASES, nothing_known, structure

POINTS = 128  # of the data; always as many, so that nothing compiles twice
SHORTEST, LONGEST = 0.02, 2.0  # of the extent of x: what a length can be that data show
LOWEST, HIGHEST = 0.03, 3.0  # of the largest |y|: the same of a height
NUMBERS = 0.1, 10.0  # exponents, phases
WIDE, DECADES = 0.2, 25.0  # share of the lengths that is spread so far up and down: a function may contain k_B or h
NEGATIVE = 0.3  # so large a share is negative
RIDGE = 1e-10  # of a column's squared norm
DAMPING = 1e-2  # relative to the squared norms, at first
DAMPINGS = 10.0 ** np.arange(-3.0, 5.0)  # what it is multiplied by, all tried at once
GAIN = 1e-4  # relative, of the best: one that gains less is the last step


class Effort(NamedTuple):
    """How much is tried."""

    bases: int  # sets of parameters at which the structure is asked for
    draws: int
    survivors: int
    steps: int


QUICK = Effort(BASES, 4 * ROWS, ROWS // len(DAMPINGS), 12)
SLOW = Effort(BASES // 2, 40, 3, 6)  # where each set may cost a call


def probed(model, x, y, start=None) -> tuple:
    """A value for each parameter of the model, from data y (m,) over x (m,) or (k, m), finite throughout.

    The start, the defaults unless given, is one of the draws, and is what is returned where the function has no finite
    values, or raises exceptions.
    """
    rng = np.random.default_rng(0)
    edges = np.linspace(0, y.size, POINTS + 1)
    kept = edges[:-1] + rng.random(POINTS) * np.diff(edges)  # evenly spaced ones would take a fast wave for a slow one
    kept = np.minimum(kept.astype(int), y.size - 1)
    x, y = x[..., kept], y[kept]
    start = np.array([spec.default for spec in model.parameters] if start is None else start, dtype=float)
    bounds = np.array([(spec.min, spec.max) for spec in model.parameters]).T
    blind = _drawn(nothing_known(start.size), bounds, x, y, BASES, rng)
    rows = Rows(model.function, x, np.concatenate([start[None], blind]))
    try:
        return _searched(rows, x, y, start, bounds, blind, rng)
    except OneAtATime:  # which rows have taken note of: now with less effort
        return _searched(rows, x, y, start, bounds, blind, rng)


def _searched(rows, x, y, start, bounds, blind, rng) -> tuple:
    """The best of the draws, improved; the start where none is finite."""
    effort = SLOW if rows.slow else QUICK
    known = structure(rows, *_bases(x, blind, rng, effort.bases))
    draws = _drawn(known, bounds, x, y, effort.draws, rng)
    draws[0] = np.where(np.isfinite(start), start, draws[0])
    draws, residuals = _completed(rows, y, draws, known.linear, bounds)
    left_over = _sum_of_squares(residuals)
    lots = np.array_split(np.arange(1, effort.draws), effort.survivors - 1)
    best = [0, *(lot[np.argmin(left_over[lot])] for lot in lots)]
    found, least = _improved(rows, y, draws[best], residuals[best], bounds, effort.steps)
    return tuple(_positive(rows, found, bounds) if np.isfinite(least) else start)


def _bases(x, blind, rng, count):
    """(x (k, …, m), draws (k, n)) where the function is asked for its structure.

    Half of them at x and parameters near 1, which suit a pure formula whatever the data; the others at the data, for
    constants that it may contain. Three of four are positive, as the arguments of many functions have to be.
    """
    near_1 = 10.0 ** rng.uniform(-0.5, 0.5, blind.shape)
    x_near_1 = rng.uniform(0.5, 2.5, (len(blind), *x.shape))
    turn = np.arange(len(blind)) % 4
    draws = np.choose(turn[:, None], [near_1, np.abs(blind), near_1, blind])
    x = np.where((turn % 2 == 0).reshape(-1, *[1] * x.ndim), x_near_1, x)
    return x[:count], draws[:count]


def _drawn(known, bounds, x, y, count, rng) -> np.ndarray:
    """Sets of parameters (count, n), from what they can be; linear ones are drawn as if they were not."""
    x, shape = np.atleast_2d(x), (count, len(known.linear))

    def spread(low, high):
        return low * (high / low) ** rng.random(shape)

    row = rng.integers(len(x), size=shape)  # of x, if it has several: each draw is on the scale of one
    lengths = spread(*(limit[row] for limit in _length_limits(x)))
    turn = rng.permuted(np.broadcast_to(np.linspace(0.0, 1.0 / WIDE, count)[:, None], shape), axis=0)
    lengths = np.where(turn <= 1.0, lengths * 10.0 ** (DECADES * (2.0 * turn - 1.0)), lengths)
    heights = spread(LOWEST, HIGHEST) * (np.max(np.abs(y)) or 1.0)
    # Without a known unit each draw is that of a length, a rate, a number or a position.
    blind = np.isnan(known.x_power)
    power = np.where(blind, rng.integers(-1, 2, shape), known.x_power)
    place = np.where(blind, rng.random(shape) < 0.25, known.position)
    is_number = (power == 0.0) & (known.y_power == 0.0)
    size = np.where(is_number, spread(*NUMBERS), lengths**power * heights**known.y_power)
    size = np.where(rng.random(shape) < NEGATIVE, -size, size)
    places = (x.min(axis=1)[row] + np.ptp(x, axis=1)[row] * rng.random(shape)) * place
    return _inside(np.where(place != 0.0, places, size), bounds, rng)


def _length_limits(x) -> tuple[np.ndarray, np.ndarray]:
    """(shortest, longest) for each row of x; where the points are spaced by ratios, the shortest is among the small."""
    limits = []
    for row in x:
        beyond = row - row.min()
        extent = beyond.max() or np.max(np.abs(row)) or 1.0
        near = np.quantile(beyond[beyond > 0], 0.1) if beyond.any() else extent
        limits.append((min(SHORTEST * extent, near), LONGEST * max(np.max(np.abs(row)), extent)))
    return tuple(np.array(limits).T)


def _inside(draws, bounds, rng) -> np.ndarray:
    """Draws beyond a bound replaced: by their opposites, or by what lies between the bounds."""
    lower, upper = bounds
    draws = np.where((draws < lower) | (draws > upper), -draws, draws)
    between = lower + (upper - lower) * rng.random(draws.shape)
    outside = (draws < lower) | (draws > upper)
    return np.clip(np.where(outside & np.isfinite(between), between, draws), lower, upper)


def _completed(rows, y, draws, linear, bounds) -> tuple[np.ndarray, np.ndarray]:
    """(draws with their linear parameters by least squares, the residuals (k, m) of each)."""
    places = np.flatnonzero(linear)
    draws = np.where(linear, 0.0, draws)
    curves = rows(draws)
    if places.size:
        columns = np.stack([rows(draws + unit) - curves for unit in np.eye(linear.size)[places]], axis=1)
        columns, norms = _normalised(columns)
        rest = np.nan_to_num(y - curves, posinf=0.0, neginf=0.0)
        gram = columns @ columns.transpose(0, 2, 1) + RIDGE * np.eye(places.size)
        c = np.linalg.solve(gram, columns @ rest[..., None])[..., 0] / norms
        draws[:, places] = np.clip(c, *bounds[:, places])
        curves = curves + np.sum((draws[:, places] * norms)[..., None] * columns, axis=1)
    return draws, curves - y


def _normalised(columns) -> tuple[np.ndarray, np.ndarray]:
    """Columns (k, p, m) of norm 1 and the norms (k, p); zeros and 1 for what cannot be."""
    norms = np.linalg.norm(columns, axis=2)
    usable = np.isfinite(norms) & (norms > 0)
    norms = np.where(usable, norms, 1.0)
    return np.where(usable[..., None], columns / norms[..., None], 0.0), norms


def _sum_of_squares(residuals) -> np.ndarray:
    """Over the last axis, inf where not finite."""
    total = np.sum(residuals**2, axis=-1)
    return np.where(np.isfinite(total), total, np.inf)


def _improved(rows, y, draws, residuals, bounds, steps) -> tuple[np.ndarray, float]:
    """The best of the draws (s, n) after some steps of Levenberg and Marquardt for each, and what it leaves over."""
    least, damping = _sum_of_squares(residuals), np.full(len(draws), DAMPING)
    typical = np.median(np.abs(draws), axis=0)
    typical = np.where(typical > 0, typical, 1.0)
    for _ in range(steps):
        J, norms = _normalised(_derivatives(rows, draws, residuals + y, typical))
        w, V = np.linalg.eigh(J @ J.transpose(0, 2, 1))
        g = V.transpose(0, 2, 1) @ J @ np.where(np.isfinite(least)[:, None], residuals, 0.0)[..., None]  # (s, n, 1)
        dampings = damping[:, None] * DAMPINGS
        moves = V @ (g / (np.maximum(w, 0.0)[..., None] + dampings[:, None])) / norms[..., None]  # (s, n, dampings)
        trials = np.clip(draws[:, None] - moves.transpose(0, 2, 1), *bounds)
        found = rows(trials.reshape(-1, trials.shape[-1])).reshape(*trials.shape[:2], -1) - y
        ends = _sum_of_squares(found)
        choice = np.arange(len(draws)), np.argmin(ends, axis=1)
        better = ends[choice] < least
        gain = np.where(better, 1.0 - ends[choice] / least, 0.0)[np.argmin(least)]
        draws = np.where(better[:, None], trials[choice], draws)
        residuals = np.where(better[:, None], found[choice], residuals)
        least, damping = np.where(better, ends[choice], least), dampings[choice]
        if gain < GAIN:
            break
    return draws[np.argmin(least)], np.min(least)


def _derivatives(rows, draws, curves, typical) -> np.ndarray:
    """Of the curves (s, m) by each parameter, (s, n, m)."""
    s, n = draws.shape
    step = rounding() * np.where(draws != 0.0, np.abs(draws), typical)
    shifted = rows((draws[:, None] + step[..., None] * np.eye(n)).reshape(-1, n)).reshape(s, n, -1)
    return (shifted - curves[:, None]) / step[..., None]


def _positive(rows, values, bounds) -> np.ndarray:
    """The values, those positive whose signs do not matter: a width that only its square is taken of."""
    flipped = values * np.where(np.eye(values.size) > 0, -1.0, 1.0)
    same = rows(np.concatenate([values[None], flipped]))
    alike = np.max(np.abs(same[1:] - same[0]), axis=1) <= rounding() * np.max(np.abs(same[0]))
    return np.where(alike & (-values <= bounds[1]) & (-values >= bounds[0]), np.abs(values), values)
