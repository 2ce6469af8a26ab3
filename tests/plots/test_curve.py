"""Model and data as something to draw: which points, on which grid, evaluated how, and how often."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.models import ExponentialDecay, Gaussian, Line, Model
from trfkit.plots import ModelCurve
from trfkit.plots.curve import GRID

nan, inf = np.nan, np.inf
X = np.linspace(0.0, 10.0, 40)
Y = 3 * np.exp(-0.3 * X) + 0.1 * np.sin(9 * X)


def decay(x, height, rate):
    return height * jnp.exp(-rate * x)


def of(function, x=X, y=Y, values=(2.0, 0.5), mask=None, sigma=None):
    model = function if isinstance(function, Model) else Model.from_function(function)
    return ModelCurve(model, SimpleNamespace(x=x, y=y, sigma=sigma), mask, values)


def test_smooth_curve_goes_through_the_data_s_own_points():
    curve = of(decay)
    assert len(curve.grid) >= GRID
    assert np.isin(X, curve.grid).all()
    np.testing.assert_allclose(curve((2.0, 0.1)).y, 2 * np.exp(-0.1 * curve.grid), rtol=1e-12)
    np.testing.assert_allclose(curve((2.0, 0.1)).residuals, Y - 2 * np.exp(-0.1 * X), atol=1e-12)


def test_terms_of_a_sum_are_on_the_grid_by_their_labels():
    curve = of(Gaussian("a") + ExponentialDecay(), values=(1.0, 5.0, 1.0, 2.0, 3.0))
    found = curve((1.0, 5.0, 1.0, 2.0, 3.0))
    assert list(found.components) == ["a", "ExponentialDecay"]
    np.testing.assert_allclose(sum(found.components.values()), found.y, rtol=1e-12)
    np.testing.assert_allclose(found.components["ExponentialDecay"], 2 * np.exp(-curve.grid / 3), rtol=1e-12)


@pytest.mark.parametrize(
    ("sigma", "errors"),
    [(0.5, np.full(40, 0.5)), (0.1 + X, 0.1 + X), (np.diag((0.1 + X) ** 2), 0.1 + X)],
    ids=["number", "one a point", "covariance"],
)
def test_residuals_are_in_units_of_sigma(sigma, errors):
    curve = of(decay, sigma=sigma)
    assert curve.weighted
    np.testing.assert_allclose(curve.errors, errors)
    np.testing.assert_allclose(curve((2.0, 0.1)).residuals, (Y - 2 * np.exp(-0.1 * X)) / errors, atol=1e-12)


def test_points_that_do_not_count_are_left_out_and_have_no_residual():
    mask = np.arange(40) % 3 != 0
    curve = of(decay, mask=mask, sigma=0.1 + X)
    np.testing.assert_array_equal(curve.x, X[mask])
    np.testing.assert_array_equal(curve.left_out.x, X[~mask])
    np.testing.assert_array_equal(curve.errors, (0.1 + X)[mask])
    assert (curve.size, curve.left_out_size, len(curve((1.0, 1.0)).residuals)) == (26, 14, 26)


def test_no_point_need_count():
    curve = of(decay, mask=np.zeros(40, bool))
    assert curve.x.size == 0 and curve.left_out.x.size == 40
    assert np.isfinite(curve((1.0, 1.0)).y).all()


def test_unsorted_data_is_drawn_in_order():
    order = np.random.default_rng(0).permutation(len(X))
    curve = of(decay, X[order], Y[order])
    np.testing.assert_array_equal(curve.x, X)
    np.testing.assert_array_equal(curve.y, Y)


@pytest.mark.parametrize(
    "model",
    [
        lambda x, height: height * x / x.max() * np.cumsum(x),
        lambda x, height: height * x / x.max(),
        lambda x, height: height * x - x.min() + x.mean(),
        lambda x, height: height * np.ones(40) * x,
        lambda x, height: jnp.asarray(height * np.ones(40)) * x,
        lambda x, height: np.full(40, height),
    ],
    ids=["sums up", "normalises", "centres", "holds an array (NumPy)", "holds an array (JAX)", "ignores x"],
)
def test_model_that_does_not_work_point_by_point_is_evaluated_at_the_data(model):
    curve = of(model, values=(2.0,))
    np.testing.assert_array_equal(curve.grid, X)
    np.testing.assert_allclose(curve((3.0,)).y, model(X, 3.0))
    np.testing.assert_allclose(curve.within((2.0, 4.0))((3.0,)).y, model(X, 3.0)[7:17])


def test_model_of_numpy_only_is_drawn_on_the_grid_with_its_gaps():
    curve = of(lambda x, a: np.log(np.asarray(x) - float(a)), values=(-1.0,))
    assert len(curve.grid) >= GRID
    y = curve((5.0,)).y
    assert np.isnan(y[curve.grid < 5]).all() and np.isfinite(y[curve.grid > 5]).all()


def test_what_the_model_raises_goes_to_the_caller_and_the_curve_stays_usable():
    def model(x, a):
        if a > 5:
            raise RuntimeError("a is too great")
        return a * np.asarray(x)

    curve = of(model, values=(1.0,))
    with pytest.raises(RuntimeError, match="a is too great"):
        curve((6.0,))
    np.testing.assert_allclose(curve((2.0,)).y, 2 * curve.grid)


def test_points_that_are_not_finite_are_not_drawn():
    x, y = X.copy(), Y.copy()
    x[3], y[7] = nan, inf
    curve = of(decay, x, y)
    np.testing.assert_array_equal(curve.x, np.delete(X, [3, 7]))
    assert np.isfinite(curve((2.0, 0.1)).residuals).all()


def test_model_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"The model returned shape \(3,\) where \(40,\) was expected"):
        of(lambda x, a: a * np.ones(3), values=(1.0,))((1.0,))


def test_two_predictors_are_drawn_in_the_order_of_the_points():
    curve = of(lambda x, a, b: a * x[0] + b * x[1], np.stack([X, X**2]))
    assert not curve.over_x
    np.testing.assert_array_equal(curve.x, np.arange(len(X)))
    np.testing.assert_allclose(curve((1.0, 2.0)).y, X + 2 * X**2)


def test_zoom_gives_a_finer_grid_and_covers_what_lies_beyond_the_data():
    curve = of(decay).within((9.0, 12.0))
    assert (curve.grid >= 9.0).sum() >= GRID and curve.grid[-1] == 12.0
    assert curve.x.tolist() == X[35:].tolist()  # and one point on the way to the left edge
    np.testing.assert_allclose(curve((2.0, 0.1)).y, 2 * np.exp(-0.1 * curve.grid), rtol=1e-12)


def test_million_points_are_drawn_by_a_few_thousand_and_zooming_shows_them():
    x = np.linspace(0, 1, 1_000_000)
    curve = of(lambda x, a: a * x, x, np.sin(50 * x), (1.0,))
    assert curve.decimated
    assert len(curve.x) < 3000 and len(curve.grid) < 4000
    assert curve.y.max() == np.sin(50 * x).max()
    part = curve.within((0.5, 0.501))
    assert not part.decimated
    assert np.isin(x[(x >= 0.5) & (x <= 0.501)], part.x).all()


def test_curve_seen_before_is_not_evaluated_again():
    calls = []

    def model(x, a):
        calls.append(a)
        return a * x

    curve = of(model, values=(1.0,))
    calls.clear()
    curve((2.0,)), curve((3.0,)), curve((2.0,))
    assert calls == [2.0, 3.0]


def test_values_and_zooms_compile_one_program(compilations):
    model = Gaussian("a") + Line()
    curve = of(model, values=(1.0, 5.0, 1.0, 0.1, 0.2))
    curve((1.0, 5.0, 1.0, 0.1, 0.2))
    with compilations() as compiled:
        for i in range(5):
            curve((1.0, 5.0 + i, 1.0, 0.1, 0.2))
            curve.within((i, i + 3.0))((1.0, 5.0 + i, 1.5, 0.1, 0.2))
        of(model, mask=X > 3, values=(2.0, 5.0, 1.0, 0.1, 0.2))((3.0, 5.0, 1.0, 0.1, 0.2))
    assert compiled.names == []


OFFSET = 1.0


def test_constant_that_was_edited_is_seen(monkeypatch):
    def model(x, a):
        return a * x + OFFSET

    curve = of(model, values=(1.0,))
    np.testing.assert_allclose(curve((2.0,)).y, 2 * curve.grid + 1.0)
    monkeypatch.setitem(globals(), "OFFSET", 5.0)
    np.testing.assert_allclose(curve((2.0,)).y, 2 * curve.grid + 5.0)
