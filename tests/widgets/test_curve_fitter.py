"""The fitter without a browser: buttons are clicked, texts are read, and the canvas is told what a hand does."""

import asyncio
import gc
import re
import subprocess
import sys
import threading
import time
import weakref

import jax.numpy as jnp
import nbclient
import nbformat
import numpy as np
import pytest

from trfkit import interact
from trfkit.fitting.curve_fit import fit_curve
from trfkit.session import FitSession
from trfkit.widgets import CurveFitter
from trfkit.widgets import curve_fitter as curve_fitter_module
from trfkit.widgets import outputs as outputs_module
from trfkit.widgets.canvas.events import Region
from trfkit.widgets.card import PACES
from trfkit.widgets.replay import INSTANT
from trfkit.widgets.style import card_style

TIMEOUT = 60  # seconds: far more than any of these fits take, compiling included
X = np.linspace(0.0, 4.0, 30)
Y = 3.0 * np.exp(-0.7 * X) + 0.01 * np.cos(20 * X)
QUICK = 16  # trials per second: a pace of the card, fast enough for a test


def decay(x, height, rate):
    return height * jnp.exp(-rate * x)


@pytest.fixture
def fitter():
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=INSTANT)
    yield fitter
    fitter.close()


@pytest.fixture
def held(eventually):
    """(fitter, gate): a fitter in the middle of a fit that goes on when the gate is set."""
    gate, reached = threading.Event(), threading.Event()
    calls = []

    def model(x, height, rate):
        if threading.current_thread().name.startswith("trfkit-fit"):
            calls.append(height)
            if len(calls) > 12:
                reached.set()
                assert gate.wait(TIMEOUT)
        return height * np.exp(-rate * x)

    fitter = CurveFitter(model, X, Y, (1.0, 0.1))
    press(fitter, "fit")
    assert reached.wait(TIMEOUT)
    yield fitter, gate
    gate.set()
    fitter.close()
    assert fitter.session.wait(TIMEOUT)


def press(fitter, name):
    (fitter.card.actions | fitter.card.views)[name].click()


def button(fitter, name):
    return fitter.card.actions[name]


def status(fitter):
    return re.sub("<[^>]+>", " ", fitter.card.status.value)


def picture(fitter):
    """The PNG that the browser would show, and its words."""
    frame = fitter._view.canvas._frame
    return frame.png, frame.alt


def words(fitter):
    return picture(fitter)[1]


def values(fitter):
    return fitter.session.parameters.full_values


class Hand:
    """What a person does on the canvas, in data coordinates of a panel."""

    def __init__(self, fitter):
        self.canvas = fitter._view.canvas
        self.serial = self.canvas._serial

    def region(self, panel) -> Region:
        return next(region for region in self.canvas.regions if region.name == panel)

    def place(self, panel, x, y):
        region = self.region(panel)
        across = (x - region.x_limits[0]) / (region.x_limits[1] - region.x_limits[0])
        up = (y - region.y_limits[0]) / (region.y_limits[1] - region.y_limits[0])
        return {"left": region.left + across * region.width, "top": region.top + (1 - up) * region.height}

    def tell(self, kind, panel="data", modifiers=(), **details):
        event = {"type": kind, "panel": panel, "serial": self.serial, "modifiers": list(modifiers), **details}
        self.canvas._hear(None, {"kind": "events", "events": [event]}, [])

    def drag(self, handle, x, y, phase):
        self.tell("drag", id=handle, phase=phase, **self.place("data", x, y))

    def click(self, panel, x, y):
        self.tell("click", panel, **self.place(panel, x, y))

    def box(self, kind, panel, x_limits, y_limits, **details):
        (x0, x1), (y0, y1) = x_limits, y_limits
        upper, lower = self.place(panel, x0, y1), self.place(panel, x1, y0)
        self.tell(kind, panel, box=[upper["left"], upper["top"], lower["left"], lower["top"]], **details)

    def key(self, key):
        self.canvas._hear(None, {"kind": "events", "events": [{"type": "key", "key": key, "serial": self.serial}]}, [])


# Buttons


def test_fit_button_fits(fitter):
    press(fitter, "fit")
    assert fitter.wait(TIMEOUT)
    expected = fit_curve(decay, X, Y, (1.0, 0.1))
    np.testing.assert_array_equal(fitter.result.solution.x, expected.x)
    assert "done" in status(fitter)
    assert expected.message.replace("`", " ").split() == status(fitter).split()[-len(expected.message.split()) :]


def test_stop_button_ends_the_fit_keeps_its_best_point_and_shows_it_without_a_replay(held, eventually):
    fitter, gate = held
    eventually(lambda: fitter.session.cursor == 0)  # a replay has begun
    press(fitter, "stop")
    assert fitter.session.cursor is None
    gate.set()
    assert fitter.wait(TIMEOUT)
    assert "stopped by user" in status(fitter) and fitter.session.cursor is None
    assert fitter.result.solution.cost == fitter.trace.cost[fitter.trace.best] < fitter.trace.cost[0]


def test_fit_is_paused_stepped_and_resumed_by_buttons(fitter, eventually):
    press(fitter, "step")  # starts the fit, and waits
    eventually(lambda: len(fitter.trace) == 2)
    eventually(lambda: "paused" in status(fitter))
    assert button(fitter, "pause").description == "Resume"
    assert button(fitter, "fit").disabled and button(fitter, "undo").disabled
    press(fitter, "step")
    eventually(lambda: len(fitter.trace) == 3)
    press(fitter, "pause")
    assert fitter.wait(TIMEOUT)
    assert fitter.session.state == "done"
    assert button(fitter, "pause").description == "Pause" and button(fitter, "pause").disabled


def test_undo_redo_and_reset_move_the_curve_from_which_the_next_fit_starts(fitter):
    press(fitter, "fit")
    assert fitter.wait(TIMEOUT)
    best, at_the_end = dict(values(fitter)), picture(fitter)
    assert button(fitter, "redo").disabled and not button(fitter, "undo").disabled
    press(fitter, "undo")
    assert fitter.wait(TIMEOUT)
    assert values(fitter) == {"height": 1.0, "rate": 0.1}
    assert "ready" in status(fitter) and "Fit starts from the curve shown" in status(fitter)
    assert picture(fitter)[0] != at_the_end[0]
    press(fitter, "redo")
    assert fitter.wait(TIMEOUT)
    assert values(fitter) == best and picture(fitter) == at_the_end and "done" in status(fitter)
    press(fitter, "reset")
    assert values(fitter) == {"height": 1.0, "rate": 0.1}
    assert fitter.wait(TIMEOUT) and not button(fitter, "undo").disabled


def test_buttons_go_with_the_state(held, eventually):
    fitter, gate = held
    eventually(lambda: "running" in status(fitter))
    assert button(fitter, "fit").disabled and not button(fitter, "stop").disabled
    assert "trfkit-primary" in button(fitter, "stop")._dom_classes
    fitter.card.pace.value = PACES.index(INSTANT)
    gate.set()
    assert fitter.wait(TIMEOUT)
    assert button(fitter, "stop").disabled and not button(fitter, "fit").disabled
    assert "trfkit-primary" in button(fitter, "fit")._dom_classes
    assert "trfkit-primary" not in button(fitter, "stop")._dom_classes


def test_fit_pressed_twice_says_that_it_runs_and_goes_on(held):
    fitter, gate = held
    fitter._act("fit")
    assert 'role="alert"' in fitter.card.message.value and "running" in fitter.card.message.value
    gate.set()
    assert fitter.wait(TIMEOUT)
    assert fitter.session.state == "done"


@pytest.mark.parametrize("name", ["stop", "pause", "resume"])
def test_what_stops_a_fit_does_nothing_where_none_runs(fitter, name):
    getattr(fitter, name)()
    assert fitter.session.state == "idle" and fitter.card.message.value == ""


def test_stop_button_in_a_replay_goes_to_its_end(eventually):
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=1)
    fitter.run()
    eventually(lambda: "replaying" in status(fitter))
    assert not button(fitter, "stop").disabled
    press(fitter, "stop")
    assert fitter.wait(TIMEOUT)
    assert fitter.card.scrubber.value == len(fitter.trace) - 1
    assert "done" in status(fitter)
    fitter.close()


def test_error_of_a_fit_is_told_in_the_status():
    fitter = CurveFitter(lambda x, a: jnp.log(-a * x), X, Y, (1.0,))
    press(fitter, "fit")
    assert fitter.wait(TIMEOUT)
    assert "failed" in status(fitter)
    assert "not finite" in status(fitter)
    assert not button(fitter, "fit").disabled
    fitter.close()


def test_fit_can_be_run_awaited_and_repeated(fitter):
    first = fitter.run()
    fitter.reset()
    second = asyncio.run(fitter.fit())
    assert first is not second
    assert first.trace == second.trace == fitter.trace
    assert fitter.result is second


def test_a_kernel_that_hears_no_buttons_while_a_cell_waits_says_how_to_stop(monkeypatch):
    said = []
    monkeypatch.setattr(curve_fitter_module, "buttons_heard_meanwhile", lambda: False)
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=INSTANT)
    fitter.session.observe(lambda event: said.append(fitter._status.message))
    asyncio.run(fitter.fit())
    assert any("interrupt it" in message for message in said)
    assert "interrupt it" not in fitter._status.message
    fitter.close()


@pytest.mark.parametrize(("version", "heard"), [("6.31.0", False), ("7.4.0", True)])
def test_kernels_before_the_seventh_keep_the_messages_of_buttons_until_the_cell_ends(version, heard, monkeypatch):
    monkeypatch.setattr(outputs_module, "get_ipython", Kernel)
    monkeypatch.setattr(outputs_module.importlib.metadata, "version", lambda name: version)
    assert outputs_module.buttons_heard_meanwhile() is heard


def test_fit_pressed_again_and_again_in_its_replay_never_stumbles():
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=QUICK)
    for _ in range(15):
        if not fitter.session.running:
            press(fitter, "fit")
        time.sleep(0.03)
    assert fitter.wait(TIMEOUT)
    assert "done" in status(fitter)
    assert fitter.card.scrubber.value == len(fitter.trace) - 1
    fitter.close()


# What is on the screen


def test_picture_table_and_scrubber_end_at_the_last_trial(fitter):
    before = picture(fitter)
    fitter.card.open_trials.value = True
    fitter.run()
    assert fitter.wait(TIMEOUT)
    last = len(fitter.trace) - 1
    assert picture(fitter)[0] != before[0]
    assert picture(fitter)[0].startswith(b"\x89PNG")
    assert fitter.card.scrubber.value == fitter.card.scrubber.last == last
    assert fitter.card.table.value.count("<tr") == len(fitter.trace) + 1
    assert f"Trial {last} of {last}" in words(fitter)


def test_closed_table_of_trials_is_not_written(fitter):
    fitter.run()
    assert fitter.wait(TIMEOUT)
    assert fitter.card.table.value == ""


def test_scrubbing_moves_every_panel_to_the_trial(fitter):
    fitter.card.open_trials.value = True
    fitter.run()
    assert fitter.wait(TIMEOUT)
    at_the_end = picture(fitter)
    fitter.card.scrubber.value = 1
    assert fitter.wait(TIMEOUT)
    assert fitter.session.cursor == 1
    assert picture(fitter)[0] != at_the_end[0]
    assert "trial 1" in status(fitter) and "A trial of the past" in status(fitter)
    assert '<tr aria-current="true"><td class="trfkit-count">1</td>' in fitter.card.table.value
    for marks in fitter._view.figure.trials.values():
        assert list(marks.now.get_xdata()) == [1, 1]
    shown = fitter.session.values_shown
    assert fitter.parameters.box.row("height")["value"] == f"{shown['height']:.8g}"
    fitter.card.scrubber.value = len(fitter.trace) - 1
    assert fitter.wait(TIMEOUT)
    assert picture(fitter) == at_the_end and fitter.session.cursor is None


def test_scrubber_moved_by_the_replay_is_no_wish_of_a_person():
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=QUICK)
    wishes = []
    fitter.card.on_scrub(wishes.append)
    fitter.run()
    assert fitter.wait(TIMEOUT)
    assert wishes == []
    fitter.close()


def test_fast_fit_is_replayed_trial_by_trial():
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=QUICK)
    fitter.run()
    assert fitter.wait(TIMEOUT)
    seen = []
    fitter.card.scrubber.observe(lambda change: seen.append(change["new"]), "value")
    fitter.session.reset()
    fitter.start()
    assert fitter.wait(TIMEOUT)
    assert seen == list(range(len(fitter.trace)))
    fitter.close()


def test_running_fit_is_shown_as_it_runs(held, eventually):
    fitter, _ = held
    eventually(lambda: "running" in status(fitter) and "trial" in status(fitter))
    assert "Stop keeps the best point" in status(fitter)
    eventually(lambda: fitter.card.scrubber.value == len(fitter.trace) - 1)
    assert fitter._view.canvas.handles == ()


def test_first_picture_is_the_first_guess(fitter):
    assert "ready" in status(fitter)
    assert picture(fitter)[0].startswith(b"\x89PNG")
    assert fitter.card.scrubber.disabled
    x, y = fitter._view.figure.model.now.get_data()
    np.testing.assert_allclose(y, np.exp(-0.1 * np.asarray(x)))


def test_band_of_the_result_is_drawn_while_its_curve_is_shown(fitter):
    fitter.run()
    assert fitter.wait(TIMEOUT)
    assert fitter._view.figure.band.kind == "confidence"
    fitter.session.set_parameter("height", 2.0)
    assert fitter.wait(TIMEOUT)
    assert fitter._view.figure.band is None
    fitter.undo()
    assert fitter.wait(TIMEOUT)
    assert fitter._view.figure.band.kind == "confidence"


def test_picture_follows_the_page_that_shows_it(fitter):
    canvas = fitter._view.canvas
    canvas.room, canvas.dark, canvas.pixel_ratio = 800, True, 2.0
    assert fitter.wait(TIMEOUT)
    figure = fitter._view.figure
    assert (figure.size[0], figure.theme, figure.pixel_ratio) == (800, "dark", 2.0)
    assert (canvas.width, canvas.height) == figure.size


def test_theme_that_is_given_does_not_follow_the_page():
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), theme="light")
    fitter._view.canvas.dark = True
    assert fitter.wait(TIMEOUT)
    assert fitter._view.figure.theme == "light"
    fitter.close()


def test_labels_are_those_of_the_data_unless_given():
    session = FitSession(decay, X, Y, (1.0, 0.1), x_label="time (s)")
    for options, expected in (({}, ("time (s)", "y")), ({"xlabel": "t", "ylabel": "counts"}, ("t", "counts"))):
        fitter = CurveFitter(session, **options)
        axes = fitter._view.figure.axes
        assert (axes["residuals"].get_xlabel(), axes["data"].get_ylabel()) == expected


def test_controls_are_named_and_the_status_is_announced(fitter):
    assert [button.description for button in fitter.card.actions.values()][:4] == ["Fit", "Pause", "Step", "Stop"]
    assert all(button.tooltip for button in (fitter.card.actions | fitter.card.views).values())
    named = [fitter.card.pace, fitter.card.scrubber, fitter.card.tools]
    assert [widget.description for widget in named] == ["pace", "trial", "mouse"]
    assert 'role="status" aria-live="polite"' in fitter.card.status.value


def test_text_of_an_error_cannot_be_markup(fitter):
    fitter.card.say("failed", "", "<script>alert(1)</script>")
    fitter.card.complain(ValueError("<script>alert(1)</script>"))
    assert "<script>" not in fitter.card.status.value + fitter.card.message.value


@pytest.mark.parametrize(("argument", "value"), [("theme", "sepia"), ("pace", 3)])
def test_unknown_theme_or_pace_is_refused_with_the_choices(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must be one of .*, got {value!r}"):
        CurveFitter(decay, X, Y, (1.0, 0.1), **{argument: value})


def test_style_of_auto_follows_the_page_and_those_of_a_theme_do_not():
    assert "var(--jp-ui-font-color1" in card_style("auto")
    for theme in ("light", "dark"):
        assert "var(--jp-ui-font-color1" not in card_style(theme)


def test_tabs_turn_to_parts_that_know_of_the_fit(fitter, eventually):
    fitter.run()
    assert fitter.wait(TIMEOUT)
    eventually(lambda: fitter.card.tabs.titles == ["Fit", "Statistics", "History 1", "Code", "Data"])
    for index, page in enumerate(fitter.pages, start=1):
        fitter.card.tabs.selected = index
        assert fitter.wait(TIMEOUT)
        shown = [sheet for sheet in fitter.card._sheets if sheet.layout.display != "none"]
        assert len(shown) == 1 and shown[0].children == (page.box,)


# Mouse and keys


def test_dragged_handle_moves_its_parameters_in_one_step_of_undo(fitter):
    hand = Hand(fitter)
    handles = {handle.id: handle for handle in fitter._view.canvas.handles}
    assert handles and all("height" in handle.label or "rate" in handle.label for handle in handles.values())
    name, handle = next(iter(handles.items()))
    hand.drag(name, handle.x, handle.y, "start")
    for y in np.linspace(handle.y, 2.0, 30):
        hand.drag(name, handle.x, y, "move")
    hand.drag(name, handle.x, 2.0, "end")
    assert fitter.wait(TIMEOUT)
    at = decay(handle.x, **values(fitter))
    np.testing.assert_allclose(at, 2.0, atol=0.02)
    moved = next(mark for mark in fitter._view.canvas.handles if mark.id == name)
    np.testing.assert_allclose(moved.y, 2.0, atol=0.02)
    fitter.undo()
    assert values(fitter) == {"height": 1.0, "rate": 0.1} and not fitter.session.can_undo


def test_a_drag_at_a_trial_of_the_past_starts_from_there(fitter):
    fitter.run()
    assert fitter.wait(TIMEOUT)
    fitter.show_trial(1)
    assert fitter.wait(TIMEOUT)
    then = fitter.session.values_shown
    hand, handle = Hand(fitter), fitter._view.canvas.handles[0]
    hand.drag(handle.id, handle.x, handle.y, "start")
    hand.drag(handle.id, handle.x, handle.y, "move")
    assert fitter.session.cursor is None
    assert values(fitter) == pytest.approx(then, rel=1e-6) != pytest.approx(fitter.result.values, rel=1e-6)
    hand.drag(handle.id, handle.x, handle.y + 0.1, "end")
    assert values(fitter) != pytest.approx(then, rel=1e-3)
    fitter.undo()
    assert values(fitter) == fitter.result.values


def test_ranges_are_selected_and_excluded_with_the_tools(fitter):
    hand = Hand(fitter)
    fitter.card.tools.value = "select"
    assert fitter._view.canvas.tool == "select"
    hand.box("range", "data", (1.0, 3.0), (0.0, 1.0))
    np.testing.assert_array_equal(fitter.session.mask, (X >= 1.0) & (X <= 3.0))
    fitter.card.tools.value = "exclude"
    hand.box("range", "residuals", (1.5, 2.0), (-0.1, 0.1))
    np.testing.assert_array_equal(fitter.session.mask, (X >= 1.0) & (X <= 3.0) & ~((X >= 1.5) & (X <= 2.0)))
    assert fitter.wait(TIMEOUT)
    press(fitter, "all_points")
    assert fitter.session.settings.mask is None


def test_a_range_without_points_is_refused_and_all_stays(fitter):
    hand = Hand(fitter)
    fitter.card.tools.value = "select"
    hand.box("range", "data", (1.01, 1.02), (0.0, 1.0))
    assert "no point would be left" in fitter.card.message.value
    assert fitter.session.mask.all()


def test_a_clicked_point_is_left_out_and_taken_back(fitter):
    hand = Hand(fitter)
    hand.click("data", X[7], Y[7])
    assert list(np.flatnonzero(~fitter.session.mask)) == [7]
    hand.click("data", X[7], Y[7])
    assert fitter.session.mask.all()
    hand.click("data", X[7], Y[7] + 0.5)  # far from any
    assert fitter.session.mask.all()


def test_a_click_on_the_panels_of_the_trials_goes_to_one(fitter):
    fitter.run()
    assert fitter.wait(TIMEOUT)
    Hand(fitter).tell("click", "ratio", **Hand(fitter).place("ratio", 2.2, 0.5))
    assert fitter.session.cursor == 2


def test_zoom_and_pan_stay_until_they_are_reset(fitter):
    hand = Hand(fitter)
    hand.box("zoom", "data", (1.0, 2.0), (0.5, 1.5))
    assert fitter.wait(TIMEOUT)
    ax = fitter._view.figure.axes["data"]
    np.testing.assert_allclose(ax.get_xlim(), (1.0, 2.0), atol=1e-6)
    fitter.session.set_parameter("height", 1.2)
    assert fitter.wait(TIMEOUT)
    np.testing.assert_allclose(fitter._view.figure.axes["data"].get_xlim(), (1.0, 2.0), atol=1e-6)
    hand.tell("reset", "data")
    assert fitter.wait(TIMEOUT)
    assert fitter._view.figure.axes["data"].get_xlim()[1] >= 4.0


def test_keys_do_what_the_buttons_do(fitter):
    hand = Hand(fitter)
    hand.key("f")
    assert fitter.wait(TIMEOUT)
    assert fitter.session.state == "done"
    hand.key(",")
    assert fitter.session.cursor == len(fitter.trace) - 2
    hand.key(".")
    assert fitter.session.cursor is None
    hand.key("Ctrl+z")
    assert values(fitter) == {"height": 1.0, "rate": 0.1}
    hand.key("Ctrl+y")
    assert values(fitter) == fitter.result.values
    hand.key("r")
    assert fitter.card.tools.value == "select" and fitter._view.canvas.tool == "select"
    hand.key("Escape")
    assert fitter.card.tools.value == "drag"


def test_a_model_that_fails_while_dragged_leaves_the_last_curve_and_names_the_parameter(eventually):
    def picky(x, height, rate):
        if rate < 0:
            raise ValueError("a negative rate")
        return height * np.exp(-rate * x) if height < 5 else np.full_like(x, np.nan)

    fitter = CurveFitter(picky, X, Y, (1.0, 0.1))
    before = picture(fitter)
    fitter.session.set_parameter("rate", -1.0)
    eventually(lambda: "a negative rate at rate = -1" in status(fitter))
    assert picture(fitter) == before
    fitter.session.set_parameter("rate", 0.1)
    fitter.session.set_parameter("height", 6.0)
    eventually(lambda: "finite at height = 6" in status(fitter))
    assert picture(fitter) == before
    fitter.session.set_parameter("height", 2.0)
    eventually(lambda: picture(fitter) != before)
    assert "rate =" not in status(fitter)
    fitter.close()


def test_ten_thousand_slider_events_leave_session_and_view_in_the_same_state(fitter):
    heights = np.linspace(1.0, 3.0, 10_000)
    for height in heights:
        fitter.session.set_parameter("height", float(height), gesture="slider")
    assert fitter.wait(TIMEOUT)
    assert values(fitter)["height"] == 3.0
    x, y = fitter._view.figure.model.now.get_data()
    np.testing.assert_allclose(y, 3.0 * np.exp(-0.1 * np.asarray(x)))
    assert fitter.parameters.box.row("height")["value"] == "3"
    fitter.undo()
    assert values(fitter)["height"] == 1.0


# Kept and made


def test_saved_fitter_comes_back_with_picture_history_and_settings(fitter, tmp_path):
    fitter.session.exclude_points([3])
    fitter.run()
    assert fitter.wait(TIMEOUT)
    fitter.save(tmp_path / "fit.json")
    again = CurveFitter.load(tmp_path / "fit.json", decay, pace=INSTANT)
    assert again.wait(TIMEOUT)
    assert again.result.values == fitter.result.values and values(again) == values(fitter)
    assert not again.session.mask[3] and len(again.session.history) == 1
    assert "done" in status(again) and again.card.scrubber.value == len(fitter.trace) - 1
    assert words(again) == words(fitter)
    again.close()


def test_interact_is_the_fitter_in_one_line_and_takes_labelled_data():
    pandas = pytest.importorskip("pandas")
    series = pandas.Series(Y, index=pandas.Index(X, name="time (s)"), name="signal (V)")
    frame = pandas.DataFrame({"t": X, "v": Y, "dv": np.full_like(Y, 0.01)})
    lists = X.tolist(), list(Y)
    for given, labels in ((lists, ("x", "y")), ([series], ("time (s)", "signal (V)")), ([frame], ("t", "v"))):
        fitter = interact("a*exp(-b*x)", *given, start=(1.0, 0.1))
        data = fitter.session.data
        np.testing.assert_array_equal(data.y, Y)
        assert (data.x_label, data.y_label) == labels
        fitter.close()
    assert fitter.session.data.sigma is not None


def test_interact_takes_a_data_array_over_its_coordinate():
    xarray = pytest.importorskip("xarray")
    x = xarray.DataArray(X, dims="time", attrs={"units": "s"})
    array = xarray.DataArray(Y, dims="time", coords={"time": x}, name="signal", attrs={"units": "V"})
    fitter = interact("a*exp(-b*x)", array, start=(1.0, 0.1))
    assert (fitter.session.data.x_label, fitter.session.data.y_label) == ("time (s)", "signal (V)")
    np.testing.assert_array_equal(fitter.session.data.x, X)
    fitter.close()


def test_x_that_nobody_gave_is_asked_for():
    with pytest.raises(ValueError, match="give both x and y"):
        interact("a*x", Y)


def test_closed_fitter_is_gone_and_forgotten(eventually):
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=INSTANT)
    fitter.run()
    assert fitter.wait(TIMEOUT)
    known = weakref.ref(fitter)
    fitter.close()
    with pytest.raises(RuntimeError, match="closed"):
        fitter.start()
    del fitter
    eventually(lambda: gc.collect() >= 0 and known() is None)


@pytest.mark.parametrize("seconds", [0.0, 1.5])
def test_the_program_ends_in_the_middle_of_a_fit_and_of_its_pictures(seconds):
    code = f"""
import time
import numpy as np
from trfkit.widgets import CurveFitter
x = np.linspace(0, 4, 30)
fitter = CurveFitter("a*exp(-b*x)", x, 3 * np.exp(-0.7 * x), (1, 0.1), pace=1)
fitter.start()
time.sleep({seconds})
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=TIMEOUT)
    assert (ended.stderr, ended.returncode) == ("", 0)


# What stays in the notebook


CELL = """
import numpy as np
from trfkit.widgets import CurveFitter

def decay(x, height, rate):
    return height * np.exp(-rate * x)

x = np.linspace(0, 4, 30)
fitter = CurveFitter(decay, x, decay(x, 3, 0.7) + 0.01 * np.cos(20 * x), (1, 0.1))
display(fitter)
"""


@pytest.mark.parametrize("fit", ["fitter.run();", "await fitter.fit();", "fitter.start(); fitter.wait();"])
def test_saved_notebook_keeps_picture_and_report(fit):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL), nbformat.v4.new_code_cell(fit)])
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=TIMEOUT, store_widget_state=False).execute()
    card, kept, report = notebook.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in card.data
    assert card.data["text/plain"] == "CurveFitter of height, rate: run the cell to use it"
    assert kept.data["image/png"].startswith("iVBOR")
    assert kept.metadata["image/png"]["alt"] == kept.data["text/plain"]
    assert "height" in kept.data["text/plain"]
    assert ">height</code>" in report.data["text/html"]


class Kernel:
    """IPython in a cell: what `get_ipython()` gives."""

    def __init__(self):
        self.kernel = self
        self.request = {}

    def get_parent(self):
        return self.request


def test_cell_run_again_closes_the_fitter_it_showed_before(monkeypatch):
    kernel = Kernel()
    monkeypatch.setattr(outputs_module, "get_ipython", lambda: kernel)
    fitters = [CurveFitter(decay, X, Y, (1.0, 0.1)) for _ in range(3)]
    for fitter, run in zip(fitters, ("first", "first", "second"), strict=True):
        kernel.request = {"metadata": {"cellId": "a"}, "header": {"msg_id": run}}
        outputs_module.take_over_cell(fitter)
        if run == "first":
            assert all(each.session.run().success for each in fitters[:2])
    for fitter in fitters[:2]:
        with pytest.raises(RuntimeError, match="closed"):
            fitter.start()
    assert fitters[2].run().success


def test_fitter_shown_where_cells_have_no_names_closes_none(monkeypatch, fitter):
    monkeypatch.setattr(outputs_module, "get_ipython", lambda: None)
    outputs_module.take_over_cell(fitter)
    monkeypatch.setattr(outputs_module, "get_ipython", Kernel)
    outputs_module.take_over_cell(fitter)
    assert fitter.run().success
