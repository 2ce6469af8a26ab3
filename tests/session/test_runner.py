"""One fit at a time on its thread: with fits made by hand, whose trials cost nothing, and with real ones."""

import asyncio
import queue
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.core.radius import USER_STOP
from trfkit.events import Channel
from trfkit.fitting.curve_fit import fit_curve
from trfkit.session import FitSession, StateChanged, TrialRecorded
from trfkit.session.runner import Runner

TIMEOUT = 60
TRIALS = 5

X = np.linspace(0.0, 4.0, 30)
Y = 3.0 * np.exp(-0.7 * X) + 0.01 * np.cos(20 * X)


def eventually(condition):
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


class Work:
    """A fit of `TRIALS` trials that speaks to its channel as a solver does; `compiled` holds it back at first."""

    def __init__(self, trials=TRIALS, fails_at=None):
        self.trials, self.fails_at = trials, fails_at
        self.compiled, self.began = threading.Event(), threading.Event()
        self.compiled.set()

    def __call__(self, channel):
        with channel:
            self.began.set()
            assert self.compiled.wait(TIMEOUT)
            channel.put(np.array([0.0]))
            for trial in range(1, self.trials + 1):
                if trial == self.fails_at:
                    raise ArithmeticError(f"trial {trial}")
                channel.put(np.array([float(trial)]))
                if channel.trials_allowed() == 0 and trial < self.trials and not channel.wait():
                    return SimpleNamespace(status=USER_STOP, trials=trial)
        return SimpleNamespace(status=1, trials=self.trials)


class Watched(Runner):
    """A runner that keeps what it tells."""

    def __init__(self):
        super().__init__(lambda result, error: ())
        self.told = []
        self.observe(self.told.append)

    def begin(self, work=None, **options):
        self.start(work or Work(), lambda: None, **options)

    @property
    def states(self):
        return [event.state for event in self.told if isinstance(event, StateChanged)]


@pytest.fixture
def runner():
    runner = Watched()
    yield runner
    runner.close()
    assert runner.wait(TIMEOUT)


def test_a_fit_goes_through_its_states(runner):
    assert runner.state == "idle" and not runner.running
    assert runner.finish() is None
    runner.begin()
    assert runner.finish().trials == TRIALS
    assert runner.states == ["compiling", "running", "done"]
    assert [event.index for event in runner.told if isinstance(event, TrialRecorded)] == list(range(TRIALS + 1))


@pytest.mark.parametrize("method", ["pause", "resume", "step", "stop"])
def test_buttons_do_nothing_without_a_fit(runner, method):
    for state in ("idle", "done"):
        getattr(runner, method)()
        assert runner.state == state
        runner.begin()  # and nothing of the press is left to the next fit
        assert runner.finish().trials == TRIALS
    assert runner.states == ["compiling", "running", "done"] * 2


def test_a_fit_started_paused_makes_one_trial_for_each_step(runner):
    runner.begin(paused=True)
    for made in range(1, TRIALS):
        eventually(lambda made=made: len(runner.rows) == made + 1)
        time.sleep(0.01)
        assert len(runner.rows) == made + 1
        assert runner.state == "paused" and not runner.wait(0.001)
        runner.step()
    assert runner.finish().trials == TRIALS
    assert runner.states == ["compiling", "paused", "done"]


def test_steps_asked_for_while_it_compiles_are_all_made(runner):
    work = Work()
    work.compiled.clear()
    runner.begin(work, paused=True)
    runner.step()
    runner.step()
    assert work.began.wait(TIMEOUT) and runner.state == "compiling"
    work.compiled.set()
    eventually(lambda: len(runner.rows) == 4)
    time.sleep(0.01)
    assert len(runner.rows) == 4 and runner.state == "paused"
    runner.resume()
    assert runner.finish().trials == TRIALS


def test_pause_and_resume_while_it_compiles_are_heard(runner):
    for presses, state in (([runner.pause], "paused"), ([runner.pause, runner.resume], "running")):
        work = Work()
        work.compiled.clear()
        runner.begin(work)
        for press in presses:
            press()
        assert runner.state == "compiling"
        work.compiled.set()
        eventually(lambda: runner.state != "compiling")
        assert state in runner.states or state == runner.state
        runner.resume()
        assert runner.finish().trials == TRIALS
    assert runner.states == ["compiling", "paused", "running", "done", "compiling", "running", "done"]


def test_a_step_while_it_runs_pauses_it(runner):
    work = Work(trials=10**6)
    runner.begin(work)
    eventually(lambda: runner.state == "running")
    runner.step()
    assert runner.state == "paused"
    time.sleep(0.02)
    made = len(runner.rows)
    time.sleep(0.02)
    assert len(runner.rows) == made < 10**6
    runner.resume()
    assert runner.state == "running"
    runner.stop()
    assert runner.finish().status == USER_STOP
    assert runner.states == ["compiling", "running", "paused", "running", "stopped"]


@pytest.mark.parametrize("how", ["stop", "close"])
def test_a_paused_fit_is_stopped(runner, how):
    runner.begin(paused=True)
    eventually(lambda: runner.state == "paused")
    getattr(runner, how)()
    assert runner.finish().trials == 1
    assert runner.states == ["compiling", "paused", "stopped"]


def test_stop_and_close_while_it_compiles_are_heard(runner):
    for how in (runner.stop, runner.close):
        work = Work()
        work.compiled.clear()
        runner.begin(work)
        how()
        work.compiled.set()
        assert runner.finish().trials == 1
    with pytest.raises(RuntimeError, match="this session was closed: make a new one"):
        runner.begin()
    assert runner.state == "stopped"


def test_pause_at_the_last_trial_holds_nothing(runner):
    runner.begin(Work(trials=1), paused=True)
    assert runner.finish().trials == 1
    assert runner.state == "done"
    runner.resume()
    assert runner.state == "done"


def test_an_exception_while_stepping_ends_in_failed_and_the_next_fit_is_clean(runner):
    runner.begin(Work(fails_at=3), paused=True)
    eventually(lambda: len(runner.rows) == 2)
    runner.step()
    eventually(lambda: len(runner.rows) == 3)
    runner.step()
    with pytest.raises(ArithmeticError, match="trial 3"):
        runner.finish()
    assert (runner.state, runner.result) == ("failed", None)
    assert isinstance(runner.error, ArithmeticError)
    runner.begin()
    assert runner.finish().trials == TRIALS and runner.error is None


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt])
def test_whatever_the_work_raises_is_raised_again(runner, raised):
    def work(channel):
        raise raised("of the model")

    runner.begin(work)
    with pytest.raises(raised, match="of the model"):
        runner.finish()
    assert runner.state == "failed"


def test_a_refused_start_changes_nothing(runner):
    begun = []
    runner.begin(paused=True)
    eventually(lambda: runner.state == "paused")
    rows, told = runner.rows, len(runner.told)
    with pytest.raises(RuntimeError, match="this fit is running"):
        runner.start(Work(), lambda: begun.append(1))
    assert begun == [] and runner.rows is rows and len(runner.told) == told
    runner.resume()
    assert runner.finish().trials == TRIALS


# --- observers


@pytest.mark.parametrize("at", ["compiling", "running", "paused", "done", TrialRecorded, "settings"])
def test_an_observer_that_raises_anywhere_neither_hangs_nor_ends_the_fit(at, monkeypatch):
    reported = queue.SimpleQueue()
    monkeypatch.setattr(threading, "excepthook", reported.put)
    runner = Runner(lambda result, error: ("settings",))
    states = []
    runner.observe(lambda event: states.append(getattr(event, "state", None)))

    def clumsy(event):
        if at in (event, type(event), getattr(event, "state", None)):
            raise RuntimeError("an observer's own mistake")

    runner.observe(clumsy)
    runner.start(Work(), lambda: None, paused=at == "paused")
    if at == "paused":
        eventually(lambda: runner.state == "paused")
        runner.resume()
    assert runner.finish().trials == TRIALS
    assert runner.state == states[-1] == "done"
    assert str(reported.get(timeout=TIMEOUT).exc_value) == "an observer's own mistake"


def test_states_and_trials_are_told_in_order_on_one_thread(runner):
    threads = set()
    runner.observe(lambda event: threads.add(threading.current_thread().name))
    runner.begin(Work(trials=50), paused=True)
    eventually(lambda: runner.state == "paused")
    for _ in range(10):
        runner.resume()
        runner.pause()
    runner.resume()
    runner.finish()
    assert threads == {"trfkit-observers"}
    assert runner.states[0] == "compiling" and runner.states[-1] == "done"
    steps = list(zip(runner.states, runner.states[1:], strict=False))
    assert all(pair in {("compiling", "paused"), ("paused", "running"), ("running", "paused"), ("running", "done")}
               for pair in steps)  # fmt: skip


def test_an_observer_may_press_buttons(runner):
    def impatient(event):
        if isinstance(event, TrialRecorded) and event.index == 2:
            runner.stop()
        if event == StateChanged("paused"):
            runner.resume()

    runner.observe(impatient)
    runner.begin(Work(trials=10**6), paused=True)
    assert runner.finish().status == USER_STOP


def test_an_observer_may_start_the_next_fit_and_hears_of_it_after_the_end_of_this_one(runner):
    ended = []

    def restart(event):
        if event == StateChanged("done"):
            ended.append(runner.result.trials)
            if len(ended) == 1:
                runner.begin(Work(trials=2))

    runner.observe(restart)
    runner.begin()
    eventually(lambda: len(ended) == 2)
    runner.finish()
    assert ended == [TRIALS, 2]
    assert runner.states == ["compiling", "running", "done"] * 2


def test_fits_one_right_after_the_other_are_told_one_after_the_other(runner):
    slow = threading.Event()
    runner.observe(lambda event: slow.wait(TIMEOUT) if event == StateChanged("done") else None)
    runner.begin()
    eventually(lambda: runner.state == "done")
    runner.begin()  # while the observer still looks at the end of the first
    eventually(lambda: len(runner.rows) == TRIALS + 1)
    assert runner.states == ["compiling", "running", "done"]
    slow.set()
    runner.finish()
    assert runner.states == ["compiling", "running", "done"] * 2


def test_what_a_fit_led_to_is_told_before_its_last_state_while_it_still_counts_as_running():
    told = []
    runner = Runner(lambda result, error: (("best", result.trials),))
    runner.observe(lambda event: told.append((event, runner.running)))
    runner.start(Work(), lambda: None)
    runner.finish()
    assert told[-2:] == [(("best", TRIALS), True), (StateChanged("done"), False)]


# --- waiting


def test_awaiting_a_fit_does_not_stop_the_next_one(runner):
    async def main():
        runner.begin()
        first = asyncio.ensure_future(runner.finished())
        await asyncio.sleep(0)
        assert await asyncio.to_thread(runner.wait, TIMEOUT)
        runner.begin(Work(trials=3), paused=True)  # before the loop has come back to the first
        found = await first
        await asyncio.to_thread(eventually, lambda: runner.state == "paused")
        return found

    assert asyncio.run(main()).trials == TRIALS
    assert runner.running
    runner.resume()
    assert runner.finish().trials == 3


def test_an_interrupt_that_does_not_wake_the_loop_ends_an_awaited_fit(runner):
    # As ipykernel has it: its handler of SIGINT asks the sleeping loop to cancel the cell, and does not wake it.
    async def main():
        loop, cell = asyncio.get_running_loop(), asyncio.current_task()
        before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon(cell.cancel))
        runner.begin(paused=True)
        threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()
        try:
            await runner.finished()
        finally:
            signal.signal(signal.SIGINT, before)

    unheard = threading.Timer(TIMEOUT / 4, runner.stop)
    unheard.start()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert unheard.is_alive()
    unheard.cancel()
    assert runner.wait(TIMEOUT) and runner.state == "stopped"


def test_several_may_wait_for_one_fit(runner):
    runner.begin(paused=True)
    eventually(lambda: runner.state == "paused")
    found = []
    waiting = [threading.Thread(target=lambda: found.append(runner.finish())) for _ in range(4)]
    for thread in waiting:
        thread.start()
    runner.resume()
    for thread in waiting:
        thread.join(TIMEOUT)
    assert len(found) == 4 and all(result is runner.result for result in found)


def test_buttons_pressed_wildly_from_several_threads_leave_it_able_to_fit(runner):
    def press():
        chosen = np.random.default_rng(threading.get_ident() % 1000)
        for _ in range(200):
            getattr(runner, chosen.choice(["pause", "resume", "step", "stop"]))()

    for _ in range(5):
        runner.begin(Work(trials=300))
        pressing = [threading.Thread(target=press) for _ in range(3)]
        for thread in pressing:
            thread.start()
        for thread in pressing:
            thread.join(TIMEOUT)
        runner.stop()
        runner.finish()
        assert runner.state in ("done", "stopped")
    runner.begin()
    assert runner.finish().trials == TRIALS


# --- sessions


def _of_jax(x, height, rate):
    return height * jnp.exp(-rate * x)


def _of_numpy(x, height, rate):
    return height * np.exp(-rate * x)


@pytest.mark.parametrize("model", [_of_jax, _of_numpy])
def test_a_fit_stepped_to_its_end_is_the_fit_that_was_run(model):
    whole = FitSession(model, X, Y, (1.0, 0.1))
    expected = whole.run()
    stepped = FitSession(model, X, Y, (1.0, 0.1))
    stepped.step()
    for made in range(2, len(expected.trace)):
        eventually(lambda made=made: len(stepped.rows) == made)
        assert stepped.state == "paused"
        stepped.step()
    assert stepped.wait(TIMEOUT)
    assert stepped.state == "done"
    assert stepped.trace == expected.trace


def test_an_exception_of_the_model_while_stepping_keeps_the_best_point():
    def model(x, height, rate):
        if height > 2:
            raise ArithmeticError("no heights above 2 today")
        return height * np.exp(-rate * x)

    session = FitSession(model, X, Y, (1.0, 0.1))
    session.start(paused=True)
    while not session.wait(0.01):
        session._runner.step()  # that of the session would start anew, pressed right after the end
    assert session.state == "failed" and isinstance(session.error, ArithmeticError)
    np.testing.assert_array_equal(session.parameters.free_values, session.trace.x[session.trace.best])
    assert session.undo()
    np.testing.assert_array_equal(session.parameters.free_values, [1.0, 0.1])


def test_two_sessions_at_once_do_not_disturb_each_other():
    sessions = [FitSession(_of_jax, X, factor * Y, (1.0, 0.1)) for factor in (1.0, 2.0)]
    alone = [FitSession(_of_jax, X, factor * Y, (1.0, 0.1)).run() for factor in (1.0, 2.0)]
    for session in sessions:
        session.start(paused=True)
    for session in sessions:
        eventually(lambda session=session: session.state == "paused")
    sessions[1].resume()
    assert sessions[1].wait(TIMEOUT)
    assert sessions[0].state == "paused"
    sessions[0].resume()
    assert sessions[0].wait(TIMEOUT)
    assert [session.trace for session in sessions] == [result.trace for result in alone]


@pytest.mark.parametrize("m", [30, 5000], ids=["one block", "many blocks"])
def test_a_stop_as_a_trial_is_told_ends_the_fit_when_it_asks_next(m):
    x = np.linspace(0.0, 4.0, m)
    channel = Channel(lambda row: channel.stop() if len(channel.rows) == 3 else None)
    result = fit_curve(_of_jax, x, 3.0 * np.exp(-0.7 * x), (1.0, 0.1), channel=channel)
    assert result.status == USER_STOP and result.nfev == len(channel.rows)
    assert 3 <= result.nfev <= 5  # it asks after trials 1, 2 and at the latest 4, that is nfev 5


@pytest.mark.parametrize("wait_for", ["compiling", "paused"])
def test_the_program_ends_though_a_fit_waits(wait_for):
    code = f"""
import time
import numpy as np
from trfkit.session import FitSession
x = np.linspace(0, 1, 9)
session = FitSession(lambda x, a, b: a * np.exp(-b * x), x, np.exp(-x), [3, 3])
session.start(paused=True)
while session.state != {wait_for!r}:
    time.sleep(0.001)
print(session.state)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=TIMEOUT)
    assert (ended.stdout, ended.returncode) == (f"{wait_for}\n", 0)
