"""The condensed triangle [R | q] of rows of [J | f]: J = Q R and q = Qᵀf, folded over blocks of rows.

T ← qr([T ; J_b | f_b]): Golub & Van Loan, Matrix Computations, section 5.2.5; Demmel et al. (2012), TSQR. Many rows
are condensed faster by the Cholesky factor of their Gram matrix, which is as good as long as that is well conditioned:
Stathopoulos & Wu (2002), SIAM J. Sci. Comput. 23, 2165, section 2.
"""

import jax
import jax.numpy as jnp
import jax.scipy.linalg as linalg
from jax import lax

from . import small

LEAST_PIVOT = 1e-3  # of the Gram matrix of unit columns: R then is known to 1e-10, and JᵀJ and Jᵀf to rounding


def triangle(A: jax.Array) -> jax.Array:
    """The upper triangle of qr(A), A (rows, k) with rows ≥ k."""
    return small.triangle(A) if small.is_small(A.shape[1] - 1) else jnp.linalg.qr(A, mode="r")


def empty_triangle(n: int, dtype) -> jax.Array:
    """[R | q] (n, n + 1) of no rows."""
    return jnp.zeros((n, n + 1), dtype)


def fold_rows(T: jax.Array, block: jax.Array) -> jax.Array:
    """T (n, n + 1) of the rows so far and those of a block (n + 1, rows), which holds the columns of J, and f."""
    return triangle(jnp.concatenate([T, block.T]))[: len(T)]


def gram(block: jax.Array) -> jax.Array:
    """The products (n + 1, n + 1) of the columns of J and f."""
    if small.in_kernel.get() and small.is_small(len(block) - 1):
        return jnp.stack([block @ column for column in block])
    return jnp.matmul(block, block.T, precision=lax.Precision.HIGHEST)


def _cholesky_and_solve(A: jax.Array, b: jax.Array):
    """(L, L⁻¹ b) with A = L Lᵀ."""
    if small.is_small(len(A)):
        L = small.cholesky(A)
        return L, small.solve_lower(L, b)
    L = jnp.linalg.cholesky(A, symmetrize_input=False)
    return L, linalg.solve_triangular(L, b, lower=True)


def gram_triangle(G: jax.Array):
    """(T, poor): T (n, n + 1) of the rows with the Gram matrix G (n + 1, n + 1); of no use where G is poor."""
    JtJ, Jtf, squares = G[:-1, :-1], G[:-1, -1], jnp.diag(G)[:-1]
    scale = jnp.sqrt(squares)
    L, q = _cholesky_and_solve(JtJ / (scale[:, None] * scale[None]), Jtf / scale)
    real = jnp.finfo(G.dtype)
    good = jnp.all(jnp.isfinite(G)) & jnp.all(squares > real.tiny / real.eps) & (jnp.min(jnp.diag(L)) > LEAST_PIVOT)
    return jnp.concatenate([(scale[:, None] * L).T, q[:, None]], axis=1), ~good
