"""The compilation counter is what the compile-once tests stand on, so it is tested on a program of known history."""

import threading

import jax
import jax.numpy as jnp
import numpy as np


@jax.jit
def _doubled_sine(x):
    return 2 * jnp.sin(x)


def test_counter_names_each_program_once_per_shape(compilations):
    with compilations() as compiled:
        _doubled_sine(np.zeros(3)).block_until_ready()
        _doubled_sine(np.ones(3)).block_until_ready()
        _doubled_sine(np.zeros(4)).block_until_ready()
    assert compiled.names == ["_doubled_sine", "_doubled_sine"]


def test_counter_hears_other_threads_and_only_while_open(compilations):
    with compilations() as compiled:
        worker = threading.Thread(target=_doubled_sine, args=(np.zeros(5),))
        worker.start()
        worker.join()
    _doubled_sine(np.zeros(6))
    assert compiled.names == ["_doubled_sine"]


def test_arrays_are_float64():
    assert jnp.ones(2).dtype == np.float64
