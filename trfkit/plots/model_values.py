"""A model and its terms at many x, as fast as a slider moves: one compiled program where JAX can trace the model.

The values of the parameters are an argument of the program, and the lengths of x are powers of two, so that neither a
slider nor a zoom compiles anything. Programs are filed as those of fits are (`trfkit.fitting.traceable`): a constant
that was edited in a notebook means another program. Other models are called with NumPy arrays.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial

import jax
import jax.numpy as jnp
import numpy as np

from trfkit.fitting.traceable import REFUSALS, Formula, formula, output_shape, row_wise
from trfkit.models.composite import Sum

SHORTEST = 512  # of the lengths to which x is padded
# A picture needs no more than 1e-4, and that is above the rounding of single precision.
SAME = 1e-4


def label_of(component) -> str:
    """What a component is called in a picture."""
    return component.prefix or component.name


def term_labels(model) -> tuple[str, ...]:
    """The terms of a sum by prefix, or by name where there is none; of other models ()."""
    return tuple(map(label_of, model.components)) if model.kind == "sum" else ()


def _terms(function, x, values):
    """The value at x, and the values of the terms if the function is a sum."""
    if not isinstance(function, Sum):
        return [function(x, *values)]
    terms, first = [], 0
    for term, count in zip(function.functions, function.counts, strict=True):
        terms.append(term(x, *values[first : first + count]))
        first += count
    return [sum(terms), *terms]


@partial(jax.jit, static_argnums=0)
def _program(filed, x, values):
    m = jnp.shape(jax.tree.leaves(x)[0])[-1:]
    return jnp.stack([jnp.broadcast_to(y, m) for y in _terms(filed.function, x, tuple(values))])


@dataclass(frozen=True)
class Unfiled:
    """A function that JAX may not trace: it writes to the outside, or what it reads cannot be told."""

    function: Callable = field(compare=False)
    identity: int


def file(function) -> Formula | Unfiled:
    """The function with all that it reads now: equal ones have the same values."""
    return formula(function) or Unfiled(function, id(function))


def evaluate(filed, x, values, m: int) -> np.ndarray:
    """The function that `file` gave at x of m points: its values (m,) and those of its terms, as rows (1 + terms, m).

    Raises what the function raises, and ValueError where its value is not one number a point.
    """
    if _is_traceable(filed, x, values, m):
        return _traced(filed, x, values)
    with np.errstate(all="ignore"):  # a rejected trial may well overflow; the curve then has a gap
        y, *terms = (np.asarray(y, dtype=float) for y in _terms(filed.function, x, values))
    if y.shape != (m,):
        raise ValueError(f"The model returned shape {y.shape} where {(m,)} was expected: one value a point.")
    return np.stack([y, *(np.broadcast_to(term, (m,)) for term in terms)])


def evaluate_at_points(filed, x, values) -> np.ndarray:
    """`evaluate` of a function that works point by point at x (k,), at one of a few lengths."""
    k = len(x)
    length = max(SHORTEST, 1 << (k - 1).bit_length())
    if _is_traceable_at_points(filed, length, len(values)):
        return _traced(filed, np.append(x, np.full(length - k, x[-1])), values)[:, :k]
    return evaluate(filed, x, values, k)


def _traced(filed, x, values):
    return np.asarray(_program(filed, x, np.asarray(values, dtype=float)), dtype=float)


@lru_cache(maxsize=512)
def _is_traceable_at_points(filed, length, count):
    return _is_traceable(filed, np.zeros(length), np.zeros(count), length)


def _is_traceable(filed, x, values, m):
    return isinstance(filed, Formula) and output_shape(filed, x, *map(float, values)) == (m,)


def works_point_by_point(filed, x, values) -> bool:
    """Whether the value at a point depends on that point's x alone, by proof, or by trying it on points x (k,)."""
    if _is_traceable(filed, x, values, len(x)) and row_wise(filed, x, tuple(map(float, values)), len(x)):
        return True
    return is_the_same_among_fewer(filed.function, x, values)


def is_the_same_among_fewer(function, x, values) -> bool:
    """Whether the function has the same values at points x (k,) ascending and at the middle ones of them alone."""
    k = len(x)
    if k == 0:
        return False
    first, last = (max(1, k // 4), max(2, k - max(1, k // 4))) if k > 1 else (0, 1)
    fewer = x[first:last] if k > 1 else np.repeat(x, 2)
    try:
        with np.errstate(all="ignore"):
            among_all = np.asarray(function(x, *values), dtype=float)
            among_few = np.asarray(function(fewer, *values), dtype=float)
    except REFUSALS:  # what NumPy and JAX raise for shapes that do not fit together
        return False
    if among_all.shape != x.shape or among_few.shape != fewer.shape:
        return False
    size = np.max(np.abs(among_all), initial=0.0, where=np.isfinite(among_all))
    return np.allclose(among_few, among_all[first:last], rtol=SAME, atol=SAME * size, equal_nan=True)
