"""The values of a model's function at a few points, for functions that may not take them."""

import numpy as np

PADDED = 8  # points in a call, or a multiple of it: JAX compiles for each number of points anew


def curve(function, x, p) -> np.ndarray:
    """function(x, *p) (m,) at x (m,), NaN where it has no real value, or is not a function of such x."""
    padded = np.resize(x, -(-x.size // PADDED) * PADDED)
    try:
        values = np.asarray(function(padded, *map(float, p)))
    except Exception:  # noqa: BLE001  a user's function may raise anything, at values that the user never thought of
        return np.full(x.size, np.nan)
    if values.shape != padded.shape or values.dtype.kind not in "fiub":
        return np.full(x.size, np.nan)
    return values[: x.size].astype(float)
