"""The tables are read back by a Markdown parser."""

import re
from html import unescape

import mistune

from trfkit.report import markdown


def _cells(text):
    """The cells of the table in a Markdown text, as a page shows them, and the paragraph below it."""
    page = mistune.create_markdown(plugins=["table"])(text)
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    below = re.search(r"</table>\s*<p>(.*)</p>", page, re.DOTALL)[1]
    return [[unescape(re.sub(r"</?code>", "", cell)) for cell in row] for row in cells], unescape(below)


def test_table_has_a_row_for_every_parameter_and_a_line_of_statistics(decay):
    rows, below = _cells(markdown.table(decay))
    assert rows == [
        ["parameter", "value", "unit", "constraint"],
        ["amplitude", "2.986 ± 0.027", "V", ""],
        ["tau", "2.531 ± 0.060", "s", "≥ 0"],
        ["slope", "0 (fixed)", "V/s", ""],
        ["intercept", "0.495 ± 0.018", "V", ""],
    ]
    assert below == "60 points, 3 fitted parameters, χ² = 0.170822, reduced χ² = 0.00299687, AIC = -345.689"


def test_ties_priors_bounds_and_missing_errors_are_told(joint, undetermined, at_bound, no_covariance):
    assert [row[3] for row in _cells(markdown.table(joint))[0]] == [
        "constraint", "", "0 … 10", "≥ 0, prior 1 ± 0.2", "", "= center_cold + 0.5",
    ]  # fmt: skip
    assert _cells(markdown.table(undetermined))[0][1:] == [["a", "1.04998 ± ∞"], ["b", "1.04998 ± ∞"]]
    assert _cells(markdown.table(at_bound))[0][1] == ["slope", "0.000 ± 0.013", "0 … 5, at its lower bound"]
    assert _cells(markdown.table(no_covariance))[0][1][1] == "2.98557 (error unknown)"


def test_marks_of_markdown_in_a_unit_stay_what_they_are(hostile):
    rows, _ = _cells(markdown.table(hostile))
    assert rows[1][2] == "a|b_c*d $x$ 50% \\"
    assert rows[2][2] == "<script>alert(1)</script>"
    assert {len(row) for row in rows} == {4}
