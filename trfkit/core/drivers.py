"""Who turns the crank: four drivers over the same ask, evaluate and tell, giving the same iterates.

stepped  The host calls each in turn. A new model compiles only its own pass over the data. Serves NumPy models, data
         that are not in memory, callbacks and single steps, for a quarter of a millisecond of dispatch a trial.
fused    One `lax.while_loop`, for repeated fits: no dispatch. Returns to the host every `CAPACITY` trials, so that the
         trace has no limit though the buffer has one, and so that an interrupt is heard.
batched  Many problems of one shape, each in a lane of one vmapped loop; they differ in data, start or bounds.
live     The fused loop that also sends each row out through `jax.debug.callback` and asks now and then whether to stop.
"""

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
from .trf import FIELDS, Limits, State, ask, start, tell

CAPACITY = 64  # rows of the buffer in the loop's carry

evaluate_problem = jax.jit(evaluate)
operator_at = jax.jit(jacobian_operator)


def begin(problem: Problem, x, limits: Limits):
    """(state, row) at the start of a problem."""
    return start(x, evaluate_problem(problem, x), limits, problem.functions)


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
        state, row = step(evaluate_at, state, limits, functions, tr_solver, operator)
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


@partial(jax.jit, static_argnames="tr_solver")
def batched(problem: Problem, changes: tuple[dict, ...], x0, lb, ub, limits: Limits, tr_solver: str) -> State:
    """The last states (B, …) of B fits, each from x0 (B, n) within lb and ub (B, n) to its own end.

    `changes` holds what differs from `problem` (see `Problem.with_data`), each array with B rows before its own axes.
    A start that is not finite has status NOT_FINITE.
    """

    def one(changes, x0, lb, ub):
        own, within = problem.with_data(changes), limits._replace(lb=lb, ub=ub)
        first = evaluate(own, x0)
        state, _ = start(x0, first, within, own.functions)
        usable = first.finite & jnp.isfinite(first.cost)
        state = state._replace(status=jnp.where(usable, state.status, radius.NOT_FINITE))

        def body(state):
            return step(lambda x, _: evaluate(own, x), state, within, own.functions, tr_solver)[0]

        return lax.while_loop(lambda state: state.status == radius.RUNNING, body, state)

    return jax.vmap(one)(changes, x0, lb, ub)


@jax.jit
def batched_costs(problem: Problem, changes: tuple[dict, ...], x) -> jax.Array:
    """Costs (B,) of B problems, each at its own x (B, n); nan where one is not finite."""

    def one(lane):
        changes, x = lane
        found = evaluate(problem.with_data(changes), x)
        return jnp.where(found.finite, found.cost, jnp.nan)

    return lax.map(one, (changes, x))
