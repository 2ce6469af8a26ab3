"""Errors of a stack of triangles are those of each triangle."""

import numpy as np
import pytest

from trfkit.batch.errors import errors
from trfkit.fitting.result import determine
from trfkit.statistics.uncertainty import uncertainty

N, M = 3, 20
RNG = np.random.default_rng(0)
R = np.triu(RNG.standard_normal((4, N, N))) * [1.0, 1e-6, 1e5]
R[2, :, 2] = R[2, :, 0] * 3  # not determined
COST = RNG.uniform(1, 2, 4)


@pytest.mark.parametrize("absolute_sigma", [True, False])
@pytest.mark.parametrize("m", [M, N])
def test_each_of_a_stack_is_what_it_is_alone(m, absolute_sigma):
    found = errors(R, np.full(4, m), COST, absolute_sigma)
    for i in range(4):
        alone = determine(R[i], m)
        expected = uncertainty(alone, COST[i], m, absolute_sigma)
        np.testing.assert_allclose(found.covariance[i], expected.covariance, rtol=1e-12)
        np.testing.assert_allclose(found.condition_number[i], alone.condition_number, rtol=1e-9)
        assert found.rank[i] == alone.rank
    assert found.rank.tolist() == [3, 3, 2, 3]


def test_directions_that_are_not_determined_give_infinite_errors_where_they_are_met():
    found = errors(R, np.full(4, M), COST, True)
    J = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 3.0]])
    stderr = found.of(np.tile(J, (4, 1, 1)))
    assert np.isfinite(stderr[[0, 1, 3]]).all()
    # column 2 is 3 times column 0, so that θ₀ + 3 θ₂ is determined, and θ₀ is not
    assert np.isinf(stderr[2, 0]) and np.isfinite(stderr[2, 1]) and np.isfinite(stderr[2, 2])
    np.testing.assert_allclose(stderr[0, 0], np.sqrt(found.covariance[0, 0, 0]))
    assert np.isnan(found.of(np.full((4, 1, N), np.nan))).all()


def test_a_triangle_that_is_not_finite_determines_nothing():
    bad = R.copy()
    bad[1, 0, 1] = np.nan
    found = errors(bad, np.full(4, M), COST, True)
    assert found.rank[1] == 0 and np.isnan(found.condition_number[1]) and np.isinf(found.covariance[1]).all()
    np.testing.assert_array_equal(found.covariance[0], errors(R, np.full(4, M), COST, True).covariance[0])


def test_no_rank_is_read_out_of_the_rounding_of_single_precision():
    single = R.astype(np.float32)
    single[2, 2, 2] += np.float32(1e-6)  # beside 3
    assert errors(single, np.full(4, M), COST, True).rank.tolist() == [3, 3, 2, 3]


def test_no_fits_have_no_errors():
    assert errors(np.zeros((0, N, N)), np.zeros(0, int), np.zeros(0), False).covariance.shape == (0, N, N)
