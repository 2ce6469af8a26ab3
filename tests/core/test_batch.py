"""Many problems in the lanes of one program are each what they are alone."""

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.core import radius
from trfkit.core.batch import batched, batched_costs
from trfkit.core.drivers import begin, evaluate_problem, stepped
from trfkit.core.jit_functions import TrustRegionJITFunctions
from trfkit.core.problem import CurveResiduals, PriorResiduals, Problem
from trfkit.core.trf import Limits

POINTS, LANES = 20, 16
functions = TrustRegionJITFunctions()


def _decay(x, a, b):
    return a * jnp.exp(-b * x)


def _first(theta, shared):
    return (theta[0],)


def _problem(y, mean):
    rows = {"x": np.linspace(0, 3, POINTS), "y": y}
    known = Problem((), {"mean": mean, "sigma": np.array([0.5])}, 1.0, 1.0, residuals=PriorResiduals(_first))
    return Problem(
        rows, {"sigma": 0.1}, POINTS, 1.0, residuals=CurveResiduals(_decay), blocked=True, functions=functions,
        also=(known,),
    )  # fmt: skip


def _limits(lb, ub):
    return Limits(lb, ub, np.ones(2), True, np.array([0.0, 1e-10, 0.0]), 1000, POINTS + 1.0)


class Cases:
    """Random data, starts and bounds, some of them absent, some cutting off the optimum."""

    def __init__(self):
        rng = np.random.default_rng(0)
        truth = rng.uniform((1, 0.3), (5, 3), (LANES, 2))
        x = np.linspace(0, 3, POINTS)
        self.y = truth[:, :1] * np.exp(-truth[:, 1:] * x) + 0.1 * rng.standard_normal((LANES, POINTS))
        self.mean = rng.uniform(1, 5, (LANES, 1))
        self.x0 = truth * rng.uniform(0.5, 2, (LANES, 2))
        self.lb = np.where(rng.random((LANES, 2)) < 0.5, -np.inf, np.minimum(self.x0, truth) - 0.1)
        self.ub = np.where(rng.random((LANES, 2)) < 0.5, np.inf, np.maximum(self.x0, truth) + 0.1)
        self.ub[::3, 1] = np.maximum(self.x0, 0.9 * truth)[::3, 1] + 0.01

    @property
    def changes(self):
        return {"rows": {"y": self.y}}, {"shared": {"mean": self.mean}}

    def alone(self, i):
        limits = _limits(self.lb[i], self.ub[i])
        problem = _problem(self.y[i], self.mean[i])
        state, _ = begin(problem, self.x0[i], limits)
        trials = stepped(lambda x, _: evaluate_problem(problem, x), state, limits, functions, "svd")
        return list(trials)[-1][0]


@pytest.fixture(scope="module")
def cases():
    return Cases()


def _run(cases, x0=None, changes=None):
    problem = _problem(cases.y[0], cases.mean[0])
    x0 = cases.x0 if x0 is None else x0
    return batched(problem, changes or cases.changes, x0, cases.lb, cases.ub, _limits(None, None), "svd")


def test_every_lane_ends_where_its_problem_ends_alone(cases):
    found = _run(cases)
    for i in range(LANES):
        state = cases.alone(i)
        np.testing.assert_allclose(found.x[i], state.x, rtol=1e-8)
        np.testing.assert_allclose(found.cost[i], state.cost, rtol=1e-12)
        np.testing.assert_allclose(np.abs(found.J[i]), np.abs(state.J), rtol=1e-6, atol=1e-9)
        assert int(found.status[i]) > 0
        assert int(state.status) > 0
    assert np.sum(np.isclose(found.x, cases.ub, rtol=1e-9)) > 0  # bounds were active


def test_a_lane_that_is_not_finite_fails_alone(cases):
    expected = _run(cases)
    x0, y = cases.x0.copy(), cases.y.copy()
    x0[3, 1], y[5, 0] = -1e4, np.nan
    found = _run(cases, x0, ({"rows": {"y": y}}, {"shared": {"mean": cases.mean}}))
    assert np.flatnonzero(np.asarray(found.status) == radius.NOT_FINITE).tolist() == [3, 5]
    others = [i for i in range(LANES) if i not in (3, 5)]
    np.testing.assert_array_equal(np.asarray(found.x)[others], np.asarray(expected.x)[others])


def test_costs_are_those_of_each_problem_and_nan_where_it_is_not_finite(cases):
    x = cases.x0.copy()
    x[2, 1] = -1e4
    found = np.asarray(batched_costs(_problem(cases.y[0], cases.mean[0]), cases.changes, x))
    assert np.isnan(found[2])
    for i in np.delete(np.arange(LANES), 2):
        curve = (x[i, 0] * np.exp(-x[i, 1] * np.linspace(0, 3, POINTS)) - cases.y[i]) / 0.1
        known = (x[i, 0] - cases.mean[i, 0]) / 0.5
        np.testing.assert_allclose(found[i], 0.5 * (curve @ curve + known**2), rtol=1e-12)


def test_other_numbers_compile_nothing(cases, compilations):
    _run(cases)
    with compilations() as compiled:
        _run(cases, cases.x0 * 1.01, ({"rows": {"y": cases.y + 1}}, {"shared": {"mean": cases.mean + 1}}))
    assert compiled.names == []
