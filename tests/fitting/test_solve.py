"""Drivers that agree, fits that are stopped, and what an interrupt leaves behind."""

import json
import signal
import subprocess
import sys
import threading
import time

import jax.numpy as jnp
import numpy as np
import pytest

import trfkit
from trfkit.events import Channel
from trfkit.fitting import repeats, solve
from trfkit.fitting.curve_fit import fit_curve
from trfkit.fitting.result import LeastSquaresResult

START = [-1.2, 1.0]
X = np.linspace(0.0, 4.0, 50)
Y = 2.5 * np.exp(-1.3 * X) + 0.1 * np.sin(9.0 * X)


def rosenbrock(x):
    return jnp.stack([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def rosenbrock_in_numpy(x):
    return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def rosenbrock_jacobian(x):
    return np.array([[-20.0 * x[0], 10.0], [-1.0, 0.0]])


def winding(x):
    """A narrow valley along y = sin 60 x: thousands of trials from a far start."""
    return jnp.stack([1e4 * (x[1] - jnp.sin(60.0 * x[0])), 1e-2 * x[0]])


# --- drivers ---------------------------------------------------------------------------------------------------------

LIMITS = {"no bounds": (-np.inf, np.inf), "bounds": (-1.5, [0.8, 3.0])}


@pytest.mark.parametrize("bounds", LIMITS.values(), ids=LIMITS)
def test_stepped_fused_and_live_take_the_same_trials(bounds):
    def fit(**settings):
        return trfkit.least_squares(rosenbrock, START, bounds=bounds, **settings)

    stepped, fused = (fit(tr_options={"driver": driver}) for driver in ("stepped", "fused"))
    channel = Channel()
    live = fit(channel=channel)
    watched = fit(callback=lambda x: None)
    for other in (fused, live, watched):
        np.testing.assert_array_equal(other.trace.outcome, stepped.trace.outcome)
        np.testing.assert_allclose(other.trace.x, stepped.trace.x, rtol=1e-10, atol=1e-12)
        assert (other.status, other.nfev, other.njev) == (stepped.status, stepped.nfev, stepped.njev)
    np.testing.assert_array_equal(np.array(channel.rows), live.trace.rows)


def test_fused_fit_of_many_trials_has_every_row_once():
    settings = {"x_scale": 1.0, "max_nfev": 200}
    fused = trfkit.least_squares(winding, [50.0, 0.0], tr_options={"driver": "fused"}, **settings)
    np.testing.assert_array_equal(fused.trace.nfev, np.arange(1, 201))
    assert fused.status == 0


def test_one_program_takes_over_where_a_model_is_fitted_again_and_again(monkeypatch, compilations):
    monkeypatch.setattr(repeats, "LOST_BEFORE_COMPILING", 2 * repeats.LOST_A_TRIAL)

    def model(x, a, b):
        return a * jnp.exp(-b * x) + 0.0 * a * b

    with compilations() as compiled:
        first = fit_curve(model, X, Y, [1.0, 1.0])
        repeats.wait()
        monkeypatch.setattr(solve, "stepped", None)  # whoever steps now fails
        others = [fit_curve(model, X, Y, [1.0, 1.0]) for _ in range(3)]
    assert compiled.names.count("whole") == 1
    for other in others:
        np.testing.assert_array_equal(other.trace.outcome, first.trace.outcome)
        np.testing.assert_allclose(other.trace.x, first.trace.x, rtol=1e-12)


def test_one_program_says_where_its_start_is_not_finite():
    with pytest.raises(ValueError, match="not finite in the initial point"):
        trfkit.least_squares(lambda x: jnp.log(x) * jnp.ones(3), [-1.0], tr_options={"driver": "fused"})


# --- stopping --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fun", [winding, lambda x: np.array(winding(x))], ids=["live", "NumPy"])
def test_channel_hears_every_trial_and_stops_the_fit(fun):
    def stop_at_ten(row):
        if row[1] == 10:
            channel.stop()

    channel = Channel(stop_at_ten)
    result = trfkit.least_squares(fun, [50.0, 0.0], x_scale=1.0, channel=channel)
    assert (result.status, result.success) == (-3, False)
    assert 10 <= result.nfev <= 17  # the live program asks after trials 1, 2, 4, 8 and, at the latest, 16
    np.testing.assert_array_equal(np.array(channel.rows), result.trace.rows)
    assert result.cost == result.trace.cost[~result.trace.rejected][-1]


def test_channel_stops_a_fit_from_another_thread():
    channel = Channel()
    timer = threading.Timer(0.3, channel.stop)
    timer.start()
    began = time.perf_counter()
    result = trfkit.least_squares(winding, [5e3, 0.0], x_scale=1.0, max_nfev=10**6, channel=channel)
    timer.join()
    assert result.status == -3
    assert time.perf_counter() - began < 20.0  # of minutes


def test_observer_that_raises_does_not_harm_the_fit():
    def observer(row):
        raise OSError("the screen is gone")

    channel = Channel(observer)
    result = trfkit.least_squares(rosenbrock, START, channel=channel)
    assert result.success
    assert isinstance(channel.error, OSError)
    np.testing.assert_array_equal(np.array(channel.rows), result.trace.rows)


def test_channel_of_a_finished_fit_serves_another_one():
    channel = Channel()
    first = trfkit.least_squares(rosenbrock, START, channel=channel)
    second = trfkit.least_squares(rosenbrock, START, channel=channel)
    assert second.trace == first.trace
    assert len(channel.rows) == 2 * len(first.trace)


# --- exceptions ------------------------------------------------------------------------------------------------------


class Failing:
    """A NumPy function that raises at its k-th call."""

    def __init__(self, function, k, error):
        self.function = function
        self.k = k
        self.error = error
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        if self.calls == self.k:
            raise self.error
        return self.function(*args)


class DetectorFailure(Exception):
    """An error of the user's own."""


def assert_best_point_kept(error, status, fun):
    """The result on an exception: the best trial so far, complete, with its trace."""
    result = error.result
    assert isinstance(result, LeastSquaresResult)
    assert (result.status, result.success) == (status, False)
    assert result.nfev == len(result.trace)
    np.testing.assert_array_equal(result.trace.nfev, np.arange(1, len(result.trace) + 1))
    best = np.flatnonzero(~result.trace.rejected)[-1]
    np.testing.assert_array_equal(result.x, result.trace.x[best])
    assert result.cost == result.trace.cost[best]
    np.testing.assert_allclose(result.fun, fun(result.x), atol=1e-12)
    assert result.jac.shape == (result.fun.size, result.x.size)
    assert np.all(np.isfinite(result.stderr)) or result.m <= result.x.size
    assert any("best point so far" in note and "x = " in note for note in error.__notes__)
    return result


@pytest.mark.parametrize(
    "error", [DetectorFailure("dark"), ValueError("dark"), FloatingPointError("dark"), StopIteration()]
)
def test_exception_of_the_function_goes_through_with_the_best_point(error, capfd):
    fun = Failing(rosenbrock_in_numpy, 8, error)
    with pytest.raises(type(error)) as caught:
        trfkit.least_squares(fun, START, rosenbrock_jacobian)
    assert caught.value is error
    result = assert_best_point_kept(error, -5, rosenbrock_in_numpy)
    assert (result.nfev, fun.calls) == (7, 8)
    assert "exception" in result.message
    assert capfd.readouterr() == ("", "")


def test_exception_of_the_jacobian_goes_through_with_the_best_point():
    jac = Failing(rosenbrock_jacobian, 4, DetectorFailure("dark"))
    with pytest.raises(DetectorFailure) as caught:
        trfkit.least_squares(rosenbrock_in_numpy, START, jac)
    result = assert_best_point_kept(caught.value, -5, rosenbrock_in_numpy)
    assert result.njev == 3
    np.testing.assert_array_equal(result.jac, rosenbrock_jacobian(result.x))


@pytest.mark.parametrize("calls", range(4, 12))
def test_exception_at_any_call_of_a_model_keeps_the_best_point(calls):
    def model(x, a, b):
        return a * np.exp(-b * x)

    failing = Failing(model, calls, DetectorFailure("dark"))
    with pytest.raises(DetectorFailure) as caught:
        trfkit.curve_fit(failing, X, Y, [1.0, 1.0])
    result = assert_best_point_kept(caught.value, -5, lambda p: model(X, *p) - Y)
    assert result.parameter_names == ("p0", "p1")
    assert result.cost <= result.trace.cost[0]


def test_exception_at_the_start_goes_through_as_it_is():
    error = DetectorFailure("dark")
    with pytest.raises(DetectorFailure) as caught:
        trfkit.least_squares(Failing(rosenbrock_in_numpy, 1, error), START)
    assert caught.value is error


@pytest.mark.parametrize("fun", [rosenbrock, rosenbrock_in_numpy], ids=["jax.numpy", "NumPy"])
def test_exception_of_a_callback_goes_through_with_the_best_point(fun):
    callback = Failing(lambda x: None, 4, DetectorFailure("dark"))
    with pytest.raises(DetectorFailure) as caught:
        trfkit.least_squares(fun, START, callback=lambda x: callback(x))
    result = assert_best_point_kept(caught.value, -5, rosenbrock_in_numpy)
    assert result.nit == 4


def test_exception_in_the_second_fit_of_a_channel_keeps_the_second_fits_best_point():
    channel = Channel()
    trfkit.least_squares(rosenbrock_in_numpy, START, channel=channel)
    with pytest.raises(DetectorFailure) as caught:
        trfkit.least_squares(
            Failing(rosenbrock_in_numpy, 6, DetectorFailure("dark")), [-1.5, 2.0], rosenbrock_jacobian, channel=channel
        )
    result = assert_best_point_kept(caught.value, -5, rosenbrock_in_numpy)
    np.testing.assert_array_equal(result.trace.x[0], [-1.5, 2.0])


# --- keyboard interrupts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("calls", [3, 6, 9])
def test_interrupt_inside_a_numpy_function_keeps_the_best_point(calls):
    fun = Failing(rosenbrock_in_numpy, calls, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt) as caught:
        trfkit.least_squares(fun, START, rosenbrock_jacobian)
    result = assert_best_point_kept(caught.value, -3, rosenbrock_in_numpy)
    assert "user" in result.message
    assert fun.calls == calls


def test_interrupt_of_a_live_fit_stops_it_and_has_every_row_once():
    def interrupt(row):
        if row[1] == 20:
            signal.raise_signal(signal.SIGINT)

    channel = Channel(interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        trfkit.least_squares(winding, [5e3, 0.0], x_scale=1.0, max_nfev=10**6, channel=channel)
    assert_best_point_kept(caught.value, -3, lambda x: np.array(winding(x)))
    reported = len(channel.rows)
    time.sleep(0.2)
    assert len(channel.rows) == reported  # nothing goes on


CHILD = """
import json, os, sys, time
import numpy as np
import jax.numpy as jnp
import trfkit
from trfkit.events import Channel
from trfkit.fitting.curve_fit import fit_curve

def valley(x, a, b):
    return 1e2 * (b - jnp.sin(20.0 * a)) + 0.1 * a * x

{setup}
try:
    fit_curve(valley, x, 0.0 * x, [5e3, 0.0], x_scale=1.0, max_nfev=10**7, tr_options={{"driver": {driver!r}}}, {watch})
except KeyboardInterrupt as error:
    caught = time.time()
    before = time.process_time()
    time.sleep(0.5)
    print(json.dumps({{
        "caught": caught, "cpu_after": time.process_time() - before, "status": error.result.status,
        "nfev": error.result.nfev, "rows": len(error.result.trace), "x": error.result.x.tolist(),
        "fallen": bool(error.result.cost < error.result.trace.cost[0]),
        "each_row_once": bool(np.array_equal(error.result.trace.nfev, 1 + np.arange(len(error.result.trace)))),
    }}), flush=True)
"""
ROW = "channel=Channel(lambda row: print(int(row[0]), flush=True))"
CHILDREN = {
    "two million points": ("x = np.linspace(0.0, 1.0, 2_000_000)", "auto", "verbose=2"),
    "a small fused fit": ("x = np.linspace(0.0, 1.0, 100)", "fused", "verbose=2"),
    "a small stepped fit": ("x = np.linspace(0.0, 1.0, 100)", "stepped", "verbose=2"),
    "a small live fit": ("x = np.linspace(0.0, 1.0, 100)", "auto", ROW),
    "two million points, live": ("x = np.linspace(0.0, 1.0, 2_000_000)", "auto", ROW),
}


@pytest.mark.parametrize(("setup", "driver", "watch"), CHILDREN.values(), ids=CHILDREN)
def test_sigint_ends_the_computation_within_two_seconds_and_keeps_the_best_point(setup, driver, watch):
    command = [sys.executable, "-u", "-c", CHILD.format(setup=setup, driver=driver, watch=watch)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            if line.split()[:1] == ["5"]:  # the fifth accepted trial: well under way
                break
        sent = time.time()
        child.send_signal(signal.SIGINT)
        try:
            out, err = child.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            child.kill()
            raise
    # An interrupt that lands inside one of JAX's own callbacks is logged by JAX before it reaches us.
    assert child.returncode == 0
    assert err == "" or "KeyboardInterrupt" in err
    told = json.loads(out[out.rindex('{"caught"') :])  # the interrupt may have cut a line of `verbose` short
    assert told["caught"] - sent < 2.0
    assert told["cpu_after"] < 0.1  # of the half second after
    assert told["status"] == -3
    assert told["fallen"]
    assert told["nfev"] == told["rows"] > 5
    assert told["each_row_once"]
