"""How a model was made: by which call of the library, from which formula, of which components.

A saved model and a script tell this in place of the model itself, and what was changed since.
"""

import dataclasses

from . import LIBRARY
from .composite import TypedFormula
from .model import Model

FACTORIES = {factory.__name__: factory for factory in LIBRARY}


def library_call(model: Model) -> tuple[str, dict] | None:
    """How the library makes a model, as in ("Step", {"form": "arctan"}); None for a model that it does not make."""
    name = model.name.partition("(")[0]
    if name not in FACTORIES:
        return None
    # What a factory is given beside the prefix, its function holds: PolynomialFunction(degree=3).
    fields = dataclasses.fields(model.function) if dataclasses.is_dataclass(model.function) else ()
    keywords = {field.name: getattr(model.function, field.name) for field in fields}
    try:
        made = FACTORIES[name](**keywords)
    except (TypeError, ValueError):  # a user's function of the same name
        return None
    return (name, keywords) if (made.name, made.function) == (model.name, model.function) else None


def unchanged(model: Model) -> Model:
    """The model as its library call, its formula or its components make it, whatever its parameters were set to since.

    A function or a number is returned as it is.
    """
    if model.kind != "model":
        return joined(model.kind, model.components)
    if isinstance(model.function, TypedFormula):
        return typed(model.function.expression.text, model.function.independent, model.prefix)
    call = library_call(model)
    return model if call is None else FACTORIES[call[0]](**call[1], prefix=model.prefix)


def joined(kind: str, models) -> Model:
    """The "sum" or "product", made of halves: one by one, all names would be compared again for every model."""
    if len(models) == 1:
        return models[0]
    half = len(models) // 2
    first, rest = joined(kind, models[:half]), joined(kind, models[half:])
    return first + rest if kind == "sum" else first * rest


def typed(text: str, independent, prefix: str) -> Model:
    """The model of a formula, whose independent variables are given one by one."""
    return Model.from_expression(text, independent[0] if len(independent) == 1 else tuple(independent), prefix)
