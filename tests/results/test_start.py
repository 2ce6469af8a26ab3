"""What a user says of data sets and parameters: read as it was meant, or refused by name."""

import jax.numpy as jnp
import numpy as np
import pandas
import pytest

import trfkit
from trfkit.models import Gaussian, Line, Model
from trfkit.parameters import Parameter, Parameters
from trfkit.results.data_sets import data_sets
from trfkit.results.start import Wishes, starting_parameters, translated

X = np.linspace(0.0, 4.0, 20)
Y = 2.5 * np.exp(-1.3 * X) + 0.5
TEXT = "a*exp(-b*x) + c"
START = {"a": 1.0, "b": 1.0, "c": 1.0}
TWO_X, TWO_Y = {"p": X, "q": X}, {"p": Y, "q": Y + 1}


def sets_of(model, x, y, sigma=None, sigma_x=None, mask=None, shared=()):
    return data_sets(model, x, y, sigma, sigma_x, mask, shared)


def started(model, x, y, **wishes):
    return starting_parameters(sets_of(model, x, y), Wishes(**wishes))


def but(array, index, value):
    changed = np.array(array, float)
    changed[index] = value
    return changed


# What is refused: changes to the good call fit(TEXT, X, Y, START), or to one of two data sets, and what the sentence
# says: which argument or parameter, what it was, what there is or what to try.

ONE = {
    "ties in a cycle": ({"ties": {"a": "b", "b": "2*c", "c": "a"}}, ["cycle", "a → b → c → a", "free one"]),
    "tie to itself": ({"ties": {"a": "2*a"}}, ["cycle", "a → a"]),
    "tie to nothing": ({"ties": {"a": "2*q"}}, ["tie of a", "2*q", "'q'", "a, b, c"]),
    "tie that is no formula": ({"ties": {"a": "2*"}}, ["value is missing after '*'"]),
    "tie of nothing": ({"ties": {"d": "a"}}, ["`ties`", "'d'", "a, b, c"]),
    "ties in a list": ({"ties": ["a=b"]}, ["`ties`", "by name", "['a=b']"]),
    "everything tied": ({"ties": {"a": "1", "b": "2", "c": "3"}}, ["no parameter is free", "a, b, c"]),
    "tied and fixed": ({"ties": {"a": "b"}, "fixed": ["a"]}, ["a is in `fixed` and in `ties`"]),
    "everything fixed": ({"fixed": ["a", "b", "c"]}, ["no parameter is free"]),
    "fixed unknown": ({"fixed": ["d"]}, ["`fixed`", "'d'", "a, b, c"]),
    "fixed unknown in one text": ({"fixed": "abc"}, ["`fixed`", "'abc'", "a, b, c"]),
    "fixed unknown with a value": ({"fixed": {"d": 1.0}}, ["`fixed`", "'d'"]),
    "fixed a number": ({"fixed": 3}, ["`fixed`", "names", "got 3"]),
    "fixed at a word": ({"fixed": {"a": "one"}}, ["parameter a", "number", "'one'"]),
    "fixed at NaN": ({"fixed": {"a": np.nan}}, ["parameter a", "number", "nan"]),
    "fixed by booleans": ({"fixed": [True, False, False]}, ["`fixed`", "True", "a, b, c"]),
    "start unknown": ({"start": {"d": 1.0}}, ["`start`", "'d'", "a, b, c"]),
    "start too short": ({"start": [1.0, 1.0]}, ["`start`", "2", "3", "a, b, c"]),
    "start too long": ({"start": np.ones(4)}, ["`start`", "4", "3"]),
    "start a word": ({"start": {"a": "one"}}, ["parameter a", "number", "'one'"]),
    "start NaN": ({"start": START | {"b": np.nan}}, ["parameter b", "number", "nan"]),
    "start infinite in a list": ({"start": [1.0, np.inf, 1.0]}, ["`start`", "inf", "index 1"]),
    "start of other parameters": ({"start": Parameters([Parameter("a")])}, ["`start`", "b, c", "a, b, c"]),
    "bounds as curve_fit takes them": ({"bounds": ([0, 0, 0], [9, 9, 9])}, ["`bounds`", "by name", "{'tau': (0, 10)}"]),
    "bounds unknown": ({"bounds": {"d": (0, 1)}}, ["`bounds`", "'d'", "a, b, c"]),
    "bounds of one number": ({"bounds": {"a": 1}}, ["`bounds` of a", "pair", "got 1"]),
    "bounds of three": ({"bounds": {"a": (0, 1, 2)}}, ["`bounds` of a", "pair", "(0, 1, 2)"]),
    "bounds None": ({"bounds": {"a": None}}, ["`bounds` of a", "pair", "None"]),
    "bounds in a text": ({"bounds": {"a": "01"}}, ["`bounds` of a", "pair", "'01'"]),
    "bounds of words": ({"bounds": {"a": ("low", 1)}}, ["parameter a", "number", "'low'"]),
    "bounds NaN": ({"bounds": {"a": (np.nan, 1)}}, ["parameter a", "nan"]),
    "bounds crossed": ({"bounds": {"a": (2, 1)}}, ["parameter a", "min 2", "max 1"]),
    "bounds equal": ({"bounds": {"a": (1, 1)}}, ["parameter a", "fix it"]),
    "start below a bound": ({"bounds": {"a": (5, 9)}}, ["a = 1 ", "lower bound 5", "widen"]),
    "start above a bound": ({"bounds": {"b": (None, 0.5)}}, ["b = 1 ", "upper bound 0.5"]),
    "priors unknown": ({"priors": {"d": (1, 1)}}, ["`priors`", "'d'", "a, b, c"]),
    "prior without error": ({"priors": {"a": 1.0}}, ["`priors` of a", "pair", "got 1.0"]),
    "prior with error 0": ({"priors": {"a": (1, 0)}}, ["parameter a", "sigma must be positive", "got 0"]),
    "prior with error below 0": ({"priors": {"a": (1, -2)}}, ["parameter a", "sigma must be positive", "-2"]),
    "prior NaN": ({"priors": {"a": (np.nan, 1)}}, ["parameter a", "prior", "nan"]),
    "priors in a list": ({"priors": [(1, 1)]}, ["`priors`", "by name"]),
    "shared of one data set": ({"shared": ["a"]}, ["`shared`", "several data sets"]),
    "unit of x alone": ({"units": "s"}, ["`units`", "('s', 'V')", "'s'"]),
    "three units": ({"units": ("s", "V", "m")}, ["`units`", "('s', 'V', 'm')"]),
    "NaN in y": ({"y": but(Y, 3, np.nan)}, ["`y`", "nan at [3]: remove the point, mask it, or pass nan_policy='omit'"]),
    "infinite x": ({"x": but(X, 4, np.inf)}, ["`x`", "inf at [4]", "mask"]),
    "NaN in sigma": ({"sigma": but(X + 1, 5, np.nan)}, ["`sigma`", "nan at [5]", "mask"]),
    "sigma 0": ({"sigma": 0.0}, ["`sigma`", "positive", "got 0"]),
    "a sigma below 0": ({"sigma": but(X + 1, 5, -2.0)}, ["`sigma`", "positive", "-2 at index 5"]),
    "sigma of words": ({"sigma": ["a"] * 20}, ["`sigma`", "numbers"]),
    "complex sigma": ({"sigma": X + 1j}, ["`sigma`", "complex"]),
    "sigma too short": ({"sigma": np.ones(3)}, ["`sigma`", "(3,)", "(20,)"]),
    "sigma_x without sigma": ({"sigma_x": 0.1}, ["`sigma_x`", "give `sigma`"]),
    "complex y": ({"y": Y + 0j}, ["`y`", "complex", "concatenate"]),
    "complex x": ({"x": X + 0j}, ["`x`", "complex"]),
    "x of words": ({"x": ["a"] * 20}, ["`x`", "numbers"]),
    "y of words": ({"y": ["a"] * 20}, ["`y`", "numbers"]),
    "x too short": ({"x": X[:9]}, ["`x` (9,)", "`y` (20,)", "length"]),
    "no data": ({"x": [], "y": []}, ["`y`", "empty"]),
    "mask of integers": ({"mask": np.ones(20, int)}, ["`mask`", "20 booleans", "int"]),
    "mask of nothing": ({"mask": np.zeros(20, bool)}, ["`mask`", "every point"]),
    "x by name, y not": ({"x": TWO_X}, ["`x`", "`y` has none"]),
    "sigma by name, y not": ({"sigma": {"p": 1.0}}, ["`sigma`", "`y` has none"]),
    "model by name, y not": ({"model": {"p": TEXT}}, ["`model`", "`y` has none"]),
    "model without parameters": ({"model": "exp(x)"}, ["'exp(x)'", "no parameter"]),
    "model without x": ({"model": "a + b"}, ["'x'", "a, b"]),
    "model of *params": ({"model": lambda x, *p: p[0] * x}, ["*p", "how many parameters"]),
}


@pytest.mark.parametrize("what", ONE)
def test_one_data_set_refused_with(what):
    changes, parts = ONE[what]
    refused({"model": TEXT, "x": X, "y": Y, "start": START} | changes, parts)


def refused(call, parts):
    """Insist on a ValueError, and on each part of its sentence."""
    with pytest.raises(ValueError) as caught:
        trfkit.fit(call.pop("model"), call.pop("x"), call.pop("y"), **call)
    missing = [part for part in parts if part not in str(caught.value)]
    assert not missing, f"{missing} not said in: {caught.value}"


TWO = {
    "x of other names": ({"x": {"p": X, "r": X}}, ["`x`", "'p', 'r'", "'p', 'q'"]),
    "x of numbers for names": ({"x": {1: X, 2: X}}, ["`x`", "1, 2", "'p', 'q'"]),
    "sigma of too few": ({"sigma": {"p": 0.1}}, ["`sigma`", "'p'", "'p', 'q'"]),
    "models of too many": ({"model": dict.fromkeys("pqr", TEXT)}, ["`model`", "'r'"]),
    "no data set": ({"x": {}, "y": {}}, ["`y`", "no data set"]),
    "a name with a blank": ({"x": X, "y": {"p q": Y}}, ["'p q'", "letters, digits and _"]),
    "a name with a dot": ({"x": X, "y": {"p.1": Y}}, ["'p.1'", "letters, digits and _"]),
    "an empty name": ({"x": X, "y": {"": Y}}, ["data set ''"]),
    "a number for a name": ({"x": X, "y": {1: Y}}, ["data set 1:"]),
    "shared one name in a text": ({"shared": "a"}, ["`shared`", "['a']", "got 'a'"]),
    "shared unknown": ({"shared": ["d"]}, ["`shared`", "'d'", "a, b, c"]),
    "shared by its own name": ({"shared": ["a_p"]}, ["`shared`", "'a_p'", "a, b, c"]),
    "shared None": ({"shared": None}, ["`shared`", "'all'", "None"]),
    "shared a number": ({"shared": 3}, ["`shared`", "'all'", "got 3"]),
    "start of no data set's own": ({"start": {"a": 1.0}}, ["`start`", "'a'", "a_p", "a_q"]),
    "bounds of no data set's own": ({"bounds": {"c": (0, 1)}}, ["`bounds`", "'c'", "c_p"]),
    "tie that reads no data set's own": ({"ties": {"a_p": "2*a"}}, ["tie of a_p", "'a'", "a_q"]),
    "NaN in one": ({"y": {"p": Y, "q": but(Y, 2, np.nan)}}, ["data set 'q'", "nan at [2]", "mask"]),
    "words in one": ({"y": {"p": Y, "q": ["a"] * 20}}, ["`y of data set 'q'`", "numbers"]),
    "sigma of another length": (
        {"x": {"p": X, "q": X[:9]}, "y": {"p": Y, "q": Y[:9]}, "sigma": np.ones(20)}, ["data set 'q'", "(20,)", "(9,)"],
    ),
    "a parameter of two meanings": (
        {"model": {"b_c": "a*x", "c": "a_b*x"}, "x": X, "y": {"b_c": Y, "c": Y}},
        ["a of data set 'b_c'", "a_b of data set 'c'", "'a_b_c'", "another name"],
    ),
    "a parameter shared by name alone": (
        {"model": {"u": "a*x + a_v", "v": "a*x"}, "x": X, "y": {"u": Y, "v": Y}, "shared": ["a_v"]},
        ["the shared a_v", "a of data set 'v'", "'a_v'"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TWO)
def test_two_data_sets_refused_with(what):
    changes, parts = TWO[what]
    refused({"model": TEXT, "x": TWO_X, "y": TWO_Y} | changes, parts)


def test_two_models_with_one_prefix_are_refused_by_the_names_that_they_share():
    with pytest.raises(ValueError, match=r"the same prefix 'a'.*'a\.height'.*Gaussian\('b'\)"):
        trfkit.fit(Gaussian("a") + Gaussian("a"), X, Y)


def test_model_of_another_type_is_refused():
    with pytest.raises(TypeError, match="`model` must be a Model, a function .* got 3"):
        trfkit.fit(3, X, Y)


def test_unknown_option_is_refused_with_those_that_there_are():
    with pytest.raises(TypeError, match="unexpected keyword argument 'p0'; there are .*loss"):
        trfkit.fit(TEXT, X, Y, p0=[1, 1, 1])


# data sets


def test_parameters_are_each_data_sets_own_unless_shared():
    sets = sets_of(TEXT, X, TWO_Y, shared=["b"])
    assert [s.names for s in sets] == [("a_p", "b", "c_p"), ("a_q", "b", "c_q")]
    assert [s.names for s in sets_of(TEXT, X, TWO_Y, shared="all")] == [("a", "b", "c")] * 2
    assert [s.names for s in sets_of(Line("l"), X, TWO_Y)] == [
        ("l.slope_p", "l.intercept_p"), ("l.slope_q", "l.intercept_q"),
    ]  # fmt: skip


def test_shared_may_be_any_collection_of_names():
    wanted = [("a_p", "b", "c"), ("a_q", "b", "c")]
    for shared in (["b", "c"], ("c", "b"), {"b", "c"}, (name for name in "bc"), np.array(["b", "c"])):
        assert [s.names for s in sets_of(TEXT, X, TWO_Y, shared=shared)] == wanted


def test_shared_parameter_that_only_some_models_have_is_shared_by_those():
    sets = sets_of({"p": "a*x", "q": "b*x", "r": "a*x + b"}, X, dict.fromkeys("pqr", Y), shared=["a"])
    assert [s.names for s in sets] == [("a",), ("b_q",), ("a", "b_r")]


def test_what_is_given_once_counts_for_every_data_set_and_by_name_for_its_own():
    sets = sets_of(TEXT, X, TWO_Y, sigma={"p": 0.1, "q": np.full(20, 0.2)}, mask=X < 3)
    np.testing.assert_array_equal(sets[0].x, sets[1].x)
    assert sets[0].sigma == 0.1
    np.testing.assert_array_equal(sets[1].sigma, np.full(20, 0.2))
    assert [s.mask.sum() for s in sets] == [15, 15]


def test_data_sets_come_in_the_order_of_y():
    assert [s.name for s in sets_of(TEXT, {"q": X, "p": X}, TWO_Y)] == ["p", "q"]


KINDS_OF_ARRAYS = {
    "lists": (X.tolist(), Y.tolist()),
    "tuples": (tuple(X), tuple(Y)),
    "series": (pandas.Series(X), pandas.Series(Y, index=np.arange(20) + 5)),
    "an index": (pandas.Index(X), Y),
    "arrays of JAX": (jnp.asarray(X), jnp.asarray(Y)),
    "arrays backwards in memory": (X[::-1].copy()[::-1], Y[::-1].copy()[::-1]),
}


@pytest.mark.parametrize("kind", KINDS_OF_ARRAYS)
def test_data_are_read_from(kind):
    (s,) = sets_of(TEXT, *KINDS_OF_ARRAYS[kind])
    assert s.x.dtype == s.y.dtype == float
    np.testing.assert_array_equal(s.x, X)
    np.testing.assert_array_equal(s.y, Y)


def test_integers_booleans_and_single_precision_become_doubles():
    (s,) = sets_of(TEXT, np.arange(20), Y > 1, sigma=X.astype(np.float32) + 1, mask=list(X < 3))
    assert s.x.dtype == s.y.dtype == s.sigma.dtype == float
    assert s.mask.dtype == bool
    assert s.y.sum() == np.sum(Y > 1)


def test_data_set_is_a_copy_so_that_later_changes_do_not_reach_it():
    x, y, sigma, mask = X.copy(), Y.copy(), np.ones(20), X < 3
    (s,) = sets_of(TEXT, x, y, sigma, 0.1 * sigma, mask)
    for array in (x, y, sigma):
        array += 7.0
    mask[:] = False
    np.testing.assert_array_equal(s.x, X)
    np.testing.assert_array_equal(s.y, Y)
    assert np.all(s.sigma == 1) and np.all(s.sigma_x == 0.1) and s.mask.sum() == 15


def test_arrays_that_may_not_be_written_are_read():
    x, y = X.copy(), Y.copy()
    x.flags.writeable = y.flags.writeable = False
    (s,) = sets_of(TEXT, x, y, sigma=y)
    np.testing.assert_array_equal(s.y, y)


def test_x_that_is_no_array_goes_to_the_model_as_it_is():
    class Run:
        t = X

    def line(x, a, b):
        return a * x.t + b

    run = Run()
    (s,) = sets_of(line, run, Y)
    assert s.x is run
    with pytest.raises(ValueError, match="nothing can be guessed from x of type Run: give `start`"):
        starting_parameters((s,), Wishes())
    parameters, remarks = starting_parameters((s,), Wishes(start=[1.0, 2.0]))
    assert parameters.full_values == {"a": 1.0, "b": 2.0} and remarks == ()


# the start


def test_start_in_order_and_by_name_are_the_same():
    in_order, _ = started(TEXT, X, Y, start=[1, 2, 3])
    assert in_order == started(TEXT, X, Y, start={"c": 3, "a": 1, "b": 2})[0]
    assert in_order == started(TEXT, X, Y, start=jnp.arange(1.0, 4.0))[0]
    assert in_order.full_values == {"a": 1.0, "b": 2.0, "c": 3.0}


def test_start_of_several_data_sets_in_order_is_the_order_of_their_names():
    parameters, _ = started(TEXT, X, TWO_Y, start=np.arange(6.0))
    assert list(parameters.full_values.items())[3:] == [("a_q", 3.0), ("b_q", 4.0), ("c_q", 5.0)]


def test_what_is_not_given_is_guessed():
    parameters, remarks = started(TEXT, X, Y, start={"a": 7.0})
    guess = Model.from_expression(TEXT).guess(X, Y)
    assert parameters.full_values == guess | {"a": 7.0}
    assert remarks == ()


def test_points_that_are_masked_do_not_count_for_the_guess():
    mask = np.arange(20) != 3
    masked, _ = starting_parameters(sets_of(Gaussian(), X, but(Y, 3, np.nan), mask=mask), Wishes())
    assert masked.full_values == Gaussian().guess(X[mask], Y[mask])


def test_guess_of_a_shared_parameter_is_the_median_of_its_data_sets():
    curves = {name: slope * X + 1 for name, slope in (("p", 1.0), ("q", 2.0), ("r", 9.0))}
    parameters, _ = starting_parameters(sets_of(Line(), X, curves, shared=["slope"]), Wishes())
    assert parameters["slope"].value == pytest.approx(2.0)
    assert parameters["intercept_r"].value == pytest.approx(1.0)


@pytest.mark.parametrize("x, y", [(X, np.ones(20)), (X, np.zeros(20)), ([1.0], [2.0]), (np.ones(20), Y)])
@pytest.mark.parametrize("model", [Gaussian(), Model.from_expression(TEXT), Gaussian("a") + Line()])
def test_poor_data_give_a_start_that_is_finite_and_within_bounds(model, x, y):
    parameters, _ = started(model, x, y)
    assert np.all(np.isfinite(parameters.free_values))
    assert all(p.min <= p.value <= p.max for p in parameters.values())


def test_guess_without_a_usable_point_is_refused_by_what_is_wrong():
    with pytest.raises(ValueError, match="nan at \\[0\\]"):
        started(Gaussian(), X, np.full(20, np.nan))
    with pytest.raises(ValueError, match="`y` must not be empty"):
        started(Gaussian(), [], [])


def test_guess_that_bounds_exclude_starts_inside_and_a_remark_says_so():
    parameters, remarks = started(Line(), X, 3 * X + 1, bounds={"slope": (5, 9), "intercept": (None, -2)})
    assert parameters.full_values == {"slope": 7.0, "intercept": -3.0}
    assert remarks == (
        "The guess slope = 3 is not within 5 … 9; started inside.",
        "The guess intercept = 1 is not within -inf … -2; started inside.",
    )


def test_bounds_replace_the_models_own_and_none_is_no_bound():
    parameters, _ = started(Gaussian(), X, Y, bounds={"sigma": (None, 3.0), "height": (0, None)})
    assert (parameters["sigma"].min, parameters["sigma"].max) == (-np.inf, 3.0)
    assert (parameters["height"].min, parameters["height"].max) == (0.0, np.inf)
    assert started(Gaussian(), X, Y)[0]["sigma"].min == 0.0


def test_fixed_at_a_value_is_held_there_without_a_remark():
    parameters, remarks = started(Line(), X, Y, fixed={"slope": 0})
    assert parameters["slope"].fixed and parameters["slope"].value == 0.0
    assert remarks == ()
    parameters, remarks = started(Line(), X, Y, fixed=["slope"], start={"slope": 4})
    assert parameters["slope"].fixed and parameters["slope"].value == 4.0
    assert remarks == ()


@pytest.mark.parametrize("fixed", ["slope", ["slope"], ("slope",), {"slope"}, {"slope": None}])
def test_fixed_without_a_value_is_held_at_the_guess_and_a_remark_says_so(fixed):
    parameters, remarks = started(Line(), X, 3 * X + 1, fixed=fixed)
    assert parameters["slope"].fixed and parameters["slope"].value == pytest.approx(3.0)
    assert remarks == ("No value was given for slope, so that it is held at 3, a guess.",)


def test_tied_parameter_needs_no_value():
    parameters, remarks = started(TEXT, X, Y, start={"a": 2.0, "c": 0.5}, ties={"b": "a + c"})
    assert parameters.full_values == {"a": 2.0, "b": 2.5, "c": 0.5}
    assert parameters.free_names == ("a", "c") and remarks == ()


def test_tie_may_be_a_number_and_none_is_no_tie():
    parameters, _ = started(TEXT, X, Y, start=START, ties={"b": 2, "c": None})
    assert parameters["b"].tie == "2" and parameters.full_values["b"] == 2.0
    assert parameters.free_names == ("a", "c")


def test_parameters_are_taken_as_they_are_and_wishes_are_added():
    given = Parameters([Parameter(n, 1.0, 0.0, 5.0, unit="V") for n in "abc"]).tie("b", "2*a").know("c", 0.5, 0.1)
    parameters, remarks = started(TEXT, X, Y, start=given, fixed={"c": 0.4}, bounds={"a": (0, 2)})
    assert parameters == given.fix("c", 0.4).bound("a", 0, 2) and remarks == ()
    assert given["c"].value == 1.0


def test_parameters_may_hold_more_than_the_model_takes_for_ties_to_read():
    given = Parameters([Parameter("rate"), *(Parameter(n) for n in "abc")]).tie("b", "2*rate")
    parameters, _ = started(TEXT, X, Y, start=given)
    assert parameters.free_names == ("rate", "a", "c")


def test_priors_are_kept_by_name():
    parameters, _ = started(TEXT, X, Y, start=START, priors={"b": (1.3, 0.1)})
    assert parameters["b"].prior == (1.3, 0.1) and parameters["a"].prior is None


@pytest.mark.parametrize(
    "unit, units, translation",
    [
        ("y/x", ("s", "V"), "V/s"), ("1/x", ("s", ""), "1/s"), ("y", ("s", ""), ""), ("y", ("", "V/s"), "V/s"),
        ("y/x", ("m/s", "V"), "V/(m/s)"), ("x[1]", ("µm", "V"), "µm"), ("rad", ("", ""), "rad"), ("", ("s", "V"), ""),
        ("y x", ("x", "y"), "y x"),
    ],
)  # fmt: skip
def test_units_of_parameters_are_told_in_those_of_the_data(unit, units, translation):
    assert translated(unit, *units) == translation


# NaN


def test_points_with_a_nan_are_left_out_where_asked():
    x, y, sigma = X.copy(), Y.copy(), np.full(Y.size, 0.05)
    x[3], y[7], sigma[9] = np.nan, np.nan, np.nan
    omitted = trfkit.fit("a*x + c", x, y, sigma=sigma, nan_policy="omit")
    keep = np.isfinite(x + y + sigma)
    assert omitted.values == pytest.approx(trfkit.fit("a*x + c", X[keep], Y[keep], sigma=0.05).values, rel=1e-9)
    assert list(np.flatnonzero(~omitted.sets[0].mask)) == [3, 7, 9]


def test_nothing_but_nan_cannot_be_left_out():
    with pytest.raises(ValueError, match="data set 'b': no point is left"):
        trfkit.fit("a*x", {"a": X, "b": X}, {"a": Y, "b": np.full(Y.size, np.nan)}, nan_policy="omit")
    with pytest.raises(ValueError, match="`nan_policy` must be one of 'raise', 'omit', got 'drop'"):
        trfkit.fit("a*x", X, Y, nan_policy="drop")
