"""`curve_fit`: SciPy's function over the same solver; `fit_curve` is the same fit with everything in its result."""

from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.optimize import OptimizeWarning

from . import inputs
from .curve_problem import Curve, compiled
from .data import check_data, start_not_finite
from .fit import Fit, check_loss_shape, fit_on_host, run_fit
from .options import check_options
from .result import LeastSquaresResult
from .solve import move_inside

FTOL_STATUS = 2  # what `ier` says for an end at rounding, since SciPy knows 1 to 4


class StartingPoint(NamedTuple):
    """Where a fit sets out, checked."""

    x0: np.ndarray  # (n,)
    names: tuple[str, ...]
    lb: np.ndarray  # (n,)
    ub: np.ndarray  # (n,)


def starting_point(f, p0, bounds) -> StartingPoint:
    """What the user gave, its parts checked against each other; in place of p0, one that has been checked already."""
    if isinstance(p0, StartingPoint):
        return p0
    if not callable(f):
        raise TypeError(f"The model must be callable, f(x, *params), got {f!r}.")
    names, required = inputs.parameters_of(f)
    if p0 is None and not names:
        raise ValueError("Unable to determine number of fit parameters: pass p0, one starting value for each.")
    n = len(names) if p0 is None else np.size(p0)
    lb, ub = inputs.bounds_arrays(bounds, n)
    x0 = inputs.default_guess(lb, ub) if p0 is None else inputs.initial_guess(p0, "p0")
    if names is not None and not required <= n <= len(names):
        raise ValueError(f"`p0` has {n} values, but the model takes {len(names)} parameters: {', '.join(names)}.")
    names = tuple(names[:n]) if names else tuple(f"p{i}" for i in range(n))
    inputs.check_bounds(x0, lb, ub, names)
    return StartingPoint(x0, names, lb, ub)


def fit_curve(
    f, xdata, ydata, p0=None, sigma=None, absolute_sigma=False, check_finite=None, bounds=(-np.inf, np.inf), jac=None,
    *, nan_policy=None, mask=None, **options,
) -> LeastSquaresResult:  # fmt: skip
    """Fit f(x, *params) to y and return a `LeastSquaresResult`, parameters named as in the signature of f.

    Minimises ½ Σ C² ρ(((f(x_i) − y_i) / σ_i)² / C²). xdata has its m points along its last axis, ydata is (m,); sigma
    is a number, (m,) standard errors or an (m, m) covariance matrix; mask (m,) is True for the points that count. The
    other keywords are those of `least_squares`, and so are the errors raised. A model of jax.numpy that works point by
    point is folded over blocks of points, and other data of about the same length compile nothing.
    """
    return _fit(f, xdata, ydata, p0, sigma, absolute_sigma, check_finite, bounds, jac, nan_policy, mask, options)


def _fit(
    f, xdata, ydata, p0, sigma, absolute_sigma, check_finite, bounds, jac, nan_policy, mask, options, borrow=False
) -> LeastSquaresResult:
    """`fit_curve`; with `borrow` the user's arrays are to stay as they are as long as the fit runs, not its result."""
    x0, names, lb, ub = starting_point(f, p0, bounds)
    if not (jac is None or callable(jac)):
        inputs.choice(jac, ("2-point", "3-point", "cs"), "jac")
    settings = check_options(x0, lb, ub, options)
    data = check_data(
        xdata, ydata, sigma, mask, nan_policy is None if check_finite is None else check_finite, nan_policy
    )
    x0 = move_inside(x0, lb, ub)

    def residuals(params):
        return data.weigh(data.predictions(f, params) - data.y)

    def jacobian(params):
        return data.weigh(data.kept(np.atleast_2d(np.asarray(jac(data.x, *params), dtype=float))))

    fit = partial(Fit, names=names, not_finite=partial(start_not_finite, f, data, names), absolute_sigma=absolute_sigma)
    curve = Curve(f, x0.size, data, jac)
    traced = compiled(curve, settings, borrow)
    if traced is None:
        return fit_on_host(fit, residuals, jacobian if callable(jac) else jac, x0, None, settings)
    problem, m = traced
    if problem.loss is not settings.loss:
        check_loss_shape(settings, residuals(x0))
    lasting = (lambda: compiled(curve, settings)[0]) if borrow else None
    return run_fit(fit(problem=problem, m=m, residuals=residuals, lasting=lasting), x0, settings)


def curve_fit(
    f, xdata, ydata, p0=None, sigma=None, absolute_sigma=False, check_finite=None, bounds=(-np.inf, np.inf),
    method=None, jac=None, *, full_output=False, nan_policy=None, mask=None, **kwargs,
):  # fmt: skip
    """Fit f(x, *params) to y: `scipy.optimize.curve_fit`, with exact derivatives and tighter convergence.

    Arguments and errors are SciPy's; `mask` and the keywords of `trfkit.least_squares` are taken besides. Returns
    (popt, pcov), with full_output (popt, pcov, infodict, mesg, ier). pcov is the inverse of JᵀJ from a singular value
    decomposition, times the reduced χ² unless absolute_sigma; all inf, with an OptimizeWarning that says which
    combination of parameters is not determined, where the rank is deficient. Raises RuntimeError, with the `result`, if
    the fit does not converge.
    """
    if "args" in kwargs:
        raise ValueError("'args' is not a supported keyword argument: bind it to the model with functools.partial.")
    if "maxfev" in kwargs:
        kwargs["max_nfev"] = kwargs.pop("maxfev") or kwargs.get("max_nfev")
    point = starting_point(f, p0, bounds)
    n = point.x0.size
    bounded = inputs.is_bounded(point.lb, point.ub)
    inputs.choice(method, (None, *inputs.METHODS), "method")
    if method == "lm" and bounded:
        raise ValueError("Method 'lm' only works for unconstrained problems. Use 'trf' or 'dogbox' instead.")
    as_lm = method == "lm" or (method is None and not bounded)
    m = np.size(ydata)
    if as_lm and 1 < m < n:
        raise TypeError(
            f"The number of func parameters={n} must not exceed the number of data points={m}; method='trf' finds one "
            f"of the many solutions."
        )
    result = _fit(
        f, xdata, ydata, point, sigma, absolute_sigma, check_finite, bounds, jac, nan_policy, mask,
        {"method": method or "trf"} | kwargs, borrow=not full_output,
    )  # fmt: skip
    if not result.success:
        error = RuntimeError(f"Optimal parameters not found: {result.message}")
        error.result = result
        raise error
    if not np.all(np.isfinite(result.pcov)):
        reason = next(
            (note for note in result.notes if "infinite" in note), "There are not more points than parameters."
        )
        inputs.warn(f"Covariance of the parameters could not be estimated. {reason}", OptimizeWarning)
    if not full_output:
        return result.x, result.pcov
    infodict = {"nfev": result.nfev, "fvec": result.fun}
    if as_lm:  # MINPACK's factorisation J P = Q R: ours is not pivoted, and keeps only the triangle
        infodict |= {"fjac": result.triangle.T, "ipvt": np.arange(1, n + 1), "qtf": result.qtf}
    return result.x, result.pcov, infodict, result.message, FTOL_STATUS if result.status > 4 else result.status
