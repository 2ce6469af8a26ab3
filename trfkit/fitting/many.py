"""Many fits of one problem at once: other data, other starts, other parameters held.

On the device they run as lanes of one compiled loop (`trfkit.core.batch`), in chunks that stay in the cache;
where a model has to be evaluated on the host they run one after another.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import numpy as np

from ..core import radius
from ..core.batch import batched, batched_costs
from ..core.losses import linear
from ..core.problem import Problem, pad_rows
from .fit import StartNotFinite, resolve_tr_solver
from .joint import Joint
from .solve import move_inside
from .variation import Lanes

NUMBERS_A_CHUNK = 2**20  # of the Jacobians of a chunk's lanes, 8 MB: the cache of one core
FEWEST_LANES = 8
MOST_LANES = 256  # large enough that dispatch is a small part, small enough that few wait for the slowest


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


def fits(joint: Joint, x0: np.ndarray, lanes: Lanes, lb=None, ub=None, at_once: int | None = None) -> Iterator[Many]:
    """The fits of `fit_lanes` chunk by chunk, each made when it is asked for.

    A chunk has `at_once` fits, to the next power of 2; unless given, as many as stay in the cache. The fits run in the
    precision of x0. Those whose x0 is not finite are not made: their status is NOT_FINITE.
    """
    B, n = x0.shape
    lb = np.broadcast_to(joint.lb if lb is None else lb, (B, n))
    ub = np.broadcast_to(joint.ub if ub is None else ub, (B, n))
    if joint.problem is None:
        yield from _one_by_one(joint, x0, lanes, lb, ub)
        return
    limits = joint.limits(n)._replace(lb=None, ub=None, m=float(sum(p.m for p in joint.problem.parts)))
    problem, limits = _in_precision(x0.dtype, (joint.problem, limits))
    tr_solver = resolve_tr_solver(joint.settings.tr_solver, n, False)
    for which, count in _chunks(B, _size(min(B, at_once)) if at_once else lanes_at_a_time(joint, B, n)):
        ends = lb[which].astype(x0.dtype), ub[which].astype(x0.dtype)
        start = _inside(x0[which], *ends)
        start[count:] = np.nan
        changes = _in_precision(x0.dtype, _changes(problem, lanes.rows(which)))
        found = batched(problem, changes, start, *ends, limits, tr_solver)
        yield Many(*(np.asarray(a)[:count] for a in found))


def _inside(x0: np.ndarray, lb: np.ndarray, ub: np.ndarray) -> np.ndarray:
    """x0 moved off the bounds, by a rounding where their precision has no smaller step."""
    moved = move_inside(x0, lb, ub)
    return np.clip(moved, np.nextafter(lb, ub), np.nextafter(ub, lb))


@dataclass(frozen=True)
class InPrecisionOfParameters:
    """Residuals in the precision of the parameters, whatever constants a model holds."""

    residuals: Callable

    def __call__(self, params, rows, shared):
        """Residuals (rows,) at the parameters (n,)."""
        return self.residuals(params, rows, shared).astype(params.dtype)


def _in_precision(dtype: np.dtype, tree):
    """A tree with its arrays of floats in that precision, and the residuals of a `Problem` in it."""
    if dtype == np.dtype(float):
        return tree

    def cast(a):
        return np.asarray(a, dtype) if hasattr(a, "dtype") and a.dtype == np.dtype(float) else a

    def of_problem(leaf):
        if not isinstance(leaf, Problem):
            return cast(leaf)
        also = tuple(map(of_problem, leaf.also))
        return replace(jax.tree.map(cast, leaf), residuals=InPrecisionOfParameters(leaf.residuals), also=also)

    return jax.tree.map(of_problem, tree, is_leaf=lambda leaf: isinstance(leaf, Problem))


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


def costs(joint: Joint, x: np.ndarray, lanes: Lanes, squares: bool = False) -> np.ndarray:
    """Costs (B,) at x (B, n), nan where a model is not finite; with `squares` of least squares, whatever the loss."""
    if joint.problem is not None:
        problem = joint.problem
        if squares:
            problem = replace(problem, loss=linear, also=tuple(replace(part, loss=linear) for part in problem.also))
        found = [
            np.asarray(batched_costs(problem, _changes(problem, lanes.rows(which)), x[which]))[:count]
            for which, count in _chunks(len(x), lanes_at_a_time(joint, *x.shape))
        ]
        return np.concatenate(found)
    with np.errstate(all="ignore"):
        found = np.array([joint.cost(point, lanes.one(i), squares) for i, point in enumerate(x)])
    return np.where(np.isfinite(found), found, np.nan)


def _one_by_one(joint: Joint, x0, lanes: Lanes, lb, ub) -> Iterator[Many]:
    for i, (start, *ends) in enumerate(zip(x0, lb, ub, strict=True)):
        n = start.size
        found = start, np.nan, radius.NOT_FINITE, 0, np.full((n, n), np.nan)
        if np.isfinite(start).all():
            start = move_inside(start, *ends)
            try:
                result = joint.run_on_host(start, lanes.one(i), ends)
                found = result.x, result.cost, result.status, result.nfev, result.triangle
            except StartNotFinite:
                found = start, np.nan, radius.NOT_FINITE, 1, np.full((n, n), np.nan)
        yield Many(*(np.asarray(a)[None] for a in found))


def lanes_at_a_time(joint: Joint, B: int, n: int, most: int = MOST_LANES) -> int:
    """How many of B fits of n parameters make a chunk: a power of 2, so that programs are few; 1 on the host."""
    if joint.problem is None:
        return 1
    rows = sum(part.rows["y"].shape[-1] for part in joint.problem.parts if part.rows)
    return _size(min(B, most, NUMBERS_A_CHUNK // (rows * (n + 1))))


def _size(count: int) -> int:
    """The first power of 2 that is at least `count`, and no fewer than FEWEST_LANES."""
    size = FEWEST_LANES
    while size < count:
        size *= 2
    return size


def _chunks(B: int, size: int) -> Iterator[tuple[np.ndarray, int]]:
    """The lanes of each chunk and how many they are, the last one repeated so that all chunks are of one size."""
    for first in range(0, B, size):
        yield np.minimum(np.arange(first, first + size), B - 1), min(size, B - first)


def _changes(problem: Problem, lanes: Lanes) -> tuple[dict, ...]:
    """What `Problem.with_data` replaces in each part."""
    moved = {name: a for name, a in (("held", lanes.held), ("basis", lanes.basis)) if a is not None}
    changes = []
    for i, part in enumerate(problem.parts):
        own = {name: of[i] for name, of in (("y", lanes.y), ("x", lanes.x), ("sigma", lanes.sigma)) if part.rows and of}
        rows = {name: _as_rows(part, a) for name, a in own.items() if name in part.rows}
        shared = moved | {name: a for name, a in own.items() if name not in part.rows}
        change = {name: new for name, new in (("rows", rows), ("shared", shared)) if new}
        if part.rows and lanes.weights is not None:
            change["weights"] = _as_rows(part, lanes.weights[i])
        changes.append(change)
    return tuple(changes)


def _as_rows(part: Problem, values: np.ndarray) -> np.ndarray:
    """values (…, m), padded as the rows of the part are."""
    return pad_rows(values, part.rows["y"].shape[-1]) if part.blocked else values
