"""Which grips a model has: those of the library by its function, points to pull at for any other."""

from functools import partial

import numpy as np

from .. import decays, growth, physics, polynomials
from .. import oscillations as waves
from .. import peaks as lines
from ..model import Model
from ..steps import RectangleFunction, StepFunction
from . import curves, levels, oscillations, peaks
from .curve import curve
from .grip import Grip

PULLED = 5  # points spread over the plot

GRIPS = (
    (polynomials.constant, curves.CONSTANT),
    (polynomials.line, curves.LINE),
    (lines.gaussian, peaks.GAUSSIAN),
    (lines.lorentzian, peaks.LORENTZIAN),
    (lines.voigt, peaks.VOIGT),
    (lines.pseudo_voigt, peaks.PSEUDO_VOIGT),
    (lines.skewed_gaussian, peaks.SKEWED_GAUSSIAN),
    (lines.breit_wigner_fano, peaks.BREIT_WIGNER_FANO),
    (decays.exponential_decay, curves.EXPONENTIAL_DECAY),
    (decays.exponential_growth, curves.EXPONENTIAL_GROWTH),
    (decays.stretched_exponential, curves.STRETCHED_EXPONENTIAL),
    (decays.biexponential, curves.BIEXPONENTIAL),
    (decays.power_law, curves.POWER_LAW),
    (growth.logistic, levels.LOGISTIC),
    (growth.logistic4, levels.LOGISTIC4),
    (growth.logistic5, levels.LOGISTIC5),
    (growth.gompertz, levels.GOMPERTZ),
    (growth.michaelis_menten, levels.MICHAELIS_MENTEN),
    (growth.hill, levels.HILL),
    (waves.sine_with_trend, oscillations.SINE_WITH_TREND),
    (waves.damped_oscillation, oscillations.DAMPED_OSCILLATION),
    (physics.planck, levels.PLANCK),
    (physics.arrhenius, curves.ARRHENIUS),
    (physics.debye_relaxation, levels.DEBYE_RELAXATION),
    (physics.erfc_diffusion, levels.ERFC_DIFFUSION),
)
FAMILIES = {
    polynomials.PolynomialFunction: lambda function: curves.polynomial(function.degree),
    StepFunction: lambda function: levels.step(function.form),
    RectangleFunction: lambda function: levels.rectangle(function.form),
}


def grips(model: Model) -> tuple[Grip, ...]:
    """The grips of a model without components, in the order in which a keyboard goes through them."""
    function = model.function
    if type(function) in FAMILIES:
        return FAMILIES[type(function)](function)
    return next((own for known, own in GRIPS if known is function), None) or _points(function, len(model.parameters))


def _points(function, count: int) -> tuple[Grip, ...]:
    """Points on the curve of any function, all of whose parameters they may move."""
    every = tuple(range(count))
    return tuple(
        Grip(f"pull.{k}", f"point {k + 1}", every, "y", partial(_point, function, k))
        for k in range(PULLED if count else 0)
    )


def _point(function, k, span, *p):
    x = span.low + (k + 0.5) / PULLED * (span.high - span.low)
    return x, curve(function, np.array([x]), p)[0]
