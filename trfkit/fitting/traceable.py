"""Can JAX trace this function? Asked once for each function and shape, and only of functions without side effects."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from ..core.rows import works_row_by_row
from .purity import Unreadable, digest, digest_and_writes

# What a NumPy function raises when it meets tracers: conversion to an array, to a bool, to an int, assignment in place,
# a missing method; or its own complaint about what it was given. Any of them sends the function to the host, where an
# error of its own making is raised again.
REFUSALS = (
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    KeyError,
    NotImplementedError,
    AssertionError,
    ArithmeticError,
)


FLOAT = np.dtype(float)
NUMBERS = (int, float, complex, np.ndarray, np.generic, jax.Array, jax.ShapeDtypeStruct)


@dataclass(frozen=True)
class Formula:
    """A user's function filed under its code and what that reads; equal formulas share their compiled programs."""

    function: Callable = field(compare=False)
    digest: Any

    def __post_init__(self):
        object.__setattr__(self, "_hash", hash(self.digest))  # asked for at each call of a compiled program

    def __hash__(self):
        return self._hash

    def __call__(self, *args, **kwargs):
        """The function's value."""
        return self.function(*args, **kwargs)


def formula(function: Callable) -> Formula | None:
    """The function as a Formula; None if it writes to the outside or cannot be filed."""
    try:
        found, writes = digest_and_writes(function)
        return None if writes else Formula(function, found)
    except (Unreadable, TypeError):
        return None


@dataclass(frozen=True)
class Bound:
    """A formula with its further arguments held fixed; equal where they are."""

    formula: Formula
    digest: Any
    arguments: Any = field(compare=False)

    def __call__(self, x):
        """The function's value at x and the arguments."""
        args, kwargs = self.arguments
        return self.formula(x, *args, **kwargs)


def bind(filed: Formula, args: tuple, kwargs: dict) -> Bound | None:
    """The formula as a function of x alone, for arguments that must be known when tracing; None if they can't be."""
    try:
        bound = Bound(filed, digest((args, kwargs), filed.function), (args, kwargs))
        hash(bound)
    except (Unreadable, TypeError):
        return None
    return bound


def abstract(tree):
    """(shapes and types, structure) of a tree of arrays, hashable; raises TypeError where there is anything else."""
    leaves, structure = jax.tree.flatten(tree)
    return tuple(map(_form, leaves)), structure


def _form(leaf) -> jax.ShapeDtypeStruct:
    if not isinstance(leaf, NUMBERS):
        raise TypeError(f"not an array: {leaf!r}")
    if type(leaf) is float:
        return _struct((), FLOAT, jax.config.jax_enable_x64)
    dtype = leaf.dtype if type(leaf) is np.ndarray else jax.numpy.result_type(leaf)
    return _struct(np.shape(leaf), dtype, jax.config.jax_enable_x64)


@lru_cache(maxsize=512)
def _struct(shape, dtype, _) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jax.dtypes.canonicalize_dtype(dtype))


@lru_cache(maxsize=512)
def _output(function, shapes, structure):
    try:
        out = jax.eval_shape(function, *jax.tree.unflatten(structure, shapes))
    except REFUSALS:
        return None
    return (
        out.shape if hasattr(out, "shape") and not jax.numpy.issubdtype(out.dtype, jax.numpy.complexfloating) else None
    )


def output_shape(function: Callable, *args) -> tuple[int, ...] | None:
    """The shape that function(*args) returns when traced; None if JAX cannot trace it, or it returns no real array."""
    try:
        shapes = abstract(args)
    except TypeError:  # a string, an object: no arrays
        return None
    return _output(function, *shapes)


@lru_cache(maxsize=512)
def _row_wise(model, shapes, structure, m, block):
    x, params = jax.tree.unflatten(structure, shapes)
    return works_row_by_row(model, x, params, m, block)


def row_wise(model: Callable, x, params, m: int, block: int | None = None) -> bool:
    """Whether a traceable model computes row by row; see `trfkit.core.rows`."""
    return _row_wise(model, *abstract((x, tuple(params))), m, block)
