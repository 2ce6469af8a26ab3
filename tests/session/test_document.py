"""A session as JSON and back: undo goes on, results are the same to the last bit, altered texts are refused."""

import dataclasses
import json
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.models import Constant, ExponentialDecay, Gaussian, Line, Model
from trfkit.results.fit_result import FitResult
from trfkit.session import FitSession

X = np.linspace(0.0, 10.0, 30)
Y = 3.0 * np.exp(-X / 2.0) + 1.0 + 0.1 * np.random.default_rng(3).standard_normal(X.size)


def decay(x, a, tau):
    return a * jnp.exp(-x / tau)


def log_loss(z):
    return jnp.log1p(z)


def worked_on():
    """A session that was fitted twice, with the last of its steps undone."""
    model = "a*exp(-x/tau) + c"
    session = FitSession(model, X, Y, [2, 1, 0], sigma=0.1, units=("s", "µV"), bounds={"tau": (0.1, 9)})
    session.set_parameters({"a": 2.5}, gesture="slider")
    session.run()
    session.exclude_range(1.0, 2.0)
    session.set_options(loss="huber", f_scale=0.5, x_scale=np.array([1.0, 2.0, 1.0]))
    session.run()
    session.set_options(x_scale=None)
    session.tie("c", "a/3")
    session.set_parameter("tau", prior=(2.0, 0.1))
    session.set_model(ExponentialDecay() + Constant())
    session.undo()
    session.undo()
    return session


def with_functions():
    session = FitSession(decay, X, Y, [2, 1], sigma_x=0.01 + 0 * X, sigma=0.1, absolute_sigma=True)
    session.run()
    session.set_options(loss=log_loss)
    session.run()
    return session


def only_begun():
    return FitSession(Gaussian() + Line(), X, Y)


def with_gaps():
    session = FitSession(Line(), X, np.where(X > 9, np.nan, Y), nan_policy="omit", sigma=np.diag(0.1 + 0 * X))
    session.run()
    return session


def with_other_data():
    """A session that was fitted to three data sets; those in the middle are undone and only in its history."""
    session = FitSession(Line(), X, Y, x_label="time (s)")
    session.run()
    session.set_data(X[:20], 2 * Y[:20], 0.1, absolute_sigma=True, x_label="time (min)")
    session.run()
    session.undo()
    session.undo()
    session.set_data(X[5:], np.where(X[5:] > 9, np.nan, Y[5:]), y_label="U (V)", guess=False)
    session.run()
    session.undo()
    return session


def undone_to_the_start():
    session = FitSession(Line(), X, Y)
    session.run()
    session.undo()
    return session


CASES = {  # made, what is handed in
    "worked on": (worked_on, None),
    "functions": (with_functions, {"decay": decay, "log_loss": log_loss}),
    "only begun": (only_begun, None),
    "gaps": (with_gaps, None),
    "other data": (with_other_data, None),
    "undone": (undone_to_the_start, None),
}
MADE = {}


@pytest.fixture(params=CASES)
def case(request):
    make, handed_in = CASES[request.param]
    if request.param not in MADE:
        MADE[request.param] = make()
    return MADE[request.param], handed_in


def walk(session):
    """What is seen on the way from the first settings to the last and back to those that held."""
    steps = 0
    while session.undo():
        steps += 1
    seen = [told(session)]
    while session.redo():
        seen.append(told(session))
    for _ in range(len(seen) - 1 - steps):
        session.undo()
    return seen, steps


def told(session):
    options = {name: getattr(value, "tolist", lambda value=value: value)() for name, value in session.options.items()}
    data = session.data.x.tolist(), session.data.x_label, session.data.y_label, session.data.absolute_sigma
    return repr(session.model), session.model, session.parameters, session.mask.tolist(), options, data


def test_everything_is_there_again(case, same):
    session, handed_in = case
    text = session.to_json()
    back = FitSession.from_json(text, handed_in)
    assert back.to_json() == text
    assert walk(back) == walk(session)
    assert back.units == session.units
    for field in dataclasses.fields(session.data):
        assert same(getattr(back.data, field.name), getattr(session.data, field.name))
    assert (back.can_undo, back.can_redo) == (session.can_undo, session.can_redo)
    assert (back.state, back.error) == (session.state, None)
    assert back.trace == session.trace
    assert back.to_json() == text  # after all that undo and redo


def test_results_are_the_same_to_the_last_bit(case, same):
    session, handed_in = case
    back = FitSession.from_json(session.to_json(), handed_in)
    assert len(back.history) == len(session.history)
    for mine, its in zip(back.history, session.history, strict=True):
        assert [key for key in its.solution.keys() if not same(mine.solution[key], its.solution[key])] == []
        assert mine.fit_report() == its.fit_report()
        assert mine.to_json() == its.to_json()
    shown = None if session.result is None else session.history.index(session.result)
    assert back.result is (None if shown is None else back.history[shown])


def test_a_session_that_was_read_is_worked_on_as_before(case):
    session, handed_in = case
    back = FitSession.from_json(session.to_json(), handed_in)
    assert back.wait(0)
    for trial in session.trace.x[:2]:
        assert back.values_at(trial) == session.values_at(trial)
    back.exclude_points([0])
    expected = FitSession.from_json(session.to_json(), handed_in)
    expected.exclude_points([0])
    assert back.run().trace == expected.run().trace
    assert back.undo() and back.undo()
    assert told(back) == told(session)
    if session.history:
        back.restore(0)
        assert back.parameters == session.history[0].parameters


def test_a_stopped_fit_is_a_stopped_one_again_and_a_failed_one_leaves_its_best_point():
    broken = False

    def model(x, a, tau):
        if broken and a > 1.5:
            raise ArithmeticError("too high")
        return a * np.exp(-x / tau)

    session = FitSession(model, X, Y, [1, 1])
    session.start(paused=True)
    session.stop()
    assert session.wait(60)
    back = FitSession.from_json(session.to_json(), model)
    assert (back.state, back.result.message, back.trace) == ("stopped", session.result.message, session.trace)
    session.undo()
    broken = True
    with pytest.raises(ArithmeticError):
        session.run()
    broken = False
    back = FitSession.from_json(session.to_json(), model)
    assert (back.state, back.result, back.error) == ("idle", None, None)
    assert back.parameters == session.parameters and len(back.history) == 1


def test_a_session_can_be_saved_while_its_fit_is_paused():
    session = FitSession(decay, X, Y, [2, 1])
    session.start(paused=True)
    try:
        back = FitSession.from_json(session.to_json(), decay)
    finally:
        session.stop()
        assert session.wait(60)
    assert (back.state, back.history) == ("idle", [])
    assert back.run().success


def test_data_are_written_once_and_shared_by_history():
    session = FitSession(Line(), X, Y, sigma=0.1 + 0 * X)
    for _ in range(3):
        session.run()
        session.undo()
    text = session.to_json()
    assert text.count(repr(float(Y[5]))) == 1 and text.count('"kind": "library"') == 4  # once chosen and thrice fitted
    back = FitSession.from_json(text)
    assert all(result.sets[0].y is back.history[0].sets[0].y for result in back.history)
    assert back.to_json() == text


def test_each_of_several_data_is_written_once_and_brought_back_by_restore():
    session = with_other_data()
    text = session.to_json()
    places = [result.get("data") for result in json.loads(text)["history"]]
    assert (len(json.loads(text)["data"]), places) == (3, [0, 2, 1])
    assert '"y"' not in json.dumps(json.loads(text)["history"])
    back = FitSession.from_json(text)
    for i, seen in enumerate([(30, "time (s)", False), (20, "time (min)", True), (25, "x", False)]):
        for restored in (session, back):
            restored.restore(i)
            data = restored.data
            assert (data.y.size, data.x_label, data.absolute_sigma) == seen
            assert data.y is restored.history[i].sets[0].y
        assert told(back) == told(session)


def test_a_fit_that_was_read_is_one_of_the_settings_that_were():
    session = worked_on()
    session.restore(1)
    back = FitSession.from_json(session.to_json())
    assert back.settings.shares(back.fitted, "data", "model", "mask", "options")
    assert back.fitted.parameters == back.result.initial and back.parameters == back.result.parameters


def test_a_result_of_other_data_in_the_history_keeps_its_data():
    session, other = FitSession(Line(), X, Y), FitSession(Line(), X, 2 * Y)
    session.run()
    session.history.append(other.run())
    back = FitSession.from_json(session.to_json())
    np.testing.assert_array_equal(back.history[1].sets[0].y, 2 * Y)
    assert back.result is back.history[0]
    for restored in (back, session):
        restored.restore(1)
        np.testing.assert_array_equal(restored.data.y, 2 * Y)


# --- files


def test_a_file_brings_everything_back_and_saving_again_replaces_it(tmp_path):
    session, path = only_begun(), tmp_path / "fit.json"
    session.save(path)
    assert FitSession.load(str(path)).to_json() == session.to_json()
    session.set_options(loss="huber")
    session.save(str(path))
    assert FitSession.load(path).options == {"loss": "huber"}
    assert [file.name for file in tmp_path.iterdir()] == ["fit.json"]


def test_what_cannot_be_saved_leaves_the_file_as_it_was(tmp_path):
    session, path = FitSession(decay, X, Y, [2, 1]), tmp_path / "fit.json"
    session.save(path)
    text = path.read_text()
    session.set_model(lambda x, a: a * x)
    session.set_model(lambda x, b: b * x)
    with pytest.raises(ValueError, match="two different functions are called '<lambda>'.*name='rise'"):
        session.save(path)
    assert path.read_text() == text
    session.undo()
    with pytest.raises(ValueError, match="two different functions"):  # what could be redone is saved, too
        session.save(path)
    with pytest.raises(FileNotFoundError):
        only_begun().save(tmp_path / "no such folder" / "fit.json")
    assert [file.name for file in tmp_path.iterdir()] == ["fit.json"]


def test_functions_of_one_name_are_refused_wherever_they_are():
    session = FitSession(Model.from_function(decay, name="log_loss"), X, Y, [2, 1])
    session.set_options(loss=log_loss)
    session.undo()
    with pytest.raises(ValueError, match="two different functions are called 'log_loss'"):
        session.to_json()
    session = FitSession(lambda x, a: a * x, X, Y)
    session.history.append(FitSession(lambda x, b: b * x, X, Y).run())
    with pytest.raises(ValueError, match="two different functions are called '<lambda>'"):
        session.to_json()


def test_x_that_is_no_array_is_refused():
    session = FitSession(lambda x, a: a * x.t, SimpleNamespace(t=X), Y, [1.0])
    with pytest.raises(
        ValueError, match=r"x is no array of numbers, and JSON cannot hold it: namespace.*Fit with x as"
    ):
        session.to_json()


# --- texts that are no sessions


def test_other_texts_are_refused_with_what_they_are_and_what_to_try():
    session = undone_to_the_start()
    text = session.to_json()
    newer = json.dumps(json.loads(text) | {"version": 2})
    result = session.result
    for other, words in (
        (text[: len(text) // 2], "not JSON, or it was cut short"),
        ("fit.json", "not JSON, or it was cut short"),
        (None, "not JSON"),
        ("[]", "not a session: its format is 'list', and FitSession.to_json writes 'trfkit-session'"),
        ('{"format": ["trfkit-session"]}', r"not a session: its format is \['trfkit-session'\]"),
        (result.to_json(), r"not a session: its format is 'trfkit-fit'.*read it with FitResult.from_json"),
        (result.trace.to_json(), "not a session: its format is 'trfkit-trace'.*Trace.from_json"),
        (newer, "this session has version 2 of the format, and this trfkit reads up to 1: update trfkit"),
        (newer.replace('"version": 2', '"version": 0'), "version must be a version from 1, got 0"),
    ):
        with pytest.raises(ValueError, match=words):
            FitSession.from_json(other)
    with pytest.raises(ValueError, match="not a fit: its format is 'trfkit-session'.*FitSession.from_json"):
        FitResult.from_json(text)


def test_functions_that_are_missing_are_named_with_the_call_to_make():
    text = with_functions().to_json()
    words = (
        r"this is a session with decay\(x, a, tau\) and the loss log_loss\(z\), .*FitSession.from_json\(text, model="
    )
    for given in (None, decay, {"decay": decay}, {"decay": decay, "log_loss": 3}):
        with pytest.raises(ValueError, match=words):
            FitSession.from_json(text, given)
    with pytest.raises(ValueError, match="a function handed in is not the one that was fitted"):
        FitSession.from_json(text, {"decay": lambda x, a, tau: a * jnp.exp(-tau * x), "log_loss": log_loss})


@pytest.mark.parametrize(
    ("path", "new", "words"),
    [
        (("settings",), [], "settings must be the settings that were chosen, one at least, got"),
        (("settings",), ..., "the document lacks 'settings'"),
        (("settings", 0, "model"), ..., r"settings\[0\] lacks 'model'"),
        (("settings", 0, "model", "text"), "__import__('os')", r"settings\[0\].model: .*__import__"),
        (("settings", 0, "model", "text"), "a*x + q", r"settings\[0\].parameters lacks the model's q"),
        (("settings", 1, "parameters", 0, "value"), "x", r"settings\[1\].parameters\[0\].value must be a number"),
        (("settings", 1, "parameters", 1, "value"), 20.0, "tau = 20 is above its upper bound"),
        (("settings", 3, "mask"), [True], r"settings\[3\].mask must be an object"),
        (("settings", 3, "mask"), {"shape": [2], "values": [True, False]}, "`mask` must be 30 booleans"),
        (("settings", 4, "options"), {"loss": "square"}, "`loss` must be one of"),
        (("settings", 4, "options"), {"callback": 1}, r"settings\[4\].options has 'callback', which is none of"),
        (("settings", 0, "options"), {"max_nfev": [5]}, "settings: "),
        (("at",), 99, "at must be a place among"),
        (("at",), -1, "at must be a place among"),
        (("shown",), 2, "shown must be a place among 2, got 2"),
        (("shown",), "last", "shown must be a whole number, got 'last'"),
        (("units",), ["s"], "units must be two strings"),
        (("data", 0, "absolute_sigma"), 1, r"data\[0\].absolute_sigma must be true or false"),
        (("data", 0, "x_label"), None, r"data\[0\].x_label must be a string, got None"),
        (("data",), [], r"settings\[0\].data must be a place among 0, got 0"),
        (("settings", 0, "data"), 1, r"settings\[0\].data must be a place among 1, got 1"),
        (("history", 1, "data"), "y", r"history\[1\].data must be a whole number, got 'y'"),
        (("history", 1, "data"), ..., r"history\[1\].data_sets\[0\] lacks 'sigma'"),
        (("history", 1, "data_sets"), [], "data_sets is empty"),
        (("data", 0, "y", "values", 3), "2.5", r"data\[0\].y.values\[3\] must be a number, got '2.5'"),
        (("data", 0, "y", "values", 3), 2.5, "solution.fun is not the residuals of these models, data and"),
        (("history",), {}, "history must be a list"),
        (("history", 0, "solution", "rank"), 7, "solution.rank is not that of its triangle"),
    ],
)  # fmt: skip
def test_what_was_altered_is_named(path, new, words, changed):
    document = json.loads(MADE.setdefault("worked on", worked_on()).to_json())
    with pytest.raises(ValueError, match=words):
        FitSession.from_json(json.dumps(changed(document, path, new)))


def test_a_fit_of_the_session_that_brings_arrays_of_its_own_is_refused():
    document = json.loads(MADE.setdefault("undone", undone_to_the_start()).to_json())
    document["history"][0]["data_sets"][0] |= document["data"][0]
    with pytest.raises(ValueError, match=r"history\[0\].data_sets must be what is fitted to one data set, without its"):
        FitSession.from_json(json.dumps(document))


def test_a_wrong_value_anywhere_is_a_clear_error_or_other_settings(altered):
    session = FitSession("a*x + b", X, Y, [1, 1], sigma=0.1)
    session.set_options(loss="huber", f_scale=0.5)
    session.fix("a")
    session.select_range(1, 9)
    tried = refused = 0
    for path, new, document in altered(json.loads(session.to_json()), without="history"):
        tried += 1
        try:
            back = FitSession.from_json(json.dumps(document))
        except ValueError as error:
            refused += 1
            assert 20 < len(str(error)) < 700, (path, new)
        else:
            assert FitSession.from_json(back.to_json()).to_json() == back.to_json(), (path, new)
    assert refused > 0.7 * tried > 300
