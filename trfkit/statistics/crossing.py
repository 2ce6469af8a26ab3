"""Where a profile crosses a quantile: one side of one parameter, walked outwards and then narrowed down.

τ (see `profile`) is 0 at the best value and, where the model is near to linear, proportional to the distance from it. A
side goes outwards in about equal steps of τ until it is past the quantile, then between the last point before the end
and the first beyond it, where the polynomial through the three nearest points has the end. A side asks for a point and
is told the fit that was found there.
"""

import math
from typing import NamedTuple

import numpy as np

from ..core import radius

STEPS = 4  # to the end of an interval, in τ: what interpolation is good to at lower levels
APART = 0.9  # of a distance: a direction from nodes nearer to each other would be one of their rounding
GROWTH = 2.0  # a step is at most so many times the one before
FARTHEST = 1e6  # times the half width of the covariance interval: a side that goes on beyond has no end
ACCURACY = 1e-7  # of an end, relative to the distance from the best value
SPACING = 4 * np.finfo(float).eps  # of the parameter: ends nearer to each other are the same number
NEARLY = 1e-2  # τ within this of the quantile, relative to it, is near enough to take the end from
FRUITLESS = 3  # interpolations that narrow an end; then every other point halves the bracket
MOST_FAILURES = 12  # fits of one side that did not converge, each answered by going half as far
MOST_POINTS = 100  # of one side


class Node(NamedTuple):
    """A best fit with one parameter held."""

    distance: float  # of the parameter from its best value
    tau: float  # ≥ 0
    theta: np.ndarray  # (n,) all free parameters, the one held among them


class Side:
    """The way from the best value of parameter k to one end of its interval."""

    def __init__(self, k: int, sign: int, best: np.ndarray, tangent: np.ndarray, room: float, quantile: float):
        self.k, self.sign, self.quantile = k, sign, quantile
        self.tangent = tangent  # (n,) change of all free parameters for each unit of τ, as far as the model is linear
        self.room = room  # distance to the bound
        self.inner = [Node(0.0, 0.0, best)]  # those before the end, outwards
        self.outer: list[Node] = []  # those beyond it, inwards
        self.step = abs(tangent[k]) * quantile / STEPS
        self.farthest = FARTHEST * abs(tangent[k]) * quantile
        self.asked = 0.0
        self.points = self.narrowed = self.failures = 0
        self.failed = False  # the last fit did not converge
        self.end: float | None = 0.0 if room <= 0 else None  # distance; None while under way
        self.reason = "bound" if room <= 0 else ""  # why the end is no crossing

    @property
    def walked(self) -> int:
        """Steps done, of the `STEPS` to the end and one more to narrow it down."""
        if self.end is not None:
            return STEPS + 1
        if self.outer:
            return STEPS
        return int(STEPS * max(node.tau for node in self.inner) / self.quantile)

    def ask(self) -> np.ndarray:
        """(n,) where to fit next: the parameter at the value to hold, the others where they are expected."""
        last = self.inner[-1]
        narrows = self.outer and not self.failed
        self.asked = self._between() if narrows else min(last.distance + self.step, self.room)
        slope = self.tangent / abs(self.tangent[self.k])
        if last.distance > 0:
            before = next(node for node in reversed(self.inner) if node.distance < APART * last.distance)
            slope = (last.theta - before.theta) / (last.distance - before.distance)
        theta = last.theta + slope * (self.asked - last.distance)
        theta[self.k] = self.inner[0].theta[self.k] + self.sign * self.asked
        return theta

    def _between(self) -> float:
        """A distance inside the bracket: where the end seems to be, or the middle where that has not helped."""
        low, high = self.inner[-1].distance, self.outer[-1].distance
        self.narrowed += 1
        crossing = self._crossing()
        trusted = self.narrowed <= FRUITLESS or self.narrowed % 2
        return crossing if trusted and low < crossing < high else 0.5 * (low + high)

    def _crossing(self) -> float:
        """The distance at which τ is the quantile, by the polynomial through the three nodes nearest to it in τ."""
        nodes = {node.tau: node for node in (*self.inner, *self.outer)}
        nearest = sorted(nodes.values(), key=self._miss)[:3]
        return sum(
            a.distance * math.prod((self.quantile - b.tau) / (a.tau - b.tau) for b in nearest if b is not a)
            for a in nearest
        )

    def _miss(self, node: Node) -> float:
        return abs(node.tau - self.quantile)

    def tell(self, theta: np.ndarray, tau: float, status: int) -> None:
        """Take the fit found at the point asked for."""
        self.points += 1
        last = self.inner[-1]
        self.failed = status <= 0
        if self.failed:
            self.failures += 1
            self.step = 0.5 * (self.asked - last.distance)
            if self.failures > MOST_FAILURES:
                self.stop(math.nan, radius.MESSAGES[status])
            return
        node = Node(self.asked, tau, theta)
        (self.inner if tau < self.quantile else self.outer).append(node)
        if not self._narrow_enough(node):
            self._look_ahead(last, node)

    def _narrow_enough(self, node: Node) -> bool:
        crossing = self._crossing()
        width = self.outer[-1].distance - self.inner[-1].distance if self.outer else math.inf
        if self._miss(node) <= NEARLY * self.quantile and abs(crossing - node.distance) <= ACCURACY * node.distance:
            self.stop(crossing)
        elif width <= SPACING * abs(self.inner[0].theta[self.k]):
            self.stop(self.outer[-1].distance)
        elif width <= ACCURACY * node.distance:
            self.stop(math.nan, "the cost jumps there.")
        return self.end is not None

    def _look_ahead(self, last: Node, node: Node) -> None:
        """Stop where there is no way on; else set the length of the next step."""
        if self.points >= MOST_POINTS:
            self.stop(math.nan, f"{MOST_POINTS} fits have not narrowed it down.")
        elif self.outer:
            return
        elif node.distance >= self.room:
            self.stop(self.room, "bound")
        elif node.distance >= self.farthest:
            self.stop(math.inf, "endless")
        else:
            gained = node.tau - last.tau
            left = self.quantile - node.tau
            wanted = left if left < 1.5 * self.quantile / STEPS else self.quantile / STEPS
            walked = node.distance - last.distance
            step = min(GROWTH, wanted / gained) * walked if gained > 0 else GROWTH * walked
            self.step = max(step, ACCURACY * node.distance)

    def stop(self, distance: float, reason: str = "") -> None:
        """End here, or say why there is no end."""
        self.end, self.reason = distance, reason
