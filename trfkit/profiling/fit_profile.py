"""`FitProfile`: where the time of a fit went."""

import importlib
import json
import statistics
from dataclasses import dataclass
from typing import NamedTuple

from ..results.fit_result import FitResult
from . import table
from .clock import DATA_PASS, NOT_ACCOUNTED, PARTS, START, TRIAL, Stretch
from .compilations import Compiled
from .work import Machine, Work


class Rate(NamedTuple):
    """How fast the passes over the data are."""

    value: float  # a second
    ceiling: float | None  # what the machine can at best, where that is measured


@dataclass(frozen=True, eq=False, repr=False)
class FitProfile:
    """Where the time of one fit went, as `trfkit.profile` measured it; all times are in seconds.

    Parts are measured one by one, and what is left of the whole is `unaccounted`. `stretches` has the parts of the
    setup, the start, every trial and the result; `programs` what was traced and compiled on the way, and why.
    """

    seconds: float  # from the call to the result
    stretches: tuple[Stretch, ...]
    programs: tuple[Compiled, ...]
    # what was fitted
    names: tuple[str, ...]  # of the free parameters
    points: int  # residuals, those of priors included
    device: str
    dtype: str
    # beside what it might be
    work: Work | None = None  # of one pass over the data; None where XLA counts nothing
    machine: Machine | None = None
    # how it ended
    result: FitResult | None = None
    error: str = ""  # what was raised in place of a result

    @property
    def parts(self) -> dict[str, float]:
        """Seconds of each part in all, in order; parts that took no time at all are left out."""
        sums = {part: sum(stretch.parts.get(part, 0.0) for stretch in self.stretches) for part in PARTS}
        return {part: seconds for part, seconds in sums.items() if seconds > 0}

    @property
    def unaccounted(self) -> float:
        """What no part holds: the whole less their sum."""
        return self.seconds - sum(self.parts.values())

    @property
    def trials(self) -> tuple[Stretch, ...]:
        """Those of `stretches` that are trials."""
        return tuple(stretch for stretch in self.stretches if stretch.what == TRIAL)

    def typical(self, part: str) -> float | None:
        """The median of a part over the trials, those that compiled something for it left out; None without any."""
        return _median(self.trials, part)

    @property
    def solvers(self) -> tuple[str, ...]:
        """Those that solved the subproblems: "SVD", "CG" or both."""
        return tuple(dict.fromkeys(stretch.solver for stretch in self.trials if stretch.solver))

    @property
    def pass_seconds(self) -> float | None:
        """The median of the passes over the data, the compiled ones if there are any; None before the first."""
        passes = [stretch for stretch in self.stretches if stretch.what in (START, TRIAL)]
        warm, cold = _median(passes, DATA_PASS), [s.parts[DATA_PASS] for s in passes if DATA_PASS in s.parts]
        return warm if warm is not None or not cold else min(cold)

    @property
    def rates(self) -> dict[str, Rate]:
        """Of the passes over the data: "rows/s", "flop/s" and "bytes/s", the latter where XLA counts the work."""
        seconds, work, machine = self.pass_seconds, self.work, self.machine
        if not seconds:
            return {}
        found = {"rows/s": Rate(self.points / seconds, None)}
        if work is not None:
            found["flop/s"] = Rate(work.flops / seconds, machine and machine.flops_per_s)
            found["bytes/s"] = Rate(work.bytes_read / seconds, machine and machine.bytes_per_s)
        return found

    def __repr__(self):
        return table.text(self)

    def _repr_html_(self):
        return table.html(self)

    def plot(self, axes=None, *, theme="light"):
        """The whole as one bar and every trial as another; see `trfkit.plots.times.draw_times`."""
        # matplotlib loads at the first picture; plots stand on a higher floor than this
        return importlib.import_module("trfkit.plots.times").draw_times(self, axes, theme=theme)

    def to_dict(self) -> dict:
        """All of it but the result, as lists, texts and numbers."""
        stretches = [
            {"what": s.what, "seconds": s.seconds, "parts": s.parts, "compiled for": sorted(s.cold), "solver": s.solver}
            for s in self.stretches
        ]
        programs = [
            {"function": p.function, "part": p.part, "seconds": p.seconds, "from disk": p.from_disk, "why": p.why}
            for p in self.programs
        ]
        return {
            "seconds": self.seconds,
            "parts": self.parts,
            NOT_ACCOUNTED: self.unaccounted,
            "parameters": list(self.names),
            "points": self.points,
            "device": self.device,
            "dtype": self.dtype,
            "rates": {name: rate._asdict() for name, rate in self.rates.items()},
            "work of a data pass": self.work and self.work._asdict(),
            "machine": self.machine and self.machine._asdict(),
            "error": self.error,
            "programs": programs,
            "stretches": stretches,
        }

    def to_json(self) -> str:
        """`to_dict` as JSON."""
        return json.dumps(self.to_dict())


def _median(stretches, part: str) -> float | None:
    warm = [s.parts[part] for s in stretches if part in s.parts and part not in s.cold]
    return statistics.median(warm) if warm else None
