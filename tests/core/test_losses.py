import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize._lsq import common as scipy_common
from scipy.optimize._lsq.least_squares import construct_loss_function

from trfkit.core.losses import LOSSES, evaluate_loss, linear, scale_rows

EPS = np.finfo(float).eps
residuals = arrays(float, 6, elements=st.floats(-1e4, 1e4, allow_subnormal=False))
names = pytest.mark.parametrize("name", LOSSES)

evaluate = jax.jit(evaluate_loss, static_argnums=0)


@pytest.mark.parametrize(
    ("name", "at_three"),
    [
        ("linear", (3, 1, 0)),
        ("soft_l1", (2, 1 / 2, -1 / 16)),
        ("huber", (2 * np.sqrt(3) - 1, 3**-0.5, -0.5 * 3**-1.5)),
        ("cauchy", (np.log(4), 1 / 4, -1 / 16)),
        ("arctan", (np.arctan(3), 1 / 10, -6 / 100)),
    ],
)
def test_loss_by_hand(name, at_three):
    np.testing.assert_allclose(np.stack(LOSSES[name](jnp.array([3.0])))[:, 0], at_three, rtol=1e-15)


@names
def test_loss_of_an_exact_fit_is_that_of_least_squares(name):
    values, slopes, _ = LOSSES[name](jnp.zeros(2))
    np.testing.assert_array_equal(values, 0)
    np.testing.assert_array_equal(slopes, 1)


def test_huber_turns_linear_at_one():
    for z, expected in [(0.5, (0.5, 1, 0)), (1.0, (1, 1, 0)), (4.0, (3, 0.5, -1 / 16))]:
        np.testing.assert_array_equal(np.stack(LOSSES["huber"](jnp.array([z])))[:, 0], expected)


@names
@given(residuals, st.sampled_from([0.1, 1.0, 7.0]))
def test_loss_is_that_of_scipy(name, f, f_scale):
    ours = evaluate(LOSSES[name], f, f_scale)
    if name == "linear":
        expected = np.stack([f**2, np.ones(6), np.zeros(6)])
    else:
        expected = construct_loss_function(f.size, name, f_scale)(f)
    np.testing.assert_allclose(ours, expected, rtol=1e-13, atol=1e-300)


@names
def test_loss_has_the_derivatives_it_states(name):
    z = np.geomspace(1e-3, 1e4, 50)
    (_, first, second), (d_value, d_first, _) = jax.jvp(LOSSES[name], (z,), (np.ones(50),))
    np.testing.assert_allclose(d_value, first, rtol=1e-12)
    np.testing.assert_allclose(d_first, second, rtol=1e-12)


def _cauchy_as_array(z):
    return jnp.stack(LOSSES["cauchy"](z))


def _cauchy_alone(z):
    return jnp.log1p(z)


@pytest.mark.parametrize("own", [_cauchy_as_array, _cauchy_alone])
def test_own_loss_may_return_an_array_or_the_loss_alone(own):
    f = np.array([0.0, 0.3, -2.0, 50.0])
    np.testing.assert_allclose(evaluate(own, f, 2.0), evaluate(LOSSES["cauchy"], f, 2.0), rtol=1e-14)


def test_rows_of_least_squares_are_not_scaled():
    f = np.array([1.0, -2.0])
    J_scale, scaled = scale_rows(evaluate(linear, f, 1.0), f)
    np.testing.assert_array_equal(J_scale, 1)
    np.testing.assert_array_equal(scaled, f)


def test_row_of_negative_curvature_keeps_a_positive_scale():
    f = np.array([10.0])  # cauchy: rho' + 2 rho'' f² < 0
    J_scale, scaled = scale_rows(evaluate(LOSSES["cauchy"], f, 1.0), f)
    np.testing.assert_allclose(J_scale, EPS**0.5)
    np.testing.assert_allclose(J_scale * scaled, f / 101)  # the gradient is kept


@names
@given(residuals)
def test_scaled_rows_are_those_of_scipy_and_keep_the_gradient(name, f):
    rho = np.asarray(evaluate(LOSSES[name], f, 1.5))
    J = np.arange(12.0).reshape(6, 2) - 5
    J_scale, scaled = (np.asarray(a) for a in scale_rows(rho, f))
    expected_J, expected_f = scipy_common.scale_for_robust_loss_function(J.copy(), f.copy(), rho)
    np.testing.assert_allclose(J_scale[:, None] * J, expected_J, rtol=1e-12)
    np.testing.assert_allclose(scaled, expected_f, rtol=1e-12)
    np.testing.assert_allclose((J_scale[:, None] * J).T @ scaled, J.T @ (rho[1] * f), rtol=1e-9, atol=1e-9)
