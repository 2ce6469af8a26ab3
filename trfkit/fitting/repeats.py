"""Fits that are repeated: when to compile a whole fit as one program.

Stepping from the host compiles only a new model's pass over its data. One program for the whole fit is ten times as
fast and takes a second or two to compile; that is done in a thread beside further fits, once stepping has lost a
twentieth of it (compare the ski-rental rule: Karlin et al. (1988)), and never holds up a fit.
"""

import collections
import contextlib
import threading

import jax
import numpy as np

from ..core.drivers import pack_start, whole

LOST_A_TRIAL = 150e-6  # seconds
LOST_BEFORE_COMPILING = 0.1

_lost: collections.Counter = collections.Counter()
_threads: dict = {}


def stepped(run, trials: int) -> None:
    """Note that a run was stepped; compile its program if that happens too often."""
    if run.driver != "auto":
        return
    arrays, static = (run.problem, pack_start(np.zeros_like(run.limits.lb), run.limits)), (run.tr_solver,)
    form = whole.form(*arrays, static=static)
    _lost[form] += LOST_A_TRIAL * trials
    if _lost[form] > LOST_BEFORE_COMPILING and form not in _threads:
        _threads[form] = threading.Thread(target=_prepare, args=(arrays, static), name="trfkit-compile")
        _threads[form].start()


def _prepare(arrays, static) -> None:
    with contextlib.suppress(jax.errors.JaxRuntimeError):  # stepping goes on
        whole.prepare(*arrays, static=static)


def wait() -> None:
    """Until no program is being compiled."""
    for thread in list(_threads.values()):
        thread.join()
