"""Many fits of one problem at once: other data, other starts, other parameters held.

On the device they run as lanes of one compiled loop (`trfkit.core.drivers.batched`), in chunks that stay in the cache;
where a model has to be evaluated on the host they run one after another.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..core import radius
from ..core.drivers import batched, batched_costs
from ..core.problem import Problem, pad_rows
from .fit import StartNotFinite, resolve_tr_solver
from .joint import Joint, Variation
from .solve import move_inside

NUMBERS_A_CHUNK = 2**20  # of the Jacobians of a chunk's lanes, 8 MB: the cache of one core
FEWEST_LANES = 8
MOST_LANES = 256  # large enough that dispatch is a small part, small enough that few wait for the slowest


class Lanes(NamedTuple):
    """What B fits do differently, each array with B rows before the axes of `Variation`; None where they do not."""

    y: Sequence[np.ndarray] | None = None  # (B, m) for each data set
    weights: Sequence[np.ndarray] | None = None  # (B, m) for each
    held: np.ndarray | None = None  # (B, K)
    basis: np.ndarray | None = None  # (B, K, n)

    def one(self, i: int) -> Variation:
        """What fit i does differently."""
        y, weights = ([a[i] for a in arrays] if arrays else None for arrays in (self.y, self.weights))
        held, basis = (None if a is None else a[i] for a in (self.held, self.basis))
        return Variation(y, weights, held, basis)

    def rows(self, which) -> "Lanes":
        """Those of some of the fits, repetitions allowed."""
        y, weights = ([a[which] for a in arrays] if arrays else None for arrays in (self.y, self.weights))
        held, basis = (None if a is None else a[which] for a in (self.held, self.basis))
        return Lanes(y, weights, held, basis)


class Many(NamedTuple):
    """Where each of B fits ended."""

    x: np.ndarray  # (B, n)
    cost: np.ndarray  # (B,)
    status: np.ndarray  # (B,) as in `LeastSquaresResult`; positive where the fit converged
    nfev: np.ndarray  # (B,)
    triangle: np.ndarray  # (B, n, n)

    @property
    def success(self) -> np.ndarray:
        """(B,) whether each converged."""
        return self.status > 0


def fit_lanes(joint: Joint, x0: np.ndarray, lanes: Lanes, lb=None, ub=None) -> Many:
    """B fits from x0 (B, n), each within lb and ub (B, n); the joint's own bounds unless given."""
    return joined(fits(joint, x0, lanes, lb, ub))


def fits(joint: Joint, x0: np.ndarray, lanes: Lanes, lb=None, ub=None, at_once: int = MOST_LANES) -> Iterator[Many]:
    """The fits of `fit_lanes` chunk by chunk, of at most `at_once`, each made when it is asked for."""
    B, n = x0.shape
    lb = np.broadcast_to(joint.lb if lb is None else lb, (B, n))
    ub = np.broadcast_to(joint.ub if ub is None else ub, (B, n))
    if joint.problem is None:
        yield from _one_by_one(joint, x0, lanes, lb, ub)
        return
    limits = joint.limits(n)._replace(lb=None, ub=None, m=float(sum(p.m for p in joint.problem.parts)))
    tr_solver = resolve_tr_solver(joint.settings.tr_solver, n, False)
    for which, count in _chunks(joint, B, n, at_once):
        changes = _changes(joint.problem, lanes.rows(which))
        ends = lb[which], ub[which]
        state = batched(joint.problem, changes, move_inside(x0[which], *ends), *ends, limits, tr_solver)
        found = state.x, state.cost, state.status, state.counts[:, 0], state.J
        yield Many(*(np.asarray(a)[:count] for a in found))


def joined(parts: Iterable[Many]) -> Many:
    """Chunks as one."""
    return Many(*map(np.concatenate, zip(*parts, strict=True)))


def goes_on(progress: Callable | None, done: int, total: int) -> bool:
    """Tell progress(done, total), if there is one; False where it raises StopIteration. Anything else goes through."""
    try:
        if progress is not None:
            progress(done, total)
    except StopIteration:
        return False
    return True


def costs(joint: Joint, x: np.ndarray, lanes: Lanes) -> np.ndarray:
    """Costs (B,) at x (B, n), nan where a model is not finite."""
    if joint.problem is not None:
        found = [
            np.asarray(batched_costs(joint.problem, _changes(joint.problem, lanes.rows(which)), x[which]))[:count]
            for which, count in _chunks(joint, *x.shape)
        ]
        return np.concatenate(found)
    with np.errstate(all="ignore"):
        found = np.array([joint.cost(point, lanes.one(i)) for i, point in enumerate(x)])
    return np.where(np.isfinite(found), found, np.nan)


def _one_by_one(joint: Joint, x0, lanes: Lanes, lb, ub) -> Iterator[Many]:
    for i, (start, *ends) in enumerate(zip(x0, lb, ub, strict=True)):
        start = move_inside(start, *ends)
        try:
            result = joint.run_on_host(start, lanes.one(i), ends)
            found = result.x, result.cost, result.status, result.nfev, result.triangle
        except StartNotFinite:
            n = start.size
            found = start, np.nan, radius.NOT_FINITE, 1, np.full((n, n), np.nan)
        yield Many(*(np.asarray(a)[None] for a in found))


def lanes_at_a_time(joint: Joint, B: int, n: int) -> int:
    """How many of B fits of n parameters make a chunk: a power of 2, for few programs; 1 on the host."""
    if joint.problem is None:
        return 1
    rows = sum(part.rows["y"].shape[-1] for part in joint.problem.parts if part.rows)
    most = max(FEWEST_LANES, NUMBERS_A_CHUNK // (rows * (n + 1)))
    size = FEWEST_LANES
    while size < min(B, most):
        size *= 2
    return size


def _chunks(joint: Joint, B: int, n: int, at_once: int = MOST_LANES) -> Iterator[tuple[np.ndarray, int]]:
    """The lanes of each chunk and how many they are, the last one repeated so that all chunks are of one size."""
    size = lanes_at_a_time(joint, min(B, at_once), n)
    for first in range(0, B, size):
        yield np.minimum(np.arange(first, first + size), B - 1), min(size, B - first)


def _changes(problem: Problem, lanes: Lanes) -> tuple[dict, ...]:
    """What `Problem.with_data` replaces in each part."""
    moved = {name: a for name, a in (("held", lanes.held), ("basis", lanes.basis)) if a is not None}
    changes = []
    for i, part in enumerate(problem.parts):
        rows, shared = {}, dict(moved)
        if part.rows and lanes.y is not None:
            rows["y"] = _as_rows(part, lanes.y[i])
        change = {name: new for name, new in (("rows", rows), ("shared", shared)) if new}
        if part.rows and lanes.weights is not None:
            change["weights"] = _as_rows(part, lanes.weights[i])
        changes.append(change)
    return tuple(changes)


def _as_rows(part: Problem, values: np.ndarray) -> np.ndarray:
    """values (…, m), padded as the rows of the part are."""
    return pad_rows(values, part.rows["y"].shape[-1]) if part.blocked else values
