"""What a function's values tell of its parameters: which are linear, and in what units the others are.

Units first. If a function of x and θ does not change its shape when x is multiplied by s and each θ_j by s^(d_j), then
θ_j has the unit of x to the power d_j, be it a length (1), a rate (−1) or a plain number (0). Differentiated by s at
s = 1 that is a linear equation for the d_j,

    x ∂f/∂x + Σ_j d_j θ_j ∂f/∂θ_j ∈ span{φ_i},

with the columns φ_i = ∂f/∂c_i of the linear parameters, and so least squares on one set of parameters finds all d_j.
Likewise, for powers of the unit of y, f − Σ_j e_j θ_j ∂f/∂θ_j, and for positions, which move along with x,
∂f/∂x + Σ_j t_j ∂f/∂θ_j with t_j = 1. What holds has to hold at other sets of parameters, too. These are the generators
of the function's symmetries (P. J. Olver, Applications of Lie Groups to Differential Equations, 1986, chapter 2).
"""

from typing import NamedTuple

import numpy as np

from .rows import rounding

BASES = 8  # sets of parameters that are asked
AGREEING = 2  # of them, at least
TOLERANCE = 1e-2  # of a power, and of what the powers leave over: derivatives are by differences


class Structure(NamedTuple):
    """What is known of each parameter, (n,) all."""

    linear: np.ndarray  # True: jointly with the other linear ones
    x_power: np.ndarray  # NaN: not known
    y_power: np.ndarray
    position: np.ndarray  # 1, or −1 where x + θ_j stands for x − θ_j; 0: no position


def nothing_known(n: int) -> Structure:
    """The structure of a function that does not tell any."""
    return Structure(np.zeros(n, dtype=bool), np.full(n, np.nan), np.zeros(n), np.zeros(n))


def structure(rows, x, bases) -> Structure:
    """The structure of a function at x (k, …, m), one for each of the bases (k, n)."""
    f = rows(bases, x)
    usable = np.isfinite(f).all(axis=1) & (np.ptp(f, axis=1) > 0)
    f, x, bases = f[usable], x[usable], bases[usable]
    if len(f) < AGREEING:
        return nothing_known(bases.shape[1])
    linear = _linear(rows, x, bases, f)
    return Structure(linear, *_powers(rows, x, bases, f, linear))


def _linear(rows, x, bases, f) -> np.ndarray:
    """Which parameters have no second differences, neither by themselves nor with each other."""
    n = bases.shape[1]
    pairs = [(j, k) for j in range(n) for k in range(j, n)]
    steps = [*np.eye(n), *(np.eye(n)[j] + np.eye(n)[k] for j, k in pairs)]
    shifted = _stacked(rows, [(x, bases * (1.0 + 0.5 * step)) for step in steps])
    first, second = shifted[:n], dict(zip(pairs, shifted[n:], strict=True))
    tolerance = rounding() * np.max(np.abs(f), axis=1, keepdims=True)

    def mixed(j, k):
        return np.all(np.abs(second[j, k] - first[j] - first[k] + f) <= tolerance)

    linear = []
    for j in range(n):
        if np.any(np.abs(first[j] - f) > tolerance) and mixed(j, j) and all(mixed(k, j) for k in linear):
            linear.append(j)
    return np.isin(np.arange(n), linear)


def _powers(rows, x, bases, f, linear) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(x_power, y_power, position) of each parameter; those of linear ones mean nothing."""
    step, n = np.sqrt(rounding()), bases.shape[1]
    extent = np.ptp(x.reshape(len(x), -1), axis=1).reshape(-1, *[1] * (x.ndim - 1))
    shifts = [*((0.0, bases * unit) for unit in np.eye(n)), (x, 0.0), (extent, 0.0)]
    ahead, behind = (_stacked(rows, [(x + h * dx, bases + h * d) for dx, d in shifts]) for h in (step, -step))
    *by_parameter, by_scale, by_place = (ahead - behind) / (2.0 * step)
    by_parameter = np.stack(by_parameter, axis=1)  # (k, n, m), times θ_j
    lengths = -_agreed(by_parameter, by_scale, linear)
    moves = -_agreed(by_parameter / bases[..., None] * extent.reshape(-1, 1, 1), by_place, linear)
    heights = _agreed(by_parameter, f, linear)
    position = np.where(np.abs(np.abs(moves) - 1.0) < TOLERANCE, np.round(np.nan_to_num(moves)), 0.0)
    return lengths, np.nan_to_num(heights), position


def _stacked(rows, places) -> np.ndarray:
    """Rows (s, k, m) for s pairs of x (k, …, m) and draws (k, n)."""
    values = rows(np.concatenate([draws for _, draws in places]), np.concatenate([x for x, _ in places]))
    return values.reshape(len(places), -1, values.shape[-1])


def _agreed(columns, target, linear) -> np.ndarray:
    """Coefficients (n,) by which columns (k, n, m) make the target (k, m) at all bases alike, NaN where they differ.

    All are NaN where the target is not made of the columns at all.
    """
    found = []
    for own, wanted in zip(columns, target, strict=True):
        norms = np.linalg.norm(own, axis=1)
        if not (np.isfinite(own).all() and np.isfinite(wanted).all() and (norms > 0).all()):
            continue
        c = np.linalg.lstsq((own / norms[:, None]).T, wanted, rcond=rounding())[0] / norms
        if np.linalg.norm(wanted - c @ own) <= TOLERANCE**2 * np.linalg.norm(wanted):
            found.append(c)
    if len(found) < AGREEING:
        return np.full(len(linear), np.nan)
    middle = np.median(found, axis=0)
    alike = np.mean(np.abs(np.array(found) - middle) < TOLERANCE, axis=0) > 0.5
    return np.where(alike, middle, np.nan)
