"""Where a fit starts: its parameters, from what the user said of them and from the data."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..fitting import inputs
from ..fitting.joint import DataSet
from ..parameters import Parameter, Parameters


class Wishes(NamedTuple):
    """What the user said of the parameters; see `trfkit.fit`."""

    start: Any = None
    fixed: Any = ()
    bounds: Mapping | None = None
    ties: Mapping | None = None
    priors: Mapping | None = None
    units: tuple[str, str] = ("", "")


EXAMPLES = {"bounds": {"tau": (0, 10)}, "ties": {"b.sigma": "2*a.sigma"}, "priors": {"tau": (2.0, 0.1)}}


def starting_parameters(sets: tuple[DataSet, ...], wishes: Wishes) -> tuple[Parameters, tuple[str, ...]]:
    """(parameters, remarks): guessed from the data where the user gave no value."""
    check_units(wishes.units)
    if isinstance(wishes.start, Parameters):
        _check_complete(wishes.start, sets)
        return _with_wishes(wishes.start, _checked(wishes._replace(start=None), tuple(wishes.start))), ()
    specs = {name: spec for s in sets for name, spec in zip(s.names, s.model.parameters, strict=True)}
    wishes = _checked(wishes, tuple(specs))
    given = _values_given(wishes, tuple(specs))
    parameters = Parameters(
        Parameter(
            name, spec.default, spec.min, spec.max, unit=translated(spec.unit, *wishes.units),
            description=spec.description,
        )
        for name, spec in specs.items()
    )  # fmt: skip
    guesses = {}
    if not set(specs) <= set(given) | set(wishes.ties):
        guesses = {name: value for name, value in _guessed(sets).items() if name not in given}
    parameters = _with_wishes(parameters, wishes, given)
    remarks = []
    for name, value in guesses.items():
        p = parameters[name]
        inside = _inside(value, p.min, p.max)
        if p.fixed:
            remarks.append(f"No value was given for {name}, so that it is held at {inside:.4g}, a guess.")
        elif inside != value and p.free:
            remarks.append(f"The guess {name} = {value:.4g} is not within {p.min:g} … {p.max:g}; started inside.")
        parameters = parameters.set(name, value=inside)
    return parameters, tuple(remarks)


def check_units(units) -> tuple[str, str]:
    """The units of x and y; raises ValueError for what is no pair of texts."""
    if not isinstance(units, tuple | list) or len(units) != 2 or not all(isinstance(unit, str) for unit in units):
        raise ValueError(f"`units` must be those of x and y, as ('s', 'V'), '' where there is none, got {units!r}.")
    return tuple(units)


def _checked(wishes: Wishes, known: tuple[str, ...]) -> Wishes:
    """The wishes, each a mapping of parameters that there are; of those fixed by name alone to None.

    Raises ValueError for what goes by another name, or is of another form.
    """
    fixed = [wishes.fixed] if isinstance(wishes.fixed, str) else wishes.fixed
    if not isinstance(fixed, Iterable):
        raise ValueError(f"`fixed` must be names, as ['tau'], or values by name, as {{'tau': 2.0}}, got {fixed!r}.")
    said = {"fixed": fixed if isinstance(fixed, Mapping) else dict.fromkeys(fixed)}
    for what, example in EXAMPLES.items():
        said[what] = {} if getattr(wishes, what) is None else getattr(wishes, what)
        if not isinstance(said[what], Mapping):
            raise ValueError(f"`{what}` goes by name, as {example}, got {said[what]!r}.")
    by_name = said | ({"start": wishes.start} if isinstance(wishes.start, Mapping) else {})
    for what, names in by_name.items():
        unknown = next((name for name in names if name not in known), None)
        if unknown is not None:
            raise ValueError(f"`{what}` names {unknown!r}, which is no parameter; there are {', '.join(known)}.")
    for what in ("bounds", "priors"):
        for name, pair in said[what].items():
            if np.shape(pair) != (2,):
                raise ValueError(f"`{what}` of {name} must be a pair, as {EXAMPLES[what]}, got {pair!r}.")
    both = next((name for name in said["fixed"] if said["ties"].get(name) is not None), None)
    if both is not None:
        raise ValueError(f"parameter {both} is in `fixed` and in `ties`: leave it out of one of them.")
    return wishes._replace(**said)


def _inside(value: float, low: float, high: float) -> float:
    """The value, or, where bounds exclude it, the middle of them, or one unit inside the only one."""
    return value if low <= value <= high else float(inputs.default_guess(np.array([low]), np.array([high]))[0])


def _values_given(wishes: Wishes, names: tuple[str, ...]) -> dict[str, float]:
    """Values that the user gave, by name."""
    start = wishes.start
    if start is None:
        values = {}
    elif isinstance(start, Mapping):
        values = dict(start)
    else:
        start = inputs.initial_guess(start, "start")
        if start.size != len(names):
            raise ValueError(f"`start` has {start.size} values for {len(names)} parameters: {', '.join(names)}.")
        values = dict(zip(names, start.tolist(), strict=True))
    return values | {name: value for name, value in wishes.fixed.items() if value is not None}


def _guessed(sets) -> dict[str, float]:
    """The models' guesses; of a shared parameter the median of those of its data sets."""
    found: dict[str, list[float]] = {}
    for s in sets:
        data, _ = s.checked()
        if not isinstance(data.x, np.ndarray):
            raise ValueError(s.said(f"nothing can be guessed from x of type {type(s.x).__name__}: give `start`."))
        with s.named():
            values = s.model.guess(data.kept(data.x.T).T, data.y)
        for name, value in zip(s.names, values.values(), strict=True):
            found.setdefault(name, []).append(value)
    return {name: float(np.median(values)) for name, values in found.items()}


def _with_wishes(parameters: Parameters, wishes: Wishes, values: Mapping = {}) -> Parameters:  # noqa: B006  read only
    for name, (low, high) in wishes.bounds.items():
        parameters = parameters.bound(name, *(end if end is not None else sign * np.inf
                                              for end, sign in ((low, -1.0), (high, 1.0))))  # fmt: skip
    parameters = parameters.with_values(values)
    for name, value in wishes.fixed.items():
        parameters = parameters.fix(name, value)
    for name, expression in wishes.ties.items():
        parameters = parameters.tie(name, expression)
    for name, (mean, sigma) in wishes.priors.items():
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
