import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize._lsq import common as scipy_common

from trfkit import TrustRegionJITFunctions
from trfkit.core import radius

functions = TrustRegionJITFunctions()
positive = st.floats(1e-6, 1e6)
reductions = st.floats(-1e3, 1e3).map(lambda v: v if abs(v) > 1e-100 else 0.0)  # as XLA does below 2e-308


@pytest.mark.parametrize(
    ("actual", "step_norm", "expected"),
    [
        (0.2, 1.0, 0.25),  # a poor model: a quarter of the step
        (0.2, 0.4, 0.1),  # of the step, not of the radius
        (-5.0, 1.0, 0.25),
        (0.25, 1.0, 1.0),  # fair: unchanged
        (0.75, 1.0, 1.0),
        (0.8, 1.0, 2.0),  # good, and the region was in the way
        (0.8, 0.96, 2.0),
        (0.8, 0.9, 1.0),  # good, but the step ended by itself
        (1.5, 1.0, 2.0),
        (-np.inf, 1.0, 0.25),  # the model was not finite there
    ],
)
def test_radius_follows_the_reduction_ratio(actual, step_norm, expected):
    Delta, ratio = functions.update_tr_radius(1.0, actual, 1.0, step_norm)
    assert ratio == actual
    np.testing.assert_allclose(Delta, expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("actual", "predicted", "ratio"),
    [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 2.0, 0.0), (3.0, 2.0, 1.5), (1.0, -1.0, 0.0)],
)
def test_ratio_of_nothing_to_nothing_is_one(actual, predicted, ratio):
    assert radius.reduction_ratio(np.float64(actual), np.float64(predicted)) == ratio


@given(positive, reductions, reductions, positive)
def test_radius_is_that_of_scipy(Delta, actual, predicted, step_norm):
    expected = scipy_common.update_tr_radius(Delta, actual, predicted, step_norm, step_norm > 0.95 * Delta)
    np.testing.assert_allclose(functions.update_tr_radius(Delta, actual, predicted, step_norm), expected, rtol=1e-14)


def _status(actual=1.0, predicted=1.0, cost=1.0, step_norm=1.0, x_norm=1.0, ratio=1.0, ftol=1e-8, xtol=1e-8):
    return int(functions.check_termination(actual, predicted, cost, step_norm, x_norm, ratio, ftol, xtol))


@pytest.mark.parametrize(
    ("case", "status"),
    [
        ({}, radius.RUNNING),
        ({"actual": 1e-9}, radius.FTOL),
        ({"actual": 1e-9, "ratio": 0.2}, radius.RUNNING),  # a poor model's small fall says nothing
        ({"actual": 1e-9, "ftol": 0.0}, radius.RUNNING),
        ({"actual": 1e-9, "cost": 1e-2}, radius.RUNNING),  # relative to the cost
        ({"step_norm": 1e-9}, radius.XTOL),
        ({"step_norm": 1e-9, "xtol": 0.0}, radius.RUNNING),
        ({"step_norm": 1e-9, "x_norm": 1e-2}, radius.RUNNING),  # relative to x
        ({"step_norm": 1e-17, "x_norm": 0.0}, radius.XTOL),  # and absolute where x is zero
        ({"actual": 1e-9, "step_norm": 1e-9}, radius.FTOL_AND_XTOL),
        ({"predicted": 1e-15}, radius.AT_ROUNDING),
        ({"predicted": 1e-15, "cost": 1e-3}, radius.RUNNING),
        ({"predicted": 0.0, "actual": 0.0, "ftol": 0.0, "cost": 0.0}, radius.AT_ROUNDING),
        ({"predicted": 1e-15, "step_norm": 1e-9}, radius.XTOL),  # what the user asked for comes first
        ({"actual": -1.0, "ratio": -1.0}, radius.RUNNING),  # a rejected trial
    ],
)
def test_status_names_the_first_reason_to_stop(case, status):
    assert _status(**case) == status


@given(reductions, positive, positive, positive, reductions)
def test_tolerances_are_met_where_scipy_meets_them(actual, cost, step_norm, x_norm, ratio):
    expected = scipy_common.check_termination(actual, cost, step_norm, x_norm, ratio, 1e-3, 1e-3)
    assert _status(actual, cost, cost, step_norm, x_norm, ratio, 1e-3, 1e-3) == (expected or radius.RUNNING)


def test_noise_is_a_few_units_in_the_last_place():
    assert radius.noise_level(float) == 16 * np.finfo(float).eps


def test_each_status_but_running_has_a_sentence():
    statuses = {value for name, value in vars(radius).items() if name.isupper() and isinstance(value, int)}
    assert set(radius.MESSAGES) == statuses - {radius.RUNNING}
    assert len(set(radius.MESSAGES.values())) == len(radius.MESSAGES)
