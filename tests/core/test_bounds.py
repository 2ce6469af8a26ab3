import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize._lsq import common as scipy_common

from trfkit import TrustRegionJITFunctions
from trfkit.core.bounds import active_constraints

functions = TrustRegionJITFunctions()
inf = np.inf

lb = np.array([-1.0, 0.0, -inf])
ub = np.array([1.0, inf, 2.0])

numbers = st.floats(-100, 100, allow_subnormal=False)
vectors = arrays(float, 3, elements=numbers)


@st.composite
def points_and_bounds(draw):
    """(x, lb, ub) with lb < ub by more than rounding, any bound possibly absent, x anywhere or on a bound."""
    lb, width = draw(vectors), draw(arrays(float, 3, elements=st.floats(1e-6, 100)))
    absent = draw(arrays(bool, (2, 3)))
    ub = lb + width
    x = np.where(draw(arrays(bool, 3)), draw(vectors), np.where(draw(arrays(bool, 3)), lb, ub))
    return x, np.where(absent[0], -inf, lb), np.where(absent[1], inf, ub)


def test_a_point_on_its_bounds_is_in_bounds():
    assert functions.in_bounds(np.array([-1.0, 0.0, 2.0]), lb, ub)


@pytest.mark.parametrize("x", [[-1.1, 1.0, 0.0], [0.0, -1e-300, 0.0], [0.0, 1.0, 2.1], [0.0, np.nan, 0.0]])
def test_one_component_outside_is_out_of_bounds(x):
    assert not functions.in_bounds(np.array(x), lb, ub)


@pytest.mark.parametrize(
    ("s", "t", "hits"),
    [
        ([2.0, 1.0, 1.0], 0.5, [1, 0, 0]),
        ([-4.0, 1.0, -1.0], 0.25, [-1, 0, 0]),
        ([1.0, -1.0, 0.0], 1.0, [1, -1, 0]),  # two bounds at once
        ([0.0, 1.0, -1.0], inf, [0, 0, 0]),  # nothing on the way
        ([0.0, 0.0, 0.0], inf, [0, 0, 0]),
    ],
)
def test_step_ends_at_the_first_bound(s, t, hits):
    stride, hit = functions.step_size_to_bound(np.array([0.0, 1.0, 0.0]), np.array(s), lb, ub)
    assert stride == t
    np.testing.assert_array_equal(hit, hits)


@given(points_and_bounds(), vectors)
def test_step_to_the_bound_is_that_of_scipy(case, s):
    x, lb, ub = case
    x = np.clip(x, lb, ub)
    t, hits = functions.step_size_to_bound(x, s, lb, ub)
    expected_t, expected_hits = scipy_common.step_size_to_bound(x, s, lb, ub)
    assert t == expected_t
    if np.isfinite(expected_t):  # SciPy names components that do not move as hit where nothing is
        np.testing.assert_array_equal(hits, expected_hits)


def test_a_point_on_a_bound_moves_inside_by_one_ulp():
    x = functions.make_strictly_feasible(np.array([-1.0, 3.0, 5.0]), lb, ub, rstep=0)
    np.testing.assert_array_equal(x, [np.nextafter(-1.0, 0), 3.0, np.nextafter(2.0, 0)])


def test_a_point_on_a_bound_moves_inside_by_a_relative_step():
    x = functions.make_strictly_feasible(np.array([-1.0, 0.0, 2.0]), lb, ub)
    np.testing.assert_allclose(x, [-1 + 1e-10, 1e-10, 2 - 2e-10], rtol=1e-15)


def test_a_point_between_narrow_bounds_moves_to_their_middle():
    lb, ub = np.array([1.0, 0.0, 0.0]), np.array([1 + 1e-11, 1.0, 1.0])
    x = functions.make_strictly_feasible(np.array([1.0, 0.5, 0.5]), lb, ub)
    np.testing.assert_array_equal(x, [0.5 * (lb[0] + ub[0]), 0.5, 0.5])


@pytest.mark.parametrize("rstep", [0, 1e-10])
@given(points_and_bounds())
def test_feasible_point_is_strictly_inside_and_that_of_scipy(rstep, case):
    x, lb, ub = case
    moved = np.asarray(functions.make_strictly_feasible(x, lb, ub, rstep=rstep))
    if rstep == 0 or np.all((lb <= x) & (x <= ub)):  # the relative step is for starts, which lie in their bounds
        assert np.all((lb < moved) & (moved < ub))
    np.testing.assert_array_equal(moved, scipy_common.make_strictly_feasible(x, lb, ub, rstep=rstep))


def test_scaling_is_the_distance_to_the_bound_that_the_antigradient_points_to():
    x = np.array([0.5, 3.0, 0.5])
    v, dv = functions.coleman_li_scaling(x, np.array([-1.0, 1.0, -1.0]), lb, ub)
    np.testing.assert_array_equal(v, [0.5, 3.0, 1.5])
    np.testing.assert_array_equal(dv, [-1, 1, -1])


@pytest.mark.parametrize("g", [[0.0, 0.0, 0.0], [0.0, -1.0, 1.0]])
def test_scaling_is_one_where_no_bound_is_ahead(g):
    v, dv = functions.coleman_li_scaling(np.array([0.5, 3.0, 0.5]), np.array(g), lb, ub)
    np.testing.assert_array_equal(v, np.ones(3))
    np.testing.assert_array_equal(dv, np.zeros(3))


@given(points_and_bounds(), vectors)
def test_scaling_is_that_of_scipy(case, g):
    x, lb, ub = case
    v, dv = functions.coleman_li_scaling(x, g, lb, ub)
    expected_v, expected_dv = scipy_common.CL_scaling_vector(x, g, lb, ub)
    np.testing.assert_array_equal(v, expected_v)
    np.testing.assert_array_equal(dv, expected_dv)


@pytest.mark.parametrize(
    ("x", "active"),
    [([-1.0, 0.0, 2.0], [-1, -1, 1]), ([1 - 1e-9, 1e-9, -5.0], [1, -1, 0]), ([0.9, 1e-7, 1.9], [0] * 3)],
)
def test_bounds_within_the_tolerance_are_active(x, active):
    np.testing.assert_array_equal(active_constraints(np.array(x), lb, ub, 1e-8), active)


@given(points_and_bounds(), st.sampled_from([0.0, 1e-8, 1e-2]))
def test_active_bounds_are_those_of_scipy(case, rtol):
    x, lb, ub = case
    x = np.clip(x, lb, ub)
    np.testing.assert_array_equal(
        active_constraints(x, lb, ub, rtol), scipy_common.find_active_constraints(x, lb, ub, rtol)
    )
