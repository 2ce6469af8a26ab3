"""Functions of arrays as programs: compiled once for each form of their arguments, and kept on disk.

A program's form is what is not data: the shapes and types of its arrays, and everything static in them, such as the
user's model. Programs of which all that can be named for another process (`core.stable`) are kept in the user's cache
folder, or in that which the environment variable TRFKIT_CACHE names; TRFKIT_CACHE=off keeps none. A folder that cannot
be read or written, or a damaged file, costs the time to compile, nothing else.
"""

import functools
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from . import disk
from .one_kernel import as_one_kernel, none_allowed

READ = "/trfkit/programs/read_duration"  # the event of JAX's monitoring for a program read from disk
MOST_KEPT = 512  # forms of one program in memory: each takes memory maps, of which a process has 65 530 on Linux


class _Executable(NamedTuple):
    """A compiled program for arguments of one form."""

    compiled: Callable  # leaves of the arguments -> list of the leaves of what the function returns
    out: Any  # the structure of that

    def __call__(self, leaves):
        return jax.tree.unflatten(self.out, self.compiled(*leaves))


class Program:
    """function(*arrays, *static), compiled into one kernel where that can be; call it as program(*arrays, static=(…)).

    `arrays` are pytrees of arrays and numbers, `static` is hashable and compiled in.
    """

    everything: "weakref.WeakSet[Program]" = weakref.WeakSet()

    def __init__(self, function: Callable):
        functools.update_wrapper(self, function)
        self._function = function
        self._executables: dict = {}
        self._missing: set = set()  # forms that are not on disk
        self._compiling = threading.RLock()
        self.everything.add(self)

    def form(self, *arrays, static: tuple = ()):
        """What is not data in a call with these arguments; hashable."""
        leaves, structure = jax.tree.flatten(arrays)
        return static, structure, tuple(map(_form, leaves))

    def __call__(self, *arrays, static: tuple = ()):
        """What the function returns."""
        leaves, structure = jax.tree.flatten(arrays)
        form = static, structure, tuple(map(_form, leaves))
        executable = self._executables.get(form)
        return (self._prepare(form, leaves) if executable is None else executable)(leaves)

    def ready(self, *arrays, static: tuple = ()) -> Callable | None:
        """The call with these arguments, if it needs nothing compiled; a program found on disk is loaded."""
        leaves, structure = jax.tree.flatten(arrays)
        form = static, structure, tuple(map(_form, leaves))
        executable = self._executables.get(form)
        if executable is None and form not in self._missing:
            executable = self._load(form)
        return None if executable is None else functools.partial(executable, leaves)

    def prepare(self, *arrays, static: tuple = ()) -> None:
        """Compile what a call with these arguments needs, unless it is there."""
        self._prepare(self.form(*arrays, static=static), jax.tree.leaves(arrays))

    def clear(self) -> None:
        """Forget every compiled form in memory."""
        self._executables.clear()
        self._missing.clear()

    def _prepare(self, form, leaves) -> _Executable:
        with self._compiling:
            found = self._executables.get(form) or (None if form in self._missing else self._load(form))
            return found or self._keep(form, self._compile(form, leaves), to_disk=True)

    def _keep(self, form, executable: _Executable, to_disk: bool) -> _Executable:
        while len(self._executables) >= MOST_KEPT:
            self._executables.pop(next(iter(self._executables)), None)
        self._executables[form] = executable
        if to_disk:
            disk.save((self.__qualname__, form), *executable)
        return executable

    def _load(self, form) -> _Executable | None:
        began = time.perf_counter()
        found = disk.load((self.__qualname__, form))
        if found is not None:
            jax.monitoring.record_event_duration_secs(READ, time.perf_counter() - began, fun_name=self.__name__)
            return self._keep(form, _Executable(*found), to_disk=False)
        if len(self._missing) >= MOST_KEPT:
            self._missing.clear()
        self._missing.add(form)
        return None

    def _compile(self, form, leaves) -> _Executable:
        static, structure, _ = form
        out = []

        def flat(*leaves):
            arrays = jax.tree.unflatten(structure, leaves)
            found, shape = jax.tree.flatten(as_one_kernel(lambda *arrays: self._function(*arrays, *static), *arrays))
            out[:] = [shape]
            return found

        flat.__name__ = flat.__qualname__ = self.__name__  # what profilers and compilation logs call it
        try:
            compiled = jax.jit(flat).lower(*leaves).compile()
        except jax.errors.JaxRuntimeError:  # something that this XLA leaves to a library
            with none_allowed():
                compiled = jax.jit(functools.wraps(flat)(lambda *leaves: flat(*leaves))).lower(*leaves).compile()
        return _Executable(compiled, out[0])


def _form(leaf):
    """What of a leaf is compiled in."""
    try:
        return leaf.shape, leaf.dtype
    except AttributeError:
        return type(leaf)


def clear_programs() -> None:
    """Forget every compiled program in memory."""
    for program in list(Program.everything):
        program.clear()
