"""A fit as HTML for a notebook: it needs no kernel, no widget and no style sheet, and suits a light and a dark page.

Styles stand in the elements and only decorate: where a page strips them, as GitHub's does, every number is still there
as text.
"""

import html as markup

import numpy as np

from .facts import correlations, remarks, rows, statistics

# The largest correlations are worth a look, the small ones none.
MOST_PAIRS = 10
LEAST_CORRELATION = 0.1

# Each has a contrast of 3:1 and more against white and against #111111 alike; words and signs say what they say.
BLUE, ORANGE = "#3b82d6", "#d9730d"
LEFT, RIGHT = "text-align: left", "text-align: right"

_TABLE = "border-collapse: collapse; margin: 0 0 12px 0; font-variant-numeric: tabular-nums"
_CAPTION = "text-align: left; padding: 2px 8px; font-weight: bold"
_HEAD = "opacity: .8; padding: 2px 8px; font-weight: normal; border-bottom: 1px solid rgba(128, 128, 128, .5)"
_CELL = "padding: 2px 8px; white-space: nowrap"


def html(result) -> str:
    """Warnings, formula, parameters ± errors, correlations as bars, statistics; of several data sets a table."""
    many = len(result.sets) > 1
    beside = "display: flex; flex-wrap: wrap; align-items: flex-start; column-gap: 32px"
    pieces = (
        *(note("Warning", ORANGE, sentence) for sentence in result.warnings),
        "" if many else f"<p>{_formula(result.sets[0].model)}</p>",
        _parameters(result),
        _data_sets(result) if many else "",
        f"<p>{_ending(result)}</p>",
        f'<div style="{beside}">{_correlations(result)}{_statistics(result)}</div>',
        *(note("Note", BLUE, sentence) for sentence in remarks(result)),
    )
    return f"<div>{''.join(pieces)}</div>"


def note(word: str, colour: str, sentence: str) -> str:
    """A sentence behind a bar of a colour, after a word such as Warning."""
    style = f"border-left: 4px solid {colour}; padding: 0 0 0 8px; margin: 0 0 8px 0"
    return f'<p style="{style}"><b>{word}.</b> {markup.escape(sentence)}</p>'


def _formula(model) -> str:
    return rf"$\displaystyle {markup.escape(model.latex)}$"


def _ending(result) -> str:
    """How the fit ended, unless a warning says so, and what its errors mean."""
    message = f"{markup.escape(result.message)} " if result.success else ""
    meaning = "follow from sigma as given" if result.absolute_sigma else "are scaled to a reduced χ² of 1"
    return f"{message}{result.nfev} evaluations. Standard errors {meaning}."


def table(caption: str, columns: list[tuple[str, str, list[str]]]) -> str:
    """A table of (title, side, cells), cells being HTML; a column with nothing in it is left out."""
    titles, sides, cells = zip(*(column for column in columns if any(column[2])), strict=True)
    head = "".join(
        f'<th scope="col" style="{side}; {_HEAD}">{title}</th>' for title, side in zip(titles, sides, strict=True)
    )
    body = "".join(f"<tr>{_cells(line, sides)}</tr>" for line in zip(*cells, strict=True))
    return (
        f'<table style="{_TABLE}"><caption style="{_CAPTION}">{markup.escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cells(cells, sides) -> str:
    return "".join(f'<td style="{side}; {_CELL}">{cell}</td>' for cell, side in zip(cells, sides, strict=True))


def code(name: str) -> str:
    """A name as code."""
    return f'<code style="background: none; padding: 0">{markup.escape(name)}</code>'


def _parameters(result) -> str:
    entries = rows(result)
    columns = [
        ("parameter", LEFT, [code(row.name) for row in entries]),
        ("value", RIGHT, [row.value for row in entries]),
        ("standard error", LEFT, [row.error or row.remark for row in entries]),
        ("unit", LEFT, [markup.escape(row.unit) for row in entries]),
        ("relative", RIGHT, [markup.escape(row.relative) for row in entries]),
        ("constraint", LEFT, [markup.escape(row.held) for row in entries]),
        ("start", RIGHT, [row.initial for row in entries]),
    ]
    return table("Parameters", columns)


def _data_sets(result) -> str:
    residuals = [result.residuals[s.name] for s in result.sets]
    columns = [
        ("data set", LEFT, [code(s.name) for s in result.sets]),
        ("model", LEFT, [_formula(s.model) for s in result.sets]),
        ("points", RIGHT, [str(np.size(r)) for r in residuals]),
        ("χ²", RIGHT, [f"{np.sum(np.square(r)):.6g}" for r in residuals]),
    ]
    return table("Data sets", columns)


def _correlations(result) -> str:
    pairs = correlations(result, LEAST_CORRELATION)
    shown = pairs[:MOST_PAIRS]
    if not shown:
        return ""
    columns = [
        ("pair", LEFT, [f"{code(a)}, {code(b)}" for a, b, _ in shown]),
        ("correlation", LEFT, [_signed(number) + _bar(number) for _, _, number in shown]),
    ]
    more = f" ({len(shown)} largest of {len(pairs)})" if len(pairs) > len(shown) else ""
    return table(f"Correlations beyond ±{LEAST_CORRELATION:g}{more}", columns)


def _signed(correlation: float) -> str:
    return f"{correlation:+.3f}".replace("-", "−")  # as wide as a plus, so that the bars are aligned


def _bar(correlation: float) -> str:
    """A bar from the middle to the right, or to the left where the correlation is negative."""
    low, high = sorted((50.0, 50 + 50 * correlation))
    colour = BLUE if correlation > 0 else ORANGE
    bar = f"linear-gradient(90deg, transparent {low:.1f}%, {colour} {low:.1f}% {high:.1f}%, transparent {high:.1f}%)"
    box = "display: inline-block; width: 120px; height: 10px; margin-left: 8px"
    return f'<span aria-hidden="true" style="{box}; background: {bar}, rgba(128, 128, 128, .18)"></span>'


def _statistics(result) -> str:
    titles, numbers = zip(*statistics(result), strict=True)
    return table("Statistics", [("statistic", LEFT, list(titles)), ("value", LEFT, list(numbers))])
