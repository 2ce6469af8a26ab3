"""The trace as a person reads it: aligned plain text, and HTML for a notebook of either theme."""

import html
import math

from trfkit.trace.words import ratio_words

# The columns that a person reads: title, and how to write its cell for a Row.
TABLE = (
    ("nfev", lambda row: str(row.nfev)),
    ("cost", lambda row: f"{row.cost:.6g}"),
    ("reduction", lambda row: _number(row.actual_reduction, ".2e")),
    ("ratio", lambda row: ratio_words(row.ratio)),
    ("radius", lambda row: f"{row.Delta:.3g}"),
    ("step norm", lambda row: f"{row.step_norm:.2e}" if row.kind != "start" else ""),
    ("optimality", lambda row: _number(row.optimality, ".2e")),
    ("solver", lambda row: row.solver if row.kind != "start" else ""),
    ("step", lambda row: row.kind),
    ("outcome", lambda row: row.outcome if row.kind != "start" else ""),
)
LEFT_ALIGNED = ("solver", "step", "outcome")
SPARE = ("nfev", "reduction", "step norm", "optimality")  # what a narrow page may do without
CLASSES = {
    title: " ".join(
        ["trfkit-count"] * (title == "nfev")
        + ["trfkit-word"] * (title in LEFT_ALIGNED)
        + ["trfkit-spare"] * (title in SPARE)
    )
    for title, _ in TABLE
}

# A text table longer than this shows its first and last rows, as pandas does.
MOST_PRINTED_ROWS = 60


def _number(value, spec):
    """A number, or nothing where there is none to tell."""
    return "" if math.isnan(value) else format(value, spec)


def text_table(trace):
    """The trace as aligned plain text; of a long one the first and the last rows."""
    shown = list(range(len(trace)))
    cut = len(shown) > MOST_PRINTED_ROWS
    if cut:
        shown = shown[: MOST_PRINTED_ROWS // 2] + shown[-MOST_PRINTED_ROWS // 2 :]
    cells = [["trial", *(title for title, _ in TABLE)]]
    cells += [[str(i), *(write(trace[i]) for _, write in TABLE)] for i in shown]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    aligns = ["<" if title in LEFT_ALIGNED else ">" for title in cells[0]]
    lines = [
        "  ".join(f"{cell:{align}{width}}" for cell, align, width in zip(line, aligns, widths, strict=True)).rstrip()
        for line in cells
    ]
    if cut:
        lines.insert(1 + MOST_PRINTED_ROWS // 2, f"... {len(trace) - len(shown)} more ...")
    return "\n".join([f"Trace of {len(trace)} trial points in {', '.join(trace.parameter_names)}", *lines])


# Words tell what the colours and marks repeat; each colour has 3:1 against white and against #111111 alike. The widths
# keep the columns where they are while rows come and go. !important: notebooks style tables with many classes.
TABLE_STYLE = """
.trfkit-trace {border-collapse: collapse; border: none; white-space: nowrap; font-variant-numeric: tabular-nums;
  font-size: 12px; line-height: 18px}
.trfkit-trace th, .trfkit-trace td {white-space: nowrap !important; padding: 0 8px 0 0 !important; border: none;
  text-align: right !important; min-width: 8.5ch; line-height: inherit}
.trfkit-trace th {font-weight: normal; border-bottom: 1px solid rgba(128, 128, 128, .5)}
.trfkit-trace .trfkit-count {min-width: 4ch}
.trfkit-trace .trfkit-word {text-align: left !important; min-width: 6ch; padding-left: 6px !important}
.trfkit-trace tr[aria-current] td {background: rgba(59, 130, 214, .2)}
.trfkit-trace .trfkit-svd {color: #3b82d6}
.trfkit-trace .trfkit-cg {color: #d9730d}
.trfkit-trace .trfkit-rejected {color: #e5534b}
"""
MARKS = {
    "SVD": '<span class="trfkit-svd">●</span> ',
    "CG": '<span class="trfkit-cg">▲</span> ',
    "no decrease": '<span class="trfkit-rejected">✕</span> ',
    "non-finite": '<span class="trfkit-rejected">✕</span> ',
}


def html_table(trace, rows=None, shown=None):
    """An HTML table of the trace, or of its rows with the given indices; `TABLE_STYLE` is its style sheet.

    Row `shown` is marked as the one that a picture beside the table shows.
    """
    rows = range(len(trace)) if rows is None else rows
    # Where a page takes no style sheets from a notebook, the columns still know their side.
    sides = {title: ' style="text-align: left"' if title in LEFT_ALIGNED else "" for title in CLASSES}
    classes = [f' class="{names}"{sides[title]}' if names else "" for title, names in CLASSES.items()]
    head = "".join(f"<th{name}>{title}</th>" for name, (title, _) in zip(classes, TABLE, strict=True))
    body = []
    for i in rows:
        row = trace[i]
        words = (write(row) for _, write in TABLE)
        cells = "".join(
            f"<td{name}>{MARKS.get(word, '')}{html.escape(word)}</td>"
            for name, word in zip(classes, words, strict=True)
        )
        current = ' aria-current="true"' if i == shown else ""
        body.append(f'<tr{current}><td class="trfkit-count">{i}</td>{cells}</tr>')
    return (
        '<table class="trfkit-trace"><thead><tr><th class="trfkit-count">trial</th>'
        f"{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )
