"""Names beside curves: on a free place, near the peak, or nowhere."""

import numpy as np

from trfkit.plots.labels import Taken, place

X = np.linspace(0.0, 400.0, 401)
PEAK = 100.0 * np.exp(-(((X - 200.0) / 40.0) ** 2))


def test_name_stands_above_the_peak_of_its_curve():
    taken = Taken(400, 200)
    taken.add_curve(X, PEAK)
    left, bottom = place(taken, X, PEAK, 40.0, 12.0)
    assert left == 180.0
    assert 105.0 < bottom < 125.0


def test_name_covers_neither_points_nor_another_name():
    taken = Taken(400, 200)
    taken.add_curve(X, PEAK)
    taken.add_points(np.full(20, 200.0), np.linspace(105, 199, 20))
    first = place(taken, X, PEAK, 40.0, 12.0)
    second = place(taken, X, PEAK, 40.0, 12.0)
    for left, _ in (first, second):
        assert left > 200.0 or left + 40.0 < 200.0
    assert abs(first[0] - second[0]) >= 40.0 or abs(first[1] - second[1]) >= 12.0


def test_name_finds_no_place_in_a_full_panel():
    taken = Taken(400, 200)
    taken.add_box(0, 0, 399, 199)
    assert place(taken, X, PEAK, 40.0, 12.0) is None


def test_name_of_a_curve_without_a_peak_stands_near_its_end():
    falling = 150.0 * np.exp(-X / 150.0)
    left, _ = place(Taken(400, 200), X, falling, 40.0, 12.0)
    assert left > 250.0


def test_curve_with_gaps_and_one_outside_of_the_panel_take_no_cell():
    taken = Taken(400, 200)
    taken.add_curve(X, np.full(401, np.nan))
    taken.add_curve(X, np.full(401, 1e9))
    taken.add_points(np.array([np.nan, 1e9, -5.0]), np.array([1.0, 1.0, 1.0]))
    assert taken.free(np.array([10.0]), np.array([10.0]), 300.0, 150.0).all()
    assert not taken.has(X, np.full(401, np.inf))
