"""The trust-region subproblem from the singular value decomposition.

    min ½‖J_h p + f‖²  subject to ‖p‖ ≤ Δ

has the solution p(α) = −V (s ∘ uf / (s² + α)) with the Levenberg–Marquardt parameter α ≥ 0, and α = 0 where the
Gauss–Newton step lies inside. The secular equation ‖p(α)‖ = Δ is solved by Moré's safeguarded Newton iteration:
J. J. Moré (1978), The Levenberg–Marquardt algorithm: implementation and theory, section 5.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from . import small
from .lanes import where_needed

RELATIVE_RADIUS_ERROR = 0.01  # ‖p‖ within 1 % of Δ is enough: the radius itself is a guess (Moré uses 0.1)
MAX_SECULAR_ITERATIONS = 10


def svd(A: jax.Array):
    """(U, s, V) with A = U diag(s) Vᵀ, thin; for A (m, n).

    Jacobi's rotations for few columns. Else the device's default method first; where that returns something that is not
    finite for a finite A (divide and conquer on some GPUs, and LAPACK's gesdd on rare matrices), QR iteration, which is
    slower and does not fail there.
    """
    if A.shape[0] >= A.shape[1] and small.is_small(A.shape[1]):
        return small.svd(A)
    decompose = partial(lax.linalg.svd, full_matrices=False)
    U, s, Vt = decompose(A)
    failed = ~jnp.all(jnp.isfinite(s)) & jnp.all(jnp.isfinite(A))
    again = partial(decompose, algorithm=lax.linalg.SvdAlgorithm.QR)
    U, s, Vt = where_needed(failed, lambda A, *_: tuple(again(A)), lambda _, *found: found, A, U, s, Vt)
    return U, s, Vt.T


def numerical_rank(s: jax.Array, m: jax.Array) -> jax.Array:
    """Number of singular values above m ε s₀: what rounding in m rows leaves distinguishable from zero."""
    threshold = m * jnp.finfo(s.dtype).eps * s[0]
    return jnp.sum(s > threshold)


def newton_step(R: jax.Array, q: jax.Array, Delta: jax.Array, m: jax.Array):
    """(p, trusted) with R p = −q for a triangle R (n, n) of m rows, by substitution.

    Trusted where p lies inside the region and R has full rank for certain: its singular values lie between ‖R‖ and
    1 / ‖R⁻¹‖ in Frobenius' norm. `solve_tr_subproblem_exact` then finds the same step, for many times the work.
    """
    solved = small.solve_upper(R, jnp.concatenate([jnp.eye(len(q), dtype=q.dtype), -q[:, None]], axis=1))
    inverse, p = solved[:, :-1], solved[:, -1]
    condition = jnp.linalg.norm(R) * jnp.linalg.norm(inverse)
    return p, (condition * m * jnp.finfo(q.dtype).eps < 1.0) & (jnp.linalg.norm(p) <= Delta)


def secular(alpha: jax.Array, s: jax.Array, suf: jax.Array, Delta: jax.Array):
    """φ(α) = ‖p(α)‖ − Δ and its derivative."""
    denominator = s**2 + alpha
    safe = jnp.where(denominator == 0, 1.0, denominator)
    terms = jnp.where(denominator == 0, 0.0, suf / safe)
    norm = jnp.linalg.norm(terms)
    slope = -jnp.sum(jnp.where(denominator == 0, 0.0, terms**2 / safe)) / jnp.where(norm == 0, 1.0, norm)
    return norm - Delta, slope


def solve_tr_subproblem_exact(
    s: jax.Array, V: jax.Array, uf: jax.Array, Delta: jax.Array, alpha: jax.Array, m: jax.Array
):
    """(p, α, on_boundary, iterations) for the decomposition s (k,), V (n, k), uf = Uᵀf (k,).

    `alpha` is where to start (the previous step's value; 0 for none), `m` the number of rows that s stands for.
    Singular values below m ε s₀ count as zero, and the Gauss–Newton step is then the shortest one (in SciPy such a
    step is always stretched to the boundary).
    """
    suf = s * uf
    kept = s > m * jnp.finfo(s.dtype).eps * s[0]
    full_rank = jnp.all(kept)
    newton = jnp.where(kept, uf / jnp.where(kept, s, 1.0), 0.0)
    newton_norm = jnp.linalg.norm(newton)
    inside = newton_norm <= Delta

    def guess(lower, upper):
        return jnp.maximum(0.001 * upper, jnp.sqrt(lower * upper))

    def iterate(carry):
        alpha, lower, upper, _, k = carry
        alpha = jnp.where((alpha < lower) | (alpha > upper), guess(lower, upper), alpha)
        phi, slope = secular(alpha, s, suf, Delta)
        upper = jnp.where(phi < 0, alpha, upper)
        ratio = phi / slope
        lower = jnp.maximum(lower, alpha - ratio)
        alpha = alpha - (phi + Delta) * ratio / Delta  # Newton on 1/Δ − 1/‖p‖, nearly linear in α
        return alpha, lower, upper, jnp.abs(phi) < RELATIVE_RADIUS_ERROR * Delta, k + 1

    phi0, slope0 = secular(jnp.zeros_like(Delta), s, suf, Delta)
    upper = jnp.linalg.norm(suf) / Delta
    lower = jnp.where(full_rank, -phi0 / jnp.where(slope0 == 0, 1.0, slope0), 0.0)
    alpha = jnp.where(~full_rank & (alpha == 0), guess(lower, upper), alpha)
    start = (alpha, lower, upper, inside, jnp.asarray(0))
    alpha, *_, iterations = lax.while_loop(lambda c: ~c[3] & (c[4] < MAX_SECULAR_ITERATIONS), iterate, start)

    damped = suf / jnp.where(inside, 1.0, s**2 + alpha)
    damped = damped * (Delta / jnp.where(inside, 1.0, jnp.linalg.norm(damped)))
    p = -V @ jnp.where(inside, newton, damped)
    return p, jnp.where(inside, 0.0, alpha), ~inside, iterations
