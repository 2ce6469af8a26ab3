"""One trial as a sentence."""

import math

SENSELESS = 1e3  # where a step gains less than the cost is rounded by, so does this times of it

OUTCOME_WORDS = {
    "accepted": "accepted",
    "no decrease": "rejected, no decrease",
    "non-finite": "rejected, model not finite",
}


def trial_sentence(index, row):
    """What a status line says of trial `index`: solver, kind of step and its fate, cost, ratio, condition number."""
    parts = [f"trial {index}"]
    if row.kind == "start":
        parts = ["start"]
    else:
        parts += [row.solver, f"{row.kind} step {OUTCOME_WORDS[row.outcome]}"]
    parts.append(f"cost {row.cost:.6g}")
    if abs(row.ratio) < SENSELESS:
        parts.append(f"ρ {row.ratio:.3g}".replace("-", "\N{MINUS SIGN}"))
    if math.isfinite(row.condition_number):
        parts.append(f"κ(J) {row.condition_number:.2g}")
    return " · ".join(parts)
