"""A model from what a person types: names of the library, a formula, or both.

    read_model("Gaussian + Gaussian + Line")            # Gaussian("a") + Gaussian("b") + Line()
    read_model("Gaussian(peak) + b*exp(-x/tau) + c")    # a model of the library and a formula
    read_model("Polynomial(3) * Step(form=arctan)")     # quotes may be left out
    read_model("a*exp(-x/tau) + c")                     # Model.from_expression

Nothing is executed. A name of the library with what stands in its parentheses, a call, is read as one name, which
leaves an expression for the safe parser; its sums and products are then those of models. What is between the calls is
a formula. Every refusal is an `ExpressionError` with its column. `model_text` writes what is read here.
"""

import difflib
import functools
import inspect
import itertools
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from .assembly import told_apart
from .expression import ExpressionError, parse, tree
from .expression.functions import ALIASES, FUNCTIONS
from .expression.parser import parse_tree
from .expression.tokens import tokens
from .model import Model
from .origin import FACTORIES

ALIKE = 0.8  # as difflib measures it: Gausian and Gaussian are alike
SIGNS = {"sum": ("+", "-"), "product": ("*", "/")}  # that join, and that join the inverse

_WORD = re.compile(r"(?<![\w.])([^\W\d]\w*)(?![\w.])(\s*\()?")
_CALL = re.compile(r"(\w+)(?:\s*\(([^()]*)\))?")
_ARGUMENT = re.compile(r"\s*(?:(?P<key>\w+)\s*=\s*)?(?P<quote>['\"]?)(?P<value>\w+)(?P=quote)\s*")


def read_model(text: str, independent: tuple[str, ...] = ("x",), functions: Mapping[str, Model] | None = None) -> Model:
    """The model that a text states. Raises ExpressionError for a text that states none.

    `independent` names the rows of x. `functions` are a user's own models by name, to be written like the library's.
    """
    return _Reader(text, tuple(independent), FACTORIES | dict(functions or {})).whole()


class _Reader:
    """One text, read once: its tree, and what stands at the columns of the leaves of the tree."""

    def __init__(self, text: str, independent: tuple[str, ...], makers: Mapping[str, Callable | Model]):
        self.text, self.independent, self.makers = text, independent, makers
        calls = self.calls()
        self.tree, self.columns = self.parsed(calls)
        made = {column: self.made(call) for column, call in calls.items()}
        names = {leaf.name for leaf in _variables(self.tree) if self.columns[id(leaf)] not in calls}
        names -= set(independent)
        self.models = dict(zip(made, told_apart(made.values(), names), strict=True))
        self.check_names(names)

    def whole(self) -> Model:
        model = self.model(self.tree)
        if not isinstance(model, Model):
            raise self.error("a number has no parameter to fit: write a formula such as a*exp(-x/tau) + c", 0)
        return model

    def error(self, reason: str, column: int) -> ExpressionError:
        return ExpressionError(reason.rstrip("."), self.text, column)

    # what stands where

    def calls(self) -> dict[int, re.Match]:
        """{column: match} of the names of models; groups: 1 the name, 2 what is in its parentheses."""
        found = {}
        for word in _WORD.finditer(self.text):
            name, opens = word[1], bool(word[2])
            if name in self.makers:
                found[word.start()] = call = _CALL.match(self.text, word.start())
                if self.text[call.end() :].lstrip().startswith("("):
                    raise self.error(
                        f"these parentheses are not those of a model: write {self.usage(name)}", call.end()
                    )
            elif opens and name not in FUNCTIONS and name not in ALIASES or name[0].isupper():
                if near := self.nearest(name):
                    raise self.error(f"there is no model {name!r}, did you mean {near}?", word.start())
        return found

    def nearest(self, name: str) -> str | None:
        """The model of which a name may be a slip."""
        lower = {maker.lower(): maker for maker in self.makers}
        near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=ALIKE)
        return lower[near[0]] if near else None

    def parsed(self, calls: Mapping[int, re.Match]) -> tuple[tree.Node, dict[int, int]]:
        """The tree of the text with only the names of the calls, and {id(leaf): column} of its names."""
        masked = self.text
        for column, call in calls.items():
            masked = masked[:column] + call[1].ljust(len(call[0])) + masked[call.end() :]
        try:
            whole = parse_tree(masked)
        except ExpressionError as error:
            raise self.error(error.reason, error.column) from None
        words = itertools.pairwise(tokens(masked))
        columns = [word.column for word, after in words if word.kind == "name" and after.kind != "("]
        return whole, dict(zip(map(id, _names(whole)), columns, strict=True))

    def made(self, call: re.Match) -> Model:
        """The model of a call."""
        maker, given = self.makers[call[1]], self.arguments(call)
        try:
            return replace(maker, **given) if isinstance(maker, Model) else maker(**given)
        except ValueError as error:  # of a prefix, a degree or a form
            raise self.error(str(error), call.start(2)) from error

    def arguments(self, call: re.Match) -> dict:
        """What stands in the parentheses of a call, by keyword."""
        takes, given = self.takes(call[1]), {}
        for place, piece in enumerate(re.finditer(r"[^,]+", call[2]) if (call[2] or "").strip() else ()):
            argument = _ARGUMENT.fullmatch(piece[0])
            key = argument and (argument["key"] or takes[min(place, len(takes) - 1)])
            if key not in takes or key in given:
                reason = f"this is not what {call[1]} takes: write {self.usage(call[1])}"
                raise self.error(reason, call.start(2) + piece.start())
            value = argument["value"]
            given[key] = int(value) if key == "degree" and value.isdecimal() else value
        if "degree" in takes and "degree" not in given:
            raise self.error(f"a polynomial wants its degree: write {self.usage(call[1])}", call.start())
        return given

    def takes(self, name: str) -> tuple[str, ...]:
        """The arguments of a model of that name."""
        maker = self.makers[name]
        return ("prefix",) if isinstance(maker, Model) else tuple(inspect.signature(maker).parameters)

    def usage(self, name: str) -> str:
        """A call as it is written: Gaussian(a), Polynomial(3, a), Step(a, form=arctan)."""
        examples = {"degree": "3", "prefix": "a", "form": "form=arctan"}
        return f"{name}({', '.join(examples[key] for key in self.takes(name))})"

    def check_names(self, typed: set[str]) -> None:
        """Refuse parameters of two models that have one name."""
        names = set(typed)
        for column, model in self.models.items():
            twice = next((name for name in model.parameter_names if name in names), None)
            if twice is not None:
                raise self.error(f"there is a parameter {twice!r} already: give {model!r} another prefix", column)
            names |= set(model.parameter_names)

    # from the tree to models

    def model(self, node: tree.Node) -> Model | float:
        """The model of a part of the text; of a part without any name its value."""
        match node:
            case tree.Name() if self.columns[id(node)] in self.models:
                return self.models[self.columns[id(node)]]
            case _ if self.first_call(node) is None:
                return self.formula(node)
            case tree.Binary("+" | "-"):
                return self.joined(node, "sum")
            case tree.Binary("*" | "/"):
                return self.joined(node, "product")
            case tree.Negation(operand):
                return -1.0 * self.model(operand)
        raise self.error("models of the library are added and multiplied, and nothing else", self.first_call(node))

    def first_call(self, node: tree.Node) -> int | None:
        """The column of the first call in a part of the text."""
        columns = (self.columns[id(leaf)] for leaf in _names(node))
        return next((column for column in columns if column in self.models), None)

    def joined(self, node: tree.Binary, kind: str) -> Model:
        """The sum or product; its terms without a call, wherever they stand, are one formula."""
        parts = self.chain(node, SIGNS[kind])
        typed = [part for part in parts if self.first_call(part[1]) is None]
        models = []
        for part in parts:
            inverse, term = part
            if part not in typed:
                if inverse and kind == "product":
                    raise self.error("nothing is divided by a model of the library", self.first_call(term))
                models.append(-1.0 * self.model(term) if inverse else self.model(term))
            elif part is typed[0]:
                models.append(self.formula(_merged(typed, kind)))
        return functools.reduce(operator.add if kind == "sum" else operator.mul, models)

    def chain(self, node: tree.Node, signs: tuple[str, str]) -> list[tuple[bool, tree.Node]]:
        """(inverse, term) of what + and -, or * and /, join, from left to right."""
        parts = []
        while isinstance(node, tree.Binary) and node.operator in signs and self.first_call(node) is not None:
            parts.append((node.operator == signs[1], node.right))
            node = node.left
        return [(False, node), *reversed(parts)]

    def formula(self, node: tree.Node) -> Model | float:
        """The model of an expression in x and parameters, or the value of one without any name."""
        text, leaves = tree.text_of(node), _variables(node)
        if not leaves:
            return float(parse(text).evaluate({}))
        names, column = tree.names(node), self.columns[id(leaves[0])]
        missing = [row for row in self.independent if row not in names]
        if missing:
            raise self.error(f"{text!r} is no function of {' and '.join(missing)}{self.advice(names)}", column)
        if set(names) <= set(self.independent):
            raise self.error(f"{text!r} has no parameter beside {', '.join(names)}: write k*{text}", column)
        return Model.from_expression(text, self.independent if len(self.independent) > 1 else self.independent[0])

    def advice(self, names: tuple[str, ...]) -> str:
        """What to try in place of a formula in these names without x."""
        near = next(filter(None, map(self.nearest, names)), None)
        if near:
            return f": did you mean {near}?"
        return ": a constant beside models of the library is called Constant" if self.models else ""


def _names(node: tree.Node) -> list[tree.Name | tree.Constant]:
    """The names in a tree from left to right, those of constants too, each as often as it is there."""
    return [leaf for leaf in tree.postorder(node) if isinstance(leaf, tree.Name | tree.Constant)]


def _variables(node: tree.Node) -> list[tree.Name]:
    return [leaf for leaf in _names(node) if isinstance(leaf, tree.Name)]


def _merged(parts: list[tuple[bool, tree.Node]], kind: str) -> tree.Node:
    """One expression of the terms."""
    (inverse, whole), *others = parts
    if inverse:
        whole = tree.Negation(whole) if kind == "sum" else tree.Binary("/", tree.Number(1.0), whole)
    for inverse, term in others:
        whole = tree.Binary(SIGNS[kind][inverse], whole, term)
    return whole
