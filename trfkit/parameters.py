"""The parameters of a fit: values, bounds, what is fixed, what is tied to what, what was known before.

Immutable: every change is a new `Parameters`, so that a history of them is a list and undo is free. The solver sees the
free ones alone; a `Layout` expands them to all that the model takes.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .models.expression import Expression, parse


class Prior(NamedTuple):
    """What was known before: mean ± standard deviation, one more residual (value − mean) / sigma."""

    mean: float
    sigma: float


@dataclass(frozen=True)
class Parameter:
    """One parameter. `tie` is an expression in other parameters, which then gives the value."""

    name: str
    value: float = 1.0
    min: float = -math.inf
    max: float = math.inf
    fixed: bool = False
    tie: str | None = None
    prior: Prior | None = None
    unit: str = ""
    description: str = ""

    def __post_init__(self):
        for field in ("value", "min", "max"):
            object.__setattr__(self, field, _number(self.name, field, getattr(self, field)))
        if not self.min < self.max:
            raise ValueError(
                f"parameter {self.name}: min {self.min:g} must be less than max {self.max:g}; to hold it, fix it."
            )
        if self.prior is not None:
            object.__setattr__(self, "prior", Prior(*(_number(self.name, "prior", v) for v in self.prior)))
            if not 0 < self.prior.sigma < math.inf:
                raise ValueError(f"parameter {self.name}: a prior's sigma must be positive, got {self.prior.sigma:g}.")
        if self.tie is not None:
            object.__setattr__(self, "tie", parse(str(self.tie)).text)
            if self.fixed:
                raise ValueError(f"parameter {self.name} is tied to {self.tie} and can't be fixed, too: free it first.")

    @property
    def free(self) -> bool:
        """Whether the fit may move it."""
        return not self.fixed and self.tie is None


def _number(name: str, field: str, value) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number) or (field == "value" and math.isinf(number)):
        raise ValueError(f"parameter {name}: {field} must be a number, got {value!r}.")
    return number


@dataclass(frozen=True)
class Layout:
    """How the free parameters θ (n,) and the fixed values make up all k values; static, compiled into a program."""

    names: tuple[str, ...]
    free: tuple[int, ...]  # places of the free ones
    ties: tuple[tuple[int, Expression], ...]  # (place, expression), each after those that it reads

    def expand(self, theta, fixed) -> jax.Array:
        """All k values, from θ (n,) and an array (k,) that holds the values of the fixed ones."""
        values = jnp.asarray(fixed)
        if self.free:
            values = values.at[jnp.array(self.free)].set(theta)
        for place, expression in self.ties:
            known = {name: values[self.names.index(name)] for name in expression.names}
            values = values.at[place].set(expression.evaluate(known))
        return values


class Parameters(Mapping):
    """Parameters by name, in the order of the model. `parameters["tau"]` is a `Parameter`.

    Changes return a new object and leave this one as it is: `set`, `fix`, `free`, `bound`, `tie`, `know`.
    """

    def __init__(self, parameters):
        items = tuple(parameters.values() if isinstance(parameters, Mapping) else parameters)
        self._items = {p.name: p for p in items}
        if len(self._items) != len(items):
            twice = next(p.name for i, p in enumerate(items) if p.name in {q.name for q in items[:i]})
            raise ValueError(f"parameter {twice} is there twice: give one of the models another prefix.")
        self._order = _order_of_ties(self._items)

    def __getitem__(self, name: str) -> Parameter:
        if name not in self._items:
            raise KeyError(_unknown(name, self._items))
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other):
        return isinstance(other, Parameters) and tuple(self.values()) == tuple(other.values())

    def __hash__(self):
        return hash(tuple(self.values()))

    def set(self, name: str, **changes) -> "Parameters":
        """With some of the fields of one parameter changed: value, min, max, fixed, tie, prior, unit."""
        known = {f for f in Parameter.__dataclass_fields__ if f != "name"}
        wrong = sorted(set(changes) - known)
        if wrong:
            raise TypeError(f"a parameter has no {wrong[0]!r}; it has {', '.join(sorted(known))}.")
        changed = replace(self[name], **changes)
        return Parameters(changed if p.name == name else p for p in self.values())

    def with_values(self, values: Mapping[str, float]) -> "Parameters":
        """With the values of some parameters changed."""
        for name in values:
            self[name]  # an unknown name is an error
        return Parameters(replace(p, value=values[p.name]) if p.name in values else p for p in self.values())

    def fix(self, name: str, value: float | None = None) -> "Parameters":
        """With one parameter held, at its value or at another."""
        return self.set(name, fixed=True, tie=None, value=self[name].value if value is None else value)

    def free(self, name: str) -> "Parameters":
        """With one parameter neither fixed nor tied."""
        return self.set(name, fixed=False, tie=None)

    def bound(self, name: str, min: float = -math.inf, max: float = math.inf) -> "Parameters":  # noqa: A002
        """With the bounds of one parameter changed."""
        return self.set(name, min=min, max=max)

    def tie(self, name: str, expression: str | None) -> "Parameters":
        """With one parameter given by an expression in others, as "2*a.sigma"; None unties it."""
        return self.set(name, tie=expression, fixed=False)

    def know(self, name: str, mean: float, sigma: float) -> "Parameters":
        """With prior knowledge of one parameter: mean ± sigma."""
        return self.set(name, prior=Prior(mean, sigma))

    @property
    def layout(self) -> Layout:
        """Which are free, and how the others follow."""
        names = tuple(self)
        places = {name: i for i, name in enumerate(names)}
        free = tuple(i for i, p in enumerate(self.values()) if p.free)
        return Layout(names, free, tuple((places[name], parse(self[name].tie)) for name in self._order))

    @property
    def free_names(self) -> tuple[str, ...]:
        """Names of the free parameters, in order."""
        return tuple(p.name for p in self.values() if p.free)

    @property
    def full_values(self) -> dict[str, float]:
        """All values by name, ties evaluated."""
        layout = self.layout
        held = np.array([p.value for p in self.values()])
        values = layout.expand(held[list(layout.free)], held)
        return dict(zip(self, np.asarray(values).tolist(), strict=True))

    def __repr__(self):
        width = max((len(name) for name in self), default=0)
        lines = (f"  {p.name:{width}}  {p.value:<12.6g} {_state(p)}".rstrip() for p in self.values())
        return "\n".join(["Parameters", *lines])

    def _repr_html_(self) -> str:
        titles = ("parameter", "value", "unit", "state", "meaning")
        head = "".join(f"<th style='text-align:left'>{title}</th>" for title in titles)
        rows = "".join(
            f"<tr><td><code>{p.name}</code></td><td>{p.value:.6g}</td><td>{p.unit}</td><td>{_state(p)}</td>"
            f"<td>{p.description}</td></tr>"
            for p in self.values()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _state(p: Parameter) -> str:
    """What holds a parameter, in words."""
    words = []
    if p.tie is not None:
        words.append(f"= {p.tie}")
    elif p.fixed:
        words.append("fixed")
    elif math.isfinite(p.min) or math.isfinite(p.max):
        words.append(f"in [{p.min:g}, {p.max:g}]")
    if p.prior is not None:
        words.append(f"known to be {p.prior.mean:g} ± {p.prior.sigma:g}")
    return ", ".join(words)


def _unknown(name: str, known) -> str:
    return f"no parameter is called {name!r}; there are {', '.join(known)}"


def _order_of_ties(items: dict[str, Parameter]) -> tuple[str, ...]:
    """The tied parameters, each after those that its tie reads; raises ValueError for a cycle or an unknown name."""
    reads = {name: parse(p.tie).names for name, p in items.items() if p.tie is not None}
    for name, others in reads.items():
        for other in others:
            if other not in items:
                raise ValueError(f"the tie of {name}, {items[name].tie}, names nothing: {_unknown(other, items)}.")
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]):
        if name in path:
            cycle = " → ".join((*path[path.index(name) :], name))
            raise ValueError(f"the ties form a cycle: {cycle}; free one of these parameters.")
        for other in reads[name]:
            if other in reads and other not in order:
                visit(other, (*path, name))
        order.append(name)

    for name in reads:
        if name not in order:
            visit(name, ())
    return tuple(order)
