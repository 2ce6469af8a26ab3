"""The parameters of a fit as a table in GitHub's Markdown."""

import re

from .facts import in_one_line, rows


def table(result) -> str:
    """Parameter, value ± error, unit and what holds it, then a line of statistics; columns of nothing are left out."""
    entries = rows(result)
    columns = {
        "parameter": [f"`{row.name}`" for row in entries],
        "value": [_escaped(f"{row.estimate} ({row.remark})" if row.remark else row.estimate) for row in entries],
        "unit": [_escaped(row.unit) for row in entries],
        "constraint": [_escaped(row.held) for row in entries],
    }
    told = {title: cells for title, cells in columns.items() if any(cells)}
    sides = ("---:" if title == "value" else ":---" for title in told)
    lines = [_line(told), _line(sides), *map(_line, zip(*told.values(), strict=True))]
    return "\n".join([*lines, "", in_one_line(result)])


def _line(cells) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """The text with every character that Markdown could take for a mark made literal."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&$])", r"\\\1", text)
