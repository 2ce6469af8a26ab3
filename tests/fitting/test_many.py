"""Many fits at once are each what they are alone, on the device and on the host."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from trfkit.core import radius
from trfkit.fitting import many
from trfkit.fitting.joint import DataSet, Joint
from trfkit.fitting.many import Lanes, costs, fit_lanes, fits, joined
from trfkit.models import Model
from trfkit.parameters import Parameter, Parameters

M, B = 40, 24
X = np.linspace(0, 5, M)
NAMES = ("a", "k", "c")


def _decay(x, a, k, c):
    return a * jnp.exp(-k * x) + c


def _numpy_decay(x, a, k, c):
    return float(a) * np.exp(-float(k) * np.asarray(x)) + float(c)


def _centred(x, a, k, c):
    """Each value depends on all points."""
    f = a * jnp.exp(-k * x["t"])
    return f - jnp.mean(f) + c


def _parameters(start=(1.5, 0.8, 0.1)):
    return Parameters(Parameter(name, value) for name, value in zip(NAMES, start, strict=True))


PARAMETERS = _parameters().bound("a", min=0).bound("k", min=0)


def _joint(f=_decay, y=None, parameters=PARAMETERS, x=X, sigma=0.1, sigma_x=None, mask=None, options=None):
    y = DATA[0] if y is None else y
    data = DataSet("", Model.from_function(f), NAMES, x, y, sigma, sigma_x, mask)
    return Joint([data], parameters, options or {}, True)


def _random(rng):
    """(truths, data), from each truth M points with errors of 0.1."""
    truth = rng.uniform((1, 0.3, -1), (5, 2, 1), (B, 3))
    return truth, np.stack([_numpy_decay(X, *p) for p in truth]) + 0.1 * rng.standard_normal((B, M))


TRUTH, DATA = _random(np.random.default_rng(0))
STARTS = TRUTH * np.random.default_rng(1).uniform(0.5, 2, (B, 3))


def _alone(i, f=_decay, start=STARTS, **arrangement):
    parameters = arrangement.pop("parameters", PARAMETERS)
    values = dict(zip(parameters.free_names, start[i].tolist(), strict=True))
    return _joint(f, DATA[i], parameters.with_values(values), **arrangement).run()


def _check_same(found, i, expected, rtol=1e-8):
    np.testing.assert_allclose(found.x[i], expected.x, rtol=rtol, atol=rtol * 1e-2)
    np.testing.assert_allclose(found.cost[i], expected.cost, rtol=1e-10)
    assert found.success[i]


@pytest.mark.parametrize("bounded", [True, False])
def test_other_data_and_starts_end_where_each_ends_alone(bounded):
    parameters = PARAMETERS if bounded else _parameters()
    joint = _joint(parameters=parameters)
    found = fit_lanes(joint, STARTS, Lanes(y=[DATA]))
    for i in range(0, B, 3):
        expected = _alone(i, parameters=parameters)
        _check_same(found, i, expected)
        np.testing.assert_allclose(np.abs(found.triangle[i]), np.abs(expected.triangle), rtol=1e-6, atol=1e-6)


def test_bounds_of_its_own_hold_each_lane():
    lb = np.full((B, 3), -np.inf)
    ub = np.where(np.arange(B)[:, None] % 2, [np.inf, 1.0, np.inf], np.inf)
    found = fit_lanes(_joint(parameters=_parameters()), STARTS, Lanes(y=[DATA]), lb, ub)
    assert (found.x[1::2, 1] <= 1).all()
    for i in (0, 1, 2, 3):
        limited = _parameters().bound("k", max=ub[i, 1])
        start = np.minimum(STARTS, ub)
        _check_same(found, i, _alone(i, start=start, parameters=limited))


def test_on_the_host_each_is_the_single_fit_too():
    found = fit_lanes(_joint(_numpy_decay), STARTS[:4], Lanes(y=[DATA[:4]]))
    for i in range(4):
        expected = _alone(i, _numpy_decay)
        np.testing.assert_array_equal(found.x[i], expected.x)
        assert (found.cost[i], found.status[i], found.nfev[i]) == (expected.cost, expected.status, expected.nfev)


def test_chunks_and_company_change_no_bit(monkeypatch):
    joint = _joint()
    together = fit_lanes(joint, STARTS, Lanes(y=[DATA]))
    order = np.random.default_rng(2).permutation(B)
    shuffled = fit_lanes(joint, STARTS[order], Lanes(y=[DATA[order]]))
    monkeypatch.setattr(many, "NUMBERS_A_CHUNK", 1)  # eight at a time
    for found, which in (
        (shuffled, order),
        (fit_lanes(joint, STARTS, Lanes(y=[DATA])), np.arange(B)),
        (fit_lanes(joint, STARTS[:1], Lanes(y=[DATA[:1]])), [0]),
        (fit_lanes(joint, STARTS[:11], Lanes(y=[DATA[:11]])), np.arange(11)),
    ):
        for one, other in zip(found, together, strict=True):
            np.testing.assert_array_equal(one, other[which])


@pytest.mark.parametrize("at_once", [1, 5, 8, 20, 100])
def test_as_many_are_made_at_once_as_are_asked_for_to_the_next_power_of_2(at_once, monkeypatch):
    sizes, real = [], many.batched

    def batched(problem, changes, x0, *arguments):
        sizes.append(len(x0))
        return real(problem, changes, x0, *arguments)

    monkeypatch.setattr(many, "batched", batched)
    parts = list(fits(_joint(), STARTS, Lanes(y=[DATA]), at_once=at_once))
    size = {1: 8, 5: 8, 8: 8, 20: 32, 100: 32}[at_once]
    assert set(sizes) == {size} and sum(len(part.cost) for part in parts) == B
    np.testing.assert_array_equal(joined(parts).x, fit_lanes(_joint(), STARTS, Lanes(y=[DATA])).x)


# errors and x of each


@pytest.mark.parametrize("f", [_decay, _numpy_decay, _centred], ids=["by rows", "numpy", "whole"])
def test_errors_and_x_of_each_lane_are_its_own(f):
    rng = np.random.default_rng(9)
    sigma, x = rng.uniform(0.05, 0.3, (4, M)), np.sort(rng.uniform(0, 5, (4, M)), axis=1)
    y = np.stack([np.asarray(f({"t": x[i]} if f is _centred else x[i], *TRUTH[i])) for i in range(4)])
    y = y + sigma * rng.standard_normal((4, M))
    take = (lambda x: {"t": x}) if f is _centred else (lambda x: x)
    own_x = None if f is _centred else [x]
    found = fit_lanes(_joint(f, y[0], x=take(x[0]), sigma=np.ones(M)), STARTS[:4], Lanes(y=[y], sigma=[sigma], x=own_x))
    for i in range(4 if own_x else 1):
        parameters = PARAMETERS.with_values(dict(zip(NAMES, STARTS[i].tolist(), strict=True)))
        alone = _joint(f, y[i], parameters, take(x[i]), sigma[i]).run()
        _check_same(found, i, alone, 1e-8 if f is not _numpy_decay else 1e-6)


# weights


def _drawn(rng, m, b=3):
    return rng.multinomial(m, np.full(m, 1 / m), size=b).astype(float)


EACH, EACH_X = np.linspace(0.05, 0.2, M), np.linspace(0.0, 0.2, M)


@pytest.mark.parametrize(
    ("f", "sigma", "sigma_x"),
    [(_decay, EACH, EACH_X), (_numpy_decay, EACH, EACH_X), (_numpy_decay, 0.1, None)],
    ids=["traced", "numpy", "numpy, one error"],
)
def test_a_weight_counts_a_point_as_often(f, sigma, sigma_x):
    weights = _drawn(np.random.default_rng(3), M)
    assert (weights == 0).any()
    found = fit_lanes(_joint(f, sigma=sigma, sigma_x=sigma_x), np.tile(TRUTH[0], (3, 1)), Lanes(weights=[weights]))
    again = np.repeat(np.arange(M), weights[1].astype(int))
    errors = {
        "sigma": sigma if np.ndim(sigma) == 0 else sigma[again],
        "sigma_x": sigma_x if sigma_x is None or np.ndim(sigma_x) == 0 else sigma_x[again],
    }
    repeated = _joint(_decay, DATA[0][again], x=X[again], **errors).run()
    np.testing.assert_allclose(found.x[1], repeated.x, rtol=1e-8 if f is _decay else 1e-5)
    np.testing.assert_allclose(found.cost[1], repeated.cost, rtol=1e-10 if f is _decay else 1e-7)


@pytest.mark.parametrize("f", [_decay, _numpy_decay], ids=["jax.numpy", "NumPy"])
def test_a_weight_counts_the_loss_of_a_point_as_often(f):
    y, w, options = DATA[0].copy(), _drawn(np.random.default_rng(3), M), {"loss": "soft_l1"}
    y[::6] += 1.0
    found = fit_lanes(_joint(f, y, options=options), np.tile(TRUTH[0], (3, 1)), Lanes(weights=[w]))
    again = np.repeat(np.arange(M), w[1].astype(int))
    alone = _joint(_decay, y[again], x=X[again], options=options).run()
    np.testing.assert_allclose(found.x[1], alone.x, rtol=1e-7)
    np.testing.assert_allclose(found.cost[1], alone.cost, rtol=1e-10)


def test_weights_reach_masked_models_evaluated_whole_whatever_they_take_for_x():
    mask = np.arange(M) % 5 > 0
    weights, y = np.ones((2, mask.sum())), DATA[:2, mask]
    weights[1, :4] = 0.0, 2.0, 0.0, 3.0
    joint = _joint(_centred, x={"t": X}, mask=mask)
    assert not joint.problem.blocked
    found = fit_lanes(joint, STARTS[:2], Lanes(y=[y], weights=[weights]))
    sigma = np.ones(M)
    sigma[mask] = 0.1 / np.sqrt(np.maximum(weights[1], 1e-30))
    expected = _joint(_centred, DATA[1], x={"t": X}, sigma=sigma, mask=mask).run()
    np.testing.assert_allclose(found.x[1], expected.x, rtol=1e-6)
    np.testing.assert_allclose(found.cost[1], expected.cost, rtol=1e-9)


def test_weights_reach_every_block_of_a_long_set_and_leave_priors_alone():
    rng = np.random.default_rng(5)
    x = np.sort(rng.uniform(0, 5, 3000))
    y = _numpy_decay(x, 3, 1, 0.5) + 0.1 * rng.standard_normal(3000)
    parameters = _parameters().know("c", 0.4, 0.001)
    weights = _drawn(rng, 3000, 2)
    found = fit_lanes(_joint(_decay, y, parameters, x), np.ones((2, 3)), Lanes(weights=[weights]))
    again = np.repeat(np.arange(3000), weights[1].astype(int))
    repeated = _joint(_decay, y[again], parameters, x[again]).run()
    np.testing.assert_allclose(found.x[1], repeated.x, rtol=1e-8)
    np.testing.assert_allclose(found.cost[1], repeated.cost, rtol=1e-10)


# parameters held


@pytest.mark.parametrize("f", [_decay, _numpy_decay])
def test_one_parameter_pinned_in_each_lane_is_one_fixed(f):
    joint = _joint(f)
    pinned = [0, 0, 1, 2]
    values = np.array([2.0, 3.0, 0.7, 0.2])
    held = np.tile(joint.held, (4, 1))
    held[np.arange(4), pinned] = values
    basis = np.stack([np.delete(joint.basis, i, axis=1) for i in pinned])
    others = np.array([np.delete(np.arange(3), i) for i in pinned])
    lanes = Lanes(held=held, basis=basis)
    found = fit_lanes(joint, joint.x0[others], lanes, joint.lb[others], joint.ub[others])
    for i in range(4):
        expected = _joint(f, parameters=PARAMETERS.fix(NAMES[pinned[i]], values[i])).run()
        _check_same(found, i, expected, 1e-8 if f is _decay else 1e-6)
    np.testing.assert_allclose(costs(joint, found.x, lanes), found.cost, rtol=1e-12)


@pytest.mark.parametrize("f", [_decay, _numpy_decay])
def test_a_plane_through_the_parameters_is_searched_for_its_lowest_point(f):
    joint = _joint(f)
    plane = np.array([[1.0, 0.2], [0.5, 0.0], [-1.0, 1.0]])
    held = np.array([1.5, 0.8, 0.1]) + np.outer([0.0, 0.3], [0.0, 1.0, 0.0])
    lanes, reach = Lanes(held=held, basis=np.stack([plane] * 2)), np.full((2, 2), 0.6)
    found = fit_lanes(joint, np.full((2, 2), 0.1), lanes, -reach, reach)
    for i in range(2):
        expected = scipy.optimize.least_squares(
            lambda t: (_numpy_decay(X, *(held[i] + plane @ t)) - DATA[0]) / 0.1,  # noqa: B023  called at once
            [0.1, 0.1], bounds=(-0.6, 0.6), xtol=1e-14, ftol=1e-14, gtol=1e-14,
        )  # fmt: skip
        np.testing.assert_allclose(found.x[i], expected.x, rtol=1e-4)
        np.testing.assert_allclose(found.cost[i], expected.cost, rtol=1e-8)


@pytest.mark.parametrize("f", [_decay, _numpy_decay])
def test_scales_given_for_all_parameters_do_not_hinder_a_fit_of_fewer(f):
    joint = _joint(f, options={"x_scale": [1.0, 1e-3, 10.0]})
    held, basis = joint.held + [0, 0.7, 0], np.delete(joint.basis, 1, axis=1)
    keep = [0, 2]
    found = fit_lanes(
        joint,
        joint.x0[None, keep],
        Lanes(held=held[None], basis=basis[None]),
        joint.lb[None, keep],
        joint.ub[None, keep],
    )
    _check_same(found, 0, _joint(f, parameters=PARAMETERS.fix("k", 0.7)).run(), 1e-6)


# what fails


@pytest.mark.parametrize("f", [_decay, _numpy_decay])
def test_a_lane_that_starts_where_nothing_is_finite_is_left_there_and_the_others_go_on(f):
    joint = _joint(f, parameters=_parameters())
    starts = STARTS[:4].copy()
    starts[1, 1] = -1e4
    found = fit_lanes(joint, starts, Lanes(y=[DATA[:4]]))
    assert found.status[1] == radius.NOT_FINITE
    assert not np.isfinite(found.cost[1])
    np.testing.assert_array_equal(found.x[1], starts[1])
    assert found.success.tolist() == [True, False, True, True]
    expected = fit_lanes(joint, STARTS[:4], Lanes(y=[DATA[:4]]))
    np.testing.assert_array_equal(found.x[[0, 2, 3]], expected.x[[0, 2, 3]])
    assert np.isnan(costs(joint, starts, Lanes())).tolist() == [False, True, False, False]


@pytest.mark.parametrize("f", [_decay, _numpy_decay])
def test_a_lane_without_a_start_is_not_made(f):
    starts = STARTS[:4].copy()
    starts[2, 0] = np.nan
    found = fit_lanes(_joint(f), starts, Lanes(y=[DATA[:4]]))
    assert found.status[2] == radius.NOT_FINITE and found.success.tolist() == [True, True, False, True]


@pytest.mark.parametrize("f", [_decay, _numpy_decay])
def test_what_weighs_nothing_need_not_be_finite(f):
    y, weights = DATA[:3].copy(), np.ones((3, M))
    y[1, 4:9], weights[1, 4:9] = np.nan, 0.0
    joint = _joint(f, options={"loss": "huber"})
    found = fit_lanes(joint, STARTS[:3], Lanes(y=[y], weights=[weights]))
    keep = weights[1] > 0
    alone = _joint(f, y[1][keep], x=X[keep], options={"loss": "huber"}).run()
    np.testing.assert_allclose(found.x[1], alone.x, rtol=1e-6)
    np.testing.assert_allclose(costs(joint, found.x, Lanes(y=[y], weights=[weights])), found.cost, rtol=1e-10)


def test_a_lane_that_is_pinned_where_nothing_is_finite_fails_alone():
    def power(x, a, k, c):
        return float(a) * np.log(float(k) + np.asarray(x)) + float(c)

    joint = _joint(power, parameters=_parameters())
    held, basis = joint.held + np.outer([1.0, -1.0], [0, 1, 0]), np.delete(joint.basis, 1, axis=1)
    lanes = Lanes(held=held, basis=np.stack([basis] * 2))
    found = fit_lanes(joint, np.ones((2, 2)), lanes, np.full((2, 2), -np.inf), np.full((2, 2), np.inf))
    assert found.status[0] > 0
    assert found.status[1] == radius.NOT_FINITE


@pytest.mark.parametrize("f", [_decay, _numpy_decay])
def test_sums_of_squares_leave_the_loss_aside_and_priors_in(f):
    parameters = _parameters().know("c", 0.4, 0.1)
    y, x = DATA[0].copy(), np.array([[2.0, 1.0, 0.2]])
    y[3] += 5
    squares = costs(_joint(f, y, parameters, options={"loss": "cauchy"}), x, Lanes(), squares=True)
    np.testing.assert_allclose(squares, costs(_joint(f, y, parameters), x, Lanes()), rtol=1e-12)
    assert squares[0] > 2 * costs(_joint(f, y, parameters, options={"loss": "cauchy"}), x, Lanes())[0]


@pytest.mark.parametrize("options", [{}, {"loss": "soft_l1", "x_scale": [1.0, 1.0, 0.5]}])
def test_starts_of_single_precision_are_fitted_in_it(options):
    parameters = _parameters().bound("k", 0.5, 1.5).know("c", 0.0, 1.0)
    starts = np.clip(STARTS, [-9, 0.5, -9], [9, 1.5, 9])  # some on a bound
    joint = _joint(parameters=parameters, options=options)
    double, single = (fit_lanes(joint, starts.astype(t), Lanes(y=[DATA])) for t in (np.float64, np.float32))
    assert {a.dtype for a in (single.x, single.cost, single.triangle)} == {np.dtype(np.float32)}
    assert single.success.all()
    np.testing.assert_allclose(single.x, double.x, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(single.cost, double.cost, rtol=1e-4)


def test_what_a_model_raises_goes_through():
    calls = []

    def tired(x, a, k, c):
        calls.append(a)
        if len(calls) > 30:
            raise ArithmeticError("no more")
        return _numpy_decay(x, a, k, c)

    with pytest.raises(ArithmeticError, match="no more"):
        fit_lanes(_joint(tired), STARTS, Lanes(y=[DATA]))


def test_nobody_is_told_of_each_of_many_fits_on_the_host(capsys):
    heard = []
    joint = _joint(_numpy_decay, options={"verbose": 2, "callback": lambda **_: heard.append(1)})
    fit_lanes(joint, STARTS[:2], Lanes(y=[DATA[:2]]))
    assert heard == []
    assert capsys.readouterr().out == ""


def test_other_numbers_compile_nothing(compilations):
    joint = _joint()
    fit_lanes(joint, STARTS, Lanes(y=[DATA]))
    costs(joint, STARTS, Lanes())
    with compilations() as compiled:
        other = _joint(y=DATA[3], sigma=0.2)
        fit_lanes(other, STARTS[:20] + 0.1, Lanes(y=[DATA[:20] + 1]))
        costs(other, STARTS[:17], Lanes())
    assert compiled.names == []
