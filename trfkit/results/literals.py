"""Plain values and arrays as Python source, exact to the last bit."""

import ast
import base64
import functools
import math
import textwrap
import types
import zlib

import jax
import numpy as np

WIDTH = 100  # of a line, in characters
MOST_LISTED = 200  # numbers written one by one; more are compressed, so that a script stays short

# What the source of values, and of functions made of others, may read.
MODULES = {"base64": base64, "functools": functools, "jax": jax, "np": np, "zlib": zlib}


def array_source(array) -> str:
    """An expression for an array of numbers of any shape, in lines of at most 100 characters.

    Up to 200 numbers are written one by one, more as base64 of their compressed bytes. Raises ValueError for an array
    of anything but numbers.
    """
    array = np.asarray(array)
    if array.dtype.kind not in "biufc":
        raise ValueError(f"an array of dtype {array.dtype} has no source: give it as one of numbers.")
    array = array.astype(array.dtype.newbyteorder("="))
    shape = "" if array.ndim == 1 else f".reshape({array.shape})"
    return _listed(array, shape) if _can_be_listed(array) else _compressed(array, shape)


def value_source(value) -> str | None:
    """An expression for a number, string, None, an array, or a tuple, list or dict of such; None for any other."""
    if type(value) is float and not math.isfinite(value):
        return f'float("{value}")'
    if type(value) is str:
        return string_source(value)
    if type(value) in (int, float, bool, bytes, type(None)):
        return repr(value)
    if type(value) is complex:
        return f"complex({value_source(value.real)}, {value_source(value.imag)})"
    if isinstance(value, np.generic) and value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
        return f"np.{value.dtype.name}({value_source(value.item())})"
    if type(value) is np.ndarray and value.dtype.kind in "biufc":
        return array_source(value)
    if isinstance(value, jax.Array) and value.dtype.kind in "biufc":
        return f"jax.numpy.asarray({array_source(value)})"
    return _container(value)


def string_source(text: str) -> str:
    """A string in double quotes where it holds no quotes itself."""
    return repr(text) if {"'", '"'} & set(text) else f'"{repr(text)[1:-1]}"'


def modules_read(source: str) -> dict[str, types.ModuleType]:
    """Those of MODULES that an expression reads, by name."""
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    return {name: module for name, module in MODULES.items() if name in names}


def _container(value) -> str | None:
    """A tuple, list or dict of plain values."""
    if type(value) not in (tuple, list, dict):
        return None
    members = [value_source(member) for member in value]
    if type(value) is dict:
        contents = [value_source(content) for content in value.values()]
        members = [None if None in pair else ": ".join(pair) for pair in zip(members, contents, strict=True)]
    if None in members:
        return None
    opening, closing = {tuple: "()", list: "[]", dict: "{}"}[type(value)]
    return f"{opening}{', '.join(members)}{',' if type(value) is tuple and len(members) == 1 else ''}{closing}"


def _can_be_listed(array: np.ndarray) -> bool:
    """Whether numbers written one by one say it all: NaN has a sign and a payload, and so has a complex zero a sign."""
    if array.size > MOST_LISTED or array.dtype.kind == "c" or array.dtype.itemsize > 8:
        return False
    ordinary = np.where(np.isnan(array), np.array(np.nan, array.dtype), array) if array.dtype.kind == "f" else array
    return ordinary.tobytes() == array.tobytes()


def _listed(array: np.ndarray, shape: str) -> str:
    values = array.ravel().tolist()
    names = {math.inf: "np.inf", -math.inf: "-np.inf"}
    text = ", ".join("np.nan" if value != value else names.get(value, repr(value)) for value in values)
    dtype = "" if np.array(values).dtype == array.dtype else f', dtype="{array.dtype.name}"'
    line = f"np.array([{text}]{dtype}){shape}"
    if len(line) <= WIDTH - 12:  # which leaves room for a name and an indent
        return line
    lines = textwrap.wrap(text, WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return "\n".join(["np.array([", *(f"    {line}" for line in lines), f"]{dtype}){shape}"])


def _compressed(array: np.ndarray, shape: str) -> str:
    dtype = array.dtype.newbyteorder("<")
    letters = base64.b64encode(zlib.compress(array.astype(dtype).tobytes(), 9)).decode()
    chunk = WIDTH - 6
    lines = [f'    "{letters[i : i + chunk]}"' for i in range(0, len(letters), chunk)]
    return "\n".join(["np.frombuffer(zlib.decompress(base64.b64decode(", *lines, f')), dtype="{dtype.str}"){shape}'])
