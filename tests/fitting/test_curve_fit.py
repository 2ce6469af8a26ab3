"""`curve_fit` against SciPy's: values, covariances, what it returns, and what masks and units do to them."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import OptimizeWarning

import trfkit
from trfkit.fitting.curve_fit import fit_curve
from trfkit.fitting.result import LeastSquaresResult

X = np.linspace(0.0, 4.0, 40)
NOISE = np.random.default_rng(3).normal(0.0, 0.05, X.size)
Y = 2.5 * np.exp(-1.3 * X) + 0.5 + NOISE
START = (1.0, 1.0, 1.0)
SIGMA = 0.02 + 0.05 * np.random.default_rng(4).uniform(size=X.size)
COVARIANCE = np.diag(SIGMA**2) + 0.5 * np.outer(SIGMA, SIGMA) * np.exp(-np.abs(X[:, None] - X))
TIGHT = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}


def decay(x, a, b, c):
    return a * jnp.exp(-b * x) + c


def decay_in_numpy(x, a, b, c):
    return a * np.exp(-b * x) + c


def decay_jacobian(x, a, b, c):
    e = np.exp(-b * x)
    return np.stack([e, -a * x * e, np.ones_like(x)], axis=1)


def drift(x, a, b, c):
    """A model of which no row can be computed alone, that is decay all the same."""
    return a * jnp.exp(-b * x) + c + (jnp.cumsum(x) - jnp.cumsum(x))


def scipys(x, y, sigma=None, absolute_sigma=False, **settings):
    return scipy.optimize.curve_fit(
        decay_in_numpy, x, y, START, sigma, absolute_sigma, jac=decay_jacobian, **TIGHT | settings
    )


SIGMAS = {
    "none": None,
    "a number": 0.05,
    "an array of one": np.array([0.05]),
    "errors": SIGMA,
    "a list": SIGMA.tolist(),
    "a covariance": COVARIANCE,
    "a diagonal covariance": np.diag(SIGMA**2),
}


@pytest.mark.parametrize("absolute_sigma", [False, True], ids=["relative", "absolute"])
@pytest.mark.parametrize("sigma", SIGMAS.values(), ids=SIGMAS)
@pytest.mark.parametrize("model", [decay, decay_in_numpy, drift], ids=["blocked", "NumPy", "whole"])
def test_sigma_weighs_as_in_scipy(model, sigma, absolute_sigma):
    popt, pcov = trfkit.curve_fit(model, X, Y, START, sigma, absolute_sigma)
    # SciPy takes errors for a number only as an array of one.
    expected, covariance = scipys(X, Y, np.atleast_1d(sigma) if np.isscalar(sigma) else sigma, absolute_sigma)
    np.testing.assert_allclose(popt, expected, rtol=1e-6)
    np.testing.assert_allclose(pcov, covariance, rtol=1e-6 if model is not decay_in_numpy else 1e-5)


@pytest.mark.parametrize("bounds", [(0.0, np.inf), (0.0, [2.0, 9.0, 9.0]), ([2.0, 1.0, 0.4], [3.0, 1.4, 0.6])])
@pytest.mark.parametrize("method", [None, "trf", "dogbox"])
def test_bounds_hold_as_in_scipy(bounds, method):
    start = np.clip(START, np.add(bounds[0], 0.01), np.subtract(bounds[1], 0.01))
    popt, _ = trfkit.curve_fit(decay, X, Y, start, bounds=bounds, method=method)
    expected, _ = scipy.optimize.curve_fit(decay_in_numpy, X, Y, start, bounds=bounds, jac=decay_jacobian, **TIGHT)
    np.testing.assert_allclose(popt, expected, rtol=1e-6)
    assert np.all((popt >= bounds[0]) & (popt <= bounds[1]))


@pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy", "arctan"])
def test_losses_weigh_as_in_scipy(loss):
    y = Y + np.where(np.arange(40) % 13 == 5, 1.0, 0.0)
    popt, _ = trfkit.curve_fit(decay, X, y, (2.0, 1.0, 0.5), SIGMA, loss=loss, f_scale=2.0)
    expected = scipy.optimize.least_squares(
        lambda p: (decay_in_numpy(X, *p) - y) / SIGMA, popt, lambda p: decay_jacobian(X, *p) / SIGMA[:, None],
        loss=loss, f_scale=2.0, **TIGHT,
    )  # fmt: skip
    np.testing.assert_allclose(popt, expected.x, rtol=1e-7)


# --- masks -----------------------------------------------------------------------------------------------------------

KEEP = np.arange(X.size) % 7 != 3


@pytest.mark.parametrize("given", [np.array, list], ids=["array", "list"])
@pytest.mark.parametrize("sigma", SIGMAS.values(), ids=SIGMAS)
@pytest.mark.parametrize("model", [decay, decay_in_numpy, drift], ids=["blocked", "NumPy", "whole"])
def test_mask_equals_dropping_the_points(model, sigma, given):
    left = sigma
    if np.shape(sigma) == X.shape:
        left = np.asarray(sigma)[KEEP]
    elif np.ndim(sigma) == 2:
        left = sigma[np.ix_(KEEP, KEEP)]
    masked = fit_curve(model, X, Y, START, sigma, mask=given(KEEP))
    dropped = fit_curve(decay_in_numpy if model is decay_in_numpy else decay, X[KEEP], Y[KEEP], START, left)
    np.testing.assert_allclose(masked.x, dropped.x, rtol=1e-8)
    np.testing.assert_allclose(masked.pcov, dropped.pcov, rtol=1e-6)
    np.testing.assert_allclose(masked.fun, dropped.fun, atol=1e-8)
    np.testing.assert_allclose(masked.jac, dropped.jac, atol=1e-5)
    assert masked.m == dropped.m == KEEP.sum()


def test_mask_drops_points_before_a_whole_model_has_seen_their_neighbours():
    def smeared(x, a, b):
        return a * jnp.cumsum(jnp.exp(-b * x)) / x.size

    y = np.asarray(smeared(X, 2.0, 0.7))
    spoilt = np.where(KEEP, y, 99.0)
    np.testing.assert_allclose(fit_curve(smeared, X, spoilt, [1.0, 1.0], mask=KEEP).x, [2.0, 0.7], rtol=1e-9)


def test_mask_of_all_points_is_no_mask():
    assert fit_curve(decay, X, Y, START, mask=np.ones(X.size, bool)).trace == fit_curve(decay, X, Y, START).trace


# --- what comes back -------------------------------------------------------------------------------------------------


def test_full_output_is_scipys():
    ours = trfkit.curve_fit(decay, X, Y, START, SIGMA, full_output=True)
    theirs = scipy.optimize.curve_fit(decay_in_numpy, X, Y, START, SIGMA, full_output=True)
    assert len(ours) == len(theirs) == 5
    assert ours[2].keys() == theirs[2].keys()
    np.testing.assert_allclose(ours[2]["fvec"], theirs[2]["fvec"], atol=1e-5)
    R = np.triu(ours[2]["fjac"].T[:3])
    J = decay_jacobian(X, *ours[0]) / SIGMA[:, None]
    P = np.eye(3)[:, np.array(ours[2]["ipvt"]) - 1]
    np.testing.assert_allclose(P @ R.T @ R @ P.T, J.T @ J, rtol=1e-6)
    assert isinstance(ours[3], str)
    assert ours[4] in (1, 2, 3, 4)


def test_full_output_of_bounded_fit_holds_what_scipys_holds():
    ours = trfkit.curve_fit(decay, X, Y, START, bounds=(0, 9), full_output=True)[2]
    theirs = scipy.optimize.curve_fit(decay_in_numpy, X, Y, START, bounds=(0, 9), full_output=True)[2]
    assert ours.keys() == theirs.keys()


def test_fit_curve_returns_the_whole_result():
    result = fit_curve(decay, X, Y, START, SIGMA, absolute_sigma=True)
    assert isinstance(result, LeastSquaresResult)
    popt, pcov = trfkit.curve_fit(decay, X, Y, START, SIGMA, absolute_sigma=True)
    np.testing.assert_array_equal(result.x, popt)
    np.testing.assert_array_equal(result.pcov, pcov)
    np.testing.assert_allclose(result.stderr, np.sqrt(np.diag(pcov)), rtol=1e-14)
    assert result.parameter_names == ("a", "b", "c")
    np.testing.assert_allclose(result.fun, (decay_in_numpy(X, *popt) - Y) / SIGMA, atol=1e-10)
    np.testing.assert_allclose(result.jac, decay_jacobian(X, *popt) / SIGMA[:, None], atol=1e-9)


@pytest.mark.parametrize("name", ["max_nfev", "maxfev"])
def test_fit_that_does_not_converge_raises_with_the_result(name):
    with pytest.raises(RuntimeError, match="Optimal parameters not found: The maximum number") as caught:
        trfkit.curve_fit(decay, X, Y, START, **{name: 3})
    result = caught.value.result
    assert (result.status, result.nfev, result.success) == (0, 3, False)
    assert result.cost < result.trace.cost[0]


@pytest.mark.parametrize("method", ["lm", "dogbox"])
def test_other_method_is_solved_by_trf_and_noted(method):
    result = fit_curve(decay, X, Y, START, method=method)
    (note,) = result.notes
    assert f"method='{method}'" in note
    assert result.trace == fit_curve(decay, X, Y, START).trace


def test_exact_fit_has_errors_of_zero_not_nan():
    exact = decay_in_numpy(X, 2.5, 1.3, 0.5)
    popt, pcov = trfkit.curve_fit(decay, X, exact, START)
    np.testing.assert_allclose(popt, [2.5, 1.3, 0.5], rtol=1e-12)
    assert np.all(np.isfinite(pcov))
    assert np.sqrt(np.diag(pcov)).max() < 1e-12


def test_as_many_points_as_parameters_have_no_covariance_unless_sigma_is_absolute():
    x, y = X[::16], Y[::16]
    assert x.size == 3
    with pytest.warns(OptimizeWarning, match="There are not more points than parameters") as caught:
        popt, pcov = trfkit.curve_fit(decay, x, y, (2.0, 1.0, 0.5))
    assert caught[0].filename == __file__
    assert np.all(np.isinf(pcov))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, pcov = trfkit.curve_fit(decay, x, y, (2.0, 1.0, 0.5), sigma=0.05, absolute_sigma=True)
    J = decay_jacobian(x, *popt)
    np.testing.assert_allclose(pcov, 0.05**2 * np.linalg.inv(J.T @ J), rtol=1e-5)


def test_one_y_stands_for_all_points_as_in_scipy():
    def model(x, a, b):
        return a * x + b

    theirs = scipy.optimize.curve_fit(model, X, [2.0], [1.0, 1.0])
    ours = trfkit.curve_fit(model, X, [2.0], [1.0, 1.0])
    np.testing.assert_allclose(ours[0], theirs[0], atol=1e-7)


@pytest.mark.parametrize("m", [1, 2, 19, 20, 21, 1279, 1280, 1281, 3000])
def test_padding_does_not_count(m):
    x = np.linspace(0.0, 1.0, m) if m > 1 else np.array([0.5])
    y = 3.0 * x + np.sin(50.0 * x)
    result = fit_curve(lambda x, a: a * x, x, y, [1.0])
    exact = (x @ y) / (x @ x)
    np.testing.assert_allclose(result.x, exact, rtol=1e-12)
    np.testing.assert_allclose(result.cost, 0.5 * np.sum((exact * x - y) ** 2), rtol=1e-10, atol=1e-25)
    assert (result.m, result.fun.shape, result.jac.shape) == (m, (m,), (m, 1))
    assert np.all(np.isfinite(result.stderr)) == (m > 1)


def test_model_with_a_pole_in_the_padding_is_fitted():
    # Padding repeats the first row, so that nothing is evaluated where there is no point.
    x = np.linspace(1.0, 2.0, 25)
    result = fit_curve(lambda x, a: a / x, x, 3.0 / x, [1.0])
    np.testing.assert_allclose(result.x, [3.0], rtol=1e-12)
