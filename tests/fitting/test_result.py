"""What a fit returns: a mapping that computes late, travels, prints briefly, and tells how well x is determined."""

import copy
import pickle
import warnings

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import OptimizeResult, OptimizeWarning

import trfkit
from trfkit import Trace
from trfkit.fitting.curve_fit import fit_curve

X = np.linspace(0.0, 4.0, 60)
Y = 2.5 * np.exp(-1.3 * X) + 0.5 + np.random.default_rng(0).normal(0.0, 0.05, X.size)
FIELDS = set(
    """x cost fun jac grad optimality active_mask nfev njev nit status message success trace cov_x pcov stderr
    condition_number rank weakest_direction parameter_names m triangle qtf notes""".split()
)


def decay(x, a, b, c):
    return a * jnp.exp(-b * x) + c


def decay_in_numpy(x, a, b, c):
    return a * np.exp(-b * x) + c


def jacobian(a, b, c):
    e = np.exp(-b * X)
    return np.stack([e, -a * X * e, np.ones_like(X)], axis=1)


@pytest.fixture(params=[decay, decay_in_numpy], ids=["jax.numpy", "NumPy"])
def result(request):
    return fit_curve(request.param, X, Y, [1.0, 1.0, 1.0])


def assert_equal_fields(result, other):
    assert set(result.keys()) == set(other.keys())
    for name in result.keys():
        if isinstance(result[name], np.ndarray):
            np.testing.assert_array_equal(result[name], other[name], strict=True)
        else:
            assert result[name] == other[name]


# --- a mapping -------------------------------------------------------------------------------------------------------


def test_result_is_an_optimize_result_with_every_field(result):
    assert isinstance(result, OptimizeResult)
    assert set(result.keys()) == set(dir(result)) == FIELDS
    for name in FIELDS:
        np.testing.assert_equal(getattr(result, name), result[name])


def test_fun_and_jac_are_computed_when_asked_for_and_right(compilations):
    with compilations() as compiled:
        result = fit_curve(decay, X[:55], Y[:55], [1.0, 1.0, 1.0])
    assert "_scaled_jacobian" not in compiled.names
    assert not dict.__contains__(result, "fun")
    assert not dict.__contains__(result, "jac")
    np.testing.assert_allclose(result.fun, decay_in_numpy(X[:55], *result.x) - Y[:55], atol=1e-14)
    np.testing.assert_allclose(result.jac, jacobian(*result.x)[:55], atol=1e-14)
    assert result.fun is result.fun


READS = {
    "an attribute": lambda r: (r.fun, r.jac),
    "an item": lambda r: (r["fun"], r["jac"]),
    "get": lambda r: (r.get("fun"), r.get("jac")),
    "get with a default": lambda r: (r.get("fun", None), r.get("jac", None)),
    "items": lambda r: (dict(r.items())["fun"], dict(r.items())["jac"]),
    "values": lambda r: tuple(v for k, v in zip(r.keys(), r.values(), strict=True) if k in ("fun", "jac")),
    "dict": lambda r: (dict(r)["fun"], dict(r)["jac"]),
    "unpacking": lambda r: (lambda fun, jac, **rest: (fun, jac))(**r),
    "merging": lambda r: ((r | {})["fun"], ({} | r)["jac"]),
    "copy": lambda r: (r.copy()["fun"], r.copy()["jac"]),
    "copy.copy": lambda r: (copy.copy(r).fun, copy.copy(r).jac),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_deferred_fields_are_there_however_they_are_read(result, read):
    fun, jac = read(result)
    np.testing.assert_allclose(fun, decay_in_numpy(X, *result.x) - Y, atol=1e-12)
    np.testing.assert_allclose(jac, jacobian(*result.x), atol=1e-6)


def test_length_and_iteration_count_the_deferred_fields(result):
    assert len(result) == len(FIELDS)
    assert set(result) == FIELDS
    assert set(fit_curve(decay, X, Y, [1.0, 1.0, 1.0])) == FIELDS


def test_field_that_is_not_there_is_an_error():
    result = fit_curve(decay, X, Y, [1.0, 1.0, 1.0])
    with pytest.raises(AttributeError, match="hess"):
        _ = result.hess
    with pytest.raises(KeyError, match="hess"):
        result["hess"]
    assert "hess" not in result
    assert result.get("hess") is None
    assert "fun" in result


# --- travelling ------------------------------------------------------------------------------------------------------

COPIES = {
    "pickle": lambda r: pickle.loads(pickle.dumps(r)),
    "the oldest pickle": lambda r: pickle.loads(pickle.dumps(r, protocol=0)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("made", COPIES.values(), ids=COPIES)
def test_copy_has_equal_fields(result, made):
    travelled = made(result)
    assert type(travelled) is type(result)
    assert_equal_fields(travelled, result)
    assert isinstance(travelled.trace, Trace)
    assert repr(travelled) == repr(result)


def test_deep_copy_shares_nothing(result):
    copied = copy.deepcopy(result)
    copied.x[:] = 0.0
    copied.fun[:] = 0.0
    assert np.all(result.x != 0.0)
    assert np.any(result.fun != 0.0)


def test_result_of_a_lambda_and_of_user_objects_is_pickled():
    result = fit_curve(lambda x, a: a * x, X, Y, [1.0], loss=lambda z: jnp.log1p(z), callback=lambda x: None)
    assert_equal_fields(pickle.loads(pickle.dumps(result)), result)


def test_repr_is_short_whatever_the_fit():
    long = trfkit.least_squares(lambda p: jnp.stack([10.0 * (p[1] - p[0] ** 2), 1.0 - p[0]]), [-20.0, 300.0])
    assert len(long.trace) > 50
    many = fit_curve(decay, np.tile(X, 50), np.tile(Y, 50), [1.0, 1.0, 1.0])
    for result in (long, many):
        text = repr(result)
        assert len(text) < 4000
        assert len(text.splitlines()) < 60
        assert f"{len(result.trace)} trial points" in text
        assert "status: " in text
        assert str(result) == text


# --- how well x is determined ----------------------------------------------------------------------------------------


def test_covariance_and_errors_are_scipys(result):
    popt, pcov = scipy.optimize.curve_fit(
        decay_in_numpy, X, Y, [1.0, 1.0, 1.0], jac=lambda x, *p: jacobian(*p), ftol=1e-15, xtol=1e-15
    )
    rtol = 1e-6 if result.notes == () else 1e-5  # '2-point' differences
    np.testing.assert_allclose(result.pcov, pcov, rtol=rtol)
    np.testing.assert_allclose(result.stderr, np.sqrt(np.diag(pcov)), rtol=rtol)
    _, cov_x, *_ = scipy.optimize.leastsq(
        lambda p: decay_in_numpy(X, *p) - Y, popt, Dfun=lambda p: jacobian(*p), full_output=True
    )
    np.testing.assert_allclose(result.cov_x, cov_x, rtol=rtol)
    np.testing.assert_allclose(result.triangle.T @ result.triangle, np.linalg.inv(cov_x), rtol=rtol, atol=1e-6)
    np.testing.assert_allclose(result.triangle.T @ result.qtf, result.grad, atol=1e-12)


def test_condition_number_and_rank_are_those_of_the_scaled_jacobian(result):
    J = jacobian(*result.x)
    s = np.linalg.svd(J / np.linalg.norm(J, axis=0), compute_uv=False)
    np.testing.assert_allclose(result.condition_number, s[0] / s[-1], rtol=1e-5)
    assert result.rank == 3


def test_weakest_direction_is_the_last_singular_vector_by_name(result):
    J = jacobian(*result.x)
    v = np.linalg.svd(J / np.linalg.norm(J, axis=0))[2][-1]
    assert tuple(result.weakest_direction) == ("a", "b", "c")
    found = np.array(list(result.weakest_direction.values()))
    np.testing.assert_allclose(found * np.sign(found @ v), v, atol=1e-5)


def test_trace_measures_the_condition_on_its_way(result):
    assert result.trace.condition_number[1:].min() >= 1.0
    assert set(result.trace.rank[1:]) == {3.0}


def redundant(x, height, rate, factor):
    """Only height · factor is determined."""
    return height * factor * jnp.exp(-rate * x)


def test_rank_deficient_fit_has_infinite_errors_and_names_the_combination():
    with pytest.warns(OptimizeWarning) as caught:
        popt, pcov = trfkit.curve_fit(redundant, X, Y, [2.0, 1.0, 1.0])
    (warning,) = caught
    sentence = str(warning.message)
    assert sentence.startswith("Covariance of the parameters could not be estimated.")
    assert "2 of 3 combinations" in sentence
    assert "0.71 height" in sentence
    assert "0.71 factor" in sentence
    assert " - " in sentence
    assert "rate" not in sentence
    assert warning.filename == __file__
    assert np.all(np.isinf(pcov))
    result = fit_curve(redundant, X, Y, [2.0, 1.0, 1.0])
    assert result.success
    assert result.rank == 2
    assert result.condition_number > 1e12
    assert np.all(np.isinf(result.stderr))
    assert np.all(np.isinf(result.cov_x))
    weights = np.array([result.weakest_direction[name] for name in ("height", "rate", "factor")])
    np.testing.assert_allclose(np.abs(weights), [2**-0.5, 0.0, 2**-0.5], atol=1e-5)
    assert weights[0] * weights[2] < 0
    assert any("2 of 3 combinations" in note for note in result.notes)


def test_parameter_without_any_effect_is_the_combination():
    with pytest.warns(OptimizeWarning, match="1 idle"):
        trfkit.curve_fit(lambda x, a, idle: a * jnp.exp(-x), X, Y, [1.0, 1.0])
    result = fit_curve(lambda x, a, idle: a * jnp.exp(-x), X, Y, [1.0, 1.0])
    assert result.rank == 1
    assert result.x[1] == 1.0
    np.testing.assert_allclose(np.abs(list(result.weakest_direction.values())), [0.0, 1.0], atol=1e-12)


def test_rank_deficient_numpy_model_is_told_by_its_differences_too():
    def model(x, height, rate, factor):
        return height * factor * np.exp(-rate * x)

    with pytest.warns(OptimizeWarning, match="could not be estimated"):
        _, pcov = trfkit.curve_fit(model, X, Y, [2.0, 1.0, 1.0])
    assert np.all(np.isinf(pcov))


def test_nearly_deficient_fit_has_large_but_finite_errors():
    def model(x, a, b):
        return a * x + b * (x + 1e-5 * x**2)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, pcov = trfkit.curve_fit(model, X, Y, [1.0, 1.0])
    assert np.all(np.isfinite(pcov))
    result = fit_curve(model, X, Y, [1.0, 1.0])
    assert 1e4 < result.condition_number < 1e6
    assert result.rank == 2


def test_units_do_not_make_a_fit_look_deficient():
    popt, pcov = trfkit.curve_fit(lambda x, a, b: a * 1e12 * x + b * 1e-12, X, 2.0 * X + 1.0 + 0 * Y, [1e-12, 1e12])
    np.testing.assert_allclose(popt, [2e-12, 1e12], rtol=1e-9)
    assert np.all(np.isfinite(pcov))


# --- bounds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bounds", "mask", "parts"),
    [
        ((0.0, [2.0, 9.0, 9.0]), [1, 0, 0], ["a", "upper bound 2"]),
        (([0.0, 1.5, 0.0], 9.0), [0, -1, 0], ["b", "lower bound 1.5"]),
        ((0.0, 9.0), [0, 0, 0], []),
    ],
    ids=["upper", "lower", "none"],
)
def test_parameter_at_a_bound_is_noted(bounds, mask, parts):
    result = fit_curve(decay, X, Y, [1.0, 2.0, 1.0], bounds=bounds)
    np.testing.assert_array_equal(result.active_mask, mask)
    if not parts:
        assert result.notes == ()
        return
    (note,) = result.notes
    assert f"Parameter {parts[0]} is at its {parts[1]}" in note
    assert "standard error" in note
