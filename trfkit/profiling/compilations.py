"""What JAX traces, lowers and compiles, by the events that it tells of (`jax.monitoring`)."""

import re
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import jax

TRACING, LOWERING, COMPILATION = "tracing", "lowering", "compilation"
CACHE_HIT = "/jax/compilation_cache/cache_hits"  # JAX's own: the program that is told of next was only read
READ_FROM_DISK = "/trfkit/programs/read_duration"  # one of `core.programs` was
EVENTS = {
    "/jax/core/compile/jaxpr_trace_duration": TRACING,
    "/jax/core/compile/jaxpr_to_mlir_module_duration": LOWERING,
    "/jax/core/compile/backend_compile_duration": COMPILATION,
    READ_FROM_DISK: COMPILATION,
}
SHARE_THREADS = "trfkit-share"  # those of `trfkit.core.shares`, which compile for the thread that waits for them
NO_NAME = "<unnamed function>"  # what JAX calls a function that has none; a user's model, filed


class Event(NamedTuple):
    """One thing that JAX did."""

    kind: str  # TRACING, LOWERING or COMPILATION
    function: str
    began: float  # by time.perf_counter
    ended: float
    thread: int
    from_disk: bool


@dataclass
class Compiled:
    """A function that was traced, and perhaps compiled, in a part of a fit."""

    function: str
    part: str
    seconds: dict[str, float] = field(default_factory=dict)  # by TRACING, LOWERING and COMPILATION
    from_disk: bool = False  # it was read in place of being compiled
    why: str = ""

    @property
    def compiled(self) -> bool:
        """Whether there is a new program; else it was only traced, to be checked."""
        return COMPILATION in self.seconds


class Listener:
    """Hears, while it is entered, what JAX does on this thread and for it on those of the shares."""

    def __init__(self):
        self.heard: list[Event] = []  # since it was asked last
        self._own = threading.get_ident()
        self._read: set[int] = set()  # threads whose next program comes from the disk

    def __enter__(self):
        jax.monitoring.register_event_duration_secs_listener(self._took)
        jax.monitoring.register_event_listener(self._happened)
        return self

    def __exit__(self, *exception):
        jax.monitoring.unregister_event_duration_listener(self._took)
        jax.monitoring.unregister_event_listener(self._happened)

    def take(self) -> list[Event]:
        """What was heard since it was asked last."""
        taken, self.heard = self.heard, []
        return taken

    def _happened(self, event: str, **about):
        if event == CACHE_HIT:
            self._read.add(threading.get_ident())

    def _took(self, event: str, seconds: float, fun_name: str = "", **about):
        thread, kind = threading.get_ident(), EVENTS.get(event)
        if kind is None or not (thread == self._own or threading.current_thread().name.startswith(SHARE_THREADS)):
            return
        from_disk = event == READ_FROM_DISK or kind == COMPILATION and thread in self._read
        if kind == COMPILATION:
            self._read.discard(thread)
        now = time.perf_counter()
        function = re.sub(r"^jit\((.*)\)$", r"\1", fun_name)
        self.heard.append(Event(kind, function, now - seconds, now, thread, from_disk))


def spent(events: Sequence[Event], began: float, ended: float) -> dict[str, float]:
    """Seconds between two times by kind, each moment counted once, though threads work side by side."""
    found, covered, spans = {}, 0.0, []
    for kind in (COMPILATION, LOWERING, TRACING):  # the innermost first
        spans += [(max(e.began, began), min(e.ended, ended)) for e in events if e.kind == kind]
        total = _covered(spans)
        found[kind], covered = total - covered, total
    return found


def _covered(spans: Iterable[tuple[float, float]]) -> float:
    """The length of the union of intervals."""
    total, reached = 0.0, float("-inf")
    for low, high in sorted(spans):
        total += max(0.0, high - max(low, reached))
        reached = max(reached, high)
    return total


def programs(events: Iterable[Event], part: str) -> list[Compiled]:
    """The functions that events in one part are of, in order; what was only traced under one name is one."""
    found: list[Compiled] = []
    under_way: dict[int, Compiled] = {}
    for event in events:
        program = under_way.get(event.thread)
        if program is None or program.function != event.function or event.kind in program.seconds:
            program = under_way[event.thread] = Compiled(event.function, part)
            found.append(program)
        program.seconds[event.kind] = event.ended - event.began
        program.from_disk |= event.from_disk
    traced = {program.function: program for program in reversed(found) if not program.compiled}
    for program in found:
        first = traced.get(program.function)
        if not program.compiled and program is not first:
            first.seconds[TRACING] += program.seconds[TRACING]
    return [program for program in found if program.compiled or program is traced[program.function]]
