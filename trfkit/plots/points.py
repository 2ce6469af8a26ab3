"""Which points of a data set are drawn: all of a few; of many, the extremes of each column of pixels."""

from typing import NamedTuple

import numpy as np

from trfkit.plots.decimate import extremes

COLUMNS = 1200  # of decimated data, about one for each pixel of the panel at 1.5 times a screen's resolution
MOST_POINTS = 5_000  # more data than this is drawn by its extremes


class Drawn(NamedTuple):
    """Points to draw, ascending in x."""

    index: np.ndarray  # (k,) where in the data they are
    x: np.ndarray  # (k,)
    y: np.ndarray  # (k,)
    decimated: bool
    breaks: np.ndarray  # (j,) between which of them and the one before lie points that are not of this kind

    def broken(self):
        """x and y with gaps at the breaks, for a line through decimated points."""
        return tuple(np.insert(values, self.breaks, np.nan) for values in (self.x, self.y))


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
        self._order = finite[np.argsort(line[finite], kind="stable")]
        self._x, self._y = line[self._order], y[self._order].astype(float)
        self._counts = np.asarray(counts, bool)[self._order]
        self.size = int(np.count_nonzero(self._counts))  # points that count
        self.left_out_size = len(self._counts) - self.size

    @property
    def range(self):
        """(least, greatest) x of all points, or (0, 1) where there are none."""
        return (float(self._x[0]), float(self._x[-1])) if len(self._x) else (0.0, 1.0)

    def counting(self, limits=None) -> Drawn:
        """The points that count, where limits (low, high) of x are given those between, and one on either side."""
        return self._drawn(self._counts, limits)

    def left_out(self, limits=None) -> Drawn:
        """The points that do not count."""
        return self._drawn(~self._counts, limits)

    def _drawn(self, chosen, limits) -> Drawn:
        first, last = 0, len(self._x)
        if limits is not None:
            first = max(0, np.searchsorted(self._x, limits[0]) - 1)
            last = np.searchsorted(self._x, limits[1], side="right") + 1
        at = first + np.flatnonzero(chosen[first:last])
        columns = COLUMNS if len(at) > MOST_POINTS else len(at)
        kept = at[extremes(self._x[at], self._y[at], columns)]
        decimated = len(kept) < len(at)
        breaks = _breaks(chosen, kept) if decimated else np.empty(0, int)
        return Drawn(self._order[kept], self._x[kept], self._y[kept], decimated, breaks)


def _breaks(chosen, kept):
    """Where the points between two that were kept are mostly others: a range that is left out, not a stray point."""
    so_far = np.cumsum(chosen)
    same = np.diff(so_far[kept]) - 1
    others = np.diff(kept) - 1 - same
    return np.flatnonzero(others > 2 * same + 1) + 1


def standard_errors(sigma, m: int):
    """Standard errors (m,) from a number, (m,) errors or an (m, m) covariance; None from None."""
    if sigma is None:
        return None
    sigma = np.sqrt(np.diag(sigma)) if np.ndim(sigma) == 2 else np.asarray(sigma, dtype=float)
    return np.broadcast_to(sigma, (m,))
