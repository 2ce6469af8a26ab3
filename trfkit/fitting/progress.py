"""What `callback` and `verbose` do while a fit runs, as in SciPy."""

import inspect
from collections.abc import Callable

import numpy as np
from scipy.optimize import OptimizeResult

from ..core import radius
from ..core.trf import FIELDS, OUTCOMES

COLUMNS = ("Iteration", "Total nfev", "Cost", "Cost reduction", "Step norm", "Optimality")
START, ACCEPTED = OUTCOMES.index("start"), OUTCOMES.index("accepted")


def print_rows(rows: np.ndarray) -> None:
    """One line for the start and for each accepted trial, in SciPy's columns."""
    for row in rows:
        info = dict(zip(FIELDS, row, strict=False))
        if info["outcome"] not in (START, ACCEPTED):
            continue
        start = info["outcome"] == START
        if start:
            print("".join(f"{title:^15}" for title in COLUMNS))
        reduction = " " * 15 if start else f"{info['actual_reduction']:^15.2e}"
        step = " " * 15 if start else f"{info['step_norm']:^15.2e}"
        counts = f"{int(info['iteration']):^15}{int(info['nfev']):^15}"
        print(f"{counts}{info['cost']:^15.4e}{reduction}{step}{info['optimality']:^15.2e}")


def wants_result(callback: Callable) -> bool:
    """Whether the callback takes `intermediate_result`, rather than x alone."""
    return set(inspect.signature(callback).parameters) == {"intermediate_result"}


class Observer:
    """Called with each stretch of rows: prints them, calls back, and halts the run if the callback says so."""

    def __init__(self, callback: Callable | None, verbose: int, residuals: Callable):
        self.callback = callback
        self.verbose = verbose
        self.residuals = residuals

    def __call__(self, run, rows: np.ndarray) -> None:
        """Take note of new rows."""
        if self.verbose == 2:
            print_rows(rows)
        accepted = rows[-1][FIELDS.index("outcome")] == ACCEPTED
        if self.callback is not None and accepted and self._stops(run):
            run.halt(radius.CALLBACK_STOP)

    def _stops(self, run) -> bool:
        x = np.array(run.state.x)
        argument = x
        if wants_result(self.callback):
            nfev, _, nit = (int(c) for c in np.asarray(run.state.counts))
            argument = OptimizeResult(x=x, fun=self.residuals(x), nit=nit, nfev=nfev, cost=float(run.state.cost))
        try:
            return bool(self.callback(intermediate_result=argument) if argument is not x else self.callback(x))
        except StopIteration:
            return True


def summary(result, first_cost: float) -> str:
    """The line that SciPy prints at the end."""
    return (
        f"{result.message}\nFunction evaluations {result.nfev}, initial cost {first_cost:.4e}, "
        f"final cost {result.cost:.4e}, first-order optimality {result.optimality:.2e}."
    )
