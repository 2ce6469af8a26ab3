"""The model of the cost at a trial, against a Jacobian written by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.session import FitSession
from trfkit.session.local_model import ActiveBound, local_model

X = np.linspace(0.0, 4.0, 30)
Y = 3.0 * np.exp(-0.7 * X) + 0.01 * np.cos(20 * X)


def decay(x, a, r):
    return a * jnp.exp(-r * x)


def host_decay(x, a, r):
    return np.array([a * np.exp(-r * xi) for xi in np.asarray(x)])


def by_hand(a, r):
    """(residuals, Jacobian) of the decay."""
    e = np.exp(-r * X)
    return a * e - Y, np.column_stack([e, -a * X * e])


@pytest.mark.parametrize(("model", "precise"), [(decay, 1e-10), (host_decay, 1e-5)])
def test_model_at_every_trial_is_that_of_the_jacobian_at_its_best_point(model, precise):
    session = FitSession(model, X, Y, (9.0, 4.0))
    session.run()
    trace = session.trace
    assert trace.rejected.any()
    for index in range(len(trace)):
        found = local_model(session, index)
        assert found.row == trace[: index + 1].best
        f, J = by_hand(*trace.x[found.row])
        scaled = J / np.linalg.norm(J, axis=0)
        s = np.linalg.svd(scaled, compute_uv=False)
        np.testing.assert_allclose(found.determination.singular_values, s, rtol=precise)
        assert found.determination.threshold == pytest.approx(30 * np.finfo(float).eps * s[0])
        np.testing.assert_allclose(found.gradient, J.T @ f, rtol=precise, atol=precise * np.abs(J.T @ np.abs(f)).max())
        assert found.names == ("a", "r") and found.active == ()


def test_last_point_has_the_triangle_of_the_result():
    session = FitSession(decay, X, Y, (2.0, 1.0))
    result = session.run()
    found = local_model(session, len(session.rows) - 1)
    assert found.determination.condition_number == result.solution.condition_number
    assert found.gradient is result.solution.grad


def test_active_bounds_are_named_with_their_side():
    session = FitSession(decay, X, Y, (2.0, 0.5), bounds={"a": (0, 2.5), "r": (-1, 9)})
    result = session.run()
    assert local_model(session, 0).active == ()
    assert local_model(session, len(session.rows) - 1).active == (ActiveBound("a", "upper", 2.5),)
    assert result.solution.active_mask.tolist() == [1, 0]


def test_priors_and_loss_count_as_in_the_fit():
    session = FitSession(decay, X, Y, (2.0, 1.0), priors={"a": (2.8, 0.01)}, sigma=0.02, loss="soft_l1")
    result = session.run()
    again = local_model(session, len(session.rows) - 2)  # evaluated, next to the end
    end = result.solution
    assert again.determination.condition_number == pytest.approx(end.condition_number, rel=1e-3)
    assert again.determination.threshold == pytest.approx(31 * np.finfo(float).eps * end.condition_number**0, rel=1)


def test_there_is_none_before_a_fit():
    assert local_model(FitSession(decay, X, Y), 0) is None


def test_model_goes_with_the_fit_and_not_with_later_settings():
    session = FitSession(decay, X, Y, (2.0, 1.0))
    session.run()
    before = local_model(session, 0)
    session.set_model("a + b*x + c*x**2")
    after = local_model(session, 0)
    np.testing.assert_array_equal(before.gradient, after.gradient)
    assert after.names == ("a", "r")
