"""What the tests share: float64, no silent rank promotion, and a counter of XLA compilations."""

import gc
import os
import pathlib

import hypothesis
import jax
import pytest

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
        gc.collect()


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
def compilations():
    """`with compilations() as compiled: ...` collects the programs compiled on any thread in `compiled.names`."""
    return Compilations
