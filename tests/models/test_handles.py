"""Handles: where they are, that they come to the pointer, and what happens with bounds or frozen parameters in the way.

Hypothesis drags every handle of every 1-D model of the library about.
"""

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trfkit.models import (
    LIBRARY,
    Arrhenius,
    BiExponential,
    BreitWignerFano,
    Constant,
    DampedOscillation,
    DebyeRelaxation,
    ErfcDiffusion,
    ExponentialDecay,
    ExponentialGrowth,
    Gaussian,
    Gaussian2D,
    Gompertz,
    Hill,
    Line,
    Logistic,
    Logistic4,
    Logistic5,
    Lorentzian,
    MichaelisMenten,
    Model,
    Planck,
    Polynomial,
    PowerLaw,
    PseudoVoigt,
    Rectangle,
    SineWithTrend,
    SkewedGaussian,
    Step,
    StretchedExponential,
    Voigt,
)
from trfkit.models.document import from_document, to_document
from trfkit.models.handles import Handle, dragged, handles

SPAN = (0.0, 10.0)
X = np.linspace(*SPAN, 201)


def typed(text, **about):
    return Model.from_expression(text, **about)


def wave(x, a, b):
    return a * np.sin(b * x)


def broken(x, a):
    raise RuntimeError("never works")


# A model, the handles that a scientist expects, and values.
CASES = [
    (Constant(), "level", {"offset": 2.0}),
    (Line(), "left right", {"slope": -0.5, "intercept": 3.0}),
    (Polynomial(0), "point.0", {"c0": 1.0}),
    (Polynomial(3), "point.0 point.1 point.2 point.3", {"c0": 1.0, "c1": -2.0, "c2": 0.5, "c3": -0.03}),
    (Gaussian(), "peak side", {"height": 3.0, "center": 4.0, "sigma": 0.8}),
    (Lorentzian(), "peak side", {"height": -3.0, "center": 4.0, "gamma": 0.8}),
    (Voigt(), "peak side", {"area": 5.0, "center": 4.0, "sigma": 0.6, "gamma": 0.3}),
    (PseudoVoigt(), "peak side", {"height": 3.0, "center": 4.0, "fwhm": 1.5, "fraction": 0.3}),
    (SkewedGaussian(), "peak side", {"area": 5.0, "location": 4.0, "scale": 1.2, "shape": -3.0}),
    (BreitWignerFano(), "dip peak level", {"amplitude": 2.0, "center": 5.0, "width": 1.0, "q": 1.5}),
    (ExponentialDecay(), "start tau", {"amplitude": 4.0, "tau": 3.0}),
    (ExponentialGrowth(), "end rate", {"amplitude": 0.5, "rate": 0.3}),
    (StretchedExponential(), "start tau beta", {"amplitude": 4.0, "tau": 3.0, "beta": 0.7}),
    (
        BiExponential(),
        "fast_start fast_tau slow_start slow_tau",
        {"amplitude1": 3.0, "tau1": 0.6, "amplitude2": 2.0, "tau2": 5.0},
    ),
    (PowerLaw(), "left right", {"amplitude": 2.0, "exponent": 1.3}),
    (Logistic(), "top center rate", {"height": 4.0, "center": 5.0, "rate": 1.5}),
    (Logistic4(), "bottom top center rate", {"bottom": 1.0, "top": 4.0, "center": 5.0, "rate": -1.5}),
    (
        Logistic5(),
        "bottom top center rate",
        {"bottom": 1.0, "top": 4.0, "center": 5.0, "rate": 1.5, "asymmetry": 0.6},
    ),
    (Gompertz(), "top center rate", {"height": 4.0, "center": 4.0, "rate": 1.0}),
    (MichaelisMenten(), "vmax km", {"vmax": 4.0, "km": 2.0}),
    (Hill(), "top k n", {"top": 4.0, "k": 3.0, "n": 2.0}),
    *(
        (Step(form=form), "height center width", {"height": -2.0, "center": 5.0, "width": 0.5})
        for form in ("erf", "arctan", "logistic")
    ),
    *(
        (
            Rectangle(form=form),
            "height left right left_width right_width",
            {"height": 2.0, "left": 3.0, "right": 7.0, "left_width": 0.3, "right_width": 0.4},
        )
        for form in ("erf", "arctan", "logistic")
    ),
    (
        SineWithTrend(),
        "crest next trend_left trend_right",
        {"amplitude": 1.0, "frequency": 0.4, "phase": 0.3, "slope": 0.1, "intercept": 2.0},
    ),
    (DampedOscillation(), "crest next tau", {"amplitude": 2.0, "frequency": 0.4, "phase": 0.3, "tau": 4.0}),
    (Planck(), "peak", {"scale": 2.0, "temperature": 700.0}),
    (Arrhenius(), "left right", {"prefactor": 3.0, "activation_energy": 20.0}),
    (DebyeRelaxation(), "low high tau", {"high": 1.0, "strength": 3.0, "tau": 0.3}),
    (ErfcDiffusion(), "surface bulk length", {"surface": 4.0, "bulk": 1.0, "length": 3.0}),
]
EVERY = pytest.mark.parametrize(("model", "names", "values"), CASES, ids=[repr(case[0]) for case in CASES])

# Handles that cannot follow everywhere: where they can.
LEFT_OF = {  # another handle, or a place, that it stays left of
    ("Rectangle", "left_width"): "left",
    ("ExponentialGrowth", "rate"): "end",
}
RIGHT_OF = {
    **{(sigmoid, "rate"): "center" for sigmoid in ("Logistic", "Logistic4", "Logistic5", "Gompertz")},
    ("BreitWignerFano", "peak"): "dip",
    ("Hill", "n"): "k",
    ("Step", "width"): "center",
    ("Rectangle", "right_width"): "right",
    ("SineWithTrend", "next"): "crest",
    ("DampedOscillation", "next"): "crest",
    **{(peak, "side"): "peak" for peak in ("Gaussian", "Lorentzian", "Voigt", "PseudoVoigt", "SkewedGaussian")},
}
# Of its present height, below or above: a power law has no zero, an amplitude is not negative.
POSITIVE = ("PowerLaw", "Arrhenius", "DampedOscillation", "Planck", "StretchedExponential")


def by_id(model, values, frozen=(), span=SPAN):
    return {handle.id: handle for handle in handles(model, values, span, frozen)}


def after(model, handle, values, x, y, **options):
    """All values after a drag, and the handle."""
    moved = values | dragged(model, handle, values, x, y, **options)
    return moved, by_id(model, moved, options.get("frozen", ()), handle.x_range).get(handle.id)


def kind(model):
    return model.name.partition("(")[0]


def pointer(data, model, handle, others):
    """A place on the plot that the handle can be brought to."""
    key = kind(model), handle.id
    low, high = 0.2, 9.8
    if key in RIGHT_OF:
        low = others[RIGHT_OF[key]].x + 0.2
        high = max(high, low + 3.0)
    if key in LEFT_OF:
        high = others[LEFT_OF[key]].x - 0.2
        low = min(low, high - 3.0)
    if key == ("SineWithTrend", "crest"):
        return data.draw(st.floats(low, high)), data.draw(st.floats(4.0, 10.0))  # above the trend
    x = data.draw(st.floats(low, high))
    if key == ("StretchedExponential", "beta"):
        return x, others["start"].y * data.draw(st.floats(0.02, 0.3))
    return x, handle.y * data.draw(st.floats(0.1, 3.0)) if kind(model) in POSITIVE else data.draw(st.floats(-5.0, 5.0))


def assert_at(handle, x, y, extent=10.0):
    if "x" in handle.follows:
        assert handle.x == pytest.approx(x, abs=1e-9 * extent)
    if "y" in handle.follows:
        assert handle.y == pytest.approx(y, abs=1e-9 * extent)


# --- the library


@EVERY
def test_model_has_the_handles_that_one_expects(model, names, values):
    assert " ".join(by_id(model, values)) == names


@pytest.mark.parametrize("factory", LIBRARY, ids=lambda factory: factory.__name__)
def test_every_model_of_the_library_is_tried_or_an_image(factory):
    assert factory is Gaussian2D or any(kind(model) == factory.__name__ for model, *_ in CASES)


@EVERY
@settings(max_examples=30)
@given(data=st.data())
def test_handle_comes_to_the_pointer_and_moves_only_what_it_says(model, names, values, data):
    there = by_id(model, values)
    handle = there[data.draw(st.sampled_from(names.split()))]
    x, y = pointer(data, model, handle, there)
    moved, now = after(model, handle, values, x, y)
    assert_at(now, x, y)
    assert set(dragged(model, handle, values, x, y)) == set(handle.moves)
    assert {name for name in values if moved[name] != values[name]} <= set(handle.moves)
    lower, upper = model.bounds
    assert all(low <= moved[name] <= high for name, low, high in zip(values, lower, upper, strict=True))


@EVERY
@settings(max_examples=30)
@given(data=st.data())
def test_any_pointer_and_any_values_leave_finite_numbers_within_bounds(model, names, values, data):
    wild = st.one_of(st.floats(), st.floats(-20.0, 20.0))
    drawn = {name: data.draw(st.one_of(st.just(value), wild)) for name, value in values.items()}
    lower, upper = model.bounds
    for handle in handles(model, drawn, SPAN):
        moved = dragged(model, handle, drawn, data.draw(wild), data.draw(wild))
        for name, low, high in zip(values, lower, upper, strict=True):
            if name in moved and moved[name] != drawn[name] and not math.isnan(drawn[name]):
                assert math.isfinite(moved[name]) and low <= moved[name] <= high


@EVERY
@settings(max_examples=20)
@given(data=st.data())
def test_with_one_parameter_frozen_it_stays_and_the_handle_comes_no_further_away(model, names, values, data):
    frozen = {data.draw(st.sampled_from(sorted(values)))}
    there = by_id(model, values, frozen)
    if not there:
        assert len(values) == 1 or kind(model) == "Planck"
        return
    handle = there[data.draw(st.sampled_from(sorted(there)))]
    assert not frozen & set(handle.moves)
    x, y = pointer(data, model, handle, by_id(model, values))
    moved, now = after(model, handle, values, x, y, frozen=frozen)
    assert all(moved[name] == values[name] for name in frozen)
    if handle.follows == "x":
        assert abs(now.x - x) <= abs(handle.x - x) + 1e-9
    if handle.follows == "y":
        assert abs(now.y - y) <= abs(handle.y - y) + 1e-9


@EVERY
def test_handles_lie_on_the_plot(model, names, values):
    y = np.asarray(model(X, *values.values()))
    low, high = np.nanmin(y[1:]), np.nanmax(y[1:])
    room = 0.6 * (high - low) + 1e-9
    assert all(low - room <= handle.y <= high + room for handle in handles(model, values, SPAN))


@pytest.mark.parametrize("name", ["Gaussian", "Lorentzian", "Voigt", "PseudoVoigt", "SkewedGaussian"])
def test_peak_is_at_the_maximum_and_side_at_half_of_it(name):
    model, _, values = next(case for case in CASES if kind(case[0]) == name)
    there = by_id(model, values)
    x = np.linspace(*SPAN, 100_001)
    y = np.asarray(model(x, *values.values()))
    at = np.argmax(np.abs(y))
    assert there["peak"].x == pytest.approx(x[at], abs=2e-4)
    assert there["peak"].y == pytest.approx(y[at], rel=1e-6)
    assert there["side"].y == pytest.approx(0.5 * y[at], rel=1e-6)
    assert float(model(there["side"].x, *values.values())) == pytest.approx(there["side"].y, rel=1e-3)


def test_side_of_a_peak_leaves_top_and_height_where_they_are():
    for name in ("Voigt", "SkewedGaussian"):
        model, _, values = next(case for case in CASES if kind(case[0]) == name)
        before = by_id(model, values)
        moved, _ = after(model, before["side"], values, 6.5, 0.0)
        now = by_id(model, moved)["peak"]
        assert (now.x, now.y) == pytest.approx((before["peak"].x, before["peak"].y), rel=1e-9)


def test_voigt_keeps_the_ratio_of_its_widths():
    values = {"area": 5.0, "center": 4.0, "sigma": 0.6, "gamma": 0.3}
    moved, _ = after(Voigt(), by_id(Voigt(), values)["side"], values, 7.0, 0.0)
    assert moved["sigma"] / moved["gamma"] == pytest.approx(2.0)


def test_a_pointer_beyond_the_center_means_the_same_width():
    values = {"height": 3.0, "center": 4.0, "sigma": 0.8}
    side = by_id(Gaussian(), values)["side"]
    assert dragged(Gaussian(), side, values, 2.0, 0.0) == pytest.approx(dragged(Gaussian(), side, values, 6.0, 0.0))
    assert dragged(Gaussian(), side, values, 4.0, 0.0)["sigma"] > 0


def test_side_of_a_peak_at_the_right_edge_is_at_its_left():
    values = {"height": 3.0, "center": 9.8, "sigma": 1.0}
    side = by_id(Gaussian(), values)["side"]
    assert side.x < 9.8
    assert after(Gaussian(), side, values, 7.0, 0.0)[1].x == pytest.approx(7.0)


@pytest.mark.parametrize(
    ("model", "dragging", "staying"),
    [
        (Line(), "left", ["right"]),
        (Polynomial(3), "point.1", ["point.0", "point.2", "point.3"]),
        (PowerLaw(), "right", ["left"]),
        (Arrhenius(), "left", ["right"]),
        (ExponentialDecay(), "tau", ["start"]),
        (ExponentialGrowth(), "rate", ["end"]),
        (BiExponential(), "slow_tau", ["slow_start", "fast_start"]),
        (DebyeRelaxation(), "high", ["low"]),
        (SineWithTrend(), "next", ["crest", "trend_left"]),
        (DampedOscillation(), "next", ["crest"]),
        (BreitWignerFano(), "level", ["dip", "peak"]),
        (BreitWignerFano(), "peak", ["dip"]),
    ],
    ids=lambda part: part if isinstance(part, str) else None,
)
@pytest.mark.parametrize("span", [SPAN, (2.0, 9.0)])
def test_other_handles_stay(model, dragging, staying, span):
    values = next(case[2] for case in CASES if case[0] == model)
    before = by_id(model, values, span=span)
    handle = before[dragging]
    moved, now = after(model, handle, values, handle.x + 0.4, handle.y * 1.2)
    assert_at(now, handle.x + 0.4, handle.y * 1.2)
    there = by_id(model, moved, span=span)
    for name in staying:
        assert (there[name].x, there[name].y) == pytest.approx((before[name].x, before[name].y), rel=1e-9)


@pytest.mark.parametrize(("model", "name", "turned"), [(Logistic(), "rate", "rate"), (BreitWignerFano(), "peak", "q")])
def test_on_the_other_side_the_parameter_has_the_other_sign(model, name, turned):
    values = next(case[2] for case in CASES if case[0] == model)
    moved, now = after(model, by_id(model, values)[name], values, 2.0, 3.0)
    assert_at(now, 2.0, 3.0)
    assert moved[turned] < 0 < values[turned]


def test_a_power_law_goes_next_to_zero_where_the_pointer_is_beyond():
    values = {"amplitude": 2.0, "exponent": 1.3}
    right = by_id(PowerLaw(), values)["right"]
    _, now = after(PowerLaw(), right, values, 10.0, -50.0)
    assert 0 < now.y < 1e-3


def test_crest_carries_its_identity_over_many_periods():
    values = {"amplitude": 1.0, "frequency": 2.0, "phase": 0.3, "slope": 0.0, "intercept": 0.0}
    handle = by_id(SineWithTrend(), values)["crest"]
    for x in (0.0, 3.3, 9.9, 10.0):
        moved, now = after(SineWithTrend(), handle, values, x, 1.5)
        assert (now.x, now.y) == pytest.approx((x, 1.5), abs=1e-8)
        assert float(SineWithTrend()(x, *moved.values())) == pytest.approx(1.5)


def test_bounded_phase_is_turned_by_whole_turns():
    values = {"amplitude": 1.0, "frequency": 2.0, "phase": 0.3, "slope": 0.0, "intercept": 0.0}
    handle = by_id(SineWithTrend(), values)["crest"]
    moved = values | dragged(SineWithTrend(), handle, values, 7.1, 1.5, bounds={"phase": (-math.pi, math.pi)})
    assert -math.pi <= moved["phase"] <= math.pi
    assert float(SineWithTrend()(7.1, *moved.values())) == pytest.approx(1.5)


# --- sums and products


PEAKS = Gaussian("a") + Gaussian("b") + Line()
AT = {
    "a.height": 3.0, "a.center": 4.0, "a.sigma": 1.0, "b.height": 2.0, "b.center": 5.0, "b.sigma": 1.5,
    "slope": 0.3, "intercept": 1.0,
}  # fmt: skip


def test_handles_of_a_sum_are_told_apart_and_drawn_on_top():
    there = by_id(PEAKS, AT)
    assert list(there) == ["a.peak", "a.side", "b.peak", "b.side", "left", "right"]
    labels = [handle.label for handle in there.values()]
    assert labels == ["peak a", "half width a", "peak b", "half width b", "left end Line", "right end Line"]
    assert there["a.peak"].moves == ("a.height", "a.center")
    assert there["a.peak"].y == pytest.approx(float(PEAKS(4.0, **AT)))
    assert there["left"].y == pytest.approx(float(PEAKS(0.0, **AT)))


@settings(max_examples=50)
@given(name=st.sampled_from(["a.peak", "a.side", "b.peak", "b.side", "left", "right"]), data=st.data())
def test_handle_in_a_sum_comes_to_the_pointer(name, data):
    handle = by_id(PEAKS, AT)[name]
    x, y = data.draw(st.floats(6.0, 9.0)), data.draw(st.floats(-5.0, 9.0))
    moved, now = after(PEAKS, handle, AT, x, y)
    assert_at(now, x, y)
    if name == "a.peak":
        assert float(PEAKS(x, **moved)) == pytest.approx(y)


@settings(max_examples=50)
@given(data=st.data())
def test_handle_in_a_product_comes_to_the_pointer(data):
    model = (Gaussian("g") + 1) * ExponentialDecay("e") * 2 + Constant("c")
    values = {"g.height": 3.0, "g.center": 4.0, "g.sigma": 1.0, "e.amplitude": 2.0, "e.tau": 5.0, "c.offset": -1.0}
    there = by_id(model, values)
    assert there["g.peak"].y == pytest.approx(float(model(4.0, **values)))
    handle = data.draw(st.sampled_from(sorted(there.values(), key=lambda h: h.id)))
    x, y = data.draw(st.floats(6.0, 9.0)), data.draw(st.floats(-5.0, 9.0))
    assert_at(after(model, handle, values, x, y)[1], x, y)


def test_a_factor_of_zero_leaves_the_height_alone():
    model = Gaussian() * Line()
    values = {"height": 3.0, "center": 4.0, "sigma": 1.0, "slope": 0.0, "intercept": 0.0}
    moved = dragged(model, by_id(model, values)["peak"], values, 5.0, 9.0)
    assert moved == {"height": 3.0, "center": 5.0}


def test_share_of_the_others_is_that_of_where_the_handle_ends():
    handle = by_id(PEAKS, AT)["a.peak"]
    moved = dragged(PEAKS, handle, AT, 9.0, 7.0, frozen=["a.center"])
    assert set(moved) == {"a.height"}
    assert float(PEAKS(4.0, **AT | moved)) == pytest.approx(7.0)


def test_ids_are_unique_even_where_components_share_a_prefix():
    model = PowerLaw("a") + Line("a")
    there = by_id(model, {"a.amplitude": 1.0, "a.exponent": 1.0, "a.slope": 2.0, "a.intercept": 1.0})
    assert list(there) == ["a.left", "a.right", "a.left.2", "a.right.2"]
    assert there["a.left.2"].moves == ("a.slope", "a.intercept")


def test_ids_do_not_depend_on_what_is_left_out():
    model = PowerLaw("a") + Line("a")
    values = {"a.amplitude": math.nan, "a.exponent": 1.0, "a.slope": 2.0, "a.intercept": 1.0}
    frozen = ["a.amplitude", "a.exponent"]
    assert list(by_id(model, {**values, "a.amplitude": 1.0}, frozen)) == ["a.left.2", "a.right.2"]


# --- frozen parameters and bounds


def test_peak_of_fixed_center_moves_up_and_down():
    values = {"height": 3.0, "center": 4.0, "sigma": 0.8}
    handle = by_id(Gaussian(), values, frozen={"center"})["peak"]
    assert handle.moves == ("height",)
    assert dragged(Gaussian(), handle, values, 7.0, 5.0, frozen={"center"}) == {"height": 5.0}


def test_what_cannot_move_is_not_offered():
    values = {"area": 5.0, "center": 4.0, "sigma": 0.6, "gamma": 0.3}
    assert list(by_id(Voigt(), values, frozen={"sigma", "gamma"})) == ["peak"]
    assert by_id(Voigt(), values, frozen=set(values)) == {}


def test_one_free_width_of_a_voigt_profile_does_the_work_of_both():
    values = {"area": 5.0, "center": 4.0, "sigma": 0.6, "gamma": 0.3}
    side = by_id(Voigt(), values)["side"]
    moved, now = after(Voigt(), side, values, 6.0, 0.0, frozen={"sigma"})
    assert now.x == pytest.approx(6.0)
    assert (moved["sigma"], moved["center"]) == (0.6, 4.0)


def test_line_of_fixed_slope_moves_as_a_whole():
    values = {"slope": 0.3, "intercept": 1.0}
    right = by_id(Line(), values, frozen=["slope"])["right"]
    assert dragged(Line(), right, values, 10.0, 6.0, frozen=["slope"]) == pytest.approx({"intercept": 3.0})


def test_bounds_given_hold_and_the_handle_is_as_near_as_it_can():
    values = {"slope": 0.3, "intercept": 1.0}
    left = by_id(Line(), values)["left"]
    moved, now = after(Line(), left, values, 0.0, 5.0, bounds={"slope": (0.25, 0.35)})
    assert moved["slope"] == 0.25
    assert now.y == pytest.approx(5.0)
    moved, now = after(Line(), left, values, 0.0, 5.0, bounds={"slope": (0.25, 0.35), "intercept": (0.0, 2.0)})
    assert moved["intercept"] == pytest.approx(2.0)
    assert now.y == pytest.approx(2.0)


def test_bounds_of_the_model_hold():
    height, center, sigma = Gaussian().parameters
    center = dataclasses.replace(center, min=3.0, max=5.0, default=4.0)
    model = dataclasses.replace(Gaussian(), parameters=(height, center, sigma))
    values = {"height": 3.0, "center": 4.0, "sigma": 0.8}
    _, now = after(model, by_id(model, values)["peak"], values, 7.0, 1.0)
    assert (now.x, now.y) == (5.0, 1.0)


def test_bounds_that_a_sum_was_given_hold():
    first, *rest = PEAKS.parameters
    model = dataclasses.replace(PEAKS, parameters=(dataclasses.replace(first, max=3.5), *rest))
    assert dragged(model, by_id(model, AT)["a.peak"], AT, 4.0, 20.0)["a.height"] == 3.5


def test_amplitude_at_its_bound_leaves_the_crest_in_the_pointers_column():
    values = {"amplitude": 1.0, "frequency": 0.3, "phase": 0.2, "slope": 0.1, "intercept": 2.0}
    handle = by_id(SineWithTrend(), values)["crest"]
    moved, now = after(SineWithTrend(), handle, values, 1.5, 0.0)
    assert moved["amplitude"] == 0.0
    assert now.x == pytest.approx(1.5, abs=1e-4)


# --- models without handles of their own


DECAY = typed("a*exp(-x/tau) + c", tau={"min": 0.0})
DECAY_AT = {"a": 2.0, "tau": 3.0, "c": 0.1}


def test_typed_model_has_points_on_its_curve():
    there = by_id(DECAY, DECAY_AT)
    assert list(there) == [f"pull.{k}" for k in range(5)]
    for handle in there.values():
        assert handle.y == pytest.approx(float(DECAY(handle.x, **DECAY_AT)))
        assert handle.moves == ("a", "tau", "c")


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (DECAY, DECAY_AT),
        (Model.from_function(wave, prefix="w") + Line(), {"w.a": 1.0, "w.b": 1.2, "slope": 0.1, "intercept": 0.3}),
        (typed("k*x", prefix="t") * ExponentialDecay("e"), {"t.k": 2.0, "e.amplitude": 1.0, "e.tau": 4.0}),
    ],
    ids=["typed", "NumPy in a sum", "typed in a product"],
)
@settings(max_examples=20)
@given(k=st.integers(0, 4), factor=st.floats(0.5, 2.0))
def test_pulled_curve_passes_through_the_pointer(model, values, k, factor):
    handle = next(h for h in handles(model, values, SPAN) if h.id.endswith(f"pull.{k}"))
    y = handle.y * factor
    moved, now = after(model, handle, values, handle.x, y)
    assert now.y == pytest.approx(y, rel=1e-7)
    assert float(model(np.array([handle.x]), **moved)[0]) == pytest.approx(y, rel=1e-7)


def test_pull_changes_parameters_as_little_as_can_be():
    model = typed("a*x + b*x", prefix="")
    values = {"a": 10.0, "b": 1.0}
    handle = by_id(model, values)["pull.2"]
    moved, _ = after(model, handle, values, handle.x, handle.y + 5.05)
    # Least (Δa/10)² + Δb² with (Δa + Δb) · 5 = 5.05
    assert (moved["a"] - 10.0, moved["b"] - 1.0) == pytest.approx((1.0, 0.01), rel=1e-6)


@pytest.mark.parametrize("c", [0.0, 1e-14, 1e-7])
def test_a_value_of_nothing_can_be_pulled(c):
    values = DECAY_AT | {"c": c}
    handle = by_id(DECAY, values, frozen={"a", "tau"})["pull.3"]
    _, now = after(DECAY, handle, values, handle.x, handle.y + 1.0, frozen={"a", "tau"})
    assert now.y == pytest.approx(handle.y + 1.0)


def test_what_cannot_be_reached_is_approached_without_running_away():
    handle = by_id(DECAY, DECAY_AT)["pull.0"]
    moved, now = after(DECAY, handle, DECAY_AT, handle.x, 5.0, frozen={"a", "c"})
    assert handle.y < now.y < 2.1  # tau → ∞
    assert now.y == pytest.approx(2.1, rel=0.05)
    assert moved["tau"] < 1e4
    moved, now = after(DECAY, handle, DECAY_AT, handle.x, -5.0, frozen={"a", "c"})
    assert 0 < moved["tau"]
    assert now.y == pytest.approx(0.1, abs=0.05)


def test_pull_stays_within_bounds():
    handle = by_id(DECAY, DECAY_AT)["pull.1"]
    limits = {"a": (1.9, 2.1), "tau": (2.8, 3.2), "c": (0.0, 0.2)}
    moved, now = after(DECAY, handle, DECAY_AT, handle.x, 5.0, bounds=limits)
    assert moved == pytest.approx({"a": 2.1, "tau": 3.2, "c": 0.2})
    assert now.y == pytest.approx(2.1 * math.exp(-handle.x / 3.2) + 0.2)


@settings(max_examples=30)
@given(values=st.tuples(st.floats(), st.floats(), st.floats()), x=st.floats(), y=st.floats())
def test_pulling_never_raises(values, x, y):
    values = dict(zip(DECAY_AT, values, strict=True))
    for handle in handles(DECAY, values, SPAN):
        assert all(math.isfinite(v) for v in dragged(DECAY, handle, values, x, y).values())


def stepwise(x, a):
    if a > 1.5:
        raise ValueError("too much")
    return a * np.ones_like(x)


def test_a_function_that_raises_is_left_where_it_last_worked():
    model = Model.from_function(stepwise)
    handle = by_id(model, {"a": 1.0})["pull.0"]
    moved = dragged(model, handle, {"a": 1.0}, handle.x, 5.0)
    assert 1.0 <= moved["a"] <= 1.5


@pytest.mark.parametrize(
    "model",
    [
        Gaussian2D(),
        Gaussian2D() + Constant(),
        typed("a*u + b*v", independent=("u", "v")),
        Model.from_function(broken),
        Model.from_function(broken) + Line(),
        Model.from_function(lambda x, a: a * x[0], name="of the first point"),
        Model.from_function(lambda x, a: a * jnp.exp(1j * x), name="complex"),
    ],
    ids=repr,
)
def test_images_and_functions_that_do_not_work_have_none(model):
    assert handles(model, dict.fromkeys(model.parameter_names, 1.0), SPAN) == ()


# --- bad values


@pytest.mark.parametrize(
    "values",
    [
        {"height": math.nan, "center": 1.0, "sigma": 1.0},
        {"height": 1.0, "center": math.inf, "sigma": 1.0},
        {"height": math.inf, "center": 1.0, "sigma": 0.0},
    ],
)
def test_handles_without_a_place_are_left_out(values):
    assert handles(Gaussian(), values, SPAN) == ()


def test_a_width_of_zero_can_be_widened():
    values = {"height": 1.0, "center": 1.0, "sigma": 0.0}
    side = by_id(Gaussian(), values)["side"]
    assert side.x == 1.0
    assert after(Gaussian(), side, values, 3.0, 0.5)[1].x == pytest.approx(3.0)


@pytest.mark.parametrize("span", [(math.nan, 1.0), (0.0, math.inf)])
def test_a_plot_without_ends_has_no_handles(span):
    assert handles(Line(), {"slope": 1.0, "intercept": 0.0}, span) == ()


def test_ends_of_the_plot_go_either_way_round():
    values = {"slope": 1.0, "intercept": 0.0}
    assert handles(Line(), values, (10.0, 0.0)) == handles(Line(), values, SPAN)


@pytest.mark.parametrize("pointer", [(math.nan, math.nan), (math.inf, -math.inf)])
def test_a_pointer_that_is_nowhere_changes_nothing(pointer):
    handle = by_id(PEAKS, AT)["a.peak"]
    assert dragged(PEAKS, handle, AT, *pointer) == pytest.approx({"a.height": 3.0, "a.center": 4.0})


def test_handle_of_another_model_is_refused():
    handle = Handle("b.peak", "peak b", 0.0, 0.0, (), "xy", SPAN)
    with pytest.raises(ValueError, match=r"Gaussian\('a'\) has no handle 'b.peak', only a.peak, a.side: ask"):
        dragged(Gaussian("a"), handle, AT, 1.0, 1.0)


def test_models_that_come_back_from_a_document_have_their_handles():
    assert handles(from_document(to_document(PEAKS)), AT, SPAN) == handles(PEAKS, AT, SPAN)


def test_handles_compile_nothing_for_a_model_by_itself(compilations):
    with compilations() as compiled:
        for model, _, values in CASES:
            for handle in handles(model, values, SPAN):
                dragged(model, handle, values, handle.x + 0.1, handle.y)
    assert compiled.names == []


def test_dragging_a_sum_compiles_once(compilations):
    def drag_all():
        for handle in handles(PEAKS, AT, SPAN):
            dragged(PEAKS, handle, AT, handle.x + 0.1, handle.y)

    drag_all()
    with compilations() as compiled:
        drag_all()
    assert compiled.names == []
