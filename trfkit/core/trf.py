"""Trust-region-reflective least squares, as ask and tell.

    min ½‖f(x)‖²  subject to l ≤ x ≤ u

M. A. Branch, T. F. Coleman & Y. Li (1999), A subspace, interior, and conjugate gradient method for large-scale
bound-constrained minimization problems, SIAM J. Sci. Comput. 21, 1–23; in the form of SciPy's `trf`, whose iterates it
reproduces. The first-order conditions are D² g = 0 with D² = diag(v) of Coleman and Li; a Newton step on them, in the
scaled variables x = D x̂, is the trust-region subproblem

    min ½‖J_h p + f‖² + ½ pᵀ C p   subject to ‖p‖ ≤ Δ,      J_h = J D,  C = diag(g ∘ dv ∘ scale).

One step is one trial point:

    trial      = ask(state)            # where to look next
    evaluation = evaluate(trial.x)     # the only part that sees the model and the data
    state      = tell(state, trial, evaluation)

SciPy's nested loop (shrink until the cost falls) is flattened: a rejected trial keeps the linearisation and asks again
with a smaller region. ask and tell know n and nothing of m: compiled once per n, for every model.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from . import radius
from .bounds import make_strictly_feasible
from .evaluate import Evaluation
from .jit_functions import TrustRegionJITFunctions
from .lanes import where_needed
from .operators import scale_columns
from .step_selection import TRUST_REGION, Model
from .subproblem import newton_step, numerical_rank

SOLVERS = ("none", "SVD", "CG")
KINDS = ("start", "Gauss-Newton", "boundary", "reflected", "gradient", "truncated")
OUTCOMES = ("start", "accepted", "no decrease", "non-finite")
NONE, SVD, CG = range(3)
START, GAUSS_NEWTON, BOUNDARY, REFLECTED, GRADIENT, TRUNCATED = range(6)
ACCEPTED, NO_DECREASE, NON_FINITE = 1, 2, 3

THETA = 0.995  # the least fraction of the way to a bound that a step may go: Branch, Coleman & Li (1999), section 6


class Limits(NamedTuple):
    """What the user set; data, so that changing it compiles nothing."""

    lb: jax.Array  # (n,) −inf for none
    ub: jax.Array  # (n,) +inf for none
    scale_inv: jax.Array  # (n,) 1 / x_scale; only a floor of zeros where jac_scale
    jac_scale: Any  # bool: scale by the column norms of J, never letting a scale grow (x_scale='jac')
    tolerances: jax.Array  # (3,) ftol, xtol, gtol; 0 for off
    max_nfev: Any
    m: Any  # number of residuals, for the numerical rank


class State(NamedTuple):
    """What the next step needs."""

    # the best point so far and the model there
    x: jax.Array  # (n,)
    cost: jax.Array
    J: Any  # R (n, n), or None where the Jacobian is an operator
    f: jax.Array  # q (n,), or the scaled residuals (m,)
    g: jax.Array  # (n,)
    scale_inv: jax.Array  # (n,)
    optimality: jax.Array  # ‖v ∘ g‖∞
    # the region
    Delta: jax.Array
    alpha: jax.Array  # where the secular equation starts
    interior: jax.Array  # the last step was not limited by the region: SVD's turn in 'hybrid'
    # the counts
    counts: jax.Array  # (3,) nfev, njev, accepted steps
    status: jax.Array


class Trial(NamedTuple):
    """A point to evaluate, and how it was found."""

    x: jax.Array  # (n,) strictly inside the bounds
    step_norm: jax.Array  # in x
    step_h_norm: jax.Array  # in hat space
    predicted_reduction: jax.Array
    subproblem: "Subproblem"
    kind: jax.Array


class Subproblem(NamedTuple):
    """A solution of the subproblem, whoever found it."""

    p_h: jax.Array  # (n,)
    alpha: jax.Array
    on_boundary: jax.Array
    solver: jax.Array  # SVD or CG
    cg_iterations: jax.Array
    condition_number: jax.Array  # of [J_h ; C^½]; nan from CG
    rank: jax.Array  # of the same


class Hat(NamedTuple):
    """Hat space at a state: x = x_k + d ∘ x̂."""

    d: jax.Array  # (n,) the scaling D
    diag_h: jax.Array  # (n,) the Coleman–Li diagonal C
    optimality: jax.Array  # ‖v ∘ g‖∞


class StepInfo(NamedTuple):
    """What a reader wants to know of one trial; one row of the trace."""

    iteration: jax.Array  # accepted steps so far
    nfev: jax.Array
    cost: jax.Array  # at the trial point
    predicted_reduction: jax.Array
    actual_reduction: jax.Array
    ratio: jax.Array
    Delta: jax.Array  # before
    Delta_new: jax.Array  # after
    alpha: jax.Array
    step_norm: jax.Array
    optimality: jax.Array  # at the best point so far
    solver: jax.Array  # index into SOLVERS
    cg_iterations: jax.Array
    kind: jax.Array  # index into KINDS
    outcome: jax.Array  # index into OUTCOMES
    condition_number: jax.Array
    rank: jax.Array


FIELDS = StepInfo._fields


def pack(info: StepInfo, x: jax.Array) -> jax.Array:
    """One row (17 + n,): the fields of StepInfo, then the trial point."""
    return jnp.concatenate([jnp.stack([jnp.asarray(v, x.dtype) for v in info]), x])


def _column_scale(J, scale_inv):
    """SciPy's 'jac' scale: column norms of J, never below those seen before; a zero column counts as one at first."""
    norms = jnp.linalg.norm(J, axis=0)
    return jnp.where(scale_inv == 0, jnp.where(norms == 0, 1.0, norms), jnp.maximum(norms, scale_inv))


def _scaling(state_x, g, scale_inv, limits: Limits, functions):
    """(v, dv, ‖v ∘ g‖∞) with v in the units of x."""
    v, dv = functions.coleman_li_scaling(state_x, g, limits.lb, limits.ub)
    return v, dv, jnp.max(jnp.abs(v * g))


def _hat_space(v, dv, scale_inv):
    """D = diag(d) that takes hat space to x."""
    return jnp.sqrt(jnp.where(dv != 0, v * scale_inv, v)) / scale_inv


@partial(jax.jit, static_argnames="functions")
def start(x, evaluation: Evaluation, limits: Limits, functions: TrustRegionJITFunctions):
    """(state, row) of the start x (n,), which must lie strictly inside the bounds; Δ₀ = ‖D⁻¹ x₀‖, or 1 for x₀ = 0."""
    _, xtol, gtol = limits.tolerances
    scale_inv = limits.scale_inv
    if evaluation.J is not None:
        scale_inv = jnp.where(limits.jac_scale, _column_scale(evaluation.J, jnp.zeros_like(x)), scale_inv)
    v, dv, optimality = _scaling(x, evaluation.g, scale_inv, limits, functions)
    Delta = jnp.linalg.norm(x / _hat_space(v, dv, scale_inv))
    Delta = jnp.where(Delta == 0, 1.0, Delta)
    status = jnp.where((optimality < gtol) | (optimality == 0), radius.GTOL, radius.RUNNING)
    status = jnp.where((status == radius.RUNNING) & (limits.max_nfev <= 1), radius.MAX_NFEV, status)
    counts = jnp.array([1, 1, 0])
    zero, nan = jnp.zeros_like(Delta), jnp.full_like(Delta, jnp.nan)
    state = State(x, *evaluation[:4], scale_inv, optimality, Delta, zero, jnp.asarray(False), counts, status)
    info = StepInfo(0, 1, state.cost, nan, nan, nan, Delta, Delta, zero, zero, optimality, NONE, 0, START, 0, nan, nan)
    return state, pack(info, x)


def _by_svd(J, f, d, diag_h, state: State, limits: Limits, functions) -> Subproblem:

    def bounded(f, J, d, root):
        return functions.svd_bounds(f, J, d, jnp.diag(root), jnp.zeros_like(root))[2:]

    def unbounded(f, J, d, root):
        return functions.svd_no_bounds(J, d, f)[2:]

    root = jnp.sqrt(diag_h)
    s, V, uf = where_needed(jnp.any(root > 0), bounded, unbounded, f, J, d, root)
    p_h, alpha, on_boundary, _ = functions.solve_tr_subproblem_exact(s, V, uf, state.Delta, state.alpha, limits.m)
    condition = jnp.where(s[-1] > 0, s[0] / jnp.where(s[-1] > 0, s[-1], 1.0), jnp.inf)
    rank = numerical_rank(s, limits.m)
    return Subproblem(p_h, alpha, on_boundary, jnp.asarray(SVD), jnp.asarray(0), condition, rank.astype(f.dtype))


def _by_cg(J, f, d, diag_h, state: State, functions) -> tuple[Subproblem, jax.Array]:
    root = jnp.sqrt(diag_h)
    zeros, zero, nan = jnp.zeros_like(root), jnp.zeros_like(state.Delta), jnp.full_like(state.Delta, jnp.nan)
    solution = lax.cond(
        jnp.any(root > 0),
        lambda: functions.solve_tr_subproblem_cg_bounds(J, f, d, root, zeros, state.Delta, zero),
        lambda: functions.solve_tr_subproblem_cg(J, f, d, state.Delta, zero),
    )
    found = Subproblem(solution.p, solution.alpha, solution.on_boundary, jnp.asarray(CG), solution.iterations, nan, nan)
    return found, solution.converged


def _solve_subproblem(J, f, d, diag_h, state, limits, functions, tr_solver) -> Subproblem:
    """'svd', 'cg', 'hybrid' (CG far away, SVD once the region has stopped binding), 'budget' (SVD where CG ran out) or
    'newton' (SVD where the Gauss–Newton step is not the answer; rank and condition are then not known)."""

    def by_svd():
        return _by_svd(J, f, d, diag_h, state, limits, functions)

    def by_cg():
        return _by_cg(J, f, d, diag_h, state, functions)[0]

    if tr_solver == "svd":
        return by_svd()
    if tr_solver == "newton":
        p_h, trusted = newton_step(scale_columns(J, d), f, state.Delta, limits.m)
        nan = jnp.full_like(state.Delta, jnp.nan)
        newton = Subproblem(p_h, jnp.zeros_like(nan), ~trusted, jnp.asarray(SVD), jnp.asarray(0), nan, nan)
        return lax.cond(trusted & jnp.all(diag_h == 0), lambda: newton, by_svd)
    if tr_solver == "cg":
        return by_cg()
    if tr_solver == "hybrid":
        return lax.cond(state.interior, by_svd, by_cg)
    found, converged = _by_cg(J, f, d, diag_h, state, functions)
    return lax.cond(converged, lambda: found, by_svd)


def solve(state: State, limits: Limits, functions, tr_solver: str, operator=None) -> tuple[Subproblem, Hat]:
    """The first half of `ask`: the subproblem, solved in hat space."""
    v, dv, optimality = _scaling(state.x, state.g, state.scale_inv, limits, functions)
    hat = Hat(_hat_space(v, dv, state.scale_inv), state.g * dv / state.scale_inv, optimality)
    J = state.J if operator is None else operator
    return _solve_subproblem(J, state.f, hat.d, hat.diag_h, state, limits, functions, tr_solver), hat


def select(state: State, found: Subproblem, hat: Hat, limits: Limits, functions, operator=None) -> Trial:
    """The second half of `ask`: of the steps that `found` leads to, the one to try."""
    J_h = scale_columns(state.J if operator is None else operator, hat.d)
    g_h = functions.compute_grad_hat(state.g, hat.d)
    # SciPy's measure of how close the end is has the units of the gradient; with the columns of J_h scaled to one there
    # is one without: the largest cosine between a column and f.
    cosine = jnp.max(jnp.abs(g_h)) / jnp.sqrt(jnp.maximum(2.0 * state.cost, jnp.finfo(g_h.dtype).tiny))
    distance = jnp.where(limits.jac_scale, cosine, hat.optimality)
    model = Model(J_h, g_h, hat.diag_h, hat.d, state.Delta, jnp.maximum(THETA, 1.0 - distance))
    step_h, predicted, which = functions.select_step(functions, state.x, found.p_h, model, limits.lb, limits.ub)
    step = hat.d * step_h
    x = functions.make_strictly_feasible(state.x + step, limits.lb, limits.ub, rstep=0)
    whole = jnp.where(found.on_boundary, BOUNDARY, GAUSS_NEWTON)
    kind = jnp.where(which == TRUST_REGION, whole, jnp.array([0, TRUNCATED, REFLECTED, GRADIENT])[which])
    return Trial(x, jnp.linalg.norm(step), jnp.linalg.norm(step_h), predicted, found, kind)


@partial(jax.jit, static_argnames=("functions", "tr_solver"))
def ask(state: State, limits: Limits, functions: TrustRegionJITFunctions, tr_solver: str, operator=None) -> Trial:
    """The next point to evaluate; `operator` is J where the state holds none."""
    found, hat = solve(state, limits, functions, tr_solver, operator)
    return select(state, found, hat, limits, functions, operator)


def _refines(state: State, trial: Trial, evaluation: Evaluation, actual, limits: Limits, functions):
    """(refined, shortened): whether a step below the rounding of the cost is worth taking, and going on from.

    There the cost can't tell two points apart any more, but the gradient can: it is known to ε, the cost only to ε of a
    number that is quadratic in the distance. Following the gradient down doubles the digits of x.
    """
    level = radius.noise_level(state.cost.dtype) * state.cost
    noise = (trial.predicted_reduction <= level) & (jnp.abs(actual) <= level)
    v, dv, _ = _scaling(state.x, state.g, state.scale_inv, limits, functions)
    d = _hat_space(v, dv, state.scale_inv)
    before, after = (jnp.linalg.norm(functions.compute_grad_hat(g, d)) for g in (state.g, evaluation.g))
    return noise & (after < before), after < radius.REFINING * before


@partial(jax.jit, static_argnames="functions")
def tell(state: State, trial: Trial, evaluation: Evaluation, limits: Limits, functions: TrustRegionJITFunctions):
    """(state, row): take the trial or leave it, set the next radius, and see whether that was the last."""
    ftol, xtol, gtol = limits.tolerances
    finite = evaluation.finite & ~jnp.isnan(evaluation.cost)
    actual = jnp.where(finite, state.cost - evaluation.cost, -jnp.inf)
    refined, shortened = _refines(state, trial, evaluation, actual, limits, functions)
    accepted = (actual > 0) | (finite & refined)
    Delta, ratio = functions.update_tr_radius(state.Delta, actual, trial.predicted_reduction, trial.step_h_norm)

    # With x_scale='jac' lengths are measured in the units of f, so that those of the parameters do not matter.
    weights = jnp.where(limits.jac_scale, state.scale_inv, 1.0)
    step_norm, x_norm = jnp.linalg.norm(weights * (trial.x - state.x)), jnp.linalg.norm(weights * state.x)
    stop = functions.check_termination(
        actual, trial.predicted_reduction, state.cost, step_norm, x_norm, ratio, ftol, xtol
    )
    # Where nothing is finite the region shrinks onto x, by quarters, until it holds no other number.
    real = jnp.finfo(x_norm.dtype)
    cornered = step_norm <= jnp.maximum(radius.CORNERED * real.eps * x_norm, jnp.sqrt(real.tiny))
    stop = jnp.where(finite, stop, jnp.where(cornered, radius.NOT_FINITE, radius.RUNNING))
    stop = jnp.where((stop == radius.AT_ROUNDING) & accepted & shortened, radius.RUNNING, stop)
    Delta = jnp.where(finite & refined, state.Delta, Delta)  # ρ is noise there

    def take(new, old):
        return jax.tree.map(lambda a, b: jnp.where(accepted, a, b), new, old)

    x, cost, J, f, g = take((trial.x, *evaluation[:4]), (state.x, state.cost, state.J, state.f, state.g))
    scale_inv = state.scale_inv
    if J is not None:
        scale_inv = jnp.where(limits.jac_scale & accepted, _column_scale(J, scale_inv), scale_inv)
    _, _, optimality = _scaling(x, g, scale_inv, limits, functions)

    counts = state.counts + jnp.where(accepted, jnp.array([1, 1, 1]), jnp.array([1, 0, 0]))
    status = jnp.where(accepted & ((optimality < gtol) | (optimality == 0)), radius.GTOL, stop)
    status = jnp.where((status == radius.RUNNING) & (counts[0] >= limits.max_nfev), radius.MAX_NFEV, status)
    # After a trial that was not finite α stays, as in SciPy; else it follows the radius, α Δ being nearly constant.
    found = trial.subproblem
    alpha = jnp.where(finite, found.alpha * state.Delta / Delta, found.alpha)
    interior = ~found.on_boundary | ~accepted
    outcome = jnp.where(finite, jnp.where(accepted, ACCEPTED, NO_DECREASE), NON_FINITE)
    info = StepInfo(
        counts[2], counts[0], evaluation.cost, trial.predicted_reduction, actual, ratio, state.Delta, Delta,
        found.alpha, trial.step_norm, optimality, found.solver, found.cg_iterations, trial.kind, outcome,
        found.condition_number, found.rank,
    )  # fmt: skip
    new = State(x, cost, J, f, g, scale_inv, optimality, Delta, alpha, interior, counts, status)
    return new, pack(info, trial.x)


@jax.jit
def feasible_start(x, lb, ub):
    """x0 (n,) moved off the bounds, by 1e-10 relative to them, as SciPy moves it."""
    return make_strictly_feasible(x, lb, ub)
