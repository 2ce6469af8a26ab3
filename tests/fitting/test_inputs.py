"""The many forms in which a user may give data, a start, bounds and scales: all that SciPy takes are taken."""

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds
from scipy.optimize import curve_fit as scipy_curve_fit

import trfkit
from trfkit.fitting import inputs
from trfkit.fitting.curve_fit import fit_curve

X = np.linspace(0.0, 4.0, 20)
Y = 2.0 * np.exp(-0.7 * X) + 0.01 * np.cos(9.0 * X)
REFERENCE = scipy_curve_fit(lambda x, a, b: a * np.exp(-b * x), X, Y, p0=[1, 1], xtol=1e-14, ftol=1e-14)[0]


def decay(x, a, b):
    return a * jnp.exp(-b * x)


DATA = {
    "arrays": (X, Y),
    "lists": (X.tolist(), Y.tolist()),
    "tuples": (tuple(X), tuple(Y)),
    "jax arrays": (jnp.asarray(X), jnp.asarray(Y)),
    "series": (pd.Series(X, index=X * 2), pd.Series(Y)),
    "objects": (X.astype(object), Y.astype(object)),
    "strided views": (np.repeat(X, 3)[::3], np.repeat(Y, 2)[::2]),
    "read-only arrays": (np.broadcast_to(X, X.shape), np.broadcast_to(Y, Y.shape)),
    "float64 of the other byte order": (X.astype(">f8"), Y.astype(">f8")),
}


@pytest.mark.parametrize(("x", "y"), DATA.values(), ids=DATA)
def test_data_may_come_as(x, y):
    popt, pcov = trfkit.curve_fit(decay, x, y, p0=[1, 1])
    np.testing.assert_allclose(popt, REFERENCE, rtol=1e-7)
    assert type(popt) is np.ndarray
    assert type(pcov) is np.ndarray
    assert (popt.dtype, pcov.shape) == (np.float64, (2, 2))


def test_float32_data_are_fitted_in_float64():
    popt, _ = trfkit.curve_fit(decay, X.astype(np.float32), Y.astype(np.float32), p0=[1, 1])
    exact, _ = trfkit.curve_fit(
        decay, X.astype(np.float32).astype(float), Y.astype(np.float32).astype(float), p0=[1, 1]
    )
    np.testing.assert_array_equal(popt, exact)


INDEPENDENT = {
    "two rows": (np.stack([X, X**2]), lambda x, a, b: a * x[0] + b * x[1]),
    "points by columns": (np.stack([X, X**2], axis=1), lambda x, a, b: a * x[:, 0] + b * x[:, 1]),
    "a dict of arrays": ({"t": X, "u": X**2}, lambda x, a, b: a * x["t"] + b * x["u"]),
    "a tuple within a dict": ({"t": (X, X**2)}, lambda x, a, b: a * x["t"][0] + b * x["t"][1]),
    "a frame": (pd.DataFrame({"t": X, "u": X**2}).T, lambda x, a, b: a * x[0] + b * x[1]),
    "nothing": (None, lambda x, a, b: a * jnp.asarray(X) + b * jnp.asarray(X) ** 2),
    "a number": (2.0, lambda x, a, b: a * jnp.asarray(X) + b * jnp.asarray(X) ** x),
    "a word": ("square", lambda x, a, b: a * X + b * (X**2 if x == "square" else X)),
}


@pytest.mark.parametrize("mask", [None, X < 3.0], ids=["all points", "masked"])
@pytest.mark.parametrize(("x", "model"), INDEPENDENT.values(), ids=INDEPENDENT)
def test_independent_variable_may_be(x, model, mask):
    result = fit_curve(model, x, 3.0 * X - 0.5 * X**2, [1, 1], mask=mask)
    np.testing.assert_allclose(result.x, [3.0, -0.5], rtol=1e-6)


BOUNDS = {
    "numbers": ((0.0, 5.0), [2.5, 2.5]),
    "lists": (([0.0, -1.0], [5.0, 2.0]), [2.5, 0.5]),
    "a number and a list": ((0.0, [5.0, 2.0]), [2.5, 1.0]),
    "lower alone": ((0.5, np.inf), [1.5, 1.5]),
    "upper alone": ((-np.inf, [5.0, 2.0]), [4.0, 1.0]),
    "some infinite": (([0.5, -np.inf], [np.inf, 2.0]), [1.5, 1.0]),
    "Bounds": (Bounds([0.0, -1.0], [5.0, 2.0]), [2.5, 0.5]),
    "none": ((-np.inf, np.inf), [1.0, 1.0]),
}


@pytest.mark.parametrize(("bounds", "start"), BOUNDS.values(), ids=BOUNDS)
def test_start_that_is_not_given_is_scipys(bounds, start):
    starts = []

    def model(x, a, b):
        starts.append((a, b))
        return a * np.exp(-b * x)

    scipy_curve_fit(model, X, Y, bounds=bounds)
    result = fit_curve(decay, X, Y, bounds=bounds)
    assert starts[0] == tuple(start) == tuple(result.trace.x[0])
    np.testing.assert_allclose(result.x, REFERENCE, rtol=1e-7)


@pytest.mark.parametrize("bounds", [Bounds(0.0, 5.0), Bounds([0.0], [5.0])], ids=["numbers", "arrays of one"])
def test_bounds_of_one_number_hold_for_all_parameters(bounds):
    assert fit_curve(decay, X, Y, bounds=bounds).trace == fit_curve(decay, X, Y, bounds=(0.0, 5.0)).trace


@pytest.mark.parametrize(
    "p0",
    [[1, 1], (1.0, 1.0), np.array([1, 1]), np.ones(2, np.float32), jnp.ones(2), pd.Series([1, 1])],
    ids=["list", "tuple", "integers", "float32", "jax array", "series"],
)  # fmt: skip
def test_start_may_be(p0):
    np.testing.assert_allclose(trfkit.curve_fit(decay, X, Y, p0=p0)[0], REFERENCE, rtol=1e-7)


def test_start_of_one_parameter_may_be_a_number():
    popt, pcov = trfkit.curve_fit(lambda x, a: a * jnp.exp(-0.7 * x), X, Y, p0=1)
    assert (popt.shape, pcov.shape) == ((1,), (1, 1))
    assert trfkit.least_squares(lambda x: x - 3.0, 1).x == pytest.approx(3.0)


def test_start_and_data_are_left_as_they_were():
    x, y, p0, sigma, mask = X.copy(), Y.copy(), np.ones(2), X + 1.0, X < 3.0
    bounds = np.zeros(2), np.full(2, 9.0)
    fit_curve(decay, x, y, p0, sigma, bounds=bounds, mask=mask)
    np.testing.assert_array_equal(np.stack([x, y, sigma]), np.stack([X, Y, X + 1.0]))
    np.testing.assert_array_equal(np.stack([p0, *bounds]), [[1, 1], [0, 0], [9, 9]])
    np.testing.assert_array_equal(mask, X < 3.0)


def test_start_on_a_bound_is_moved_just_inside():
    result = fit_curve(decay, X, Y, [0.0, 5.0], bounds=([0.0, 0.0], [5.0, 5.0]))
    np.testing.assert_allclose(result.trace.x[0], [1e-10, 5.0 - 5e-10], rtol=1e-12)
    np.testing.assert_allclose(result.x, REFERENCE, rtol=1e-6)


NAMES = {
    "a function": (lambda x, amplitude, rate: amplitude * jnp.exp(-rate * x), ("amplitude", "rate")),
    "more parameters than starts": (lambda x, a, b, degree=1.0: a * jnp.exp(-b * x**degree), ("a", "b")),
    "parameters by position only": (lambda x, a, b, /: a * jnp.exp(-b * x), ("a", "b")),
    "keyword-only options": (lambda x, a, b, *, offset=0.0: a * jnp.exp(-b * x) + offset, ("a", "b")),
    "any number of parameters": (lambda x, *p: p[0] * jnp.exp(-p[1] * x), ("p0", "p1")),
}


@pytest.mark.parametrize(("model", "names"), NAMES.values(), ids=NAMES)
def test_parameters_are_named_as_in_the_signature(model, names):
    result = fit_curve(model, X, Y, [1.0, 1.0])
    assert result.parameter_names == names
    assert result.trace.parameter_names == names


def test_nan_policy_omit_leaves_out_the_points_with_nan():
    y, x = Y.copy(), X.copy()
    y[3], x[7] = np.nan, np.nan
    good = np.isfinite(x) & np.isfinite(y)
    sigma = 1.0 + np.arange(20.0)
    covariance = np.diag(sigma) + 0.1
    for errors, left in [
        (None, None), (2.0, 2.0), (sigma, sigma[good]), (covariance, covariance[np.ix_(good, good)])
    ]:  # fmt: skip
        omitted = trfkit.curve_fit(decay, x, y, [1, 1], sigma=errors, nan_policy="omit")
        dropped = trfkit.curve_fit(decay, x[good], y[good], [1, 1], sigma=left)
        np.testing.assert_allclose(omitted[0], dropped[0], rtol=1e-12)
        np.testing.assert_allclose(omitted[1], dropped[1], rtol=1e-9)


def test_nan_policy_omit_leaves_out_a_point_with_nan_in_any_variable():
    x = np.stack([X, X**2])
    x[1, 4] = np.nan
    popt, _ = trfkit.curve_fit(lambda x, a, b: a * x[0] + b * x[1], x, 3.0 * X - X**2, [1, 1], nan_policy="omit")
    np.testing.assert_allclose(popt, [3.0, -1.0], rtol=1e-9)


def test_nan_policy_is_content_where_no_value_is_nan():
    for policy in ("raise", "omit"):
        np.testing.assert_allclose(trfkit.curve_fit(decay, X, Y, [1, 1], nan_policy=policy)[0], REFERENCE, rtol=1e-7)


def test_tolerance_below_machine_epsilon_warns_as_in_scipy():
    with pytest.warns(UserWarning, match="Setting `ftol` below the machine epsilon"):
        inputs.tolerances(1e-20, 1e-10, None)
    with pytest.warns(UserWarning, match="Setting `xtol` below the machine epsilon") as caught:
        trfkit.least_squares(lambda x: x - 1.0, [0.0], xtol=1e-20, ftol=1e-8)
    assert caught[0].filename == __file__


def test_tolerance_warning_of_curve_fit_points_at_the_user():
    with pytest.warns(UserWarning, match="Setting `gtol` below the machine epsilon") as caught:
        trfkit.curve_fit(decay, X, Y, [1, 1], gtol=1e-20)
    assert caught[0].filename == __file__
