"""Goodness of fit: against lmfit, against formulas by hand, and a runs test against every possible order of signs."""

import itertools
import math

import lmfit
import numpy as np
import pytest

from trfkit.statistics import goodness as goodness_module
from trfkit.statistics.goodness import Goodness, RunsTest, WeightedSet, goodness, runs_test


def weighted(y, f, sigma=1.0):
    y, sigma = np.asarray(y, float), np.broadcast_to(sigma, np.shape(y))
    return WeightedSet((y - f) / sigma, y / sigma, 1 / sigma, np.arange(len(y)))


@pytest.fixture(scope="module")
def noisy_line():
    rng = np.random.default_rng(3)
    x = np.linspace(0, 10, 30)
    sigma = rng.uniform(0.5, 2.0, x.size)
    return x, 3.0 + 0.7 * x + sigma * rng.normal(size=x.size), sigma


@pytest.mark.parametrize("weighed", [False, True])
def test_statistics_are_those_of_lmfit_where_sigma_is_estimated(noisy_line, weighed):
    x, y, sigma = noisy_line
    sigma = sigma if weighed else np.ones(x.size)
    reference = lmfit.models.LinearModel().fit(y, x=x, slope=1.0, intercept=0.0, weights=1 / sigma)
    found = goodness([weighted(y, reference.best_fit, sigma)], 2, sigma_known=False)
    assert (found.points, found.variables, found.degrees_of_freedom) == (30, 2, reference.nfree)
    for name, expected in (
        ("chi_square", reference.chisqr),
        ("reduced_chi_square", reference.redchi),
        ("aic", reference.aic),
        ("bic", reference.bic),
    ):
        assert getattr(found, name) == pytest.approx(expected, rel=1e-12), name


def test_r_squared_is_the_squared_correlation_for_a_straight_line(noisy_line):
    x, y, _ = noisy_line
    line = np.polynomial.Polynomial.fit(x, y, 1)(x)
    assert goodness([weighted(y, line)], 2, False).r_squared == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2, rel=1e-12)


def test_r_squared_is_about_the_weighted_mean_by_hand():
    # weights 1/σ² = 1, 1, 1/4: mean (1 + 3 + 10/4)/(9/4) = 26/9, total (17/9)² + (1/9)² + (64/9)²/4 = 1314/81
    found = goodness([weighted([1.0, 3.0, 10.0], [2.0, 3.0, 8.0], [1.0, 1.0, 2.0])], 1, False)
    assert found.chi_square == 2.0
    assert found.r_squared == pytest.approx(1 - 2 * 81 / 1314, rel=1e-14)


def test_r_squared_of_several_sets_is_about_the_mean_of_each():
    sets = [weighted([1.0, 3.0], [1.0, 2.0]), weighted([101.0, 103.0], [101.0, 103.0])]
    assert goodness(sets, 1, False).r_squared == pytest.approx(1 - 1 / 4, rel=1e-14)


def test_correlated_errors_give_the_generalised_mean():
    rng = np.random.default_rng(0)
    y, f = rng.normal(size=(2, 6)) + 4.0
    A = rng.normal(size=(6, 6))
    C = A @ A.T + np.eye(6)
    L, W = np.linalg.cholesky(C), np.linalg.inv(C)
    one = np.ones(6)
    found = goodness([WeightedSet(*(np.linalg.solve(L, v) for v in (y - f, y, one)), None)], 2, True)
    d = y - (one @ W @ y) / (one @ W @ one)
    assert found.chi_square == pytest.approx((y - f) @ W @ (y - f), rel=1e-12)
    assert found.r_squared == pytest.approx(1 - (y - f) @ W @ (y - f) / (d @ W @ d), rel=1e-12)
    assert found.runs == RunsTest(0, pytest.approx(np.nan, nan_ok=True), pytest.approx(np.nan, nan_ok=True))


def test_known_errors_take_chi_square_for_the_deviance():
    found = goodness([weighted([1.0, 2.0, 3.0], 0.0), weighted([2.0, 0.0, 0.0], 0.0)], 2, sigma_known=True)
    assert found.chi_square == 18.0
    assert (found.aic, found.bic) == (22.0, 18.0 + 2 * math.log(6))
    assert found.aicc == 22.0 + 2 * 2 * 3 / (6 - 2 - 1)


def test_small_samples_correction_counts_the_variance_where_it_is_estimated():
    found = goodness([weighted([1.0, 2.0, 3.0, 2.0, 0.0, 0.0], 0.0)], 2, sigma_known=False)
    assert found.aic == 6 * math.log(18 / 6) + 4
    assert found.aicc == found.aic + 2 * 3 * 4 / (6 - 3 - 1)


def test_criteria_prefer_what_has_fewer_parameters_for_the_same_residuals(noisy_line):
    x, y, sigma = noisy_line
    small, large = (goodness([weighted(y, 3.0 + 0.7 * x, sigma)], n, False) for n in (2, 5))
    assert small.aic < large.aic and small.aicc < large.aicc and small.bic < large.bic


def test_a_perfect_fit_is_minus_infinitely_informative():
    found = goodness([weighted([1.0, 2.0, 4.0, 8.0], [1.0, 2.0, 4.0, 8.0])], 1, sigma_known=False)
    assert (found.chi_square, found.reduced_chi_square, found.r_squared) == (0.0, 0.0, 1.0)
    assert found.aic == found.aicc == found.bic == -math.inf
    assert found.runs.runs == 0 and math.isnan(found.runs.p_value)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_without_degrees_of_freedom_nothing_is_divided_by_them(m):
    found = goodness([weighted(np.arange(1.0, m + 1), 0.0)], 3, sigma_known=False)
    assert found.degrees_of_freedom == m - 3
    assert math.isnan(found.reduced_chi_square) and math.isnan(found.aicc)
    assert math.isfinite(found.aic) and math.isfinite(found.bic)


@pytest.mark.parametrize("sigma_known", [False, True])
def test_no_points_have_no_goodness(sigma_known):
    found = goodness([weighted([], [])], 1, sigma_known)
    assert (found.points, found.chi_square) == (0, 0.0)
    assert math.isnan(found.bic) and math.isnan(found.aicc) and math.isnan(found.r_squared)


def test_constant_data_have_no_variance_to_explain():
    assert math.isnan(goodness([weighted(np.full(100, 0.1), 0.2, 0.3)], 1, False).r_squared)


def test_overflow_is_infinite_and_no_warning():
    found = goodness([weighted([1e200, 2e200], 0.0)], 1, False)
    assert found.chi_square == found.aic == math.inf
    assert math.isnan(found.r_squared)


def test_goodness_of_nan_residuals_is_nan():
    found = goodness([weighted([1.0, math.nan, 2.0], 0.0)], 1, False)
    assert all(math.isnan(getattr(found, name)) for name in ("chi_square", "aic", "bic", "r_squared"))


def test_points_are_taken_in_order_of_x():
    x, residuals = np.array([3.0, 1.0, 4.0, 2.0]), np.array([1.0, -1.0, 1.0, -1.0])
    shuffled = WeightedSet(residuals, residuals, np.ones(4), np.argsort(x))
    assert goodness([shuffled], 1, False).runs.runs == 2
    assert isinstance(goodness([shuffled], 1, False), Goodness)


# the runs test


def count_runs(signs):
    return 1 + sum(a != b for a, b in itertools.pairwise(signs))


def every_order(positive, negative):
    for places in itertools.combinations(range(positive + negative), positive):
        signs = -np.ones(positive + negative)
        signs[list(places)] = 1.0
        yield signs


@pytest.mark.parametrize("counts", [[(1, 2)], [(4, 4)], [(3, 6)], [(1, 6)], [(2, 3), (3, 2)], [(2, 2), (0, 3), (1, 3)]])
def test_p_values_are_those_of_all_orders_of_the_signs(counts):
    totals = [sum(map(count_runs, signs)) for signs in itertools.product(*(every_order(*pair) for pair in counts))]
    totals = np.array(totals)
    for signs in itertools.islice(itertools.product(*(every_order(*pair) for pair in counts)), 0, None, 7):
        found = runs_test(signs)
        tails = np.mean(totals <= found.runs), np.mean(totals >= found.runs)
        assert found.runs == sum(map(count_runs, signs))
        assert found.expected == pytest.approx(totals.mean(), rel=1e-12)
        assert found.p_value == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-9)


def test_six_runs_of_ten_and_ten_are_as_rare_as_in_the_table():
    # F. S. Swed and C. Eisenhart, Ann. Math. Statist. 14 (1943) 66, table I: P(at most 6 runs) = 0.019
    signs = np.repeat([1, -1, 1, -1, 1, -1], [3, 3, 3, 3, 4, 4])
    assert runs_test([signs]).p_value / 2 == pytest.approx(0.019, abs=5e-4)


def test_normal_approximation_continues_the_exact_test(monkeypatch):
    rng = np.random.default_rng(1)
    series = [rng.normal(size=3000), rng.normal(size=1500)]
    exact = runs_test(series)
    monkeypatch.setattr(goodness_module, "MOST_EXACT", 0)
    assert runs_test(series).p_value == pytest.approx(exact.p_value, abs=1e-4)
    assert 0.001 < exact.p_value < 1


def test_p_value_of_noise_is_small_as_often_as_it_says():
    rng = np.random.default_rng(2)
    p = np.array([runs_test([rng.normal(size=60)]).p_value for _ in range(2000)])
    assert np.mean(p < 0.05) < 0.065  # discrete, so below 0.05, with a sampling error of 0.005
    assert np.mean(p < 0.05) > 0.02


def test_a_missed_trend_shows():
    x = np.linspace(-1, 1, 50)
    found = runs_test([x**2 - 1 / 3])
    assert found.runs == 3 and found.p_value < 1e-9


def test_an_oscillation_shows():
    assert runs_test([np.tile([1.0, -1.0], 20)]).p_value < 1e-9


def test_residuals_without_a_sign_are_left_out():
    assert runs_test([np.array([math.nan]), np.zeros(3)]).runs == 0
    assert runs_test([np.array([1.0, 0.0, 2.0, -1.0, 0.0, -3.0])]) == runs_test([np.array([1.0, 2.0, -1.0, -3.0])])


@pytest.mark.parametrize("series", [[[1.0, 2.0, 3.0]], [[-1.0]], [[1.0, -1.0]], [[1.0, 1.0], [-1.0]]])
def test_runs_that_could_not_have_been_others_test_nothing(series):
    found = runs_test([np.array(each) for each in series])
    assert found.runs == found.expected
    assert math.isnan(found.p_value)
