"""Very many parameters: products with J alone, memory O(m + n), and the answer of a direct solver."""

import json
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.sparse

import trfkit


def smoothing(x, y):
    """The residuals of a smoothed y (n,): linear, (2n − 1,), condition number about 4."""
    return jnp.concatenate([x - y, 2.0 * (x[1:] - x[:-1])])


def _noisy_wave(n):
    return np.sin(np.arange(n) / 100.0) + np.random.default_rng(0).normal(0.0, 0.3, n)


def _smoothing_jacobian(n):
    differences = scipy.sparse.diags_array([-2.0, 2.0], offsets=[0, 1], shape=(n - 1, n))
    return scipy.sparse.vstack([scipy.sparse.eye_array(n), differences], format="csr")


def test_conjugate_gradients_do_not_go_on_below_rounding():
    n = 2100
    result = trfkit.least_squares(smoothing, np.zeros(n), args=(_noisy_wave(n),))
    assert result.success
    # √(condition number) ln(2 / 1e-8) / 2 is about 40 iterations; 4 n are allowed.
    assert result.trace.cg_iterations.max() < 200


@pytest.mark.parametrize(
    "settings", [{}, {"bounds": (-0.8, 0.8)}, {"loss": "huber", "f_scale": 0.3}], ids=["linear", "bounds", "huber"]
)
def test_matrix_free_fit_agrees_with_scipys(settings):
    n = 2100  # just beyond where the triangle is kept
    y, A = _noisy_wave(n), _smoothing_jacobian(n)
    result = trfkit.least_squares(smoothing, np.zeros(n), args=(y,), **settings)
    expected = scipy.optimize.least_squares(
        lambda x: A @ x - np.concatenate([y, np.zeros(n - 1)]), np.zeros(n), lambda x: A, tr_solver="lsmr",
        ftol=1e-10, xtol=1e-10, gtol=1e-10, **settings,
    )  # fmt: skip
    assert result.success
    np.testing.assert_allclose(result.cost, expected.cost, rtol=1e-6)
    np.testing.assert_allclose(result.x, expected.x, atol=1e-3)
    assert set(result.trace.solver[1:]) == {"CG"}
    assert (result.cov_x, result.pcov, result.stderr, result.jac) == (None, None, None, None)
    assert (result.condition_number, result.rank, result.weakest_direction) == (None, None, None)
    assert "trial points" in repr(result)


HUNDRED_THOUSAND = """
import json, resource
import numpy as np
import scipy.sparse
import scipy.sparse.linalg
import jax.numpy as jnp
import trfkit

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MiB

def smoothing(x, y):
    return jnp.concatenate([x - y, 2.0 * (x[1:] - x[:-1])])

def fit(n):
    y = np.sin(np.arange(n) / 100.0) + np.random.default_rng(0).normal(0.0, 0.3, n)
    return y, trfkit.least_squares(smoothing, np.zeros(n), args=(y,))

trfkit.least_squares(lambda x: jnp.sin(x), [1.0])  # the compiler is loaded
before = peak()
n = 100_000
y, result = fit(n)
over = peak() - before
differences = scipy.sparse.diags_array([-2.0, 2.0], offsets=[0, 1], shape=(n - 1, n))
normal = scipy.sparse.eye_array(n) + differences.T @ differences
direct = scipy.sparse.linalg.spsolve(normal.tocsc(), y)
print(json.dumps({
    "error": float(np.max(np.abs(result.x - direct))), "success": bool(result.success), "over_mib": over,
    "row": result.trace.rows.shape[1],
}))
"""


def test_hundred_thousand_parameters_take_little_memory_and_give_the_direct_solution():
    command = [sys.executable, "-W", "error", "-c", HUNDRED_THOUSAND]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
    measured = json.loads(done.stdout)
    assert measured["success"]
    assert measured["error"] < 1e-5
    assert measured["over_mib"] < 500, measured
    assert measured["row"] == 17  # no x in the rows
