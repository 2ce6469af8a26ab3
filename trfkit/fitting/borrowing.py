"""Long arrays of the user's, taken over where they lie.

The device takes over memory that is aligned; a copy of 10⁷ rows takes longer than many passes over them, since fresh
memory has to be had from the system page by page. So the rows from the first aligned one on, in steps of `LARGE_STEP`
so that other lengths compile nothing, are used as they stand, and the few before and behind are copied.
"""

import jax
import numpy as np

from ..core.problem import ALIGNMENT, BLOCK_ROWS, LARGE_STEP

LONG = 4 * LARGE_STEP  # rows: 5 MB an array
REST = LARGE_STEP + BLOCK_ROWS  # rows to which those that are copied are padded


def length(rows: dict) -> int:
    """How many rows there are."""
    return jax.tree.leaves(rows)[0].shape[-1]


def split(rows: dict) -> tuple[dict, dict]:
    """(views of rows that lie aligned, copies of the rest); ({}, rows) where they are few, or do not lie so."""
    arrays, m = jax.tree.leaves(rows), length(rows)
    fit = all(a.ndim == 1 and a.flags.c_contiguous and a.dtype == float for a in arrays)
    if m < LONG or not fit or jax.default_backend() != "cpu" or not jax.config.jax_enable_x64:
        return {}, rows
    first, *others = (-a.ctypes.data % ALIGNMENT // a.itemsize for a in arrays)
    if any(other != first for other in others):
        return {}, rows
    last = first + (m - first) // LARGE_STEP * LARGE_STEP
    return (
        jax.tree.map(lambda a: a[first:last], rows),
        jax.tree.map(lambda a: np.concatenate([a[:first], a[last:]]), rows),
    )
