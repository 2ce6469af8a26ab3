"""A model as plain data, ready for JSON, and back. Nothing in a document is ever executed.

    {"kind": "sum", "components": [
        {"kind": "library", "factory": "Gaussian", "keywords": {}, "prefix": "a"},
        {"kind": "expression", "text": "b*exp(-x/tau)", "independent": ["x"], "prefix": ""},
        {"kind": "number", "value": 2.0}]}

A model of the library is looked up by name in the library alone; a typed formula goes through the safe parser; the code
of a function is not stored, so that the function has to be handed in again. "parameters" are there where they are not
those that the model was made with, floats as in `trfkit.exact_floats`. A guesser of the user's own is not kept.
"""

import dataclasses
import inspect
import reprlib
from collections.abc import Callable, Mapping

from trfkit.exact_floats import decode, encode

from .composite import Number, TypedFormula
from .model import Model, ParameterSpec
from .origin import FACTORIES, joined, library_call, typed, unchanged
from .polynomials import Constant

# Names are compared with one another, so the time to make a model grows as the square of the number of parameters, and
# reading and evaluating it takes some of Python's 1000 calls for every level.
MOST_PARAMETERS = 10_000
MOST_NESTED = 60

ADVICE = "the file was cut or edited; save the fit again"


def to_document(model: Model) -> dict:
    """The model as dicts, lists, strings and numbers that JSON can hold; `from_document` is its inverse.

    Raises ValueError for a model of more than 10 000 parameters or 60 levels, and where two functions share a name.
    """
    _check_count(len(model.parameters))
    return _written(model, {}, 0)


def from_document(document: dict, function: Callable | Mapping[str, Callable] | None = None) -> Model:
    """The model that `to_document` wrote.

    `function` is the function that the model contains or, of several, a dict of them by name; a Model of it will do,
    and lends its guesser. Raises ValueError for what is no document, saying where and what is wrong, and for a function
    that is missing or takes other arguments than the one that was fitted.
    """
    reader = _Reader(function)
    model = reader.model(document, "the model", 0)
    _check_handed_in(reader.functions, function)
    return model


# writing


def _written(model: Model, functions: dict[str, Callable], level: int) -> dict:
    if level > MOST_NESTED:
        raise ValueError(f"the model is nested more than {MOST_NESTED} deep: write its inner part as a function.")
    if isinstance(model.function, Number):
        return {"kind": "number", "value": encode(model.function.value)}
    if model.kind != "model":
        components = [_written(component, functions, level + 1) for component in model.components]
        document = {"kind": model.kind, "components": components}
    elif isinstance(model.function, TypedFormula):
        formula = model.function
        document = {"kind": "expression", "text": formula.expression.text, "independent": list(formula.independent)}
        document["prefix"] = model.prefix
    elif call := library_call(model):
        document = {"kind": "library", "factory": call[0], "keywords": call[1], "prefix": model.prefix}
    else:
        return _written_function(model, functions)
    if model.parameters != unchanged(model).parameters:
        document["parameters"] = _written_specs(model)
    return document


def _written_function(model: Model, functions: dict[str, Callable]) -> dict:
    if functions.setdefault(model.name, model.function) != model.function:
        raise ValueError(
            f"two different functions are called {model.name!r}, and could not be told apart when they are handed in "
            f"again: name them, as in Model.from_function(f, name='rise')."
        )
    return {
        "kind": "function",
        "name": model.name,
        "arguments": _arguments(model.function),
        "prefix": model.prefix,
        "formula": model.formula,
        "parameters": _written_specs(model),
    }


def _written_specs(model: Model) -> list[dict]:
    numbers = ("min", "max", "default")
    return [
        dataclasses.asdict(spec) | {name: encode(float(getattr(spec, name))) for name in numbers}
        for spec in model.parameters
    ]


def _arguments(function: Callable) -> list[str]:
    """The names of a function's arguments, x first; none where it does not tell."""
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


# reading


class _Reader:
    """One document, read once; `where` is the place in it that an error names."""

    def __init__(self, given: Callable | Mapping[str, Callable] | None):
        self.given = given
        self.functions: dict[str, list[str]] = {}  # the arguments of those that the document names
        self.parameters = 0  # of all models so far

    def model(self, document, where: str, level: int) -> Model:
        if not isinstance(document, dict):
            raise ValueError(f"{where} must be an object (a dict), got {reprlib.repr(document)}: {ADVICE}.")
        if level > MOST_NESTED:
            raise ValueError(f"the model is nested more than {MOST_NESTED} deep, and none that was saved is: {ADVICE}.")
        kind = _item(document, "kind", str, where)
        if kind == "number":
            return (Constant() * _decoded(document, "value", where)).components[1]
        if kind in ("sum", "product"):
            return _with_specs(self.composite(document, kind, where, level), document, where)
        read = {"library": _library, "expression": _expression, "function": self.function}.get(kind)
        if read is None:
            raise ValueError(
                f"{where} is of kind {reprlib.repr(kind)}, which is none of library, expression, function, number, "
                f"sum, product: update trfkit if a newer one wrote the file."
            )
        model = _with_specs(read(document, where), document, where)
        self.parameters += len(model.parameters)
        _check_count(self.parameters)
        return model

    def composite(self, document: dict, kind: str, where: str, level: int) -> Model:
        components = _item(document, "components", list, where)
        if len(components) < 2:
            raise ValueError(f"{where} is a {kind} of {len(components)} models, and takes two or more: {ADVICE}.")
        return joined(
            kind, [self.model(part, f"{where}.components[{i}]", level + 1) for i, part in enumerate(components)]
        )

    def function(self, document: dict, where: str) -> Model:
        """A model of the function handed in; `_check_handed_in` sees to it that there is one."""
        name, formula, prefix = (_item(document, key, str, where) for key in ("name", "formula", "prefix"))
        arguments = _item(document, "arguments", list, where)
        if self.functions.setdefault(name, arguments) != arguments:
            raise ValueError(f"{where}: the function {name!r} has other arguments than before: {ADVICE}.")
        handed = self.given.get(name) if isinstance(self.given, Mapping) else self.given
        guesser = handed.guesser if isinstance(handed, Model) else None
        return Model(_function_of(handed), _specs(document, where), name, prefix, formula, guesser)


def _function_of(handed):
    return handed.function if isinstance(handed, Model) else handed


def _check_handed_in(functions: dict[str, list[str]], given) -> None:
    """Whether each function that a document names was handed in, and takes what it took."""
    handed_in = given if isinstance(given, Mapping) else {name: given for name in functions if len(functions) == 1}
    calls = {name: f"{name}({', '.join(map(str, arguments))})" for name, arguments in functions.items()}
    if any(handed_in.get(name) is None for name in functions):
        one = "that function" if len(calls) == 1 else f"{{{', '.join(f'{name!r}: …' for name in calls)}}}"
        raise ValueError(
            f"the model contains {' and '.join(calls.values())}, whose code is not in the file: define it and hand "
            f"{one} in as the second argument."
        )
    for name, call in calls.items():
        if not callable(handed_in[name]):
            raise ValueError(f"what is handed in for {name!r} must be a function, got {reprlib.repr(handed_in[name])}.")
        arguments = _arguments(_function_of(handed_in[name]))
        if arguments != functions[name]:
            raise ValueError(
                f"the function that was fitted is {call}, and the one handed in takes ({', '.join(arguments)}): hand "
                f"in the one that was fitted."
            )


def _library(document: dict, where: str) -> Model:
    name, prefix = _item(document, "factory", str, where), _item(document, "prefix", str, where)
    if name not in FACTORIES:
        raise ValueError(
            f"{where}: the library has no model {reprlib.repr(name)}, only {', '.join(FACTORIES)}: update trfkit if a "
            f"newer one wrote the file."
        )
    keywords = _item(document, "keywords", dict, where)
    for key, value in keywords.items():
        if type(value) not in (str, int, float):
            raise ValueError(f"{where}: {key!r} must be a string or a number, got {reprlib.repr(value)}: {ADVICE}.")
    try:
        return FACTORIES[name](**keywords, prefix=prefix)
    except TypeError as error:
        raise ValueError(f"{where}: {name} cannot be made of {reprlib.repr(keywords)}: {error}.") from error


def _expression(document: dict, where: str) -> Model:
    text, prefix = _item(document, "text", str, where), _item(document, "prefix", str, where)
    independent = _item(document, "independent", list, where)
    if not independent or not all(isinstance(name, str) for name in independent):
        raise ValueError(f"{where}: 'independent' must name x, as in ['x'], got {reprlib.repr(independent)}: {ADVICE}.")
    return typed(text, independent, prefix)


def _with_specs(model: Model, document: dict, where: str) -> Model:
    """The model with the parameters of a document, if it holds any."""
    if "parameters" not in document:
        return model
    specs = _specs(document, where)
    if len(specs) != len(model.parameters):
        raise ValueError(
            f"{where} has {len(specs)} parameters, and such a model takes {len(model.parameters)}: {ADVICE}."
        )
    return dataclasses.replace(model, parameters=specs)


def _specs(document: dict, where: str) -> tuple[ParameterSpec, ...]:
    specs = _item(document, "parameters", list, where)
    _check_count(len(specs))
    return tuple(_spec(spec, f"{where}.parameters[{i}]") for i, spec in enumerate(specs))


def _spec(spec, where: str) -> ParameterSpec:
    if not isinstance(spec, dict):
        raise ValueError(f"{where} must be an object (a dict), got {reprlib.repr(spec)}: {ADVICE}.")
    words = {key: _item(spec, key, str, where) for key in ("name", "unit", "description")}
    return ParameterSpec(**words, **{key: _decoded(spec, key, where) for key in ("min", "max", "default")})


def _check_count(parameters: int) -> None:
    if parameters > MOST_PARAMETERS:
        raise ValueError(
            f"the model has {parameters} parameters, and a document holds at most {MOST_PARAMETERS}: fit parts of the "
            f"data."
        )


_NAMED = {str: "a string", list: "a list", dict: "an object (a dict)"}


def _item(document: dict, key: str, kind: type, where: str):
    """What a document has under a key, its type checked."""
    if key not in document:
        raise ValueError(f"{where} lacks {key!r}: {ADVICE}.")
    if type(document[key]) is not kind:
        raise ValueError(f"{where}: {key!r} must be {_NAMED[kind]}, got {reprlib.repr(document[key])}: {ADVICE}.")
    return document[key]


def _decoded(document: dict, key: str, where: str) -> float:
    if key not in document:
        raise ValueError(f"{where} lacks {key!r}: {ADVICE}.")
    try:
        return decode(document[key])
    except ValueError as error:
        raise ValueError(f"{where}: {key!r} must be {error}, got {reprlib.repr(document[key])}: {ADVICE}.") from None
