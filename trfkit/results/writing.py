"""A fit's result -> JSON; `trfkit.results.document` tells the format."""

import dataclasses
import json
import reprlib
from collections.abc import Callable, Iterator

import numpy as np

from ..exact_floats import encode
from ..fitting.joint import DataSet
from ..fitting.multistart import Starts
from ..fitting.result import LeastSquaresResult
from ..models import Model
from ..models.document import to_document
from ..parameters import Parameters
from .place import written_array
from .saved_options import written_options

FORMAT, VERSION = "trfkit-fit", 1

# What the fields of a solution hold; `jac` is not written, but computed again when it is asked for.
TEXTS, TRUTHS, WHOLE = ("message",), ("success",), ("status", "nfev", "njev", "nit", "rank", "m")
NUMBERS = ("cost", "optimality", "condition_number")
LISTS = ("parameter_names", "notes")
VECTORS, MATRICES = ("x", "grad", "stderr", "qtf"), ("cov_x", "pcov", "triangle")  # (n,) and (n, n)
STARTS = ("x0", "x", "cost", "success")  # and those of `Starts`


def to_json(result) -> str:
    """The text of a `FitResult`. Raises ValueError for what JSON cannot hold: x that is no array, an odd option."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "units": list(result.units),
        "absolute_sigma": result.absolute_sigma,
        "options": written_options(result.options),
        "data_sets": [_written_set(s) for s in result.sets],
        "initial": _written_parameters(result.initial),
        "parameters": _written_parameters(result.parameters),
        "solution": _written_solution(result.solution),
        "starts": None if result.starts is None else _written_starts(result.starts),
        "remarks": list(result.remarks),
    }
    _check_names(result, document)
    return json.dumps(document, allow_nan=False)


def _written_set(s: DataSet) -> dict:
    if not isinstance(s.x, np.ndarray) or s.x.dtype.kind not in "biuf":
        which = f" of data set {s.name!r}" if s.name else ""
        raise ValueError(
            f"x{which} is no array of numbers, and JSON cannot hold it: {reprlib.repr(s.x)}. Fit with x as an array "
            f"whose last axis runs over the points."
        )
    return {
        "name": s.name,
        "model": to_document(s.model),
        "names": list(s.names),
        "x": written_array(s.x),
        "y": written_array(s.y),
        "sigma": _written_errors(s.sigma),
        "sigma_x": _written_errors(s.sigma_x),
        "mask": None if s.mask is None else written_array(s.mask),
    }


def _written_errors(errors):
    """Standard errors, or a covariance: none, one number, or an array."""
    if errors is None:
        return None
    return encode(float(errors)) if np.ndim(errors) == 0 else written_array(errors)


def _written_parameters(parameters: Parameters) -> list[dict]:
    written = []
    for p in parameters.values():
        fields = {field.name: encode(getattr(p, field.name)) for field in dataclasses.fields(p)}
        written.append(fields | {"prior": None if p.prior is None else list(p.prior)})
    return written


def _written_solution(solution: LeastSquaresResult) -> dict:
    arrays = (*VECTORS, *MATRICES, "active_mask", "fun")
    return {
        **{name: encode(solution[name]) for name in (*TEXTS, *TRUTHS, *WHOLE, *NUMBERS)},
        **{name: list(solution[name]) for name in LISTS},
        **{name: written_array(solution[name]) for name in arrays},
        "weakest_direction": {name: encode(value) for name, value in solution.weakest_direction.items()},
        "trace": json.loads(solution.trace.to_json()),
    }


def _written_starts(starts: Starts) -> dict:
    return {"names": list(starts.names)} | {name: written_array(getattr(starts, name)) for name in STARTS}


def _check_names(result, document: dict) -> None:
    """Raise ValueError where two functions go by one name, so that they could not be handed in again."""
    written = [(s.model, d["model"]) for s, d in zip(result.sets, document["data_sets"], strict=True)]
    named = [pair for model, model_document in written for pair in _functions(model, model_document)]
    if isinstance(document["options"].get("loss"), dict):
        named.append((document["options"]["loss"]["function"], result.options["loss"]))
    known: dict[str, Callable] = {}
    for name, function in named:
        if known.setdefault(name, function) != function:
            raise ValueError(
                f"two different functions are called {name!r}, and could not be told apart when they are handed in "
                f"again: name them, as in Model.from_function(f, name='rise')."
            )


def _functions(model: Model, document: dict) -> Iterator[tuple[str, Callable]]:
    """The functions of a model that its document only names."""
    if document["kind"] == "function":
        yield document["name"], model.function
    for part, written in zip(model.components, document.get("components", ()), strict=True):
        yield from _functions(part, written)
