"""A fit's result -> JSON; `trfkit.results.document` tells the format.

Its pieces, functions `written_…`, are those of other documents, too.
"""

import dataclasses
import json
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping

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
    document = written_result(result, [written_curve(s) | written_data(s._asdict()) for s in result.sets])
    check_names(functions_of(result, document))
    return json.dumps(document, allow_nan=False)


def written_result(result, data_sets: list[dict]) -> dict:
    """The document of a `FitResult`, its data sets as they are written already."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "units": list(result.units),
        "absolute_sigma": result.absolute_sigma,
        "options": written_options(result.options),
        "data_sets": data_sets,
        "initial": written_parameters(result.initial),
        "parameters": written_parameters(result.parameters),
        "solution": _written_solution(result.solution),
        "starts": None if result.starts is None else _written_starts(result.starts),
        "remarks": list(result.remarks),
    }


def written_curve(s: DataSet) -> dict:
    """What is fitted to a data set, and to which of its points."""
    return {"name": s.name, "model": to_document(s.model), "names": list(s.names), "mask": written_mask(s.mask)}


def written_mask(mask: np.ndarray | None) -> dict | None:
    """Which points count."""
    return None if mask is None else written_array(mask)


def written_data(data: Mapping) -> dict:
    """The arrays "x", "y", "sigma", "sigma_x" of a data set. Raises ValueError for x that is no array."""
    x = data["x"]
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "biuf":
        which = f" of data set {data['name']!r}" if data.get("name") else ""
        raise ValueError(
            f"x{which} is no array of numbers, and JSON cannot hold it: {reprlib.repr(x)}. Fit with x as an array "
            f"whose last axis runs over the points."
        )
    errors = {name: _written_errors(data[name]) for name in ("sigma", "sigma_x")}
    return {"x": written_array(x), "y": written_array(data["y"])} | errors


def _written_errors(errors):
    """Standard errors, or a covariance: none, one number, or an array."""
    if errors is None:
        return None
    return encode(float(errors)) if np.ndim(errors) == 0 else written_array(errors)


def written_parameters(parameters: Parameters) -> list[dict]:
    """All that there is to say of parameters."""
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


def functions_of(result, document: dict) -> Iterator[tuple[str, Callable]]:
    """The functions that the document of a `FitResult` only names."""
    for s, written in zip(result.sets, document["data_sets"], strict=True):
        yield from functions_of_model(s.model, written["model"])
    yield from own_loss(result.options, document["options"])


def functions_of_model(model: Model, document: dict) -> Iterator[tuple[str, Callable]]:
    """The functions of a model that its document only names."""
    if document["kind"] == "function":
        yield document["name"], model.function
    for part, written in zip(model.components, document.get("components", ()), strict=True):
        yield from functions_of_model(part, written)


def own_loss(options: Mapping, written: Mapping) -> Iterator[tuple[str, Callable]]:
    """The loss, where it is one that written options only name."""
    if isinstance(written.get("loss"), dict):
        yield written["loss"]["function"], options["loss"]


def check_names(functions: Iterable[tuple[str, Callable]]) -> None:
    """Raise ValueError where two functions go by one name, so that they could not be handed in again."""
    known: dict[str, Callable] = {}
    for name, function in functions:
        if known.setdefault(name, function) != function:
            raise ValueError(
                f"two different functions are called {name!r}, and could not be told apart when they are handed in "
                f"again: name them, as in Model.from_function(f, name='rise')."
            )
