"""The options of a fit in a JSON document: names, numbers and arrays; those that only watch a fit are left out."""

import reprlib
from collections.abc import Callable, Mapping

import jax
import numpy as np

from ..core.losses import LOSSES
from ..exact_floats import decode, encode
from ..fitting.options import DEFAULTS
from .place import Place, written_array

WATCHING = ("callback", "channel", "verbose", "workers")
NUMBERS = ("ftol", "xtol", "gtol", "f_scale", "max_nfev", "x_scale", "diff_step", "jac_sparsity")


def kept_options(options: Mapping) -> dict:
    """Those that say how to fit, a loss of the library by its name."""
    kept = {name: value for name, value in options.items() if name not in WATCHING}
    if "loss" in kept:
        kept["loss"] = next((name for name, loss in LOSSES.items() if loss is kept["loss"]), kept["loss"])
    return kept


def written_options(options: Mapping) -> dict:
    """The options as JSON can hold them. Raises ValueError for one that it cannot hold."""
    written = {}
    for name, value in kept_options(options).items():
        if name == "loss" and callable(value):
            written[name] = {"function": name_of(value)}
            continue
        try:
            written[name] = _plain(value)
        except TypeError as error:
            raise ValueError(
                f"JSON cannot hold the option {name}={reprlib.repr(value)}: {error}. Fit without it, or give it as "
                f"numbers, strings or arrays."
            ) from None
        _check_kind(Place(written[name], f"the option {name}"), name)
    return written


def _plain(value):
    """The value as JSON can hold it; a bare TypeError says what it cannot hold."""
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        value = np.asarray(value)
        if value.dtype.kind not in "biuf":
            raise TypeError(f"it has an array of {value.dtype}")
        return encode(value.item()) if value.ndim == 0 else written_array(value)
    if value is None or isinstance(value, bool | int | float | str):
        return encode(value)
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(member) for key, member in value.items()}
    raise TypeError(f"it has a {type(value).__name__}")


def read_options(place: Place, functions: Mapping[str, Callable]) -> dict:
    """The options that `written_options` wrote, a loss of the user's own by its name among the functions."""
    options = {}
    for name in place.items():
        if name not in DEFAULTS or name in WATCHING:
            raise ValueError(f"{place.where} has {reprlib.repr(name)}, which is none of {', '.join(DEFAULTS)}.")
        at = place[name]
        if name == "loss" and isinstance(at.value, dict):
            options[name] = functions[at["function"].text()]
        else:
            _check_kind(at, name)
            options[name] = _restored(at)
    return options


def _check_kind(at: Place, name: str) -> None:
    """Raise ValueError for what is not the kind of value that an option takes."""
    value = _restored(at)
    if name not in NUMBERS or value is None or (name == "x_scale" and at.value == "jac"):
        return
    try:
        kind = np.asarray(value).dtype.kind
    except ValueError:  # lists of different lengths
        kind = "O"
    if isinstance(value, bool) or kind not in "biuf":
        raise at.wrong("a number, or an array of them")


def _restored(at: Place):
    value = at.value
    if isinstance(value, dict) and value.keys() - {"dtype"} == {"shape", "values"}:
        types = {type(member.value) for member in at["values"].each()}
        return at.array(next(iter(types)) if types in ({bool}, {int}) else float)
    if isinstance(value, dict):
        return {key: _restored(at[key]) for key in value}
    if isinstance(value, list):
        return [_restored(member) for member in at.each()]
    try:
        return decode(value) if isinstance(value, str) else value
    except ValueError:
        return value


def name_of(function: Callable) -> str:
    """What a function is called."""
    return getattr(function, "__name__", type(function).__name__)
