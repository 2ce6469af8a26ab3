"""A model as HTML: its formula, and what there is to know of its parameters."""

import html
import math


def model_html(model) -> str:
    """The formula and a table of name, unit, bounds and description; readable without a kernel or a style sheet."""
    rows = "".join(
        f'<tr><td style="text-align: left"><code>{html.escape(name)}</code></td>'
        + "".join(
            f'<td style="text-align: left">{html.escape(cell)}</td>'
            for cell in (spec.unit or "–", _range(spec.min, spec.max), spec.description)
        )
        + "</tr>"
        for name, spec in zip(model.parameter_names, model.parameters, strict=True)
    )
    head = "".join(
        f'<th scope="col" style="text-align: left">{title}</th>' for title in ("parameter", "unit", "range", "")
    )
    return (
        f"<p><b>{html.escape(repr(model))}</b></p><p>$\\displaystyle {html.escape(model.latex)}$</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _range(low: float, high: float) -> str:
    """Bounds in words: any, ≥ 0, 0 … 1."""
    if math.isinf(low) and math.isinf(high):
        return "any"
    if math.isinf(high):
        return f"≥ {low:g}"
    if math.isinf(low):
        return f"≤ {high:g}"
    return f"{low:g} … {high:g}"
