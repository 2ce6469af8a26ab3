"""Fits to report on: what a report reads of a fit, over real parameters, models and solutions of the solver."""

import math
from dataclasses import dataclass, field
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.fitting.curve_fit import fit_curve
from trfkit.models import ExponentialDecay, Gaussian, Line, Model
from trfkit.parameters import Parameter, Parameters
from trfkit.statistics.goodness import WeightedSet, goodness


@dataclass
class Fit:
    """The fields of a fit's result that reports read, derived from a solution by the shortest way."""

    sets: tuple
    initial: Parameters
    solution: object
    y: np.ndarray
    sigma: float | None = None
    stderr_of_ties: dict[str, float] = field(default_factory=dict)

    def __post_init__(self):
        s = self.solution
        self.names, self.free_names = tuple(self.initial), self.initial.free_names
        self.parameters = self.initial.with_values(dict(zip(self.free_names, s.x.tolist(), strict=True)))
        self.values = self.parameters.full_values
        errors = np.full(s.x.size, math.nan) if s.stderr is None else s.stderr
        fitted = dict(zip(self.free_names, errors.tolist(), strict=True)) | self.stderr_of_ties
        self.stderr = {name: fitted.get(name, 0.0) for name in self.names}
        self.success, self.message, self.nfev = s.success, s.message, s.nfev
        self.notes = s.notes if s.success else (f"The fit did not converge: {s.message}", *s.notes)
        self.warnings = self.notes
        with np.errstate(invalid="ignore"):
            self.correlation = (np.nan if s.pcov is None else s.pcov) / np.outer(errors, errors)
        parts = np.array_split(s.fun, len(self.sets))
        self.residuals = {each.name: -part for each, part in zip(self.sets, parts, strict=True)}
        m = s.fun.size
        self.absolute_sigma = self.sigma is not None
        weight = np.ones(m) / (self.sigma or 1.0)
        self.goodness = goodness(
            [WeightedSet(-s.fun, self.y * weight, weight, np.arange(m))], s.x.size, self.absolute_sigma
        )


def data_set(name, model):
    return SimpleNamespace(name=name, model=model)


X = np.linspace(0.0, 10.0, 60)
NOISE = np.random.default_rng(3).normal(0.0, 0.05, X.size)


@pytest.fixture(scope="session")
def decay():
    """A decay over a fixed background, with units and a bound."""
    model = ExponentialDecay() + Line()
    initial = Parameters(
        [
            Parameter("amplitude", 2.0, unit="V"),
            Parameter("tau", 1.0, min=0.0, unit="s"),
            Parameter("slope", 0.0, fixed=True, unit="V/s"),
            Parameter("intercept", 0.1, unit="V"),
        ]
    )
    y = 3.0 * np.exp(-X / 2.5) + 0.5 + NOISE
    solution = fit_curve(lambda x, amplitude, tau, intercept: amplitude * jnp.exp(-x / tau) + intercept, X, y,
                         [2.0, 1.0, 0.1], bounds=([-np.inf, 0.0, -np.inf], np.inf))  # fmt: skip
    return Fit((data_set("", model),), initial, solution, y)


@pytest.fixture(scope="session")
def joint():
    """Two peaks in two data sets, the width in common, one center tied to the other, prior knowledge of the width."""
    initial = Parameters(
        [
            Parameter("height_cold", 1e5),
            Parameter("center_cold", 4.0, min=0.0, max=10.0, unit="nm"),
            Parameter("sigma", 1.0, min=0.0, unit="nm", prior=(1.0, 0.2)),
            Parameter("height_hot", 2e-5),
            Parameter("center_hot", unit="nm", tie="center_cold + 0.5"),
        ]
    )

    def peaks(x, height_cold, center_cold, sigma, height_hot):
        cold = 1e-5 * height_cold * jnp.exp(-0.5 * ((x - center_cold) / sigma) ** 2)
        hot = 1e5 * height_hot * jnp.exp(-0.5 * ((x - center_cold - 0.5) / sigma) ** 2)
        return jnp.concatenate([cold[:30], hot[30:]])

    x = np.tile(np.linspace(0.0, 10.0, 30), 2)
    y = np.asarray(peaks(x, 1.3e5, 4.2, 0.9, 1.7e-5)) + NOISE
    solution = fit_curve(peaks, x, y, [1e5, 4.0, 1.0, 2e-5], sigma=0.05, absolute_sigma=True)
    errors = {"center_hot": float(solution.stderr[1])}
    return Fit((data_set("cold", Gaussian()), data_set("hot", Gaussian())), initial, solution, y, 0.05, errors)


@pytest.fixture(scope="session")
def undetermined():
    """Two parameters of which the data know only the sum."""
    initial = Parameters([Parameter("a", 1.0), Parameter("b", 1.0)])
    y = 2.1 * X + NOISE
    solution = fit_curve(lambda x, a, b: (a + b) * x, X, y, [1.0, 1.0])
    return Fit((data_set("", Model.from_expression("(a + b)*x")),), initial, solution, y)


@pytest.fixture(scope="session")
def at_bound():
    """A slope that wants to be negative, and may not."""
    initial = Parameters([Parameter("slope", 1.0, min=0.0, max=5.0), Parameter("intercept", 0.0)])
    y = 1.0 - 0.1 * X + NOISE
    solution = fit_curve(
        lambda x, slope, intercept: slope * x + intercept, X, y, [1.0, 0.0],
        bounds=([0.0, -np.inf], [5.0, np.inf]),
    )  # fmt: skip
    return Fit((data_set("", Line()),), initial, solution, y)


@pytest.fixture(scope="session")
def no_covariance(decay):
    """The decay, as if its Jacobian had never been formed, stopped before its end."""
    solution = decay.solution.copy()
    missing = dict.fromkeys(("cov_x", "pcov", "stderr", "condition_number", "rank", "weakest_direction"))
    solution.update(missing, success=False, message="Stopped by the user; the best point so far is kept.")
    return Fit(decay.sets, decay.initial, solution, decay.y)


@pytest.fixture(scope="session")
def hostile(decay):
    """The decay, with a data set, units and a note that are full of other languages' marks."""
    initial = decay.initial.set("tau", unit="<script>alert(1)</script>").set("amplitude", unit="a|b_c*d $x$ 50% \\")
    fit = Fit((data_set("<b>&", decay.sets[0].model), data_set("two", Line())), initial, decay.solution, decay.y)
    fit.warnings = fit.notes = ("x < 0 & y > 0 <img src=x>",)
    return fit


@pytest.fixture
def every_fit(decay, joint, undetermined, at_bound, no_covariance, hostile):
    """All of them by name."""
    return {
        "decay": decay,
        "joint": joint,
        "undetermined": undetermined,
        "at bound": at_bound,
        "no covariance": no_covariance,
        "hostile": hostile,
    }
