"""One curve as a compiled problem: in blocks of rows where its model is proved to work row by row, else whole."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np

from ..core.problem import (
    BLOCK_ROWS,
    CurveResiduals,
    EffectiveVarianceResiduals,
    Problem,
    WhitenedJacobian,
    WhitenedResiduals,
    bucket,
    pad_rows,
)
from .borrowing import REST, length, split
from .data import Data
from .fit import traceable_loss
from .options import Options
from .traceable import formula, output_shape, row_wise


class Curve(NamedTuple):
    """What is fitted, as the user gave it: y ± σ by f(x, *own), own = θ or what `expand` makes of θ and `arrays`."""

    f: Callable
    count: int  # of the model's own parameters
    data: Data
    jac: Any = None
    sigma_x: Any = None  # (m,), (k, m) or a number: errors of x
    expand: Callable | None = None  # static, so that it holds no arrays
    arrays: dict = {}


class _Kept(NamedTuple):
    """A model or Jacobian evaluated at all points, of which some count."""

    function: Callable

    def __call__(self, x, *params):
        x, keep = x
        return self.function(x, *params)[keep]


def compiled(curve: Curve, options: Options, borrow: bool = False) -> tuple[Problem, int] | None:
    """(problem, how many points count); None if the curve has to be evaluated on the host.

    With `borrow` long arrays are not copied, so that the problem is true only as long as the user leaves them alone.
    Raises ValueError for errors of x where the model does not work row by row.
    """
    data = curve.data
    model, loss = formula(curve.f), traceable_loss(options.loss)
    if model is None or loss is None or isinstance(curve.jac, str):
        return None
    params = (0.0,) * curve.count
    shape = output_shape(model, data.x, *params)
    if shape is None:
        return None
    data.check_shape(shape)
    one_for_all = shape != data.shape
    common = {"f_scale": options.f_scale, "loss": loss, "functions": options.functions}
    block = min(bucket(data.y.size), BLOCK_ROWS)
    by_rows = curve.jac is None and data.L is None and not one_for_all
    if by_rows and row_wise(model, data.x, params, shape[0], block):
        kind = CurveResiduals if curve.sigma_x is None else EffectiveVarianceResiduals
        common |= {"residuals": kind(model, curve.expand), "blocked": True}
        rows, shared = _rows(curve)
        lent, rest = split(rows) if borrow else ({}, rows)
        parts = [Problem(jax.device_put(lent), shared, length(lent), **common)] if lent else []
        if length(rest):
            padded = _padded(rest, REST if lent else bucket(length(rest)))
            parts.append(Problem(padded, shared, length(rest), **common))
        return replace(parts[0], also=tuple(parts[1:])), data.y.size
    if curve.sigma_x is not None:
        raise ValueError(
            "`sigma_x` needs a model whose value at a point depends on that point's x alone, and independent errors of "
            "y: this model, or `sigma`, connects the points."
        )
    return _whole(curve, model, shape, common)


def _whole(curve: Curve, model, shape, common: dict) -> tuple[Problem, int] | None:
    """The problem evaluated at all points at once."""
    data, x, jacobian = curve.data, curve.data.x, None
    if curve.jac is not None:
        jacobian = formula(curve.jac)
        params = (0.0,) * curve.count
        if jacobian is None or output_shape(jacobian, x, *params) != (shape[0], curve.count):
            return None
    m = shape[0] if data.keep is None else data.keep.size
    if data.keep is not None:
        x, model, jacobian = (x, data.keep), _Kept(model), jacobian and _Kept(jacobian)
    shared = ({"sigma": data.sigma} if data.L is None else {"L": data.L}) | curve.arrays
    residuals, jacobian = WhitenedResiduals(model, curve.expand), jacobian and WhitenedJacobian(jacobian)
    return Problem({"x": x, "y": data.y}, shared, float(m), residuals=residuals, jacobian=jacobian, **common), m


def _rows(curve: Curve) -> tuple[dict, dict]:
    """(rows, shared) of a problem evaluated in blocks, without padding."""
    data = curve.data
    x = data.x if data.keep is None else jax.tree.map(lambda a: a[..., data.keep], data.x)
    rows, shared = {"x": x, "y": data.y}, dict(curve.arrays)
    for name, error in (("sigma", data.sigma), ("sigma_x", curve.sigma_x)):
        if error is not None:
            (rows if np.ndim(error) else shared)[name] = error
    return jax.tree.map(lambda a: np.asarray(a, float), rows), shared


def _padded(rows: dict, size: int) -> dict:
    rows = jax.tree.map(lambda a: pad_rows(a, size), rows)
    # One block goes faster as an argument of each call than as an array of its own.
    return jax.device_put(rows) if size > BLOCK_ROWS else rows
