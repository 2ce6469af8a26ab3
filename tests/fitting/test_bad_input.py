"""What cannot be fitted is refused in a sentence that names the argument, says what was got, and says what to try."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import OptimizeWarning

import trfkit
from trfkit.fitting.curve_fit import fit_curve

X = np.linspace(0.0, 4.0, 20)
Y = 2.5 * np.exp(-1.3 * X) + 0.5
START = (1.0, 1.0, 1.0)


def decay(x, a, b, c):
    return a * jnp.exp(-b * x) + c


def decay_in_numpy(x, a, b, c):
    return a * np.exp(-b * x) + c


def rosenbrock(x):
    return jnp.stack([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def rosenbrock_in_numpy(x):
    return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


@pytest.fixture(autouse=True)
def nothing_on_the_screen(capfd):
    yield
    assert capfd.readouterr() == ("", "")


def but(array, index, value):
    changed = np.array(array)
    changed[index] = value
    return changed


def correlated(off_diagonal, other=None):
    covariance = np.eye(X.size)
    covariance[0, 1], covariance[1, 0] = off_diagonal, off_diagonal if other is None else other
    return covariance


def refused(error, parts, function, *args, **kwargs):
    """Call the function and insist on its error and on each part of the sentence."""
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    sentence = str(caught.value)
    missing = [part for part in parts if part not in sentence]
    assert not missing, f"{missing} not said in: {sentence}"


# Changes to a good call of curve_fit(decay, X, Y, START), the error, and the parts of the sentence.
CURVES = {
    "NaN in y": ({"ydata": but(Y, 3, np.nan)}, ValueError, ["`ydata`", "nan", "[3]", "mask", "nan_policy='omit'"]),
    "inf in y": ({"ydata": but(Y, 3, np.inf)}, ValueError, ["`ydata`", "inf", "[3]"]),
    "NaN in x": ({"xdata": but(X, 4, np.nan)}, ValueError, ["`xdata`", "nan", "[4]"]),
    "inf in x": ({"xdata": but(X, 4, -np.inf)}, ValueError, ["`xdata`", "-inf", "[4]"]),
    "NaN in sigma": ({"sigma": but(X + 1, 5, np.nan)}, ValueError, ["`sigma`", "nan", "[5]", "mask"]),
    "inf in sigma": ({"sigma": but(X + 1, 5, np.inf)}, ValueError, ["`sigma`", "inf", "[5]"]),
    "NaN in a covariance": ({"sigma": correlated(np.nan)}, ValueError, ["`sigma`", "nan", "[0, 1]"]),
    "sigma zero": ({"sigma": but(X + 1, 5, 0.0)}, ValueError, ["`sigma`", "positive", "0 at index 5", "mask"]),
    "sigma negative": ({"sigma": but(X + 1, 5, -2.0)}, ValueError, ["`sigma`", "positive", "-2 at index 5"]),
    "sigma a negative number": ({"sigma": -1.0}, ValueError, ["`sigma`", "positive", "-1"]),
    "sigma of words": ({"sigma": ["a"] * 20}, ValueError, ["`sigma`", "numbers"]),
    "sigma too short": ({"sigma": np.ones(19)}, ValueError, ["`sigma`", "(19,)", "(20,)", "(20, 20)"]),
    "sigma of three axes": ({"sigma": np.ones((20, 20, 1))}, ValueError, ["`sigma`", "(20, 20, 1)", "(20, 20)"]),
    "covariance not symmetric": ({"sigma": correlated(0.5, 0.1)}, ValueError, ["`sigma`", "symmetric", "sigma.T"]),
    "covariance not positive definite": ({"sigma": correlated(2.0)}, ValueError, ["`sigma`", "positive definite"]),
    "x shorter than y": ({"xdata": X[:15]}, ValueError, ["`xdata`", "(15,)", "`ydata`", "(20,)", "length"]),
    "y shorter than x": ({"ydata": Y[:15]}, ValueError, ["`xdata`", "(20,)", "`ydata`", "(15,)", "length"]),
    "y of two axes": ({"ydata": Y[:, None]}, ValueError, ["`ydata`", "one dimension", "(20, 1)", "ravel"]),
    "complex y": ({"ydata": Y + 0j}, ValueError, ["`ydata`", "complex", "concatenate"]),
    "complex x": ({"xdata": X + 0j}, ValueError, ["`xdata`", "complex"]),
    "y of words": ({"ydata": ["a"] * 20}, ValueError, ["`ydata`", "numbers"]),
    "no data": ({"xdata": [], "ydata": []}, ValueError, ["data`", "empty"]),
    "no y": ({"ydata": []}, ValueError, ["`ydata`", "empty"]),
    "no x": ({"xdata": []}, ValueError, ["`xdata`", "empty"]),
    "mask too short": ({"mask": [True] * 19}, ValueError, ["`mask`", "20 booleans", "(19,)"]),
    "mask of integers": ({"mask": np.ones(20, int)}, ValueError, ["`mask`", "booleans", "int"]),
    "mask of no point": ({"mask": np.zeros(20, bool)}, ValueError, ["`mask`", "every point"]),
    "start below a bound": (
        {"bounds": ([2.0, 0.0, 0.0], 9.0)}, ValueError, ["outside", "a = 1", "lower bound 2", "inside", "widen"],
    ),
    "start above a bound": ({"bounds": (0.0, [9.0, 0.5, 9.0])}, ValueError, ["outside", "b = 1", "upper bound 0.5"]),
    "bounds equal": ({"bounds": ([0, 3, 0], [2, 3, 3])}, ValueError, ["lower bound", "parameter b", "3 and 3", "hold"]),
    "bounds crossed": ({"bounds": (2.0, 1.0)}, ValueError, ["strictly less", "parameter a", "2 and 1"]),
    "NaN in a bound": ({"bounds": (np.nan, 1.0)}, ValueError, ["parameter a", "nan"]),
    "bounds too short": ({"bounds": ([0.0, 0.0], [2.0, 2.0])}, ValueError, ["bounds", "(2,)", "(3,)"]),
    "three bounds": ({"bounds": (0.0, 1.0, 2.0)}, ValueError, ["`bounds`", "2 elements", "3"]),
    "bounds None": ({"bounds": None}, (TypeError, ValueError), ["`bounds`", "None"]),
    "p0 too long": ({"p0": [1, 1, 1, 1]}, ValueError, ["`p0`", "4", "3", "a, b, c"]),
    "p0 too short": ({"p0": [1, 1]}, (TypeError, ValueError), ["`p0`", "2", "3", "a, b, c"]),
    "p0 of two axes": ({"p0": [[1, 1, 1]]}, ValueError, ["`p0`", "(1, 3)", "ravel"]),
    "p0 NaN": ({"p0": [1, np.nan, 1]}, ValueError, ["`p0`", "nan", "index 1", "finite"]),
    "p0 complex": ({"p0": [1, 1j, 1]}, ValueError, ["`p0`", "complex", "real"]),
    "p0 empty": ({"p0": []}, ValueError, ["`p0`", "empty"]),
    "p0 of words": ({"p0": ["a", "b", "c"]}, ValueError, ["`p0`", "numbers"]),
    "unknown loss": ({"loss": "hubert"}, ValueError, ["`loss`", "'huber'", "callable", "'hubert'"]),
    "loss in a list": ({"loss": ["huber"]}, (TypeError, ValueError), ["`loss`", "'huber'"]),
    "unknown method": ({"method": "newton"}, ValueError, ["`method`", "'trf'", "'newton'"]),
    "lm with bounds": ({"method": "lm", "bounds": (0, 9)}, ValueError, ["lm", "unconstrained", "'trf'"]),
    "unknown solver": ({"tr_solver": "qr"}, ValueError, ["`tr_solver`", "'svd'", "'cg'", "'qr'"]),
    "unknown jac": ({"jac": "4-point"}, ValueError, ["`jac`", "'2-point'", "'cs'", "'4-point'"]),
    "jac a number": ({"jac": 3}, ValueError, ["`jac`", "'2-point'", "3"]),
    "unknown nan_policy": ({"nan_policy": "drop"}, ValueError, ["nan_policy", "'omit'", "'drop'"]),
    "nan_policy raise": (
        {"nan_policy": "raise", "ydata": but(Y, 3, np.nan)}, ValueError, ["nan", "nan_policy='omit'"],
    ),
    "nan_policy omit and mask": (
        {"nan_policy": "omit", "ydata": but(Y, 3, np.nan), "mask": X > 0}, ValueError, ["`mask`", "'omit'"],
    ),
    "nan_policy omit and nothing left": (
        {"nan_policy": "omit", "ydata": np.full(20, np.nan)}, ValueError, ["empty", "NaN"],
    ),
    "nan_policy omit and sigma too short": (
        {"nan_policy": "omit", "ydata": but(Y, 3, np.nan), "sigma": np.ones(19)}, ValueError, ["`sigma`", "(19,)"],
    ),
    "NaN let through by check_finite": (
        {"check_finite": False, "ydata": but(Y, 3, np.nan)}, ValueError, ["`ydata`", "nan", "[3]"],
    ),
    "unknown trust-region option": ({"tr_options": {"regularise": 1}}, TypeError, ["`tr_options`", "'regularise'"]),
    "trust-region options of words": ({"tr_options": "driver"}, (TypeError, ValueError), ["`tr_options`", "'driver'"]),
    "unknown driver": (
        {"tr_options": {"driver": "loop"}}, ValueError, ["driver", "'stepped'", "'fused'", "'loop'"],
    ),
    "unknown x_scale": ({"x_scale": "hessian"}, ValueError, ["`x_scale`", "'jac'", "'hessian'"]),
    "x_scale negative": ({"x_scale": [1, -1, 1]}, ValueError, ["`x_scale`", "positive", "[1, -1, 1]"]),
    "x_scale too short": ({"x_scale": [1, 1]}, ValueError, ["`x_scale`", "(2,)", "(3,)"]),
    "f_scale zero": ({"f_scale": 0.0}, ValueError, ["`f_scale`", "positive", "0.0"]),
    "max_nfev zero": ({"max_nfev": 0}, ValueError, ["`max_nfev`", "positive", "0"]),
    "unknown verbose": ({"verbose": 3}, ValueError, ["`verbose`", "0, 1, 2", "3"]),
    "all tolerances off": ({"xtol": None}, ValueError, ["tolerances", "machine epsilon"]),
    "unknown keyword": ({"losss": "huber"}, TypeError, ["'losss'", "loss"]),
    "args": ({"args": (1.0,)}, ValueError, ["'args'", "partial"]),
    "model that is no function": ({"f": 3.0}, TypeError, ["callable", "3.0"]),
    "fewer points than parameters": (
        {"xdata": X[:2], "ydata": Y[:2]}, TypeError, ["parameters=3", "data points=2", "method='trf'"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "error", "parts"), CURVES.values(), ids=CURVES)
def test_curve_fit_refuses_and_says_why(changed, error, parts):
    call = {"f": decay, "xdata": X, "ydata": Y, "p0": START} | changed
    refused(error, parts, trfkit.curve_fit, **call)


# The same for least_squares(rosenbrock, [2, 2]).
PROBLEMS = {
    "unknown loss": ({"loss": "hubert"}, ValueError, ["`loss`", "'huber'", "'hubert'"]),
    "unknown method": ({"method": "newton"}, ValueError, ["`method`", "'trf'", "'newton'"]),
    "unknown solver": ({"tr_solver": "qr"}, ValueError, ["`tr_solver`", "'svd'", "'qr'"]),
    "unknown jac": ({"jac": "4-point"}, ValueError, ["`jac`", "'2-point'", "'4-point'"]),
    "unknown trust-region option": ({"tr_options": {"regularise": 1}}, TypeError, ["`tr_options`", "'regularise'"]),
    "start outside bounds": ({"bounds": (3, 4)}, ValueError, ["outside", "x[0] = 2", "lower bound 3"]),
    "bounds crossed": ({"bounds": (1, [4, 0])}, ValueError, ["strictly less", "x[1]", "1 and 0"]),
    "lm with bounds": ({"method": "lm", "bounds": (0, 4)}, ValueError, ["'lm'", "bounds", "'trf'"]),
    "x0 of two axes": ({"x0": [[2.0, 2.0]]}, ValueError, ["`x0`", "(1, 2)", "ravel"]),
    "x0 complex": ({"x0": [2.0, 2j]}, ValueError, ["`x0`", "complex", "real"]),
    "x0 NaN": ({"x0": [2.0, np.nan]}, ValueError, ["`x0`", "nan", "index 1"]),
    "x0 empty": ({"x0": []}, ValueError, ["`x0`", "empty"]),
    "fun that is no function": ({"fun": 3.0}, TypeError, ["`fun`", "callable", "3.0"]),
    "mask too short": ({"mask": [True]}, ValueError, ["`mask`", "2 booleans", "(1,)"]),
    "residuals of two axes": ({"fun": lambda x: jnp.outer(x, x)}, ValueError, ["`fun`", "1-d", "(2, 2)"]),
    "residuals of two axes in NumPy": ({"fun": lambda x: np.outer(x, x)}, ValueError, ["`fun`", "1-d", "(2, 2)"]),
    "no residuals": ({"fun": lambda x: x[:0]}, ValueError, ["`fun`", "no residuals"]),
    "complex residuals": ({"fun": lambda x: x * 1j}, ValueError, ["`fun`", "complex", "real and imaginary"]),
    "Jacobian of another shape": ({"jac": lambda x: jnp.eye(3)}, ValueError, ["`jac`", "(2, 2)", "(3, 3)"]),
    "Jacobian of another shape in NumPy": ({"jac": lambda x: np.eye(3)}, ValueError, ["`jac`", "(2, 2)", "(3, 3)"]),
    "loss of another shape": ({"loss": lambda z: z[:1]}, ValueError, ["`loss`", "(1,)", "2 residuals", "(3, m)"]),
    "loss of another shape in NumPy": (
        {"loss": lambda z: np.array([z, z])}, ValueError, ["`loss`", "(2, 2)", "2 residuals", "(3, m)"],
    ),
    "loss without derivatives in NumPy": (
        {"loss": lambda z: np.log1p(z)}, (TypeError, ValueError), ["`loss`", "(3, m)", "jax.numpy"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "error", "parts"), PROBLEMS.values(), ids=PROBLEMS)
def test_least_squares_refuses_and_says_why(changed, error, parts):
    call = {"fun": rosenbrock, "x0": [2.0, 2.0]} | changed
    refused(error, parts, trfkit.least_squares, **call)


@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), ([0, 0], [1, 1])], ids=["no bounds", "bounds"])
def test_missing_start_that_cannot_be_told_from_the_signature_is_asked_for(bounds):
    refused(
        ValueError, ["number of fit parameters", "p0", "one starting value"],
        trfkit.curve_fit, lambda x, *params: params[0] * x, X, Y, bounds=bounds,
    )  # fmt: skip


# --- the model at the start ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("log", [jnp.log, np.log], ids=["jax.numpy", "NumPy"])
def test_start_where_the_model_is_nan_names_the_parameters_and_the_first_x(log):
    refused(
        ValueError, ["not finite", "nan", "x = 0.0", "amplitude = 1", "rate = -2", "start elsewhere"],
        trfkit.curve_fit, lambda x, amplitude, rate: amplitude * log(rate + 0 * x), X, Y, [1, -2],
    )  # fmt: skip


@pytest.mark.parametrize("exp", [jnp.exp, np.exp], ids=["jax.numpy", "NumPy"])
def test_start_where_the_model_overflows_names_the_first_x_where_it_does(exp):
    first = X[1]  # exp(0) is still finite
    refused(
        ValueError, ["inf", f"x = {first}", "a = 1", "b = 4000"],
        trfkit.curve_fit, lambda x, a, b: a * exp(b * x), X, Y, [1, 4000],
    )  # fmt: skip


def test_start_where_the_model_is_nan_in_one_of_several_variables_names_the_point():
    x = np.stack([X, X - 1.0])
    refused(
        ValueError, ["nan", str(x[:, 0]), "a = 1", "b = 1"],
        trfkit.curve_fit, lambda x, a, b: a * x[0] + b * jnp.sqrt(x[1]), x, Y, [1, 1],
    )  # fmt: skip


@pytest.mark.parametrize("log", [jnp.log, np.log], ids=["jax.numpy", "NumPy"])
def test_start_where_a_residual_is_nan_names_the_residual_and_the_start(log):
    fun = lambda x: log(x)  # noqa: E731
    refused(
        ValueError, ["not finite", "f[1] = nan", "x0 = [ 1. -1.]", "tart elsewhere"],
        trfkit.least_squares, fun, [1.0, -1.0],
    )  # fmt: skip


def test_start_where_only_the_derivative_is_infinite_names_the_parameters():
    refused(
        ValueError, ["derivatives", "a = 1", "b = 0", "start elsewhere"],
        trfkit.curve_fit, lambda x, a, b: a + jnp.sqrt(b * (x + 1)), X, Y, [1, 0],
    )  # fmt: skip


def test_start_where_the_derivative_is_nan_at_one_point_names_the_point():
    kink = X[7]
    refused(
        ValueError, ["derivative", "a = 1", "b = ", f"x = {kink}"],
        trfkit.curve_fit, lambda x, a, b: a * jnp.sqrt((x - b) ** 2), X, Y, [1, kink],
    )  # fmt: skip


@pytest.mark.parametrize("given", [jnp, np], ids=["jax.numpy", "NumPy"])
def test_start_where_the_given_jacobian_is_nan_is_refused(given):
    def jac(x, a, b):
        return given.stack([x, given.where(x > 2, np.nan, 1.0)], axis=1)

    refused(
        ValueError, ["derivatives", "a = 1", "b = 1"],
        trfkit.curve_fit, lambda x, a, b: a * x + b, X, Y, [1, 1], jac=jac,
    )  # fmt: skip


def test_start_where_the_jacobian_of_residuals_is_nan_is_refused():
    refused(
        ValueError, ["Jacobian", "not finite", "x0 = [1. 0.]"],
        trfkit.least_squares, lambda x: jnp.sqrt(x), [1.0, 0.0],
    )  # fmt: skip


# --- the model's value -----------------------------------------------------------------------------------------------

WRONG_VALUES = {
    "too few": (lambda x, a, b: (a * x + b)[:3], ["(3,)", "(20,)"]),
    "too few in NumPy": (lambda x, a, b: np.abs(a * x + b)[:3], ["(3,)", "(20,)"]),
    "two axes": (lambda x, a, b: (a * x + b)[:, None], ["(20, 1)", "(20,)"]),
    "two axes in NumPy": (lambda x, a, b: np.abs(a * x + b)[:, None], ["(20, 1)", "(20,)"]),
    "a number": (lambda x, a, b: a + b, ["()", "(20,)"]),
    "a number in NumPy": (lambda x, a, b: float(a + b), ["()", "(20,)"]),
    "a tuple": (lambda x, a, b: (a * x, b * x), ["(2, 20)", "(20,)"]),
    "nothing": (lambda x, a, b: None, ["None", "(20,)"]),
    "a word": (lambda x, a, b: "y", ["'y'", "(20,)"]),
    "complex numbers": (lambda x, a, b: a * jnp.exp(1j * b * x), ["complex", "model"]),
    "complex numbers in NumPy": (lambda x, a, b: a * np.exp(1j * b * x), ["complex", "model"]),
}


@pytest.mark.parametrize("mask", [None, X > 1.0], ids=["all points", "masked"])
@pytest.mark.parametrize(("model", "parts"), WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_model_that_returns_something_else_than_one_real_value_a_point_is_refused(model, parts, mask):
    refused((TypeError, ValueError), [*parts, "odel"], trfkit.curve_fit, model, X, Y, [1, 1], mask=mask)


# --- what works ------------------------------------------------------------------------------------------------------


def test_masked_points_may_hold_anything():
    good = X < 3.0
    dropped = fit_curve(decay, X[good], Y[good] + 0.01 * X[good] ** 2, START, sigma=1.0 + X[good])
    y = np.where(good, Y + 0.01 * X**2, np.nan)
    for bad in (np.nan, np.inf, 0.0, -1.0):
        masked = fit_curve(decay, X, y, START, sigma=np.where(good, 1.0 + X, bad), mask=good)
        np.testing.assert_allclose(masked.x, dropped.x, rtol=1e-9)


def test_integers_are_fitted_as_the_numbers_they_are():
    x = np.arange(10)
    popt, _ = trfkit.curve_fit(lambda x, a, b: a * x + b, x, 3 * x + 4, p0=[1, 1], sigma=np.full(10, 2), bounds=(-9, 9))
    np.testing.assert_allclose(popt, [3.0, 4.0], rtol=1e-9)
    result = trfkit.least_squares(lambda p: p**2 - 4, [1, 3], f_scale=1, x_scale=[1, 2], max_nfev=50)
    np.testing.assert_allclose(result.x, [2.0, 2.0], rtol=1e-9)


def test_underdetermined_fit_is_one_of_many_and_says_so():
    with pytest.warns(OptimizeWarning, match="2 of 3 combinations"):
        popt, pcov = trfkit.curve_fit(decay, X[:2], Y[:2], START, method="trf")
    np.testing.assert_allclose(decay(X[:2], *popt), Y[:2], atol=1e-8)
    assert np.all(np.isinf(pcov))
