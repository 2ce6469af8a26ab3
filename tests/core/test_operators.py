import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from trfkit.core.operators import LinearOperator, append_rows, matvec, rmatvec, scale_columns

rng = np.random.default_rng(1)
J = rng.standard_normal((5, 3))
d = np.array([1.0, -2.0, 0.5])
rows = np.array([3.0, 0.0, 1.0])
v, u = rng.standard_normal(3), rng.standard_normal(5)


def _forward(J, v):
    return J @ v


def _adjoint(J, u):
    return J.T @ u


def _operator(J):
    return LinearOperator(Partial(_forward, J), Partial(_adjoint, J))


both = pytest.mark.parametrize("kind", [jnp.asarray, _operator], ids=["array", "operator"])


@both
def test_products_are_those_of_the_matrix(kind):
    np.testing.assert_allclose(matvec(kind(J), v), J @ v)
    np.testing.assert_allclose(rmatvec(kind(J), u), J.T @ u)


@both
def test_columns_are_scaled(kind):
    scaled = scale_columns(kind(J), d)
    np.testing.assert_allclose(matvec(scaled, v), J @ np.diag(d) @ v)
    np.testing.assert_allclose(rmatvec(scaled, u), np.diag(d) @ J.T @ u)


@both
def test_rows_are_appended_below(kind):
    augmented = append_rows(scale_columns(kind(J), d), rows)
    expected = np.concatenate([J @ np.diag(d), np.diag(rows)])
    u = rng.standard_normal(8)
    np.testing.assert_allclose(matvec(augmented, v), expected @ v)
    np.testing.assert_allclose(rmatvec(augmented, u), expected.T @ u)


def test_an_array_takes_its_rows_as_a_matrix_too():
    np.testing.assert_array_equal(append_rows(jnp.asarray(J), np.diag(rows)), append_rows(jnp.asarray(J), rows))


def test_operators_are_data_of_a_compiled_program(compilations):
    product = jax.jit(lambda J, v: matvec(scale_columns(J, v), v))
    product(_operator(J), v)
    with compilations() as compiled:
        np.testing.assert_allclose(product(_operator(2 * J), v), 2 * J @ (v * v))
    assert compiled.names == []
