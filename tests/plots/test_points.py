"""Many points drawn as the range that they fill: nothing of it is lost."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from trfkit.plots.decimate import Blocks, extremes, once
from trfkit.plots.points import MOST_POINTS, Series

nan, inf = np.nan, np.inf
LEVELS = 7  # different values of y: many a tie


def series(m, seed=0):
    rng = np.random.default_rng(seed)
    return np.sort(rng.normal(size=m)), rng.integers(LEVELS, size=m).astype(float)


def inside(corners, x):
    """Least and greatest y at x of a polygon that `Drawn.outlines` gives."""
    there, back = np.split(corners, 2)
    return np.interp(x, *back[::-1].T), np.interp(x, *there.T)


@hypothesis.given(
    st.integers(2, 3_000), st.integers(1, 40), st.integers(0, 9), st.floats(0, 0.5), st.floats(0.5, 1), st.booleans()
)
def test_extremes_found_by_blocks_are_those_of_all_points(m, columns, seed, begin, end, crowded):
    x, y = series(m, seed)
    x = np.round(x, 1) if crowded else x
    first, last = int(begin * m), max(int(begin * m) + 1, int(end * m))
    least, greatest = Blocks(x, y).envelope(first, last, columns)
    assert (y[least] <= y[greatest]).all()
    if last - first > 2 * columns:
        expected = first + extremes(x[first:last], y[first:last], columns)
        np.testing.assert_array_equal(once(least, greatest), expected)


def test_blocks_are_found_by_few_comparisons(monkeypatch):
    x, y = series(200_000)
    blocks, looked_at = Blocks(x, y), []
    candidates = Blocks._candidates
    monkeypatch.setattr(Blocks, "_candidates", lambda *args: looked_at.append(candidates(*args)) or looked_at[-1])
    blocks.envelope(0, len(x), 700)
    assert len(looked_at[0]) < len(x) / 4


def test_points_at_one_x_keep_both_extremes():
    y = np.array([3.0, -1.0, 5.0, 2.0, 4.0])
    assert sorted(y[extremes(np.ones(5), y, 2)]) == [-1.0, 5.0]


def test_columns_tell_how_many_points_are_drawn():
    x, y = series(50_000)
    for columns in (100, 700):
        drawn = Series(x, y, np.ones(len(x), bool)).counting(columns=columns)
        assert drawn.decimated and columns / 2 < len(drawn.x) <= 2 * columns


@pytest.mark.parametrize("m", [MOST_POINTS, MOST_POINTS + 1])
def test_few_points_are_all_drawn(m):
    x, y = series(m)
    drawn = Series(x, y, np.ones(m, bool)).counting()
    assert drawn.decimated == (m > MOST_POINTS)
    assert drawn.decimated or drawn.x.tolist() == x.tolist()


def test_outline_goes_through_the_extremes_of_every_column():
    x, y = series(20_000)
    drawn = Series(x, y, np.ones(len(x), bool)).counting(columns=50)
    (corners,) = drawn.outlines(drawn.y)
    column = np.minimum(((x - x[0]) * (50 / np.ptp(x))).astype(int), 49)
    for each in np.unique(column):
        least, greatest = y[column == each].min(), y[column == each].max()
        within = (corners[:, 0] >= x[column == each][0]) & (corners[:, 0] <= x[column == each][-1])
        assert (corners[within, 1].min(), corners[within, 1].max()) == (least, greatest)


def test_outline_with_a_base_reaches_it_and_has_no_hole_where_a_value_is_not_finite():
    x, y = series(20_000)
    drawn = Series(x, y, np.ones(len(x), bool)).counting(columns=50)
    (corners,) = drawn.outlines(drawn.y + 3.0, base=0.0)
    low, high = inside(corners, drawn.x)
    assert (low == 0).all() and (high >= 3).all()
    values = np.where(np.arange(len(drawn.x)) % 9 == 0, inf, np.where(np.arange(len(drawn.x)) % 7 == 0, nan, -drawn.y))
    (corners,) = drawn.outlines(values, base=0.0)
    assert np.isfinite(corners).all() and corners[:, 1].max() == 0.0 and corners[:, 1].min() == -(LEVELS - 1)


def test_range_left_out_is_a_gap_and_a_stray_point_is_none():
    x, y = series(100_000)
    counts = np.ones(len(x), bool)
    counts[40_000:60_000] = counts[80_000] = False
    both = Series(x, y, counts)
    before, after = both.counting().outlines(both.counting().y)
    assert before[:, 0].max() <= x[39_999] and after[:, 0].min() >= x[60_000]
    (between,) = both.left_out((x[40_001], x[59_998])).outlines(both.left_out((x[40_001], x[59_998])).y)
    assert x[40_000] <= between[:, 0].min() and between[:, 0].max() <= x[59_999]


def test_range_beyond_the_data_draws_no_more_than_its_neighbour():
    x, y = series(100)
    points = Series(x, y, np.ones(100, bool))
    assert points.counting((50.0, 60.0)).x.tolist() == [x[-1]]
    assert points.counting((-60.0, -50.0)).x.tolist() == [x[0]]
    assert points.left_out((0.0, 1.0)).x.size == 0
