"""Many fits are each what `trfkit.fit` makes of them, and what cannot be fitted is said or left out, never guessed."""

import tracemalloc

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import trfkit
from trfkit import fit, fit_many
from trfkit.batch import batch as batch_module
from trfkit.batch.many_result import TOO_FEW_POINTS
from trfkit.core import radius
from trfkit.models import Gaussian, Gaussian2D, Line, Model

M = 30
X = np.linspace(0.0, 5.0, M)


def _decay(x, a, tau, c):
    return a * jnp.exp(-x / tau) + c


def _numpy_decay(x, a, tau, c):
    return float(a) * np.exp(-np.asarray(x) / float(tau)) + float(c)


def _centred(x, a, tau, c):
    """Each value depends on all points."""
    f = a * jnp.exp(-x / tau)
    return f - jnp.mean(f) + c


def _decays(shape, seed=0, noise=0.05, x=X):
    """(truths (…, 3), y (…, m))."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform((1, 0.5, -1), (5, 2, 1), (*shape, 3))
    a, tau, c = np.moveaxis(truth, -1, 0)[..., None]
    return truth, a * np.exp(-x / tau) + c + noise * rng.standard_normal((*shape, x.shape[-1]))


SHAPE = (2, 3)
TRUTH, Y = _decays(SHAPE)
START = [2.0, 1.0, 0.0]
EACH = [(i, j) for i in range(2) for j in range(3)]


def _own(value, i):
    """What of an argument belongs to fit i: its entry of an array over the fits, else the argument."""
    if isinstance(value, dict):
        return {name: _own(v, i) for name, v in value.items()}
    if isinstance(value, tuple):
        return tuple(_own(v, i) for v in value)
    return value[i] if np.shape(value)[: len(SHAPE)] == SHAPE else value


def check_as_alone(model, x, y, start, rtol=1e-8, **arguments):
    """Fit all at once and each by itself, and compare everything; the batch."""
    found = fit_many(model, x, y, start, **arguments)
    for i in EACH:
        own = {name: _own(value, i) for name, value in arguments.items()}
        alone = fit(model, _own(x, i), y[i], _own(start, i), **own)
        errors = np.array(list(alone.stderr.values()))
        tolerance = rtol * np.where(np.isfinite(errors), errors, 1.0)
        np.testing.assert_array_less(np.abs(found.values[i] - list(alone.values.values())), 1e-15 + 10 * tolerance)
        np.testing.assert_allclose(found.stderr[i], errors, rtol=100 * rtol)
        np.testing.assert_allclose(found.covariance[i], alone.covariance, rtol=100 * rtol, atol=1e-12)
        np.testing.assert_allclose(found.cost[i], alone.solution.cost, rtol=1e-10, atol=1e-25)
        np.testing.assert_allclose(found.reduced_chi_square[i], alone.goodness.reduced_chi_square, rtol=1e-9)
        assert found.success[i] and alone.success
        assert found.points[i] == alone.goodness.points - len(arguments.get("priors", ()))
        assert found.rank[i] == alone.solution.rank
        np.testing.assert_allclose(found.condition_number[i], alone.solution.condition_number, rtol=1e-6)
    return found


# each as alone


RNG = np.random.default_rng(1)
SIGMA = RNG.uniform(0.03, 0.2, (*SHAPE, M))
MASK = RNG.random((*SHAPE, M)) > 0.3
HOLES = np.where(RNG.random((*SHAPE, M)) > 0.2, Y, np.nan)
OUTLIERS = Y + 2.0 * (RNG.random((*SHAPE, M)) > 0.9)
STARTS = TRUTH * RNG.uniform(0.7, 1.4, (*SHAPE, 3))
LOW = TRUTH[..., 1] * RNG.uniform(0.5, 1.2, SHAPE)

ARGUMENTS = {
    "as it is": {},
    "a sigma and a mask": {"sigma": SIGMA[0, 0], "mask": MASK[0, 0], "absolute_sigma": True},
    "a sigma for each point of each fit": {"sigma": SIGMA, "absolute_sigma": True},
    "a mask of each fit": {"mask": MASK, "sigma": SIGMA},
    "a robust loss": {"y": OUTLIERS, "loss": "soft_l1", "f_scale": 0.1},
    "cauchy, with sigma and masks": {"y": OUTLIERS, "loss": "cauchy", "sigma": SIGMA, "mask": MASK},
    "missing points and a mask": {"y": HOLES, "nan_policy": "omit", "mask": MASK},
    "bounds": {"bounds": {"tau": (0.4, 1.1), "c": (None, 0.2)}, "start": [2.0, 1.0, 0.0]},
    "bounds of each fit": {"bounds": {"tau": (LOW, LOW + 0.5)}, "start": {"a": 2.0, "tau": LOW + 0.2, "c": 0.0}},
    "one fixed, elsewhere in each fit": {"fixed": {"c": TRUTH[..., 2]}},
    "one tied": {"ties": {"c": "a/10 - 0.2*tau"}, "start": {"a": 2.0, "tau": 1.0}},
    "one tied, one fixed in each fit": {
        "ties": {"a": "tau + 2*c"}, "fixed": {"c": TRUTH[..., 2]}, "start": {"tau": TRUTH[..., 1]},
    },
    "known before": {"priors": {"tau": (1.0, 0.05)}, "sigma": 0.05},
    "starts of each fit": {"start": {"a": STARTS[..., 0], "tau": 1.0, "c": STARTS[..., 2]}},
    "tolerances and scales": {"xtol": None, "ftol": 1e-13, "x_scale": [1.0, 0.5, 0.1]},
}  # fmt: skip


@pytest.mark.parametrize("what", ARGUMENTS)
def test_each_of_many_is_what_it_is_alone(what):
    arguments = {"y": Y, "start": START} | ARGUMENTS[what]
    check_as_alone(_decay, X, arguments.pop("y"), arguments.pop("start"), **arguments)


@pytest.mark.parametrize("seed", range(8))
def test_random_problems_are_what_they_are_alone(seed):
    rng = np.random.default_rng(100 + seed)
    truth, y = _decays(SHAPE, seed)
    y = np.where(rng.random(y.shape) < rng.uniform(0, 0.3), np.nan, y)
    low, high = (truth * np.exp(side * rng.exponential(0.4, truth.shape)) for side in (-1, 1))
    loss = ("linear", "soft_l1")[seed % 2]
    check_as_alone(
        _decay, X, y, {"a": truth[..., 0], "tau": truth[..., 1], "c": 0.0}, nan_policy="omit", loss=loss,
        sigma=rng.uniform(0.01, 0.3, y.shape), mask=rng.random(y.shape) > rng.uniform(0, 0.3), f_scale=2.0,
        bounds={"a": (low[..., 0], high[..., 0]), "tau": (low[..., 1], None)}, absolute_sigma=seed > 4,
        fixed={"c": truth[..., 2]} if seed < 4 else (), ties={} if seed < 6 else {"c": "tau - a/5"},
    )  # fmt: skip


@pytest.mark.parametrize("what", ["as it is", "a mask of each fit", "bounds of each fit", "one tied"])
def test_models_that_jax_cannot_trace_are_fitted_one_by_one(what):
    arguments = {"y": Y, "start": START} | ARGUMENTS[what]
    y, start = arguments.pop("y"), arguments.pop("start")
    found = check_as_alone(_numpy_decay, X, y, start, rtol=2e-8, **arguments)  # derivatives by differences
    traced = fit_many(_decay, X, y, start, **arguments)
    np.testing.assert_allclose(found.values, traced.values, rtol=1e-5)
    assert any("NumPy made the fits" in note for note in found.notes)


def test_points_that_do_not_count_need_no_finite_model():
    x = np.concatenate([[-1e6, np.inf], X])
    y = np.concatenate([np.full((*SHAPE, 2), np.nan), Y], axis=-1)
    with pytest.raises(ValueError, match="`x` must not contain infs"):
        fit_many(_decay, x, y, START, nan_policy="omit")
    x[1] = -1e6

    def quiet(x, a, tau, c):
        with np.errstate(over="ignore"):
            return _numpy_decay(x, a, tau, c)

    for model in (_decay, quiet):
        found = fit_many(model, x, y, START, nan_policy="omit")
        np.testing.assert_allclose(found.values, fit_many(model, X, Y, START).values, rtol=1e-7)


@pytest.mark.parametrize("f", [_decay, _numpy_decay, _centred])
def test_each_fit_may_have_its_own_x(f):
    x = np.sort(np.random.default_rng(2).uniform(0, 5, (*SHAPE, M)), axis=-1)
    y = np.array([[f(x[i, j], *TRUTH[i, j]) for j in range(3)] for i in range(2)])
    y = y + 0.05 * np.random.default_rng(3).standard_normal(y.shape)
    rtol = 1e-8 if f is not _numpy_decay else 1e-6
    check_as_alone(f, x, y, START, rtol, sigma=SIGMA[0, 0])
    y[1, 1, 7] = np.nan
    if f is not _centred:  # which would see it
        x[0, 1, 3] = np.nan
    check_as_alone(f, x, y, START, rtol, sigma=SIGMA, nan_policy="omit")


def test_models_that_do_not_work_row_by_row_are_fitted_too():
    check_as_alone(_centred, X, Y, START, sigma=SIGMA, mask=MASK[0, 0])


def test_two_rows_of_x_are_no_two_fits_where_the_model_takes_both():
    def plane(x, a, b):
        return a * x[0] + b * x[1]

    x = np.random.default_rng(4).uniform(-1, 1, (2, M))
    y = np.array([[1.0, 2.0], [3.0, -1.0]]) @ x
    np.testing.assert_allclose(fit_many(plane, x, y, [1.0, 1.0]).values, [[1, 2], [3, -1]], atol=1e-9)
    each = fit_many("a*x + b", x, 2 * x + 1, [1.0, 1.0])
    np.testing.assert_allclose(each.values, [[2, 1], [2, 1]], atol=1e-9)


def test_spots_in_images_of_two_coordinates():
    side = np.arange(5.0)
    x = np.stack(np.meshgrid(side, side)).reshape(2, -1)
    model = Gaussian2D()
    rng = np.random.default_rng(5)
    truth = {"height": 10.0, "center_x": 2.1, "center_y": 1.8, "sigma_x": 1.2, "sigma_y": 0.9, "angle": 0.0}
    y = np.asarray(model(x, **truth)) + 0.1 * rng.standard_normal((4, 25))
    found = fit_many(model, x, y, truth, fixed=["angle"])
    for i in range(4):
        alone = fit(model, x, y[i], truth, fixed=["angle"])
        np.testing.assert_allclose(found.values[i], list(alone.values.values()), rtol=1e-8, atol=1e-10)


def test_one_curve_alone_has_no_axes():
    found = fit_many(_decay, X, Y[0, 0], START)
    assert found.shape == () and found["tau"].shape == () and found.covariance.shape == (3, 3)
    np.testing.assert_allclose(found.values, fit_many(_decay, X, Y, START).values[0, 0], rtol=1e-12)


def test_arrays_of_any_layout_and_type_are_taken():
    expected = fit_many(_decay, X, np.round(100 * Y), START).values
    counts = np.round(100 * Y).astype(np.int16)
    for y in (counts, counts.tolist(), np.asfortranarray(counts), jnp.asarray(counts), np.moveaxis(counts, -1, 0)):
        y = np.moveaxis(y, 0, -1) if np.shape(y)[0] == M else y
        np.testing.assert_array_equal(fit_many(_decay, X, y, START).values, expected)


# starts that are guessed


def test_few_fits_are_guessed_each_from_its_own_data_as_alone():
    model = Gaussian() + Line()
    x = np.linspace(-4, 4, 40)
    rng = np.random.default_rng(6)
    y = np.array([3 * np.exp(-0.5 * (x - c) ** 2) + 0.2 * x + 0.02 * rng.standard_normal(40) for c in (-2, 0, 1.5)])
    found = fit_many(model, x, y)
    assert found.notes == ()
    for i in range(3):
        np.testing.assert_allclose(found.values[i], list(fit(model, x, y[i]).values.values()), rtol=1e-8, atol=1e-10)


def test_many_fits_begin_with_the_nearest_of_some_guesses():
    x = np.linspace(-10, 10, 60)
    rng = np.random.default_rng(7)
    centers = rng.uniform(-8, 8, 500)
    y = 3 * np.exp(-0.5 * ((x - centers[:, None]) / 0.6) ** 2) + 0.05 * rng.standard_normal((500, 60))
    found = fit_many(Gaussian(), x, y)
    assert found.success.all()
    assert np.max(np.abs(found["center"] - centers) / found.stderr_of("center")) < 6
    (note,) = found.notes
    assert "guessed from 64 of 500 fits" in note


# what fails


def test_a_fit_without_points_or_with_too_few_fails_alone():
    y = Y.copy()
    y[0, 1] = np.nan
    y[1, 0, 2:] = np.nan
    for model in (_decay, _numpy_decay):
        found = fit_many(model, X, y, START, nan_policy="omit")
        failed = np.array([[False, True, False], [True, False, False]])
        assert (found.status[failed] == TOO_FEW_POINTS).all()
        assert found.points.tolist() == [[M, 0, M], [2, M, M]]
        for array in (found.values, found.stderr, found.covariance, found.reduced_chi_square):
            assert np.isnan(array[failed]).all() and np.isfinite(array[~failed]).all()
        expected = fit_many(model, X, Y, START)
        np.testing.assert_allclose(found.values[~failed], expected.values[~failed], rtol=1e-9)


def test_a_fit_whose_start_held_value_or_bound_is_nan_is_not_made():
    one = np.ones(SHAPE)
    missing = one.copy()
    missing[1, 1] = np.nan
    for arguments in (
        {"start": {"a": 2 * one, "tau": missing, "c": 0.0}},
        {"start": START, "fixed": {"c": missing}},
        {"start": START, "bounds": {"tau": (0.1 * missing, 5)}},
    ):
        found = fit_many(_decay, X, Y, **arguments)
        assert found.status[1, 1] == radius.NOT_FINITE and np.isnan(found.values[1, 1]).all()
        assert found.success.sum() == 5


def test_a_model_that_is_not_finite_at_one_start_fails_there():
    start = STARTS.copy()
    start[0, 2, 1] = -1e-4
    for model in (_decay, _numpy_decay):
        found = fit_many(model, X, Y, start)
        assert found.status[0, 2] == radius.NOT_FINITE and found.success.sum() == 5
        assert np.isnan(found.values[0, 2]).all()


def test_a_fit_that_does_not_converge_has_nan_and_its_last_values():
    found = fit_many(_decay, X, Y, START, max_nfev=2)
    assert (found.status == radius.MAX_NFEV).all() and not found.success.any()
    assert np.isnan(found.values).all() and np.isnan(found.stderr).all() and np.isnan(found.reduced_chi_square).all()
    assert np.isfinite(found.last_values).all() and np.isfinite(found.cost).all()
    assert (found.nfev == 2).all()


def test_what_is_not_determined_has_infinite_errors_and_the_rest_its_own():
    y = Y[:, :, :20] * 1.0
    found = fit_many("a*b*x + c", X[:20], y, {"a": 1.0, "b": 2.0, "c": 0.0})
    for i in EACH:
        alone = fit("a*b*x + c", X[:20], y[i], {"a": 1.0, "b": 2.0, "c": 0.0})
        np.testing.assert_allclose(found.stderr[i], list(alone.stderr.values()), rtol=1e-6)
    assert np.isinf(found.stderr_of("a")).all() and np.isfinite(found.stderr_of("c")).all()
    assert (found.rank == 2).all()
    assert "the data do not determine all of the parameters" in found.notes[0]


def test_as_many_points_as_parameters_leave_no_scatter_to_estimate_errors_from():
    found = fit_many("a*x + b", X[:2], Y[..., :2], [1.0, 1.0])
    assert found.success.all() and np.isinf(found.stderr).all() and np.isnan(found.reduced_chi_square).all()
    known = fit_many("a*x + b", X[:2], Y[..., :2], [1.0, 1.0], sigma=0.1, absolute_sigma=True)
    assert np.isfinite(known.stderr).all()


def test_no_fit_at_all_is_an_empty_result():
    for start in (START, None):
        found = fit_many(_decay, X, np.zeros((4, 0, M)), start)
        assert found.shape == (4, 0) and found["tau"].shape == (4, 0) and found.covariance.shape == (4, 0, 3, 3)
        assert found.message.shape == (4, 0) and len(found.to_dataframe()) == 0
        assert repr(found).startswith("0 fits (4 × 0)") and "0 fits" in found._repr_html_()


def test_a_parameter_at_its_bound_is_told_of():
    found = fit_many(_decay, X, Y, START, bounds={"a": (0, 2.1)})
    (note,) = found.notes
    assert "a is at its upper bound" in note and f"{(TRUTH[..., 0] > 2.2).sum()} fit" in note


# what is refused


def _but(array, index, value):
    changed = np.array(array, float)
    changed[index] = value
    return changed


REFUSED = {
    "a NaN": ({"y": HOLES}, ["`y`", "nan at [", "nan_policy='omit'"]),
    "infinity": ({"y": _but(Y, (1, 2, 5), np.inf), "nan_policy": "omit"}, ["`y`", "inf at [1, 2, 5]", "mask"]),
    "complex data": ({"y": Y + 0j}, ["`y`", "real numbers", "complex128"]),
    "text": ({"y": [["a"] * M]}, ["`y`", "numbers"]),
    "a number": ({"y": 3.0}, ["`y`", "last axis"]),
    "no points": ({"y": np.zeros((3, 0))}, ["`y`", "(3, 0)"]),
    "data sets by name": ({"y": {"cold": Y[0]}}, ["by name", "trfkit.fit"]),
    "x of another length": ({"x": X[:-1]}, ["x", "y", "length"]),
    "a policy there is not": ({"nan_policy": "drop"}, ["nan_policy", "'drop'"]),
    "sigma that does not broadcast": ({"sigma": np.ones((3, M))[:, :5]}, ["`sigma`", "(3, 5)", f"(2, 3, {M})"]),
    "sigma of 0": ({"sigma": _but(SIGMA, (0, 1, 4), 0.0)}, ["`sigma`", "got 0 at [0, 1, 4]"]),
    "one sigma of 0": ({"sigma": _but(SIGMA[0, 0], 4, 0.0)}, ["`sigma`", "positive", "index 4"]),
    "mask that does not broadcast": ({"mask": np.ones((2, M), bool)[:, :7]}, ["`mask`", "(2, 7)", f"(2, 3, {M})"]),
    "mask of numbers": ({"mask": np.ones(M)}, ["`mask`", "float64"]),
    "mask of nothing": ({"mask": np.zeros(M, bool)}, ["`mask`", "every point"]),
    "start that does not broadcast": ({"start": np.ones((4, 3))}, ["`start`", "(4, 3)", "(2, 3, 3)"]),
    "start of too few": ({"start": [1.0, 2.0]}, ["`start`", "2 values", "a, tau, c"]),
    "start of one parameter": ({"start": {"tau": np.ones(4)}}, ["start of tau", "(4,)", "(2, 3)"]),
    "start of no parameter": ({"start": {"T": 1.0}}, ["'T'", "a, tau, c"]),
    "start that is not finite": ({"start": [1.0, np.nan, 0.0]}, ["`start`", "finite", "nan"]),
    "bounds that exclude a start": (
        {"bounds": {"tau": (_but(np.zeros(SHAPE), (1, 0), 1.5), None)}},
        ["fit [1, 0]", "tau = 1", "lower bound 1.5"],
    ),
    "bounds that exclude one of many starts": (
        {"start": _but(STARTS, (0, 2, 0), 9.0), "bounds": {"a": (0.0, 8.0)}},
        ["fit [0, 2]", "a = 9", "upper bound 8"],
    ),
    "bounds that exclude all": ({"bounds": {"tau": (2.0, 3.0)}}, ["tau = 1", "lower bound 2"]),
    "bounds that are crossed": (
        {"bounds": {"c": (_but(np.full(SHAPE, -1.0), (0, 1), 2.0), 1.0)}},
        ["fit [0, 1]", "c", "2 and 1"],
    ),
    "bounds in order": ({"bounds": ([0, 0, 0], [1, 1, 1])}, ["`bounds` goes by name"]),
    "bounds that are no pair": ({"bounds": {"tau": 3.0}}, ["`bounds` of tau", "pair"]),
    "fixed and tied": ({"fixed": {"c": 1.0}, "ties": {"c": "a"}}, ["c", "`fixed`", "`ties`"]),
    "all fixed": ({"fixed": ["a", "tau", "c"]}, ["no parameter is free"]),
    "half precision": ({"dtype": "float16"}, ["`dtype`", "float16"]),
    "a chunk of none": ({"chunk": 0}, ["`chunk`", "0"]),
    "a loss there is not": ({"loss": "l1"}, ["`loss`", "'l1'"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_fitted_is_refused_by_name(what):
    changes, words = REFUSED[what]
    arguments = {"x": X, "y": Y, "start": START} | changes
    with pytest.raises(ValueError) as caught:
        fit_many(_decay, **arguments)
    assert [word for word in words if word not in str(caught.value)] == []


def test_what_watches_one_fit_is_not_taken():
    with pytest.raises(TypeError, match="`callback` watches one fit"):
        fit_many(_decay, X, Y, START, callback=print)
    with pytest.raises(TypeError, match="unexpected keyword argument 'starts'"):
        fit_many(_decay, X, Y, START, starts=3)


def test_a_user_s_loss_is_used_and_one_of_a_wrong_shape_refused():
    def cauchy(z):
        return jnp.stack([jnp.log1p(z), 1 / (1 + z), -1 / (1 + z) ** 2])

    own = fit_many(_decay, X, OUTLIERS, START, loss=cauchy, f_scale=0.1)
    np.testing.assert_allclose(own.values, fit_many(_decay, X, OUTLIERS, START, loss="cauchy", f_scale=0.1).values)
    with pytest.raises(ValueError, match="`loss` callable has wrong shape"):
        fit_many(_decay, X, Y, START, loss=lambda z: jnp.ones((4, z.size)))


# progress, cancel, interrupts, memory


MANY = _decays((40,), 8)[1]


def test_progress_is_told_and_a_cancel_keeps_what_is_done():
    told = []

    def progress(done, total):
        told.append((done, total))
        if done >= 16:
            raise StopIteration

    found = fit_many(_decay, X, MANY, START, chunk=8, progress=progress)
    assert told == [(8, 40), (16, 40)]
    assert found.success[:16].all() and (found.status[16:] == radius.USER_STOP).all()
    assert np.isnan(found.values[16:]).all() and np.isfinite(found.values[:16]).all()
    assert found.message[-1] == "Not fitted, as the batch was stopped."
    assert found.notes == ("Stopped after 16 of 40 fits.",)
    whole = fit_many(_decay, X, MANY, START, chunk=8)
    np.testing.assert_array_equal(found.values[:16], whole.values[:16])


@pytest.mark.parametrize("raised", [KeyboardInterrupt, ZeroDivisionError])
def test_whatever_else_is_raised_goes_through_with_what_is_done(raised):
    def progress(done, total):
        if done == 24:
            raise raised

    with pytest.raises(raised) as caught:
        fit_many(_decay, X, MANY, START, chunk=8, progress=progress)
    result = caught.value.result
    assert result.success[:24].all() and (result.status[24:] == radius.USER_STOP).all()
    assert "24 of 40 fits were made" in caught.value.__notes__[0]


def test_chunks_change_no_bit():
    whole = fit_many(_decay, X, MANY, START)
    for chunk in (1, 9, 16, 1000):
        again = fit_many(_decay, X, MANY, START, chunk=chunk)
        np.testing.assert_array_equal(again.values, whole.values)
        np.testing.assert_array_equal(again.covariance, whole.covariance)


@pytest.mark.parametrize(
    "error", [MemoryError("Unable to allocate"), jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")]
)
def test_where_memory_for_a_chunk_cannot_be_had_a_smaller_one_is_made(monkeypatch, error):
    made, real = [], batch_module.fits

    def fits(joint, x0, lanes, lb, ub, at_once):
        if at_once > 16:
            raise error
        made.append(at_once)
        return real(joint, x0, lanes, lb, ub, at_once)

    expected = fit_many(_decay, X, MANY, START)
    monkeypatch.setattr(batch_module, "fits", fits)
    found = fit_many(_decay, X, MANY, START, chunk=64)
    assert made == [16]
    np.testing.assert_array_equal(found.values, expected.values)
    (note,) = found.notes
    assert "Memory" in note and "16 were made at a time" in note


def test_where_there_is_no_memory_at_all_that_is_the_error(monkeypatch):
    def fits(*_):
        raise MemoryError

    monkeypatch.setattr(batch_module, "fits", fits)
    with pytest.raises(MemoryError) as caught:
        fit_many(_decay, X, MANY, START)
    assert (caught.value.result.status == radius.USER_STOP).all()


def test_an_error_of_xla_that_is_not_of_memory_goes_through(monkeypatch):
    def fits(*_):
        raise jax.errors.JaxRuntimeError("INTERNAL: something else")

    monkeypatch.setattr(batch_module, "fits", fits)
    with pytest.raises(jax.errors.JaxRuntimeError, match="something else"):
        fit_many(_decay, X, MANY, START)


def test_memory_is_that_of_data_results_and_a_chunk():
    y = np.broadcast_to(MANY, (500, 40, M))
    fit_many(_decay, X, y[:10], START, chunk=256)
    tracemalloc.start()
    try:
        found = fit_many(_decay, X, y, START, chunk=256)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.success.all()
    results = sum(a.nbytes for a in vars(found).values() if isinstance(a, np.ndarray))
    assert peak - results < 8 * y.size


# precision, programs


def test_float32_is_right_to_a_thousandth_of_a_standard_error():
    double = fit_many(_decay, X, MANY, START, bounds={"tau": (0.1, 5)})
    single = fit_many(_decay, X, MANY, START, bounds={"tau": (0.1, 5)}, dtype=np.float32)
    assert single.success.all()
    assert np.max(np.abs(single.values - double.values) / double.stderr) < 1e-3
    np.testing.assert_allclose(single.stderr, double.stderr, rtol=1e-3)
    np.testing.assert_allclose(single.reduced_chi_square, double.reduced_chi_square, rtol=1e-4)
    assert single.values.dtype == float


def test_float32_runs_in_float32_whatever_constants_the_model_holds(monkeypatch):
    seen, real = [], batch_module.fits
    scale = np.array(1.0)

    def model(x, a, tau, c):
        return a * jnp.exp(-x / tau) * jnp.asarray(scale) + c

    def fits(*arguments):
        for found in real(*arguments):
            seen.append(found.x.dtype)
            yield found

    monkeypatch.setattr(batch_module, "fits", fits)
    found = fit_many(model, X, MANY, START, dtype="float32", sigma=0.05, loss="soft_l1", priors={"c": (0, 1)})
    assert found.success.all() and set(seen) == {np.dtype(np.float32)}


def test_bounds_hold_in_float32():
    lb = np.float64(0.7)
    found = fit_many(_decay, X, MANY, [2.0, 0.7, 0.0], bounds={"tau": (lb, 0.9)}, dtype=np.float32)
    assert found.success.all()
    assert (found["tau"] >= lb).all() and (found["tau"] <= 0.9).all()
    double = fit_many(_decay, X, MANY, [2.0, 0.8, 0.0], bounds={"tau": (lb, 0.9)})
    assert np.max(np.abs(found.values - double.values) / double.stderr) < 1e-2


def test_other_numbers_compile_nothing(compilations):
    arguments = {"bounds": {"tau": (0.1, 5)}, "fixed": {"c": MANY[:, -1]}, "nan_policy": "omit"}
    holes = np.where(np.arange(M) == 3, np.nan, MANY)
    uneven = np.where(np.arange(40)[:, None] % 2 == 0, holes, MANY)
    fit_many(_decay, X, uneven, START, sigma=0.1, **arguments)
    with compilations() as compiled:
        changed = arguments | {"bounds": {"tau": (0.2, 7)}, "fixed": {"c": MANY[:, -2]}}
        fit_many(_decay, X + 0.1, uneven[::-1] * 1.1, [3.0, 1.5, 0.0], sigma=0.2, **changed)
    assert compiled.names == []


# one of them


def test_one_of_them_is_made_again_by_itself():
    arguments = {
        "sigma": SIGMA, "bounds": {"tau": (LOW, LOW + 0.5)}, "fixed": {"c": TRUTH[..., 2]}, "loss": "soft_l1",
        "nan_policy": "omit",
    }  # fmt: skip
    found = fit_many(_decay, X, HOLES, {"tau": LOW + 0.2}, **arguments)
    one = found.one((1, -1))
    assert isinstance(one, trfkit.FitResult)
    np.testing.assert_allclose(list(one.values.values()), found.values[1, 2], rtol=1e-8)
    np.testing.assert_allclose(list(one.stderr.values()), found.stderr[1, 2], rtol=1e-6)
    assert one.parameters["tau"].min == LOW[1, 2] and one.options["loss"] == "soft_l1"
    with pytest.raises(IndexError):
        found.one((2, 0))
    with pytest.raises(IndexError, match="no single fit"):
        found.one(1)


def test_one_with_an_x_of_its_own_and_with_parameters_given():
    x = X + np.linspace(0, 0.1, 6).reshape(*SHAPE, 1)
    start = trfkit.Parameters(fit(_decay, X, Y[0, 0], START).initial).bound("tau", 0.2, 3.0)
    found = fit_many(Model.from_function(_decay), x, Y, start)
    np.testing.assert_allclose(list(found.one((1, 1)).values.values()), found.values[1, 1], rtol=1e-8)
    np.testing.assert_array_equal(found.one((1, 1)).data_set().x, x[1, 1])
