"""Settings as they are chosen, undone and refused; no fit is run but to see that changes wait for its end."""

import threading
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.models import Constant, ExponentialDecay, Gaussian, Line
from trfkit.parameters import Parameter, Parameters
from trfkit.session import FitSession, SettingsChanged

X = np.linspace(0.0, 10.0, 41)
Y = 3.0 * np.exp(-X / 2.0) + 1.0 + 0.01 * np.cos(20 * X)
TIMEOUT = 60


def decay(x, a, tau):
    return a * jnp.exp(-x / tau)


@pytest.fixture
def session():
    return FitSession("a*exp(-x/tau) + c", X, Y, {"a": 2.0, "tau": 1.0, "c": 0.0}, bounds={"tau": (0.1, 9.0)})


CHANGES = {
    "set_parameters": lambda s: s.set_parameters({"a": 2.5, "c": 0.5}),
    "set_parameter, its value": lambda s: s.set_parameter("a", 2.5),
    "set_parameter, a bound": lambda s: s.set_parameter("a", min=0.0),
    "set_parameter, a prior": lambda s: s.set_parameter("a", prior=(3.0, 0.1)),
    "set_parameter, its unit": lambda s: s.set_parameter("a", unit="V"),
    "change_parameters": lambda s: s.change_parameters(s.parameters.bound("c", -1, 1)),
    "fix": lambda s: s.fix("a"),
    "fix at a value": lambda s: s.fix("a", 4.0),
    "tie": lambda s: s.tie("c", "a/3"),
    "set_model": lambda s: s.set_model(Gaussian("p") + Constant()),
    "set_model, text": lambda s: s.set_model("a/(1 + x/b)"),
    "set_model, function with a start": lambda s: s.set_model(decay, start={"a": 1.0, "tau": 2.0}),
    "guess": lambda s: s.guess(),
    "set_options": lambda s: s.set_options(loss="huber", f_scale=0.1),
    "select_range": lambda s: s.select_range(1.0, 5.0),
    "exclude_range": lambda s: s.exclude_range(1.0, 5.0),
    "exclude_points": lambda s: s.exclude_points([0, -1]),
}


def seen(settings):
    """What settings say, to be compared."""
    mask = None if settings.mask is None else settings.mask.tolist()
    return settings.model, settings.parameters, mask, settings.options


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_told_undone_redone_and_reset(session, change):
    told = []
    session.observe(told.append)
    first = session.settings
    change(session)
    changed = session.settings
    assert seen(changed) != seen(first)
    assert session.undo() and session.settings is first
    assert session.redo() and session.settings is changed
    session.reset()
    assert session.settings is first
    assert session.undo() and session.settings is changed
    assert told == [SettingsChanged(s) for s in (changed, first, changed, first, changed)]


@pytest.mark.parametrize("name", ["set_parameter, a prior", "fix", "tie", "set_model, text", "exclude_points"])
def test_after_a_change_a_fit_can_be_run_and_undone(session, name):
    CHANGES[name](session)
    changed = session.settings
    result = session.run()
    assert result.success
    assert (result.sets[0].model, result.initial) == (changed.model, changed.parameters)
    np.testing.assert_array_equal(result.joint.data[0].total - (~session.mask).sum(), result.residuals[""].size)
    assert session.undo() and session.settings is changed


NOTHING_NEW = {
    "the same values": lambda s: s.set_parameters({"a": 2.0}),
    "no values": lambda s: s.set_parameters({}),
    "the same parameters": lambda s: s.change_parameters(s.parameters.set("a", value=2.0)),
    "a range with nothing in it": lambda s: s.exclude_range(0.01, 0.02),
    "no points": lambda s: s.exclude_points([]),
    "points that count already": lambda s: s.include_points([3, 4]),
    "all points, when all count": lambda s: s.include_all(),
    "a range of everything": lambda s: s.select_range(-1, 99),
    "reset at the start": lambda s: s.reset(),
    "a parameter that is free": lambda s: s.free("a"),
}


@pytest.mark.parametrize("change", NOTHING_NEW.values(), ids=NOTHING_NEW)
def test_what_changes_nothing_is_no_step_of_undo_and_is_not_told(session, change):
    told = []
    session.observe(told.append)
    before = session.settings
    change(session)
    assert session.settings is before
    assert not session.can_undo and told == []


MISTAKES = {
    "a parameter that there is not": (lambda s: s.set_parameters({"b": 1.0}), KeyError, "no parameter is called 'b'"),
    "one of several": (lambda s: s.set_parameters({"a": 5.0, "b": 1.0}), KeyError, "no parameter is called 'b'"),
    "a value that is none": (lambda s: s.set_parameters({"a": np.nan}), ValueError, "a: value must be a number"),
    "an endless value": (lambda s: s.set_parameter("a", np.inf), ValueError, "a: value must be a number"),
    "a word for a value": (lambda s: s.set_parameter("a", "2,5"), ValueError, "a: value must be a number, got '2,5'"),
    "a value out of bounds": (lambda s: s.set_parameters({"tau": 10.0}), ValueError, "tau = 10 is above its upper"),
    "bounds that exclude the value": (lambda s: s.set_parameter("a", max=1.0), ValueError, "a = 2 is above its upper"),
    "bounds the wrong way round": (lambda s: s.set_parameter("a", min=3, max=1), ValueError, "min 3 must be less than"),
    "a field that there is not": (lambda s: s.set_parameter("a", step=1), TypeError, "has no 'step'"),
    "a prior without width": (lambda s: s.set_parameter("a", prior=(1, 0)), ValueError, "sigma must be positive"),
    "other parameters": (lambda s: s.change_parameters(Parameters([Parameter("a")])), ValueError, "must be a, tau, c"),
    "fix what there is not": (lambda s: s.fix("b"), KeyError, "no parameter is called 'b'"),
    "free what there is not": (lambda s: s.free("b"), KeyError, "no parameter is called 'b'"),
    "tie what there is not": (lambda s: s.tie("b", "a"), KeyError, "no parameter is called 'b'"),
    "a tie to nothing": (lambda s: s.tie("c", "2*b"), ValueError, "the tie of c, 2*"),
    "a tie with a mistake": (lambda s: s.tie("c", "2*"), ValueError, "2\\*"),
    "a tie to itself": (lambda s: s.tie("c", "c + 1"), ValueError, "cycle"),
    "a model with a mistake": (lambda s: s.set_model("a*exp(-x/tau"), ValueError, r"a\*exp"),
    "a model without x": (lambda s: s.set_model("a + b"), ValueError, "does not contain the independent variable"),
    "a model that is none": (lambda s: s.set_model(3), TypeError, "`model` must be a Model"),
    "a start for another model": (lambda s: s.set_model(decay, {"b": 1}), ValueError, "`start` names 'b'"),
    "a start of another length": (lambda s: s.set_model(decay, [1, 2, 3]), ValueError, "`start` has 3 values for 2"),
    "a loss that there is not": (lambda s: s.set_options(loss="square"), ValueError, "`loss` must be one of"),
    "an option that there is not": (lambda s: s.set_options(tolerance=1), TypeError, "argument 'tolerance'"),
    "scales of another length": (lambda s: s.set_options(x_scale=[1, 2]), ValueError, "Inconsistent shapes"),
    "bounds for a solver that has none": (lambda s: s.set_options(method="lm"), ValueError, "doesn't support bounds"),
    "no point in the range": (lambda s: s.select_range(20, 30), ValueError, "no point would be left"),
    "a range that is none": (lambda s: s.select_range(np.nan, 3), ValueError, "no point would be left"),
    "all points left out": (lambda s: s.exclude_range(-1, 11), ValueError, "no point would be left"),
    "each point left out": (lambda s: s.exclude_points(range(41)), ValueError, "no point would be left"),
    "a point that there is not": (lambda s: s.exclude_points([3, 41]), ValueError, r"from 0 to 40, got \[3, 41\]"),
    "a mask for indices": (lambda s: s.include_points(X > 3), ValueError, "`indices` must be whole numbers"),
    "half a point": (lambda s: s.exclude_points([2.5]), ValueError, r"`indices` must be whole .* got \[2.5\]"),
}


@pytest.mark.parametrize(("change", "error", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_and_nothing_is_lost(session, change, error, words):
    session.set_parameters({"a": 2.25})
    session.undo()
    told, before = [], session.settings
    session.observe(told.append)
    with pytest.raises(error, match=words):
        change(session)
    assert session.settings is before
    assert told == []
    assert session.redo() and session.parameters["a"].value == 2.25


def test_the_last_free_parameter_cannot_be_fixed(session):
    session.fix("a")
    session.tie("c", "a/3")
    before = session.settings
    with pytest.raises(ValueError, match="no parameter is free"):
        session.fix("tau")
    assert session.settings is before


def test_what_no_longer_goes_with_the_options_is_refused_when_it_is_chosen(session):
    session.set_options(x_scale=[1.0, 2.0, 1.0])
    before = session.settings
    for change in (lambda: session.fix("a"), lambda: session.tie("c", "a"), lambda: session.set_model(decay)):
        with pytest.raises(ValueError, match=r"Inconsistent shapes between `x_scale` \(3,\) and `x0` \(2,\)"):
            change()
        assert session.settings is before
    session.set_options(x_scale=None)
    session.fix("a")
    assert session.options == {}


# --- parameters


def test_fixed_and_tied_parameters_keep_their_values_when_they_change_sides(session):
    session.tie("c", "a/4")
    assert session.parameters.full_values["c"] == 0.5
    session.fix("c")
    assert (session.parameters["c"].value, session.parameters["c"].tie) == (0.5, None)
    session.tie("c", "a/4")
    session.free("c")
    assert session.parameters["c"].free and session.parameters["c"].value == 0.5
    session.tie("c", "a/2")
    session.tie("c", None)
    assert session.parameters["c"].free and session.parameters["c"].value == 1.0


def test_what_is_let_go_out_of_bounds_starts_on_the_bound(session):
    session.tie("tau", "6*a")
    session.free("tau")
    assert session.parameters["tau"].value == 9.0
    session.fix("tau", 0.01)
    session.free("tau")
    assert session.parameters["tau"].value == 0.1
    assert session.run().success


def test_ten_thousand_rapid_changes_of_one_gesture_are_one_step_and_look_at_no_data(session, monkeypatch):
    session.set_parameters({"c": 0.2})
    before, told = session.settings, []
    session.observe(told.append)
    monkeypatch.setattr(session, "_joint", None)  # a slider's event may cost nothing that grows with the data
    for value in np.linspace(1.0, 3.0, 10_000):
        session.set_parameters({"a": value}, gesture="slider of a")
    assert session.parameters["a"].value == 3.0
    assert len(told) == 10_000 and told[-1] == SettingsChanged(session.settings)
    assert session.undo() and session.settings is before


def test_gestures_one_after_the_other_are_undone_one_by_one(session):
    for gesture, values in (("a", (1.0, 1.5)), ("tau", (2.0, 3.0)), ("a", (4.0, 5.0))):
        for value in values:
            session.set_parameter(gesture, value, gesture=gesture)
    wanted = [(5.0, 3.0), (1.5, 3.0), (1.5, 1.0), (2.0, 1.0)]
    for a, tau in wanted:
        assert (session.parameters["a"].value, session.parameters["tau"].value) == (a, tau)
        session.undo()
    assert not session.can_undo


def test_a_gesture_that_runs_into_a_bound_stays_one_step_and_keeps_the_last_value(session):
    for value in (3.0, 6.0, 9.5, 8.0, 12.0):
        try:
            session.set_parameter("tau", value, gesture="slider")
        except ValueError:
            assert value > 9.0
    assert session.parameters["tau"].value == 8.0
    session.undo()
    assert session.parameters["tau"].value == 1.0


# --- other data

OTHER_X = np.linspace(0.0, 20.0, 25)
OTHER_Y = 30.0 * np.exp(-OTHER_X / 4.0) + 5.0


def test_other_data_are_one_step_that_is_told_undone_and_redone(session):
    told, first = [], session.settings
    session.observe(told.append)
    session.exclude_points([0, 1])
    excluded = session.settings
    session.set_data(OTHER_X, OTHER_Y, 0.5, absolute_sigma=True, x_label="time (s)")
    changed = session.settings
    np.testing.assert_array_equal(session.data.x, OTHER_X)
    assert (session.data.sigma, session.data.absolute_sigma, session.data.x_label) == (0.5, True, "time (s)")
    assert session.mask.shape == (25,) and session.mask.all()
    result = session.run()
    assert result.absolute_sigma and result.units == ("s", "")
    np.testing.assert_allclose(list(result.values.values()), [30.0, 4.0, 5.0])
    fitted = session.settings
    assert session.undo() and session.undo() and session.settings is excluded
    assert session.mask.sum() == 39 and session.units == ("", "") and session.data is first.data
    assert session.redo() and session.settings is changed
    heard = [event for event in told if isinstance(event, SettingsChanged)]
    assert heard == [SettingsChanged(s) for s in (excluded, changed, fitted, changed, excluded, changed)]


def test_with_other_data_what_is_free_is_guessed_within_its_bounds_and_the_rest_is_kept(session):
    session.fix("c", 4.5)
    session.set_options(loss="huber")
    session.set_data(OTHER_X, OTHER_Y / 2)
    values = session.parameters.full_values
    assert values["c"] == 4.5 and session.parameters["tau"].max == 9.0 and session.options == {"loss": "huber"}
    np.testing.assert_allclose([values["a"], values["tau"]], [15.0, 4.0], rtol=0.5)
    session.set_data(OTHER_X * 100, OTHER_Y)
    assert 0.1 <= session.parameters["tau"].value <= 9.0


def test_other_data_may_leave_the_parameters_as_they_are(session):
    before = session.parameters
    session.set_data(OTHER_X, OTHER_Y, guess=False)
    assert session.parameters is before


def test_reset_keeps_the_data_and_undo_has_those_before(session):
    session.set_data(OTHER_X, OTHER_Y)
    with_others = session.settings
    session.set_parameters({"a": 1.5})
    session.reset()
    assert session.settings is with_others
    for _ in range(3):
        assert session.undo()
    session.set_parameters({"a": 1.25})
    session.reset()
    assert session.parameters["a"].value == 2.0 and session.data.y.size == 41


def test_points_keep_their_indices_where_others_have_a_nan(session):
    x, y = OTHER_X.copy(), OTHER_Y.copy()
    x[2] = y[5] = np.nan
    session.set_data(x, y)
    assert session.data.y.size == 25 and np.flatnonzero(~session.mask).tolist() == [2, 5]
    session.exclude_points([6])
    assert np.flatnonzero(~session.mask).tolist() == [2, 5, 6]
    result = session.run()
    assert result.residuals[""].size == 22
    np.testing.assert_allclose(list(result.values.values()), [30.0, 4.0, 5.0])
    session.include_all()
    assert np.flatnonzero(~session.mask).tolist() == [2, 5]
    session.undo()
    session.set_data(OTHER_X, OTHER_Y)
    session.include_all()
    assert session.mask.all()


def test_units_of_parameters_follow_the_labels_but_not_where_a_user_gave_one():
    session = FitSession(ExponentialDecay() + Constant(), X, Y, x_label="t (s)", y_label="U (V)")
    assert {p.name: p.unit for p in session.parameters.values()} == {"amplitude": "V", "tau": "s", "offset": "V"}
    session.set_parameter("offset", unit="mV")
    session.set_data(X, Y, x_label="t (ms)", y_label="counts", guess=False)
    assert {p.name: p.unit for p in session.parameters.values()} == {"amplitude": "", "tau": "ms", "offset": "mV"}
    assert session.units == ("ms", "")
    session.undo()
    assert session.units == ("s", "V") and session.parameters["tau"].unit == "s"
    given = FitSession(ExponentialDecay(), X, Y, x_label="t (s)", units=("min", ""))
    given.set_data(X, Y, x_label="t (ms)", y_label="U (V)")
    assert given.units == ("min", "V")
    assert (given.parameters["tau"].unit, given.parameters["amplitude"].unit) == ("min", "V")


BAD_DATA = {
    "lengths that differ": (lambda s: s.set_data(X, Y[:9]), "differ in length"),
    "no points": (lambda s: s.set_data([], []), "`y` must not be empty"),
    "words": (lambda s: s.set_data(X, ["a"] * 41), "`y` must hold numbers"),
    "times": (lambda s: s.set_data(np.arange(41).astype("M8[s]"), Y), "`x` has dates or times"),
    "a NaN in each": (lambda s: s.set_data(X, np.nan * Y), "no point is left: each has a NaN"),
    "a NaN refused": (lambda s: s.set_data(X, Y + np.nan, nan_policy="raise"), "`y` must not contain infs or NaNs"),
    "an endless value": (lambda s: s.set_data(X, np.where(X > 5, np.inf, Y)), "`y` must not contain infs or NaNs, got"),
    "sigma of 0": (lambda s: s.set_data(X, Y, 0.0), "`sigma` must be positive, got 0"),
    "sigma of another length": (lambda s: s.set_data(X, Y, [0.1, 0.2]), "`sigma` has incorrect shape"),
    "errors of x alone": (lambda s: s.set_data(X, Y, sigma_x=0.1), "give `sigma`, too"),
    "several sets": (lambda s: s.set_data({"a": X}, {"a": Y}), "a session fits one data set"),
    "no such policy": (lambda s: s.set_data(X, Y, nan_policy="drop"), "`nan_policy` must be one of 'raise', 'omit'"),
    "a label that is none": (lambda s: s.set_data(X, Y, y_label=5), "`y_label` must be a text"),
    "nothing to guess from": (lambda s: s.set_data(SimpleNamespace(), Y), "nothing can be guessed from x of type Simp"),
}


@pytest.mark.parametrize(("change", "words"), BAD_DATA.values(), ids=BAD_DATA)
def test_data_that_cannot_be_fitted_are_named_and_nothing_is_lost(session, change, words):
    session.exclude_points([3])
    session.undo()
    told, before = [], session.settings
    session.observe(told.append)
    with pytest.raises(ValueError, match=words):
        change(session)
    assert session.settings is before and told == []
    assert session.redo() and session.mask.sum() == 40


# --- the guess


def test_the_guess_moves_what_is_free_and_nothing_else(session):
    session.fix("c", 0.9)
    session.guess()
    values = session.parameters.full_values
    assert values["c"] == 0.9
    np.testing.assert_allclose([values["a"], values["tau"]], [3.0, 2.0], rtol=0.5)


def test_the_guess_stays_within_bounds_and_looks_only_at_points_that_count():
    y = np.where(X > 5, 1e3, 2 * X + 1)
    session = FitSession(Line(), X, y, bounds={"intercept": (None, 0.5)}, mask=X <= 5)
    session.set_parameters({"slope": 9.0})
    session.guess()
    np.testing.assert_allclose(session.parameters["slope"].value, 2.0)
    assert session.parameters["intercept"].value == 0.5


def test_the_guess_leaves_a_parameter_alone_that_only_a_tie_reads():
    start = Parameters([Parameter("ref", 2.0, prior=(2.0, 0.5)), Parameter("a", 3.0), Parameter("tau", tie="ref")])
    session = FitSession(decay, X, Y, start, sigma=0.1, absolute_sigma=True)
    session.guess()
    assert session.parameters["ref"].value == 2.0
    assert session.parameters["a"].value != 3.0


# --- the model


def test_a_function_that_raises_fails_when_it_is_fitted_and_can_be_undone(session):
    def faulty(x, a):
        raise ArithmeticError("not today")

    before = session.settings
    session.set_model(faulty)
    with pytest.raises(ArithmeticError, match="not today"):
        session.run()
    assert session.undo() and session.settings is before
    assert session.run().success


def test_another_model_brings_its_own_bounds_and_keeps_points_and_options(session):
    session.select_range(0.0, 5.0)
    session.set_options(loss="huber")
    session.set_model(ExponentialDecay() + Constant())
    assert session.parameters["tau"].min == 0.0
    assert session.mask.sum() == 21 and session.options == {"loss": "huber"}
    assert session.run().data_set().mask.sum() == 21


# --- points that count


def test_a_range_includes_its_ends_and_may_be_given_either_way_round(session):
    session.select_range(5.0, 1.0)
    np.testing.assert_array_equal(session.mask, (X >= 1.0) & (X <= 5.0))
    session.include_all()
    session.exclude_range(5.0, 1.0)
    np.testing.assert_array_equal(session.mask, (X < 1.0) | (X > 5.0))


def test_ranges_and_points_are_left_out_and_let_in_one_after_the_other(session):
    session.exclude_range(0.0, 1.0)
    session.exclude_points(np.array([40, 39]))
    session.include_points([0, 40])
    assert np.flatnonzero(~session.mask).tolist() == [1, 2, 3, 4, 39]
    session.include_all()
    assert session.settings.mask is None and session.mask.all()


def test_a_range_of_x_in_two_dimensions_is_refused_and_points_are_not():
    def plane(x, a, b):
        return a * x[0] + b * x[1]

    session = FitSession(plane, np.stack([X, X**2]), Y, [1, 1])
    for method in (session.select_range, session.exclude_range):
        with pytest.raises(ValueError, match=r"one x a point, got x of shape \(2, 41\): exclude points instead"):
            method(0, 1)
    session.exclude_points([0, 1])
    assert session.mask.sum() == 39


def test_points_with_a_nan_never_count_whatever_is_included():
    y = np.where(X > 9, np.nan, Y)
    session = FitSession(decay, X, y, [1, 1], nan_policy="omit")
    session.exclude_points([0])
    session.include_all()
    np.testing.assert_array_equal(session.mask, X <= 9)
    session.select_range(8, 10)
    np.testing.assert_array_equal(session.mask, (X >= 8) & (X <= 9))
    with pytest.raises(ValueError, match="no point would be left"):
        session.select_range(9.5, 10)
    masked = FitSession(decay, X, y, [1, 1], mask=X <= 5)
    masked.include_all()
    np.testing.assert_array_equal(masked.mask, X <= 9)


# --- what is handed out


def test_what_is_handed_out_cannot_change_the_session():
    session = FitSession(decay, X, Y, [1, 1], sigma=0.1 + 0 * X, sigma_x=0.01 + 0 * X, mask=X < 9, loss="huber")
    for handed_out in (*session.data.arrays.values(), session.data.usable, session.mask):
        with pytest.raises(ValueError, match="read-only"):
            handed_out[0] = 7
    session.exclude_points([3])
    with pytest.raises(ValueError, match="read-only"):
        session.mask[3] = True
    session.options["loss"] = "cauchy"
    assert session.options == {"loss": "huber"}


def test_what_was_handed_in_may_be_changed_afterwards():
    x, y, mask, options = X.copy(), Y.copy(), X < 9, {"loss": "huber"}
    session = FitSession(decay, x, y, [1, 1], mask=mask, **options)
    expected = session.run().parameters
    x[:], y[:], mask[:], options["loss"] = 0, 0, False, "cauchy"
    session.reset()
    assert session.run().parameters == expected


def test_several_data_sets_and_units_that_are_none_are_refused():
    with pytest.raises(ValueError, match="a session fits one data set.*trfkit.fit"):
        FitSession(decay, {"cold": X, "hot": X}, {"cold": Y, "hot": Y})
    for units in (None, "s", ("s",), 5, ("s", 1)):
        with pytest.raises(ValueError, match="`units` must be those of x and y"):
            FitSession(decay, X, Y, [1, 1], units=units)


# --- while a fit is running


class Gate:
    """A model in NumPy that waits, from its second trial on, until it is opened."""

    def __init__(self):
        self.opened, self.reached, self.calls = threading.Event(), threading.Event(), 0

    def __call__(self, x, a, tau, c):
        self.calls += 1
        if self.calls > 10:
            self.reached.set()
            assert self.opened.wait(TIMEOUT)
        return a * np.exp(-x / tau) + c


WHILE_RUNNING = CHANGES | NOTHING_NEW | {
    "undo": lambda s: s.undo(), "redo": lambda s: s.redo(), "restore": lambda s: s.restore(0),
    "set_data": lambda s: s.set_data(X, Y), "choose_trial": lambda s: s.choose_trial(),
}  # fmt: skip


def test_nothing_is_changed_while_a_fit_is_running_or_paused():
    gate = Gate()
    session = FitSession(gate, X, Y, {"a": 2.0, "tau": 1.0, "c": 0.0})
    gate.opened.set()
    session.run()
    session.undo()
    gate.opened.clear()
    gate.reached.clear()
    gate.calls, before = 0, session.settings
    session.start()
    assert gate.reached.wait(TIMEOUT)
    try:
        for state in ("running", "paused"):
            for name, change in WHILE_RUNNING.items():
                with pytest.raises(RuntimeError, match=r"a fit is running: stop\(\) it or wait\(\) for it before"):
                    change(session)
                assert session.settings is before, name
            assert session.state == state
            session.pause()
    finally:
        gate.opened.set()
        session.stop()
    assert session.wait(TIMEOUT) and session.state == "stopped"
    session.undo()
    assert session.settings is before
