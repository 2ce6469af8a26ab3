"""The fields of parameters as text: how they read, and what comes of what a person typed into them.

A field is "value", "min", "max", "fixed", "tie" or "prior"; `fixed` is a bool, the others are text.
"""

import math
import re

from trfkit.parameters import Prior
from trfkit.report.digits import two_digits, typeset

# What a person typed has few digits and is shown as it is; what was computed has 15 to 17, of which these are shown.
MOST_TYPED_DIGITS = 12
COMPUTED_DIGITS = 8
SHORT_DIGITS = 4

OVERRULED_BY_TIE = ("value", "min", "max", "fixed")  # a fit keeps the free parameters within their bounds, no others


def field_texts(parameter, value):
    """How the fields of a parameter read, by name; `fixed` is a bool."""
    prior = parameter.prior
    return {
        "value": _digits(value),
        "min": _digits(parameter.min) if parameter.min > -math.inf else "",
        "max": _digits(parameter.max) if parameter.max < math.inf else "",
        "fixed": parameter.fixed,
        "tie": parameter.tie or "",
        "prior": "" if prior is None else f"{_digits(prior.mean)} ± {_digits(prior.sigma)}",
    }


def error_text(parameter, stderr=None):
    """A parameter's standard error as "± 0.53", or in words; "" where none is known (None)."""
    if parameter.fixed:
        return "fixed"
    if stderr is None:
        return "tied" if parameter.tie is not None else ""
    if math.isnan(stderr):
        return "unknown"
    return "undetermined" if math.isinf(stderr) else f"± {typeset(two_digits(stderr))}"


def bound_text(parameter, value, reached=None):
    """Whether a free parameter is at a bound: where its value is on one, or a fit says that it has `reached` a side."""
    if not parameter.free:
        return ""
    side = reached or {parameter.min: "lower", parameter.max: "upper"}.get(value)
    return f"at {side} bound" if side else ""


def short_number(number):
    """A number with the few digits that a hint needs."""
    return f"{number:.{SHORT_DIGITS}g}".replace("-", "−")


def _digits(number):
    """A number with all the digits that someone may have typed, or the first few of one that was computed."""
    text = f"{number:.{MOST_TYPED_DIGITS}g}"
    return text if float(text) == number else f"{number:.{COMPUTED_DIGITS}g}"


def accept(parameters, typed):
    """(parameters with all that can be accepted, {name: {field: typed}} of what can't, {name: the ValueError}).

    A row is tried as a whole first, then field by field; what is accepted may make way for what was not.
    """
    reasons = {}
    for name, fields in typed.items():
        for some in (fields, *({field: text} for field, text in fields.items())):
            try:
                changed = _with_fields(parameters, name, some)
            except ValueError as error:
                reasons.setdefault(name, error)
            else:
                done = {*some, *OVERRULED_BY_TIE} if changed[name].tie is not None else {*some}
                rest = {field: text for field, text in fields.items() if field not in done}
                others = {other: waiting for other, waiting in typed.items() if other != name}
                return accept(changed, {**others, name: rest} if rest else others)
    return parameters, typed, reasons


def _with_fields(parameters, name, fields):
    """Parameters with some fields of one set to what was typed. Raises ValueError where that makes no sense."""
    changes = {}
    for field, text in fields.items():
        changes |= _read(name, field, text)
    before = parameters[name]
    if before.tie is not None and changes.get("tie", before.tie) is None:
        given = parameters.full_values[name]
        inside = math.isfinite(given) and before.min <= given <= before.max
        changes = {"value": given if inside else before.value, **changes}
    changed = parameters.set(name, **changes)
    after = changed[name]
    if after.tie is None and not after.min <= after.value <= after.max:
        bounds = f"[{_digits(after.min)}, {_digits(after.max)}]"
        raise ValueError(
            f"parameter {name}: value {_digits(after.value)} is outside its bounds {bounds}; move one or the other."
        )
    return changed


def _read(name, field, typed):
    """What a field says, as arguments of `Parameters.set`, which checks the numbers and formulas."""
    if field == "fixed":
        return {"fixed": typed}
    if field == "tie":  # as typed, for the column of a mistake
        return {"tie": typed, "fixed": False} if typed.strip() else {"tie": None}
    text = typed.strip().replace("−", "-").replace("∞", "inf")
    match field:
        case "value":
            return {"value": text}
        case "min":
            return {"min": text or -math.inf}
        case "max":
            return {"max": text or math.inf}
        case "prior":
            return {"prior": _read_prior(name, text)}


def _read_prior(name, text):
    if not text:
        return None
    parts = [part.strip() for part in re.split(r"±|\+/?-", text)]
    if len(parts) != 2:
        raise ValueError(f"parameter {name}: a prior reads mean ± sigma, as 3 ± 0.2 or 3 +/- 0.2, got {text!r}.")
    return Prior(*parts)
