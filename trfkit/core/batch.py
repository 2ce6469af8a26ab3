"""Many fits of one problem that differ in data, start or bounds.

On the CPU they run one after another inside one kernel, on every core a share of them: each fit takes its own branches
and ends when it is done, and nothing is dispatched. Elsewhere they are lanes of one vmapped loop.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from . import radius
from .drivers import first_state, step
from .evaluate import evaluate
from .problem import Problem
from .programs import Program
from .shares import cores, on_all_cores
from .small import is_small, on_cpu
from .subproblem import svd
from .trf import Limits


class End(NamedTuple):
    """Where each of B fits ended."""

    x: jax.Array  # (B, n)
    cost: jax.Array  # (B,)
    status: jax.Array  # (B,)
    nfev: jax.Array  # (B,)
    J: jax.Array  # (B, n, n) triangles


def _fit(lane, problem: Problem, limits: Limits, tr_solver: str) -> End:
    changes, x0, lb, ub = lane
    own, within = problem.with_data(changes), limits._replace(lb=lb, ub=ub)
    if tr_solver == "svd" and is_small(x0.size):
        tr_solver = "newton"  # nobody asks a fit of many for its condition at every trial

    def body(state):
        return step(lambda x, _: evaluate(own, x), state, within, own.functions, tr_solver)[0]

    state, _ = first_state(own, x0, within)
    end = lax.while_loop(lambda state: state.status == radius.RUNNING, body, state)
    return End(end.x, end.cost, end.status, end.counts[0], end.J)


@Program
def _batch(problem: Problem, lanes, limits: Limits, tr_solver: str) -> End:
    def fit(lane):
        return _fit(lane, problem, limits, tr_solver)

    return lax.map(fit, lanes) if on_cpu() else jax.vmap(fit)(lanes)


def batched(problem: Problem, changes: tuple[dict, ...], x0, lb, ub, limits: Limits, tr_solver: str) -> End:
    """The ends of B fits, each from x0 (B, n) within lb and ub (B, n).

    `changes` holds what differs from `problem` (see `Problem.with_data`), each array with B rows before its own axes.
    A start that is not finite has status NOT_FINITE.
    """
    return _shared(lambda lanes: _batch(problem, lanes, limits, static=(tr_solver,)), (changes, x0, lb, ub))


@Program
def _svds(A: jax.Array):
    def one(A):
        _, s, V = svd(A)
        return s, V.T

    return lax.map(one, A) if on_cpu() else jax.vmap(one)(A)


def batched_svd(A: np.ndarray):
    """(s, Vᵀ) of the matrices A (B, m, n), m ≥ n: singular values (B, n), falling, and right vectors as rows."""
    return _shared(_svds, A)


def _shared(function, lanes):
    """function(lanes), every array with one row for each of B lanes, a share of them on every core."""
    B = len(jax.tree.leaves(lanes)[0])
    number = 1 << (cores().bit_length() - 1)  # the power of 2 below: chunks are powers of 2
    if not on_cpu() or B % number or number == 1:
        return function(lanes)
    size = B // number
    shares = [jax.tree.map(lambda a, k=k: a[k * size : (k + 1) * size], lanes) for k in range(number)]
    return jax.tree.map(lambda *parts: np.concatenate(parts), *on_all_cores(function, shares))


@jax.jit
def batched_costs(problem: Problem, changes: tuple[dict, ...], x) -> jax.Array:
    """Costs (B,) of B problems, each at its own x (B, n); nan where one is not finite."""

    def one(lane):
        changes, x = lane
        found = evaluate(problem.with_data(changes), x)
        return jnp.where(found.finite, found.cost, jnp.nan)

    return lax.map(one, (changes, x))
