"""Models put together and taken apart, and where they start then."""

import numpy as np
import pytest

from trfkit.models import Constant, ExponentialDecay, Gaussian, Line, Lorentzian, Model
from trfkit.models.assembly import attached, carried_over, detached, leaves, told_apart

X = np.linspace(0.0, 10.0, 201)
EVERY = np.ones(X.size, dtype=bool)


def test_leaves_are_in_the_order_in_which_they_stand():
    assert leaves(Line() * (Gaussian("a") + Constant())) == (Line(), Gaussian("a"), Constant())


def test_only_models_that_share_a_name_get_prefixes():
    assert told_apart([Gaussian(), Line(), Lorentzian("b"), Gaussian()]) == (
        Gaussian("a"), Line(), Lorentzian("b"), Gaussian("c"),
    )  # fmt: skip


def test_third_peak_becomes_c():
    model = attached(Gaussian("a") + Gaussian("b"), Gaussian(), "sum")
    assert model == Gaussian("a") + Gaussian("b") + Gaussian("c")


def test_peak_without_prefix_gets_one_when_another_joins():
    assert attached(Gaussian(), Gaussian(), "sum") == Gaussian("a") + Gaussian("b")
    assert attached(Line() * Gaussian(), Gaussian(), "sum") == Line() * Gaussian("a") + Gaussian("b")


def test_product_takes_the_whole_model():
    assert attached(Gaussian() + Line(), ExponentialDecay(), "product") == (Gaussian() + Line()) * ExponentialDecay()


def test_formula_keeps_its_names_and_the_model_beside_it_gets_a_prefix():
    typed = Model.from_expression("height*x")
    assert attached(typed, Gaussian(), "sum") == typed + Gaussian("a")


def test_component_is_taken_out():
    model = Gaussian("a") + Gaussian("b") + Line()
    assert detached(model, 1) == Gaussian("a") + Line()
    assert detached(Gaussian("a") + Line(), 0) == Line()


def test_last_component_with_parameters_cannot_be_taken_out():
    with pytest.raises(ValueError, match="nothing to fit"):
        detached(2.0 * Line(), 1)


def test_components_that_stay_keep_their_values_under_another_prefix():
    values = {"height": 3.0, "center": 4.0, "sigma": 0.5}
    y = np.asarray(Gaussian()(X, **values) + Gaussian()(X, 2.0, 8.0, 0.4))
    start = carried_over(Gaussian(), values, Gaussian("a") + Gaussian("b"), X, y, EVERY)
    assert {name: start[f"a.{name}"] for name in values} == values
    assert start["b.center"] == pytest.approx(8.0, abs=0.1)  # guessed from what the first peak leaves
    assert start["b.height"] == pytest.approx(2.0, rel=0.2)


def test_points_that_do_not_count_are_not_guessed_from():
    values = {"height": 3.0, "center": 4.0, "sigma": 0.5}
    y = np.asarray(Gaussian()(X, **values) + Gaussian()(X, 2.0, 7.0, 0.4)) + np.where(X > 9, 50.0, 0.0)
    start = carried_over(Gaussian(), values, Gaussian("a") + Gaussian("b"), X, y, X <= 9)
    assert start["b.center"] == pytest.approx(7.0, abs=0.1)


def test_of_equal_components_each_keeps_its_own_values():
    old = Gaussian("a") + Gaussian("b")
    values = dict(zip(old.parameter_names, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0), strict=True))
    kept = {"b.height": 4.0, "b.center": 5.0, "b.sigma": 6.0}
    assert carried_over(old, values, Gaussian("b"), X, X, EVERY) == kept
    assert carried_over(old, values, Gaussian("b") * Line(), X, X, EVERY) == kept


def test_another_formula_of_the_same_names_starts_anew():
    old, new = Model.from_expression("a*exp(-x/tau)"), Model.from_expression("a*x/(tau + x)")
    assert carried_over(old, {"a": 1.0, "tau": 2.0}, new, X, X, EVERY) == {}
