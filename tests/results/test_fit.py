"""`trfkit.fit` from a user's side, against SciPy, lmfit and fits written out by hand."""

import jax.numpy as jnp
import lmfit
import numpy as np
import pandas
import pytest
import scipy.optimize

import trfkit
from trfkit.events import Channel
from trfkit.fitting.multistart import design
from trfkit.models import Gaussian, Gaussian2D, Line, Model
from trfkit.parameters import Parameter, Parameters

X = np.linspace(0.0, 5.0, 40)
TRUTH = {"a": 3.0, "tau": 1.5, "c": 0.7}
NOISE = 0.05 * np.random.default_rng(7).standard_normal((2, X.size))
Y = TRUTH["a"] * np.exp(-X / TRUTH["tau"]) + TRUTH["c"] + NOISE[0]
HOT = 5.0 * np.exp(-X / TRUTH["tau"]) + 0.2 + NOISE[1]
TEXT = "a*exp(-x/tau) + c"
START = {"a": 1.0, "tau": 1.0, "c": 0.0}


def decay(x, a, tau, c):
    """The same in NumPy."""
    return a * np.exp(-np.asarray(x) / tau) + c


def by_scipy(x, y, start=(1.0, 1.0, 0.0), **options):
    best, covariance = scipy.optimize.curve_fit(decay, x, y, start, xtol=1e-14, ftol=1e-14, **options)
    return best, np.sqrt(np.diag(covariance))


def check(result, best, stderr, rtol=1e-6):
    assert result.success
    np.testing.assert_allclose(list(result.values.values()), best, rtol=rtol)
    np.testing.assert_allclose(list(result.stderr.values()), stderr, rtol=100 * rtol)


def stacked(residuals, x0, absolute_sigma=True):
    """The best x and its standard errors, of residuals written by hand, by SciPy."""
    found = scipy.optimize.least_squares(residuals, x0, jac="3-point", x_scale="jac", xtol=1e-14, ftol=1e-14)
    variance = 1.0 if absolute_sigma else 2 * found.cost / (len(found.fun) - len(found.x))
    return found.x, np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)) * variance)


# one data set


@pytest.mark.parametrize("model", [TEXT, decay, Model.from_function(decay)], ids=["text", "function", "Model"])
def test_text_function_and_model_give_what_scipy_gives(model):
    result = trfkit.fit(model, X, Y, START)
    assert result.names == ("a", "tau", "c")
    check(result, *by_scipy(X, Y))


def test_start_is_guessed():
    check(trfkit.fit(TEXT, X, Y), *by_scipy(X, Y))


@pytest.mark.parametrize("absolute_sigma", [False, True])
@pytest.mark.parametrize("kind", ["number", "array", "covariance"])
def test_errors_of_y_weigh_as_in_scipy(kind, absolute_sigma):
    errors = np.linspace(0.03, 0.2, X.size)
    correlated = np.outer(errors, errors) * 0.6 ** np.abs(np.subtract.outer(np.arange(40), np.arange(40)))
    sigma = {"number": 0.05, "array": errors, "covariance": correlated}[kind]
    result = trfkit.fit(TEXT, X, Y, START, sigma=sigma, absolute_sigma=absolute_sigma)
    full = np.full(X.size, 0.05) if kind == "number" else sigma
    check(result, *by_scipy(X, Y, sigma=full, absolute_sigma=absolute_sigma))


def test_masked_points_do_not_count_whatever_they_hold():
    mask = np.arange(X.size) % 5 != 2
    y, sigma = np.where(mask, Y, np.nan), np.where(mask, 0.05, -1.0)
    result = trfkit.fit(TEXT, X, y, sigma=sigma, mask=mask)
    check(result, *by_scipy(X[mask], Y[mask]))
    assert result.goodness.points == mask.sum()


@pytest.mark.parametrize(
    "kind", [pandas.Series, list, jnp.asarray, lambda values: np.asarray(values, np.float32)],
    ids=["series", "list", "array of JAX", "single precision"],
)  # fmt: skip
def test_data_of_any_kind_are_fitted_and_left_as_they_are(kind):
    x, y = kind(X), kind(Y)
    result = trfkit.fit(TEXT, x, y, START)
    check(result, *by_scipy(np.asarray(x, float), np.asarray(y, float)))
    for given, before in ((x, kind(X)), (y, kind(Y))):
        assert type(given) is type(before)
        np.testing.assert_array_equal(given, before)


def test_whole_numbers_are_fitted():
    x = np.arange(20)
    counts = np.rint(100 * np.exp(-x / 5) + 10).astype(int)
    check(trfkit.fit(TEXT, x, counts), *by_scipy(x, counts, (90, 4, 9)))


def test_result_does_not_follow_what_the_user_does_with_the_arrays_afterwards():
    x, y = X.copy(), Y.copy()
    result = trfkit.fit(TEXT, x, y, START)
    x += 1.0
    y[:] = 0.0
    np.testing.assert_allclose(result.residuals[""], Y - decay(X, *result.values.values()), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(result.goodness.chi_square, 2 * result.solution.cost, rtol=1e-12)


def test_model_of_one_parameter_is_the_mean_of_the_ratio():
    result = trfkit.fit("a*x", X, 2 * X + NOISE[0])
    best = X @ (2 * X + NOISE[0]) / (X @ X)
    assert result.values["a"] == pytest.approx(best, rel=1e-12)
    spread = np.sum((2 * X + NOISE[0] - best * X) ** 2) / 39
    assert result.stderr["a"] == pytest.approx(np.sqrt(spread / (X @ X)), rel=1e-9)


def test_image_is_fitted_over_both_coordinates():
    columns, rows = np.meshgrid(np.linspace(-3, 3, 15), np.linspace(-2, 2, 11))
    x = np.stack([columns.ravel(), rows.ravel()])
    truth = {"height": 2.0, "center_x": 0.3, "center_y": -0.2, "sigma_x": 0.8, "sigma_y": 0.5, "angle": 0.3}
    y = np.asarray(Gaussian2D()(x, **truth)) + 0.01 * np.random.default_rng(1).standard_normal(x.shape[1])
    result = trfkit.fit(Gaussian2D(), x, y, units=("µm", "V"))
    assert result.success
    for name in ("height", "center_x", "center_y", "sigma_x", "sigma_y"):
        assert abs(result.values[name] - truth[name]) < 4 * result.stderr[name] < 0.05
    assert result["sigma_x"].unit == "µm" and result["height"].unit == "V"
    assert result.predict().shape == y.shape and result.band().low.shape == y.shape


# what is asked of parameters


def test_fixed_parameters_leave_the_others_as_if_they_were_numbers():
    result = trfkit.fit(TEXT, X, Y, START, fixed={"c": 0.7, "a": 3.1})
    (best,), (error,) = stacked(lambda tau: decay(X, 3.1, tau, 0.7) - Y, [1.0], absolute_sigma=False)
    check(result, [3.1, best, 0.7], [0.0, error, 0.0])
    assert result.free_names == ("tau",) and result.covariance.shape == (1, 1)


def test_bounds_hold_and_the_result_says_who_is_at_one():
    result = trfkit.fit(TEXT, X, Y, START, bounds={"c": (None, 0.5)})
    best, _ = scipy.optimize.curve_fit(decay, X, Y, (1, 1, 0), bounds=([-9, 0, -9], [9, 9, 0.5]), xtol=1e-14)
    np.testing.assert_allclose(list(result.values.values()), best, rtol=1e-5)
    assert result.values["c"] <= 0.5
    assert any("c is at its upper bound 0.5" in sentence for sentence in result.warnings)


def test_guess_outside_of_bounds_is_remarked_in_the_result():
    result = trfkit.fit(TEXT, X, Y, bounds={"c": (5, 9)})
    assert any("The guess c = " in note and "5 … 9; started inside" in note for note in result.notes)
    assert 5 <= result.values["c"] <= 9 and result.initial["c"].value == 7


def test_ties_are_kept_at_every_point():
    result = trfkit.fit(TEXT, X, Y, START, ties={"c": "a/4 - tau/30"})
    best, stderr = stacked(lambda p: decay(X, *p, p[0] / 4 - p[1] / 30) - Y, [1.0, 1.0], absolute_sigma=False)
    check(result, [*best, best[0] / 4 - best[1] / 30], [*stderr, result.stderr["c"]])


def test_tie_to_a_fixed_parameter_is_a_number():
    result = trfkit.fit(TEXT, X, Y, START, fixed={"a": 3.0}, ties={"c": "a/4"})
    assert result.values["c"] == 0.75 and result.stderr["c"] == 0.0
    assert result.free_names == ("tau",)


def test_tied_value_beyond_its_bounds_is_warned_of():
    inside = trfkit.fit(TEXT, X, Y, START, ties={"c": "a/4"}, bounds={"c": (0, 1)})
    assert inside.warnings == ()
    beyond = trfkit.fit(TEXT, X, Y, START, ties={"c": "a/4"}, bounds={"c": (0, 0.5)})
    assert beyond.values["c"] > 0.5
    (warning,) = beyond.warnings
    assert "c is tied to a/4" in warning and "0 … 0.5" in warning


def test_prior_is_one_more_residual():
    result = trfkit.fit(TEXT, X, Y, START, sigma=0.05, absolute_sigma=True, priors={"tau": (1.8, 0.02)})

    def residuals(p):
        return np.append((decay(X, *p) - Y) / 0.05, (p[1] - 1.8) / 0.02)

    check(result, *stacked(residuals, [1.0, 1.0, 0.0]))
    assert result.goodness.points == 41
    assert result.residuals[""].shape == (40,)


def test_prior_of_a_tied_parameter_counts_for_what_it_is_tied_to():
    result = trfkit.fit(
        TEXT, X, Y, START, sigma=0.05, absolute_sigma=True, ties={"c": "a/4"}, priors={"c": (0.5, 0.001)}
    )

    def residuals(p):
        return np.append((decay(X, *p, p[0] / 4) - Y) / 0.05, (p[0] / 4 - 0.5) / 0.001)

    best, stderr = stacked(residuals, [1.0, 1.0])
    check(result, [*best, best[0] / 4], [*stderr, stderr[0] / 4])


def test_errors_taken_to_be_1_are_remarked_where_that_matters():
    assert trfkit.fit(TEXT, X, Y, START).remarks == ()
    for wish in ({"absolute_sigma": True}, {"priors": {"c": (0.7, 0.1)}}):
        (remark,) = trfkit.fit(TEXT, X, Y, START, **wish).remarks
        assert "taken to be 1" in remark and "give sigma" in remark


def test_parameters_object_is_the_start_and_may_hold_one_that_only_ties_read():
    start = Parameters([Parameter("rate", 1.0), *(Parameter(n, v) for n, v in START.items())]).tie("tau", "1/rate")
    result = trfkit.fit(TEXT, X, Y, start)
    best, stderr = by_scipy(X, Y)
    assert result.values["rate"] == pytest.approx(1 / best[1], rel=1e-7)
    assert result.stderr["rate"] == pytest.approx(stderr[1] / best[1] ** 2, rel=1e-5)
    assert result.stderr["tau"] == pytest.approx(stderr[1], rel=1e-5)
    assert start["rate"].value == 1.0 and result.initial == start


# several data sets


def test_several_data_sets_share_what_they_are_told_to():
    result = trfkit.fit(TEXT, X, {"cold": Y, "hot": HOT}, shared=["tau"])
    assert result.names == ("a_cold", "tau", "c_cold", "a_hot", "c_hot")
    best, stderr = stacked(
        lambda p: np.concatenate([decay(X, p[0], p[1], p[2]) - Y, decay(X, p[3], p[1], p[4]) - HOT]),
        [1, 1, 0, 1, 0], absolute_sigma=False,
    )  # fmt: skip
    check(result, best, stderr)
    assert list(result.residuals) == ["cold", "hot"]


def test_all_shared_is_one_fit_of_all_points():
    y = Y + NOISE[1]
    result = trfkit.fit(TEXT, X, {"1": Y, "2": y}, START, shared="all")
    check(result, *by_scipy(np.tile(X, 2), np.concatenate([Y, y])))


def test_nothing_shared_is_one_fit_each_but_for_the_size_of_the_errors():
    result = trfkit.fit(TEXT, X, {"p": Y, "q": HOT}, sigma=0.05, absolute_sigma=True)
    one, other = (by_scipy(X, y, sigma=np.full(40, 0.05), absolute_sigma=True) for y in (Y, HOT))
    check(result, np.append(one[0], other[0]), np.append(one[1], other[1]))


def test_each_data_set_has_a_model_x_sigma_and_mask_of_its_own():
    x_line = np.linspace(-1, 1, 15)
    line = 0.3 * x_line + 0.7 + 0.02 * NOISE[1][:15] / 0.05
    errors = np.diag(np.linspace(0.01, 0.04, 15) ** 2) + 1e-4
    mask = X < 4
    result = trfkit.fit(
        {"decay": TEXT, "line": "slope*x + c"}, {"decay": X, "line": x_line},
        {"decay": np.where(mask, Y, np.inf), "line": line}, {"c": 0.5, "slope_line": 1.0}, shared=["c"],
        sigma={"decay": 0.05, "line": errors}, mask={"decay": mask, "line": None}, absolute_sigma=True,
    )  # fmt: skip
    assert result.names == ("a_decay", "tau_decay", "c", "slope_line")
    white = np.linalg.inv(np.linalg.cholesky(errors))

    def residuals(p):
        return np.concatenate([(decay(X, *p[:3]) - Y)[mask] / 0.05, white @ (p[3] * x_line + p[2] - line)])

    check(result, *stacked(residuals, [1.0, 1.0, 0.5, 1.0]))
    assert {name: f.size for name, f in result.residuals.items()} == {"decay": 32, "line": 15}


# models that misbehave


@pytest.mark.parametrize(
    "model, got",
    [
        (lambda x, a: jnp.ones((40, 2)) * a, r"shape \(40, 2\) where \(40,\)"), (lambda x, a: a, r"shape \(\) where"),
        (lambda x, a: a * x[:3], r"shape \(3,\) where"), (lambda x, a: None, "returned None"),
        (lambda x, a: "a", "returned 'a'"), (lambda x, a: a * x * 1j, "complex numbers"),
    ],
)  # fmt: skip
def test_model_that_returns_something_else_is_refused(model, got):
    with pytest.raises(ValueError, match=got):
        trfkit.fit(model, X, Y, [1.0])
    with pytest.raises(ValueError, match=f"data set 'q': .*{got}"):
        trfkit.fit({"p": "a*x", "q": model}, X, {"p": Y, "q": Y}, [1.0, 1.0])


def test_start_at_which_the_model_is_not_finite_is_refused_by_name():
    with pytest.raises(ValueError, match="nan at x = 0.125.* for a = -1: start elsewhere, or set bounds"):
        trfkit.fit(lambda x, a: jnp.log(a) * x, X + 0.125, Y, [-1.0])


def test_what_a_model_raises_goes_through():
    def broken(x, a):
        raise RuntimeError("the instrument is off")

    with pytest.raises(RuntimeError, match="the instrument is off"):
        trfkit.fit(broken, X, Y, [1.0])


@pytest.mark.parametrize("error, status", [(RuntimeError("off"), -5), (KeyboardInterrupt(), -3)])
def test_what_interrupts_a_fit_carries_the_best_point_so_far(error, status):
    calls = []

    def interrupted(x, a, tau, c):
        calls.append(a)
        if len(calls) > 14:
            raise error
        return decay(x, a, tau, c)

    with pytest.raises(type(error)) as caught:
        trfkit.fit(interrupted, X, Y, START)
    so_far = caught.value.result
    assert not so_far.success and so_far.status == status
    assert so_far.cost < 0.5 * np.sum((decay(X, *START.values()) - Y) ** 2)
    assert so_far.cost == pytest.approx(0.5 * np.sum((decay(X, *so_far.x) - Y) ** 2), rel=1e-9)


def test_numpy_model_says_so_and_has_every_statistic():
    def stepped(x, a, tau, c):
        out = np.empty(len(x))
        for i, at in enumerate(x):
            out[i] = a * np.exp(-at / tau) + c
        return out

    result = trfkit.fit(stepped, X, Y, START, ties={"c": "a/4"})
    same = trfkit.fit(TEXT, X, Y, START, ties={"c": "a/4"})
    assert any("JAX could not trace" in note for note in result.notes)
    check(result, list(same.values.values()), list(same.stderr.values()), rtol=1e-5)
    np.testing.assert_allclose(result.band().low, same.band().low, rtol=1e-5)
    np.testing.assert_allclose(result.goodness[:6], same.goodness[:6], rtol=1e-6)


# options


def test_one_evaluation_does_not_converge_and_the_result_says_so():
    result = trfkit.fit(TEXT, X, Y, START, max_nfev=1)
    assert not result.success and result.status == 0 and result.nfev == 1
    assert result.values == START
    assert result.warnings[0].startswith("The fit did not converge: The maximum number of function evaluations")
    assert "did not converge" in repr(result)


@pytest.mark.parametrize("loss", ["soft_l1", "cauchy"])
def test_robust_loss_is_scipys(loss):
    y = Y.copy()
    y[::9] += 2.0
    result = trfkit.fit(TEXT, X, y, START, loss=loss, f_scale=0.1)
    expected = scipy.optimize.least_squares(
        lambda p: decay(X, *p) - y, list(START.values()), loss=loss, f_scale=0.1, xtol=1e-14, ftol=1e-14, gtol=1e-14
    )
    np.testing.assert_allclose(list(result.values.values()), expected.x, rtol=1e-5)
    assert result.solution.cost == pytest.approx(expected.cost, rel=1e-9)


def test_callback_sees_every_step_and_may_end_the_fit():
    costs = []
    trfkit.fit(TEXT, X, Y, START, callback=lambda intermediate_result: costs.append(intermediate_result.cost))
    assert len(costs) > 4 and np.all(np.diff(costs) < 1e-12 * costs[-1])

    def enough(intermediate_result):
        raise StopIteration

    result = trfkit.fit(TEXT, X, Y, START, callback=enough)
    assert not result.success and "callback" in result.message
    assert any("did not converge" in warning for warning in result.warnings)


def test_channel_reports_every_trial_live():
    channel = Channel()
    result = trfkit.fit(TEXT, X, Y, START, channel=channel)
    assert result.success and len(channel.rows) == len(result.trace)


# several starts


SINE_X = np.linspace(0, 10, 60)
SINE_Y = 2 * np.sin(3.0 * SINE_X) + 0.05 * np.random.default_rng(3).standard_normal(60)
SINE = "a*sin(w*x)"


def test_starts_find_what_one_start_misses():
    start, bounds = {"a": 1.0, "w": 1.0}, {"w": (0.1, 6.0)}
    one = trfkit.fit(SINE, SINE_X, SINE_Y, start, bounds=bounds)
    many = trfkit.fit(SINE, SINE_X, SINE_Y, start, bounds=bounds, starts=30)
    assert one.values["w"] != pytest.approx(3.0, abs=0.1)
    assert many.values["w"] == pytest.approx(3.0, abs=0.01) and many.success
    assert len(many.starts.minima) > 1 and one.starts is None
    assert many.solution.cost == pytest.approx(min(m.cost for m in many.starts.minima), rel=1e-6)
    np.testing.assert_array_equal(many.starts.x0[0], [1.0, 1.0])


def test_seed_sets_the_starts():
    call = {"start": {"a": 1.0, "w": 1.0}, "bounds": {"w": (0.1, 6.0)}, "starts": 12}
    first, same, other = (trfkit.fit(SINE, SINE_X, SINE_Y, **call, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.starts.x0, same.starts.x0)
    np.testing.assert_array_equal(first.starts.x, same.starts.x)
    assert first.values == same.values
    assert not np.array_equal(first.starts.x0[1:], other.starts.x0[1:])
    joint = trfkit.fit(SINE, SINE_X, SINE_Y, call["start"], bounds=call["bounds"], max_nfev=1).joint
    np.testing.assert_array_equal(first.starts.x0, design(joint, 12, 5))


@pytest.mark.parametrize("starts", [0, -3, 2.5, None, "many"])
def test_starts_that_are_no_number_of_starts_are_refused(starts):
    with pytest.raises(ValueError, match="`starts` must be a positive whole number, got"):
        trfkit.fit(TEXT, X, Y, START, starts=starts)


# too little data


@pytest.mark.parametrize("absolute_sigma", [False, True])
def test_more_parameters_than_points_are_fitted_and_the_result_says_what_is_not_determined(absolute_sigma):
    result = trfkit.fit(TEXT, X[:2], Y[:2], START, sigma=0.05, absolute_sigma=absolute_sigma)
    np.testing.assert_allclose(result.predict(), Y[:2], rtol=1e-6)
    assert set(result.stderr.values()) == {np.inf}
    assert any("determine only 2 of 3 combinations" in warning for warning in result.warnings)
    assert any("no degree of freedom" in warning for warning in result.warnings) is not absolute_sigma
    assert np.isnan(result.goodness.reduced_chi_square)
    assert result.goodness.degrees_of_freedom == -1
    assert result.intervals()["a"] == (-np.inf, np.inf)
    assert "∞" in repr(result) and result.fit_report() and result.to_latex() and result._repr_html_()


def test_one_point_is_fitted():
    result = trfkit.fit(Gaussian(), [1.0], [2.0], sigma=0.1, absolute_sigma=True)
    assert result.values["height"] == pytest.approx(2.0)
    assert result.stderr == {"height": pytest.approx(0.1), "center": np.inf, "sigma": np.inf}


def test_constant_data_are_fitted():
    result = trfkit.fit(Gaussian() + Line(), X, np.full(40, 3.0))
    np.testing.assert_allclose(result.predict(), 3.0, rtol=1e-6)
    assert np.isnan(result.goodness.r_squared)


def test_as_many_points_as_parameters_have_errors_only_by_known_sigma():
    call = {"start": {"slope": 1.0, "intercept": 0.0}, "sigma": 0.5}
    known = trfkit.fit(Line(), [0.0, 1.0], [1.0, 3.0], **call, absolute_sigma=True)
    assert known.values == {"slope": pytest.approx(2.0), "intercept": pytest.approx(1.0)}
    assert known.stderr == {"slope": pytest.approx(0.5 * np.sqrt(2)), "intercept": pytest.approx(0.5)}
    assert known.warnings == ()
    unknown = trfkit.fit(Line(), [0.0, 1.0], [1.0, 3.0], **call)
    assert set(unknown.stderr.values()) == {np.inf}
    assert "no degree of freedom" in unknown.warnings[0] and "absolute_sigma=True" in unknown.warnings[0]


# against lmfit


def test_everything_at_once_is_what_lmfit_finds():
    errors = np.linspace(0.03, 0.1, 40)
    result = trfkit.fit(
        TEXT, X, Y, START, sigma=errors, absolute_sigma=True, bounds={"tau": (0.1, 10)}, ties={"c": "0.25*a"}
    )
    parameters = lmfit.create_params(a=1.0, tau={"value": 1.0, "min": 0.1, "max": 10}, c={"expr": "0.25*a"})
    expected = lmfit.Model(decay).fit(
        Y, parameters, x=X, weights=1 / errors, scale_covar=False, fit_kws={"xtol": 1e-14, "ftol": 1e-14}
    )
    check(result, list(expected.best_values.values()), [p.stderr for p in expected.params.values()], rtol=1e-5)


# compilations


def test_second_fit_compiles_nothing_whatever_the_data_bounds_start_and_held_values(compilations):
    def look(result):
        return result.success, result.stderr, result.residuals, result.goodness, result.notes, repr(result)

    def fits(y, start, wishes):
        look(trfkit.fit(model, X, y, start, sigma=0.1 * y[0], **wishes))
        look(trfkit.fit(model, X, y, start, fixed={"p": start["p"]}, **wishes))

    model = "p*exp(-x/q) + r/(1 + x)"
    start = {"p": 1.0, "q": 1.0, "r": 1.0}
    fits(Y, start, {"bounds": {"q": (0.1, 9)}})
    with compilations() as compiled:
        fits(HOT, {"p": 2.0, "q": 3.0, "r": 0.5}, {"bounds": {"q": (0.2, 7), "r": (-50, 50)}})
        look(trfkit.fit(model, X, HOT, start, fixed={"q": 1.4}))
        look(trfkit.fit(model, X, HOT, start, mask=X > 0))
        look(trfkit.fit(model, X[:38], HOT[:38], start))
    assert compiled.names == []
