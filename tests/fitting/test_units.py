"""Units of x, y and the parameters change neither the trials nor the digits, by default."""

import jax.numpy as jnp
import numpy as np
import pytest

import trfkit
from trfkit.fitting.curve_fit import fit_curve

X = np.linspace(0.0, 4.0, 40)
CLEAN = 3.0 * np.exp(-1.1 * X) + 0.4 + 0.05 * np.cos(11.0 * X)
UNITS = [1e-6, 1e6]
POWERS_OF_TWO = [2.0**-20, 2.0**20]  # units that change no bit of a mantissa
DECISIONS = ("iteration", "nfev", "solver", "kind", "outcome", "rank")


def in_units(p, of_x, of_y):
    return of_y * (p[0] / of_x[0] * jnp.exp(-p[1] / of_x[1] * X) + p[2] / of_x[2] - CLEAN)


def fitted(of_x=(1.0, 1.0, 1.0), of_y=1.0, bounds=(-np.inf, np.inf)):
    of_x = np.array(of_x)
    lb, ub = (np.array(b) * of_x for b in bounds)
    return trfkit.least_squares(in_units, of_x, bounds=(lb, ub), args=(of_x, of_y))


def assert_same_but_for_units(result, reference, of_x, of_cost):
    """The same trials, taken or not alike, and the same digits, in other units."""
    assert (result.status, result.nfev, result.nit) == (reference.status, reference.nfev, reference.nit)
    for column in DECISIONS:
        np.testing.assert_array_equal(getattr(result.trace, column), getattr(reference.trace, column))
    np.testing.assert_allclose(result.trace.x, reference.trace.x * of_x, rtol=1e-8)
    np.testing.assert_allclose(result.x, reference.x * of_x, rtol=1e-11)
    np.testing.assert_allclose(result.cost, reference.cost * of_cost, rtol=1e-12)
    np.testing.assert_allclose(result.stderr, reference.stderr * of_x, rtol=1e-9)
    np.testing.assert_allclose(result.condition_number, reference.condition_number, rtol=1e-6)
    np.testing.assert_array_equal(result.active_mask, reference.active_mask)


@pytest.mark.parametrize("unit", UNITS)
def test_units_of_the_residuals_change_nothing(unit):
    assert_same_but_for_units(fitted(of_y=unit), fitted(), 1.0, unit**2)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    "scaled", [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], ids=["first", "second", "third", "all"]
)
def test_units_of_a_parameter_change_nothing(scaled, unit):
    of_x = np.where(scaled, unit, 1.0)
    assert_same_but_for_units(fitted(of_x), fitted(), of_x, 1.0)


@pytest.mark.parametrize("unit", POWERS_OF_TWO)
@pytest.mark.parametrize("scaled", [[1, 0, 0], [0, 1, 0], [1, 1, 1]], ids=["first", "second", "all"])
def test_units_of_a_bounded_parameter_change_nothing(scaled, unit):
    bounds = [0.5, 0.1, 0.05], [2.5, 2.0, 2.0]  # the first one's upper bound is active
    of_x = np.where(scaled, unit, 1.0)
    assert_same_but_for_units(fitted(of_x, bounds=bounds), fitted(bounds=bounds), of_x, 1.0)


@pytest.mark.parametrize("unit", UNITS)
def test_units_of_the_residuals_do_not_change_the_result_under_bounds(unit):
    # The trials they do change: Coleman and Li's scaling mixes √v of a bounded with 1 of an unbounded parameter.
    bounds = [0.5, 0.1, 0.05], [2.5, 2.0, 2.0]
    result, reference = fitted(of_y=unit, bounds=bounds), fitted(bounds=bounds)
    assert result.success
    np.testing.assert_allclose(result.x, reference.x, rtol=1e-6)
    np.testing.assert_array_equal(result.active_mask, reference.active_mask)


ERRORS = 0.02 + 0.01 * X


def rate_model(x, a, b):
    return a * jnp.exp(-b * x)


@pytest.mark.parametrize("unit", UNITS)
def test_units_of_x_change_the_units_of_the_rate_and_nothing_else(unit):
    reference = fit_curve(rate_model, X, CLEAN, [1.0, 1.0])
    result = fit_curve(rate_model, X * unit, CLEAN, [1.0, 1.0 / unit])
    assert (result.status, result.nfev, result.nit) == (reference.status, reference.nfev, reference.nit)
    for column in DECISIONS:
        np.testing.assert_array_equal(getattr(result.trace, column), getattr(reference.trace, column))
    np.testing.assert_allclose(result.x, reference.x / [1.0, unit], rtol=1e-11)
    np.testing.assert_allclose(result.stderr, reference.stderr / [1.0, unit], rtol=1e-9)


@pytest.mark.parametrize("unit", UNITS)
def test_units_of_y_change_the_units_of_the_amplitude_and_nothing_else(unit):
    reference = fit_curve(rate_model, X, CLEAN, [1.0, 1.0], ERRORS)
    result = fit_curve(rate_model, X, CLEAN * unit, [unit, 1.0], ERRORS * unit)
    assert (result.status, result.nfev, result.nit) == (reference.status, reference.nfev, reference.nit)
    for column in DECISIONS:
        np.testing.assert_array_equal(getattr(result.trace, column), getattr(reference.trace, column))
    np.testing.assert_allclose(result.x, reference.x * [unit, 1.0], rtol=1e-11)
    np.testing.assert_allclose(result.stderr, reference.stderr * [unit, 1.0], rtol=1e-9)
