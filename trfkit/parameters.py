"""The parameters of a fit: values, bounds, what is fixed, what is tied to what, what was known before.

Immutable: every change is a new `Parameters`, so that a history of them is a list and undo is free. The solver sees the
free ones alone; a `Layout` expands them to all that the model takes.
"""

import copy
import html
import math
from collections.abc import Iterator, Mapping, ValuesView
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .models.expression import Expression, parse

FEW = 400  # numbers of a basis


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
    if math.isnan(number) or (field in ("value", "prior") and math.isinf(number)):
        raise ValueError(f"parameter {name}: {field} must be a number, got {value!r}.")
    return number


@dataclass(frozen=True)
class Layout:
    """How all K values follow from those that a fit moves; static, compiled into a program.

    Which are moved is data: values = held + basis θ with held (K,) and basis (K, n), then the ties. So fixing another
    parameter, or moving along a line in their space, compiles nothing.
    """

    names: tuple[str, ...]
    ties: tuple[tuple[int, Expression], ...]  # (place, expression), each after those that it reads

    def expand(self, theta, held, basis):
        """All K values, from θ (n,): a NumPy array of NumPy arrays, so that differences of θ keep their digits."""
        # Not basis @ theta where that is small: its derivative is a product of matrices, which XLA leaves to a library.
        values = held + ((basis * theta[None]).sum(axis=-1) if basis.size <= FEW else basis @ theta)
        for place, expression in self.ties:
            value = expression.evaluate({name: values[self.names.index(name)] for name in expression.names})
            if isinstance(values, np.ndarray):
                values[place] = value
            else:
                values = values.at[place].set(value)
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

    def values(self) -> ValuesView[Parameter]:
        """Each `Parameter`, in order."""
        return self._items.values()

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
        changed = {name: replace(self[name], value=value) for name, value in values.items()}
        others = copy.copy(self)  # the ties, parsed and in order, are the same: a slider comes through here
        others._items = self._items | changed
        return others

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

    @cached_property
    def layout(self) -> Layout:
        """How those that are tied follow from the others."""
        names = tuple(self)
        return Layout(names, tuple((names.index(name), parse(self[name].tie)) for name in self._order))

    @property
    def free_names(self) -> tuple[str, ...]:
        """Names of the free parameters, in order."""
        return tuple(p.name for p in self.values() if p.free)

    @property
    def held(self) -> np.ndarray:
        """(K,) values of the fixed parameters, 0 for the free ones."""
        return np.array([0.0 if p.free else p.value for p in self.values()])

    @property
    def basis(self) -> np.ndarray:
        """(K, n) of 0 and 1: which of the K is which of the n free ones."""
        free = [p.free for p in self.values()]
        return np.eye(len(self))[:, free]

    @property
    def free_values(self) -> np.ndarray:
        """(n,) values of the free parameters, in order."""
        return np.array([p.value for p in self.values() if p.free])

    @property
    def full_values(self) -> dict[str, float]:
        """All values by name, ties evaluated."""
        return self.values_at(self.free_values)

    def values_at(self, theta) -> dict[str, float]:
        """All values by name where the free parameters are θ (n,)."""
        values = self.layout.expand(np.asarray(theta), self.held, self.basis)
        return dict(zip(self, np.asarray(values).tolist(), strict=True))

    def __repr__(self):
        width = max((len(name) for name in self), default=0)
        values = self.full_values
        lines = (f"  {p.name:{width}}  {values[p.name]:<12.6g} {_state(p)}".rstrip() for p in self.values())
        return "\n".join(["Parameters", *lines])

    def _repr_html_(self) -> str:
        values = self.full_values
        columns = {
            "parameter": [f"<code>{html.escape(name)}</code>" for name in self],
            "value": [f"{p.value if p.tie is None else values[p.name]:.6g}" for p in self.values()],
            "unit": [html.escape(p.unit) for p in self.values()],
            "state": [html.escape(_state(p)) for p in self.values()],
            "meaning": [html.escape(p.description) for p in self.values()],
        }
        told = [title for title, cells in columns.items() if any(cells)]
        special = {"value": "text-align: right; white-space: nowrap", "meaning": "text-align: left"}
        styles = [f'style="{special.get(title, "text-align: left; white-space: nowrap")}"' for title in told]
        head = "".join(f'<th scope="col" {style}>{title}</th>' for title, style in zip(told, styles, strict=True))
        rows = "".join(
            f"<tr>{''.join(f'<td {style}>{cell}</td>' for style, cell in zip(styles, row, strict=True))}</tr>"
            for row in zip(*(columns[title] for title in told), strict=True)
        )
        return (
            f'<table style="font-variant-numeric: tabular-nums"><thead><tr>{head}</tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )


def _state(p: Parameter) -> str:
    """What holds a parameter, in words."""
    words = []
    if p.tie is not None:
        words.append(f"= {p.tie}")
    elif p.fixed:
        words.append("fixed")
    elif math.isfinite(p.min) and math.isfinite(p.max):
        words.append(f"in [{p.min:g}, {p.max:g}]")
    elif math.isfinite(p.min):
        words.append(f"≥ {p.min:g}")
    elif math.isfinite(p.max):
        words.append(f"≤ {p.max:g}")
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
