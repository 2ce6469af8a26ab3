"""Run a fit: choose the driver, and see to it that no end loses the best point."""

import contextlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..core import radius
from ..core.drivers import evaluate_problem, fused_rows, operator_at, pack_start, start_at, stepped, unpack_end, whole
from ..core.evaluate import Evaluation
from ..core.problem import Problem
from ..core.shares import evaluate_shares, shares
from ..core.trf import ACCEPTED, FIELDS, Limits, State, feasible_start
from ..events import Channel, send, trials_allowed
from . import repeats
from .host import HostProblem
from .inputs import is_bounded

# A whole fit as one program hears an interrupt every 64 trials, so it is for passes over the data of a millisecond.
MOST_NUMBERS_WHOLE = 2**20
# Rows of the trace hold x up to this many parameters; beyond, memory must stay O(m + n).
MOST_PARAMETERS_TRACED = 1000


class Solution(NamedTuple):
    """Where a fit ended, and how it got there."""

    state: State
    rows: np.ndarray  # (k, 17 + n); without x beyond MOST_PARAMETERS_TRACED


class Run:
    """One fit, under way or over; `solution` is true at any time."""

    def __init__(self, problem: Problem | HostProblem, limits: Limits, tr_solver: str, driver: str = "auto"):
        self.problem = problem
        self.on_host = isinstance(problem, HostProblem)
        self.matrix_free = not self.on_host and problem.matrix_free
        self.shares = [] if self.on_host or driver == "fused" else shares(problem, np.size(limits.lb))
        self.limits = limits
        self.tr_solver = tr_solver
        self.driver = driver
        self.state: State | None = None
        self.rows: list[np.ndarray] = []  # blocks (k, 17 + n)
        self.told = 0  # rows that the channel had of earlier fits

    def evaluate(self, x, state: State | None = None) -> Evaluation:
        """The evaluation at x, on the host or on the device."""
        if self.on_host:
            return self.problem.evaluate(x, state)
        return evaluate_shares(self.shares, x) if self.shares else evaluate_problem(self.problem, x)

    @property
    def solution(self) -> Solution:
        """What is known so far."""
        return Solution(self.state, self.rows[0] if len(self.rows) == 1 else np.concatenate(self.rows))

    @property
    def count(self) -> int:
        """Rows so far."""
        return sum(map(len, self.rows))

    def begin(self, x0: np.ndarray, first: Evaluation) -> None:
        """Set out from x0 with its evaluation."""
        self.state, row = start_at(x0, first, self.limits, self.problem.functions)
        self._record(np.asarray(row)[None])

    def _record(self, rows: np.ndarray) -> None:
        info = len(FIELDS)
        self.rows.append(rows if rows.shape[1] - info <= MOST_PARAMETERS_TRACED else rows[:, :info])

    def whole(self, x0: np.ndarray) -> Callable | None:
        """The fit from x0 as one program, to be called without arguments; None if it is to be stepped."""
        if self.on_host or self.matrix_free or self.shares or self.driver == "stepped":
            return None
        arguments, static = (self.problem, pack_start(x0, self.limits)), (self.tr_solver,)
        if self.driver == "fused":
            return partial(whole, *arguments, static=static)
        few = float(self.limits.m) * (x0.size + 1) <= MOST_NUMBERS_WHOLE
        return whole.ready(*arguments, static=static) if few else None

    def run_whole(self, program: Callable, x0: np.ndarray) -> bool:
        """Run the fit from x0 by what `whole` returned; False if residuals or Jacobian are not finite there."""
        self.state, rows = unpack_end(np.asarray(program()), x0.size)
        self._record(rows)
        if len(rows) == 1 and self.state.status == radius.NOT_FINITE:
            return False
        for _ in self._fused():  # in the rare case that CAPACITY trials were not enough
            pass
        return True

    def trials(self, channel: Channel | None, each_trial: bool):
        """Yield the new rows of each stretch of the fit; `each_trial` asks for stretches of one."""
        in_one_program = not (self.on_host or self.matrix_free or self.shares or each_trial)
        if channel is not None and in_one_program:
            live = {"token": jnp.asarray(channel.token), "send": send, "trials_allowed": trials_allowed}
            yield from self._fused(channel, **live)
        elif in_one_program and self.driver == "fused":
            yield from self._fused()
        else:
            yield from self._stepped(channel)

    def _fused(self, channel: Channel | None = None, **live):
        while int(self.state.status) == radius.RUNNING:
            for state, rows in fused_rows(self.problem, self.state, self.limits, self.tr_solver, **live):
                self.state = state
                self._record(rows)
                if int(state.status) == radius.USER_STOP and channel.wait():
                    self.halt(radius.RUNNING)  # it was a pause
                yield rows
            if self.stopped:
                break

    def _stepped(self, channel):
        operator_of = (lambda x: operator_at(self.problem, x)) if self.matrix_free else None
        trials = stepped(self.evaluate, self.state, self.limits, self.problem.functions, self.tr_solver, operator_of)
        count = 0
        for state, row in trials:
            self.state = state
            self._record(row[None])
            count += 1
            if channel is not None:
                channel.put(row)
                halted = channel.trials_allowed() == 0 and int(self.state.status) == radius.RUNNING
                if halted and not channel.wait():
                    self.halt(radius.USER_STOP)
            yield row[None]
            if int(self.state.status) != radius.RUNNING or self.stopped:
                break
        if not self.on_host:
            repeats.stepped(self, count)

    @property
    def stopped(self) -> bool:
        """Whether someone ended the fit."""
        return int(self.state.status) in (radius.USER_STOP, radius.CALLBACK_STOP)

    def halt(self, status: int) -> None:
        """End the fit here with this status; RUNNING lets it go on."""
        self.state = self.state._replace(status=jnp.asarray(status))

    def rescue(self, channel: Channel | None, status: int) -> None:
        """After an exception: end with this status, at the best point that the live program had reported."""
        seen = [] if channel is None else channel.rows[self.told + self.count :]
        for row in seen:
            self._record(row[None])
        accepted = [row for row in seen if row[FIELDS.index("outcome")] == ACCEPTED]
        if accepted:
            x = accepted[-1][len(FIELDS) :]
            state, _ = start_at(x, self.evaluate(x), self.limits, self.problem.functions)
            steps = accepted[-1][FIELDS.index("iteration")]
            self.state = state._replace(counts=jnp.array([self.count, 1 + steps, steps], int))
        self.halt(status)


def solve(
    run: Run,
    x0: np.ndarray,
    first: Evaluation,
    result_of: Callable,
    channel: Channel | None = None,
    on_rows: Callable | None = None,
    each_trial: bool = False,
):
    """result_of(solution) of the finished run.

    `channel` watches and may stop the fit; on_rows(run, rows) is called after each stretch of new rows and may halt the
    run. Whatever interrupts the fit (an exception of the model or of a callback, a keyboard interrupt) goes on to the
    caller, with the result so far in its attribute `result`.
    """
    run.begin(x0, first)
    with channel or contextlib.nullcontext():
        if channel is not None:
            run.told = len(channel.rows)
            channel.put(run.rows[0][0])
        try:
            if on_rows is not None:
                on_rows(run, run.rows[0])
            for rows in run.trials(channel, each_trial):
                if on_rows is not None:
                    on_rows(run, rows)
                if run.stopped:
                    break
        except (Exception, KeyboardInterrupt) as raised:  # noqa: BLE001  only given the best point, and raised again
            error = _what_was_raised(raised)
            if channel is not None:
                channel.stop()
            interrupted = isinstance(error, KeyboardInterrupt)
            run.rescue(channel, radius.USER_STOP if interrupted else radius.EXCEPTION)
            result = result_of(run.solution)
            with contextlib.suppress(AttributeError, TypeError):  # an exception may take no note, or no attribute
                error.add_note(f"trfkit: the best point so far is x = {result.x}, kept in this exception's `result`.")
                error.result = result
            raise error from error.__cause__
    return result_of(run.solution)


def _what_was_raised(error: BaseException) -> BaseException:
    """The exception that the user's code or keyboard raised, where something on the way has wrapped it.

    A generator turns StopIteration into RuntimeError (PEP 479), and XLA an interrupt during one of its callbacks into
    an error of its own.
    """
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
        return error.__cause__
    if isinstance(error, jax.errors.JaxRuntimeError) and "KeyboardInterrupt" in str(error):
        return KeyboardInterrupt()
    return error


def move_inside(x0: np.ndarray, lb: np.ndarray, ub: np.ndarray) -> np.ndarray:
    """x0 moved off the bounds by 1e-10 relative to them, as SciPy moves it; the same array where no bound is."""
    if not is_bounded(lb, ub):
        return x0
    return np.asarray(feasible_start(x0, lb, ub))
