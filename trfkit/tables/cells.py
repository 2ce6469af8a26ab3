"""What one cell of a table is: a number, a gap, a date or a word."""

import math
import re
from collections.abc import Sequence

GAPS = {
    "", "-", "--", "---", "–", "—", ".", "..", "...", "…", "?", "*", "n/a", "na", "n.a.", "nan", "-nan", "null", "none",
    "nil", "missing", "<na>", "#n/a", "#na", "#div/0!", "#num!", "#value!", "#ref!", "#name?", "#null!",
}  # fmt: skip

THIN_SPACES = " '’\u2009\u202f"  # they may stand between thousands, whatever the decimal sign is
DATE, CLOCK = r"\d{4}-\d\d-\d\d", r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?"
ZONE = r"(?:\s?(?:Z|UTC|[+-]\d\d(?::?\d\d)?))?"


def _number(decimal: str) -> re.Pattern:
    thousands = f"[{THIN_SPACES}{re.escape(',' if decimal == '.' else '.')}]"
    mark = re.escape(decimal)
    whole = rf"(?:\d{{1,3}}(?:{thousands}\d{{3}})+|\d+)"
    exponent = r"(?:[eEdD][+-]?\d+)?"  # Fortran's doubles have a D
    return re.compile(
        rf"[+-]?(?:(?:{whole}(?:{mark}\d*)?|{mark}\d+){exponent}|inf(?:inity)?)", re.ASCII | re.IGNORECASE
    )


NUMBERS = {decimal: _number(decimal) for decimal in ".,"}
TIMES = {
    "date": re.compile(f"{DATE}(?:[T ]{CLOCK}{ZONE})?", re.ASCII),
    "clock": re.compile(CLOCK, re.ASCII),
}
_BARE = str.maketrans("dD", "ee", THIN_SPACES)


def is_gap(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.casefold() in GAPS


def is_number(cell: str, decimal: str) -> bool:
    """Whether a cell is a number with this decimal sign; between thousands the other may stand, or a space."""
    return NUMBERS[decimal].fullmatch(cell) is not None


def kind(cell: str) -> str:
    """ "gap", "number" (with either decimal sign), "date", "clock" or "word"."""
    if is_number(cell, ".") or is_number(cell, ","):
        return "number"
    if is_gap(cell):
        return "gap"
    return next((name for name, pattern in TIMES.items() if pattern.fullmatch(cell)), "word")


def decimal_sign(cells: Sequence[str], likely: str = ".") -> str:
    """The decimal sign with which more of the cells are numbers; of two equally good ones that which more have."""

    def merit(sign):
        numbers = [cell for cell in cells if is_number(cell, sign)]
        return len(numbers), sum(sign in cell for cell in numbers), sign == likely

    return max(".,", key=merit)


def number(cell: str, decimal: str) -> float:
    """The number in a cell, NaN where there is none."""
    if not is_number(cell, decimal):
        return math.nan
    return float(cell.replace("," if decimal == "." else ".", "").replace(decimal, ".").translate(_BARE))
