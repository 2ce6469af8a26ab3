"""How to fit: what `least_squares` and `curve_fit` have in common, checked once."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..core.jit_functions import FUNCTIONS, TrustRegionJITFunctions
from ..core.trf import Limits
from ..events import Channel
from . import inputs

DEFAULTS = {
    "method": "trf", "ftol": None, "xtol": 1e-10, "gtol": None, "x_scale": None, "loss": "linear", "f_scale": 1.0,
    "diff_step": None, "tr_solver": None, "tr_options": None, "jac_sparsity": None, "max_nfev": None, "verbose": 0,
    "callback": None, "workers": None, "channel": None,
}  # fmt: skip

PLAIN = frozenset({type(None), bool, int, float, str})  # values of options that are compared by themselves

METHOD_NOTE = "method={!r} was asked for; trfkit solves every problem by trust-region-reflective steps."


class Options(NamedTuple):
    """How to fit, checked."""

    # the cost
    loss: Callable
    f_scale: float
    # the solver
    limits: Limits  # with m = 0 until the residuals have been counted
    tr_solver: str  # 'auto', 'svd', 'cg' or 'hybrid'
    needs_dense: bool  # SVD was asked for by name
    functions: TrustRegionJITFunctions
    driver: str  # 'auto', 'stepped' or 'fused'
    x_scale_given: bool
    # derivatives on the host
    diff_step: object
    jac_sparsity: object
    workers: object
    # who watches
    verbose: int
    callback: Callable | None
    channel: Channel | None
    notes: tuple[str, ...]


def check_options(x0: np.ndarray, lb: np.ndarray, ub: np.ndarray, given: dict) -> Options:
    """Options from the user's keywords; raises ValueError or TypeError with what was got and what to try."""
    plain = all(type(value) in PLAIN for value in given.values())
    found = _plain_options(x0.size, tuple(given.items())) if plain else _options(x0.size, given)
    if given.get("method") == "lm" and inputs.is_bounded(lb, ub):
        raise ValueError("Method 'lm' doesn't support bounds: use method='trf', which trfkit solves with anyway.")
    return found._replace(limits=found.limits._replace(lb=lb, ub=ub))


@lru_cache(maxsize=256)
def _plain_options(n: int, given: tuple) -> Options:
    return _options(n, dict(given))


def _options(n: int, given: dict) -> Options:
    """Options for n parameters, but for their bounds."""
    unknown = sorted(set(given) - set(DEFAULTS))
    if unknown:
        raise TypeError(f"unexpected keyword argument {unknown[0]!r}; there are {', '.join(DEFAULTS)}.")
    chosen = DEFAULTS | given
    method, tr_solver = chosen["method"], chosen["tr_solver"]
    inputs.choice(method, inputs.METHODS, "method")
    inputs.choice(tr_solver, tuple(inputs.TR_SOLVERS), "tr_solver")
    inputs.choice(chosen["verbose"], (0, 1, 2), "verbose")
    own = inputs.trust_region_options(chosen["tr_options"])
    tolerances = inputs.tolerances(chosen["ftol"], chosen["xtol"], chosen["gtol"])
    scale_inv, jac_scale = inputs.scale("jac" if chosen["x_scale"] is None else chosen["x_scale"], n)
    max_nfev = inputs.evaluations(chosen["max_nfev"], n)
    return Options(
        loss=inputs.loss_function(chosen["loss"]),
        f_scale=inputs.positive(chosen["f_scale"], "f_scale"),
        limits=Limits(None, None, scale_inv, jac_scale, tolerances, max_nfev, 0.0),
        tr_solver=inputs.TR_SOLVERS[tr_solver],
        needs_dense=tr_solver in ("exact", "svd"),
        functions=own.get("functions", FUNCTIONS),
        driver=own.get("driver", "auto"),
        x_scale_given=chosen["x_scale"] is not None,
        diff_step=chosen["diff_step"],
        jac_sparsity=chosen["jac_sparsity"],
        workers=chosen["workers"],
        verbose=chosen["verbose"],
        callback=chosen["callback"],
        channel=chosen["channel"],
        notes=() if method == "trf" else (METHOD_NOTE.format(method),),
    )
