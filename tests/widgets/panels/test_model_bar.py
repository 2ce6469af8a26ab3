"""The model bar by what is typed and clicked, without a browser."""

import numpy as np
import pytest

from trfkit.models import Gaussian, Line, Model
from trfkit.session import FitSession
from trfkit.widgets.panels.model_bar import ModelBar

X = np.linspace(0.0, 10.0, 101)
Y = np.asarray(Gaussian()(X, 3.0, 4.0, 0.5) + Gaussian()(X, 2.0, 8.0, 0.4) + Line()(X, 0.1, 1.0))


@pytest.fixture
def session():
    return FitSession(Line(), X, Y)


@pytest.fixture
def bar(session):
    """A bar that follows its session, as the fitter has it do."""
    bar = ModelBar(session)
    session.observe(lambda event: bar.refresh())
    return bar


def _choose(bar, group, entry, kind):
    bar.group.value = group
    bar.entry.value = entry
    bar.choices[kind].click()


def _pieces(bar):
    return [
        piece.children[0].value.replace("<code>", "").replace("</code>", "").strip() for piece in bar.pieces.children
    ]


def test_bar_shows_the_model_its_formula_and_its_parameters(bar):
    assert bar.text.value == "Line"
    assert bar.summary.description == "Line ▾"
    assert r"\mathrm{slope}" in bar.formula.value
    assert "<code>slope</code>, <code>intercept</code>" in bar.names.value


def test_line_opens_and_closes_the_panel(bar):
    assert bar.panel.layout.display == "none"
    bar.summary.value = True
    assert bar.panel.layout.display == ""
    assert (bar.summary.description, bar.summary.tooltip) == ("Line ▴", "Hide the model: Line")


def test_long_model_is_cut_in_the_line_and_whole_in_its_title(bar):
    text = " + ".join(f"Gaussian(peak{i})" for i in range(5))
    bar.text.value = text
    assert bar.summary.description.endswith("… ▾")
    assert bar.summary.tooltip == f"Change the model: {text}"


def test_typed_formula_becomes_the_model(bar, session):
    bar.text.value = "a*exp(-x/tau) + c"
    assert session.model == Model.from_expression("a*exp(-x/tau) + c")
    assert bar.names.value.endswith("<code>a</code>, <code>tau</code>, <code>c</code>")


def test_typed_names_of_the_library_become_the_model(bar, session):
    bar.text.value = "Gaussian+Gaussian+Line"
    assert session.model == Gaussian("a") + Gaussian("b") + Line()
    assert bar.text.value == "Gaussian(a) + Gaussian(b) + Line"


def test_mistake_is_explained_with_its_column_and_changes_nothing(bar, session):
    model, parameters = session.model, session.parameters
    bar.text.value = "Line + Gausian"
    assert "did you mean Gaussian? (column 8)" in bar.note.value
    assert "trfkit-refused" in bar.text._dom_classes
    assert session.model is model and session.parameters is parameters
    bar.refresh()
    assert bar.text.value == "Line + Gausian"
    assert not session.can_undo


def test_mistake_is_forgotten_when_it_is_mended(bar, session):
    bar.text.value = "Line + Gausian"
    bar.text.value = "Line + Gaussian"
    assert session.model == Line() + Gaussian()
    assert bar.note.value == ""
    assert "trfkit-refused" not in bar.text._dom_classes


def test_mistake_is_forgotten_when_the_old_text_is_typed_back(bar, session):
    bar.text.value = "Line +"
    bar.text.value = "Line"
    assert bar.note.value == ""
    assert not session.can_undo


def test_same_model_written_otherwise_is_no_change(bar, session):
    bar.text.value = " Line( ) "
    assert bar.text.value == "Line"
    assert not session.can_undo


def test_model_is_put_together_by_clicks(bar, session):
    _choose(bar, "peaks", "Gaussian", "model")
    _choose(bar, "peaks", "Gaussian", "sum")
    _choose(bar, "decays", "ExponentialDecay", "sum")
    assert bar.text.value == "Gaussian(a) + Gaussian(b) + ExponentialDecay"
    assert _pieces(bar) == ["Gaussian(a)", "+ Gaussian(b)", "+ ExponentialDecay"]
    assert session.model.parameter_names[:2] == ("a.height", "a.center")


def test_component_multiplies_and_is_taken_out_again(bar, session):
    _choose(bar, "growth", "Logistic", "product")
    assert bar.text.value == "Line*Logistic"
    assert _pieces(bar) == ["Line", "× Logistic"]
    bar.pieces.children[1].children[1].click()
    assert session.model == Line()


def test_single_component_cannot_be_taken_out(bar):
    assert bar.pieces.children[0].children[1].layout.display == "none"


def test_components_that_stay_keep_their_values(bar, session):
    bar.text.value = "Gaussian(a) + Line"
    session.set_parameters({"a.height": 3.0, "a.center": 4.0, "a.sigma": 0.5, "slope": 0.1, "intercept": 1.0})
    before = session.parameters.full_values
    _choose(bar, "peaks", "Gaussian", "sum")
    after = session.parameters.full_values
    assert {name: after[name] for name in before} == before
    assert after["b.center"] == pytest.approx(8.0, abs=0.1)


def test_undo_brings_the_old_model_back_into_the_bar(bar, session):
    bar.text.value = "Gaussian + Line"
    session.undo()
    assert bar.text.value == "Line"
    assert _pieces(bar) == ["Line"]


def test_showing_a_model_is_no_choice_of_one(bar, session):
    session.set_model(Gaussian("a") + Line())
    assert bar.text.value == "Gaussian(a) + Line"
    assert session.undo() and not session.can_undo


def test_guess_begins_again_from_the_data(bar, session):
    guessed = session.parameters.full_values
    session.set_parameters({"slope": 100.0})
    bar.guess.click()
    assert session.parameters.full_values == pytest.approx(guessed)


def test_bar_says_that_it_guesses_while_it_does(bar):
    said = []
    bar.note.observe(lambda change: said.append(change["new"]), "value")
    bar.text.value = "Gaussian"
    assert ["guessing" in text for text in said] == [True, False]
    assert said[-1] == ""


def test_what_the_session_refuses_is_explained(bar, session):
    session.start(paused=True)
    bar.text.value = "Gaussian"  # on its way from the browser when the fit began
    assert "a fit is running" in bar.note.value
    assert bar.text.value == "Gaussian"
    assert session.model == Line()
    session.stop()
    assert session.wait(60)


def test_nothing_can_be_chosen_while_a_fit_runs(bar, session):
    session.start(paused=True)
    bar.refresh()
    widgets = (bar.text, bar.group, bar.entry, bar.guess, *bar.choices.values())
    assert all(widget.disabled for widget in widgets)
    session.stop()
    assert session.wait(60)
    assert not any(widget.disabled for widget in widgets)


def test_images_have_models_of_their_own():
    x = np.stack([X, X[::-1]])
    bar = ModelBar(FitSession(_plane(), x, X))
    assert bar.group.options == ("polynomials", "images")
    assert bar.entry.value == "Gaussian2D"
    bar.text.value = "Gaussian2D + k*x0*x1"
    assert bar.session.model.parameter_names[-1] == "k"


def _plane():
    return Model.from_expression("a*x0 + b*x1", ("x0", "x1"))


def test_entry_is_described(bar):
    bar.group.value = "decays"
    bar.entry.value = "PowerLaw"
    assert "A power law, for x &gt; 0: amplitude, exponent." in bar.about.value
