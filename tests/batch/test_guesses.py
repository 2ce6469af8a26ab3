"""Starts of many fits: their own where they are few, else the nearest of some."""

import numpy as np
import pytest

from trfkit.batch.curves import Curves
from trfkit.batch.guesses import MOST_GUESSES, MOST_TRIED, guesses
from trfkit.fitting.joint import DataSet, Joint
from trfkit.models import ExponentialDecay, Gaussian
from trfkit.parameters import Parameter, Parameters

X = np.linspace(-5, 5, 50)
MODEL = Gaussian()
NAMES = MODEL.parameter_names


def _joint(x=X, model=MODEL):
    parameters = Parameters(Parameter(name) for name in model.parameter_names)
    data = DataSet("", model, model.parameter_names, x, np.zeros(50))
    return Joint([data], parameters, {}, False)


def _peaks(B, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.uniform(-4, 4, B)
    return centers, 2 * np.exp(-0.5 * ((X - centers[:, None]) / 0.5) ** 2) + 0.02 * rng.standard_normal((B, 50))


def _found(curves, known=None, needed=3, joint=None):
    return guesses(curves, MODEL, joint or _joint(), known or {}, needed)


def test_few_fits_have_their_own_guesses():
    _, y = _peaks(5)
    y[3] = np.nan
    y[1, :30] = np.nan
    found = _found(Curves(MODEL, X, y, nan_policy="omit"))
    assert found.note == "" and np.isnan(found.values[3]).all()
    for i in (0, 2, 4):
        np.testing.assert_array_equal(found.values[i], list(MODEL.guess(X, y[i]).values()))
    np.testing.assert_array_equal(found.values[1], list(MODEL.guess(X[30:], y[1, 30:]).values()))


def test_many_fits_share_some_guesses_and_each_has_a_near_one():
    centers, y = _peaks(1000)
    y[7] = np.nan
    found = _found(Curves(MODEL, X, y, sigma=np.full(y.shape, 0.1), nan_policy="omit"))
    assert f"guessed from {MOST_GUESSES} of 1000 fits" in found.note
    assert len(np.unique(found.values[np.arange(1000) != 7], axis=0)) <= MOST_GUESSES + 1
    assert np.isnan(found.values[7]).all()
    assert np.quantile(np.abs(found.values[:, 1] - centers)[np.arange(1000) != 7], 0.95) < 0.3


def test_values_that_are_known_are_those_the_guesses_are_compared_with():
    _, y = _peaks(100)
    found = _found(Curves(MODEL, X, y), {"sigma": 0.25})
    assert (found.values[:, 2] == 0.25).all()


def test_fits_with_x_of_their_own_try_fewer():
    centers, y = _peaks(100)
    x = np.tile(X, (100, 1))
    found = _found(Curves(MODEL, x, y))
    assert f"guessed from {MOST_TRIED} of 100 fits;" in found.note
    same = _found(Curves(MODEL, X, y)).values
    assert np.median(np.abs(found.values[:, 1] - centers)) >= np.median(np.abs(same[:, 1] - centers))
    assert np.median(np.abs(found.values[:, 1] - centers)) < 1.0


def test_noise_of_one_curve_is_none_of_the_median():
    model, rng = ExponentialDecay(), np.random.default_rng(1)
    x = np.linspace(0.1, 5, 50)
    y = 3 * np.exp(-x / 1.5) + 2.0 * rng.standard_normal((400, 50))
    found = guesses(Curves(model, x, y), model, _joint(x, model), {}, 2)
    at_truth = np.abs(np.array(found.values) - [3, 1.5]).sum(axis=1)
    assert at_truth.min() < 1.0


def test_nothing_is_guessed_from_what_is_no_array():
    with pytest.raises(ValueError, match="nothing can be guessed from x of type dict: give `start`"):
        _found(Curves(MODEL, {"x": X}, _peaks(3)[1]))
