"""The same fits by other libraries, those that are installed; each as its own documentation would have it done fast.

A peer is a function of a problem that returns a function of the data: what can be prepared once (a jitted solver, a
fitter that is reused) is prepared in the first, and the second is what is timed. All get the same start and the same
tolerance, and the parameters that they find are compared with the true optimum of the data.
"""

import functools
import importlib.util
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize

import trfkit

# For MINPACK, so that xtol stops it as it stops the others; below the rounding unit it calls ftol an error.
FTOL_OFF = 1e-15


class Task(NamedTuple):
    """What is fitted: a model for JAX, the same for NumPy with its exact Jacobian, a start and a tolerance."""

    model: Callable
    numpy_model: Callable
    numpy_jacobian: Callable
    start: tuple[float, ...]
    xtol: float = 1e-10


def with_trfkit(task: Task):
    """`trfkit.curve_fit`, as it is."""
    return lambda x, y: trfkit.curve_fit(task.model, x, y, task.start, xtol=task.xtol)[0]


def with_stepped_trfkit(task: Task):
    """The same, stepped from the host, as the first fits of a model are."""
    options = {"xtol": task.xtol, "tr_options": {"driver": "stepped"}}
    return lambda x, y: trfkit.curve_fit(task.model, x, y, task.start, **options)[0]


def with_lm(task: Task):
    """`scipy.optimize.curve_fit(method='lm')`: MINPACK with its finite differences."""
    how = {"p0": task.start, "method": "lm", "xtol": task.xtol, "ftol": FTOL_OFF}
    return lambda x, y: scipy.optimize.curve_fit(task.numpy_model, x, y, **how)[0]


def with_lm_and_jacobian(task: Task):
    """The same with the exact Jacobian."""
    how = {"p0": task.start, "method": "lm", "xtol": task.xtol, "ftol": FTOL_OFF, "jac": task.numpy_jacobian}
    return lambda x, y: scipy.optimize.curve_fit(task.numpy_model, x, y, **how)[0]


def with_scipy_trf(task: Task):
    """`scipy.optimize.curve_fit(method='trf')` with the exact Jacobian."""
    how = {"p0": task.start, "method": "trf", "xtol": task.xtol, "ftol": None, "gtol": None, "x_scale": "jac"}
    return lambda x, y: scipy.optimize.curve_fit(task.numpy_model, x, y, jac=task.numpy_jacobian, **how)[0]


def with_lmfit(task: Task):
    """`lmfit.Model.fit`, the Model made once."""
    import lmfit  # noqa: PLC0415  a peer need not be installed

    model = lmfit.Model(task.numpy_model)
    params = model.make_params(**dict(zip(model.param_names, task.start, strict=True)))
    how = {"xtol": task.xtol, "ftol": FTOL_OFF}

    def fit(x, y):
        found = model.fit(y, params, x=x, fit_kws=how).params
        return np.array([found[name].value for name in model.param_names])

    return fit


def with_nlsq(task: Task):
    """`nlsq.CurveFit`, made once and used again."""
    from nlsq import CurveFit  # noqa: PLC0415  a peer need not be installed

    fitter = CurveFit()
    how = {"p0": task.start, "xtol": task.xtol, "ftol": None, "gtol": None}
    return lambda x, y: np.asarray(fitter.curve_fit(task.model, x, y, **how)[0])


def _optimistix_solve(task: Task):
    import optimistix  # noqa: PLC0415  a peer need not be installed

    solver = optimistix.LevenbergMarquardt(rtol=task.xtol, atol=task.xtol)

    def solve(x, y):
        def residuals(params, _):
            return task.model(x, *params) - y

        start = jnp.asarray(task.start)
        return optimistix.least_squares(residuals, solver, start, max_steps=256, throw=False).value

    return solve


def with_optimistix(task: Task):
    """`optimistix.LevenbergMarquardt` under `jax.jit`; it gives no covariance."""
    solve = jax.jit(_optimistix_solve(task))
    return lambda x, y: np.asarray(solve(x, y))


def many_with_optimistix(task: Task):
    """The same under `jax.vmap`, in chunks of 1 000."""
    solve = jax.jit(jax.vmap(_optimistix_solve(task), in_axes=(None, 0)))
    return lambda x, Y: np.concatenate([np.asarray(solve(x, Y[k : k + 1000])) for k in range(0, len(Y), 1000)])


def many_with_lm(task: Task):
    """A loop of MINPACK's fits."""
    fit = with_lm(task)
    return lambda x, Y: np.array([fit(x, y) for y in Y])


def many_with_trfkit(task: Task, **options):
    """`trfkit.fit_many`."""
    start = dict(zip(trfkit.Model.from_function(task.model).parameter_names, task.start, strict=True))
    fit = functools.partial(trfkit.fit_many, task.model, start=start, xtol=task.xtol, **options)
    return lambda x, Y: fit(x, Y)


PACKAGES = {with_lmfit: "lmfit", with_nlsq: "nlsq", with_optimistix: "optimistix", many_with_optimistix: "optimistix"}


def installed(peers: dict[str, Callable]) -> dict[str, Callable]:
    """Those of the peers whose package is there."""
    return {
        name: peer
        for name, peer in peers.items()
        if peer not in PACKAGES or importlib.util.find_spec(PACKAGES[peer]) is not None
    }
