"""One pass over many rows on all cores: each takes a share of them, and the triangles of the shares are folded.

XLA runs a loop over blocks on one core, and lets go of Python while it does. A share is the same problem with other
first and last rows, so it copies no data and all shares run one program.
"""

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import jax

from .evaluate import Evaluation, Sums, evaluation_of, no_sums, sums_of
from .problem import BLOCK_ROWS, Problem
from .triangle import fold_rows

SHARED_FROM = 2**20  # numbers of a Jacobian: a pass of a millisecond, beside which waking a thread is nothing


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(cores() - 1, 1), thread_name_prefix="trfkit-share")


def shares(problem: Problem, n: int) -> list[Problem]:
    """The shares of a problem in n parameters that is worth sharing out; none of another."""
    worth_it = any(_is_large(part, n) for part in problem.parts)  # asked first, for most fits are small
    if not worth_it or problem.matrix_free or jax.default_backend() != "cpu" or cores() == 1:
        return []
    return [share for part in problem.parts for share in (_shares(part) if _is_large(part, n) else [part])]


def _is_large(part: Problem, n: int) -> bool:
    return part.blocked and part.m * (n + 1) >= SHARED_FROM


def _shares(part: Problem) -> list[Problem]:
    blocks = -(-part.m // BLOCK_ROWS)
    ends = [min(BLOCK_ROWS * (blocks * k // cores()), part.m) for k in range(cores() + 1)]
    return [replace(part, first=first, m=last) for first, last in zip(ends, ends[1:], strict=False)]


@jax.jit
def _sums(share: Problem, x) -> Sums:
    return sums_of(share, x, no_sums(x))


@functools.partial(jax.jit, static_argnames="functions")
def _together(sums: list[Sums], functions) -> Evaluation:
    first, *others = sums
    for other in others:
        T = fold_rows(first.T, other.T.T)
        first = Sums(T, first.cost + other.cost, first.finite & other.finite)
    return evaluation_of(first, functions)


def evaluate_shares(of: list[Problem], x) -> Evaluation:
    """The evaluation at x (n,) of the problem with these shares."""
    own, *others = of
    running = [_workers().submit(lambda share: jax.block_until_ready(_sums(share, x)), share) for share in others]
    sums = [jax.block_until_ready(_sums(own, x)), *(future.result() for future in running)]
    return _together(sums, own.functions)
