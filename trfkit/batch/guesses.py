"""Starts of many fits from their data.

A guess takes milliseconds, and a fit microseconds. So where there are many fits only some of them are guessed from, and
each fit begins at that one of the guesses whose curve comes nearest to its data.
"""

from typing import NamedTuple

import numpy as np

from ..fitting import inputs
from ..fitting.joint import Joint
from ..fitting.many import costs
from ..fitting.variation import Lanes
from ..models import Model
from .curves import Curves
from .each import Each

MOST_GUESSES = 64  # a second's worth at most, of sums of several peaks
MOST_TRIED = 8  # guesses where each fit has its own x, so that trying one is as dear as a step of the fit


class Guesses(NamedTuple):
    """Values of all K parameters of the model for each of B fits."""

    values: np.ndarray  # (B, K); nan where a fit has no point to guess from
    note: str  # "" where each fit has its own


def guesses(curves: Curves, model: Model, joint: Joint, known: dict[str, float], needed: int) -> Guesses:
    """Guesses for all fits of at least `needed` points; `known` are values that need no guess.

    `joint` knows how the K values follow from the free ones. Raises ValueError where nothing can be guessed from x.
    """
    if not isinstance(curves.x, np.ndarray | Each):
        raise ValueError(f"nothing can be guessed from x of type {type(curves.x).__name__}: give `start`.")
    B, fitted = curves.count, np.flatnonzero(curves.points >= max(needed, 1))
    values = np.full((B, len(model.parameters)), np.nan)
    most = MOST_TRIED if isinstance(curves.x, Each) else MOST_GUESSES
    if fitted.size <= most:
        for i in fitted:
            values[i] = _guess(model, *curves.of(i))
        return Guesses(values, "")
    drawn = np.sort(np.random.default_rng(0).choice(fitted, most, replace=False))
    found = [_guess(model, *curves.of(i)) for i in drawn]
    also = ""
    if not isinstance(curves.x, Each):
        found.append(_of_median(curves, model, drawn))
        also = " and from the median of these"
    found = np.array(found)
    for i, name in enumerate(model.parameter_names):
        p = joint.parameters[name]
        found[:, i] = known.get(name, inside(found[:, i], p.min, p.max))
    nearest = _by_costs if isinstance(curves.x, Each) else _by_curves
    values[fitted] = found[nearest(curves, model, joint, found)[fitted]]
    note = f"Starts were guessed from {most} of {B} fits{also}; each fit began with the guess nearest to its data."
    return Guesses(values, note)


def inside(values: np.ndarray, low, high) -> np.ndarray:
    """Values, and where bounds exclude them the middle of these, or one unit inside the only one."""
    return np.where((values >= low) & (values <= high), values, inputs.default_guess(low, high))


def _guess(model: Model, x, y, _, counted) -> list[float]:
    return list(model.guess(x[..., counted], y[counted]).values())


def _of_median(curves: Curves, model: Model, drawn: np.ndarray) -> list[float]:
    """The guess from the median of some of the curves, which has less noise than each."""
    counted = curves.counted(drawn)
    some = counted.any(axis=0)
    median = np.nanmedian(np.where(counted, curves.y.rows(drawn).astype(float), np.nan)[:, some], axis=0)
    return list(model.guess(curves.x[..., some], median).values())


def _by_curves(curves: Curves, model: Model, joint: Joint, found: np.ndarray) -> np.ndarray:
    """(B,) which of the guesses (S, K) is nearest to the data of each fit."""
    kept = np.ones(curves.m, bool) if curves.kept is None else curves.kept
    with np.errstate(all="ignore"):
        f = np.stack([np.asarray(model.function(curves.x, *own), float)[kept] for own in _tied(joint, found)])
    usable = np.isfinite(f).all(axis=1)
    f = np.where(usable[:, None], f, 0.0)
    nearest = np.zeros(curves.count, int)
    sigma = 1.0 if curves.sigma is None or isinstance(curves.sigma, Each) else curves.sigma
    sigma = np.broadcast_to(sigma, curves.m)[kept]
    for which in curves.some():
        arrays = curves.arrays(which)
        counted = arrays.get("weights", np.ones(1)) > 0
        w = np.where(counted, 1.0 / arrays.get("sigma", sigma) ** 2, 0.0)
        y = np.where(counted, arrays["y"], 0.0)
        # Σ w (y − f)², less what all guesses have in common
        squares = np.broadcast_to(w, y.shape) @ (f**2).T - 2.0 * (w * y) @ f.T
        nearest[which] = np.argmin(np.where(usable, squares, np.inf), axis=1)
    return nearest


def _by_costs(curves: Curves, model: Model, joint: Joint, found: np.ndarray) -> np.ndarray:
    """The same, where each fit has its own x."""
    free = [list(joint.parameters).index(name) for name in joint.names]
    nearest = np.zeros(curves.count, int)
    for which in curves.some():
        arrays = curves.arrays(which)
        lanes = Lanes(**{name: [a] for name, a in arrays.items()})
        ends = [costs(joint, np.tile(theta, (len(which), 1)), lanes) for theta in found[:, free]]
        nearest[which] = np.argmin(np.nan_to_num(ends, nan=np.inf), axis=0)
    return nearest


def _tied(joint: Joint, found: np.ndarray) -> np.ndarray:
    """The guesses (S, K) with their ties evaluated, fixed values and all."""
    places = {name: i for i, name in enumerate(joint.parameters)}
    free = [places[name] for name in joint.names]
    values = [np.asarray(joint.expand(theta)) for theta in found[:, free]]
    return np.array(values)[:, list(joint.places[0])]
