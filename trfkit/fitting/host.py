"""Models that JAX cannot trace: evaluated by NumPy on the host, condensed to the same triangle.

A function of NumPy ufuncs, SciPy routines or plain Python loops works as it does with SciPy. Its Jacobian comes from
the user or from finite differences (`scipy.optimize._numdiff`, which knows bounds, sparsity and workers). The Jacobian
is taken only where the cost fell, so that nfev and njev are SciPy's.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize._numdiff import approx_derivative
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator

from ..core.evaluate import Evaluation, condense
from ..core.jit_functions import TrustRegionJITFunctions
from ..core.losses import evaluate_loss, linear, scale_rows
from ..core.problem import bucket, pad_rows
from ..core.radius import noise_level
from ..core.trf import State

condense_host = partial(jax.jit, static_argnames="functions")(condense)


class HostProblem:
    """Residuals fun(x) (m,) and their Jacobian, called with NumPy arrays.

    `jac` is a callable or '2-point', '3-point', 'cs'. Both are given arrays of their own, which they may change.
    """

    def __init__(self, fun: Callable, jac, loss: Callable, f_scale: float, functions: TrustRegionJITFunctions):
        # the cost
        self.fun = fun
        self.loss = loss
        self.f_scale = f_scale
        self.mask: np.ndarray | None = None  # (m,) True for the residuals that count
        self.weights: np.ndarray | None = None  # (m,) how often each counts
        self.exempt = 0  # how many of the last residuals, those of priors, are squared whatever the loss
        # its derivatives
        self.jac = jac
        self.differences: dict = {}  # how approx_derivative is to take them
        # the solver's primitives, and what it accepted last
        self.functions = functions
        self._best = self._newest = None  # (x, f, J) of the last accepted and of the last evaluated

    @property
    def jacobian(self):
        """The Jacobian that was evaluated last, as the user's function returned it."""
        return self._newest[2]

    def at(self, x: np.ndarray):
        """(f, J) at the best point x."""
        _, f, J = self._newest if np.array_equal(self._newest[0], x) else self._best
        return f, J

    def first_residuals(self, x0: np.ndarray) -> np.ndarray:
        """f(x0), checked to be a vector of real numbers."""
        with np.errstate(all="ignore"):
            f = np.atleast_1d(np.asarray(self.fun(x0.copy())))
        if f.ndim != 1:
            raise ValueError(f"`fun` must return at most 1-d array_like. f0.shape: {f.shape}")
        if f.size == 0:
            raise ValueError("`fun` returned no residuals: there is nothing to fit.")
        if np.iscomplexobj(f):
            raise ValueError(
                "`fun` returned complex residuals: return their real and imaginary parts as one real array."
            )
        return f.astype(float)

    def evaluate_jacobian(self, x: np.ndarray, f: np.ndarray):
        """∂f/∂x at x, as the user gives it or by differences; shape (m, n)."""
        if not callable(self.jac):
            J = approx_derivative(self.fun, x, method=self.jac, f0=f, **self.differences)
            return J if issparse(J) else np.atleast_2d(J)
        J = self.jac(x.copy())
        return J if issparse(J) or isinstance(J, LinearOperator) else np.atleast_2d(np.asarray(J, dtype=float))

    def robust(self, f: np.ndarray):
        """(cost, J_scale, f_scaled) on the host, so that a loss written in NumPy works, too."""
        counted = np.ones(f.shape, bool) if self.mask is None else self.mask
        root = np.where(counted, 1.0 if self.weights is None else np.sqrt(self.weights), 0.0)
        if self.loss is linear:
            f = root * np.where(counted, f, 0.0)
            return 0.5 * (f @ f), root, f
        rho = np.array(evaluate_loss(self.loss, f, self.f_scale))
        plain = f.size - self.exempt
        rho[:, plain:] = f[plain:] ** 2, np.ones(self.exempt), np.zeros(self.exempt)
        J_scale, scaled = (np.asarray(a) for a in scale_rows(rho, f))
        J_scale, scaled = (np.where(counted, root * a, 0.0) for a in (J_scale, scaled))
        return 0.5 * ((root**2 * rho[0])[counted]).sum(), J_scale, scaled

    def evaluate(self, x, state: State | None = None) -> Evaluation:
        """The evaluation at x (n,); without a Jacobian where the cost is above that of `state` by more than rounding.

        Overflow at a trial point is no warning: the trial is rejected, and the trace says so.
        """
        x = np.array(x)
        n = x.size
        cost_to_beat = np.inf if state is None else float(state.cost)
        if self._newest is not None and state is not None and np.array_equal(self._newest[0], state.x):
            self._best = self._newest  # it was accepted
        with np.errstate(all="ignore"):
            f = np.atleast_1d(np.asarray(self.fun(x.copy()), dtype=float))
            cost, J_scale, scaled = self.robust(f)
            finite = bool(np.all(np.isfinite(f if self.mask is None else f[self.mask])))
            if not finite or not cost <= cost_to_beat * (1 + noise_level(float)):
                none = jnp.zeros((n, n)), jnp.zeros(n), jnp.zeros(n)
                return Evaluation(jnp.asarray(cost), *none, jnp.asarray(finite))
            J = self.evaluate_jacobian(x, f)
        return self._condense(x, f, J, cost, J_scale, scaled)

    def first_evaluation(self, x: np.ndarray, f: np.ndarray, J) -> Evaluation:
        """The evaluation at a start whose residuals and Jacobian were computed to be checked."""
        return self._condense(x, f, J, *self.robust(f))

    def _condense(self, x, f, J, cost, J_scale, scaled) -> Evaluation:
        self._newest = x.astype(jnp.result_type(float)), f, J  # as the solver holds it
        rows = bucket(f.size)
        columns = np.ascontiguousarray(dense(J).T)
        if self.mask is not None:  # what does not count need not be finite
            f, columns = np.where(self.mask, f, 0.0), np.where(self.mask, columns, 0.0)
        columns = pad_rows(columns, rows, 0.0)
        f, J_scale, scaled = (pad_rows(a, rows, 0.0) for a in (f, J_scale, scaled))
        return condense_host(columns.T, f, J_scale, scaled, jnp.asarray(cost), self.functions)


def dense(J) -> np.ndarray:
    """J as an array (m, n)."""
    if issparse(J):
        return J.toarray()
    if isinstance(J, LinearOperator):
        return J @ np.eye(J.shape[1])
    return J
