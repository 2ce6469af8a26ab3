"""Checks at the door: each says which argument, what was got, and what to try. Nothing here is compiled."""

import inspect
import math
import pathlib
import sys
import types
import warnings

import numpy as np
from scipy.optimize import Bounds

from ..core.losses import LOSSES

EPS = np.finfo(float).eps
PACKAGE = str(pathlib.Path(__file__).parent.parent)
METHODS = ("trf", "dogbox", "lm")
TR_SOLVERS = {"auto": "auto", None: "auto", "svd": "svd", "exact": "svd", "cg": "cg", "lsmr": "cg", "hybrid": "hybrid"}
LSMR_OPTIONS = ("damp", "atol", "btol", "conlim", "maxiter", "show", "regularize")
OWN_OPTIONS = ("functions", "driver")


def warn(message: str, category: type[Warning]) -> None:
    """A warning that points at the user's line, however deep in the package it is found."""
    frame, level = sys._getframe(1), 2
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def parameter_name(names, i: int) -> str:
    """The name of parameter i, for a message."""
    return names[i] if names else f"x[{i}]"


def choice(value, allowed, name: str):
    """The value, if it is one of those allowed."""
    if value not in allowed:
        words = ", ".join(repr(a) for a in allowed if a is not None)
        raise ValueError(f"`{name}` must be one of {words}, got {value!r}.")
    return value


def initial_guess(x0, name: str = "x0") -> np.ndarray:
    """x0 as float array (n,)."""
    if np.iscomplexobj(x0):
        raise ValueError(f"`{name}` must be real, got complex values: fit real and imaginary parts as two parameters.")
    try:
        x0 = np.array(x0, dtype=float, ndmin=1)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}` must hold numbers, one for each parameter, got {x0!r}.") from error
    if x0.ndim > 1:
        raise ValueError(f"`{name}` must have at most 1 dimension, got shape {x0.shape}: pass x0.ravel().")
    if x0.size == 0:
        raise ValueError(f"`{name}` is empty: there is no parameter to fit.")
    if not np.all(np.isfinite(x0)):
        i = int(np.flatnonzero(~np.isfinite(x0))[0])
        raise ValueError(f"`{name}` must be finite, got {x0[i]} at index {i}: start from a finite guess.")
    return x0


def bounds_arrays(bounds, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(lb, ub), each (n,) float, from a pair or a `scipy.optimize.Bounds`."""
    if isinstance(bounds, Bounds):
        pair = bounds.lb, bounds.ub
    elif isinstance(bounds, tuple | list | np.ndarray) and len(bounds) == 2:
        pair = bounds
    else:
        got = len(bounds) if isinstance(bounds, tuple | list | np.ndarray) else repr(bounds)
        raise ValueError(f"`bounds` must contain 2 elements, lower and upper bounds, got {got}.")
    if all(isinstance(b, float | int) for b in pair):
        return np.full(n, float(pair[0])), np.full(n, float(pair[1]))
    lb, ub = (np.array(b, dtype=float) for b in pair)
    # A Bounds instance broadcasts arrays of one, a pair only numbers, as in SciPy.
    broadcast = isinstance(bounds, Bounds)
    lb, ub = (np.resize(b, n) if b.ndim == 0 or (broadcast and b.size == 1) else b for b in (lb, ub))
    if lb.shape != (n,) or ub.shape != (n,):
        raise ValueError(f"Inconsistent shapes between bounds and `x0`: {lb.shape}, {ub.shape} and {(n,)}.")
    return lb, ub


def is_bounded(lb: np.ndarray, ub: np.ndarray) -> bool:
    """Whether any of the bounds (n,) is finite."""
    return bool(np.count_nonzero(np.isfinite(lb)) or np.count_nonzero(np.isfinite(ub)))


def check_bounds(x0: np.ndarray, lb: np.ndarray, ub: np.ndarray, names=()) -> None:
    """Raise ValueError unless lb < ub and lb ≤ x0 ≤ ub, naming the parameter, its value and the bound."""
    crossed = ~(lb < ub)
    if crossed.any():
        i = int(np.flatnonzero(crossed)[0])
        raise ValueError(
            f"Each lower bound must be strictly less than each upper bound: parameter {parameter_name(names, i)} "
            f"has {lb[i]:g} and {ub[i]:g}. To hold it at a value, leave it out of the model's parameters."
        )
    outside = ~((x0 >= lb) & (x0 <= ub))
    if outside.any():
        i = int(np.flatnonzero(outside)[0])
        side, bound = ("below its lower", lb[i]) if x0[i] < lb[i] else ("above its upper", ub[i])
        raise ValueError(
            f"Initial guess is outside of provided bounds: parameter {parameter_name(names, i)} = {x0[i]:g} is {side} "
            f"bound {bound:g}. Start inside, or widen the bound."
        )


def tolerances(ftol, xtol, gtol) -> np.ndarray:
    """(3,) with 0 for None; at least one must be above machine epsilon."""
    values = []
    for name, tol in (("ftol", ftol), ("xtol", xtol), ("gtol", gtol)):
        value = 0.0 if tol is None else float(tol)
        if np.isnan(value):
            raise ValueError(f"`{name}` must be a number or None, got {tol!r}.")
        if tol is not None and value < EPS:
            warn(
                f"Setting `{name}` below the machine epsilon ({EPS:.2e}) effectively disables the corresponding "
                f"termination condition.",
                UserWarning,
            )
            value = 0.0
        values.append(value)
    if not any(values):
        raise ValueError(f"At least one of the tolerances must be higher than machine epsilon ({EPS:.2e}).")
    return np.array(values)


def scale(x_scale, n: int) -> tuple[np.ndarray, bool]:
    """(1 / x_scale, whether it follows the Jacobian) from 'jac', a number or (n,) positive numbers."""
    if isinstance(x_scale, str) and x_scale == "jac":
        return np.ones(n), True
    try:
        values = np.asarray(x_scale, dtype=float)
        valid = not np.iscomplexobj(x_scale) and bool(np.all(np.isfinite(values)) and np.all(values > 0))
    except (ValueError, TypeError):
        valid = False
    if not valid:
        raise ValueError(f"`x_scale` must be 'jac' or array_like with positive numbers, got {x_scale!r}.")
    if values.ndim == 0:
        values = np.resize(values, n)
    if values.shape != (n,):
        raise ValueError(f"Inconsistent shapes between `x_scale` {values.shape} and `x0` {(n,)}.")
    return 1.0 / values, False


def loss_function(loss):
    """The loss by name, or the user's own."""
    if callable(loss):
        return loss
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(f"`loss` must be one of {tuple(LOSSES)} or a callable, got {loss!r}.")
    return LOSSES[loss]


def positive(value, name: str) -> float:
    """A positive finite number."""
    if not (np.isscalar(value) or np.ndim(value) == 0) or not 0 < float(value) < np.inf:
        raise ValueError(f"`{name}` must be a positive number, got {value!r}.")
    return float(value)


def evaluations(max_nfev, n: int) -> int:
    """The most evaluations: 1000 n unless given; with SciPy's 100 n two of NIST's starts fail (Bennett5, MGH17)."""
    if max_nfev is None:
        return 1000 * n
    if not 0 < max_nfev < np.inf:
        raise ValueError(f"`max_nfev` must be None or positive integer, got {max_nfev!r}.")
    return int(max_nfev)


def trust_region_options(tr_options) -> dict:
    """The options that are ours; those of SciPy's lsmr are accepted and have no effect, CG having one tolerance."""
    if not (tr_options is None or isinstance(tr_options, dict)):
        raise TypeError(f"`tr_options` must be a dictionary, as {{'driver': 'fused'}}, got {tr_options!r}.")
    options = dict(tr_options or {})
    unknown = sorted(set(options) - set(LSMR_OPTIONS) - set(OWN_OPTIONS))
    if unknown:
        raise TypeError(
            f"`tr_options` has no option {unknown[0]!r}; there are {', '.join(OWN_OPTIONS + LSMR_OPTIONS)}."
        )
    if "driver" in options:
        choice(options["driver"], ("auto", "stepped", "fused"), "tr_options['driver']")
    return {key: options[key] for key in OWN_OPTIONS if key in options}


def row_mask(mask, m: int) -> np.ndarray | None:
    """(m,) of bool: True for the rows that count."""
    if mask is None:
        return None
    mask = np.asarray(mask)
    if mask.dtype != bool or mask.shape != (m,):
        raise ValueError(
            f"`mask` must be {m} booleans, True for the points to use, got {mask.dtype} of shape {mask.shape}."
        )
    if not mask.any():
        raise ValueError("`mask` excludes every point: there is nothing to fit.")
    return mask


def data_array(values, name: str, check_finite: bool, mask=None) -> np.ndarray:
    """Float array of the user's data, checked to be real and, if asked, finite where the mask (m,) lets it count."""
    values = np.asarray(values)
    if np.iscomplexobj(values):
        raise ValueError(
            f"`{name}` is complex: fit its real and imaginary parts as one array, np.concatenate([z.real, z.imag])."
        )
    try:
        values = values.astype(float, copy=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}` must hold numbers, got an array of {values.dtype}.") from error
    if values.size == 0:
        raise ValueError(f"`{name}` must not be empty!")
    with np.errstate(over="ignore", invalid="ignore"):
        if math.isfinite(values.sum()):  # a quarter of the time of looking at each
            return values
    finite = np.isfinite(values)
    if mask is not None and np.shape(mask) == values.shape[-1:]:
        finite = finite | ~np.asarray(mask, bool)
    if check_finite and not finite.all():
        where = np.argwhere(~finite)[0]
        index = ", ".join(map(str, where))
        raise ValueError(
            f"`{name}` must not contain infs or NaNs, got {values[tuple(where)]} at [{index}]: "
            f"remove the point, mask it, or pass nan_policy='omit'."
        )
    return values


def parameters_of(f) -> tuple[tuple[str, ...] | None, int]:
    """(names of a model's parameters after its first argument, how many of them must be given).

    (None, 0) if they cannot be told: *params, builtins.
    """
    if isinstance(f, types.FunctionType) and not f.__dict__:  # as `inspect` would say, in a tenth of its time
        code = f.__code__
        if code.co_flags & inspect.CO_VARARGS:
            return None, 0
        names = code.co_varnames[1 : code.co_argcount]
        return names, max(len(names) - len(f.__defaults__ or ()), 0)
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return None, 0
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters):
        return None, 0
    own = [p for p in parameters if p.kind in kinds][1:]
    return tuple(p.name for p in own), sum(p.default is inspect.Parameter.empty for p in own)


def default_guess(lb: np.ndarray, ub: np.ndarray) -> np.ndarray:
    """Ones where nothing is known, else the middle of the bounds, or one unit inside the only bound, as in SciPy."""
    finite_l, finite_u = np.isfinite(lb), np.isfinite(ub)
    low, high = np.where(finite_l, lb, 0.0), np.where(finite_u, ub, 0.0)
    return np.select([finite_l & finite_u, finite_l, finite_u], [0.5 * (low + high), low + 1, high - 1], 1.0)
