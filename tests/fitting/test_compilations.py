"""What compiles and what does not: the algebra once for n parameters, a model once for its data pass, data never."""

import jax.numpy as jnp
import numpy as np
import pytest

import trfkit
from trfkit.events import Channel
from trfkit.fitting.curve_fit import fit_curve

X = np.linspace(0.0, 4.0, 1000)
START = (1.0, 1.0, 1.0)


def decay(x, a, b, c):
    return a * jnp.exp(-b * x) + c


def wave(x, a, b, c):
    return a * jnp.sin(b * x) + c


def smeared(x, a, b, c):
    """Not row by row."""
    return a * jnp.cumsum(jnp.exp(-b * x)) / x.size + c


def data(m=1000, seed=0):
    x = np.linspace(0.0, 4.0, m)
    return x, 2.5 * np.exp(-1.3 * x) + 0.5 + np.random.default_rng(seed).normal(0.0, 0.05, m)


def fit(model=decay, m=1000, seed=0, **settings):
    return fit_curve(model, *data(m, seed), **{"p0": START} | settings)


@pytest.fixture(autouse=True, scope="module")
def algebra_for_three_parameters():
    """Everything that depends on n alone, and the pass of `decay`, with and without bounds and with NumPy."""
    fit()
    fit(bounds=(0.0, 9.0))
    fit(lambda x, a, b, c: a * np.exp(-b * x) + c)


def test_second_fit_compiles_nothing(compilations):
    with compilations() as compiled:
        fit()
    assert compiled.names == []


def test_other_data_compile_nothing(compilations):
    with compilations() as compiled:
        fit(seed=1)
        fit(seed=2, p0=(2.0, 1.0, 0.0))
    assert compiled.names == []


@pytest.mark.parametrize("m", [1001, 1025, 1050, 961, 1280])
def test_other_length_in_the_bucket_compiles_nothing(compilations, m):
    with compilations() as compiled:
        result = fit(m=m)
    assert compiled.names == []
    assert result.m == m


def test_length_beyond_the_bucket_compiles_the_data_pass_alone(compilations):
    with compilations() as compiled:
        fit(m=1281)
    assert compiled.names == ["evaluate"]


def test_second_model_with_as_many_parameters_compiles_its_data_pass_alone(compilations):
    with compilations() as compiled:
        fit(wave)
    assert compiled.names == ["evaluate"]
    with compilations() as compiled:
        fit(wave, seed=3)
    assert compiled.names == []


def test_whole_model_compiles_its_data_pass_alone(compilations):
    with compilations() as compiled:
        fit(smeared)
    assert compiled.names == ["evaluate"]


def test_residuals_with_as_many_parameters_compile_their_pass_alone(compilations):
    x, y = data()

    def residuals(p, x, y):
        return p[0] * jnp.exp(-p[1] * x) + p[2] - y

    with compilations() as compiled:
        trfkit.least_squares(residuals, START, args=(x, y))
    assert compiled.names == ["evaluate"]
    with compilations() as compiled:
        trfkit.least_squares(residuals, START, args=(x, y + 1.0))
    assert compiled.names == []


def test_second_numpy_model_compiles_nothing(compilations):
    with compilations() as compiled:
        fit(lambda x, a, b, c: a * np.cos(b * x) + c, m=1050, seed=1)
        fit(lambda x, a, b, c: a * np.cos(b * x) + c, sigma=np.linspace(0.05, 0.1, 1000), jac="3-point")
    assert compiled.names == []


VALUES = {
    "p0": {"p0": (3.0, 2.0, 0.1)},
    "a start of integers": {"p0": [1, 1, 1]},
    "ftol": {"ftol": 1e-8},
    "xtol": {"xtol": 1e-4},
    "gtol": {"gtol": 1e-8},
    "max_nfev": {"max_nfev": 6},
    "x_scale": {"x_scale": [1.0, 2.0, 3.0]},
    "x_scale a number": {"x_scale": 1.0},
    "f_scale": {"f_scale": 0.5},
    "a number as sigma": {"sigma": 0.05},
    "absolute_sigma": {"absolute_sigma": True},
    "method": {"method": "lm"},
    "a callback": {"callback": lambda x: None},
    "no bounds, given": {"bounds": (-np.inf, np.inf)},
    "bounds": {"bounds": (0.0, 9.0)},
    "other bounds": {"bounds": ([0.5, 0.0, -1.0], [2.0, 5.0, np.inf])},
    "a lower bound": {"bounds": (0.1, np.inf)},
    "mask of all": {"mask": np.ones(1000, bool)},
    "mask": {"mask": np.arange(1000) % 50 != 0},
    "mask of fewer": {"mask": np.arange(1000) > 30},
}


@pytest.mark.parametrize("settings", VALUES.values(), ids=VALUES)
def test_other_values_compile_nothing(compilations, settings):
    with compilations() as compiled:
        fit(**settings)
    assert compiled.names == []


def test_other_errors_compile_nothing_once_errors_are_given(compilations):
    fit(sigma=np.full(1000, 0.05))
    with compilations() as compiled:
        fit(sigma=0.01 + data(seed=5)[1] ** 2)
        fit(sigma=np.full(1000, 3.0), mask=np.arange(1000) > 30)
    assert compiled.names == []


def test_other_covariance_compiles_nothing_once_one_is_given(compilations):
    covariance = 0.05**2 * np.exp(-np.abs(X[::10, None] - X[::10]) / 0.1)
    fit(m=100, sigma=covariance)
    with compilations() as compiled:
        fit(m=100, sigma=4.0 * covariance, seed=6)
    assert compiled.names == []


def test_mask_of_residuals_compiles_nothing_once_one_is_given(compilations):
    x, y = data(100)

    def residuals(p, x, y):
        return p[0] * jnp.exp(-p[1] * x) + p[2] - y

    trfkit.least_squares(residuals, START, args=(x, y), mask=x > 0.5)
    with compilations() as compiled:
        trfkit.least_squares(residuals, START, args=(x, y), mask=x < 3.0)
    assert compiled.names == []


def test_same_cell_run_again_compiles_nothing(compilations):
    cell = "def model(x, a, b, c):\n    return a * jnp.exp(-b * x) + c * jnp.cos(x)\n"
    models = []
    for _ in range(2):
        notebook = {"jnp": jnp}
        exec(compile(cell, "<cell>", "exec"), notebook)
        models.append(notebook["model"])
    fit(models[0])
    with compilations() as compiled:
        fit(models[1])
    assert compiled.names == []


def test_lambda_and_partial_made_anew_compile_nothing(compilations):
    def made():
        return lambda x, a, b, c: a * jnp.exp(-b * x) + c * x

    fit(made())
    with compilations() as compiled:
        fit(made())
    assert compiled.names == []


def test_fun_and_jac_of_a_result_compile_once(compilations):
    def read(result):
        return result.fun, result.jac, repr(result)

    read(fit())
    with compilations() as compiled:
        read(fit(seed=7))
        read(fit(m=1040))
        trfkit.curve_fit(decay, *data(1030), START, full_output=True)
        fit(m=1020, callback=lambda intermediate_result: None)
    assert compiled.names == []


@pytest.mark.parametrize("loss", ["huber", "cauchy"])
def test_loss_is_part_of_the_data_pass(compilations, loss):
    with compilations() as compiled:
        fit(loss=loss)
    assert compiled.names == ["evaluate"]
    with compilations() as compiled:
        fit(loss=loss, f_scale=0.1, seed=8)
    assert compiled.names == []


def test_live_program_is_compiled_once_for_all_channels(compilations):
    fit(m=20, channel=Channel())
    with compilations() as compiled:
        fit(m=20, channel=Channel(), seed=1)
        fit(m=19, channel=Channel(), bounds=(0.0, 9.0))
    assert compiled.names == []
