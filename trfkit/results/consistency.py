"""Whether the parts of a result that was read belong together: a number that was altered is not to pass for a fit's.

What was computed may differ in its last digits where another machine computes it again, so that it is compared to the
digits that it has.
"""

import itertools
from collections.abc import Iterator

import numpy as np

from ..core import radius
from ..core.losses import evaluate_loss
from ..fitting.options import check_options
from ..fitting.result import active_at, covariance, determine
from ..fitting.solve import move_inside
from ..parameters import Parameters
from .place import ADVICE

SAME_CURVE = 1e-4  # of the largest weighed y: a function of another formula differs by more, one in float32 by less
SAME_NUMBER = 1e-5  # relative: the same formula, in float32, too
ROUNDING = 1e4  # ε: what may be left of a zero

Checks = Iterator[tuple[str, bool]]  # (what is wrong, whether it is right)


def check_consistency(result) -> None:
    """Raise ValueError for a `FitResult` whose parts do not belong together, saying which."""
    _check_names(result)
    _check_options(result)
    for wrong, right in itertools.chain(_parameters(result), _derived(result), _trace(result), _curve(result)):
        if not right:
            raise ValueError(f"{wrong}: {ADVICE}.")


def _check_names(result) -> None:
    """Whether data sets and solution speak of the parameters that there are."""
    if not result.sets:
        raise ValueError(f"data_sets is empty: {ADVICE}.")
    names = [s.name for s in result.sets]
    if len(set(names)) < len(names):
        raise ValueError(f"two data sets have the same name: {', '.join(map(repr, names))}: {ADVICE}.")
    for i, s in enumerate(result.sets):
        for own, name in zip(s.model.parameter_names, s.names, strict=True):
            if name not in (own, f"{own}_{s.name}") or name not in result.parameters:
                raise ValueError(f"data_sets[{i}].names has {name!r} for the model's {own!r}: {ADVICE}.")


def _check_options(result) -> None:
    free = [p for p in result.parameters.values() if p.free]
    low, high = (np.array([getattr(p, end) for p in free]) for end in ("min", "max"))
    try:
        check_options(result.parameters.free_values, low, high, result.options)
    except (TypeError, ValueError, OverflowError) as error:  # of a keyword of `fit`, its type or its value
        raise ValueError(f"options: {error}") from error


def _parameters(result) -> Checks:
    solution, names, direction = result.solution, result.free_names, result.solution.weakest_direction
    moved = _moved(result.initial, result.parameters)
    yield "initial and parameters differ in more than the values of the free ones", moved == result.parameters
    yield "solution.x is not the values of the free parameters", _same(solution.x, result.parameters.free_values)
    yield "solution.parameter_names is not the free parameters", solution.parameter_names == names
    yield "solution.trace is of other parameters", solution.trace.parameter_names in ((), names)
    yield "solution.weakest_direction is of other parameters", tuple(direction) == names
    length = np.linalg.norm(list(direction.values()))
    yield "solution.weakest_direction is no unit vector", abs(length - 1.0) < SAME_NUMBER


def _moved(initial: Parameters, parameters: Parameters) -> Parameters:
    """The initial parameters with the values of those that are free."""
    names = [name for name in parameters.free_names if name in initial]
    return initial.with_values({name: parameters[name].value for name in names})


def _derived(result) -> Checks:
    """What of a solution follows from its triangle."""
    solution, R, q, m = result.solution, result.solution.triangle, result.solution.qtf, result.solution.m
    yield "solution.status is none that a fit ends with", solution.status in radius.MESSAGES
    yield "solution.success does not go with its status", solution.success == (solution.status > 0)
    yield "solution.triangle or qtf is not finite", np.isfinite(R).all() and np.isfinite(q).all()
    lengths = np.linalg.norm(R, axis=0) * np.linalg.norm(q)
    yield "solution.grad is not that of its triangle", np.all(abs(solution.grad - R.T @ q) <= SAME_NUMBER * lengths)

    found, condition, eps = determine(R, m), solution.condition_number, np.finfo(R.dtype).eps
    rounding = SAME_NUMBER / found.condition_number + ROUNDING * eps
    near = condition >= 1 and abs(1 / condition - 1 / found.condition_number) <= rounding
    yield "solution.condition_number is not that of its triangle", near
    s, least = found.singular_values, found.threshold
    near = np.sum(s > 10 * least) <= solution.rank <= np.sum(s > least / 10)
    yield "solution.rank is not that of its triangle", near
    precision = min(SAME_NUMBER + 100 * eps * found.condition_number, 1.0)  # of the inverse of a triangle
    near = solution.rank != found.rank or _close(solution.cov_x, found.cov_x, precision)
    yield "solution.cov_x is not that of its triangle", near
    pcov = covariance(solution.cov_x, solution.cost, m, result.absolute_sigma)
    yield "solution.pcov is not cov_x with the scatter of the data", _close(solution.pcov, pcov)
    near = _close(solution.stderr, np.sqrt(np.diag(solution.pcov)))
    yield "solution.stderr is not the roots of the diagonal of pcov", near


def _trace(result) -> Checks:
    solution, trace, joint = result.solution, result.trace, result.joint
    start = move_inside(result.initial.free_values, joint.lb, joint.ub)
    if trace.parameter_names:
        yield "solution.trace starts elsewhere than at initial", _close(trace.x[0], start)
        yield "solution.trace ends at another x", _close(trace.x[trace.best], solution.x)
    yield "solution.trace ends at another cost", _close(trace.cost[trace.best], solution.cost)
    yield "solution.trace ends at another optimality", _close(trace.optimality[-1], solution.optimality)
    yield "solution.nfev is not that of its trace", solution.nfev == trace.nfev[-1]
    yield "solution.nit is not that of its trace", solution.nit == trace.iteration[-1]
    yield "solution.njev is not one for the start and each step", solution.njev == solution.nit + 1


def _curve(result) -> Checks:
    """What the models, the data and the parameters say."""
    solution, joint = result.solution, result.joint
    fun, at_best = solution.fun, joint.fun(solution.x)
    yield "solution.fun is not as long as the data", fun.shape == at_best.shape
    size = max(*(np.max(np.abs(data.weigh(data.y))) for data in joint.data), np.max(np.abs(fun)))
    yield (
        "solution.fun is not the residuals of these models, data and parameters: they were edited, or a function "
        "handed in is not the one that was fitted",
        np.isfinite(size) and np.all(abs(at_best - fun) <= SAME_CURVE * size),
    )
    plain = fun.size - len(joint.known)
    rho = np.asarray(evaluate_loss(joint.settings.loss, fun[:plain], joint.settings.f_scale))[0]
    norm = np.sqrt(np.sum(rho) + np.sum(fun[plain:] ** 2))  # √(2 cost)
    rounding = SAME_NUMBER * norm + ROUNDING * np.finfo(fun.dtype).eps * size * np.sqrt(fun.size)
    yield "solution.cost is not that of its residuals", abs(norm - np.sqrt(2 * abs(solution.cost))) <= rounding
    active = active_at(solution.x, joint.lb, joint.ub, joint.settings.limits.tolerances[1])
    yield "solution.active_mask is not that of x and its bounds", _same(solution.active_mask, np.asarray(active))


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a, b)


def _close(a, b, relative: float = SAME_NUMBER) -> bool:
    return np.allclose(a, b, rtol=relative, atol=0.0, equal_nan=True)
