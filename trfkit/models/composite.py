"""Functions made of functions: sums, products, numbers and typed formulas, and how they look in LaTeX.

All are frozen dataclasses: two of equal content are equal, so that they share their compiled programs.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp

from .expression import Expression
from .expression.latex import symbol
from .expression.tokens import tokens


def _applied(functions, counts, x, params):
    """Each function of its own share of the parameters."""
    start = 0
    for function, count in zip(functions, counts, strict=True):
        yield function(x, *params[start : start + count])
        start += count


@dataclass(frozen=True)
class Sum:
    """f₁(x, p₁…) + f₂(x, p₂…) + …, the parameters of one after those of the other."""

    functions: tuple[Callable, ...]
    counts: tuple[int, ...]  # how many parameters each takes

    def __call__(self, x, *params):
        """The sum (m,) at x and all parameters."""
        return sum(_applied(self.functions, self.counts, x, params))


@dataclass(frozen=True)
class Product:
    """f₁(x, p₁…) · f₂(x, p₂…) · …, the parameters of one after those of the other."""

    functions: tuple[Callable, ...]
    counts: tuple[int, ...]  # how many parameters each takes

    def __call__(self, x, *params):
        """The product (m,) at x and all parameters."""
        return math.prod(_applied(self.functions, self.counts, x, params))


@dataclass(frozen=True)
class Number:
    """A number in a sum or product of models."""

    value: float

    def __call__(self, x):
        """The number at every point of x."""
        x = jnp.asarray(x)
        return self.value + 0.0 * (x if x.ndim <= 1 else x[0])  # in terms of x, so that it is seen to be row-wise


@dataclass(frozen=True)
class TypedFormula:
    """An expression in x and parameters as a function of them."""

    expression: Expression
    independent: tuple[str, ...]  # x itself, or x[0], x[1], … for x of shape (k, m)
    names: tuple[str, ...]  # of the parameters, in order

    def __call__(self, x, *params):
        """The expression's value (m,)."""
        x = jnp.asarray(x)
        rows = (x,) if len(self.independent) == 1 else tuple(x)
        values = dict(zip(self.independent + self.names, (*rows, *params), strict=True))
        return self.expression.evaluate(values)

    def text(self, prefix: str) -> str:
        """The formula, its parameters with a prefix."""
        text = self.expression.text
        for token in reversed(tuple(tokens(text)) if prefix else ()):
            if token.text in self.names:
                text = f"{text[: token.column]}{prefix}.{text[token.column :]}"
        return text

    def latex(self, prefix: str) -> str:
        """The same in LaTeX."""
        return Expression(self.text(prefix)).latex


def _is_sum(latex: str) -> bool:
    """Whether + or − stands outside of all brackets."""
    depth = 0
    for at, character in enumerate(latex):
        depth += (character in "({[") - (character in ")}]")
        if depth == 0 and character in "+-" and (at or character == "-"):
            return True
    return False


def composed_latex(function: Sum | Product, latex: list[str]) -> str:
    """The formulas of the components joined by + or by ·, sums in brackets where they are factors."""
    if isinstance(function, Sum):
        signed = (f" - {term[1:]}" if term.startswith("-") else f" + {term}" for term in latex[1:])
        return latex[0] + "".join(signed)
    return r" \cdot ".join(rf"\left({factor}\right)" if _is_sum(factor) else factor for factor in latex)


def leaf_latex(formula: str, prefix: str, names) -> str:
    """A formula with the symbols of its parameters in place of <name>."""
    for name in names:
        formula = formula.replace(f"<{name}>", symbol(f"{prefix}.{name}" if prefix else name))
    return formula


def unit_of_factor(unit: str) -> str:
    """The unit of a factor's parameter where another factor carries the unit of y already."""
    top, slash, bottom = unit.partition("/")
    rest = " ".join(word for word in top.split() if word != "y")
    return f"{rest or '1'}/{bottom}" if slash else rest
