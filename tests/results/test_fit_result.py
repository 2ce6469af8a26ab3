"""What a result says, against NIST's certified values, lmfit, and formulas of textbooks written out."""

import copy
import pickle

import jax.numpy as jnp
import lmfit
import numpy as np
import pytest
import scipy.stats

import trfkit
from trfkit.datasets import nist
from trfkit.models import Gaussian, Line, Model

X = np.linspace(0.0, 5.0, 30)
Y = 3.0 * np.exp(-X / 1.5) + 0.7 + 0.05 * np.random.default_rng(11).standard_normal(30)
TEXT = "a*exp(-x/tau) + c"
START = {"a": 1.0, "tau": 1.0, "c": 0.0}
LINE_Y = 2.0 * X - 1.0 + 0.3 * np.random.default_rng(12).standard_normal(30)


def decay(x, a, tau, c):
    """The same in NumPy."""
    return a * np.exp(-x / tau) + c


@pytest.fixture(scope="module")
def result():
    return trfkit.fit(TEXT, X, Y, START)


@pytest.fixture(scope="module")
def line():
    return trfkit.fit(Line(), X, LINE_Y, units=("s", "V"))


@pytest.fixture(scope="module")
def product():
    """Only the product of a and b is determined; sigma is known."""
    return trfkit.fit("a*b*exp(-x/tau) + c", X, Y, [1.0, 2.0, 1.0, 0.0], sigma=0.05, absolute_sigma=True)


# NIST


@pytest.mark.parametrize("name", ["Misra1a", "Thurber", "Eckerle4", "Nelson", "Hahn1"])
def test_values_errors_and_statistics_are_those_that_nist_certifies(name):
    problem = nist(name)
    independent = "x" if problem.x.ndim == 1 else ("x1", "x2")
    # NIST numbers the parameters, and an expression has them in order of appearance
    model = Model.from_expression(problem.expression, independent)
    start = dict(zip(problem.parameter_names, problem.starts[1], strict=True))
    result = trfkit.fit(model, problem.x, problem.y, start)
    assert result.success and set(result.names) == set(start)
    values, errors = ([of[name] for name in problem.parameter_names] for of in (result.values, result.stderr))
    np.testing.assert_allclose(values, problem.certified, rtol=1e-6)
    np.testing.assert_allclose(errors, problem.standard_errors, rtol=2e-5)
    goodness = result.goodness
    assert goodness.chi_square == pytest.approx(problem.residual_sum_of_squares, rel=1e-9)
    assert goodness.degrees_of_freedom == result.degrees_of_freedom == problem.degrees_of_freedom
    assert np.sqrt(goodness.reduced_chi_square) == pytest.approx(problem.residual_standard_deviation, rel=1e-9)


# lmfit


@pytest.mark.parametrize("absolute_sigma", [False, True])
def test_statistics_are_lmfits(absolute_sigma):
    errors = np.linspace(0.03, 0.1, 30)
    result = trfkit.fit(TEXT, X, Y, START, sigma=errors, absolute_sigma=absolute_sigma)
    expected = lmfit.Model(decay).fit(
        Y, lmfit.create_params(**START), x=X, weights=1 / errors, scale_covar=not absolute_sigma,
        fit_kws={"xtol": 1e-14, "ftol": 1e-14},
    )  # fmt: skip
    goodness = result.goodness
    assert (goodness.points, goodness.variables, goodness.degrees_of_freedom) == (30, 3, 27)
    assert goodness.chi_square == pytest.approx(expected.chisqr, rel=1e-9)
    assert goodness.reduced_chi_square == pytest.approx(expected.redchi, rel=1e-9)
    if absolute_sigma:  # lmfit always estimates the size of the errors
        assert goodness.aic == pytest.approx(expected.chisqr + 6, rel=1e-9)
        assert goodness.bic == pytest.approx(expected.chisqr + 3 * np.log(30), rel=1e-9)
    else:
        assert goodness.aic == pytest.approx(expected.aic, rel=1e-9)
        assert goodness.bic == pytest.approx(expected.bic, rel=1e-9)
    np.testing.assert_allclose(result.covariance, expected.covar, rtol=1e-4)  # lmfit's is by finite differences
    assert result.correlation[0, 1] == pytest.approx(expected.params["a"].correl["tau"], rel=1e-4)
    np.testing.assert_allclose(np.diag(result.correlation), 1.0, rtol=1e-15)


def test_r_squared_of_a_line_is_the_square_of_its_correlation(line):
    assert line.goodness.r_squared == pytest.approx(np.corrcoef(X, LINE_Y)[0, 1] ** 2, rel=1e-12)


# parameters


def test_parameter_is_an_estimate_with_the_digits_that_it_deserves(line):
    slope = line["slope"]
    assert slope == (line.values["slope"], line.stderr["slope"], "V/s")
    assert str(slope) == f"{slope.value:.3f} ± {slope.stderr:.3f} V/s" and 0.0095 < slope.stderr < 0.0995
    assert line["intercept"].unit == "V" and "slope" in line and "b" not in line
    assert list(line) == ["slope", "intercept"]


def test_name_that_is_no_parameter_is_an_error_with_those_that_are(result):
    with pytest.raises(KeyError, match="no parameter is called 'nope'; there are a, tau, c"):
        result["nope"]


def test_fixed_parameters_have_no_error_and_no_place_in_the_covariance():
    result = trfkit.fit(TEXT, X, Y, START, fixed={"tau": 1.5})
    assert result["tau"] == (1.5, 0.0, "")
    assert result.free_names == ("a", "c") and result.covariance.shape == (2, 2)
    basis = np.stack([np.exp(-X / 1.5), np.ones(30)])  # linear in what is left
    (a, c), cost, *_ = np.linalg.lstsq(basis.T, Y, rcond=None)
    assert list(result.values.values()) == pytest.approx([a, 1.5, c], rel=1e-9)
    np.testing.assert_allclose(result.covariance, np.linalg.inv(basis @ basis.T) * cost / 28, rtol=1e-8)


def test_error_of_a_tied_parameter_follows_from_that_of_its_source():
    result = trfkit.fit(Line(), X, LINE_Y, {"slope": 1.0}, ties={"intercept": "-slope/2"})
    basis = X - 0.5
    slope = basis @ LINE_Y / (basis @ basis)
    error = np.sqrt(np.sum((LINE_Y - slope * basis) ** 2) / 29 / (basis @ basis))
    assert result.values == pytest.approx({"slope": slope, "intercept": -slope / 2}, rel=1e-10)
    assert result.stderr == pytest.approx({"slope": error, "intercept": error / 2}, rel=1e-8)
    assert result.covariance.shape == (1, 1)


def test_error_of_a_tie_to_two_parameters_counts_their_covariance(result):
    tied = trfkit.fit(f"{TEXT} + 0*d", X, Y, START, ties={"d": "a*c**2"})
    gradient = np.array([tied.values["c"] ** 2, 0.0, 2 * tied.values["a"] * tied.values["c"]])
    assert tied.stderr["d"] == pytest.approx(np.sqrt(gradient @ result.covariance @ gradient), rel=1e-5)
    assert tied.values["d"] == tied.values["a"] * tied.values["c"] ** 2
    assert [tied.stderr[name] for name in "ac"] == pytest.approx([result.stderr[name] for name in "ac"], rel=1e-5)


def test_value_fixed_beyond_its_bounds_is_warned_of():
    result = trfkit.fit(Gaussian(), X, Y, fixed={"sigma": -2.0})
    assert any("sigma is fixed, and its value -2 is not within its bounds 0 … inf" in w for w in result.warnings)


# what is not determined


def test_only_the_parameters_involved_have_infinite_errors(product):
    reduced = trfkit.fit("p*exp(-x/tau) + c", X, Y, [1.0, 1.0, 0.0], sigma=0.05, absolute_sigma=True)
    assert product.success
    assert product.stderr["a"] == product.stderr["b"] == np.inf
    for name in ("tau", "c"):
        assert product.values[name] == pytest.approx(reduced.values[name], rel=1e-7)
        assert product.stderr[name] == pytest.approx(reduced.stderr[name], rel=1e-6)
    tau, c = (product.free_names.index(name) for name in ("tau", "c"))
    assert product.covariance[tau, c] == pytest.approx(reduced.covariance[1, 2], rel=1e-6)
    assert product.correlation[tau, c] == pytest.approx(reduced.correlation[1, 2], rel=1e-6)
    a = product.free_names.index("a")
    assert np.all(np.isinf(product.covariance[a])) and np.all(np.isnan(product.correlation[a]))


def test_warning_names_the_combination_and_its_singular_value(product):
    (warning,) = product.warnings
    assert "only 3 of 4 combinations" in warning and "singular value" in warning and "infinite" in warning
    combination = warning.split("change along ")[1].split(" (singular")[0]
    assert sorted(combination.replace("-", "+").split(" + ")) == ["0.71 a", "0.71 b"]  # scaled: da/a = -db/b
    assert float(warning.split("singular value ")[1].split(")")[0]) < 1e-14
    assert product.notes[0] == warning and repr(product).startswith("Warning: ")


def test_what_is_determined_of_undetermined_parameters_has_a_finite_error(product):
    reduced = trfkit.fit("p*exp(-x/tau) + c", X, Y, [1.0, 1.0, 0.0], sigma=0.05, absolute_sigma=True)
    together = product.propagate("a*b")
    assert together.value == pytest.approx(reduced.values["p"], rel=1e-7)
    assert together.stderr == pytest.approx(reduced.stderr["p"], rel=1e-5)
    assert product.propagate("a/b").stderr == np.inf
    for kind in ("confidence", "prediction"):
        one, other = (fit.band(kind=kind) for fit in (product, reduced))
        np.testing.assert_allclose(one.high - one.y, other.high - other.y, rtol=1e-5)


def test_intervals_of_what_is_not_determined_are_the_whole_line(product):
    found = product.intervals()
    assert found["a"] == found["b"] == (-np.inf, np.inf)
    assert np.all(np.isfinite(found["tau"]))


def test_tie_or_prior_may_determine_what_the_data_do_not():
    result = trfkit.fit("a*b*x + c", X, LINE_Y, [1.0, 2.0, 0.0], ties={"c": "-a*b/2"})
    assert result.stderr["a"] == result.stderr["b"] == np.inf
    assert np.isfinite(result.stderr["c"])  # the product is what the data determine
    other = trfkit.fit("a*b*x + c", X, LINE_Y, [-1.0, -1.0, 0.0], ties={"c": "a/2"})
    assert np.isfinite(other.stderr["a"]) and other.warnings == ()
    third = trfkit.fit("a*b*x + c", X, LINE_Y, [1.0, 2.0, 0.0], priors={"a": (1.5, 0.1)}, sigma=0.3)
    assert np.isfinite(third.stderr["b"]) and third.warnings == ()


# intervals


@pytest.mark.parametrize("level", [0.6827, 0.95])
def test_intervals_by_covariance_are_students(result, level):
    t = scipy.stats.t.ppf((1 + level) / 2, 27)
    found = result.intervals(level)
    assert list(found) == ["a", "tau", "c"]
    for name, (low, high) in found.items():
        assert low == pytest.approx(result.values[name] - t * result.stderr[name], rel=1e-12)
        assert high == pytest.approx(result.values[name] + t * result.stderr[name], rel=1e-12)


def test_intervals_with_known_errors_are_normal(product):
    low, high = product.intervals(0.9)["c"]
    assert (high - low) / 2 == pytest.approx(scipy.stats.norm.ppf(0.95) * product.stderr["c"], rel=1e-12)


def test_intervals_leave_out_what_is_fixed_and_have_what_is_tied():
    result = trfkit.fit(TEXT, X, Y, START, fixed={"tau": 1.5}, ties={"c": "a/4"})
    found = result.intervals()
    assert list(found) == ["a", "c"]
    assert found["c"].low == pytest.approx(found["a"].low / 4, rel=1e-9)


def test_intervals_by_profile_and_bootstrap_are_near_those_by_covariance(result):
    plain = result.intervals()
    for other in (
        result.intervals(method="profile", names=["a"]), result.intervals(method="bootstrap", count=400, seed=1)
    ):  # fmt: skip
        assert other["a"].low == pytest.approx(plain["a"].low, abs=0.3 * result.stderr["a"])
        assert other["a"].high == pytest.approx(plain["a"].high, abs=0.3 * result.stderr["a"])


def test_intervals_refuse_an_unknown_method_a_level_in_percent_and_options_of_another_method(result):
    with pytest.raises(ValueError, match="`method` must be one of 'covariance', 'profile', 'bootstrap', got 'mcmc'"):
        result.intervals(method="mcmc")
    with pytest.raises(ValueError, match="did you mean 0.95?"):
        result.intervals(95)
    with pytest.raises(TypeError, match="'names'"):
        result.intervals(names=["a"])


# propagation


def test_propagated_error_is_the_law_of_propagation(result):
    a, tau, c = result.values.values()
    gradient = np.array([tau, a, 0.0])
    expected = np.sqrt(gradient @ result.covariance @ gradient)
    for function in ("a*tau", lambda p: p["a"] * p["tau"], lambda p: float(p["a"]) * float(p["tau"])):
        area = result.propagate(function, "V s")
        assert area.value == pytest.approx(a * tau, rel=1e-12)
        assert area.stderr == pytest.approx(expected, rel=1e-6)
        assert area.unit == "V s" and str(area).endswith(" V s")


def test_propagated_array_has_a_covariance(result):
    found = result.propagate(lambda p: jnp.stack([p["c"], p["a"]]))
    np.testing.assert_allclose(found.value, [result.values["c"], result.values["a"]])
    np.testing.assert_allclose(found.covariance, result.covariance[np.ix_([2, 0], [2, 0])], rtol=1e-9)


def test_propagation_of_an_unknown_name_says_what_there_is(result):
    with pytest.raises(ValueError, match="'b' has no value; there are a, tau, c"):
        result.propagate("a/b")


# the curve


def test_prediction_is_the_model_at_any_x(result):
    values = tuple(result.values.values())
    np.testing.assert_allclose(result.predict(), decay(X, *values), rtol=1e-12)
    np.testing.assert_allclose(result.predict([7.0, 8.0]), decay(np.array([7.0, 8.0]), *values), rtol=1e-12)
    assert result.predict(3) == pytest.approx(decay(3.0, *values), rel=1e-12)
    assert result.predict(np.arange(3)).dtype == float and result.predict(np.zeros(0)).shape == (0,)


def test_prediction_of_a_model_whose_x_is_no_array_takes_one_like_it():
    class Run:
        def __init__(self, t):
            self.t = t

    def line(x, a, b):
        return a * x.t + b

    result = trfkit.fit(line, Run(X), LINE_Y, [1.0, 1.0])
    np.testing.assert_allclose(result.predict(Run(X[:3])), result.predict()[:3])
    np.testing.assert_allclose(result.band(Run(X[:3])).low, result.band().low[:3])


def textbook_band(x, extra, level=0.95):
    """Half the width of the band of a straight line (Draper & Smith (1998), section 1.4 and 3.2)."""
    spread = np.sum((X - X.mean()) ** 2)
    slope, intercept = np.polyfit(X, LINE_Y, 1)
    s = np.sqrt(np.sum((LINE_Y - slope * X - intercept) ** 2) / 28)
    return scipy.stats.t.ppf((1 + level) / 2, 28) * s * np.sqrt(extra + 1 / 30 + (x - X.mean()) ** 2 / spread)


@pytest.mark.parametrize("kind, extra", [("confidence", 0.0), ("prediction", 1.0)])
def test_band_of_a_line_is_the_textbooks(line, kind, extra):
    x = np.linspace(-3, 9, 7)
    band = line.band(x, 0.9, kind)
    np.testing.assert_allclose(band.y, line.predict(x))
    np.testing.assert_allclose(band.high - band.y, textbook_band(x, extra, 0.9), rtol=1e-7)
    np.testing.assert_allclose(band.y - band.low, textbook_band(x, extra, 0.9), rtol=1e-7)
    assert (band.kind, band.level) == (kind, 0.9)
    assert line.band(kind=kind).low.shape == X.shape


def noise_of(fit, **how):
    """The standard error of new data that a prediction band counts, in units of y."""
    known = fit.absolute_sigma
    quantile = scipy.stats.norm.ppf(0.975) if known else scipy.stats.t.ppf(0.975, fit.degrees_of_freedom)
    widths = [(band.high - band.y) / quantile for band in (fit.band(kind="prediction", **how), fit.band())]
    return np.sqrt(widths[0] ** 2 - widths[1] ** 2)


def test_new_data_scatter_as_those_that_were_fitted():
    scatter = np.sqrt(np.sum((LINE_Y - np.polyval(np.polyfit(X, LINE_Y, 1), X)) ** 2) / 28)
    np.testing.assert_allclose(noise_of(trfkit.fit(Line(), X, LINE_Y)), scatter, rtol=1e-6)
    np.testing.assert_allclose(noise_of(trfkit.fit(Line(), X, LINE_Y, sigma=7.0)), scatter, rtol=1e-6)
    np.testing.assert_allclose(noise_of(trfkit.fit(Line(), X, LINE_Y, sigma=np.full(30, 7.0))), scatter, rtol=1e-6)
    known = trfkit.fit(Line(), X, LINE_Y, sigma=0.25, absolute_sigma=True)
    np.testing.assert_allclose(noise_of(known), 0.25, rtol=1e-6)


def test_error_of_new_data_counts_as_that_of_the_fitted_data_does():
    other = np.linspace(0.1, 0.5, 30)
    np.testing.assert_allclose(noise_of(trfkit.fit(Line(), X, LINE_Y), sigma=other), other, rtol=1e-6)
    known = trfkit.fit(Line(), X, LINE_Y, sigma=0.25, absolute_sigma=True)
    np.testing.assert_allclose(noise_of(known, sigma=other), other, rtol=1e-6)
    weighed = trfkit.fit(Line(), X, LINE_Y, sigma=10 * other)
    scale = np.sqrt(weighed.goodness.reduced_chi_square)
    np.testing.assert_allclose(noise_of(weighed, sigma=10 * other), 10 * other * scale, rtol=1e-6)


@pytest.mark.parametrize("how", ["unequal", "covariance", "masked", "of x"])
def test_band_of_new_data_asks_for_their_error_where_it_cannot_be_known(how):
    unequal = np.linspace(0.1, 0.5, 30)
    masked = np.where(np.arange(30) == 4, np.nan, 0.3)
    asked = {
        "unequal": {"sigma": unequal}, "covariance": {"sigma": np.diag(unequal)},
        "masked": {"sigma": np.where(np.arange(30) == 9, 0.4, masked), "mask": np.arange(30) != 4},
        "of x": {"sigma": 0.3, "sigma_x": 0.1},
    }  # fmt: skip
    fit = trfkit.fit(Line(), X, LINE_Y, **asked[how])
    with pytest.raises(ValueError, match="give `sigma`, the error of new data at each x"):
        fit.band(kind="prediction")
    assert fit.band(kind="prediction", sigma=0.3).low.shape == (30,)


def test_band_refuses_another_kind_and_a_level_in_percent(result):
    with pytest.raises(ValueError, match="`kind` must be 'confidence' or 'prediction', got 'tolerance'"):
        result.band(kind="tolerance")
    with pytest.raises(ValueError, match="did you mean 0.95?"):
        result.band(level=95)


def test_curve_of_one_of_several_data_sets_goes_by_its_name():
    both = trfkit.fit(Line(), X, {"p": LINE_Y, "q": Y}, shared=["slope"])
    slope, p, q = (both.values[name] for name in ("slope", "intercept_p", "intercept_q"))
    np.testing.assert_allclose(both.predict(X, "q"), slope * X + q)
    np.testing.assert_allclose(both.band(X, data_set="p").y, slope * X + p)
    for wrong in (None, "r"):
        with pytest.raises(ValueError, match=f"which data set\\? there are 'p', 'q', got {wrong!r}"):
            both.predict(X, wrong)


# residuals


def test_residuals_are_data_less_model_in_units_of_sigma():
    errors, mask = np.linspace(0.03, 0.1, 30), np.arange(30) % 4 > 0
    result = trfkit.fit(TEXT, X, Y, START, sigma=errors, mask=mask)
    expected = ((Y - decay(X, *result.values.values())) / errors)[mask]
    np.testing.assert_allclose(result.residuals[""], expected, rtol=1e-9, atol=1e-12)
    assert result.goodness.chi_square == pytest.approx(np.sum(expected**2), rel=1e-12)


def test_residuals_of_correlated_data_are_whitened():
    covariance = 0.05**2 * 0.5 ** np.abs(np.subtract.outer(np.arange(30), np.arange(30)))
    result = trfkit.fit(TEXT, X, Y, START, sigma=covariance)
    off = Y - decay(X, *result.values.values())
    np.testing.assert_allclose(np.linalg.cholesky(covariance) @ result.residuals[""], off, rtol=1e-9, atol=1e-12)
    assert result.goodness.chi_square == pytest.approx(off @ np.linalg.solve(covariance, off), rel=1e-9)


def test_residuals_of_data_sets_and_priors_are_kept_apart():
    result = trfkit.fit(
        Line(), {"p": X, "q": X[:9]}, {"p": LINE_Y, "q": Y[:9]}, sigma=0.3, shared=["slope"],
        priors={"slope": (1.0, 0.1)},
    )  # fmt: skip
    slope, q = result.values["slope"], result.values["intercept_q"]
    np.testing.assert_allclose(result.residuals["q"], (Y[:9] - slope * X[:9] - q) / 0.3, rtol=1e-9)
    of_data = sum(np.sum(f**2) for f in result.residuals.values())
    assert result.goodness.chi_square == pytest.approx(of_data + ((slope - 1.0) / 0.1) ** 2, rel=1e-12)
    assert result.goodness.points == 40 and result.degrees_of_freedom == 37


# how it ended, and what is kept


def test_result_tells_how_the_solver_ended(result):
    solution = result.solution
    assert result.success and result.status == solution.status > 0
    assert (result.message, result.nfev) == (solution.message, solution.nfev)
    assert len(result.trace) == result.nfev and result.notes == result.warnings == ()
    assert result.initial.full_values == START and result.parameters.full_values == result.values


def test_robust_losses_are_kept_in_options_and_in_the_problem():
    y = Y.copy()
    y[3] += 5.0
    result = trfkit.fit(TEXT, X, y, START, loss="soft_l1", f_scale=0.1)
    assert result.options == {"loss": "soft_l1", "f_scale": 0.1}
    assert result.joint.cost(result.solution.x) == pytest.approx(result.solution.cost, rel=1e-9)
    plain = trfkit.fit(TEXT, X, y, START)
    assert abs(result.values["a"] - 3.0) < 0.3 * abs(plain.values["a"] - 3.0)


@pytest.mark.parametrize("keep", [copy.copy, copy.deepcopy, lambda result: pickle.loads(pickle.dumps(result))])
@pytest.mark.parametrize("looked_at", [False, True])
def test_result_can_be_copied_and_pickled_whatever_was_asked_of_it_before(keep, looked_at):
    result = trfkit.fit(TEXT, X, Y, START, sigma=0.05, ties={"c": "a/4"}, starts=3)
    if looked_at:
        repr(result), result.goodness, result.band(), result.notes
    kept = keep(result)
    assert kept is not result
    assert kept.values == result.values and kept.stderr == result.stderr and kept.goodness == result.goodness
    assert repr(kept) == repr(result) and kept.fit_report() == result.fit_report()
    assert len(kept.trace) == len(result.trace) and kept.parameters == result.parameters
    np.testing.assert_array_equal(kept.residuals[""], result.residuals[""])
    np.testing.assert_array_equal(kept.starts.x, result.starts.x)
    np.testing.assert_array_equal(kept.band().low, result.band().low)


def test_result_cannot_be_changed(result):
    with pytest.raises(AttributeError, match="absolute_sigma"):
        result.absolute_sigma = True
