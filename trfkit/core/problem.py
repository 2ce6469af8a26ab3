"""What is fitted: residuals, their data and their loss.

A `Problem` is a pytree: its arrays are arguments of the compiled programs, its functions are what the programs are
compiled for. Nothing captures data in a closure, so other data of the same shape compile nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .jit_functions import FUNCTIONS, TrustRegionJITFunctions
from .losses import linear

BLOCK_ROWS = 2560  # rows folded at a time: with their Jacobian they stay in the cache of one core
LARGE_STEP = 64 * BLOCK_ROWS  # beyond four of these buckets grow by this many rows, 1.3 MB an array, not by a ratio
ALIGNMENT = 64  # bytes; JAX takes over a NumPy buffer so aligned without a copy on the CPU

static = partial(field, metadata={"static": True})


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Problem:
    """min ½ Σ C² ρ((f_i(x) / C)²) with f = residuals(x, rows, shared).

    With `blocked`, every leaf of `rows` has the rows along its last axis, f of a block of rows is the block of f, and
    only rows `first` (of several blocks, a multiple of BLOCK_ROWS) to `m` count; the rest is padding. Without, f is
    evaluated whole. Problems in the same x may be
    added: further data sets, prior knowledge.
    """

    # data
    rows: Any  # pytree of arrays (…, M), M ≥ m
    shared: Any  # pytree of arrays that every row sees
    m: Any  # how many rows count
    f_scale: Any  # C
    mask: Any = None  # (m,) of bool, for residuals evaluated whole; None for all
    # what is compiled
    residuals: Callable = static(default=None)
    jacobian: Callable | None = static(default=None)  # of the residuals; None: automatic differentiation
    loss: Callable = static(default=linear)
    blocked: bool = static(default=False)
    matrix_free: bool = static(default=False)
    functions: TrustRegionJITFunctions = static(default=FUNCTIONS)
    # and what is added to it
    also: tuple["Problem", ...] = ()  # further costs in the same x; each has its own loss, none has an `also`
    weights: Any = None  # (M,) how often each row counts; None for once
    first: Any = 0  # row that counts

    @property
    def parts(self) -> tuple["Problem", ...]:
        """Itself without the others, then the others."""
        return (replace(self, also=()) if self.also else self, *self.also)

    def with_data(self, changes: tuple[dict, ...]) -> "Problem":
        """With some arrays of each part replaced: {"rows": {name: array}, "shared": {…}, "weights": array} for each."""

        def changed(part: "Problem", change: dict) -> "Problem":
            merged = {key: {**getattr(part, key), **new} for key, new in change.items() if key != "weights"}
            return replace(part, **change | merged)

        first, *others = (changed(part, change) for part, change in zip(self.parts, changes, strict=True))
        return replace(first, also=tuple(others))


def _rung(count: int, first: int) -> int:
    """The first of first, 1½ first, 2 first, 3 first, 4 first, 6 first … that is at least count."""
    size = first
    while size < count:
        size = size * 4 // 3 if size % 3 == 0 else size * 3 // 2
    return size


def bucket(m: int) -> int:
    """The padded length for m rows: 20, 30, 40, 60, 80 … 1920, 2560, then whole blocks of 2560.

    At most half as much again, or one block more; 1 000 … 1 050 rows share one bucket. So one more point rarely
    compiles anything.
    """
    if m <= BLOCK_ROWS:
        return _rung(m, 20)
    if m <= 4 * LARGE_STEP:
        return BLOCK_ROWS * _rung(-(-m // BLOCK_ROWS), 2)
    return LARGE_STEP * -(-m // LARGE_STEP)


def _aligned(shape: tuple[int, ...], dtype) -> np.ndarray:
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)


def pad_rows(array: np.ndarray, size: int, fill=None) -> np.ndarray:
    """A copy of array (…, m), padded to (…, size) along its last axis by `fill`, or by its own first row.

    A copy of more than one block is aligned, so that the device takes it over as it stands.
    """
    m, shape = array.shape[-1], (*array.shape[:-1], size)
    padded = np.empty(shape, array.dtype) if size <= BLOCK_ROWS else _aligned(shape, array.dtype)
    padded[..., :m] = array
    padded[..., m:] = array[..., :1] if fill is None else fill
    return padded


@dataclass(frozen=True)
class _ModelResiduals:
    """Residuals of a model whose parameters are x, or follow from x by expand(x, shared)."""

    model: Callable
    expand: Callable | None = None

    def difference(self, params, rows, shared):
        """f(x, p) − y, (rows,)."""
        return jnp.asarray(self.model(rows["x"], *self.own(params, shared))) - rows["y"]

    def own(self, params, shared):
        """The model's own parameters."""
        return params if self.expand is None else self.expand(params, shared)


@dataclass(frozen=True)
class CurveResiduals(_ModelResiduals):
    """(f(x, p) − y) / σ for the rows {"x", "y", "sigma"}, or one shared σ; two of the same model compile once."""

    def __call__(self, params, rows, shared):
        """Residuals (rows,) at the parameters (n,)."""
        return self.difference(params, rows, shared) * (1.0 / _from("sigma", rows, shared))


@dataclass(frozen=True)
class WhitenedResiduals(_ModelResiduals):
    """L⁻¹(f(x, p) − y) with the covariance matrix of y factored as L Lᵀ, all rows at once; or (f − y) / σ without L."""

    def __call__(self, params, rows, shared):
        """Residuals (m,) at the parameters (n,)."""
        return whiten(self.difference(params, rows, shared), shared)


@dataclass(frozen=True)
class EffectiveVarianceResiduals(_ModelResiduals):
    """(f(x, p) − y) / √(σ² + Σ_k (∂f/∂x_k σ_k)²) for a row-wise model and errors σ_k of x.

    For a straight line this is the orthogonal distance, York's (1966) problem; for a curve it is that to first order in
    σ_k: J. Orear (1982), Least squares when both variables have uncertainties, Am. J. Phys. 50, 912.
    """

    def __call__(self, params, rows, shared):
        """Residuals (rows,) at the parameters (n,)."""
        x, own = rows["x"], self.own(params, shared)
        sigma_x = jnp.broadcast_to(_from("sigma_x", rows, shared), x.shape)
        along = (sigma_x,) if x.ndim == 1 else tuple(jnp.zeros_like(x).at[k].set(s) for k, s in enumerate(sigma_x))
        spread = sum(jax.jvp(lambda x: self.model(x, *own), (x,), (tangent,))[1] ** 2 for tangent in along)
        sigma = _from("sigma", rows, shared)
        return self.difference(params, rows, shared) / jnp.sqrt(sigma**2 + spread)


@dataclass(frozen=True)
class PriorResiduals:
    """(p − mean) / σ of the parameters p that expand(x, shared) returns: what was known of them before."""

    expand: Callable

    def __call__(self, params, rows, shared):
        """One residual for each parameter known."""
        return (jnp.stack(self.expand(params, shared)) - shared["mean"]) / shared["sigma"]


def _from(name: str, rows: dict, shared: dict):
    return rows[name] if name in rows else shared[name]


def whiten(values: jax.Array, shared: dict) -> jax.Array:
    """values (m, …) divided by shared["sigma"], or solved with the Cholesky factor shared["L"] (m, m)."""
    if "L" in shared:
        return jax.scipy.linalg.solve_triangular(shared["L"], values, lower=True)
    sigma = shared["sigma"]
    return values / (sigma if jnp.ndim(sigma) == 0 or jnp.ndim(values) == 1 else sigma[:, None])


@dataclass(frozen=True)
class WhitenedJacobian:
    """The user's ∂f/∂p (m, n) of a model, weighted as its residuals are."""

    jac: Callable

    def __call__(self, params, rows, shared):
        """Jacobian (m, n) at the parameters (n,)."""
        return whiten(jnp.asarray(self.jac(rows["x"], *params)), shared)


@dataclass(frozen=True)
class PlainFunction:
    """fun(x, *args, **kwargs) of `least_squares`: residuals (m,), or their Jacobian (m, n)."""

    fun: Callable

    def __call__(self, x, rows, shared):
        """The function's value at x (n,), with args and kwargs from `shared`."""
        args, kwargs = shared
        return jnp.asarray(self.fun(x, *args, **kwargs))
