"""The 54 starts of the NIST StRD problems with default settings: how many digits each solver gets right.

usage: python tests/benchmarks/nist_table.py

trfkit's `least_squares` with automatic differentiation, beside SciPy's with finite differences, which are each one's
defaults. `digits` is the log relative error of the worst parameter, `error digits` that of the worst standard error,
both at most the 11 that NIST certifies. `nfev` leaves out the evaluations of finite differences.
"""

from typing import NamedTuple

import jax
import numpy as np
import scipy.optimize

import trfkit
from trfkit.datasets import NIST_NAMES, nist

# "It must show": parameters to 6 digits, standard errors to 4.
DIGITS, ERROR_DIGITS = 6, 4


class Row(NamedTuple):
    """How one solver did from one start."""

    digits: float
    error_digits: float
    nfev: int
    status: int


def _residuals(problem):
    def residuals(b):
        return problem.model(problem.x, *b) - problem.y

    return residuals


def _error_digits(stderr, certified):
    error = np.max(np.abs(stderr - certified) / certified)
    return float(np.clip(-np.log10(max(error, 1e-11)), 0, 11)) if np.isfinite(error) else 0.0


def _row(problem, result, stderr):
    error_digits = _error_digits(stderr, problem.standard_errors)
    return Row(problem.digits(result.x), error_digits, result.nfev, result.status)


def with_trfkit(problem):
    """A row for each of the problem's two starts."""
    residuals = _residuals(problem)
    results = [trfkit.least_squares(residuals, start) for start in problem.starts]
    return [_row(problem, result, result.stderr) for result in results]


def with_scipy(problem, method):
    """The same by SciPy; its standard errors are from the SVD of its last Jacobian, as `curve_fit` forms them."""
    residuals = jax.jit(_residuals(problem))
    rows = []
    for start in problem.starts:
        with np.errstate(all="ignore"):  # trial points that overflow, and Jacobians of rank less than n
            result = scipy.optimize.least_squares(lambda b: np.asarray(residuals(b)), start, method=method)
            _, s, Vt = np.linalg.svd(result.jac, full_matrices=False)
            variance = 2 * result.cost / problem.degrees_of_freedom
            stderr = np.sqrt(variance * np.sum((Vt.T / s) ** 2, axis=1))
        rows.append(_row(problem, result, stderr))
    return rows


def table(solvers):
    """The lines of a table of {solver name: {(problem name, start number): Row}}, and a line of totals."""
    heading = "".join(f" | {solver:^32}" for solver in solvers)
    columns = " | digits  error digits  nfev  status" * len(solvers)
    lines = [f"{'':13}{heading}", f"{'problem':9}start{columns}"]
    for name in NIST_NAMES:
        for start in (1, 2):
            cells = "".join(
                f" | {row.digits:6.1f}  {row.error_digits:12.1f}  {row.nfev:4d}  {row.status:6d}"
                for row in (rows[name, start] for rows in solvers.values())
            )
            lines.append(f"{name:9} {start:3d} {cells}")
    totals = "".join(
        f" | {sum(row.digits >= DIGITS for row in rows.values()):3d}/54  "
        f"{sum(row.error_digits >= ERROR_DIGITS for row in rows.values()):9d}/54  "
        f"{sum(row.nfev for row in rows.values()):4d}  {'':6}"
        for rows in solvers.values()
    )
    return [*lines, f"{f'≥{DIGITS}, ≥{ERROR_DIGITS}':13}{totals}"]


def all_starts(fit):
    """{(problem name, start number): Row} of a function that gives a problem's two rows."""
    return {(name, start): row for name in NIST_NAMES for start, row in zip((1, 2), fit(nist(name)), strict=True)}


if __name__ == "__main__":
    solvers = {
        "trfkit": all_starts(with_trfkit),
        "SciPy trf": all_starts(lambda problem: with_scipy(problem, "trf")),
        "SciPy lm": all_starts(lambda problem: with_scipy(problem, "lm")),
    }
    print(*table(solvers), sep="\n")
