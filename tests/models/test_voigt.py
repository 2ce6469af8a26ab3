"""The Voigt profile against SciPy's, over seven decades of shapes and far into the wings."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from trfkit.core.rows import works_row_by_row
from trfkit.models.voigt import voigt_profile

RATIOS = np.logspace(-3, 3, 25)  # sigma / gamma
WIDTHS = np.concatenate([[0.0], np.logspace(-3, 4, 400)])  # distances from the centre


def half_width(sigma, gamma):
    """Half of the full width at half maximum: Olivero and Longbothum (1977)."""
    return 0.5346 * gamma + np.sqrt(0.2166 * gamma**2 + 2.0 * np.log(2.0) * sigma**2)


def difference(f, at, step):
    """The derivative to fourth order in the step."""
    return (8.0 * (f(at + step) - f(at - step)) - (f(at + 2.0 * step) - f(at - 2.0 * step))) / (12.0 * step)


@pytest.mark.parametrize("ratio", RATIOS)
def test_profile_agrees_with_scipy_to_eight_digits(ratio):
    sigma, gamma = ratio, 1.0
    x = half_width(sigma, gamma) * WIDTHS
    np.testing.assert_allclose(voigt_profile(x, sigma, gamma), special.voigt_profile(x, sigma, gamma), rtol=1e-8)


@pytest.mark.parametrize("ratio", RATIOS)
def test_gradient_agrees_with_differences_of_scipys_profile(ratio):
    sigma, gamma = ratio, 1.0
    width = half_width(sigma, gamma)
    x = width * np.linspace(-30.0, 30.0, 601)
    gradient = jax.vmap(jax.grad(voigt_profile, argnums=(0, 1, 2)), in_axes=(0, None, None))(x, sigma, gamma)
    expected = (
        difference(lambda v: special.voigt_profile(v, sigma, gamma), x, 1e-3 * width),
        # V depends on σ² where σ is small, so that a step of σ itself would be lost in rounding
        difference(lambda v: special.voigt_profile(x, v, gamma), sigma, 0.05 * sigma if ratio < 0.3 else 1e-3 * sigma),
        difference(lambda v: special.voigt_profile(x, sigma, v), gamma, 1e-3 * width if ratio > 3 else 1e-3),
    )
    for name, ours, theirs in zip(("x", "sigma", "gamma"), gradient, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6 * np.max(np.abs(theirs)), err_msg=name)


def test_without_sigma_it_is_the_lorentzian_and_differentiable():
    x = np.linspace(-5.0, 5.0, 101)
    np.testing.assert_allclose(voigt_profile(x, 0.0, 0.7), 0.7 / np.pi / (x**2 + 0.49), rtol=1e-14)
    assert np.all(np.isfinite(jax.jacfwd(lambda p: voigt_profile(x, *p))(jnp.array([0.0, 0.7]))))


def test_without_gamma_it_is_the_gaussian():
    x = np.linspace(-6.0, 6.0, 101)
    expected = np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi)
    np.testing.assert_allclose(voigt_profile(x, 1.0, 0.0), expected, atol=1e-12)


@given(st.floats(-50, 50), st.floats(0.01, 10), st.floats(0.01, 10), st.floats(1e-6, 1e6))
def test_profile_scales_with_x(x, sigma, gamma, factor):
    scaled = factor * voigt_profile(factor * x, factor * sigma, factor * gamma)
    np.testing.assert_allclose(scaled, voigt_profile(x, sigma, gamma), rtol=1e-7)


def test_both_branches_meet():
    sigma, gamma = 1.0, 1e-3
    border = 7.0 * np.sqrt(2.0) * sigma
    inside, outside = voigt_profile(np.array([border * (1 - 1e-9), border * (1 + 1e-9)]), sigma, gamma)
    assert abs(inside / outside - 1.0) < 1e-7


def test_profile_is_worked_out_row_by_row():
    def model(x, area, center, sigma, gamma):
        return area * voigt_profile(x - center, sigma, gamma)

    assert works_row_by_row(model, np.linspace(0.0, 1.0, 11), (1.0, 0.5, 0.1, 0.1), 11)


def test_float32_stays_float32():
    x = jnp.linspace(-1.0, 1.0, 5, dtype=jnp.float32)
    value = voigt_profile(x, jnp.float32(0.3), jnp.float32(0.2))
    assert value.dtype == jnp.float32
    np.testing.assert_allclose(value, special.voigt_profile(np.asarray(x, float), 0.3, 0.2), rtol=1e-5)


def test_integers_are_taken():
    assert voigt_profile(1, 2, 3) == pytest.approx(special.voigt_profile(1.0, 2.0, 3.0))
