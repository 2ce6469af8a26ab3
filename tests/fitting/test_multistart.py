import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.fitting.joint import DataSet, Joint
from trfkit.fitting.multistart import design, multistart
from trfkit.models import Model
from trfkit.parameters import Parameter, Parameters

X = np.linspace(0, 10, 40)


def _sine(x, a, f):
    return a * jnp.sin(f * x)


def _numpy_sine(x, a, f):
    return float(a) * np.sin(float(f) * np.asarray(x))


WAVE = _numpy_sine(X, 2.0, 3.0) + 0.1 * np.random.default_rng(0).standard_normal(40)
START = Parameters([Parameter("a", 1.0, 0, 10), Parameter("f", 1.0, 0, 6)])


def _joint(model=_sine, parameters=START, y=WAVE, name=""):
    return Joint([DataSet(name, Model.from_function(model), tuple(parameters), X, y, 0.1)], parameters, {}, True)


def _free(**values):
    return Parameters(Parameter(name, value) for name, value in values.items())


# the design


def test_a_seed_makes_a_design_and_another_seed_another():
    joint = _joint()
    np.testing.assert_array_equal(design(joint, 20, 5), design(joint, 20, 5))
    assert not np.array_equal(design(joint, 20, 5)[1:], design(joint, 20, 6)[1:])


def test_the_given_start_comes_first_and_may_be_all():
    np.testing.assert_array_equal(design(_joint(), 20, 0)[0], [1.0, 1.0])
    np.testing.assert_array_equal(design(_joint(), 1, 0), [[1.0, 1.0]])


def test_between_two_bounds_each_stratum_has_one_start():
    points = design(_joint(), 41, 0)[1:] / [10.0, 6.0]
    for column in points.T:
        assert sorted(np.floor(column * 40).astype(int)) == list(range(40))


def test_a_positive_parameter_is_varied_over_two_decades():
    points = design(_joint(parameters=_free(a=3.0, f=1.0).bound("a", min=0)), 201, 0)[1:, 0]
    assert 0.3 < points.min() < 0.31
    assert 29 < points.max() < 30
    assert np.median(points) == pytest.approx(3.0, rel=0.05)


@pytest.mark.parametrize(
    ("bounds", "low", "high"),
    [({}, -3, 9), ({"min": 2.5}, 2.5, 9), ({"max": 4}, -3, 4), ({"min": 2.9, "max": 1e6}, 2.9, 1e6)],
)
def test_any_other_is_varied_by_twice_its_size_as_far_as_its_bounds_let_it(bounds, low, high):
    points = design(_joint(parameters=_free(a=3.0, f=1.0).bound("a", **bounds)), 201, 0)[1:, 0]
    assert low < points.min() < low + 0.01 * (high - low)
    assert high - 0.01 * (high - low) < points.max() < high
    assert np.unique(points).size == 200  # none was cut off at a bound


def test_a_parameter_at_zero_is_varied_by_two():
    points = design(_joint(parameters=_free(a=0.0, f=-0.5)), 101, 0)[1:]
    np.testing.assert_allclose(points.min(0), [-2, -1.5], atol=0.05)
    np.testing.assert_allclose(points.max(0), [2, 0.5], atol=0.05)


# the fits


@pytest.mark.parametrize("model", [_sine, _numpy_sine])
def test_the_lowest_of_many_minima_is_found_where_the_given_start_misses_it(model):
    joint = _joint(model)
    missed = joint.run()
    found = multistart(joint, 32, 0)
    assert missed.cost > 100 * found.cost[found.best]
    np.testing.assert_allclose(found.x[found.best], [2, 3], rtol=0.02)
    np.testing.assert_allclose(found.cost[0], missed.cost, rtol=1e-9)  # the first is the given one
    assert ((found.x >= joint.lb) & (found.x <= joint.ub)).all()
    assert found.minima[0].cost == found.cost[found.best]
    assert found.minima[0].count > 1
    assert sum(minimum.count for minimum in found.minima) == found.success.sum()
    assert np.all(np.diff([minimum.cost for minimum in found.minima]) >= 0)


def test_two_places_of_one_cost_are_two_minima():
    minima = multistart(_joint(parameters=_free(a=1.0, f=2.9)), 32, 1).minima
    best = [m for m in minima if m.cost < 1.001 * minima[0].cost]
    places = sorted(tuple(np.sign(m.x)) for m in best)
    assert places == [(-1, -1), (1, 1)]  # a sin(f x) = (−a) sin(−f x)


def test_one_minimum_with_a_parameter_at_zero_is_one():
    def line(x, a, b):
        return float(a) * np.asarray(x) + float(b)

    centred = 0.1 * np.sin(7 * X)
    centred -= np.polyval(np.polyfit(X, centred, 1), X)
    found = multistart(_joint(line, _free(a=1.0, b=0.0), centred), 16, 0)
    assert [m.count for m in found.minima] == [16]
    np.testing.assert_allclose(found.minima[0].x, 0, atol=1e-8)
    lines = repr(found).splitlines()
    assert lines[0] == "16 starts, 1 minima"
    assert lines[1].split()[:5] == ["cost", f"{found.cost[found.best]:.6g}", "from", "16", "starts"]


def test_a_perfect_fit_is_one_minimum_of_no_cost():
    found = multistart(_joint(y=_numpy_sine(X, 2.0, 3.0)), 32, 0)
    assert found.minima[0].cost == 0.0
    np.testing.assert_allclose(found.minima[0].x, [2, 3], rtol=1e-8)
    assert sum(m.cost == 0.0 for m in found.minima) == 1


def _root(x, a, b):
    return jnp.sqrt(a - 1.5) * x + b


def _numpy_root(x, a, b):
    return np.sqrt(float(a) - 1.5) * np.asarray(x) + float(b)


@pytest.mark.parametrize("model", [_root, _numpy_root])
def test_starts_that_are_not_finite_are_dropped_and_counted(model):
    parameters = Parameters([Parameter("a", 1.0, 0.0, 6.0), Parameter("b", 0.0)])
    found = multistart(_joint(model, parameters, 2 * X + 1), 16, 0)
    dropped = found.x0[:, 0] < 1.5
    assert dropped[0]
    np.testing.assert_array_equal(np.isnan(found.cost), dropped)
    assert not found.success[dropped].any()
    np.testing.assert_allclose(found.x[found.best], [5.5, 1], rtol=1e-6)
    assert repr(found).startswith("16 starts, ")
    assert f"{dropped.sum()} not converged" in repr(found)


@pytest.mark.parametrize("model", [_root, _numpy_root])
def test_no_finite_start_at_all_says_so_and_where(model):
    parameters = Parameters([Parameter("a", 1.0, 0.0, 1.4), Parameter("b", 0.0)])
    sentence = (
        "finite at none of 16 starts: data set 'u': Residuals are not finite .*the model gives nan at x = 0.0 for a = 1"
    )
    with pytest.raises(ValueError, match=sentence):
        multistart(_joint(model, parameters, name="u"), 16, 0)


@pytest.mark.parametrize("count", [0, -3, 2.5, "many", None])
def test_a_count_that_is_none_is_refused(count):
    with pytest.raises(ValueError, match="`starts` must be a positive whole number, got "):
        multistart(_joint(), count, 0)


def test_a_model_of_wrong_shape_says_so_and_what_a_model_raises_goes_through():
    with pytest.raises(ValueError, match=r"data set 'u': The model returned shape \(3,\)"):
        multistart(_joint(lambda x, a, f: float(a) * np.asarray(x)[:3], name="u"), 4, 0)

    def broken(x, a, f):
        raise ValueError("out of helium")

    with pytest.raises(ValueError, match="^out of helium$"):
        multistart(_joint(broken), 4, 0)


@pytest.mark.parametrize("model", [_sine, _numpy_sine])
def test_progress_is_told_and_what_it_raises_ends_the_starts(model):
    told = []
    whole = multistart(_joint(model), 20, 0, lambda *so_far: told.append(so_far))
    assert told == ([(8, 20), (16, 20), (20, 20)] if model is _sine else [(i, 20) for i in range(1, 21)])

    def enough(done, total):
        if done >= 8:
            raise StopIteration

    some = multistart(_joint(model), 20, 0, enough)
    for of_some, of_all in ((some.x0, whole.x0), (some.x, whole.x), (some.cost, whole.cost)):
        np.testing.assert_array_equal(of_some, of_all[:8])

    def broken(done, total):
        raise KeyError("cancelled")

    with pytest.raises(KeyError, match="cancelled"):
        multistart(_joint(model), 20, 0, broken)
