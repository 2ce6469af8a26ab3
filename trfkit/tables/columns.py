"""The cells of columns to numbers, and dates to seconds."""

from typing import Any, NamedTuple

import numpy as np

from ..optional import pandas
from .cells import TIMES, decimal_sign, is_gap, number

MOST_LOOKED_AT = 1000  # different cells, to tell what a column has


class Column(NamedTuple):
    """A column as it was understood."""

    values: np.ndarray  # (m,) float64, or datetime64 or timedelta64
    words: np.ndarray  # (m,) True for cells that are neither number, time nor gap
    first_word: str  # of them, shortened; "" if there is none


def understand(series: Any, decimal: str) -> Column:
    """A pandas Series as numbers or times. Where it has words they are NaN, too."""
    if series.dtype.kind in "iuf":
        return Column(series.to_numpy(dtype=float, na_value=np.nan), np.zeros(len(series), dtype=bool), "")
    if series.dtype.kind in "mM":
        return Column(_plain_times(series), np.zeros(len(series), dtype=bool), "")
    texts = series.astype(object).map(str, na_action="ignore")
    codes, distinct = pandas("reading a table").factorize(texts)  # a gap has the code -1
    cells = [cell.strip() for cell in distinct]
    some = cells[:MOST_LOOKED_AT]
    timed = {kind: sum(pattern.fullmatch(cell) is not None for cell in some) for kind, pattern in TIMES.items()}
    likeliest = max(timed, key=timed.get)
    if 2 * timed[likeliest] > len(some):
        values = _times(cells, likeliest)
    else:
        sign = decimal_sign(some, likely=decimal)
        values = np.array([number(cell, sign) for cell in cells], dtype=float)
    word = np.isnan(values)
    word[word] = [not is_gap(cells[i]) for i in np.flatnonzero(word)]
    words = np.append(word, False)[codes]
    first = cells[codes[words.argmax()]][:30] if words.any() else ""
    nothing = np.full(1, "nan" if values.dtype.kind == "f" else "NaT", dtype=values.dtype)
    return Column(np.append(values, nothing)[codes], words, first)


def _times(cells: list[str], kind: str) -> np.ndarray:
    """The cells of a kind as datetime64 (dates, in UTC) or timedelta64 (clocks); NaT for the others."""
    matched = [cell.replace(",", ".") if TIMES[kind].fullmatch(cell) else None for cell in cells]
    library = pandas("reading dates")
    if kind == "clock":
        whole = [cell if cell is None or cell.count(":") == 2 else f"{cell}:00" for cell in matched]
        return library.to_timedelta(library.Series(whole, dtype=object), errors="coerce").to_numpy()
    dates = library.to_datetime(library.Series(matched, dtype=object), errors="coerce", utc=True, format="ISO8601")
    return _plain_times(dates)


def _plain_times(series: Any) -> np.ndarray:
    """Times of a pandas Series as NumPy has them, without a zone."""
    if getattr(series.dtype, "tz", None) is not None:
        series = series.dt.tz_convert(None)
    return series.to_numpy()


def seconds(times: np.ndarray) -> tuple[np.ndarray, str]:
    """(seconds since the first of the times, what that is)."""
    start = times[np.flatnonzero(~np.isnat(times))[0]]
    since = start if times.dtype.kind == "M" else np.datetime64("1970-01-01") + start
    name = str(since.astype("M8[ms]")).replace("T", " ").removesuffix(".000")
    return (times - start) / np.timedelta64(1, "s"), name if times.dtype.kind == "M" else name.partition(" ")[2]
