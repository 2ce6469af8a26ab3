"""After a trial: how far to trust the model next, and whether to stop.

The reduction ratio is ρ = actual / predicted reduction. Radius rule: Moré (1978), section 4; Conn, Gould & Toint
(2000), Trust-Region Methods, algorithm 6.1.1 with η₁ = ¼, η₂ = ¾.
"""

import jax
import jax.numpy as jnp

SHRINK_BELOW, GROW_ABOVE = 0.25, 0.75  # of ρ
SHRINK, GROW = 0.25, 2.0
ON_BOUNDARY = 0.95  # of Δ: a step this long was limited by the region
ROUNDING = 16.0  # a reduction of this many ε of the cost is noise of its own summation
CORNERED = 4.0  # a step of this many ε of x is the last that, cut to a quarter, still leads elsewhere
REFINING = 0.9  # at that level a step must shorten the gradient to this much, or the fit is over

# Statuses 4 … -2 are SciPy's; the rest are ours.
RUNNING = -99
MAX_NFEV, GTOL, FTOL, XTOL, FTOL_AND_XTOL, AT_ROUNDING = 0, 1, 2, 3, 4, 5
CALLBACK_STOP, USER_STOP, NOT_FINITE, EXCEPTION = -2, -3, -4, -5

MESSAGES = {
    EXCEPTION: "Stopped by an exception; the best point so far is kept.",
    NOT_FINITE: "Stopped because the model is not finite at any point near the best one.",
    USER_STOP: "Stopped by the user; the best point so far is kept.",
    CALLBACK_STOP: "Stopped because `callback` function raised `StopIteration` or returned `True`",
    MAX_NFEV: "The maximum number of function evaluations is exceeded.",
    GTOL: "`gtol` termination condition is satisfied.",
    FTOL: "`ftol` termination condition is satisfied.",
    XTOL: "`xtol` termination condition is satisfied.",
    FTOL_AND_XTOL: "Both `ftol` and `xtol` termination conditions are satisfied.",
    AT_ROUNDING: "No step can reduce the cost by more than its rounding error.",
}


def noise_level(dtype) -> float:
    """The relative change of cost that its own rounding can feign."""
    return ROUNDING * float(jnp.finfo(dtype).eps)


def reduction_ratio(actual: jax.Array, predicted: jax.Array) -> jax.Array:
    """ρ; 1 where neither the model nor the cost moved, 0 where the model predicted no reduction."""
    still = (predicted == 0) & (actual == 0)
    return jnp.where(predicted > 0, actual / jnp.where(predicted > 0, predicted, 1.0), jnp.where(still, 1.0, 0.0))


def update_tr_radius(Delta: jax.Array, actual: jax.Array, predicted: jax.Array, step_norm: jax.Array):
    """(Δ, ρ): a quarter of the step after ρ < ¼, twice the radius after ρ > ¾ at the boundary, else unchanged.

    All lengths are in hat space. A trial that was not finite has actual = −inf, so that the region shrinks.
    """
    ratio = reduction_ratio(actual, predicted)
    grown = jnp.where((ratio > GROW_ABOVE) & (step_norm > ON_BOUNDARY * Delta), GROW * Delta, Delta)
    return jnp.where(ratio < SHRINK_BELOW, SHRINK * step_norm, grown), ratio


def check_termination(actual, predicted, cost, step_norm, x_norm, ratio, ftol, xtol) -> jax.Array:
    """Status after a finite trial: FTOL, XTOL, both, AT_ROUNDING, or RUNNING. A tolerance of 0 is switched off.

    ftol: the cost fell by less than ftol·cost in a step that the model foretold (ρ > ¼).
    xtol: ‖step‖ < xtol (xtol + ‖x‖).
    At rounding: the predicted reduction, which for a Gauss–Newton step is the squared relative offset of Bates & Watts
    (1981) and so free of units, is below what the summed cost can resolve.
    """
    ftol_met = (actual < ftol * cost) & (ratio > SHRINK_BELOW)
    xtol_met = step_norm < xtol * (xtol + x_norm)
    rounding = predicted <= noise_level(cost.dtype) * cost
    tolerance = jnp.where(ftol_met & xtol_met, FTOL_AND_XTOL, jnp.where(ftol_met, FTOL, XTOL))
    return jnp.where(ftol_met | xtol_met, tolerance, jnp.where(rounding, AT_ROUNDING, RUNNING))
