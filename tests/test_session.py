"""The session, used as buttons and cells use it; no widget and no figure is needed for any of it."""

import asyncio
import queue
import signal
import subprocess
import sys
import threading
import time

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.core.radius import USER_STOP
from trfkit.datasets import nist
from trfkit.fitting.curve_fit import fit_curve
from trfkit.models import Constant, Gaussian
from trfkit.session import CursorMoved, FitSession, SettingsChanged, StateChanged, TrialRecorded

X = np.linspace(0.0, 4.0, 30)
Y = 3.0 * np.exp(-0.7 * X) + 0.01 * np.cos(20 * X)
TIMEOUT = 60  # seconds: far more than any of these fits take, compiling included


def decay(x, height, rate):
    return height * jnp.exp(-rate * x)


def decay_of_numpy(x, height, rate):
    return height * np.exp(-rate * x)


def line_of_numpy(x, slope, intercept):
    return slope * np.asarray(x) + intercept


class Gate:
    """A NumPy model that waits, from its second trial on, until it is opened: a fit as slow as a test needs it."""

    def __init__(self):
        self.opened = threading.Event()
        self.reached = threading.Event()
        self.calls = 0

    def __call__(self, x, height, rate):
        self.calls += 1
        if self.calls > 8:  # the start and its Jacobian by differences take five evaluations, each trial at least one
            self.reached.set()
            assert self.opened.wait(TIMEOUT)
        return height * np.exp(-rate * x)


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.opened.set()


@pytest.fixture
def held(gate):
    """A session in the middle of its fit, held there by `gate`."""
    session = FitSession(gate, X, Y, (1.0, 0.1))
    session.start()
    assert gate.reached.wait(TIMEOUT)
    yield session
    gate.opened.set()
    session.close()
    assert session.wait(TIMEOUT)


def test_run_gives_the_result_of_fit_curve():
    session = FitSession(decay, X, Y, (1.0, 0.1), loss="soft_l1")
    result = session.run()
    expected = fit_curve(decay, X, Y, (1.0, 0.1), loss="soft_l1")
    np.testing.assert_array_equal(result.solution.x, expected.x)
    assert session.result is result
    assert session.state == "done"


def test_trace_of_the_session_is_that_of_the_result():
    session = FitSession(decay, X, Y, (1.0, 0.1))
    result = session.run()
    assert session.trace == result.trace
    assert session.trace.parameter_names == tuple(session.parameters) == ("height", "rate")


def test_fitted_again_it_starts_anew():
    session = FitSession(decay, X, Y, (1.0, 0.1))
    first = session.run()
    session.undo()
    second = session.run()
    assert session.history == [first, second]
    assert first.trace == second.trace == session.trace


def test_start_returns_at_once_and_wait_tells_whether_it_is_over(held, gate):
    assert held.running
    assert held.state == "running"
    assert not held.wait(timeout=0.01)
    gate.opened.set()
    assert held.wait(TIMEOUT)
    assert held.state == "done"


def test_wait_before_any_start_is_over_at_once():
    session = FitSession(decay, X, Y, (1.0, 0.1))
    assert session.state == "idle"
    assert session.wait()


def test_trials_can_be_read_while_the_fit_runs(held):
    trace = held.trace
    assert len(trace) >= 2
    assert trace[0].kind == "start"
    np.testing.assert_array_equal(trace[0].x, held.parameters.free_values)
    assert held.result is None


def test_stop_keeps_the_best_point(held, gate):
    held.stop()
    assert held.running  # stop only asks
    gate.opened.set()
    assert held.wait(TIMEOUT)
    assert held.state == "stopped"
    assert held.result.status == USER_STOP
    best = held.trace[held.trace.best]
    np.testing.assert_array_equal(held.result.solution.x, best.x)
    assert held.result.solution.cost == best.cost < held.trace[0].cost


def test_stop_ends_a_compiled_fit_too():
    mgh17 = nist("MGH17")  # from its far start hundreds of trials
    session = FitSession(mgh17.model, mgh17.x, mgh17.y, mgh17.starts[0])
    # An observer is late by the time of a thread; the fit it stops is still far from its end.
    session.observe(lambda event: session.stop() if isinstance(event, TrialRecorded) and event.index == 3 else None)
    result = session.run()
    assert session.state == "stopped"
    assert 4 <= len(result.trace) < 300
    np.testing.assert_array_equal(result.solution.x, result.trace.x[result.trace.best])


def test_stop_before_the_first_trial_is_heard(gate):
    gate.calls = 8
    session = FitSession(gate, X, Y, (1.0, 0.1))
    session.start()
    assert gate.reached.wait(TIMEOUT)
    session.stop()
    gate.opened.set()
    assert session.wait(TIMEOUT)
    assert session.state == "stopped"
    assert len(session.trace) <= 2


def test_stop_without_a_fit_does_nothing():
    session = FitSession(decay, X, Y, (1.0, 0.1))
    session.stop()
    assert session.run().success
    session.stop()
    assert session.state == "done"


def test_second_start_is_refused_while_the_fit_runs(held, gate):
    with pytest.raises(RuntimeError, match=r"this fit is running: stop\(\) it or wait\(\) for it"):
        held.start()
    gate.opened.set()
    assert held.wait(TIMEOUT)
    assert held.result.success


def test_observers_hear_every_state_and_every_trial_in_order():
    session = FitSession(decay, X, Y, (1.0, 0.1))
    events = []
    session.observe(events.append)
    session.run()
    states = [event.state for event in events if isinstance(event, StateChanged)]
    trials = [event for event in events if isinstance(event, TrialRecorded)]
    assert states == ["compiling", "running", "done"]
    assert events[0] == StateChanged("compiling")
    assert events[-2:] == [SettingsChanged(session.settings), StateChanged("done")]
    assert [event.index for event in trials] == list(range(len(session.trace)))
    np.testing.assert_array_equal([event.row for event in trials], session.trace.rows)


def test_observer_no_longer_observing_hears_nothing():
    session = FitSession(decay, X, Y, (1.0, 0.1))
    events = []
    session.observe(events.append)
    session.unobserve(events.append)
    session.run()
    assert events == []


def test_slow_observer_does_not_hold_the_solver_up():
    session = FitSession(decay, X, Y, (1.0, 0.1))
    session.run()  # compiles
    session.undo()
    looking = threading.Event()
    session.observe(lambda event: looking.wait(TIMEOUT))
    session.start()
    while session.result is None and len(session.rows) < len(fit_curve(decay, X, Y, (1.0, 0.1)).trace):
        time.sleep(0.01)  # every row arrives although the observer still looks at the first event
    looking.set()
    assert session.wait(TIMEOUT)
    assert session.state == "done"


def test_observer_that_raises_ends_the_telling_and_not_the_fit(monkeypatch):
    reported = queue.SimpleQueue()
    monkeypatch.setattr(threading, "excepthook", reported.put)
    session = FitSession(decay, X, Y, (1.0, 0.1))
    heard = []

    def clumsy(event):
        heard.append(event)
        if isinstance(event, TrialRecorded):
            raise RuntimeError("an observer's own mistake")

    session.observe(clumsy)
    assert session.run().success
    assert session.state == "done"
    assert [type(event) for event in heard[-3:]] == [TrialRecorded, SettingsChanged, StateChanged]
    assert str(reported.get(timeout=TIMEOUT).exc_value) == "an observer's own mistake"


def test_error_of_the_model_ends_in_failed_with_its_message_and_the_best_point():
    def model(x, height, rate):
        if height > 2:
            raise ArithmeticError("no heights above 2 today")
        return height * np.exp(-rate * x)

    session = FitSession(model, X, Y, (1.0, 0.1))
    with pytest.raises(ArithmeticError, match="no heights above 2"):
        session.run()
    assert session.state == "failed"
    assert isinstance(session.error, ArithmeticError)
    assert len(session.trace) >= 1
    assert session.result is None
    best = session.trace.x[session.trace.best]
    np.testing.assert_array_equal(session.parameters.free_values, best)


def test_a_failed_fit_is_one_step_of_undo_and_leaves_no_history():
    broken = True

    def model(x, height, rate):
        if broken and height > 2:
            raise ArithmeticError("no heights above 2 today")
        return height * np.exp(-rate * x)

    session = FitSession(model, X, Y, (1.0, 0.1))
    before = session.settings
    with pytest.raises(ArithmeticError):
        session.run()
    assert session.settings is not before and session.history == []
    assert session.undo() and session.settings is before
    assert session.redo()
    best, broken = session.parameters, False
    assert session.run().initial == best
    assert session.undo() and session.undo() and session.settings is before


def test_an_exception_with_a_result_of_its_own_is_raised_and_ends_the_fit():
    class Refused(Exception):
        result = "the model's own"

    def model(x, height, rate):
        raise Refused("not today")

    session = FitSession(model, X, Y, (1.0, 0.1))
    before = session.settings
    with pytest.raises(Refused, match="not today"):
        session.run()
    assert session.state == "failed" and session.settings is before


def test_an_exception_that_takes_no_attribute_ends_the_fit_too():
    class Sealed(ArithmeticError):
        def __setattr__(self, name, value):
            if name == "result":
                raise AttributeError(name)
            super().__setattr__(name, value)

    def model(x, height, rate):
        if height > 2:
            raise Sealed("not above 2")
        return height * np.exp(-rate * x)

    session = FitSession(model, X, Y, (1.0, 0.1))
    with pytest.raises(Sealed):
        session.run()
    assert session.state == "failed" and len(session.trace) >= 1


def test_bad_data_is_refused_when_the_session_is_made():
    with pytest.raises(ValueError, match="`y` must not contain infs or NaNs"):
        FitSession(decay, X, np.where(X > 2, np.nan, Y), (1.0, 0.1))
    with pytest.raises(ValueError, match="differ in length"):
        FitSession(decay, X, Y[:9], (1.0, 0.1))
    with pytest.raises(ValueError, match="`sigma` must be positive"):
        FitSession(decay, X, Y, (1.0, 0.1), sigma=-1.0)
    assert FitSession(decay, X, np.where(X > 2, np.nan, Y), (1.0, 0.1), nan_policy="omit").run().success


def test_model_that_is_not_finite_at_the_start_ends_in_failed_and_run_raises():
    session = FitSession(lambda x, a: jnp.log(-a * x), X, Y, (1.0,))
    with pytest.raises(ValueError, match="not finite in the initial point"):
        session.run()
    assert session.state == "failed"
    assert session.result is None
    assert len(session.trace) == 0


def test_after_a_failure_the_next_fit_is_clean():
    broken = True

    def model(x, height, rate):
        if broken:
            raise ArithmeticError("not yet")
        return height * np.exp(-rate * x)

    session = FitSession(model, X, Y, (1.0, 0.1))
    with pytest.raises(ArithmeticError):
        session.run()
    broken = False
    assert session.run().success
    assert session.error is None


def test_bad_start_is_refused_when_the_session_is_made():
    with pytest.raises(ValueError, match="`start` must be finite"):
        FitSession(decay, X, Y, (1.0, np.nan))
    with pytest.raises(ValueError, match="does not tell how many parameters it has"):
        FitSession(lambda x, *parameters: x, X, Y)


def test_start_is_guessed_where_none_is_given():
    session = FitSession(decay, X, Y, bounds={"height": (0, 10)})
    np.testing.assert_allclose(session.parameters.free_values, [3.0, 0.7], rtol=0.05)
    assert session.run().success
    np.testing.assert_array_equal(session.trace.x[0], session.result.initial.free_values)


def test_awaited_fit_leaves_the_loop_free():
    async def main():
        session = FitSession(decay, X, Y, (1.0, 0.1))
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticking = asyncio.create_task(tick())
        result = await session.fit()
        ticking.cancel()
        return result, ticks

    result, ticks = asyncio.run(main())
    assert result.success
    assert ticks > 1


def test_awaited_fit_raises_what_the_model_raised():
    with pytest.raises(ValueError, match="not finite in the initial point"):
        asyncio.run(FitSession(lambda x, a: jnp.log(-a * x), X, Y, (1.0,)).fit())


def test_cancelled_await_stops_the_fit(gate):
    session = FitSession(gate, X, Y, (1.0, 0.1))

    async def main():
        fitting = asyncio.create_task(session.fit())
        await asyncio.to_thread(gate.reached.wait, TIMEOUT)
        fitting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fitting

    asyncio.run(main())
    gate.opened.set()
    assert session.wait(TIMEOUT)
    assert session.state == "stopped"


def test_keyboard_interrupt_stops_the_fit_and_keeps_its_best_point(gate):
    session = FitSession(gate, X, Y, (1.0, 0.1))

    def interrupt():
        assert gate.reached.wait(TIMEOUT)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        while not session._runner._channel.stop_requested:
            time.sleep(0.001)
        gate.opened.set()

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        session.run()
    assert session.state == "stopped"
    np.testing.assert_array_equal(session.result.solution.x, session.trace.x[session.trace.best])


def test_after_a_keyboard_interrupt_the_start_is_one_undo_away_and_the_next_fit_runs(gate):
    session = FitSession(gate, X, Y, (1.0, 0.1))
    before = session.settings

    def interrupt():
        assert gate.reached.wait(TIMEOUT)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        while not session._runner._channel.stop_requested:
            time.sleep(0.001)
        gate.opened.set()

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        session.run()
    assert session.history == [session.result]
    assert session.undo() and session.settings is before
    assert session.run().success


# --- its trials


@pytest.fixture(scope="module")
def fitted():
    """A session whose fit is over; tests put its cursor where they want it."""
    session = FitSession(decay, X, Y, (1.0, 0.1))
    session.run()
    assert len(session.trace) > 4
    return session


def test_the_cursor_follows_the_newest_until_it_is_put_somewhere(fitted):
    told, last = [], len(fitted.trace) - 1
    fitted.show(None)
    fitted.observe(told.append)
    for index, cursor in (
        (2, 2),
        (np.int64(3), 3),
        (0, 0),
        (-5, 0),
        (last, None),
        (last + 9, None),
        (1, 1),
        (None, None),
    ):
        fitted.show(index)
        assert fitted.cursor == cursor
        assert told.pop() == CursorMoved(cursor) and told == []
    fitted.unobserve(told.append)


def test_step_and_step_back_go_along_the_recorded_trials_and_stop_at_the_first(fitted):
    last = len(fitted.trace) - 1
    fitted.show(None)
    back = []
    for _ in range(last + 2):
        fitted.step_back()
        back.append(fitted.cursor)
    assert back == [*range(last - 1, -1, -1), 0, 0]
    forth = []
    while fitted.cursor is not None:
        fitted.step()
        forth.append(fitted.cursor)
    assert forth == [*range(1, last), None]
    assert fitted.state == "done" and len(fitted.history) == 1  # none of that made a trial


def test_cursor_without_trials_stays_at_the_newest():
    session = FitSession(decay, X, Y, (1.0, 0.1))
    session.step_back()
    session.show(0)
    session.show(3)
    assert session.cursor is None
    assert session.state == "idle"


def test_a_step_at_the_newest_trial_starts_a_fit_and_then_makes_its_trials(gate):
    gate.opened.set()
    session = FitSession(gate, X, Y, (1.0, 0.1))
    for trials in (2, 3, 4):
        session.step()
        while len(session.rows) < trials or session.state != "paused":
            time.sleep(0.001)
        assert len(session.rows) == trials and session.cursor is None
    session.step_back()
    session.step_back()
    assert session.cursor == 1
    session.step()
    session.step()
    assert len(session.rows) == 4 and session.cursor is None  # it looked, and made no trial
    session.resume()
    assert session.wait(TIMEOUT) and session.state == "done"


def test_another_fit_is_followed_from_its_start():
    session = FitSession(decay, X, Y, (1.0, 0.1))
    session.run()
    session.show(1)
    session.undo()
    session.run()
    assert session.cursor is None


def test_values_at_a_trial_are_those_of_the_model_with_what_is_fixed_and_tied():
    y = 3.0 * np.exp(-(((X - 1) / 0.5) ** 2) / 2) + 0.5
    model = Gaussian("p") + Constant()
    start = {"p.height": 2.0, "p.center": 1.2, "p.sigma": 0.4, "offset": 0.25}
    session = FitSession(model, X, y, start, fixed=["p.center"], ties={"offset": "p.height/8"})
    session.run()
    assert session.trace.parameter_names == ("p.height", "p.sigma")
    first, best = session.trace.x[0], session.trace.x[session.trace.best]
    assert session.values_at(first) == (2.0, 1.2, 0.4, 0.25)
    assert session.values_at(best) == tuple(session.result.values[name] for name in model.parameter_names)
    session.free("p.center")
    session.set_model("a*x")
    assert session.values_at(first) == (2.0, 1.2, 0.4, 0.25)  # of the fit whose trace is there
    assert len(session.trace) == len(session.result.trace)


def test_trace_beyond_the_parameters_that_are_traced_is_that_of_the_result(monkeypatch):
    for module in ("trfkit.fitting.solve", "trfkit.session.trials"):
        monkeypatch.setattr(f"{module}.MOST_PARAMETERS_TRACED", 1)
    session = FitSession(decay_of_numpy, X, Y, (1.0, 0.1))
    result = session.run()
    assert session.trace == result.trace
    assert session.trace.parameter_names == ()


# --- its history


def test_history_keeps_each_fit_and_restores_its_settings():
    session = FitSession(decay_of_numpy, X, Y, (1.0, 0.1))
    first = session.run()
    session.select_range(0, 2)
    session.set_options(loss="huber")
    session.fix("rate", 0.7)
    second = session.run()
    session.set_model(line_of_numpy)
    line = session.run()
    assert session.history == [first, second, line]
    told = []
    session.observe(told.append)
    session.restore(1)
    assert session.model is second.sets[0].model and session.parameters == second.parameters
    assert session.options == {"loss": "huber"} and session.mask.sum() == (X <= 2).sum()
    assert told == [SettingsChanged(session.settings)]
    session.restore(0)
    assert session.parameters == first.parameters and session.mask.all() and session.options == {}
    assert session.undo() and session.parameters == second.parameters
    assert session.undo() and session.parameters == line.parameters
    with pytest.raises(IndexError):
        session.restore(3)
    assert session.result is line and session.history == [first, second, line]


def test_a_fit_that_was_restored_goes_on_from_its_best_point():
    session = FitSession(decay_of_numpy, X, Y, (1.0, 0.1))
    first = session.run()
    session.set_parameters({"height": 9.0})
    session.restore(0)
    again = session.run()
    assert again.initial == first.parameters
    assert again.solution.cost <= first.solution.cost


# --- its end


def test_close_stops_the_fit_and_starts_no_other(held, gate):
    held.close()
    gate.opened.set()
    assert held.wait(TIMEOUT)
    assert held.state == "stopped"
    with pytest.raises(RuntimeError, match="this session was closed"):
        held.start()


def test_session_loads_neither_widgets_nor_figures():
    code = "import sys, trfkit.session; print({'ipywidgets', 'matplotlib', 'IPython'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
