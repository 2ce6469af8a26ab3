"""A fit as JSON and back: every figure to the last bit, no code executed, altered texts refused."""

import dataclasses
import functools
import json
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.core.losses import huber
from trfkit.events import Channel
from trfkit.fitting.joint import Joint
from trfkit.models import Constant, ExponentialDecay, Gaussian, Line, Model
from trfkit.parameters import Parameter, Parameters
from trfkit.results.fit import fit
from trfkit.results.fit_result import FitResult
from trfkit.results.place import Place, written_array

X = np.linspace(0.0, 10.0, 30)
NOISE = 0.1 * np.random.default_rng(3).standard_normal(X.size)
Y = 3.0 * np.exp(-X / 2.0) + 1.0 + NOISE
PEAK = np.asarray(Gaussian("a")(X, 3.0, 4.0, 1.0)) + 0.2 * X + NOISE
MASK = np.arange(X.size) % 7 != 0
GAPS = np.where(MASK, Y, np.nan)
COVARIANCE = 0.01 * np.eye(X.size) + 0.001


def decay(x, a, tau):
    return a * jnp.exp(-x / tau)


def counted(x, a, tau):
    """By NumPy alone, so that it is evaluated on the host."""
    return np.array([a * np.exp(-xi / tau) for xi in np.asarray(x)])


def product(x, a, b):
    return a * b + 0.0 * x


def plane(x, a, b):
    return a * x[0] + b * x[1]


def log_loss(z):
    return jnp.log1p(z)


PRIOR_AND_TIE = {"ties": {"c": "a/3"}, "bounds": {"tau": (0.1, None)}, "priors": {"a": (3.0, 0.1)}}

# model, x, y, keywords of fit, what is handed in
CASES = {
    "library": (Gaussian("a") + Line(), X, PEAK, {"units": ("s", "µV"), "fixed": ["slope"]}, None),
    "typed": ("a*exp(-x/tau) + c", X, Y, PRIOR_AND_TIE | {"start": [2, 1, 0], "sigma": 0.1}, None),
    "function": (decay, X, Y, {"bounds": {"tau": (0.1, 4.0)}}, decay),
    "host": (counted, X, Y, {"start": [3, 2], "loss": "huber", "sigma": 0.1, "priors": {"tau": (2, 0.1)}}, counted),
    "own loss": (decay, X, Y, {"loss": log_loss, "xtol": np.float64(1e-9)}, {"decay": decay, "log_loss": log_loss}),
    "mask": (ExponentialDecay() + Constant(), X, GAPS, {"mask": MASK, "x_scale": np.array([1.0, 2.0, 1.0])}, None),
    "covariance": (ExponentialDecay() + Constant(), X, Y, {"sigma": COVARIANCE, "absolute_sigma": True}, None),
    "errors of x": ("a*abs(x - c) + d", X, Y, {"start": [1, X[9], 0], "sigma": 0.1, "sigma_x": 0.3 + 0 * X}, None),
    "plane": (plane, np.stack([X, X**2]), Y, {}, plane),
    "starts": (ExponentialDecay(), X, Y, {"starts": 5, "seed": 2, "tr_options": {"driver": "fused"}}, None),
    "data sets": (
        {"cold": decay, "hot": Line()}, {"cold": X, "hot": X}, {"cold": Y, "hot": PEAK},
        {"starts": 3, "sigma": {"cold": 0.1, "hot": 0.1 + 0 * X}}, decay,
    ),
    "shared": ("a*x + b", {"cold": X, "hot": X}, {"cold": Y, "hot": PEAK}, {"shared": ["a"]}, None),
    "not determined": (product, X, Y, {}, product),
    "one point more than parameters": (Line(), X[:3], Y[:3], {}, None),
    "fewer points than parameters": (Gaussian(), X[:2], Y[:2], {"start": [3, 2, 1]}, None),
    "exact": (Line(), X, 2 * X + 1, {}, None),
    "not converged": (ExponentialDecay(), X, Y, {"max_nfev": 2}, None),
}  # fmt: skip


@functools.cache
def fitted(name):
    model, x, y, keywords, handed_in = CASES[name]
    return fit(model, x, y, **keywords), handed_in


@pytest.mark.parametrize("name", CASES)
def test_every_figure_comes_back_to_the_last_bit(name, same):
    result, handed_in = fitted(name)
    text = result.to_json()
    back = FitResult.from_json(text, handed_in)
    assert back.to_json() == text
    for s, t in zip(result.sets, back.sets, strict=True):
        assert all(same(getattr(s, field), getattr(t, field)) for field in ("x", "y", "sigma", "sigma_x", "mask"))
        assert (s.name, s.names, s.model) == (t.name, t.names, t.model)
    assert set(back.solution.keys()) == set(result.solution.keys())
    assert [key for key in result.solution.keys() if not same(result.solution[key], back.solution[key])] == []
    for field in ("initial", "parameters", "absolute_sigma", "units", "remarks", "notes", "values", "trace"):
        assert getattr(back, field) == getattr(result, field)
    assert repr(back.starts) == repr(result.starts)
    assert repr(back.stderr) == repr(result.stderr)  # nan is not equal to nan
    assert same(back.covariance, result.covariance) and same(back.correlation, result.correlation)
    assert repr(back.goodness) == repr(result.goodness)
    for s in result.sets:
        assert same(back.predict(data_set=s.name), result.predict(data_set=s.name))
        assert same(back.residuals[s.name], result.residuals[s.name])
    assert back.fit_report() == result.fit_report()


def test_profile_and_bootstrap_of_a_result_that_was_read_are_those_of_the_fit():
    result, handed_in = fitted("function")
    back = FitResult.from_json(result.to_json(), handed_in)
    for method in ("covariance", "profile"):
        assert repr(back.intervals(0.9, method)) == repr(result.intervals(0.9, method))
    assert repr(back.bootstrap(20).intervals(0.9)) == repr(result.bootstrap(20).intervals(0.9))


def test_text_that_another_process_wrote_reads_the_same_here():
    code = (
        "import numpy as np, trfkit\n"
        "x = np.linspace(0.0, 10.0, 30)\n"
        "print(trfkit.fit('a*exp(-x/tau)', x, 3 * np.exp(-x / 2) + np.sin(9 * x) / 10, start=[1, 1]).to_json())"
    )
    text = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert FitResult.from_json(text).to_json() == text


def test_nan_keeps_its_payload_and_zero_its_sign(same):
    odd = np.array([0x7FF8_0000_0000_0123, 0xFFF8_0000_0000_0000, 0x8000_0000_0000_0000], np.uint64).view(float)
    y = np.where(MASK, Y, odd[0])
    y[7] = odd[1]
    x = X.copy()
    x[0] = odd[2]
    result = fit(ExponentialDecay(), x, y, mask=MASK)
    back = FitResult.from_json(result.to_json())
    assert same(back.sets[0].x, x) and same(back.sets[0].y, y)


@pytest.mark.parametrize(
    "array", [np.zeros((2, 0, 3)), np.array(2.5), np.array([[True, False]]), np.arange(6).reshape(3, 2),
              np.array([[np.inf, -0.0], [np.nan, 5e-324]]), np.linspace(0, 1, 5, dtype=np.float32)],
    ids=lambda a: f"{a.dtype}{a.shape}",
)  # fmt: skip
def test_arrays_of_any_shape_and_kind_come_back(array, same):
    document = json.loads(json.dumps(written_array(array), allow_nan=False))
    kind = {"b": bool, "i": int, "f": float}[array.dtype.kind]
    assert same(Place(document, "x").array(kind), array)


@pytest.mark.parametrize("name", ["typed", "own loss", "host", "covariance", "mask", "errors of x", "data sets"])
def test_jacobian_is_not_stored_and_comes_back_to_the_last_bit(name, same):
    result, handed_in = fitted(name)
    assert "jac" not in json.loads(result.to_json())["solution"]
    assert same(FitResult.from_json(result.to_json(), handed_in).solution.jac, result.solution.jac)
    joint = Joint(result.sets, result.parameters, result.options, result.absolute_sigma)
    assert same(joint.jacobian(result.solution.x), result.solution.jac)
    assert same(joint.fun(result.solution.x), result.solution.fun)


def test_options_that_only_watch_a_fit_are_left_out():
    result = fit(Line(), X, Y, callback=lambda intermediate_result: None, channel=Channel(), verbose=0, ftol=1e-9)
    assert json.loads(result.to_json())["options"] == {"ftol": 1e-9}
    assert FitResult.from_json(result.to_json()).options == {"ftol": 1e-9}


def test_options_keep_their_kind(same):
    given = {"max_nfev": np.int64(50), "ftol": np.float64(1e-9), "x_scale": [1, 2.5], "loss": huber, "gtol": None,
             "tr_options": {"driver": "stepped", "show": True}, "diff_step": np.array([1e-6, 1e-7])}  # fmt: skip
    back = FitResult.from_json(fit(Line(), X, Y, **given).to_json()).options
    assert same(back.pop("diff_step"), given.pop("diff_step"))
    assert back == given | {"loss": "huber"}
    assert type(back["max_nfev"]) is int


# --- what cannot be written


def test_an_option_that_json_cannot_hold_is_named():
    result = fit(Line(), X, Y, tr_options={"maxiter": {1, 2}})
    with pytest.raises(ValueError, match=r"cannot hold the option tr_options=.*it has a set\. Fit without it"):
        result.to_json()


def test_x_that_is_no_array_is_refused():
    result = fit(Line(), X, Y)
    odd = dataclasses.replace(result, sets=(result.sets[0]._replace(x={"t": X}),))
    with pytest.raises(ValueError, match=r"x is no array of numbers, and JSON cannot hold it: \{'t': .*Fit with x as"):
        odd.to_json()


def test_two_functions_of_one_name_are_refused_across_data_sets_and_loss():
    by_name = {"A": X, "B": X}
    several = fit({"A": lambda x, a: a * x, "B": lambda x, b: b * x}, by_name, {"A": Y, "B": PEAK})
    with pytest.raises(ValueError, match="two different functions are called '<lambda>'.*name='rise'"):
        several.to_json()
    with_loss = fit(Model.from_function(decay, name="log_loss"), X, Y, loss=log_loss)
    with pytest.raises(ValueError, match="two different functions are called 'log_loss'"):
        with_loss.to_json()


# --- functions


def test_functions_that_are_missing_are_named_with_the_call_to_make():
    text = fitted("own loss")[0].to_json()
    words = r"decay\(x, a, tau\) and the loss log_loss\(z\), .*model=\{'decay': decay, 'log_loss': log_loss\}\)"
    for given in (None, decay, {"decay": decay}, {"decay": decay, "log_loss": 3}):
        with pytest.raises(ValueError, match=words):
            FitResult.from_json(text, given)
    text = fitted("function")[0].to_json()
    with pytest.raises(ValueError, match=r"define it and call FitResult.from_json\(text, model=decay\)"):
        FitResult.from_json(text)
    with pytest.raises(ValueError, match=r"decay\(x, a, tau\), and the one handed in takes \(x, a, b\)"):
        FitResult.from_json(text, product)


def test_a_function_of_the_same_arguments_that_computes_something_else_is_refused():
    text = fitted("function")[0].to_json()
    with pytest.raises(ValueError, match="a function handed in is not the one that was fitted"):
        FitResult.from_json(text, lambda x, a, tau: a * jnp.exp(-tau * x))


def test_a_model_of_the_function_may_be_handed_in():
    model = Model.from_function(decay, guesser=lambda x, y: {"a": 1.0, "tau": 1.0})
    result = fit(model, X, Y)
    assert FitResult.from_json(result.to_json(), model).sets[0].model == model


# --- texts that are no fits


def test_other_texts_are_refused_with_what_they_are_and_what_to_try():
    result = fitted("exact")[0]
    text = result.to_json()
    newer = json.dumps(json.loads(text) | {"version": 2})
    for other, words in (
        (text[: len(text) // 2], "not JSON, or it was cut short"),
        ("fit.json", r"not JSON, or it was cut short.*from_json\(path.read_text\(\)\)"),
        (None, "not JSON"),
        ("[" * 100_000, "not JSON, or it was cut short"),
        ("[]", "not a fit: its format is 'list', and FitResult.to_json writes 'trfkit-fit'"),
        ('{"format": "lmfit"}', "not a fit: its format is 'lmfit'"),
        (result.trace.to_json(), r"not a fit: its format is 'trfkit-trace'.*Trace.from_json"),
        (newer, "has version 2 of the format, and this trfkit reads up to 1: update trfkit"),
        (newer.replace('"version": 2', '"version": "1"'), "version must be a whole number, got '1'"),
        (newer.replace('"version": 2', '"version": 0'), "version must be a version from 1, got 0"),
    ):
        with pytest.raises(ValueError, match=words):
            FitResult.from_json(other)


def test_a_cut_anywhere_is_refused():
    text = fitted("exact")[0].to_json()
    for end in range(0, len(text), 37):
        with pytest.raises(ValueError, match="cut short"):
            FitResult.from_json(text[:end])


@pytest.mark.parametrize(
    ("path", "new", "words"),
    [
        (("units",), "s", r"units must be a list, got 's': the text was cut or edited; save the fit again"),
        (("units",), ["s"], "units must be two strings"),
        (("absolute_sigma",), 1, "absolute_sigma must be true or false, got 1"),
        (("data_sets",), [], "data_sets is empty"),
        (("data_sets", 0, "y"), ..., r"data_sets\[0\] lacks 'y'"),
        (("data_sets", 0, "y", "values", 3), "2.5", r"data_sets\[0\].y.values\[3\] must be a number, got '2.5'"),
        (("data_sets", 0, "y", "values", 3), ..., r"data_sets\[0\].y has 29 values where its shape says \(30,\)"),
        (("data_sets", 0, "y", "values", 3), 2.5, "solution.fun is not the residuals of these models, data and"),
        (("data_sets", 0, "sigma"), 0.2, "solution.fun is not the residuals"),
        (("data_sets", 0, "model"), None, r"data_sets\[0\].model must be an object"),
        (("data_sets", 0, "model", "text"), "__import__('os')", r"data_sets\[0\].model: .*__import__"),
        (("data_sets", 0, "names", 0), "b", r"data_sets\[0\].names has 'b' for the model's 'a'"),
        (("data_sets", 0, "mask"), [True], r"data_sets\[0\].mask must be an object \(a dict\)"),
        (("initial", 0, "min"), 9.0, "initial: parameter a: |differ in more than"),
        (("initial", 0, "unit"), "s", "initial and parameters differ in more than the values of the free ones"),
        (("parameters", 1, "tie"), "a +", "parameters: "),
        (("parameters", 1, "tie"), "q", "parameters: the tie of tau, q, names nothing"),
        (("parameters", 0, "prior"), [3.0], r"prior must be a mean and a sigma, got \[3.0\]"),
        (("parameters", 0, "value"), 3.5, "solution.x is not the values of the free parameters|differ in more"),
        (("options",), {"callback": 1}, "options has 'callback', which is none of"),
        (("options",), {"xtol": "1e-9"}, "options.xtol must be a number, or an array of them, got '1e-9'"),
        (("options",), {"loss": "square"}, "options: `loss` must be one of"),
        (("options",), {"max_nfev": [5]}, "options: "),
        (("solution", "status"), 9, "solution.status is none that a fit ends with"),
        (("solution", "stderr", "shape", 0), 1, r"stderr has 2 values where its shape says \(1,\)"),
        (("solution", "stderr", "values", 0), 1.0, "stderr is not the roots of the diagonal of pcov"),
        (("solution", "m"), 30, r"solution.fun has shape \(31,\), and the rest of the fit asks for \(30,\)"),
        (("solution", "rank"), 7, "solution.rank is not that of its triangle"),
        (("solution", "cost"), 7.0, "solution.pcov is not|ends at another cost"),
        (("solution", "trace", "columns", "cost"), ..., "solution.trace: this trace lacks the columns cost"),
        (("starts",), {"names": []}, "starts.names must be a, tau"),
        (("remarks", ), "none", "remarks must be a list"),
    ],
)  # fmt: skip
def test_what_was_altered_is_named(path, new, words, changed):
    document = json.loads(fitted("typed")[0].to_json())
    with pytest.raises(ValueError, match=words):
        FitResult.from_json(json.dumps(changed(document, path, new)))


def is_told_by_nothing_else(path):
    """Whether no other part of a document tells what stands there: words, what other starts and trials did, options."""
    words = {"units", "unit", "description", "formula", "message", "notes", "remarks", "name"}
    return (
        bool(words & set(map(str, path)))
        or path[0] in ("starts", "options")
        or path[:3] == ("solution", "trace", "columns")
        or path[:3] == ("solution", "trace", "x")
        or ("model" in path and path[-1] in ("min", "max", "default"))
    )


@pytest.mark.filterwarnings("ignore:Setting `xtol` below")
@pytest.mark.parametrize("name", ["typed", "data sets", "own loss", "mask"])
def test_a_wrong_value_anywhere_is_a_clear_error_or_changes_nothing_that_can_be_told(name, altered):
    result, handed_in = fitted(name)
    text = result.to_json()
    tried = refused = 0
    for path, new, document in altered(json.loads(text)):
        tried += 1
        try:
            back = FitResult.from_json(json.dumps(document), handed_in)
        except ValueError as error:
            refused += 1
            assert 20 < len(str(error)) < 700, (path, new)
        else:
            assert back.to_json() == text or is_told_by_nothing_else(path), (path, new)
    assert refused > 0.9 * tried > 1000


def test_no_name_in_a_text_is_imported_or_called(monkeypatch):
    document = json.loads(fitted("own loss")[0].to_json())
    document["options"]["loss"]["function"] = "os.system"
    document["data_sets"][0]["model"]["name"] = "builtins.eval"
    called = []
    monkeypatch.setattr("builtins.eval", called.append)
    monkeypatch.setattr("builtins.__import__", called.append)
    with pytest.raises(ValueError, match=r"builtins.eval\(x, a, tau\) and the loss os.system\(z\)"):
        FitResult.from_json(json.dumps(document))
    assert called == []


def test_parameters_beyond_those_of_the_model_come_back():
    start = Parameters([Parameter("ref", 2.0, prior=(2.0, 0.5)), Parameter("a", 3.0), Parameter("tau", tie="ref")])
    result = fit(decay, X, Y, start, sigma=0.1, absolute_sigma=True)
    back = FitResult.from_json(result.to_json(), decay)
    assert back.parameters == result.parameters
    assert tuple(back.values) == ("ref", "a", "tau")
