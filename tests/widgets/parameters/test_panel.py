"""The fitter's parameter table over a session, with the messages that a browser sends."""

import numpy as np
import pytest

from trfkit.session import FitSession, SettingsChanged
from trfkit.widgets.parameters import ParameterPanel

X = np.linspace(0, 4, 40)
START = {"a": 3.0, "b": 0.5, "c": 0.0}


class Browser:
    """Sends what a person does, and counts what comes back."""

    def __init__(self, panel, monkeypatch):
        self.rows, self.updates, self.answers = panel.box, 0, 0
        monkeypatch.setattr(panel.box.comm, "publish_msg", self._take)

    def _take(self, msg_type, data=None, **others):
        self.updates += data["method"] == "update"
        self.answers += data.get("content") == {"kind": "answer"}

    def tell(self, **event):
        content = {"kind": "events", "events": [event]}
        self.rows._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    def slide(self, name, *positions, gesture="1"):
        slider = self.rows.row(name)["slider"]
        for position in positions:
            self.tell(type="slide", name=name, position=position, slider=slider, gesture=gesture)

    def type(self, name, field, typed):
        self.tell(type="text", name=name, field=field, typed=typed)

    def row(self, name, *columns):
        row = self.rows.row(name)
        return tuple(row[column] for column in columns) if len(columns) > 1 else row[columns[0]]


@pytest.fixture
def session():
    y = 5 * np.exp(-1.3 * X) + 0.1 * np.cos(40 * X)
    session = FitSession("a*exp(-b*x) + c", X, y, START, bounds={"a": (0, 10)}, units=("s", "V"))
    yield session
    session.close()


@pytest.fixture
def panel(session):
    """Refreshed with every event, as by the fitter."""
    panel = ParameterPanel(session)
    session.observe(lambda event: panel.refresh())
    return panel


@pytest.fixture
def browser(panel, monkeypatch):
    return Browser(panel, monkeypatch)


# Sliders


def test_moved_slider_sets_the_parameter_and_the_value_beside_it(session, browser):
    browser.slide("a", 437)
    assert session.parameters["a"].value == 4.37
    assert browser.row("a", "value", "position") == ("4.37", 437)
    assert browser.answers == 1


def test_one_drag_is_one_step_of_undo_and_the_next_one_another(session, browser):
    browser.slide("a", 400, 500, 600)
    browser.tell(type="release")
    browser.slide("a", 700, 800, gesture="2")
    session.undo()
    assert session.parameters["a"].value == 6.0
    session.undo()
    assert session.parameters["a"].value == 3.0 and not session.can_undo
    assert browser.row("a", "value", "position") == ("3", 300)


def test_slider_without_bounds_lies_still_during_a_drag_and_moves_after_it(session, browser):
    before = browser.row("b", "slider")
    browser.slide("b", 900, 1000)
    assert session.parameters["b"].value == before[1]
    assert browser.row("b", "slider", "position") == (before, 1000)
    browser.tell(type="release")
    low, high, _ = browser.row("b", "slider")
    assert low < before[1] < high and high > before[1]


def test_slider_keeps_within_the_bounds_of_a_parameter_whose_value_is_outside(session, browser):
    slider = [0.0, 20.0, False]  # as it lay when a person took hold of it, before the upper bound was there
    browser.tell(type="slide", name="a", position=900, slider=slider, gesture="1")
    assert session.parameters["a"].value == 10.0


def test_ten_thousand_moves_leave_session_and_view_in_the_same_state(session, browser):
    positions = np.random.default_rng(0).integers(0, 1001, 10_000).tolist()
    browser.slide("a", *positions)
    assert browser.answers == 10_000
    assert browser.row("a", "position") == positions[-1]
    assert float(browser.row("a", "value")) == session.parameters["a"].value == positions[-1] / 100
    session.undo()
    assert not session.can_undo


def test_tied_parameter_has_no_slider_to_move(session, browser):
    browser.type("c", "tie", "a/10")
    browser.slide("c", 900)
    assert session.parameters.full_values["c"] == 0.3
    assert browser.row("c", "tied", "value", "error") == (True, "0.3", "tied")


def test_slider_takes_the_place_of_a_refused_value_and_leaves_other_refusals(browser):
    browser.type("a", "value", "much")
    browser.type("a", "tie", "2*nothing")
    browser.slide("a", 500)
    assert browser.row("a", "value", "tie") == ("5", "2*nothing")
    assert list(browser.row("a", "refused")) == ["tie"]


# Fields


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("min", "20", "min 20 must be less than max 10"),
        ("value", "11", "value 11 is outside its bounds [0, 10]"),
        ("value", "nan", "value must be a number, got &#x27;nan&#x27;"),
        ("tie", "2*b +* 3", "(column 6)"),
    ],
)
def test_what_cannot_be_accepted_stays_where_it_was_typed_with_the_reason(session, browser, field, typed, sentence):
    before, accepted = session.parameters, browser.row("a", field)
    browser.type("a", field, typed)
    assert session.parameters is before and not session.can_undo
    assert browser.row("a", field, "refused") == (typed, {field: accepted})
    assert sentence in browser.row("a", "reason")
    session.set_parameter("b", 0.7)  # from elsewhere: nothing is lost
    assert browser.row("a", field) == typed
    browser.type("a", field, accepted)
    assert browser.row("a", field, "refused", "reason") == (accepted, {}, "")


def test_refusal_of_the_session_is_told_beside_the_field(session, browser):
    for name in ("a", "b"):
        browser.type(name, "fixed", True)
    session.close()
    session._refuse_while_running = _running
    browser.type("c", "value", "2")
    assert "a fit is running" in browser.row("c", "reason")
    assert browser.row("c", "value", "refused") == ("2", {"value": "0"})


def _running():
    raise RuntimeError("a fit is running: stop() it")


def test_edit_of_a_parameter_that_is_no_longer_there_is_dropped_and_answered(session, browser):
    session.set_model("k*x", {"k": 1.0})
    browser.type("a", "value", "2")
    assert [row["name"] for row in browser.rows.rows] == ["k"] and browser.answers == 1


def test_mended_model_keeps_no_refusals_of_parameters_that_are_gone(session, browser):
    browser.type("a", "value", "much")
    session.set_model("k*x", {"k": 1.0})
    browser.type("k", "value", "2")
    assert session.parameters["k"].value == 2.0 and browser.rows.typed == {}


# Fits and their trials


def test_errors_stand_beside_the_values_of_the_result_and_no_others(session, panel, browser):
    session.fix("c")
    assert [row["error"] for row in browser.rows.rows] == ["", "", "fixed"]
    result = session.run()
    expected = f"± {result.stderr['a']:.2g}"
    assert browser.row("a", "error") == expected and browser.row("c", "error") == "fixed"
    session.set_parameter("b", 2.0)
    assert browser.row("a", "error") == ""
    session.undo()
    assert browser.row("a", "error") == expected


def test_parameter_at_its_bound_says_so(session, browser):
    session.set_parameter("a", max=4.0)
    assert browser.row("a", "bound") == ""
    session.run()
    assert browser.row("a", "bound") == "at upper bound"
    session.set_parameter("b", min=0.1, max=2.0)
    browser.slide("b", 0)
    assert browser.row("b", "bound") == "at lower bound"


def test_parameter_that_the_data_do_not_determine_says_so(session, browser):
    session.set_model("a*b*x", {"a": 1.0, "b": 1.0})
    session.run()
    assert browser.row("a", "error") == "undetermined"


def test_trial_that_is_looked_at_is_shown_and_an_edit_begins_from_it(session, browser):
    session.run()
    best, start = session.parameters, START["b"]
    session.show(0)
    assert browser.row("b", "value", "error") == (str(start), "")
    browser.slide("a", 800, 900)
    assert session.cursor is None
    assert (session.parameters["a"].value, session.parameters["b"].value) == (9.0, start)
    session.undo()
    assert session.parameters == best
    session.show(0)
    browser.type("a", "value", "7")
    assert (session.parameters["a"].value, session.parameters["b"].value) == (7.0, start)
    session.undo()
    assert session.parameters == best


def test_running_fit_is_looked_at_only_and_its_values_are_shown(session, panel, browser):
    session.start(paused=True)
    while session.state != "paused":
        session.wait(0.01)
    panel.refresh()
    assert browser.rows.locked
    shown = session.values_shown
    assert browser.row("b", "value") == f"{shown['b']:.8g}" or float(browser.row("b", "value")) == shown["b"]
    browser.slide("a", 100)
    browser.type("a", "value", "2")
    assert session.values_shown == shown
    assert browser.row("a", "value") == "2" and "running" in browser.row("a", "reason")
    session.stop()
    session.wait()
    assert not browser.rows.locked
    assert browser.row("a", "value") == "2"  # not lost


def test_trials_of_another_model_are_not_those_of_these_parameters(session, browser):
    session.run()
    session.set_model("k*x", {"k": 1.0})
    session.show(0)
    assert browser.row("k", "value") == "1"
    browser.type("k", "value", "2")
    assert session.parameters["k"].value == 2.0


def test_refresh_is_one_message_and_none_where_nothing_has_changed(session, panel, browser):
    session.set_parameters({"a": 4.0, "b": 1.0, "c": 1.0})
    assert browser.updates == 1
    panel.refresh()
    assert browser.updates == 1


def test_change_from_elsewhere_is_no_edit(session, browser):
    told = []
    session.observe(lambda event: told.append(event))
    session.set_parameter("a", 7.0)
    assert [type(event) for event in told] == [SettingsChanged]
    assert browser.row("a", "value") == "7"
