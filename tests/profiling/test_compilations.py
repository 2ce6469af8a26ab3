"""What JAX is heard to trace and compile, and how long it took where several threads did."""

import threading

import jax
import jax.numpy as jnp
import pytest
from jax._src import monitoring  # the list of listeners has no public name

from trfkit.profiling.compilations import (
    CACHE_HIT,
    COMPILATION,
    LOWERING,
    READ_FROM_DISK,
    SHARE_THREADS,
    TRACING,
    Event,
    Listener,
    programs,
    spent,
)

KINDS = [TRACING, LOWERING, COMPILATION]


def event(kind, began, ended, function="f", thread=0, from_disk=False):
    return Event(kind, function, began, ended, thread, from_disk)


def new_program():
    """A function that was never compiled, called."""

    def newest(x):
        return jnp.sin(x) + 1.0

    return jax.jit(newest)(1.0)


def test_a_new_program_is_traced_lowered_and_compiled_once():
    with Listener() as listener:
        new_program()
    heard = listener.take()
    assert [(e.kind, e.function) for e in heard] == [(kind, "newest") for kind in KINDS]
    assert all(0 < e.ended - e.began < 60 for e in heard)
    assert listener.take() == []


def test_nothing_is_heard_once_it_is_left():
    before = monitoring.get_event_duration_listeners(), monitoring.get_event_listeners()
    with pytest.raises(ZeroDivisionError), Listener() as listener:
        raise ZeroDivisionError
    assert (monitoring.get_event_duration_listeners(), monitoring.get_event_listeners()) == before
    new_program()
    assert listener.heard == []


@pytest.mark.parametrize(("name", "count"), [("trfkit-observers", 0), (f"{SHARE_THREADS}_0", 3)])
def test_other_threads_are_not_heard_but_those_of_the_shares(name, count):
    with Listener() as listener:
        thread = threading.Thread(target=new_program, name=name)
        thread.start()
        thread.join()
    assert len(listener.heard) == count


def test_a_program_from_the_persistent_cache_is_told_from_a_compiled_one():
    with Listener() as listener:
        jax.monitoring.record_event(CACHE_HIT)
        new_program()
        new_program()
        jax.monitoring.record_event_duration_secs(READ_FROM_DISK, 0.01, fun_name="tell")
    assert [e.from_disk for e in listener.heard if e.kind == COMPILATION] == [True, False, True]
    found = programs(listener.heard, "data pass")
    assert [(p.function, p.from_disk) for p in found] == [("newest", True), ("newest", False), ("tell", True)]
    assert found[2].seconds == {COMPILATION: pytest.approx(0.01)}


def test_time_of_two_threads_side_by_side_counts_once():
    events = [event(COMPILATION, 1, 3), event(COMPILATION, 2, 5, thread=1), event(COMPILATION, 7, 8)]
    assert spent(events, 0, 10) == {COMPILATION: 5, LOWERING: 0, TRACING: 0}


def test_what_happens_within_tracing_is_taken_out_of_it():
    events = [event(COMPILATION, 2, 3), event(TRACING, 1, 4), event(LOWERING, 4, 6)]
    assert spent(events, 0, 10) == {COMPILATION: 1, LOWERING: 2, TRACING: 2}


def test_only_time_within_the_part_counts():
    assert spent([event(TRACING, 0, 4)], 1, 3) == {COMPILATION: 0, LOWERING: 0, TRACING: 2}


def test_events_of_a_function_are_put_together_whatever_comes_between_on_other_threads():
    events = [
        event(TRACING, 0, 1), event(TRACING, 0, 2, "g", thread=1), event(LOWERING, 1, 3), event(COMPILATION, 3, 7),
        event(LOWERING, 2, 3, "g", thread=1), event(TRACING, 7, 8),
    ]  # fmt: skip
    f, g, again = programs(events, "data pass")
    assert (f.function, f.seconds) == ("f", {TRACING: 1, LOWERING: 2, COMPILATION: 4}) and f.compiled
    assert (g.function, g.seconds) == ("g", {TRACING: 2, LOWERING: 1}) and not g.compiled
    assert (again.function, again.seconds) == ("f", {TRACING: 1})


def test_traces_of_one_name_that_lead_to_no_program_are_one():
    (checked,) = programs([event(TRACING, 0, 1), event(TRACING, 1, 3), event(TRACING, 3, 4)], "setup")
    assert checked.seconds == {TRACING: 4}
