"""A Jacobian is whatever can multiply a vector from both sides.

For small n it is an array: the triangle R of the condensed problem, or any J (m, n) handed to a primitive.
For large n it is a `LinearOperator`: two functions and no matrix. The primitives below ask only for products,
so each algorithm is written once.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial


class LinearOperator(NamedTuple):
    """J as a pair of products. `Partial`s, so that it may cross a jit boundary: its data are arguments, not
    constants."""

    forward: Partial  # v (n,) -> J v (m,)
    adjoint: Partial  # u (m,) -> Jᵀ u (n,)


def matvec(J, v: jax.Array) -> jax.Array:
    """J v, shape (m,), for an array or an operator J."""
    return J.forward(v) if isinstance(J, LinearOperator) else J @ v


def rmatvec(J, u: jax.Array) -> jax.Array:
    """Jᵀ u, shape (n,), for an array or an operator J."""
    return J.adjoint(u) if isinstance(J, LinearOperator) else J.T @ u


def _scaled_forward(J, d, v):
    return J.forward(d * v)


def _scaled_adjoint(J, d, u):
    return d * J.adjoint(u)


def scale_columns(J, d: jax.Array):
    """J_h = J D with D = diag(d): the Jacobian in hat space."""
    if isinstance(J, LinearOperator):
        return LinearOperator(Partial(_scaled_forward, J, d), Partial(_scaled_adjoint, J, d))
    return J * d[None, :]


def _augmented_forward(J, diagonal, v):
    return jnp.concatenate([J.forward(v), diagonal * v])


def _augmented_adjoint(J, diagonal, u):
    m = u.shape[0] - diagonal.shape[0]
    return J.adjoint(u[:m]) + diagonal * u[m:]


def append_rows(J, J_diag: jax.Array):
    """[J ; J_diag] for an array, and its products for an operator J.

    J_diag is (n, n), or (n,) for the diagonal of such a matrix (all that an operator can hold in O(n)).
    """
    if isinstance(J, LinearOperator):
        return LinearOperator(Partial(_augmented_forward, J, J_diag), Partial(_augmented_adjoint, J, J_diag))
    return jnp.concatenate([J, jnp.diag(J_diag) if J_diag.ndim == 1 else J_diag])
