"""Long work of a session: told on its way, cancelled, kept by result, and never in the way of a fit that may run."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from trfkit.models import Model
from trfkit.session import FitSession, TaskEnded, TaskProgressed

TIMEOUT = 120

X = np.linspace(0.0, 4.0, 30)
Y = 3.0 * np.exp(-0.7 * X) + 0.01 * np.cos(20 * X)


class Held:
    """A model by NumPy that waits at each call until it is let go."""

    def __init__(self):
        self.go = threading.Event()
        self.go.set()
        self.called = threading.Event()
        self.model = Model.from_function(lambda x, a, k: self(np.asarray(x), float(a), float(k)))

    def __call__(self, x, a, k):
        self.called.set()
        assert self.go.wait(TIMEOUT)
        return a * np.exp(-k * x)

    def hold(self):
        self.called.clear()
        self.go.clear()


@pytest.fixture
def session():
    session = FitSession("a*exp(-k*x)", X, Y, start={"a": 1.0, "k": 1.0})
    session.run()
    yield session
    session.close()
    assert session.tasks.wait(TIMEOUT)


@pytest.fixture
def held():
    held = Held()
    session = FitSession(held.model, X, Y, start={"a": 1.0, "k": 1.0})
    session.run()
    held.hold()
    yield held, session
    held.go.set()
    session.close()
    assert session.tasks.wait(TIMEOUT) and session.wait(TIMEOUT)


def watched(session):
    told = []
    session.observe(told.append)
    return told


def of_kind(told, kind):
    return [event for event in told if isinstance(event, kind)]


def test_a_bootstrap_is_that_of_the_result_and_is_kept_with_it(session):
    told = watched(session)
    session.tasks.bootstrap(40, "cases", seed=3)
    assert session.tasks.wait(TIMEOUT) and not session.tasks.running
    found = session.tasks.outcome(session.result, "bootstrap")
    np.testing.assert_array_equal(found.samples, session.result.bootstrap(40, "cases", 3).samples)
    (ended,) = of_kind(told, TaskEnded)
    assert ended == TaskEnded("bootstrap", found) and session.tasks.last is ended


def test_outcomes_stay_with_the_fit_that_they_are_of(session):
    first = session.result
    session.tasks.profile(["k"], 0.9)
    assert session.tasks.wait(TIMEOUT)
    session.run()
    found = session.tasks.outcome(first, "profile")
    assert tuple(found) == ("k",) and found.level == 0.9
    assert session.tasks.outcome(session.result, "profile") is None
    assert session.tasks.outcome(first, "bootstrap") is None


def test_progress_is_told_with_the_time_that_is_left(held, monkeypatch):
    model, session = held
    monkeypatch.setattr("trfkit.session.tasks.BETWEEN_EVENTS_S", 0.0)
    model.go.set()
    told = watched(session)
    session.tasks.bootstrap(5)
    assert session.tasks.wait(TIMEOUT)
    progress = [event.progress for event in of_kind(told, TaskProgressed)]
    assert [(p.what, p.done, p.total) for p in progress] == [("bootstrap", i, 5) for i in range(1, 6)]
    assert progress[0].left_s is None and progress[-1].left_s == 0
    assert all(p.left_s > 0 for p in progress[1:-1])
    assert session.tasks.progress is None


def test_events_are_no_more_than_a_person_can_read(session, monkeypatch):
    monkeypatch.setattr("trfkit.session.tasks.BETWEEN_EVENTS_S", 3600.0)
    told = watched(session)
    session.tasks.bootstrap(1000)
    assert session.tasks.wait(TIMEOUT)
    assert [event.progress.done for event in of_kind(told, TaskProgressed)] == [256, 1000]


def test_a_cancelled_bootstrap_keeps_its_samples(held):
    model, session = held
    session.tasks.bootstrap(50)
    assert model.called.wait(TIMEOUT) and session.tasks.running
    session.tasks.cancel()
    model.go.set()
    assert session.tasks.wait(TIMEOUT)
    last = session.tasks.last
    assert last.cancelled and last.error is None
    assert last.outcome.notes[0] == "Stopped after 1 of 50 fits." and len(last.outcome.samples) == 1


def test_a_cancelled_profile_leaves_nothing(held):
    model, session = held
    session.tasks.profile()
    assert model.called.wait(TIMEOUT)
    session.tasks.cancel()
    model.go.set()
    assert session.tasks.wait(TIMEOUT)
    assert session.tasks.last == TaskEnded("profile", None, None, cancelled=True)
    assert session.tasks.outcome(session.result, "profile") is None


def test_times_are_those_of_the_same_fit_and_are_kept_with_it(session):
    told, history = watched(session), list(session.history)
    session.tasks.times()
    assert session.tasks.wait(TIMEOUT)
    found = session.tasks.outcome(session.result, "times")
    assert len(found.trials) == len(session.result.trace) - 1
    np.testing.assert_allclose(found.result.solution.x, session.result.solution.x, rtol=1e-9)
    (ended,) = of_kind(told, TaskEnded)
    assert ended == TaskEnded("times", found) and session.history == history


def test_who_watches_does_not_disturb_what_is_timed(held, monkeypatch):
    model, session = held
    model.go.set()
    told = watched(session)
    session.tasks.times()
    assert session.tasks.wait(TIMEOUT) and of_kind(told, TaskProgressed) == []
    monkeypatch.setattr("trfkit.session.tasks.UNDISTURBED_S", 1e-6)
    monkeypatch.setattr("trfkit.session.tasks.BETWEEN_EVENTS_S", 0.0)
    session.tasks.times()
    assert session.tasks.wait(TIMEOUT)
    trials = len(session.result.trace) - 1
    progress = [event.progress for event in of_kind(told, TaskProgressed)]
    assert [(p.what, p.done, p.total) for p in progress] == [("times", i, trials) for i in range(trials + 1)]


def test_cancelled_times_leave_nothing(held):
    model, session = held
    session.tasks.times()
    assert model.called.wait(TIMEOUT)
    session.tasks.cancel()
    model.go.set()
    assert session.tasks.wait(TIMEOUT)
    assert session.tasks.last == TaskEnded("times", None, None, cancelled=True)


def test_one_task_at_a_time(held):
    model, session = held
    session.tasks.bootstrap(2)
    for start in (session.tasks.bootstrap, session.tasks.profile, session.tasks.starts):
        with pytest.raises(RuntimeError, match=r"a task is running, bootstrap: cancel\(\) it or wait\(\)"):
            start()
    assert not session.running and len(session.history) == 1


def test_settings_change_and_a_fit_runs_beside_a_bootstrap(held):
    model, session = held
    first = session.result
    session.tasks.bootstrap(3)
    assert model.called.wait(TIMEOUT)
    session.set_model("b*exp(-x) + c")
    session.run()
    assert session.tasks.running
    model.go.set()
    assert session.tasks.wait(TIMEOUT)
    assert session.tasks.outcome(first, "bootstrap").names == ("a", "k")


def test_many_starts_are_a_fit_of_the_session_and_one_step_of_undo(session):
    session.set_parameters({"a": 1.0, "k": 1.0})
    before, told = session.settings, watched(session)
    session.tasks.starts(20, seed=1)
    assert session.running
    assert session.tasks.wait(TIMEOUT)
    result = session.result
    assert session.tasks.last == TaskEnded("starts", result)
    assert session.history[-1] is result and len(session.history) == 2
    assert session.parameters == result.parameters
    assert session.tasks.outcome(result, "starts") is result.starts and len(result.starts.cost) == 20
    assert of_kind(told, TaskProgressed)[-1].progress.done == 20
    session.undo()
    assert session.settings is before


def test_starts_wait_for_no_fit_and_a_fit_for_no_starts(held):
    model, session = held
    session.start()
    assert model.called.wait(TIMEOUT)
    with pytest.raises(RuntimeError, match="this fit is running"):
        session.tasks.starts(5)
    assert not session.tasks.running
    session.stop()
    model.go.set()
    assert session.wait(TIMEOUT)
    model.hold()
    session.tasks.starts(5)
    with pytest.raises(RuntimeError, match="this fit is running"):
        session.start()
    session.tasks.cancel()


@pytest.mark.parametrize("how", ["cancel", "stop"])
def test_cancelled_starts_leave_the_best_so_far(held, how):
    model, session = held
    session.tasks.starts(30)
    assert model.called.wait(TIMEOUT)
    session.tasks.cancel() if how == "cancel" else session.stop()
    model.go.set()
    assert session.tasks.wait(TIMEOUT)
    assert not session.running
    assert len(session.result.starts.cost) == 1
    assert "Stopped after 1 of 30 starts." in session.result.notes
    assert session.result.solution.cost <= session.result.starts.cost[0] * (1 + 1e-12)


def test_what_the_work_raises_is_told(session):
    session.set_parameter("a", prior=(3.0, 0.1))
    session.run()
    session.tasks.bootstrap()
    assert session.tasks.wait(TIMEOUT)
    assert session.tasks.last.outcome is None and not session.tasks.last.cancelled
    assert str(session.tasks.last.error).startswith("the prior of a is no data to draw from")


@pytest.mark.parametrize("count", [0, -1, 2.5, True, "many"])
def test_a_number_of_starts_that_is_none_changes_nothing(session, count):
    result = session.result
    with pytest.raises(ValueError, match="`starts` must be a positive whole number"):
        session.tasks.starts(count)
    assert session.result is result and session.state == "done" and not session.tasks.running


def test_before_any_fit_there_is_nothing_to_work_on():
    session = FitSession("a*exp(-k*x)", X, Y)
    with pytest.raises(RuntimeError, match="no result to take a bootstrap of: run the fit first"):
        session.tasks.bootstrap()
    assert session.tasks.wait(0) and session.tasks.progress is None
    session.tasks.cancel()


def test_an_observer_may_start_the_next_task(session):
    def again(event):
        if isinstance(event, TaskEnded) and event.what == "bootstrap":
            session.tasks.profile()
            started.set()

    started = threading.Event()
    session.observe(again)
    session.tasks.bootstrap(10)
    assert started.wait(TIMEOUT) and session.tasks.wait(TIMEOUT)
    assert session.tasks.last.what == "profile"


@pytest.mark.parametrize("what", ["bootstrap(10**9)", "starts(10**5)"])
def test_the_program_ends_though_a_task_runs(what):
    code = (
        "import numpy as np\n"
        "from trfkit.session import FitSession, TaskProgressed\n"
        "import threading\n"
        "x = np.linspace(0, 4, 30)\n"
        "session = FitSession('a*exp(-k*x)', x, 3*np.exp(-0.7*x) + 0.01*np.cos(20*x))\n"
        "session.run()\n"
        "under_way = threading.Event()\n"
        "session.observe(lambda event: isinstance(event, TaskProgressed) and under_way.set())\n"
        f"session.tasks.{what}\n"
        "assert under_way.wait(100)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=TIMEOUT)
    assert (ended.returncode, ended.stderr) == (0, "")
