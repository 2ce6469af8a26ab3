"""Which fit the settings of a session are the outcome of."""

import numpy as np
import pytest

from trfkit.session import FitSession
from trfkit.session.outcome import outcome_of

X = np.linspace(0.0, 4.0, 30)
Y = 3.0 * np.exp(-0.7 * X) + 0.01 * np.cos(20 * X)


@pytest.fixture
def session():
    session = FitSession("a*exp(-x*r)", X, Y, {"a": 2.0, "r": 1.0}, x_scale=np.array([1.0, 2.0]))
    session.run()
    return session


def found(session):
    return outcome_of(session.settings, session.history)


def test_settings_are_the_outcome_of_the_fit_that_has_ended(session):
    assert found(session) == 0
    session.set_model("a + b*x")
    assert found(session) is None
    session.run()
    assert found(session) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda session: session.set_parameter("a", 2.5),
        lambda session: session.exclude_points([3]),
        lambda session: session.set_options(loss="huber"),
        lambda session: session.set_options(x_scale=np.array([1.0, 3.0])),
        lambda session: session.set_options(x_scale=None),
        lambda session: session.set_data(X, Y + 1.0, guess=False),
        lambda session: session.set_data(X, Y, 0.1, guess=False),
        lambda session: session.set_data(X, Y, absolute_sigma=True, sigma=1.0, guess=False),
    ],
)
def test_settings_that_were_changed_are_not_until_that_is_undone(session, change):
    change(session)
    assert found(session) is None
    session.undo()
    assert found(session) == 0


def test_of_fits_with_the_same_outcome_the_newest_is_found(session):
    session.run()
    assert session.history[0].parameters == session.history[1].parameters
    assert found(session) == 1


def test_outcome_is_found_in_a_session_that_was_loaded(session):
    session.select_range(0.5, 3.0)
    session.run()
    assert found(FitSession.from_json(session.to_json())) == 1
