import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize._lsq import common as scipy_common

from trfkit import TrustRegionJITFunctions
from trfkit.core.quadratics import evaluate_quadratic

functions = TrustRegionJITFunctions()

J = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
g = np.array([-1.0, 0.5])
diag = np.array([2.0, 0.0])

numbers = st.floats(-100, 100, allow_subnormal=False)
steps = arrays(float, 2, elements=numbers)


def test_quadratic_by_hand():
    # J s = (3, 7, 11), sᵀ C s = 2, gᵀs = -0.5
    assert evaluate_quadratic(J, g, np.ones(2), diag) == 0.5 * (9 + 49 + 121) + 0.5 * 2 - 0.5


def test_quadratic_of_no_step_is_zero():
    assert functions.evaluate_quadratic(J, g, np.zeros(2), diag) == 0


@given(steps, steps, numbers)
def test_line_coefficients_give_the_quadratic_along_the_line(s, s0, t):
    a, b, c = functions.build_quadratic_1d(J, g, s, diag, s0)
    np.testing.assert_allclose(t * (a * t + b) + c, functions.evaluate_quadratic(J, g, s0 + t * s, diag), 1e-9, 1e-6)


@given(steps, steps)
def test_line_coefficients_are_those_of_scipy(s, s0):
    expected = scipy_common.build_quadratic_1d(J, g, s, diag=diag, s0=s0)
    np.testing.assert_allclose(functions.build_quadratic_1d(J, g, s, diag, s0), expected, 1e-12, 1e-9)


@pytest.mark.parametrize(
    ("a", "b", "lower", "upper", "t", "value"),
    [
        (1.0, -2.0, -5.0, 5.0, 1.0, -1.0),  # inside
        (1.0, -2.0, 2.0, 5.0, 2.0, 0.0),  # at the lower end
        (1.0, -2.0, -5.0, 0.5, 0.5, -0.75),  # at the upper end
        (-1.0, 0.0, -1.0, 2.0, 2.0, -4.0),  # concave: the farther end
        (0.0, 3.0, -1.0, 2.0, -1.0, -3.0),  # straight and rising
        (0.0, 0.0, -1.0, 2.0, -1.0, 0.0),  # flat
        (1.0, -2.0, 3.0, 3.0, 3.0, 3.0),  # an interval of one point
    ],
)
def test_minimum_over_an_interval(a, b, lower, upper, t, value):
    assert functions.minimize_quadratic_1d(a, b, lower, upper) == (t, value)


def test_constant_is_added_to_the_minimum():
    assert functions.minimize_quadratic_1d(1.0, -2.0, -5.0, 5.0, 10.0) == (1.0, 9.0)


@given(numbers, numbers, numbers, numbers, numbers)
def test_minimum_is_that_of_scipy(a, b, c, one_end, other_end):
    lower, upper = sorted([one_end, other_end])
    assume(a == 0 or abs(a) > 1e-100)
    t, value = functions.minimize_quadratic_1d(a, b, lower, upper, c)
    assert lower <= t <= upper
    # Where two points have the same value, either is right.
    np.testing.assert_allclose(value, scipy_common.minimize_quadratic_1d(a, b, lower, upper, c)[1], 1e-12, 1e-12)


def test_line_leaves_the_region_on_both_sides():
    t = functions.intersect_trust_region(np.array([1.0, 0.0]), np.array([0.0, 2.0]), 2.0)
    np.testing.assert_allclose(t, [-np.sqrt(3) / 2, np.sqrt(3) / 2], 1e-15)


def test_line_of_no_direction_does_not_leave_the_region():
    assert functions.intersect_trust_region(np.array([1.0, 0.0]), np.zeros(2), 2.0) == (0, 0)


def test_line_from_the_boundary_leaves_the_region_where_it_stands():
    outwards, inwards = np.array([1.0, 0.0]), np.array([-1.0, 0.0])
    assert functions.intersect_trust_region(np.array([2.0, 0.0]), outwards, 2.0) == (-4, 0)
    assert functions.intersect_trust_region(np.array([2.0, 0.0]), inwards, 2.0) == (0, 4)


def test_nearer_root_keeps_its_digits():
    # t⁺ = 2⁻⁴⁰; -b + √(b² − ac) would keep three of its digits
    _, t = functions.intersect_trust_region(np.array([1.0, 0.0]), np.array([1.0, 0.0]), 1 + 2.0**-40)
    np.testing.assert_allclose(t, 2.0**-40, 1e-11)


@given(steps, steps, st.floats(1e-3, 1e3))
def test_both_intersections_lie_on_the_boundary(s0, s, Delta):
    s0 = s0 * min(1.0, Delta / max(np.linalg.norm(s0), 1e-3)) * 0.999
    assume(np.linalg.norm(s) > 1e-3)
    t = jnp.stack(functions.intersect_trust_region(s0, s, Delta))
    assert t[0] <= 0 <= t[1]
    np.testing.assert_allclose(np.linalg.norm(s0[None, :] + t[:, None] * s[None, :], axis=1), Delta, 1e-9)
