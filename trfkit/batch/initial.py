"""Where many fits start, within which bounds, and what is held: parameters that they share, and numbers of each."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..fitting import inputs
from ..fitting.joint import DataSet, Joint
from ..parameters import Parameters
from ..results.start import Wishes, starting_parameters
from .curves import Curves
from .each import Each, at
from .guesses import guesses, inside


class Given(NamedTuple):
    """What the user gave, by parameter."""

    values: dict[str, Each]  # starts, and where they are held
    bounds: dict[str, tuple[Each, Each]]
    guessed: tuple[str, ...]  # those without a value


class Initial(NamedTuple):
    """The start of B fits."""

    values: np.ndarray  # (B, K) of all parameters, but for those that are tied; nan in fits that are not to be made
    lb: np.ndarray  # (B, n) of the free ones
    ub: np.ndarray  # (B, n)
    own_held: bool  # whether what is held differs from fit to fit
    remarks: tuple[str, ...] = ()


def given(curves: Curves, s: DataSet, wishes: Wishes) -> tuple[Parameters, Given]:
    """The parameters of all fits and what is each fit's own; where that differs the parameters have a stand-in.

    Raises ValueError for what is no parameter, start or bound.
    """
    bounds, shared_bounds = _bounds(curves, wishes.bounds)
    start = wishes.start
    if isinstance(start, Parameters):
        values = {p.name: Each(p.value, p.name, curves.lead) for p in start.values() if p.tie is None}
    else:
        start, values = _starts(curves, s, start, shared_bounds)
    fixed = wishes.fixed
    if isinstance(fixed, Mapping):
        own = {name: Each(v, f"fixed of {name}", curves.lead) for name, v in fixed.items() if v is not None}
        fixed = {name: own[name].values if name in own and own[name].shared else None for name in fixed}
        values |= own
    parameters, _ = starting_parameters((s,), wishes._replace(start=start, bounds=shared_bounds, fixed=fixed))
    guessed = tuple(p.name for p in parameters.values() if p.tie is None and p.name not in values)
    return parameters, Given(values, bounds, guessed)


def _bounds(curves: Curves, bounds):
    """(bounds as `Each`, bounds that all fits share; None for those of which an end is each fit's own)."""
    if not isinstance(bounds, Mapping):
        return {}, bounds
    own, shared = {}, {}
    for name, pair in bounds.items():
        try:
            low, high = pair
        except (TypeError, ValueError) as error:
            raise ValueError(f"`bounds` of {name} must be a pair, as {{'tau': (0, 10)}}, got {pair!r}.") from error
        ends = [end if end is not None else sign * np.inf for end, sign in ((low, -1.0), (high, 1.0))]
        own[name] = tuple(Each(end, f"bounds of {name}", curves.lead) for end in ends)
        shared[name] = (low, high) if all(each.shared for each in own[name]) else (None, None)
    return own, shared


def _starts(curves: Curves, s: DataSet, start, bounds):
    """(a start for all parameters, to be checked, the values given as `Each`)."""
    specs = dict(zip(s.names, s.model.parameters, strict=True))
    stand_in = {}
    for name, spec in specs.items():
        ends = bounds.get(name, (spec.min, spec.max)) if isinstance(bounds, Mapping) else (spec.min, spec.max)
        low, high = (sign * np.inf if end is None else float(end) for end, sign in zip(ends, (-1.0, 1.0), strict=True))
        stand_in[name] = float(inside(np.array(spec.default), low, high))
    if start is None:
        return stand_in, {}
    if isinstance(start, Mapping):
        values = {name: Each(value, f"start of {name}", curves.lead) for name, value in start.items()}
    elif np.ndim(start) > 1:
        whole = Each(start, "start", curves.lead, (len(specs),))
        values = {name: Each(whole.values[..., i], "start", curves.lead) for i, name in enumerate(specs)}
    else:
        start = inputs.initial_guess(start, "start")
        return start, {name: Each(value, name, curves.lead) for name, value in zip(specs, start, strict=False)}
    shared = {name: each.values if each.shared else stand_in.get(name, 1.0) for name, each in values.items()}
    return stand_in | shared, values


def initial(curves: Curves, joint: Joint, own: Given) -> Initial:
    """The start of every fit; raises ValueError for bounds that exclude it, naming the fit and the parameter."""
    parameters, B = joint.parameters, curves.count
    names = tuple(parameters)
    free = [names.index(name) for name in joint.names]
    values = np.zeros((B, len(names)))
    for name, each in own.values.items():
        if parameters[name].tie is None:
            values[:, names.index(name)] = each.all()
    lb, ub = _limits(parameters, own, B)
    use = np.isfinite(values).all(axis=1) & ~(np.isnan(lb) | np.isnan(ub))[:, free].any(axis=1)
    _check(curves, parameters, values, lb, ub, [i for i in free if names[i] not in own.guessed], use)
    remarks = _guess(curves, joint, own, values, lb, ub) if own.guessed else []
    too_few = curves.points + len(joint.known) < len(free)
    values[~use | too_few] = np.nan
    fixed = [p.name for p in parameters.values() if p.fixed]
    own_held = any(name in own.guessed or not own.values[name].shared for name in fixed)
    return Initial(values, lb[:, free], ub[:, free], own_held, tuple(remarks))


def _limits(parameters: Parameters, own: Given, B: int) -> tuple[np.ndarray, np.ndarray]:
    """(lb, ub), each (B, K)."""
    ends = [np.array([getattr(p, end) for p in parameters.values()]) for end in ("min", "max")]
    lb, ub = (np.broadcast_to(end, (B, end.size)) for end in ends)
    if not all(each.shared for pair in own.bounds.values() for each in pair):
        lb, ub = lb.copy(), ub.copy()
        for name, pair in own.bounds.items():
            for side, each in zip((lb, ub), pair, strict=True):
                side[:, list(parameters).index(name)] = each.all()
    return lb, ub


def _check(curves: Curves, parameters: Parameters, values, lb, ub, places: list[int], use) -> None:
    """Raise ValueError for the first fit whose bounds are crossed or exclude the start that was given."""
    names = [list(parameters)[i] for i in places]
    x0, lb, ub = (a[:, places] for a in (values, lb, ub))
    wrong = use & ~((lb < ub) & (x0 >= lb) & (x0 <= ub)).all(axis=1)
    if wrong.any():
        i = int(np.argmax(wrong))
        try:
            inputs.check_bounds(x0[i], lb[i], ub[i], names)
        except ValueError as error:
            raise ValueError(f"fit {at(i, curves.shape)}: {error}") from error


def _guess(curves: Curves, joint: Joint, own: Given, values, lb, ub) -> list[str]:
    """Fill in what was not given; what is to be said of it."""
    parameters, s = joint.parameters, joint.sets[0]
    shared = {name: float(each.values) for name, each in own.values.items() if each.shared and name in s.names}
    needed = len(joint.names) - len(joint.known)
    found = guesses(curves, s.model, joint, shared, needed)
    remarks = [found.note] if found.note else []
    for name in own.guessed:
        i = list(parameters).index(name)
        guess = found.values[:, s.names.index(name)]
        values[:, i] = inside(guess, lb[:, i], ub[:, i])
        outside = int(np.sum((values[:, i] != guess) & np.isfinite(guess)))
        if parameters[name].fixed:
            remarks.append(f"No value was given for {name}, so that it is held at a guess in each fit.")
        elif outside:
            remarks.append(f"The guess of {name} is not within its bounds in {outside} fits; these started inside.")
    return remarks
