"""Text, or a frame, to a `Table`."""

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..optional import pandas
from .cells import GAPS
from .columns import understand
from .layout import MOST_COLUMNS, Layout, distinct, find_layout
from .table import Table, build
from .text import Records, as_text, records

FORTRAN = re.compile(r"(?<=[0-9.])[dD](?=[+-]?[0-9])", re.ASCII)  # the exponent of a double, which pandas cannot read
MOST_CELLS = 50_000_000  # 400 MB of float64


def read_table(text_or_bytes) -> Table:
    """The columns of numbers in a text, whoever wrote it.

    Tabs, semicolons, commas or blanks between the cells; a decimal point or comma; with a header, units below it or
    in brackets, or without; comments after #, % or //. What is no number becomes NaN, a column of words is left out,
    and one of ISO dates or times becomes "time (s)" since the first; `notes` of the table say so.

    Raises TypeError and ValueError for what is no such text, ImportError where pandas is not installed.
    """
    text, notes = as_text(text_or_bytes)
    lines = records(text)
    layout = find_layout(lines)
    frame = _frame(lines, layout)
    columns = [understand(frame[column], layout.decimal) for column in range(len(layout.names))]
    notes += layout.notes
    if layout.decimal == ",":
        notes.append("Commas are read as decimal signs.")
    return build(layout.names, columns, notes, lambda row: f"line {lines.numbers[layout.start + row]}")


def frame_table(frame: Any) -> Table:
    """The columns of numbers of a pandas DataFrame, or of a dict of arrays of one length; else as `read_table`.

    An index that is not a mere count is the first column.
    """
    library = pandas("a table of arrays")
    if not isinstance(frame, library.DataFrame):
        if not isinstance(frame, Mapping):
            raise TypeError(f"a table is a DataFrame or a dict of arrays, got {type(frame).__name__}.")
        frame = library.DataFrame({name: np.asarray(values) for name, values in frame.items()})
    if not isinstance(frame.index, library.RangeIndex):
        frame = frame.reset_index(allow_duplicates=True)
    if not 0 < frame.size <= MOST_CELLS or frame.shape[1] > MOST_COLUMNS:
        rows, columns = frame.shape
        raise ValueError(
            f"the frame has {rows} rows and {columns} columns: give from 1 to {MOST_CELLS} cells, "
            f"in {MOST_COLUMNS} columns at most."
        )
    names = [", ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    columns = [understand(frame.iloc[:, column], ".") for column in range(len(names))]
    return build(distinct(names, len(names)), columns, [], lambda row: f"row {row}")


def _frame(lines: Records, layout: Layout) -> Any:
    """The rows as a pandas DataFrame, columns by number; those that are not plain numbers as text."""
    rows, library = lines.lines[layout.start :], pandas("reading a table")
    if len(rows) * layout.widest > MOST_CELLS:
        raise ValueError(
            f"{len(rows)} lines, the longest with {layout.widest} fields, are more than {MOST_CELLS} cells: "
            f"delete columns, or a line that is longer than the others."
        )
    body = "\n".join(rows)
    if "D" in body or "d" in body:
        body = FORTRAN.sub("e", body)
    unclosed = f"a quote after line {lines.numbers[layout.start]} does not close: take the quotes out of the text."
    try:
        frame = library.read_csv(
            io.StringIO(body), sep=layout.separator or r"\s+", decimal=layout.decimal, header=None,
            names=range(layout.widest), usecols=range(len(layout.names)), index_col=False, na_values=list(GAPS),
            skipinitialspace=True, skip_blank_lines=False, low_memory=False,
            quoting=csv.QUOTE_MINIMAL if lines.quoted else csv.QUOTE_NONE, engine="c",
        )  # fmt: skip
    except library.errors.ParserError as error:
        raise ValueError(unclosed) from error
    if len(frame) != len(rows):
        raise ValueError(unclosed)
    return frame
