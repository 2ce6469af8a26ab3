"""A fit as plain text: a report under lmfit's headings, and a short summary for a prompt."""

import math

from ..models.composite import TypedFormula
from .facts import MOST_PERCENT, Row, bounds_reached, correlations, in_one_line, remarks, rows


def fit_report(result, min_correl: float = 0.1) -> str:
    """The fit under lmfit's headings, warnings first; correlations of at most min_correl in size are left out."""
    pairs = [(f"C({a}, {b})", number) for a, b, number in correlations(result, min_correl)]
    width = max((len(pair) for pair, _ in pairs), default=0)
    sections = {
        "[[Warnings]]": result.warnings,
        "[[Model]]": _models(result),
        "[[Fit Statistics]]": _statistics(result),
        "[[Variables]]": _variables(result),
        f"[[Correlations]] (unreported correlations are < {min_correl:.3f})": [
            f"{pair:{width}} = {number:+.4f}" for pair, number in pairs
        ],
        "[[Notes]]": remarks(result),
    }
    told = ((heading, lines) for heading, lines in sections.items() if lines)
    return "\n".join(line for heading, lines in told for line in (heading, *(f"    {text}" for text in lines)))


def summary(result) -> str:
    """Warnings, the models, a line per parameter with the numbers aligned, and a line of statistics."""
    entries = [(row, *_beside(row)) for row in rows(result)]
    longest, width = max(len(row.name) for row, _, _ in entries), max(len(value) for _, value, _ in entries)
    end = f" {result.message}" if result.success else ""
    return "\n".join(
        [
            *(f"Warning: {sentence}" for sentence in result.warnings),
            f"Fit of {'; '.join(_models(result))}",
            *(f"  {row.name:{longest}}  {value:>{width}} {rest}".rstrip() for row, value, rest in entries),
            f"{in_one_line(result)}.{end}",
            *(f"Note: {sentence}" for sentence in remarks(result)),
        ]
    )


def _beside(row: Row) -> tuple[str, str]:
    """The value, to be aligned at its end, and what follows: error, unit, remark, tie."""
    value, _, rest = row.estimate.partition(" ")
    remark = f"({row.remark})" if row.remark else ""
    tie = f" {row.held}" if row.held.startswith("=") else ""
    return value, " ".join(word for word in (rest, row.unit, remark, tie) if word)


def _models(result) -> list[str]:
    """The model of every data set, with the data set's name where it has one."""
    return [f"{s.name}: {_model(s.model)}" if s.name else _model(s.model) for s in result.sets]


def _model(model) -> str:
    """A typed formula as it was typed, any other model as Python."""
    return model.function.expression.text if isinstance(model.function, TypedFormula) else repr(model)


def _statistics(result) -> list[str]:
    goodness = result.goodness
    facts = (
        ("# fitting method", "trust region reflective"),
        ("# function evals", result.nfev),
        ("# data points", goodness.points),
        ("# variables", goodness.variables),
        ("chi-square", goodness.chi_square),
        ("reduced chi-square", goodness.reduced_chi_square),
        ("Akaike info crit", goodness.aic),
        ("Bayesian info crit", goodness.bic),
        ("R-squared", goodness.r_squared),
    )
    return [f"{title:18} = {_number(fact).strip() if isinstance(fact, float) else fact}" for title, fact in facts]


def _number(number: float) -> str:
    """Eight digits, zeros kept, and room for a sign."""
    return f"{number: #.8g}".rstrip(".")


def _variables(result) -> list[str]:
    longest = max(map(len, result.names))
    at = bounds_reached(result)
    return [f"{name + ':':{longest + 1}} {_variable(result, name, at.get(name, ''))}" for name in result.names]


def _variable(result, name: str, at: str) -> str:
    """One parameter behind its name: value, error, and what lmfit or we have to add."""
    parameter, value, stderr = result.parameters[name], result.values[name], result.stderr[name]
    if parameter.fixed:
        return f"{value: .7g} (fixed)"
    words = [_number(value), "+/-", "unknown" if math.isnan(stderr) else _number(stderr).strip()]
    if value and math.isfinite(stderr):
        words.append(f"({_percent(stderr / abs(value))})")
    words.append(f"(init = {result.initial[name].value:.7g})" if parameter.free else f"== '{parameter.tie}'")
    if at:
        words.append(f"(at {at} bound {parameter.min if at == 'lower' else parameter.max:g})")
    if parameter.prior is not None:
        words.append(f"(prior = {parameter.prior.mean:g} +/- {parameter.prior.sigma:g})")
    return " ".join(words)


def _percent(ratio: float) -> str:
    return f"{ratio:.2%}" if 100 * ratio <= MOST_PERCENT else f"> {MOST_PERCENT}%"
