"""The nodes of an expression, and the one text that each tree has.

Numbers are never negative (-2 is a negation) and a unary plus leaves no node, so that tree -> text -> tree is exact.
The text has the fewest parentheses possible, hence nests no deeper and holds no more tokens than what the user typed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

# How strongly each operator binds, Python's order; an operand in a place that asks for more needs parentheses.
COMPARISON, SUM, PRODUCT, NEGATION, POWER, ATOM = range(1, 7)
BINDING = {"<": COMPARISON, "<=": COMPARISON, ">": COMPARISON, ">=": COMPARISON}
BINDING |= {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "**": POWER}


@dataclass(frozen=True)
class Number:
    """A literal, finite and not negative."""

    value: float


@dataclass(frozen=True)
class Constant:
    """pi or e."""

    name: str


@dataclass(frozen=True)
class Name:
    """A variable or a parameter, with its prefix."""

    name: str


@dataclass(frozen=True)
class Negation:
    """-operand."""

    operand: "Node"


@dataclass(frozen=True)
class Binary:
    """left operator right, for + - * / **."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Comparison:
    """a < b, or a chain a < b <= c, which holds where each of its comparisons does."""

    operators: tuple[str, ...]
    operands: tuple["Node", ...]  # one more than operators


@dataclass(frozen=True)
class Call:
    """A function of `functions.FUNCTIONS` and its arguments."""

    function: str
    arguments: tuple["Node", ...]


Node = Number | Constant | Name | Negation | Binary | Comparison | Call


def binding(node: Node) -> int:
    """How strongly the outermost operator of a node binds."""
    match node:
        case Binary(operator):
            return BINDING[operator]
        case Comparison():
            return COMPARISON
        case Negation():
            return NEGATION
    return ATOM


def children(node: Node) -> tuple[Node, ...]:
    """The operands of a node, from left to right."""
    match node:
        case Negation(operand):
            return (operand,)
        case Binary(_, left, right):
            return left, right
        case Comparison(_, operands) | Call(_, operands):
            return operands
    return ()


def postorder(node: Node) -> list[Node]:
    """The nodes of a tree from left to right, each after its operands."""
    found, waiting = [], [node]
    while waiting:
        found.append(waiting.pop())
        waiting.extend(children(found[-1]))
    return found[::-1]


def fold(node: Node, combine: Callable[[Node, list], T]) -> T:
    """combine(node, results of its operands) from the leaves up; a loop, since a sum may be 250 terms deep."""
    results = []
    for each in postorder(node):
        first = len(results) - len(children(each))
        results[first:] = [combine(each, results[first:])]
    return results[0]


def names(node: Node) -> tuple[str, ...]:
    """The names in a tree in order of appearance, each once."""
    return tuple(dict.fromkeys(each.name for each in postorder(node) if isinstance(each, Name)))


def number_text(value: float) -> str:
    """The shortest decimal that reads back as the same float: 2, 0.5, 1e-5."""
    mantissa, _, exponent = repr(value).partition("e")
    return mantissa.removesuffix(".0") + (f"e{int(exponent)}" if exponent else "")


def text_of(node: Node) -> str:
    """The canonical text of a tree, which parses to the same tree."""
    return fold(node, _text)


def _operand(node: Node, text: str, least: int) -> str:
    return text if binding(node) >= least else f"({text})"


def _text(node: Node, texts: list[str]) -> str:
    match node:
        case Number(value):
            return number_text(value)
        case Constant(name) | Name(name):
            return name
        case Negation(operand):
            return "-" + _operand(operand, *texts, NEGATION)
        case Binary("**", base, exponent):
            return f"{_operand(base, texts[0], ATOM)}**{_operand(exponent, texts[1], NEGATION)}"
        case Binary(operator, left, right):
            sign = f" {operator} " if operator in "+-" else operator
            strength = BINDING[operator]
            return _operand(left, texts[0], strength) + sign + _operand(right, texts[1], strength + 1)
        case Comparison(operators, operands):
            first, *others = (_operand(o, t, SUM) for o, t in zip(operands, texts, strict=True))
            return first + "".join(f" {o} {text}" for o, text in zip(operators, others, strict=True))
        case Call(function):
            return f"{function}({', '.join(texts)})"
