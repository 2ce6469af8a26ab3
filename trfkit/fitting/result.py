"""What a fit returns: SciPy's fields, the trace, and how well the parameters are determined."""

import math
from collections.abc import Callable
from functools import cached_property, partial
from typing import NamedTuple

import jax
import numpy as np
from scipy.optimize import OptimizeResult

from ..core import radius
from ..core.bounds import active_constraints
from ..core.trf import FIELDS, Limits
from ..trace import Trace
from .inputs import is_bounded
from .solve import Solution

MOST_SAID = 3  # combinations in one sentence
EPS = float(np.finfo(float).eps)

active_at = jax.jit(active_constraints)


class Determination(NamedTuple):
    """What the triangle R says of the parameters, from the SVD of R with its columns scaled to one (never RᵀR).

    The scaling makes condition number and rank independent of the parameters' units (van der Sluis (1969): within √n of
    the least condition that any scaling of columns can reach).
    """

    scale: np.ndarray  # (n,) norms of the columns; 1 for a column of zeros
    singular_values: np.ndarray  # (n,) of R / scale, falling
    directions: np.ndarray  # (n, n) rows: unit vectors in scaled parameters, θ_scaled = scale ∘ θ, of the same order
    rank: int
    threshold: float  # the rank is the number of singular values above it

    @property
    def condition_number(self) -> float:
        """The first singular value over the last."""
        first, last = self.singular_values[0], self.singular_values[-1]
        return float(first / last) if last > 0 else np.inf

    @property
    def root(self) -> np.ndarray:
        """(n, rank): root rootᵀ is the inverse of JᵀJ on the directions that are determined."""
        kept = slice(self.rank)
        with np.errstate(over="ignore"):  # a standard error beyond what floats hold is infinite
            return self.directions[kept].T / self.singular_values[kept] / self.scale[:, None]

    @property
    def cov_x(self) -> np.ndarray:
        """(n, n) inverse of JᵀJ; inf throughout where the rank is deficient."""
        n = self.scale.size
        with np.errstate(over="ignore", invalid="ignore"):
            cov_x = self.root @ self.root.T
        return cov_x if self.rank == n and np.all(np.isfinite(cov_x)) else np.full((n, n), np.inf)


def determine(R: np.ndarray, m: int) -> Determination:
    """The determination of n parameters from the triangle R (n, n) of m rows."""
    n = R.shape[1]
    norms = np.sqrt((R * R).sum(axis=0))
    if not math.isfinite(norms.sum()) and not np.all(np.isfinite(R)):
        return Determination(np.ones(n), np.full(n, np.nan), np.full((n, n), np.nan), 0, np.nan)
    scale = np.where(norms > 0, norms, 1.0)
    _, s, Vt = np.linalg.svd(R / scale)
    threshold = max(m, n) * EPS * float(s[0])
    return Determination(scale, s, Vt, int(np.count_nonzero(s > threshold)), threshold)


def covariance(cov_x: np.ndarray, cost: float, m: int, absolute_sigma: bool) -> np.ndarray:
    """(n, n) covariance of the parameters; inf where rank or number of points do not determine it."""
    n = cov_x.shape[0]
    if absolute_sigma or not np.all(np.isfinite(cov_x)):
        return cov_x
    return cov_x * (2 * cost / (m - n)) if m > n else np.full((n, n), np.inf)


class LeastSquaresResult(OptimizeResult):
    """The result of a fit: an `OptimizeResult` with SciPy's fields and more.

    Besides x, cost, fun, jac, grad, optimality, active_mask, nfev, njev, status, message and success:

    trace               every trial point, accepted or rejected (`trfkit.trace.Trace`)
    cov_x               (n, n) inverse of JᵀJ at x, as `leastsq` returns it; inf where x is not determined
    pcov                cov_x times the reduced χ², 2 cost / (m − n), unless absolute_sigma: `curve_fit`'s covariance
    stderr              (n,) standard errors: the roots of its diagonal
    condition_number    of J with its columns scaled to one
    rank                numerical rank of the same
    weakest_direction   {parameter: component} of the direction that the data determine least, in scaled parameters
    parameter_names     names in the order of x
    m                   number of residuals that count
    triangle, qtf       R (n, n) and Qᵀf (n,) at x: JᵀJ = RᵀR and Jᵀf = Rᵀqtf
    notes               sentences about what a reader might not expect

    cov_x, pcov, stderr, condition_number, rank and weakest_direction are None where the Jacobian is never formed (very
    many parameters). Most of these are computed when first asked for.
    """

    def __init__(self, fields: dict, deferred: dict[str, Callable] | None = None):
        super().__init__(fields)
        object.__setattr__(self, "_deferred", deferred or {})

    def __missing__(self, key):
        """Compute a field that was put off."""
        if key not in self._deferred:
            raise KeyError(key)
        self[key] = self._deferred.pop(key)()
        return self[key]

    def complete(self) -> "LeastSquaresResult":
        """Itself, with every field computed."""
        for key in list(self._deferred):
            self[key]
        return self

    # A dictionary that computes on demand has to say so to everyone who would look past __getitem__.
    def __contains__(self, key):
        return key in self._deferred or super().__contains__(key)

    def __iter__(self):
        return super(LeastSquaresResult, self.complete()).__iter__()

    def __len__(self):
        return super().__len__() + len(self._deferred)

    def __or__(self, other):
        return dict(self.items()) | other

    def __ror__(self, other):
        return other | dict(self.items())

    def get(self, key, default=None):
        """The field, or the default where there is none."""
        return self[key] if key in self else default

    def keys(self):
        """The names of all fields."""
        return super(LeastSquaresResult, self.complete()).keys()

    def values(self):
        """The values of all fields."""
        return super(LeastSquaresResult, self.complete()).values()

    def items(self):
        """All fields."""
        return super(LeastSquaresResult, self.complete()).items()

    def copy(self) -> "LeastSquaresResult":
        """A result with the same fields."""
        return type(self)(dict(self.items()))

    def __repr__(self):
        shown = dict(self.items())
        shown["trace"] = f"{len(self.trace)} trial points"
        return OptimizeResult.__repr__(OptimizeResult(shown))

    def __reduce__(self):
        return type(self), (dict(self.items()),)


def combination(direction: np.ndarray, names) -> str:
    """The parts of a direction (n,) that matter, as a sum by name: "0.71 a - 0.7 tau"."""
    sizes = np.round(np.abs(direction), 6)  # equal ones stand in the order of the parameters
    order = [i for i in np.argsort(-sizes, kind="stable") if sizes[i] > 0.1][:4]
    direction = direction * np.sign(direction[order[0]]) if order else direction
    terms = "".join(f" {'-' if direction[i] < 0 else '+'} {abs(direction[i]):.2g} {names[i]}" for i in order)
    return terms.removeprefix(" + ").strip()


def _combinations(found: Determination, names) -> str:
    """The directions along which the cost does not change, each with its singular value."""
    undetermined = range(len(names) - 1, found.rank - 1, -1)
    said = [
        f"{combination(found.directions[i], names)} (singular value {found.singular_values[i]:.1e})"
        for i in undetermined
    ]
    more = f" and {len(said) - MOST_SAID} more" if len(said) > MOST_SAID else ""
    return "; ".join(said[:MOST_SAID]) + more


def doubts(found: Determination | None, names, active: np.ndarray, lb, ub) -> list[str]:
    """What is to be said against the standard errors."""
    notes = []
    if found is not None and found.rank < len(names):
        notes.append(
            f"The data determine only {found.rank} of {len(names)} combinations of the parameters; the cost does not "
            f"change along {_combinations(found, names)} (parameters scaled), so that the standard errors are infinite."
        )
    for i in np.flatnonzero(active)[:4]:
        side, bound = ("lower", lb[i]) if active[i] < 0 else ("upper", ub[i])
        notes.append(
            f"Parameter {names[i]} is at its {side} bound {bound:g}; its standard error takes no account of that."
        )
    return notes


class _Findings:
    """What follows from where a fit ended, each found when it is first asked for."""

    NAMES = (
        "active_mask", "cov_x", "pcov", "stderr", "condition_number", "rank", "weakest_direction", "triangle", "qtf",
        "notes", "trace",
    )  # fmt: skip

    def __init__(self, solution: Solution, names: tuple[str, ...], limits: Limits, notes, absolute_sigma: bool):
        self._solution = solution
        self._names = names
        self._limits = limits
        self._notes = notes
        self._absolute_sigma = absolute_sigma

    @cached_property
    def _found(self) -> Determination | None:
        J = self._solution.state.J
        return None if J is None else determine(np.asarray(J), int(self._limits.m))

    @cached_property
    def active_mask(self):
        x, limits = np.asarray(self._solution.state.x), self._limits
        if not is_bounded(limits.lb, limits.ub):
            return np.zeros(x.size, int)
        return np.asarray(active_at(x, limits.lb, limits.ub, float(limits.tolerances[1])), int)

    @cached_property
    def cov_x(self):
        return self._found and self._found.cov_x

    @cached_property
    def pcov(self):
        if self._found is None:
            return None
        return covariance(self.cov_x, float(self._solution.state.cost), int(self._limits.m), self._absolute_sigma)

    @property
    def stderr(self):
        return None if self._found is None else np.sqrt(np.diag(self.pcov))

    @property
    def condition_number(self):
        return self._found and self._found.condition_number

    @property
    def rank(self):
        return self._found and self._found.rank

    @property
    def weakest_direction(self):
        return self._found and dict(zip(self._names, self._found.directions[-1].tolist(), strict=True))

    @property
    def triangle(self):
        return self._found and np.asarray(self._solution.state.J)

    @property
    def qtf(self):
        return self._found and np.asarray(self._solution.state.f)

    @property
    def notes(self):
        lb, ub = self._limits.lb, self._limits.ub
        return *doubts(self._found, self._names, self.active_mask, lb, ub), *self._notes

    @property
    def trace(self):
        rows = self._solution.rows
        return Trace(rows, self._names if rows.shape[1] > len(FIELDS) else ())


def build_result(
    solution: Solution,
    names: tuple[str, ...],
    limits: Limits,
    deferred: dict[str, Callable],
    notes: tuple[str, ...],
    absolute_sigma: bool = False,
) -> LeastSquaresResult:
    """The result of a solution; `deferred` computes fun and jac when they are asked for."""
    state = solution.state
    status = int(state.status)
    nfev, njev, nit = np.asarray(state.counts).tolist()
    findings = _Findings(solution, names, limits, notes, absolute_sigma)
    fields = {
        "message": radius.MESSAGES[status],
        "success": status > 0,
        "status": status,
        "x": np.asarray(state.x),
        "cost": float(state.cost),
        "grad": np.asarray(state.g),
        "optimality": float(state.optimality),
        "nfev": nfev,
        "njev": njev,
        "nit": nit,
        "parameter_names": names,
        "m": int(limits.m),
    }
    return LeastSquaresResult(fields, deferred | {name: partial(getattr, findings, name) for name in findings.NAMES})
