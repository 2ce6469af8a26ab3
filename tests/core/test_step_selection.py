import jax.numpy as jnp
import numpy as np
from scipy.optimize._lsq import trf as scipy_trf

from trfkit import TrustRegionJITFunctions
from trfkit.core.step_selection import GRADIENT, REFLECTED, TRUNCATED, TRUST_REGION, Model, candidates

functions = TrustRegionJITFunctions()
inf = np.inf


def _model(seed, n=3):
    """(x, p_h, model, lb, ub): a random problem strictly inside random bounds, some of them absent or very near."""
    rng = np.random.default_rng(seed)
    J_h, f = rng.standard_normal((6, n)), rng.standard_normal(6)
    x, d = rng.standard_normal(n), rng.uniform(0.1, 2, n)
    diag_h = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0, 2, n))
    lb, ub = (x + side * rng.choice([1e-6, 0.1, 1.0, inf], n) * rng.uniform(0.5, 1, n) for side in (-1, 1))
    p_h = -np.linalg.solve(J_h.T @ J_h + np.diag(diag_h) + 1e-3 * np.eye(n), J_h.T @ f)
    Delta = np.linalg.norm(p_h) * rng.uniform(1, 1.5)
    return x, p_h, Model(J_h, J_h.T @ f, diag_h, d, Delta, rng.uniform(0.9, 0.999)), lb, ub


def _select(x, p_h, model, lb, ub):
    step_h, predicted, which = functions.select_step(functions, x, p_h, model, lb, ub)
    return np.asarray(step_h), float(predicted), int(which)


def _quadratic(model, s):
    return 0.5 * (np.sum((model.J_h @ s) ** 2) + s @ (model.diag_h * s)) + model.g_h @ s


def _one_dimensional(newton, lb, ub, theta=0.9):
    """The model ½ (s − newton)² around x = 0."""
    model = Model(np.ones((1, 1)), np.array([-newton]), np.zeros(1), np.ones(1), 100.0, theta)
    return np.zeros(1), np.array([newton]), model, lb, ub


def test_step_inside_the_bounds_is_taken_whole():
    step, predicted, which = _select(*_one_dimensional(2.0, np.array([-3.0]), np.array([3.0])))
    assert (step, predicted, which) == ([2.0], 2.0, TRUST_REGION)


def test_step_that_ends_on_its_bound_is_taken_whole():
    step, _, which = _select(*_one_dimensional(2.0, np.array([-3.0]), np.array([2.0])))
    assert (step, which) == ([2.0], TRUST_REGION)


def test_candidates_beyond_a_bound_stop_short_of_it():
    # p = 2 meets the bound after half its length. Cut short by θ = 0.9, or turned back by a tenth of what it went.
    found = candidates(functions, *_one_dimensional(2.0, np.array([-3.0]), np.array([1.0])))
    np.testing.assert_allclose(found.steps_h[:, 0], [0.9, 0.95, 0.9])
    np.testing.assert_allclose(found.values, 0.5 * (found.steps_h[:, 0] - 2) ** 2 - 2)


def test_truncated_step_wins_where_reflection_runs_into_another_bound():
    J_h = np.diag([1.0, 30.0])
    f = np.array([-2.0, -0.3])
    p_h = np.array([2.0, 0.01])  # meets the first bound after 0.95 of its length, and hardly has to go to the second
    model = Model(J_h, J_h.T @ f, np.zeros(2), np.ones(2), 100.0, 0.99)
    step, _, which = _select(np.zeros(2), p_h, model, np.array([-9.0, -9.0]), np.array([1.9, 0.0095 + 1e-9]))
    assert which == TRUNCATED
    np.testing.assert_allclose(step, 0.99 * 0.95 * p_h)


def test_reflected_step_turns_the_component_that_hit():
    J_h = np.array([[1.0, 1.0], [0.0, 0.1]])
    f = np.array([-1.0, 0.4])  # the minimiser (5, -4) lies beyond the bound on the first component
    model = Model(J_h, J_h.T @ f, np.zeros(2), np.ones(2), 100.0, 0.995)
    p_h = np.linalg.solve(J_h, -f)
    x, lb, ub = np.zeros(2), np.array([-9.0, -9.0]), np.array([0.5, 9.0])
    found = candidates(functions, x, p_h, model, lb, ub)
    at_bound, reflected = 0.1 * p_h, np.array([-p_h[0], p_h[1]])
    leg = np.asarray(found.steps_h[1]) - at_bound
    np.testing.assert_allclose(leg / np.linalg.norm(leg), reflected / np.linalg.norm(reflected))


def test_each_kind_of_step_is_chosen_somewhere():
    chosen = [_select(*_model(seed))[2] for seed in range(200)]
    counts = np.bincount(chosen, minlength=4)
    print(dict(zip(("trust region", "truncated", "reflected", "gradient"), counts.tolist(), strict=True)))
    assert set(chosen) == {TRUST_REGION, TRUNCATED, REFLECTED, GRADIENT}


def test_selected_step_is_that_of_scipy():
    for seed in range(500):
        x, p_h, model, lb, ub = _model(seed)
        step, predicted, _ = _select(x, p_h, model, lb, ub)
        _, expected, reduction = scipy_trf.select_step(
            x, model.J_h, model.diag_h, model.g_h, model.d * p_h, p_h, model.d, model.Delta, lb, ub, model.theta
        )
        np.testing.assert_allclose(step, expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(predicted, reduction, rtol=1e-9)


def test_selected_step_stays_inside_bounds_and_region_and_foretells_its_reduction():
    for seed in range(500):
        x, p_h, model, lb, ub = _model(seed)
        step, predicted, _ = _select(x, p_h, model, lb, ub)
        reached = x + model.d * step
        assert np.all((lb <= reached) & (reached <= ub))
        assert np.linalg.norm(step) <= model.Delta * (1 + 1e-9)
        assert predicted > 0
        np.testing.assert_allclose(predicted, -_quadratic(model, step), rtol=1e-9)


def test_candidates_state_the_values_that_the_model_has_there():
    for seed in range(50):
        case = _model(seed)
        found = candidates(functions, *case)
        for step, value in zip(np.asarray(found.steps_h), np.asarray(found.values), strict=True):
            if np.isfinite(value):
                np.testing.assert_allclose(value, _quadratic(case[2], step), rtol=1e-9, atol=1e-12)


def test_no_gradient_is_no_gradient_step():
    one = np.ones((1, 1))
    model = Model(one, np.zeros(1), np.zeros(1), np.ones(1), 1.0, 0.995)
    found = candidates(functions, np.zeros(1), np.array([2.0]), model, -jnp.ones(1), jnp.ones(1))
    assert found.steps_h[2] == 0
    assert found.values[2] == 0
