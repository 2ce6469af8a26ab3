import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.core import shares as sharing
from trfkit.core.drivers import evaluate_problem
from trfkit.core.losses import LOSSES
from trfkit.core.problem import BLOCK_ROWS, CurveResiduals, PlainFunction, Problem, bucket, pad_rows
from trfkit.core.shares import evaluate_shares, shares


@pytest.fixture(autouse=True)
def worth_sharing(monkeypatch):
    """Three cores, and data of a few blocks are worth it."""
    monkeypatch.setattr(sharing, "SHARED_FROM", 4 * BLOCK_ROWS)
    monkeypatch.setattr(sharing, "cores", lambda: 3)


def _decay(x, a, b, c):
    return a * jnp.exp(-b * x) + c


def _problem(m, **options):
    rng = np.random.default_rng(m)
    x = rng.uniform(0, 3, m)
    rows = {"x": x, "y": 2.5 * np.exp(-0.5 * x) + 0.1 * rng.standard_normal(m)}
    rows = {name: pad_rows(a, bucket(m)) for name, a in rows.items()}
    return Problem(rows, {"sigma": 0.1}, m, residuals=CurveResiduals(_decay), blocked=True, f_scale=1.0, **options)


P = np.array([2.0, 0.7, 0.3])


def _check_together(problem):
    of = shares(problem, 3)
    together, alone = evaluate_shares(of, P), evaluate_problem(problem, P)
    assert together.finite == alone.finite
    for found, expected in zip(together[:4:3], alone[:4:3], strict=True):  # cost and gradient
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    R, expected = np.asarray(together.J), np.asarray(alone.J)
    np.testing.assert_allclose(R.T @ R, expected.T @ expected, rtol=1e-12)
    return of


@pytest.mark.parametrize("loss", ["linear", "huber"])
@pytest.mark.parametrize("m", [BLOCK_ROWS + 1, 3 * BLOCK_ROWS, 10 * BLOCK_ROWS - 1])
def test_shares_make_up_the_whole(m, loss):
    of = _check_together(_problem(m, loss=LOSSES[loss]))
    assert [share.first for share in of[1:]] == [share.m for share in of[:-1]]
    assert (of[0].first, of[-1].m) == (0, m)
    assert all(share.rows is of[0].rows for share in of)  # no data are copied


def test_further_data_sets_and_priors_are_shares_of_their_own():
    prior = Problem((), ((), {}), 3.0, 1.0, residuals=PlainFunction(lambda p: p - 1.0))
    of = _check_together(_problem(4 * BLOCK_ROWS, also=(_problem(50), prior)))
    assert [share.m for share in of[3:]] == [50, 3.0]


def test_a_row_that_is_not_finite_is_found_in_its_share():
    problem = _problem(4 * BLOCK_ROWS)
    problem.rows["y"][3 * BLOCK_ROWS + 5] = np.nan
    assert not evaluate_shares(shares(problem, 3), P).finite


def test_what_is_not_worth_it_is_not_shared(monkeypatch):
    assert shares(_problem(BLOCK_ROWS - 1), 3) == []
    assert shares(Problem((), ((), {}), 1e9, 1.0, residuals=PlainFunction(jnp.sin)), 3) == []
    monkeypatch.setattr(sharing, "cores", lambda: 1)
    assert shares(_problem(10 * BLOCK_ROWS), 3) == []
