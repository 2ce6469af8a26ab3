"""Data sets fitted together against SciPy on residuals stacked by hand, errors of x against York and ODRPACK."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from trfkit.fitting.joint import DataSet, Joint
from trfkit.models import Line, Model
from trfkit.parameters import Parameter, Parameters

NAMES = ("a1", "tau", "c1"), ("a2", "tau", "c2")
START = {"a1": 2.0, "tau": 1.0, "c1": 0.5, "a2": 4.0, "c2": 0.3}


def _decay(x, a, tau, c):
    return a * jnp.exp(-x / tau) + c


def _numpy_decay(x, a, tau, c):
    return float(a) * np.exp(-np.asarray(x) / float(tau)) + float(c)


def _summed(x, a, tau, c):
    """Each value depends on all x before it."""
    return a * jnp.cumsum(jnp.exp(-x / tau)) / 10 + c


def _numpy_summed(x, a, tau, c):
    return a * np.cumsum(np.exp(-x / tau)) / 10 + c


MODELS = {"traced": (_decay, _numpy_decay), "numpy": (_numpy_decay, _numpy_decay), "mixing": (_summed, _numpy_summed)}


def _two_curves(f, sizes=(30, 50), seed=0):
    rng = np.random.default_rng(seed)
    curves = []
    for m, params in zip(sizes, ((3.0, 2.0, 1.0), (5.0, 2.0, 0.5)), strict=True):
        x = np.sort(rng.uniform(0, 10, m))
        curves.append((x, f(x, *params) + 0.1 * rng.standard_normal(m)))
    return curves


def _parameters(**start):
    return Parameters(Parameter(name, value) for name, value in (start or START).items())


def _joint(f, curves, parameters, errors=(0.1, 0.1), masks=(None, None), options=None, absolute_sigma=True):
    functions = f if isinstance(f, tuple) else (f, f)
    sets = [
        DataSet(name, Model.from_function(g), names, x, y, sigma, None, mask)
        for name, g, names, (x, y), sigma, mask in zip(
            ("cold", "hot"), functions, NAMES, curves, errors, masks, strict=True
        )
    ]
    return Joint(sets, parameters, options or {}, absolute_sigma)


def _scipy(fun, joint, **options):
    """The same fit by SciPy of fun(θ), written by hand."""
    return scipy.optimize.least_squares(
        fun, joint.x0, jac="3-point", bounds=(joint.lb, joint.ub), xtol=1e-14, ftol=1e-14, gtol=1e-14, x_scale="jac",
        max_nfev=1000, **options,
    )  # fmt: skip


def _check(result, expected, residuals, absolute_sigma=True):
    """Optimum, cost, residuals, Jacobian and standard errors are those of the stacked problem."""
    assert result.success
    np.testing.assert_allclose(result.x, expected.x, rtol=3e-6)
    np.testing.assert_allclose(result.cost, expected.cost, rtol=1e-9)
    np.testing.assert_allclose(result.fun, residuals(result.x), rtol=1e-9, atol=1e-10)
    J = expected.jac
    np.testing.assert_allclose(result.jac, J, rtol=1e-4, atol=1e-5 * np.abs(J).max())
    assert result.m == len(J)
    covariance = np.linalg.inv(J.T @ J)
    if not absolute_sigma:
        covariance *= 2 * expected.cost / (J.shape[0] - J.shape[1])
    np.testing.assert_allclose(result.stderr, np.sqrt(np.diag(covariance)), rtol=1e-4)


# the parameters: (what is asked for, θ -> the parameters of both curves, θ -> residuals of what was known before)

ARRANGEMENTS = {
    "shared": (lambda p: p, lambda t: (t[:3], (t[3], t[1], t[4])), lambda t: ()),
    "tied": (lambda p: p.tie("c2", "c1/2"), lambda t: (t[:3], (t[3], t[1], t[2] / 2)), lambda t: ()),
    "a tie of a tie": (
        lambda p: p.tie("c2", "a2/8").tie("a2", "a1 + 2"),
        lambda t: (t, (t[0] + 2, t[1], (t[0] + 2) / 8)),
        lambda t: (),
    ),
    "fixed": (lambda p: p.fix("c1", 0.9), lambda t: ((t[0], t[1], 0.9), (t[2], t[1], t[3])), lambda t: ()),
    "tied to what is fixed": (
        lambda p: p.fix("c1", 0.9).tie("c2", "c1 - 0.4"),
        lambda t: ((t[0], t[1], 0.9), (t[2], t[1], 0.5)),
        lambda t: (),
    ),
    "known": (
        lambda p: p.know("tau", 2.1, 0.01).know("c1", 1.0, 0.02),
        lambda t: (t[:3], (t[3], t[1], t[4])),
        lambda t: ((t[1] - 2.1) / 0.01, (t[2] - 1.0) / 0.02),
    ),
    "known though tied": (
        lambda p: p.tie("c2", "c1/2").know("c2", 0.6, 0.01),
        lambda t: (t[:3], (t[3], t[1], t[2] / 2)),
        lambda t: ((t[2] / 2 - 0.6) / 0.01,),
    ),
    "at a bound": (lambda p: p.bound("tau", max=1.9), lambda t: (t[:3], (t[3], t[1], t[4])), lambda t: ()),
}


@pytest.mark.parametrize("kind", ["traced", "numpy"])
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_parameters_in_common_are_those_of_the_stacked_problem(arrangement, kind):
    arrange, expand, known = ARRANGEMENTS[arrangement]
    curves = _two_curves(_numpy_decay)
    joint = _joint(MODELS[kind][0], curves, arrange(_parameters()))

    def residuals(theta):
        values = [(_numpy_decay(x, *own) - y) / 0.1 for (x, y), own in zip(curves, expand(theta), strict=True)]
        return np.concatenate([*values, known(theta)])

    result = joint.run()
    _check(result, _scipy(residuals, joint), residuals)
    np.testing.assert_allclose(joint.residuals(result.x), result.fun, rtol=1e-9, atol=1e-10)
    assert joint.cost(result.x) == pytest.approx(result.cost, rel=1e-12)
    assert joint.points == 80


def _covariance(m, seed=3):
    """Errors of 0.1 that remember each other, and a few that are larger."""
    i = np.arange(m)
    scale = np.random.default_rng(seed).uniform(0.08, 0.2, m)
    return scale[:, None] * 0.5 ** np.abs(i[:, None] - i) * scale


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("absolute_sigma", [True, False])
def test_errors_and_masks_are_those_of_the_stacked_problem(kind, absolute_sigma):
    f, by_numpy = MODELS[kind]
    curves = _two_curves(by_numpy, seed=1)
    errors = np.linspace(0.05, 0.3, 30), _covariance(50)
    masks = np.arange(30) % 4 > 0, np.arange(50) > 7
    spoiled = [(x, np.where(mask, y, np.nan)) for (x, y), mask in zip(curves, masks, strict=True)]
    errors[0][0] = np.nan
    joint = _joint(f, spoiled, _parameters(), errors, masks, absolute_sigma=absolute_sigma)
    factor = np.linalg.cholesky(errors[1][np.ix_(masks[1], masks[1])])

    def residuals(theta):
        own = theta[:3], (theta[3], theta[1], theta[4])
        first, second = (
            (by_numpy(x, *p) - y)[mask] for (x, y), p, mask in zip(curves, own, masks, strict=True)
        )  # fmt: skip
        return np.concatenate([first / errors[0][masks[0]], np.linalg.solve(factor, second)])

    _check(joint.run(), _scipy(residuals, joint), residuals, absolute_sigma)


def test_sets_of_many_blocks_and_of_few_points_fold_together():
    curves = _two_curves(_numpy_decay, (3001, 4))
    joint = _joint(_decay, curves, _parameters(), (np.linspace(0.1, 0.2, 3001), 0.1))

    def residuals(theta):
        own = theta[:3], (theta[3], theta[1], theta[4])
        first, second = (_numpy_decay(x, *p) - y for (x, y), p in zip(curves, own, strict=True))
        return np.concatenate([first / np.linspace(0.1, 0.2, 3001), second / 0.1])

    _check(joint.run(), _scipy(residuals, joint), residuals)


def test_one_model_on_the_host_takes_all_of_them_there_to_the_same_end():
    curves = _two_curves(_numpy_decay)
    mixed, traced = (_joint(f, curves, _parameters()) for f in ((_decay, _numpy_decay), _decay))
    result = mixed.run()
    assert mixed.problem is None
    assert "NumPy evaluated it on the host" in " ".join(result.notes)
    np.testing.assert_allclose(result.x, traced.run().x, rtol=1e-7)


def _plane(x, a, b, c):
    return a * x[0] + b * x[1] + c


def test_two_dimensional_x_is_linear_regression_of_both_sets():
    rng = np.random.default_rng(4)
    x, z = rng.standard_normal((2, 40)), rng.standard_normal((2, 25))
    y, v = (_plane(at, *p) + 0.1 * rng.standard_normal(at.shape[1]) for at, p in ((x, (1, 2, 3)), (z, (1, 2, -1))))
    model = Model.from_function(_plane)
    sets = [DataSet("x", model, ("a", "b", "c"), x, y, 0.1), DataSet("z", model, ("a", "b", "d"), z, v, 0.2)]
    result = Joint(sets, _parameters(a=0, b=0, c=0, d=0), {}, True).run()
    A = np.zeros((65, 4))
    A[:40, :2], A[:40, 2], A[40:, :2], A[40:, 3] = x.T, 1, z.T, 1
    weights = np.repeat([10.0, 5.0], [40, 25])
    best, chi_square, *_ = np.linalg.lstsq(A * weights[:, None], np.concatenate([y, v]) * weights)
    np.testing.assert_allclose(result.x, best, rtol=1e-9)
    np.testing.assert_allclose(2 * result.cost, chi_square[0], rtol=1e-10)


@pytest.mark.parametrize("f", [_decay, _numpy_decay])
def test_a_robust_loss_leaves_what_was_known_alone(f):
    curves = _two_curves(_numpy_decay)
    curves[0][1][::7] += 3.0
    joint = _joint(f, curves, _parameters().know("tau", 2.5, 0.05), options={"loss": "soft_l1", "f_scale": 0.5})

    def residuals(theta):
        own = theta[:3], (theta[3], theta[1], theta[4])
        values = [(_numpy_decay(x, *p) - y) / 0.1 for (x, y), p in zip(curves, own, strict=True)]
        return np.concatenate([*values, [(theta[1] - 2.5) / 0.05]])

    def loss(z):
        rho = np.array([2 * (np.sqrt(1 + z) - 1), (1 + z) ** -0.5, -0.5 * (1 + z) ** -1.5])
        rho[:, -1] = z[-1], 1.0, 0.0
        return rho

    expected = _scipy(residuals, joint, loss=loss, f_scale=0.5)
    result = joint.run()
    assert abs(result.fun[-1]) > 2 * 0.5  # where the loss would have bent it
    np.testing.assert_allclose(result.x, expected.x, rtol=1e-5)
    np.testing.assert_allclose(result.cost, expected.cost, rtol=1e-9)
    np.testing.assert_allclose(joint.cost(result.x), expected.cost, rtol=1e-9)
    np.testing.assert_allclose(result.jac, expected.jac, rtol=1e-3, atol=1e-4 * np.abs(expected.jac).max())


def test_a_parameter_that_no_set_reads_is_undetermined_and_the_others_are_not():
    joint = _joint(_decay, _two_curves(_numpy_decay), _parameters(**START, nobody=1.0))
    result = joint.run()
    assert result.rank == 5
    assert result.x[5] == 1.0
    assert "change along 1 nobody" in result.notes[0]


# errors of x

# K. Pearson's data with York's weights, and York's exact line: D. York et al. (2004), Am. J. Phys. 72, 367.
PEARSON_X = np.array([0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
PEARSON_Y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
ERRORS_OF_X = np.array([1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1.0]) ** -0.5
ERRORS_OF_Y = np.array([1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500]) ** -0.5


def _straight(x, slope, intercept):
    return slope * np.asarray(x) + intercept


def _numpy_straight(x, slope, intercept):
    return float(slope) * np.asarray(x) + float(intercept)


def _york(model, parameters=None, **changes):
    data = DataSet("", model, ("slope", "intercept"), PEARSON_X, PEARSON_Y, ERRORS_OF_Y, ERRORS_OF_X)
    return Joint([data._replace(**changes)], parameters or _parameters(slope=-0.4, intercept=5.0), {}, True)


@pytest.mark.parametrize(
    ("model", "digits"), [(Line(), 1e-9), (Model.from_function(_numpy_straight), 2e-7)], ids=["traced", "numpy"]
)
def test_york_s_line_to_every_digit(model, digits):
    result = _york(model).run()
    np.testing.assert_allclose(result.x, [-0.480533407, 5.47991022], rtol=digits)
    # The table has 0.294970737; its own equations, evaluated in double precision, give 0.2949707355.
    np.testing.assert_allclose(result.stderr, [0.0579850090, 0.2949707355], rtol=digits)
    np.testing.assert_allclose(2 * result.cost, 11.8663531941, rtol=1e-11)


@pytest.mark.filterwarnings("ignore:.*scipy.odr.*:DeprecationWarning")
def test_york_s_line_is_that_of_odrpack_to_its_precision():
    odr = pytest.importorskip("scipy.odr")
    data = odr.RealData(PEARSON_X, PEARSON_Y, ERRORS_OF_X, ERRORS_OF_Y)
    found = odr.ODR(data, odr.Model(lambda b, x: b[0] * x + b[1]), [-0.4, 5.0]).run()
    result = _york(Line()).run()
    np.testing.assert_allclose(result.x, found.beta, rtol=1e-6)
    np.testing.assert_allclose(result.stderr, np.sqrt(np.diag(found.cov_beta)), rtol=1e-6)


@pytest.mark.parametrize("f", [Line(), Model.from_function(_numpy_straight)], ids=["traced", "numpy"])
def test_an_active_bound_leaves_york_s_best_intercept(f):
    parameters = _parameters(slope=-0.4, intercept=5.0).bound("slope", min=-0.45)
    result = _york(f, parameters).run()
    assert result.active_mask.tolist() == [-1, 0]
    variance = ERRORS_OF_Y**2 + (0.45 * ERRORS_OF_X) ** 2
    best = np.sum((PEARSON_Y + 0.45 * PEARSON_X) / variance) / np.sum(1 / variance)
    np.testing.assert_allclose(result.x, [-0.45, best], rtol=1e-7)


def _wave(x, a, k, b):
    return a * jnp.sin(k * x[0]) + b * x[1] ** 2


def _numpy_wave(x, a, k, b):
    return float(a) * np.sin(float(k) * np.asarray(x[0])) + float(b) * np.asarray(x[1]) ** 2


@pytest.mark.parametrize("f", [_wave, _numpy_wave])
@pytest.mark.parametrize("m", [60, 1400])
def test_errors_of_every_coordinate_add_by_their_own_slopes(f, m):
    rng = np.random.default_rng(6)
    x = rng.uniform(-2, 2, (2, m))
    y = _numpy_wave(x, 2.0, 1.3, 0.7) + 0.1 * rng.standard_normal(m)
    errors = np.stack([np.linspace(0.02, 0.1, m), np.linspace(0.1, 0.0, m)])
    mask = np.arange(m) % 5 > 0
    spoiled = np.where(mask, errors, np.nan)
    sets = [DataSet("", Model.from_function(f), ("a", "k", "b"), x, y, 0.1, spoiled, mask)]
    joint = Joint(sets, _parameters(a=1.5, k=1.2, b=1.0), {}, True)

    def residuals(theta):
        a, k, b = theta
        spread = (a * k * np.cos(k * x[0]) * errors[0]) ** 2 + (2 * b * x[1] * errors[1]) ** 2
        return ((_numpy_wave(x, *theta) - y) / np.sqrt(0.1**2 + spread))[mask]

    result, expected = joint.run(), _scipy(residuals, joint)
    np.testing.assert_allclose(result.x, expected.x, rtol=1e-5)
    np.testing.assert_allclose(result.cost, expected.cost, rtol=1e-6)
    np.testing.assert_allclose(result.fun, residuals(result.x), rtol=1e-4, atol=1e-4)
    # One error for both coordinates, and one for everything, are the same as giving each.
    for given in (errors[0], 0.05):
        one, each = (
            Joint([sets[0]._replace(sigma_x=e)], joint.parameters, {}, True).residuals(result.x)
            for e in (given, np.broadcast_to(given, x.shape))
        )
        np.testing.assert_array_equal(one, each)


@pytest.mark.parametrize("f", [Line(), Model.from_function(_numpy_straight)], ids=["traced", "numpy"])
def test_exact_x_gives_the_ordinary_fit(f):
    expected = np.polyfit(PEARSON_X, PEARSON_Y, 1, w=1 / ERRORS_OF_Y)
    for exact in (0.0, np.zeros(10)):
        np.testing.assert_allclose(_york(f, sigma_x=exact).run().x, expected, rtol=1e-7)


def test_an_exact_point_where_the_model_ends_does_not_matter():
    def root(x, a, b):
        return float(a) * np.sqrt(np.asarray(x)) + float(b)

    x, errors = np.arange(6.0), np.array([0, 0.1, 0.1, 0.1, 0.1, 0.1])
    data = DataSet("", Model.from_function(root), ("a", "b"), x, 2 * np.sqrt(x) + 1, 0.1, errors)
    np.testing.assert_allclose(Joint([data], _parameters(a=1, b=0), {}, True).run().x, [2, 1], rtol=1e-6)


def test_errors_of_x_far_from_zero_are_seen_on_the_host_as_they_are_near_it():
    """Seconds since 1970: a step of differences relative to x would cross the whole peak."""

    def peak(x, a, c, w):
        return float(a) * np.exp(-0.5 * ((np.asarray(x) - c) / w) ** 2)

    t = np.linspace(0, 100, 50)
    y = peak(t, 5, 50, 12) + 0.05 * np.random.default_rng(0).standard_normal(50)
    found = []
    for zero in (0.0, 1.7e9):
        model = Model.from_function(lambda x, a, c, w, zero=zero: peak(x - zero, a, c, w))
        data = DataSet("", model, ("a", "c", "w", "zero"), t + zero, y, 0.05, 0.5)
        found.append(Joint([data], _parameters(a=4, c=45, w=10, zero=zero).fix("zero"), {}, True).run())
    near, far = found
    np.testing.assert_allclose(far.x, near.x, rtol=1e-6)
    np.testing.assert_allclose(far.stderr, near.stderr, rtol=1e-4)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sigma_x": np.ones(3)}, r"data set 'u': `sigma_x` has shape \(3,\) where x has \(10,\): give a number"),
        ({"sigma_x": np.ones((10, 10))}, r"`sigma_x` has shape \(10, 10\)"),
        ({"sigma_x": -ERRORS_OF_X}, "`sigma_x` must not be negative, got -1"),
        ({"sigma_x": np.full(10, np.nan)}, r"`sigma_x` must not contain infs or NaNs, got nan at \[0\]"),
        ({"sigma_x": np.inf}, "`sigma_x` must not contain infs"),
        ({"sigma": None}, "give `sigma`, too"),
        ({"sigma": _covariance(10)}, "`sigma_x` needs independent errors of y: this `sigma` is a covariance"),
        ({"x": {"u": PEARSON_X}}, "`sigma_x` needs x as an array"),
        ({"x": np.ones((2, 3, 10))}, "`sigma_x` needs x as an array"),
    ],
)
@pytest.mark.parametrize("f", [_straight, _numpy_straight])
def test_what_is_no_error_of_x_is_refused_before_anything_is_fitted(f, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        _york(Model.from_function(f), name="u", **changes)


def test_errors_of_x_are_refused_where_the_model_connects_the_points():
    model = Model.from_function(lambda x, slope, intercept: slope * jnp.cumsum(x) + intercept)
    with pytest.raises(ValueError, match="data set 'u': `sigma_x` needs a model whose value at a point depends on"):
        _york(model, name="u").run()


# what is said of bad input


def test_everything_fixed_says_so():
    parameters = _parameters().fix("a1").fix("tau").fix("c1").fix("a2").tie("c2", "c1")
    with pytest.raises(ValueError, match="no parameter is free: of a1, tau, c1, a2, c2, each is fixed or tied"):
        _joint(_decay, _two_curves(_numpy_decay), parameters)


def test_a_start_outside_its_bounds_names_the_parameter():
    with pytest.raises(ValueError, match=r"parameter tau = 1 is below its lower bound 1\.5"):
        _joint(_decay, _two_curves(_numpy_decay), _parameters().bound("tau", min=1.5))


@pytest.mark.parametrize("spoil", [lambda x, y: (x, np.where(x < 1, np.nan, y)), lambda x, y: (x, y[:-1])])
def test_bad_data_name_their_set(spoil):
    cold, hot = _two_curves(_numpy_decay)
    with pytest.raises(ValueError, match="data set 'hot': "):
        _joint(_decay, (cold, spoil(*hot)), _parameters())


@pytest.mark.parametrize("cut", [lambda x, a, tau, c: a * x[:3], lambda x, a, tau, c: float(a) * np.asarray(x)[:3]])
def test_a_model_that_returns_a_wrong_shape_is_named_by_its_set(cut):
    joint = _joint((_decay, cut), _two_curves(_numpy_decay), _parameters())
    with pytest.raises(ValueError, match=r"data set 'hot': The model returned shape \(3,\) where \(50,\) was expected"):
        joint.run()


@pytest.mark.parametrize("np_or_jnp", [np, jnp])
def test_a_start_where_the_second_set_is_not_finite_names_it_and_its_parameters(np_or_jnp):
    def power(x, a, tau, c):
        a, tau, c = (a, tau, c) if np_or_jnp is jnp else (float(a), float(tau), float(c))
        return a * np_or_jnp.log(x - tau) + c

    curves = [(x + shift, y) for (x, y), shift in zip(_two_curves(_numpy_decay), (2, 0), strict=True)]
    with pytest.raises(ValueError, match="data set 'hot': Residuals are not finite .* for a2 = 4, tau = 1, c2 = 0.3"):
        _joint(power, curves, _parameters()).run()


def test_a_start_where_only_a_derivative_is_not_finite_names_its_set_and_parameter():
    def root(x, a, tau, c):
        return a * jnp.sqrt(jnp.abs(tau - x[0])) + c + 0 * x

    (x1, y1), (x2, y2) = _two_curves(_numpy_decay)
    parameters = Parameters(Parameter(name, x2[0] if name == "tau" else value) for name, value in START.items())
    for wished in (parameters, parameters.fix("c1", 0.5)):
        with pytest.raises(ValueError, match="data set 'hot': .*derivatives .*: the first for (a2|tau) at x = "):
            _joint(root, ((x1 + 1, y1), (x2, y2)), wished).run()


def test_a_start_whose_squares_overflow_names_its_set():
    joint = _joint(_decay, _two_curves(_numpy_decay), _parameters().set("a2", value=1e200))
    with pytest.raises(ValueError, match="data set 'hot': Residuals are finite .* or squares are not, at a2 = 1e"):
        joint.run()


def test_what_a_model_raises_goes_through():
    def broken(x, a, tau, c):
        raise ValueError("out of helium")

    with pytest.raises(ValueError, match="^out of helium$"):
        _joint((_decay, broken), _two_curves(_numpy_decay), _parameters()).run()


def test_fixing_another_parameter_or_moving_a_bound_compiles_nothing(compilations):
    curves = _two_curves(_numpy_decay)
    _joint(_decay, curves, _parameters().fix("c1").bound("tau", max=9)).run()
    with compilations() as compiled:
        other = _joint(_decay, curves, _parameters().fix("a2", 5.0).bound("tau", max=1.5)).run()
    assert other.x[1] == pytest.approx(1.5)
    assert compiled.names == []
