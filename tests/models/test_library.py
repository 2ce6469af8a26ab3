"""Each library model fits its own noisy data from its own guess: as well as a fit that starts from the truth.

The signal is twenty times the noise; the ranges that the parameters are drawn from stand beside each model.
"""

import numpy as np
import pytest

from trfkit import models
from trfkit.core.rows import works_row_by_row
from trfkit.fitting.curve_fit import fit_curve


def uniform(rng, low, high):
    return float(rng.uniform(low, high))


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def sign(rng):
    return float(rng.choice([-1, 1]))


def scale(rng):
    return log_uniform(rng, 0.1, 100)


U, L, S, A = uniform, log_uniform, sign, scale
X = np.linspace(0, 10, 1000)
FREQUENCIES = np.geomspace(0.05, 50, 150)
PIXELS = np.stack([axis.ravel() for axis in np.meshgrid(np.arange(24.0), np.arange(24.0))])

# name: model, x, and how its parameters are drawn
# fmt: off
CASES = {
    'Constant':(models.Constant(),X,lambda r:(S(r)*A(r),)),
    'Line':(models.Line(),X,lambda r:(U(r,-5,5),U(r,-20,20))),
    'Polynomial':(models.Polynomial(3),X,lambda r:(U(r,-20,20),U(r,-10,10),U(r,-2,2),U(r,-.3,.3))),
    'Gaussian':(models.Gaussian(),X,lambda r:(S(r)*A(r),U(r,1,9),L(r,.15,2))),
    'Lorentzian':(models.Lorentzian(),X,lambda r:(S(r)*A(r),U(r,1,9),L(r,.15,2))),
    'Voigt':(models.Voigt(),X,lambda r:(A(r),U(r,2,8),L(r,.2,1),L(r,.2,1))),
    'PseudoVoigt':(models.PseudoVoigt(),X,lambda r:(A(r),U(r,2,8),L(r,.5,3),U(r,.2,.8))),
    'SkewedGaussian':(models.SkewedGaussian(),X,lambda r:(A(r),U(r,3,7),L(r,.5,2),U(r,1,5)*S(r))),
    'BreitWignerFano':(models.BreitWignerFano(),X,lambda r:(A(r),U(r,2,8),L(r,.4,3),U(r,-4,4))),
    'ExponentialDecay':(models.ExponentialDecay(),X,lambda r:(S(r)*A(r),L(r,.2,20))),
    'ExponentialGrowth':(models.ExponentialGrowth(),X,lambda r:(A(r),L(r,.05,2))),
    'StretchedExponential':(models.StretchedExponential(),X,lambda r:(A(r),L(r,.3,5),U(r,.5,2))),
    'BiExponential':(models.BiExponential(),X,lambda r:(lambda A,t:(A,t,A*L(r,.3,3),t*L(r,6,15)))(A(r),L(r,.2,1))),
    'PowerLaw':(models.PowerLaw(),np.linspace(.1,10,200),lambda r:(A(r),U(r,-2,3))),
    'Logistic':(models.Logistic(),X,lambda r:(A(r),U(r,3,7),S(r)*L(r,.7,7))),
    'Logistic4':(models.Logistic4(),X,lambda r:(lambda b:(b,b+A(r),U(r,3,7),S(r)*L(r,.7,7)))(U(r,-10,10))),
    'Logistic5':(models.Logistic5(),X,lambda r:(lambda b:(b,b+A(r),U(r,4,6),S(r)*L(r,1.5,6),L(r,.5,2)))(U(r,-10,10))),
    'Gompertz':(models.Gompertz(),X,lambda r:(A(r),U(r,2,7),L(r,.5,5))),
    'MichaelisMenten':(models.MichaelisMenten(),X,lambda r:(A(r),L(r,.2,10))),
    'Hill':(models.Hill(),X,lambda r:(A(r),L(r,.7,6),L(r,.8,6))),
    'Step':(models.Step(),X,lambda r:(S(r)*A(r),U(r,2,8),L(r,.15,1.5))),
    'Step arctan':(models.Step(form='arctan'),X,lambda r:(S(r)*A(r),U(r,2,8),L(r,.15,1.5))),
    'Step logistic':(models.Step(form='logistic'),X,lambda r:(S(r)*A(r),U(r,2,8),L(r,.15,1.5))),
    'Rectangle':(models.Rectangle(),X,lambda r:(S(r)*A(r),U(r,1.5,4),U(r,6,8.5),L(r,.15,.6),L(r,.15,.6))),
    'Rectangle arctan':(models.Rectangle(form='arctan'),X,
        lambda r:(S(r)*A(r),U(r,1.5,4),U(r,6,8.5),L(r,.15,.6),L(r,.15,.6))),
    'Rectangle logistic':(models.Rectangle(form='logistic'),X,
        lambda r:(S(r)*A(r),U(r,1.5,4),U(r,6,8.5),L(r,.1,.4),L(r,.1,.4))),
    'SineWithTrend':(models.SineWithTrend(),X,lambda r:(A(r),L(r,.1,6),U(r,-3,3),U(r,-1,1),U(r,-10,10))),
    'DampedOscillation':(models.DampedOscillation(),X,lambda r:(A(r),L(r,.2,5),U(r,-3,3),L(r,1,10))),
    'Planck':(models.Planck(),np.linspace(.3,20,200),lambda r:(L(r,1e-3,1e3),L(r,250,6000))),
    'Arrhenius':(models.Arrhenius(),np.linspace(280,450,100),lambda r:(L(r,1e3,1e12),L(r,1e4,1e5))),
    'DebyeRelaxation':(models.DebyeRelaxation(),FREQUENCIES,lambda r:(U(r,0,10),A(r),L(r,.1,5))),
    'ErfcDiffusion':(models.ErfcDiffusion(),X,lambda r:(U(r,-10,10),U(r,-10,10),L(r,.5,8))),
    'Gaussian2D':(models.Gaussian2D(),PIXELS,
        lambda r:(S(r)*A(r),U(r,7,16),U(r,7,16),L(r,1.2,2),L(r,2.4,4),U(r,-1.5,1.5))),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_model_fits_its_own_data_from_its_own_guess(name):
    model, x, draw = CASES[name]
    rng = np.random.default_rng(1)
    reached = 0
    for _ in range(100):
        truth = draw(rng)
        signal = np.asarray(model(x, *truth))
        y = signal + (np.ptp(signal) or abs(signal[0])) / 20 * rng.standard_normal(signal.size)
        guess = list(model.guess(x, y).values())
        low, high = model.bounds
        assert np.all(np.isfinite(guess)) and np.all(guess >= np.asarray(low)) and np.all(guess <= np.asarray(high))
        found, best = (fit_curve(model.function, x, y, p0=p0, bounds=model.bounds) for p0 in (guess, truth))
        reached += found.cost <= best.cost * (1 + 1e-6)
    assert reached >= 98


@pytest.mark.parametrize("name", CASES)
def test_model_works_point_by_point(name):
    model, x, draw = CASES[name]
    params = draw(np.random.default_rng(0))
    assert works_row_by_row(model.function, x, params, x.shape[-1])


@pytest.mark.parametrize("name", CASES)
def test_model_says_what_its_parameters_are(name):
    model, _, draw = CASES[name]
    assert len(model.parameters) == len(draw(np.random.default_rng(0)))
    assert model.formula and all(p.description for p in model.parameters)


def test_equal_models_are_equal_and_hash_alike():
    assert models.Gaussian("a") == models.Gaussian("a")
    assert hash(models.Gaussian("a") + models.Line()) == hash(models.Gaussian("a") + models.Line())
    assert models.Gaussian("a") != models.Gaussian("b")


def test_sum_names_its_parameters_by_prefix_and_is_the_sum():
    model = models.Gaussian("a") + models.Gaussian("b") + models.Line()
    assert model.parameter_names[:3] == ("a.height", "a.center", "a.sigma")
    values = (3.0, 4.0, 0.5, 2.0, 7.0, 0.8, 0.1, 1.0)
    parts = models.Gaussian()(X, *values[:3]) + models.Gaussian()(X, *values[3:6]) + models.Line()(X, *values[6:])
    np.testing.assert_allclose(model(X, *values), parts, rtol=1e-14)


def test_two_models_with_the_same_prefix_are_refused():
    with pytest.raises(ValueError, match="prefix"):
        models.Gaussian("a") + models.Lorentzian("a")


def test_sum_guesses_what_its_parts_are():
    model = models.Gaussian("a") + models.Gaussian("b") + models.Line()
    rng = np.random.default_rng(3)
    reached = 0
    for _ in range(20):
        left, right = (U(rng, 3, 6), U(rng, 1.5, 4), U(rng, 0.3, 0.6)), (U(rng, 3, 6), U(rng, 6, 8.5), U(rng, 0.3, 0.6))
        truth = (*left, *right, 0.1, 1.0)
        signal = np.asarray(model(X, *truth))
        y = signal + np.ptp(signal) / 20 * rng.standard_normal(X.size)
        guess = list(model.guess(X, y).values())
        found, best = (fit_curve(model.function, X, y, p0=p0, bounds=model.bounds) for p0 in (guess, truth))
        reached += found.cost <= best.cost * (1 + 1e-6)
    assert reached >= 19


@pytest.mark.parametrize("y", [np.array([]), np.full(50, np.nan)], ids=["empty", "all NaN"])
def test_guess_needs_data(y):
    with pytest.raises(ValueError, match="."):
        models.Gaussian().guess(np.arange(float(y.size)), y)
