"""Source that makes models and arrays again: run by itself, compared to the last bit."""

import dataclasses
import importlib.util
import linecache
import os
import pathlib
import subprocess
import sys
import types

import hypothesis
import hypothesis.extra.numpy
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import strategies as st

from trfkit.datasets import strd_models
from trfkit.models import (
    LIBRARY,
    Constant,
    ExponentialDecay,
    Gaussian,
    Line,
    Model,
    ParameterSpec,
    Polynomial,
    Step,
)
from trfkit.models.document import from_document, to_document
from trfkit.results.literals import value_source
from trfkit.results.source import array_imports, array_source, in_order, model_source

ROOT = pathlib.Path(__file__).parents[2]
X = np.linspace(0.1, 10.0, 31)

MINE = '''
import functools
import math
from math import pi as PI
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import jax.scipy.special
import numpy as np
import scipy.constants
from jax.scipy.special import erf
from numpy import exp as numpy_exp

if TYPE_CHECKING:
    from nowhere import Array

TAU = 0.1 + 0.2
WORD = "it's"
SHIFTS = (1.5, math.inf, [2, None], {"a": -0.0})
TABLE = np.sqrt(np.arange(5.0))
ON_DEVICE = jnp.linspace(0.0, 1.0, 4) ** 3
BIG = np.random.default_rng(0).normal(size=(3, 100))
UNUSED = object()


def helper(x: "Array", k=TAU):
    # a comment that stays
    UNUSED = jnp.exp(-x / k)
    return UNUSED * PI


@jax.jit
def everything(x: "Array", a: float, b=3.0) -> "Array":
    """All that a function may read."""
    weights: "Array" = jnp.asarray(BIG)
    flat = sum(SHIFTS[0] * w for w in TABLE) + weights.sum() + ON_DEVICE[1] + len(WORD) + SHIFTS[3]["a"]
    return a * helper(x) + erf(b) + jax.scipy.special.expit(x) + flat + scipy.constants.g + numpy_exp(1.0)


def swap(f):
    @functools.wraps(f)
    def swapped(x, a, b):
        return f(x, b, a)
    return swapped


@swap
def decorated(x, a, b):
    return a * x + 2.0 * b


def outer(k):
    scale = k * 2

    def shifted(x):
        return x - scale

    def inner(x, a):
        """Indented,

        on several lines."""
        return a * scale * shifted(x)

    return inner


def even(x, n):
    return x if n == 0 else odd(x, n - 1)


def odd(x, n):
    return -x if n == 0 else even(x, n - 1)


def mutual(x, a):
    return a * even(x, 3)


def keyword(x, a, *, mode):
    return a * x**mode


inner = outer(1.5)
alias = helper
two = lambda x, a: a * x, lambda x, a: a * x + TAU
closed = (lambda k: lambda x, a: a * k * x)(0.7)
bound = functools.partial(keyword, mode=2.5)
bound_lambda = functools.partial(lambda x, a, k: a * x * k, k=np.float64(0.1))
jitted = jax.jit(two[1])
renamed = jax.jit(helper)


def reads_alias(x, a):
    return a * alias(x) * renamed(x) * renamed(x, 2.0)
'''


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """The module above, from a file of its own."""
    return load(tmp_path_factory.mktemp("user") / "mine.py", MINE)


def load(path, text):
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def script(source):
    return "\n\n".join(["\n".join(source.imports), *source.definitions, f"model = {source.expression}"]) + "\n"


def run(source, path):
    """The model of a script, which is run from a file in an empty namespace."""
    return load(path, script(source)).model


def assert_same_curve(made, model, x=X):
    values = [1.1 + 0.3 * i for i in range(len(model.parameters))]
    np.testing.assert_array_equal(np.asarray(made(x, *values)), np.asarray(model(x, *values)))


# --- the library, formulas, sums

MODELS = [
    *(factory(prefix="p") if factory is not Polynomial else factory(4, prefix="p") for factory in LIBRARY),
    Step(form="arctan"),
    Gaussian("a") + Line(),
    (Gaussian() + Line("l")) * ExponentialDecay("e") + 2,
    2 * (3 * Gaussian()) + 0.1,
    2 * (3 * (4 * (Gaussian() + 1))),
    (Gaussian() * 2 * 3) + float("-inf"),
    (sum(Gaussian(f"g{i}") for i in range(9)) + Line()) * sum(Constant(f"c{i}") for i in range(9)),
    Model.from_expression("a*exp(-x/tau)+c"),
    Model.from_expression("a*t/tau", independent="t", prefix="p", tau={"min": 0, "unit": "x", "default": 1 / 3}),
    Model.from_expression("a*u + b*v", independent=("u", "v")) * Constant(),
    dataclasses.replace(Polynomial(1), parameters=(ParameterSpec("c0", default=0.1), ParameterSpec("c1", max=9))),
    dataclasses.replace(Constant(), parameters=(ParameterSpec("b", '"', -5.0, 5.0, 0.5, 'of "mine"\n'),)) * Line(),
]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_model_without_functions_is_made_equal(model, tmp_path):
    source = model_source(model)
    assert run(source, tmp_path / "script.py") == model
    assert source.definitions == ()
    assert max(map(len, script(source).splitlines())) <= 100


def test_source_reads_as_one_would_write_it():
    assert model_source(Gaussian("a") + Line()) == (
        ("from trfkit.models import Gaussian, Line",), (), 'Gaussian("a") + Line()'
    )  # fmt: skip
    assert model_source(Model.from_expression("a*exp(-x/tau) + c")) == (
        ("from trfkit.models import Model",), (), 'Model.from_expression("a*exp(-x/tau) + c")'
    )  # fmt: skip
    narrowed = dataclasses.replace(Constant("b"), parameters=(ParameterSpec("offset", "y", min=0),))
    assert model_source(narrowed) == (
        ("from dataclasses import replace", "from trfkit.models import Constant, ParameterSpec"),
        (),
        'replace(Constant("b"), parameters=(ParameterSpec("offset", unit="y", min=0.0),))',
    )


def test_models_of_several_data_sets_make_a_dict_and_share_their_definitions(mine, tmp_path):
    models = {"cold": Model.from_function(mine.inner), 'the "warm"': Model.from_function(mine.inner) + Line()}
    source = model_source(models)
    assert len(source.definitions) == 3
    made = run(source, tmp_path / "script.py")
    assert list(made) == list(models)
    for name, model in models.items():
        assert_same_curve(made[name], model)


def test_no_text_from_a_file_becomes_code(tmp_path):
    """Names, units and formulas of a document are strings in a script."""
    evil = '"); import os; ("'
    document = to_document(Model.from_function(strd_models.langmuir_isotherm))
    spec = document["parameters"][0] | {"name": evil, "unit": evil, "description": evil}
    document |= {"name": evil, "formula": evil, "parameters": [spec, spec | {"name": evil + "2"}]}
    model = from_document(document, strd_models.langmuir_isotherm)
    source = model_source(model)
    assert run(source, tmp_path / "script.py") == model
    assert not any("os" in statement for statement in source.imports)


# --- functions


@pytest.mark.parametrize(
    "name", ["everything", "decorated", "inner", "mutual", "closed", "bound", "bound_lambda", "jitted", "reads_alias"]
)
def test_function_computes_the_same_in_a_script_of_its_own(mine, tmp_path, name):
    model = Model.from_function(getattr(mine, name), prefix="p") + Line()
    made = run(model_source(model), tmp_path / "script.py")
    assert made.parameters == model.parameters
    assert [part.name for part in made.components] == [part.name for part in model.components]
    assert_same_curve(made, model)


@pytest.mark.parametrize("place", [0, 1])
def test_lambdas_on_one_line_are_told_apart(mine, tmp_path, place):
    model = Model.from_function(mine.two[place])
    source = model_source(model, "decay")
    assert "decay_function = lambda x, a: " in source.definitions[-1]
    assert_same_curve(run(source, tmp_path / "script.py"), model)


def test_two_lambdas_in_one_model_get_two_names(mine, tmp_path):
    model = Model.from_function(mine.two[0], prefix="p") * Model.from_function(mine.two[1], prefix="q")
    assert_same_curve(run(model_source(model), tmp_path / "script.py"), model)


def test_script_of_a_script_is_the_same_script(mine, tmp_path):
    model = Model.from_function(mine.everything) + Model.from_function(mine.closed, prefix="q")
    first = model_source(model)
    assert model_source(run(first, tmp_path / "script.py")) == first


def test_script_runs_in_an_interpreter_of_its_own_and_needs_no_other_file(mine, tmp_path):
    model = Model.from_function(mine.everything) + Model.from_function(mine.inner, prefix="q")
    values = (1.1, 1.4, 1.7)
    data = model_source(model)
    text = script(data) + f"x = {array_source(X)}\nprint(np.asarray(model(x, *{values})).tobytes().hex())\n"
    (tmp_path / "script.py").write_text("import trfkit\n" + text.replace("from __future__ import annotations\n", "", 1))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_ENABLE_X64": "1"}
    ran = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    np.testing.assert_array_equal(np.frombuffer(bytes.fromhex(ran.stdout)), np.asarray(model(X, *values)))


def test_source_has_comments_and_no_more_than_is_read(mine):
    source = model_source(Model.from_function(mine.reads_alias))
    text = script(source)
    assert "# a comment that stays" in text
    assert not any(word in text for word in ("UNUSED = object", "WORD", "scipy", "nowhere"))
    assert source.imports == (
        "from __future__ import annotations", "import jax", "import jax.numpy as jnp",
        "from trfkit.models import Model",
    )  # fmt: skip
    assert source.definitions[:2] == ("PI = 3.141592653589793", "TAU = 0.30000000000000004")


def test_functions_of_installed_packages_are_imported():
    source = model_source(Model.from_function(strd_models.langmuir_isotherm))
    assert source == (
        ("from trfkit.datasets.strd_models import langmuir_isotherm", "from trfkit.models import Model"),
        (),
        "Model.from_function(langmuir_isotherm)",
    )


def test_what_is_said_of_a_function_and_its_parameters_is_kept(mine, tmp_path):
    about = {"name": "Beer's law", "formula": r"<a> \, x", "a": {"min": 0, "unit": "y", "default": 1 / 3}}
    made = run(model_source(Model.from_function(mine.decorated, prefix="p", **about)), tmp_path / "script.py")
    assert made == Model.from_function(made.function, prefix="p", **about)
    named = run(model_source(Model.from_function(mine.decorated, name="mine")), tmp_path / "named.py")
    assert named == Model.from_function(named.function, name="mine")


def test_function_that_does_not_name_its_parameters_is_given_them(tmp_path):
    user = load(tmp_path / "user.py", "def poly(x, *c):\n    return sum(k * x**i for i, k in enumerate(c))\n")
    model = Model(user.poly, (ParameterSpec("c0"), ParameterSpec("c1", "y/x", default=0.5)), "poly")
    made = run(model_source(model), tmp_path / "script.py")
    assert made.parameters == model.parameters
    assert_same_curve(made, model)


def test_guesser_is_left_out(mine, tmp_path):
    def guesser(x, y):
        return {"a": 1.0}

    made = run(model_source(Model.from_function(mine.inner, guesser=guesser)), tmp_path / "script.py")
    assert made.guesser is None


def test_cell_of_a_notebook_is_source(tmp_path):
    """As IPython does: a file that does not exist, its lines put where Python looks for them."""
    cell = "import jax.numpy as jnp\nk = 3\ndef decay(x, a, tau):\n    return a * jnp.exp(-k * x / tau)\n"
    name = str(tmp_path / "ipykernel_1" / "123.py")
    linecache.cache[name] = len(cell), None, cell.splitlines(keepends=True), name
    namespace = {"__name__": "__main__"}
    exec(compile(cell, name, "exec"), namespace)
    model = Model.from_function(namespace["decay"])
    source = model_source(model)
    assert source.definitions == ("k = 3", cell[cell.index("def") :].rstrip())
    assert_same_curve(run(source, tmp_path / "script.py"), model)
    namespace["k"] = 4
    assert model_source(model).definitions[0] == "k = 4"


REFUSED = """
import functools
import types

import jax
import jax.numpy as jnp

table = object()
vmapped = jax.vmap(lambda x, a: a * x)
module = types.ModuleType("made_up")


class Curve:
    def __call__(self, x, a):
        return a * x

    def method(self, x, a):
        return a * x


@jax.custom_jvp
def custom(x, a):
    return a * x


@custom.defjvp
def custom_jvp(primals, tangents):
    return custom(*primals), tangents[1] * primals[0]


def reads_object(x, a):
    return a * x if table else x


def reads_class(x, a):
    return Curve()(x, a)


def reads_module(x, a):
    return a * x * module.k


def reads_nothing_there(x, a):
    return a * nowhere


def outer(k):
    def default(x, a, b=k):
        return a * b * x
    return default


def scaled(k):
    def inner(x, a):
        return a * k * x
    return inner


default = outer(2.0)
instance, method = Curve(), Curve().method
bound = functools.partial(lambda x, a, k: a * x, k=table)
same = lambda x, a, k=1.0: a * x, lambda x, a, k=2.0: a * x
typed = eval("lambda x, a: a * x")
"""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vmapped", "'model_function': it was made of another function"),
        ("custom", "'custom': it is an object of type custom_jvp"),
        ("instance", "object of type Curve"),
        ("method", "object of type method"),
        ("reads_object", "'table': it is an object of type object"),
        ("reads_class", "'Curve': it is an object of type type"),
        ("reads_module", "'module': it is a module that cannot be imported"),
        ("reads_nothing_there", "reads 'nowhere', which is not to be found"),
        ("default", "reads 'k', which is not to be found"),
        ("bound", "binds what is neither a number"),
        ("typed", "its source is not to be had"),
    ],
)
def test_functions_that_no_script_can_hold_are_refused_with_the_reason(tmp_path, name, words):
    user = load(tmp_path / "refused.py", REFUSED)
    model = Model(getattr(user, name), (ParameterSpec("a"),), name)
    with pytest.raises(ValueError, match=words) as raised:
        model_source(model)
    assert "no script can be written of" in str(raised.value)
    assert "Write it as a function (def)" in str(raised.value)


def test_lambdas_that_differ_in_their_defaults_alone_are_refused(tmp_path):
    user = load(tmp_path / "refused.py", REFUSED)
    with pytest.raises(ValueError, match="2 of those on its line could be it"):
        model_source(Model.from_function(user.same[0]))


def test_one_name_for_two_things_is_refused(tmp_path):
    user = load(tmp_path / "refused.py", REFUSED)
    model = Model.from_function(user.scaled(2.0), prefix="p") + Model.from_function(user.scaled(3.0), prefix="q")
    with pytest.raises(ValueError, match="two different things are called 'inner'. Rename one"):
        model_source(model)
    shadowed = load(tmp_path / "shadow.py", "Line = 3.0\ndef f(x, a):\n    return a * Line * x\n")
    with pytest.raises(ValueError, match="two different things are called 'Line'"):
        model_source(Model.from_function(shadowed.f) + Line())


def test_file_that_has_changed_since_is_noticed(tmp_path):
    path = tmp_path / "edited.py"
    user = load(path, "def f(x, a, b):\n    return a * x + b\n")
    model_source(Model.from_function(user.f))
    for line in ("return a * x - b", "return b * x + a", "return a * x + b + 1.0", "c = 1"):
        path.write_text(f"def f(x, a, b):\n    {line}\n")
        os.utime(path, (0, 0))
        with pytest.raises(ValueError, match="file has changed since it was imported"):
            model_source(Model.from_function(user.f))
    path.write_text("other = 1\n" * 3)
    with pytest.raises(ValueError, match="'f': (its source is not to be had|its file has changed)"):
        model_source(Model.from_function(user.f))


# --- arrays and values


def evaluated(text):
    namespace = {}
    exec("\n".join([*array_imports(text), f"value = {text}"]), namespace)
    return namespace["value"]


def assert_same_bits(found, array):
    assert (found.shape, found.dtype, found.tobytes()) == (array.shape, array.dtype, array.tobytes())


any_float = st.floats(width=64, allow_nan=True, allow_infinity=True) | st.sampled_from([-0.0, 5e-324, -np.nan])


@hypothesis.given(
    hypothesis.extra.numpy.arrays(
        float, hypothesis.extra.numpy.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=8), elements=any_float
    )
)
def test_array_comes_back_to_the_last_bit(array):
    text = array_source(array)
    assert_same_bits(evaluated(text), array)
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("size", [200, 201, 5000])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "uint8", "bool", "complex128"])
def test_array_of_any_length_and_kind_of_number_comes_back(size, dtype):
    rng = np.random.default_rng(size)
    array = (rng.normal(size=(2, size // 2 if size % 2 == 0 else size)) * 50).astype(dtype)
    text = array_source(array)
    assert_same_bits(evaluated(text), array)
    assert ("zlib" in text) == (array.size > 200 or dtype == "complex128")
    assert max(map(len, text.splitlines())) <= 100


def test_short_arrays_are_readable_and_long_ones_short():
    assert array_source([1, 0.1, np.nan, -np.inf]) == "np.array([1.0, 0.1, np.nan, -np.inf])"
    assert array_source(np.eye(2)) == "np.array([1.0, 0.0, 0.0, 1.0]).reshape((2, 2))"
    assert array_source(np.arange(3)[::-1]) == "np.array([2, 1, 0])"
    assert array_source(np.array(2.5)) == "np.array([2.5]).reshape(())"
    assert len(array_source(np.linspace(0.0, 1.0, 1000))) < 10_000


def test_nan_with_a_sign_or_a_payload_keeps_it():
    array = np.array([np.nan, -np.nan, 1.0])
    array.view(np.uint64)[0] |= 7
    assert_same_bits(evaluated(array_source(array)), array)


def test_other_byte_orders_become_the_machine_s():
    assert_same_bits(evaluated(array_source(np.array([1.5, 2.0], ">f8"))), np.array([1.5, 2.0]))


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.array(["2020-01-01"], "datetime64[D]")])
def test_arrays_of_no_numbers_are_refused(array):
    with pytest.raises(ValueError, match="has no source: give it as one of numbers"):
        array_source(array)


@pytest.mark.parametrize(
    "value",
    [1, -2.5, -0.0, 1e400, True, None, b"\x00", "it's \"so\"", "line\nline", 1 - 0.0j, complex("inf-infj"), (1,), (),
     [1, [2.0, ("a", None)]], {"a": (1, 2), 3: float("-inf")}, np.float32(0.1), np.int8(-3), np.bool_(True)],
    ids=repr,
)  # fmt: skip
def test_values_come_back_with_their_type(value):
    found = evaluated(value_source(value))
    assert type(found) is type(value)
    assert repr(found) == repr(value)


def test_arrays_on_a_device_come_back_to_it():
    array = jnp.linspace(0.0, 1.0, 5)
    found = evaluated(value_source(array))
    assert isinstance(found, jax.Array)
    assert_same_bits(np.asarray(found), np.asarray(array))


@pytest.mark.parametrize(
    "value", [object(), {1: object()}, [{2}], len, types, np.array(["a"])],
    ids=["object", "object in a dict", "set in a list", "function", "module", "array of text"],
)  # fmt: skip
def test_other_values_have_no_source(value):
    assert value_source(value) is None


def test_imports_stand_in_the_order_of_linters():
    imports = ["from trfkit.models import Line", "import numpy as np", "import zlib", "from jax import jit",
               "from __future__ import annotations", "import zlib", "import trfkit"]  # fmt: skip
    assert in_order(imports) == (
        "from __future__ import annotations", "import zlib", "import numpy as np", "from jax import jit",
        "import trfkit", "from trfkit.models import Line",
    )  # fmt: skip
