"""Long arrays used where they lie: the same fit, nothing kept, nothing changed."""

import jax.numpy as jnp
import numpy as np
import pytest

import trfkit
from trfkit.core.problem import ALIGNMENT, LARGE_STEP
from trfkit.fitting import borrowing
from trfkit.fitting.curve_fit import fit_curve

M = 5 * LARGE_STEP + 1234


def decay(x, a, b, c):
    return a * jnp.exp(-b * x) + c


@pytest.fixture(scope="module")
def data():
    x = np.linspace(0.0, 4.0, M)
    return x, 2.5 * np.exp(-1.3 * x) + 0.5 + np.random.default_rng(0).normal(0.0, 0.2, M)


def at_offset(values, offset):
    """A copy that begins `offset` numbers after an aligned address."""
    raw = np.empty(values.size + 64)
    first = (-raw.ctypes.data % ALIGNMENT) // 8 + offset
    raw[first : first + values.size] = values
    return raw[first : first + values.size]


@pytest.mark.parametrize("offset", range(8))
def test_every_row_is_in_one_of_the_two_parts(data, offset):
    rows = {"x": at_offset(data[0], offset), "y": at_offset(data[1], offset)}
    lent, rest = borrowing.split(rows)
    for name, values in rows.items():
        assert lent[name].ctypes.data % ALIGNMENT == 0
        assert np.shares_memory(lent[name], values)
        assert not np.shares_memory(rest[name], values)
        assert borrowing.length(rest) < LARGE_STEP + 8
        head = rest[name][: -offset % 8]
        tail = rest[name][-offset % 8 :]
        np.testing.assert_array_equal(np.concatenate([head, lent[name], tail]), values)


def test_arrays_that_do_not_lie_alike_are_copied(data):
    rows = {"x": at_offset(data[0], 1), "y": at_offset(data[1], 2)}
    assert borrowing.split(rows) == ({}, rows)


@pytest.mark.parametrize("rows", [{"x": np.ones((2, M))}, {"x": np.ones(2 * M)[::2]}, {"x": np.ones(1000)}])
def test_what_cannot_be_lent_is_copied(rows):
    assert borrowing.split(rows) == ({}, rows)


@pytest.mark.parametrize("settings", [{}, {"sigma": 0.2}, {"loss": "soft_l1"}, {"bounds": (0, [5, 1.2, 5])}])
def test_fit_of_lent_arrays_is_the_fit_of_copies(data, settings):
    x, y = data
    before = x.copy(), y.copy()
    popt, pcov = trfkit.curve_fit(decay, x, y, (1.0, 1.0, 1.0), **settings)
    kept = fit_curve(decay, x, y, (1.0, 1.0, 1.0), **settings)
    np.testing.assert_allclose(popt, kept.x, rtol=1e-10)
    np.testing.assert_allclose(pcov, kept.pcov, rtol=1e-7)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


def test_sigma_of_every_point_is_lent_too(data):
    x, y = data
    sigma = 0.1 + 0.05 * np.sin(x)
    popt, _ = trfkit.curve_fit(decay, x, y, (1.0, 1.0, 1.0), sigma=sigma)
    np.testing.assert_allclose(popt, fit_curve(decay, x, y, (1.0, 1.0, 1.0), sigma=sigma).x, rtol=1e-9)


def test_result_of_a_failed_fit_has_its_rows_in_order(data):
    x, y = data
    with pytest.raises(RuntimeError, match="maximum number") as raised:
        trfkit.curve_fit(decay, x, y, (1.0, 1.0, 1.0), max_nfev=2)
    result = raised.value.result
    np.testing.assert_allclose(result.fun, np.asarray(decay(x, *result.x)) - y, atol=1e-12)
    assert result.jac.shape == (M, 3)


def test_nan_at_the_start_names_the_point(data):
    x, y = data
    with pytest.raises(ValueError, match="not finite in the initial point"):
        trfkit.curve_fit(lambda x, a: jnp.log(a * x), x + 1.0, y, [-1.0])
    y = y.copy()
    y[M // 2] = np.nan
    with pytest.raises(ValueError, match=rf"`ydata` must not contain infs or NaNs, got nan at \[{M // 2}\]"):
        trfkit.curve_fit(decay, x, y, (1.0, 1.0, 1.0))
