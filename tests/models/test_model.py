"""Models as values: made, composed, called, shown, and refused with a sentence."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.core.rows import works_row_by_row
from trfkit.fitting.curve_fit import fit_curve
from trfkit.models import (
    Constant,
    ExponentialDecay,
    ExpressionError,
    Gaussian,
    Line,
    Lorentzian,
    Model,
    ParameterSpec,
    Polynomial,
    Rectangle,
    Step,
)  # fmt: skip

X = np.linspace(0.0, 10.0, 50)


def decay(x, amplitude, tau=3.0):
    return amplitude * jnp.exp(-x / tau)


# --- parameters


def test_names_have_the_prefix_and_stand_in_order():
    assert Gaussian().parameter_names == ("height", "center", "sigma")
    model = Gaussian("a") + Gaussian("b") + Line()
    assert model.parameter_names == (
        "a.height", "a.center", "a.sigma", "b.height", "b.center", "b.sigma", "slope", "intercept"
    )  # fmt: skip


def test_bounds_are_those_of_the_specs():
    lower, upper = (Gaussian() + Constant()).bounds
    assert lower == (-np.inf, -np.inf, 0.0, -np.inf)
    assert upper == (np.inf,) * 4


def test_a_spec_refuses_crossed_bounds_and_a_default_outside():
    with pytest.raises(ValueError, match="min 2 must be less than max 1"):
        ParameterSpec("a", min=2, max=1)
    with pytest.raises(ValueError, match="default 1 is not within 2"):
        ParameterSpec("a", min=2)


def test_factors_after_the_first_have_no_unit_of_y():
    model = Gaussian("g") * Line() * ExponentialDecay("e")
    units = {name: spec.unit for name, spec in zip(model.parameter_names, model.parameters, strict=True)}
    assert units["g.height"] == "y"
    assert (units["slope"], units["intercept"], units["e.amplitude"], units["e.tau"]) == ("1/x", "", "", "x")


# --- calls


def test_parameters_go_in_order_or_by_name():
    model = Gaussian("a") + Line()
    values = (2.0, 3.0, 0.5, 0.1, 1.0)
    expected = 2.0 * np.exp(-0.5 * ((X - 3.0) / 0.5) ** 2) + 0.1 * X + 1.0
    np.testing.assert_allclose(model(X, *values), expected)
    np.testing.assert_allclose(model(X, **dict(zip(model.parameter_names, values, strict=True))), expected)


def test_lists_and_numbers_are_taken_for_x():
    assert Gaussian()([1, 2], 1.0, 2.0, 1.0).shape == (2,)
    assert float(Constant()(3, 2.0)) == 2.0
    assert float((Gaussian() + 1)(2.0, 1.0, 2.0, 1.0)) == 2.0


@pytest.mark.parametrize(
    ("args", "names", "words"),
    [
        ((1.0, 2.0), {}, "got 2 parameters, but the model takes 3: height, center, sigma"),
        ((), {"height": 1.0, "centre": 2.0, "sigma": 1.0}, "no parameter 'centre'; the model takes 3"),
        ((), {"height": 1.0}, "no value for center, sigma"),
        ((1.0,), {"center": 2.0}, "in order or by name, not both"),
    ],
)
def test_wrong_parameters_are_refused_by_name(args, names, words):
    with pytest.raises(TypeError, match=words):
        Gaussian()(X, *args, **names)


# --- sums and products


def test_sums_and_products_compute_what_they_say():
    a, b, c = Gaussian("a"), Line("b"), ExponentialDecay("c")
    values = (2.0, 3.0, 0.5), (0.1, 1.0), (1.5, 4.0)
    A, B, C = (np.asarray(m(X, *v)) for m, v in zip((a, b, c), values, strict=True))
    flat = sum(values, ())
    np.testing.assert_allclose((a + b + c)(X, *flat), A + B + C)
    np.testing.assert_allclose((a * b * c)(X, *flat), A * B * C)
    np.testing.assert_allclose((a + b * c)(X, *flat), A + B * C)
    np.testing.assert_allclose(((a + b) * c)(X, *flat), (A + B) * C)
    np.testing.assert_allclose((2 * a + 1)(X, *values[0]), 2 * A + 1)
    np.testing.assert_allclose((1 + a * 3)(X, *values[0]), 1 + 3 * A)
    assert sum([a, b, c]) == a + b + c


def test_sums_of_sums_are_flat():
    assert ((Gaussian("a") + Gaussian("b")) + (Line() + Gaussian("c"))).components == (
        Gaussian("a"), Gaussian("b"), Line(), Gaussian("c"),
    )  # fmt: skip
    assert len((Gaussian("a") + Gaussian("b") * Line()).components) == 2


def test_composed_models_work_row_by_row():
    model = (Gaussian("a") + 1) * ExponentialDecay("b") + Line()
    assert works_row_by_row(model.function, X, (1.0,) * len(model.parameters), X.size)


def test_equal_content_is_equal_and_shares_its_programs(compilations):
    def made():
        return (Gaussian("a") + Lorentzian("b")) * ExponentialDecay("c") + Polynomial(2) + Step("s", form="arctan") + 2

    assert made() == made()
    assert hash(made()) == hash(made())
    assert made() != made() + 1
    y = np.asarray(made()(X, *(p.default for p in made().parameters))) + 0.01 * np.sin(X)
    start = [p.default + 0.1 for p in made().parameters]
    fit_curve(made().function, X, y, p0=start, max_nfev=2)
    with compilations() as compiled:
        fit_curve(made().function, X, y, p0=start, max_nfev=2)
    assert compiled.names == []


def test_typed_models_of_one_text_share_their_programs(compilations):
    def made():
        return Model.from_expression("a*exp(-x/tau) + c") + Gaussian("g")

    y = np.exp(-X)
    fit_curve(made().function, X, y, p0=[1.0] * 6, max_nfev=2)
    with compilations() as compiled:
        fit_curve(made().function, X, y, p0=[1.0] * 6, max_nfev=2)
    assert compiled.names == []


@pytest.mark.parametrize("join", [lambda a, b: a + b, lambda a, b: a * b])
def test_clashing_names_are_refused_with_a_way_out(join):
    with pytest.raises(
        ValueError, match=r"no prefix, so both call a parameter 'height'.*Gaussian\('a'\) and Lor.*\('b'\)"
    ):
        join(Gaussian(), Lorentzian())
    with pytest.raises(ValueError, match=r"have the same prefix 'a', so both call a parameter 'a.height'"):
        join(Gaussian("a"), Lorentzian("a"))


def test_a_clash_deep_inside_is_found():
    with pytest.raises(ValueError, match="'slope'"):
        (Gaussian() + Line()) * Line()


@pytest.mark.parametrize("prefix", ["a b", "1", "a.b", "a-b", "lambda", "é!"])
def test_prefixes_that_no_expression_could_name_are_refused(prefix):
    with pytest.raises(ValueError, match="letters, digits and _"):
        Gaussian(prefix)


def test_a_prefix_goes_to_the_components():
    with pytest.raises(ValueError, match="to the components of a sum"):
        dataclasses.replace(Gaussian() + Line(), prefix="a")


@pytest.mark.parametrize("other", ["2", None, [1.0], True, np.ones(3)])
def test_only_models_and_numbers_can_be_added(other):
    with pytest.raises(TypeError):
        Gaussian() + other
    with pytest.raises(TypeError):
        Gaussian() * other


# --- from functions and expressions


def test_a_function_gives_its_names_and_defaults():
    model = Model.from_function(decay, prefix="p", tau={"min": 0, "unit": "x", "description": "time"})
    assert model.parameter_names == ("p.amplitude", "p.tau")
    assert model.parameters[1] == ParameterSpec("tau", "x", 0, default=3.0, description="time")
    assert model.name == "decay"
    np.testing.assert_allclose(model(X, 2.0, 3.0), 2.0 * np.exp(-X / 3.0))


def test_a_default_that_is_not_given_lies_within_bounds():
    model = Model.from_function(decay, amplitude={"min": 5.0}, tau={"max": 10.0})
    assert [p.default for p in model.parameters] == [5.0, 3.0]


def f_star(x, *p):
    return x


def f_kwargs(x, a, **more):
    return x


def f_keyword(x, a, *, mode):
    return x


def f_bare(x):
    return x


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (f_star, r"f_star\(…, \*p\) does not tell how many parameters"),
        (f_kwargs, r"\*\*more"),
        (f_keyword, "needs the keyword 'mode': bind it with functools.partial"),
        (f_bare, "must take x and at least one parameter"),
        (min, "does not tell"),
        (lambda: 1, "must take x and at least one parameter"),
    ],
)
def test_functions_that_do_not_tell_their_parameters_are_refused(f, words):
    with pytest.raises(ValueError, match=words):
        Model.from_function(f)


def test_a_keyword_can_be_bound_beforehand():
    model = Model.from_function(functools.partial(f_keyword, mode=1), name="bound")
    assert model.parameter_names == ("a",)


def test_what_is_said_must_be_of_a_parameter_and_known():
    with pytest.raises(ValueError, match="decay has no parameter 'tua'; there are amplitude, tau"):
        Model.from_function(decay, tua={"min": 0})
    with pytest.raises(ValueError, match="parameter tau: there is no 'lower'; there are unit, min, max"):
        Model.from_function(decay, tau={"lower": 0})


def test_a_typed_model_has_its_names_in_order_of_appearance():
    model = Model.from_expression("a*exp(-x/tau) + c", tau={"min": 0, "default": 2})
    assert model.parameter_names == ("a", "tau", "c")
    assert model.parameters[1].min == 0
    np.testing.assert_allclose(model(X, 2.0, 3.0, 1.0), 2.0 * np.exp(-X / 3.0) + 1.0)
    assert works_row_by_row(model.function, X, (2.0, 3.0, 1.0), X.size)
    assert np.all(np.isfinite(jax.jacfwd(lambda p: model(X, *p))(jnp.array([2.0, 3.0, 1.0]))))


def test_a_typed_model_may_have_another_independent_variable_or_two():
    assert Model.from_expression("a*t", independent="t").parameter_names == ("a",)
    model = Model.from_expression("a*u + b*v", independent=("u", "v"))
    np.testing.assert_allclose(model(np.array([[1.0, 2.0], [3.0, 4.0]]), 10.0, 1.0), [13.0, 24.0])


def test_prefixes_of_typed_models_stand_in_names_and_formula():
    model = Model.from_expression("a*exp(-x/tau)", prefix="p") + Model.from_expression("a*x", prefix="q")
    assert model.parameter_names == ("p.a", "p.tau", "q.a")
    assert model.latex == r"a_{p} \, e^{-\frac{x}{\tau_{p}}} + a_{q} \, x"


def test_typed_models_that_cannot_be_fitted_are_refused():
    with pytest.raises(ExpressionError):
        Model.from_expression("a*exp(-x/tau")
    with pytest.raises(ValueError, match=r"does not contain the independent variable 'x', only a, t.*independent="):
        Model.from_expression("a*t")
    with pytest.raises(ValueError, match="no parameter beside x: there is nothing to fit"):
        Model.from_expression("2*x")
    with pytest.raises(ValueError, match="has no parameter 'b'; there are a"):
        Model.from_expression("a*x", b={"min": 0})


def test_typed_models_are_equal_by_their_text():
    assert Model.from_expression("a*x+b") == Model.from_expression("a * x + b")
    assert Model.from_expression("a*x+b") != Model.from_expression("a*x+c")


# --- how they look


@pytest.mark.parametrize(
    "text",
    [
        "Gaussian()",
        "Gaussian('a') + Gaussian('b') + Line()",
        "(Gaussian() + Line('l')) * ExponentialDecay('e')",
        "Polynomial(3, prefix='p')",
        "Step(form='arctan') + Rectangle(form='logistic', prefix='r') * 2",
        "Model.from_expression('a*exp(-x/tau)') + Constant()",
    ],
)
def test_repr_is_the_code_that_makes_the_model(text):
    makers = (Gaussian, Line, ExponentialDecay, Polynomial, Step, Rectangle, Model, Constant)
    model = eval(text, {maker.__name__: maker for maker in makers})
    assert eval(repr(model), {maker.__name__: maker for maker in makers}) == model


def test_composed_formulas_tell_their_parts_apart():
    latex = ((Gaussian("a") + Line()) * ExponentialDecay("b") + 2).latex
    assert r"\sigma_{a}" in latex and r"\tau_{b}" in latex
    assert latex.startswith(r"\left(\mathrm{height}_{a}")
    assert latex.endswith("+ 2")
    assert (Model.from_expression("a*x") + Model.from_expression("-b*x", prefix="q")).latex == r"a \, x - b_{q} \, x"


def test_a_function_without_a_formula_shows_its_name():
    assert Model.from_function(decay).latex == r"\mathrm{decay}(x, \mathrm{amplitude}, \tau)"


def test_html_shows_formula_units_bounds_and_descriptions():
    shown = Gaussian("a")._repr_html_()
    for part in ("Gaussian(&#x27;a&#x27;)", r"\exp", "a.sigma", "≥ 0", "standard deviation", "<td"):
        assert part in shown
    assert Gaussian()._repr_latex_().startswith(r"$\displaystyle")


def test_html_takes_no_markup_from_names():
    shown = Model.from_function(decay, name="<i>", tau={"description": "<script>", "unit": "<x>"})._repr_html_()
    assert not any(mark in shown for mark in ("<i>", "<script>", "<x>"))


def test_numpy_numbers_are_numbers():
    assert np.float64(2.0) * Gaussian() == 2 * Gaussian()
