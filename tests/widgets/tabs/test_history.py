"""The history tab without a browser: what its table says, and what its buttons do."""

import jax.numpy as jnp
import numpy as np
import pytest

import trfkit
from trfkit.models.model_text import model_text
from trfkit.session import FitSession
from trfkit.widgets.tabs.history import COLUMNS, HistoryTab

X = np.linspace(0.0, 4.0, 30)
Y = 3.0 * np.exp(-0.7 * X) + 0.05 * np.cos(20 * X)


def decay(x, height, rate):
    return height * jnp.exp(-rate * x)


@pytest.fixture
def session():
    """Three fits of the same data, and one of fewer points."""
    session = FitSession(decay, X, Y, (1.0, 0.1))
    session.run()
    session.set_model("a + b*x")
    session.run()
    session.fix("b", -0.5)
    session.run()
    session.restore(0)
    session.exclude_points([4, 5])
    session.set_options(max_nfev=2)
    session.run()
    return session


@pytest.fixture
def tab(session):
    tab = HistoryTab(session)
    tab.refresh()
    return tab


def told(tab, column):
    """The texts of a column, from the newest fit to the first."""
    place = [title for title, _, _ in COLUMNS].index(column)
    return [row["cells"][place]["text"] for row in tab.table.rows]


def test_before_a_fit_a_sentence_stands_where_the_table_will_be():
    tab = HistoryTab(FitSession(decay, X, Y, (1.0, 0.1)))
    tab.refresh()
    assert tab.title == "History"
    assert tab.table.rows == [] and tab.table.layout.display == "none"
    assert "There are no fits yet" in tab.note.value


def test_each_fit_has_a_row_and_the_newest_stands_first(session, tab):
    assert tab.title == "History 4"
    assert [row["number"] for row in tab.table.rows] == [4, 3, 2, 1]
    assert told(tab, "model") == [model_text(result.sets[0].model) for result in reversed(session.history)]
    assert told(tab, "points") == ["28 of 30", "30", "30", "30"]
    assert told(tab, "free") == ["2", "1", "2", "2"]
    assert told(tab, "ended") == ["evaluations used up", "converged", "converged", "converged"]
    assert [float(text) for text in told(tab, "χ²")] == pytest.approx(
        [result.goodness.chi_square for result in reversed(session.history)], rel=1e-4
    )
    assert told(tab, "eval.") == [str(result.nfev) for result in reversed(session.history)]


def test_differences_count_from_the_best_of_the_fits_that_can_be_compared(session, tab):
    assert told(tab, "data") == ["B", "A", "A", "A"]
    aics = [result.goodness.aic for result in session.history]
    expected = [0.0, *(aic - min(aics[:3]) for aic in reversed(aics[:3]))]
    assert [float(text) for text in told(tab, "ΔAIC")] == pytest.approx(expected, abs=0.01)
    assert told(tab, "ΔBIC")[-1] == "0.00"


def test_what_was_asked_of_a_fit_stands_below_its_model(session, tab):
    session.set_options(loss="huber")
    session.tie("height", "2*rate")
    session.run()
    tab.refresh()
    details = [row["cells"][0]["detail"] for row in tab.table.rows]
    assert details == ["loss huber; height = 2*rate", "", "b fixed", "", ""]


def test_rank_that_is_deficient_is_said():
    session = FitSession("a*c*exp(-x)", X, Y, {"a": 1.0, "c": 1.0})
    session.run()
    tab = HistoryTab(session)
    tab.refresh()
    assert told(tab, "ended") == ["converged, 1 of 2 determined"]


def test_the_fit_in_use_is_marked_as_long_as_nothing_is_changed(session, tab):
    assert [row["current"] for row in tab.table.rows] == [True, False, False, False]
    session.set_parameter("rate", 0.3)
    tab.refresh()
    assert not any(row["current"] for row in tab.table.rows)


def test_restore_goes_back_to_a_fit_and_says_so(session, tab):
    tab.table._hear(tab.table, {"kind": "restore", "number": 2}, [])  # a message of the browser
    assert session.parameters == session.history[1].parameters
    assert "Fit 2 is restored" in tab.said.value
    assert [row["current"] for row in tab.table.rows] == [False, False, True, False]
    session.undo()
    assert session.parameters == session.history[3].parameters


def test_restore_that_is_refused_says_why_and_changes_nothing(session, tab, monkeypatch):
    def refuse(index):
        raise RuntimeError("a fit is running: stop() it")

    monkeypatch.setattr(session, "restore", refuse)
    before = session.settings
    tab.table._hear(tab.table, {"kind": "restore", "number": 1}, [])
    assert 'role="alert"' in tab.said.value and "a fit is running" in tab.said.value
    assert session.settings is before


def test_marked_fits_are_compared_side_by_side(session, tab):
    assert tab.compare.disabled
    tab.table.marked = [1, 2, 3]
    assert not tab.compare.disabled and "Fits 1, 2 and 3 are marked" in tab.said.value
    tab.compare.click()
    names = ("fit 1: decay", "fit 2: a + b*x", "fit 3: a + b*x")
    compared = trfkit.compare(dict(zip(names, session.history, strict=False)))
    assert compared._repr_html_() in tab.comparison.value
    assert "3 models of the same 30 points, best first. fit 1: decay" in tab.comparison.value


def test_fits_that_cannot_be_compared_are_told_apart(tab):
    tab.table.marked = [1, 4]
    tab.compare.click()
    assert 'role="alert"' in tab.comparison.value
    assert "can&#x27;t be compared: the data differ" in tab.comparison.value


def test_comparison_follows_the_theme(tab):
    tab.table.marked = [1, 2]
    tab.compare.click()
    light = tab.comparison.value
    tab.refresh()
    assert tab.comparison.value == light
    tab.theme = "dark"
    tab.refresh()
    assert tab.comparison.value != light


def test_comparison_of_many_draws_the_best_and_says_so():
    session = FitSession(decay, X, Y, (1.0, 0.1))
    for rate in (0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5):
        session.fix("rate", rate)
        session.run()
    tab = HistoryTab(session)
    tab.refresh()
    tab.table.marked = list(range(1, 9))
    tab.compare.click()
    assert "The picture shows the best 6, and not 2 more." in tab.comparison.value
    assert tab.comparison.value.count("<tr>") == 9
    assert "6 models of the same 30 points" in tab.comparison.value


def test_rows_are_made_once_and_sent_only_when_something_changed(session, tab, monkeypatch):
    sent = []
    tab.table.observe(lambda change: sent.append(len(change["new"])), "rows")
    made = []
    entry = tab._entry
    monkeypatch.setattr(tab, "_entry", lambda result: made.append(result) or entry(result))
    tab.refresh()
    assert sent == []
    session.set_options(max_nfev=None)
    session.run()
    tab.refresh()
    tab.refresh()
    assert sent == [5] and made == session.history[4:]
