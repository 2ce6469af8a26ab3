"""What a model reads besides its arguments decides whether a compiled program may serve again.

A stale answer is the worst that can happen here, so each way of reading is tried before and after the constant changes.
"""

import collections
import functools
import math
import operator
import types

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from jax.numpy import exp, where

from trfkit.fitting.curve_fit import fit_curve
from trfkit.fitting.purity import digest
from trfkit.fitting.traceable import formula

X = np.linspace(1.0, 4.0, 20)
RATE = 2.0


@pytest.fixture(autouse=True)
def restored_globals(monkeypatch):
    monkeypatch.setitem(globals(), "RATE", RATE)


# Each case gives a model p · rate · x with rate = 2, and what to do to make it 3.


def change_global():
    globals()["RATE"] = 3.0


def reads_a_global(x, p):
    return p * RATE * x


def a_global():
    return reads_a_global, change_global


def a_global_in_numpy():
    return lambda x, p: p * RATE * np.abs(x), change_global


def a_global_in_a_loop():
    return lambda x, p: np.array([math.fsum([p * RATE * v]) for v in x]), change_global


def a_global_in_an_inner_function():
    def model(x, p):
        def inner(q):
            return q * RATE

        return inner(p) * x

    return model, change_global


def _helper(x):
    return RATE * x


def _deeper(x):
    return _helper(x)


def _deepest(x):
    return _deeper(x)


def _below(x):
    return _deepest(x)


def _far_below(x):
    return _below(x)


def a_helper():
    return lambda x, p: p * _helper(x), change_global


def helpers_three_deep():
    return lambda x, p: p * _deepest(x), change_global


def helpers_five_deep():
    return lambda x, p: p * _far_below(x), change_global


def a_decorated_function():
    def decorator(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args)

        return wrapper

    return decorator(reads_a_global), change_global


def a_partial():
    return functools.partial(reads_a_global), change_global


def the_argument_of_a_partial():
    rates = np.array([2.0, 5.0])
    return functools.partial(lambda r, x, p: p * r[0] * x, rates), lambda: operator.setitem(rates, 0, 3.0)


def a_closure():
    rate = 2.0

    def model(x, p):
        return p * rate * x

    def change():
        nonlocal rate
        rate = 3.0

    return model, change


def an_array_in_a_closure():
    rates = np.array([5.0, 2.0])
    return lambda x, p: p * rates[1] * x, lambda: operator.setitem(rates, 1, 3.0)


def a_slice_of_an_array_in_a_closure():
    table = np.array([[2.0, 7.0], [5.0, 7.0]])
    column = table[:, 0]
    return lambda x, p: p * column[0] * x, lambda: operator.setitem(table, (0, 0), 3.0)


def a_list_in_a_closure():
    rates = [5.0, [2.0]]
    return lambda x, p: p * rates[1][0] * x, lambda: operator.setitem(rates[1], 0, 3.0)


def a_dict_in_a_closure():
    rates = {"fast": 2.0}
    return lambda x, p: p * rates["fast"] * x, lambda: operator.setitem(rates, "fast", 3.0)


def a_set_in_a_closure():
    rates = {2.0, 9.0}

    def change():
        rates.remove(2.0)
        rates.add(3.0)

    return lambda x, p: p * min(rates) * x, change


def a_default():
    rates = [2.0]

    def model(x, p, r=rates):
        return p * r[0] * x

    return model, lambda: operator.setitem(rates, 0, 3.0)


def a_keyword_default():
    def model(x, p, *, rate=2.0):
        return p * rate * x

    return model, lambda: operator.setitem(model.__kwdefaults__, "rate", 3.0)


def an_attribute():
    settings = types.SimpleNamespace(lamp=types.SimpleNamespace(rate=2.0))
    return lambda x, p: p * settings.lamp.rate * x, lambda: setattr(settings.lamp, "rate", 3.0)


def an_attribute_in_a_slot():
    class Settings:
        __slots__ = ("rate",)

    settings = Settings()
    settings.rate = 2.0
    return lambda x, p: p * settings.rate * x, lambda: setattr(settings, "rate", 3.0)


def a_class_attribute():
    class Settings:
        rate = 2.0

    return lambda x, p: p * Settings.rate * x, lambda: setattr(Settings, "rate", 3.0)


def a_class_attribute_of_an_object():
    class Settings:
        rate = 2.0

    settings = Settings()
    return lambda x, p: p * settings.rate * x, lambda: setattr(Settings, "rate", 3.0)


def a_module():
    module = types.ModuleType("constants")
    module.rate = 2.0
    return lambda x, p: p * module.rate * x, lambda: setattr(module, "rate", 3.0)


def another_name_of_a_module_in_a_helper():
    module = types.ModuleType("constants")
    module.rate, module.gain = 2.0, 1.0

    def helper(x):
        return module.rate * x

    return lambda x, p: p * module.gain * helper(x), lambda: setattr(module, "rate", 3.0)


def another_attribute_of_a_class_in_a_helper():
    class Settings:
        rate, gain = 2.0, 1.0

    def helper(x):
        return Settings.rate * x

    return lambda x, p: p * Settings.gain * helper(x), lambda: setattr(Settings, "rate", 3.0)


def a_series():
    rates = pd.Series([2.0, 5.0])
    return lambda x, p: p * rates[0] * x, lambda: operator.setitem(rates, 0, 3.0)


def a_frame():
    table = pd.DataFrame({"rate": [2.0, 5.0]})
    return lambda x, p: p * table["rate"][0] * x, lambda: operator.setitem(table, "rate", [3.0, 5.0])


def an_array_of_objects():
    rates = np.array([2.0, "fast"], dtype=object)
    return lambda x, p: p * rates[0] * x, lambda: operator.setitem(rates, 0, 3.0)


def a_masked_array():
    rates = np.ma.masked_array([2.0, 1.0], [False, True])
    return lambda x, p: p * float(rates.sum()) * x, lambda: operator.setitem(rates.mask, 1, False)


def a_queue():
    rates = collections.deque([2.0])
    return lambda x, p: p * rates[0] * x, lambda: operator.setitem(rates, 0, 3.0)


def a_property():
    class Settings:
        @property
        def rate(self):
            return RATE

    settings = Settings()
    return lambda x, p: p * settings.rate * x, change_global


def an_operator():
    class Settings:
        def __getitem__(self, name):
            return RATE

    settings = Settings()
    return lambda x, p: p * settings["rate"] * x, change_global


class Model:
    def __init__(self):
        self.rate = 2.0

    def _scaled(self, x):
        return RATE * x

    @staticmethod
    def _static(x):
        return RATE * x

    @classmethod
    def of_the_class(cls, x, p):
        return p * RATE * x

    def of_a_static_method(self, x, p):
        return p * self._static(x)

    def of_its_attribute(self, x, p):
        return p * self.rate * x

    def of_another_method(self, x, p):
        return p * self._scaled(x)

    def __call__(self, x, p):
        return p * self.rate * x


class Heir(Model):
    pass


def a_static_method():
    return Model().of_a_static_method, change_global


def a_class_method():
    return Model.of_the_class, change_global


def a_bound_method():
    model = Model()
    return model.of_its_attribute, lambda: setattr(model, "rate", 3.0)


def a_method_that_calls_another():
    return Model().of_another_method, change_global


def a_callable_object():
    model = Model()
    return model, lambda: setattr(model, "rate", 3.0)


def a_callable_object_with_an_inherited_call():
    model = Heir()
    return model, lambda: setattr(model, "rate", 3.0)


WAYS_TO_READ = [
    a_global, a_global_in_numpy, a_global_in_a_loop, a_global_in_an_inner_function, a_helper, helpers_three_deep,
    helpers_five_deep, a_decorated_function, a_partial, the_argument_of_a_partial, a_closure, an_array_in_a_closure,
    a_slice_of_an_array_in_a_closure, a_list_in_a_closure, a_dict_in_a_closure, a_set_in_a_closure, a_default,
    a_keyword_default, an_attribute, an_attribute_in_a_slot, a_class_attribute, a_class_attribute_of_an_object,
    a_module, another_name_of_a_module_in_a_helper, another_attribute_of_a_class_in_a_helper, a_series,
    a_frame, an_array_of_objects, a_masked_array, a_queue, a_property, an_operator, a_static_method, a_class_method,
    a_bound_method, a_method_that_calls_another, a_callable_object, a_callable_object_with_an_inherited_call,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS_TO_READ, ids=lambda way: way.__name__)
def test_changed_constant_makes_another_formula_however_the_model_reads_it(way):
    model, change = way()
    before = formula(model)
    change()
    after = formula(model)
    assert after is None or after != before  # None: evaluated on the host, which reads everything anew


@pytest.mark.parametrize("way", WAYS_TO_READ, ids=lambda way: way.__name__)
def test_unchanged_constant_makes_the_same_formula_however_the_model_reads_it(way):
    model, _ = way()
    before, after = formula(model), formula(model)
    assert after == before
    assert hash(after) == hash(before)


@pytest.mark.parametrize(
    "way",
    [a_global, a_global_in_numpy, a_global_in_a_loop, helpers_three_deep, an_array_in_a_closure, a_bound_method],
    ids=lambda way: way.__name__,
)
def test_fit_with_a_changed_constant_gives_the_new_answer(way):
    model, change = way()
    assert fit_curve(model, X, 12 * X, [1.0]).x[0] == pytest.approx(6.0)
    change()
    assert fit_curve(model, X, 12 * X, [1.0]).x[0] == pytest.approx(4.0)


def test_model_defined_again_under_its_name_is_the_new_model():
    def model(x, p):
        return p * 2.0 * x

    before = fit_curve(model, X, 12 * X, [1.0])

    def model(x, p):
        return p * 3.0 * x

    assert (before.x[0], fit_curve(model, X, 12 * X, [1.0]).x[0]) == (pytest.approx(6.0), pytest.approx(4.0))


def test_helper_defined_again_under_its_name_is_the_new_helper(monkeypatch):
    def model(x, p):
        return p * _helper(x)

    before = fit_curve(model, X, 12 * X, [1.0])
    monkeypatch.setitem(globals(), "_helper", lambda x: 3.0 * x)
    assert (before.x[0], fit_curve(model, X, 12 * X, [1.0]).x[0]) == (pytest.approx(6.0), pytest.approx(4.0))


def _power_law(power, table=None):
    """The same code each time, over other constants."""
    return lambda x, p: p * x**power + (0.0 if table is None else table[0])


def test_equal_constants_have_equal_digests():
    table = np.arange(3.0)
    before = digest(_power_law(2.0, table))
    table[:] = np.arange(3.0)  # the same values, written again
    assert digest(_power_law(2.0, table)) == before == digest(_power_law(2.0, np.arange(3.0)))
    assert hash(digest(_power_law(2.0, table))) == hash(before)


def test_constants_of_another_type_or_shape_have_other_digests():
    assert digest(_power_law(2)) != digest(_power_law(2.0))
    assert digest(_power_law(1)) != digest(_power_law(True))
    assert digest(_power_law(1, np.arange(3))) != digest(_power_law(1, np.arange(3.0)))
    assert digest(_power_law(1, np.zeros(4))) != digest(_power_law(1, np.zeros((2, 2))))
    assert digest(_power_law(1, [0.0, 1.0])) != digest(_power_law(1, (0.0, 1.0)))


def test_helpers_of_the_same_code_are_told_apart_by_what_they_read():
    linear, square = _power_law(1.0), _power_law(2.0)

    def summed(*parts):
        return lambda x, p: sum(part(x, p) for part in parts)

    kinds = [(linear, linear, linear), (linear, square, linear), (linear, square, square), (square, square, square)]
    digests = [digest(summed(*parts)) for parts in kinds]
    assert all(digests[i] != digests[j] for i in range(4) for j in range(i))


def test_digest_ends_where_values_hold_themselves():
    ring = [2.0]
    ring.append(ring)

    def recursive(x, p, depth=2):
        return p * ring[0] * x if depth == 0 else recursive(x, p, depth - 1)

    assert digest(recursive) == digest(recursive)
    assert hash(digest(recursive)) == hash(digest(recursive))


def test_same_cell_run_again_is_the_same_formula():
    cell = "def model(x, p):\n    return p * rate * jnp.sin(x)\n"

    def run(rate):
        notebook = {"jnp": jnp, "rate": rate}
        exec(compile(cell, "<cell>", "exec"), notebook)  # as a notebook runs it
        return notebook["model"]

    assert formula(run(2.0)) == formula(run(2.0))
    assert formula(run(2.0)) != formula(run(3.0))


def test_functions_imported_by_name_are_read_alike_each_time(compilations):
    def model(x, p):
        return where(x > 2.0, p * exp(-x), p)

    fit_curve(model, X, X, [1.0])
    with compilations() as compiled:
        fit_curve(model, X, 2 * X, [1.0])
    assert compiled.names == []


def test_jitted_model_keeps_the_constant_that_jax_has_fixed():
    model = jax.jit(lambda x, p: p * RATE * x)
    assert fit_curve(model, X, 12 * X, [1.0]).x[0] == pytest.approx(6.0)
