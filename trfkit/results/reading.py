"""JSON -> a fit's result. Nothing that stands in the text is executed, and no function looked up by its name.

Its pieces, functions `read_…`, are those of other documents, too.
"""

import json
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..fitting.joint import DataSet
from ..fitting.multistart import Starts
from ..fitting.result import LeastSquaresResult
from ..models import Model
from ..models.document import from_document
from ..parameters import Parameter, Parameters
from ..trace import Trace
from .consistency import check_consistency
from .place import ADVICE, Place
from .saved_options import read_options
from .writing import FORMAT, LISTS, MATRICES, NUMBERS, TEXTS, TRUTHS, VECTORS, VERSION, WHOLE

READERS = {"trfkit-trace": "Trace", "trfkit-fit": "FitResult", "trfkit-session": "FitSession"}  # by format


class Kind(NamedTuple):
    """A kind of document."""

    noun: str
    format: str
    version: int  # the newest that is read

    @property
    def reader(self) -> str:
        """The class that has its to_json and from_json."""
        return READERS[self.format]


FIT = Kind("fit", FORMAT, VERSION)


def from_json(cls, text: str, model: Callable | Mapping[str, Callable] | None = None):
    """The result, a `cls`, that `to_json` wrote; `model` as in `FitResult.from_json`."""
    document = parsed(text, FIT)
    functions = handed_in([document.value], model, FIT)
    return read_result(cls, document, functions)


def read_result(cls, document: Place, functions: Mapping[str, Callable], data: Mapping[str, Any] | None = None):
    """The result, a `cls`, of a document; `data` are the arrays of data sets that are written without."""
    parameters = read_parameters(document["parameters"])
    solution = _solution(document["solution"], len(parameters.free_names))
    result = cls(
        sets=tuple(_read_set(place, functions, data) for place in document["data_sets"].each()),
        initial=read_parameters(document["initial"]),
        absolute_sigma=document["absolute_sigma"].truth(),
        options=read_options(document["options"], functions),
        units=read_units(document["units"]),
        parameters=parameters,
        solution=LeastSquaresResult(solution, {"jac": lambda: result.joint.jacobian(solution["x"])}),
        starts=_starts(document["starts"], parameters.free_names),
        remarks=document["remarks"].texts(),
    )
    check_consistency(result)
    return result


def parsed(text: str, kind: Kind) -> Place:
    """The document, its format and version checked."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError, TypeError) as error:
        raise ValueError(
            f"this is not JSON, or it was cut short: {error}. Give the text that to_json returned, as in "
            f"from_json(path.read_text())."
        ) from error
    found = document.get("format") if isinstance(document, dict) else type(document).__name__
    if found != kind.format:
        reader = READERS.get(found) if isinstance(found, str) else None
        advice = "" if reader is None else f": read it with {reader}.from_json"
        raise ValueError(
            f"this JSON is not a {kind.noun}: its format is {reprlib.repr(found)}, and {kind.reader}.to_json writes "
            f"{kind.format!r}{advice}."
        )
    version = Place(document)["version"]
    if version.whole() < 1:
        raise version.wrong("a version from 1")
    if version.value > kind.version:
        raise ValueError(
            f"this {kind.noun} has version {version.value} of the format, and this trfkit reads up to {kind.version}: "
            f"update trfkit."
        )
    return Place(document)


def handed_in(documents: Iterable, given, kind: Kind) -> dict[str, Callable]:
    """The user's functions by the names that documents give them; ValueError where one is missing."""
    calls = dict(call for document in documents for call in _calls(document))
    if given is not None and not isinstance(given, Mapping):
        given = {name: given for name in calls} if len(calls) == 1 else {}
    functions = dict(given or {})
    if not all(callable(functions.get(name)) for name in calls):
        shown = ", ".join(f"{name!r}: {name if name.isidentifier() else 'f'}" for name in calls)
        argument = f"{{{shown}}}" if len(calls) > 1 else shown.partition(": ")[2]
        raise ValueError(
            f"this is a {kind.noun} with {' and '.join(calls.values())}, whose code is not in the text: define "
            f"{'it' if len(calls) == 1 else 'them'} and call {kind.reader}.from_json(text, model={argument})."
        )
    return functions


def _calls(document) -> Iterator[tuple[str, str]]:
    """(name, how it is called) of the functions that a document names in its models and its options."""
    if not isinstance(document, dict):
        return
    places = [document.get("model"), document.get("data_sets")]
    while places:
        value = places.pop()
        if isinstance(value, dict) and value.get("kind") == "function" and isinstance(value.get("name"), str):
            arguments = value.get("arguments")
            said = ", ".join(map(str, arguments)) if isinstance(arguments, list) else "…"
            yield value["name"], f"{value['name']}({said})"
        if isinstance(value, dict | list):
            places += reversed(value.values() if isinstance(value, dict) else value)
    options = document.get("options")
    loss = options.get("loss") if isinstance(options, dict) else None
    if isinstance(loss, dict) and isinstance(loss.get("function"), str):
        yield loss["function"], f"the loss {loss['function']}(z)"


def _read_set(place: Place, functions: Mapping[str, Callable], data: Mapping[str, Any] | None) -> DataSet:
    model, names = read_model(place["model"], functions), place["names"].texts()
    if len(names) != len(model.parameters):
        raise ValueError(f"{place.where}.names has {len(names)} for {len(model.parameters)} parameters: {ADVICE}.")
    own = read_data(place) if data is None or "y" in place.items() else data
    return DataSet(name=place["name"].text(), model=model, names=names, mask=read_mask(place["mask"]), **own)


def read_model(place: Place, functions: Mapping[str, Callable]) -> Model:
    """A model; of its functions the user's are handed in."""
    try:
        return from_document(place.items(), functions)
    except ValueError as error:
        raise ValueError(f"{place.where}: {error}") from error


def read_mask(place: Place) -> np.ndarray | None:
    """Which points count."""
    return None if place.value is None else place.array(bool)


def read_data(place: Place) -> dict[str, Any]:
    """The arrays of a data set."""
    errors = {name: _errors(place[name]) for name in ("sigma", "sigma_x")}
    return {"x": place["x"].array(), "y": place["y"].array()} | errors


def _errors(place: Place):
    if place.value is None:
        return None
    return place.array() if isinstance(place.value, dict) else np.float64(place.number())


def read_parameters(place: Place) -> Parameters:
    """All that was said of parameters."""
    try:
        return Parameters([_parameter(p) for p in place.each()])
    except ValueError as error:
        raise ValueError(f"{place.where}: {error}") from error


def _parameter(place: Place) -> Parameter:
    tie, prior = place["tie"], place["prior"]
    if prior.value is not None and len(prior.each()) != 2:
        raise prior.wrong("a mean and a sigma")
    return Parameter(
        **{key: place[key].text() for key in ("name", "unit", "description")},
        **{key: place[key].number() for key in ("value", "min", "max")},
        fixed=place["fixed"].truth(),
        tie=None if tie.value is None else tie.text(),
        prior=None if prior.value is None else tuple(number.number() for number in prior.each()),
    )


def read_units(place: Place) -> tuple[str, str]:
    """The units of x and y."""
    pair = place.texts()
    if len(pair) != 2:
        raise place.wrong("two strings, of x and of y")
    return pair


def _solution(place: Place, n: int) -> dict:
    direction = place["weakest_direction"]
    try:
        trace = Trace.from_json(json.dumps(place["trace"].items()))
    except ValueError as error:
        raise ValueError(f"{place.where}.trace: {error}") from error
    return {
        **{name: place[name].text() for name in TEXTS},
        **{name: place[name].truth() for name in TRUTHS},
        **{name: place[name].whole() for name in WHOLE},
        **{name: place[name].number() for name in NUMBERS},
        **{name: place[name].texts() for name in LISTS},
        **{name: place[name].array(shape=(n,)) for name in VECTORS},
        **{name: place[name].array(shape=(n, n)) for name in MATRICES},
        "active_mask": place["active_mask"].array(int, (n,)),
        "fun": place["fun"].array(shape=(place["m"].whole(),)),
        "weakest_direction": {name: direction[name].number() for name in direction.items()},
        "trace": trace,
    }


def _starts(place: Place, names: tuple[str, ...]) -> Starts | None:
    if place.value is None:
        return None
    if place["names"].texts() != names:
        raise ValueError(f"{place.where}.names must be {', '.join(names)}: {ADVICE}.")
    cost = place["cost"].array()
    if cost.ndim != 1 or not np.isfinite(cost).any():
        raise place["cost"].wrong("the cost that each start led to")
    x0, x = (place[name].array(shape=(cost.size, len(names))) for name in ("x0", "x"))
    return Starts(names, x0, x, cost, place["success"].array(bool, cost.shape))
