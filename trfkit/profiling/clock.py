"""What takes how long: a fit in stretches, each a setup, a start, a trial or the result, and each of these in parts.

Every part is measured by itself, the device waited for. What JAX traces, lowers and compiles meanwhile is taken out of
the part and stands as parts of its own.
"""

import time
from dataclasses import dataclass, field

from .compilations import COMPILATION, LOWERING, TRACING, Compiled, Listener, programs, spent

PREPARATION = "checks and preparation"  # of the data, on the host
DATA_PASS = "data pass"
SUBPROBLEM = "subproblem"  # by SVD or CG
SELECTION = "step selection"
TELL = "radius and termination"
HOST = "host and callback"
RESULT = "result"
PARTS = (PREPARATION, TRACING, LOWERING, COMPILATION, DATA_PASS, SUBPROBLEM, SELECTION, TELL, HOST, RESULT)
EACH_TRIAL = (DATA_PASS, SUBPROBLEM, SELECTION, TELL, HOST)
ONCE = (TRACING, LOWERING, COMPILATION)
NOT_ACCOUNTED = "not accounted for"  # of the whole, by any part

SETUP, START, TRIAL, END = "setup", "start", "trial", "result"


@dataclass
class Stretch:
    """One stretch of a fit."""

    what: str  # SETUP, START, TRIAL or END
    parts: dict[str, float] = field(default_factory=dict)  # seconds by PARTS
    seconds: float = 0.0  # from its beginning to its end
    cold: set[str] = field(default_factory=set)  # parts for which something was traced or compiled
    solver: str = ""  # of a trial's subproblem

    def __enter__(self):
        self._began = time.perf_counter()
        return self

    def __exit__(self, *exception):
        self.seconds = time.perf_counter() - self._began


class Clock:
    """`with clock: with clock.stretch(TRIAL): with clock.part(DATA_PASS): …`; parts do not overlap."""

    def __init__(self):
        self.stretches: list[Stretch] = []
        self.programs: list[Compiled] = []
        self._listener = Listener()

    def __enter__(self):
        self._listener.__enter__()
        return self

    def __exit__(self, *exception):
        self._listener.__exit__(*exception)

    def stretch(self, what: str) -> Stretch:
        """The next stretch, which begins when it is entered."""
        self.stretches.append(Stretch(what))
        return self.stretches[-1]

    def part(self, name: str) -> "_Part":
        """One of PARTS within the stretch."""
        return _Part(self, name)

    def add(self, name: str, seconds: float, ended: float) -> None:
        """Take note of a part of the present stretch."""
        stretch = self.stretches[-1]
        if self._listener.heard:
            heard = self._listener.take()
            stretch.cold.add(name)
            self.programs += programs(heard, name)
            for kind, spent_so in spent(heard, ended - seconds, ended).items():
                stretch.parts[kind] = stretch.parts.get(kind, 0.0) + spent_so
                seconds -= spent_so
        stretch.parts[name] = stretch.parts.get(name, 0.0) + max(seconds, 0.0)


class _Part:
    __slots__ = ("_began", "_clock", "_name")

    def __init__(self, clock, name):
        self._clock, self._name = clock, name

    def __enter__(self):
        self._began = time.perf_counter()

    def __exit__(self, *exception):
        ended = time.perf_counter()
        self._clock.add(self._name, ended - self._began, ended)
