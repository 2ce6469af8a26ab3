"""The trust-region subproblem by conjugate gradients: products with J_h and J_hᵀ only, never J_hᵀJ_h.

The recurrences are those of CGLS, conjugate gradients on the normal equations with the residual of the least-squares
problem kept (Björck (1996), Numerical Methods for Least Squares Problems, algorithm 7.4.1); the region is Steihaug's:
T. Steihaug (1983), SIAM J. Numer. Anal. 20, p. 626; Ph. L. Toint (1981). All tolerances are relative.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from .operators import append_rows, matvec, rmatvec, scale_columns
from .quadratics import intersect_trust_region

# Of the step's own gradient. A component along a singular value σ starts at (σ/σ₀)² of it, so that 1e-8 would stop
# before directions of condition 10⁴ were seen at all: NIST's MGH10 then ends nowhere.
GRADIENT_TOLERANCE = 1e-12
BUDGET = 4  # iterations per parameter; rounding makes CG need more than the n of exact arithmetic
SMALL_BUDGET, LARGE_BUDGET = 50, 2000  # at least and at most so many, whatever n


class CGSolution(NamedTuple):
    """What a conjugate-gradient solve found."""

    p: jax.Array  # (n,) the step
    residual_norm: jax.Array  # ‖J_hᵀ(J_h p + f) + α p‖ relative to ‖J_hᵀ f‖
    iterations: jax.Array
    alpha: jax.Array  # multiplier of the constraint ‖p‖ ≤ Δ: pᵀ(−∇q(p)) / Δ², 0 inside
    on_boundary: jax.Array  # ‖p‖ = Δ: the region stopped it
    converged: jax.Array  # the tolerance was met, or the boundary reached


class Carry(NamedTuple):
    """The running iterate."""

    p: jax.Array
    r: jax.Array  # f + J_h p
    w: jax.Array  # search direction
    gamma: jax.Array  # squared norm of the step's gradient
    k: jax.Array
    on_boundary: jax.Array
    J_norm: jax.Array  # ‖J_h‖ as far as the directions have shown it


def cg_budget(n: int) -> int:
    """The most iterations that one solve may take."""
    return min(max(BUDGET * n, SMALL_BUDGET), LARGE_BUDGET)


def truncated_cg(J_h, f: jax.Array, alpha, Delta, tol) -> CGSolution:
    """CG from p = 0 on ½‖J_h p + f‖² + ½ α‖p‖², stopped at ‖p‖ = Δ (Δ = inf: not stopped at all).

    The first iterate is the Cauchy point and the model falls at every one, so any truncation predicts at least the
    Cauchy reduction. Steihaug (1983), theorem 2.1: ‖p‖ grows at every one, so nothing is missed at the boundary.
    """
    steepest = -rmatvec(J_h, f)
    gamma0 = steepest @ steepest
    budget, eps = cg_budget(steepest.shape[0]), jnp.finfo(f.dtype).eps

    def unfinished(c: Carry):
        # Paige & Saunders (1982), LSQR, rule 2: at this size the gradient is rounding, and r is orthogonal to J_h.
        rounding = (eps * c.J_norm) ** 2 * (c.r @ c.r)
        return (c.gamma > jnp.maximum(tol**2 * gamma0, rounding)) & (c.k < budget) & ~c.on_boundary

    def iterate(c: Carry):
        Jw = matvec(J_h, c.w)
        curvature = Jw @ Jw + alpha * (c.w @ c.w)
        flat = curvature <= jnp.finfo(f.dtype).tiny
        length = c.gamma / jnp.where(flat, 1.0, curvature)
        _, to_boundary = intersect_trust_region(c.p, c.w, jnp.where(jnp.isfinite(Delta), Delta, 0.0))
        to_boundary = jnp.where(jnp.isfinite(Delta), to_boundary, jnp.inf)
        on_boundary = (length >= to_boundary) | (flat & jnp.isfinite(Delta))
        length = jnp.where(on_boundary, to_boundary, jnp.where(flat, 0.0, length))
        p, r = c.p + length * c.w, c.r + length * Jw
        gradient = -rmatvec(J_h, r) - alpha * p
        gamma = gradient @ gradient
        w = gradient + (gamma / c.gamma) * c.w
        J_norm = jnp.maximum(c.J_norm, jnp.sqrt(curvature / (c.w @ c.w)))
        return Carry(p, r, w, gamma, c.k + 1, on_boundary, J_norm)

    zero = jnp.zeros_like(steepest)
    first = Carry(zero, f, steepest, gamma0, jnp.asarray(0), jnp.asarray(False), jnp.zeros_like(gamma0))
    end = lax.while_loop(unfinished, iterate, first)
    relative = jnp.sqrt(end.gamma / jnp.where(gamma0 == 0, 1.0, gamma0))
    pull = end.p @ (-rmatvec(J_h, end.r) - alpha * end.p)
    multiplier = jnp.where(end.on_boundary, jnp.maximum(pull, 0.0) / Delta**2, 0.0)
    return CGSolution(end.p, relative, end.k, multiplier, end.on_boundary, end.on_boundary | (end.k < budget))


def conjugate_gradient_solve(J, f: jax.Array, d: jax.Array, alpha, tol):
    """(p, residual norm, iterations) of CG on (J_hᵀJ_h + αI) p = −J_hᵀ f with J_h = J diag(d).

    J (m, n) or operator, f (m,), d (n,). Ends when ‖J_hᵀ(J_h p + f) + αp‖ ≤ tol ‖J_hᵀ f‖, both of which are
    unchanged when J and f are scaled together; the norm returned is that quotient.
    """
    solution = truncated_cg(scale_columns(J, d), f, alpha, jnp.inf, tol)
    return solution.p, solution.residual_norm, solution.iterations


def solve_tr_subproblem_cg(J, f: jax.Array, d: jax.Array, Delta, alpha) -> CGSolution:
    """The Steihaug–Toint step in hat space: ‖p‖ ≤ Δ, and ‖p‖ = Δ where the region truncated it.

    J (m, n) or operator, f (m,), d (n,). `alpha` ≥ 0 adds ½α‖p‖² to the model (0: the model as it is). The predicted
    reduction is at least the Cauchy point's, always.
    """
    return truncated_cg(scale_columns(J, d), f, alpha, Delta, GRADIENT_TOLERANCE)


def solve_tr_subproblem_cg_bounds(J, f: jax.Array, d: jax.Array, J_diag: jax.Array, f_zeros: jax.Array, Delta, alpha):
    """The same for the model with the Coleman–Li rows: [J_h ; J_diag] and [f ; f_zeros], f_zeros (n,) of zeros.

    J_diag is (n, n), or (n,) for a diagonal alone. J_h itself is J diag(d) without the added rows.
    """
    augmented = append_rows(scale_columns(J, d), J_diag)
    return truncated_cg(augmented, jnp.concatenate([f, f_zeros]), alpha, Delta, GRADIENT_TOLERANCE)
