"""Numbers of a fit as its pictures say them."""

import math

from trfkit.report import facts
from trfkit.report.digits import rounded, typeset


def estimates(result, names) -> list[tuple[str, str]]:
    """Name and value ± error, with the unit, of each of these parameters."""
    rows = [row for row in facts.rows(result) if row.name in names]
    words = [(row.estimate, row.unit, f"({row.remark})" if row.remark else "") for row in rows]
    return [(row.name, " ".join(filter(None, said))) for row, said in zip(rows, words, strict=True)]


def interval(best: float, low: float, high: float) -> str:
    """Both ends of an interval with the digits that half of its shorter side deserves."""
    sides = [side for side in (best - low, high - best) if 0 < side < math.inf]
    return " … ".join(typeset(rounded(end, min(sides, default=0.0) / 2)[0]) for end in (low, high))


def percent(level: float) -> str:
    """A level in percent."""
    return f"{100 * level:.3g} %"
