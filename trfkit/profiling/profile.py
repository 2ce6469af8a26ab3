"""`trfkit.profile`: one fit, taken apart."""

import contextlib
import time
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from ..fitting import inputs
from ..fitting.joint import Joint
from ..results.data_sets import data_sets, without_nan
from ..results.fit import fit_result
from ..results.start import Wishes, starting_parameters
from .clock import END, PREPARATION, RESULT, SETUP, Clock
from .fit_profile import FitProfile
from .reasons import explain
from .steps import Steps
from .work import ceilings, work_of


def profile(
    model, x, y, start=None, *, p0=None, sigma=None, sigma_x=None, absolute_sigma=False, mask=None, shared=(), fixed=(),
    bounds=None, ties=None, priors=None, units=("", ""), nan_policy="raise", **options,
) -> FitProfile:  # fmt: skip
    """Run a fit and return where its time went, as a `FitProfile`; its `result` is that of the fit.

        trfkit.profile("a*exp(-x/tau) + c", x, y)
        trfkit.profile(model, x, y, p0=[1, 1, 0])       # called as `curve_fit` is

    Arguments are those of `trfkit.fit`, but for many starts; `p0` is another word for `start`. The fit takes single
    steps from the host, as the first fits of a model do (repeated ones run in one program, and faster), and waits for
    the device after every part, so that the figures hold on a GPU, too. What is compiled for a part is told apart from
    it. The first profile compiles two programs of its own for each number of parameters, the halves of one that a fit
    has. What the machine can at best is measured once a process, after the fit; it takes half a second.

    An exception of the model, or for what cannot be fitted, goes through, with what was measured in its attribute
    `profile`.
    """
    if p0 is not None and start is not None:
        raise ValueError("`p0` and `start` are the same: give one of them.")

    def prepared():
        sets = data_sets(model, x, y, sigma, sigma_x, mask, shared)
        if inputs.choice(nan_policy, ("raise", "omit"), "nan_policy") == "omit":
            sets = tuple(map(without_nan, sets))
        wishes = Wishes(p0 if start is None else start, fixed, bounds, ties, priors, units)
        return sets, *starting_parameters(sets, wishes)

    return _profile(prepared, options, bool(absolute_sigma), tuple(units))


def profile_again(result, progress: Callable | None = None) -> FitProfile:
    """The profile of the fit that a `FitResult` came from; progress(trials) is called after each."""
    again = partial(tuple, (result.sets, result.initial, ()))
    return _profile(again, result.options, result.absolute_sigma, result.units, progress)


def _profile(prepared: Callable, options: dict, absolute_sigma: bool, units, progress=None) -> FitProfile:
    clock, steps = Clock(), None
    began = time.perf_counter()
    try:
        with clock:
            with clock.stretch(SETUP), clock.part(PREPARATION):
                sets, initial, remarks = prepared()
                steps = Steps(Joint(sets, initial, options, absolute_sigma), clock, progress)
            steps.run()
            with clock.stretch(END), clock.part(RESULT):
                result = fit_result(steps.joint, steps.result(), options, units, remarks)
        seconds = time.perf_counter() - began
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  only given the profile, and raised again
        what = f"{type(error).__name__}: {error}".removesuffix(": ")
        with contextlib.suppress(AttributeError, TypeError):  # an exception may take no attribute
            error.profile = _measured(time.perf_counter() - began, clock, steps, error=what)
        raise
    work = None if steps.on_host else work_of(steps.problem, steps.x0)
    return _measured(seconds, clock, steps, work=work, machine=ceilings(_dtype()), result=result)


def _measured(seconds: float, clock: Clock, steps: Steps | None, **more) -> FitProfile:
    explain(clock.programs, steps)
    return FitProfile(
        seconds,
        tuple(clock.stretches),
        tuple(clock.programs),
        names=() if steps is None else steps.joint.names,
        points=0 if steps is None else steps.points,
        device=jax.devices()[0].device_kind,
        dtype=_dtype(),
        **more,
    )


def _dtype() -> str:
    return str(jnp.result_type(float))
