import subprocess
import sys
import threading
import time

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit import events
from trfkit.core.trf import FIELDS
from trfkit.events import Channel, send, trials_allowed
from trfkit.fitting.curve_fit import fit_curve

NFEV = FIELDS.index("nfev")
USER_STOP = -3

x = np.linspace(0.0, 3.0, 20)
y = 2.5 * np.exp(-0.5 * x) + 0.05 * np.cos(9 * x)


def _decay(x, a, b):
    return a * jnp.exp(-b * x)


def _decay_of_numpy(x, a, b):
    return a * np.exp(-b * x)


def _fit(channel, model=_decay, p0=(20.0, 4.0)):
    return fit_curve(model, x, y, p0, channel=channel)


both = pytest.mark.parametrize("model", [_decay, _decay_of_numpy], ids=["live program", "host"])


@both
def test_rows_arrive_in_order_and_are_those_of_the_trace(model):
    channel = Channel()
    result = _fit(channel, model)
    np.testing.assert_array_equal(np.array(channel.rows), result.trace.rows)
    np.testing.assert_array_equal(np.array(channel.rows)[:, NFEV], np.arange(1, result.nfev + 1))
    assert channel.error is None


@both
def test_observer_is_told_each_row_as_it_happens(model):
    told = []
    channel = Channel(lambda row: told.append((row, len(channel.rows))))
    _fit(channel, model)
    assert [count for _, count in told] == list(range(1, len(channel.rows) + 1))
    np.testing.assert_array_equal([row for row, _ in told], channel.rows)


def test_watching_changes_nothing():
    watched, alone = _fit(Channel()), _fit(None)
    np.testing.assert_array_equal(watched.trace.outcome, alone.trace.outcome)
    np.testing.assert_allclose(watched.x, alone.x, rtol=1e-12)


@both
def test_paused_fit_makes_a_trial_for_each_step_and_then_goes_on_as_if_nothing_had_been(model):
    channel, seen = Channel(), []
    channel.pause()
    fit = threading.Thread(target=lambda: seen.append(_fit(channel, model)))
    fit.start()
    for rows in (2, 3, 4):  # the start and the first trial, then one for each step
        assert _eventually(lambda rows=rows: len(channel.rows) == rows)
        time.sleep(0.05)
        assert len(channel.rows) == rows
        channel.step()
    channel.resume()
    fit.join(60)
    np.testing.assert_array_equal(np.array(channel.rows), seen[0].trace.rows)
    np.testing.assert_array_equal(seen[0].trace.x, _fit(Channel(), model).trace.x)


@both
def test_paused_fit_can_be_stopped(model):
    channel, seen = Channel(), []
    channel.pause()
    fit = threading.Thread(target=lambda: seen.append(_fit(channel, model)))
    fit.start()
    assert _eventually(lambda: len(channel.rows) == 2)
    channel.stop()
    fit.join(60)
    assert (seen[0].status, seen[0].nfev) == (USER_STOP, 2)


def test_program_ends_though_a_fit_is_paused():
    code = """
import concurrent.futures, time
import numpy as np
from trfkit.events import Channel
from trfkit.fitting.curve_fit import fit_curve
channel, x = Channel(), np.linspace(0, 1, 9)
channel.pause()
pool = concurrent.futures.ThreadPoolExecutor(1)
pool.submit(fit_curve, lambda x, a, b: a * np.exp(-b * x), x, np.exp(-x), [3, 3], channel=channel)
while len(channel.rows) < 2:
    time.sleep(0.01)
print("paused")
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (ended.stdout, ended.returncode) == ("paused\n", 0)


def _eventually(condition):
    for _ in range(6000):
        if condition():
            return True
        time.sleep(0.01)
    return False


@both
def test_stop_ends_the_fit_at_the_next_trial_with_the_best_point(model):
    def stop_at_the_fourth(row):
        if row[NFEV] == 4:
            channel.stop()

    channel = Channel(stop_at_the_fourth)
    result = _fit(channel, model)
    assert result.status == USER_STOP
    assert not result.success
    assert 4 <= result.nfev <= 5
    assert len(channel.rows) == result.nfev
    np.testing.assert_array_equal(result.x, result.trace.x[result.trace.best])
    assert result.cost == result.trace.cost.min() < result.trace.cost[0]


def test_stop_from_another_thread_ends_the_fit():
    seen, stopped = threading.Event(), threading.Event()

    def wait_once_for_the_stop(row):
        seen.set()
        stopped.wait(timeout=60)

    def stop():
        seen.wait(timeout=60)
        channel.stop()
        stopped.set()

    channel = Channel(wait_once_for_the_stop)
    watcher = threading.Thread(target=stop)
    watcher.start()
    result = _fit(channel)
    watcher.join()
    assert result.status == USER_STOP
    assert result.nfev <= 2


def test_stop_before_the_fit_leaves_the_start_or_one_trial():
    channel = Channel()
    channel.stop()
    assert channel.stop_requested
    result = _fit(channel)
    assert result.status == USER_STOP
    assert result.nfev <= 2


@both
def test_exception_of_the_observer_is_kept_and_does_not_end_the_fit(model):
    def fail(row):
        raise KeyError("no such axis") if row[NFEV] < 4 else AssertionError("told again after its exception")

    channel = Channel(fail)
    result = _fit(channel, model)
    assert result.success
    assert isinstance(channel.error, KeyError)
    assert len(channel.rows) == result.nfev  # the record goes on


def test_fit_whose_channel_was_closed_stops_at_the_next_trial():
    def close(row):
        if row[NFEV] == 4:
            channel.__exit__()

    channel = Channel(close)
    result = _fit(channel)
    assert result.status == USER_STOP
    assert 4 <= result.nfev <= 5


def test_calls_of_a_closed_channel_are_heard_by_nobody():
    with Channel() as channel:
        send(np.asarray(channel.token), np.ones(3))
        assert trials_allowed(np.asarray(channel.token))
    send(np.asarray(channel.token), np.ones(3))
    assert len(channel.rows) == 1
    assert trials_allowed(np.asarray(channel.token)) == 0


def test_fit_is_allowed_more_trials_the_faster_they_are_and_none_after_a_stop(monkeypatch):
    now = 100.0
    monkeypatch.setattr(events.time, "monotonic", lambda: now)
    channel, allowed = Channel(), []
    for _ in range(6):
        allowed.append(channel.trials_allowed())
        now += allowed[-1] * events.ASK_AGAIN / 9.5
    assert allowed == [1, 2, 4, 8, 9, 9]
    now += 100 * events.ASK_AGAIN
    assert channel.trials_allowed() == 1
    channel.stop()
    assert channel.trials_allowed() == 0


def test_paused_fit_is_asked_after_each_trial_that_it_may_make():
    channel = Channel()
    channel.step()
    assert channel.trials_allowed() == 0
    channel.step()
    channel.step()
    assert [channel.trials_allowed(), channel.trials_allowed()] == [1, 0]
    channel.resume()
    assert channel.trials_allowed() == 2


def test_channels_do_not_hear_each_other():
    with Channel() as one, Channel() as other:
        send(one.token, np.ones(3))
        one.stop()
        assert (len(one.rows), len(other.rows)) == (1, 0)
        assert trials_allowed(other.token)


def test_two_fits_at_once_keep_their_rows_apart():
    channels, results = [Channel(), Channel()], [None, None]

    def fit(i):
        results[i] = _fit(channels[i], p0=(20.0, 4.0) if i else (1.0, 0.1))

    threads = [threading.Thread(target=fit, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for channel, result in zip(channels, results, strict=True):
        np.testing.assert_array_equal(np.array(channel.rows), result.trace.rows)


def test_one_program_serves_all_channels(compilations):
    _fit(Channel())
    with compilations() as compiled:
        _fit(Channel(), p0=(3.0, 1.0))
    assert compiled.names == []
