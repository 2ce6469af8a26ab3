"""trfkit: fit models to data and see the fit think.

Trust-region-reflective least squares in JAX, with SciPy's two functions over it and a live view in Jupyter.
"""

import os

import jax

# Fits need float64: with float32 a Jacobian of condition 10⁴ leaves no digits in a standard error. Set JAX_ENABLE_X64
# to choose.
if "JAX_ENABLE_X64" not in os.environ:
    jax.config.update("jax_enable_x64", True)

from .core.jit_functions import TrustRegionJITFunctions  # noqa: E402
from .fitting.curve_fit import curve_fit  # noqa: E402
from .fitting.least_squares import least_squares  # noqa: E402
from .fitting.result import LeastSquaresResult  # noqa: E402
from .trace import Trace  # noqa: E402

__version__ = "0.1.0"
__all__ = ["LeastSquaresResult", "Trace", "TrustRegionJITFunctions", "curve_fit", "least_squares"]
