"""The model and the options as a person meets them: typed and chosen in a real JupyterLab."""

import json
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SETUP = """
import ipywidgets, json
import numpy as np
from trfkit.models import Gaussian, Line
from trfkit.session import FitSession
from trfkit.widgets.panels import disclosure, model_bar, options_bar
from trfkit.widgets.style import card_style

x = np.linspace(0, 10, 101)
session = FitSession(Line(), x, np.asarray(Gaussian()(x, 3.0, 4.0, 0.5) + Line()(x, 0.1, 1.0)))
model, options = model_bar.ModelBar(session), options_bar.OptionsBar(session)
session.observe(lambda event: (model.refresh(), options.refresh()))
style = ipywidgets.HTML(card_style("auto", disclosure.STYLE, model_bar.STYLE, options_bar.STYLE))
"""
SHOW = "ipywidgets.VBox([style, model.box, options.box]).add_class('trfkit-card')"
REPORT = "print(json.dumps({'names': list(session.parameters), 'options': session.options, 'undo': session.can_undo}))"


class Bars:
    """A notebook whose second cell shows both bars, opened by their lines."""

    def __init__(self, notebook):
        self.notebook, self.page = notebook, notebook.page
        notebook.run_cell(0)
        notebook.run_cell(1)
        self.card = self.page.locator(".trfkit-card")
        self.lines = self.card.locator(".trfkit-summary")
        self.alert = self.card.locator("[role=alert]")
        self.text = self.card.get_by_label("model", exact=True)
        for line in (0, 1):
            self.lines.nth(line).focus()
            self.page.keyboard.press("Enter")
        self.text.wait_for()

    def type_model(self, text):
        self.text.fill(text)
        self.page.keyboard.press("Enter")

    def session(self):
        """What the session holds."""
        return json.loads(self.notebook.run_cell(2).splitlines()[-1])


@pytest.fixture
def bars(share_notebook):
    return Bars(share_notebook(SETUP, SHOW, REPORT))


def test_typed_model_is_shown_and_held(bars):
    bars.type_model("Gaussian + Gaussian + a0*exp(-x/tau)")
    expect(bars.lines.first).to_have_text("Gaussian(a) + Gaussian(b) + a0*exp(-x/tau) ▴")
    expect(bars.card.locator(".trfkit-formula mjx-container")).to_be_visible()
    names = bars.card.locator("code", has_text=re.compile("^[ab]\\.|^a0$|^tau$")).all_inner_texts()
    assert bars.session()["names"] == names == [*(f"{p}.{n}" for p in "ab" for n in ("height", "center", "sigma")),
                                                "a0", "tau"]  # fmt: skip


def test_mistake_is_told_beside_the_text_which_stays(bars):
    bars.type_model("Line + Gausian")
    expect(bars.alert).to_have_text("there is no model 'Gausian', did you mean Gaussian? (column 8)")
    expect(bars.text).to_have_value("Line + Gausian")
    expect(bars.lines.first).to_have_text("Line ▴")
    assert bars.session() == {"names": ["slope", "intercept"], "options": {}, "undo": False}


def test_model_is_put_together_and_taken_apart_by_keyboard(bars):
    bars.card.get_by_label("library").select_option("peaks")
    bars.card.get_by_label("its model").select_option("Voigt")
    bars.card.get_by_role("button", name="+ Add").press("Enter")
    expect(bars.text).to_have_value("Line + Voigt")
    assert bars.session()["names"] == ["slope", "intercept", "area", "center", "sigma", "gamma"]
    bars.card.get_by_role("button", name="Remove Line").press("Enter")
    expect(bars.text).to_have_value("Voigt")
    assert bars.session()["names"] == ["area", "center", "sigma", "gamma"]


def test_loss_and_limits_are_chosen(bars):
    f_scale = bars.card.get_by_label("f_scale", exact=True)
    expect(f_scale).to_be_disabled()
    bars.card.get_by_label("loss").select_option("huber")
    expect(f_scale).to_be_enabled()
    f_scale.fill("0.5")
    bars.page.keyboard.press("Tab")
    xtol = bars.card.get_by_label("xtol")
    xtol.fill("tiny")
    xtol.press("Enter")
    expect(bars.alert).to_contain_text("`xtol` must be a number, got 'tiny'")
    expect(bars.lines.last).to_have_text("loss huber · solver auto · f_scale 0.5 ▴")
    assert bars.session()["options"] == {"loss": "huber", "f_scale": 0.5}
    expect(xtol).to_have_value("tiny")
