"""The fitter without a browser: its buttons are clicked and its texts are read, as a front end would."""

import asyncio
import gc
import pathlib
import re
import threading
import time
import weakref

import ipywidgets
import jax.numpy as jnp
import nbclient
import nbformat
import numpy as np
import pytest

from trfkit.fitting.curve_fit import fit_curve
from trfkit.widgets import CurveFitter
from trfkit.widgets import outputs as outputs_module
from trfkit.widgets.player import INSTANT, PATIENCE, Player
from trfkit.widgets.style import card_style

NOTEBOOKS = pathlib.Path(__file__).parents[1] / "notebooks"
TIMEOUT = 60  # seconds: far more than any of these fits take, compiling included
X = np.linspace(0.0, 4.0, 30)
Y = 3.0 * np.exp(-0.7 * X) + 0.01 * np.cos(20 * X)
QUICK = 16  # trials per second: a pace of the card, fast enough for a test


def decay(x, height, rate):
    return height * jnp.exp(-rate * x)


def _until(condition):
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def fitter():
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=INSTANT)
    yield fitter
    fitter.close()


@pytest.fixture
def held():
    """(fitter, gate): a fitter in the middle of a fit that goes on when the gate is set."""
    gate, reached = threading.Event(), threading.Event()
    calls = []

    def model(x, height, rate):
        calls.append(height)
        if len(calls) > 12 and threading.current_thread().name.startswith("trfkit-fit"):
            reached.set()
            assert gate.wait(TIMEOUT)
        return height * np.exp(-rate * x)

    fitter = CurveFitter(model, X, Y, (1.0, 0.1))
    fitter.card.fit.click()
    assert reached.wait(TIMEOUT)
    yield fitter, gate
    gate.set()
    fitter.close()
    assert fitter.session.wait(TIMEOUT)


def _status(fitter):
    return re.sub("<[^>]+>", " ", fitter.card.status.value)


def _picture(fitter):
    return bytes(fitter.card.picture.value)


# Buttons


def test_fit_button_fits(fitter):
    fitter.card.fit.click()
    assert fitter.wait(TIMEOUT)
    expected = fit_curve(decay, X, Y, (1.0, 0.1))
    np.testing.assert_array_equal(fitter.result.solution.x, expected.x)
    assert "done" in _status(fitter)
    assert expected.message in _status(fitter)


def test_stop_button_ends_the_fit_and_keeps_its_best_point(held):
    fitter, gate = held
    fitter.card.stop.click()
    gate.set()
    assert fitter.wait(TIMEOUT)
    assert "stopped by user" in _status(fitter)
    assert fitter.result.solution.cost == fitter.trace.cost[fitter.trace.best] < fitter.trace.cost[0]


def test_fit_is_paused_stepped_and_resumed_by_buttons():
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=INSTANT)
    card = fitter.card
    card.step.click()  # starts the fit, and waits
    _until(lambda: len(fitter.trace) == 2)
    _until(lambda: "paused" in _status(fitter))
    assert card.pause.description == "Resume" and card.fit.disabled and card.undo.disabled
    card.step.click()
    _until(lambda: len(fitter.trace) == 3)
    card.pause.click()
    assert fitter.wait(TIMEOUT)
    assert fitter.session.state == "done" and card.pause.description == "Pause" and card.pause.disabled
    fitter.close()


def test_undo_redo_and_reset_move_the_curve_from_which_the_next_fit_starts(fitter):
    before = _picture(fitter)
    fitter.card.fit.click()
    assert fitter.wait(TIMEOUT)
    best = dict(fitter.session.parameters.full_values)
    assert fitter.card.redo.disabled and not fitter.card.undo.disabled
    fitter.card.undo.click()
    assert fitter.session.parameters.full_values == {"height": 1.0, "rate": 0.1}
    assert "Fit starts from" in _status(fitter) or _picture(fitter) != before
    assert "the model from which the next fit starts" in fitter.card.in_words.value
    fitter.card.redo.click()
    assert fitter.session.parameters.full_values == best
    fitter.card.reset.click()
    assert fitter.session.parameters.full_values == {"height": 1.0, "rate": 0.1}
    assert not fitter.card.undo.disabled


def test_buttons_go_with_the_state(held):
    fitter, gate = held
    _until(lambda: "running" in _status(fitter))
    assert fitter.card.fit.disabled and not fitter.card.stop.disabled
    assert "trfkit-primary" in fitter.card.stop._dom_classes
    fitter.card.pace.value = INSTANT
    gate.set()
    assert fitter.wait(TIMEOUT)
    assert fitter.card.stop.disabled and not fitter.card.fit.disabled
    assert "trfkit-primary" in fitter.card.fit._dom_classes
    assert "trfkit-primary" not in fitter.card.stop._dom_classes


def test_stop_button_in_a_replay_goes_to_its_end():
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=1)
    fitter.run()
    _until(lambda: "replaying" in _status(fitter))
    assert not fitter.card.stop.disabled
    fitter.card.stop.click()
    assert fitter.wait(TIMEOUT)
    assert fitter.card.scrubber.value == len(fitter.trace) - 1
    assert "done" in _status(fitter)


def test_error_of_a_fit_is_told_in_the_status():
    fitter = CurveFitter(lambda x, a: jnp.log(-a * x), X, Y, (1.0,))
    fitter.card.fit.click()
    assert fitter.wait(TIMEOUT)
    assert "failed" in _status(fitter)
    assert "StartNotFinite: Residuals are not finite in the initial point" in _status(fitter)
    assert not fitter.card.fit.disabled


def test_fit_can_be_run_awaited_and_repeated(fitter):
    first = fitter.run()
    fitter.reset()
    second = asyncio.run(fitter.fit())
    assert first is not second
    assert first.trace == second.trace == fitter.trace
    assert fitter.result is second


def test_fit_pressed_again_and_again_in_its_replay_never_stumbles():
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=QUICK)
    for _ in range(15):
        if not fitter.session.running:
            fitter.card.fit.click()
        time.sleep(0.03)
    assert fitter.wait(TIMEOUT)
    assert "done" in _status(fitter)
    assert fitter.card.scrubber.value == len(fitter.trace) - 1


# What is on the screen


def test_picture_table_and_scrubber_end_at_the_last_trial(fitter):
    before = _picture(fitter)
    fitter.run()
    assert fitter.wait(TIMEOUT)
    last = len(fitter.trace) - 1
    assert _picture(fitter) != before
    assert _picture(fitter).startswith(b"\x89PNG")
    assert fitter.card.scrubber.value == fitter.card.scrubber.max == last
    assert fitter.card.table.value.count("<tr") == len(fitter.trace) + 1
    assert f"trial {last} of {last}" in fitter.card.in_words.value


def test_scrubbing_moves_every_panel_to_the_trial(fitter):
    fitter.run()
    assert fitter.wait(TIMEOUT)
    at_the_end = _picture(fitter)
    fitter.card.scrubber.value = 1
    assert fitter.wait(TIMEOUT)
    assert _picture(fitter) != at_the_end
    assert "trial 1" in _status(fitter)
    assert '<tr aria-current="true"><td class="trfkit-count">1</td>' in fitter.card.table.value
    for marks in fitter._figure.trials.values():
        assert marks.now.get_xdata() == [1, 1]
    fitter.card.scrubber.value = len(fitter.trace) - 1
    assert fitter.wait(TIMEOUT)
    assert _picture(fitter) == at_the_end


def test_scrubber_moved_by_the_replay_is_no_wish_of_a_person():
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=QUICK)
    wishes = []
    fitter.card.on_scrub(wishes.append)
    fitter.run()
    assert fitter.wait(TIMEOUT)
    assert wishes == []


def test_fast_fit_is_replayed_trial_by_trial():
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=QUICK)
    fitter.run()
    assert fitter.wait(TIMEOUT)
    seen = []
    fitter.card.scrubber.observe(lambda change: seen.append(change["new"]), "value")
    fitter.start()
    assert fitter.wait(TIMEOUT)
    assert seen == list(range(len(fitter.trace)))


def test_running_fit_is_shown_as_it_runs(held):
    fitter, _ = held
    _until(lambda: "running" in _status(fitter) and "trial" in _status(fitter))
    assert "Stop keeps the best point" in _status(fitter)
    _until(lambda: fitter.card.scrubber.value == len(fitter.trace) - 1)


def test_first_picture_is_the_first_guess(fitter):
    assert "ready" in _status(fitter)
    assert _picture(fitter).startswith(b"\x89PNG")
    assert fitter.card.scrubber.disabled
    x, y = fitter._figure.model.now.get_data()
    np.testing.assert_allclose(y, np.exp(-0.1 * x))


def test_controls_are_named_and_the_status_is_announced(fitter):
    assert [button.description for button in (fitter.card.fit, fitter.card.stop)] == ["Fit", "Stop"]
    assert all(button.tooltip for button in (fitter.card.fit, fitter.card.stop))
    assert [slider.description for slider in (fitter.card.pace, fitter.card.scrubber)] == ["pace", "trial"]
    assert 'role="status" aria-live="polite"' in fitter.card.status.value


def test_text_of_an_error_cannot_be_markup(fitter):
    fitter.card.say("failed", "", "<script>alert(1)</script>")
    assert "<script>" not in fitter.card.status.value


@pytest.mark.parametrize(("argument", "value"), [("theme", "sepia"), ("pace", 3)])
def test_unknown_theme_or_pace_is_refused_with_the_choices(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must be one of .*, got {value!r}"):
        CurveFitter(decay, X, Y, (1.0, 0.1), **{argument: value})


def test_style_of_auto_follows_the_page_and_those_of_a_theme_do_not():
    assert "var(--jp-ui-font-color1" in card_style("auto") and "invert" in card_style("auto")
    for theme in ("light", "dark"):
        assert "var(--jp-ui-font-color1" not in card_style(theme) and "invert" not in card_style(theme)


def test_closed_fitter_is_gone_and_forgotten():
    fitter = CurveFitter(decay, X, Y, (1.0, 0.1), pace=INSTANT)
    fitter.run()
    assert fitter.wait(TIMEOUT)
    known = weakref.ref(fitter)
    fitter.close()
    with pytest.raises(RuntimeError, match="closed"):
        fitter.start()
    del fitter
    _until(lambda: gc.collect() >= 0 and known() is None)


# The player


class Screen:
    """What a player draws, and when."""

    def __init__(self, seconds=0.0):
        self.frames, self.times, self.seconds = [], [], seconds

    def __call__(self, index, marks, over):
        self.over = over
        self.frames.append((index, marks))
        self.times.append(time.monotonic())
        time.sleep(self.seconds)


def test_replay_keeps_its_pace():
    screen = Screen()
    player = Player(screen, pace=20)
    player.begin()
    player.record(5)
    player.end()
    assert player.playing
    assert player.join(TIMEOUT)
    assert screen.frames == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    assert np.diff(screen.times).min() >= 0.049
    assert not player.playing


def test_instant_pace_draws_the_end_only():
    screen = Screen()
    player = Player(screen, INSTANT)
    player.begin()
    player.record(5)
    player.end()
    assert player.join(TIMEOUT)
    assert set(screen.frames) == {(4, 5)}  # twice, where the thread was faster than the end


def test_slow_fit_is_shown_live_and_frames_are_dropped_not_queued():
    screen = Screen(seconds=0.02)
    player = Player(screen, pace=1)
    player.begin()
    start = time.monotonic()
    count = 1
    while time.monotonic() < start + 2 * PATIENCE:
        count += 1
        before = time.monotonic()
        player.record(count)
        assert time.monotonic() - before < 0.2  # who reports a trial does not wait for a picture
        time.sleep(0.001)
    player.end()
    assert player.join(TIMEOUT)
    assert screen.frames[-1] == (count - 1, count)
    assert len(screen.frames) < count / 4
    assert time.monotonic() - start < 2 * PATIENCE + 1


def test_end_of_a_fit_whose_last_trial_is_on_the_screen_is_drawn_too():
    screen = Screen()
    player = Player(screen, INSTANT)
    player.begin()
    player.record(5)
    assert player.join(TIMEOUT)
    assert not screen.over
    player.end()
    assert player.join(TIMEOUT)
    assert screen.frames == [(4, 5), (4, 5)] and screen.over


def test_change_of_pace_is_felt_at_once():
    screen = Screen()
    player = Player(screen, pace=1)
    player.begin()
    player.record(30)
    player.end()
    player.pace = INSTANT
    assert player.join(TIMEOUT)
    assert screen.times[-1] - screen.times[0] < 1.0


def test_held_trial_stays_while_the_fit_goes_on_and_the_newest_follows_it():
    screen = Screen()
    player = Player(screen, INSTANT)
    player.begin()
    player.record(5)
    player.hold(2)
    assert player.join(TIMEOUT)
    player.record(9)
    assert player.join(TIMEOUT)
    assert screen.frames[-1] == (2, 9)
    player.hold(8)
    player.record(12)
    assert player.join(TIMEOUT)
    assert screen.frames[-1] == (11, 12)


@pytest.mark.parametrize("change", ["begin", "skip"])
def test_nothing_to_show_starts_no_thread(change):
    player = Player(Screen(), pace=4)
    getattr(player, change)()
    assert player._thread is None
    assert player.shown is None


def test_drawing_that_fails_says_so_once_and_starts_afresh_with_the_next_fit(monkeypatch):
    reported = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    drawn = []

    def draw(index, marks, over):
        if not drawn and not reported:
            raise RuntimeError("no paint")
        drawn.append(index)

    player = Player(draw, INSTANT)
    player.begin()
    player.record(3)
    assert player.join(TIMEOUT)
    player.record(4)
    player.end()
    _until(lambda: reported)
    assert not player.playing and drawn == []
    player.begin()
    player.record(2)
    assert player.join(TIMEOUT)
    assert len(reported) == 1 and drawn == [1]


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
    card, picture, report = notebook.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in card.data
    assert card.data["text/plain"] == "CurveFitter of height, rate: run the cell to use it"
    assert picture.data["image/png"].startswith("iVBOR")
    assert picture.metadata["image/png"]["alt"] == picture.data["text/plain"]
    assert "height" in picture.data["text/plain"]
    assert ">height</code>" in report.data["text/html"]


def test_showcase_notebook_is_stored_with_plain_outputs_only():
    notebook = nbformat.read(NOTEBOOKS / "01-live-fit.ipynb", as_version=4)
    assert "widgets" not in notebook.metadata
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    kinds = {kind for output in outputs for kind in output.get("data", ())}
    assert kinds == {"text/plain", "text/html", "image/png"}
    assert all(output.output_type != "error" for output in outputs)


class _Kernel:
    """As much of a kernel as `take_over_cell` asks."""

    def __init__(self):
        self.kernel = self
        self.request = {}

    def get_parent(self):
        return self.request


def test_cell_run_again_closes_the_fitter_it_showed_before(monkeypatch):
    kernel = _Kernel()
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
    monkeypatch.setattr(outputs_module, "get_ipython", _Kernel)
    outputs_module.take_over_cell(fitter)
    assert fitter.run().success


def test_every_widget_of_the_card_is_one_of_ipywidgets_own(fitter):
    def all_of(widget):
        yield widget
        for child in getattr(widget, "children", ()):
            yield from all_of(child)

    assert {type(widget).__module__.split(".")[0] for widget in all_of(fitter.card.box)} == {ipywidgets.__name__}
