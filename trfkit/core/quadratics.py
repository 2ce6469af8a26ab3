"""Quadratic models: their values, their minima along a line, and where a line leaves the trust region.

The model of the cost along a step s in hat space is

    q(s) = ½‖J s‖² + ½ sᵀ C s + gᵀ s,

with C the diagonal of Coleman and Li (zero away from bounds). Branch, Coleman & Li (1999), SIAM J. Sci. Comput. 21, eq.
1.8.
"""

import jax
import jax.numpy as jnp

from .operators import matvec


def evaluate_quadratic(J, g: jax.Array, s: jax.Array, diag: jax.Array) -> jax.Array:
    """q(s), the modelled change of cost for the step s (n,); diag (n,) is the diagonal of C."""
    Js = matvec(J, s)
    return 0.5 * (Js @ Js + s @ (diag * s)) + g @ s


def build_quadratic_1d(J, g: jax.Array, s: jax.Array, diag: jax.Array, s0: jax.Array):
    """Coefficients (a, b, c) of q(s0 + t s) = a t² + b t + c."""
    Js, Js0 = matvec(J, s), matvec(J, s0)
    a = 0.5 * (Js @ Js + s @ (diag * s))
    b = g @ s + Js0 @ Js + s0 @ (diag * s)
    c = 0.5 * (Js0 @ Js0 + s0 @ (diag * s0)) + g @ s0
    return a, b, c


def minimize_quadratic_1d(a, b, lower, upper, c=0.0):
    """(t, value) of the minimum of a t² + b t + c over [lower, upper]; either end may be the minimum."""
    extremum = -0.5 * b / jnp.where(a == 0, 1.0, a)
    inside = (a != 0) & (lower < extremum) & (extremum < upper)
    t = jnp.stack([lower, upper, jnp.where(inside, extremum, lower)])
    values = t * (a * t + b) + c
    best = jnp.argmin(values)
    return t[best], values[best]


def intersect_trust_region(s0: jax.Array, s: jax.Array, Delta: jax.Array):
    """The two t with ‖s0 + t s‖ = Δ, t⁻ ≤ 0 ≤ t⁺, for s0 inside the region; (0, 0) for s = 0.

    Of the two roots the one free of cancellation is computed first, the other from their product (Vieta).
    """
    a = s @ s
    b = s0 @ s
    c = jnp.minimum(s0 @ s0 - Delta**2, 0.0)
    root = jnp.sqrt(jnp.maximum(b * b - a * c, 0.0))
    safe = -(b + jnp.where(b < 0, -root, root))
    t1 = safe / jnp.where(a == 0, 1.0, a)
    t2 = jnp.where(safe == 0, 0.0, c / jnp.where(safe == 0, 1.0, safe))
    flat = a == 0
    return jnp.where(flat, 0.0, jnp.minimum(t1, t2)), jnp.where(flat, 0.0, jnp.maximum(t1, t2))
