"""What a user's function reads and writes besides its arguments.

A compiled program remembers the values that a function read while it was traced. In a notebook those change: a constant
is edited, a cell is run again. So each program is filed under the function's code *and* the values that it reads from
globals, closures, modules and its object: a changed constant means another program, never a stale answer, and the same
cell run again means the same program. And a function that writes to the outside (counts its calls, say) is no formula:
it is called on the host, as often as SciPy would call it.

Both are read off the bytecode, and off that of the functions and methods that it calls; installed libraries are taken
to stay as they are, and so is what is under `jax.jit`, whose constants JAX has fixed already.
"""

import dataclasses
import dis
import functools
import inspect
import pathlib
import pickle
import sysconfig
import types
import zlib
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

WRITES = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL", "STORE_ATTR", "DELETE_ATTR"})
LOADS_OUTSIDE = frozenset({"LOAD_GLOBAL", "LOAD_DEREF", "LOAD_NAME"})
MUTATORS = frozenset("append extend insert pop remove clear add discard update setdefault appendleft write".split())
MUTABLE = (list, dict, set, np.ndarray)
SCALARS = (int, float, complex, str, bytes, bool, type(None), np.generic)
# Where Python has them installed, and where JAX and NumPy are: a user's folder, or that of the Python below a venv.
LIBRARIES = tuple(
    {sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(pathlib.Path(package.__file__).parents[1]) for package in (jax, np)}
)


class Unreadable(Exception):
    """What a function reads cannot be told."""


@dataclass(frozen=True, eq=False)
class _Same:
    """An object that equals only itself, kept alive so that its identity is not reused."""

    value: Any

    def __eq__(self, other):
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self):
        return id(self.value)


def _function_of(fun):
    """(the Python function that a call of `fun` runs, the object it is bound to); (None, fun) if it runs none."""
    if isinstance(fun, types.MethodType):
        return fun.__func__, fun.__self__
    if isinstance(fun, types.FunctionType):
        return fun, None
    call = next((vars(c)["__call__"] for c in type(fun).__mro__ if "__call__" in vars(c)), None)
    return (call, fun) if isinstance(call, types.FunctionType) else (None, fun)


@functools.lru_cache(maxsize=1024)
def _names(code) -> tuple[tuple[str, ...], frozenset[str]]:
    """(global names, attribute names) that the code loads, that of functions inside it included."""
    instructions = list(dis.get_instructions(code))
    names = {i.argval for i in instructions if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    attributes = {i.argval for i in instructions if i.opname in ("LOAD_ATTR", "LOAD_METHOD")}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner_names, inner_attributes = _names(constant)
            names.update(inner_names)
            attributes.update(inner_attributes)
    return tuple(sorted(names)), frozenset(attributes)


@functools.lru_cache(maxsize=1024)
def _is_library(filename: str) -> bool:
    return filename.startswith(LIBRARIES)


def _is_library_class(kind: type) -> bool:
    module = inspect.getmodule(kind)
    return kind.__module__ == "builtins" or _is_library(getattr(module, "__file__", None) or "")


def _outside(function) -> dict[str, Any]:
    """The values that a function's code loads from globals and closures, by name."""
    names, _ = _names(function.__code__)
    found = {name: function.__globals__[name] for name in names if name in function.__globals__}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # a cell that is still empty
            found[name] = None
    return found


class _Walk:
    """One walk over what a function reads; each function and object is entered once, which also ends recursion."""

    def __init__(self):
        self.entered: dict = {}  # place and value by id and names; kept alive so that no id is reused
        self.functions: list = []

    def entered_before(self, value, attributes=frozenset()) -> tuple[int] | None:
        """None at the first visit of a value in search of these attributes; later its place among all."""
        key = id(value), attributes
        if key in self.entered:
            return (self.entered[key][0],)
        self.entered[key] = len(self.entered), value
        return None

    def value(self, value, attributes: frozenset[str]):
        """The digest of one value; `attributes` are the names that the code in hand looks up in objects."""
        if isinstance(value, SCALARS):
            return type(value), value
        if type(value) is np.ndarray and value.dtype != object:
            return value.shape, value.dtype.str, zlib.crc32(np.ascontiguousarray(value).view(np.uint8).data)
        if isinstance(value, types.FunctionType | types.MethodType):
            return self.function(value)
        if isinstance(value, staticmethod | classmethod):
            return self.function(value.__func__)
        if isinstance(value, property):
            return self.function(value.fget)
        if before := self.entered_before(value, attributes):
            return before
        if isinstance(value, types.ModuleType):
            return self.module(value, attributes)
        if isinstance(value, tuple | list):
            return type(value), tuple(self.value(v, attributes) for v in value)
        if isinstance(value, set | frozenset):
            return type(value), frozenset(self.value(v, attributes) for v in value)
        if isinstance(value, dict):
            keys = (k if isinstance(k, SCALARS) else _Same(k) for k in value)
            return tuple(zip(keys, (self.value(v, attributes) for v in value.values()), strict=True))
        if isinstance(value, functools.partial):
            return tuple(self.value(v, attributes) for v in (value.func, value.args, value.keywords))
        if isinstance(value, type):
            return _Same(value), self.of_class(value, attributes)
        return self.object(value, attributes)

    def module(self, module, attributes):
        """A module by those of its attributes that are looked up; an installed one by its identity."""
        if _is_library(getattr(module, "__file__", None) or LIBRARIES[0]) and module.__spec__ is not None:
            return _Same(module)
        found = vars(module)
        return tuple((name, self.value(found[name], attributes)) for name in sorted(attributes) if name in found)

    def object(self, value, attributes):
        """An object: a frozen dataclass by its fields, another by identity, its attributes and those of its class."""
        kind = type(value)
        if dataclasses.is_dataclass(value) and kind.__dataclass_params__.frozen and kind.__dataclass_params__.eq:
            return kind, tuple(self.value(getattr(value, f.name), attributes) for f in dataclasses.fields(value))
        if _is_library_class(kind) and kind is not types.SimpleNamespace:
            return _content(value)
        slots = {s for c in kind.__mro__ for s in getattr(c, "__slots__", ()) if hasattr(value, s)}
        own = {s: getattr(value, s) for s in sorted(slots - {"__dict__", "__weakref__"})} | getattr(
            value, "__dict__", {}
        )
        return _Same(value), self.value(dict(own), attributes), self.of_class(kind, attributes)

    def of_class(self, kind: type, attributes):
        """The attributes of a class and its bases that are looked up; installed classes stay as they are."""
        own = [c for c in kind.__mro__ if not _is_library_class(c)]
        return tuple(
            (name, self.value(found, attributes))
            for c in own
            for name, found in sorted(vars(c).items(), key=lambda item: item[0])
            if name in attributes or (name.startswith("__") and isinstance(found, types.FunctionType))  # operators
        )

    def function(self, fun):
        """The digest of a function: its code, and what the code reads besides its arguments."""
        function, owner = _function_of(fun)
        inner = bool(self.entered)  # the function asked about is walked wherever it lives
        if function is None or (inner and _is_library(function.__code__.co_filename)):
            return _Same(fun if function is None else function)
        _, attributes = _names(function.__code__)
        bound = None if owner is None else self.value(owner, attributes)
        if before := self.entered_before(function):
            return *before, bound
        self.functions.append(function)
        outside = tuple((name, self.value(v, attributes)) for name, v in _outside(function).items())
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        return function.__code__, bound, outside, tuple(self.value(v, attributes) for v in defaults)


def _content(value):
    """The digest of an object of an installed library: its content, or its identity where that is all there is to it.

    JAX's arrays, and what can be called but not pickled (functions under jit), stay as they are. Raises Unreadable for
    anything else that cannot be pickled.
    """
    if isinstance(value, jax.Array):
        return _Same(value)
    try:
        return type(value), pickle.dumps(value)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        if callable(value):
            return _Same(value)
        raise Unreadable(f"{value!r} may change unseen") from error


def digest(value, reader=None):
    """A hashable stand-in for a value, equal only to that of an equal value.

    Numbers, strings, NumPy arrays, containers and frozen dataclasses count by content, functions by their code and by
    what it reads in turn, other objects by identity and attributes. So a cell that is run again, defining the same
    function over the same constants, makes an equal digest. `reader` is the function that is given the value, if any:
    the attributes that it looks up count, too, where they are those of a class.
    """
    function = None if reader is None else _function_of(reader)[0]
    return _digest(_Walk(), value, frozenset() if function is None else _names(function.__code__)[1])


def _digest(walk: _Walk, value, attributes=frozenset()):
    if isinstance(value, functools.partial) or not callable(value) or isinstance(value, type):
        return walk.value(value, attributes)
    return walk.function(value)


def digest_and_writes(fun):
    """(`digest` of a function, whether it or one that it calls stores to a global, an attribute or an outer scope)."""
    walk = _Walk()
    return _digest(walk, fun), any(_writes(function) for function in walk.functions)


def _writes(function) -> bool:
    outside = {name for name, value in _outside(function).items() if isinstance(value, MUTABLE)}
    return _stores(function.__code__) or bool(outside & _changed(function.__code__))


@functools.lru_cache(maxsize=1024)
def _stores(code) -> bool:
    return any(
        i.opname in WRITES or (i.opname == "STORE_DEREF" and i.argval in code.co_freevars)
        for i in dis.get_instructions(code)
    )


@functools.lru_cache(maxsize=1024)
def _changed(code) -> frozenset[str]:
    """Names from outside whose value may be changed in place: by calls.append(…), or where an item is stored at all."""
    instructions = list(dis.get_instructions(code))
    loaded = {i.argval for i in instructions if i.opname in LOADS_OUTSIDE}
    if any(i.opname in ("STORE_SUBSCR", "DELETE_SUBSCR") for i in instructions):
        return frozenset(loaded)
    pairs = zip(instructions, instructions[1:], strict=False)
    return frozenset(a.argval for a, b in pairs if a.opname in LOADS_OUTSIDE and b.argval in MUTATORS)
