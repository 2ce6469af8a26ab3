"""Which functions JAX can trace, which go to the host, and which work row by row."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from trfkit.fitting.curve_fit import fit_curve
from trfkit.fitting.traceable import formula, output_shape, row_wise

X = np.linspace(0.5, 3.0, 30)


def line(x, a, b):
    return a * x + b


def decay(x, a, b):
    return a * jnp.exp(-b * x)


def decay_in_numpy(x, a, b):
    return a * np.exp(-b * x)


def decay_in_a_loop(x, a, b):
    return np.array([a * math.exp(-b * v) for v in x])


def _rate(b):
    return jnp.exp(b)


class Decay:
    def __call__(self, x, a, b):
        return a * jnp.exp(-b * x)

    def method(self, x, a, b):
        return self(x, a, b)


FORMULAS = {
    "operators alone": line,
    "jax.numpy": decay,
    "a lambda": lambda x, a, b: a * jnp.exp(-b * x),
    "a jitted function": jax.jit(decay),
    "a jitted lambda": jax.jit(lambda x, a, b: a * jnp.exp(-b * x)),
    "a partial": functools.partial(lambda c, x, a, b: a * jnp.exp(-b * x) + c, 1.0),
    "a partial of a jitted function": functools.partial(jax.jit(decay)),
    "a bound method": Decay().method,
    "a callable object": Decay(),
    "a nested helper": lambda x, a, b: a * jnp.exp(-_rate(b) * x),
    "a loop over terms": lambda x, a, b: sum(a * jnp.cos(k * b * x) for k in range(3)),
    "an inner jit": lambda x, a, b: jax.jit(jnp.sin)(a * x) + b,
    "a vmap": lambda x, a, b: jax.vmap(lambda v: a * v + b)(x),
    "a custom derivative": lambda x, a, b: jax.nn.relu(a * x) + b,
    "a condition by where": lambda x, a, b: jnp.where(x < 1.0, a, b),
    "jax's special functions": lambda x, a, b: a * jax.scipy.special.erf(b * x),
}


@pytest.mark.parametrize("model", FORMULAS.values(), ids=FORMULAS)
def test_function_of_jax_is_traced(model):
    assert output_shape(formula(model), X, 1.0, 1.0) == X.shape


HOST = {
    "a NumPy function": decay_in_numpy,
    "SciPy's special functions": lambda x, a, b: a * scipy.special.erf(b * x),
    "SciPy's distributions": lambda x, a, b: a * scipy.stats.norm.pdf(x, b),
    "a loop of math": decay_in_a_loop,
    "np.vectorize": np.vectorize(lambda v, a, b: a * math.exp(-b * v)),
    "a condition on a value": lambda x, a, b: a * x if a > 0 else b * x,
    "a parameter as a count": lambda x, a, b: a * x ** int(b),
    "assignment in place": lambda x, a, b: _assigned(x, a, b),
    "a comprehension over floats": lambda x, a, b: [float(a * v + b) for v in x],
    "np.interp": lambda x, a, b: np.interp(x, [0.0, 3.0], [a, b]),
}


def _assigned(x, a, b):
    y = np.zeros(x.shape)
    y[:] = a * x + b
    return y


@pytest.mark.parametrize("model", HOST.values(), ids=HOST)
def test_function_of_numpy_is_not_traced(model):
    filed = formula(model)
    assert filed is None or output_shape(filed, X, 1.0, 1.0) is None


@pytest.mark.parametrize(
    "model",
    [decay_in_numpy, decay_in_a_loop, np.vectorize(lambda v, a, b: a * math.exp(-b * v))],
    ids=["NumPy", "a loop of math", "np.vectorize"],
)
def test_function_of_numpy_is_fitted_on_the_host_and_the_result_says_so(model, capfd):
    result = fit_curve(model, X, 2.0 * np.exp(-0.7 * X), [1.0, 1.0])
    np.testing.assert_allclose(result.x, [2.0, 0.7], rtol=1e-6)
    (note,) = result.notes
    assert "on the host" in note
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "model",
    [decay, jax.jit(decay), Decay(), Decay().method, functools.partial(decay), lambda x, a, b: decay(x, a, b)],
    ids=["function", "jitted", "callable object", "bound method", "partial", "lambda"],
)
def test_function_of_jax_is_fitted_with_exact_derivatives_and_no_note(model):
    result = fit_curve(model, X, 2.0 * np.exp(-0.7 * X), [1.0, 1.0])
    np.testing.assert_allclose(result.x, [2.0, 0.7], rtol=1e-12)
    assert result.notes == ()


def test_error_of_the_model_itself_goes_through():
    def model(x, a, b):
        raise LookupError("no calibration for this lamp")

    with pytest.raises(LookupError, match="no calibration"):
        fit_curve(model, X, X, [1.0, 1.0])


def test_complex_values_and_values_that_are_no_array_are_not_traced():
    assert output_shape(formula(lambda x: jnp.exp(1j * x)), X) is None
    assert output_shape(formula(lambda x: (x, x)), X) is None
    assert output_shape(formula(line), "not numbers", 1.0, 1.0) is None


def test_function_is_traced_once_for_each_shape():
    traced = []

    class Watched:
        def __call__(self, x):
            traced.append(x.shape) if not isinstance(x, np.ndarray) else None
            return jnp.sin(x)

        def __hash__(self):
            return 7

        def __eq__(self, other):
            return isinstance(other, Watched)

    watched = Watched()
    for size in (3, 3, 4, 3):
        assert output_shape(watched, np.zeros(size)) == (size,)
    assert traced == [(3,), (4,)]


def test_model_of_points_works_row_by_row_and_one_of_neighbours_does_not():
    params = (1.0, 1.0)
    assert row_wise(formula(decay), X, params, X.size)
    assert row_wise(formula(lambda x, a, b: a * x[0] + b * x[1]), np.zeros((2, 7)), params, 7)
    assert row_wise(formula(lambda x, a, b: a * x["time"] + b), {"time": X}, params, X.size)
    for model in (
        lambda x, a, b: a * jnp.cumsum(x) + b,
        lambda x, a, b: a * (x - x.mean()) + b,
        lambda x, a, b: a * jnp.sort(x) + b,
        lambda x, a, b: a * x[::-1] + b,
        lambda x, a, b: a * x + b * jnp.arange(x.size),
    ):
        assert not row_wise(formula(model), X, params, X.size)


@pytest.mark.parametrize(
    "model",
    [lambda x, a, b: a * x + b, lambda x, a, b: a * x + b * jnp.cumsum(x) / jnp.arange(1, 1501)],
    ids=["by rows", "whole"],
)
def test_blocked_and_whole_models_are_fitted_alike(model):
    x = np.linspace(0.0, 1.0, 1500) ** 2  # two blocks of rows
    y = np.asarray(model(x, 2.0, -3.0))
    np.testing.assert_allclose(fit_curve(model, x, y, [1.0, 1.0]).x, [2.0, -3.0], rtol=1e-12)
