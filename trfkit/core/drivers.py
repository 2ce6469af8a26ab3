"""Who turns the crank: four drivers over the same ask, evaluate and tell, giving the same iterates.

stepped  The host calls each in turn. A new model compiles only its own pass over the data. Serves NumPy models, data
         that are not in memory, callbacks and single steps, for a quarter of a millisecond of dispatch a trial.
fused    One `lax.while_loop`, for repeated fits: no dispatch. Returns to the host every `CAPACITY` trials, so that the
         trace has no limit though the buffer has one, and so that an interrupt is heard.
whole    Start, fused loop and all that a result needs, for repeated fits of few points: one vector in, one out, one
         kernel between them.
live     The fused loop that also sends each row out through `jax.debug.callback` and asks now and then whether to stop.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import io_callback

from . import radius
from .evaluate import Evaluation, evaluate, jacobian_operator
from .jit_functions import TrustRegionJITFunctions
from .problem import Problem
from .programs import Program
from .trf import FIELDS, Limits, State, ask, start, tell

CAPACITY = 64  # rows of the buffer in the loop's carry

# By themselves, for the stepped driver.
evaluate_problem = Program(evaluate)
_start = Program(start)
_ask = Program(lambda state, limits, operator, *static: ask(state, limits, *static, operator))
_tell = Program(tell)
operator_at = jax.jit(jacobian_operator)


def start_at(x, evaluation: Evaluation, limits: Limits, functions: TrustRegionJITFunctions):
    """(state, row) of the start x (n,) with its evaluation, as `trf.start`."""
    return _start(x, evaluation, limits, static=(functions,))


def begin(problem: Problem, x, limits: Limits):
    """(state, row) at the start of a problem."""
    return start_at(x, evaluate_problem(problem, x), limits, problem.functions)


def step(
    evaluate_at: Callable,
    state: State,
    limits: Limits,
    functions: TrustRegionJITFunctions,
    tr_solver: str,
    operator=None,
):
    """(state, row) after one trial; `evaluate_at` maps (x, state so far) to an Evaluation."""
    trial = ask(state, limits, functions, tr_solver, operator)
    return tell(state, trial, evaluate_at(trial.x, state), limits, functions)


def stepped(
    evaluate_at: Callable[..., Evaluation],
    state: State,
    limits: Limits,
    functions: TrustRegionJITFunctions,
    tr_solver: str,
    operator_of: Callable | None = None,
) -> Iterator[tuple[State, np.ndarray]]:
    """Yield (state, row) after each trial until the status says stop. Whoever iterates may stop sooner."""
    while int(state.status) == radius.RUNNING:
        operator = None if operator_of is None else operator_of(state.x)
        trial = _ask(state, limits, operator, static=(functions, tr_solver))
        state, row = _tell(state, trial, evaluate_at(trial.x, state), limits, static=(functions,))
        yield state, np.asarray(row)


@partial(jax.jit, static_argnames=("tr_solver", "send", "trials_allowed"))
def fused(problem: Problem, state: State, limits: Limits, tr_solver: str, token=None, send=None, trials_allowed=None):
    """(state, rows, count): at most CAPACITY trials in one program; rows (CAPACITY, 17 + n), of which count are filled.

    With `send`, the live program: send(token, row) after each trial, and trials_allowed(token) -> int after the first
    and then whenever the trials that it allowed are made; 0 stops the fit. Both are module-level functions and `token`
    is data, so one program serves every fit; without, the program holds no callback at all.
    """
    functions = problem.functions

    def report(packed):
        packed = np.asarray(packed)
        send(packed[0], packed[1:])

    def ask_for_more(question):
        return np.int32(trials_allowed(np.asarray(question)[0]))

    def running(carry):
        state, _, count, _ = carry
        return (state.status == radius.RUNNING) & (count < CAPACITY)

    def body(carry):
        state, rows, count, allowed = carry
        operator = jacobian_operator(problem, state.x) if problem.matrix_free else None
        state, row = step(lambda x, _: evaluate(problem, x), state, limits, functions, tr_solver, operator)
        if send is not None:
            # One array each, for every array takes 30 µs on its way out. The question takes the cost along: one that
            # does not depend on the data XLA would ask before the trial, not after it.
            token_of_row = jnp.asarray(token, row.dtype)
            jax.debug.callback(report, jnp.concatenate([token_of_row[None], row]))
            question = jnp.stack([token_of_row, row[FIELDS.index("cost")]])
            asks = (allowed == 1) & (state.status == radius.RUNNING)
            number = jax.ShapeDtypeStruct((), allowed.dtype)
            allowed = lax.cond(asks, lambda: io_callback(ask_for_more, number, question), lambda: allowed - 1)
            state = state._replace(status=jnp.where(asks & (allowed == 0), radius.USER_STOP, state.status))
        return state, lax.dynamic_update_index_in_dim(rows, row, count, 0), count + 1, allowed

    rows = jnp.zeros((CAPACITY, len(FIELDS) + state.x.shape[0]), state.x.dtype)
    return lax.while_loop(running, body, (state, rows, jnp.asarray(0), jnp.int32(1)))[:3]


def fused_rows(
    problem: Problem, state: State, limits: Limits, tr_solver: str, **live
) -> Iterator[tuple[State, np.ndarray]]:
    """Yield (state, rows) after each run of the fused program until the status says stop."""
    while int(state.status) == radius.RUNNING:
        state, rows, count = fused(problem, state, limits, tr_solver, **live)
        yield state, np.asarray(rows)[: int(count)]


def pack_start(x0: np.ndarray, limits: Limits) -> np.ndarray:
    """x0 and limits as one vector: every array takes a microsecond on its way into a program."""
    return np.concatenate([x0, *map(np.atleast_1d, limits)], dtype=np.result_type(x0))


def _unpack_start(numbers: jax.Array):
    """(x0, limits) of `pack_start`."""
    n = (numbers.size - 6) // 4
    x0, lb, ub, scale_inv = numbers[: 4 * n].reshape(4, n)
    jac_scale, *tolerances, max_nfev, m = numbers[4 * n :]
    return x0, Limits(lb, ub, scale_inv, jac_scale > 0, jnp.stack(tolerances), max_nfev, m)


def first_state(problem: Problem, x0, limits: Limits):
    """`begin`, with status NOT_FINITE where residuals or Jacobian are not finite."""
    first = evaluate(problem, x0)
    state, row = start(x0, first, limits, problem.functions)
    usable = first.finite & jnp.isfinite(first.cost)
    return state._replace(status=jnp.where(usable, state.status, radius.NOT_FINITE)), row


@Program
def whole(problem: Problem, numbers: jax.Array, tr_solver: str) -> jax.Array:
    """A fit from `pack_start(x0, limits)` to its end, or to CAPACITY trials; `unpack_end` reads what it returns."""
    x0, limits = _unpack_start(numbers)
    state, row = first_state(problem, x0, limits)
    state, rows, count = fused(problem, state, limits, tr_solver)
    return jnp.concatenate([jnp.asarray(a, x0.dtype).ravel() for a in (*state, row, rows, count)])


def unpack_end(numbers: np.ndarray, n: int):
    """(state, rows) of a vector that `whole` returned; rows (1 + trials, 17 + n), the start first."""
    width = len(FIELDS) + n
    shapes = State((n,), (), (n, n), (n,), (n,), (n,), (), (), (), (), (3,), ())
    fields, at = [], 0
    for shape in shapes:
        size = math.prod(shape)
        fields.append(numbers[at : at + size].reshape(shape) if shape else numbers[at])
        at += size
    state = State(*fields)
    state = state._replace(interior=bool(state.interior), counts=state.counts.astype(int), status=int(state.status))
    return state, numbers[at:-1].reshape(-1, width)[: 1 + int(numbers[-1])]
