"""A function compiled into one kernel.

On the CPU, XLA runs a program as a list of kernels, one for each group of operations, at about 0.1 µs each: more than
the arithmetic of a small fit. A call with the attributes below is left as it is and compiled as one function instead,
loops and branches included. That works for arithmetic and reductions, not for what XLA hands to libraries: LAPACK,
products of large matrices, callbacks.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator

import jax
from jax.experimental.xla_metadata import set_xla_metadata
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, jaxpr_as_fun

from .rows import ALONG_AXES, CALLS, ELEMENTWISE
from .small import in_kernel, on_cpu

ATTRIBUTES = {"xla_cpu_small_call": "true", "inlineable": "false"}
# Operations that XLA compiles itself, besides those on elements and along axes.
PLAIN = frozenset(
    """broadcast_in_dim custom_vmap_call dynamic_slice dynamic_update_slice expand_dims gather pad platform_index
    reshape slice split stack
    transpose""".split()
)
OWN = PLAIN | ELEMENTWISE | CALLS | ALONG_AXES.keys()


_allowed = contextvars.ContextVar("one kernel", default=True)


@contextlib.contextmanager
def none_allowed():
    """Within, everything is compiled as XLA would by itself."""
    token = _allowed.set(False)
    try:
        yield
    finally:
        _allowed.reset(token)


def as_one_kernel(function: Callable, *args):
    """function(*args), arrays in and arrays out, as one kernel if it is run on the CPU and consists of arithmetic."""
    if not (on_cpu() and _allowed.get()):
        return function(*args)
    # Traced before the attributes are set, for they would keep every function within from being merged with its caller.
    token = in_kernel.set(True)
    try:
        traced, shape = jax.make_jaxpr(function, return_shape=True)(*args)
    finally:
        in_kernel.reset(token)
    if not all(map(_is_arithmetic, _operations(traced.jaxpr))):
        return function(*args)
    with set_xla_metadata(**ATTRIBUTES):
        out = jax.jit(jaxpr_as_fun(traced))(*jax.tree.leaves(args))
    return jax.tree.unflatten(jax.tree.structure(shape), out)


def _operations(program: Jaxpr) -> Iterator[JaxprEqn]:
    """Those of a program and of all that it calls."""
    for operation in program.eqns:
        yield operation
        for value in operation.params.values():
            for inner in value if isinstance(value, tuple | list) else (value,):
                if isinstance(inner, ClosedJaxpr | Jaxpr):
                    yield from _operations(inner.jaxpr if isinstance(inner, ClosedJaxpr) else inner)


def _is_arithmetic(operation: JaxprEqn) -> bool:
    name = operation.primitive.name
    if name == "dot_general":  # with a vector it is a loop; of two matrices it may be a library's
        return any(len(v.aval.shape) == 1 for v in operation.invars)
    return name in OWN and not operation.effects
