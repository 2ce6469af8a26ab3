"""What a user's function reads and writes besides its arguments.

A compiled program remembers the values that a function read while it was traced. In a notebook those change: a constant
is edited, a cell is run again. So each program is filed under the function *and* the values that it reads from globals,
closures and its object; a changed constant means another program, never a stale answer. And a function that writes to
the outside (counts its calls, say) is no formula: it is called on the host, as often as SciPy would call it.
"""

import dis
import functools
import types
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

DEPTH = 6  # how far from the function its helpers and objects are followed
WRITES = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL", "STORE_ATTR", "DELETE_ATTR"})
SCALARS = (int, float, complex, str, bytes, bool, type(None), np.generic)


@dataclass(frozen=True, eq=False)
class _Same:
    """An object that equals only itself, kept alive so that its identity is not reused."""

    value: Any

    def __eq__(self, other):
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self):
        return id(self.value)


def _function_of(fun):
    """(the Python function that a call of `fun` runs, the object it is bound to)."""
    if isinstance(fun, types.MethodType):
        return fun.__func__, fun.__self__
    if isinstance(fun, types.FunctionType):
        return fun, None
    call = next((vars(c)["__call__"] for c in type(fun).__mro__ if "__call__" in vars(c)), None)
    return (call, fun) if isinstance(call, types.FunctionType) else (None, fun)


def writes_outside(fun) -> bool:
    """True if the function's own code stores to a global, an attribute or an enclosing variable."""
    if isinstance(fun, functools.partial):
        return writes_outside(fun.func)
    function, _ = _function_of(fun)
    if function is None or hasattr(fun, "__wrapped__"):
        return False
    free = set(function.__code__.co_freevars)
    return any(
        i.opname in WRITES or (i.opname == "STORE_DEREF" and i.argval in free)
        for i in dis.get_instructions(function.__code__)
    )


def digest(value, depth: int = DEPTH):
    """A hashable stand-in for a value, equal only to that of an equal value; see `reads`."""
    if isinstance(value, SCALARS):
        return type(value), value
    if isinstance(value, types.ModuleType):
        return None  # modules are taken to stay as they are
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.shape, value.dtype.str, zlib.crc32(np.ascontiguousarray(value).view(np.uint8).data)
    if depth <= 0:
        return _Same(value)
    if isinstance(value, tuple | list):
        return type(value), tuple(digest(v, depth - 1) for v in value)
    if isinstance(value, dict):
        return tuple((k if isinstance(k, SCALARS) else _Same(k), digest(v, depth - 1)) for k, v in value.items())
    if isinstance(value, functools.partial):
        return tuple(digest(v, depth - 1) for v in (value.func, value.args, value.keywords))
    if isinstance(value, types.FunctionType | types.MethodType):
        return _Same(_function_of(value)[0]), reads(value, depth - 1)
    attributes = getattr(value, "__dict__", None)
    if attributes and not isinstance(value, type) and not hasattr(value, "__wrapped__"):
        return _Same(value), digest(attributes, depth - 1)
    return _Same(value)


@functools.lru_cache(maxsize=1024)
def _global_names(code) -> tuple[str, ...]:
    names = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names.update(_global_names(constant))
    return tuple(sorted(names))


def reads(fun, depth: int = DEPTH):
    """A hashable digest of what `fun` reads besides its arguments; equal digests mean equal values.

    Numbers, strings and NumPy arrays count by content, functions and objects by identity and by what they read in turn,
    anything else by identity. Functions already under `jax.jit` count by identity: JAX has fixed what they read.
    """
    if isinstance(fun, functools.partial):
        return digest(fun, depth)
    function, owner = _function_of(fun)
    if function is None or hasattr(fun, "__wrapped__"):
        return None
    globals_, own = function.__globals__, function.__name__
    outside = tuple(
        (name, digest(globals_[name], depth - 1))
        for name in _global_names(function.__code__)
        if name in globals_ and not (name == own and globals_[name] is function)
    )
    cells = tuple(
        digest(cell.cell_contents, depth - 1) if cell.cell_contents is not function else None
        for cell in function.__closure__ or ()
    )
    defaults = digest((function.__defaults__, function.__kwdefaults__), depth - 1)
    return outside, cells, defaults, None if owner is None else digest(owner, depth - 1)
