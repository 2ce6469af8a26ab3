"""What is read: columns of numbers, and what has to be said of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from .columns import Column, seconds
from .layout import distinct

TIME = "time (s)"
MOST_NAMED = 4  # columns in a note


class Table(NamedTuple):
    """Columns of numbers by name. A unit is part of the name, as in "time (s)"."""

    names: tuple[str, ...]  # in order
    columns: dict[str, np.ndarray]  # (m,) float64 each; NaN for a gap
    notes: tuple[str, ...]  # sentences on what was left out, filled or taken for granted

    @property
    def m(self) -> int:
        """The number of rows."""
        return self.columns[self.names[0]].size


def build(names: Sequence[str], columns: Sequence[Column], notes: Sequence[str], where: Callable[[int], str]) -> Table:
    """The table of columns as they were understood; `where` says in words where row i was found.

    Raises ValueError where none of them has numbers.
    """
    kept, of_words, empty = {}, [], []
    for name, column in _with_clocks(zip(names, columns, strict=True)):
        values, words = np.count_nonzero(~np.isnan(column.values)), np.count_nonzero(column.words)
        if words > values:
            of_words.append(name)
        elif values == 0:
            empty.append(name)
        else:
            kept[name] = column
    if not kept:
        raise ValueError(
            f"no column has numbers: {_listed(of_words + empty)}. Give numbers, with one sign for decimals."
        )
    notes = [*notes, *_left_out(of_words, empty), *_gaps(kept, where)]
    called, numbers = [], []
    for name, column in kept.items():
        values = column.values
        if values.dtype.kind in "mM":
            values, start = seconds(values)
            notes.append(f'Times in "{name}" are seconds since {start}, as "{TIME}".')
            name = TIME
        called.append(name)
        numbers.append(values)
    called = distinct(called, len(called))
    return Table(called, dict(zip(called, numbers, strict=True)), tuple(notes))


def _with_clocks(columns: Iterable[tuple[str, Column]]) -> list[tuple[str, Column]]:
    """The columns; one of days and the times of day beside it become one."""
    merged: list[tuple[str, Column]] = []
    for name, column in columns:
        if column.values.dtype.kind == "m" and merged and _has_days_only(merged[-1][1].values):
            above, days = merged.pop()
            both = Column(days.values + column.values, days.words | column.words, days.first_word or column.first_word)
            merged.append((f"{above} {name}", both))
        else:
            merged.append((name, column))
    return merged


def _has_days_only(values: np.ndarray) -> bool:
    return values.dtype.kind == "M" and bool((np.isnat(values) | (values == values.astype("M8[D]"))).all())


def _left_out(of_words: list[str], empty: list[str]) -> Iterator[str]:
    if of_words:
        yield f"Left out, as they have words: {_listed(of_words)}."
    if empty := [name for name in empty if not name.startswith("column ")]:  # those come of a separator at the end
        yield f"Left out, as they are empty: {_listed(empty)}."


def _gaps(kept: dict[str, Column], where: Callable[[int], str]) -> Iterator[str]:
    """Sentences on cells that are NaN."""
    gaps = {name: np.count_nonzero(np.isnan(column.values) & ~column.words) for name, column in kept.items()}
    if gaps_in := {name: f"{count} in " for name, count in gaps.items() if count}:
        yield f"Gaps: {_listed(list(gaps_in), list(gaps_in.values()))}."
    wrong = [(name, column) for name, column in kept.items() if column.words.any()]
    for name, column in wrong[:MOST_NAMED]:
        count = np.count_nonzero(column.words)
        more = f" and {count - 1} more" if count > 1 else ""
        at = where(int(column.words.argmax()))
        yield f'No number: "{column.first_word}" in column "{name}", {at}{more}. Taken for gaps.'
    if len(wrong) > MOST_NAMED:
        yield f"No numbers, and taken for gaps, have {len(wrong) - MOST_NAMED} more columns."


def _listed(names: Sequence[str], before: Sequence[str] = ()) -> str:
    """A few names in quotes, each with what stands before it, and how many more there are."""
    before = before or [""] * len(names)
    shown = [f'{what}"{name}"' for what, name in zip(before, names, strict=True)]
    more = f" and {len(shown) - MOST_NAMED} more columns" if len(shown) > MOST_NAMED else ""
    return ", ".join(shown[:MOST_NAMED]) + more
