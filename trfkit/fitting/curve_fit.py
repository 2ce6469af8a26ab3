"""`curve_fit`: SciPy's function over the same solver; `fit_curve` is the same fit with everything in its result."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import numpy as np
from scipy.optimize import OptimizeWarning

from ..core.problem import BLOCK_ROWS, CurveResiduals, Problem, WhitenedJacobian, WhitenedResiduals, bucket, pad_rows
from . import inputs
from .data import Data, check_data
from .fit import Fit, check_loss_shape, fit_on_host, run_fit, traceable_loss
from .options import Options, check_options
from .result import LeastSquaresResult
from .solve import move_inside
from .traceable import formula, output_shape, row_wise

FTOL_STATUS = 2  # what `ier` says for an end at rounding, since SciPy knows 1 to 4


class _Kept(NamedTuple):
    """A model or Jacobian evaluated at all points, of which some count."""

    function: Callable

    def __call__(self, x, *params):
        x, keep = x
        return self.function(x, *params)[keep]


def _compiled(f, jac, x0: np.ndarray, data: Data, options: Options) -> tuple[Problem, int] | None:
    """The curve as a compiled problem, and how many points count; None if it has to be evaluated on the host.

    In blocks of rows where the model is proved to work row by row, else whole.
    """
    model, loss = formula(f), traceable_loss(options.loss)
    if model is None or loss is None or isinstance(jac, str):
        return None
    params = (0.0,) * x0.size
    shape = output_shape(model, data.x, *params)
    if shape is None:
        return None
    data.check_shape(shape)
    one_for_all = shape != data.shape
    common = {"f_scale": options.f_scale, "loss": loss, "functions": options.functions}
    block = min(bucket(data.y.size), BLOCK_ROWS)
    if jac is None and data.L is None and not one_for_all and row_wise(model, data.x, params, shape[0], block):
        rows, shared = _padded(data)
        return Problem(rows, shared, data.y.size, residuals=CurveResiduals(model), blocked=True, **common), data.y.size
    jacobian = None
    if jac is not None:
        jacobian = formula(jac)
        if jacobian is None or output_shape(jacobian, data.x, *params) != (shape[0], x0.size):
            return None
    m = shape[0] if data.keep is None else data.keep.size
    x = data.x
    if data.keep is not None:
        x, model, jacobian = (x, data.keep), _Kept(model), jacobian and _Kept(jacobian)
    shared = {"sigma": data.sigma} if data.L is None else {"L": data.L}
    residuals, jacobian = WhitenedResiduals(model), jacobian and WhitenedJacobian(jacobian)
    return Problem({"x": x, "y": data.y}, shared, float(m), residuals=residuals, jacobian=jacobian, **common), m


def _padded(data: Data) -> tuple[dict, dict]:
    """(rows, shared) of a problem evaluated in blocks."""
    x = data.x if data.keep is None else jax.tree.map(lambda a: a[..., data.keep], data.x)
    rows = {"x": x, "y": data.y} | ({"sigma": data.sigma} if np.ndim(data.sigma) else {})
    size = bucket(data.y.size)
    rows = jax.tree.map(lambda a: pad_rows(np.asarray(a, float), size), rows)
    if size > BLOCK_ROWS:  # one block goes faster as an argument of each call than as an array of its own
        rows = jax.device_put(rows)
    return rows, {} if np.ndim(data.sigma) else {"sigma": data.sigma}


def starting_point(f, p0, bounds) -> tuple[np.ndarray, tuple[str, ...], np.ndarray, np.ndarray]:
    """(start, names, lb, ub), checked against each other."""
    if not callable(f):
        raise TypeError(f"The model must be callable, f(x, *params), got {f!r}.")
    names = inputs.signature_names(f)
    if p0 is None and not names:
        raise ValueError("Unable to determine number of fit parameters: pass p0, one starting value for each.")
    n = len(names) if p0 is None else np.size(p0)
    lb, ub = inputs.bounds_arrays(bounds, n)
    x0 = inputs.default_guess(lb, ub) if p0 is None else inputs.initial_guess(p0, "p0")
    if names is not None and not inputs.required_parameters(f) <= n <= len(names):
        raise ValueError(f"`p0` has {n} values, but the model takes {len(names)} parameters: {', '.join(names)}.")
    names = tuple(names[:n]) if names else tuple(f"p{i}" for i in range(n))
    inputs.check_bounds(x0, lb, ub, names)
    return x0, names, lb, ub


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

    fit = partial(Fit, names=names, not_finite=partial(_not_finite, f, data, names), absolute_sigma=absolute_sigma)
    compiled = _compiled(f, jac, x0, data, settings)
    if compiled is None:
        return fit_on_host(fit, residuals, jacobian if callable(jac) else jac, x0, None, settings)
    problem, m = compiled
    if problem.loss is not settings.loss:
        check_loss_shape(settings, residuals(x0))
    return run_fit(fit(problem=problem, m=m, residuals=residuals), x0, settings)


def _not_finite(f, data: Data, names, x0, J=None) -> str:
    """The sentence for a start at which model or Jacobian J (m, n) is not finite: the parameters and the first x."""
    if sentence := data.not_finite():
        return sentence
    at = ", ".join(f"{name} = {value:g}" for name, value in zip(names, x0, strict=True))
    with np.errstate(all="ignore"):
        values = data.kept(np.asarray(f(data.x, *x0)))
    advice = "start elsewhere, or set bounds."

    def where(i: int) -> str:
        point = i if data.keep is None else int(data.keep[i])
        has_rows = isinstance(data.x, np.ndarray) and data.x.shape[-1:] == data.shape
        return f"x = {data.x[..., point]}" if has_rows else f"point {point}"

    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        value = f"the model gives {values[wrong[0]]} at {where(wrong[0])}"
        return f"Residuals are not finite in the initial point: {value} for {at}: {advice}"
    wrong = () if J is None else np.argwhere(~np.isfinite(J))
    first = f": the first for {names[wrong[0][1]]} at {where(wrong[0][0])}" if len(wrong) else ""
    return (
        f"Residuals are finite in the initial point, but their derivatives or squares are not, at {at}{first}: {advice}"
    )


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
    x0, _, lb, ub = starting_point(f, p0, bounds)
    n = x0.size
    bounded = np.isfinite(lb).any() or np.isfinite(ub).any()
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
    result = fit_curve(
        f, xdata, ydata, p0, sigma, absolute_sigma, check_finite, bounds, jac, nan_policy=nan_policy, mask=mask,
        method=method or "trf", **kwargs,
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
