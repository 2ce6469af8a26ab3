"""Robust losses ρ(z) of z = (f / C)², and what they do to f and J.

The cost is ½ Σ C² ρ((f_i / C)²) with C = f_scale. Gauss–Newton on it is linear least squares with scaled rows
(Triggs et al. (2000), Bundle adjustment, section 4.3): J_i ← J_i √(ρ' + 2 ρ'' f_i²), floored at ε to stay positive.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp


def linear(z):
    """ρ = z: ordinary least squares."""
    return z, jnp.ones_like(z), jnp.zeros_like(z)


def soft_l1(z):
    """ρ = 2(√(1 + z) − 1): a smooth absolute value."""
    t = 1.0 + z
    return 2.0 * (jnp.sqrt(t) - 1.0), t**-0.5, -0.5 * t**-1.5


def huber(z):
    """ρ = z for z ≤ 1, else 2√z − 1. Huber (1964)."""
    inlier = z <= 1.0
    safe = jnp.where(inlier, 1.0, z)
    return (
        jnp.where(inlier, z, 2.0 * jnp.sqrt(safe) - 1.0),
        jnp.where(inlier, 1.0, safe**-0.5),
        jnp.where(inlier, 0.0, -0.5 * safe**-1.5),
    )


def cauchy(z):
    """ρ = ln(1 + z): strongly discounts outliers, may have several minima."""
    t = 1.0 + z
    return jnp.log1p(z), 1.0 / t, -1.0 / t**2


def arctan(z):
    """ρ = arctan z: bounds the cost of any one point."""
    t = 1.0 + z**2
    return jnp.arctan(z), 1.0 / t, -2.0 * z / t**2


LOSSES: dict[str, Callable] = {f.__name__: f for f in (linear, soft_l1, huber, cauchy, arctan)}


def evaluate_loss(loss: Callable, f: jax.Array, f_scale: jax.Array) -> jax.Array:
    """(3, m): C² ρ, ρ' and ρ'' / C² at the residuals f (m,), derivatives taken with respect to f².

    A user's loss returns (3, m) or three arrays, as SciPy's do, or only ρ (m,), which is then differentiated.
    """
    z = (f / f_scale) ** 2
    values = loss(z)
    if isinstance(values, tuple | list) or jnp.ndim(values) == 2:
        rho, drho, d2rho = values
    else:
        ones = jnp.ones_like(z)
        first = lambda t: jax.jvp(loss, (t,), (ones,))  # noqa: E731
        (rho, drho), (_, d2rho) = jax.jvp(first, (z,), (ones,))
    return jnp.stack([rho * f_scale**2, drho, d2rho / f_scale**2])


def scale_rows(rho: jax.Array, f: jax.Array):
    """(J_scale, f_scaled): the factor of each row of J and the residuals of the equivalent linear problem."""
    eps = jnp.finfo(f.dtype).eps
    J_scale = jnp.sqrt(jnp.maximum(rho[1] + 2.0 * rho[2] * f**2, eps))
    return J_scale, f * rho[1] / J_scale
