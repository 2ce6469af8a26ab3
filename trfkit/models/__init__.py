"""Models to fit: a library with the field's standard names, sums and products of them, functions and typed formulas.

model           Model, ParameterSpec
composite       sums, products and typed formulas as functions; display: how a model looks in a notebook
expression      text -> formula, safely
guess           starting values for any model, from separable (grids of shapes), matching (which shape for which part of
                a sum) and peak_finding; and probing, for a function of which nothing is known, from rows (its values
                at many parameters at once) and structure (what is linear, and in what units)
handles         where a model can be taken hold of on a plot, and what dragging does to its parameters
document        a model as plain data and back; origin: how it was made
the library     polynomials, peaks (and voigt), decays, growth, steps, oscillations, physics, images
"""

from .decays import BiExponential, ExponentialDecay, ExponentialGrowth, PowerLaw, StretchedExponential
from .expression import Expression, ExpressionError, parse
from .growth import Gompertz, Hill, Logistic, Logistic4, Logistic5, MichaelisMenten
from .images import Gaussian2D
from .model import Model, ParameterSpec
from .oscillations import DampedOscillation, SineWithTrend
from .peak_finding import Peak, find_peaks
from .peaks import BreitWignerFano, Gaussian, Lorentzian, PseudoVoigt, SkewedGaussian, Voigt
from .physics import Arrhenius, DebyeRelaxation, ErfcDiffusion, Planck
from .polynomials import Constant, Line, Polynomial
from .steps import Rectangle, Step

# The library in the order of a menu; Polynomial wants a degree, Step and Rectangle take a form, all take a prefix.
LIBRARY = (
    Constant, Line, Polynomial,
    Gaussian, Lorentzian, Voigt, PseudoVoigt, SkewedGaussian, BreitWignerFano,
    ExponentialDecay, ExponentialGrowth, StretchedExponential, BiExponential, PowerLaw,
    Logistic, Logistic4, Logistic5, Gompertz, MichaelisMenten, Hill,
    Step, Rectangle,
    SineWithTrend, DampedOscillation,
    Planck, Arrhenius, DebyeRelaxation, ErfcDiffusion,
    Gaussian2D,
)  # fmt: skip

__all__ = [
    "LIBRARY", "Expression", "ExpressionError", "Model", "ParameterSpec", "Peak", "find_peaks", "parse",
    *(factory.__name__ for factory in LIBRARY),
]  # fmt: skip
