"""Text to model, and back."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trfkit.models import Constant, ExponentialDecay, ExpressionError, Gaussian, Line, Model, Polynomial, Step
from trfkit.models.model_text import model_text, own_functions
from trfkit.models.typed_model import read_model

formula = Model.from_expression

READ = {
    "Gaussian": Gaussian(),
    "Gaussian()": Gaussian(),
    " Gaussian ( a )": Gaussian("a"),
    "Gaussian('a') + Line()": Gaussian("a") + Line(),
    "Gaussian + Gaussian + Line": Gaussian("a") + Gaussian("b") + Line(),
    "Gaussian(b) + Gaussian": Gaussian("b") + Gaussian("a"),
    "Gaussian(a) + Gaussian(b) + ExponentialDecay(baseline)": (
        Gaussian("a") + Gaussian("b") + ExponentialDecay("baseline")
    ),
    "Polynomial(3)": Polynomial(3),
    "Polynomial(degree=2, prefix=p) * Step(form=arctan)": Polynomial(2, "p") * Step(form="arctan"),
    "Line*(Gaussian + Constant)": Line() * (Gaussian() + Constant()),
    "a*exp(-x/tau) + c": formula("a*exp(-x/tau) + c"),
    "c + Gaussian + a*x": formula("c + a*x") + Gaussian(),
    "Gaussian*exp(-x/tau)": Gaussian() * formula("exp(-x/tau)"),
    "Gaussian/x**p": Gaussian() * formula("1/x**p"),
    "height*x + Gaussian": formula("height*x") + Gaussian("a"),
    "a*x + Gaussian(c) + Gaussian": formula("a*x") + Gaussian("c") + Gaussian("b"),
    "Line - Gaussian": Line() + -1 * Gaussian(),
    "-Line": -1 * Line(),
    "2*Line/4 + 1": 0.5 * Line() + 1,
}


@pytest.mark.parametrize("text", READ)
def test_text_states_the_model(text):
    assert read_model(text) == READ[text]


@pytest.mark.parametrize("text", READ)
def test_text_of_a_model_reads_as_that_model(text):
    assert read_model(model_text(READ[text])) == READ[text]


def test_pi_and_e_stay_numbers_beside_models():
    assert read_model("2*pi*Gaussian").components[0].function.value == 2 * math.pi


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 0, "the expression is empty"),
        ("Gaussian +", 9, "a value is missing after"),
        ("Line + Gausian", 7, "no model 'Gausian', did you mean Gaussian?"),
        ("Line + gaussian(a)", 7, "no model 'gaussian', did you mean Gaussian?"),
        ("gaussian + line", 0, "did you mean Gaussian?"),
        ("Line + exp(Gaussian(a))", 11, "added and multiplied"),
        ("Line + 1/Gaussian", 9, "nothing is divided by a model"),
        ("Gaussian(a) Line", 12, r"multiplication is always written: Gaussian\*Line"),
        ("Gaussian(a)Line", 11, "multiplication is always written"),
        ("Line + Gaussian((a))", 15, r"write Gaussian\(a\)"),
        ("Line + Gaussian(a", 15, r"write Gaussian\(a\)"),
        ("Line + Gaussian(2*x)", 16, r"not what Gaussian takes: write Gaussian\(a\)"),
        ("Gaussian(a, b)", 11, "not what Gaussian takes"),
        ("Gaussian(if)", 9, "prefix 'if' cannot stand"),
        ("Gaussian(a) + Gaussian(a)", 14, "'a.height' already"),
        ("Line + Polynomial", 7, r"write Polynomial\(3, a\)"),
        ("Polynomial(40)", 11, "from 0 to 20, got 40"),
        ("Step(form=round)", 5, "'erf', 'arctan', 'logistic', got 'round'"),
        ("Gaussian + c", 11, "called Constant"),
        ("a + b", 0, "no function of x"),
        ("Line + Gaussian*x", 16, r"no parameter beside x: write k\*x"),
        ("2 + 3", 0, "no parameter to fit"),
        ("__import__('os')", 0, "two underscores"),
        ("Gaussian(a).__class__", 11, "has no place"),
    ],
)
def test_mistake_is_told_with_its_column(text, column, reason):
    with pytest.raises(ExpressionError, match=reason) as raised:
        read_model(text)
    assert raised.value.column == column
    assert raised.value.text == text


@given(st.text(max_size=30) | st.lists(st.sampled_from(["Gaussian", "(a)", "+", "*", "x", "2", "-", "c", ")", " "])))
def test_any_text_is_a_model_or_an_expression_error(text):
    text = "".join(text)
    try:
        model = read_model(text)
    except ExpressionError as error:
        assert 0 <= error.column <= len(text)
    else:
        assert model.parameters


def test_rows_of_x_are_named_as_asked():
    model = read_model("Gaussian2D + a*x0*x1 + c", ("x0", "x1"))
    assert model.components[1] == formula("a*x0*x1 + c", ("x0", "x1"))
    with pytest.raises(ExpressionError, match="no function of x1"):
        read_model("a*x0 + c", ("x0", "x1"))


def test_user_function_is_written_like_a_model_of_the_library():
    def decay(x, tau):
        return np.exp(-x / tau)

    model = Model.from_function(decay, tau={"min": 0.0}) + Line()
    assert model_text(model) == "decay + Line"
    read = read_model("decay + decay + Line", functions=own_functions(model))
    assert read.parameter_names == ("a.tau", "b.tau", "slope", "intercept")
    assert read.components[0].parameters[0].min == 0.0


def test_prefix_of_a_formula_stands_before_its_parameters():
    assert model_text(Line() * formula("a*x + c", prefix="p")) == "Line*(p.a*x + p.c)"
