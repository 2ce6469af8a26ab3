"""Parts and stretches, each measured by itself."""

import time

import jax
import jax.numpy as jnp
import pytest

from trfkit.profiling.clock import DATA_PASS, HOST, LOWERING, ONCE, TELL, TRIAL, Clock

NAP = 0.02


def test_parts_of_one_name_add_up_and_the_rest_of_a_stretch_is_in_none():
    clock = Clock()
    with clock, clock.stretch(TRIAL) as stretch:
        for _ in range(2):
            with clock.part(HOST):
                time.sleep(NAP)
        time.sleep(NAP)
    assert clock.stretches == [stretch] and list(stretch.parts) == [HOST] and stretch.cold == set()
    assert stretch.parts[HOST] >= 2 * NAP and stretch.seconds >= stretch.parts[HOST] + NAP


def test_what_is_compiled_is_taken_out_of_the_part_it_was_compiled_for():
    def slow_to_compile(x):
        for _ in range(60):
            x = jnp.sin(x) @ jnp.cos(x)
        return x

    a, clock = jnp.ones((2, 2)), Clock()
    with clock, clock.stretch(TRIAL) as stretch:
        began = time.perf_counter()
        with clock.part(DATA_PASS):
            jax.block_until_ready(jax.jit(slow_to_compile)(a))
        took = time.perf_counter() - began
        with clock.part(TELL):
            pass
    compiling = sum(stretch.parts[kind] for kind in ONCE)
    assert stretch.cold == {DATA_PASS} and min(stretch.parts[kind] for kind in ONCE) > 0
    assert stretch.parts[DATA_PASS] + compiling <= took and stretch.parts[DATA_PASS] < compiling
    (program,) = clock.programs
    assert (program.function, program.part) == ("slow_to_compile", DATA_PASS)
    assert program.seconds[LOWERING] == pytest.approx(stretch.parts[LOWERING])


def test_what_was_measured_before_an_exception_is_kept():
    clock = Clock()
    with pytest.raises(StopIteration), clock, clock.stretch(TRIAL), clock.part(HOST):
        time.sleep(NAP)
        raise StopIteration
    (stretch,) = clock.stretches
    assert stretch.seconds >= stretch.parts[HOST] >= NAP
