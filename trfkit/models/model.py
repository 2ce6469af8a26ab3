"""A model: a function of x and parameters that knows their names, units and bounds, and how to guess them from data.

    peaks = Gaussian("a") + Gaussian("b") + Line()
    peaks.parameter_names                  # ("a.height", "a.center", "a.sigma", "b.height", …, "slope", "intercept")
    start = peaks.guess(x, y)              # {"a.height": …, …}
    peaks(x, **start)

Models are values: equal and hashed by content, so that equal models share their compiled programs. A sum or product is
a model with its components' parameters, told apart by prefixes.
"""

import inspect
import keyword
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

import jax
import jax.numpy as jnp
import numpy as np

from .composite import Number, Product, Sum, TypedFormula, composed_latex, leaf_latex, unit_of_factor
from .display import model_html
from .expression import parse
from .guess import guess
from .separable import Separable


@dataclass(frozen=True)
class ParameterSpec:
    """What a model says of one of its parameters."""

    name: str  # without the model's prefix
    unit: str = ""  # in terms of x and y: "y", "1/x", "x y"
    min: float = -math.inf
    max: float = math.inf
    default: float = 1.0  # where data do not tell better
    description: str = ""

    def __post_init__(self):
        if not self.min < self.max:
            raise ValueError(f"parameter {self.name}: min {self.min:g} must be less than max {self.max:g}.")
        if not (math.isfinite(self.default) and self.min <= self.default <= self.max):
            raise ValueError(
                f"parameter {self.name}: default {self.default:g} is not within {self.min:g} … {self.max:g}: "
                f"give a default that is."
            )


@dataclass(frozen=True, repr=False)
class Model:
    """y = function(x, *parameters), row by row along the last axis of x.

    `formula` is LaTeX in which <name> stands for a parameter; `latex` is the finished formula, prefixes and all. The
    parameters of a sum or product have their components' prefixes in their names already.
    """

    function: Callable  # f(x, *params) in jax.numpy; x is (m,), or (2, m) for an image
    parameters: tuple[ParameterSpec, ...]
    name: str
    prefix: str = ""
    formula: str = ""
    guesser: Callable | Separable | None = None  # (x, y) -> dict of names without prefix to numbers, NumPy
    components: tuple["Model", ...] = ()  # of a sum or product

    def __post_init__(self):
        if self.prefix and self.components:
            raise ValueError(f"prefix {self.prefix!r}: give it to the components of a {self.kind}, not to the whole.")
        if self.prefix and (not self.prefix.isidentifier() or keyword.iskeyword(self.prefix)):
            raise ValueError(
                f"prefix {self.prefix!r} cannot stand in a.height or in an expression: use letters, digits and _, "
                f"beginning with a letter."
            )
        names = self.parameter_names
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice is not None:
            raise ValueError(_clash(self, twice))

    __array_ufunc__ = None  # an array plus a model is an error, not an array of models; a NumPy number is a number

    # what it is made of

    @property
    def kind(self) -> str:
        """One of "sum", "product" and, where it has no components, "model"."""
        return {Sum: "sum", Product: "product"}.get(type(self.function), "model")

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names with the prefix, in order: ("a.height", "a.center", …)."""
        return tuple(f"{self.prefix}.{p.name}" if self.prefix else p.name for p in self.parameters)

    @property
    def bounds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """(lower, upper), as fits take them."""
        return tuple(p.min for p in self.parameters), tuple(p.max for p in self.parameters)

    @property
    def latex(self) -> str:
        """The formula in LaTeX, without dollar signs; f(x, …) where none is known."""
        if self.components:
            return composed_latex(self.function, [component.latex for component in self.components])
        if isinstance(self.function, TypedFormula):
            return self.function.latex(self.prefix)
        names = tuple(p.name for p in self.parameters)
        formula = self.formula or rf"\mathrm{{{self.name}}}".replace("_", r"\_") + "".join(
            ["(x", *(f", <{name}>" for name in names), ")"]
        )
        return leaf_latex(formula, self.prefix, names)

    # what it does

    def __call__(self, x, *params, **by_name) -> jax.Array:
        """The model at x, parameters in order or by name: model(x, *values), model(x, **{"a.height": 2.0, …}).

        Raises TypeError for a wrong number of parameters, or a name that is missing or not the model's.
        """
        x = jnp.asarray(x) if isinstance(x, int | float | list) else x
        return self.function(x, *_in_order(self.parameter_names, params, by_name))

    def guess(self, x, y) -> dict[str, float]:
        """Starting values from data y (m,) over x (m,) or (k, m), finite and within bounds.

        Points where x or y is not finite are left out. Constant data, or a single point, give finite values, too, if no
        good ones. Raises ValueError where no point is left, or shapes do not fit.
        """
        return guess(self, x, y)

    def __add__(self, other):
        return _compose(Sum, "+", self, other)

    def __radd__(self, other):
        return self if _is_number(other) and other == 0 else _compose(Sum, "+", other, self)  # sum() begins with 0

    def __mul__(self, other):
        return _compose(Product, "*", self, other)

    def __rmul__(self, other):
        return _compose(Product, "*", other, self)

    # how it looks

    def __repr__(self):
        if self.kind == "sum":
            return " + ".join(map(repr, self.components))
        if self.kind == "product":
            return " * ".join(f"({c!r})" if c.kind == "sum" else repr(c) for c in self.components)
        if isinstance(self.function, Number):
            return self.name
        if not self.name.endswith(")"):
            return f"{self.name}({self.prefix!r})" if self.prefix else f"{self.name}()"
        return f"{self.name[:-1]}, prefix={self.prefix!r})" if self.prefix else self.name

    def _repr_latex_(self):
        return rf"$\displaystyle {self.latex}$"

    def _repr_html_(self):
        return model_html(self)

    # where it comes from

    @classmethod
    def from_function(
        cls, f: Callable, prefix: str = "", *, name: str = "", formula: str = "", guesser: Callable | None = None,
        **about,
    ) -> "Model":  # fmt: skip
        """A model of f(x, a, b, …), parameters named as in its signature, defaults taken from there.

        What else there is to say of a parameter goes by its name: from_function(decay, tau={"min": 0, "unit": "x"}),
        the fields of `ParameterSpec`. Raises ValueError where the signature does not tell the parameters.
        """
        defaults = _signature(f)
        _check_known(about, defaults, f"{getattr(f, '__name__', f)} has no parameter")
        specs = tuple(_spec(parameter, default, about.get(parameter, {})) for parameter, default in defaults.items())
        return cls(f, specs, name or getattr(f, "__name__", type(f).__name__), prefix, formula, guesser)

    @classmethod
    def from_expression(
        cls, text: str, independent: str | tuple[str, ...] = "x", prefix: str = "", *, guesser: Callable | None = None,
        **about,
    ) -> "Model":  # fmt: skip
        """A model of a typed formula such as "a*exp(-x/tau) + c", parameters in order of appearance.

        `independent` names x, or, as a tuple, the rows x[0], x[1], … of data of shape (k, m). Keywords are those of
        `from_function`. Raises ExpressionError for what is no formula, ValueError for one without x or parameters.
        """
        expression = parse(text)
        rows = (independent,) if isinstance(independent, str) else tuple(independent)
        missing = next((row for row in rows if row not in expression.names), None)
        if missing is not None:
            raise ValueError(
                f"{expression.text!r} does not contain the independent variable {missing!r}, only "
                f"{', '.join(expression.names) or 'numbers'}: name it with independent=…"
            )
        names = tuple(name for name in expression.names if name not in rows)
        if not names:
            raise ValueError(f"{expression.text!r} has no parameter beside {', '.join(rows)}: there is nothing to fit.")
        _check_known(about, names, f"{expression.text!r} has no parameter")
        said = "" if rows == ("x",) else f", independent={rows[0] if len(rows) == 1 else rows!r}"
        specs = tuple(_spec(name, None, about.get(name, {})) for name in names)
        formula = TypedFormula(expression, rows, names)
        return cls(formula, specs, f"Model.from_expression({expression.text!r}{said})", prefix, "", guesser)


def _in_order(names, params, by_name) -> tuple:
    if params and by_name:
        raise TypeError("give the parameters either in order or by name, not both.")
    expected = f"the model takes {len(names)}: {', '.join(names)}"
    if not by_name:
        if len(params) != len(names):
            raise TypeError(f"got {len(params)} parameters, but {expected}.")
        return params
    unknown = next((name for name in by_name if name not in names), None)
    if unknown is not None:
        raise TypeError(f"there is no parameter {unknown!r}; {expected}.")
    missing = [name for name in names if name not in by_name]
    if missing:
        raise TypeError(f"no value for {', '.join(missing)}; {expected}.")
    return tuple(by_name[name] for name in names)


def _is_number(value) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _compose(function: type, sign: str, *operands):
    """The sum or product of models and numbers, components of the same kind taken in one by one."""
    if not all(isinstance(o, Model) or _is_number(o) for o in operands):
        return NotImplemented
    models = [o if isinstance(o, Model) else Model(Number(float(o)), (), f"{o:g}", formula=f"{o:g}") for o in operands]
    flat = [part for model in models for part in (model.components if type(model.function) is function else (model,))]
    specs, carries_y = [], False
    for part in flat:
        for name, spec in zip(part.parameter_names, part.parameters, strict=True):
            unit = unit_of_factor(spec.unit) if function is Product and carries_y else spec.unit
            specs.append(replace(spec, name=name, unit=unit))
        carries_y = carries_y or any("y" in spec.unit for spec in part.parameters)
    combined = function(tuple(part.function for part in flat), tuple(len(part.parameters) for part in flat))
    return Model(combined, tuple(specs), f" {sign} ".join(part.name for part in flat), components=tuple(flat))


def _clash(model: Model, name: str) -> str:
    parts = [part for part in model.components if name in part.parameter_names]
    if not parts:
        return f"{model.name} has two parameters {name!r}: their names must differ."
    said = " and ".join(repr(part) for part in parts)
    prefix = parts[0].prefix
    why = f"the same prefix {prefix!r}" if prefix else "no prefix"
    simple = [part for part in parts if not part.components]
    example = " and ".join(repr(replace(part, prefix=p)) for part, p in zip(simple, "ab", strict=False))
    return f"{said} have {why}, so both call a parameter {name!r}: give them different ones, as in {example}."


def _signature(f: Callable) -> dict[str, float | None]:
    """The parameters of f(x, a, b=2.0, …) with their defaults, None where there is none."""
    what = getattr(f, "__name__", repr(f))
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} does not tell its parameters: wrap it in a function f(x, a, b).") from error
    variadic = next((p for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)), None)
    needed = next((p for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty), None)
    named = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if variadic is not None:
        raise ValueError(f"{what}(…, {variadic}) does not tell how many parameters it has: wrap it in f(x, a, b).")
    if needed is not None:
        raise ValueError(f"{what} needs the keyword {needed.name!r}: bind it with functools.partial.")
    if len(named) < 2:
        raise ValueError(f"{what} must take x and at least one parameter, as in f(x, a, b).")
    return {p.name: float(p.default) if _is_number(p.default) else None for p in named[1:]}


def _check_known(about: Mapping, names, complaint: str) -> None:
    unknown = next((name for name in about if name not in names), None)
    if unknown is not None:
        raise ValueError(f"{complaint} {unknown!r}; there are {', '.join(names)}.")


def _spec(name: str, default: float | None, said: Mapping) -> ParameterSpec:
    """The spec of a parameter; where no default is given, 1 or the nearest bound to it."""
    allowed = [f.name for f in fields(ParameterSpec) if f.name != "name"]
    _check_known(said, allowed, f"parameter {name}: there is no")
    if "default" not in said:
        low, high = said.get("min", -math.inf), said.get("max", math.inf)
        said = {**said, "default": min(max(1.0, low), high) if default is None else default}
    return ParameterSpec(name, **said)
