"""The data of many fits: which points count, whose x is whose, and what is given on to the lanes."""

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.batch import curves as curves_module
from trfkit.batch.curves import Curves
from trfkit.batch.each import Each
from trfkit.models import Gaussian2D, Model

M = 5
X = np.arange(5.0)
LINE = Model.from_expression("a*x + b")
Y = np.arange(15.0).reshape(3, M)
ALL = np.arange(3)


def _holes(*places):
    y = Y.copy()
    for place in places:
        y[place] = np.nan
    return y


def test_full_data_are_passed_on_as_they_are():
    curves = Curves(LINE, X, Y)
    assert (curves.shape, curves.count, curves.m) == ((3,), 3, M)
    assert curves.kept is None and not curves.uneven and curves.points.tolist() == [5, 5, 5]
    arrays = curves.arrays(np.array([2, 0]))
    assert set(arrays) == {"y"}
    np.testing.assert_array_equal(arrays["y"], Y[[2, 0]])


def test_nothing_is_copied():
    curves = Curves(LINE, X, Y, sigma=Y + 1)
    assert np.shares_memory(curves.y.all(), Y)


def test_a_mask_of_all_fits_takes_points_out_of_all():
    mask = np.array([True, False, True, True, True])
    curves = Curves(LINE, X, Y, sigma=Y + 1, mask=mask)
    assert not curves.uneven and curves.points.tolist() == [4, 4, 4]
    arrays = curves.arrays(ALL)
    np.testing.assert_array_equal(arrays["y"], Y[:, mask])
    np.testing.assert_array_equal(arrays["sigma"], Y[:, mask] + 1)


def test_points_that_do_not_count_weigh_nothing():
    mask = np.ones((3, M), bool)
    mask[1, 4] = False
    curves = Curves(LINE, X, _holes((0, 2), (1, 4)), mask=mask, nan_policy="omit")
    assert curves.uneven and curves.points.tolist() == [4, 4, 5]
    expected = np.ones((3, M))
    expected[0, 2] = expected[1, 4] = 0
    np.testing.assert_array_equal(curves.arrays(ALL)["weights"], expected)
    np.testing.assert_array_equal(curves.counted(ALL), expected > 0)


def test_nan_in_sigma_and_in_a_fit_s_own_x_leave_the_point_out_too():
    sigma, x = np.ones((3, M)), np.stack([X, X + 1, X + 2])
    sigma[0, 1], x[2, 3] = np.nan, np.nan
    curves = Curves(LINE, x, Y, sigma=sigma, nan_policy="omit")
    assert curves.points.tolist() == [4, 5, 4]
    x, y, sigma, counted = curves.of(2)
    assert np.isnan(x[3]) and counted.tolist() == [True, True, True, False, True]
    assert curves.arrays(ALL)["x"].shape == (3, M)


def test_nan_in_what_all_share_leaves_the_point_out_of_all():
    x = X.copy()
    x[1] = np.nan
    curves = Curves(LINE, x, Y, sigma=np.array([1, 1, 1, np.nan, 1]), nan_policy="omit")
    assert curves.kept.tolist() == [True, False, True, False, True] and curves.points.tolist() == [3, 3, 3]


def test_masked_points_may_be_anything():
    y, sigma = Y.copy(), np.ones((3, M))
    y[1, 2], sigma[1, 2] = np.inf, -1.0
    mask = np.isfinite(y)
    assert Curves(LINE, X, y, sigma, mask).points.tolist() == [5, 4, 5]
    with pytest.raises(ValueError, match=r"`y` must not contain infs or NaNs, got inf at \[1, 2\]"):
        Curves(LINE, X, y, np.ones((3, M)))
    with pytest.raises(ValueError, match=r"`sigma` must not be 0 or negative, got -1 at \[1, 2\]"):
        Curves(LINE, X, Y, sigma)


def test_a_look_at_some_fits_at_a_time_finds_the_same(monkeypatch):
    monkeypatch.setattr(curves_module, "NUMBERS_AT_A_TIME", 1)
    y = _holes((0, 0), (2, 1))
    assert Curves(LINE, X, y, nan_policy="omit").points.tolist() == [4, 5, 4]
    with pytest.raises(ValueError, match=r"\[0, 0\]"):
        Curves(LINE, X, y)


@pytest.mark.parametrize(
    ("model", "x", "own"),
    [
        (LINE, X, False),
        (LINE, np.zeros((3, M)), True),
        (Gaussian2D(), np.zeros((2, M)), False),
        (Gaussian2D(), np.zeros((3, 2, M)), True),
        (Model.from_function(lambda x, a: a * x[0] * x[1] * x[2]), np.zeros((3, M)), False),
        (Model.from_function(lambda x, a: a * jnp.sum(x, axis=0)), np.zeros((3, M)), False),
        (Model.from_function(lambda x, a: float(a) * np.prod(x, axis=0)), np.zeros((3, M)), False),
        (Model.from_function(lambda x, a: float(a) * np.exp(x)), np.zeros((3, M)), True),
    ],
)
def test_the_model_says_whether_rows_of_x_are_of_one_fit_or_of_many(model, x, own):
    assert isinstance(Curves(model, x, Y).x, Each) == own


def test_x_that_is_no_array_is_the_model_s_affair():
    x = {"t": X}
    assert Curves(LINE, x, Y).x is x
