"""Handles of a model, sums and products included, and what dragging them makes of its parameters.

A component's handle is drawn on top of the others: of a + b, b's share is added to y, in a · b y is multiplied by it,
and a drag takes that off again. Handles solve for the pointer in closed form; where a bound or a parameter that must
not move is in the way, `nearest` goes on from there.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from ..model import Model
from .curve import curve
from .grip import Grip, Span
from .library import grips
from .nearest import nearest

TURN = 2.0 * math.pi
COLUMN = 1e3  # times as much does a distance in x count as one in y
SAME = 1e-9  # of the plot: two places that nobody can tell apart
ROUNDS = 3  # after a bound has stopped a handle, the others' share is another one than at the pointer


@dataclass(frozen=True)
class Handle:
    """A point on the plot by which a model can be taken hold of."""

    id: str  # "a.peak": the same as long as the model is
    label: str  # "peak a"
    x: float  # where it is, in the coordinates of the data
    y: float
    moves: tuple[str, ...]  # names of the parameters that a drag may change
    follows: str  # of the pointer's coordinates: "x" where it moves sideways only, "y" up and down only, "xy" both
    x_range: tuple[float, float] = field(repr=False)  # of the plot that it was placed for


class _Leaf(NamedTuple):
    """A component without components."""

    model: Model
    start: int  # of its parameters among all
    number: int  # among the leaves

    def own(self, p):
        """Its share of p (n, …)."""
        return p[self.start : self.start + len(self.model.parameters)]


class _Hold(NamedTuple):
    id: str
    label: str
    grip: Grip
    leaf: _Leaf


def handles(
    model: Model, values: Mapping[str, float], x_range: tuple[float, float], frozen: Collection[str] = ()
) -> tuple[Handle, ...]:
    """Where the model can be taken hold of, at these values of all of its parameters.

    `x_range` is the part of x in view; `frozen` names parameters that must not move, as those that are fixed or tied.
    Left out is what has no finite place or value, and what `frozen` leaves nothing to move. A function of the user's
    own, or a typed formula, has points on its curve to pull at. Images have none. Raises KeyError where a value is
    missing.
    """
    span, p = _span(x_range), _parameters(model, values)
    if not np.all(np.isfinite(span)):
        return ()
    offered = []
    with np.errstate(all="ignore"):
        for hold in _holds(model):
            names = hold.leaf.own(model.parameter_names)
            if any(names[j] not in frozen for j in hold.grip.moves) and np.all(np.isfinite(hold.leaf.own(p))):
                moves = tuple(names[j] for j in _changed(hold.grip) if names[j] not in frozen)
                offered.append((hold, _place(hold, p, span), moves))
        if not offered:
            return ()
        around = _around(model, p, np.array([x for _, (x, _), _ in offered]))
        made = []
        for k, (hold, (x, y), moves) in enumerate(offered):
            gain, offset = (part[k] for part in around[hold.leaf.number])
            place = float(x), float(gain * y + offset)
            made.append(
                Handle(hold.id, hold.label, *place, moves, hold.grip.follows, (float(span.low), float(span.high)))
            )
    return tuple(handle for handle in made if math.isfinite(handle.x) and math.isfinite(handle.y))


def dragged(
    model: Model, handle: Handle, values: Mapping[str, float], x: float, y: float,
    frozen: Collection[str] = (), bounds: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, float]:  # fmt: skip
    """The new values of `handle.moves`, so that the handle is at (x, y) or, where it cannot be, as near as it can.

    The values stay finite and within the model's bounds, and within `bounds` (lower, upper) of parameters by name.
    Where there is no answer, as at a pointer that is nowhere, they are the old ones. Raises ValueError for a handle of
    another model.
    """
    hold = next((hold for hold in _holds(model) if hold.id == handle.id), None)
    if hold is None:
        known = ", ".join(hold.id for hold in _holds(model)) or "none"
        raise ValueError(f"{model!r} has no handle {handle.id!r}, only {known}: ask `handles` for those it has.")
    p, span = _parameters(model, values), Span(*map(np.float64, handle.x_range))
    names = hold.leaf.own(model.parameter_names)
    changed = [j for j in _changed(hold.grip) if names[j] not in frozen]
    free = np.isin(np.arange(len(names)), changed)
    limits = _limits(hold.leaf.own(model.parameters), names, bounds or {})
    with np.errstate(all="ignore"):
        own = _followed(model, hold, p, span, (x, y), free, limits)
    return {names[j]: float(own[j]) for j in changed}


def _span(x_range) -> Span:
    return Span(*map(np.float64, sorted(map(float, x_range))))


def _parameters(model: Model, values: Mapping[str, float]) -> np.ndarray:
    return np.array([values[name] for name in model.parameter_names], dtype=float)


def _limits(specs, names, bounds) -> tuple[np.ndarray, np.ndarray]:
    """The narrower of the model's bounds and those given."""
    given = [bounds.get(name, (-math.inf, math.inf)) for name in names]
    lower = np.maximum([spec.min for spec in specs], [low for low, _ in given])
    return lower, np.minimum([spec.max for spec in specs], [high for _, high in given])


def _changed(grip: Grip) -> list[int]:
    return sorted({*grip.moves, *grip.adjusts})


def _place(hold: _Hold, p, span) -> np.ndarray:
    return np.array(hold.grip.place(span, *hold.leaf.own(p)), dtype=float)


# who is there


def _leaves(model: Model, start: int = 0) -> Iterator[tuple[Model, int]]:
    """The components without components, and where their parameters begin."""
    if not model.components:
        yield model, start
    for component in model.components:
        yield from _leaves(component, start)
        start += len(component.parameters)


def _holds(model: Model) -> Iterator[_Hold]:
    """All handles that the model may have; of those of one name the second has a 2 in its id."""
    taken: dict[str, int] = {}
    for number, (component, start) in enumerate(_leaves(model)):
        leaf = _Leaf(component, start, number)
        for grip in grips(component):
            name = f"{component.prefix}.{grip.name}" if component.prefix else grip.name
            taken[name] = count = taken.get(name, 0) + 1
            again = "" if count == 1 else str(count)
            whose = component.prefix or (component.name if model.components else "")
            words = (grip.words, whose, again)
            yield _Hold(f"{name}.{again}" if again else name, " ".join(filter(None, words)), grip, leaf)


def _around(model: Model, p, x) -> list[tuple[np.ndarray, np.ndarray]]:
    """(gain, offset) at x (m,) for each leaf: the model is gain · leaf + offset."""
    if not model.components:
        return [(np.ones(x.size), np.zeros(x.size))]
    return _shares(model, p, x)[1]


def _shares(model: Model, p, x):
    """The model at x, and (gain, offset) of each leaf."""
    if not model.components:
        return curve(model.function, x, p), [(np.ones(x.size), np.zeros(x.size))]
    values, shares, start = [], [], 0
    for component in model.components:
        value, inner = _shares(component, p[start : start + len(component.parameters)], x)
        values.append(value)
        shares.append(inner)
        start += len(component.parameters)
    join, nothing = (np.add, np.zeros(x.size)) if model.kind == "sum" else (np.multiply, np.ones(x.size))
    before = list(accumulate(values, join, initial=nothing))
    behind = list(accumulate(values[:0:-1], join, initial=nothing))[::-1]
    around = []
    for inner, *others in zip(shares, before[:-1], behind, strict=True):
        rest = join(*others)
        around += [(g, o + rest) if model.kind == "sum" else (g * rest, o * rest) for g, o in inner]
    return before[-1], around


# what a drag does


def _followed(model, hold: _Hold, p, span, pointer, free, limits) -> np.ndarray:
    """The parameters of the handle's component after the drag."""
    own, at = hold.leaf.own(p), pointer[0] if "x" in hold.grip.follows else _place(hold, p, span)[0]
    for _ in range(ROUNDS):
        gain, offset = (part[0] for part in _around(model, p, np.array([at], dtype=float))[hold.leaf.number])
        target = np.array([pointer[0], (pointer[1] - offset) / gain], dtype=float)
        found = _solved(hold.grip, hold.leaf.own(model.parameters), own, span, target, free, limits)
        now = hold.grip.place(span, *found)[0]
        if not abs(now - at) > SAME * (span.high - span.low):
            break
        at = now
    return found


def _solved(grip: Grip, specs, own, span, pointer, free, limits) -> np.ndarray:
    """The parameters that bring the handle to the pointer, in the coordinates of its component."""
    now = np.array(grip.place(span, *own), dtype=float)
    follows = np.array(["x" in grip.follows, "y" in grip.follows])
    goal = np.where(follows & np.isfinite(pointer), pointer, now)
    aimed = own
    if grip.drag is not None:
        aimed = _turned(np.array(grip.drag(span, *goal, *own), dtype=float), specs, limits)
        goal = np.array(grip.place(span, *aimed), dtype=float)
    if not (np.all(np.isfinite(aimed)) and np.all(np.isfinite(goal))):
        return own
    start = np.where(free, np.clip(aimed, *limits), own)
    if grip.drag is not None and np.array_equal(start, aimed):
        return start
    weights = follows * _weights(goal, now, span)
    movable = free & np.isin(np.arange(own.size), grip.moves)
    defaults = np.array([abs(spec.default) or 1.0 for spec in specs])
    found = nearest(lambda p: np.array(grip.place(span, *p)), start, goal, weights, movable, defaults, limits)
    return found if np.all(np.isfinite(grip.place(span, *found))) else own


def _weights(goal, now, span) -> np.ndarray:
    """Of distances along x and y: where not both can be had, the handle stays in the pointer's column."""
    height = np.nanmax(np.abs([goal[1], now[1], goal[1] - now[1]]))
    return np.array([COLUMN / (span.high - span.low or 1.0), 1.0 / (height or 1.0)])


def _turned(p, specs, limits) -> np.ndarray:
    """Angles outside of their bounds, turned by full turns to where they may be."""
    for j, (spec, low, high) in enumerate(zip(specs, *limits, strict=True)):
        if spec.unit == "rad" and not low <= p[j] <= high and high - low >= TURN:
            p[j] = low + (p[j] - low) % TURN if math.isfinite(low) else high - (high - p[j]) % TURN
    return p
