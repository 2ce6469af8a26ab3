"""A fit as a script: it runs as it stands, in a Python of its own, and makes the same fit to the last bit."""

import ast
import functools
import json
import os
import pathlib
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.models import Constant, ExponentialDecay, Gaussian, Line, Model
from trfkit.parameters import Parameter, Parameters
from trfkit.results.fit import fit
from trfkit.results.script import script

REPOSITORY = pathlib.Path(__file__).parents[2]

X = np.linspace(0.0, 10.0, 30)
NOISE = 0.1 * np.random.default_rng(3).standard_normal(X.size)
Y = 3.0 * np.exp(-X / 2.0) + 1.0 + NOISE
PEAK = np.asarray(Gaussian("a")(X, 3.0, 4.0, 1.0)) + 0.2 * X + NOISE
MASK = np.arange(X.size) % 7 != 0
MANY = np.linspace(0.0, 5.0, 400)
SCALE = 2.0
result = np.sqrt(4.0)  # a name that a script has a use of its own for


def decay(x, a, tau):
    return a * jnp.exp(-x / tau)


def counted(x, a, tau):
    return np.array([a * np.exp(-xi / tau) for xi in np.asarray(x)])


def scaled(x, a, b):
    return SCALE * a * x + b * result


def log_loss(z):
    return jnp.log1p(z)


# model, x, y, keywords of fit
CASES = {
    "library": (Gaussian("a") + Line(), X, PEAK, {"units": ("s", "µV"), "fixed": {"slope": 0.2}}),
    "typed": (
        "a*exp(-x/tau) + c", X, Y,
        {"ties": {"c": "a/3"}, "bounds": {"tau": (0.1, None)}, "priors": {"a": (3.0, 0.1)}, "start": [2, 1, 0],
         "sigma": 0.1, "absolute_sigma": True},
    ),
    "function": (decay, X, Y, {"bounds": {"tau": (0.1, 4.0), "a": (None, 9)}}),
    "host": (counted, X, Y, {"start": {"a": 3, "tau": 2}}),
    "what a function reads": (scaled, X, Y, {}),
    "own loss": (decay, X, Y, {"loss": log_loss, "xtol": np.float64(1e-9)}),
    "lambda": (lambda x, a, b: a * x + b, X, Y, {}),
    "mask and loss": (
        ExponentialDecay() + Constant(), X, np.where(MASK, Y, np.nan),
        {"mask": MASK, "loss": "soft_l1", "f_scale": 0.1, "x_scale": np.array([1.0, 2.0, 1.0])},
    ),
    "covariance": (ExponentialDecay() + Constant(), X, Y, {"sigma": 0.01 * np.eye(X.size) + 0.001}),
    "errors of x": (Line(), X, Y, {"sigma": 0.1 + 0 * X, "sigma_x": 0.2}),
    "many points": (ExponentialDecay(), MANY, 3 * np.exp(-MANY) + np.sin(99 * MANY) / 9, {"tr_solver": "cg"}),
    "starts": (ExponentialDecay() + Constant(), X, Y, {"starts": 5, "seed": 2, "bounds": {"tau": (0.1, 9)}}),
    "shared": (
        "a*exp(-x/tau) + c", {"cold": X, "hot": X[:20]}, {"cold": Y, "hot": 2 * Y[:20]},
        {"shared": ["tau"], "sigma": {"cold": 0.1, "hot": 0.2 + 0 * X[:20]}},
    ),
    "all shared": (Line(), {"cold": X, "hot": X}, {"cold": Y, "hot": PEAK}, {"shared": "all", "sigma": 0.1}),
    "models by data set": ({"A": decay, "B": Line(), "C": decay}, {k: X for k in "ABC"}, {k: Y for k in "ABC"}, {}),
}  # fmt: skip


@functools.cache
def fitted(name):
    model, x, y, keywords = CASES[name]
    return fit(model, x, y, **keywords)


RUNNER = """
import contextlib, io, json, runpy, sys
import trfkit

for path in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        names = runpy.run_path(path)
    (made,) = (value for value in names.values() if isinstance(value, trfkit.FitResult))
    print(json.dumps([printed.getvalue(), json.loads(made.to_json())]))
"""


def run(folder, **scripts):
    """{name: (what it printed, the document of its fit)} of scripts, run in a Python that takes warnings for errors."""
    paths = [folder / f"{i}.py" for i in range(len(scripts))]
    for path, code in zip(paths, scripts.values(), strict=True):
        path.write_text(code, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-W", "error", "-c", RUNNER, *map(str, paths)]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    return dict(zip(scripts, map(json.loads, finished.stdout.splitlines()), strict=True))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return run(tmp_path_factory.mktemp("scripts"), **{name: fitted(name).to_code() for name in CASES})


@pytest.mark.parametrize("name", CASES)
def test_script_makes_the_same_fit_in_a_python_of_its_own(name, made):
    result, (report, document) = fitted(name), made[name]
    mine = json.loads(result.to_json())
    for field in ("units", "absolute_sigma", "options", "data_sets", "solution"):
        assert document[field] == mine[field]
    tied = [p.name for p in result.parameters.values() if p.tie is not None]
    for field in ("initial", "parameters"):
        for theirs, ours in zip(document[field], mine[field], strict=True):
            assert theirs == ours or (ours["name"] in tied and theirs | {"value": ours["value"]} == ours)
    assert report.strip() in result.fit_report()  # which may have remarks on how the start was found


def test_script_of_parameters_that_the_keywords_cannot_say_is_written_with_them(tmp_path):
    start = Parameters([
        Parameter("ref", 2.0, prior=(2.0, 0.5), unit="s"), Parameter("a", 3.0, min=0.0), Parameter("tau", tie="ref"),
    ])  # fmt: skip
    result = fit(decay, X, Y, start, sigma=0.1)
    code = result.to_code()
    assert "from trfkit.parameters import Parameter, Parameters" in code
    assert 'Parameter("ref", 2.0, prior=(2.0, 0.5), unit="s")' in code
    assert run(tmp_path, it=code)["it"][1] == json.loads(result.to_json())


def test_script_says_only_what_differs_from_the_defaults():
    result = fit(Line(), X[:4], np.array([1.0, 2.0, 3.0, 5.0]), start={"slope": 0.5, "intercept": 0.25})
    x = ", ".join(map(repr, X[:4].tolist()))
    assert result.to_code() == (
        "import numpy as np\n"
        "import trfkit\n"
        "from trfkit.models import Line\n"
        "\n"
        "model = Line()\n"
        "\n"
        f"x = np.array([{x}])\n"
        "y = np.array([1.0, 2.0, 3.0, 5.0])\n"
        "\n"
        'result = trfkit.fit(model, x, y, start={"slope": 0.5, "intercept": 0.25})\n'
        "print(result.fit_report())\n"
    )


def test_long_calls_take_a_line_for_each_argument():
    keywords = {"absolute_sigma": True, "sigma": 0.1, "units": ("s", "V"), "bounds": {"slope": (None, 3)}}
    peaks = Gaussian("left") + Gaussian("right") + Line()
    code = fit(peaks, X, PEAK, {name: 1.5 for name in peaks.parameter_names}, **keywords).to_code()
    assert code.split("print(")[0].endswith(
        "result = trfkit.fit(\n"
        "    model,\n"
        "    x,\n"
        "    y,\n"
        "    sigma=0.1,\n"
        "    absolute_sigma=True,\n"
        "    start={\n"
        '        "left.height": 1.5,\n'
        '        "left.center": 1.5,\n'
        '        "left.sigma": 1.5,\n'
        '        "right.height": 1.5,\n'
        '        "right.center": 1.5,\n'
        '        "right.sigma": 1.5,\n'
        '        "slope": 1.5,\n'
        '        "intercept": 1.5,\n'
        "    },\n"
        '    bounds={"slope": (None, 3.0)},\n'
        '    units=("s", "V"),\n'
        ")\n"
    )


@pytest.mark.parametrize("name", CASES)
def test_scripts_stay_short_and_within_a_hundred_columns(name):
    code = fitted(name).to_code()
    assert max(map(len, code.splitlines())) <= 100
    assert len(code.splitlines()) < 150
    assert code.endswith(")\n") and "\n\n\n\n" not in code


def test_variables_of_the_script_keep_clear_of_what_functions_read():
    code = fitted("what a function reads").to_code()
    assert "result = np.float64(2.0)" in code
    assert "\nresult_ = trfkit.fit(" in code and "print(result_.fit_report())" in code


def test_variables_of_the_script_keep_clear_of_one_another(tmp_path):
    by_name = {"x": X, "y": X}
    errors = {"x": 0.1 + 0 * X, "y": 0.2 + 0 * X}
    result = fit(Line(), by_name, {"x": Y, "y": PEAK}, sigma=errors, sigma_x=0.3 + 0 * X)
    assert 'sigma={"x": sigma_x, "y": sigma_y},\n    sigma_x=sigma_x_,' in result.to_code()
    assert run(tmp_path, it=result.to_code())["it"][1]["solution"] == json.loads(result.to_json())["solution"]


def test_a_function_that_reads_another_numpy_keeps_it(tmp_path):
    def made_with(np):
        def curve(x, a, b):
            return a * np.exp(-x / b)

        return curve

    result = fit(made_with(jnp), X, Y)
    code = result.to_code()
    assert "import jax.numpy as np" in code and "x = numpy.array([" in code
    assert run(tmp_path, it=code)["it"][1]["solution"] == json.loads(result.to_json())["solution"]


def test_names_and_texts_are_never_code():
    hostile = '"); import os; os.system("'
    result = fit(Line(), X, Y, units=(hostile, "V"))
    calls = [node for node in ast.walk(ast.parse(result.to_code())) if isinstance(node, ast.Call)]
    assert {ast.unparse(call.func) for call in calls} == {
        "Line", "np.array", "trfkit.fit", "print", "result.fit_report",
    }  # fmt: skip


def test_what_has_no_source_is_refused_with_what_to_do():
    space = {}
    exec("def typed_in(x, a, b):\n    return a * x + b", space)
    with pytest.raises(ValueError, match="no script can be written of 'typed_in': its source is not to be had"):
        fit(space["typed_in"], X, Y).to_code()
    with pytest.raises(ValueError, match=r"the option tr_options=.* has no source: fit without it"):
        fit(Line(), X, Y, tr_options={"maxiter": {1}}).to_code()


def test_two_things_of_one_name_are_refused():
    def log_loss(x, a):
        return a * x

    with pytest.raises(ValueError, match="two different things are called 'log_loss'. Rename one"):
        fit(log_loss, X, Y, loss=globals()["log_loss"]).to_code()

    def trfkit(x, a):
        return a * x

    with pytest.raises(ValueError, match="two different things are called 'trfkit'"):
        fit(Model.from_function(trfkit), X, Y).to_code()


def test_a_script_of_a_result_that_was_read_is_that_of_the_fit():
    result = fit("a*exp(-x/tau)", X, Y, ties={"a": "2*tau"}, start={"tau": 2})
    assert type(result).from_json(result.to_json()).to_code() == result.to_code()


def by_name(result, **names):
    """The fit that the script with the data by name makes, where these are."""
    space = dict(names)
    exec(compile(script(result, data_by_name=True), "script", "exec"), space)
    return space["result"]


def test_script_with_the_data_by_name_is_short_and_makes_the_same_fit():
    result = fit(Line(), X, Y, sigma=0.1 + 0 * X, sigma_x=0.2, start={"slope": 0.5, "intercept": 0.25})
    assert script(result, data_by_name=True) == (
        "import trfkit\n"
        "from trfkit.models import Line\n"
        "\n"
        "model = Line()\n"
        "\n"
        "# x, y and sigma are the data, as arrays\n"
        "result = trfkit.fit(model, x, y, sigma=sigma, sigma_x=0.2, "
        'start={"slope": 0.5, "intercept": 0.25})\n'
        "print(result.fit_report())\n"
    )
    assert by_name(result, x=X, y=Y, sigma=0.1 + 0 * X).trace == result.trace


@pytest.mark.parametrize(
    ("mask", "source"),
    [
        ((X > 2) & (X < 7), f"mask=(x >= {X[X > 2][0].item()!r}) & (x <= {X[X < 7][-1].item()!r})"),
        (MASK, "mask=~np.isin(np.arange(len(y)), [0, 7, 14, 21, 28])"),
        (np.arange(30) % 3 == 0, "mask=~np.isin(np.arange(len(y)), [1, 2, 4"),
        (np.arange(30) % 7 == 1, "mask = np.array(["),
    ],
)
def test_points_that_count_are_told_by_name_as_shortly_as_can_be(mask, source):
    result = fit(Line(), X, PEAK, mask=mask)
    assert source in script(result, data_by_name=True)
    made = by_name(result, x=X, y=PEAK)
    np.testing.assert_array_equal(made.sets[0].mask, mask)
    assert made.trace == result.trace


def test_several_data_sets_go_by_their_names():
    data = {"cold": X, "hot": 2 * X}
    result = fit(Line(), data, {"cold": Y, "hot": PEAK}, mask={"cold": MASK, "hot": None})
    code = script(result, data_by_name=True)
    assert "# x_cold, x_hot, y_cold and y_hot are the data, as arrays" in code
    assert by_name(result, x_cold=X, x_hot=2 * X, y_cold=Y, y_hot=PEAK).trace == result.trace


def test_names_of_data_keep_clear_of_what_functions_read():
    code = script(fit(lambda x_, a: a * x_ * X.sum(), X, Y), data_by_name=True)
    assert "\nX = np.array([" in code and "result = trfkit.fit(model, x, y" in code
