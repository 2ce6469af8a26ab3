"""The search for an end, on functions τ of the distance whose crossing is known."""

import math

import numpy as np
import pytest

from trfkit.core import radius
from trfkit.statistics.crossing import ACCURACY, MOST_FAILURES, Side

CURVES = {
    "line": (lambda d: d, 2.0),
    "flattening": (lambda d: 3 * d / (4 + d), 8.0),
    "steepening": (lambda d: d + d**3, 1.0),
    "root, as from a bound": (lambda d: math.sqrt(d), 4.0),
    "from a saddle": (lambda d: d**2 / 50, 10.0),
    "waving": (lambda d: d + 0.9 * math.sin(d) - 0.4, 1.4345),
    "steep at the end": (lambda d: d / 2 if d < 3 else 1.5 + math.expm1(20 * (d - 3)), 3 + math.log(1.5) / 20),
}


def search(tau, unit=1.0, room=math.inf, best=(5.0, 1.0), works=lambda d: True, sign=1):
    """A side of the first parameter whose τ is a function of the distance; the second follows as its square."""
    side = Side(0, sign, np.array(best), sign * np.array([unit, 0.0]), room, 2.0)
    while side.end is None:
        theta = side.ask()
        d = sign * (theta[0] - best[0])
        fitted = np.array([theta[0], best[1] + d**2])
        side.tell(fitted, max(tau(d), 0.0) if works(d) else math.nan, radius.XTOL if works(d) else radius.NOT_FINITE)
    return side


@pytest.mark.parametrize("unit", [1.0, 1e-3, 30.0])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("curve", CURVES)
def test_an_end_is_found_wherever_the_first_step_falls(curve, sign, unit):
    tau, _ = CURVES[curve]
    side = search(tau, unit, sign=sign)
    assert side.reason == ""
    assert tau(side.end) == pytest.approx(2.0, rel=1e-6)
    assert side.points <= (16 if unit == 1 else 40)


@pytest.mark.parametrize("curve", ["line", "flattening", "steepening", "root, as from a bound", "from a saddle"])
def test_an_end_is_as_accurate_as_it_claims(curve):
    tau, exact = CURVES[curve]
    assert search(tau).end == pytest.approx(exact, rel=10 * ACCURACY)


def test_a_line_takes_as_many_points_as_steps():
    side = search(lambda d: d)
    assert [node.tau for node in (*side.inner, *side.outer)] == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])


def test_others_are_expected_along_the_path():
    side = Side(0, 1, np.array([5.0, 1.0]), np.array([2.0, -3.0]), math.inf, 2.0)
    np.testing.assert_allclose(side.ask(), [6.0, -0.5])
    side.tell(np.array([6.0, 0.0]), 0.5, radius.XTOL)
    np.testing.assert_allclose(side.ask(), [7.0, -1.0])


def test_a_bound_before_the_crossing_is_the_end():
    side = search(lambda d: d, room=1.3)
    assert (side.end, side.reason) == (1.3, "bound")
    assert side.inner[-1].distance == 1.3


def test_a_value_at_its_bound_has_nowhere_to_go():
    assert search(lambda d: d, room=-1e-10).reason == "bound"


@pytest.mark.parametrize("tau", [lambda d: 0.0, lambda d: 1.9 * d / (1 + d), lambda d: 0.1 * math.log1p(d)])
def test_a_curve_that_levels_off_has_no_end(tau):
    side = search(tau)
    assert (side.end, side.reason) == (math.inf, "endless")
    assert side.points < 60


def test_fits_that_fail_beyond_the_end_are_walked_around():
    side = search(lambda d: d + d**4 / 8, unit=3.0, works=lambda d: d < 1.5)
    assert side.reason == "" and side.failures > 0
    assert side.end + side.end**4 / 8 == pytest.approx(2.0, rel=1e-6)


def test_fits_that_fail_before_the_end_leave_it_unknown():
    side = search(lambda d: d, works=lambda d: d < 1.2)
    assert math.isnan(side.end)
    assert side.failures == MOST_FAILURES + 1
    assert side.reason == radius.MESSAGES[radius.NOT_FINITE]


def test_a_jump_over_the_quantile_is_no_end():
    side = search(lambda d: d if d < 1.3 else 5 + d)
    assert math.isnan(side.end)
    assert side.reason == "the cost jumps there."


def test_an_end_is_no_finer_than_the_numbers_of_the_parameter():
    """A standard error of 1e-11 of the value, and τ with the noise that the rounding of the value makes."""
    side = search(lambda d: 1e11 * d + 0.05 * math.sin(1e15 * d), unit=1e-11)
    assert side.end == pytest.approx(2e-11, rel=0.05)
