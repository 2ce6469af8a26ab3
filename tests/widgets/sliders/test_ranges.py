"""Where the slider of a parameter begins and ends, and what its positions stand for."""

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given

from trfkit.parameters import Parameter
from trfkit.widgets.sliders.ranges import STEPS, SliderRange, Sliders, slider_range

INF = math.inf
values = st.floats(-1e12, 1e12)
bounds = st.one_of(st.just((-INF, INF)), st.tuples(values, values).map(sorted).filter(lambda b: b[0] < b[1]),
                   values.map(lambda low: (low, INF)), values.map(lambda high: (-INF, high)))  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "error", "expected"),
    [
        (Parameter("a", 104.0, 0, 200), 0.8, (0, 200, False)),
        (Parameter("a", 0.011, 0, 0.1), None, (0, 0.1, False)),
        (Parameter("a", 3.0, 1e-3, 1e3), None, (1e-3, 1e3, True)),  # bounds six decades apart
        (Parameter("a", 2.0, 0, 1e6), None, (2e-3, 1e6, True)),  # all that matters is in the first linear step
        (Parameter("a", 0.0, 0, 1e6), None, (0, 1e6, False)),
        (Parameter("a", 5.0), 0.5, (0, 10, False)),
        (Parameter("a", 5.0, min=4.0), 0.5, (4, 10, False)),
        (Parameter("a", 5.0), INF, (-5, 15, False)),
        (Parameter("a", 5.0), None, (-5, 15, False)),
        (Parameter("a", 5.0, min=0), None, (0.5, 50, True)),
        (Parameter("a", 5.0, max=6.0), None, (-5, 6, False)),
        (Parameter("a", 0.0), None, (-1, 1, False)),
        (Parameter("a", 12.0, 0, 10), None, (0, 12, False)),  # a value that came from outside of its bounds
        (Parameter("a", -3.0, min=5.0), None, (-3, 50, False)),
    ],
)
def test_range_follows_bounds_then_error_then_size(parameter, error, expected):
    assert slider_range(parameter, parameter.value, error) == pytest.approx(expected)


@given(values, bounds, st.one_of(st.none(), st.floats(0, INF)))
def test_every_range_holds_the_value_and_every_position_is_on_it(value, ends, error):
    there = slider_range(Parameter("a", value, *ends), value, error)
    assert there.low <= value <= there.high and there.low < there.high
    assert 0 <= there.position(value) <= STEPS
    assert (there.value(0), there.value(STEPS)) == (there.low, there.high)
    steps = [there.value(position) for position in range(0, STEPS + 1, 50)]
    assert steps == sorted(steps)


@pytest.mark.parametrize("there", [SliderRange(0, 200), SliderRange(-1, 3), SliderRange(1e-3, 1e3, log=True)])
def test_each_position_has_a_short_value_of_its_own_and_is_found_again(there):
    steps = [there.value(position) for position in range(STEPS + 1)]
    assert len(set(steps)) == STEPS + 1 >= 1001
    assert [there.position(value) for value in steps] == list(range(STEPS + 1))
    assert all(len(f"{value:.12g}") <= 7 for value in steps)


def test_value_that_is_not_a_number_has_a_place_all_the_same():
    there = slider_range(Parameter("a", 1.0), math.nan)
    assert there == (-1, 1, False) and there.position(math.nan) == there.position(INF) == 0


def test_slider_stays_while_the_value_is_on_it_and_moves_when_it_leaves():
    sliders, free = Sliders(), Parameter("a", 5.0)
    assert sliders.range(free, 5.0) == (-5, 15, False)
    assert sliders.range(free, 14.0) == (-5, 15, False)
    assert sliders.range(free, 15.0) == (-15, 45, False)  # its end is no bound: there is more beyond
    assert sliders.range(free, 100.0) == (-100, 300, False)
    assert sliders.range(free, 1e-6) == pytest.approx((-1e-6, 3e-6, False))  # less than a step
    assert sliders.range(free, 5.0, 0.5) == sliders.range(free, 6.0) == (0, 10, False)  # off the result: no error
    assert sliders.range(free, 1e-6, 1e-3) == pytest.approx((1e-6 - 1e-2, 1e-6 + 1e-2, False))


def test_slider_that_is_held_stays_until_it_is_let_go():
    sliders, free = Sliders(), Parameter("a", 5.0)
    there = sliders.range(free, 5.0)
    sliders.hold("a", there)
    assert sliders.range(free, 15.0) == sliders.range(free, 1e6) == there
    sliders.release()
    assert sliders.range(free, 15.0) == (-15, 45, False)
