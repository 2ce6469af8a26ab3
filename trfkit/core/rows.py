"""Does a model work row by row? Read off its jaxpr, not guessed.

A model y = f(x, p) whose i-th output depends on the i-th row of x alone may be evaluated in blocks of rows, padded and
masked, and the answer stays the same. One that convolves, sorts, sums, takes x.max() or divides by x.size may not.

The model is traced at two lengths, that of the data and that of a block, and the two jaxprs are walked in step. The
axis along which a value follows the rows is the one whose size differs. The proof holds if the two are the same program
but for that size, and if every operation keeps rows apart; an operation that is not known to ends it, and the model is
then evaluated whole, which is always right.
"""

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

# Primitives that act on each element alone (jax.lax). One that is missing here costs speed, never correctness.
ELEMENTWISE = frozenset(
    """abs acos acosh add add_any and asin asinh atan atan2 atanh bessel_i0e bessel_i1e cbrt ceil clamp conj
    convert_element_type copy copy_p cos cosh complex digamma div eq erf erf_inv erfc exp exp2 expm1 floor ge gt igamma
    igammac imag integer_pow is_finite le lgamma log log1p logistic lt max min mul ne neg nextafter not or polygamma pow
    real regularized_incomplete_beta rem round rsqrt select_n sign sin sinh sqrt square stop_gradient sub tan tanh xor
    zeta""".split()
)
# Those that only call other programs, whose own equations are walked.
CALLS = frozenset(
    """checkpoint closed_call cond core_call custom_jvp_call custom_vjp_call jit pjit remat2 scan while""".split()
)
# Those that act along named axes, and the parameter that names them: fine unless it is that of the rows.
ALONG_AXES = {
    "reduce_sum": "axes", "reduce_max": "axes", "reduce_min": "axes", "reduce_prod": "axes", "reduce_and": "axes",
    "reduce_or": "axes", "argmax": "axes", "argmin": "axes", "cumsum": "axis", "cumprod": "axis", "cummax": "axis",
    "cummin": "axis", "cumlogsumexp": "axis", "rev": "dimensions", "concatenate": "dimension", "squeeze": "dimensions",
    "iota": "dimension",
}  # fmt: skip

# Parameters that are sizes of the result, and so may be the number of rows.
SIZES = frozenset({"shape", "new_sizes", "limit_indices"})


class _Mixed(Exception):
    """An operation that may mix rows, or is not known not to."""


class _Pair:
    """Two traces of one model, of m rows and of b rows, walked in step."""

    def __init__(self, m: int, b: int):
        self.lengths = m, b

    def row(self, a, b) -> int | None:
        """The axis of the rows in a value that has shape a in the one trace and b in the other; None for none."""
        if len(a) != len(b):
            raise _Mixed
        differ = [axis for axis, sizes in enumerate(zip(a, b, strict=True)) if sizes[0] != sizes[1]]
        if len(differ) > 1 or any((a[axis], b[axis]) != self.lengths for axis in differ):
            raise _Mixed
        return differ[0] if differ else None

    def rows(self, ones, others) -> list[int | None]:
        """The row axes of pairs of atoms."""
        return [self.row(p.aval.shape, q.aval.shape) for p, q in zip(ones, others, strict=True)]

    def same(self, p, q, size: bool) -> bool:
        """Whether two parameters of a primitive are the same, sizes but for the number of rows."""
        if isinstance(p, tuple | list) and isinstance(q, tuple | list):
            return len(p) == len(q) and all(self.same(*pair, size) for pair in zip(p, q, strict=True))
        return type(p) is type(q) and (p == q or (size and (p, q) == self.lengths))

    def walk_closed(self, one: ClosedJaxpr, other: ClosedJaxpr) -> None:
        """The same of two programs with their constants, which must be the same, too."""
        if len(one.consts) != len(other.consts):
            raise _Mixed
        for a, b in zip(one.consts, other.consts, strict=True):
            if np.shape(a) != np.shape(b) or not np.array_equal(a, b):
                raise _Mixed
        self.walk(one.jaxpr, other.jaxpr)

    def walk(self, one: Jaxpr, other: Jaxpr) -> None:
        """Raise _Mixed unless the two are the same program and it keeps rows apart."""
        if len(one.eqns) != len(other.eqns):
            raise _Mixed
        twin = dict(zip((*one.constvars, *one.invars), (*other.constvars, *other.invars), strict=True))
        for p, q in zip(one.eqns, other.eqns, strict=True):
            self.same_atoms(p.invars, q.invars, twin)
            self.step(p, q)
            twin.update(zip(p.outvars, q.outvars, strict=True))
        self.same_atoms(one.outvars, other.outvars, twin)

    def same_atoms(self, ones, others, twin) -> None:
        """Raise _Mixed unless both lists name the same values; a number that knows how many rows there are differs."""
        if len(ones) != len(others):
            raise _Mixed
        for a, b in zip(ones, others, strict=True):
            if isinstance(a, Literal) != isinstance(b, Literal):
                raise _Mixed
            if isinstance(a, Literal):
                same = np.array_equal(a.val, b.val, equal_nan=np.result_type(a.val).kind == "f")
            else:
                same = twin[a] is b
            if not same:
                raise _Mixed

    def step(self, p, q) -> None:
        """One operation."""
        name = p.primitive.name
        if name != q.primitive.name or len(p.outvars) != len(q.outvars):
            raise _Mixed
        ins, outs = self.rows(p.invars, q.invars), self.rows(p.outvars, q.outvars)
        if name in CALLS:
            self.call(p, q)
            return
        if any(not self.same(p.params[key], q.params[key], key in SIZES) for key in p.params):
            raise _Mixed
        if all(row is None for row in (*ins, *outs)):
            return
        if not self.keeps_apart(name, p, ins, outs):
            raise _Mixed

    def call(self, p, q) -> None:
        """An operation that runs other programs; a scan must not run along the rows."""
        if any(p.params.get(key) != q.params.get(key) for key in ("length", "reverse", "num_consts", "num_carry")):
            raise _Mixed
        ones, others = _programs(p.params), _programs(q.params)
        if not ones or len(ones) != len(others):
            raise _Mixed
        for one, other in zip(ones, others, strict=True):
            self.walk_closed(one, other)

    def keeps_apart(self, name: str, eqn, ins, outs) -> bool:
        """Whether an operation with rows among its operands or results keeps them apart."""
        if any(row is None for row in outs):
            return False
        row = outs[0]
        known = [i for i in ins if i is not None]
        if not known and name not in ("broadcast_in_dim", "iota"):
            return False
        if name == "broadcast_in_dim":
            place = eqn.params["broadcast_dimensions"]
            return all(place[i] == row for i in known)
        if name in ELEMENTWISE:
            return all(i == row for i in known)
        if name in ALONG_AXES:
            axes = eqn.params[ALONG_AXES[name]]
            axes = (axes,) if isinstance(axes, int) else axes
            if name == "iota":
                return row not in axes
            dropped = len(eqn.outvars[0].aval.shape) < len(eqn.invars[0].aval.shape)
            shift = sum(a < known[0] for a in axes) if dropped else 0
            return all(i not in axes and i - shift == row for i in known)
        if name == "transpose":
            return eqn.params["permutation"][row] == known[0]
        if name == "stack":
            return all(i + (eqn.params["axis"] <= i) == row for i in known)
        if name == "reshape":
            before, after = eqn.invars[0].aval.shape, eqn.outvars[0].aval.shape
            return np.prod(before[: known[0]]) == np.prod(after[:row])
        if name == "slice":
            return (
                known[0] == row
                and eqn.params["start_indices"][row] == 0
                and (eqn.params["strides"] or {row: 1})[row] == 1
            )
        # A contraction over rows has none left, an outer product has them twice: what is left is along other axes.
        return name == "dot_general"


def _programs(params) -> list[ClosedJaxpr]:
    """The programs among the parameters of a primitive."""
    found = []
    for value in params.values():
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, ClosedJaxpr):
                found.append(item)
            elif isinstance(item, Jaxpr):
                found.append(ClosedJaxpr(item, ()))
    return found


def works_row_by_row(model, x, params: tuple, m: int, block: int | None = None) -> bool:
    """True if model(x, *params) is proved to compute each output from the same row of x alone, at m rows as at `block`.

    The rows of x lie along its last axis, as `curve_fit` has it: shape (m,) or (k, m), or any tree of such arrays.
    Arrays and parameters may be given by their shapes (`jax.ShapeDtypeStruct`); `block` is m + 1 unless given.
    """
    other = m + 1 if block is None or block == m else block
    leaves, tree = jax.tree.flatten(x)
    if not leaves or any(np.ndim(leaf) == 0 or np.shape(leaf)[-1] != m for leaf in leaves):
        return False
    changed = [jax.ShapeDtypeStruct((*np.shape(leaf)[:-1], other), jax.numpy.result_type(leaf)) for leaf in leaves]
    one = jax.make_jaxpr(model)(x, *params)
    try:
        # Whatever the model raises for another number of rows, it is no model that works row by row.
        two = jax.make_jaxpr(model)(jax.tree.unflatten(tree, changed), *params)
    except (TypeError, ValueError, IndexError, ArithmeticError, AssertionError):
        return False
    if [out.shape for out in one.out_avals] != [(m,)] or [out.shape for out in two.out_avals] != [(other,)]:
        return False
    try:
        _Pair(m, other).walk_closed(one, two)
    except _Mixed:
        return False
    return True
