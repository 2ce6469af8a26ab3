import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial
from scipy.optimize import brentq

import trfkit
from trfkit import TrustRegionJITFunctions
from trfkit.core.conjugate_gradient import BUDGET, SMALL_BUDGET, cg_budget
from trfkit.core.operators import LinearOperator
from trfkit.datasets import nist
from trfkit.fitting.curve_fit import fit_curve

functions = TrustRegionJITFunctions()

M, N = 50, 5
ONES = np.ones(N)
CONDITIONS = (10.0, 1e3, 1e6)
FRACTIONS = (0.5, 0.1, 0.01)  # of the Gauss-Newton step's length


def _problem(seed, condition):
    """(J, f): a random 50×5 Jacobian of the given condition, and residuals."""
    rng = np.random.default_rng(seed)
    U, _ = np.linalg.qr(rng.standard_normal((M, N)))
    V, _ = np.linalg.qr(rng.standard_normal((N, N)))
    return U * np.geomspace(1, 1 / condition, N) @ V.T, rng.standard_normal(M)


def _newton_norm(J, f):
    return np.linalg.norm(np.linalg.lstsq(J, f)[0])


def _reduction(J, f, p):
    return -(f @ J @ p + 0.5 * np.sum((J @ p) ** 2))


def _cauchy_reduction(J, f, Delta):
    """Of the best step along the antigradient inside the region."""
    g = J.T @ f
    length = min(g @ g / np.sum((J @ g) ** 2), Delta / np.linalg.norm(g))
    return _reduction(J, f, -length * g)


def _best_reduction(J, f, Delta):
    """Of the exact step on the boundary, from the spectrum and the root of the secular equation."""
    U, s, Vt = np.linalg.svd(J, full_matrices=False)
    suf = s * (U.T @ f)
    excess = lambda log_alpha: np.linalg.norm(suf / (s**2 + np.exp(log_alpha))) - Delta  # noqa: E731
    alpha = np.exp(brentq(excess, -60, 60, xtol=1e-13))
    return _reduction(J, f, -Vt.T @ (suf / (s**2 + alpha)))


@dataclasses.dataclass
class Solved:
    """One subproblem and its Steihaug step."""

    J: np.ndarray
    f: np.ndarray
    Delta: float
    step: tuple


@pytest.fixture(scope="module", params=[(c, r) for c in CONDITIONS for r in FRACTIONS], ids=str)
def solved(request):
    """200 random subproblems of one condition and one relative radius."""
    condition, fraction = request.param
    problems = []
    for seed in range(200):
        J, f = _problem(seed, condition)
        Delta = fraction * _newton_norm(J, f)
        problems.append(Solved(J, f, Delta, functions.solve_tr_subproblem_cg(J, f, ONES, Delta, 0.0)))
    return problems


def test_steihaug_step_reduces_the_model_at_least_as_the_cauchy_point_does(solved):
    for problem in solved:
        cauchy = _cauchy_reduction(problem.J, problem.f, problem.Delta)
        assert _reduction(problem.J, problem.f, problem.step.p) >= cauchy * (1 - 1e-12)


def test_median_steihaug_step_reduces_the_model_by_nine_tenths_of_the_exact_step(solved):
    shares = [_reduction(s.J, s.f, s.step.p) / _best_reduction(s.J, s.f, s.Delta) for s in solved]
    print(f"share of the exact step's reduction: median {np.median(shares):.3f}, least {min(shares):.3f}")
    assert np.median(shares) >= 0.9
    assert max(shares) <= 1 + 1e-9


def test_steihaug_step_stays_in_the_region_and_ends_on_its_boundary_when_truncated(solved):
    for problem in solved:
        norm = np.linalg.norm(problem.step.p)
        assert norm <= problem.Delta * (1 + 1e-12)
        assert problem.step.on_boundary  # the Gauss-Newton step is longer than the radius
        assert problem.step.converged
        assert problem.step.alpha >= 0
        np.testing.assert_allclose(norm, problem.Delta, rtol=1e-12)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_step_that_fits_is_the_gauss_newton_step(condition):
    for seed in range(20):
        J, f = _problem(seed, condition)
        newton = -np.linalg.lstsq(J, f)[0]
        solution = functions.solve_tr_subproblem_cg(J, f, ONES, 2 * np.linalg.norm(newton), 0.0)
        assert not solution.on_boundary
        assert solution.alpha == 0
        assert solution.converged
        # The tolerance is on the gradient: an error of p along the smallest singular value weighs condition² less.
        best = _reduction(J, f, newton)
        np.testing.assert_allclose(_reduction(J, f, solution.p), best, rtol=1e-3 if condition > 1e5 else 1e-8)


@pytest.mark.parametrize("fraction", [2.0, 0.1])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_scaling_jacobian_and_residuals_changes_nothing_but_the_scale(condition, fraction):
    for seed in range(20):
        J, f = _problem(seed, condition)
        Delta = fraction * _newton_norm(J, f)
        step = functions.solve_tr_subproblem_cg(J, f, ONES, Delta, 0.0)
        # By a power of two nothing is rounded differently: the same bits.
        halved = functions.solve_tr_subproblem_cg(2.0**-27 * J, 2.0**-27 * f, ONES, Delta, 0.0)
        np.testing.assert_array_equal(halved.p, step.p)
        assert halved.alpha == 2.0**-54 * step.alpha
        assert halved._replace(p=0, alpha=0) == step._replace(p=0, alpha=0)
        if condition <= 10:  # above, CG itself magnifies the rounding of the scaled numbers
            scaled = functions.solve_tr_subproblem_cg(1e-8 * J, 1e-8 * f, ONES, Delta, 0.0)
            np.testing.assert_allclose(scaled.p, step.p, rtol=1e-9)
            assert scaled.on_boundary == step.on_boundary


def test_scaling_residuals_keeps_the_iterates_of_a_fit_by_cg():
    def residuals(p, scale):
        t = jnp.linspace(0.0, 2.0, 12)
        return scale * (p[0] * jnp.exp(-p[1] * t) - 3 * jnp.exp(-0.7 * t) - 0.05 * jnp.cos(9 * t))

    plain, tiny = (
        trfkit.least_squares(residuals, [1.0, 1.0], args=(scale,), tr_solver="cg", bounds=([0, 0.8], [9, 9]))
        for scale in (1.0, 1e-8)
    )
    np.testing.assert_allclose(tiny.x, plain.x, rtol=1e-9)
    np.testing.assert_allclose(tiny.cost, 1e-16 * plain.cost, rtol=1e-9)
    np.testing.assert_array_equal(tiny.trace.kind[:8], plain.trace.kind[:8])
    np.testing.assert_allclose(tiny.trace.x[:8], plain.trace.x[:8], rtol=1e-6)


def test_hat_space_is_the_scaling_of_the_columns():
    J, f = _problem(3, 10.0)
    d = np.array([1.0, 2.0, 0.5, 3.0, 0.1])
    step = functions.solve_tr_subproblem_cg(J, f, d, 0.5, 0.0)
    np.testing.assert_allclose(step.p, functions.solve_tr_subproblem_cg(J * d, f, ONES, 0.5, 0.0).p, rtol=1e-12)


@pytest.mark.parametrize("Delta", [1e3, 0.1])
def test_coleman_li_rows_count_as_rows_of_the_jacobian(Delta):
    J, f = _problem(4, 10.0)
    d, rows = np.array([1.0, 2.0, 0.5, 3.0, 0.1]), np.array([0.0, 1.0, 0.2, 0.0, 3.0])
    augmented, zeros = np.concatenate([J * d, np.diag(rows)]), np.zeros(N)
    expected = functions.solve_tr_subproblem_cg(augmented, np.concatenate([f, zeros]), ONES, Delta, 0.0)
    for J_diag in (rows, np.diag(rows)):
        step = functions.solve_tr_subproblem_cg_bounds(J, f, d, J_diag, zeros, Delta, 0.0)
        np.testing.assert_allclose(step.p, expected.p, rtol=1e-12)
        assert step.on_boundary == expected.on_boundary == (Delta < 1)


def test_alpha_adds_its_parabola_to_the_model():
    J, f = _problem(5, 10.0)
    augmented, residuals = np.concatenate([J, np.sqrt(0.3) * np.eye(N)]), np.concatenate([f, np.zeros(N)])
    expected = -np.linalg.lstsq(augmented, residuals)[0]
    np.testing.assert_allclose(functions.solve_tr_subproblem_cg(J, f, ONES, 1e3, 0.3).p, expected, rtol=1e-9)


@pytest.mark.parametrize("alpha", [0.0, 1e-3, 1.0])
def test_conjugate_gradients_solve_the_damped_equations(alpha):
    J, f = _problem(6, 10.0)
    d = np.array([1.0, 2.0, 0.5, 3.0, 0.1])
    J_h = J * d
    p, residual_norm, iterations = functions.conjugate_gradient_solve(J, f, d, alpha, 1e-10)
    np.testing.assert_allclose(p, np.linalg.solve(J_h.T @ J_h + alpha * np.eye(N), -J_h.T @ f), rtol=1e-7)
    assert residual_norm <= 1e-10
    assert 0 < iterations <= cg_budget(N)


def test_residual_norm_is_the_one_that_is_left():
    J, f = _problem(7, 1e3)
    p, residual_norm, _ = functions.conjugate_gradient_solve(J, f, ONES, 0.1, 1e-2)
    left = np.linalg.norm(J.T @ (J @ p + f) + 0.1 * p) / np.linalg.norm(J.T @ f)
    np.testing.assert_allclose(residual_norm, left, rtol=1e-9)
    assert 1e-6 < residual_norm <= 1e-2  # no further than asked


def test_looser_tolerance_takes_fewer_iterations():
    J, f = _problem(8, 1e3)
    counts = [int(functions.conjugate_gradient_solve(J, f, ONES, 0.0, tol)[2]) for tol in (1.0, 0.5, 1e-4, 1e-10)]
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert counts[-1] > counts[1]


def test_budget_grows_with_the_parameters_and_has_a_floor():
    budgets = [cg_budget(n) for n in (1, 10, 100, 1000, 10**5)]
    assert budgets[0] == SMALL_BUDGET
    assert cg_budget(100) == 100 * BUDGET
    assert budgets == sorted(budgets)


def test_exhausted_budget_is_not_converged():
    # 60 eigenvalues spread over 16 decades are more than CG resolves in its budget.
    n = 60
    Q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((n, n)))
    graded = np.geomspace(1, 1e-8, n)[:, None] * Q
    solution = functions.solve_tr_subproblem_cg(graded, np.ones(n), np.ones(n), 1e12, 0.0)
    assert solution.iterations == cg_budget(n)
    assert not solution.converged
    assert not solution.on_boundary


@pytest.mark.parametrize(("J", "f"), [(np.zeros((M, N)), np.ones(M)), (np.ones((M, N)), np.zeros(M))])
def test_no_gradient_is_no_step(J, f):
    solution = functions.solve_tr_subproblem_cg(J, f, ONES, 1.0, 0.0)
    np.testing.assert_array_equal(solution.p, 0)
    assert (solution.iterations, solution.residual_norm, solution.on_boundary) == (0, 0, False)
    assert solution.converged


def _forward(J, v):
    return J @ v


def _adjoint(J, u):
    return J.T @ u


def test_products_alone_give_the_same_step():
    J, f = _problem(9, 1e3)
    operator = LinearOperator(Partial(_forward, J), Partial(_adjoint, J))
    for Delta in (1e-2, 1e6):
        step = functions.solve_tr_subproblem_cg(operator, f, ONES, Delta, 0.0)
        np.testing.assert_allclose(step.p, functions.solve_tr_subproblem_cg(J, f, ONES, Delta, 0.0).p, rtol=1e-7)


def test_normal_matrix_is_never_formed():
    shapes = [(M, N), (M,), (N,), (N,), (N,)]
    text = jax.jit(functions.solve_tr_subproblem_cg_bounds).lower(*map(np.zeros, shapes), 1.0, 0.0).as_text()
    assert f"tensor<{M + N}x{N}xf64>" in text  # J with its rows
    assert f"tensor<{N}x{N}xf64>" in text  # the diagonal of Coleman and Li, before it is appended
    products = [line for line in text.splitlines() if "dot_general" in line]
    assert products
    assert not [line for line in products if f"-> tensor<{N}x{N}xf64>" in line]


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", ["MGH09", "MGH10"])
def test_cg_reaches_the_certified_values(name, start):
    data = nist(name)
    result = fit_curve(data.model, data.x, data.y, data.starts[start], tr_solver="cg")
    print(f"{name} from start {start + 1}: {data.digits(result.x):.1f} digits, {result.nfev} evaluations")
    assert data.digits(result.x) >= 6
    assert set(result.trace.solver[1:]) == {"CG"}
