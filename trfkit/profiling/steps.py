"""The steps of a fit, driven part by part: ask in two halves, evaluate, tell, each waited for and timed."""

import contextlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from ..core import radius, trf
from ..core.drivers import evaluate_problem, start_at
from ..core.evaluate import Evaluation
from ..core.programs import Program
from ..core.shares import evaluate_shares, shares
from ..core.trf import FIELDS, SOLVERS, State
from ..fitting.fit import HOST_NOTES, StartNotFinite, check_loss_shape, jacobian_at, resolve_tr_solver, traceable_loss
from ..fitting.joint import Joint
from ..fitting.progress import Observer, summary
from ..fitting.result import LeastSquaresResult, build_result
from ..fitting.solve import MOST_PARAMETERS_TRACED, Solution, move_inside
from .clock import DATA_PASS, HOST, SELECTION, START, SUBPROBLEM, TELL, TRIAL, Clock

solve, select, tell = map(Program, (trf.solve, trf.select, trf.tell))
done = jax.block_until_ready


class Steps:
    """One fit of a `Joint`, by the stepped driver's steps; `told(trials)` is called after each."""

    def __init__(self, joint: Joint, clock: Clock, told: Callable | None = None):
        self.joint, self.clock, self._told = joint, clock, told
        settings = joint.settings
        self.x0 = move_inside(joint.x0, joint.lb, joint.ub)
        self.problem = joint.to_run
        self.on_host = self.problem is None
        if self.on_host:
            joint.check_models()
            self.problem = joint.on_host()
        elif self.problem.loss is not settings.loss:
            check_loss_shape(settings, joint.residuals(self.x0))
        self._shares = [] if self.on_host else shares(self.problem, self.x0.size)
        self.points = joint.points + len(joint.known)
        self._limits = settings.limits._replace(m=float(self.points))
        self.tr_solver = resolve_tr_solver(settings.tr_solver, self.x0.size, False)
        self._observer = Observer(settings.callback, settings.verbose, joint.fun)
        self.state: State | None = None
        self.rows: list[np.ndarray] = []
        self._running = False
        if not self.on_host:
            done(self.problem)  # its data may be on their way to the device

    def run(self) -> None:
        """From the start to the end."""
        with self.joint.settings.channel or contextlib.nullcontext():
            self._start()
            while self._running:
                self._trial()

    def halt(self, status: int) -> None:
        """End the fit here; what an `Observer` asks of a run."""
        self.state = self.state._replace(status=jnp.asarray(status))

    def _start(self):
        part, functions = self.clock.part, self.problem.functions
        with self.clock.stretch(START):
            with part(DATA_PASS):
                first = done(self._first())
            with part(HOST):
                self._check(first)
            with part(TELL):
                self.state, row = done(start_at(self.x0, first, self._limits, functions))
            with part(HOST):
                self._record(row)

    def _trial(self):
        part, functions, limits = self.clock.part, (self.problem.functions,), self._limits
        with self.clock.stretch(TRIAL) as stretch:
            with part(SUBPROBLEM):
                found, hat = done(solve(self.state, limits, static=(*functions, self.tr_solver)))
            with part(SELECTION):
                trial = done(select(self.state, found, hat, limits, static=functions))
            with part(DATA_PASS):
                evaluation = done(self._evaluate(trial.x))
            with part(TELL):
                self.state, row = done(tell(self.state, trial, evaluation, limits, static=functions))
            with part(HOST):
                stretch.solver = self._record(row)
                del found, hat, trial, evaluation, row  # which takes as long as a call

    def _first(self) -> Evaluation:
        if not self.on_host:
            return self._evaluate(self.x0)
        f = self.problem.first_residuals(self.x0)
        check_loss_shape(self.joint.settings, f)
        with np.errstate(all="ignore"):
            return self.problem.first_evaluation(self.x0, f, self.problem.evaluate_jacobian(self.x0, f))

    def _evaluate(self, x) -> Evaluation:
        if self.on_host:
            return self.problem.evaluate(x, self.state)
        return evaluate_shares(self._shares, x) if self._shares else evaluate_problem(self.problem, x)

    def _check(self, first: Evaluation):
        """Raise ValueError where the fit cannot start."""
        if not bool(first.finite) or not np.isfinite(float(first.cost)):
            J = self.problem.jacobian if self.on_host else jacobian_at(self.problem, self.x0)
            raise StartNotFinite(self.joint.not_finite(self.x0, J if isinstance(J, np.ndarray) else None))

    def _record(self, row) -> str:
        """Keep a row and tell those who watch; the solver of the row."""
        row, channel = np.asarray(row), self.joint.settings.channel
        info = len(FIELDS)
        row = row if row.size - info <= MOST_PARAMETERS_TRACED else row[:info]
        self.rows.append(row)
        self._observer(self, row[None])
        if channel is not None:
            channel.put(row)
            if int(self.state.status) == radius.RUNNING and channel.trials_allowed() == 0 and not channel.wait():
                self.halt(radius.USER_STOP)
        self._running = int(self.state.status) == radius.RUNNING
        if self._told is not None:
            self._told(len(self.rows) - 1)
        return SOLVERS[int(row[FIELDS.index("solver")])]

    def result(self) -> LeastSquaresResult:
        """What was found, as the fit itself returns it."""
        joint, x = self.joint, np.asarray(self.state.x)
        deferred = {"fun": lambda: joint.fun(x), "jac": lambda: joint.jacobian(x)}
        solution = Solution(self.state, np.array(self.rows))
        result = build_result(solution, joint.names, self._limits, deferred, self._notes, joint.absolute_sigma)
        if joint.settings.verbose >= 1:
            print(summary(result, float(self.rows[0][FIELDS.index("cost")])))
        return result

    @property
    def _notes(self) -> tuple[str, ...]:
        settings = self.joint.settings
        if not self.on_host:
            return settings.notes
        reason = "loss" if traceable_loss(settings.loss) is None else "function"
        return *settings.notes, HOST_NOTES["differences" if settings.jac_sparsity is not None else reason]
