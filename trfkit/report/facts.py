"""What every report says of a fit, in words: parameters and what holds them, correlations, statistics."""

import math
from typing import NamedTuple

import numpy as np

from .digits import number, plus_minus, rounded, two_digits, typeset

# From here on a relative error says no more than that the value is not known.
MOST_PERCENT = 1000


class Row(NamedTuple):
    """One parameter as a table shows it; every field is a text, empty where there is nothing to say."""

    name: str
    estimate: str  # value and error in one: "(1.2346 ± 0.0012) × 10⁵"; the value alone where there is a remark
    value: str
    error: str  # "± 0.04", "± ∞"
    remark: str  # why there is no error: "fixed", "error unknown"
    unit: str
    relative: str  # the error in percent of the value
    held: str  # bounds, tie, prior
    initial: str


def rows(result) -> list[Row]:
    """All parameters in order."""
    at, starts = bounds_reached(result), result.initial.full_values
    return [
        _row(p, result.values[name], result.stderr[name], starts[name], at.get(name, ""))
        for name, p in result.parameters.items()
    ]


def _row(parameter, value: float, stderr: float, start: float, at: str) -> Row:
    remark = "fixed" if parameter.fixed else "error unknown" if math.isnan(stderr) else ""
    shown, error = map(typeset, rounded(value, stderr))
    return Row(
        name=parameter.name,
        estimate=shown if remark else plus_minus(value, stderr),
        value=shown,
        error="" if remark else f"± {error}",
        remark=remark,
        unit=parameter.unit,
        relative=relative_error(value, stderr),
        held=held_by(parameter, at),
        initial=_plain(start) if parameter.free else "",
    )


def _plain(value: float) -> str:
    return typeset(number(value))


def bounds_reached(result) -> dict[str, str]:
    """The side, "lower" or "upper", on which a parameter is at its bound, by name."""
    sides = zip(result.free_names, result.solution.active_mask, strict=True)
    return {name: "lower" if side < 0 else "upper" for name, side in sides if side}


def remarks(result) -> list[str]:
    """Those of the notes that are no warnings."""
    return [note for note in result.notes if note not in result.warnings]


def relative_error(value: float, stderr: float) -> str:
    """The error in percent of the value, where both tell one."""
    if not (value and 0 < stderr < math.inf):
        return ""
    percent = 100 * (stderr / abs(value))
    if percent > MOST_PERCENT:
        return f"> {MOST_PERCENT} %"
    return f"{typeset(two_digits(percent)) if percent < 99.5 else round(percent)} %"


def held_by(parameter, at: str = "") -> str:
    """What holds a parameter besides the data: "≥ 0", "= 2*a.sigma", "prior 3 ± 0.1"; `at` is the bound reached."""
    tie = () if parameter.tie is None else (f"= {parameter.tie}",)
    return ", ".join((*tie, *bounds_and_prior(parameter, at)))


def bounds_and_prior(parameter, at: str = "") -> list[str]:
    """Bounds (of a free parameter), whether one is reached, and prior: ["≥ 0", "at its lower bound"]."""
    words = []
    if parameter.free:
        words.append(_range(parameter.min, parameter.max))
    if at:
        words.append(f"at its {at} bound")
    if parameter.prior is not None:
        words.append(f"prior {_plain(parameter.prior.mean)} ± {_plain(parameter.prior.sigma)}")
    return [word for word in words if word]


def _range(low: float, high: float) -> str:
    if math.isfinite(low) and math.isfinite(high):
        return f"{_plain(low)} … {_plain(high)}"
    if math.isfinite(low):
        return f"≥ {_plain(low)}"
    return f"≤ {_plain(high)}" if math.isfinite(high) else ""


def correlations(result, least: float) -> list[tuple[str, str, float]]:
    """Pairs of parameters whose |correlation| exceeds `least`, the largest first."""
    names, matrix = result.free_names, np.asarray(result.correlation)
    pairs = [(names[i], names[j], float(matrix[i, j])) for i, j in zip(*np.triu_indices(len(names), 1), strict=True)]
    return sorted((pair for pair in pairs if abs(pair[2]) > least), key=lambda pair: -abs(pair[2]))


def statistics(result) -> list[tuple[str, str]]:
    """Title and number of what is said of the fit as a whole; – where there is no number."""
    goodness, runs, condition = result.goodness, result.goodness.runs, result.solution.condition_number
    numbers = [
        ("points", goodness.points),
        ("fitted parameters", goodness.variables),
        ("degrees of freedom", goodness.degrees_of_freedom),
        ("χ²", goodness.chi_square),
        ("reduced χ²", goodness.reduced_chi_square),
        ("AIC", goodness.aic),
        ("AICc", goodness.aicc),
        ("BIC", goodness.bic),
        ("R²", goodness.r_squared),
    ]
    facts = [(title, _statistic(value)) for title, value in numbers]
    if not math.isnan(runs.p_value):
        words = f"{runs.runs}, expected {runs.expected:.1f} (p = {typeset(number(runs.p_value, 2))})"
        facts.append(("runs of residuals", words))
    if condition is not None:
        facts.append(("condition number", typeset(number(condition, 2))))
    return facts


def _statistic(value: float) -> str:
    return "–" if math.isnan(value) else _plain(value)


def in_one_line(result) -> str:
    """Points, parameters, χ² and AIC: "100 points, 3 fitted parameters, χ² = 98.2, …"."""
    goodness = result.goodness
    words = (
        _count(goodness.points, "point"),
        _count(goodness.variables, "fitted parameter"),
        f"χ² = {_statistic(goodness.chi_square)}",
        f"reduced χ² = {_statistic(goodness.reduced_chi_square)}",
        f"AIC = {_statistic(goodness.aic)}",
    )
    return ", ".join(words)


def _count(things: int, noun: str) -> str:
    return f"{things} {noun}" if things == 1 else f"{things} {noun}s"
