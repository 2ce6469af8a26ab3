"""How much a pass over the data takes, and what the machine can."""

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.core.problem import BLOCK_ROWS, bucket
from trfkit.fitting.joint import Joint
from trfkit.profiling.work import ceilings, work_of
from trfkit.results.data_sets import data_sets
from trfkit.results.start import Wishes, starting_parameters


def decay(x, a, k):
    return a * jnp.exp(-k * x)


def line(x, a, k):
    return a + k * x


def work(model, m, **given):
    x = np.linspace(0.0, 4.0, m)
    sets = data_sets(model, x, decay(x, 3.0, 0.7), given.get("sigma"), None, None, ())
    parameters, _ = starting_parameters(sets, Wishes([1.0, 1.0], priors=given.get("priors")))
    joint = Joint(sets, parameters, {}, False)
    return work_of(joint.to_run, joint.x0)


@pytest.mark.parametrize("m", [100, BLOCK_ROWS, 3 * BLOCK_ROWS + 17])
def test_work_is_proportional_to_the_rows_however_many_blocks_they_are(m):
    found, few = work(decay, m), work(decay, 60)
    assert found.flops / m == pytest.approx(few.flops / 60, rel=0.05)
    assert found.transcendentals == m  # one exp a row
    assert found.bytes_read == 2 * 8 * bucket(m)


def test_a_model_without_exp_has_none_and_less_to_compute():
    assert work(line, 100).transcendentals == 0
    assert 10 < work(line, 100).flops / 100 < work(decay, 100).flops / 100 < 200


def test_errors_of_the_data_are_read_too_and_a_prior_adds_to_the_work():
    assert work(decay, 100, sigma=np.full(100, 0.1)).bytes_read == 3 * 8 * bucket(100)
    assert work(decay, 100, priors={"k": (1.0, 0.1)}).flops > work(decay, 100).flops


def test_ceilings_are_measured_once():
    machine = ceilings("float64")
    assert machine is ceilings("float64")
    assert machine.flops_per_s > 1e8 and machine.bytes_per_s > 1e8
