"""What a user's function reads and writes besides its arguments.

A compiled program remembers the values that a function read while it was traced. In a notebook those change: a constant
is edited, a cell is run again. So each program is filed under the function's code *and* the values that it reads from
globals, closures and its object: a changed constant means another program, never a stale answer, and the same cell run
again means the same program. And a function that writes to the outside (counts its calls, say) is no formula: it is
called on the host, as often as SciPy would call it.
"""

import dataclasses
import dis
import functools
import inspect
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
    return function is not None and not hasattr(fun, "__wrapped__") and _stores(function.__code__)


@functools.lru_cache(maxsize=1024)
def _stores(code) -> bool:
    return any(
        i.opname in WRITES or (i.opname == "STORE_DEREF" and i.argval in code.co_freevars)
        for i in dis.get_instructions(code)
    )


class _Walk:
    """One walk over what a function reads; each function and object is entered once, which also ends recursion."""

    def __init__(self):
        self.entered: set[int] = set()

    def value(self, value, depth: int):
        """The digest of one value."""
        if isinstance(value, SCALARS):
            return type(value), value
        if isinstance(value, types.ModuleType):
            return None  # modules are taken to stay as they are
        if isinstance(value, np.ndarray) and value.dtype != object:
            return value.shape, value.dtype.str, zlib.crc32(np.ascontiguousarray(value).view(np.uint8).data)
        if depth <= 0 or id(value) in self.entered:
            return _Same(value)
        if isinstance(value, tuple | list):
            return type(value), tuple(self.value(v, depth - 1) for v in value)
        if isinstance(value, dict):
            keys = (k if isinstance(k, SCALARS) else _Same(k) for k in value)
            return tuple(zip(keys, (self.value(v, depth - 1) for v in value.values()), strict=True))
        if isinstance(value, functools.partial):
            return tuple(self.value(v, depth - 1) for v in (value.func, value.args, value.keywords))
        if isinstance(value, types.FunctionType | types.MethodType):
            return self.function(value, depth - 1)
        if dataclasses.is_dataclass(value) and not isinstance(value, type) and type(value).__dataclass_params__.frozen:
            fields = (getattr(value, f.name) for f in dataclasses.fields(value))
            return type(value), tuple(self.value(v, depth - 1) for v in fields)
        attributes = getattr(value, "__dict__", None)
        if attributes and not isinstance(value, type) and not hasattr(value, "__wrapped__"):
            self.entered.add(id(value))
            return _Same(value), self.value(attributes, depth - 1)
        return _Same(value)

    def function(self, fun, depth: int):
        """The digest of a function: its code, and what the code reads besides its arguments."""
        function, owner = _function_of(fun)
        if function is None or hasattr(fun, "__wrapped__"):
            return _Same(fun)
        if id(function) in self.entered:
            return function.__code__
        self.entered.add(id(function))
        globals_ = function.__globals__
        outside = tuple(
            (name, self.value(globals_[name], depth - 1))
            for name in _global_names(function.__code__)
            if name in globals_
        )
        cells = tuple(self.value(value, depth - 1) for value in inspect.getclosurevars(function).nonlocals.values())
        defaults = self.value((function.__defaults__, function.__kwdefaults__), depth - 1)
        return function.__code__, outside, cells, defaults, owner is not None and self.value(owner, depth - 1)


def digest(value):
    """A hashable stand-in for a value, equal only to that of an equal value.

    Numbers, strings, NumPy arrays and frozen dataclasses count by content, functions by their code and by what it reads
    in turn, other objects by identity and attributes, or by identity alone. So a cell that is run again, defining the same function over the
    same constants, makes an equal digest. Functions under `jax.jit` count by identity: JAX has fixed what they read.
    """
    return _Walk().value(value, DEPTH)


@functools.lru_cache(maxsize=1024)
def _global_names(code) -> tuple[str, ...]:
    names = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names.update(_global_names(constant))
    return tuple(sorted(names))
