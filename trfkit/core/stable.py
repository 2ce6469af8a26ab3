"""Names for what a program was compiled for that hold in another process.

Within a process a model is known by its code and by what that reads; code is named by its instructions and constants,
values by themselves, functions of JAX, NumPy and this library by where they are found. Whatever else a program depends
on, a function of another library, say, which may be another one tomorrow, makes it Unstable.
"""

import dataclasses
import enum
import functools
import hashlib
import importlib
import types

import numpy as np

# Their versions are part of every name (`core.disk`).
KNOWN = frozenset({"trfkit", "jax", "jaxlib", "numpy", "builtins", "math", "operator"})
NUMBERS = (bool, int, float, complex, str, bytes, type(None), type(...), slice, range, np.dtype, np.generic, enum.Enum)


class Unstable(Exception):
    """Something that has no name in another process."""


def stable_digest(value) -> str:
    """A digest of the value, the same in every process; raises Unstable."""
    return hashlib.sha256(repr(_named(value)).encode()).hexdigest()


def _found_at(value) -> str:
    """Where a function or class of a known library is found."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if isinstance(value, np.ufunc):
        module, name = "numpy", value.__name__
    if value is type(None):
        return "builtins:NoneType"
    if not module or not name or module.partition(".")[0] not in KNOWN:
        raise Unstable(repr(value))
    try:
        found = functools.reduce(getattr, name.split("."), importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        raise Unstable(repr(value)) from error
    if found is not value and found is not getattr(value, "__wrapped__", None):  # itself, or under jit
        raise Unstable(repr(value))
    return f"{module}:{name}"


def _named(value):
    """Nested tuples of strings that name a value."""
    if isinstance(value, NUMBERS):
        return type(value).__name__, repr(value)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return str(value.dtype), value.shape, hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
    if isinstance(value, tuple | list):
        kind = _found_at(type(value)) if hasattr(value, "_fields") else type(value).__name__
        return kind, tuple(map(_named, value))
    if isinstance(value, set | frozenset):
        return "set", tuple(sorted(map(repr, map(_named, value))))
    if isinstance(value, dict):
        return "dict", tuple((_named(k), _named(v)) for k, v in value.items())
    if isinstance(value, types.CodeType):
        parts = (
            value.co_code, value.co_consts, value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars,
            value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount, value.co_flags,
            value.co_exceptiontable,
        )  # fmt: skip
        return "code", _named(parts)
    if isinstance(value, types.ModuleType) and value.__name__.partition(".")[0] in KNOWN:
        return "module", value.__name__
    if hasattr(value, "node_data"):  # a pytree's structure
        return "tree", _named(value.node_data()), tuple(map(_named, value.children()))
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and value.__dataclass_params__.frozen:
        fields = (f for f in dataclasses.fields(value) if f.compare)
        return _found_at(type(value)), tuple((f.name, _named(getattr(value, f.name))) for f in fields)
    if isinstance(value, functools.partial):
        return "partial", _named((value.func, value.args, value.keywords))
    return _found_at(value)
