"""The sliders of parameters: where each begins and ends, and the value at each of its positions.

A slider goes from bound to bound where there are two; else it is laid about the value, as wide as its error or its size
suggests. It always holds the value and never clips it: when the value leaves, the slider is laid anew.
"""

import math
from typing import NamedTuple

STEPS = 1000  # positions are 0 … STEPS
ERRORS = 10  # standard errors to either side of the value
SIZES = 2  # where no error is known: multiples of |value| to either side
FACTOR = 10.0  # where no error of a positive parameter is known: to either side of the value
WIDE = 100.0  # positive bounds whose ratio is larger are far enough apart for a logarithmic slider
DEEP = 1000.0  # of [0, max] with a value below max/DEEP, which a linear slider would have in its first step, too
LEAST_WIDTH = 1e-9  # relative to the value, so that 1000 steps of a float64 are 1000 numbers
MARGIN = 0.02  # of a slider's length: a value closer to an end that is no bound has left the slider
MOST = 1e300  # so that the width of a slider is finite


class SliderRange(NamedTuple):
    """A slider from `low` to `high`, in equal steps or, with `log`, in equal ratios."""

    low: float
    high: float
    log: bool = False

    def value(self, position):
        """The value at a position, with no more digits than tell it from the next one; the ends are exact."""
        if not 0 < position < STEPS:
            return self.low if position <= 0 else self.high
        exact = self._at(position)
        step = abs(self._at(position + 1) - exact)
        if step == 0:
            return exact
        return min(max(round(exact, -math.floor(math.log10(step))) + 0.0, self.low), self.high)

    def position(self, value):
        """The position, a whole number, that is nearest to a value; 0 for one that is not finite."""
        return round(STEPS * min(max(self._part(value), 0.0), 1.0)) if math.isfinite(value) else 0

    def suits(self, parameter, value):
        """Whether the slider may stay as it is: the value is on it, with room on both sides that are no bounds."""
        if not self.low <= value <= self.high:
            return False
        part = self._part(value)
        room = (part >= MARGIN or self.low == parameter.min) and (part <= 1 - MARGIN or self.high == parameter.max)
        return room and (self.log or value == 0 or (self.high - self.low) / STEPS <= abs(value))

    def _at(self, position):
        part = position / STEPS
        if self.log:
            return math.exp((1 - part) * math.log(self.low) + part * math.log(self.high))
        return (1 - part) * self.low + part * self.high

    def _part(self, value):
        if not self.log:
            return (value - self.low) / (self.high - self.low)
        if value <= 0:
            return 0.0
        low, high = math.log(self.low), math.log(self.high)
        return (math.log(value) - low) / (high - low)


def slider_range(parameter, value, error=None):
    """The slider of a `Parameter` that has this value, and this standard error if one is known."""
    low, high = max(parameter.min, -MOST), min(parameter.max, MOST)
    centre = min(max(value if math.isfinite(value) else 0.0, low), high)
    positive = parameter.min >= 0 and centre > 0
    if math.isfinite(parameter.min) and math.isfinite(parameter.max):
        there = _between(low, high, centre) if positive else SliderRange(low, high)
    elif positive and not _tells(error):
        there = SliderRange(max(low, centre / FACTOR), min(high, centre * FACTOR), log=True)
    else:
        reach = min(ERRORS * error, MOST) if _tells(error) else SIZES * abs(centre) or 1.0
        reach = max(reach, LEAST_WIDTH * abs(centre))
        there = SliderRange(max(low, centre - reach), min(high, centre + reach))
    if math.isfinite(value):  # also outside of its bounds
        there = there._replace(low=min(there.low, value), high=max(there.high, value))
    return there._replace(log=there.log and there.low > 0)


def _between(low, high, value):
    """Between two bounds that are not negative, with a value that is positive."""
    if low == 0:
        deep = high / value >= DEEP
        return SliderRange(value / DEEP if deep else low, high, log=deep)
    return SliderRange(low, high, log=high / low >= WIDE)


def _tells(error):
    return error is not None and 0 < error < math.inf


class Sliders:
    """The ranges of the sliders of a table, each the same for as long as it suits.

    One that is held, because a person moves it, stays whatever its value does.
    """

    def __init__(self):
        self._ranges = {}  # {name: (bounds and error that it was laid for, the SliderRange)}
        self._held = {}  # {name: SliderRange}; of one gesture, so of one name

    def range(self, parameter, value, error=None):
        """The range of a parameter's slider."""
        held = self._held.get(parameter.name)
        if held is not None:
            return held
        bounds = parameter.min, parameter.max
        laid_for, known, there = self._ranges.get(parameter.name, (None, None, None))
        # An error that is known no longer, as the value has been moved away, laid the slider well enough.
        if laid_for != bounds or error not in (None, known) or not there.suits(parameter, value):
            there = slider_range(parameter, value, error)
            self._ranges[parameter.name] = bounds, error, there
        return there

    def hold(self, name, there):
        """Keep a slider as it was when a person took hold of it."""
        self._held = {name: there}

    def release(self):
        """Let go of it."""
        self._held = {}
