"""What a fit found, as HTML that stays readable without a kernel, a widget or a style sheet."""

import html
import math


def result_report(result):
    """The result as a table of parameters with their standard errors, and how the fit ended."""
    stderr = [math.nan] * len(result.x) if result.stderr is None else result.stderr
    rows = "".join(
        f'<tr><td style="text-align: left"><code>{html.escape(name)}</code></td>'
        + "".join(f'<td style="text-align: right">{cell}</td>' for cell in _cells(value, error))
        + "</tr>"
        for name, value, error in zip(result.parameter_names, result.x, stderr, strict=True)
    )
    head = '<th scope="col" style="text-align: left">parameter</th>' + "".join(
        f'<th scope="col" style="text-align: right">{title}</th>' for title in ("value", "standard error", "relative")
    )
    facts = [
        f"cost {result.cost:.6g}",
        f"{result.nfev} evaluations",
        f"{int(result.trace.accepted.sum())} steps accepted, {int(result.trace.rejected.sum())} rejected",
    ]
    if result.condition_number is not None:
        facts.append(f"condition number {result.condition_number:.2g}, rank {result.rank} of {len(result.x)}")
    sentences = [result.message, *getattr(result, "notes", ())]
    return (
        f'<table style="font-variant-numeric: tabular-nums"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f"<p>{' · '.join(facts)}<br>{'<br>'.join(map(html.escape, sentences))}</p>"
    )


def _cells(value, error):
    """(value, ± error, relative error), the value to the second digit of its error."""
    if not math.isfinite(error):
        return f"{value:.6g}", "±∞" if error == math.inf else "unknown", ""
    if error == 0:
        return f"{value:.10g}", "±0", ""
    digits = max(2, 2 + _exponent(value) - _exponent(error)) if value else 2
    relative = f"{100 * error / abs(value):.2g} %" if value else ""
    return _digits(value, min(digits, 15)), f"±{_digits(error, 2)}", relative


def _digits(number, count):
    """A number with so many significant digits, its zeros kept."""
    return f"{number:#.{count}g}".rstrip(".")


def _exponent(number):
    """The power of ten of a number's first digit."""
    return math.floor(math.log10(abs(number)))
