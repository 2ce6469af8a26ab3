"""Fewer points, the same picture."""

import math

import numpy as np

POINTS_A_COLUMN = 64  # with fewer, blocks gain nothing
USUAL_COLUMNS = 1000


def extremes(x, y, columns):
    """Indices, ascending in x, of the least and the greatest y in each of `columns` equal intervals of x.

    Drawn as one polyline they leave the picture of the whole series: a pixel column holds only its extremes. NaN in y
    counts as neither, and all indices come back, ordered, where there are too few points to drop any.
    """
    order = np.argsort(x, kind="stable")
    if len(x) <= 2 * columns:
        return order
    return order[once(*_envelope(x[order], y[order], columns))]


def once(*indices):
    """All of them ascending, each one once; NumPy's unique, which hashes them, takes 30 times as long."""
    indices = np.sort(np.concatenate(indices))
    return indices[np.diff(indices, prepend=-1) > 0]


def _envelope(x, y, columns):
    """Indices of the least and of the greatest y in each column that has any of the x, which ascend."""
    starts = np.flatnonzero(np.diff(_columns_of(x, x[0], x[-1], columns), prepend=-1))
    return [
        _first_equal(np.where(np.isnan(y), fill, y), starts, pick)
        for fill, pick in ((np.inf, np.minimum), (-np.inf, np.maximum))
    ]


def _columns_of(x, low, high, columns):
    """Which of the equal intervals from low to high each x lies in."""
    if low == high:
        return np.zeros(len(x), int)
    return np.minimum(((x - low) * (columns / (high - low))).astype(int), columns - 1)


def _first_equal(y, starts, pick):
    """In each group of y that begins at `starts`, the index of the first value equal to the group's extreme."""
    group_extreme = np.repeat(pick.reduceat(y, starts), np.diff(starts, append=len(y)))
    hits = np.flatnonzero(y == group_extreme)
    groups = np.searchsorted(starts, hits, side="right")
    return hits[np.flatnonzero(np.diff(groups, prepend=0))]


class Blocks:
    """The extremes of a series block by block, found once; those of the columns of any range then need few points.

    x (m,) is ascending, y (m,) has no NaN.
    """

    def __init__(self, x, y):
        self._x, self._y = x, y
        # The least number of `_candidates`, 2 m / size + columns × size.
        self._size = size = 1 + math.isqrt(2 * len(x) // USUAL_COLUMNS)
        self._starts = np.arange(0, len(x) - size + 1, size)
        blocks = y[: len(self._starts) * size].reshape(-1, size)
        self._extremes = self._starts + [blocks.argmin(axis=1), blocks.argmax(axis=1)]  # (2, blocks)

    def envelope(self, first, last, columns):
        """Indices (c,) of the least and of the greatest y in each column of the points from `first` to before `last`.

        The columns are equal intervals from the first of these points to the last; empty ones are left out.
        """
        if last - first <= max(POINTS_A_COLUMN * columns, 2 * self._size):
            some = np.arange(first, last)
        else:
            some = self._candidates(first, last, columns)
        least, greatest = _envelope(self._x[some], self._y[some], columns)
        return some[least], some[greatest]

    def _candidates(self, first, last, columns):
        """Of the blocks inside one column the extremes, of those across two all points."""
        size = self._size
        inside = slice(-(-first // size), last // size)
        starts = self._starts[inside]
        low, high = self._x[first], self._x[last - 1]
        left, right = (_columns_of(self._x[ends], low, high, columns) for ends in (starts, starts + size - 1))
        cut = starts[left != right, None] + np.arange(size)
        ends = np.arange(first, inside.start * size), np.arange(inside.stop * size, last), [first, last - 1]
        return once(*ends, *self._extremes[:, inside][:, left == right], cut.ravel())
