"""Decompositions of matrices of a few columns, of operations that XLA compiles itself.

For so small a matrix a call of LAPACK takes longer than the arithmetic, and cannot be part of a larger kernel
(`core.one_kernel`). They are written for the CPU, where each runs in one kernel; elsewhere the libraries are used.
"""

import contextvars
import math

import jax
import jax.numpy as jnp
from jax import lax

MOST_COLUMNS = 12  # beyond, LAPACK has caught up
UNROLLED = 5  # columns up to which rotations are written out one by one
MOST_SWEEPS = 15  # of Jacobi rotations; five or six do


def on_cpu() -> bool:
    """Whether programs run on the CPU."""
    return jax.default_backend() == "cpu"


# Whether what is being traced is to become one kernel, which can't call libraries.
in_kernel = contextvars.ContextVar("in kernel", default=False)


def is_small(columns: int) -> bool:
    """Whether matrices of so many columns are decomposed here."""
    return columns <= MOST_COLUMNS and on_cpu()


def _divided(a, b):
    """a / b, 0 where b is 0."""
    return jnp.where(b == 0, 0.0, a / jnp.where(b == 0, 1.0, b))


def triangle(A: jax.Array) -> jax.Array:
    """The upper triangle (k, k) of qr(A), A (rows, k), with a diagonal ≥ 0, by modified Gram–Schmidt.

    As good for least squares as Householder's if the right-hand side is a column of A: Å. Björck (1967), Solving linear
    least squares problems by Gram–Schmidt orthogonalization, BIT 7, 1.
    """
    k = A.shape[1]
    # One column at a time: XLA hands reductions of more than 4096 numbers to a library.
    largest = jnp.stack([jnp.max(jnp.abs(column), initial=0.0) for column in A.T])
    scale = jnp.where(largest > 0, largest, 1.0)  # no square may overflow
    place = jnp.arange(k)

    # A loop, so that each column is computed once. Written out, XLA computes it again wherever it is used, with other
    # roundings, which for a column that is nearly a combination of those before it are all that is left of it.
    def orthogonalize(j, carry):
        rest, R = carry
        own = lax.dynamic_index_in_dim(rest, j, 0, keepdims=False)
        norm = jnp.sqrt(own @ own)
        q = _divided(own, norm)
        row = jnp.where(place > j, rest @ q, 0.0)
        R = lax.dynamic_update_index_in_dim(R, jnp.where(place == j, norm, row), j, 0)
        return rest - row[:, None] * q[None], R

    rest, R = A.T / scale[:, None], jnp.zeros((k, k), A.dtype)
    return lax.fori_loop(0, k, orthogonalize, (rest, R))[1] * scale[None]


def cholesky(A: jax.Array) -> jax.Array:
    """The lower triangle L (k, k) of A = L Lᵀ; nan from the first column on where A is not positive definite."""
    k = A.shape[0]
    L = [[jnp.zeros((), A.dtype)] * k for _ in range(k)]
    for j in range(k):
        L[j][j] = jnp.sqrt(A[j, j] - sum(L[j][i] * L[j][i] for i in range(j)))
        for row in range(j + 1, k):
            L[row][j] = (A[row, j] - sum(L[row][i] * L[j][i] for i in range(j))) / L[j][j]
    return jnp.stack([jnp.stack(row) for row in L])


def solve_lower(L: jax.Array, b: jax.Array) -> jax.Array:
    """L⁻¹ b for a lower triangle L (k, k) and b (k,)."""
    x = []
    for i in range(L.shape[0]):
        x.append((b[i] - sum(L[i, j] * x[j] for j in range(i))) / L[i, i])
    return jnp.stack(x)


def solve_upper(R: jax.Array, B: jax.Array) -> jax.Array:
    """R⁻¹ B for an upper triangle R (k, k) and B (k, …)."""
    rows = []
    for i in range(R.shape[0] - 1, -1, -1):
        rows.append((B[i] - sum(R[i, j] * rows[R.shape[0] - 1 - j] for j in range(i + 1, R.shape[0]))) / R[i, i])
    return jnp.stack(rows[::-1])


def _rotated(a, b, v, w):
    """Columns a and b made orthogonal, v and w turned with them, and whether that was necessary."""
    alpha, beta, gamma = a @ a, b @ b, a @ b
    needed = jnp.abs(gamma) > jnp.finfo(a.dtype).eps * jnp.sqrt(alpha * beta)
    zeta = (beta - alpha) / (2.0 * jnp.where(needed, gamma, 1.0))
    t = jnp.where(zeta < 0, -1.0, 1.0) / (jnp.abs(zeta) + jnp.sqrt(1.0 + zeta * zeta))
    t = jnp.where(needed, t, 0.0)
    c = 1.0 / jnp.sqrt(1.0 + t * t)
    s = c * t
    return c * a - s * b, s * a + c * b, c * v - s * w, s * v + c * w, needed


def _sweep_unrolled(columns, V):
    columns, V, any_needed = list(columns), list(V), jnp.asarray(False)
    for p in range(len(columns) - 1):
        for q in range(p + 1, len(columns)):
            columns[p], columns[q], V[p], V[q], needed = _rotated(columns[p], columns[q], V[p], V[q])
            any_needed |= needed
    return jnp.stack(columns), jnp.stack(V), any_needed


def _sweep(columns, V):
    pairs = jnp.array([(p, q) for p in range(len(columns) - 1) for q in range(p + 1, len(columns))])

    def rotate(k, carry):
        columns, V, any_needed = carry
        p, q = pairs[k, 0], pairs[k, 1]
        *turned, needed = _rotated(*(lax.dynamic_index_in_dim(a, i, 0, False) for a in (columns, V) for i in (p, q)))
        for i, new in zip((p, q), turned[:2], strict=True):
            columns = lax.dynamic_update_index_in_dim(columns, new, i, 0)
        for i, new in zip((p, q), turned[2:], strict=True):
            V = lax.dynamic_update_index_in_dim(V, new, i, 0)
        return columns, V, any_needed | needed

    return lax.fori_loop(0, len(pairs), rotate, (columns, V, jnp.asarray(False)))


def svd(A: jax.Array):
    """(U, s, V) with A = U diag(s) Vᵀ, A (m, n) with m ≥ n, s falling, by one-sided Jacobi rotations.

    M. R. Hestenes (1958), J. SIAM 6, 51. Small singular values come out with more digits than from LAPACK: J. Demmel &
    K. Veselić (1992), Jacobi's method is more accurate than QR, SIAM J. Matrix Anal. Appl. 13, 1204.
    """
    n = A.shape[1]
    largest = jnp.max(jnp.abs(A), initial=0.0)
    scale = jnp.where(largest > 0, largest, 1.0)
    sweep = _sweep_unrolled if n <= UNROLLED else _sweep

    def go_on(carry):
        columns, V, _, count = carry
        return *sweep(columns, V), count + 1

    start = A.T / scale, jnp.eye(n, dtype=A.dtype), jnp.asarray(n > 1), jnp.asarray(0)
    columns, V, *_ = lax.while_loop(lambda carry: carry[2] & (carry[3] < MOST_SWEEPS), go_on, start)
    s = jnp.sqrt(jnp.sum(columns * columns, axis=1))
    order = _places(s)
    s, U, V = (
        jnp.sum(jnp.where(order[(..., *[None] * (a.ndim - 1))], a[None], 0.0), 1)
        for a in (s, _divided(columns, s[:, None]), V)
    )
    s = jnp.where(jnp.isfinite(largest), s * scale, math.nan)
    return U.T, s, V.T


def _places(s: jax.Array) -> jax.Array:
    """(n, n) of bool: whether s[j] is the i-th largest."""
    i = jnp.arange(s.shape[0])
    before = (s[None] > s[:, None]) | ((s[None] == s[:, None]) & (i[None] < i[:, None]))
    return jnp.sum(before, axis=1)[None] == i[:, None]
