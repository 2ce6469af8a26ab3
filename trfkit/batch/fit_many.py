"""`trfkit.fit_many`: one model fitted to many curves, each by itself, all in batch."""

import contextlib
from collections.abc import Callable

import jax
import numpy as np

from ..core import radius
from ..fitting.many import FEWEST_LANES, Many, goes_on
from ..results.data_sets import as_model
from ..results.start import Wishes
from .batch import Batch
from .curves import Curves
from .errors import errors
from .many_result import TOO_FEW_POINTS, ManyResult


def fit_many(
    model, x, y, start=None, *, sigma=None, absolute_sigma=False, mask=None, fixed=(), bounds=None, ties=None,
    priors=None, nan_policy="raise", dtype=None, chunk=None, progress=None, **options,
) -> ManyResult:  # fmt: skip
    """Fit a model to each of many curves by least squares, all in batch, and return a `ManyResult`.

        decays = fit_many("a*exp(-x/tau) + c", t, images, bounds={"tau": (0.1, 100)}, nan_policy="omit")
        decays["tau"], decays.stderr_of("tau")      # arrays over the fits

    model       as of `trfkit.fit`: a `trfkit.models.Model`, a function f(x, a, b, …), or a text
    x, y        y is (…, m): m points, and any axes before them, which the results have, too. x is (m,) or (k, m) for
                all fits, or has the axes of the fits before it
    start       {parameter: value}, values in order (K,) or (…, K), or `Parameters`. What is not given is guessed: from
                its own data where the fits are 64 or fewer, else from 64 of them, and each begins with the guess that
                is nearest to its data
    sigma       standard errors of y: a number, (m,) or (…, m); `absolute_sigma` says that they are known in size
    mask        (m,) or (…, m) of bool, True for the points that count
    nan_policy  "omit" leaves out points with a NaN in x, y or sigma, each of the fits its own; "raise" refuses them
    fixed       parameters to hold: names, or {name: value}
    bounds      {name: (low, high)}, in place of the model's own; None for no bound
    ties        {name: expression in other parameters}
    priors      {name: (mean, sigma)}
    dtype       float64, or float32 for speed: values then differ by a thousandth of a standard error or less, a
                hundredth at worst, as long as the noise is above 1e-4 of the data. Where x or a parameter is 1e4 times
                what it varies by, subtract an offset first
    chunk       how many fits at a time, to the next power of 2; as many as are fast unless given. Memory beyond the
                data and the results is that of a chunk. Where it cannot be had, fewer are made at a time
    progress    progress(done, total) is called after each chunk. Where it raises StopIteration the fits so far are
                kept, and the others have the status of fits that were stopped; anything else that it raises goes
                through, with the result so far in the exception's attribute `result`, as has a KeyboardInterrupt

    A value of `start`, `fixed` or an end of `bounds` may be a number for all fits, or an array over them; where it is
    NaN that fit is not made. Other keywords are those of `least_squares`: loss, f_scale, xtol, max_nfev, …

    A fit that fails has a status ≤ 0 and NaN for values and errors: never a wrong number. Models that JAX cannot trace
    are fitted one by one. Raises ValueError for what cannot be fitted, naming the fit, the parameter and what to try.
    """
    dtype = np.dtype(float if dtype is None else dtype)
    if dtype not in (np.dtype(np.float64), np.dtype(np.float32)):
        raise ValueError(f"`dtype` must be float64 or float32, got {dtype}.")
    if chunk is not None and (isinstance(chunk, bool) or not isinstance(chunk, int | np.integer) or chunk < 1):
        raise ValueError(f"`chunk` must be a positive whole number of fits, got {chunk!r}.")
    model, wishes = as_model(model), Wishes(start, fixed, bounds, ties, priors)
    curves = Curves(model, x, y, sigma, mask, nan_policy)
    batch = Batch.of(model, curves, wishes, bool(absolute_sigma), options, dtype)
    ends = _Ends(batch)
    try:
        ends.make(batch.at_once(chunk), progress)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  only given the fits so far, and raised again
        with contextlib.suppress(AttributeError, TypeError):  # an exception may take no note, or no attribute
            error.add_note(f"trfkit: {ends.done} of {ends.total} fits were made, kept in this exception's `result`.")
            error.result = ends.result
        raise
    return ends.result


class _Ends:
    """Where the fits ended, filled in chunk by chunk; those that are not made yet are stopped ones."""

    def __init__(self, batch: Batch):
        self.batch, self.done, self.total = batch, 0, batch.curves.count
        self.remarks = list(batch.remarks)
        B, K, n = self.total, len(batch.joint.parameters), len(batch.joint.names)
        self.values, self.stderr, self.last_values = (np.full((B, K), np.nan) for _ in range(3))
        self.covariance = np.full((B, n, n), np.nan)
        self.cost, self.reduced_chi_square, self.condition_number = (np.full(B, np.nan) for _ in range(3))
        self.status, self.nfev, self.rank = np.full(B, radius.USER_STOP), np.zeros(B, int), np.zeros(B, int)

    def make(self, at_once: int, progress: Callable | None) -> None:
        """Make the fits, so many at a time, fewer where memory is too small for that."""
        while self.done < self.total:
            try:
                for found in self.batch.fits(self.done, at_once):
                    self._take(found)
                    if not goes_on(progress, self.done, self.total):
                        self.remarks.append(f"Stopped after {self.done} of {self.total} fits.")
                        return
            except (MemoryError, jax.errors.JaxRuntimeError) as error:
                if not _out_of_memory(error) or at_once <= FEWEST_LANES:
                    raise
                at_once //= 2
                self._say_fewer(at_once)

    def _say_fewer(self, at_once: int) -> None:
        self.remarks = [remark for remark in self.remarks if not remark.startswith(FEWER)]
        self.remarks.append(f"{FEWER}; from fit {self.done} on {at_once} were made at a time.")

    def _take(self, found: Many) -> None:
        """Take in the next chunk."""
        batch = self.batch
        which = np.arange(self.done, self.done + len(found.cost))
        m, n = batch.residuals(which), found.x.shape[1]
        x = np.clip(found.x.astype(float), batch.initial.lb[which], batch.initial.ub[which])
        cost = found.cost.astype(float)
        good = found.success & np.isfinite(x).all(axis=1) & np.isfinite(cost)
        values, J = batch.expanded(which, x)
        known = errors(found.triangle, m, cost, batch.absolute_sigma)
        covariance = known.covariance
        fixed = [p.fixed for p in batch.joint.parameters.values()]
        tied = [p.tie is not None for p in batch.joint.parameters.values()]
        stderr = np.zeros_like(values)
        stderr[:, batch.free] = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        if any(tied):
            stderr[:, tied] = known.of(J[:, tied])
        stderr[:, fixed] = 0.0
        self.status[which] = np.where(m < n, TOO_FEW_POINTS, found.status)
        self.last_values[which], self.cost[which], self.nfev[which] = values, cost, found.nfev
        places = which[good]
        for into, of in (
            (self.values, values), (self.stderr, stderr), (self.covariance, covariance), (self.rank, known.rank),
            (self.condition_number, known.condition_number),
        ):  # fmt: skip
            into[places] = of[good]
        squares, left = batch.chi_square(places, x[good], cost[good]), (m - n)[good]
        self.reduced_chi_square[places] = np.divide(squares, left, out=np.full(len(left), np.nan), where=left > 0)
        self.done += len(which)

    @property
    def result(self) -> ManyResult:
        """The fits so far."""
        shape = self.batch.curves.shape
        names = (
            "values", "stderr", "covariance", "status", "cost", "reduced_chi_square", "nfev", "rank",
            "condition_number", "last_values",
        )  # fmt: skip
        arrays = {name: getattr(self, name) for name in names} | {"points": self.batch.curves.points}
        arrays = {name: a.reshape(shape + a.shape[1:]) for name, a in arrays.items()}
        return ManyResult(batch=self.batch, remarks=tuple(self.remarks), **arrays)


FEWER = "Memory for as many fits at a time could not be had"


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)
