"""Expression: a typed formula as a value, equal and hashed by its canonical text."""

import difflib
import functools
from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from .errors import ExpressionError
from .evaluate import evaluate
from .latex import latex_of
from .parser import parse_tree
from .tokens import MOST_CHARACTERS, tokens
from .tree import names, text_of

# A fit evaluates one expression over and over, and an expression keeps nothing but its text.
_tree = functools.lru_cache(maxsize=512)(parse_tree)


@dataclass(frozen=True)
class Expression:
    """A formula in real numbers: what it needs (`names`), what it is worth (`evaluate`), how it looks (`latex`).

    The text is all that it holds, in canonical form: parse(e.text) == e. So expressions are equal, hashed, compiled,
    copied, pickled and saved by their text. Raises ExpressionError, with the column, for a text that is no expression.
    """

    text: str

    def __post_init__(self):
        if not isinstance(self.text, str):
            raise TypeError(f"an expression is a str, got {type(self.text).__name__}")
        canonical = text_of(parse_tree(self.text))
        if len(canonical) > MOST_CHARACTERS:
            reason = f"written out, this has {len(canonical)} characters, more than {MOST_CHARACTERS}: write a function"
            raise ExpressionError(reason, self.text, len(self.text))
        object.__setattr__(self, "text", canonical)

    @property
    def names(self) -> tuple[str, ...]:
        """The free names in order of appearance, each once; a.sigma is one name."""
        return names(_tree(self.text))

    @property
    def latex(self) -> str:
        """The formula in LaTeX, without dollar signs."""
        return latex_of(_tree(self.text))

    def _repr_latex_(self):
        return rf"$\displaystyle {self.latex}$"

    def evaluate(self, values: Mapping[str, ArrayLike]) -> jax.Array:
        """The value for a real array or number for each of `names`, elementwise and broadcast; others are ignored.

        Traceable and differentiable. Outside a function's domain the value is NaN or inf; the derivative of
        where(condition, a, b) is that of the branch taken, whatever the other does there.
        """
        given = {name: _as_float(self._value(name, values)) for name in self.names}
        return jnp.asarray(evaluate(_tree(self.text), given))

    def _value(self, name, values):
        if name in values:
            return values[name]
        column = next(token.column for token in tokens(self.text) if token.text == name)
        near = difflib.get_close_matches(name, values, n=1)
        instead = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(values) or 'no names at all'}"
        raise ExpressionError(f"{name!r} has no value; {instead}", self.text, column)


def _as_float(value) -> jax.Array:
    """The value as a float array, of the precision that it has."""
    value = jnp.asarray(value)
    return value if jnp.issubdtype(value.dtype, jnp.inexact) else value.astype(float)


def parse(text: str) -> Expression:
    """The expression that a text states; ExpressionError, with the column and what to try, if it states none."""
    return Expression(text)
