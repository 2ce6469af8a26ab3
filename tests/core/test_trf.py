import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

import trfkit
from trfkit.core import radius, trf
from trfkit.core.evaluate import Evaluation
from trfkit.core.jit_functions import TrustRegionJITFunctions
from trfkit.core.operators import LinearOperator
from trfkit.core.trf import FIELDS, KINDS, OUTCOMES, SOLVERS, Limits

functions = TrustRegionJITFunctions()
inf, nan = np.inf, np.nan

# min ½‖J x + b‖² from x0: linear, so that the Gauss-Newton step solves it.
J = np.array([[2.0, 1.0], [0.0, 3.0]])
X0 = np.array([3.0, 4.0])
SOLUTION = np.array([1.0, 1.5])


def _evaluation(x, cost=None, J=J, finite=True):
    f = J @ (np.asarray(x) - SOLUTION)
    cost = 0.5 * f @ f + 1.0 if cost is None else cost
    return Evaluation(jnp.asarray(cost), jnp.asarray(J), jnp.asarray(f), jnp.asarray(J.T @ f), jnp.asarray(finite))


def _limits(**changes):
    """No bounds, no scaling, and only xtol to end the fit, unless said otherwise."""
    limits = Limits(np.full(2, -inf), np.full(2, inf), np.ones(2), False, np.array([0.0, 1e-10, 0.0]), 100, 9.0)
    return limits._replace(**changes)


def _begin(limits=None, x0=X0, **evaluation):
    limits = _limits() if limits is None else limits
    state, row = trf.start(jnp.asarray(x0), _evaluation(x0, **evaluation), limits, functions)
    return state, limits, row


def _ask(state, limits, tr_solver="svd"):
    return trf.ask(state, limits, functions, tr_solver)


def _tell(state, trial, evaluation, limits):
    """(state, info by field) after a trial."""
    state, row = trf.tell(state, trial, evaluation, limits, functions)
    return state, dict(zip(FIELDS, row.tolist(), strict=False))


def _words(info):
    return SOLVERS[int(info["solver"])], KINDS[int(info["kind"])], OUTCOMES[int(info["outcome"])]


def _unchanged(new, old):
    return all(np.array_equal(a, b) for a, b in zip(new[:6], old[:6], strict=True))


def test_row_holds_the_fields_and_then_the_point():
    assert FIELDS == (
        "iteration", "nfev", "cost", "predicted_reduction", "actual_reduction", "ratio", "Delta", "Delta_new", "alpha",
        "step_norm", "optimality", "solver", "cg_iterations", "kind", "outcome", "condition_number", "rank",
    )  # fmt: skip
    row = trf.pack(trf.StepInfo(*range(17)), np.array([0.5, -0.5]))
    np.testing.assert_array_equal(row, [*range(17), 0.5, -0.5])


def test_start_has_the_radius_of_its_own_distance():
    state, _, row = _begin()
    info = dict(zip(FIELDS, row.tolist(), strict=False))
    assert state.Delta == 5.0
    assert (info["iteration"], info["nfev"], info["Delta"], info["step_norm"]) == (0, 1, 5.0, 0)
    assert _words(info) == ("none", "start", "start")
    assert all(np.isnan(info[name]) for name in ("predicted_reduction", "actual_reduction", "ratio", "rank"))
    np.testing.assert_array_equal(row[len(FIELDS) :], X0)


def test_start_at_the_origin_has_radius_one():
    assert _begin(x0=np.zeros(2))[0].Delta == 1.0


def test_radius_of_the_start_is_measured_in_scaled_variables():
    assert _begin(_limits(scale_inv=np.array([10.0, 1.0])))[0].Delta == np.hypot(30.0, 4.0)
    # With bounds in the way of the antigradient, in the scaling of Coleman and Li: v is the distance to the bound.
    state, *_ = _begin(_limits(lb=np.array([-1.0, -inf])))
    np.testing.assert_allclose(state.Delta, np.hypot(3.0 / np.sqrt(4.0), 4.0))


@pytest.mark.parametrize(
    ("x0", "options", "status"),
    [
        (X0, {}, radius.RUNNING),
        (SOLUTION, {}, radius.GTOL),  # nothing to gain
        (X0, {"tolerances": np.array([0, 0, 1e9])}, radius.GTOL),
        (X0, {"max_nfev": 1}, radius.MAX_NFEV),
    ],
)
def test_start_may_be_the_end(x0, options, status):
    assert int(_begin(_limits(**options), x0)[0].status) == status


def test_step_that_fits_the_region_solves_a_linear_problem():
    state, limits, _ = _begin()
    trial = _ask(state, limits)
    np.testing.assert_allclose(trial.x, SOLUTION)
    np.testing.assert_allclose(trial.predicted_reduction, state.cost - 1)
    np.testing.assert_allclose(trial.step_norm, np.linalg.norm(SOLUTION - X0))
    assert KINDS[int(trial.kind)] == "Gauss-Newton"
    np.testing.assert_allclose(trial.subproblem.condition_number, np.linalg.cond(J))
    assert trial.subproblem.rank == 2


def test_longer_step_ends_on_the_boundary():
    state, limits, _ = _begin()
    trial = _ask(state._replace(Delta=np.float64(0.5)), limits)
    np.testing.assert_allclose(trial.step_h_norm, 0.5)
    assert KINDS[int(trial.kind)] == "boundary"


def test_step_towards_a_bound_stays_strictly_inside():
    state, limits, _ = _begin(_limits(lb=np.array([2.9999999, -inf])))
    for _ in range(3):
        trial = _ask(state, limits)
        assert 2.9999999 < trial.x[0] < state.x[0]
        assert trial.predicted_reduction > 0
        state, _ = _tell(state, trial, _evaluation(trial.x), limits)


def test_accepted_trial_becomes_the_state():
    state, limits, _ = _begin()
    trial = _ask(state, limits)
    evaluation = _evaluation(trial.x)
    new, info = _tell(state, trial, evaluation, limits)
    np.testing.assert_array_equal(new.x, trial.x)
    for kept, given in zip(new[1:5], evaluation[:4], strict=True):
        np.testing.assert_array_equal(kept, given)
    np.testing.assert_array_equal(new.counts, [2, 2, 1])
    assert (info["iteration"], info["nfev"], OUTCOMES[int(info["outcome"])]) == (1, 2, "accepted")
    np.testing.assert_allclose(info["ratio"], 1.0)


def test_rejected_trial_keeps_the_point_and_its_linearisation_and_shrinks_the_region():
    state, limits, _ = _begin()
    trial = _ask(state, limits)
    new, info = _tell(state, trial, _evaluation(trial.x, cost=float(state.cost) + 1), limits)
    assert _unchanged(new, state)
    np.testing.assert_allclose(new.Delta, 0.25 * trial.step_h_norm)
    np.testing.assert_array_equal(new.counts, [2, 1, 0])
    assert (info["iteration"], OUTCOMES[int(info["outcome"])]) == (0, "no decrease")
    assert int(new.status) == radius.RUNNING


@pytest.mark.parametrize(("cost", "finite"), [(nan, True), (inf, False), (1.0, False)])
def test_trial_that_is_not_finite_is_rejected_and_shrinks_the_region(cost, finite):
    state, limits, _ = _begin()
    trial = _ask(state, limits)
    broken = _evaluation(trial.x, cost=cost, finite=finite)._replace(J=jnp.full((2, 2), nan), g=jnp.full(2, nan))
    new, info = _tell(state, trial, broken, limits)
    assert _unchanged(new, state)
    assert np.all(np.isfinite(new.optimality))
    np.testing.assert_allclose(new.Delta, 0.25 * trial.step_h_norm)
    assert OUTCOMES[int(info["outcome"])] == "non-finite"
    assert info["actual_reduction"] == -inf
    assert int(new.status) == radius.RUNNING


def test_region_without_a_finite_point_ends_the_fit():
    state, limits, _ = _begin()
    for _ in range(100):
        trial = _ask(state, limits)
        state, _ = _tell(state, trial, _evaluation(trial.x, finite=False), limits)
        if int(state.status) != radius.RUNNING:
            break
    assert int(state.status) == radius.NOT_FINITE
    np.testing.assert_array_equal(state.x, X0)


def test_alpha_follows_the_radius():
    state, limits, _ = _begin()
    state = state._replace(Delta=np.float64(0.5))
    trial = _ask(state, limits)
    new, info = _tell(state, trial, _evaluation(trial.x, cost=float(state.cost) + 1), limits)
    assert info["alpha"] == trial.subproblem.alpha > 0
    np.testing.assert_allclose(new.alpha * new.Delta, trial.subproblem.alpha * 0.5)
    broken, _ = _tell(state, trial, _evaluation(trial.x, finite=False), limits)
    assert broken.alpha == trial.subproblem.alpha


@pytest.mark.parametrize(("gtol", "status"), [(0.0, radius.RUNNING), (1e3, radius.GTOL)])
def test_gradient_is_looked_at_after_an_accepted_trial(gtol, status):
    state, limits, _ = _begin()
    trial = _ask(state, limits)
    limits = limits._replace(tolerances=np.array([0.0, 1e-10, gtol]))
    halfway = _evaluation(0.5 * (X0 + SOLUTION))
    assert int(_tell(state, trial, halfway, limits)[0].status) == status
    rejected = halfway._replace(cost=state.cost + 1)
    assert int(_tell(state, trial, rejected, limits)[0].status) == radius.RUNNING


@pytest.mark.parametrize("cost", [0.5, 1e9])
def test_last_evaluation_ends_the_fit_whether_it_is_accepted_or_not(cost):
    state, limits, _ = _begin(_limits(max_nfev=2))
    trial = _ask(state, limits)
    assert int(_tell(state, trial, _evaluation(X0, cost=cost), limits)[0].status) == radius.MAX_NFEV


def test_scale_of_the_jacobian_never_shrinks():
    limits = _limits(jac_scale=True)
    state, *_ = _begin(limits)
    np.testing.assert_allclose(state.scale_inv, np.linalg.norm(J, axis=0))
    trial = _ask(state, limits)
    other = J * np.array([10.0, 0.1])
    accepted, _ = _tell(state, trial, _evaluation(trial.x, cost=0.5, J=other), limits)
    np.testing.assert_allclose(accepted.scale_inv, [20.0, np.linalg.norm(J[:, 1])])
    rejected, _ = _tell(state, trial, _evaluation(trial.x, cost=1e9, J=other), limits)
    np.testing.assert_array_equal(rejected.scale_inv, state.scale_inv)


def test_scale_of_a_column_of_zeros_is_one():
    state, *_ = _begin(_limits(jac_scale=True), J=J * np.array([0.0, 1.0]))
    np.testing.assert_allclose(state.scale_inv, [1.0, np.linalg.norm(J[:, 1])])


def _at_rounding(shortening):
    """(state, limits, trial, evaluation) of a step that changes a cost of 1 by less than its rounding."""
    state, limits, _ = _begin(_limits(tolerances=np.zeros(3)), SOLUTION + 1e-10)
    trial = _ask(state, limits)
    evaluation = _evaluation(trial.x, cost=float(state.cost) * (1 + 2e-16))
    return state, limits, trial, evaluation._replace(g=shortening * state.g)


def test_step_below_rounding_that_shortens_the_gradient_is_taken_and_the_fit_goes_on():
    state, limits, trial, evaluation = _at_rounding(0.1)
    new, info = _tell(state, trial, evaluation, limits)
    np.testing.assert_array_equal(new.x, trial.x)
    assert info["actual_reduction"] <= 0
    assert OUTCOMES[int(info["outcome"])] == "accepted"
    assert new.Delta == state.Delta  # the ratio is noise there
    assert int(new.status) == radius.RUNNING


@pytest.mark.parametrize(("shortening", "outcome"), [(0.95, "accepted"), (1.5, "no decrease")])
def test_step_below_rounding_that_hardly_shortens_the_gradient_is_the_last(shortening, outcome):
    state, limits, trial, evaluation = _at_rounding(shortening)
    new, info = _tell(state, trial, evaluation, limits)
    assert OUTCOMES[int(info["outcome"])] == outcome
    assert int(new.status) == radius.AT_ROUNDING


@pytest.mark.parametrize(
    ("tr_solver", "interior", "solver"),
    [(s, True, "SVD") for s in ("svd", "hybrid")]
    + [("hybrid", False, "CG")]
    + [(s, True, "CG") for s in ("cg", "budget")],
)
def test_solver_is_the_one_asked_for(tr_solver, interior, solver):
    state, limits, _ = _begin()
    trial = _ask(state._replace(interior=jnp.asarray(interior)), limits, tr_solver)
    assert SOLVERS[int(trial.subproblem.solver)] == solver
    assert (trial.subproblem.cg_iterations > 0) == (solver == "CG")
    assert np.isnan(trial.subproblem.condition_number) == (solver == "CG")
    np.testing.assert_allclose(trial.x, SOLUTION, rtol=1e-6)


def test_hybrid_turns_to_svd_once_the_region_has_stopped_binding():
    state, limits, _ = _begin()
    assert not state.interior  # CG first
    bound = _ask(state._replace(Delta=np.float64(0.5)), limits)
    free = _ask(state, limits)
    for trial, cost, interior in [(bound, 0.5, False), (bound, 1e9, True), (free, 0.5, True), (free, 1e9, True)]:
        assert bool(_tell(state, trial, _evaluation(trial.x, cost=cost), limits)[0].interior) == interior


def test_svd_takes_over_where_cg_runs_out_of_its_budget():
    def exhausted(*args):
        return functions.solve_tr_subproblem_cg(*args)._replace(converged=jnp.asarray(False))

    state, limits, _ = _begin()
    own = dataclasses.replace(functions, solve_tr_subproblem_cg=exhausted)
    assert SOLVERS[int(trf.ask(state, limits, own, "budget").subproblem.solver)] == "SVD"


def _forward(A, v):
    return A @ v


def _adjoint(A, u):
    return A.T @ u


def test_products_with_the_jacobian_are_enough():
    state, limits, _ = _begin()
    expected = _ask(state, limits, "cg")
    operator = LinearOperator(Partial(_forward, jnp.asarray(J)), Partial(_adjoint, jnp.asarray(J)))
    trial = trf.ask(state._replace(J=None), limits, functions, "cg", operator)
    np.testing.assert_allclose(trial.x, expected.x)
    np.testing.assert_allclose(trial.predicted_reduction, expected.predicted_reduction)


def test_start_is_moved_off_its_bounds():
    lb, ub = np.zeros(3), np.array([1.0, 1.0, inf])
    moved = trf.feasible_start(np.array([0.0, 1.0, 0.5]), lb, ub)
    np.testing.assert_allclose(moved, [1e-10, 1 - 1e-10, 0.5])


@pytest.mark.parametrize("tr_solver", ["svd", "cg", "hybrid"])
def test_fewer_residuals_than_parameters_are_solved(tr_solver):
    target = np.array([2.0])
    result = trfkit.least_squares(lambda p: p[:1] ** 2 + p[1:] ** 2 - target, [0.5, 1.0], tr_solver=tr_solver)
    assert result.success
    np.testing.assert_allclose(result.x @ result.x, 2.0)
    assert result.rank == 1


@pytest.mark.parametrize("units", [1e-8, 1e8])
def test_result_does_not_depend_on_the_units(units):
    t = np.linspace(0.0, 2.0, 12)
    y = 3 * np.exp(-0.7 * t) + 0.05 * np.cos(9 * t)

    def residuals(p, unit):
        return unit * (p[0] / unit * jnp.exp(-p[1] * t) - y)

    plain = trfkit.least_squares(residuals, [1.0, 1.0], args=(1.0,))
    scaled = trfkit.least_squares(residuals, [units, 1.0], args=(units,))
    np.testing.assert_allclose(scaled.x / [units, 1.0], plain.x, rtol=1e-9)
    assert scaled.status == plain.status


def test_ask_and_tell_know_nothing_of_the_data(compilations):
    state, limits, _ = _begin()
    _tell(state, _ask(state, limits), _evaluation(SOLUTION), limits)
    with compilations() as compiled:
        for m in (3.0, 1e7):
            other = _limits(lb=np.zeros(2), ub=9 * np.ones(2), jac_scale=True, max_nfev=7, m=m)
            new, _, _ = _begin(other)
            _tell(new, _ask(new, other), _evaluation(SOLUTION), other)
    assert not {"start", "ask", "tell"} & set(compiled.names)
