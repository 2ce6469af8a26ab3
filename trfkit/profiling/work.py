"""How much a pass over the data computes and reads, and how much the machine can at best."""

import functools
import time
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..core.evaluate import weighed_rows
from ..core.problem import BLOCK_ROWS, Problem
from ..core.triangle import gram

MEASURED_S = 0.1  # for each ceiling
FEWEST = 3  # of which the fastest counts
# Side of the matrices and length of the array: large beside what a program costs to start, and beside the caches.
SIZES = {"cpu": (1024, 2**24), "other": (4096, 2**26)}


class Work(NamedTuple):
    """What one pass over the data takes."""

    flops: float
    transcendentals: float  # exp, sin, …, each of many flops
    bytes_read: float  # of the data


class Machine(NamedTuple):
    """What the machine can at best."""

    flops_per_s: float  # in a product of matrices
    bytes_per_s: float  # in reading a long array


@jax.jit
def _block(part: Problem, x, rows, counted):
    """The work on one block of rows: residuals, derivatives, and the triangle as the Gram matrix that it comes from."""
    columns, cost = weighed_rows(part, x, rows, counted)
    return gram(columns), cost


def work_of(problem: Problem, x: np.ndarray) -> Work | None:
    """The work of evaluating a problem at x (n,), as XLA counts it in the program as written; None where it does not.

    In the program as compiled it counts more, what is computed again in place of being kept.
    """
    found = [_work_of_part(part, jnp.asarray(x)) for part in problem.parts]
    return None if None in found else Work(*map(sum, zip(*found, strict=True)))


def _work_of_part(part: Problem, x) -> Work | None:
    size = np.inf
    if part.blocked:
        size = BLOCK_ROWS  # XLA counts the body of a loop once, however often it runs

    def form(a):
        shape = np.shape(a)
        return jax.ShapeDtypeStruct((*shape[:-1], min(shape[-1], size)) if part.blocked else shape, jnp.result_type(a))

    rows = jax.tree.map(form, part.rows)
    shape = jax.eval_shape(part.residuals, x, rows, part.shared).shape
    count = _block.lower(part, x, rows, jax.ShapeDtypeStruct(shape, bool)).cost_analysis()
    if not count or "flops" not in count:
        return None
    blocks = float(part.m) / shape[0] if part.blocked else 1.0
    data = jax.tree.leaves((part.rows, part.weights))
    read = sum(np.size(a) * jnp.result_type(a).itemsize for a in data)
    return Work(blocks * count["flops"], blocks * count.get("transcendentals", 0.0), float(read))


@functools.cache
def ceilings(dtype: str) -> Machine:
    """Those of the default device for a type of numbers; measured once a process."""
    side, length = SIZES.get(jax.default_backend(), SIZES["other"])
    a = jnp.full((side, side), 1.1, dtype)
    product = jax.jit(lambda a: jnp.matmul(a, a, precision="highest"))
    long = jnp.ones((side, length // side), dtype)
    total = jax.jit(lambda long: jnp.sum(long, axis=1))
    return Machine(2.0 * side**3 / _fastest(product, a), long.nbytes / _fastest(total, long))


def _fastest(function: Callable, argument) -> float:
    """Seconds of a call, its program compiled."""
    jax.block_until_ready(function(argument))
    best, count, ends = float("inf"), 0, time.perf_counter() + MEASURED_S
    while count < FEWEST or time.perf_counter() < ends:
        began = time.perf_counter()
        jax.block_until_ready(function(argument))
        best, count = min(best, time.perf_counter() - began), count + 1
    return best
