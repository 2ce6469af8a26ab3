"""trfkit: fit models to data and see the fit think.

Trust-region-reflective least squares in JAX: `fit` for models with named parameters, SciPy's two functions, and a live
view in Jupyter (`trfkit.widgets`). The library of models is `trfkit.models`.
"""

import os

import jax

# Fits need float64: with float32 a Jacobian of condition 10⁴ leaves no digits in a standard error. Set JAX_ENABLE_X64
# to choose.
if "JAX_ENABLE_X64" not in os.environ:
    jax.config.update("jax_enable_x64", True)

from .batch.fit_many import fit_many  # noqa: E402
from .batch.many_result import ManyResult  # noqa: E402
from .core.jit_functions import TrustRegionJITFunctions  # noqa: E402
from .fitting.curve_fit import curve_fit  # noqa: E402
from .fitting.least_squares import least_squares  # noqa: E402
from .fitting.result import LeastSquaresResult  # noqa: E402
from .interactive import interact  # noqa: E402
from .models import Model  # noqa: E402
from .parameters import Parameters  # noqa: E402
from .profiling import FitProfile, profile  # noqa: E402
from .results.comparison import compare  # noqa: E402
from .results.fit import fit  # noqa: E402
from .results.fit_result import FitResult  # noqa: E402
from .trace import Trace  # noqa: E402

__version__ = "0.1.0"
__all__ = [
    "FitProfile", "FitResult", "LeastSquaresResult", "ManyResult", "Model", "Parameters", "Trace",
    "TrustRegionJITFunctions", "compare", "curve_fit", "fit", "fit_many", "interact", "least_squares", "profile",
]  # fmt: skip
