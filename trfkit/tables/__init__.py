"""Tables as people have them, a file, pasted text or a pandas frame, read into columns of numbers.

text       bytes to text, text to records: encodings, comments, quotes
cells      what one cell is: a number, a gap, a date or a word
layout     separator, decimal sign, where the table begins, the names of its columns
columns    cells to numbers, and dates to seconds
roles      which columns are x, y and sigma, by their names
read       all of that: `read_table` for text, `frame_table` for frames
"""

from .read import frame_table, read_table
from .roles import Roles, roles
from .table import Table

__all__ = ["Roles", "Table", "frame_table", "read_table", "roles"]
