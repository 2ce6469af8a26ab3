"""The model of the cost that the solver had at a trial: what the trial's row in the trace has no room for.

Where a fit has ended the triangle is in its result; at any other point it is evaluated again, in one pass over data.
"""

from typing import NamedTuple

import numpy as np

from ..fitting.joint import Joint
from ..fitting.result import Determination, active_at, determine

MOVED = 2e-10  # of a bound: a start at one is moved off it by half of that, as SciPy moves it


class ActiveBound(NamedTuple):
    """A parameter that is at one of its bounds."""

    name: str
    side: str  # "lower" or "upper"
    bound: float


class LocalModel(NamedTuple):
    """The quadratic model of the cost around the best point so far."""

    row: int  # of the trace: the trial that found the point
    names: tuple[str, ...]  # of the n free parameters
    determination: Determination  # by the singular values of J with its columns scaled to one
    gradient: np.ndarray  # (n,) of the cost
    active: tuple[ActiveBound, ...]


def local_model(session, index: int) -> LocalModel | None:
    """The model at the best point up to row `index` of the session's trace.

    None where there are no rows yet; for very many parameters, too: their points are not in the trace.
    """
    fitted, trace = session.fitted, session.trace[: index + 1]
    joint = Joint((fitted.data_set,), fitted.parameters, fitted.options, fitted.data.absolute_sigma)
    if len(trace) == 0 or trace.parameter_names != joint.names:
        return None
    x, result = trace.x[trace.best], session.result
    if result is not None and np.array_equal(result.solution.x, x):
        R, gradient = result.solution.triangle, result.solution.grad
    else:
        evaluation = joint.evaluate(x)
        R, gradient = evaluation.J, np.asarray(evaluation.g)
    if R is None:  # the solver had products with J alone
        return None
    found = determine(np.asarray(R), joint.points + len(joint.known))
    return LocalModel(trace.best, joint.names, found, gradient, _active(joint, x))


def _active(joint: Joint, x: np.ndarray) -> tuple[ActiveBound, ...]:
    """The bounds that x is at, by the measure of a result."""
    _, xtol, _ = joint.settings.limits.tolerances
    sides = np.asarray(active_at(x, joint.lb, joint.ub, max(float(xtol), MOVED)))
    ends = {-1: ("lower", joint.lb), 1: ("upper", joint.ub)}
    at = ((name, i, *ends[int(sides[i])]) for i, name in enumerate(joint.names) if sides[i])
    return tuple(ActiveBound(name, side, float(bounds[i])) for name, i, side, bounds in at)
