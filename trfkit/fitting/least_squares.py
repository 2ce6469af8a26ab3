"""`least_squares`: SciPy's function, by trust-region-reflective steps with automatic differentiation."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from ..core.problem import PlainFunction, Problem
from . import inputs
from .fit import TRIANGLE_UP_TO, Fit, check_loss_shape, fit_on_host, run_fit, traceable_loss
from .options import Options, check_options
from .result import LeastSquaresResult
from .solve import move_inside
from .traceable import bind, formula, output_shape

DIFFERENCES = ("2-point", "3-point", "cs")


class _Call(NamedTuple):
    """fun(x, *args, **kwargs) and its Jacobian, as the user gave them."""

    fun: Callable
    jac: object
    args: tuple
    kwargs: dict

    def value(self, x):
        return self.fun(x, *self.args, **self.kwargs)

    def residuals(self, x) -> np.ndarray:
        return np.atleast_1d(np.asarray(self.value(x)))

    def jacobian(self, x):
        return self.jac(x, *self.args, **self.kwargs)

    def not_finite(self, x, J=None) -> str:
        """The sentence for a start at which residuals or Jacobian are not finite."""
        with np.errstate(all="ignore"):
            f = self.residuals(x)
        advice = "start elsewhere, or bound the parameters."
        if np.all(np.isfinite(f)):
            wrong = () if J is None else np.argwhere(~np.isfinite(J))
            first = f", first J[{wrong[0][0]}, {wrong[0][1]}]" if len(wrong) else ""
            return f"The Jacobian or the cost is not finite in the initial point x0 = {x}{first}: {advice}"
        i = int(np.flatnonzero(~np.isfinite(f))[0])
        return f"Residuals are not finite in the initial point: f[{i}] = {f[i]} at x0 = {x}: {advice}"


class _OneRow(NamedTuple):
    """A residual without an axis, or its gradient, given the axis of rows."""

    function: Callable

    def __call__(self, x, rows, shared):
        return self.function(x, rows, shared)[None]


def _compiled(call: _Call, x0: np.ndarray, options: Options) -> tuple[Problem, int] | None:
    """The traceable problem and the number of its residuals; None if it has to be evaluated on the host."""
    loss, fun = traceable_loss(options.loss), formula(call.fun)
    if fun is None or loss is None or isinstance(call.jac, str) or options.jac_sparsity is not None:
        return None
    jac = None if call.jac is None else formula(call.jac)
    if jac is None and call.jac is not None:
        return None
    shared = (call.args, call.kwargs)
    shape = output_shape(PlainFunction(fun), x0, (), shared)
    if shape is None:  # an argument may have to be known when tracing (a count, an option): hold all of them fixed
        fun, jac, had_jac = bind(fun, *shared), jac and bind(jac, *shared), jac is not None
        if fun is None or (had_jac and jac is None):
            return None
        shared = ((), {})
        shape = output_shape(PlainFunction(fun), x0, (), shared)
    if shape is None or len(shape) > 1 or shape == (0,):
        return None
    residuals, jacobian = PlainFunction(fun), jac and PlainFunction(jac)
    m = shape[0] if shape else 1
    if shape == ():
        residuals = _OneRow(residuals)
    if jacobian is not None:
        form = output_shape(jacobian, x0, (), shared)
        if form == (x0.size,) and m == 1:
            jacobian = _OneRow(jacobian)
        elif form != (m, x0.size):
            return None
    matrix_free = x0.size > TRIANGLE_UP_TO and jac is None and options.tr_solver in ("auto", "cg")
    problem = Problem(
        rows=(), shared=shared, m=float(m), f_scale=options.f_scale, residuals=residuals, jacobian=jacobian, loss=loss,
        matrix_free=matrix_free, functions=options.functions,
    )  # fmt: skip
    return problem, m


def least_squares(
    fun, x0, jac=None, bounds=(-np.inf, np.inf), method="trf", ftol=None, xtol=1e-10, gtol=None, x_scale=None,
    loss="linear", f_scale=1.0, diff_step=None, tr_solver=None, tr_options=None, jac_sparsity=None, max_nfev=None,
    verbose=0, args=(), kwargs=None, callback=None, workers=None, *, mask=None, channel=None,
) -> LeastSquaresResult:  # fmt: skip
    """Minimise ½ Σ C² ρ((f_i(x) / C)²) subject to lb ≤ x ≤ ub: `scipy.optimize.least_squares`, and more.

    Arguments, statuses, messages and errors are SciPy's; what differs, and why:

    fun, jac    fun(x, *args, **kwargs) -> (m,). Functions of jax.numpy are compiled, and differentiated automatically
                where jac is None; functions of NumPy are called on the host, with '2-point' differences where jac is
                None. jac may be '2-point', '3-point', 'cs', or a callable returning (m, n), sparse or LinearOperator.
    ftol, xtol, gtol    by default a fit ends when a step moves x by less than 1e-10 of its length, or when no step can
                lower the cost by more than its rounding error nor shorten the gradient (status 5), a test free of
                units. A gtol is SciPy's, absolute.
    x_scale     'jac' unless given: results do not depend on the parameters' units.
    loss        a name, or a callable of z returning (3, m) as in SciPy, or ρ alone, which is then differentiated.
    tr_solver   'auto', 'svd' (or 'exact'), 'cg' (or 'lsmr'), 'hybrid': CG far away, SVD close in.
    tr_options  {'functions': TrustRegionJITFunctions, 'driver': 'auto', 'stepped' or 'fused'}; those of SciPy's lsmr
                are accepted and have no effect.
    max_nfev    1000 n unless given.
    mask        (m,) of bool: True for the residuals that count.
    channel     a `trfkit.events.Channel` that watches the fit and may stop it.
    method      'dogbox' and 'lm' are accepted and solved as 'trf'; the result's notes say so.

    Returns a `LeastSquaresResult`. Raises ValueError or TypeError for what cannot be fitted, saying what to try; an
    exception of fun, jac or callback goes through, with the result so far in its attribute `result`.
    """
    x0 = inputs.initial_guess(x0)
    lb, ub = inputs.bounds_arrays(bounds, x0.size)
    inputs.check_bounds(x0, lb, ub)
    if not callable(fun):
        raise TypeError(f"`fun` must be callable, got {fun!r}.")
    if not (jac is None or callable(jac)):
        inputs.choice(jac, DIFFERENCES, "jac")
    given = {
        "method": method, "ftol": ftol, "xtol": xtol, "gtol": gtol, "x_scale": x_scale, "loss": loss,
        "f_scale": f_scale, "diff_step": diff_step, "tr_solver": tr_solver, "tr_options": tr_options,
        "jac_sparsity": jac_sparsity, "max_nfev": max_nfev, "verbose": verbose, "callback": callback,
        "workers": workers, "channel": channel,
    }  # fmt: skip
    options = check_options(x0, lb, ub, given)
    x0 = move_inside(x0, lb, ub)
    call = _Call(fun, jac, tuple(args), kwargs or {})
    fit = partial(Fit, names=tuple(f"x{i}" for i in range(x0.size)), not_finite=call.not_finite)

    compiled = _compiled(call, x0, options)
    if compiled is None:
        return fit_on_host(fit, call.value, call.jacobian if callable(jac) else jac, x0, mask, options)
    problem, m = compiled
    mask = inputs.row_mask(mask, m)
    if problem.loss is not options.loss:
        check_loss_shape(options, call.residuals(x0))
    used = m if mask is None else int(mask.sum())
    problem = Problem(**{**vars(problem), "mask": mask, "m": float(used)})
    return run_fit(fit(problem=problem, m=used, residuals=call.residuals), x0, options)
