"""How a table is laid out: separator and decimal sign, where its rows begin, and how its columns are called."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from .cells import decimal_sign, kind
from .text import Records

SEPARATORS = ("\t", ";", ",", None)  # None: white space. Of two that fit equally the first is taken
SAMPLED_RECORDS, SAMPLED_CELLS = 100, 400  # enough to tell, and done at once for any input
FEW_RECORDS = 20  # of which a header may be a good part
VALUES = {"number", "date", "clock"}
MOST_LINES_BEFORE = 1000  # the rows, of an instrument that has a lot to say
MOST_COLUMNS = 20_000

_IN_BRACKETS = re.compile(r"[(\[](.*)[)\]]")
_UNIT = re.compile(r"[^\W\d_][\w%°/^·*.\-⁻¹²³ ]{0,11}|[%°‰1-]|")


class Layout(NamedTuple):
    """Where the numbers are among the records of a text."""

    separator: str | None  # None: white space
    decimal: str  # "." or ","
    start: int  # the first record that is a row
    names: tuple[str, ...]  # one a column, each another
    widest: int  # fields of the longest row, which may be more than the columns
    notes: tuple[str, ...]


def find_layout(records: Records) -> Layout:
    """The layout of a table; raises ValueError for a text that has no numbers in columns."""
    if not records.lines:
        raise ValueError("there is no table in an empty text: give lines of numbers, with or without a header.")
    try:
        return _layout(records)
    except csv.Error as error:
        raise ValueError(f"a cell in quotes cannot be read ({error}): take the quotes out of the text.") from error


def _layout(records: Records) -> Layout:
    separator, decimal, sample = _separator_and_decimal(records)
    start = _rows_before(records, separator, sample)
    widths = np.fromiter(_widths(records.lines[start:], separator, records.quoted), dtype=int)
    widest = int(widths.max())
    if widest > MOST_COLUMNS:
        raise ValueError(f"a line has {widest} fields, and {MOST_COLUMNS} columns are the most: transpose the table.")
    usual = int(np.bincount(widths).argmax())
    header, above = _header(records, start, separator, usual)
    width = max(len(header[:MOST_COLUMNS]), usual) if header else widest
    notes = [*_above(records, above), *_ragged(records.numbers[start:], widths, usual, width)]
    return Layout(separator, decimal, start, distinct(header, width), max(width, widest), tuple(notes))


def _above(records: Records, above: int) -> Iterator[str]:
    if above > 0:
        first, last = records.numbers[0], records.numbers[above - 1]
        yield f"Left out above the table: {f'line {first}' if above == 1 else f'lines {first} to {last}'}."


def _ragged(numbers: Sequence[int], widths: np.ndarray, usual: int, width: int) -> Iterator[str]:
    """Sentences on rows with fewer or more fields than most; a table of `width` columns has no more of them."""
    surplus = "it makes more columns" if width >= widths.max() else f"those after the first {width} are left out"
    for odd, what in ((widths < usual, "gaps fill it up"), (widths > usual, surplus)):
        if odd.any():
            at, count = int(odd.argmax()), np.count_nonzero(odd)
            others = f", the first of {count} such lines" if count > 1 else ""
            fields = f"{widths[at]} field{'s' if widths[at] > 1 else ''}"
            yield f"Line {numbers[at]} has {fields}, not {usual}{others}: {what}."


def fields(line: str, separator: str | None, quoted: bool) -> list[str]:
    """The cells of a record, without the blanks round them."""
    if not quoted or '"' not in line:
        return [cell.strip() for cell in line.split(separator)]
    return [cell.strip() for cell in next(_split([line], separator))]


def _split(lines: Iterable[str], separator: str | None):
    """The cells of records in which there are quotes."""
    if separator is None:
        lines, separator = (" ".join(line.split()) for line in lines), " "
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)


def _widths(lines: list[str], separator: str | None, quoted: bool) -> Iterable[int]:
    if quoted:
        return map(len, _split(lines, separator))
    if separator is None:
        return (len(line.split()) for line in lines)
    return (line.count(separator) + 1 for line in lines)


def _separator_and_decimal(records: Records):
    """(separator, decimal sign, cells of a sample) with which most cells are numbers or times."""
    many = len(records.lines) > FEW_RECORDS
    begin = len(records.lines) // (2 if many else 4)  # a row, most likely, whatever comes before the first of them
    lines = records.lines[begin : begin + SAMPLED_RECORDS]
    best = None
    for separator in SEPARATORS if records.separator is None else (records.separator,):
        rows = [fields(line, separator, records.quoted)[:SAMPLED_CELLS] for line in lines]
        cells = [cell for row in rows for cell in row]
        decimal = decimal_sign(cells)
        kinds = Counter(kind(cell) for cell in cells)
        hits = kinds["number"] + kinds["date"] + kinds["clock"]
        merit = (hits / max(1, len(cells) - kinds["gap"]), len(cells) > len(rows))
        if best is None or merit > best[0]:
            best = merit, separator, decimal, rows
    if best[0][0] == 0:
        raise ValueError(
            f"no columns of numbers were found: line {records.numbers[begin]} is {lines[0].strip()[:40]!r}. "
            f"Separate numbers by tabs, semicolons, commas or spaces."
        )
    return best[1:]


def _rows_before(records: Records, separator, sample: list[list[str]]) -> int:
    """How many records stand above the first row: the first with a number and no word where numbers belong.

    A line with a word among its numbers is a row, too, where it stands between the names and that row.
    """
    found = Counter()
    for row in sample[len(sample) // 2 :]:
        for column, cell in enumerate(row):
            found[column] += {"gap": 0, "word": -1}.get(kind(cell), 1)
    numeric = {column for column, balance in found.items() if balance >= 0}
    names, above = [], []  # the kinds of cell in the two lines before
    for index, line in enumerate(records.lines[:MOST_LINES_BEFORE]):
        cells = fields(line, separator, records.quoted)[:SAMPLED_CELLS]
        kinds = [kind(cell) for column, cell in enumerate(cells) if column in numeric]
        if "word" not in kinds and not VALUES.isdisjoint(kinds):
            below_names = set(names) == {"word"} and len(names) == len(above) == len(kinds)
            return index - 1 if below_names and not VALUES.isdisjoint(above) else index
        names, above = above, kinds
    raise ValueError(
        f"no row of numbers was found in the first {min(len(records.lines), MOST_LINES_BEFORE)} lines: "
        f"delete what stands above the table."
    )


def _header(records: Records, start: int, separator, width: int) -> tuple[list[str], int]:
    """(the names in the lines just above the rows, the first record of these lines)."""
    above = [fields(line, separator, records.quoted) for line in records.lines[max(0, start - 2) : start]]
    if separator is None:
        above = [_with_units(cells, width) for cells in above]
    if above:
        names = above[-1]
        if len(above) == 2 and _are_units(above[1], above[0]):
            return [_joined(name, unit) for name, unit in zip(*above, strict=True)], start - 2
        fits = separator is not None or len(names) == width
        return (names, start - 1) if fits and any(names) else ([], start)
    said = records.comments.get(records.numbers[start] - 1, "")
    for between in (separator, ",", None):  # in a comment the separator may be another
        names = _with_units(fields(said, between, records.quoted), width)
        if len(names) == width and all(names) and "word" in {kind(name) for name in names}:
            return names, start
    return [], start


def _with_units(cells: list[str], width: int) -> list[str]:
    """Names split at blanks, each with the unit in brackets that follows it."""
    if len(cells) <= width:
        return cells
    names: list[str] = []
    for cell in cells:
        if names and (cell[0] in "([" or names[-1].count("(") > names[-1].count(")")):
            names[-1] += f" {cell}"
        else:
            names.append(cell)
    return names


def _are_units(units: list[str], names: list[str]) -> bool:
    """Whether a second line of a header has the units of the first."""
    titles = len(names) == len(units) and all(names) and any(units) and not any(name[0].isdigit() for name in names)
    return titles and all(_IN_BRACKETS.fullmatch(unit) or _UNIT.fullmatch(unit) for unit in units)


def _joined(name: str, unit: str) -> str:
    bare = _IN_BRACKETS.fullmatch(unit)
    unit = bare[1] if bare else unit
    return f"{name} ({unit})" if unit.strip(" -") else name


def distinct(names: Sequence[str], width: int) -> tuple[str, ...]:
    """`width` names: brackets round, a number for a column without a name, and no name twice."""
    found: dict[str, int] = {}  # how often a name has been met
    for column in range(width):
        given = " ".join(names[column].split()) if column < len(names) else ""
        name = given = re.sub(r" ?\[([^\[\]]+)\]$", r" (\1)", given) or f"column {column + 1}"
        while name in found:
            found[given] += 1
            name = f"{given} {found[given]}"
        found[name] = 1
    return tuple(found)
