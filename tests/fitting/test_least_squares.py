"""`least_squares` against SciPy's where the settings are the same, and what it has besides."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

import trfkit

X = np.linspace(0.0, 4.0, 40)
Y = 3.0 * np.exp(-1.1 * X) + 0.4 + 0.05 * np.cos(11.0 * X)
Y[[7, 22]] += 1.5  # outliers, for the losses
TIGHT = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}
SCIPYS = {"ftol": 1e-8, "xtol": 1e-8, "gtol": 1e-8, "x_scale": 1.0}


def decay(p):
    return p[0] * jnp.exp(-p[1] * X) + p[2] - Y


def decay_in_numpy(p):
    return p[0] * np.exp(-p[1] * X) + p[2] - Y


def decay_jacobian(p):
    e = np.exp(-p[1] * X)
    return np.stack([e, -p[0] * X * e, np.ones_like(X)], axis=1)


def scipys(x0=(1.0, 1.0, 1.0), **settings):
    return scipy.optimize.least_squares(decay_in_numpy, x0, decay_jacobian, **TIGHT | settings)


SOLUTION = scipys().x


# --- settings --------------------------------------------------------------------------------------------------------

SETTINGS = {
    "nothing": {},
    "lower bounds": {"bounds": (0.0, np.inf)},
    "an active bound": {"bounds": (0.0, [2.0, np.inf, np.inf])},
    "bounds on both sides": {"bounds": ([0.0, 0.5, 0.1], [5.0, 1.05, 1.0])},
    "soft_l1": {"loss": "soft_l1"},
    "huber": {"loss": "huber", "f_scale": 0.1},
    "cauchy": {"loss": "cauchy", "f_scale": 0.1},
    "arctan": {"loss": "arctan", "f_scale": 0.5},
    "huber and bounds": {"loss": "huber", "f_scale": 0.1, "bounds": (0.0, [2.5, 2.0, 2.0])},
    "x_scale a number": {"x_scale": 3.0},
    "x_scale a vector": {"x_scale": [0.3, 10.0, 1.0]},
    "x_scale jac": {"x_scale": "jac"},
    "no gtol": {"gtol": None},
    "xtol alone": {"ftol": None, "gtol": None, "xtol": 1e-6},
    "few evaluations": {"max_nfev": 4},
    "one evaluation": {"max_nfev": 1},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_same_settings_give_scipys_result(settings):
    start = [1.0, 1.0, 0.5]
    result = trfkit.least_squares(decay, start, **SCIPYS | settings)
    expected = scipy.optimize.least_squares(decay_in_numpy, start, decay_jacobian, **SCIPYS | settings)
    np.testing.assert_allclose(result.x, expected.x, rtol=1e-7)
    np.testing.assert_allclose(result.cost, expected.cost, rtol=1e-9)
    np.testing.assert_allclose(result.fun, expected.fun, atol=1e-7)
    np.testing.assert_allclose(result.jac, expected.jac, atol=1e-6)
    np.testing.assert_allclose(result.grad, expected.grad, atol=1e-6)
    assert (result.nfev, result.njev, result.status) == (expected.nfev, expected.njev, expected.status)
    assert (result.success, result.message) == (expected.success, expected.message)
    np.testing.assert_array_equal(result.active_mask, expected.active_mask)


@pytest.mark.parametrize("loss", ["linear", "soft_l1", "huber", "cauchy", "arctan"])
@pytest.mark.parametrize("f_scale", [0.1, 1.0])
def test_default_tolerances_give_scipys_minimum_to_seven_digits(loss, f_scale):
    result = trfkit.least_squares(decay, [2.0, 1.0, 0.5], loss=loss, f_scale=f_scale)
    expected = scipys(SOLUTION, loss=loss, f_scale=f_scale)
    np.testing.assert_allclose(result.x, expected.x, rtol=1e-7)
    np.testing.assert_allclose(result.cost, expected.cost, rtol=1e-12)
    assert result.success


# --- the user's loss -------------------------------------------------------------------------------------------------


def _three_rows(array):
    def cauchy(z):
        return array.stack([array.log1p(z), 1.0 / (1.0 + z), -1.0 / (1.0 + z) ** 2])

    return cauchy


LOSSES = {
    "three rows in jax.numpy": _three_rows(jnp),
    "three rows in NumPy": _three_rows(np),
    "three arrays": lambda z: (jnp.log1p(z), 1.0 / (1.0 + z), -1.0 / (1.0 + z) ** 2),
    "rho alone": lambda z: jnp.log1p(z),
    "rho alone, jitted": jax.jit(jnp.log1p),
}


@pytest.mark.parametrize("fun", [decay, decay_in_numpy], ids=["jax.numpy", "NumPy"])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_loss_of_the_user_may_be(fun, loss):
    result = trfkit.least_squares(fun, [2.0, 1.0, 0.5], loss=loss, f_scale=0.1)
    named = trfkit.least_squares(fun, [2.0, 1.0, 0.5], loss="cauchy", f_scale=0.1)
    np.testing.assert_allclose(result.x, named.x, rtol=1e-7)
    np.testing.assert_allclose(result.cost, named.cost, rtol=1e-10)
    np.testing.assert_allclose(result.jac, named.jac, rtol=1e-5, atol=1e-7)


def test_loss_with_a_constant_that_changes_gives_the_new_answer():
    def made(limit):
        return lambda z: jnp.where(z < limit, z, 2.0 * jnp.sqrt(limit * jnp.maximum(z, limit)) - limit)

    for limit in (1.0, 0.25):  # a Huber loss whose knee is at f_scale √limit
        result = trfkit.least_squares(decay, [2.0, 1.0, 0.5], loss=made(limit), f_scale=0.2)
        named = trfkit.least_squares(decay, [2.0, 1.0, 0.5], loss="huber", f_scale=0.2 * limit**0.5)
        np.testing.assert_allclose(result.x, named.x, rtol=1e-7)


# --- arguments -------------------------------------------------------------------------------------------------------


def power(p, x, exponent=1, kind="line", *, offset=0.0):
    total = sum(p[0] * x**k for k in range(1, exponent + 1))  # the exponent is a count
    return total + p[1] + offset - (1.0 if kind == "line" else jnp.cos(x))


ARGUMENTS = {
    "an array": ((X,), {}),
    "a list as array": ((X.tolist(),), {}),
    "a count": ((X, 2), {}),
    "a word": ((X, 1, "wave"), {}),
    "keywords": ((X,), {"exponent": 3, "kind": "wave", "offset": 0.5}),
    "a keyword array": ((), {"x": X, "offset": np.sin(X)}),
    "None and a bool": ((X, True, None), {}),
    "args in a list": ([X, 2], None),
}


@pytest.mark.parametrize(("args", "kwargs"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_further_arguments_reach_the_function(args, kwargs):
    def with_numpy(p, x, *rest, **named):
        return np.asarray(power(p, np.asarray(x), *rest, **named))

    def compiled(p, x, *rest, **named):
        return power(p, jnp.asarray(x), *rest, **named)

    expected = scipy.optimize.least_squares(with_numpy, [1.0, 1.0], args=args, kwargs=kwargs, **TIGHT)
    for fun in (compiled, with_numpy):
        result = trfkit.least_squares(fun, [1.0, 1.0], args=args, kwargs=kwargs)
        np.testing.assert_allclose(result.x, expected.x, rtol=1e-6, atol=1e-8)


def test_further_arguments_reach_the_jacobian_too():
    def fun(p, x, power):
        return p[0] * x**power + p[1] - jnp.cos(x)

    for array in (jnp, np):

        def jac(p, x, power, array=array):
            return array.stack([array.asarray(x) ** power, array.ones(X.size)], axis=1)

        for exponent in (1, 2):
            result = trfkit.least_squares(fun, [1.0, 1.0], jac, args=(X, exponent))
            expected = np.linalg.lstsq(np.stack([X**exponent, np.ones(X.size)], axis=1), np.cos(X), rcond=None)[0]
            np.testing.assert_allclose(result.x, expected, rtol=1e-9)


def test_object_that_changes_between_fits_is_seen_as_argument():
    class Settings:
        rate = 1.0

    settings = Settings()

    def fun(p, settings):
        return p * settings.rate - 6.0

    assert trfkit.least_squares(fun, [1.0], args=(settings,)).x == pytest.approx(6.0)
    settings.rate = 3.0
    assert trfkit.least_squares(fun, [1.0], args=(settings,)).x == pytest.approx(2.0)


# --- methods and solvers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["lm", "dogbox"])
def test_other_methods_are_solved_by_trf_and_the_result_says_so(method):
    result = trfkit.least_squares(decay, [1.0, 1.0, 1.0], method=method)
    np.testing.assert_allclose(result.x, SOLUTION, rtol=1e-9)
    (note,) = result.notes
    assert f"method='{method}'" in note
    assert "trust-region-reflective" in note
    assert trfkit.least_squares(decay, [1.0, 1.0, 1.0], method="trf").notes == ()


def _helix(x):
    theta = jnp.arctan2(x[1], x[0]) / (2 * jnp.pi)
    return jnp.stack([10.0 * (x[2] - 10.0 * theta), 10.0 * (jnp.hypot(x[0], x[1]) - 1.0), x[2]])


def _saturation(x):
    return x[0] * X / (x[1] + X) + x[2] * X - jnp.tanh(2.0 * X) - 0.1 * jnp.sin(5.0 * X)


def _valley(x):
    return jnp.stack([10.0 * (x[1] - x[0] ** 2), 10.0 * (x[2] - x[1] ** 2), 1.0 - x[0], 0.1 * x[2]])


SOLVED = {
    "decay": (decay, [1.0, 1.0, 1.0], {}),
    "decay, bounded": (decay, [1.0, 1.0, 1.0], {"bounds": (0.0, [2.5, 2.0, 2.0])}),
    "decay, cauchy": (decay, [2.0, 1.0, 0.5], {"loss": "cauchy", "f_scale": 0.1}),
    "saturation": (_saturation, [1.0, 1.0, 1.0], {}),
    "valley": (_valley, [-1.2, 1.0, 2.0], {}),
    "helix": (_helix, [-1.0, 0.0, 0.1], {}),
}


@pytest.mark.parametrize(("fun", "start", "settings"), SOLVED.values(), ids=SOLVED)
def test_every_solver_reaches_the_same_minimum(fun, start, settings):
    results = {s: trfkit.least_squares(fun, start, tr_solver=s, **settings) for s in ("svd", "cg", "hybrid", "auto")}
    for solver, result in results.items():
        assert result.success, solver
        np.testing.assert_allclose(result.cost, results["svd"].cost, rtol=1e-9, atol=1e-20)
        np.testing.assert_allclose(result.x, results["svd"].x, rtol=1e-6, atol=1e-7)


def test_trace_tells_who_solved_the_subproblems():
    solvers = {
        name: set(trfkit.least_squares(_valley, [-1.2, 1.0, 2.0], tr_solver=name).trace.solver[1:])
        for name in ("svd", "exact", "cg", "lsmr", "auto")
    }
    assert solvers == {"svd": {"SVD"}, "exact": {"SVD"}, "cg": {"CG"}, "lsmr": {"CG"}, "auto": {"SVD"}}


def test_options_of_scipys_lsmr_are_accepted():
    options = {"atol": 1e-12, "btol": 1e-12, "maxiter": 50, "regularize": False, "damp": 0.0}
    result = trfkit.least_squares(decay, [1.0, 1.0, 1.0], tr_solver="lsmr", tr_options=options)
    np.testing.assert_allclose(result.x, SOLUTION, rtol=1e-7)


# --- fewer residuals than parameters, masks --------------------------------------------------------------------------


@pytest.mark.parametrize("numpy", [False, True], ids=["jax.numpy", "NumPy"])
@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (-1.0, 3.0)], ids=["no bounds", "bounds"])
def test_fewer_residuals_than_parameters_are_brought_to_zero(numpy, bounds):
    def fun(x):
        f = (np if numpy else jnp).stack([x[0] * x[1] - 2.0, x[2] ** 2 + x[0] - 3.0])
        return np.asarray(f, float) if numpy else f

    result = trfkit.least_squares(fun, [1.0, 1.0, 1.0], bounds=bounds)
    np.testing.assert_allclose(result.fun, 0.0, atol=1e-8)
    assert (result.rank, result.m) == (2, 2)
    assert result.jac.shape == (2, 3)
    assert np.all(np.isinf(result.stderr))


@pytest.mark.parametrize("given", [list, np.array], ids=["list", "array"])
@pytest.mark.parametrize("fun", [decay, decay_in_numpy], ids=["jax.numpy", "NumPy"])
@pytest.mark.parametrize("loss", ["linear", "huber"])
def test_mask_equals_dropping_the_residuals(fun, loss, given):
    keep = np.ones(X.size, bool)
    keep[[7, 22, 39]] = False
    masked = trfkit.least_squares(fun, [2.0, 1.0, 0.5], loss=loss, f_scale=0.1, mask=given(keep))
    dropped = trfkit.least_squares(lambda p: fun(p)[keep], [2.0, 1.0, 0.5], loss=loss, f_scale=0.1)
    np.testing.assert_allclose(masked.x, dropped.x, rtol=1e-7)
    np.testing.assert_allclose(masked.cost, dropped.cost, rtol=1e-9)
    np.testing.assert_allclose(masked.stderr, dropped.stderr, rtol=1e-5)
    assert masked.m == dropped.m == 37


def test_masked_residual_may_be_nan():
    keep = np.arange(X.size) != 5
    y = np.where(keep, Y, np.nan)
    expected = trfkit.least_squares(lambda p: decay(p)[keep], [2.0, 1.0, 0.5]).x
    for fun in (lambda p: decay(p) + Y - y, lambda p: decay_in_numpy(p) + Y - y):
        np.testing.assert_allclose(trfkit.least_squares(fun, [2.0, 1.0, 0.5], mask=keep).x, expected, rtol=1e-6)


# --- the trace -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "way"), [*((name, "compiled") for name in SOLVED), ("helix", "NumPy"), ("decay, bounded", "NumPy")]
)
def test_every_fit_has_a_trace_that_starts_falls_and_counts(name, way):
    fun, start, settings = SOLVED[name]
    result = trfkit.least_squares(fun if way == "compiled" else lambda x: np.array(fun(x)), start, **settings)
    trace = result.trace
    assert trace[0].outcome == trace[0].kind == "start"
    np.testing.assert_allclose(trace[0].x, start, rtol=1e-9)
    assert np.all(np.isnan([trace[0].predicted_reduction, trace[0].actual_reduction, trace[0].ratio]))
    np.testing.assert_array_equal(trace.nfev, np.arange(1, len(trace) + 1))
    np.testing.assert_array_equal(trace.iteration, np.cumsum(trace.accepted))
    assert (result.nfev, result.nit) == (len(trace), trace.accepted.sum())
    stood = trace[:].cost[~trace.rejected]
    assert np.all(np.diff(stood) <= 1e-14 * stood[:-1])
    last = np.flatnonzero(~trace.rejected)[-1]
    np.testing.assert_array_equal(trace.x[last], result.x)
    assert trace.cost[last] == result.cost
    assert trace.parameter_names == result.parameter_names
