"""Decompositions of small matrices against LAPACK's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.core import small

SHAPES = [(1, 1), (3, 2), (3, 3), (6, 3), (5, 5), (14, 7), (24, 12)]


def matrices(shape):
    """Well and badly conditioned ones, of dependent columns, of zeros, in large and small units."""
    rng = np.random.default_rng(sum(shape))
    A = rng.standard_normal(shape)
    dependent = A.copy()
    dependent[:, -1] = dependent[:, 0]
    graded = A * np.logspace(0, -12, shape[1])
    empty_column = A.copy()
    empty_column[:, 0] = 0.0
    return [A, dependent, graded, empty_column, np.zeros(shape), 1e180 * A, 1e-180 * A, np.triu(A)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_singular_values_are_those_of_lapack(shape):
    for A in matrices(shape):
        U, s, V = map(np.asarray, jax.jit(small.svd)(A))
        largest = max(np.linalg.norm(A, 2), np.finfo(float).tiny)
        np.testing.assert_allclose(s / largest, np.linalg.svd(A, compute_uv=False) / largest, atol=1e-14)
        assert np.all(np.diff(s) <= 0)
        np.testing.assert_allclose(U * (s / largest) @ V.T, A / largest, atol=1e-14)
        np.testing.assert_allclose(V.T @ V, np.eye(shape[1]), atol=1e-14)


def test_small_singular_values_keep_their_digits():
    # Of R with a grading of columns Jacobi's method finds every singular value to rounding, LAPACK's only the first.
    R = np.triu(np.random.default_rng(0).standard_normal((4, 4))) + 3 * np.eye(4)
    graded = R * np.array([1.0, 1e-6, 1e-12, 1e-18])
    _, s, _ = small.svd(graded)
    np.testing.assert_allclose(np.prod(np.asarray(s)), np.prod(np.abs(np.diag(graded))), rtol=1e-13)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_decomposition_of_what_is_not_finite_is_nan(bad):
    A = np.ones((4, 3))
    A[1, 2] = bad
    assert np.all(np.isnan(small.svd(A)[1]))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_triangle_holds_the_products_of_the_columns(shape):
    for A in matrices(shape):
        R = np.asarray(jax.jit(small.triangle)(A))
        lengths = np.linalg.norm(A / max(np.abs(A).max(), 1e-300), axis=0) * np.abs(A).max()
        scale = np.where(lengths > 0, lengths, 1.0)
        unit = A / scale
        np.testing.assert_allclose((R / scale).T @ (R / scale), unit.T @ unit, atol=1e-14)
        np.testing.assert_array_equal(R, np.triu(R))
        assert np.all(np.diag(R) >= 0)


def test_least_squares_from_the_triangle_is_as_good_as_from_householder():
    # Hilbert's matrix: condition 1.6e10. What counts is the solution of R p = q with q from the last column.
    A = 1.0 / (np.arange(20)[:, None] + np.arange(7)[None] + 1.0)
    f = A @ np.ones(7)
    for triangle in (small.triangle, lambda M: np.linalg.qr(M, mode="r")):
        R = np.asarray(triangle(np.column_stack([A, f])))
        solution = np.linalg.solve(R[:7, :7], R[:7, 7])
        np.testing.assert_allclose(solution, np.ones(7), atol=1e-6)


def test_right_hand_side_of_dependent_columns_is_kept():
    # Of the second column only rounding is left; it must be the same rounding in every use, or the gradient is wrong.
    x = np.linspace(0.0, 4.0, 30)
    decay = np.exp(-x / 1.4)
    J = np.column_stack([1.4 * decay, 1.4 * decay, decay * x, np.ones_like(x)])
    f = 2.0 * decay - 3.0 * np.exp(-x / 1.5)
    R = np.asarray(jax.jit(small.triangle)(np.column_stack([J, f])))
    np.testing.assert_allclose(R[:4, :4].T @ R[:4, 4], J.T @ f, rtol=1e-13)


def test_cholesky_solves_and_tells_what_is_not_positive_definite():
    A = np.random.default_rng(1).standard_normal((9, 4))
    G, b = A.T @ A, np.arange(4.0)
    L = small.cholesky(jnp.asarray(G))
    np.testing.assert_allclose(L, np.linalg.cholesky(G), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(small.solve_lower(L, jnp.asarray(b)), np.linalg.solve(np.asarray(L), b), rtol=1e-12)
    assert np.any(np.isnan(small.cholesky(jnp.asarray(G - 2 * np.linalg.norm(G) * np.eye(4)))))


def test_single_precision_stays_single():
    A = np.random.default_rng(2).standard_normal((6, 3)).astype(np.float32)
    U, s, V = small.svd(A)
    assert {a.dtype for a in (U, s, V, small.triangle(A))} == {np.dtype(np.float32)}
    np.testing.assert_allclose(s, np.linalg.svd(A, compute_uv=False), rtol=1e-5)
