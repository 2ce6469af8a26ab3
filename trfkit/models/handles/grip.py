"""What a handle is to one model: where it is, and which parameters put it where the pointer is.

Grips are stated for the model alone, in terms of its parameters in order, without prefixes; `holding` sees to sums,
products, bounds and parameters that must stay. They are written for single NumPy floats, so that nothing compiles and
a division by 0 is an infinity.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

SHORTEST = 1e-4  # of the extent of the plot, a tenth of a pixel: a drag makes no width 0, from which none leads back


class Span(NamedTuple):
    """The range of x that is in view."""

    low: float
    high: float

    @property
    def origin(self) -> float:
        """x = 0, or the point in view that is nearest to it."""
        return min(max(0.0, self.low), self.high)

    def length(self, x, origin):
        """The distance of x from an origin, either way, and never 0."""
        return max(abs(x - origin), SHORTEST * (self.high - self.low))

    def reach(self, x, origin):
        """x − origin, and never 0."""
        return self.length(x, origin) if x >= origin else -self.length(x, origin)


@dataclass(frozen=True)
class Grip:
    """One handle of one model."""

    name: str
    words: str  # for people: "peak"
    moves: tuple[int, ...]  # the places of the parameters it is there to move
    follows: str  # the pointer's coordinates that it follows: "x", "y", "xy"
    place: Callable  # (span, *parameters) -> (x, y)
    drag: Callable | None = None  # (span, x, y, *parameters) -> parameters; None: by `nearest` alone
    adjusts: tuple[int, ...] = ()  # the places of those that it changes so that other handles stay
