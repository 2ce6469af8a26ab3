"""Why a program had to be traced or compiled: it is kept for the model, the shapes of its data and the way to fit."""

from collections.abc import Sequence

import jax
import numpy as np

from ..core.jit_functions import FUNCTIONS
from .clock import DATA_PASS, HOST, PREPARATION, RESULT, SELECTION, SUBPROBLEM, TELL
from .compilations import NO_NAME, Compiled
from .steps import Steps

SOLVED_BY = {"svd": "SVD", "cg": "CG", "hybrid": "CG and SVD", "budget": "CG, and SVD where that takes too long"}
CHECKED = "can JAX evaluate it, and row by row"

_known: set[int] = set()  # hashes of the problems that were profiled, and of those with their lengths


def explain(programs: Sequence[Compiled], steps: Steps | None) -> None:
    """Give every program its reason, and a user's function, which JAX has no name for, one."""
    reasons = {PREPARATION: "first data of this kind", HOST: "for the callback, or for what is printed"}
    if steps is not None:
        reasons |= _reasons(steps)
    for program in programs:
        if program.function == NO_NAME:
            program.function = "the model"
        program.function = program.function.lstrip("_")
        program.why = reasons.get(program.part, "") if program.compiled else CHECKED


def _reasons(steps: Steps) -> dict[str, str]:
    n = len(steps.joint.names)
    n = "1 parameter" if n == 1 else f"{n} parameters"
    own = "" if steps.problem.functions == FUNCTIONS else " and these primitives"
    return {
        DATA_PASS: f"first fit of {steps.points} points on the host" if steps.on_host else _of_data_pass(steps),
        SUBPROBLEM: f"first profile with {n}{own} by {SOLVED_BY[steps.tr_solver]}",
        SELECTION: f"first profile with {n}{own}",
        TELL: f"first fit in single steps with {n}{own}",
        RESULT: f"first result with {n}",
    }


def _of_data_pass(steps: Steps) -> str:
    """A model's programs are kept for each length of the data, padded: what is new is one or the other."""
    parts = steps.problem.parts
    functions = tuple((part.residuals, part.jacobian, part.loss, part.functions) for part in parts)
    model, whole = hash(functions), hash((functions, tuple(map(np.shape, jax.tree.leaves(steps.problem)))))
    rows = ", ".join(str(jax.tree.leaves(part.rows)[0].shape[-1]) for part in parts if part.blocked)
    length = f"{rows} rows" if rows else f"{steps.points} points"
    before = "no longer kept" if whole in _known else f"new to {length}"
    why = before if model in _known else f"new model, or new to {length}"
    _known.update((model, whole))
    return why
