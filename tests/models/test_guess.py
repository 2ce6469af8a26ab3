"""Guesses of sums and products, of functions with and without a guesser, and of data that say little or nothing.

Sums are tried as the library's models are: noise of 1/20 of the clean curve's extent (in `observed`), and a fit counts
if it ends where the fit from the true parameters ends. Peaks are resolved: their centres are at least 2.5 times the sum
of their widths apart.
"""

import numpy as np
import pytest

from trfkit.datasets import nist
from trfkit.fitting.curve_fit import fit_curve
from trfkit.models import (
    LIBRARY,
    Constant,
    DampedOscillation,
    ExponentialDecay,
    Gaussian,
    Gaussian2D,
    Line,
    Logistic4,
    Lorentzian,
    Model,
    Polynomial,
    PowerLaw,
    SineWithTrend,
    Step,
    Voigt,
)

X = np.linspace(0.0, 10.0, 300)
PIXELS = np.stack([axis.ravel() for axis in np.meshgrid(np.arange(32.0), np.arange(32.0))])


def ratio(rng, low, high):
    return np.exp(rng.uniform(np.log(low), np.log(high)))


def resolved_peaks(rng):
    """(height, center, width) of two peaks with widths of 0.2 to 0.8, heights that differ by up to 3 times."""
    while True:
        widths, centers = ratio(rng, 0.2, 0.8), ratio(rng, 0.2, 0.8)
        first, second = sorted(rng.uniform(1.0, 9.0, 2))
        if second - first > 2.5 * (widths + centers):
            height = ratio(rng, 1, 10)
            return (height, first, widths, height * ratio(rng, 1 / 3, 3), second, centers)


def two_gaussians_on_a_line(rng):
    peaks = resolved_peaks(rng)
    return (*peaks, rng.uniform(-0.2, 0.2) * peaks[0], rng.uniform(-1, 1) * peaks[0])


def gaussian_and_lorentzian_on_a_decay(rng):
    peaks = resolved_peaks(rng)
    return (*peaks, peaks[0] * ratio(rng, 0.3, 3), ratio(rng, 1, 10))


def three_gaussians(rng):
    places = (rng.uniform(1, 2.5), rng.uniform(4, 6), rng.uniform(7.5, 9))
    peaks = [value for place in places for value in (ratio(rng, 1, 5), place, ratio(rng, 0.2, 0.4))]
    return (*peaks, rng.uniform(-1, 1))


SUMS = {
    "two Gaussians on a line": (Gaussian("a") + Gaussian("b") + Line(), X, two_gaussians_on_a_line),
    "Gaussian and Lorentzian on a decay": (
        Gaussian("a") + Lorentzian("b") + ExponentialDecay("bg"),
        X,
        gaussian_and_lorentzian_on_a_decay,
    ),
    "three Gaussians on a constant": (sum(map(Gaussian, "abc")) + Constant(), X, three_gaussians),
    "Voigt profile on a line": (
        Voigt() + Line(),
        X,
        lambda r: (ratio(r, 1, 10), r.uniform(2, 8), ratio(r, 0.1, 0.5), ratio(r, 0.1, 0.5), 0.1, r.uniform(-3, 3)),
    ),
    "dip in a parabola": (
        Gaussian() + Polynomial(2),
        X,
        lambda r: (-ratio(r, 3, 10), r.uniform(2, 8), ratio(r, 0.2, 0.8), *r.uniform(-1, 1, 2), r.uniform(-0.1, 0.1)),
    ),
    "decay to an offset": (
        ExponentialDecay() + Constant(),
        X,
        lambda r: (ratio(r, 1, 10), ratio(r, 0.3, 5), r.uniform(-5, 5)),
    ),
    "decay and damped oscillation": (
        DampedOscillation("o") + ExponentialDecay("e"),
        X,
        lambda r: (ratio(r, 1, 10), ratio(r, 0.5, 4), r.uniform(-3, 3), ratio(r, 1, 5), *ratio(r, [1, 1], [10, 10])),
    ),
    "white line on an edge": (
        Step("edge", form="arctan") + Gaussian("line"),
        X,
        lambda r: (
            (h := ratio(r, 3, 10)), (c := r.uniform(3, 6)), ratio(r, 0.1, 0.4), h * ratio(r, 0.5, 2),
            c + r.uniform(0.8, 2), ratio(r, 0.2, 0.6),
        ),
    ),
    "two spots": (
        Gaussian2D("a") + Gaussian2D("b") + Constant(),
        PIXELS,
        lambda r: (
            *(ratio(r, 1, 10), *r.uniform(6, 12, 2), ratio(r, 1.2, 2), ratio(r, 2.4, 4), r.uniform(-1.5, 1.5)),
            *(ratio(r, 1, 10), *r.uniform(20, 26, 2), ratio(r, 1.2, 2), ratio(r, 2.4, 4), r.uniform(-1.5, 1.5)),
            r.uniform(-10, 10),
        ),
    ),
    "power law with a cut-off": (
        PowerLaw("p") * ExponentialDecay("e"),
        np.linspace(0.1, 10.0, 200),
        lambda r: (ratio(r, 1, 10), r.uniform(-1, 2), 1.0, ratio(r, 1, 5)),
    ),
    "oscillation that fades, on an offset": (
        SineWithTrend() * ExponentialDecay("e") + Constant(),
        X,
        lambda r: (
            ratio(r, 1, 10), ratio(r, 0.3, 3), r.uniform(-3, 3), 0.0, r.uniform(-3, 3), 1.0, ratio(r, 2, 10),
            r.uniform(-5, 5),
        ),
    ),
    "numbers": (
        2 * Gaussian() + 1,
        X,
        lambda r: (ratio(r, 1, 5), r.uniform(2, 8), ratio(r, 0.2, 1)),
    ),
}  # fmt: skip


def observed(model, x, truth, rng, signal_to_noise=20.0):
    clean = np.asarray(model(x, *truth))
    return clean + np.ptp(clean) / signal_to_noise * rng.standard_normal(clean.size)


@pytest.mark.parametrize("name", SUMS)
def test_composed_guess_leads_where_the_truth_leads(name):
    model, x, draw = SUMS[name]
    rng, good = np.random.default_rng(3), 0
    sets = 100 if x.ndim == 1 else 40  # an image takes a third of a second
    for _ in range(sets):
        truth = draw(rng)
        y = observed(model, x, truth, rng)
        guess = list(model.guess(x, y).values())
        from_guess, from_truth = (
            fit_curve(model.function, x, y, p0=start, bounds=model.bounds) for start in (guess, truth)
        )
        good += from_guess.cost <= from_truth.cost * (1.0 + 1e-6)
    assert good >= 0.95 * sets


@pytest.mark.parametrize("name", ["Gauss1", "Gauss2", "Gauss3"])
def test_nist_gauss_problems_are_solved_from_the_guess_alone(name):
    data = nist(name)
    model = ExponentialDecay("bg") + Gaussian("a") + Gaussian("b")
    guess = model.guess(data.x, data.y)
    result = fit_curve(model.function, data.x, data.y, p0=list(guess.values()), bounds=model.bounds)
    assert 2.0 * result.cost == pytest.approx(data.residual_sum_of_squares, rel=1e-9)
    assert guess["a.center"] < guess["b.center"]


def test_a_narrow_peak_in_a_long_record_is_guessed():
    x = np.linspace(0.0, 1000.0, 50_000)
    truth = (3.0, 642.0, 0.2, 0.002, 1.0)
    model = Gaussian() + Line()
    guess = model.guess(x, observed(model, x, truth, np.random.default_rng(0)))
    assert guess["center"] == pytest.approx(642.0, abs=0.1)
    assert guess["sigma"] == pytest.approx(0.2, rel=0.3)


def test_guess_compiles_nothing(compilations):
    model = Gaussian("a") + Voigt("b") + ExponentialDecay("bg") + Constant()
    x = np.linspace(0.0, 7.0, 111)
    with compilations() as compiled:
        model.guess(x, np.exp(-x) + np.exp(-((x - 4.0) ** 2)))
    assert compiled.names == []


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize(
    "model", [Gaussian(), Lorentzian(), ExponentialDecay(), Logistic4(), DampedOscillation()], ids=repr
)
def test_guess_follows_the_units_of_x_and_y(model, scale):
    rng = np.random.default_rng(1)
    values = [spec.default for spec in model.parameters]
    names = model.parameter_names
    truth = dict(zip(names, values, strict=True)) | {"center": 5.0, "tau": 3.0, "top": 2.0, "rate": 1.5}
    y = observed(model, X, [truth[name] for name in names], rng)
    plain, scaled = model.guess(X, y), model.guess(scale * X, scale * y)
    powers = {"x": 1, "y": 1, "1/x": -1, "rad": 0}
    for spec in model.parameters:
        expected = plain[spec.name] * scale ** powers[spec.unit]
        assert scaled[spec.name] == pytest.approx(expected, rel=1e-4, abs=1e-4 * scale ** powers[spec.unit])


# --- data that say little, or nothing

EVERY = pytest.mark.parametrize("factory", LIBRARY, ids=lambda factory: factory.__name__)


def made(factory):
    return factory(3) if factory is Polynomial else factory()


def where(model, m):
    """m points of x, of the shape that the model takes."""
    x = np.linspace(1.0, 5.0, m)
    return np.stack([x, x[::-1]]) if model.name == "Gaussian2D" else x


@EVERY
@pytest.mark.parametrize("y", [np.full(30, 2.5), np.zeros(30), np.array([3.0]), np.array([1.0, 2.0])], ids=len)
def test_constant_data_and_few_points_give_finite_values_within_bounds(factory, y):
    model = made(factory)
    guess = np.array(list(model.guess(where(model, y.size), y).values()))
    lower, upper = model.bounds
    assert np.all(np.isfinite(guess) & (guess >= lower) & (guess <= upper))


def test_one_x_for_all_points_gives_finite_values():
    for factory in LIBRARY:
        model = made(factory)
        x = np.full((2, 20), 3.0) if model.name == "Gaussian2D" else np.full(20, 3.0)
        assert np.all(np.isfinite(list(model.guess(x, np.arange(20.0)).values())))


@EVERY
def test_empty_and_all_nan_data_are_refused(factory):
    model = made(factory)
    with pytest.raises(ValueError, match="no data to guess from: `y` is empty"):
        model.guess(where(model, 0), np.zeros(0))
    with pytest.raises(ValueError, match="no point has both x and y finite"):
        model.guess(where(model, 9), np.full(9, np.nan))


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.zeros(3), np.zeros(4), r"got \(4,\) and \(3,\)"),
        (np.zeros((3, 4)), np.zeros((3, 4)), r"`y` must be \(m,\)"),
        (np.zeros(3), np.zeros(3, dtype=complex), "`y` is complex"),
        (np.zeros(3, dtype=complex), np.zeros(3), "`x` is complex"),
    ],
)
def test_data_of_the_wrong_kind_are_refused(x, y, words):
    with pytest.raises(ValueError, match=words):
        Gaussian().guess(x, y)


def test_an_image_model_wants_two_coordinates():
    with pytest.raises(ValueError, match=r"\(2, m\), got \(9,\)"):
        Gaussian2D().guess(np.arange(9.0), np.arange(9.0))


def test_points_that_are_not_finite_are_left_out_and_order_does_not_matter():
    y = observed(Gaussian(), X, (2.0, 4.0, 0.5), np.random.default_rng(0))
    order = np.random.default_rng(1).permutation(X.size)
    x_more, y_more = np.append(X[order], [np.nan, 1.0, 2.0]), np.append(y[order], [1.0, np.nan, np.inf])
    assert Gaussian().guess(x_more, y_more) == pytest.approx(Gaussian().guess(X, y))


def test_integers_are_taken():
    assert np.all(np.isfinite(list(Gaussian().guess(range(9), [0, 0, 1, 4, 9, 4, 1, 0, 0]).values())))


# --- models with a guesser of their own, and without


def slope_of(x, y):
    return {"rate": (y[-1] - y[0]) / (x[-1] - x[0])}


def ramp(x, rate, offset=0.5):
    return rate * x + offset


def test_a_functions_own_guesser_is_asked_and_the_rest_are_defaults():
    model = Model.from_function(ramp, guesser=slope_of)
    assert model.guess(X, 3.0 * X) == {"rate": pytest.approx(3.0), "offset": 0.5}


def test_a_guess_beyond_its_bounds_is_moved_inside():
    model = Model.from_function(ramp, guesser=slope_of, rate={"max": 2.0})
    assert model.guess(X, 3.0 * X)["rate"] == 2.0


def test_a_guesser_that_names_no_parameter_is_refused():
    model = Model.from_function(ramp, guesser=lambda x, y: {"speed": 1.0})
    with pytest.raises(ValueError, match="gives 'speed'; the parameters are rate, offset"):
        model.guess(X, X)


def test_in_a_sum_a_function_is_asked_of_what_the_others_leave_over():
    model = Gaussian() + Model.from_function(ramp, guesser=slope_of, prefix="r")
    y = observed(Gaussian(), X, (5.0, 5.0, 0.5), np.random.default_rng(0)) + 0.1 * X + 0.5
    guess = model.guess(X, y)
    assert guess["center"] == pytest.approx(5.0, abs=0.1)
    assert guess["r.rate"] == pytest.approx(0.1, abs=0.1)


def test_in_a_product_the_others_are_asked_of_the_quotient():
    model = Model.from_function(ramp, guesser=lambda x, y: {"rate": 2.0, "offset": 1.0}) * ExponentialDecay("e")
    guess = model.guess(X, (2.0 * X + 1.0) * 3.0 * np.exp(-X / 2.0))
    assert guess["e.amplitude"] == pytest.approx(3.0, rel=0.1)
    assert guess["e.tau"] == pytest.approx(2.0, rel=0.1)


def test_without_a_guesser_the_function_is_tried_out():
    model = Model.from_function(lambda x, a, b=2.0: a * x + b, name="line", a={"min": 3.0})
    assert model.guess(X, 4.0 * X + 1.0) == pytest.approx({"a": 4.0, "b": 1.0})
    assert model.guess(X, X)["a"] == 3.0
