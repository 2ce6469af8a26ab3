"""One trial in words."""

import math

SENSELESS = 1e3  # where a step gains less than the cost is rounded by, so does this times of it

OUTCOME_WORDS = {
    "accepted": "accepted",
    "no decrease": "rejected, no decrease",
    "non-finite": "rejected, model not finite",
}


def ratio_words(ratio):
    """The reduction ratio of a trial; "" where there is none, or nothing but rounding in it."""
    return f"{ratio:.3g}" if abs(ratio) < SENSELESS else ""


def trial_sentence(index, row):
    """What a status line says of trial `index`: solver, kind of step and its fate, cost, ratio, condition number."""
    parts = [f"trial {index}"]
    if row.kind == "start":
        parts = ["start"]
    else:
        parts += [row.solver, f"{row.kind} step {OUTCOME_WORDS[row.outcome]}"]
    parts.append(f"cost {row.cost:.6g}")
    if ratio := ratio_words(row.ratio):
        parts.append(f"ρ {ratio}".replace("-", "\N{MINUS SIGN}"))
    if math.isfinite(row.condition_number):
        parts.append(f"κ(J) {row.condition_number:.2g}")
    return " · ".join(parts)
