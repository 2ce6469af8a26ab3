"""Intervals of parameters at a level, and the quantile that a level asks for."""

import html
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtrit


class Interval(NamedTuple):
    """From low to high."""

    low: float
    high: float


@dataclass(frozen=True, repr=False)
class Intervals(Mapping):
    """Intervals by parameter: intervals["tau"] is an `Interval`. Infinite where the data do not determine an end."""

    limits: dict[str, Interval]
    estimates: dict[str, float]  # the value of each parameter in `limits`
    level: float  # 0.95 for 95 %
    method: str  # "covariance", "profile", …

    def __post_init__(self):
        check_level(self.level)

    def __getitem__(self, name: str) -> Interval:
        if name not in self.limits:
            raise KeyError(f"there is no interval of {name!r}; there are those of {', '.join(self.limits)}")
        return self.limits[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.limits)

    def __len__(self) -> int:
        return len(self.limits)

    @property
    def title(self) -> str:
        """What it is, in words: "95 % intervals (profile)"."""
        return f"{100 * self.level:.6g} % intervals ({self.method})"

    def _cells(self) -> list[tuple[str, str, str, str]]:
        """Name, estimate, low and high of each parameter as text."""
        return [(name, *_numbers(self.estimates[name], *limits)) for name, limits in self.items()]

    def __repr__(self):
        rows = [("parameter", "estimate", "low", "high"), *self._cells()]
        name, *widths = (max(map(len, column)) for column in zip(*rows, strict=True))
        lines = (
            "  ".join([f"{row[0]:{name}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths, strict=True))])
            for row in rows
        )
        return "\n  ".join([self.title, *lines])

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col" style="text-align: {side}">{title}</th>'
            for title, side in (("parameter", "left"), ("estimate", "right"), ("low", "right"), ("high", "right"))
        )
        rows = "".join(
            f'<tr><td style="text-align: left"><code>{html.escape(name)}</code></td>'
            + "".join(f'<td style="text-align: right">{number}</td>' for number in numbers)
            + "</tr>"
            for name, *numbers in self._cells()
        )
        return (
            f'<table style="font-variant-numeric: tabular-nums"><caption>{html.escape(self.title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )


def _numbers(estimate: float, low: float, high: float) -> tuple[str, ...]:
    """The three with two digits of the shorter side of the interval, or six digits where neither side has a length."""
    sides = [side for side in (estimate - low, high - estimate) if 0 < side < math.inf]
    if not sides:
        return tuple(f"{number:.6g}" for number in (estimate, low, high))
    last = _exponent(min(sides)) - 1
    return tuple(_to_place(number, last) for number in (estimate, low, high))


def _to_place(number: float, last: int) -> str:
    """A number to the digit of 10**last, its zeros kept."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    digits = min(max(1, 1 + _exponent(number) - last), 15)
    return f"{number:#.{digits}g}".rstrip(".")


def _exponent(number: float) -> int:
    """The power of ten of a number's first digit."""
    return math.floor(math.log10(abs(number)))


def check_level(level: float) -> float:
    """The level, if it is between 0 and 1; raises ValueError else."""
    if not isinstance(level, int | float | np.number) or not 0 < level < 1:
        percent = isinstance(level, int | float | np.number) and 1 < level < 100
        hint = f"did you mean {level / 100:g}?" if percent else "0.95 gives 95 % intervals."
        raise ValueError(f"level must be a number between 0 and 1, got {level!r}: {hint}")
    return float(level)


def critical(level: float, degrees_of_freedom: int, sigma_known: bool) -> float:
    """How many standard errors an interval at this level extends to each side.

    The normal quantile where the errors of the data are known, Student's t where their size is estimated with so many
    degrees of freedom; inf where none are left. Raises ValueError for a level that is not between 0 and 1.
    """
    tail = (1 - check_level(level)) / 2
    if sigma_known:
        return float(-ndtri(tail))
    return float(-stdtrit(degrees_of_freedom, tail)) if degrees_of_freedom > 0 else math.inf


def margin(stderr, quantile: float):
    """Half the width of an interval: 0 where the standard error is, however large the quantile."""
    with np.errstate(invalid="ignore"):
        return np.where(np.equal(stderr, 0), 0.0, np.multiply(quantile, stderr))


def from_covariance(
    values: Mapping[str, float],
    stderr: Mapping[str, float],
    level: float,
    degrees_of_freedom: int,
    sigma_known: bool,
) -> Intervals:
    """value ± quantile · standard error for each parameter in `stderr`: right as far as the model is linear.

    (−inf, inf) for what the data do not determine, nan where the standard error is. Bounds are not looked at: an end
    beyond one says that this method is too simple for the case.
    """
    quantile = critical(level, degrees_of_freedom, sigma_known)
    estimates = {name: float(values[name]) for name in stderr}
    limits = {}
    for name, value in estimates.items():
        half = float(margin(stderr[name], quantile))
        limits[name] = Interval(value - half, value + half)
    return Intervals(limits, estimates, level, "covariance")
