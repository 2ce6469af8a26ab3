"""Does a model work row by row? Read off its jaxpr, not guessed.

A model y = f(x, p) whose i-th output depends on the i-th row of x alone may be evaluated in blocks of rows, padded and
masked, and the answer stays the same. One that convolves, sorts, sums or takes x.max() may not. The jaxpr is walked
with, for each value, the axis along which it follows the rows; an operation that is not known to keep rows apart ends
the proof, and the model is then evaluated whole, which is always right.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

# Primitives that act on each element alone (jax.lax). One that is missing here costs speed, never correctness.
ELEMENTWISE = frozenset(
    """abs acos acosh add and asin asinh atan atan2 atanh bessel_i0e bessel_i1e cbrt ceil clamp conj
    convert_element_type copy copy_p cos cosh complex digamma div eq erf erf_inv erfc exp exp2 expm1 floor ge gt igamma
    igammac imag integer_pow is_finite le lgamma log log1p logistic lt max min mul ne neg nextafter not or polygamma pow
    real regularized_incomplete_beta rem round rsqrt select_n sign sin sinh sqrt square stop_gradient sub tan tanh xor
    zeta""".split()
)
CALLS = frozenset("pjit jit closed_call core_call custom_jvp_call custom_vjp_call remat2 checkpoint".split())
REDUCTIONS = frozenset("reduce_sum reduce_max reduce_min reduce_prod reduce_and reduce_or argmax argmin".split())
CUMULATIVE = frozenset("cumsum cumprod cummax cummin cumlogsumexp".split())


class Layout(NamedTuple):
    """How a value lies with respect to the rows of x."""

    row: int | None  # the axis that follows the rows; None for a value that x has no part in
    varying: frozenset = frozenset()  # axes along which a value without rows is not constant


class _Mixed(Exception):
    """An operation that may mix rows, or is not known not to."""


def _all_varying(aval) -> Layout:
    return Layout(None, frozenset(d for d, size in enumerate(aval.shape) if size != 1))


def _broadcast(eqn, source: Layout) -> Layout:
    place = eqn.params["broadcast_dimensions"]
    if source.row is None:
        return Layout(None, frozenset(place[d] for d in source.varying))
    return Layout(place[source.row])


def _squeeze(eqn, source):
    removed = eqn.params["dimensions"]
    if source.row in removed:
        raise _Mixed
    return Layout(source.row - sum(d < source.row for d in removed))


def _reshape(eqn, source):
    before, after = eqn.invars[0].aval.shape, eqn.outvars[0].aval.shape
    lead = 1
    for size in before[: source.row]:
        lead *= size
    count = 1
    for axis, size in enumerate(after):
        if count == lead and size == before[source.row] and size > 1:
            return Layout(axis)
        count *= size
    raise _Mixed


def _transpose(eqn, source):
    return Layout(eqn.params["permutation"].index(source.row))


def _same_length(eqn, source):
    if eqn.invars[0].aval.shape[source.row] != eqn.outvars[0].aval.shape[source.row]:
        raise _Mixed
    return source


def _reverse(eqn, source):
    if source.row in eqn.params["dimensions"]:
        raise _Mixed
    return source


def _reduce(eqn, source):
    reduced = eqn.params["axes"]
    if source.row in reduced:
        raise _Mixed
    return Layout(source.row - sum(d < source.row for d in reduced))


def _cumulate(eqn, source):
    if source.row == eqn.params["axis"]:
        raise _Mixed
    return source


ONE_OPERAND = {
    "squeeze": _squeeze,
    "reshape": _reshape,
    "transpose": _transpose,
    "slice": _same_length,
    "rev": _reverse,
    **dict.fromkeys(REDUCTIONS, _reduce),
    **dict.fromkeys(CUMULATIVE, _cumulate),
}


def _agree(sources) -> Layout:
    """The common row axis of operands of one rank; the others must be constant along it."""
    rows = {s.row for s in sources if s.row is not None}
    if len(rows) != 1:
        raise _Mixed
    (row,) = rows
    if any(row in s.varying for s in sources):
        raise _Mixed
    return Layout(row)


def _elementwise(eqn, sources):
    ndim = eqn.outvars[0].aval.ndim
    if any(s.row is not None and v.aval.ndim != ndim for s, v in zip(sources, eqn.invars, strict=True)):
        raise _Mixed
    return _agree(sources)


def _concatenate(eqn, sources):
    together = _agree(sources)
    if together.row == eqn.params["dimension"]:
        raise _Mixed
    return together


def _stack(eqn, sources):
    together = _agree(sources)
    return Layout(together.row + (eqn.params["axis"] <= together.row))


def _dot_general(eqn, sources):
    contract, batch = eqn.params["dimension_numbers"]
    sides = [side for side in (0, 1) if sources[side].row is not None]
    if len(sides) != 1:
        raise _Mixed
    (side,) = sides
    row = sources[side].row
    if row in contract[side] or row in batch[side]:
        raise _Mixed
    free = [d for d in range(eqn.invars[side].aval.ndim) if d not in contract[side] and d not in batch[side]]
    before = len(batch[0])
    if side == 1:
        before += eqn.invars[0].aval.ndim - len(contract[0]) - len(batch[0])
    return Layout(before + free.index(row))


SEVERAL_OPERANDS = {"concatenate": _concatenate, "stack": _stack, "dot_general": _dot_general}


def _scan(eqn, sources):
    """A loop (jnp.polyval is one): the layouts of its carry must repeat themselves."""
    consts, carried = eqn.params["num_consts"], eqn.params["num_carry"]
    xs = sources[consts + carried :]
    if any(s.row == 0 for s in xs):
        raise _Mixed
    inner_xs = [Layout(None if s.row is None else s.row - 1, frozenset(d - 1 for d in s.varying if d > 0)) for s in xs]
    carry = list(sources[consts : consts + carried])
    for _ in range(2):  # the first pass may find that a constant start becomes row-wise
        outs = _propagate(eqn.params["jaxpr"].jaxpr, [*sources[:consts], *carry, *inner_xs])
        if outs[:carried] == carry:
            stacked = [o if o.row is None else Layout(o.row + 1) for o in outs[carried:]]
            return [*carry, *stacked]
        for before, after in zip(carry, outs[:carried], strict=True):
            if before.row is not None or after.row in before.varying:
                raise _Mixed
        carry = outs[:carried]
    raise _Mixed


def _inner_jaxpr(eqn):
    for name in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
        if name in eqn.params:
            inner = eqn.params[name]
            return getattr(inner, "jaxpr", inner)
    raise _Mixed


def _apply(eqn, sources) -> list[Layout]:
    name = eqn.primitive.name
    if name in CALLS:
        return _propagate(_inner_jaxpr(eqn), sources)
    if name == "broadcast_in_dim":
        return [_broadcast(eqn, sources[0])]
    if all(s.row is None for s in sources):
        if name in ELEMENTWISE:
            return [Layout(None, frozenset().union(*(s.varying for s in sources)))] * len(eqn.outvars)
        return [_all_varying(v.aval) for v in eqn.outvars]
    if name in ELEMENTWISE:
        return [_elementwise(eqn, sources)] * len(eqn.outvars)
    if name in ONE_OPERAND:
        return [ONE_OPERAND[name](eqn, sources[0])]
    if name in SEVERAL_OPERANDS:
        return [SEVERAL_OPERANDS[name](eqn, sources)]
    if name == "scan":
        return _scan(eqn, sources)
    raise _Mixed


def _propagate(jaxpr, inputs: list[Layout]) -> list[Layout]:
    env = {v: _all_varying(v.aval) for v in jaxpr.constvars}
    env.update(zip(jaxpr.invars, inputs, strict=True))

    def read(atom):
        return _all_varying(atom.aval) if hasattr(atom, "val") else env[atom]

    for eqn in jaxpr.eqns:
        env.update(zip(eqn.outvars, _apply(eqn, [read(v) for v in eqn.invars]), strict=True))
    return [read(v) for v in jaxpr.outvars]


def works_row_by_row(model, x, params: tuple, m: int) -> bool:
    """True if model(x, *params) is proved to compute each of its m outputs from the same row of x alone.

    The rows of x lie along its last axis, as `curve_fit` has it: shape (m,) or (k, m), or any tree of such arrays; the
    parameters are numbers. Arrays may be given by their shapes (`jax.ShapeDtypeStruct`).
    """
    leaves, tree = jax.tree.flatten(x)
    if not leaves or any(jnp.ndim(leaf) == 0 or jnp.shape(leaf)[-1] != m for leaf in leaves):
        return False
    closed = jax.make_jaxpr(model)(x, *params)
    if [out.shape for out in closed.out_avals] != [(m,)]:
        return False
    layouts = [Layout(jnp.ndim(leaf) - 1) for leaf in leaves] + [Layout(None)] * len(jax.tree.leaves(params))
    other = m + 1  # jnp.ones(m) * x has the jaxpr of jnp.ones_like(x) * x; only another length tells them apart
    longer = [jax.ShapeDtypeStruct((*jnp.shape(leaf)[:-1], other), jnp.result_type(leaf)) for leaf in leaves]
    try:
        row_wise = _propagate(closed.jaxpr, layouts) == [Layout(0)]
        return row_wise and jax.eval_shape(model, jax.tree.unflatten(tree, longer), *params).shape == (other,)
    except (_Mixed, TypeError, ValueError):
        return False
