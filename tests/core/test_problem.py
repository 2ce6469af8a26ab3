import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trfkit.core.losses import linear
from trfkit.core.problem import (
    ALIGNMENT,
    BLOCK_ROWS,
    LARGE_STEP,
    CurveResiduals,
    EffectiveVarianceResiduals,
    PlainFunction,
    PriorResiduals,
    Problem,
    WhitenedJacobian,
    WhitenedResiduals,
    bucket,
    pad_rows,
)

counts = st.integers(1, 10**7)


@pytest.mark.parametrize(
    ("m", "size"),
    [
        (1, 20),
        (20, 20),
        (21, 30),
        (31, 40),
        (41, 60),
        (640, 640),
        (641, 960),
        (961, 1280),
        (1281, 1920),
        (2560, 2560),
        (2561, 5120),
    ],
)
def test_bucket_by_hand(m, size):
    assert bucket(m) == size


def test_a_thousand_points_and_fifty_more_share_a_bucket():
    assert {bucket(m) for m in range(1000, 1051)} == {1280}


@given(counts)
def test_bucket_holds_its_rows_in_whole_blocks(m):
    size = bucket(m)
    assert size >= m
    assert size <= BLOCK_ROWS or size % BLOCK_ROWS == 0
    assert bucket(size) == size  # a full bucket is its own


@given(counts)
def test_bucket_wastes_at_most_half_as_much_again_or_a_block(m):
    assert bucket(m) <= max(20, 1.5 * m) or m < bucket(m) <= 2 * BLOCK_ROWS
    if m > LARGE_STEP:
        assert bucket(m) - m < LARGE_STEP


@given(counts, st.integers(0, 10**5))
def test_more_rows_never_have_a_smaller_bucket(m, more):
    assert bucket(m) <= bucket(m + more)


def test_few_buckets_serve_all_lengths():
    assert len({bucket(m) for m in range(1, BLOCK_ROWS + 1)}) == 15


@pytest.mark.parametrize("shape", [(5,), (2, 5), (2, 3, 5)])
def test_padding_repeats_the_first_row(shape):
    array = np.arange(float(np.prod(shape))).reshape(shape)
    padded = pad_rows(array, 8)
    np.testing.assert_array_equal(padded[..., :5], array)
    np.testing.assert_array_equal(padded[..., 5:], np.repeat(array[..., :1], 3, axis=-1))


def test_padding_may_be_a_number():
    np.testing.assert_array_equal(pad_rows(np.ones(2), 4, 0.0), [1, 1, 0, 0])


def test_padding_keeps_the_type():
    assert pad_rows(np.arange(3), 5).dtype == np.arange(3).dtype


def test_padded_rows_are_a_copy_aligned_for_the_device():
    array = np.arange(5.0)
    for size in (5, 8, 1280, 5120, 10240):
        padded = pad_rows(array, size)
        assert not np.shares_memory(padded, array)
        assert padded.ctypes.data % ALIGNMENT == 0 or size <= BLOCK_ROWS  # one block is handed over as it is
        assert padded.flags.c_contiguous


def _line(x, a, b):
    return a * x + b


def _line_jacobian(x, a, b):
    return jnp.stack([x, jnp.ones_like(x)], axis=1)


x, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 5.0])
params = np.array([2.0, 0.5])
difference = np.array([-0.5, 1.5, -0.5])
covariance = np.array([[4.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
L = np.linalg.cholesky(covariance)


def test_residuals_of_a_curve_are_weighted_row_by_row_or_all_alike():
    residuals = CurveResiduals(_line)
    np.testing.assert_allclose(residuals(params, {"x": x, "y": y}, {"sigma": 0.5}), 2 * difference)
    sigma = np.array([1.0, 0.5, 0.25])
    np.testing.assert_allclose(residuals(params, {"x": x, "y": y, "sigma": sigma}, {}), difference / sigma)


def test_whitened_residuals_have_the_norm_of_the_inverse_covariance():
    whitened = WhitenedResiduals(_line)(params, {"x": x, "y": y}, {"L": L})
    np.testing.assert_allclose(whitened @ whitened, difference @ np.linalg.solve(covariance, difference))


@pytest.mark.parametrize("shared", [{"L": L}, {"sigma": 3.0}, {"sigma": np.array([1.0, 2.0, 4.0])}])
def test_whitened_jacobian_is_that_of_the_whitened_residuals(shared):
    rows = {"x": x, "y": y}
    expected = jax.jacfwd(WhitenedResiduals(_line))(params, rows, shared)
    np.testing.assert_allclose(WhitenedJacobian(_line_jacobian)(params, rows, shared), expected)


def test_plain_function_gets_its_arguments():
    function = PlainFunction(lambda p, shift, *, factor: factor * (p + shift))
    np.testing.assert_array_equal(function(params, (), ((1.0,), {"factor": 2.0})), 2 * (params + 1))


def test_arrays_of_a_problem_are_data_and_its_functions_what_it_is_compiled_for():
    problem = Problem({"x": x, "y": y}, {"sigma": 1.0}, 3.0, 1.0, None, CurveResiduals(_line))
    leaves, structure = jax.tree.flatten(problem)
    assert {np.shape(leaf) for leaf in leaves} == {(3,), ()}
    other = dataclasses.replace(problem, rows={"x": 2 * x, "y": y}, f_scale=2.0, residuals=CurveResiduals(_line))
    assert jax.tree.structure(other) == structure
    assert jax.tree.structure(dataclasses.replace(problem, loss=jnp.log1p)) != structure
    assert jax.tree.structure(dataclasses.replace(problem, blocked=True)) != structure


def test_problem_is_least_squares_of_automatic_derivatives_unless_said_otherwise():
    problem = Problem((), (), 3.0, 1.0, None, PlainFunction(_line))
    assert (problem.loss, problem.jacobian, problem.blocked, problem.matrix_free) == (linear, None, False, False)


def _added():
    """A curve and what was known of its first parameter."""
    known = Problem((), {"mean": 1.0, "sigma": 2.0}, 1.0, 1.0, residuals=PriorResiduals(lambda p, shared: (p[0],)))
    return Problem({"x": np.arange(3.0), "y": np.zeros(3)}, {"sigma": 1.0}, 3.0, 1.0, also=(known,))


def test_parts_are_the_problem_without_the_others_and_the_others():
    problem = _added()
    first, second = problem.parts
    assert first.also == ()
    assert first.rows is problem.rows
    assert second is problem.also[0]
    assert first.parts == (first,)


def test_new_data_replace_what_they_name_and_leave_the_rest_and_the_program():
    problem = _added()
    changed = problem.with_data(({"rows": {"y": np.ones(3)}}, {"shared": {"mean": 5.0}}))
    assert changed.rows["y"].tolist() == [1, 1, 1]
    assert changed.rows["x"] is problem.rows["x"]
    assert changed.also[0].shared == {"mean": 5.0, "sigma": 2.0}
    assert problem.also[0].shared["mean"] == 1.0
    assert jax.tree.structure(changed) == jax.tree.structure(problem)


def test_changes_for_another_number_of_parts_are_refused():
    with pytest.raises(ValueError, match="zip"):
        _added().with_data(({},))


def test_what_was_known_is_a_residual_in_its_own_units():
    residuals = PriorResiduals(lambda p, shared: (p[1], shared["factor"] * p[0]))
    shared = {"mean": jnp.array([1.0, 2.0]), "sigma": jnp.array([0.5, 4.0]), "factor": 3.0}
    np.testing.assert_allclose(residuals(jnp.array([6.0, 2.0]), (), shared), [2.0, 4.0])


def test_errors_of_x_add_to_those_of_y_by_the_slope():
    residuals = EffectiveVarianceResiduals(lambda x, a: a * x**2)
    rows = {"x": jnp.array([1.0, 2.0]), "y": jnp.array([0.0, 1.0]), "sigma_x": jnp.array([0.5, 1.0])}
    # slopes 2 a x = 6 and 12, so that the variances are 16 + 9 and 16 + 144
    np.testing.assert_allclose(residuals((3.0,), rows, {"sigma": 4.0}), [3 / 5, 11 / 160**0.5])
    # one error of both coordinates; slopes 2 and 3
    plane = EffectiveVarianceResiduals(lambda x, a, b: a * x[0] + b * x[1])
    rows = {"x": jnp.ones((2, 2)), "y": jnp.zeros(2)}
    np.testing.assert_allclose(plane((2.0, 3.0), rows, {"sigma": 6.0, "sigma_x": 2.0}), [5 / 88**0.5] * 2)
