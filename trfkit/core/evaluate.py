"""One pass over the data: cost, gradient and condensed triangle at x.

With J = Q R and q = Qᵀf (rows scaled by the robust loss), everything that a trust-region iteration asks of J it can ask
of R (n, n) and q (n,): gradient Rᵀq, model ½‖R s‖² + gᵀs, singular values, covariance. The triangle [R | q] is folded
over blocks of rows, so that no m×n array ever exists, whatever m is.
"""

from functools import partial, reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.tree_util import Partial

from .losses import evaluate_loss, linear, scale_rows
from .operators import LinearOperator
from .problem import BLOCK_ROWS, Problem
from .small import in_kernel
from .triangle import empty_triangle, fold_rows, gram, gram_triangle

KERNEL_ROWS = BLOCK_ROWS // 4  # folded at a time in one kernel: with their Jacobian they stay in the innermost cache


class Evaluation(NamedTuple):
    """All that the solver learns of a problem at one x."""

    cost: jax.Array  # ½ Σ C² ρ
    J: Any  # R (n, n); None where the Jacobian stays an operator
    f: jax.Array  # q (n,); the scaled residuals (m,) for an operator
    g: jax.Array  # (n,) gradient of the cost
    finite: jax.Array  # whether residuals and Jacobian are


class Sums(NamedTuple):
    """What a pass over the data adds up."""

    T: jax.Array  # (n, n + 1) [R | q] of the rows so far
    cost: jax.Array
    finite: jax.Array


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


def weighed_rows(problem: Problem, x: jax.Array, rows, counted: jax.Array):
    """(columns, cost) of one block of rows: the columns (n + 1, rows) of [J | f] with the loss's row factors."""
    f, Jt = linearize(problem, x, rows)
    if problem.loss is linear and counted.dtype == bool:  # the usual case, in one pass
        columns = jnp.where(counted[None], jnp.concatenate([Jt, f[None]]), 0.0)
        return columns, problem.functions.default_loss_func(columns[-1])
    cost, J_scale, scaled = robust_rows(problem, f, counted)
    return jnp.concatenate([jnp.where(counted[None] > 0, Jt * J_scale[None], 0.0), scaled[None]]), cost


def _with_care(problem: Problem, columns: jax.Array, cost, sums: Sums) -> Sums:
    """The sums with one block of rows."""
    finite = sums.finite & problem.functions.check_isfinite(columns)
    return sums._replace(T=fold_rows(sums.T, columns), cost=sums.cost + cost, finite=finite)


def _block(problem: Problem, x: jax.Array, i, size: int):
    """`weighed_rows` of block i of a problem that is evaluated in blocks of rows."""
    arrays = problem.rows, problem.weights
    rows, weights = jax.tree.map(lambda a: lax.dynamic_slice_in_dim(a, i * size, size, axis=-1), arrays)
    counted = i * size + jnp.arange(size) < problem.m
    return weighed_rows(problem, x, rows, counted if weights is None else counted * weights)


def _one_block(problem: Problem, x: jax.Array, size: int) -> Sums:
    """The sums of a problem of one block: through its Gram matrix unless that is poor."""
    columns, cost = _block(problem, x, 0, size)
    T, poor = gram_triangle(gram(columns))
    return lax.cond(
        poor, lambda: _with_care(problem, columns, cost, no_sums(x)), lambda: Sums(T, cost, jnp.asarray(True))
    )


def _blocks(problem: Problem, x: jax.Array, size: int) -> Sums:
    """The sums of a problem of several blocks.

    They are condensed through the Gram matrix of all their rows, which holds the cost, too, and is not finite where a
    row is not. Where that matrix is poor, a second pass folds the blocks one by one, with care.
    """
    half_square, least_squares = problem.functions.default_loss_func, problem.loss is linear
    first, blocks = problem.first // size, (problem.m + size - 1) // size

    def add(i, carry):
        sums, G, careful = carry
        columns, cost = _block(problem, x, i, size)

        # The cost of least squares is not that of `_block`, which would be computed on both ways.
        def one_by_one():
            return _with_care(problem, columns, half_square(columns[-1]) if least_squares else cost, sums), G

        def together():
            return sums if least_squares else sums._replace(cost=sums.cost + cost), G + gram(columns)

        return *lax.cond(careful, one_by_one, together), careful

    def through(carry):
        _, careful, _ = carry
        G = jnp.zeros((x.size + 1, x.size + 1), x.dtype)
        folded, G, _ = lax.fori_loop(first, blocks, add, (no_sums(x), G, careful))
        T, poor = gram_triangle(G)
        cost = folded.cost + half_square(jnp.sqrt(G[-1:, -1])) if least_squares else folded.cost
        found = jax.tree.map(partial(jnp.where, careful), folded, Sums(T, cost, folded.finite))
        return found, jnp.asarray(True), poor & ~careful

    # Not two loops, one for each way: the model would be compiled twice.
    careful, again = jnp.asarray(False), jnp.asarray(True)
    return lax.while_loop(lambda carry: carry[2], through, (no_sums(x), careful, again))[0]


def _block_size(padded: int) -> int:
    """The rows of a block, the same in every block."""
    most = KERNEL_ROWS if in_kernel.get() else BLOCK_ROWS
    for number in range(-(-padded // most), -(-padded // most) + 3):
        if padded % number == 0:
            return padded // number
    return padded  # few rows, whose number is nobody's bucket


def sums_of(part: Problem, x: jax.Array) -> Sums:
    """The sums over the rows of one part of a problem."""
    if part.blocked:
        padded = jax.tree.leaves(part.rows)[0].shape[-1]
        size = _block_size(padded)
        return _one_block(part, x, size) if size == padded else _blocks(part, x, size)
    mask = jnp.asarray(True) if part.mask is None else part.mask
    mask = mask if part.weights is None else mask * part.weights
    m = jax.eval_shape(part.residuals, x, part.rows, part.shared).shape
    return _with_care(part, *weighed_rows(part, x, part.rows, jnp.broadcast_to(mask, m)), no_sums(x))


def no_sums(x: jax.Array) -> Sums:
    """Those of no rows."""
    return Sums(empty_triangle(x.size, x.dtype), jnp.zeros((), x.dtype), jnp.asarray(True))


def together(one: Sums, other: Sums) -> Sums:
    """The sums over the rows of both."""
    return Sums(fold_rows(one.T, other.T.T), one.cost + other.cost, one.finite & other.finite)


def evaluation_of(sums: Sums, functions) -> Evaluation:
    """What the sums over all rows say of a problem."""
    R, q = sums.T[:, :-1], sums.T[:, -1]
    return Evaluation(sums.cost, R, q, functions.compute_grad(R, q), sums.finite)


def evaluate_dense(problem: Problem, x: jax.Array) -> Evaluation:
    """Cost, triangle and gradient at x (n,); n² numbers whatever m is."""
    return evaluation_of(reduce(together, (sums_of(part, x) for part in problem.parts)), problem.functions)


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
    T = fold_rows(empty_triangle(n, J.dtype), jnp.concatenate([J * J_scale[:, None], f_scaled[:, None]], axis=1).T)
    R, q = T[:, :n], T[:, n]
    finite = functions.check_isfinite(f) & functions.check_isfinite(J)
    return Evaluation(cost, R, q, functions.compute_grad(R, q), finite)
