"""The tab of statistics, by clicking and reading its widgets."""

import numpy as np
import pytest

from trfkit.session import FitSession, Progress
from trfkit.widgets.tabs.statistics import BEFORE, StatisticsTab
from trfkit.widgets.tabs.task_bar import progress_words, time_words

TIMEOUT = 120

X = np.linspace(0.0, 4.0, 30)
Y = 3.0 * np.exp(-0.7 * X) + 0.02 * np.cos(20 * X)


@pytest.fixture
def session():
    session = FitSession("a*exp(-k*x)", X, Y, start={"a": 1.0, "k": 1.0})
    yield session
    session.close()
    assert session.tasks.wait(TIMEOUT) and session.wait(TIMEOUT)


@pytest.fixture
def tab(session):
    session.run()
    return StatisticsTab(session)


def press_and_wait(tab, session, bar):
    bar.start.click()
    assert session.tasks.wait(TIMEOUT)
    tab.refresh()


def test_before_a_fit_it_says_what_to_do(session):
    tab = StatisticsTab(session)
    assert tab.nothing.value == BEFORE
    assert tab.interval_task.start.disabled and not tab.starts_task.start.disabled
    session.run()
    tab.refresh()
    assert tab.nothing.value == "" and "Parameters" in tab.report.value


def test_report_and_correlation_are_those_of_the_last_fit(tab, session):
    assert tab.report.value == session.result._repr_html_()
    assert 'alt="Correlations of a, k.' in tab.correlation.value
    session.set_parameter("k", 0.5, fixed=True)
    session.run()
    tab.refresh()
    assert tab.report.value == session.result._repr_html_()
    assert tab.correlation.value == ""  # of one parameter


def test_a_refresh_builds_nothing_that_is_there(tab, monkeypatch):
    monkeypatch.setattr("trfkit.widgets.tabs.statistics.draw_correlation", None)
    tab.refresh()
    tab.theme = "dark"
    with pytest.raises(TypeError):
        tab.refresh()


def test_intervals_by_covariance_follow_the_level_at_once(tab, session):
    assert tab.intervals.value == session.result.intervals(0.95)._repr_html_()
    assert tab.interval_task.start.disabled
    tab.level.value = 0.99
    assert tab.intervals.value == session.result.intervals(0.99)._repr_html_()


def test_a_profile_is_computed_once_and_serves_lower_levels(tab, session):
    tab.method.value = "profile"
    assert "Press Compute for 95 % intervals by profile" in tab.intervals.value
    press_and_wait(tab, session, tab.interval_task)
    found = session.tasks.outcome(session.result, "profile")
    assert found.intervals(0.95)._repr_html_() in tab.intervals.value
    assert tab.parameter.options == ("a", "k") and 'alt="Profile: a,' in tab.picture.value
    tab.parameter.value = "k"
    assert 'alt="Profile: k,' in tab.picture.value
    tab.level.value = 0.9
    assert found.intervals(0.9)._repr_html_() in tab.intervals.value
    tab.level.value = 0.99
    assert "Press Compute" in tab.intervals.value and tab.picture.value == ""


def test_a_bootstrap_has_the_count_and_the_kind_that_were_chosen(tab, session):
    assert tab.count.layout.display == "none"
    tab.method.value = "bootstrap"
    assert tab.count.layout.display is None
    tab.count.value, tab.kind.value = 50, "cases"
    press_and_wait(tab, session, tab.interval_task)
    found = session.tasks.outcome(session.result, "bootstrap")
    assert (len(found.values), found.kind) == (50, "cases")
    assert found.intervals()._repr_html_() in tab.intervals.value and 'alt="Bootstrap: a in 50' in tab.picture.value


def test_what_was_computed_of_a_fit_is_not_shown_of_the_next(tab, session):
    tab.method.value = "profile"
    press_and_wait(tab, session, tab.interval_task)
    session.run()
    tab.refresh()
    assert "Press Compute" in tab.intervals.value and tab.picture.value == ""


def test_what_cannot_be_bootstrapped_says_why_until_the_next_press(session):
    session.set_parameter("a", prior=(3.0, 0.1))
    session.run()
    tab = StatisticsTab(session)
    tab.method.value = "bootstrap"
    press_and_wait(tab, session, tab.interval_task)
    assert 'role="alert"' in tab.interval_task.box.value and "prior of a is no data" in tab.interval_task.box.value
    tab.method.value = "profile"
    press_and_wait(tab, session, tab.interval_task)
    assert tab.interval_task.box.value == "" and "95 % intervals (profile)" in tab.intervals.value


def test_many_starts_end_in_a_table_of_minima_and_in_the_session(tab, session):
    tab.starts.value = 12
    press_and_wait(tab, session, tab.starts_task)
    assert len(session.history) == 2 and len(session.result.starts.cost) == 12
    assert repr(session.result.starts).splitlines()[0] in tab.minima.value
    assert f"{session.result.starts.minima[0].cost:.6g}" in tab.minima.value


def test_a_count_that_is_refused_is_kept_and_said_beside_it(tab, session):
    tab.starts.value = 0
    tab.starts_task.start.click()
    assert "positive whole number, got 0" in tab.starts_task.box.value
    assert tab.starts.value == 0 and session.state == "done"


def test_while_a_task_runs_its_bar_has_the_numbers_and_nothing_else_can_be_started(tab, session, monkeypatch):
    monkeypatch.setattr(type(session.tasks), "progress", Progress("bootstrap", 250, 1000, 2.0, 6.0))
    monkeypatch.setattr(type(session.tasks), "running", True)
    tab.method.value = "bootstrap"
    assert 'max="1000" value="250"' in tab.interval_task.box.value
    assert "250 of 1000 · about 6 s left" in tab.interval_task.box.value
    assert tab.interval_task.start.disabled and not tab.interval_task.cancel.disabled
    assert tab.starts_task.start.disabled and tab.starts_task.cancel.disabled


def test_the_report_stays_after_a_fit_that_failed(tab, session, monkeypatch):
    report = tab.report.value
    monkeypatch.setattr(type(session), "result", None)
    tab.refresh()
    assert tab.report.value == report and "last fit that left a result" in tab.nothing.value


def test_every_control_has_a_label(tab):
    for control in (tab.level, tab.method, tab.count, tab.kind, tab.parameter, tab.starts):
        assert control.description


def test_time_is_said_in_words():
    said = [time_words(seconds) for seconds in (0.2, 4.4, 89, 100, 3600, 7300)]
    assert said == ["less than 1 s", "about 4 s", "about 89 s", "about 2 min", "about 60 min", "about 2 h"]
    assert progress_words(Progress("profile", 3, 20)) == "15 %"
