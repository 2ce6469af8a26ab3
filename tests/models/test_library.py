"""Every model of the library fits its own noisy data from its own guess.

Noise is normal, its standard deviation 1/20 of the extent of the clean curve. A fit counts if it ends where the fit
from the true parameters ends: a cost at most 1e-6 higher, relatively. CASES is the documentation of how far guesses
have been tried.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import matplotlib
import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

import trfkit.models as library
from trfkit.core.rows import works_row_by_row
from trfkit.fitting.curve_fit import fit_curve
from trfkit.models import (
    LIBRARY,
    Arrhenius,
    BiExponential,
    BreitWignerFano,
    Constant,
    DampedOscillation,
    DebyeRelaxation,
    ErfcDiffusion,
    ExponentialDecay,
    ExponentialGrowth,
    Gaussian,
    Gaussian2D,
    Gompertz,
    Hill,
    Line,
    Logistic,
    Logistic4,
    Logistic5,
    Lorentzian,
    MichaelisMenten,
    Model,
    Planck,
    Polynomial,
    PowerLaw,
    PseudoVoigt,
    Rectangle,
    SineWithTrend,
    SkewedGaussian,
    Step,
    StretchedExponential,
    Voigt,
)

SIGNAL_TO_NOISE = 20.0
DATA_SETS, AT_LEAST = 100, 98

X = np.linspace(0.0, 10.0, 200)
IMAGE = np.stack([axis.ravel() for axis in np.meshgrid(np.arange(24.0), np.arange(24.0))])


def even(low, high):
    """A number between low and high."""
    return lambda rng, drawn: rng.uniform(low, high)


def ratio(low, high):
    """A number between low and high, evenly in its logarithm."""
    return lambda rng, drawn: np.exp(rng.uniform(np.log(low), np.log(high)))


def signed(low, high):
    """The same, of either sign."""
    return lambda rng, drawn: rng.choice((-1.0, 1.0)) * ratio(low, high)(rng, drawn)


def plus(name, low, high):
    """More than another parameter by between low and high."""
    return lambda rng, drawn: drawn[name] + ratio(low, high)(rng, drawn)


def times(name, low, high):
    """Another parameter, times between low and high."""
    return lambda rng, drawn: drawn[name] * ratio(low, high)(rng, drawn)


@dataclass(frozen=True)
class Case:
    """A model, where it is observed, and what its parameters are drawn from."""

    model: Model
    x: np.ndarray
    ranges: dict[str, Callable]

    def draw(self, rng) -> np.ndarray:
        drawn = {}
        for name, rule in self.ranges.items():
            drawn[name] = rule(rng, drawn)
        return np.array([drawn[name] for name in self.model.parameter_names])


def case(model, x=X, **ranges):
    return Case(model, x, ranges)


SIZE = ratio(0.1, 100)
EDGE = {"center": even(2, 8), "width": ratio(0.15, 1.5)}
BOX = {"left": even(1.5, 4), "right": even(6, 8.5), "left_width": ratio(0.15, 0.6), "right_width": ratio(0.15, 0.6)}
CASES = [
    case(Constant(), offset=signed(0.1, 100)),
    case(Line(), slope=even(-5, 5), intercept=even(-20, 20)),
    case(Polynomial(3), c0=even(-20, 20), c1=even(-10, 10), c2=even(-2, 2), c3=even(-0.3, 0.3)),
    case(Gaussian(), height=signed(0.1, 100), center=even(1, 9), sigma=ratio(0.15, 2)),
    case(Lorentzian(), height=signed(0.1, 100), center=even(1, 9), gamma=ratio(0.15, 2)),
    case(Voigt(), area=SIZE, center=even(2, 8), sigma=ratio(0.2, 1), gamma=ratio(0.2, 1)),
    case(PseudoVoigt(), height=SIZE, center=even(2, 8), fwhm=ratio(0.5, 3), fraction=even(0.2, 0.8)),
    case(SkewedGaussian(), area=SIZE, location=even(3, 7), scale=ratio(0.5, 2), shape=signed(1, 5)),
    case(BreitWignerFano(), amplitude=SIZE, center=even(2, 8), width=ratio(0.4, 3), q=even(-4, 4)),
    case(ExponentialDecay(), amplitude=signed(0.1, 100), tau=ratio(0.2, 20)),
    case(ExponentialGrowth(), amplitude=SIZE, rate=ratio(0.05, 2)),
    case(StretchedExponential(), amplitude=SIZE, tau=ratio(0.3, 5), beta=even(0.5, 2)),
    case(
        BiExponential(),
        amplitude1=SIZE,
        tau1=ratio(0.2, 1),
        amplitude2=times("amplitude1", 0.3, 3),
        tau2=times("tau1", 6, 15),
    ),
    case(PowerLaw(), np.linspace(0.1, 10.0, 200), amplitude=SIZE, exponent=even(-2, 3)),
    case(Logistic(), height=SIZE, center=even(3, 7), rate=signed(0.7, 7)),
    case(Logistic4(), bottom=even(-10, 10), top=plus("bottom", 0.1, 100), center=even(3, 7), rate=signed(0.7, 7)),
    case(
        Logistic5(),
        bottom=even(-10, 10),
        top=plus("bottom", 0.1, 100),
        center=even(4, 6),
        rate=signed(1.5, 6),
        asymmetry=ratio(0.5, 2),
    ),
    case(Gompertz(), height=SIZE, center=even(2, 7), rate=ratio(0.5, 5)),
    case(MichaelisMenten(), vmax=SIZE, km=ratio(0.2, 10)),
    case(Hill(), top=SIZE, k=ratio(0.7, 6), n=ratio(0.8, 6)),
    *(case(Step(form=form), height=signed(0.1, 100), **EDGE) for form in ("erf", "arctan", "logistic")),
    *(case(Rectangle(form=form), height=signed(0.1, 100), **BOX) for form in ("erf", "arctan", "logistic")),
    case(
        SineWithTrend(),
        amplitude=SIZE,
        frequency=ratio(0.1, 6),
        phase=even(-3, 3),
        slope=even(-1, 1),
        intercept=even(-10, 10),
    ),
    case(DampedOscillation(), amplitude=SIZE, frequency=ratio(0.2, 5), phase=even(-3, 3), tau=ratio(1, 10)),
    case(Planck(), np.linspace(0.3, 20.0, 200), scale=ratio(1e-3, 1e3), temperature=ratio(250, 6000)),
    case(Arrhenius(), np.linspace(280.0, 450.0, 100), prefactor=ratio(1e3, 1e12), activation_energy=ratio(1e4, 1e5)),
    case(DebyeRelaxation(), np.geomspace(0.05, 50.0, 150), high=even(0, 10), strength=SIZE, tau=ratio(0.1, 5)),
    case(ErfcDiffusion(), surface=even(-10, 10), bulk=even(-10, 10), length=ratio(0.5, 8)),
    case(
        Gaussian2D(),
        IMAGE,
        height=signed(0.1, 100),
        center_x=even(7, 16),
        center_y=even(7, 16),
        sigma_x=ratio(1.2, 2),
        sigma_y=ratio(2.4, 4),
        angle=even(-1.5, 1.5),
    ),
]
EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: case.model.name)


def observed(case, truth, rng):
    """Noisy data of the model."""
    clean = np.asarray(case.model(case.x, *truth))
    extent = np.ptp(clean) or np.max(np.abs(clean))
    return clean + extent / SIGNAL_TO_NOISE * rng.standard_normal(clean.size)


@EVERY
def test_model_fits_its_own_noisy_data_from_its_own_guess(case):
    rng = np.random.default_rng(1)
    model, good = case.model, 0
    for _ in range(DATA_SETS):
        truth = case.draw(rng)
        y = observed(case, truth, rng)
        guess = np.array(list(model.guess(case.x, y).values()))
        from_guess, from_truth = (
            fit_curve(model.function, case.x, y, p0=start, bounds=model.bounds) for start in (guess, truth)
        )
        good += from_guess.cost <= from_truth.cost * (1.0 + 1e-6)
    assert good >= AT_LEAST


@EVERY
def test_guess_is_finite_and_within_bounds(case):
    rng = np.random.default_rng(2)
    lower, upper = case.model.bounds
    for _ in range(20):
        guess = case.model.guess(case.x, observed(case, case.draw(rng), rng))
        assert tuple(guess) == case.model.parameter_names
        values = np.array(list(guess.values()))
        assert np.all(np.isfinite(values) & (values >= lower) & (values <= upper))


@EVERY
def test_model_works_row_by_row(case):
    defaults = tuple(spec.default for spec in case.model.parameters)
    assert works_row_by_row(case.model.function, case.x, defaults, case.x.shape[-1])


@EVERY
def test_derivatives_are_finite_at_drawn_parameters(case):
    truth = case.draw(np.random.default_rng(3))
    jacobian = jax.jacfwd(lambda p: case.model.function(case.x, *p))(truth)
    assert jacobian.shape == (case.x.shape[-1], truth.size)
    assert np.all(np.isfinite(jacobian))


@EVERY
def test_columns_of_the_guess_are_those_of_the_function(case):
    """A separable guess states each formula a second time, in NumPy: at drawn shapes both must be the same curve."""
    model, rng = case.model, np.random.default_rng(4)
    with np.errstate(all="ignore"):  # as `guess` does
        grid = model.guesser.candidates(case.x, observed(case, case.draw(rng), rng))
        theta = grid.theta[rng.integers(len(grid.theta))]
        columns = model.guesser.matrix(case.x, theta[None])[0]
    c = rng.uniform(0.5, 1.5, len(columns))
    if model.name == "BreitWignerFano":  # three coefficients for amplitude (1, q² − 1, 2 q)
        c = np.array([1.3, 1.3 * (0.7**2 - 1.0), 1.3 * 2.0 * 0.7])
    values = model.guesser.values(case.x, theta, c)
    near = 0.03 if model.name == "Voigt" else 1e-9  # the guess of a Voigt profile goes by a pseudo-Voigt
    np.testing.assert_allclose(model(case.x, *values), c @ columns, atol=near * np.max(np.abs(c @ columns)))


@EVERY
def test_formula_names_every_parameter_and_can_be_set(case):
    model = case.model
    assert all(f"<{spec.name}>" in model.formula for spec in model.parameters)
    assert "<" not in model.latex
    MathTextParser("path").parse(f"${model.latex}$", prop=matplotlib.font_manager.FontProperties())


@EVERY
def test_parameters_are_described(case):
    assert all(spec.description for spec in case.model.parameters)
    assert all(spec.unit for spec in case.model.parameters if spec.name in ("height", "center", "sigma", "tau"))


@pytest.mark.parametrize("factory", LIBRARY, ids=lambda factory: factory.__name__)
def test_every_factory_is_exported_takes_a_prefix_and_is_tried(factory):
    arguments = (2,) if factory is Polynomial else ()
    model = factory(*arguments, prefix="a")
    assert factory.__name__ in library.__all__
    assert all(name.startswith("a.") for name in model.parameter_names)
    assert model == factory(*arguments, prefix="a") != factory(*arguments)
    assert any(case.model.name.startswith(factory.__name__) for case in CASES)


@pytest.mark.parametrize("degree", [-1, 21, 1.5, "2"])
def test_impossible_degrees_are_refused(degree):
    with pytest.raises(ValueError, match="whole number from 0 to 20"):
        Polynomial(degree)


@pytest.mark.parametrize("factory", [Step, Rectangle])
def test_unknown_edge_is_refused(factory):
    with pytest.raises(ValueError, match="'erf', 'arctan', 'logistic', got 'round'"):
        factory(form="round")


def test_planck_has_the_radiance_of_the_sun():
    # 5772 K at its maximum, 0.502 µm: 2.6e4 kW / (m² sr µm)
    assert float(Planck()(0.50204, 1.0, 5772.0)) == pytest.approx(2.623e7, rel=1e-3)


def test_hill_of_one_is_michaelis_menten():
    np.testing.assert_allclose(Hill()(X, 2.0, 3.0, 1.0), MichaelisMenten()(X, 2.0, 3.0), rtol=1e-12)


def test_models_are_finite_at_the_edge_of_their_domains():
    x = np.array([0.0, 1e-300, 1e300])
    for model, values in (
        (Hill(), (1.0, 2.0, 50.0)),
        (StretchedExponential(), (1.0, 2.0, 0.5)),
        (Logistic5(), (0.0, 1.0, 0.0, 5.0, 0.3)),
    ):
        assert np.all(np.isfinite(model(x, *values)))
        assert np.all(np.isfinite(jax.jacfwd(lambda p, f=model.function: f(x[:2], *p))(np.array(values))))
    assert np.all(np.isfinite(Planck()(np.array([1e-3, 1e3]), 1.0, 300.0)))
