"""The panel of times, by clicking and reading its widgets."""

import threading

import numpy as np
import pytest

from trfkit.session import FitSession
from trfkit.widgets.panels.times import BEFORE, NO_FIT, Times

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
def times(session):
    session.run()
    times = Times(session)
    times.summary.value = True
    return times


def press_and_wait(times):
    times.task.start.click()
    assert times.session.tasks.wait(TIMEOUT)
    times.refresh()


def test_before_a_fit_there_is_nothing_to_profile(session):
    times = Times(session)
    times.summary.value = True
    assert NO_FIT in times.about.value and times.task.start.disabled
    session.run()
    times.refresh()
    assert BEFORE in times.about.value and not times.task.start.disabled


def test_a_press_profiles_the_last_fit_and_shows_tables_and_bars(times, session):
    settings, history = session.settings, list(session.history)
    press_and_wait(times)
    found = session.tasks.outcome(session.result, "times")
    assert times.tables.value == found._repr_html_() and 'alt="Where ' in times.picture.value
    assert times.about.value == "" and times.task.box.value == ""
    np.testing.assert_allclose(found.result.solution.x, session.result.solution.x, rtol=1e-9)
    assert session.settings is settings and session.history == history


def test_what_was_measured_of_a_fit_is_not_shown_of_the_next(times, session):
    press_and_wait(times)
    session.run()
    times.refresh()
    assert times.tables.value == times.picture.value == "" and BEFORE in times.about.value


def test_nothing_is_built_while_it_is_closed_nor_built_again(session, monkeypatch):
    session.run()
    times = Times(session)
    session.tasks.times()
    assert session.tasks.wait(TIMEOUT)
    times.refresh()
    assert times.tables.value == ""
    times.summary.value = True
    assert times.tables.value
    monkeypatch.setattr("trfkit.widgets.panels.times.draw_times", None)
    times.refresh()
    times.theme = "dark"
    with pytest.raises(TypeError):
        times.refresh()


def test_cancel_ends_it_and_leaves_nothing():
    go, called = threading.Event(), threading.Event()

    def model(x, a, k):
        if session.tasks.running:
            called.set()
            assert go.wait(TIMEOUT)
        return a * np.exp(-float(k) * np.asarray(x))

    session = FitSession(model, X, Y, start={"a": 1.0, "k": 1.0})
    session.run()
    times = Times(session)
    times.summary.value = True
    times.task.start.click()
    assert called.wait(TIMEOUT)
    times.refresh()
    assert times.task.start.disabled and not times.task.cancel.disabled and "<progress" in times.task.box.value
    times.task.cancel.click()
    go.set()
    assert session.tasks.wait(TIMEOUT)
    times.refresh()
    assert session.tasks.last.cancelled and session.tasks.last.error is None
    assert times.tables.value == "" and not times.task.start.disabled


def test_what_the_model_raises_is_said():
    broken = threading.Event()

    def model(x, a, k):
        if broken.is_set():
            raise ZeroDivisionError("no more")
        return a * np.exp(-float(k) * np.asarray(x))

    session = FitSession(model, X, Y, start={"a": 1.0, "k": 1.0})
    session.run()
    times = Times(session)
    times.summary.value = True
    broken.set()
    press_and_wait(times)
    assert 'role="alert"' in times.task.box.value and "no more" in times.task.box.value
