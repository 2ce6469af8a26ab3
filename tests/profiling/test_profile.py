"""`trfkit.profile`: the same fit, its time in parts that make up the whole, and what was compiled, with the reason."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax._src import monitoring  # the list of listeners has no public name

import trfkit
from trfkit.core.shares import SHARED_FROM, cores
from trfkit.events import Channel
from trfkit.models import Gaussian, Line
from trfkit.profiling import clock, profile_again
from trfkit.profiling.clock import DATA_PASS, EACH_TRIAL, HOST, PREPARATION, RESULT, SUBPROBLEM

X = np.linspace(0.0, 4.0, 60)
Y = 3.0 * np.exp(-0.7 * X) + 0.02 * np.cos(20 * X)
START = {"a": 1.0, "k": 1.0}


def decay(x, a, k):
    return a * jnp.exp(-k * x)


def of_numpy(x, a, k):
    return np.asarray(a) * np.exp(-float(k) * x)


def many_points():
    x = np.linspace(0.0, 4.0, SHARED_FROM // 2)
    return x, 3.0 * np.exp(-0.7 * x) + 0.02 * np.cos(20 * x)


PEAK = 4.0 * np.exp(-0.5 * ((X - 2.0) / 0.4) ** 2) + 0.5 * X + 0.02 * np.cos(20 * X)
FITS = {
    "a function": ((decay, X, Y, START), {}),
    "a text, guessed": (("a*exp(-k*x)", X, Y), {}),
    "a sum in bounds": ((Gaussian() + Line(), X, PEAK), {"bounds": {"sigma": (0.1, 0.35)}}),
    "a loss, by CG": ((decay, X, Y, START), {"loss": "soft_l1", "tr_solver": "cg"}),
    "a prior and errors": ((decay, X, Y, START), {"sigma": 0.02, "priors": {"k": (0.6, 0.2)}}),
    "two data sets": ((decay, {"u": X, "v": X}, {"u": Y, "v": 2 * Y}, START), {"shared": ["k"], "start": None}),
    "by NumPy": ((of_numpy, X, Y, START), {}),
    "many points": ((decay, *many_points(), START), {}),
}


def of(name):
    arguments, options = FITS[name]
    if "start" in options:  # of parameters that go by other names
        return arguments[:3], {**options, "start": {"a_u": 1.0, "a_v": 1.0, "k": 1.0}}
    return arguments, options


@pytest.mark.parametrize("name", FITS)
def test_parts_make_up_the_whole_and_the_fit_is_the_same(name):
    arguments, options = of(name)
    found = trfkit.profile(*arguments, **options)
    # The rest is a share of the same run; of several, for a busy machine may take a turn between two parts.
    runs = [found, *(trfkit.profile(*arguments, **options) for _ in range(4))]
    assert all(run.unaccounted >= 0 for run in runs)
    assert min(run.unaccounted / run.seconds for run in runs) < 0.1
    assert min(runs[-1].parts.values()) > 0 and {*EACH_TRIAL, PREPARATION, RESULT} == set(runs[-1].parts)
    fit = trfkit.fit(*arguments, **options, tr_options={"driver": "stepped"})
    for run in runs:
        np.testing.assert_allclose(run.result.solution.x, fit.solution.x, rtol=1e-9)
    assert found.result.nfev == len(found.trials) + 1 and found.result.success
    assert found.result.notes == fit.notes and found.names == fit.free_names and found.points == fit.solution.m
    np.testing.assert_allclose(found.result.solution.fun, fit.solution.fun, atol=1e-9)
    np.testing.assert_allclose(found.result.covariance, fit.covariance, rtol=1e-6)


def test_every_stretch_has_its_parts_and_no_more_than_its_time():
    found = trfkit.profile(decay, X, Y, START)
    assert [s.what for s in found.stretches] == [
        clock.SETUP, clock.START, *[clock.TRIAL] * len(found.trials), clock.END
    ]  # fmt: skip
    assert all(sum(s.parts.values()) <= s.seconds for s in found.stretches)
    assert sum(s.seconds for s in found.stretches) <= found.seconds
    assert all(s.solver == "SVD" and set(EACH_TRIAL) <= set(s.parts) for s in found.trials)
    assert found.solvers == ("SVD",) and trfkit.profile(*of("a loss, by CG")[0], tr_solver="cg").solvers == ("CG",)


def test_second_profile_compiles_nothing_and_says_so():
    trfkit.profile(decay, X, Y, START)
    found = trfkit.profile(decay, X, Y, START)
    assert found.programs == () and not set(clock.ONCE) & set(found.parts)
    assert not any(s.cold for s in found.stretches)
    assert "Nothing was traced or compiled" in repr(found)


def test_a_new_model_says_why_it_is_compiled_and_a_new_length_too():
    def newest(x, a, k):
        return a * jnp.exp(-k * x) + 0.25 * a

    def why(m, model=newest):
        found = trfkit.profile(model, X[:m], Y[:m], START)
        return {p.why for p in found.programs if p.part == DATA_PASS and p.compiled}

    assert why(60) == {"new model, or new to 60 rows"}
    assert why(55) == set()  # padded to the same
    assert why(40) == {"new to 40 rows"}
    checked = trfkit.profile(lambda x, a: a + 0.125 * x, X, Y, [1.0]).programs[0]
    assert (checked.function, checked.part, checked.compiled) == ("the model", PREPARATION, False)
    assert checked.why == "can JAX evaluate it, and row by row"


def test_programs_of_a_number_of_parameters_are_compiled_for_the_first_profile_of_so_many():
    def of_seven(x, a, b, c, d, e, f, g):
        return a + b * x + c * x**2 + d * x**3 + e * jnp.sin(x) + f * jnp.cos(x) + g * jnp.exp(-x)

    jax.clear_caches()
    found = trfkit.profile(of_seven, X, Y, np.ones(7))
    reasons = {(p.part, p.why) for p in found.programs if p.compiled}
    assert (SUBPROBLEM, "first profile with 7 parameters by SVD") in reasons
    assert all("7 parameters" in why for part, why in reasons if part not in (DATA_PASS, PREPARATION, HOST))


@pytest.mark.skipif(cores() == 1, reason="data are shared out among cores")
def test_what_the_threads_of_the_shares_compile_is_compilation_and_not_a_data_pass():
    def newest(x, a, k):
        return a * jnp.exp(-k * x) + 0.0625 * a

    found = trfkit.profile(newest, *many_points(), START)
    first = found.stretches[1]
    assert DATA_PASS in first.cold and first.parts[clock.COMPILATION] > first.parts[DATA_PASS]


def test_p0_is_another_word_for_start():
    by_p0, by_start = trfkit.profile(decay, X, Y, p0=[1, 1]), trfkit.profile(decay, X, Y, [1, 1])
    np.testing.assert_array_equal(by_p0.result.solution.x, by_start.result.solution.x)
    with pytest.raises(ValueError, match="`p0` and `start` are the same"):
        trfkit.profile(decay, X, Y, [1, 1], p0=[1, 1])


def test_of_a_result_the_same_fit_is_run_again():
    result = trfkit.fit(*of("a sum in bounds")[0], **of("a sum in bounds")[1], tr_solver="hybrid")
    told = []
    found = profile_again(result, told.append)
    assert told == list(range(len(result.trace))) and found.solvers == tuple(
        dict.fromkeys(result.trace.solver[1:].tolist())
    )
    np.testing.assert_allclose(found.result.solution.x, result.solution.x, rtol=1e-9)


def test_rates_stand_beside_what_the_machine_can():
    found = trfkit.profile(decay, X, Y, START)
    rates = found.rates
    assert list(rates) == ["rows/s", "flop/s", "bytes/s"]
    assert rates["rows/s"].value == pytest.approx(60 / found.pass_seconds) and rates["rows/s"].ceiling is None
    assert rates["flop/s"].value == pytest.approx(found.work.flops / found.pass_seconds)
    assert rates["flop/s"].ceiling == found.machine.flops_per_s
    by_numpy = trfkit.profile(*of("by NumPy")[0])
    assert by_numpy.work is None and list(by_numpy.rates) == ["rows/s"]


class Broken:
    """A model by NumPy that raises at its tenth call."""

    def __init__(self):
        self.calls = 0

    def __call__(self, x, a, k):
        self.calls += 1
        if self.calls == 10:
            raise ZeroDivisionError("the tenth call")
        return of_numpy(x, a, k)


def test_a_model_that_raises_leaves_what_was_measured():
    listeners = monitoring.get_event_duration_listeners()
    broken = Broken()
    with pytest.raises(ZeroDivisionError) as raised:
        trfkit.profile(lambda x, a, k: broken(x, a, k), X, Y, START)
    found = raised.value.profile
    assert found.result is None and found.error == "ZeroDivisionError: the tenth call"
    assert found.parts[DATA_PASS] > 0 and len(found.trials) >= 1 and 0 <= found.unaccounted <= found.seconds
    assert "until ZeroDivisionError: the tenth call" in repr(found) and "ZeroDivisionError" in found._repr_html_()
    assert json.loads(found.to_json())["error"] == found.error
    assert monitoring.get_event_duration_listeners() == listeners


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((decay, X, Y[:-1], START), {}, "59"),
        ((decay, X, Y, {"a": np.inf, "k": 1.0}), {}, "a"),
        (("a/x", X, Y, [1.0]), {}, "finite"),
        ((decay, X, Y, START), {"bounds": {"b": (0, 1)}}, "'b', which is no parameter"),
    ],
)
def test_what_cannot_be_fitted_is_refused_as_by_fit_with_a_profile_of_the_checks(arguments, options, said):
    with pytest.raises(ValueError) as by_fit:
        trfkit.fit(*arguments, **options)
    with pytest.raises(type(by_fit.value), match=said) as raised:
        trfkit.profile(*arguments, **options)
    assert str(raised.value) == str(by_fit.value)
    found = raised.value.profile
    assert found.parts[PREPARATION] > 0 and found.result is None
    assert repr(found) and found._repr_html_() and found.to_dict()


def test_many_starts_are_no_one_fit():
    with pytest.raises(TypeError, match="starts"):
        trfkit.profile(decay, X, Y, START, starts=5)


def test_a_callback_is_called_and_may_stop_the_fit_and_its_time_is_that_of_the_host():
    seen = []

    def stop_at_second(x):
        seen.append(x)
        return len(seen) == 2

    found = trfkit.profile(decay, X, Y, START, callback=stop_at_second)
    assert len(seen) == 2 and found.result.status == -2 and not found.result.success
    assert found.parts[HOST] > 0


def test_a_channel_hears_the_trials_and_stops_the_fit():
    channel = Channel()
    channel.stop()
    found = trfkit.profile(decay, X, Y, START, channel=channel)
    assert found.result.status == -1 or not found.result.success
    assert len(channel.rows) == len(found.trials) + 1


def test_verbose_prints_what_fit_prints(capsys):
    trfkit.profile(decay, X, Y, START, verbose=2)
    printed = capsys.readouterr().out
    trfkit.fit(decay, X, Y, START, verbose=2, tr_options={"driver": "stepped"})
    assert [line.split() for line in printed.splitlines()][0] == capsys.readouterr().out.splitlines()[0].split()
    assert "Function evaluations" in printed


def test_a_profile_is_json_with_every_number():
    found = trfkit.profile(decay, X, Y, START)
    read = json.loads(found.to_json())
    assert read == json.loads(json.dumps(found.to_dict()))
    assert read["seconds"] == found.seconds and read["parts"] == found.parts
    assert read["not accounted for"] == found.unaccounted
    assert sum(read["parts"].values()) + read["not accounted for"] == pytest.approx(read["seconds"])
    assert len(read["stretches"]) == len(found.stretches) and read["parameters"] == ["a", "k"]
    assert read["rates"]["flop/s"]["ceiling"] == found.machine.flops_per_s
