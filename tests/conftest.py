"""What the tests share: float64, no silent rank promotion, and a counter of XLA compilations."""

import gc
import math
import os
import pathlib
import tempfile

import hypothesis
import jax
import numpy as np
import pytest

from trfkit.core.programs import clear_programs
from trfkit.fitting import repeats
from trfkit.trace import Trace

# One folder for compiled programs, shared by the processes of a run and their kernels, and not the developer's own.
os.environ.setdefault("TRFKIT_CACHE", tempfile.mkdtemp(prefix="trfkit-tests-"))
# No program is compiled beside a test that does not ask for it.
repeats.LOST_BEFORE_COMPILING = math.inf

# Set here, too, so that a JAX_ENABLE_X64=0 in the developer's shell does not turn the suite into another one.
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")

# The first example of a property compiles, so a deadline would time XLA; CI repeats the same examples every time.
hypothesis.settings.register_profile("trfkit", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("trfkit")


MOST_MAPS = 20_000  # Linux allows a process 65 530 memory maps, and XLA's compiler crashes where it gets no more


@pytest.fixture(autouse=True, scope="module")
def few_programs():
    """Drop all compiled programs after a module that leaves too many: each takes a few memory maps for good."""
    yield
    maps = pathlib.Path("/proc/self/maps")
    if maps.exists() and len(maps.read_text().splitlines()) > MOST_MAPS:
        jax.clear_caches()
        clear_programs()
        gc.collect()


@pytest.fixture(scope="session")
def rows():
    """Packed rows of a fit made by hand, five trials of two parameters. Not written to."""
    nan, inf = np.nan, np.inf
    # fmt: off
    # iteration nfev cost  pred    act  ratio Delta new alpha norm  opt solver cg kind outcome  cond rank  x
    rows = np.array([
        [0,     1,   10.0, nan,    nan, nan,  4.0,  4.0, 0.0, 0.0,  9.0, 0,    0, 0,   0,       nan, nan,  1.0, 0.5],
        [0,     2,   30.0, 5.0,  -20.0, -4.0, 4.0,  1.0, 0.2, 3.9,  9.0, 2,    2, 2,   2,       nan, nan,  9.0, 0.1],
        [1,     3,   4.0,  5.0,    6.0, 1.2,  1.0,  2.0, 0.1, 1.0,  3.0, 2,    1, 2,   1,       nan, nan,  2.0, 0.4],
        [1,     4,   nan,  3.0,   -inf, -inf, 2.0,  0.5, 0.0, 1.9,  3.0, 1,    0, 1,   3,       7.0, 2.0,  -1., 0.0],
        [2,     5,   1.0,  2.9,    3.0, 1.03, 0.5,  0.5, 0.0, 0.4,  0.1, 1,    0, 1,   1,       7.5, 2.0,  3.0, 0.3],
    ])
    # fmt: on
    rows.flags.writeable = False
    return rows


@pytest.fixture(scope="session")
def trace(rows):
    """The same as a `Trace`."""
    return Trace(rows, ("height", "rate"))


@pytest.fixture(scope="session")
def same():
    """same(a, b): whether two values are equal to the last bit, types and shapes too."""

    def equal(a, b):
        if isinstance(a, np.ndarray):
            return type(a) is type(b) and (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
        return type(a) is type(b) and (a == b or (a != a and b != b))

    return equal


@pytest.fixture(scope="session")
def changed():
    """changed(document, path, new): a copy of it with the value at a path replaced, or left out where new is `...`."""

    def copied(value, path, new):
        if not path:
            return new
        copy = value.copy()
        if len(path) == 1 and new is ...:
            del copy[path[0]]
        else:
            copy[path[0]] = copied(value[path[0]], path[1:], new)
        return copy

    return copied


@pytest.fixture(scope="session")
def altered(changed):
    """altered(document): (path, new, copy) for a wrong value of every kind anywhere, but not in the part `without`.

    Of long lists the second and the last value stand for all.
    """

    def paths(value, without, path=()):
        if path:
            yield path
        keys = ()
        if isinstance(value, dict):
            keys = [key for key in value if key != without]
        elif isinstance(value, list):
            keys = range(len(value)) if len(value) <= 4 else (1, len(value) - 1)
        for key in keys:
            yield from paths(value[key], without, (*path, key))

    def everywhere(document, without=None):
        for path in paths(document, without):
            for new in (None, "seven", 7, -1.5, [1], {"a": 1}, True, ...):
                yield path, new, changed(document, path, new)

    return everywhere


class Compilations:
    """The XLA programs compiled inside a `with` block, by the names of the jitted functions, in order."""

    # The event that JAX records around XLA's own compiler, once for each program (jax._src.compiler).
    EVENT = "/jax/core/compile/backend_compile_duration"

    def __init__(self):
        self.names = []

    def __enter__(self):
        jax.monitoring.register_event_duration_secs_listener(self._listen)
        return self

    def __exit__(self, *exception):
        jax.monitoring.unregister_event_duration_listener(self._listen)

    def _listen(self, event, seconds, fun_name="", **metadata):
        if event == self.EVENT:
            self.names.append(fun_name.removeprefix("jit(").removesuffix(")"))


@pytest.fixture
def compilations(monkeypatch):
    """`with compilations() as compiled: ...` collects the programs compiled on any thread in `compiled.names`."""
    monkeypatch.setenv("TRFKIT_CACHE", "off")
    return Compilations
