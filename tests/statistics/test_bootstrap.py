"""Bootstrap: against formulas by hand and the profile's world of small samples; seeds, failures, what is not known."""

import numpy as np
import pytest
from scipy import stats

from trfkit.fitting.joint import DataSet, Joint
from trfkit.models import Model
from trfkit.parameters import Parameter, Parameters
from trfkit.statistics.bootstrap import bootstrap

M = 40
X = np.linspace(0.0, 10.0, M)
NOISE = np.random.default_rng(4).normal(0.0, 0.1, M)
LINE = Model.from_expression("slope*x + intercept")
LINE_BY_NUMPY = Model.from_function(lambda x, slope, intercept: slope * np.asarray(x) + float(intercept))
COUNT = 2000
WITHIN = 4 / np.sqrt(2 * COUNT)  # four standard errors of a standard deviation of so many samples


def joint_of(model, start, y, x=X, change=lambda parameters: parameters, absolute_sigma=False, **errors):
    parameters = change(Parameters(Parameter(name, v) for name, v in zip(model.parameter_names, start, strict=True)))
    return Joint([DataSet("", model, model.parameter_names, x, y, **errors)], parameters, {}, absolute_sigma)


def resampled(*args, count=COUNT, kind="residuals", seed=0, **kwargs):
    joint = joint_of(*args, **kwargs)
    solution = joint.run()
    return bootstrap(joint, solution, count, kind, seed), solution


@pytest.fixture(scope="module")
def line():
    joint = joint_of(LINE, (0.0, 0.0), 2 * X + 1 + NOISE)
    return joint, joint.run()


def enlarged_residuals(solution, A):
    leverage = np.diag(A @ np.linalg.inv(A.T @ A) @ A.T)
    return solution.fun / np.sqrt(1 - leverage)


def test_residuals_of_a_line_have_the_covariance_of_the_formula(line):
    joint, solution = line
    found = bootstrap(joint, solution, COUNT)
    A = np.column_stack([X, np.ones(M)])
    exact = np.linalg.inv(A.T @ A) * np.var(enlarged_residuals(solution, A))
    np.testing.assert_allclose(list(found.stderr.values()), np.sqrt(np.diag(exact)), rtol=WITHIN)
    correlation = found.covariance[0, 1] / np.sqrt(found.covariance[0, 0] * found.covariance[1, 1])
    assert correlation == pytest.approx(exact[0, 1] / np.sqrt(exact[0, 0] * exact[1, 1]), abs=0.02)
    np.testing.assert_allclose(found.samples.mean(axis=0), solution.x, atol=4 * np.sqrt(np.diag(exact).max() / COUNT))


def test_samples_are_those_of_linear_algebra_on_the_same_draws(line):
    joint, solution = line
    found = bootstrap(joint, solution, 5, seed=7)
    A = np.column_stack([X, np.ones(M)])
    e = -enlarged_residuals(solution, A)
    (generator,) = np.random.default_rng(7).spawn(1)
    drawn = (e - e.mean())[generator.integers(M, size=(5, M))]
    by_hand = np.linalg.lstsq(A, (A @ solution.x + drawn).T, rcond=None)[0].T
    np.testing.assert_allclose(found.samples, by_hand, rtol=1e-9)


def test_cases_of_a_line_have_the_covariance_of_the_sandwich(line):
    found = bootstrap(*line, COUNT, "cases")
    A = np.column_stack([X, np.ones(M)])
    inverse = np.linalg.inv(A.T @ A)
    sandwich = inverse @ (A.T * line[1].fun ** 2) @ A @ inverse
    np.testing.assert_allclose(list(found.stderr.values()), np.sqrt(np.diag(sandwich)), rtol=WITHIN + 2 / M)


def test_cases_see_that_sigma_is_wrong_where_residuals_do_not():
    y = 2 * X + 1 + NOISE * X**2
    by_cases, solution = resampled(LINE, (0.0, 0.0), y, kind="cases")
    by_residuals, _ = resampled(LINE, (0.0, 0.0), y)
    A = np.column_stack([X, np.ones(M)])
    true = np.linalg.inv(A.T @ A) @ (A.T * 0.01 * X**4) @ A @ np.linalg.inv(A.T @ A)
    assert by_cases.stderr["intercept"] < 0.8 * by_residuals.stderr["intercept"]
    assert abs(np.log(by_cases.stderr["slope"] / np.sqrt(true[0, 0]))) < 0.4


@pytest.mark.parametrize("absolute_sigma", [False, True])
def test_parametric_noise_has_the_size_given_or_estimated(absolute_sigma):
    found, solution = resampled(LINE, (0.0, 0.0), 2 * X + 1 + NOISE, kind="parametric", sigma=np.linspace(1, 2, M),
                                absolute_sigma=absolute_sigma)  # fmt: skip
    np.testing.assert_allclose(list(found.stderr.values()), solution.stderr, rtol=WITHIN)
    assert found.sigma_known == absolute_sigma


@pytest.mark.parametrize("kind", ["residuals", "parametric"])
def test_errors_are_drawn_as_correlated_as_those_of_the_data(kind):
    sigma = 0.01 * np.exp(-np.abs(X[:, None] - X) / 2)
    noise = np.linalg.cholesky(sigma) @ np.random.default_rng(1).standard_normal(M)
    found, solution = resampled(LINE, (0.0, 0.0), 2 * X + 1 + noise, kind=kind, sigma=sigma)
    np.testing.assert_allclose(list(found.stderr.values()), solution.stderr, rtol=WITHIN + 2 / M)


def test_errors_of_x_count_in_the_noise():
    found, solution = resampled(LINE, (1.0, 0.0), 2 * X + 1 + 5 * NOISE, kind="parametric", sigma=0.1, sigma_x=0.25,
                                absolute_sigma=True)  # fmt: skip
    np.testing.assert_allclose(list(found.stderr.values()), solution.stderr, rtol=WITHIN + 0.02)


def test_cases_of_correlated_errors_are_refused():
    with pytest.raises(ValueError, match=r"sigma being a covariance matrix, can't be drawn .* kind='residuals'"):
        resampled(LINE, (0.0, 0.0), X, kind="cases", sigma=np.eye(M))


@pytest.mark.parametrize("kind", ["residuals", "cases", "parametric"])
def test_a_model_by_numpy_has_the_samples_of_the_compiled_one(line, kind):
    compiled = bootstrap(*line, 20, kind)
    on_host, _ = resampled(LINE_BY_NUMPY, (0.0, 0.0), 2 * X + 1 + NOISE, kind=kind, count=20)
    np.testing.assert_allclose(on_host.samples, compiled.samples, rtol=1e-6)


@pytest.mark.parametrize("kind", ["residuals", "cases", "parametric"])
def test_a_seed_gives_the_same_samples_bit_for_bit_whatever_the_count(line, kind, monkeypatch):
    first = bootstrap(*line, 100, kind, seed=3).samples
    assert np.array_equal(first[:30], bootstrap(*line, 30, kind, seed=3).samples)
    assert not np.array_equal(first, bootstrap(*line, 100, kind, seed=4).samples)
    monkeypatch.setattr("trfkit.statistics.bootstrap.MOST_LANES", 16)  # the same draws by another program
    np.testing.assert_allclose(bootstrap(*line, 100, kind, seed=3).samples, first, rtol=1e-12)


def test_another_count_compiles_nothing(line, compilations):
    bootstrap(*line, 300)
    with compilations() as compiled:
        bootstrap(*line, 70)
        bootstrap(*line, 600, "parametric")
    assert compiled.names == []


def test_intervals_take_student_s_t_into_account(line):
    found = bootstrap(*line, COUNT)
    tail = stats.norm.cdf(-stats.t.isf(0.025, M - 2))
    np.testing.assert_allclose(found.intervals()["slope"], np.quantile(found.samples[:, 0], [tail, 1 - tail]))
    assert found.intervals(0.5)["slope"].low > found.intervals()["slope"].low


def test_intervals_of_small_samples_cover_what_they_claim():
    """Of 12 points of a saturation curve, whose half-saturation is skewed; plain percentiles cover 91 %."""
    model = Model.from_expression("v*x/(k + x)")
    x, rng, hits = np.linspace(0.2, 3.0, 12), np.random.default_rng(0), 0
    for _ in range(200):
        y = 2 * x / (2 + x) + 0.08 * rng.standard_normal(12)
        found, _ = resampled(model, (2.0, 2.0), y, x, count=500)
        hits += found.intervals()["k"].low <= 2.0 <= found.intervals()["k"].high
    assert 0.92 <= hits / 200 <= 0.985


def test_data_sets_are_resampled_each_by_itself_and_fitted_together():
    names = ("slope", "a"), ("slope", "b")
    parameters = Parameters([Parameter("slope"), Parameter("a"), Parameter("b"), Parameter("half", tie="slope/2")])
    quiet, loud = 2 * X + 1 + 0.1 * NOISE, 2 * X + 3 + NOISE[::-1]
    joint = Joint([DataSet(n, LINE, own, X, y) for n, own, y in zip("ab", names, (quiet, loud), strict=True)],
                  parameters, {}, False)  # fmt: skip
    for kind in ("residuals", "cases"):
        found = bootstrap(joint, joint.run(), 500, kind)
        offsets = found.samples[:, 1:] + found.samples[:, :1] * X.mean()
        assert np.std(offsets[:, 1]) > 5 * np.std(offsets[:, 0])
        assert found.stderr["half"] == pytest.approx(found.stderr["slope"] / 2)
        assert set(found.intervals()) == {"slope", "a", "b", "half"}


def test_samples_stay_within_bounds_and_fixed_parameters_have_no_error():
    found, _ = resampled(
        LINE, (2.0, 1.0), 2 * X + 1 + NOISE, change=lambda p: p.bound("slope", 1.999, 9).fix("intercept")
    )
    assert found.samples.shape == (COUNT, 1) and found.samples.min() >= 1.999
    assert found.stderr["intercept"] == 0.0
    assert tuple(found.intervals()["intercept"]) == (1.0, 1.0)


def test_a_function_of_the_parameters_has_their_distribution(line):
    found = bootstrap(*line, 100)
    slope, intercept = found.values.T
    np.testing.assert_allclose(found.propagate("-intercept/slope"), -intercept / slope)
    np.testing.assert_allclose(found.propagate(lambda p: np.array([p["slope"], 1.0])), np.c_[slope, np.ones(100)])


def test_what_the_data_do_not_determine_has_infinite_errors():
    model = Model.from_expression("a*b*x + c")
    parameters = Parameters([Parameter("a"), Parameter("b"), Parameter("c"), Parameter("d", tie="2*a")])
    joint = Joint([DataSet("", model, ("a", "b", "c"), X, 2 * X + 1 + NOISE)], parameters, {}, False)
    found = bootstrap(joint, joint.run(), 100)
    assert found.stderr["a"] == found.stderr["b"] == found.stderr["d"] == np.inf
    assert 0.02 < found.stderr["c"] < 0.05
    assert np.isinf(found.covariance[0]).all() and np.isfinite(found.covariance[2, 2])
    assert tuple(found.intervals()["d"]) == (-np.inf, np.inf)
    assert found.notes == ("The data do not determine a, b, d: infinite errors and intervals.",)


def test_fits_that_fail_are_left_out_counted_and_told():
    """Fits of a decay that get too few evaluations, most or only the slowest of them."""
    decay, y = Model.from_expression("a*exp(-x/tau)"), 3 * np.exp(-X / 2) + NOISE
    solution = joint_of(decay, (2.0, 1.0), y).run()
    parameters = Parameters([Parameter("a", 2.0), Parameter("tau", 1.0)])
    for evaluations, few in ((9, True), (6, False)):
        short = Joint([DataSet("", decay, ("a", "tau"), X, y)], parameters, {"max_nfev": evaluations}, False)
        found = bootstrap(short, solution, 200)
        assert 0 < found.failed < 200 and len(found.samples) == 200 - found.failed
        assert (found.failed <= 20) == few
        said = "and are left out" if few else "no fair sample"
        assert found.notes[0].startswith(f"{found.failed} of 200 fits did not converge") and said in found.notes[0]


def test_without_any_fit_that_converged_nothing_is_known(line):
    solution = line[1].copy()
    solution["x"] = np.array([np.nan, 1.0])
    none = bootstrap(line[0], solution, 10)
    assert none.failed == 10 and none.samples.shape == (0, 2)
    assert np.isnan(none.stderr["slope"]) and np.isnan(none.intervals()["slope"]).all()
    assert none.notes[0].startswith("10 of 10 fits did not converge")


def test_it_reads_as_a_table(line):
    assert repr(bootstrap(*line, 50)).splitlines()[:2] == [
        "Bootstrap of residuals: 50 samples", "  parameter  estimate    stderr"
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 0, -5, 2.5, True, "many"])
def test_a_count_that_is_no_number_of_samples_is_refused(line, count):
    with pytest.raises(ValueError, match="`count` must be a whole number of at least 2"):
        bootstrap(*line, count)


def test_what_cannot_be_drawn_is_refused(line):
    with pytest.raises(ValueError, match="`kind` must be one of 'residuals', 'cases', 'parametric', got 'jackknife'"):
        bootstrap(*line, kind="jackknife")
    with pytest.raises(ValueError, match="2 points and 2 free parameters leave no scatter"):
        resampled(LINE, (0.0, 0.0), np.array([1.0, 2.0]), np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match="the prior of slope"):
        resampled(LINE, (0.0, 0.0), X, change=lambda p: p.know("slope", 1.0, 0.1))


def test_progress_is_told_and_changes_nothing(line):
    told = []
    found = bootstrap(*line, 300, progress=lambda *so_far: told.append(so_far))
    assert told == [(256, 300), (300, 300)]
    assert np.array_equal(found.samples, bootstrap(*line, 300).samples)


def test_a_bootstrap_that_is_stopped_keeps_its_samples_and_says_so(line):
    def enough(done, total):
        raise StopIteration

    found = bootstrap(*line, 300, progress=enough)
    assert np.array_equal(found.samples, bootstrap(*line, 256).samples)
    assert found.notes == ("Stopped after 256 of 300 fits.",) and found.failed == 0


def test_any_other_exception_of_progress_goes_through(line):
    def broken(done, total):
        raise KeyError("cancelled")

    with pytest.raises(KeyError, match="cancelled"):
        bootstrap(*line, 300, progress=broken)
