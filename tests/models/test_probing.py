"""Guesses for functions of which nothing is known: typed formulas and users' own, in NumPy and in jax.numpy.

As for the library, noise is 1/20 of the clean curve's extent, and a fit counts if it ends where the fit from the true
parameters ends.
"""

import math

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from trfkit.fitting.curve_fit import fit_curve
from trfkit.models import ExponentialDecay, Gaussian, Model
from trfkit.models.rows import MOST_CALLS, Rows
from trfkit.models.structure import structure

X = np.linspace(0.0, 10.0, 200)
POSITIVE_X = np.linspace(0.1, 10.0, 200)
DATA_SETS = 20


def ratio(rng, low, high):
    return np.exp(rng.uniform(np.log(low), np.log(high)))


def lorentzian(x, height, center, width, offset):
    return height / (1 + jnp.square((x - center) / width)) + offset


def decay(x, a, tau, c):
    return a * np.exp(-x / tau) + c


def decay_of_one_sign(x, a, tau, c):
    if tau <= 0:
        raise RuntimeError("tau must be positive")
    return a * math.e ** (-x / tau) + c


def any_decay(r):
    return ratio(r, 1, 10), ratio(r, 0.3, 8), r.uniform(-5, 5)


def any_sine(r):
    return ratio(r, 1, 10), 2 * np.pi * r.uniform(0.5, 6) / 10, r.uniform(-3, 3), r.uniform(-5, 5)


def any_peak(r):
    return (
        ratio(r, 1, 10) * r.choice([-1, 1]),
        r.uniform(1, 9),
        ratio(r, 0.2, 2),
        r.uniform(-0.3, 0.3),
        r.uniform(-5, 5),
    )


CASES = {
    "a*exp(-x/tau)+c": (X, any_decay),
    "a*exp(-(x-mu)**2/(2*s**2))+b*x+c": (X, any_peak),
    "a*sin(w*x+p)+c": (X, any_sine),
    "a*x**n": (POSITIVE_X, lambda r: (ratio(r, 0.1, 10), r.uniform(-2, 4))),
    "a/(1+exp(-k*(x-x0)))": (X, lambda r: (ratio(r, 1, 10), ratio(r, 0.5, 10) * r.choice([-1, 1]), r.uniform(2, 8))),
    "vmax*x/(km+x)": (X, lambda r: (ratio(r, 1, 10), ratio(r, 0.2, 10))),
    "a*exp(-k*x)+b*exp(-l*x)": (X, lambda r: (ratio(r, 1, 10), ratio(r, 1, 5), ratio(r, 1, 10), ratio(r, 0.1, 0.4))),
    "a*tanh(b*x)+c": (X, lambda r: (ratio(r, 1, 10), ratio(r, 0.1, 2), r.uniform(-5, 5))),
    "a*log(b*x+1)": (X, lambda r: (ratio(r, 1, 10), ratio(r, 0.1, 10))),
    "y0*k/(y0+(k-y0)*exp(-r*x))": (X, lambda r: (ratio(r, 0.05, 0.5), ratio(r, 3, 10), ratio(r, 0.6, 2))),
    "a*exp(-E/(8.617e-5*x))": (np.linspace(300, 900, 200), lambda r: (ratio(r, 1e3, 1e9), r.uniform(0.1, 1.0))),
    "a*exp(-E/(1.380649e-23*x))": (np.linspace(300, 900, 200), lambda r: (ratio(r, 1e3, 1e9), ratio(r, 2e-20, 2e-19))),
    lorentzian: (X, lambda r: (ratio(r, 1, 10), r.uniform(1, 9), ratio(r, 0.2, 2), r.uniform(-5, 5))),
    decay: (X, any_decay),
    decay_of_one_sign: (X, any_decay),
}


def model_of(what, **about):
    return Model.from_expression(what, **about) if isinstance(what, str) else Model.from_function(what, **about)


def observed(model, x, truth, rng, signal_to_noise=20.0):
    clean = np.asarray(model(x, *truth))
    return clean + np.ptp(clean) / signal_to_noise * rng.standard_normal(clean.size)


def cost_from(model, x, y, start):
    return fit_curve(model.function, x, y, p0=list(start), bounds=model.bounds).cost


def leads_where_the_truth_leads(model, x, truth, rng):
    y = observed(model, x, truth, rng)
    return cost_from(model, x, y, model.guess(x, y).values()) <= cost_from(model, x, y, truth) * (1.0 + 1e-6)


@pytest.mark.parametrize("what", CASES, ids=lambda what: what if isinstance(what, str) else what.__name__)
def test_guess_of_an_unknown_function_leads_where_the_truth_leads(what):
    x, draw = CASES[what]
    rng = np.random.default_rng(3)
    good = sum(leads_where_the_truth_leads(model_of(what), x, draw(rng), rng) for _ in range(DATA_SETS))
    assert good >= 0.95 * DATA_SETS


@pytest.mark.parametrize(("x_scale", "y_scale"), [(1e-10, 1e6), (1e-7, 1e6), (1e8, 1e-12)])
@pytest.mark.parametrize(
    "what", ["a*exp(-x/tau)+c", "a*exp(-(x-mu)**2/(2*s**2))+b*x+c", "a*sin(w*x+p)+c", "y0*k/(y0+(k-y0)*exp(-r*x))"]
)
def test_data_far_from_unit_scale_are_guessed_as_well(what, x_scale, y_scale):
    model, rng, good = model_of(what), np.random.default_rng(4), 0
    for _ in range(10):
        truth = CASES[what][1](rng)
        y = observed(model, X, truth, rng)
        scaled = cost_from(model, x_scale * X, y_scale * y, model.guess(x_scale * X, y_scale * y).values())
        good += scaled <= y_scale**2 * cost_from(model, X, y, truth) * (1.0 + 1e-6)
    assert good >= 9


def test_a_typed_formula_beside_library_models_is_guessed_with_them():
    rng = np.random.default_rng(5)
    faded = Model.from_expression("sin(w*x + p)") * ExponentialDecay("e")
    on_a_decay = Gaussian() + Model.from_expression("a*exp(-x/tau) + c", prefix="d")
    assert all(leads_where_the_truth_leads(faded, X, (2.5, 0.7, 3.0, r), rng) for r in (2.0, 4.0, 8.0))
    assert all(leads_where_the_truth_leads(on_a_decay, X, (3.0, r, 0.4, 5.0, 2.0, 1.0), rng) for r in (3.0, 5.0, 8.0))


def test_an_images_model_is_guessed_too():
    pixels = np.stack([axis.ravel() for axis in np.meshgrid(np.arange(24.0), np.arange(24.0))])
    spot = Model.from_expression("a*exp(-((u-m)**2 + (v-n)**2)/(2*s**2)) + c", independent=("u", "v"))
    rng = np.random.default_rng(6)
    assert leads_where_the_truth_leads(spot, pixels, (5.0, 15.0, 8.0, 3.0, 1.0), rng)


@pytest.mark.parametrize("y", [np.full(30, 2.5), np.zeros(30), np.array([3.0]), np.array([1.0, 2.0])], ids=len)
@pytest.mark.parametrize("x", [0.0, 3.0, "spread"])
def test_data_that_say_little_give_finite_values_within_bounds(x, y):
    x = np.linspace(1.0, 5.0, y.size) if x == "spread" else np.full(y.size, x)
    for model in (model_of("a*exp(-x/tau)+c", tau={"min": 0.5}), model_of(decay), Gaussian() + model_of("b*x**n")):
        guess = np.array(list(model.guess(x, y).values()))
        lower, upper = model.bounds
        assert np.all(np.isfinite(guess) & (guess >= lower) & (guess <= upper))


# --- the user's word


def fast_wave(x, a, f=37.0):
    return a * np.sin(2 * np.pi * f * x)


def test_a_default_of_the_signature_wins_where_it_is_better():
    x = np.linspace(0.0, 10.0, 3000)
    y = observed(model_of(fast_wave), x, (2.0, 37.005), np.random.default_rng(0))
    assert model_of(fast_wave).guess(x, y) == {"a": pytest.approx(2.0, rel=0.1), "f": pytest.approx(37.005, abs=0.002)}


def test_a_default_of_the_signature_gives_way_where_it_is_not():
    y = observed(model_of(fast_wave), X, (2.0, 0.31), np.random.default_rng(0))
    assert abs(model_of(fast_wave).guess(X, y)["f"]) == pytest.approx(0.31, abs=0.01)


def test_bounds_are_kept_and_fill_what_the_data_do_not_say():
    model = model_of("a*exp(-x/tau)+c", tau={"min": 4.0, "max": 6.0}, c={"min": 0.0}, a={"max": 0.0, "default": -1.0})
    y = decay(X, 3.0, 2.0, -1.0)
    guess = model.guess(X, y)
    assert 4.0 <= guess["tau"] <= 6.0 and guess["c"] >= 0.0 and guess["a"] <= 0.0


def test_a_width_is_positive_if_only_its_square_counts():
    model, rng = model_of("a*exp(-(x-m)**2/s**2)"), np.random.default_rng(7)
    for center in (2.0, 5.0, 8.0):
        assert model.guess(X, observed(model, X, (3.0, center, 0.7), rng))["s"] > 0.0


# --- calls


class Counted:
    """A function that counts its calls, and fails at those that `fails` says."""

    def __init__(self, function, fails=lambda *params: False):
        self.function, self.fails, self.calls = function, fails, 0

    def __call__(self, x, a, tau, c):
        self.calls += 1
        if self.fails(a, tau, c):
            raise RuntimeError("no such material")
        return self.function(x, a, tau, c)


def integral(x, a, tau, c):
    return np.array([a * quad(lambda t: math.exp(-t / tau), 0.0, float(end))[0] for end in x[::32].repeat(32)]) + c


def test_a_function_of_points_is_called_some_fifty_times():
    counted = Counted(decay)
    Model.from_function(counted).guess(X, decay(X, 3.0, 2.0, 1.0))
    assert counted.calls <= 60


def test_a_function_of_one_set_of_parameters_is_called_at_most_600_times():
    counted = Counted(lambda x, a, tau, c: decay(x, a, tau, c) if tau > 0 else np.full(x.size, c))
    guess = Model.from_function(counted).guess(X, decay(X, 3.0, 2.0, 1.0))
    assert counted.calls <= MOST_CALLS
    assert guess == pytest.approx({"a": 3.0, "tau": 2.0, "c": 1.0}, rel=0.05)


def test_an_exception_at_some_draws_does_not_end_the_guess():
    counted = Counted(decay, fails=lambda a, tau, c: np.any(tau < 0.5))
    guess = Model.from_function(counted).guess(X, decay(X, 3.0, 2.0, 1.0))
    assert guess == pytest.approx({"a": 3.0, "tau": 2.0, "c": 1.0}, rel=0.05)


@pytest.mark.parametrize("function", [Counted(decay, lambda *params: True), lambda x, a, b=3.0: a * b * np.ones(7)])
def test_a_function_that_always_fails_keeps_its_defaults(function):
    model = Model.from_function(function)
    assert model.guess(X, X) == {spec.name: spec.default for spec in model.parameters}


def test_two_guesses_are_the_same():
    for what in ("a*sin(w*x+p)+c", decay, decay_of_one_sign):
        y = observed(model_of(decay), X, (3.0, 2.0, 1.0), np.random.default_rng(0))
        assert model_of(what).guess(X, y) == model_of(what).guess(X, y)


def accumulated(x, a, tau):
    return a * jnp.cumsum(jnp.exp(-x / tau))


def name_of(what):
    return getattr(what, "__name__", what)


@pytest.mark.parametrize("what", ["a*exp(-x/tau)+c", lorentzian, decay, accumulated], ids=name_of)
def test_a_second_guess_compiles_nothing_whatever_the_number_of_points(what, compilations):
    y = decay(X, 3.0, 2.0, 1.0)
    model_of(what).guess(X, y)
    with compilations() as compiled:
        model_of(what).guess(X[:77], y[:77])
    assert compiled.names == []


def test_a_constant_that_has_changed_is_seen():
    held = {"offset": 0.0}

    def raised(x, a):
        return a * jnp.cumsum(x) + held["offset"]

    draws = np.ones((3, 1))
    for offset in (0.0, 5.0):
        held["offset"] = offset
        np.testing.assert_allclose(Rows(raised, X, draws)(draws)[0], np.cumsum(X) + offset, rtol=1e-12)


@pytest.mark.parametrize(
    ("function", "slow"),
    [
        (lambda x, a, b: a * np.exp(-b * x), False),
        (lambda x, a, b: a * jnp.exp(-b * x) + x.mean(), False),
        (lambda x, a, b: a, False),
        (accumulated, True),
        (lambda x, a, b: a * np.cumsum(b * x), True),
        (lambda x, a, b: a * x if b > 0.5 else 0.0 * x, True),
        (lambda x, a, b: np.array([a * math.exp(-b * point) for point in x]), True),
    ],
)
def test_rows_are_what_the_function_says_of_each_set(function, slow):
    draws = np.random.default_rng(0).uniform(0.1, 1.0, (300, 2))
    rows = Rows(function, X, draws)
    assert rows.slow is slow
    expected = [np.broadcast_to(function(X, *draw.tolist()), X.shape) for draw in draws]
    np.testing.assert_allclose(rows(draws), expected, rtol=1e-12)


def test_complex_values_are_none():
    assert np.isnan(Rows(lambda x, a: a * np.exp(1j * x), X, np.ones((3, 1)))(np.ones((3, 1)))).all()


# --- structure


def structure_of(text):
    model = Model.from_expression(text)
    rng = np.random.default_rng(0)
    x, bases = rng.uniform(0.5, 2.5, (6, 64)), rng.uniform(0.3, 3.0, (6, len(model.parameters)))
    found = structure(Rows(model.function, x[0], bases), x, bases)
    return {spec.name: tuple(column[j] for column in found) for j, spec in enumerate(model.parameters)}


LINEAR = "linear"


@pytest.mark.parametrize(
    ("text", "expected"),
    [  # name: linear, or the powers of the units of x and of y, and whether it is a position
        ("a*exp(-x/tau)+c", {"a": LINEAR, "tau": (1, 0, 0), "c": LINEAR}),
        ("a*exp(-(x-m)**2/s**2)+b*x+c", {"a": LINEAR, "m": (1, 0, 1), "s": (1, 0, 0), "b": LINEAR, "c": LINEAR}),
        ("a*sin(w*x+p)", {"a": LINEAR, "w": (-1, 0, 0), "p": (0, 0, 0)}),
        ("a*exp(-x**2/(4*D))", {"a": LINEAR, "D": (2, 0, 0)}),
        ("a*tanh((x+x0)/w)", {"a": LINEAR, "x0": (1, 0, -1), "w": (1, 0, 0)}),
        ("y0*k/(y0+(k-y0)*exp(-r*x))", {"y0": (0, 1, 0), "k": (0, 1, 0), "r": (-1, 0, 0)}),
        ("1/(a+b*x)", {"a": (0, -1, 0), "b": (-1, -1, 0)}),
        ("a*x**n", {"a": LINEAR, "n": (0, 0, 0)}),
        ("a*x + a**2 + b", {"a": (-1, 1, 0), "b": LINEAR}),
    ],
)
def test_structure_is_that_of_the_formula(text, expected):
    found = structure_of(text)
    assert {name for name, (linear, *_) in found.items() if linear} == {n for n, e in expected.items() if e is LINEAR}
    for name, powers in expected.items():
        if powers is not LINEAR:
            assert found[name][1:] == pytest.approx(powers, abs=0.01), name


def test_a_power_that_depends_on_another_parameter_is_not_known():
    found = structure_of("a*x**n/(k + x**n)")
    assert np.isnan(found["k"][1]) and found["n"][1] == pytest.approx(0.0, abs=0.01)


def test_of_two_factors_one_is_linear():
    found = structure_of("a*b*x + c")
    assert [found[name][0] for name in "abc"] == [True, False, True]
