"""Which step to take where bounds interfere: the trust-region step, its reflection, or the antigradient.

When x + p leaves the bounds, three candidates are compared by the quadratic model and the best is taken
(Branch, Coleman & Li (1999), sections 3 and 6): p cut short at the bound, the path reflected from the bound and
minimised along its second leg, and the minimiser along the scaled antigradient. All stop a fraction θ short of a bound.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

TRUST_REGION, TRUNCATED, REFLECTED, GRADIENT = range(4)


class Model(NamedTuple):
    """The local problem in hat space, x = x_k + d ∘ step_h."""

    J_h: jax.Array  # (m, n) or operator
    g_h: jax.Array  # (n,)
    diag_h: jax.Array  # (n,) the Coleman–Li diagonal C
    d: jax.Array  # (n,) the scaling D
    Delta: jax.Array  # trust radius
    theta: jax.Array  # how much of the way to a bound may be gone, < 1


class Candidates(NamedTuple):
    """Steps in hat space and their modelled change of cost; a candidate that does not exist has value inf."""

    steps_h: jax.Array  # (3, n): truncated, reflected, gradient
    values: jax.Array  # (3,)


def reflected_step(functions, x, p_h, stride, hits, model: Model, lb, ub):
    """(step_h, value): along p to the bound, then along p with the hit components reversed."""
    r_h = jnp.where(hits != 0, -p_h, p_h)
    r = model.d * r_h
    at_bound_h = stride * p_h
    _, to_region = functions.intersect_trust_region(at_bound_h, r_h, model.Delta)
    to_bound, _ = functions.step_size_to_bound(x + stride * model.d * p_h, r, lb, ub)
    length = jnp.minimum(to_bound, to_region)
    exists = length > 0
    lower = (1 - model.theta) * stride / jnp.where(exists, length, 1.0)
    upper = jnp.where(length == to_bound, model.theta * to_bound, to_region)
    exists &= lower <= upper
    a, b, c = functions.build_quadratic_1d(model.J_h, model.g_h, r_h, model.diag_h, at_bound_h)
    safe_lower, safe_upper = jnp.where(exists, lower, 0.0), jnp.where(exists, upper, 0.0)
    t, value = functions.minimize_quadratic_1d(a, b, safe_lower, safe_upper, c)
    return at_bound_h + t * r_h, jnp.where(exists, value, jnp.inf)


def gradient_step(functions, x, model: Model, lb, ub):
    """(step_h, value): the minimiser along −g_h inside the region and the bounds."""
    s_h = -model.g_h
    norm = jnp.linalg.norm(s_h)
    to_region = model.Delta / jnp.where(norm == 0, 1.0, norm)
    to_bound, _ = functions.step_size_to_bound(x, model.d * s_h, lb, ub)
    limit = jnp.where(to_bound < to_region, model.theta * to_bound, to_region)
    a, b, _ = functions.build_quadratic_1d(model.J_h, model.g_h, s_h, model.diag_h, jnp.zeros_like(s_h))
    t, value = functions.minimize_quadratic_1d(a, b, jnp.zeros_like(limit), limit)
    return t * s_h, value


def candidates(functions, x, p_h, model: Model, lb, ub) -> Candidates:
    """The three steps that compete when the trust-region step p_h leaves the bounds."""
    stride, hits = functions.step_size_to_bound(x, model.d * p_h, lb, ub)
    truncated = model.theta * stride * p_h
    value = functions.evaluate_quadratic(model.J_h, model.g_h, truncated, model.diag_h)
    reflected, reflected_value = reflected_step(functions, x, p_h, stride, hits, model, lb, ub)
    gradient, gradient_value = gradient_step(functions, x, model, lb, ub)
    return Candidates(jnp.stack([truncated, reflected, gradient]), jnp.stack([value, reflected_value, gradient_value]))


def select_step(functions, x, p_h, model: Model, lb, ub):
    """(step_h, predicted reduction, which): p_h itself if x + D p_h is in bounds, else the best candidate.

    `functions` is the TrustRegionJITFunctions whose geometry is used; `which` is TRUST_REGION, TRUNCATED, REFLECTED
    or GRADIENT.
    """

    def whole():
        value = functions.evaluate_quadratic(model.J_h, model.g_h, p_h, model.diag_h)
        return p_h, -value, jnp.asarray(TRUST_REGION)

    def best():
        steps_h, values = candidates(functions, x, p_h, model, lb, ub)
        # Equal values go to the truncated step, then to the gradient step, as in the comparisons of SciPy.
        p_value, r_value, g_value = values
        reflected_wins = (r_value < p_value) & (r_value < g_value)
        truncated_wins = (p_value < r_value) & (p_value < g_value)
        which = jnp.where(truncated_wins, TRUNCATED, jnp.where(reflected_wins, REFLECTED, GRADIENT))
        return steps_h[which - TRUNCATED], -values[which - TRUNCATED], which

    return lax.cond(functions.in_bounds(x + model.d * p_h, lb, ub), whole, best)
