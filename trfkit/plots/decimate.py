"""Fewer points, the same picture."""

import numpy as np


def extremes(x, y, columns):
    """Indices, ascending in x, of the least and the greatest y in each of `columns` equal intervals of x.

    Drawn as one polyline they leave the picture of the whole series: a pixel column holds only its extremes. NaN in y
    counts as neither, and all indices come back, ordered, where there are too few points to drop any.
    """
    order = np.argsort(x, kind="stable")
    if len(x) <= 2 * columns:
        return order
    x, y = x[order], y[order]
    span = x[-1] - x[0]
    if span == 0:
        return order[:1]
    column = np.minimum(((x - x[0]) * (columns / span)).astype(int), columns - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    least, greatest = (
        _first_equal(np.where(np.isnan(y), fill, y), starts, pick)
        for fill, pick in ((np.inf, np.minimum), (-np.inf, np.maximum))
    )
    return order[np.unique(np.concatenate([least, greatest]))]


def _first_equal(y, starts, pick):
    """In each group of y that begins at `starts`, the index of the first value equal to the group's extreme."""
    group_extreme = np.repeat(pick.reduceat(y, starts), np.diff(starts, append=len(y)))
    hits = np.flatnonzero(y == group_extreme)
    groups = np.searchsorted(starts, hits, side="right")
    return hits[np.flatnonzero(np.diff(groups, prepend=0))]
