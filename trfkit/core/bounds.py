"""Bounds l ≤ x ≤ u: distances to them, staying inside them, and the Coleman–Li scaling.

An absent bound is ±inf, so the unbounded problem is no special case. The iterates of the method are strictly
interior; Branch, Coleman & Li (1999), SIAM J. Sci. Comput. 21, section 2.
"""

import jax
import jax.numpy as jnp


def in_bounds(x: jax.Array, lb: jax.Array, ub: jax.Array) -> jax.Array:
    """True where every component lies in its closed interval."""
    return jnp.all((x >= lb) & (x <= ub))


def step_size_to_bound(x: jax.Array, s: jax.Array, lb: jax.Array, ub: jax.Array):
    """(t, hits): the largest t with x + t s inside the bounds, and which bounds stop it.

    hits (n,) is -1, 0 or +1: lower bound, none, upper bound. t is inf where nothing stops the step.
    """
    moving = s != 0
    safe = jnp.where(moving, s, 1.0)
    steps = jnp.where(moving, jnp.maximum((lb - x) / safe, (ub - x) / safe), jnp.inf)
    t = jnp.min(steps)
    return t, jnp.where((steps == t) & jnp.isfinite(t), jnp.sign(s), 0.0)


def make_strictly_feasible(x: jax.Array, lb: jax.Array, ub: jax.Array, rstep: float = 1e-10) -> jax.Array:
    """Shift what lies on or beyond a bound inside: by rstep relative to the bound or, with rstep = 0, by one ulp."""
    if rstep == 0:
        low, high = jnp.nextafter(lb, ub), jnp.nextafter(ub, lb)
        at_lower, at_upper = x <= lb, x >= ub
    else:
        finite_lb, finite_ub = jnp.where(jnp.isfinite(lb), lb, 0.0), jnp.where(jnp.isfinite(ub), ub, 0.0)
        margin_l, margin_u = rstep * jnp.maximum(1.0, jnp.abs(finite_lb)), rstep * jnp.maximum(1.0, jnp.abs(finite_ub))
        low, high = lb + margin_l, ub - margin_u
        # No more than the margin away from a bound counts as on it, unless the other bound is nearer.
        near_l, near_u = x - lb, ub - x
        at_lower = jnp.isfinite(lb) & (near_l <= jnp.minimum(near_u, margin_l))
        at_upper = jnp.isfinite(ub) & (near_u <= jnp.minimum(near_l, margin_u))
    x = jnp.where(at_lower, low, jnp.where(at_upper, high, x))
    outside = (x < lb) | (x > ub)  # an interval narrower than the margins
    return jnp.where(outside, 0.5 * (lb + ub), x)


def coleman_li_scaling(x: jax.Array, g: jax.Array, lb: jax.Array, ub: jax.Array):
    """(v, dv): the distance to the bound that the antigradient points to, and its derivative.

    v_i = u_i − x_i, dv_i = −1  where g_i < 0 and u_i is finite;
    v_i = x_i − l_i, dv_i = +1  where g_i > 0 and l_i is finite;
    v_i = 1,         dv_i = 0   elsewhere.                             Branch, Coleman & Li (1999), section 1
    """
    to_upper = (g < 0) & jnp.isfinite(ub)
    to_lower = (g > 0) & jnp.isfinite(lb)
    v = jnp.where(to_upper, ub - x, jnp.where(to_lower, x - lb, 1.0))
    dv = jnp.where(to_upper, -1.0, jnp.where(to_lower, 1.0, 0.0))
    return v, dv


def active_constraints(x: jax.Array, lb: jax.Array, ub: jax.Array, rtol: float) -> jax.Array:
    """-1, 0 or +1 for each component: at its lower bound, at none, at its upper bound, within rtol·max(1, |bound|)."""
    near_l, near_u = x - lb, ub - x
    at_lower = jnp.isfinite(lb) & (near_l <= jnp.minimum(near_u, rtol * jnp.maximum(1.0, jnp.abs(lb))))
    at_upper = jnp.isfinite(ub) & (near_u <= jnp.minimum(near_l, rtol * jnp.maximum(1.0, jnp.abs(ub))))
    return jnp.where(at_lower, -1, jnp.where(at_upper, 1, 0))
