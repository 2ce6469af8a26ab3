"""Bytes to text and text to records: the lines that hold cells, each with its number."""

import codecs
import re
from typing import NamedTuple

MOST_BYTES = 256 * 2**20  # 10⁶ rows of ten columns with all digits are 200 MB
MOST_CHARACTERS = 2**22  # in a line: enough for 20 000 columns
MOST_LINES_OF_A_CELL = 20  # a quote that closes later than this was never meant to open

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
WORKBOOKS = {
    b"PK\x03\x04": "an Excel or OpenDocument workbook, or a zip archive",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
}
# Excel writes its errors with the # that begins a comment elsewhere.
COMMENT = re.compile(r"\s*(?:#(?!N/A|DIV/0|NUM!|VALUE!|REF!|NAME\?|NULL!)|%|//)")
EXCELS_OWN = re.compile(r'"?sep=([,;\t])"?\s*', re.IGNORECASE)  # a first line for Excel that names the separator


class Records(NamedTuple):
    """The lines of a text that hold cells, and those that only say something."""

    lines: list[str]  # without blank lines and comments; a cell with line breaks is put into one line
    numbers: list[int]  # of the lines in the text, from 1
    comments: dict[int, str]  # by the number of their line, without their mark
    quoted: bool  # whether " stands round cells
    separator: str | None  # where the first line tells it


def as_text(given) -> tuple[str, list[str]]:
    r"""(text whose lines end in "\n", notes) of a str, or of bytes in UTF-8, UTF-16 or Windows-1252.

    Raises TypeError for anything else, ValueError for what is no text or more than can be read at once.
    """
    if not isinstance(given, str | bytes | bytearray | memoryview):
        raise TypeError(f"a table is read from a str or bytes, got {type(given).__name__}: give the text of the file.")
    size = given.nbytes if isinstance(given, memoryview) else len(given)
    if size > MOST_BYTES:
        raise ValueError(
            f"a text of {size / 2**20:.0f} MB is more than the {MOST_BYTES // 2**20} MB read at once: "
            f"thin it out, or hand in arrays."
        )
    text, notes = (given, []) if isinstance(given, str) else _decoded(bytes(given))
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff").rstrip("\x1a")  # DOS ends with ^Z
    if (at := text.find("\0")) >= 0:
        raise ValueError(f"line {text.count(chr(10), 0, at) + 1} has a zero byte: this is no text. Export it as CSV.")
    if not text.isascii():
        text = text.replace("\u2212", "-").replace("\u00a0", " ")  # minus sign, no-break space
        text = text.encode("utf-8", "replace").decode()  # half of a surrogate pair becomes "?"
    return text, notes


def _decoded(data: bytes) -> tuple[str, list[str]]:
    for magic, what in WORKBOOKS.items():
        if data.startswith(magic):
            raise ValueError(f"this is {what}, no text: save the sheet as CSV and read that.")
    encoding = next((name for mark, name in MARKS.items() if data.startswith(mark)), None) or _unmarked(data)
    if encoding != "utf-8":
        return data.decode(encoding, "replace"), []
    try:
        return data.decode(encoding), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return data.decode("cp1252", "replace"), [
            f"Line {line} is not UTF-8: the text was read as Windows-1252 (Latin-1)."
        ]


def _unmarked(data: bytes) -> str:
    """UTF-16 without a mark has a zero in every other byte of its digits."""
    even, odd = data[:2000:2], data[1:2000:2]
    for name, zeros, digits in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros.count(0) > len(zeros) / 2 and digits.count(0) == 0:
            return name
    return "utf-8"


def records(text: str) -> Records:
    """The records of a text, in order. Raises ValueError where one is too long to be a row."""
    lines, quoted = text.split("\n"), '"' in text
    long = max(range(len(lines)), key=lambda i: len(lines[i]))
    if len(lines[long]) > MOST_CHARACTERS:
        raise ValueError(
            f"line {long + 1} has {len(lines[long])} characters, too many for a row: end rows by line breaks."
        )
    numbers = range(1, len(lines) + 1)
    if quoted:
        lines, numbers, quoted = _whole_cells(lines)
    told = EXCELS_OWN.fullmatch(lines[0])
    said = {} if told is None else {1: ""}
    if any(mark in text for mark in ("#", "%", "//")):
        marks = ((number, line, COMMENT.match(line)) for number, line in zip(numbers, lines, strict=True))
        said |= {number: line[mark.end() :].lstrip("#%/! ") for number, line, mark in marks if mark}
    kept = [(line, n) for line, n in zip(lines, numbers, strict=True) if n not in said and line and not line.isspace()]
    return Records([line for line, _ in kept], [number for _, number in kept], said, quoted, told and told[1])


def _whole_cells(lines: list[str]) -> tuple[list[str], list[int], bool]:
    """Lines between which a quote is open, joined; the lines as they are, and False, where a quote stays open."""
    whole, numbers = [], []
    opened = None
    for number, line in enumerate(lines, 1):
        if opened is None:
            whole.append(line)
            numbers.append(number)
        else:
            whole[-1] += " " + line
        if line.count('"') % 2:
            opened = number if opened is None else None
        if opened is not None and number - opened > MOST_LINES_OF_A_CELL:
            break
    if opened is not None:
        return lines, list(range(1, len(lines) + 1)), False
    return whole, numbers, True
