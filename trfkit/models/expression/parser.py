"""Tokens -> tree, by precedence climbing (Pratt (1973), Top down operator precedence, POPL '73).

An operand, then operators for as long as they bind strongly enough; each operator reads its right operand with its own
strength. Every refusal names the column where the text stops making sense, and what to write instead.
"""

import difflib

from .errors import ExpressionError
from .functions import ALIASES, ALSO_PARAMETERS, CONSTANT_ALIASES, CONSTANTS, FUNCTIONS, NOT_FINITE
from .tokens import Token, tokens
from .tree import BINDING, COMPARISON, NEGATION, SUM, Binary, Call, Comparison, Constant, Name, Negation, Node, Number

# Python's stack has room for 1000 calls. At these limits parsing takes fewer than 300 of them, and a gradient inside a
# compiled loop, JAX's own calls included, fewer than 400.
MOST_NESTED = 60  # parentheses, arguments and right operands inside one another
MOST_BRANCHES = 10  # where inside where

_VALUE_STARTS = ("number", "name", "(")


def parse_tree(text: str) -> Node:
    """The tree of an expression; ExpressionError if it is none."""
    if not text.strip():
        raise ExpressionError("the expression is empty: write a formula such as a*exp(-x/tau) + c", text, 0)
    return _Parser(text).whole()


class _Parser:
    """One pass over the tokens of one text, which looks one token ahead."""

    def __init__(self, text: str):
        self.text = text
        self.stream = tokens(text)
        self.last = None  # the token taken last
        self.next = next(self.stream)
        self.nested = 0
        self.branches = 0

    def error(self, reason: str, token: Token) -> ExpressionError:
        return ExpressionError(reason, self.text, token.column)

    def take(self) -> Token:
        self.last = self.next
        if self.last.kind != "end":
            self.next = next(self.stream)
        return self.last

    def whole(self) -> Node:
        tree = self.expression(COMPARISON)
        if self.next.kind == ")":
            raise self.error("this parenthesis closes nothing: delete it, or open one before", self.next)
        if self.next.kind == ",":
            raise self.comma(self.next)
        return tree

    def expression(self, least: int) -> Node:
        """An operand, and the operators after it that bind at least so strongly."""
        self.nested += 1
        if self.nested > MOST_NESTED + 1:
            raise self.error(f"nested more than {MOST_NESTED} deep: write a function", self.last)
        left = self.operand()
        while BINDING.get(self.next.kind, 0) >= least:
            left = self.operation(left)
        self.nested -= 1
        return left

    def operation(self, left: Node) -> Node:
        operator = self.take()
        strength = BINDING[operator.kind]
        if operator.kind == "**":  # from the right, and its exponent may have a sign
            return Binary("**", left, self.expression(NEGATION))
        if strength > COMPARISON:
            return Binary(operator.kind, left, self.expression(strength + 1))
        operators, operands = [operator.kind], [left, self.expression(SUM)]
        while BINDING.get(self.next.kind) == COMPARISON:
            operators.append(self.take().kind)
            operands.append(self.expression(SUM))
        return Comparison(tuple(operators), tuple(operands))

    def operand(self) -> Node:
        before, token = self.last, self.take()
        if token.kind == "number":
            node = self.number(token)
        elif token.kind == "name":
            node = self.call(token) if self.next.kind == "(" else self.name(token)
        elif token.kind == "(":
            node = self.parenthesised(token)
        elif token.kind in ("+", "-"):
            operand = self.expression(NEGATION)
            return Negation(operand) if token.kind == "-" else operand
        else:
            raise self.no_value(before, token)
        if self.next.kind in _VALUE_STARTS:
            product = f"{self.last.text}*{self.next.text}"
            raise self.error(f"multiplication is always written: {product}", self.next)
        return node

    def parenthesised(self, opening: Token) -> Node:
        if self.next.kind == ")":
            raise self.error("there is nothing between these parentheses", opening)
        node = self.expression(COMPARISON)
        if self.next.kind == ",":
            raise self.comma(self.next)
        self.close(opening)
        return node

    def number(self, token: Token) -> Number:
        value = float(token.text)
        if value == float("inf"):
            raise self.error("this number is larger than any float, 1.8e308", token)
        if value == 0 and any(c in "123456789" for c in token.text.lower().partition("e")[0]):
            raise self.error("this number is smaller than any float but 0, 5e-324", token)
        return Number(value)

    def name(self, token: Token) -> Name | Constant:
        name = CONSTANT_ALIASES.get(token.text, token.text)
        if name in CONSTANTS:
            return Constant(name)
        if name.lower() in NOT_FINITE:
            raise self.error("the numbers of an expression are finite: choose another name for a parameter", token)
        if ALIASES.get(name, name) in FUNCTIONS and name not in ALSO_PARAMETERS:
            argument = self.next.text if self.next.kind in _VALUE_STARTS else "..."
            raise self.error(f"{name} is a function: write {name}({argument})", token)
        return Name(name)

    def call(self, token: Token) -> Call:
        function = ALIASES.get(token.text, token.text)
        if function not in FUNCTIONS:
            raise self.no_function(token)
        self.branches += function == "where"
        if self.branches > MOST_BRANCHES:
            raise self.error(f"where is nested more than {MOST_BRANCHES} deep: write a function", token)
        opening, arguments = self.take(), []
        if self.next.kind != ")":
            arguments.append(self.expression(COMPARISON))
        while self.next.kind == ",":
            self.take()
            arguments.append(self.expression(COMPARISON))
        self.close(opening)
        self.branches -= function == "where"
        fewest, most = FUNCTIONS[function].counts
        if not fewest <= len(arguments) <= most:
            count = f"{fewest} or {most}" if fewest < most else f"{most}"
            plural = "s" if most > 1 else ""
            usage = f"{function}({FUNCTIONS[function].arguments})"
            raise self.error(f"{usage} takes {count} argument{plural}, got {len(arguments)}", token)
        return Call(function, tuple(arguments))

    def close(self, opening: Token) -> None:
        if self.next.kind != ")":
            raise self.error("this parenthesis is never closed", opening)
        self.take()

    def comma(self, token: Token) -> ExpressionError:
        return self.error("a comma stands only between the arguments of a function; decimals have a point", token)

    def no_value(self, before: Token | None, token: Token) -> ExpressionError:
        """The error where a value should stand and `token` does; `before` is the token before it, if any."""
        if before is None:
            return self.error(f"a value is missing before {token.text!r}", token)
        if before.kind == "(" and token.kind == "end":
            return self.error("this parenthesis is never closed", before)
        if token.kind in ("end", ")"):
            return self.error(f"a value is missing after {before.text!r}", before)
        return self.error(f"a value is missing between {before.text!r} and {token.text!r}", token)

    def no_function(self, token: Token) -> ExpressionError:
        """The error for a call of what is no function."""
        name = token.text
        _, point, bare = name.rpartition(".")
        if CONSTANT_ALIASES.get(name, name) in CONSTANTS:
            return self.error(f"{name} is a number, not a function: write {name}*(...)", token)
        if point and ALIASES.get(bare, bare) in FUNCTIONS:
            return self.error(f"functions are written without a module: write {bare}(...)", token)
        near = difflib.get_close_matches(name, [*FUNCTIONS, *ALIASES], n=2)
        question = f", did you mean {' or '.join(near)}?" if near else "."
        return self.error(f"there is no function {name!r}{question} To multiply, write {name}*(...)", token)
