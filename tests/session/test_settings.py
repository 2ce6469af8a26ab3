"""The line of choices, against a list and a place in it."""

import numpy as np
import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from trfkit.models import Line
from trfkit.parameters import Parameter, Parameters
from trfkit.session.data import Data
from trfkit.session.settings import Settings, Timeline

DATA = Data(np.arange(3.0), np.ones(3))
GESTURES = [None, "slider of a", "slider of b"]


def chosen(value):
    return Settings(DATA, Line(), Parameters([Parameter("slope", value), Parameter("intercept")]), None, {})


class TimelineAgainstAList(RuleBasedStateMachine):
    """Each step of undo is (the settings, the gesture that may still change them, or None)."""

    def __init__(self):
        super().__init__()
        first = chosen(0.0)
        self.line, self.timeline = [first], Timeline(first)
        self.at, self.going_on = 0, None

    @rule(value=strategies.floats(-9, 9), gesture=strategies.sampled_from(GESTURES))
    def choose(self, value, gesture):
        new = chosen(value)
        at_the_end = self.at == len(self.line) - 1
        if gesture is not None and gesture == self.going_on and self.at > 0 and at_the_end:
            self.line[-1] = new
        else:
            self.line = [*self.line[: self.at + 1], new]
            self.at += 1
        self.going_on = gesture
        self.timeline.choose(new, gesture)

    @rule(steps=strategies.integers(-3, 3))
    def move(self, steps):
        inside = 0 <= self.at + steps < len(self.line)
        self.at += steps if inside else 0
        self.going_on = None
        assert self.timeline.move(steps) == inside

    @invariant()
    def holds_what_the_list_holds(self):
        assert self.timeline.current is self.line[self.at]
        assert self.timeline.first is self.line[0]
        assert [a is b for a, b in zip(self.timeline, self.line, strict=True)] == [True] * len(self.line)
        assert self.timeline.at == self.at
        assert (self.timeline.can_undo, self.timeline.can_redo) == (self.at > 0, self.at < len(self.line) - 1)


TestTimelineAgainstAList = TimelineAgainstAList.TestCase
TestTimelineAgainstAList.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_gesture_never_changes_the_settings_with_which_the_line_began():
    first = chosen(0.0)
    line = Timeline(first)
    for value in (1.0, 2.0, 3.0):
        line.choose(chosen(value), "slider")
    assert list(line)[0] is first and len(list(line)) == 2
    assert line.move(-1) and line.current is first


def test_a_gesture_interrupted_by_undo_and_redo_begins_another_step():
    line = Timeline(chosen(0.0))
    line.choose(chosen(1.0), "slider")
    line.move(-1)
    line.move(1)
    line.choose(chosen(2.0), "slider")
    assert [s.parameters["slope"].value for s in line] == [0.0, 1.0, 2.0]


def test_a_choice_after_undo_forgets_what_was_undone():
    line = Timeline(chosen(0.0))
    for value in (1.0, 2.0, 3.0):
        line.choose(chosen(value))
    line.move(-2)
    line.choose(chosen(9.0))
    assert [s.parameters["slope"].value for s in line] == [0.0, 1.0, 9.0]
    assert not line.can_redo and not line.move(1)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_line_can_be_made_of_several_settings_and_a_place(at):
    several = [chosen(value) for value in (0.0, 1.0, 2.0)]
    line = Timeline(*several, at=at)
    assert line.current is several[at]
    assert (line.can_undo, line.can_redo) == (at > 0, at < 2)


def test_what_is_chosen_while_the_line_is_gone_through_does_not_disturb():
    line = Timeline(chosen(0.0), chosen(1.0))
    seen = 0
    for settings_of_then in line:
        line.choose(settings_of_then._replace(options={"loss": "huber"}))
        seen += 1
    assert seen == 2
