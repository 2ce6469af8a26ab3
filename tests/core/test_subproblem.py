import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from scipy.optimize import brentq
from scipy.optimize._lsq import common as scipy_common

from trfkit import TrustRegionJITFunctions
from trfkit.core import subproblem

functions = TrustRegionJITFunctions()


def _problem(seed, m=9, n=4, condition=100.0):
    """(J, f) with singular values from 1 down to 1 / condition."""
    rng = np.random.default_rng(seed)
    U, _ = np.linalg.qr(rng.standard_normal((m, n)))
    V, _ = np.linalg.qr(rng.standard_normal((n, n)))
    return U * np.geomspace(1, 1 / condition, n) @ V.T, rng.standard_normal(m)


def _solve(J, f, Delta, alpha=0.0):
    _, _, s, V, uf = functions.svd_no_bounds(J, np.ones(J.shape[1]), f)
    return functions.solve_tr_subproblem_exact(s, V, uf, Delta, alpha, J.shape[0])


def _reduction(J, f, p):
    return -(f @ J @ p + 0.5 * np.sum((J @ p) ** 2))


def _newton_norm(J, f):
    return np.linalg.norm(np.linalg.lstsq(J, f)[0])


def _damped(J, f, alpha):
    return np.linalg.solve(J.T @ J + alpha * np.eye(J.shape[1]), -J.T @ f)


def _best_step(J, f, Delta):
    """The minimiser on the boundary, its parameter found to the last bits."""
    excess = lambda log_alpha: np.linalg.norm(_damped(J, f, np.exp(log_alpha))) - Delta  # noqa: E731
    return _damped(J, f, np.exp(brentq(excess, -60, 60, xtol=1e-14, rtol=1e-14)))


@pytest.mark.parametrize("shape", [(7, 3), (3, 3), (3, 7)])
def test_factors_multiply_to_the_matrix(shape):
    A = np.random.default_rng(0).standard_normal(shape)
    U, s, V = map(np.asarray, subproblem.svd(A))
    np.testing.assert_allclose(U * s @ V.T, A, atol=1e-14)
    np.testing.assert_allclose(s, np.linalg.svd(A)[1])


def _fail_unless_asked_for_qr(monkeypatch):
    """Make the default method of the SVD return nan; returns the list of the methods asked for."""
    working, methods = lax.linalg.svd, []

    def failing(A, *, algorithm=None, **options):
        methods.append(algorithm)
        factors = working(A, algorithm=algorithm, **options)
        return factors if algorithm is not None else [jnp.full_like(a, jnp.nan) for a in factors]

    monkeypatch.setattr(subproblem.lax.linalg, "svd", failing)
    return methods


def test_failed_decomposition_is_repeated_by_qr_iteration(monkeypatch):
    A = np.random.default_rng(0).standard_normal((20, 14))  # more columns than are decomposed without a library
    methods = _fail_unless_asked_for_qr(monkeypatch)
    U, s, V = map(np.asarray, subproblem.svd(A))
    assert methods == [None, lax.linalg.SvdAlgorithm.QR]
    np.testing.assert_allclose(U * s @ V.T, A, atol=1e-14)


def test_decomposition_of_nan_is_nan():
    _, s, _ = subproblem.svd(np.full((3, 2), np.nan))
    assert np.all(np.isnan(s))


@pytest.mark.parametrize(
    ("s", "m", "rank"),
    [([4.0, 1.0, 1e-3], 10, 3), ([4.0, 1e-15, 0.0], 10, 1), ([0.0, 0.0, 0.0], 10, 0), ([1, 1e-12, 0], 10**5, 1)],
)
def test_rank_counts_what_rounding_in_m_rows_leaves(s, m, rank):
    assert subproblem.numerical_rank(np.array(s, float), m) == rank


def test_secular_function_is_the_excess_over_the_radius():
    s, suf, alpha = np.array([2.0, 1.0]), np.array([1.0, 3.0]), 0.5
    phi, slope = subproblem.secular(alpha, s, suf, 1.0)
    np.testing.assert_allclose(phi, np.hypot(1 / 4.5, 3 / 1.5) - 1.0)
    h = 1e-6
    ahead, behind = (subproblem.secular(alpha + e, s, suf, 1.0)[0] for e in (h, -h))
    np.testing.assert_allclose(slope, (ahead - behind) / (2 * h), rtol=1e-8)


def test_gauss_newton_step_that_fits_is_taken_whole():
    J, f = _problem(1)
    p, alpha, on_boundary, iterations = _solve(J, f, 1.01 * _newton_norm(J, f))
    np.testing.assert_allclose(p, -np.linalg.lstsq(J, f)[0], rtol=1e-11)
    assert (alpha, on_boundary, iterations) == (0, False, 0)


@pytest.mark.parametrize("condition", [1.0, 1e3, 1e6])
@pytest.mark.parametrize("fraction", [0.99, 0.5, 1e-2, 1e-4])
def test_longer_gauss_newton_step_is_bent_to_the_boundary(fraction, condition):
    for seed in range(20):
        J, f = _problem(seed, condition=condition)
        Delta = fraction * _newton_norm(J, f)
        p, alpha, on_boundary, iterations = _solve(J, f, Delta)
        assert on_boundary
        assert alpha > 0
        assert iterations <= subproblem.MAX_SECULAR_ITERATIONS
        np.testing.assert_allclose(np.linalg.norm(p), Delta, rtol=1e-13)
        assert _reduction(J, f, p) >= 0.999 * _reduction(J, f, _best_step(J, f, Delta))


@pytest.mark.parametrize("alpha", [0.0, 1e-8, 1e8])
def test_any_start_of_the_iteration_leads_to_the_same_step(alpha):
    J, f = _problem(2)
    Delta = 0.1 * _newton_norm(J, f)
    p, *_ = _solve(J, f, Delta, alpha)
    np.testing.assert_allclose(p, _best_step(J, f, Delta), rtol=0.05)


@pytest.mark.parametrize("Delta", [1e-3, 0.1, 1.0, 1e3])
def test_step_is_that_of_scipy(Delta):
    J, f = _problem(3)
    U, s, Vt = np.linalg.svd(J, full_matrices=False)
    expected, alpha, iterations = scipy_common.solve_lsq_trust_region(4, 9, U.T @ f, s, Vt.T, Delta, initial_alpha=0.0)
    p, *rest = _solve(J, f, Delta)
    np.testing.assert_allclose(p, expected, rtol=1e-10)
    np.testing.assert_allclose(rest, [alpha, iterations > 0, iterations], rtol=1e-10)


def test_step_without_full_rank_is_the_shortest_one():
    J, f = _problem(4)
    J[:, 3] = J[:, 0]
    p, alpha, on_boundary, _ = _solve(J, f, 1e6)
    np.testing.assert_allclose(p, -np.linalg.pinv(J) @ f, rtol=1e-9)
    assert not on_boundary
    assert alpha == 0


def test_step_without_full_rank_reaches_the_boundary():
    J, f = _problem(4)
    J[:, 3] = J[:, 0]
    Delta = 0.1 * np.linalg.norm(np.linalg.pinv(J) @ f)
    p, _, on_boundary, _ = _solve(J, f, Delta)
    assert on_boundary
    np.testing.assert_allclose(np.linalg.norm(p), Delta, rtol=1e-13)
    np.testing.assert_allclose(p[3], p[0], rtol=1e-9)


@pytest.mark.parametrize(("J", "f"), [(np.zeros((9, 4)), np.ones(9)), (np.ones((9, 4)), np.zeros(9))])
def test_nothing_to_gain_is_no_step(J, f):
    p, alpha, on_boundary, _ = _solve(J, f, 1.0)
    np.testing.assert_array_equal(p, 0)
    assert (alpha, on_boundary) == (0, False)


def test_step_is_unchanged_when_jacobian_and_residuals_are_scaled_together():
    J, f = _problem(5)
    for Delta in (0.1, 1e3):
        p, alpha, *_ = _solve(J, f, Delta)
        scaled_p, scaled_alpha, *_ = _solve(2.0**-27 * J, 2.0**-27 * f, Delta)
        np.testing.assert_array_equal(scaled_p, p)
        np.testing.assert_array_equal(scaled_alpha, 2.0**-54 * alpha)
