"""What is looked at: a trial of the last fit, or the parameters as they are chosen."""

import time

import numpy as np
import pytest

from trfkit.core.trf import FIELDS
from trfkit.session import CursorMoved, FitSession, SettingsChanged
from trfkit.trace.record import ACCEPTED

X = np.linspace(0.0, 4.0, 30)
TIMEOUT = 60
Y = 3.0 * np.exp(-0.7 * X) + 0.01 * np.cos(20 * X) + 0.5


def decay_of_numpy(x, height, rate, offset):
    return height * np.exp(-rate * x) + offset


def made(**options):
    start = {"height": 1.0, "rate": 4.0, "offset": 0.0}
    return FitSession(decay_of_numpy, X, Y, start, ties={"offset": "height/6"}, **options)


@pytest.fixture
def fitted():
    """A session whose fit is over; some of its trials were rejected."""
    session = made()
    session.run()
    assert session.trace.rejected.any() and len(session.trace) > 5
    return session


def best(session, index):
    """All values at the best point up to a row."""
    trace = session.trace[: index + 1]
    return session.fitted.parameters.values_at(trace.x[trace.best])


def test_without_a_cursor_the_chosen_values_are_shown(fitted):
    assert made().values_shown == {"height": 1.0, "rate": 4.0, "offset": 1 / 6}
    assert fitted.values_shown == fitted.result.values
    fitted.set_parameters({"height": 3.0})
    assert fitted.values_shown == {"height": 3.0, "rate": fitted.result.values["rate"], "offset": 0.5}


def test_at_a_trial_the_values_of_the_best_point_so_far_are_shown(fitted):
    seen = []
    for index in range(len(fitted.trace) - 1):
        fitted.show(index)
        assert fitted.values_shown == best(fitted, index)
        seen.append(fitted.values_shown["height"])
    rejected = np.flatnonzero(fitted.trace.rejected)
    assert all(seen[i] == seen[i - 1] for i in rejected if i < len(seen))
    assert fitted.values_at(fitted.trace.x[0]) == (1.0, 4.0, 1 / 6)
    fitted.show(None)
    assert fitted.values_shown == fitted.parameters.full_values


def test_while_a_fit_runs_its_best_point_so_far_is_shown():
    seen = []

    def watched(x, height, rate, offset):
        if session.running and not session.rows:
            seen.append(session.values_shown)
        return decay_of_numpy(x, height, rate, offset)

    session = FitSession(watched, X, Y, {"height": 1.0, "rate": 4.0, "offset": 0.0})
    session.start(paused=True)
    for rows in (2, 3, 4):
        while len(session.rows) < rows or session.state != "paused":
            time.sleep(0.001)
        assert session.values_shown == best(session, rows - 1)
        session.step()
    session.stop()
    assert session.wait(TIMEOUT)
    assert seen[0] == {"height": 1.0, "rate": 4.0, "offset": 0.0}  # before there was a first row
    assert session.values_shown == session.result.values


@pytest.mark.parametrize("cursor", [None, 0, 2, 4])
def test_a_trial_that_is_chosen_gives_the_parameters_in_one_step(fitted, cursor):
    before = fitted.settings
    fitted.show(cursor)
    shown = fitted.values_shown
    told = []
    fitted.observe(told.append)
    fitted.choose_trial()
    assert fitted.parameters.full_values == shown == fitted.values_shown
    assert fitted.cursor is None
    if cursor is None:
        assert fitted.settings is before and told == []  # the best point, which they were already
    else:
        assert told == [SettingsChanged(fitted.settings), CursorMoved(None)]
        assert fitted.undo() and fitted.settings is before


def test_a_trial_can_be_chosen_by_its_index_whatever_is_looked_at(fitted):
    fitted.show(3)
    fitted.choose_trial(1)
    assert fitted.parameters.full_values == best(fitted, 1)
    fitted.choose_trial(-4)
    assert fitted.parameters.full_values == best(fitted, 0)
    fitted.choose_trial(999)
    assert fitted.parameters.full_values == fitted.result.values


def test_what_is_dragged_from_a_trial_is_one_step_of_undo(fitted):
    before = fitted.settings
    fitted.show(1)
    for height in (1.5, 1.6, 1.7):
        fitted.set_parameters({"height": height}, gesture="handle")
    assert fitted.parameters.full_values == best(fitted, 1) | {"height": 1.7, "offset": 1.7 / 6}
    assert fitted.undo() and fitted.settings is before


@pytest.mark.parametrize(
    ("change", "height"),
    [
        (lambda session: session.set_parameters({"height": 2.0}), lambda there: 2.0),
        (lambda session: session.set_parameter("height", 2.0), lambda there: 2.0),
        (lambda session: session.set_parameter("height", min=0.1), lambda there: there["height"]),
        (lambda session: session.fix("height"), lambda there: there["height"]),
        (lambda session: session.tie("height", "3*rate"), lambda there: 3 * there["rate"]),
        (lambda session: session.free("offset"), lambda there: there["height"]),
    ],
)
def test_a_parameter_that_is_changed_at_a_trial_leaves_the_others_as_they_are_there(fitted, change, height):
    before = fitted.settings
    fitted.show(1)
    there = fitted.values_shown
    assert there != fitted.result.values and fitted.parameters_shown.full_values == there
    change(fitted)
    assert fitted.cursor is None
    assert fitted.parameters.full_values == there | {"height": height(there), "offset": height(there) / 6}
    assert fitted.undo() and fitted.settings is before


def test_every_change_of_settings_ends_the_look_at_a_trial(fitted):
    told = []
    for change in (
        lambda: fitted.set_parameters({"height": 2.0}),
        lambda: fitted.undo(),
        lambda: fitted.redo(),
        lambda: fitted.exclude_points([1]),
        lambda: fitted.set_options(loss="huber"),
        lambda: fitted.restore(0),
    ):
        fitted.show(1)
        fitted.observe(told.append)
        change()
        assert fitted.cursor is None
        assert told == [SettingsChanged(fitted.settings), CursorMoved(None)]
        fitted.unobserve(told.append)
        told.clear()


def test_a_change_that_is_refused_leaves_the_cursor_where_it_was(fitted):
    fitted.show(2)
    with pytest.raises(ValueError, match="no point would be left"):
        fitted.select_range(50, 60)
    assert fitted.cursor == 2


def test_a_fit_that_ends_leaves_the_cursor_where_it_was():
    session = made()
    session.observe(lambda event: session.show(0) if getattr(event, "index", None) == 4 and session.running else None)
    session.run()
    assert session.cursor == 0
    assert session.values_shown == best(session, 0) != session.parameters.full_values


def test_there_is_nothing_to_choose_before_a_fit_or_after_a_change_of_model(fitted):
    with pytest.raises(ValueError, match="no trial whose values could be taken: fit first"):
        made().choose_trial()
    fitted.set_model("a*x + b")
    before = fitted.settings
    with pytest.raises(ValueError, match="those of a fit of height, rate, offset: restore that fit first, or undo"):
        fitted.choose_trial(1)
    assert fitted.settings is before and fitted.values_shown == fitted.parameters.full_values


def test_points_that_are_not_recorded_are_not_shown(monkeypatch):
    for module in ("trfkit.fitting.solve", "trfkit.session.trials"):
        monkeypatch.setattr(f"{module}.MOST_PARAMETERS_TRACED", 1)
    session = made()
    session.run()
    back = FitSession.from_json(session.to_json(), decay_of_numpy)
    assert back.trace.parameter_names == () and len(back.trace) == len(session.trace)
    back.show(1)
    assert back.values_shown == back.parameters.full_values
    with pytest.raises(ValueError, match="no trial whose values could be taken"):
        back.choose_trial()


def test_fitted_are_the_settings_from_which_the_last_fit_started():
    session = made()
    first = session.settings
    assert session.fitted is first
    session.run()
    assert session.fitted is first
    session.select_range(0, 3)
    assert session.fitted is first
    session.run()
    assert session.fitted.mask is session.settings.mask and session.fitted.parameters == session.result.initial
    assert session.rows[0][FIELDS.index("outcome")] < ACCEPTED  # the start
