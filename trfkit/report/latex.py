r"""The parameters of a fit as a LaTeX tabular.

It needs no package, but for ties with where() or a function that LaTeX has no command for: those want amsmath.
"""

import re
import unicodedata

from ..models.expression import parse
from ..models.expression.latex import GREEK, symbol
from .digits import latex, number, typeset
from .facts import bounds_and_prior, bounds_reached, rows

# What LaTeX takes for a command, or has no letter for.
_LITERAL = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_MATHEMATICAL = {character: character for character in "<>|"} | {
    "·": r"\cdot",
    "…": r"\ldots",
    "≤": r"\leq",
    "≥": r"\geq",
    "−": "-",
    "°": r"^{\circ}",
    "µ": r"\mu",
}


def table(result) -> str:
    r"""Symbol, value ± error, unit and what holds it, then χ²; columns of nothing are left out."""
    at = bounds_reached(result)
    entries = rows(result)
    columns = {
        "parameter": [f"${_greek(symbol(row.name))}$" for row in entries],
        "value": [f"${latex(row.estimate)}$" + (f" ({row.remark})" if row.remark else "") for row in entries],
        "unit": [escaped(row.unit) for row in entries],
        "constraint": [_held(p, at.get(p.name, "")) for p in result.parameters.values()],
    }
    told = {title: cells for title, cells in columns.items() if any(cells)}
    body = map(_line, zip(*told.values(), strict=True))
    lines = [_line(told), r"\hline", *body, r"\hline", _statistics(result.goodness, len(told))]
    return "\n".join([rf"\begin{{tabular}}{{{'l' * len(told)}}}", r"\hline", *lines, r"\hline", r"\end{tabular}"])


def _line(cells) -> str:
    return " & ".join(cells) + r" \\"


def _held(parameter, at: str) -> str:
    tie = () if parameter.tie is None else (f"$= {_greek(parse(parameter.tie).latex)}$",)
    others = (escaped(words.replace("-", "−")) for words in bounds_and_prior(parameter, at))  # minus, not hyphen
    return ", ".join((*tie, *others))


def _statistics(goodness, columns: int) -> str:
    chi_square = latex(typeset(number(goodness.chi_square)))
    text = rf"$\chi^2 = {chi_square}$ for {goodness.degrees_of_freedom} degrees of freedom"
    return rf"\multicolumn{{{columns}}}{{l}}{{{text}}} \\"


def escaped(text: str) -> str:
    r"""A text as LaTeX sets it literally: V/µm² is V/$\mu$m$^{2}$."""
    text = "".join(map(_literal, unicodedata.normalize("NFC", text)))
    return re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹±×∞]+", lambda signs: f"${latex(signs[0])}$", text)


def _literal(character: str) -> str:
    command = _MATHEMATICAL.get(character) or _greek_command(character)
    return f"${command}$" if command else _LITERAL.get(character, character)


def _greek(formula: str) -> str:
    """A formula with commands for Greek letters, which LaTeX's fonts don't have by themselves."""
    commands = ((c, _greek_command(c)) for c in unicodedata.normalize("NFKC", formula))
    return "".join(f"{{{command}}}" if command else c for c, command in commands)


def _greek_command(character: str) -> str:
    script, _, name = unicodedata.name(character, "").partition(" ")
    size, _, letter = name.partition(" LETTER ")
    letter = letter.replace("LAMDA", "LAMBDA")
    letter = letter.capitalize() if size == "CAPITAL" else letter.lower()
    return f"\\{letter}" if script == "GREEK" and letter in GREEK else ""
