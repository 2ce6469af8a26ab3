"""Profile-likelihood intervals: how the cost rises as one parameter is moved away, the others following.

With S the cost, half the sum of squares, and S(θ_k) its minimum over all other parameters, the signed root

    τ(θ_k) = sign(θ_k − θ̂_k) √(2 (S(θ_k) − S_min) / s²),   s² = 2 S_min / (m − n), or 1 where sigma is known,

is (θ_k − θ̂_k) / stderr for a linear model, and the interval ends where |τ| reaches the quantile of Student's t, or of
the normal distribution: D. M. Bates & D. G. Watts (1988), Nonlinear Regression Analysis and Its Applications, chapter
6; D. J. Venzon & S. H. Moolgavkar (1988), Appl. Statist. 37, 87. It is the same interval whatever the parametrisation.

Each side of each parameter is walked outwards, from one constrained fit to the next, and its end then narrowed down
(`crossing`); all sides at once, as lanes of one batched fit.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import lsq_linear

from ..core import radius
from ..fitting.joint import Joint
from ..fitting.many import FEWEST_LANES, Lanes, costs, fit_lanes, lanes_at_a_time
from ..fitting.result import LeastSquaresResult, determine
from .crossing import STEPS, Side
from .goodness import ROUNDINGS
from .intervals import Interval, Intervals, critical
from .uncertainty import Uncertainty, uncertainty_of

BLIND_STEP = 0.05  # of a value, where there is no standard error to go by
MARGIN = 1e-10  # relative, between a bound and what counts as on it: `core.bounds.make_strictly_feasible`
LOWER = 1e-4  # of τ²: below the best cost by more, the minimum is over a hundredth of a standard error away


class ProfileCurve(NamedTuple):
    """The path of best fits along one parameter."""

    values: np.ndarray  # (k,) of the parameter, rising
    tau: np.ndarray  # (k,) signed; 0 at the best value
    others: dict[str, np.ndarray]  # (k,) of each other free parameter on the way


@dataclass(frozen=True, repr=False)
class Profile(Mapping):
    """Profiles by parameter: profile["tau"] is the `Interval` at the level profiled to."""

    ends: dict[str, Interval]  # at `level`: ±inf where there is none, nan where the fits did not tell
    curves: dict[str, ProfileCurve]
    estimates: dict[str, float]
    level: float
    degrees_of_freedom: int
    sigma_known: bool
    notes: tuple[str, ...] = ()  # ends that are no crossings, and why
    lower: dict[str, float] | None = None  # where the fit was not at the minimum: from where to fit again

    def __getitem__(self, name: str) -> Interval:
        return self.intervals()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.ends)

    def __len__(self) -> int:
        return len(self.ends)

    def curve(self, name: str) -> ProfileCurve:
        """The path of one parameter; a plot of τ over the values is a straight line where the model is linear."""
        self.intervals()[name]  # an unknown name is an error
        return self.curves[name]

    def intervals(self, level: float | None = None) -> Intervals:
        """The intervals at a level, at most the one profiled to, which is the default.

        Below it they are interpolated. Raises ValueError for a higher level.
        """
        level = self.level if level is None else level
        if level == self.level or self.lower is not None:
            return Intervals(self.ends, self.estimates, level, "profile")
        quantile = critical(level, self.degrees_of_freedom, self.sigma_known)
        if level > self.level:
            raise ValueError(f"the profile ends at level {self.level:g}, got {level:g}: profile with level={level:g}.")
        limits = {name: Interval(*(self._end(name, sign, quantile) for sign in (-1, 1))) for name in self}
        return Intervals(limits, self.estimates, level, "profile")

    def _end(self, name: str, sign: int, quantile: float) -> float:
        """Where τ first reaches the quantile, by a monotone cubic; the end of the walk where it does not."""
        values, tau, _ = self.curves[name]
        side = sign * tau >= 0
        values, tau = values[side][::sign], np.abs(tau[side])[::sign]
        rising = tau > np.maximum.accumulate(np.concatenate([[-1.0], tau[:-1]]))
        values, tau = values[rising], tau[rising]
        if tau[-1] < quantile:
            return self.ends[name][(sign + 1) // 2]
        return float(PchipInterpolator(tau, values)(quantile))

    def __repr__(self):
        return "\n".join([repr(self.intervals()), *self.notes])


def profile(
    joint: Joint,
    solution: LeastSquaresResult,
    names: Sequence[str] | None = None,
    level: float = 0.95,
    progress: Callable | None = None,
) -> Profile:
    """The profiles of free parameters, all unless named, about a solution of the joint fit.

    Ends are accurate to 1e-6 of their distance from the best value. One that stops at a bound is the bound; one that
    is not reached within a million half widths is infinite; one where fits fail is nan: `notes` says which and why.

    progress(done, total) is called after each chunk of fits, in steps of which each side takes `crossing.STEPS` and one
    more for its end; what it raises goes through.

    Raises ValueError for a name that is no free parameter, and where no degrees of freedom are left to estimate s².
    """
    names = _checked(joint, names)
    degrees_of_freedom = solution.m - len(joint.names)
    if degrees_of_freedom <= 0 and not joint.absolute_sigma:
        raise ValueError(
            f"{solution.m} residuals and {len(joint.names)} free parameters leave no degrees of freedom to estimate "
            f"the errors of the data from: give sigma with absolute_sigma=True."
        )
    quantile = critical(level, degrees_of_freedom, joint.absolute_sigma)
    variance = 1.0 if joint.absolute_sigma else 2.0 * solution.cost / degrees_of_freedom
    rounding = ROUNDINGS**2 * sum(0.5 * float(y @ y) for y, _ in joint.weighed(solution.x))
    perfect = solution.cost <= rounding and not joint.absolute_sigma
    sides = _sides(joint, solution, names, quantile, perfect)
    noise = max(LOWER * variance / 2.0, radius.noise_level(float) * solution.cost, rounding)
    gain = _still_to_gain(joint, solution)
    if gain > noise:
        lower = solution.x, solution.cost - gain
    else:
        every = [side for pair in sides.values() for side in pair]
        lower = _walk(joint, solution.cost, noise, variance, every, progress)
    if lower is not None:
        notes = [_say_lower(joint, solution.cost, *lower)]
        ends = dict.fromkeys(names, Interval(math.nan, math.nan))
    else:
        notes = [note for name, pair in sides.items() for side in pair for note in _notes(joint, name, side)]
        ends = {name: Interval(*(_end(joint, side) for side in pair)) for name, pair in sides.items()}
    return Profile(
        ends=ends,
        curves={name: _curve(joint.names, *pair) for name, pair in sides.items()},
        estimates={name: float(solution.x[pair[0].k]) for name, pair in sides.items()},
        level=level,
        degrees_of_freedom=degrees_of_freedom,
        sigma_known=joint.absolute_sigma,
        notes=tuple(dict.fromkeys(notes)),
        lower=None if lower is None else dict(zip(joint.names, lower[0].tolist(), strict=True)),
    )


def _checked(joint: Joint, names) -> tuple[str, ...]:
    names = joint.names if names is None else (names,) if isinstance(names, str) else tuple(names)
    for name in names:
        if name not in joint.names:
            state = "fixed or tied" if name in joint.parameters else "not a parameter"
            raise ValueError(f"{name!r} is {state}: only what is free has a profile, {', '.join(joint.names)}.")
    return names


def _sides(joint: Joint, solution: LeastSquaresResult, names, quantile: float, perfect: bool) -> dict[str, tuple]:
    """Both sides of each parameter, those over already that need no fits."""
    known = uncertainty_of(solution, joint.absolute_sigma)
    sides = {}
    for name in names:
        k = joint.names.index(name)
        tangent = _tangent(known, solution.x, k)
        sides[name] = pair = tuple(
            Side(k, sign, solution.x, sign * tangent, _room(solution.x[k], bounds[k]), quantile)
            for sign, bounds in ((-1, joint.lb), (1, joint.ub))
        )
        if known.undetermined[k].any():
            for side in pair:
                side.stop(math.inf, "undetermined")
        elif perfect:
            for side in pair:
                side.stop(0.0, "perfect")
    return sides


def _tangent(known: Uncertainty, best: np.ndarray, k: int) -> np.ndarray:
    """(n,) how all parameters change with parameter k for each standard error of it, to first order."""
    stderr = np.linalg.norm(known.root[k])
    if 0 < stderr < math.inf:
        return known.root @ (known.root[k] / stderr)
    return np.eye(best.size)[k] * BLIND_STEP * (abs(best[k]) or 1.0)


def _room(value: float, bound: float) -> float:
    """The distance to a bound, as near as the solver goes to it."""
    return abs(bound - value) - MARGIN * max(1.0, abs(bound)) if math.isfinite(bound) else math.inf


def _still_to_gain(joint: Joint, solution: LeastSquaresResult) -> float:
    """By how much the linear model of the residuals would lower the cost within the bounds: 0 at a minimum."""
    R, q, x = solution.triangle, solution.qtf, solution.x
    found = determine(R, solution.m)
    # Only along what the data determine: elsewhere R is rounding, and q is whatever that was divided by.
    U, s, Vt = np.linalg.svd(R / found.scale)
    kept = slice(found.rank)
    q = U[:, kept].T @ q
    room = (joint.lb - x) * found.scale, (joint.ub - x) * found.scale
    return 0.5 * float(q @ q) - lsq_linear(s[kept, None] * Vt[kept], -q, room).cost


def _walk(
    joint: Joint, best: float, noise: float, variance: float, sides: list[Side], progress: Callable | None
) -> tuple[np.ndarray, float] | None:
    """Walk all sides to their ends; (theta, cost) where a lower cost than the best turns up on the way."""
    size = lanes_at_a_time(joint, FEWEST_LANES, len(joint.names))  # so many that all go through one program
    while under_way := [side for side in sides if side.end is None]:
        for first in range(0, len(under_way), size):
            group = under_way[first : first + size]
            theta, cost, status = _fits(joint, [side.k for side in group], np.stack([side.ask() for side in group]))
            lowest = int(np.argmin(np.where(status > 0, cost, math.inf)))
            if status[lowest] > 0 and cost[lowest] < best - noise:
                return theta[lowest], float(cost[lowest])
            for i, side in enumerate(group):
                rise = max(float(cost[i]) - best, 0.0) if status[i] > 0 else math.nan
                side.tell(theta[i], math.sqrt(2.0 * rise / variance), int(status[i]))
            if progress is not None:
                progress(sum(side.walked for side in sides), len(sides) * (STEPS + 1))
    return None


def _fits(joint: Joint, held: list[int], theta: np.ndarray):
    """(theta (B, n), cost (B,), status (B,)) of B fits from theta, in each of which one parameter is held."""
    B, n = theta.shape
    if n == 1:
        cost = costs(joint, theta, Lanes())
        return theta, cost, np.where(np.isfinite(cost), radius.GTOL, radius.NOT_FINITE)
    others = np.array([[i for i in range(n) if i != k] for k in held])
    values = joint.held + joint.basis[:, held].T * theta[np.arange(B), held][:, None]
    lanes = Lanes(held=values, basis=np.moveaxis(joint.basis[:, others], 1, 0))
    found = fit_lanes(joint, np.take_along_axis(theta, others, 1), lanes, joint.lb[others], joint.ub[others])
    theta = theta.copy()
    np.put_along_axis(theta, others, found.x, 1)
    return theta, found.cost, found.status


def _end(joint: Joint, side: Side) -> float:
    bound = (joint.lb if side.sign < 0 else joint.ub)[side.k]
    return float(bound if side.reason == "bound" else side.inner[0].theta[side.k] + side.sign * side.end)


def _notes(joint: Joint, name: str, side: Side) -> list[str]:
    """What is to be said of an end that is no crossing."""
    which, beyond = ("lower", "down") if side.sign < 0 else ("upper", "up")
    last = side.inner[-1]
    sentences = {
        "": [],
        "bound": [f"The {which} end of {name} is its bound {_end(joint, side):g}; the data would let it go beyond."],
        "endless": [
            f"{name} has no {which} end: {beyond} to {last.theta[side.k]:.3g} τ stays below {side.quantile:.3g}; it is "
            f"{last.tau:.3g} there."
        ],
        "undetermined": [f"The data do not determine {name}; its interval is infinite."],
        "perfect": ["The model fits the data to rounding: s² is 0, and so are the intervals."],
    }
    held = side.inner[0].theta[side.k] + side.sign * side.asked
    unknown = f"The {which} end of {name} was not found; with {name} held at {held:.6g}: {side.reason}"
    return sentences.get(side.reason, [unknown])


def _say_lower(joint: Joint, best: float, theta: np.ndarray, cost: float) -> str:
    at = ", ".join(f"{name} = {value:.6g}" for name, value in zip(joint.names, theta, strict=True))
    return (
        f"The fit is not at the minimum, so that there are no intervals about it: its cost is {best:.9g}, and from "
        f"{at} one of {cost:.9g} can be reached. Fit again from there."
    )


def _curve(names, low: Side, high: Side) -> ProfileCurve:
    """Both sides of one parameter as one path."""
    down, up = ([*side.inner, *reversed(side.outer)] for side in (low, high))
    theta = np.array([node.theta for node in (*reversed(down), *up[1:])])
    tau = np.array([*(-node.tau for node in reversed(down)), *(node.tau for node in up[1:])])
    others = {name: theta[:, i] for i, name in enumerate(names) if i != low.k}
    return ProfileCurve(theta[:, low.k], tau, others)
