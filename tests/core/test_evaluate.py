import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize._lsq import common as scipy_common

from trfkit import TrustRegionJITFunctions
from trfkit.core.evaluate import condense, evaluate, jacobian_operator, linearize
from trfkit.core.losses import LOSSES, evaluate_loss, scale_rows
from trfkit.core.operators import matvec, rmatvec
from trfkit.core.problem import BLOCK_ROWS, CurveResiduals, PlainFunction, Problem, bucket, pad_rows
from trfkit.core.triangle import triangle

functions = TrustRegionJITFunctions()
evaluated = jax.jit(evaluate)
weights = jax.jit(evaluate_loss, static_argnums=0)

PARAMS = np.array([2.0, 0.7, 0.3])
# About the bucket of 20, one block, and two; then several blocks, the last of them not full.
BORDERS = (1, 2, 19, 20, 21, 2559, 2560, 2561, 5120, 5121, 7000)


def _decay(x, a, b, c):
    return a * jnp.exp(-b * x) + c


def _data(m):
    """(x, y, sigma) of m noisy points."""
    rng = np.random.default_rng(m)
    x = rng.uniform(0, 3, m)
    return x, 2.5 * np.exp(-0.5 * x) + 0.1 * rng.standard_normal(m), rng.uniform(0.5, 2, m)


def _dense(x, y, sigma):
    """(J, f) by hand, without JAX."""
    a, b, c = PARAMS
    decay = np.exp(-b * x)
    return np.stack([decay, -a * x * decay, np.ones_like(x)], axis=1) / sigma[:, None], (a * decay + c - y) / sigma


def _blocked(x, y, sigma, fill=None, loss=LOSSES["linear"]):
    rows = {name: pad_rows(a, bucket(x.size), fill) for name, a in (("x", x), ("y", y), ("sigma", sigma))}
    return Problem(rows, {}, x.size, 0.5, None, CurveResiduals(_decay), loss=loss, blocked=True)


def _residuals(p, rows, shared):
    x, y, sigma = rows
    return (_decay(x, *p) - y) / sigma


def _whole(x, y, sigma, mask=None, **options):
    return Problem((x, y, sigma), (), float(x.size), 0.5, mask, _residuals, **options)


def _check(found, J, f, cost):
    """The triangle stands for J and f: the same Gram matrix, gradient and cost."""
    R, q = np.asarray(found.J), np.asarray(found.f)
    size = np.linalg.norm(J, axis=0)
    np.testing.assert_array_equal(R, np.triu(R))
    np.testing.assert_allclose(R.T @ R, J.T @ J, rtol=1e-12, atol=1e-12 * np.max(size) ** 2)
    np.testing.assert_allclose(R.T @ q, J.T @ f, rtol=1e-11, atol=1e-13 * np.linalg.norm(f) * np.max(size))
    np.testing.assert_allclose(found.g, J.T @ f, rtol=1e-11, atol=1e-13 * np.linalg.norm(f) * np.max(size))
    np.testing.assert_allclose(found.cost, cost, rtol=1e-13)
    assert found.finite


def _weighed(J, f, name, f_scale=0.5):
    """(J, f, cost) as SciPy weighs them for a loss."""
    rho = np.asarray(weights(LOSSES[name], f, f_scale))
    return *scipy_common.scale_for_robust_loss_function(J.copy(), f.copy(), rho), 0.5 * rho[0].sum()


@pytest.mark.parametrize("m", BORDERS)
def test_triangle_of_all_blocks_is_that_of_the_dense_jacobian(m):
    data = _data(m)
    J, f = _dense(*data)
    _check(evaluated(_blocked(*data), PARAMS), J, f, 0.5 * f @ f)


@pytest.mark.parametrize("m", BORDERS)
def test_padding_never_leaks(m):
    data = _data(m)
    J, f = _dense(*data)
    _check(evaluated(_blocked(*data, fill=np.nan), PARAMS), J, f, 0.5 * f @ f)


@pytest.mark.parametrize("m", BORDERS)
def test_triangle_is_no_larger_than_the_parameters(m):
    found = jax.eval_shape(evaluate, _blocked(*_data(m)), PARAMS)
    assert (found.J.shape, found.f.shape, found.g.shape) == ((3, 3), (3,), (3,))


@pytest.mark.parametrize(("name", "m"), [*((name, 21) for name in LOSSES), ("cauchy", 5121)])
def test_rows_are_weighed_by_the_loss(name, m):
    data = _data(m)
    J, f, cost = _weighed(*_dense(*data), name)
    found = evaluated(_blocked(*data, fill=np.nan, loss=LOSSES[name]), PARAMS)
    _check(found, J, f, cost)


@pytest.mark.parametrize("name", ["linear", "cauchy"])
def test_masked_residuals_do_not_count(name):
    x, y, sigma = _data(9)
    mask = np.array([True, False, True, True, False, True, True, True, False])
    J, f, cost = _weighed(*_dense(x[mask], y[mask], sigma[mask]), name)
    y = np.where(mask, y, np.nan)
    x = np.where(mask, x, np.inf)  # the model itself is finite there, its derivative not
    _check(evaluated(_whole(x, y, sigma, mask, loss=LOSSES[name]), PARAMS), J, f, cost)


@pytest.mark.parametrize("mask", [None, np.array([True, False])])
def test_fewer_residuals_than_parameters(mask):
    data = _data(2)
    J, f = _dense(*(data if mask is None else (a[mask] for a in data)))
    _check(evaluated(_whole(*data, mask), PARAMS), J, f, 0.5 * f @ f)


def test_masked_residuals_do_not_count_where_there_are_more_parameters():
    A = np.array([[1.0, 2.0, 3.0], [np.nan, 1.0, np.inf]])
    mask = np.array([True, False])
    problem = Problem((), ((A,), {}), 1.0, 1.0, mask, PlainFunction(lambda p, A: A @ p))
    f = A[:1] @ PARAMS
    _check(evaluated(problem, PARAMS), A[:1], f, 0.5 * f @ f)


def test_more_parameters_than_rows_of_a_block():
    x, y, sigma = _data(19)
    powers = np.arange(25)
    problem = Problem(
        {"x": pad_rows(x / 3, 20), "y": pad_rows(y, 20)}, {"sigma": 1.0}, 19, 1.0, None,
        CurveResiduals(lambda x, *p: jnp.stack(p) @ x[None] ** powers[:, None]), blocked=True,
    )  # fmt: skip
    J = (x[:, None] / 3) ** powers
    f = J @ np.ones(25) - y
    _check(evaluated(problem, np.ones(25)), J, f, 0.5 * f @ f)


def _powers(x, *p):
    return sum(a * x**k for k, a in enumerate(p))


@pytest.mark.parametrize("name", ["linear", "cauchy"])
@pytest.mark.parametrize("width", [0.001, 2.0])
def test_rows_whose_gram_matrix_is_poor_are_folded_as_exactly_as_others(width, name):
    m = 3 * BLOCK_ROWS + 100
    x = np.linspace(1 - width, 1, m)
    y, p = np.cos(3 * x), np.array([0.3, 0.5, -0.2, 0.1])
    problem = Problem(
        {"x": pad_rows(x, bucket(m)), "y": pad_rows(y, bucket(m))}, {"sigma": 0.1}, m, 1.0, None,
        CurveResiduals(_powers), loss=LOSSES[name], blocked=True,
    )  # fmt: skip
    J, f, cost = _weighed(x[:, None] ** np.arange(4) / 0.1, (_powers(x, *p) - y) / 0.1, name, 1.0)
    found = evaluated(problem, p)
    np.testing.assert_allclose(found.cost, cost, rtol=1e-12)
    R = np.asarray(found.J)
    expected = np.linalg.qr(J, mode="r")
    expected *= np.sign(np.diag(expected))[:, None]
    scale = np.linalg.norm(J, axis=0)
    # A condition of 1e10 leaves the diagonal 1e-6 of its digits; that of Jᵀ J would leave none.
    np.testing.assert_allclose(R * np.sign(np.diag(R))[:, None] / scale, expected / scale, rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(found.g / scale, J.T @ f / scale, rtol=1e-9, atol=1e-12 * np.linalg.norm(f))


def test_residuals_whose_squares_overflow_are_finite_and_their_cost_is_not():
    x, y, sigma = _data(7000)
    y[5] = 1e200
    found = evaluated(_blocked(x, y, sigma), PARAMS)
    assert found.finite and np.isinf(found.cost)


def _jacobian(p, rows, shared):
    return jax.jacfwd(_residuals)(p, rows, shared)


def test_jacobian_of_the_user_is_used():
    data = _data(9)
    J, f = _dense(*data)
    _check(evaluated(_whole(*data, jacobian=_jacobian), PARAMS), J, f, 0.5 * f @ f)
    tripled = _whole(*data, jacobian=lambda *args: 3 * _jacobian(*args))
    np.testing.assert_allclose(evaluated(tripled, PARAMS).g, 3 * J.T @ f, rtol=1e-11)


@pytest.mark.parametrize("m", [2, 3, 9])
def test_derivatives_are_those_of_the_dense_jacobian_in_either_mode(m):
    data = _data(m)
    J, f = _dense(*data)
    found_f, Jt = jax.jit(linearize)(_whole(*data), PARAMS, data)
    np.testing.assert_allclose(found_f, f, rtol=1e-12)
    np.testing.assert_allclose(Jt, J.T, rtol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(("m", "row"), [(1, 0), (20, 19), (21, 20), (2561, 2560), (2561, 0), (7000, 5200)])
def test_one_bad_row_that_counts_is_not_finite(m, row, bad):
    x, y, sigma = _data(m)
    y[row] = bad
    assert not evaluated(_blocked(x, y, sigma), PARAMS).finite


def test_derivative_that_is_not_finite_is_not_finite():
    problem = Problem((), ((), {}), 2.0, 1.0, None, PlainFunction(jnp.sqrt))
    found = evaluated(problem, np.array([0.0, 1.0]))
    assert found.cost == 0.5
    assert not found.finite


@pytest.mark.parametrize("name", ["linear", "soft_l1"])
def test_products_with_the_jacobian_are_those_of_the_dense_one(name):
    data = _data(9)
    mask = np.arange(9) != 4
    dense_J, dense_f = _dense(*data)
    J, f, _ = _weighed(dense_J, dense_f, name)
    J, f = J * mask[:, None], f * mask
    problem = _whole(*data, mask, loss=LOSSES[name], matrix_free=True)
    operator = jax.jit(jacobian_operator)(problem, PARAMS)
    rng = np.random.default_rng(0)
    v, u = rng.standard_normal(3), rng.standard_normal(9)
    np.testing.assert_allclose(matvec(operator, v), J @ v, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(rmatvec(operator, u), J.T @ u, rtol=1e-11, atol=1e-13)
    found = evaluated(problem, PARAMS)
    assert found.J is None
    np.testing.assert_allclose(found.f, f, rtol=1e-12)
    np.testing.assert_allclose(found.g, J.T @ f, rtol=1e-11)
    np.testing.assert_allclose(found.cost, evaluated(_whole(*data, mask, loss=LOSSES[name]), PARAMS).cost, rtol=1e-14)


def test_products_with_the_jacobian_need_no_matrix():
    n = 1000
    problem = Problem((), ((), {}), float(n), 1.0, None, PlainFunction(lambda p: p**2 - 1), matrix_free=True)
    text = jax.jit(evaluate).lower(problem, np.ones(n)).as_text()
    assert f"tensor<{n}xf64>" in text
    assert f"tensor<{n}x{n}xf64>" not in text


@pytest.mark.parametrize("name", ["linear", "cauchy"])
def test_jacobian_of_the_host_is_condensed_to_the_same_triangle(name):
    dense_J, dense_f = _dense(*_data(9))
    J, f, cost = _weighed(dense_J, dense_f, name)
    J_scale, scaled = scale_rows(np.asarray(weights(LOSSES[name], dense_f, 0.5)), dense_f)
    _check(condense(jnp.asarray(dense_J), dense_f, J_scale, scaled, cost, functions), J, f, cost)


@pytest.mark.parametrize("rows", [4, 5, 50])
def test_two_triangles_combine_as_their_rows_do(rows):
    A, B = np.random.default_rng(3).standard_normal((2, rows, 4))
    together = triangle(jnp.concatenate([triangle(A), triangle(B)]))
    np.testing.assert_allclose(together.T @ together, A.T @ A + B.T @ B, atol=1e-12)
