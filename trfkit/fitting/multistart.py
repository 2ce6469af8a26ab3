"""A fit from many starts: a seeded design over the parameters, all of it fitted at once, and the minima it leads to."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import qmc

from .joint import Joint
from .many import FEWEST_LANES, Lanes, fits, goes_on, joined

SAME_COST, SAME_PLACE = 1e-6, 1e-4  # relative: two ends closer than this are one minimum
NO_COST = 1e-16  # of that of the data without a model: less is the rounding of a perfect fit
NO_DISTANCE = 1e-8  # of the width of the design: less is no other place, relative or not
DECADES = 1.0  # that a positive parameter without bounds is varied by, up and down
SPREAD = 2.0  # times its value, or 1 for 0, that any other is


class Minimum(NamedTuple):
    """One of the minima that were found."""

    cost: float
    count: int  # starts that led there
    x: np.ndarray  # (n,)


class Starts(NamedTuple):
    """Where the starts of a design led."""

    names: tuple[str, ...]  # of the n free parameters
    x0: np.ndarray  # (B, n) the design, the given start first
    x: np.ndarray  # (B, n)
    cost: np.ndarray  # (B,) 0 where only rounding is left, nan where nothing was finite
    success: np.ndarray  # (B,) whether the fit converged

    @property
    def best(self) -> int:
        """The start that led to the lowest cost."""
        return int(np.nanargmin(self.cost))

    @property
    def minima(self) -> tuple[Minimum, ...]:
        """What the converged fits found, lowest first."""
        found: list[Minimum] = []
        near = NO_DISTANCE * np.ptp(self.x0, axis=0)
        for i in np.argsort(self.cost, kind="stable"):
            if not self.success[i]:
                continue
            end = self.cost[i], self.x[i]
            known = next((k for k, minimum in enumerate(found) if _same(minimum, *end, near)), None)
            if known is None:
                found.append(Minimum(float(self.cost[i]), 1, self.x[i]))
            else:
                found[known] = found[known]._replace(count=found[known].count + 1)
        return tuple(found)

    def __repr__(self):
        failed = int(np.sum(~self.success))
        head = f"{len(self.cost)} starts, {len(self.minima)} minima" + (f", {failed} not converged" if failed else "")
        lines = (
            f"  cost {m.cost:<12.6g} from {m.count:>4} starts  "
            + "  ".join(f"{name} = {value:.5g}" for name, value in zip(self.names, m.x, strict=True))
            for m in self.minima[:10]
        )
        return "\n".join([head, *lines])


def _same(minimum: Minimum, cost: float, x: np.ndarray, near: np.ndarray) -> bool:
    same_place = np.abs(x - minimum.x) <= SAME_PLACE * np.maximum(np.abs(x), np.abs(minimum.x)) + near
    return cost - minimum.cost <= SAME_COST * minimum.cost and bool(same_place.all())


def design(joint: Joint, count: int, seed: int) -> np.ndarray:
    """(count, n) starts: the given one, then a Latin hypercube (McKay, Beckman & Conover (1979)).

    Between its bounds where a parameter has both; else over a decade to each side of a start within a lower bound of 0,
    and over twice its size around any other, as far as the bounds let it.
    """
    x0, lb, ub = joint.x0, joint.lb, joint.ub
    u = qmc.LatinHypercube(x0.size, rng=np.random.default_rng(seed)).random(count - 1)
    both = np.isfinite(lb) & np.isfinite(ub)
    width = SPREAD * np.where(x0 == 0, 1.0, np.abs(x0))
    low, high = (np.where(both, end, np.clip(x0 + side * width, lb, ub)) for end, side in ((lb, -1.0), (ub, 1.0)))
    points = low * (1.0 - u) + high * u
    scaled = ~both & (lb == 0) & (x0 > 0)
    return np.vstack([x0, np.where(scaled, np.abs(x0) * 10.0 ** (DECADES * (2.0 * u - 1.0)), points)])


def check_count(count: int) -> None:
    """Raise ValueError for what is no number of starts."""
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"`starts` must be a positive whole number, got {count!r}.")


def multistart(joint: Joint, count: int, seed: int, progress: Callable | None = None) -> Starts:
    """Fits from `count` starts; raises ValueError for a count below 1, or if the model is finite at none of them.

    progress(done, count) is called after each chunk. Where it raises StopIteration the starts so far are all there are;
    anything else goes through.
    """
    check_count(count)
    if joint.problem is None:
        joint.check_models()
    x0 = design(joint, int(count), seed)
    parts, done = [], 0
    for part in fits(joint, x0, Lanes(), at_once=FEWEST_LANES):  # some take thousands of trials, and their lanes wait
        parts.append(part)
        done += len(part.x)
        if not goes_on(progress, done, count):
            break
    x0, found = x0[:done], joined(parts)
    usable = np.isfinite(found.cost)
    if not usable.any():
        raise ValueError(f"the model is finite at none of {done} starts: {joint.not_finite(joint.x0)}")
    nothing = NO_COST * sum(float(np.sum(data.weigh(data.y) ** 2)) for data in joint.data)
    cost = np.where(found.cost <= nothing, 0.0, np.where(usable, found.cost, np.nan))
    return Starts(joint.names, x0, found.x, cost, found.success & usable)
