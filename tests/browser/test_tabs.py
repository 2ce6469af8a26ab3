"""The tabs of the card beside Fit as a person meets them, by keyboard, in a real JupyterLab."""

import json

import pytest

pytestmark = pytest.mark.browser

SETUP = """
import json
import ipywidgets, numpy as np
from trfkit.session import FitSession
from trfkit.widgets.keys import Keys
from trfkit.widgets.panels import solver_details
from trfkit.widgets.style import card_style
from trfkit.widgets.tabs import code, history

x = np.linspace(0.0, 4.0, 30)
y = 3.0 * np.exp(-0.7 * x) + 0.05 * np.cos(20 * x)
session = FitSession("a*exp(-x*r)", x, y, {"a": 1.0, "r": 0.1})
for model in ("a + b*x", "a + b*x + c*x**2"):
    session.run()
    session.set_model(model)
session.run()
parts = {
    "history": (history.HistoryTab(session), history.STYLE),
    "code": (code.CodeTab(session), code.STYLE),
    "details": (solver_details.SolverDetails(session), solver_details.STYLE),
}

def show(name):
    part, style = parts[name]
    part.refresh()
    return ipywidgets.VBox([ipywidgets.HTML(card_style("auto", style)), Keys(), part.box]).add_class("trfkit-card")
"""
REPORT = 'print(json.dumps({"values": dict(session.parameters.full_values), "code": parts["code"][0].view.code}))'


@pytest.fixture
def open_part(share_notebook):
    """open_part(name) -> (notebook, card, kernel) with kernel() what the session and the code tab hold."""

    def opened(name):
        notebook = share_notebook(SETUP, "", REPORT)
        notebook.run_cell(0)
        notebook.write_cell(1, f"show({name!r})")
        notebook.run_cell(1)
        card = notebook.page.locator(".trfkit-card").first
        card.wait_for()
        return notebook, card, lambda: json.loads(notebook.run_cell(2).splitlines()[-1])

    return opened


def test_fits_are_compared_and_restored_by_keyboard(open_part):
    notebook, card, kernel = open_part("history")
    press = notebook.page.keyboard.press
    rows = card.locator("tbody tr")
    assert rows.count() == 3 and rows.first.locator("th").inner_text().split() == ["3", "in", "use"]

    card.get_by_role("checkbox", name="mark fit 3 to compare").focus()
    press("Space")
    press("Tab")  # Restore of fit 3
    press("Tab")
    press("Space")  # the check box of fit 2
    card.get_by_text("Fits 2 and 3 are marked.").wait_for()
    card.get_by_role("button", name="Compare").focus()
    press("Enter")
    card.get_by_role("img", name="2 models of the same 30 points, best first.").wait_for()
    assert card.get_by_role("region", name="Comparison of fits").locator("tbody tr").count() == 2

    card.get_by_role("button", name="Restore fit 1").focus()
    press("Enter")
    card.get_by_text("Fit 1 is restored").wait_for()
    current = card.locator("tr[aria-current]")
    assert current.locator("th").inner_text().split() == ["1", "in", "use"]
    assert card.get_by_role("button", name="Restore fit 1").evaluate("b => b === document.activeElement")
    assert set(kernel()["values"]) == {"a", "r"}
    assert not notebook.errors()


def pasted(page):
    """What the clipboard holds."""
    page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), {id: 'paste'}))")
    page.locator("#paste").focus()
    page.keyboard.press("Control+v")
    return page.locator("#paste").evaluate("area => { const text = area.value; area.remove(); return text; }")


def test_code_is_copied_by_keyboard_with_and_without_a_clipboard_of_the_page(open_part):
    notebook, card, kernel = open_part("code")
    page, copy = notebook.page, card.get_by_role("button", name="Copy: Python code")
    code = kernel()["code"]
    assert card.locator("pre").inner_text() == code
    copy.focus()
    page.keyboard.press("Enter")
    card.get_by_role("status").get_by_text("Copied", exact=True).wait_for()
    assert pasted(page) == code

    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    card.get_by_label("data").select_option("written out")
    card.locator("pre").get_by_text("x = np.array([").wait_for()
    copy.focus()
    page.keyboard.press("Enter")
    card.get_by_role("status").get_by_text("Copied", exact=True).wait_for()
    assert copy.evaluate("b => b === document.activeElement")
    assert "x = np.array([" in pasted(page)
    page.evaluate("() => { delete navigator.clipboard.writeText; }")
    assert not notebook.errors()


def test_solver_details_open_by_keyboard(open_part):
    notebook, card, _ = open_part("details")
    card.get_by_role("button", name="Solver details").focus()
    notebook.page.keyboard.press("Enter")
    card.get_by_role("img", name="Singular values of the Jacobian").wait_for()
    assert "3 of 3 are above" in card.get_by_role("img").get_attribute("alt")
    card.get_by_role("button", name="Solver details ▴").wait_for()
    assert not notebook.errors()
