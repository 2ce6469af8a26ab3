"""SciPy's own tests of `least_squares(method='trf')` and `curve_fit`, aimed at trfkit; 91 of the 92 as they are.

The tests come with SciPy's wheel. They find the functions under test as globals of their modules, so those names are
replaced; every call is counted and SciPy's own solvers are walled off, so a run that tests SciPy cannot pass.
"""

import contextlib
import importlib
import math
import multiprocessing

import jax
import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import _minpack_py as scipy_minpack
from scipy.optimize.tests import test_least_squares as scipy_test_least_squares
from scipy.optimize.tests import test_minpack as scipy_test_minpack

import trfkit

# By name, for the package `_lsq` shows its function under the name of this module.
scipy_lsq = importlib.import_module("scipy.optimize._lsq.least_squares")


class _Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function = function
        self.calls = 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self.function(*args, **kwargs)


def _walled_off(*args, **kwargs):
    raise AssertionError("a test aimed at trfkit reached SciPy's own solver")


@contextlib.contextmanager
def _aimed_at(function, *places):
    """Put the function in the given (module, name) places; on leaving, insist that it was called.

    SciPy's models broadcast as NumPy does, so they get JAX's default, too.
    """
    counted = _Counted(function)
    with pytest.MonkeyPatch.context() as patch, jax.numpy_rank_promotion("allow"):
        for solver in ["trf", "dogbox", "call_minpack"]:
            patch.setattr(scipy_lsq, solver, _walled_off)
        patch.setattr(scipy_minpack, "leastsq", _walled_off)
        for module, name in places:
            patch.setattr(module, name, counted)
        yield
    assert counted.calls > 0, f"the test never called trfkit.{function.__name__}"


class TestTRF(scipy_test_least_squares.TestTRF):
    """SciPy's tests of the TRF method of `least_squares`."""

    @pytest.fixture(autouse=True)
    def aim(self, monkeypatch):
        # test_workers opens a Pool; a child forked from a process with XLA's threads may hang, a spawned one not.
        monkeypatch.setattr(scipy_test_least_squares, "Pool", multiprocessing.get_context("spawn").Pool)
        with _aimed_at(trfkit.least_squares, (scipy_test_least_squares, "least_squares")):
            yield


class TestCurveFit(scipy_test_minpack.TestCurveFit):
    """SciPy's tests of `curve_fit`; one of them calls it as `optimize.curve_fit`."""

    @pytest.fixture(autouse=True)
    def aim(self):
        with _aimed_at(trfkit.curve_fit, (scipy_test_minpack, "curve_fit"), (scipy.optimize, "curve_fit")):
            yield

    def test_gh4555b(self):
        """The one exception of the 92: its reference is not the covariance at the optimum, and ours is.

        The reference was recorded from MINPACK, whose last Jacobian is that of the point before its last step; it is
        1.6e-6 from the truth, where the test allows 2e-7. SciPy's own method='trf' fails this test in the same way.
        """
        with pytest.raises(AssertionError, match="Max relative difference among violations: 1.[56]"):
            super().test_gh4555b()

        def model(x, a, b, c):
            return a * np.exp(-b * x) + c

        x = np.linspace(0, 4, 50)
        y = model(x, 2.5, 1.3, 0.5) + 0.2 * np.random.default_rng(408113519974467917).normal(size=50)
        (a, b, c), pcov = trfkit.curve_fit(model, x, y)
        J = np.stack([np.exp(-b * x), -a * x * np.exp(-b * x), np.ones(50)], axis=1)
        variance = np.sum((model(x, a, b, c) - y) ** 2) / (50 - 3)
        np.testing.assert_allclose(pcov, np.linalg.inv(J.T @ J) * variance, rtol=2e-7)


def _cases(suite):
    """How many tests pytest makes of a class, its parametrizations multiplied out."""
    tests = [getattr(suite, name) for name in dir(suite) if name.startswith("test")]
    return sum(
        math.prod(len(mark.args[1]) for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize")
        for test in tests
    )


@pytest.mark.parametrize("suite", [TestTRF, TestCurveFit])
def test_all_46_cases_are_here(suite):
    assert _cases(suite) == 46


def test_a_run_that_is_not_aimed_at_trfkit_fails():
    with pytest.raises(AssertionError, match="reached SciPy's own solver"), _aimed_at(trfkit.curve_fit):
        scipy.optimize.curve_fit(lambda x, a: a * x, [1.0, 2.0], [2.0, 4.0])
    with pytest.raises(AssertionError, match="never called"), _aimed_at(trfkit.least_squares):
        pass
