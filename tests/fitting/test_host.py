"""Functions that JAX cannot trace: called as SciPy calls them, with SciPy's Jacobians, counts and answers."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from scipy.sparse import coo_array, csr_array, csr_matrix
from scipy.sparse.linalg import aslinearoperator

import trfkit
from trfkit.fitting.curve_fit import fit_curve

X = np.linspace(0.0, 3.0, 25)
Y = 2.0 * np.exp(-1.3 * X) + 0.05 * np.sin(7.0 * X)
TIGHT = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}


def residuals(p):
    return p[0] * np.exp(-p[1] * X) - Y


def jacobian(p):
    e = np.exp(-p[1] * X)
    return np.stack([e, -p[0] * X * e], axis=1)


def traceable_residuals(p):
    return p[0] * jnp.exp(-p[1] * X) - Y


def traceable_jacobian(p):
    e = jnp.exp(-p[1] * X)
    return jnp.stack([e, -p[0] * X * e], axis=1)


def loop_of_math(p):
    return [p[0] * math.exp(-p[1] * x) - y for x, y in zip(X, Y, strict=True)]


SOLUTION = scipy.optimize.least_squares(residuals, [1.0, 1.0], jacobian, **TIGHT).x

JACOBIANS = {
    "automatic or by differences": (None, 1e-7),
    "2-point": ("2-point", 1e-7),
    "3-point": ("3-point", 1e-9),
    "cs": ("cs", 1e-10),
    "NumPy": (jacobian, 1e-10),
    "a list of lists": (lambda p: jacobian(p).tolist(), 1e-10),
    "jax.numpy": (traceable_jacobian, 1e-10),
    "csr": (lambda p: csr_array(jacobian(p)), 1e-10),
    "csr matrix": (lambda p: csr_matrix(jacobian(p)), 1e-10),
    "coo": (lambda p: coo_array(jacobian(p)), 1e-10),
    "LinearOperator": (lambda p: aslinearoperator(jacobian(p)), 1e-10),
}


@pytest.mark.parametrize("fun", [residuals, traceable_residuals], ids=["NumPy", "jax.numpy"])
@pytest.mark.parametrize(("jac", "rtol"), JACOBIANS.values(), ids=JACOBIANS)
def test_jacobian_may_be(fun, jac, rtol):
    if (fun, jac) == (traceable_residuals, "cs"):
        fun = residuals  # a function of jax.numpy called with complex NumPy numbers is NumPy's affair
    result = trfkit.least_squares(fun, [1.0, 1.0], jac)
    np.testing.assert_allclose(result.x, SOLUTION, rtol=rtol)
    J = result.jac.toarray() if hasattr(result.jac, "toarray") else result.jac
    J = J @ np.eye(2)
    np.testing.assert_allclose(J, jacobian(result.x), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(result.fun, residuals(result.x), atol=1e-14)
    np.testing.assert_allclose(result.cov_x, np.linalg.inv(jacobian(SOLUTION).T @ jacobian(SOLUTION)), rtol=1e-4)


def test_jacobian_keeps_the_kind_that_the_user_returned():
    for made, kind in [(csr_array, csr_array), (aslinearoperator, type(aslinearoperator(np.eye(2))))]:
        result = trfkit.least_squares(residuals, [1.0, 1.0], lambda p, made=made: made(jacobian(p)))
        assert isinstance(result.jac, kind)


@pytest.mark.parametrize("jac", ["2-point", "3-point", "cs"])
def test_curve_fit_takes_the_names_of_differences(jac):
    popt, pcov = trfkit.curve_fit(lambda x, a, b: a * np.exp(-b * x), X, Y, [1, 1], jac=jac)
    expected, covariance = scipy.optimize.curve_fit(lambda x, a, b: a * np.exp(-b * x), X, Y, [1, 1], **TIGHT)
    np.testing.assert_allclose(popt, expected, rtol=1e-6)
    np.testing.assert_allclose(pcov, covariance, rtol=1e-4)


@pytest.mark.parametrize("exp", [np.exp, jnp.exp], ids=["NumPy", "jax.numpy"])
@pytest.mark.parametrize("sigma", [None, 0.1 + X, np.diag(0.1 + X) + 0.01], ids=["none", "vector", "matrix"])
def test_curve_fit_weighs_a_given_jacobian(exp, sigma):
    given = np if exp is np.exp else jnp

    def jac(x, a, b):
        return given.stack([exp(-b * x), -a * x * exp(-b * x)], axis=1)

    def model(x, a, b):
        return a * exp(-b * x)

    expected, covariance = scipy.optimize.curve_fit(
        lambda x, a, b: a * np.exp(-b * x), X, Y, [1, 1], sigma=sigma, absolute_sigma=True, **TIGHT
    )
    for mask in (None, np.ones(X.size, bool)):
        popt, pcov = trfkit.curve_fit(model, X, Y, [1, 1], sigma=sigma, absolute_sigma=True, jac=jac, mask=mask)
        np.testing.assert_allclose(popt, expected, rtol=1e-6)
        np.testing.assert_allclose(pcov, covariance, rtol=1e-6)


def test_result_says_once_why_the_host_evaluated():
    (note,) = trfkit.least_squares(residuals, [1.0, 1.0]).notes
    assert "on the host" in note
    assert "finite differences" in note
    assert "jax.numpy" in note
    (note,) = trfkit.least_squares(residuals, [1.0, 1.0], jacobian).notes
    assert "on the host" in note
    assert "finite differences" not in note
    assert trfkit.least_squares(traceable_residuals, [1.0, 1.0]).notes == ()


def test_differences_that_were_asked_for_are_not_blamed_on_jax():
    for result in (
        trfkit.least_squares(traceable_residuals, [1.0, 1.0], "3-point"),
        trfkit.least_squares(residuals, [1.0, 1.0], "3-point"),
        fit_curve(lambda x, a, b: a * jnp.exp(-b * x), X, Y, [1, 1], jac="2-point"),
    ):
        assert not any("could not trace" in note or "cannot trace" in note for note in result.notes)


def test_loss_that_jax_cannot_trace_is_named_as_the_reason():
    def numpy_loss(z):
        return np.array([np.log1p(z), 1 / (1 + z), -1 / (1 + z) ** 2])

    (note,) = trfkit.least_squares(traceable_residuals, [1.0, 1.0], loss=numpy_loss).notes
    assert "loss" in note


class Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function = function
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.function(*args)


STARTS = {"near": [1.0, 1.0], "far": [0.1, 30.0], "where steps are rejected": [40.0, -1.5]}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("given", [jacobian, "2-point", "3-point"], ids=["jac", "2-point", "3-point"])
def test_functions_are_called_as_often_as_scipy_calls_them(start, given):
    settings = {"x_scale": 1.0, "ftol": 1e-8, "xtol": 1e-8, "gtol": 1e-8}
    counted = {}
    for name, solve in (("ours", trfkit.least_squares), ("SciPy's", scipy.optimize.least_squares)):
        fun, jac = Counted(residuals), Counted(jacobian)
        result = solve(fun, start, jac if callable(given) else given, **settings)
        counted[name] = fun.calls, jac.calls, result.nfev, result.njev, result.status
        np.testing.assert_allclose(result.x, SOLUTION, rtol=1e-5)
    ours, scipys = counted["ours"], counted["SciPy's"]
    assert ours[2:] == scipys[2:]
    if callable(given):
        assert ours[:2] == (ours[2], ours[3])  # nfev and njev are the calls
    assert abs(ours[0] - scipys[0]) <= 1  # SciPy calls once more to see the shape


def test_jacobian_is_not_computed_where_the_cost_rose():
    result = trfkit.least_squares(residuals, [40.0, -1.5], jacobian, x_scale=1.0)
    assert result.trace.rejected.sum() > 0
    assert result.njev == 1 + result.trace.accepted.sum()
    assert result.nfev == len(result.trace)


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("loss", ["linear", "cauchy"])
def test_fun_and_jac_are_those_of_the_best_point(start, loss):
    result = trfkit.least_squares(residuals, start, jacobian, loss=loss, f_scale=0.1)
    np.testing.assert_array_equal(result.fun, residuals(result.x))
    if loss == "linear":
        np.testing.assert_array_equal(result.jac, jacobian(result.x))
    np.testing.assert_allclose(result.jac.T @ result.fun if loss == "linear" else result.grad, result.grad, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_fun_is_that_of_the_best_point_even_where_the_last_trial_was_not_taken(seed):
    random = np.random.default_rng(seed)
    y = Y + random.normal(0.0, 0.1, Y.size)

    def fun(p):
        return p[0] * np.exp(-p[1] * X) + p[2] - y

    result = trfkit.least_squares(fun, random.uniform(0.5, 2.0, 3), xtol=1e-15)
    np.testing.assert_array_equal(result.fun, fun(result.x))


def test_fun_and_jac_are_those_of_the_best_point_on_a_plateau():
    def fun(p):  # of the same cost everywhere, as a clipped model may be
        return np.array([1.0, 0.0]) if np.floor(1e3 * p[0]) % 2 == 0 else np.array([0.0, 1.0])

    def jac(p):
        return np.array([[1.0 + p[0]], [0.0]])

    result = trfkit.least_squares(fun, [0.5001], jac)
    assert result.trace.rejected[1:].all()
    np.testing.assert_array_equal(result.x, [0.5001])
    np.testing.assert_array_equal(result.fun, fun(result.x))
    np.testing.assert_array_equal(result.jac, jac(result.x))


def test_trial_that_is_not_finite_is_rejected_in_silence(capfd):
    def fun(p):
        return np.log(p) - [1.0, 0.0, 2.0]

    result = trfkit.least_squares(fun, [30.0, 10.0, 30.0], x_scale=1.0)
    np.testing.assert_allclose(result.x, np.exp([1.0, 0.0, 2.0]), rtol=1e-9)
    assert "non-finite" in result.trace.outcome
    assert capfd.readouterr() == ("", "")


def test_warning_of_numpy_at_a_trial_point_is_not_shown_but_the_users_own_is():
    def fun(p):
        if p[0] < 2.0:
            raise UserWarning("below the range of the calibration")
        return np.array([p[0] - 1.0, p[1]])

    with pytest.raises(UserWarning, match="range of the calibration"):
        trfkit.least_squares(fun, [3.0, 3.0])


def test_options_of_differences_reach_scipy():
    asked = []

    def fun(p):
        asked.append(np.array(p))
        return np.array([p[0] ** 2 - 4.0, 3.0 * p[1] - 3.0])

    trfkit.least_squares(fun, [1.0, 0.5], "2-point", diff_step=1e-3)
    moves = np.diff(np.array(asked[:3]), axis=0)
    np.testing.assert_allclose(moves, [[1e-3, 0.0], [-1e-3, 5e-4]], atol=1e-12)


def test_differences_stay_inside_the_bounds():
    def fun(p):
        assert np.all((p >= 1.0) & (p <= 2.0))
        return np.array([p[0] - 3.0, p[1] - 0.5, p[0] * p[1]])

    for jac in ("2-point", "3-point"):
        result = trfkit.least_squares(fun, [1.0, 2.0], jac, bounds=(1.0, 2.0))
        expected = scipy.optimize.least_squares(fun, [1.5, 1.5], jac, bounds=(1.0, 2.0), **TIGHT)
        np.testing.assert_allclose(result.x, expected.x, rtol=1e-6)


def test_jacobian_of_given_sparsity_takes_fewer_calls():
    n = 12

    def fun(p):
        return np.concatenate([p**2 - np.arange(1.0, n + 1), 0.1 * np.diff(p)])

    pattern = np.zeros((2 * n - 1, n), int)
    pattern[:n] = np.eye(n)
    pattern[n:] = np.eye(n)[1:] + np.eye(n)[:-1]
    dense, grouped = Counted(fun), Counted(fun)
    expected = trfkit.least_squares(dense, np.ones(n), "2-point")
    result = trfkit.least_squares(grouped, np.ones(n), "2-point", jac_sparsity=pattern)
    np.testing.assert_allclose(result.x, expected.x, rtol=1e-7)
    assert grouped.calls < dense.calls / 2


def test_workers_evaluate_the_differences():
    mapped = []

    def workers(function, points):
        points = list(points)
        mapped.extend(points)
        return [function(point) for point in points]

    result = trfkit.least_squares(residuals, [1.0, 1.0], "2-point", workers=workers)
    np.testing.assert_allclose(result.x, SOLUTION, rtol=1e-7)
    assert len(mapped) == 2 * result.njev


def test_function_of_a_list_and_of_one_number_work():
    assert trfkit.least_squares(loop_of_math, [1.0, 1.0]).x == pytest.approx(SOLUTION, rel=1e-6)
    assert trfkit.least_squares(lambda p: math.exp(p[0]) - 2.0, 0.0).x == pytest.approx(math.log(2.0))


def test_function_may_keep_and_change_the_array_that_it_is_given():
    def fun(p):
        f = residuals(p)
        p[:] = 0.0
        return f

    np.testing.assert_allclose(trfkit.least_squares(fun, [1.0, 1.0], jacobian).x, SOLUTION, rtol=1e-9)
