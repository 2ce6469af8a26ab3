"""The parameter table as a person meets it: dragged, typed at and fitted in a real JupyterLab."""

import json

import pytest
from playwright.sync_api import expect

CELL_MS = 180_000  # for the fit, which compiles

pytestmark = pytest.mark.browser

SETUP = """
import json, threading, time
import ipywidgets, numpy as np
from trfkit.session import FitSession
from trfkit.widgets.keys import Keys
from trfkit.widgets.parameters import ParameterPanel
from trfkit.widgets.style import card_style

x = np.linspace(0, 4, 40)
start = {"a": 3.0, "b": 0.5, "c": 0.0}
session = FitSession("a*exp(-b*x) + c", x, 5*np.exp(-1.3*x), start, bounds={"a": (0, 10)}, units=("s", "V"))
session.set_parameter("b", unit="1/s")
panel, delay, heard = ParameterPanel(session), 0.0, 0

def follow(event):
    global heard
    time.sleep(delay)
    heard += 1
    panel.refresh()

session.observe(follow)
ipywidgets.VBox([ipywidgets.HTML(card_style("auto")), Keys(), panel.box]).add_class("trfkit-card")
"""
REPORT = """
print(json.dumps({"values": session.parameters.full_values, "heard": heard, "undo": session.can_undo}))
"""


class TablePage:
    """A notebook whose first cell shows the table, whose second tells what the kernel knows."""

    def __init__(self, notebook):
        self.notebook, self.page = notebook, notebook.page
        notebook.run_cell(0)
        self.table = self.page.locator(".trfkit-parameters").first
        self.table.locator("tbody tr").first.wait_for()

    def slider(self, name):
        return self.table.get_by_role("slider", name=name, exact=True)

    def field(self, label):
        return self.table.get_by_label(label, exact=True)

    def place(self, name, position):
        """Where on the page a slider has its thumb at a position of 0 … 1000."""
        self.slider(name).scroll_into_view_if_needed()
        box = self.slider(name).bounding_box()
        return box["x"] + 7 + (box["width"] - 14) * position / 1000, box["y"] + box["height"] / 2

    def drag(self, name, *positions):
        self.page.mouse.move(*self.place(name, positions[0]))
        self.page.mouse.down()
        for position in positions[1:]:
            self.page.mouse.move(*self.place(name, position), steps=20)
        self.page.mouse.up()

    def kernel(self):
        self.notebook.wait_until_idle()
        return json.loads(self.notebook.run_cell(1).splitlines()[-1])

    def undo(self):
        self.notebook.run_cell(2)


@pytest.fixture
def table(share_notebook):
    cells = [SETUP, REPORT, "session.undo()", "threading.Timer(2, session.run).start()", "delay = 0.1"]
    table = TablePage(share_notebook(*cells))
    yield table
    assert table.notebook.errors() == []


def test_dragged_slider_sets_the_value_in_page_and_kernel_and_is_one_step_of_undo(table):
    table.drag("a", 300, 800, 600)
    known = table.kernel()["values"]["a"]
    expect(table.field("value of a")).to_have_value(f"{known:g}")
    shown = float(table.field("value of a").input_value())
    assert shown == known == pytest.approx(6.0, abs=0.1)
    assert table.slider("a").input_value() == str(round(shown * 100))
    assert table.slider("a").get_attribute("aria-valuetext") == table.field("value of a").input_value()
    table.undo()
    table.page.wait_for_function("() => document.querySelector('[aria-label=\"value of a\"]').value === '3'")
    assert table.slider("a").input_value() == "300"


def test_moves_while_the_kernel_is_slow_are_dropped_and_the_last_is_kept(table):
    table.notebook.run_cell(4)
    before = table.kernel()["heard"]
    table.drag("a", 300, 900, 100, 900, 650)
    position = table.slider("a").input_value()
    expect(table.field("value of a")).to_have_value(f"{int(position) / 100:g}", timeout=CELL_MS)
    known = table.kernel()
    assert known["values"]["a"] == pytest.approx(int(position) / 100)
    assert known["heard"] - before < 60  # of 80 moves and more
    expect(table.field("value of a")).to_have_value(f"{known['values']['a']:g}")


def test_arrow_keys_move_a_slider_and_nothing_but_the_slider(table):
    table.slider("a").focus()
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowDown", "d", "d"):
        table.page.keyboard.press(key)
    table.page.mouse.move(*table.place("a", 500))
    table.page.mouse.wheel(0, 100)
    assert table.kernel()["values"]["a"] == pytest.approx(3.5)
    assert table.page.locator(".jp-CodeCell").count() == 5  # d, d deletes a cell
    table.undo()
    assert table.kernel()["values"]["a"] == 3.0  # one burst of keys, one step


def test_refused_bound_is_marked_with_the_reason_until_it_is_taken_back(table):
    low = table.field("min of a")
    low.fill("20")
    low.press("Enter")
    alert = table.table.get_by_role("alert")
    alert.wait_for()
    assert "min 20 must be less than max 10" in alert.inner_text()
    assert (low.input_value(), low.get_attribute("aria-invalid")) == ("20", "true")
    assert low.get_attribute("aria-describedby") == alert.locator("xpath=..").get_attribute("id")
    low.press("Escape")
    alert.wait_for(state="detached")
    assert (low.input_value(), low.get_attribute("aria-invalid")) == ("0", "false")
    assert table.kernel()["undo"] is True  # the unit, which the first cell has set


def test_fit_moves_values_and_errors_and_leaves_what_is_being_typed(table):
    table.notebook.run_cell(3)
    tie = table.field("tie of c")
    tie.press_sequentially("a/")
    table.table.locator(".trfkit-error", has_text="± ").nth(2).wait_for(timeout=CELL_MS)
    assert tie.input_value() == "a/" and table.table.get_by_role("alert").count() == 0
    assert float(table.field("value of a").input_value()) == pytest.approx(5.0)
    assert table.slider("b").get_attribute("aria-valuetext") == f"{table.field('value of b').input_value()} 1/s"


def test_prior_has_a_column_once_it_is_asked_for(table):
    prior = table.field("prior of b")
    assert not prior.is_visible()
    table.table.get_by_role("button", name="+ prior").click()
    prior.fill("1.3 ± 0.1")
    prior.press("Enter")
    table.table.get_by_role("button").wait_for(state="hidden")
    assert prior.is_visible() and prior.input_value() == "1.3 ± 0.1"
