"""Branches under vmap.

Where the predicate of a `lax.cond` differs from lane to lane, vmap evaluates both branches in every lane. Where one
branch is right for every lane, and merely dearer, one predicate for all of them will do.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax


def where_needed(needed: jax.Array, thorough: Callable, quick: Callable, *operands):
    """thorough(*operands) if `needed`, else quick(*operands); under vmap thorough for all lanes if any lane needs it.

    Neither function may close over a traced array: give all of them as operands.
    """

    @jax.custom_batching.custom_vmap
    def branch(needed, operands):
        return lax.cond(needed, thorough, quick, *operands)

    @branch.def_vmap
    def _(axis_size, batched, needed, operands):
        axes = jax.tree.map(lambda is_batched: 0 if is_batched else None, batched[1])
        lanes = [jax.vmap(f, in_axes=tuple(axes), axis_size=axis_size) for f in (thorough, quick)]
        out = lax.cond(jnp.any(needed), *lanes, *operands)
        return out, jax.tree.map(lambda _: True, out)

    return branch(needed, operands)
