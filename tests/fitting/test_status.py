"""Every way for a fit to end has its status and its sentence, and the best point is kept in each."""

import jax.numpy as jnp
import numpy as np
import pytest

import trfkit
from trfkit.events import Channel
from trfkit.fitting.curve_fit import fit_curve

X = np.linspace(0.0, 4.0, 60)
Y = 2.5 * np.exp(-1.3 * X) + 0.5 + np.random.default_rng(0).normal(0.0, 0.05, X.size)
START = [1.0, 1.0, 1.0]


def decay(x, a, b, c):
    return a * jnp.exp(-b * x) + c


def decay_in_numpy(x, a, b, c):
    return a * np.exp(-b * x) + c


def only_at_the_start(x, a):
    return jnp.where(a == 1.0, a * x, jnp.nan)


def stopped_by_channel():
    channel = Channel()
    channel.stop()
    return fit_curve(decay_in_numpy, X, Y, START, channel=channel)


def off(**settings):
    return {"ftol": None, "xtol": None, "gtol": None, "x_scale": 1.0} | settings


STATUSES = {
    "max_nfev": (0, False, "maximum number", lambda: fit_curve(decay, X, Y, START, max_nfev=3)),
    "gtol": (1, True, "`gtol`", lambda: fit_curve(decay, X, Y, START, **off(gtol=1e-6))),
    "gtol at the start": (1, True, "`gtol`", lambda: fit_curve(lambda x, a: a * x, X, 0 * X, [0.0])),
    "ftol": (2, True, "`ftol`", lambda: fit_curve(decay, X, Y, START, **off(ftol=1e-4))),
    "xtol": (3, True, "`xtol`", lambda: fit_curve(decay, X, Y, START, **off(xtol=1e-4))),
    "ftol and xtol": (
        4, True, "Both `ftol` and `xtol`", lambda: fit_curve(decay, X, Y, [2.4, 1.25, 0.5], **off(ftol=0.5, xtol=0.5)),
    ),
    "rounding": (5, True, "rounding", lambda: fit_curve(decay, X, 1e6 * Y, START, **off(gtol=1e-15))),
    "callback": (-2, False, "callback", lambda: fit_curve(decay, X, Y, START, callback=lambda x: True)),
    "the user": (-3, False, "user", stopped_by_channel),
    "not finite": (-4, False, "not finite", lambda: fit_curve(only_at_the_start, X, 3.0 * X, [1.0])),
}  # fmt: skip


@pytest.mark.parametrize(("status", "success", "words", "fit"), STATUSES.values(), ids=STATUSES)
def test_every_end_has_its_status_and_its_sentence(status, success, words, fit):
    result = fit()
    assert (result.status, result.success) == (status, success)
    assert words in result.message
    assert result.cost <= result.trace.cost[0]
    np.testing.assert_array_equal(result.x, result.trace.x[result.trace.best])


@pytest.mark.parametrize("start", [0.0, 0.3, 1.0, 1.7, 1e-7, 12345.678, -3e10, np.pi, 1 / 3])
def test_model_that_is_finite_at_no_other_point_never_counts_as_fitted(start):
    def jax_model(x, a):
        return jnp.where(a == start, a * x, jnp.nan)

    def numpy_model(x, a):
        return np.abs(x) * a if a == start else np.full_like(x, np.nan)

    for model, jac in ((jax_model, None), (numpy_model, lambda x, a: x[:, None])):
        result = fit_curve(model, X, 3.0 * X + 1.0, [start], jac=jac)
        assert (result.status, result.success) == (-4, False)
        assert result.x[0] == start
        with pytest.raises(RuntimeError, match="not finite at any point near"):
            trfkit.curve_fit(model, X, 3.0 * X + 1.0, [start], jac=jac)
