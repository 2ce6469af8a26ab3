"""`TrustRegionJITFunctions`: every primitive of a trust-region step, jitted once, swappable one by one.

The names and semantics of the first ten follow NLSQ's class of the same name, so that code written for it finds its
way; the rest are what Branch–Coleman–Li needs besides. All take any J (m, n) and f (m,): the solver hands them the
triangle R and q = Qᵀf instead, which is the same problem in n rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from . import bounds, conjugate_gradient, quadratics, radius, step_selection, subproblem
from .operators import append_rows, rmatvec, scale_columns


@jax.jit
def default_loss_func(f: jax.Array) -> jax.Array:
    """½ fᵀf."""
    return 0.5 * (f @ f)


@jax.jit
def compute_grad(J: jax.Array, f: jax.Array) -> jax.Array:
    """g = Jᵀf, shape (n,)."""
    return rmatvec(J, f)


@jax.jit
def compute_grad_hat(g: jax.Array, d: jax.Array) -> jax.Array:
    """g_h = d ∘ g: the gradient with respect to the scaled variables."""
    return d * g


def _decompose(J_h, A, f):
    U, s, V = subproblem.svd(A)
    return J_h, U, s, V, U.T @ f


@jax.jit
def svd_no_bounds(J: jax.Array, d: jax.Array, f: jax.Array):
    """(J_h, U, s, V, Uᵀf) of J_h = J diag(d) = U diag(s) Vᵀ."""
    J_h = scale_columns(J, d)
    return _decompose(J_h, J_h, f)


@jax.jit
def svd_bounds(f: jax.Array, J: jax.Array, d: jax.Array, J_diag: jax.Array, f_zeros: jax.Array):
    """(J_h, U, s, V, Uᵀ[f ; f_zeros]) of [J_h ; J_diag]; J_diag (n, n) are the Coleman–Li rows, J_h is without them."""
    J_h = scale_columns(J, d)
    return _decompose(J_h, append_rows(J_h, J_diag), jnp.concatenate([f, f_zeros]))


@jax.jit
def calculate_cost(rho: jax.Array, data_mask: jax.Array) -> jax.Array:
    """½ Σ ρ₀ over the rows whose data_mask (m,) is True; rho is (3, m): ρ, ρ', ρ''."""
    return 0.5 * jnp.sum(jnp.where(data_mask, rho[0], 0.0))


@jax.jit
def check_isfinite(f: jax.Array) -> jax.Array:
    """True if every component is finite."""
    return jnp.all(jnp.isfinite(f))


conjugate_gradient_solve = jax.jit(conjugate_gradient.conjugate_gradient_solve)
solve_tr_subproblem_cg = jax.jit(conjugate_gradient.solve_tr_subproblem_cg)
solve_tr_subproblem_cg_bounds = jax.jit(conjugate_gradient.solve_tr_subproblem_cg_bounds)
solve_tr_subproblem_exact = jax.jit(subproblem.solve_tr_subproblem_exact)
coleman_li_scaling = jax.jit(bounds.coleman_li_scaling)
in_bounds = jax.jit(bounds.in_bounds)
step_size_to_bound = jax.jit(bounds.step_size_to_bound)
make_strictly_feasible = jax.jit(bounds.make_strictly_feasible, static_argnames="rstep")
intersect_trust_region = jax.jit(quadratics.intersect_trust_region)
evaluate_quadratic = jax.jit(quadratics.evaluate_quadratic)
build_quadratic_1d = jax.jit(quadratics.build_quadratic_1d)
minimize_quadratic_1d = jax.jit(quadratics.minimize_quadratic_1d)
select_step = jax.jit(step_selection.select_step, static_argnames="functions")
update_tr_radius = jax.jit(radius.update_tr_radius)
check_termination = jax.jit(radius.check_termination)


@dataclass(frozen=True)
class TrustRegionJITFunctions:
    """The primitives that a solver is made of.

    Every default is one module-level jitted function, so a new instance compiles nothing and two instances share
    everything. Swap a field to change the method, in a real fit::

        timid = dataclasses.replace(TrustRegionJITFunctions(), update_tr_radius=my_rule)
        trfkit.least_squares(fun, x0, tr_options={"functions": timid})

    The solver calls every field but `conjugate_gradient_solve`, which is there to follow p(α) along α.
    """

    # cost, gradient, decomposition
    default_loss_func: Callable = default_loss_func
    compute_grad: Callable = compute_grad
    compute_grad_hat: Callable = compute_grad_hat
    svd_no_bounds: Callable = svd_no_bounds
    svd_bounds: Callable = svd_bounds
    calculate_cost: Callable = calculate_cost
    check_isfinite: Callable = check_isfinite
    # the step inside the region
    conjugate_gradient_solve: Callable = conjugate_gradient_solve
    solve_tr_subproblem_cg: Callable = solve_tr_subproblem_cg
    solve_tr_subproblem_cg_bounds: Callable = solve_tr_subproblem_cg_bounds
    solve_tr_subproblem_exact: Callable = solve_tr_subproblem_exact
    # bounds
    coleman_li_scaling: Callable = coleman_li_scaling
    in_bounds: Callable = in_bounds
    step_size_to_bound: Callable = step_size_to_bound
    make_strictly_feasible: Callable = make_strictly_feasible
    # the quadratic model along a line
    intersect_trust_region: Callable = intersect_trust_region
    evaluate_quadratic: Callable = evaluate_quadratic
    build_quadratic_1d: Callable = build_quadratic_1d
    minimize_quadratic_1d: Callable = minimize_quadratic_1d
    # decisions
    select_step: Callable = select_step
    update_tr_radius: Callable = update_tr_radius
    check_termination: Callable = check_termination


FUNCTIONS = TrustRegionJITFunctions()  # the method itself, with nothing swapped
