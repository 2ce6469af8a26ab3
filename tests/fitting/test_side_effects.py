"""A model that writes to the outside is no formula: it is called on the host, as often as SciPy would call it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.fitting.curve_fit import fit_curve
from trfkit.fitting.purity import digest_and_writes

X = np.linspace(1.0, 4.0, 20)
CALLS = 0


@pytest.fixture(autouse=True)
def restored_globals(monkeypatch):
    monkeypatch.setitem(globals(), "CALLS", CALLS)


# Each case gives a model of jax.numpy that counts its calls, and how to read the count.


def by_a_global():
    def model(x, p):
        global CALLS
        CALLS += 1
        return p * jnp.sin(x)

    return model, lambda: CALLS


def by_a_helper():
    def count():
        global CALLS
        CALLS += 1

    def model(x, p):
        count()
        return p * jnp.sin(x)

    return model, lambda: CALLS


def by_nonlocal():
    calls = 0

    def model(x, p):
        nonlocal calls
        calls += 1
        return p * jnp.sin(x)

    return model, lambda: calls


def by_an_item():
    calls = {"model": 0}

    def model(x, p):
        calls["model"] += 1
        return p * jnp.sin(x)

    return model, lambda: calls["model"]


def by_append():
    calls = []

    def model(x, p):
        calls.append(p)
        return p * jnp.sin(x)

    return model, lambda: len(calls)


def by_an_attribute_of_the_model():
    def model(x, p):
        model.calls += 1
        return p * jnp.sin(x)

    model.calls = 0
    return model, lambda: model.calls


class Counting:
    def __init__(self):
        self.calls = 0

    def _count(self):
        self.calls += 1

    def method(self, x, p):
        self.calls += 1
        return p * jnp.sin(x)

    def method_by_another(self, x, p):
        self._count()
        return p * jnp.sin(x)

    def __call__(self, x, p):
        self.calls += 1
        return p * jnp.sin(x)


class CountingHeir(Counting):
    pass


def by_a_bound_method():
    counting = Counting()
    return counting.method, lambda: counting.calls


def by_a_method_that_calls_another():
    counting = Counting()
    return counting.method_by_another, lambda: counting.calls


def by_a_callable_object():
    counting = Counting()
    return counting, lambda: counting.calls


def by_a_callable_object_with_an_inherited_call():
    counting = CountingHeir()
    return counting, lambda: counting.calls


def by_a_partial():
    counting = Counting()
    return functools.partial(counting.method), lambda: counting.calls


def by_a_decorator():
    calls = 0

    def counted(function):
        @functools.wraps(function)
        def wrapper(*args):
            nonlocal calls
            calls += 1
            return function(*args)

        return wrapper

    return counted(lambda x, p: p * jnp.sin(x)), lambda: calls


WAYS_TO_COUNT = [
    by_a_global, by_a_helper, by_nonlocal, by_an_item, by_append, by_an_attribute_of_the_model, by_a_bound_method,
    by_a_method_that_calls_another, by_a_callable_object, by_a_callable_object_with_an_inherited_call, by_a_partial,
    by_a_decorator,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS_TO_COUNT, ids=lambda way: way.__name__)
def test_model_with_a_side_effect_is_called_at_every_trial_point(way):
    model, calls = way()
    result = fit_curve(model, X, 3 * np.sin(X), [1.0])
    assert result.x[0] == pytest.approx(3.0)
    # Each Jacobian by '2-point' differences costs n = 1 call more, and being asked whether JAX can trace it another.
    assert result.nfev + result.njev <= calls() <= result.nfev + result.njev + 1


def test_model_that_prints_prints_at_every_trial_point(capsys):
    def model(x, p):
        print(f"p = {p:.3f}")
        return p * jnp.sin(x)

    result = fit_curve(model, X, 3 * np.sin(X), [1.0])
    assert capsys.readouterr().out.count("p = ") >= result.nfev


def test_locals_are_no_outside():
    def model(x, p):
        table = {}
        table["p"] = p
        terms = []
        terms.append(table["p"])

        def inner():
            nonlocal x
            x = x + 0.0

        inner()
        return terms[0] * jnp.sin(x)

    assert not digest_and_writes(model)[1]
    assert fit_curve(model, X, 3 * np.sin(X), [1.0]).notes == ()


def test_jitted_model_writes_nothing_at_run_time():
    assert not digest_and_writes(jax.jit(by_a_global()[0]))[1]
