"""The fitter as a person meets it: by mouse and keys in a real JupyterLab. Page and session must agree."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CELL_MS = 180_000  # for what compiles
CERTIFIED = 111.63619459  # centre of the first peak of Gauss3; NIST


@pytest.fixture
def fitter(open_fitter):
    """Two peaks on a decay, before a fit, of which only the end is shown."""
    fitter = open_fitter("fitter = two_peaks()\nfitter")
    yield fitter
    assert fitter.notebook.errors() == []


@pytest.fixture
def long_fitter(open_fitter):
    """A fit that takes half a minute."""
    fitter = open_fitter("fitter = long_fit()\nfitter")
    yield fitter
    fitter.python("fitter.close()")
    assert fitter.notebook.errors() == []


# Buttons


def test_fit_undo_redo_and_reset(fitter):
    start = fitter.agree()
    expect(fitter.button("Stop")).to_be_disabled()
    fitter.fit()
    fitted = fitter.agree()
    assert fitted["values"]["a.center"] == pytest.approx(CERTIFIED, rel=1e-6)
    expect(fitter.card.locator(".trfkit-error").first).to_contain_text("±")
    fitter.press("Undo")
    fitter.wait_for_status("ready")
    assert fitter.agree()["values"] == start["values"]
    fitter.press("Redo")
    fitter.wait_for_status("done")
    assert fitter.agree()["values"] == fitted["values"]
    fitter.press("Reset")
    fitter.wait_for_status("ready")
    assert fitter.agree()["values"] == start["values"]


def test_fit_leaves_a_picture_and_a_report_below_the_card(fitter):
    fitter.fit()
    output = fitter.page.locator(".jp-OutputArea-output:not(.jupyter-widgets)")
    output.filter(has_text="standard error").wait_for(state="attached")
    picture = output.locator("img")
    picture.wait_for(state="attached")
    assert picture.get_attribute("src").startswith("data:image/png")


def test_fit_pressed_twice_is_one_fit(fitter):
    fitter.button("Fit").evaluate("button => { button.click(); button.click(); }")
    fitter.wait_for_status("done")
    assert fitter.agree()["fits"] == 1


def test_pause_step_resume_and_stop(long_fitter):
    fitter = long_fitter
    fitter.press("Fit")
    fitter.wait_for_trial(2)
    fitter.wait_for_status("running")
    fitter.press("Pause")
    fitter.wait_for_status("paused")
    paused = fitter.agree()
    assert paused["state"] == "paused"
    fitter.press("Step")
    fitter.wait_for_picture(f"Trial {paused['trials']} of {paused['trials']}.")
    stepped = fitter.agree()
    assert (stepped["state"], stepped["trials"]) == ("paused", paused["trials"] + 1)
    fitter.press("Resume")
    fitter.wait_for_trial(stepped["trials"] + 1)
    fitter.press("Stop")
    fitter.wait_for_status("stopped by user")
    stopped = fitter.agree()
    assert (stopped["state"], stopped["fits"]) == ("stopped", 1)
    kept = fitter.python("print(fitter.result.solution.cost == min(fitter.trace.cost) < fitter.trace.cost[0])")
    assert kept.strip() == "True"


def test_stop_works_while_a_cell_awaits_the_fit(long_fitter):
    fitter = long_fitter
    fitter.notebook.write_cell(fitter.SCRATCH, "await fitter.fit();")
    fitter.notebook.start_cell(fitter.SCRATCH)
    fitter.wait_for_trial(2)
    fitter.press("Stop")
    fitter.wait_for_status("stopped by user")
    fitter.notebook.wait_until_idle()
    assert fitter.agree()["state"] == "stopped"


# Pace and trials


def test_fast_fit_is_replayed_at_a_pace_and_stop_skips_to_its_end(fitter):
    pace = fitter.slider("pace")
    pace.press("Home")
    expect(pace).to_have_attribute("aria-valuetext", "1 step/s")
    fitter.press("Fit")
    fitter.wait_for_status("replaying")
    fitter.wait_for_trial(1)
    held = fitter.held()
    assert (held["state"], held["fits"]) == ("done", 1)
    assert held["cursor"] < held["trials"] - 1
    fitter.press("Stop")
    fitter.wait_for_status("done")
    assert fitter.agree()["cursor"] is None
    pace.press("End")
    expect(pace).to_have_attribute("aria-valuetext", "instant")
    fitter.press("Reset")
    fitter.fit()
    assert fitter.agree()["fits"] == 2


def test_every_recorded_trial_can_be_looked_at_and_started_from(fitter):
    start = fitter.agree()["values"]
    fitter.fit()
    newest = fitter.agree()["trials"] - 1
    scrubber = fitter.slider("trial")
    scrubber.press("Home")
    fitter.wait_for_picture(f"Trial 0 of {newest}.")
    first = fitter.agree()
    assert (first["cursor"], first["values"]) == (0, start)
    expect(scrubber).to_have_attribute("aria-valuetext", f"0 of {newest}")

    x, y = fitter.middle(scrubber)
    fitter.drag((x - 100, y), (x, y))
    fitter.wait_for_picture(f"Trial {newest // 2}")
    expect(scrubber).to_have_attribute("aria-valuetext", f"{scrubber.input_value()} of {newest}")
    assert fitter.agree()["cursor"] == int(scrubber.input_value()) > 0

    fitter.page.mouse.click(*fitter.at(5, 1, "ratio"))
    fitter.wait_for_picture(f"Trial 5 of {newest}.")
    fifth = fitter.agree()
    assert fifth["cursor"] == 5
    fitter.field("value of a.height").fill("70")
    fitter.page.keyboard.press("Enter")
    fitter.wait_for_status("ready")
    assert fitter.agree()["values"] == pytest.approx(fifth["values"] | {"a.height": 70}, rel=1e-9)


# On the picture


def test_peak_is_dragged_and_the_way_is_one_step_of_undo(fitter):
    before = fitter.agree()
    peak = fitter.handle("a.peak")
    places = fitter.at(140, 40, held=before), fitter.at(110, 130, held=before)
    fitter.drag(fitter.middle(peak.locator(".trfkit-mark")), *places)
    after = fitter.agree()
    assert after["values"]["a.center"] == pytest.approx(110, abs=0.5)
    assert after["values"]["b.center"] == before["values"]["b.center"]
    told = re.search(r"a\.height (\S+), a\.center (\S+)", peak.get_attribute("aria-label"))
    assert [float(number) for number in told.groups()] == pytest.approx(
        [after["values"]["a.height"], after["values"]["a.center"]], rel=1e-4
    )
    fitter.press("Undo")
    assert fitter.agree()["values"] == before["values"]


def test_ranges_are_selected_and_left_out_and_points_clicked_out_and_back(fitter):
    fitter.take("select")
    held = fitter.agree()
    fitter.drag(fitter.at(50.5, 20, held=held), fitter.at(150.5, 20, held=held))
    fitter.wait_for_picture("more left out")
    assert fitter.agree()["mask"] == 100
    fitter.take("exclude")
    fitter.drag(fitter.at(79.5, 20), fitter.at(89.5, 20))
    fitter.wait_for_picture("90 data points, 160 more left out")
    assert fitter.agree()["mask"] == 90
    fitter.press("All points")
    fitter.wait_for_picture("250 data points.")
    assert fitter.agree()["mask"] == 250

    fitter.take("drag")
    height = float(fitter.python("print(gauss3.y[219])"))
    fitter.page.mouse.click(*fitter.at(220, height))
    fitter.wait_for_picture("249 data points, 1 more left out")
    fitter.agree()
    assert fitter.python("print(np.flatnonzero(~fitter.session.mask))").strip() == "[219]"
    fitter.page.mouse.click(*fitter.at(220, height))
    fitter.wait_for_picture("250 data points.")
    assert fitter.agree()["mask"] == 250


def test_zoom_double_click_and_reading_values(fitter):
    whole = fitter.agree()["regions"]["data"]
    fitter.take("zoom")
    fitter.drag(fitter.at(50, 20), fitter.at(100, 80))
    fitter.wait_for_picture("zoomed")
    zoomed = fitter.agree()["regions"]["data"]
    assert zoomed[4] == pytest.approx([50, 100], abs=0.5)
    assert zoomed[5] == pytest.approx([20, 80], abs=1)
    fitter.page.mouse.move(*fitter.at(60, 50))
    reading = fitter.card.locator(".trfkit-readout")
    expect(reading).to_have_text(re.compile(r"x (59\.9|60\.)\d*, y (49\.|50\.)\d*"))
    fitter.take("drag")
    fitter.page.mouse.dblclick(*fitter.at(60, 75))
    fitter.wait_for_picture("250 data points. Residuals")
    assert fitter.agree()["regions"]["data"] == whole


def test_keys_do_on_the_picture_what_the_buttons_do(fitter):
    start = fitter.agree()
    fitter.plot.press(".")
    fitter.wait_for_status("paused")
    fitter.plot.press(".")
    fitter.wait_for_picture("Trial 2 of 2.")
    assert fitter.agree()["state"] == "paused"
    fitter.plot.press("s")
    fitter.wait_for_status("stopped by user")
    fitter.plot.press("Control+z")
    fitter.wait_for_status("ready")
    assert fitter.agree()["values"] == start["values"]
    fitter.plot.press("f")
    fitter.wait_for_status("done")
    assert fitter.agree()["fits"] == 2


def test_keys_on_a_control_of_the_card_are_not_the_notebook_s(fitter):
    page, press = fitter.page, fitter.button("Fit")
    page.evaluate("() => { window.heard = []; document.onkeydown = ({ key }) => heard.push(key); }")
    cells = page.locator(".jp-Notebook-cell")
    count = cells.count()
    tab, summary = fitter.card.get_by_role("tab", name="Fit"), fitter.card.locator(".trfkit-summary").first
    tool, sliders = fitter.card.locator(".trfkit-tools input").first, (fitter.slider("pace"), fitter.slider("a.height"))
    for control in (press, tab, summary, tool, *sliders, fitter.plot):
        control.focus()
        for key in ("b", "m", "ArrowUp"):  # of Lab: a cell below, text in place of code, the cell above
            page.keyboard.press(key)
    assert page.evaluate("heard") == [] and cells.count() == count
    press.press("Control+q")
    assert page.evaluate("heard") == ["Control", "q"]
    press.press("Enter")
    fitter.wait_for_status("done")
    assert fitter.agree()["fits"] == 1


def test_arrow_keys_move_a_peak(fitter):
    before = fitter.agree()
    _, _, width, _, (low, high), _ = before["regions"]["data"]
    peak = fitter.handle("a.peak")
    peak.press("Shift+ArrowRight")
    label = re.compile(rf"a\.center {before['values']['a.center'] + 10 * (high - low) / width:.4g}")
    expect(peak).to_have_attribute("aria-label", label)
    pixels = (fitter.agree()["values"]["a.center"] - before["values"]["a.center"]) * width / (high - low)
    assert pixels == pytest.approx(10, abs=1e-6)


# Models, options and parameters


def test_model_is_typed_and_a_mistake_leaves_the_old_one(fitter):
    before = fitter.agree()
    summary = fitter.card.locator(".trfkit-summary").first
    summary.click()
    text = fitter.field("model")
    text.fill("Gausian + Line")
    text.press("Enter")
    expect(fitter.alert).to_contain_text("did you mean Gaussian? (column 1)")
    expect(text).to_have_value("Gausian + Line")
    assert fitter.agree() == before
    text.fill("Gaussian + Line")
    text.press("Enter")
    expect(summary).to_contain_text("Gaussian + Line")
    assert list(fitter.agree()["values"]) == ["height", "center", "sigma", "slope", "intercept"]
    expect(fitter.alert).to_have_count(0)
    fitter.press("Undo")
    assert fitter.agree()["values"] == before["values"]


def test_loss_is_switched(fitter):
    summary = fitter.card.locator(".trfkit-summary").nth(1)
    summary.click()
    fitter.field("loss").select_option("huber")
    expect(summary).to_contain_text("loss huber")
    assert fitter.agree()["options"] == {"loss": "huber"}
    fitter.fit()
    fitted = fitter.agree()["values"]["a.center"]
    assert fitted != pytest.approx(CERTIFIED, rel=1e-6)
    assert fitted == pytest.approx(CERTIFIED, rel=1e-2)


FRAGILE = """
def fragile(x, a, b):
    if a > 8:
        raise ValueError("no light above 8")
    return a + np.log(b) * x

fitter = CurveFitter(fragile, np.arange(10.0), np.arange(10.0), (3, 0.5), bounds={"a": (0, 10), "b": (-1, 1)})
fitter
"""


def test_model_that_fails_while_it_is_dragged_keeps_its_last_curve_and_is_said_to(open_fitter):
    fitter = open_fitter(FRAGILE)
    fitter.agree()
    frame = fitter.picture.evaluate("canvas => canvas.toDataURL()")
    fitter.slider("a").press("End")
    fitter.wait_for_status("ValueError: no light above 8 at a = 10.")
    assert fitter.agree()["values"] == {"a": 10, "b": 0.5}
    assert fitter.picture.evaluate("canvas => canvas.toDataURL()") == frame
    fitter.press("Undo")
    fitter.wait_for_status("Fit starts from the curve shown.")
    fitter.slider("b").press("Home")
    fitter.wait_for_status("nowhere finite at b = -1.")
    assert fitter.agree()["values"] == {"a": 3, "b": -1}
    fitter.press("Undo")
    fitter.wait_for_status("Fit starts from the curve shown.")
    assert fitter.agree()["values"] == {"a": 3, "b": 0.5}


def test_bounds_the_wrong_way_round_are_refused_in_their_place(fitter):
    before = fitter.agree()
    low, high = fitter.field("min of a.center"), fitter.field("max of a.center")
    high.fill("200")
    high.press("Enter")
    low.fill("300")
    low.press("Enter")
    expect(fitter.alert).to_contain_text("min 300 must be less than max 200")
    expect(low).to_have_attribute("aria-invalid", "true")
    assert fitter.agree()["values"] == before["values"]
    assert fitter.python("print(fitter.session.parameters['a.center'].min)").strip() == "-inf"


# Tabs


def test_tabs_are_turned_to_by_keys(fitter):
    contents = {"Statistics": "No fit yet", "History": "There are no fits yet", "Code": "import trfkit", "Data": "250"}
    fitter.card.get_by_role("tab", name="Fit").focus()
    for tab, words in contents.items():
        fitter.page.keyboard.press("ArrowRight")
        expect(fitter.card.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        fitter.card.locator(f":text('{words}'):visible").first.wait_for()
        expect(fitter.plot).to_be_hidden()
    fitter.page.keyboard.press("Home")
    expect(fitter.plot).to_be_visible()


def test_earlier_fit_is_restored_and_its_code_is_shown(fitter):
    fitter.fit()
    first = fitter.agree()["values"]
    fitter.python("fitter.session.set_options(loss='soft_l1')\nfitter.run();")
    fitter.turn_to("History 2")
    fitter.card.get_by_role("button", name="Restore fit 1").click()
    fitter.card.get_by_text("Fit 1 is restored").wait_for()
    fitter.turn_to("Code")
    code = fitter.card.locator("pre:visible", has_text="import trfkit")
    expect(code).not_to_contain_text("soft_l1")
    expect(fitter.card.get_by_role("button", name="Copy: Python code")).to_be_visible()
    fitter.turn_to("Fit")
    held = fitter.agree()
    assert (held["values"], held["options"], held["fits"]) == (first, {}, 2)


def test_intervals_are_computed_and_cancelled(fitter):
    fitter.fit()
    fitter.turn_to("Statistics")
    fitter.field("method").select_option("bootstrap")
    count, compute = fitter.field("samples"), fitter.button("Compute")
    cancel = fitter.card.locator("button.trfkit-action:text-is('Cancel'):enabled")
    count.fill("10000000")
    count.press("Enter")
    compute.click()
    cancel.click()
    expect(compute).to_be_enabled(timeout=60_000)
    assert fitter.python("print(fitter.session.tasks.running)").strip() == "False"
    count.fill("100")
    count.press("Enter")
    compute.click()
    picture = fitter.card.locator("img:visible").last
    picture.wait_for()
    kept = "outcome = fitter.session.tasks.outcome(fitter.result, 'bootstrap')\nprint(len(outcome.samples))"
    expect(fitter.card.get_by_text("95 % intervals (bootstrap")).to_be_visible(timeout=60_000)
    assert fitter.python(kept).strip() == "100"


def test_file_of_other_data_is_read_and_fitted(fitter):
    rows = "\n".join(f"{0.1 * i:.1f},{3 - 0.2 * i:.3f}" for i in range(40))
    fitter.turn_to("Data")
    with fitter.page.expect_file_chooser() as chooser:
        fitter.card.get_by_role("button", name="Open a file").click()
    chooser.value.set_files({"name": "line.csv", "mimeType": "text/csv", "buffer": f"t (s),U (V)\n{rows}".encode()})
    fitter.card.get_by_text("line.csv: 40 rows, 2 columns").wait_for()
    assert fitter.held()["points"] == 250  # they are looked at so far
    fitter.press("Use these data")
    fitter.card.get_by_text("These are the data now.").wait_for()
    fitter.turn_to("Fit")
    fitter.wait_for_picture("40 data points.")
    assert fitter.agree()["points"] == 40
    assert fitter.python("print(fitter.session.data.x_label)").strip() == "t (s)"


# More than one


def test_two_fitters_on_one_kernel_do_not_meddle_with_each_other(open_fitter):
    long, short = open_fitter("long, short = long_fit(), two_peaks()\ndisplay(long)\ndisplay(short)", "long", "short")
    long.press("Fit")
    long.wait_for_trial(1)
    short.fit()
    assert short.agree()["state"] == "done"
    assert long.held()["state"] == "running"
    long.press("Stop")
    long.wait_for_status("stopped by user")
    assert long.agree()["state"] == "stopped"
    assert short.agree()["fits"] == 1


KEPT = ("values", "state", "trials", "mask", "points", "fits", "undo", "redo", "options")


def test_saved_fitter_is_loaded_with_fit_undo_and_history(fitter, open_fitter):
    fitter.fit()
    fitter.field("value of a.height").fill("90")
    fitter.page.keyboard.press("Enter")
    fitter.wait_for_status("ready")
    saved = fitter.agree()
    fitter.python("fitter.save('fit.json')")
    loaded = open_fitter("fitter = CurveFitter.load('fit.json', pace=float('inf'))\nfitter")
    held = loaded.agree()
    assert {key: held[key] for key in KEPT} == {key: saved[key] for key in KEPT}
    loaded.press("Undo")
    loaded.wait_for_status("done")
    assert loaded.agree()["values"]["a.center"] == pytest.approx(CERTIFIED, rel=1e-6)
    loaded.press("Undo")
    assert loaded.agree()["values"]["a.center"] == 80


def test_notebook_runs_and_its_trials_appear(open_notebook):
    notebook = open_notebook("01-live-fit.ipynb")
    status = notebook.page.locator(".trfkit-status").first
    notebook.start_cell(0)
    status.filter(has_text="ready").wait_for(timeout=CELL_MS)
    notebook.start_cell(1)  # awaits the fit
    other = """last => {
        const trial = +/trial (\\d+)/.exec(document.querySelector(".trfkit-status")?.innerText)?.[1];
        return trial !== last && trial;
    }"""
    seen = [0]
    while len(seen) < 4:
        trial = notebook.page.wait_for_function(other, arg=seen[-1], timeout=CELL_MS).json_value()
        seen = [*seen, trial] if trial > seen[-1] else [trial]  # a fit may have ended before its replay begins
    status.filter(has_text="done").wait_for(timeout=CELL_MS)
    for cell in range(2, notebook.page.locator(".jp-CodeCell").count()):
        notebook.start_cell(cell)
    expect(notebook.page.locator(".jp-InputPrompt", has_text="[*]")).to_have_count(0, timeout=CELL_MS)
    assert notebook.errors() == []
