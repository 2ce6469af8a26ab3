"""Names written beside curves, where they cover nothing.

The panel is a coarse grid of cells; those that a point or a curve passes through are taken. A name may stand above or
below its curve at any of a row of places, the best of which are free and near its peak.
"""

import numpy as np

CELL = 4.0  # CSS pixels
PLACES = 41  # along a curve
FROM_CURVE = 12.0  # from a name to its curve: a handle on the curve's peak has room
FROM_EDGE = 3.0


class Taken:
    """The cells of a panel of width by height that are drawn on; coordinates are in CSS pixels from its corner."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self._columns, self._rows = int(np.ceil(width / CELL)), int(np.ceil(height / CELL))
        self._cells = np.zeros((self._rows, self._columns), bool)

    def copy(self) -> "Taken":
        """Another with the same cells."""
        other = Taken(self.width, self.height)
        other._cells[:] = self._cells
        return other

    def add_points(self, x, y):
        """Take the cells of points (k,)."""
        with np.errstate(invalid="ignore"):
            inside = (x >= 0) & (x < self.width) & (y >= 0) & (y < self.height)
        self._cells[(y[inside] / CELL).astype(int), (x[inside] / CELL).astype(int)] = True

    def add_curve(self, x, y):
        """Take the cells of a curve (k,), x ascending."""
        self.add_between((x, y), (x, y))

    def add_between(self, lower, upper):
        """Take the cells from one curve, x and y, to another above it."""
        edges = np.arange(self._columns + 1) * CELL
        lower, upper = (np.interp(edges, *curve, left=np.nan, right=np.nan) for curve in (lower, upper))
        low, high = np.fmin(lower[:-1], lower[1:]), np.fmax(upper[:-1], upper[1:])
        rows = np.arange(self._rows)[:, None] * CELL
        self._cells |= (rows <= high + 1) & (rows + CELL >= low - 1)

    def add_box(self, left, bottom, width, height):
        """Take the cells of a rectangle."""
        (row, column), (last_row, last_column) = (
            (int(max(0, y) / CELL), int(max(0, x) / CELL)) for x, y in ((left, bottom), (left + width, bottom + height))
        )
        self._cells[row : last_row + 1, column : last_column + 1] = True

    def has(self, x, y):
        """Whether any of the points (k,) lies in the panel."""
        with np.errstate(invalid="ignore"):
            return bool(np.any((x >= 0) & (x <= self.width) & (y >= 0) & (y <= self.height)))

    def free(self, left, bottom, width, height):
        """Which of the rectangles at left, bottom (k,) lie inside the panel and on no cell that is taken."""
        sums = np.zeros((self._rows + 1, self._columns + 1), np.int32)
        sums[1:, 1:] = self._cells.cumsum(0, dtype=np.int32).cumsum(1)
        with np.errstate(invalid="ignore"):
            inside = (left >= FROM_EDGE) & (left + width <= self.width - FROM_EDGE)
            inside &= (bottom >= FROM_EDGE) & (bottom + height <= self.height - FROM_EDGE)
        left, bottom = np.where(inside, left, 0.0), np.where(inside, bottom, 0.0)
        c0, r0 = (left / CELL).astype(int), (bottom / CELL).astype(int)
        c1 = np.minimum(((left + width) / CELL).astype(int) + 1, self._columns)
        r1 = np.minimum(((bottom + height) / CELL).astype(int) + 1, self._rows)
        return inside & (sums[r1, c1] - sums[r0, c1] - sums[r1, c0] + sums[r0, c0] == 0)


def place(taken: Taken, x, y, width, height):
    """(left, bottom) of a name of this size beside the curve y (k,) over x (k,), or None where there is no free place.

    The cells of the name are taken.
    """
    middles = np.linspace(0.5 * width + FROM_EDGE, taken.width - 0.5 * width - FROM_EDGE, PLACES)
    peak = _peak(taken, x, y)
    if peak is not None:
        middles = np.append(middles, peak)
    span = np.stack([np.interp(middles + part * width, x, y, np.nan, np.nan) for part in (-0.5, -0.25, 0, 0.25, 0.5)])
    above, below = span.max(0) + FROM_CURVE, span.min(0) - FROM_CURVE - height
    left, bottom = np.tile(middles - 0.5 * width, 2), np.concatenate([above, below])
    good = np.flatnonzero(taken.free(left, bottom, width, height))
    if good.size == 0:
        return None
    wanted = taken.width * 0.85 if peak is None else peak
    awry = np.abs(np.tile(middles, 2) - wanted) + np.repeat([0.0, 0.5 * width + FROM_CURVE], len(middles))
    best = good[np.argmin(awry[good])]
    taken.add_box(left[best], bottom[best], width, height)
    return left[best], bottom[best]


def _peak(taken, x, y):
    """Where the curve is highest in the panel, if that is not at its end."""
    with np.errstate(invalid="ignore"):
        seen = np.flatnonzero((x >= 0) & (x <= taken.width) & np.isfinite(y))
    if seen.size < 3:
        return None
    highest = seen[np.argmax(y[seen])]
    return None if highest in (seen[0], seen[-1]) else x[highest]
