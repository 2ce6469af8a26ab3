"""Which points of a data set are drawn: all of a few; of many, the extremes of each column of pixels."""

from functools import reduce
from typing import NamedTuple

import numpy as np

from trfkit.plots.decimate import Blocks, once

COLUMNS = 1200  # of decimated data where nothing else is said, about one for each pixel of a panel
MOST_POINTS = 5_000  # more data than this is drawn by its extremes


class Run(NamedTuple):
    """Decimated points between which no range is left out, as places among those that are drawn."""

    least: np.ndarray  # (c,) of each column
    greatest: np.ndarray  # (c,)


class Drawn(NamedTuple):
    """Points to draw, ascending in x."""

    index: np.ndarray  # (k,) where in the data they are
    x: np.ndarray  # (k,)
    y: np.ndarray  # (k,)
    runs: tuple[Run, ...] = ()  # of decimated ones

    @property
    def decimated(self) -> bool:
        """Whether there are more, between the least and the greatest of each column."""
        return bool(self.runs)

    def outlines(self, values, base=None):
        """Corners (2c, 2) around what decimated points with these values (k,) fill, and `base` with it, of each run."""
        if base is not None:
            values = np.where(np.isfinite(values), values, base)
        return [self._outline(values, run, () if base is None else (base,)) for run in self.runs]

    def _outline(self, values, run, base):
        ends = values[run.least], values[run.greatest], *base
        lower, upper = (reduce(pick, ends) for pick in (np.minimum, np.maximum))
        there, back = np.stack([self.x[run.greatest], upper], axis=1), np.stack([self.x[run.least], lower], axis=1)
        return np.concatenate([there, back[::-1]])


class Series:
    """Data in the order of x, sorted once, from which any range is drawn.

    Where x is not one real number per point, the points are drawn in their order. Those that are not finite are left
    out altogether. `counts` (m,) tells the points that count from those that a person left out.
    """

    def __init__(self, x, y, counts):
        line, y = np.asarray(x), np.asarray(y)
        self.over_x = line.shape == y.shape and line.dtype.kind in "iuf"
        line = line.astype(float) if self.over_x else np.arange(len(y), dtype=float)
        finite = np.flatnonzero(np.isfinite(line) & np.isfinite(y))
        order = finite[np.argsort(line[finite], kind="stable")]
        counts = np.asarray(counts, bool)[order]
        self._counting, self._left_out = (Ordered(line, y, order, chosen) for chosen in (counts, ~counts))
        self.size = self._counting.size
        self.left_out_size = len(y) - self.size
        self.range = (float(line[order[0]]), float(line[order[-1]])) if len(order) else (0.0, 1.0)

    def counting(self, limits=None, columns=COLUMNS) -> Drawn:
        """The points that count, where limits (low, high) of x are given those between, and one on either side.

        Of many points the extremes in each of so many `columns`.
        """
        return self._counting.drawn(limits, columns)

    def left_out(self, limits=None, columns=COLUMNS) -> Drawn:
        """The points that do not count."""
        return self._left_out.drawn(limits, columns)


class Ordered:
    """The chosen points, (m,) bool, of those at x and y that `order` (m,) gives in the order of x."""

    def __init__(self, x, y, order, chosen):
        self._rank = np.flatnonzero(chosen)  # among all points
        self._index = order[self._rank]
        self._x, self._y = x[self._index], y[self._index].astype(float)
        self._blocks = Blocks(self._x, self._y)
        self.size = len(self._index)

    def drawn(self, limits, columns):
        """See `Series.counting`."""
        first, last = 0, self.size
        if limits is not None:
            first = max(0, np.searchsorted(self._x, limits[0]) - 1)
            last = min(last, np.searchsorted(self._x, limits[1], side="right") + 1)
        if last - first <= max(MOST_POINTS, 2 * columns):
            kept, runs = np.arange(first, last), ()
        else:
            envelope = self._blocks.envelope(first, last, columns)
            kept = once(*envelope)
            runs = tuple(Run(*(np.searchsorted(kept, ends) for ends in run)) for run in self._runs(*envelope))
        return Drawn(self._index[kept], self._x[kept], self._y[kept], runs)

    def _runs(self, least, greatest):
        """The extremes in pieces between which there are mostly others: a range left out, not a stray point."""
        begins, ends = np.minimum(least, greatest)[1:], np.maximum(least, greatest)[:-1]
        same = begins - ends - 1
        others = self._rank[begins] - self._rank[ends] - 1 - same
        cuts = np.flatnonzero(others > 2 * same + 1) + 1
        return zip(np.split(least, cuts), np.split(greatest, cuts), strict=True)


def standard_errors(sigma, m: int):
    """Standard errors (m,) from a number, (m,) errors or an (m, m) covariance; None from None."""
    if sigma is None:
        return None
    sigma = np.sqrt(np.diag(sigma)) if np.ndim(sigma) == 2 else np.asarray(sigma, dtype=float)
    return np.broadcast_to(sigma, (m,))
