"""Text -> tokens, one at a time, each with its column.

A character that no expression has is refused here, with what to write in its place: most come from a formula pasted
from a paper (−, ×, ²) or from Python (=, %, [).
"""

import keyword
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from .errors import ExpressionError

MOST_CHARACTERS = 1000
MOST_TOKENS = 500

OPERATORS = ("**", "<=", ">=", "+", "-", "*", "/", "^", "<", ">", "(", ")", ",")  # the longer ones first

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"\w+(?:\.\w+)*")

_TRUE_EQUALITY = "computed numbers are equal up to rounding only: write abs(a - b) < 1e-9, say"
_NO_TEXT = "it holds numbers and names, and nothing in quotes"
_PARENTHESES = "group with parentheses ( )"
_NO_VALUE_NAMED = "write only what stands to the right of the sign"

# What to write instead, by how the text goes on; the longer ones first.
INSTEAD = {
    "==": _TRUE_EQUALITY,
    "!=": _TRUE_EQUALITY,
    ":=": _NO_VALUE_NAMED,
    "=": _NO_VALUE_NAMED,
    "//": "write floor(a/b)",
    "%": "write mod(a, b)",
    "&": "write (a < b)*(c < d) where both must hold",
    "|": "write maximum(a < b, c < d) where either will do",
    "!": "write gamma(n + 1) for a factorial",
    "[": _PARENTHESES,
    "]": _PARENTHESES,
    "{": _PARENTHESES,
    "}": _PARENTHESES,
    "'": _NO_TEXT,
    '"': _NO_TEXT,
    ";": "write one expression",
    ".": "a point stands inside a number, or between a prefix and a name as in a.sigma",
    "²": "write **2",
    "³": "write **3",
    "√": "write sqrt(...)",
    "−": "write -",
    "–": "write -",
    "×": "write *",
    "·": "write *",
    "⋅": "write *",
    "÷": "write /",
    "≤": "write <=",
    "≥": "write >=",
    "\N{NO-BREAK SPACE}": "write an ordinary space",
}

# Words of Python are refused, so that a name may always be an argument's name; what to write for some of them.
INSTEAD_OF_WORD = {
    "lambda": "write lam or lambda_",
    "if": "write where(condition, a, b)",
    "else": "write where(condition, a, b)",
    "and": INSTEAD["&"],
    "or": INSTEAD["|"],
    "not": "turn the comparison round",
}


class Token(NamedTuple):
    """One word of an expression."""

    kind: str  # "number", "name", "end", or the operator itself; ^ is **
    text: str  # as typed; of a name, its normal form
    column: int


def _refusal(text: str, column: int) -> ExpressionError:
    """The error for a character that no expression has."""
    c = text[column]
    instead = next((hint for sign, hint in INSTEAD.items() if text.startswith(sign, column)), None)
    if instead is None and unicodedata.digit(c, None) is not None:
        instead = f"write the digit {unicodedata.digit(c)}"
    shown = repr(c) if c.isascii() and c.isprintable() else f"U+{ord(c):04X} {unicodedata.name(c, '')}".rstrip()
    return ExpressionError(f"{shown} has no place in an expression" + (f": {instead}" if instead else ""), text, column)


def _number(text: str, column: int) -> Token:
    token = Token("number", _NUMBER.match(text, column)[0], column)
    end = column + len(token.text)
    if text.startswith(".", end):
        raise ExpressionError(f"{token.text} goes on with a second point: a number has one", text, end)
    word = _WORD.match(text, end)
    if word and (word[0].startswith("_") or token.text == "0"):
        raise ExpressionError("a number is digits, a point and an exponent: 1000, 1.5e-3", text, end)
    if word:
        raise ExpressionError(f"multiplication is always written: {token.text}*{_name(text, end, word[0])}", text, end)
    return token


def _name(text: str, column: int, word: str) -> str:
    """The name in the form that Python gives it (NFKC), so that the micro sign of a keyboard is the Greek letter mu."""
    for offset, c in enumerate(word):
        if not (c.isascii() or c.isalpha()):
            raise _refusal(text, column + offset)
    name = unicodedata.normalize("NFKC", word)
    parts = name.split(".")
    if len(parts) > 2:
        raise ExpressionError(
            f"{name!r} has too many points: a parameter has one at most, as in a.sigma, a function none, as in exp(x)",
            text,
            column,
        )
    for part in parts:
        if part.startswith("__"):
            raise ExpressionError(f"{part!r}: a name does not begin with two underscores", text, column)
        if keyword.iskeyword(part):
            instead = INSTEAD_OF_WORD.get(part, "choose another name")
            raise ExpressionError(f"{part!r} is a word of Python: {instead}", text, column)
        if not part.isidentifier():
            raise ExpressionError(f"{part!r} is not a name: a name begins with a letter", text, column)
    return name


def _token(text: str, column: int) -> tuple[Token, int]:
    """The token at the column, and where it ends."""
    if _NUMBER.match(text, column):
        token = _number(text, column)
        return token, column + len(token.text)
    if word := _WORD.match(text, column):
        return Token("name", _name(text, column, word[0]), column), word.end()
    operator = next((o for o in OPERATORS if text.startswith(o, column)), None)
    if operator is None or text.startswith("//", column):
        raise _refusal(text, column)
    return Token("**" if operator == "^" else operator, operator, column), column + len(operator)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text of at most 1000 characters, the last of them "end"; ExpressionError at what is none."""
    if len(text) > MOST_CHARACTERS:
        reason = f"an expression has at most {MOST_CHARACTERS} characters, this one has {len(text)}: write a function"
        raise ExpressionError(reason, text, MOST_CHARACTERS)
    column = _SPACE.match(text).end()
    for _ in range(MOST_TOKENS):
        if column == len(text):
            yield Token("end", "", column)
            return
        token, end = _token(text, column)
        yield token
        column = _SPACE.match(text, end).end()
    if column < len(text):
        reason = f"an expression has at most {MOST_TOKENS} numbers, names and signs: write a function"
        raise ExpressionError(reason, text, column)
    yield Token("end", "", column)
