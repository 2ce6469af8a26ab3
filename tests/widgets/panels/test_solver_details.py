"""The solver's details without a browser: closed they cost nothing, open they follow the cursor."""

import re
import threading

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.session import FitSession
from trfkit.widgets.panels import solver_details
from trfkit.widgets.panels.solver_details import SolverDetails

TIMEOUT = 60
X = np.linspace(0.0, 4.0, 30)
Y = 3.0 * np.exp(-0.7 * X) + 0.05 * np.cos(20 * X)


def decay(x, height, rate):
    return height * jnp.exp(-rate * x)


@pytest.fixture
def session():
    session = FitSession(decay, X, Y, (9.0, 4.0), bounds={"rate": (0.75, 5.0)})
    session.run()
    return session


@pytest.fixture
def details(session):
    return SolverDetails(session)


@pytest.fixture
def computed(monkeypatch):
    """The trials whose models were computed."""
    indices = []
    local_model = solver_details.local_model
    monkeypatch.setattr(
        solver_details, "local_model", lambda session, index: indices.append(index) or local_model(session, index)
    )
    return indices


def facts(details):
    return dict(re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", details.body.value))


def test_closed_they_compute_nothing(details, computed):
    details.refresh()
    assert computed == [] and details.body.value == ""
    assert details.panel.layout.display == "none" and details.summary.description == "Solver details ▾"


def test_button_opens_and_closes_them(details):
    details.summary.value = True
    assert details.summary.description == "Solver details ▴" and details.panel.layout.display == ""
    assert "Singular values of the Jacobian" in details.body.value
    details.summary.value = False
    assert details.summary.description == "Solver details ▾" and details.panel.layout.display == "none"


def test_open_they_tell_the_numbers_of_the_end(session, details):
    details.summary.value = True
    told, solution = facts(details), session.result.solution
    assert told["condition number"].startswith(f"{solution.condition_number:.4g}")
    assert float(told["gradient norm"]) == pytest.approx(np.linalg.norm(solution.grad), rel=1e-3)
    assert told["active bounds"] == "rate at its lower bound 0.75"


def test_open_they_follow_the_cursor(session, details, computed):
    details.summary.value = True
    session.show(0)
    details.refresh()
    assert computed == [len(session.rows) - 1, 0]
    told = facts(details)
    assert told["best point so far"].startswith("the trial itself") and "step length" not in told
    assert told["active bounds"] == "none"
    details.refresh()
    assert computed == [len(session.rows) - 1, 0]


def test_of_a_rejected_trial_they_tell_the_best_point_before():
    session = FitSession(decay, X, Y, (9.0, 4.0))
    session.run()
    details = SolverDetails(session)
    rejected = int(np.flatnonzero(session.trace.rejected)[0])
    session.show(rejected)
    details.summary.value = True
    best = session.trace[: rejected + 1].best
    words = "the start" if best == 0 else f"trial {best}"
    assert facts(details)["best point so far"] == f"{words}; what follows holds there"
    assert facts(details)["step length"].startswith(f"{session.trace[rejected].step_norm:.4g}")


def test_theme_of_the_picture_is_that_of_the_card(details):
    details.summary.value = True
    light = details.body.value
    details.theme = "dark"
    details.refresh()
    assert details.body.value != light


def test_before_a_fit_there_is_a_sentence():
    details = SolverDetails(FitSession(decay, X, Y))
    details.summary.value = True
    assert "There are no trials yet" in details.body.value


def test_a_fit_that_runs_is_not_held_up(computed):
    gate, reached, calls = threading.Event(), threading.Event(), []

    def model(x, height, rate):
        calls.append(height)
        if len(calls) > 12 and threading.current_thread().name.startswith("trfkit-fit"):
            reached.set()
            assert gate.wait(TIMEOUT)
        return height * np.exp(-rate * x)

    session = FitSession(model, X, Y, (1.0, 0.1))
    details = SolverDetails(session)
    session.start()
    assert reached.wait(TIMEOUT)
    details.summary.value = True
    assert computed == [] and "when the fit pauses or ends" in details.body.value
    session.show(0)
    details.refresh()
    assert computed == [0] and "condition number" in facts(details)
    gate.set()
    session.show(None)
    assert session.wait(TIMEOUT)
    details.refresh()
    assert computed == [0, len(session.rows) - 1]
