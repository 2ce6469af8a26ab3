import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from trfkit.report import page


class Reader(HTMLParser):
    """The tables of a page as rows of texts, the texts of its paragraphs, and whether each tag was closed in order."""

    def __init__(self, markup):
        super().__init__()
        self.open, self.balanced, self.texts = [], True, {"caption": [], "p": []}
        self.tables, self.cell = [], None
        self.feed(markup)
        self.balanced = self.balanced and not self.open

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag in self.texts:
            self.texts[tag].append("")

    def handle_endtag(self, tag):
        self.balanced = self.balanced and self.open.pop() == tag

    def handle_data(self, text):
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += text
        for tag in {"caption", "p"} & set(self.open):
            self.texts[tag][-1] += text

    def table(self, caption):
        at = next(i for i, found in enumerate(self.texts["caption"]) if found.startswith(caption))
        return self.tables[at]


def test_every_page_is_well_formed_and_needs_no_script_or_style_sheet(every_fit):
    for fit in every_fit.values():
        markup = page.html(fit)
        assert Reader(markup).balanced
        assert not re.search(r"<(script|style|link|img)|class=|on\w+=", markup)


def test_parameters_have_value_error_unit_and_what_holds_them(decay):
    assert Reader(page.html(decay)).table("Parameters") == [
        ["parameter", "value", "standard error", "unit", "relative", "constraint", "start"],
        ["amplitude", "2.986", "± 0.027", "V", "0.92 %", "", "2"],
        ["tau", "2.531", "± 0.060", "s", "2.4 %", "≥ 0", "1"],
        ["slope", "0", "fixed", "V/s", "", "", ""],
        ["intercept", "0.495", "± 0.018", "V", "3.6 %", "", "0.1"],
    ]


def test_columns_with_nothing_in_them_are_left_out(undetermined):
    assert Reader(page.html(undetermined)).table("Parameters") == [
        ["parameter", "value", "standard error", "start"],
        ["a", "1.04998", "± ∞", "1"],
        ["b", "1.04998", "± ∞", "1"],
    ]


def test_warnings_stand_before_everything_else(undetermined, no_covariance):
    for fit in (undetermined, no_covariance):
        markup = page.html(fit)
        assert Reader(markup).texts["p"][0] == f"Warning. {fit.notes[0]}"
        assert markup.index("Warning.") < min(markup.index("<table"), markup.index("$"))
    assert page.html(no_covariance).count(no_covariance.message) == 1


def test_fit_without_warnings_begins_with_the_formula(decay):
    first, second = Reader(page.html(decay)).texts["p"]
    assert first == rf"$\displaystyle {decay.sets[0].model.latex}$"
    assert second == f"{decay.message} {decay.nfev} evaluations. Standard errors are scaled to a reduced χ² of 1."


def test_several_data_sets_are_listed_with_their_share_of_chi_square(joint):
    read = Reader(page.html(joint))
    head, cold, hot = read.table("Data sets")
    assert head == ["data set", "model", "points", "χ²"]
    assert [cold[0], cold[2], hot[0], hot[2]] == ["cold", "30", "hot", "30"]
    assert float(cold[3]) + float(hot[3]) == pytest.approx(joint.goodness.chi_square, rel=1e-5)
    assert read.texts["p"][-1].endswith("Standard errors follow from sigma as given.")


def test_correlations_are_numbers_beside_bars_from_the_middle(decay):
    markup = page.html(decay)
    _, first, *others = Reader(markup).table("Correlations beyond ±0.1")
    assert first == ["tau, intercept", "−0.831"]
    assert len(others) == 2
    assert f"transparent 8.4%, {page.ORANGE} 8.4% 50.0%" in markup  # 50 − 41.6
    assert f"{page.BLUE} 50.0%" not in markup


def test_positive_correlation_is_a_bar_to_the_right(joint):
    assert f"transparent 50.0%, {page.BLUE} 50.0% 59.6%, transparent 59.6%" in page.html(joint)


def test_of_many_correlations_the_ten_largest_are_shown(decay):
    names = tuple("abcdef")
    matrix = np.full((6, 6), 0.5) + np.diag(np.full(6, 0.5))
    many = SimpleNamespace(**{**vars(decay), "free_names": names, "correlation": matrix})
    many.solution = SimpleNamespace(active_mask=np.zeros(6), condition_number=2.0)
    table = Reader(page.html(many)).table("Correlations beyond ±0.1 (10 largest of 15)")
    assert len(table) == 1 + 10


def test_no_table_of_correlations_where_none_is_known(undetermined, no_covariance):
    for fit in (undetermined, no_covariance):
        assert Reader(page.html(fit)).texts["caption"] == ["Parameters", "Statistics"]


def test_statistics_are_a_table(decay):
    table = dict(Reader(page.html(decay)).table("Statistics")[1:])
    assert float(table["χ²"]) == pytest.approx(2 * decay.solution.cost, rel=1e-5)
    assert float(table["reduced χ²"]) == pytest.approx(2 * decay.solution.cost / 57, rel=1e-5)
    assert table["condition number"] == f"{decay.solution.condition_number:.2g}"
    assert table["runs of residuals"] == "31, expected 30.9 (p = 1)"


def test_names_units_and_notes_are_escaped(hostile):
    markup = page.html(hostile)
    read = Reader(markup)
    assert "&lt;script&gt;" in markup
    assert read.table("Parameters")[2][3] == "<script>alert(1)</script>"
    assert read.table("Data sets")[1][0] == "<b>&"
    assert read.texts["p"][0] == "Warning. x < 0 & y > 0 <img src=x>"


@pytest.mark.parametrize("colour", [page.BLUE, page.ORANGE])
@pytest.mark.parametrize("ground", ["#ffffff", "#111111"])
def test_colours_have_a_contrast_of_three_on_light_and_dark_pages(colour, ground):
    def luminance(code):  # WCAG 2.2, relative luminance
        channels = np.array([int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    low, high = sorted((luminance(colour), luminance(ground)))
    assert (high + 0.05) / (low + 0.05) >= 3
