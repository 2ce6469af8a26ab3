"""A fit as a short Python script that makes it again: model, data, the call of `trfkit.fit`, the report.

The data are written out, so that the script stands alone, or stay variables of the notebook. Only what differs from the
defaults of `fit` is written. Names and texts are written as strings, never as code.
"""

import math
import reprlib
from collections.abc import Callable
from dataclasses import fields
from typing import NamedTuple

import numpy as np

from ..fitting.joint import DataSet
from ..parameters import Parameter, Parameters
from .function_source import Script
from .layout import bound_names, in_sections, laid_out, merged_imports
from .literals import string_source, value_source
from .saved_options import kept_options
from .source import array_imports, array_source, model_source
from .start import Wishes, starting_parameters

MOST_EXCLUDED = 20  # points left out that are told by their places
IN_CALL = 5  # characters beside an argument that has a line of its own: its indent and its comma


class Call(NamedTuple):
    """What a script says of a fit; a `FitResult` has the same by the same names."""

    sets: tuple[DataSet, ...]
    initial: Parameters
    absolute_sigma: bool
    options: dict
    units: tuple[str, str]


def script(call: Call, data_by_name: bool = False) -> str:
    """The script of a `Call` or of a `FitResult`; `data_by_name` leaves x, y, … to be variables of the notebook.

    Raises ValueError for what cannot be written, saying why and what to try.
    """
    sets, writer = call.sets, _Writer(data_by_name)
    model = writer.model(sets)  # functions first: the names of the script keep clear of theirs
    options = {name: writer.option(name, value) for name, value in kept_options(call.options).items()}
    model = writer.assign("model", model)
    said = {what: writer.data(sets, what) for what in ("x", "y", "sigma", "sigma_x", "mask")}
    data = [said.pop("x"), said.pop("y")]
    said["absolute_sigma"] = "True" if call.absolute_sigma else None
    said["shared"] = _shared(sets)
    said |= _start(call, writer)
    said["units"] = value_source(tuple(call.units)) if any(call.units) else None
    said |= options
    keywords = [f"{name}={source}" for name, source in said.items() if source is not None]
    arguments = [model, *data, *keywords]
    name, assigned = writer.new_name("result"), list(writer.assigned.values())
    return in_sections(
        merged_imports(writer.imports.values()),
        list(writer.definitions.values()),
        assigned[:1],
        assigned[1:],
        [*writer.remarks(), laid_out(f"{name} = trfkit.fit(", arguments, ")"), f"print({name}.fit_report())"],
    )


class _Writer:
    """The statements of a script so far, by the names that they bind."""

    def __init__(self, data_by_name: bool):
        self.data_by_name = data_by_name
        self.notebook: list[str] = []  # names of data that the notebook has
        self.imports: dict[str, str] = {}  # one for each name
        self.definitions: dict[str, str] = {}  # what the user's functions are and read
        self.assigned: dict[str, str] = {}  # model, then data
        self.bind(["import trfkit"])

    def bind(self, statements) -> None:
        """Put imports and definitions before what follows. Raises ValueError where a name then stands for two."""
        for statement in statements:
            kinds = self.imports, self.definitions
            place, other = kinds if statement.startswith(("import ", "from ")) else reversed(kinds)
            for name in bound_names(statement):
                if place.setdefault(name, _for_one(name, statement)) != _for_one(name, statement) or name in other:
                    raise ValueError(
                        f"no script can be written: two different things are called {name!r}. Rename one of them."
                    )

    def new_name(self, name: str) -> str:
        """A name of the script's own: this one, or one with _ after it where something else has it."""
        taken = {*self.imports, *self.definitions, *self.assigned, *self.notebook}
        while name in taken:
            name += "_"
        return name

    def assign(self, name: str, source: str) -> str:
        """The name of a variable that is set to an expression."""
        name = self.new_name(name)
        self.assigned[name] = f"{name} = {source}"
        return name

    def model(self, sets: tuple[DataSet, ...]) -> str:
        """The expression of the model, one for all data sets that have the same; what it needs is bound."""
        sources = [model_source(s.model) for s in sets]
        same = all(source == sources[0] for source in sources)
        source = sources[0] if same else model_source({s.name: s.model for s in sets})
        self.bind((*source.imports, *source.definitions))
        return source.expression

    def data(self, sets: tuple[DataSet, ...], what: str) -> str | None:
        """What stands for x, y, sigma, sigma_x or mask in the call; None where it was not given."""
        values = [getattr(s, what) for s in sets]
        if all(value is None for value in values):
            return None
        if what == "mask" and self.data_by_name and not sets[0].name:
            return self._mask(sets[0])
        one_for_all = not sets[0].name or (what != "y" and all(_identical(value, values[0]) for value in values))
        if one_for_all:
            return self._value(what, values[0])
        return _by_name(sets, [self._value(f"{what}_{s.name}", v) for s, v in zip(sets, values, strict=True)])

    def _value(self, name: str, value) -> str:
        """None or a number as it is, an array by a variable's name."""
        if value is None or np.isscalar(value):
            return value_source(None if value is None else float(value))
        if self.data_by_name and not name.startswith("mask"):
            self.notebook.append(self.new_name(name))
            return self.notebook[-1]
        if not isinstance(value, np.ndarray):
            raise ValueError(f"{name} is no array, so that it has no source: {reprlib.repr(value)}. Fit with an array.")
        return self.assign(name, self._with_numpy(array_source(value)))

    def _with_numpy(self, source: str) -> str:
        """The source of an array, what it reads imported; NumPy as numpy where np is something else."""
        imports = array_imports(source)
        if self.imports.get("np", "import numpy as np") != "import numpy as np" or "np" in self.definitions:
            source, imports = source.replace("np.", "numpy."), imports - {"import numpy as np"} | {"import numpy"}
        self.bind(imports)
        return source

    def _mask(self, s: DataSet) -> str:
        """Which points count, shortly where it can be: those of a range of x, or all but a few."""
        mask, (x, y, *_) = np.asarray(s.mask), self.notebook
        if np.shape(s.x) == mask.shape and mask.any():
            low, high = s.x[mask].min(), s.x[mask].max()
            if np.array_equal((s.x >= low) & (s.x <= high), mask):
                return f"({x} >= {value_source(low.item())}) & ({x} <= {value_source(high.item())})"
        excluded = np.flatnonzero(~mask).tolist()
        if len(excluded) <= MOST_EXCLUDED:
            return self._with_numpy(f"~np.isin(np.arange(len({y})), {excluded})")
        return self._value("mask", mask)

    def remarks(self) -> list[str]:
        """What a reader has to know before the call."""
        if not self.notebook:
            return []
        *names, last = self.notebook
        return [f"# {', '.join(names)} and {last} are the data, as arrays"]

    def option(self, name: str, value) -> str:
        """An option of the solver; a loss of the user's own as a function."""
        if callable(value):
            return self._function(value, f"{name}_function")
        source = value_source(value.item() if isinstance(value, np.generic) else value)
        if source is None:
            raise ValueError(
                f"the option {name}={reprlib.repr(value)} has no source: fit without it, or give it as numbers, "
                f"strings or arrays."
            )
        self.bind(array_imports(source))
        return source

    def _function(self, function: Callable, otherwise: str) -> str:
        written = Script()
        name = written.function(function, otherwise)
        self.bind((*written.imports, *written.definitions))
        return name


def _for_one(name: str, statement: str) -> str:
    """Of an import of several names the import of one; any other statement as it is."""
    if statement.startswith("from ") and " as " not in statement:
        return f"{statement.partition(' import ')[0]} import {name}"
    return statement


def _identical(a, b) -> bool:
    """Whether two data sets have the very same errors or x, or none of them."""
    if a is None or b is None:
        return a is b
    a, b = np.asarray(a), np.asarray(b)
    return (a.shape, a.dtype, a.tobytes()) == (b.shape, b.dtype, b.tobytes())


def _by_name(sets: tuple[DataSet, ...], sources: list[str]) -> str:
    return _mapping("", {s.name: source for s, source in zip(sets, sources, strict=True)})


def _mapping(what: str, sources: dict[str, str]) -> str | None:
    """{name: source} as an argument; None for nothing."""
    if not sources:
        return None
    items = [f"{string_source(name)}: {source}" for name, source in sources.items()]
    return laid_out("{", items, "}", used=IN_CALL + len(what) + 1)


def _shared(sets: tuple[DataSet, ...]) -> str | None:
    """The parameters that data sets have in common."""
    if not sets[0].name:
        return None
    pairs = [pair for s in sets for pair in zip(s.model.parameter_names, s.names, strict=True)]
    shared = list(dict.fromkeys(own for own, name in pairs if own == name))
    if len(shared) == len({own for own, _ in pairs}):
        return '"all"'
    return f"[{', '.join(map(string_source, shared))}]" if shared else None


def _start(call: Call, writer: _Writer) -> dict[str, str | None]:
    """start, fixed, bounds, ties and priors; all of it by `Parameters` where these do not say it."""
    initial, wishes = call.initial, _wishes(call)
    if wishes is None:
        writer.bind(["from trfkit.parameters import Parameter, Parameters"])
        listed = laid_out("[", [_parameter(p) for p in initial.values()], "]", used=IN_CALL + len("start=Parameters()"))
        return {"start": laid_out("Parameters(", [listed], ")", used=IN_CALL + len("start="))}
    said = {what: getattr(wishes, what) for what in ("start", "bounds", "ties", "priors")}
    sources = {
        what: _mapping(what, {name: value_source(value) for name, value in values.items()})
        for what, values in said.items()
    }
    fixed = laid_out("[", [string_source(name) for name in wishes.fixed], "]", used=IN_CALL + len("fixed="))
    return {"start": sources.pop("start"), "fixed": fixed if wishes.fixed else None} | sources


def _wishes(call: Call) -> Wishes | None:
    """What to ask `fit` for, so that it starts from these parameters; None where it cannot be asked."""
    initial = call.initial
    if tuple(initial) != tuple(dict.fromkeys(name for s in call.sets for name in s.names)):
        return None
    everything = {name: p.value for name, p in initial.items()}
    usual, _ = starting_parameters(call.sets, Wishes(start=everything, units=call.units))
    usual_ends = {name: (p.min, p.max) for name, p in usual.items()}
    bounds = {name: (p.min, p.max) for name, p in initial.items() if (p.min, p.max) != usual_ends[name]}
    wishes = Wishes(
        start={name: p.value for name, p in initial.items() if p.tie is None},
        fixed=[name for name, p in initial.items() if p.fixed],
        bounds={name: tuple(end if math.isfinite(end) else None for end in ends) for name, ends in bounds.items()},
        ties={name: p.tie for name, p in initial.items() if p.tie is not None},
        priors={name: tuple(p.prior) for name, p in initial.items() if p.prior is not None},
        units=call.units,
    )
    made, _ = starting_parameters(call.sets, wishes)
    return wishes if made.with_values({name: everything[name] for name in wishes.ties}) == initial else None


def _parameter(p: Parameter) -> str:
    """A parameter, without what is so by default."""
    rest = {f.name: getattr(p, f.name) for f in fields(p)[2:] if getattr(p, f.name) != f.default}
    rest = {name: tuple(value) if name == "prior" else value for name, value in rest.items()}
    keywords = (f"{name}={value_source(value)}" for name, value in rest.items())
    return f"Parameter({', '.join([string_source(p.name), value_source(p.value), *keywords])})"
