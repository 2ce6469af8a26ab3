"""One pass over many rows on all cores: each takes a share of them, and the triangles of the shares are folded.

XLA runs a loop over blocks on one core, and lets go of Python while it does. A share is the same problem with other
first and last rows, so it copies no data and all shares run one program.
"""

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import jax

from .evaluate import Evaluation, Sums, evaluation_of, sums_of, together
from .problem import BLOCK_ROWS, Problem
from .programs import Program

SHARED_FROM = 2**18  # numbers of a Jacobian: a pass of 0.2 ms, beside which waking a thread is little


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


@Program
def _sums(share: Problem, x) -> Sums:
    return sums_of(share, x)


@Program
def _together(sums: list[Sums], functions) -> Evaluation:
    return evaluation_of(functools.reduce(together, sums), functions)


def on_all_cores(function: Callable, of: list) -> list:
    """function of each, the first here, the others in threads; XLA lets go of Python while a program runs."""
    own, *others = of
    running = [_workers().submit(lambda share: jax.block_until_ready(function(share)), share) for share in others]
    return [jax.block_until_ready(function(own)), *(future.result() for future in running)]


def evaluate_shares(of: list[Problem], x) -> Evaluation:
    """The evaluation at x (n,) of the problem with these shares."""
    return _together(on_all_cores(lambda share: _sums(share, x), of), static=(of[0].functions,))
