"""Propagation and bands: formulas by hand, bands of textbooks and of lmfit, Monte Carlo, what is not determined."""

import math

import jax.numpy as jnp
import lmfit
import numpy as np
import pytest
from scipy import stats
from scipy.special import erf

from trfkit.datasets import nist
from trfkit.fitting.result import determine
from trfkit.models import Gaussian, Model
from trfkit.models.expression import ExpressionError
from trfkit.parameters import Parameter, Parameters
from trfkit.statistics import propagation
from trfkit.statistics.propagation import band, predict, propagate
from trfkit.statistics.uncertainty import Uncertainty
from trfkit.statistics.uncertainty import uncertainty as measured


def certain(n):
    return np.zeros((n, 0))


def determined_by(C):
    """The uncertainty of parameters with the covariance C."""
    return Uncertainty(np.linalg.cholesky(np.asarray(C, float)), certain(len(C)))


def from_jacobian(J):
    """The uncertainty that data with σ = 1 leave."""
    return measured(determine(np.linalg.qr(J)[1], len(J)), 0.0, len(J), absolute_sigma=True)


def fitted(**values):
    return Parameters([Parameter(name.replace("_of_", "."), value) for name, value in values.items()])


# quantities


COVARIANCE = np.array([[0.04, 0.01], [0.01, 0.09]])


def test_sum_product_and_ratio_are_those_of_the_textbook():
    parameters, uncertainty = fitted(a=2.0, b=5.0), determined_by(COVARIANCE)
    for text, value, variance in (
        ("a + b", 7.0, 0.04 + 0.09 + 2 * 0.01),
        ("a*b", 10.0, 100 * (0.04 / 4 + 0.09 / 25 + 2 * 0.01 / 10)),
        ("a/b", 0.4, 0.16 * (0.04 / 4 + 0.09 / 25 - 2 * 0.01 / 10)),
        ("3", 3.0, 0.0),
    ):
        found = propagate(text, parameters, uncertainty)
        assert found.value == pytest.approx(value, rel=1e-14), text
        assert found.covariance == pytest.approx(variance, rel=1e-12), text
        assert found.stderr == pytest.approx(math.sqrt(variance), rel=1e-12), text


def test_area_of_a_peak_as_text_and_as_function():
    peak, uncertainty = fitted(a_of_height=3.0, a_of_sigma=0.5), determined_by(COVARIANCE)
    text = propagate("a.height*a.sigma*sqrt(2*pi)", peak, uncertainty)
    function = propagate(lambda p: p["a.height"] * p["a.sigma"] * jnp.sqrt(2 * jnp.pi), peak, uncertainty)
    g = np.array([0.5, 3.0]) * math.sqrt(2 * math.pi)
    assert text.stderr == pytest.approx(math.sqrt(g @ COVARIANCE @ g), rel=1e-12)
    assert function.value == pytest.approx(text.value, rel=1e-15)
    assert function.stderr == pytest.approx(text.stderr, rel=1e-12)


def test_arrays_have_a_covariance_of_their_own():
    parameters, uncertainty = fitted(a=2.0, b=5.0), determined_by(COVARIANCE)
    found = propagate(lambda p: [p["a"] + p["b"], p["a"] - p["b"], 2 * p["a"]], parameters, uncertainty)
    G = np.array([[1, 1], [1, -1], [2, 0]])
    np.testing.assert_allclose(found.value, [7, -3, 4])
    np.testing.assert_allclose(found.covariance, G @ COVARIANCE @ G.T, rtol=1e-12)
    np.testing.assert_allclose(found.stderr**2, np.diag(found.covariance), rtol=1e-12)
    square = propagate(lambda p: jnp.array([[p["a"], 0.0], [0.0, p["b"]]]), parameters, uncertainty)
    assert square.covariance.shape == (2, 2, 2, 2)
    assert square.covariance[0, 0, 1, 1] == pytest.approx(0.01)
    np.testing.assert_allclose(square.stderr, [[0.2, 0.0], [0.0, 0.3]])


def test_fixed_parameters_are_exact_and_ties_are_followed():
    parameters = fitted(a=2.0, b=5.0, c=1.0).fix("a").tie("c", "3*b + a")
    uncertainty = determined_by([[0.09]])
    found = propagate(lambda p: jnp.stack([p["a"], p["b"], p["c"]]), parameters, uncertainty)
    np.testing.assert_allclose(found.value, [2.0, 5.0, 17.0])
    np.testing.assert_allclose(found.stderr, [0.0, 0.3, 0.9], rtol=1e-12)


def test_without_free_parameters_everything_is_exact():
    parameters = fitted(a=2.0).fix("a")
    nothing = Uncertainty(np.zeros((0, 0)), certain(0))
    assert propagate("a**2", parameters, nothing)[::2] == (4.0, 0.0)
    assert propagate(lambda p: math.sqrt(p["a"]), parameters, nothing).stderr == 0.0
    curve = predict(lambda x, a: a * x, ("a",), np.arange(3.0), parameters, nothing)
    np.testing.assert_array_equal(curve.stderr, np.zeros(3))


def test_nonlinear_function_agrees_with_monte_carlo_where_it_is_nearly_linear():
    theta, C = np.array([2.0, 0.3]), np.array([[4e-4, 1e-4], [1e-4, 1e-4]])
    found = propagate("exp(-b*a)*sin(a)", fitted(a=2.0, b=0.3), determined_by(C))
    count = 200_000
    a, b = np.random.default_rng(5).multivariate_normal(theta, C, size=count).T
    spread = np.std(np.exp(-b * a) * np.sin(a))
    # of a standard deviation from so many draws: 1/√(2·count) = 0.16 %; the second order adds variance of (σ/scale)⁴
    assert found.stderr == pytest.approx(spread, rel=4 / math.sqrt(2 * count) + 1e-3)


@pytest.mark.parametrize(
    "function",
    [
        lambda p: np.exp(-p["a"]) * math.sqrt(p["b"]),
        lambda p: np.exp(-p["a"]) * (p["b"] ** 0.5 if p["b"] > 0 else 0.0),
    ],
)
def test_what_jax_cannot_trace_is_differentiated_by_differences(function):
    parameters, uncertainty = fitted(a=1e-3, b=5e6), determined_by([[1e-8, 1e-2], [1e-2, 1e10]])
    found = propagate(function, parameters, uncertainty)
    exact = propagate("exp(-a)*sqrt(b)", parameters, uncertainty)
    assert found.value == pytest.approx(exact.value, rel=1e-14)
    assert found.stderr == pytest.approx(exact.stderr, rel=1e-8)


@pytest.mark.parametrize("zero", [0.0, 1e-17])
def test_differences_at_zero_step_by_the_standard_error(zero):
    uncertainty = determined_by([[1e-16]])
    found = propagate(lambda p: math.sin(p["a"] / 1e-7), fitted(a=zero), uncertainty)
    assert found.stderr == pytest.approx(0.1, rel=1e-8)


def test_counting_function_is_not_traced():
    calls = []

    def counting(p):
        calls.append(p["a"])
        return p["a"] ** 2

    found = propagate(counting, fitted(a=3.0), determined_by([[0.01]]))
    assert found.stderr == pytest.approx(0.6, rel=1e-8)
    assert len(calls) == 3 and all(isinstance(a, float) for a in calls)


def test_unknown_names_are_refused_with_what_there_is():
    parameters, uncertainty = fitted(tau=2.0, height=1.0), determined_by(COVARIANCE)
    with pytest.raises(ExpressionError, match="'offset' has no value; there are tau, height"):
        propagate("tau*offset", parameters, uncertainty)
    with pytest.raises(ExpressionError, match="'heigth' has no value; did you mean 'height'"):
        propagate("tau*heigth", parameters, uncertainty)
    with pytest.raises(KeyError, match="offset"):
        propagate(lambda p: p["offset"], parameters, uncertainty)


@pytest.mark.parametrize("result", [1j, "much", None, {"a": 1.0}])
def test_what_is_no_real_number_is_refused(result):
    with pytest.raises(ValueError, match="must return a real number or an array of them, got"):
        propagate(lambda p: result, fitted(a=1.0), determined_by([[1.0]]))


def test_error_of_what_has_no_derivative_is_unknown():
    parameters, uncertainty = fitted(a=0.0, b=1.0), determined_by(COVARIANCE)
    found = propagate(lambda p: jnp.array([jnp.sqrt(p["a"]), p["b"]]), parameters, uncertainty)
    np.testing.assert_allclose(found.stderr, [np.nan, 0.3], rtol=1e-12)
    assert np.isnan(found.covariance[0]).all() and np.isnan(found.covariance[:, 0]).all()
    on_host = propagate(lambda p: np.log(float(p["a"])), parameters, uncertainty)
    assert on_host.value == -np.inf and math.isnan(on_host.stderr)


@pytest.mark.parametrize("make", [lambda: lambda p: p["a"] * p["b"], lambda: "a * b"])
def test_equal_functions_share_one_program(compilations, make):
    parameters, uncertainty = fitted(a=2.0, b=5.0), determined_by(COVARIANCE)
    propagate(make(), parameters, uncertainty)
    with compilations() as compiled:
        propagate(make(), parameters.with_values({"a": 7.0}), uncertainty)
    assert compiled.names == []


# what the data do not determine


X = np.linspace(0.5, 4.0, 9)


@pytest.fixture(params=[1.0, 1e6, 1e-9])
def product(request):
    """y = a b x + c, which determines ab and c alone, a measured in any unit."""
    a, b = 2.0 * request.param, 3.0
    J = np.column_stack([b * X, a * X, np.ones(X.size)])
    return fitted(a=a, b=b, c=-1.0), from_jacobian(J)


@pytest.mark.parametrize("text", ["a", "b", "a/b", "a + 1e-6*b", "c + 1e-3*b", "exp(b)", "a*b*(1 + 1e-6*b)"])
def test_error_is_infinite_along_what_is_not_determined(product, text):
    assert propagate(text, *product).stderr == np.inf


@pytest.mark.parametrize("by_differences", [False, True])
def test_what_does_not_move_along_the_undetermined_direction_is_determined(product, by_differences):
    parameters, uncertainty = product
    sizes = np.linalg.inv(np.array([[X @ X, X.sum()], [X.sum(), X.size]]))
    quantities = [
        (lambda p: p["a"] * p["b"], sizes[0, 0]),
        (lambda p: p["c"], sizes[1, 1]),
        (lambda p: 2 * p["a"] * p["b"] + p["c"], 4 * sizes[0, 0] + sizes[1, 1] + 4 * sizes[0, 1]),
    ]
    for quantity, variance in quantities:
        function = (lambda p, q=quantity: q({k: float(v) for k, v in p.items()})) if by_differences else quantity
        # differences of 2ab + c round at the size of ab, a million times that of c
        rel = 1e-5 if by_differences else 1e-9
        assert propagate(function, parameters, uncertainty).stderr == pytest.approx(math.sqrt(variance), rel=rel)


def test_covariances_with_what_is_not_determined_are_infinite(product):
    found = propagate(lambda p: jnp.stack([p["a"], p["a"] * p["b"], p["c"]]), *product)
    assert np.isinf(found.covariance[0]).all() and np.isinf(found.covariance[:, 0]).all()
    assert np.isfinite(found.covariance[1:, 1:]).all()


def test_two_undetermined_directions_are_told_apart():
    # a b x + c d x², one direction of (a, b) and one of (c, d), which the singular vectors mix as they like
    a, b, c, d = 2.0, 3.0, 5.0, 7e4
    J = np.column_stack([b * X, a * X, d * X**2, c * X**2])
    parameters, uncertainty = fitted(a=a, b=b, c=c, d=d), from_jacobian(J)
    assert uncertainty.undetermined.shape == (4, 2)
    angle = np.array([[0.6, -0.8], [0.8, 0.6]])
    for turned in (uncertainty, uncertainty._replace(undetermined=uncertainty.undetermined @ angle)):
        found = propagate(lambda p: jnp.stack([p[n] for n in "abcd"]), parameters, turned)
        assert np.isinf(found.stderr).all()
        found = propagate(lambda p: jnp.stack([p["a"] * p["b"], p["c"] * p["d"]]), parameters, turned)
        C = np.linalg.inv(np.array([[X @ X, X @ X**2], [X @ X**2, X**2 @ X**2]]))
        np.testing.assert_allclose(found.covariance, C, rtol=1e-8)


def test_a_parameter_that_the_model_ignores_leaves_the_others_alone():
    uncertainty = from_jacobian(np.column_stack([X, np.zeros(X.size)]))
    found = propagate(lambda p: jnp.stack([p["a"], p["b"]]), fitted(a=1.0, b=2.0), uncertainty)
    np.testing.assert_allclose(found.stderr, [1 / np.linalg.norm(X), np.inf])


def test_undetermined_directions_of_nan_leave_nothing_determined():
    unknown = Uncertainty(np.zeros((2, 0)), np.full((2, 1), np.nan))
    assert propagate("a + b", fitted(a=1.0, b=2.0), unknown).stderr == np.inf


def test_curve_is_determined_where_the_data_are_though_its_parameters_are_not(product):
    parameters, uncertainty = product
    curve = predict(lambda x, a, b, c: a * b * x + c, ("a", "b", "c"), X, parameters, uncertainty)
    C = np.linalg.inv(np.array([[X @ X, X.sum()], [X.sum(), X.size]]))
    np.testing.assert_allclose(curve.stderr**2, C[0, 0] * X**2 + 2 * C[0, 1] * X + C[1, 1], rtol=1e-10)
    other = predict(lambda x, a, b, c: a * x**b + c, ("a", "b", "c"), X, parameters, uncertainty)
    assert np.isinf(other.stderr).all()


# bands


def line(x, slope, intercept):
    return slope * x + intercept


@pytest.fixture(scope="module")
def straight():
    """A line through noisy points: (x, y, parameters, uncertainty, residual variance)."""
    rng = np.random.default_rng(8)
    x = np.sort(rng.uniform(0, 10, 12))
    y = line(x, 1.5, -2.0) + rng.normal(scale=0.7, size=x.size)
    A = np.column_stack([x, np.ones(x.size)])
    slope, intercept = np.linalg.lstsq(A, y)[0]
    s2 = np.sum((y - line(x, slope, intercept)) ** 2) / (x.size - 2)
    return x, fitted(slope=slope, intercept=intercept), determined_by(s2 * np.linalg.inv(A.T @ A)), s2


@pytest.mark.parametrize("level", [0.68, 0.95])
def test_bands_of_a_straight_line_are_those_of_the_textbook(straight, level):
    # N. R. Draper, H. Smith, Applied Regression Analysis, 3rd ed. (1998), equations 3.1.3 and 3.1.5
    x, parameters, uncertainty, s2 = straight
    at = np.linspace(-5, 20, 41)
    curve = predict(line, ("slope", "intercept"), at, parameters, uncertainty)
    t = stats.t.ppf((1 + level) / 2, x.size - 2)
    leverage = 1 / x.size + (at - x.mean()) ** 2 / np.sum((x - x.mean()) ** 2)
    for noise, extra, kind in ((None, 0.0, "confidence"), (s2, 1.0, "prediction")):
        found = band(curve, level, x.size - 2, False, noise)
        half = t * np.sqrt(s2 * (leverage + extra))
        np.testing.assert_allclose(found.high - found.y, half, rtol=1e-10)
        np.testing.assert_allclose(found.y - found.low, half, rtol=1e-10)
        assert (found.level, found.kind) == (level, kind)
        assert found.x is at


def test_known_errors_take_the_normal_quantile_and_their_own_variance(straight):
    x, parameters, uncertainty, _ = straight
    curve = predict(line, ("slope", "intercept"), x, parameters, uncertainty)
    variance = 0.1 * (1 + x)
    found = band(curve, 0.95, 10, True, variance)
    np.testing.assert_allclose(
        found.high - found.y, 1.959963984540054 * np.sqrt(curve.stderr**2 + variance), rtol=1e-10
    )


def test_band_is_everything_where_nothing_is_known(straight):
    x, parameters, _, _ = straight
    everything = Uncertainty(np.zeros((2, 0)), np.eye(2))
    found = band(predict(line, ("slope", "intercept"), x, parameters, everything), 0.95, 0, False)
    assert np.all(found.low == -np.inf) and np.all(found.high == np.inf)
    with pytest.raises(ValueError, match=r"did you mean 0\.9"):
        band(predict(line, ("slope", "intercept"), x, parameters, everything), 90, 5, False)


def test_a_point_that_no_parameter_moves_has_no_width_even_without_degrees_of_freedom():
    everything = Uncertainty(np.zeros((1, 0)), np.eye(1))
    found = band(predict(lambda x, a: a * x, ("a",), np.array([0.0, 1.0]), fitted(a=2.0), everything), 0.95, 0, False)
    np.testing.assert_array_equal(found.low, [0.0, -np.inf])


def test_bands_are_those_of_lmfit():
    problem = nist("Misra1a")
    reference = lmfit.Model(lambda x, b1, b2: b1 * (1 - np.exp(-b2 * x))).fit(problem.y, x=problem.x, b1=250, b2=5e-4)
    parameters = fitted(**reference.best_values)
    at = np.linspace(0, 1000, 23)
    half = reference.eval_uncertainty(sigma=2, x=at)
    curve = predict(
        lambda x, b1, b2: b1 * (1 - jnp.exp(-b2 * x)), ("b1", "b2"), at, parameters, determined_by(reference.covar)
    )
    # lmfit scales the covariance by the reduced χ² and takes Student's t at the level of so many sigma of a normal
    found = band(curve, float(erf(2 / math.sqrt(2))), reference.nfree, False)
    np.testing.assert_allclose(found.high - found.y, half, rtol=1e-6, atol=1e-12)
    predicted = band(curve, float(erf(2 / math.sqrt(2))), reference.nfree, False, reference.redchi)
    np.testing.assert_allclose(predicted.high - predicted.y, reference.dely_predicted, rtol=1e-6)


def test_band_of_a_numpy_model_is_that_of_the_traced_one():
    C = np.array([[0.04, 0.001, 0.0], [0.001, 0.01, 0.0], [0.0, 0.0, 0.09]])
    parameters, uncertainty = fitted(height=3.0, center=0.0, sigma=1.5), determined_by(C)
    x = np.linspace(-4, 4, 50)

    def by_numpy(x, height, center, sigma):
        return height * np.exp(-0.5 * ((x - float(center)) / sigma) ** 2)

    names = ("height", "center", "sigma")
    curve = predict(by_numpy, names, x, parameters, uncertainty)
    traced = predict(Gaussian(), names, x, parameters, uncertainty)
    np.testing.assert_allclose(curve.y, traced.y, rtol=1e-13)
    np.testing.assert_allclose(curve.stderr, traced.stderr, rtol=1e-8)


def test_a_data_set_takes_its_own_parameters_in_its_models_order():
    parameters = fitted(slope=2.0, b=5.0, a=1.0).tie("b", "2*slope")
    uncertainty = determined_by([[0.04, 0.0], [0.0, 0.09]])
    x = np.array([0.0, 1.0, 2.0])
    curve = predict(Model.from_function(line), ("b", "a"), x, parameters, uncertainty)
    np.testing.assert_allclose(curve.y, 4.0 * x + 1.0)
    np.testing.assert_allclose(curve.stderr, np.sqrt(0.16 * x**2 + 0.09), rtol=1e-12)


def test_models_of_images_and_of_anything_that_jax_takes():
    parameters, uncertainty = fitted(a=2.0), determined_by([[0.01]])
    x = {"u": np.arange(4.0), "v": np.ones(4)}
    curve = predict(lambda x, a: a * x["u"] + x["v"], ("a",), x, parameters, uncertainty)
    np.testing.assert_allclose(curve.stderr, 0.1 * np.arange(4.0), rtol=1e-12)
    image = np.stack([np.arange(6.0), np.ones(6)])
    np.testing.assert_allclose(
        predict(lambda x, a: a * x[0] * x[1], ("a",), image, parameters, uncertainty).stderr, 0.1 * np.arange(6.0)
    )


def test_coverage_of_a_confidence_band_is_its_level():
    rng = np.random.default_rng(4)
    x, at, inside = np.linspace(0, 1, 6), np.array([-1.0, 0.5, 2.0]), []
    A = np.column_stack([x, np.ones(x.size)])
    inverse = np.linalg.inv(A.T @ A)
    for _ in range(1000):
        y = line(x, 2.0, 1.0) + rng.normal(size=x.size)
        theta = inverse @ A.T @ y
        s2 = np.sum((y - A @ theta) ** 2) / 4
        curve = predict(line, ("slope", "intercept"), at, fitted(slope=theta[0], intercept=theta[1]),
                        determined_by(s2 * inverse))  # fmt: skip
        found = band(curve, 0.9, 4, False)
        inside.append((found.low < line(at, 2.0, 1.0)) & (line(at, 2.0, 1.0) < found.high))
    np.testing.assert_allclose(np.mean(inside, axis=0), 0.9, atol=4 * math.sqrt(0.9 * 0.1 / 1000))


def test_memory_of_a_long_curve_grows_with_points_times_parameters():
    n, m = 8, 20_000
    parameters = Parameters([Parameter(f"c{i}") for i in range(n)])
    curve = propagation._Curve(lambda x, *c: jnp.polyval(jnp.stack(c), jnp.cos(x)), tuple(range(n)))
    quantity = propagation._OfTheta(curve, parameters.layout)
    arguments = parameters.free_values, parameters.held, parameters.basis, np.ones(m)
    used = propagation._forward.lower(quantity, *arguments).compile().memory_analysis().temp_size_in_bytes
    assert used < 4 * 8 * m * n
