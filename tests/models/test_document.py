"""Models as plain data and back: equal to the last bit, no code executed, malformed documents refused."""

import dataclasses
import json
import math
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import trfkit.models.document as document_module
from trfkit.models import (
    LIBRARY,
    Constant,
    ExponentialDecay,
    Gaussian,
    Line,
    Lorentzian,
    Model,
    ParameterSpec,
    Polynomial,
    Rectangle,
    Step,
)
from trfkit.models.document import from_document, to_document
from trfkit.models.origin import library_call, unchanged

X = np.linspace(0.0, 10.0, 21)


def decay(x, amplitude, tau=3.0):
    return amplitude * jnp.exp(-x / tau)


def rise(x, top):
    return top * (1.0 - jnp.exp(-x))


def through_json(model, function=None):
    """The model that comes back from the text of its document."""
    return from_document(json.loads(json.dumps(to_document(model), allow_nan=False)), function)


def narrowed(model):
    """The model with another unit, default and bounds of its first parameter, one of them infinite."""
    first, *rest = model.parameters
    low = math.nextafter(0.1, 1.0)
    changed = dataclasses.replace(first, unit="eV", min=low, max=math.inf, default=low, description="of mine")
    return dataclasses.replace(model, parameters=(changed, *rest))


MODELS = [
    *(factory(prefix="p") if factory is not Polynomial else factory(4, prefix="p") for factory in LIBRARY),
    Polynomial(0),
    Step(form="arctan"),
    Rectangle("r", form="logistic"),
    Gaussian("a") + Gaussian("b") + Line(),
    (Gaussian() + Line("l")) * ExponentialDecay("e") + 2,
    2 * (3 * Gaussian()) + 0.1,
    Gaussian() * math.inf + 5e-324,
    Model.from_expression("a*exp(-x/tau)+c"),
    Model.from_expression("a*exp(-t/tau)", independent="t", prefix="p", tau={"min": 0, "unit": "x", "default": 1 / 3}),
    Model.from_expression("a*u + b*v", independent=("u", "v")) * Constant(),
    narrowed(Gaussian("a")),
    narrowed(Polynomial(3)),
    narrowed(narrowed(Gaussian("a")) + Line()),
    narrowed(Step("s", form="arctan")) * Line() + narrowed(Model.from_expression("k*x", prefix="q")),
]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_model_comes_back_equal_from_json(model):
    back = through_json(model)
    assert back == model
    assert hash(back) == hash(model)
    assert repr(back) == repr(model)
    assert to_document(back) == to_document(model)


def test_restored_model_computes_and_guesses_the_same():
    model = (Gaussian("a") + Line()) * Model.from_expression("1 + k*x**2")
    back = through_json(model)
    values = (2.0, 3.0, 0.5, 0.1, 1.0, 0.01)
    np.testing.assert_array_equal(back(X, *values), model(X, *values))
    y = np.asarray(Gaussian()(X, 2.0, 3.0, 0.5))
    assert through_json(Gaussian("a")).guess(X, y) == Gaussian("a").guess(X, y)


def test_document_says_what_the_model_is_made_of():
    assert to_document(Polynomial(3, prefix="p") + 2) == {
        "kind": "sum",
        "components": [
            {"kind": "library", "factory": "Polynomial", "keywords": {"degree": 3}, "prefix": "p"},
            {"kind": "number", "value": 2.0},
        ],
    }
    document = to_document(narrowed(Model.from_expression("k*x")))
    assert (document["text"], document["independent"]) == ("k*x", ["x"])
    assert document["parameters"] == [
        {"name": "k", "unit": "eV", "min": 0.10000000000000002, "max": "Infinity", "default": 0.10000000000000002,
         "description": "of mine"},
    ]  # fmt: skip


def test_numpy_numbers_in_specs_become_plain_ones():
    model = Model.from_function(decay, tau={"min": np.float32(0.5), "max": np.int64(9)})
    assert through_json(model, decay) == model


# --- functions


def test_function_is_restored_by_handing_it_in():
    model = Model.from_function(decay, prefix="p", formula="<amplitude>", tau={"min": 0, "unit": "x"}) + Line()
    assert through_json(model, decay) == model
    assert through_json(model, {"decay": decay, "unused": rise}) == model


def test_functions_are_told_apart_by_name():
    model = Model.from_function(decay) * Model.from_function(rise) + Model.from_function(decay, prefix="slow")
    assert through_json(model, {"decay": decay, "rise": rise}) == model


def test_model_of_the_function_may_be_handed_in_and_lends_its_guesser():
    def guesser(x, y):
        return {"amplitude": float(y.max()), "tau": 1.0}

    model = Model.from_function(decay, prefix="p", guesser=guesser)
    assert through_json(model, model) == model
    assert through_json(model, decay) == dataclasses.replace(model, guesser=None)


def test_jitted_functions_and_those_that_do_not_name_their_parameters_come_back():
    jitted = Model.from_function(jax.jit(decay))
    assert through_json(jitted, jitted.function) == jitted

    def polynomial(x, *c):
        return jnp.polyval(jnp.stack(c), x)

    model = Model(polynomial, (ParameterSpec("c1"), ParameterSpec("c0")), "polynomial")
    assert through_json(model, polynomial) == model


def test_a_function_named_as_a_library_model_is_not_taken_for_it():
    model = Model.from_function(decay, name="Gaussian")
    assert library_call(model) is None
    assert to_document(model)["kind"] == "function"
    assert unchanged(model) is model
    assert through_json(model, decay) == model


def test_missing_functions_are_all_named_with_what_they_take():
    document = to_document(Model.from_function(decay))
    with pytest.raises(ValueError, match=r"contains decay\(x, amplitude, tau\), whose code .* hand that function in"):
        from_document(document)
    with pytest.raises(ValueError, match="hand that function in as the second argument"):
        from_document(document, {"rise": rise})
    both = to_document(Model.from_function(decay) + Model.from_function(rise))
    words = r"decay\(x, amplitude, tau\) and rise\(x, top\), whose code .* hand {'decay': …, 'rise': …} in"
    for given in (None, decay, {"decay": decay}):
        with pytest.raises(ValueError, match=words):
            from_document(both, given)


def test_a_function_that_takes_other_arguments_is_refused():
    document = to_document(Model.from_function(decay))
    with pytest.raises(ValueError, match=r"is decay\(x, amplitude, tau\), and the one handed in takes \(x, top\)"):
        from_document(document, rise)
    with pytest.raises(ValueError, match=r"takes \(x, tau, amplitude\)"):
        from_document(document, lambda x, tau, amplitude: x)
    with pytest.raises(ValueError, match="for 'decay' must be a function, got 3"):
        from_document(document, {"decay": 3})


def test_two_functions_of_one_name_are_refused_with_a_way_out():
    model = Model.from_function(lambda x, a: a * x) + Model.from_function(lambda x, b: b)
    with pytest.raises(ValueError, match="two different functions are called '<lambda>'.*name='rise'"):
        to_document(model)


# --- bad documents

GAUSSIAN = {"kind": "library", "factory": "Gaussian", "keywords": {}, "prefix": "a"}
TYPED = {"kind": "expression", "text": "k*x", "independent": ["x"], "prefix": ""}
SPEC = {"name": "k", "unit": "", "min": "-Infinity", "max": "Infinity", "default": 1.0, "description": ""}
DECAY = {
    "kind": "function",
    "name": "decay",
    "arguments": ["x", "k"],
    "prefix": "",
    "formula": "",
    "parameters": [SPEC],
}
NUMBER = {"kind": "number", "value": 1.0}


def total(*components, **more):
    return {"kind": "sum", "components": list(components), **more}


def without(document, key):
    return {k: v for k, v in document.items() if k != key}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, "the model must be an object .* got None"),
        ([GAUSSIAN], "must be an object"),
        ({}, "the model lacks 'kind'"),
        ({"kind": ["sum"]}, r"'kind' must be a string, got \['sum'\]"),
        ({"kind": "spline"}, "kind 'spline', which is none of library, .*: update trfkit"),
        (without(GAUSSIAN, "factory"), "lacks 'factory'"),
        (without(GAUSSIAN, "prefix"), "lacks 'prefix'"),
        (GAUSSIAN | {"factory": "eval"}, "no model 'eval', only Constant, Line.*update trfkit"),
        (GAUSSIAN | {"factory": "Model"}, "no model 'Model'"),
        (GAUSSIAN | {"factory": "__class__"}, "no model '__class__'"),
        (GAUSSIAN | {"factory": 3}, "'factory' must be a string, got 3"),
        (GAUSSIAN | {"keywords": []}, r"'keywords' must be an object \(a dict\)"),
        (GAUSSIAN | {"keywords": {"degree": 3}}, "Gaussian cannot be made of {'degree': 3}"),
        (GAUSSIAN | {"keywords": {"prefix": "b"}}, "Gaussian cannot be made of"),
        (GAUSSIAN | {"factory": "Polynomial"}, "Polynomial cannot be made of"),
        (GAUSSIAN | {"factory": "Polynomial", "keywords": {"degree": [3]}}, "'degree' must be a string or a number"),
        (GAUSSIAN | {"factory": "Polynomial", "keywords": {"degree": True}}, "'degree' must be a string or a number"),
        (GAUSSIAN | {"factory": "Polynomial", "keywords": {"degree": 10**9}}, "whole number from 0 to 20"),
        (GAUSSIAN | {"factory": "Step", "keywords": {"form": "sinc"}}, "must be one of 'erf'"),
        (GAUSSIAN | {"prefix": "a b"}, "prefix 'a b'"),
        (GAUSSIAN | {"prefix": None}, "'prefix' must be a string"),
        (GAUSSIAN | {"parameters": [SPEC]}, "has 1 parameters, and such a model takes 3"),
        (GAUSSIAN | {"parameters": [SPEC] * 3}, "two parameters 'a.k'"),
        (TYPED | {"text": "__import__('os')"}, "__import__"),
        (TYPED | {"text": "("}, "never closed"),
        (TYPED | {"text": "(" * 10_000}, "characters"),
        (TYPED | {"text": ["k*x"]}, "'text' must be a string"),
        (TYPED | {"independent": "x"}, "'independent' must be a list"),
        (TYPED | {"independent": []}, r"'independent' must name x, as in \['x'\]"),
        (TYPED | {"independent": [1]}, "'independent' must name x"),
        (TYPED | {"independent": ["t"]}, "does not contain the independent variable 't'"),
        (TYPED | {"parameters": SPEC}, "'parameters' must be a list"),
        (TYPED | {"parameters": ["k"]}, r"the model.parameters\[0\] must be an object"),
        (TYPED | {"parameters": [without(SPEC, "min")]}, r"parameters\[0\] lacks 'min'"),
        (TYPED | {"parameters": [SPEC | {"min": None}]}, "'min' must be a number, got None"),
        (TYPED | {"parameters": [SPEC | {"min": "-inf"}]}, "'min' must be a number, got '-inf'"),
        (TYPED | {"parameters": [SPEC | {"min": "NaN"}]}, "min nan must be less than max"),
        (TYPED | {"parameters": [SPEC | {"min": 2.0}]}, "default 1 is not within 2"),
        (TYPED | {"parameters": [SPEC | {"unit": 3}]}, "'unit' must be a string"),
        (TYPED | {"parameters": [SPEC] * 10_001}, "10001 parameters, and a document holds at most 10000"),
        (without(NUMBER, "value"), "lacks 'value'"),
        (NUMBER | {"value": "1"}, "'value' must be a number, got '1'"),
        (total(), "a sum of 0 models"),
        (total(GAUSSIAN), "a sum of 1 models, and takes two or more"),
        ({"kind": "product"}, "lacks 'components'"),
        (total(GAUSSIAN, None), r"the model.components\[1\] must be an object"),
        (total(NUMBER, total(TYPED, GAUSSIAN | {"factory": "x"})), r"components\[1\].components\[1\]: the library has"),
        (total(GAUSSIAN, GAUSSIAN), "both call a parameter 'a.height'"),
        (total(GAUSSIAN, TYPED, parameters=[SPEC]), "has 1 parameters, and such a model takes 4"),
        (without(DECAY, "parameters"), "lacks 'parameters'"),
        (without(DECAY, "arguments"), "lacks 'arguments'"),
        (DECAY | {"name": 3}, "'name' must be a string"),
        (total(DECAY, DECAY | {"arguments": ["x"], "prefix": "q"}), "'decay' has other arguments than before"),
    ],
)  # fmt: skip
def test_malformed_documents_are_refused_with_place_and_reason(document, words):
    with pytest.raises(ValueError, match=words):
        from_document(document, decay)


def test_every_cut_of_a_document_is_refused():
    """Any key left out, at any depth, but for the parameters, which need not be there."""
    document = to_document((Gaussian("a") + 2) * Model.from_expression("k*x") + Model.from_function(rise))

    def cuts(part):
        for key, value in part.items():
            if key != "parameters" or part["kind"] == "function":
                yield without(part, key)
            if key == "components":
                for i, inner in enumerate(value):
                    yield from (part | {key: [*value[:i], cut, *value[i + 1 :]]} for cut in cuts(inner))

    tried = list(cuts(document))
    assert len(tried) == 22
    for cut in tried:
        with pytest.raises(ValueError, match="lacks"):
            from_document(cut, rise)


def nested(levels):
    document = GAUSSIAN
    for i in range(levels):
        document = {"kind": ("sum", "product")[i % 2], "components": [document, NUMBER]}
    return document


def test_nesting_up_to_the_limit_is_read_and_fitted_and_more_is_refused():
    deepest = from_document(nested(document_module.MOST_NESTED))
    assert to_document(deepest) == nested(document_module.MOST_NESTED)
    slopes = jax.jacfwd(lambda p: jax.jit(deepest.function)(X, *p))(jnp.array([1.0, 5.0, 1.0]))
    assert np.all(np.isfinite(slopes))
    with pytest.raises(ValueError, match="nested more than 60 deep"):
        from_document(nested(document_module.MOST_NESTED + 1))
    with pytest.raises(ValueError, match="nested more than 60 deep"):
        from_document(nested(100_000))
    with pytest.raises(ValueError, match="nested more than 60 deep: write its inner part as a function"):
        to_document((deepest + 1) * 2)


def test_huge_documents_are_refused_at_once():
    start = time.perf_counter()
    many = [GAUSSIAN | {"prefix": f"g{i}"} for i in range(4000)]
    with pytest.raises(ValueError, match="a document holds at most 10000"):
        from_document(total(*many))
    with pytest.raises(ValueError, match="a document holds at most 10000"):
        from_document(DECAY | {"parameters": [SPEC] * 10**6}, decay)
    assert time.perf_counter() - start < 5.0


def test_errors_stay_short_whatever_the_document_holds():
    for document in (GAUSSIAN | {"factory": "G" * 10**6}, GAUSSIAN | {"prefix": [0] * 10**6}, [0] * 10**6):
        with pytest.raises(ValueError) as raised:
            from_document(document)
        assert len(str(raised.value)) < 1000


def test_a_sum_of_hundreds_of_models_comes_back():
    model = sum(Lorentzian(f"p{i}") for i in range(200)) + Line()
    assert through_json(model) == model
