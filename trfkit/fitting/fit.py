"""A problem ready to be fitted, and its fit: on the device where JAX can trace it, else on the host."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator

from ..core.evaluate import Evaluation, linearize, robust_rows
from ..core.losses import evaluate_loss, linear
from ..core.problem import Problem
from . import inputs
from .host import HostProblem, dense
from .options import Options
from .progress import Observer, summary
from .result import LeastSquaresResult, build_result
from .solve import Run, solve
from .traceable import formula, output_shape

HOST_NOTES = {
    "function": "JAX could not trace the function, so NumPy evaluated it on the host, its Jacobian by finite "
    "differences: write it with jax.numpy for exact derivatives and compiled speed.",
    "jac": "NumPy evaluated the function and its Jacobian on the host, as JAX cannot trace both of them.",
    "loss": "NumPy evaluated the function on the host, as JAX cannot trace the loss: write it with jax.numpy.",
    "differences": "NumPy evaluated the function on the host, its Jacobian by the finite differences asked for.",
}

SVD_UP_TO = 300  # parameters: there an SVD of the triangle takes tens of milliseconds
TRIANGLE_UP_TO = 2000  # parameters: beyond, n² numbers and n tangents a block cost more than products with J and Jᵀ


class StartNotFinite(ValueError):
    """Residuals or their derivatives are not finite where a fit would start."""


class Fit(NamedTuple):
    """A problem ready to run, and how to speak of it."""

    problem: Problem | HostProblem
    m: int  # residuals that count
    names: tuple[str, ...]
    residuals: Callable  # x -> f (m,), as the user would compute them
    not_finite: Callable  # x -> the sentence for a start at which something is not finite
    absolute_sigma: bool = False
    first: Evaluation | None = None  # at the start, where it has been computed already
    lasting: Callable | None = None  # () -> the same problem for the result, where this one ends with the fit


def resolve_tr_solver(tr_solver: str, n: int, matrix_free: bool) -> str:
    """'auto' as the core knows it: SVD while n is small, then CG with an SVD where CG runs out of its budget."""
    if matrix_free:
        return "cg"
    if tr_solver == "auto":
        return "svd" if n <= SVD_UP_TO else "budget"
    return tr_solver


def run_fit(fit: Fit, x0: np.ndarray, options: Options) -> LeastSquaresResult:
    """Run a prepared fit from x0 (n,), already checked and moved inside its bounds."""
    host = isinstance(fit.problem, HostProblem)
    matrix_free = not host and fit.problem.matrix_free
    # Without a Jacobian there are no column norms to scale by.
    jac_scale = options.limits.jac_scale and not (matrix_free and not options.x_scale_given)
    limits = options.limits._replace(m=float(fit.m), jac_scale=jac_scale)
    run = Run(fit.problem, limits, resolve_tr_solver(options.tr_solver, x0.size, matrix_free), options.driver)
    quiet = options.channel is None and options.callback is None and options.verbose < 2
    program = run.whole(x0) if quiet and fit.first is None else None
    first = None if program else fit.first or run.evaluate(x0)
    usable = run.run_whole(program, x0) if program else bool(first.finite) and np.isfinite(float(first.cost))
    if not usable:
        J = fit.problem.jacobian if host else jacobian_at(fit.lasting() if fit.lasting else fit.problem, x0)
        raise StartNotFinite(fit.not_finite(x0, J if isinstance(J, np.ndarray) else None))

    def result_of(solution):
        x = np.asarray(solution.state.x)
        if host:
            f, J = fit.problem.at(x)
            deferred = {"fun": lambda: f, "jac": lambda: robust_host_jacobian(fit.problem, f, J)}
        else:
            lasting = fit.lasting or (lambda: fit.problem)
            deferred = {"fun": lambda: residuals_at(lasting(), x), "jac": lambda: jacobian_at(lasting(), x)}
        return build_result(solution, fit.names, limits, deferred, options.notes, fit.absolute_sigma)

    if program:
        result = result_of(run.solution)
    else:
        residuals = fit.residuals if host else partial(residuals_at, fit.problem)
        observer = Observer(options.callback, options.verbose, residuals)
        result = solve(run, x0, first, result_of, options.channel, observer, each_trial=options.callback is not None)
    if options.verbose >= 1:
        print(summary(result, float(result.trace.cost[0])))
    return result


def fit_on_host(
    fit: Callable, fun: Callable, jac, x0: np.ndarray, mask, options: Options, exempt: int = 0, weights=None
) -> LeastSquaresResult:
    """Fit fun(x) -> (m,), called by NumPy, with its Jacobian by `jac` or by differences; fit(problem, m, …) -> Fit.

    The loss leaves the last `exempt` residuals alone; `weights` (m,) say how often each residual counts.
    """
    lb, ub = options.limits.lb, options.limits.ub
    problem = HostProblem(fun, jac or "2-point", options.loss, options.f_scale, options.functions)
    problem.differences = {
        "rel_step": options.diff_step, "bounds": (lb, ub), "sparsity": options.jac_sparsity, "workers": options.workers
    }  # fmt: skip
    problem.exempt, problem.weights = exempt, weights
    f0 = problem.first_residuals(x0)
    problem.mask = mask = inputs.row_mask(mask, f0.size)
    m = f0.size if mask is None else int(mask.sum())
    partly = fit(problem=problem, m=m, residuals=lambda x: problem.at(x)[0])
    if not np.all(np.isfinite(f0 if mask is None else f0[mask])):
        raise StartNotFinite(partly.not_finite(x0))
    check_loss_shape(options, f0)
    if options.jac_sparsity is not None:
        shape = np.shape(options.jac_sparsity)
        if shape != (f0.size, x0.size):
            raise ValueError(f"`jac_sparsity` has wrong shape: expected {(f0.size, x0.size)}, got {shape}.")
        if options.needs_dense:
            raise ValueError("tr_solver='exact' is incompatible with `jac_sparsity`: leave one of them out.")
    J0 = problem.evaluate_jacobian(x0, f0)
    _check_jacobian(J0, (f0.size, x0.size), options)
    first = problem.first_evaluation(x0, f0, J0)
    note = HOST_NOTES[_reason(jac, options)]
    return run_fit(partly._replace(first=first), x0, options._replace(notes=(*options.notes, note)))


def _reason(jac, options: Options) -> str:
    """Why a problem is evaluated on the host: a key of HOST_NOTES."""
    if isinstance(jac, str) or options.jac_sparsity is not None:
        return "differences"
    if traceable_loss(options.loss) is None:
        return "loss"
    return "jac" if callable(jac) else "function"


def _check_jacobian(J, shape: tuple[int, int], options: Options) -> None:
    """Say what is wrong with a Jacobian, if anything."""
    if J.shape != shape:
        raise ValueError(f"The return value of `jac` has wrong shape: expected {shape}, actual {J.shape}.")
    if not isinstance(J, np.ndarray) and options.needs_dense:
        raise ValueError("tr_solver='exact' works only with dense Jacobian matrices: leave it out, or return an array.")
    if isinstance(J, LinearOperator) and options.x_scale_given and options.limits.jac_scale:
        raise ValueError(
            "x_scale='jac' can't be used when `jac` returns LinearOperator: give numbers, or leave it out."
        )


def traceable_loss(loss: Callable) -> Callable | None:
    """A user's loss filed for compilation, a named one as it is; None if JAX cannot trace it."""
    if loss in inputs.LOSSES.values():
        return loss
    filed = formula(loss)
    if filed is None or output_shape(partial(evaluate_loss, filed), jnp.ones(3), 1.0) is None:
        return None
    return filed


def check_loss_shape(options: Options, f: np.ndarray) -> None:
    """Raise ValueError unless a user's loss returns (3, m) or (m,) for m residuals."""
    if options.loss in inputs.LOSSES.values():
        return
    shape = np.shape(options.loss((f / options.f_scale) ** 2))
    advice = "return rho and its first and second derivative as (3, m), or rho alone as (m,), written with jax.numpy."
    if shape not in ((3, f.size), (f.size,)):
        raise ValueError(
            f"The return value of `loss` callable has wrong shape: {shape} for {f.size} residuals; {advice}"
        )
    if shape == (f.size,) and traceable_loss(options.loss) is None:
        raise ValueError(f"`loss` returns rho alone, but JAX cannot trace it to differentiate it: {advice}")


@jax.jit
def _residuals(part: Problem, x):
    return part.residuals(x, part.rows, part.shared)


def _counted(part: Problem, rows) -> np.ndarray:
    """rows (M, …) of one part without its padding."""
    return np.asarray(rows)[: int(part.m)] if part.blocked else np.asarray(rows)


def residuals_at(problem: Problem, x: np.ndarray) -> np.ndarray:
    """f (m,) at x, without the loss's row factors, as SciPy returns it."""
    return np.concatenate([_counted(part, _residuals(part, x)) for part in problem.parts])


@jax.jit
def _scaled_jacobian(part: Problem, x):
    f, Jt = linearize(part, x, part.rows)
    counted = jnp.arange(f.shape[0]) < part.m if part.blocked else True if part.mask is None else part.mask
    _, J_scale, _ = robust_rows(part, f, jnp.broadcast_to(jnp.asarray(counted), f.shape))
    return (Jt * J_scale[None, :]).T


def jacobian_at(problem: Problem, x: np.ndarray) -> np.ndarray | None:
    """J (m, n) at x with the loss's row factors, as SciPy returns it; None where it is never formed."""
    if problem.matrix_free:
        return None
    return np.concatenate([_counted(part, _scaled_jacobian(part, x)) for part in problem.parts])


def robust_host_jacobian(problem: HostProblem, f: np.ndarray, J):
    """The user's Jacobian with the loss's row factors."""
    if problem.loss is linear:
        return J
    J_scale = problem.robust(f)[1]
    return J.multiply(J_scale[:, None]).tocsr() if issparse(J) else J_scale[:, None] * dense(J)
