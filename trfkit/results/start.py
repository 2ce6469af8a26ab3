"""Where a fit of a model starts: data sets and parameters, from what the user said and from the data.

Of several data sets each has parameters of its own, `tau_cold` and `tau_hot`, but for those that are shared.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..fitting import inputs
from ..fitting.joint import DataSet
from ..models import Model
from ..parameters import Parameter, Parameters

DATA_SET_NAME = re.compile(r"[A-Za-z0-9_]+")


class Wishes(NamedTuple):
    """What the user said of the parameters; see `trfkit.fit`."""

    start: Any = None
    shared: Any = ()
    fixed: Any = ()
    bounds: Mapping | None = None
    ties: Mapping | None = None
    priors: Mapping | None = None
    units: tuple[str, str] = ("", "")


def as_model(model) -> Model:
    """A Model, or the model of a function f(x, a, b, …) or of a formula "a*exp(-x/tau)"."""
    if isinstance(model, Model):
        return model
    if isinstance(model, str):
        return Model.from_expression(model)
    if callable(model):
        return Model.from_function(model)
    raise TypeError(f"`model` must be a Model, a function f(x, a, b) or a text like 'a*x + b', got {model!r}.")


def data_sets(model, x, y, sigma, sigma_x, mask, shared) -> tuple[DataSet, ...]:
    """One data set, or one for each name of y; what is given once counts for all of them."""
    if not isinstance(y, Mapping):
        several = next((name for name, a in (("x", x), ("model", model)) if isinstance(a, Mapping)), None)
        if several is not None:
            raise ValueError(f"`{several}` has data sets by name, but `y` has none: give y in the same way.")
        if shared:
            raise ValueError("`shared` is for several data sets: give x and y as {name: array}.")
        only = as_model(model)
        return (_data_set("", only, only.parameter_names, x, y, sigma, sigma_x, mask),)
    if not y:
        raise ValueError("`y` has no data set: there is nothing to fit.")
    given = {"model": model, "x": x, "sigma": sigma, "sigma_x": sigma_x, "mask": mask}
    for what, values in given.items():
        if isinstance(values, Mapping) and set(values) != set(y):
            raise ValueError(f"`{what}` has the data sets {', '.join(values)}, but `y` has {', '.join(y)}.")
    sets = []
    for name in y:
        if not isinstance(name, str) or not DATA_SET_NAME.fullmatch(name):
            raise ValueError(f"data set {name!r}: a name of letters, digits and _ goes into those of its parameters.")
        own = {what: values[name] if isinstance(values, Mapping) else values for what, values in given.items()}
        own["model"] = as_model(own["model"])
        names = tuple(p if shared == "all" or p in shared else f"{p}_{name}" for p in own["model"].parameter_names)
        sets.append(_data_set(name, own["model"], names, own["x"], y[name], own["sigma"], own["sigma_x"], own["mask"]))
    if shared != "all":
        _check_shared(shared, sets)
    return tuple(sets)


def _check_shared(shared, sets) -> None:
    known = {name for s in sets for name in s.model.parameter_names}
    if isinstance(shared, str):
        raise ValueError(f"`shared` must be 'all' or a list of parameters such as [{shared!r}], got {shared!r}.")
    unknown = next((name for name in shared if name not in known), None)
    if unknown is not None:
        raise ValueError(f"`shared` names {unknown!r}, which no model has; there are {', '.join(sorted(known))}.")


def _data_set(name, model, names, x, y, sigma, sigma_x, mask) -> DataSet:
    y = inputs.data_array(y, "y", False)
    x = np.asarray(x, dtype=float) if isinstance(x, list | tuple) or hasattr(x, "__array__") else x
    sigma, sigma_x = (None if a is None else np.asarray(a, dtype=float)[()] for a in (sigma, sigma_x))
    return DataSet(name, model, names, x, y, sigma, sigma_x, None if mask is None else np.asarray(mask))


EXAMPLES = {"bounds": {"tau": (0, 10)}, "ties": {"b.sigma": "2*a.sigma"}, "priors": {"tau": (2.0, 0.1)}}


def starting_parameters(sets: tuple[DataSet, ...], wishes: Wishes) -> tuple[Parameters, tuple[str, ...]]:
    """(parameters, remarks): guessed from the data where the user gave no value."""
    for what, example in EXAMPLES.items():
        said = getattr(wishes, what)
        if not (said is None or isinstance(said, Mapping)):
            raise ValueError(f"`{what}` goes by name, as {example}, got {said!r}.")
    if isinstance(wishes.start, Parameters):
        _check_complete(wishes.start, sets)
        return _with_wishes(wishes.start, wishes._replace(start=None)), ()
    specs = {name: spec for s in sets for name, spec in zip(s.names, s.model.parameters, strict=True)}
    given = _values_given(wishes, tuple(specs))
    bounds = wishes.bounds or {}
    parameters = Parameters(
        Parameter(
            name, spec.default, spec.min, spec.max, unit=translated(spec.unit, *wishes.units),
            description=spec.description,
        )
        for name, spec in specs.items()
    )  # fmt: skip
    for name in (*given, *bounds):
        parameters[name]  # an unknown name is an error
    guesses = {}
    if not set(specs) <= set(given) | set(wishes.ties or {}):
        guesses = {name: value for name, value in _guessed(sets).items() if name not in given}
    parameters = _with_wishes(parameters, wishes, given)
    remarks = []
    for name, value in guesses.items():
        p = parameters[name]
        inside = _inside(value, p.min, p.max)
        if inside != value and p.free:
            remarks.append(f"The guess {name} = {value:.4g} is not within {p.min:g} … {p.max:g}; started inside.")
        parameters = parameters.set(name, value=inside)
    return parameters, tuple(remarks)


def _inside(value: float, low: float, high: float) -> float:
    """The value, or, where bounds exclude it, the middle of them, or one unit inside the only one."""
    return value if low <= value <= high else float(inputs.default_guess(np.array([low]), np.array([high]))[0])


def _values_given(wishes: Wishes, names: tuple[str, ...]) -> dict[str, float]:
    """Values that the user gave, by name."""
    start, fixed = wishes.start, wishes.fixed
    if start is None:
        values = {}
    elif isinstance(start, Mapping):
        values = dict(start)
    else:
        start = inputs.initial_guess(start, "start")
        if start.size != len(names):
            raise ValueError(f"`start` has {start.size} values for {len(names)} parameters: {', '.join(names)}.")
        values = dict(zip(names, start.tolist(), strict=True))
    return values | (dict(fixed) if isinstance(fixed, Mapping) else {})


def _guessed(sets) -> dict[str, float]:
    """The models' guesses; of a shared parameter the median of those of its data sets."""
    found: dict[str, list[float]] = {}
    for s in sets:
        data, _ = s.checked()
        values = s.model.guess(data.kept(np.asarray(data.x).T).T, data.y)
        for name, value in zip(s.names, values.values(), strict=True):
            found.setdefault(name, []).append(value)
    return {name: float(np.median(values)) for name, values in found.items()}


def _with_wishes(parameters: Parameters, wishes: Wishes, values: Mapping = {}) -> Parameters:  # noqa: B006  read only
    for name, (low, high) in (wishes.bounds or {}).items():
        parameters = parameters.bound(name, *(end if end is not None else sign * np.inf
                                              for end, sign in ((low, -1.0), (high, 1.0))))  # fmt: skip
    parameters = parameters.with_values(values)
    fixed = [wishes.fixed] if isinstance(wishes.fixed, str) else wishes.fixed
    for name in fixed:
        value = fixed[name] if isinstance(fixed, Mapping) else None
        parameters = parameters.fix(name, value)
    for name, expression in (wishes.ties or {}).items():
        parameters = parameters.tie(name, expression)
    for name, (mean, sigma) in (wishes.priors or {}).items():
        parameters = parameters.know(name, mean, sigma)
    return parameters


def _check_complete(parameters: Parameters, sets) -> None:
    wanted = tuple(dict.fromkeys(name for s in sets for name in s.names))
    missing = [name for name in wanted if name not in parameters]
    if missing:
        raise ValueError(f"`start` has no parameter {', '.join(missing)}; the model's are {', '.join(wanted)}.")


def translated(unit: str, x_unit: str, y_unit: str) -> str:
    """A unit in terms of x and y, as "y/x", in those of the data, as "V/s"; "" where these are not known."""
    known = {"x": x_unit, "y": y_unit}
    unit = re.sub(r"\bx\[\d\]", "x", unit)  # all coordinates have one unit
    words = re.findall(r"\b[xy]\b", unit)
    if not words:
        return unit
    if not all(known[word] for word in words):
        return ""
    whole = unit in known
    compound = {word: u if whole or not re.search(r"[ /·*]", u) else f"({u})" for word, u in known.items()}
    return re.sub(r"\b[xy]\b", lambda match: compound[match.group()], unit)
