"""A fitted curve at any x: its values, how well the data determine it, and where new data are to be expected."""

import numpy as np

from ..fitting.joint import DataSet
from ..statistics import propagation
from .data_sets import is_array

KINDS = ("confidence", "prediction")


def predict(result, x, data_set: str | None) -> np.ndarray:
    """See `FitResult.predict`."""
    chosen = result.data_set(data_set)
    return np.asarray(chosen.model.function(_at(chosen, x), *(result.values[name] for name in chosen.names)))


def band(result, x, level: float, kind: str, data_set: str | None, sigma) -> propagation.Band:
    """See `FitResult.band`."""
    if kind not in KINDS:
        raise ValueError(f"`kind` must be {' or '.join(map(repr, KINDS))}, got {kind!r}.")
    chosen = result.data_set(data_set)
    function, names = chosen.model.function, chosen.names
    curve = propagation.predict(function, names, _at(chosen, x), result.parameters, result.uncertainty)
    noise = _noise(result, chosen, sigma) ** 2 if kind == "prediction" else None
    return propagation.band(curve, level, result.degrees_of_freedom, result.absolute_sigma, noise)


def _at(chosen: DataSet, x):
    if x is None:
        return chosen.x
    return np.asarray(x, dtype=float) if is_array(x) else x


def _noise(result, chosen: DataSet, sigma):
    """The standard error of new data: in units of y where the data's are, else scaled as they are."""
    known = result.absolute_sigma or (sigma is not None and chosen.sigma is None)
    if sigma is None:
        sigma = 1.0 if chosen.sigma is None else chosen.sigma
        if np.ndim(sigma) > 1 or np.ptp(sigma) != 0 or chosen.sigma_x is not None:
            raise ValueError(
                "the data have errors of their own, or of x: give `sigma`, the error of new data at each x."
            )
        sigma = np.ravel(sigma)[0]
    sigma = np.asarray(sigma, dtype=float)
    if known:
        return sigma
    left = result.degrees_of_freedom
    return sigma * np.sqrt(2 * result.solution.cost / left) if left > 0 else np.inf
