"""One pass over the data: cost, gradient and condensed triangle at x.

With J = Q R and q = Qᵀf (rows scaled by the robust loss), everything that a trust-region iteration asks of J it can ask
of R (n, n) and q (n,): gradient Rᵀq, model ½‖R s‖² + gᵀs, singular values, covariance. The triangle of [J | f] is
folded over blocks of rows, T ← qr([T ; J_b | f_b]) (Golub & Van Loan, Matrix Computations, section 5.2.5; Demmel et al.
(2012), TSQR), so that no m×n array ever exists, whatever m is.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.tree_util import Partial

from .losses import evaluate_loss, linear, scale_rows
from .operators import LinearOperator
from .problem import BLOCK_ROWS, Problem


class Evaluation(NamedTuple):
    """All that the solver learns of a problem at one x."""

    cost: jax.Array  # ½ Σ C² ρ
    J: Any  # R (n, n); None where the Jacobian stays an operator
    f: jax.Array  # q (n,); the scaled residuals (m,) for an operator
    g: jax.Array  # (n,) gradient of the cost
    finite: jax.Array  # whether residuals and Jacobian are


def triangle(A: jax.Array) -> jax.Array:
    """The upper triangle of qr(A), A (rows, k) with rows ≥ k."""
    return jnp.linalg.qr(A, mode="r")


def robust_rows(problem: Problem, f: jax.Array, counted: jax.Array):
    """(cost, J_scale, f_scaled) of the residuals f (rows,); rows that do not count weigh nothing.

    `counted` is of bool, or says how often each row counts.
    """
    functions = problem.functions
    root = counted.astype(f.dtype)
    root = root if counted.dtype == bool else jnp.sqrt(root)
    f = jnp.where(counted > 0, f, 0.0)
    if problem.loss is linear:
        return functions.default_loss_func(root * f), root, root * f
    rho = evaluate_loss(problem.loss, f, problem.f_scale)
    J_scale, scaled = scale_rows(rho, f)
    J_scale, scaled = (jnp.where(counted > 0, root * a, 0.0) for a in (J_scale, scaled))
    return functions.calculate_cost(rho * counted[None], counted > 0), J_scale, scaled


def linearize(problem: Problem, x: jax.Array, rows):
    """(f, Jᵀ) for one block: residuals (rows,) and the Jacobian's columns (n, rows), by forward or reverse mode."""

    def residuals(x):
        return problem.residuals(x, rows, problem.shared)

    if problem.jacobian is not None:
        return residuals(x), problem.jacobian(x, rows, problem.shared).T
    f = jax.eval_shape(residuals, x)
    if f.shape[0] < x.shape[0] and problem.mask is None:  # backwards, one row that is not finite would spoil all
        f, pullback = jax.vjp(residuals, x)
        return f, jax.vmap(lambda u: pullback(u)[0], out_axes=1)(jnp.eye(f.shape[0], dtype=f.dtype))
    f, pushforward = jax.linearize(residuals, x)
    return f, jax.vmap(pushforward)(jnp.eye(x.shape[0], dtype=x.dtype))


def fold(problem: Problem, x: jax.Array, T: jax.Array, rows, counted: jax.Array):
    """(T, cost, finite) after one block: T (n+1, n+1) is the triangle of all rows of [J | f] seen so far."""
    f, Jt = linearize(problem, x, rows)
    cost, J_scale, scaled = robust_rows(problem, f, counted)
    counts = counted > 0
    block = jnp.concatenate([jnp.where(counts[None, :], Jt * J_scale[None, :], 0.0), scaled[None]])
    finite = problem.functions.check_isfinite(jnp.where(counts, f, 0.0)) & problem.functions.check_isfinite(block)
    return triangle(jnp.concatenate([T, block.T])), cost, finite


def _fold_blocks(problem: Problem, x: jax.Array, T0: jax.Array):
    padded = jax.tree.leaves(problem.rows)[0].shape[-1]
    size = min(padded, BLOCK_ROWS)
    offsets = jnp.arange(size)
    weights = problem.weights
    if size == padded:
        counted = offsets < problem.m
        return fold(problem, x, T0, problem.rows, counted if weights is None else counted * weights)

    def body(i, carry):
        T, cost, finite = carry
        rows = jax.tree.map(lambda a: lax.dynamic_slice_in_dim(a, i * size, size, axis=-1), problem.rows)
        counted = i * size + offsets < problem.m
        if weights is not None:
            counted = counted * lax.dynamic_slice_in_dim(weights, i * size, size)
        T, block_cost, block_finite = fold(problem, x, T, rows, counted)
        return T, cost + block_cost, finite & block_finite

    blocks = (problem.m + size - 1) // size
    return lax.fori_loop(0, blocks, body, (T0, jnp.zeros((), x.dtype), jnp.asarray(True)))


def _fold_part(part: Problem, x: jax.Array, T: jax.Array):
    if part.blocked:
        return _fold_blocks(part, x, T)
    mask = jnp.asarray(True) if part.mask is None else part.mask
    mask = mask if part.weights is None else mask * part.weights
    m = jax.eval_shape(part.residuals, x, part.rows, part.shared).shape
    return fold(part, x, T, part.rows, jnp.broadcast_to(mask, m))


def evaluate_dense(problem: Problem, x: jax.Array) -> Evaluation:
    """Cost, triangle and gradient at x (n,); n² numbers whatever m is."""
    n = x.shape[0]
    T, cost, finite = jnp.zeros((n + 1, n + 1), x.dtype), jnp.zeros((), x.dtype), jnp.asarray(True)
    for part in problem.parts:
        T, part_cost, part_finite = _fold_part(part, x, T)
        cost, finite = cost + part_cost, finite & part_finite
    R, q = T[:n, :n], T[:n, n]
    return Evaluation(cost, R, q, problem.functions.compute_grad(R, q), finite)


def _operator_forward(problem, x, J_scale, v):
    return J_scale * jax.jvp(lambda x: problem.residuals(x, problem.rows, problem.shared), (x,), (v,))[1]


def _operator_adjoint(problem, x, J_scale, u):
    _, pullback = jax.vjp(lambda x: problem.residuals(x, problem.rows, problem.shared), x)
    return pullback(J_scale * u)[0]


def residual_weights(problem: Problem, x: jax.Array):
    """(cost, J_scale, f_scaled, f) of the residuals evaluated whole."""
    f = problem.residuals(x, problem.rows, problem.shared)
    counted = jnp.broadcast_to(jnp.asarray(True) if problem.mask is None else problem.mask, f.shape)
    return *robust_rows(problem, f, counted), f


def jacobian_operator(problem: Problem, x: jax.Array) -> LinearOperator:
    """J at x as jvp and vjp of the residuals: O(m + n) memory."""
    _, J_scale, _, _ = residual_weights(problem, x)
    return LinearOperator(
        Partial(_operator_forward, problem, x, J_scale), Partial(_operator_adjoint, problem, x, J_scale)
    )


def evaluate_matrix_free(problem: Problem, x: jax.Array) -> Evaluation:
    """Cost and gradient at x (n,) without a Jacobian: f holds the scaled residuals (m,)."""
    cost, _, scaled, f = residual_weights(problem, x)
    g = problem.functions.compute_grad(jacobian_operator(problem, x), scaled)
    finite = problem.functions.check_isfinite(f) & problem.functions.check_isfinite(g)
    return Evaluation(cost, None, scaled, g, finite)


def evaluate(problem: Problem, x: jax.Array) -> Evaluation:
    """The evaluation of a problem at x (n,), by the way that the problem asks for."""
    return evaluate_matrix_free(problem, x) if problem.matrix_free else evaluate_dense(problem, x)


def condense(J: jax.Array, f: jax.Array, J_scale: jax.Array, f_scaled: jax.Array, cost, functions) -> Evaluation:
    """The evaluation of a Jacobian J (m, n) and residuals f (m,) that were computed on the host."""
    n = J.shape[1]
    T = triangle(
        jnp.concatenate([jnp.concatenate([J * J_scale[:, None], f_scaled[:, None]], axis=1), jnp.zeros((n + 1, n + 1))])
    )
    R, q = T[:n, :n], T[:n, n]
    finite = functions.check_isfinite(f) & functions.check_isfinite(J)
    return Evaluation(cost, R, q, functions.compute_grad(R, q), finite)
