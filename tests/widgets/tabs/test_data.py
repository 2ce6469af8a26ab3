"""The tab with the data without a browser: buttons are clicked and fields set, as a front end would."""

import base64
import datetime
import html

import numpy as np
import pandas
import pytest

from trfkit.session import FitSession
from trfkit.tables import read_table
from trfkit.widgets.tabs.data import STYLE, DataTab

X = np.linspace(0.0, 9.0, 10)
CSV = "time (s),signal [mV],sigma,who\n0,1,0.5,a\n1,n/a,0.5,b\n2,3,0.5,c\n3,4,0.25,d\n"


@pytest.fixture
def session():
    return FitSession("a*x + b", X, 2 * X + 1, {"a": 1.0, "b": 0.0}, x_label="t (s)", y_label="rate")


@pytest.fixture
def notebook():
    return {"spectrum": pandas.DataFrame({"E": X, "counts": X**2}), "_hidden": pandas.DataFrame(), "number": 3}


@pytest.fixture
def tab(session, notebook):
    return DataTab(session, lambda: notebook)


def _paste(tab, text):
    tab.pasted.value = text
    tab.read_pasted.click()


def _upload(tab, name, content):
    file = {"name": name, "type": "text/csv", "size": len(content), "content": memoryview(content)}
    tab.upload.value = ({**file, "last_modified": datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)},)


def _widgets(box):
    yield box
    for child in getattr(box, "children", ()):
        yield from _widgets(child)


# What is fitted


def test_data_are_described_with_labels_ranges_and_sigma(tab):
    for words in ("10, all of which count", "t (s), 0 to 9", "rate, 1 to 19", "none: all points weigh the same"):
        assert f"<dd>{words}</dd>" in tab.facts.value
    assert tab.include_all.disabled


def test_points_left_out_are_told_by_ranges_of_x_and_by_index(session, tab):
    session.exclude_range(2, 4)
    session.exclude_points([7])
    tab.refresh()
    assert "10, of which 6 count" in tab.facts.value
    assert tab.left_out.value == "<p>Left out: x from 2 to 4 (3 points), point 7 at x = 7.</p>"


def test_include_all_lets_every_point_count_again(session, tab):
    session.exclude_points([1, 2])
    tab.refresh()
    tab.include_all.click()
    assert session.mask.all()
    assert tab.include_all.disabled
    assert tab.left_out.value == "<p></p>"


def test_points_with_a_gap_are_told_apart_from_those_left_out(session, tab):
    session.set_data([1.0, 2.0, 3.0, 4.0], [1.0, np.nan, 3.0, 5.0])
    tab.refresh()
    assert tab.left_out.value == "<p>1 point with a gap never counts.</p>"
    assert tab.include_all.disabled


def test_points_left_out_far_apart_are_counted_after_a_few(session, tab):
    session.set_data(np.arange(40.0), np.arange(40.0))
    session.exclude_points(np.arange(1, 40, 3))
    tab.refresh()
    assert "point 1 at x = 1, point 4 at x = 4" in tab.left_out.value
    assert tab.left_out.value.endswith("point 16 at x = 16 and 7 more places.</p>")


def test_refresh_builds_nothing_where_nothing_has_changed(session, tab):
    tab.facts.value = "as it was"
    tab.refresh()
    assert tab.facts.value == "as it was"
    session.exclude_points([0])
    tab.refresh()
    assert "of which 9 count" in tab.facts.value


def test_link_holds_the_very_numbers(session, tab):
    session.set_data(X / 3, np.sqrt(X), 0.1 + X, x_label="a, b", y_label="y")
    tab.refresh()
    coded = tab.download.value.partition("base64,")[2].partition('"')[0]
    table = read_table(base64.b64decode(coded))
    assert table.names == ("a, b", "y", "sigma")
    np.testing.assert_array_equal([*table.columns.values()], [X / 3, np.sqrt(X), 0.1 + X])


def test_data_that_are_no_columns_or_too_many_have_no_link(session, tab):
    session.set_data(np.arange(20001.0), np.arange(20001.0), guess=False)
    tab.refresh()
    assert tab.download.value == ""


# Reading


def test_pasted_table_is_previewed_with_its_likely_columns_chosen(tab):
    _paste(tab, CSV)
    assert tab.table.names == ("time (s)", "signal (mV)", "sigma")
    assert (tab.x.value, tab.y.value, tab.sigma.value) == ("time (s)", "signal (mV)", "sigma")
    assert "pasted text: 4 rows, 3 columns" in tab.source.value
    assert all(f"<li>{html.escape(note)}</li>" in tab.source.value for note in tab.table.notes)
    assert '<th scope="col">signal (mV) <span>y</span></th>' in tab.preview.value
    assert '<td class="trfkit-muted">gap</td>' in tab.preview.value
    assert tab.alert.value == ""


def test_uploaded_file_is_read_and_can_be_opened_again(tab):
    _upload(tab, "run 7.csv", CSV.encode("utf-16"))
    assert "run 7.csv: 4 rows" in tab.source.value
    assert tab.upload.value == ()
    _upload(tab, "run 7.csv", b"1 2\n3 4\n5 6\n")
    assert "run 7.csv: 3 rows" in tab.source.value


def test_preview_of_a_large_table_shows_its_beginning_and_the_chosen_columns(tab):
    tab.offer("wide", {f"c{i}": np.arange(100.0) for i in range(40)})
    tab.y.value = "c30"
    assert '<th scope="col">c30 <span>y</span></th>' in tab.preview.value
    assert '<th scope="col">c20' not in tab.preview.value
    assert "92 rows and 27 columns more" in tab.preview.value


def test_names_in_a_table_are_no_markup(tab):
    _paste(tab, "<b>t</b>,<script>y</script>\n1,2\n3,4\n")
    assert "<b>t" not in tab.preview.value
    assert "&lt;script&gt;y" in tab.preview.value


def test_what_cannot_be_read_is_said_and_nothing_is_lost(session, tab):
    _paste(tab, CSV)
    before, data = tab.table, session.data
    _upload(tab, "book.xlsx", b"PK\x03\x04")
    assert 'role="alert"' in tab.alert.value
    assert "book.xlsx: this is an Excel" in tab.alert.value
    _paste(tab, "nothing but words")
    assert "pasted text: no columns of numbers were found: line 1" in tab.alert.value
    assert tab.table is before
    assert tab.pasted.value == "nothing but words"
    assert session.data is data


# Variables of the notebook


def test_frames_of_the_notebook_are_on_offer_and_no_other_variables(tab, notebook):
    assert [value for _, value in tab.variable.options] == ["spectrum"]
    tab.read_variable.click()
    assert "spectrum: 10 rows, 2 columns" in tab.source.value
    notebook["later"] = pandas.DataFrame({"u": X, "v": X})
    tab.again.click()
    assert [value for _, value in tab.variable.options] == ["later", "spectrum"]
    assert tab.variable.value == "spectrum"


def test_variable_is_read_as_it_is_now(tab, notebook):
    notebook["spectrum"] = pandas.DataFrame({"E": X[:3], "counts": X[:3]})
    tab.read_variable.click()
    assert tab.table.m == 3


def test_without_frames_the_dropdown_says_so(session):
    tab = DataTab(session)
    assert tab.variable.options == (("no DataFrame in the notebook", ""),)
    assert tab.variable.disabled
    assert tab.read_variable.disabled


def test_offered_table_is_shown_and_stays_on_offer(tab):
    tab.offer("mine", {"x": X, "y": X, "y_err": X + 1})
    assert (tab.variable.value, tab.x.value, tab.y.value, tab.sigma.value) == ("mine", "x", "y", "y_err")
    tab.again.click()
    assert tab.variable.value == "mine"
    with pytest.raises(ValueError, match="no column has numbers"):
        tab.offer("words", {"who": ["me", "you"]})
    assert tab.variable.value == "mine"


# Using


def test_chosen_columns_become_the_data_in_one_step_of_undo(session, tab):
    _paste(tab, CSV)
    tab.absolute.value = True
    tab.use_these.click()
    data = session.data
    assert (data.x_label, data.y_label, data.absolute_sigma) == ("time (s)", "signal (mV)", True)
    np.testing.assert_array_equal(data.x, [0, 1, 2, 3])
    np.testing.assert_array_equal(data.sigma, [0.5, 0.5, 0.5, 0.25])
    np.testing.assert_array_equal(session.mask, [True, False, True, True])
    assert 'role="status"' in tab.said.value
    assert "signal (mV), 1 to 4" in tab.facts.value
    session.undo()
    tab.refresh()
    assert "t (s), 0 to 9" in tab.facts.value


def test_without_an_x_the_rows_are_counted(session, tab):
    _paste(tab, "7.5\n8.5\n9.5\n")
    assert tab.x.value == ""
    tab.use_these.click()
    np.testing.assert_array_equal(session.data.x, [0, 1, 2])
    assert session.data.x_label == "number of the row"


def test_without_sigma_there_is_nothing_to_be_absolute(session, tab):
    _paste(tab, CSV)
    tab.absolute.value = True
    tab.sigma.value = ""
    assert tab.absolute.disabled
    tab.use_these.click()
    assert session.data.sigma is None
    assert not session.data.absolute_sigma


def test_infinite_values_are_left_out_of_the_fit(session, tab):
    tab.offer("overload", {"x": X, "y": np.where(X == 3, np.inf, X)})
    tab.use_these.click()
    assert np.flatnonzero(~session.mask).tolist() == [3]


def test_data_that_cannot_be_fitted_are_refused_and_the_old_ones_stay(session, tab):
    before = session.data
    tab.offer("bad", {"x": X, "y": X, "sigma": X - 3})
    tab.use_these.click()
    assert "must be positive" in tab.alert.value
    assert session.data is before
    assert (tab.table.names, tab.sigma.value, tab.said.value) == (("x", "y", "sigma"), "sigma", "")
    tab.sigma.value = ""
    tab.use_these.click()
    assert tab.alert.value == ""
    np.testing.assert_array_equal(session.data.y, X)


def test_while_a_fit_runs_the_refusal_is_shown(session, tab, monkeypatch):
    _paste(tab, CSV)
    monkeypatch.setattr(FitSession, "running", True)
    tab.use_these.click()
    assert "a fit is running" in tab.alert.value
    tab.include_all.disabled = False
    tab.include_all.click()
    assert "a fit is running" in tab.alert.value


# Accessibility and style


def test_every_control_has_a_label(tab):
    _paste(tab, CSV)
    controls = [
        widget for widget in _widgets(tab.box) if hasattr(widget, "description") and hasattr(widget, "disabled")
    ]
    assert len(controls) >= 10
    assert all(control.description for control in controls if "HTML" not in type(control).__name__)
    assert 'tabindex="0" aria-label=' in tab.preview.value


def test_style_has_rules_of_its_own_and_no_colour_of_its_own():
    selectors = [rule.partition("{")[0].strip() for rule in STYLE.split("}") if rule.strip()]
    assert all(selector.startswith(".trfkit-") for selector in selectors)
    assert "#" not in STYLE
