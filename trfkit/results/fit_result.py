"""What `trfkit.fit` returns: the parameters with their errors, and everything that can be asked of a fit afterwards.

A result holds what was fitted and where the solver ended; all else is computed from that when it is asked for, by the
modules of `trfkit.statistics`, and told by those of `trfkit.report`.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from .. import report
from ..fitting.joint import DataSet, Joint
from ..fitting.multistart import Starts
from ..fitting.result import LeastSquaresResult, determine, doubts
from ..parameters import Parameters
from ..report import frame, latex, markdown, page
from ..statistics import bootstrap, goodness, intervals, profile, propagation
from ..statistics.uncertainty import Uncertainty, uncertainty_of
from ..trace import Trace
from . import document, prediction, script

METHODS = ("covariance", "profile", "bootstrap")


class Estimate(NamedTuple):
    """A number with its standard error; as text with the digits that it deserves."""

    value: float
    stderr: float  # 0 where it is fixed, inf where the data do not determine it
    unit: str = ""

    def __str__(self):
        return report.plus_minus(self.value, self.stderr, self.unit)


@dataclass(frozen=True, eq=False, repr=False)
class FitResult:
    """A fit of models to data sets. `result["tau"]` is an `Estimate`; `values` and `stderr` have all of them by name.

    Standard errors come from the singular values of the Jacobian with its columns scaled, times the root of the
    reduced χ² unless `absolute_sigma`. They are infinite for a parameter that the data do not determine; the first of
    `notes` then says along which combination of parameters the cost does not change.
    """

    # what was fitted
    sets: tuple[DataSet, ...]
    initial: Parameters  # at the start
    absolute_sigma: bool
    options: dict  # as they were given: loss, xtol, …
    units: tuple[str, str]  # of x and y, "" where not known
    # how it ended
    parameters: Parameters  # at the best point
    solution: LeastSquaresResult  # of the free parameters, by the solver
    starts: Starts | None = None  # where other starts led
    remarks: tuple[str, ...] = field(default=())  # on how the fit was set up

    # parameters

    @property
    def names(self) -> tuple[str, ...]:
        """All parameters, in order."""
        return tuple(self.parameters)

    @property
    def free_names(self) -> tuple[str, ...]:
        """Those that were fitted, in order: the rows of `covariance` and `correlation`."""
        return self.parameters.free_names

    @cached_property
    def values(self) -> dict[str, float]:
        """The best value of every parameter, ties evaluated."""
        return self.parameters.full_values

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """Of the free parameters, in order."""
        return uncertainty_of(self.solution, self.absolute_sigma)

    @cached_property
    def stderr(self) -> dict[str, float]:
        """The standard error of every parameter: 0 for a fixed one, by propagation for a tied one."""
        free = dict(zip(self.free_names, np.sqrt(np.diag(self.covariance)).tolist(), strict=True))
        tied = [p.name for p in self.parameters.values() if p.tie is not None]
        if tied:
            of_tied = self._propagated(_Several(tuple(tied))).stderr
            free |= dict(zip(tied, of_tied.tolist(), strict=True))
        return {name: free.get(name, 0.0) for name in self.names}

    @property
    def covariance(self) -> np.ndarray:
        """(n, n) of the free parameters; inf in the rows and columns of those that are not determined."""
        return self.uncertainty.covariance

    @property
    def correlation(self) -> np.ndarray:
        """(n, n) of the free parameters; nan for those that are not determined."""
        return self.uncertainty.correlation

    def __getitem__(self, name: str) -> Estimate:
        parameter = self.parameters[name]  # an unknown name is an error
        return Estimate(self.values[name], self.stderr[name], parameter.unit)

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters)

    def __contains__(self, name) -> bool:
        return name in self.parameters

    def __getstate__(self) -> dict:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # what is derived is computed again

    # the solver

    @property
    def success(self) -> bool:
        """Whether the fit converged."""
        return self.solution.success

    @property
    def status(self) -> int:
        """Why it ended, as in `LeastSquaresResult`."""
        return self.solution.status

    @property
    def message(self) -> str:
        """Why it ended, in words."""
        return self.solution.message

    @property
    def nfev(self) -> int:
        """How often the models were evaluated."""
        return self.solution.nfev

    @property
    def trace(self) -> Trace:
        """Every trial point."""
        return self.solution.trace

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Why the values or their errors may not be trusted, most important first."""
        warnings = [] if self.success else [f"The fit did not converge: {self.message}"]
        m = self.solution.m
        if not self.absolute_sigma and self.degrees_of_freedom <= 0:
            count = "1 residual" if m == 1 else f"{m} residuals"
            warnings.append(
                f"{count} leave{'s' if m == 1 else ''} no degree of freedom to estimate the scatter of the data from "
                f"{len(self.free_names)} parameters, so that the standard errors are infinite: give sigma, with "
                f"absolute_sigma=True."
            )
        ends = self.joint.lb, self.joint.ub
        warnings += doubts(determine(self.solution.triangle, m), self.free_names, self.solution.active_mask, *ends)
        for p in self.parameters.values():
            value = self.values[p.name]
            if not (p.free or p.min <= value <= p.max):
                warnings.append(
                    f"Parameter {p.name} is {'fixed' if p.fixed else f'tied to {p.tie}'}, and its value {value:.4g} is "
                    f"not within its bounds {p.min:g} … {p.max:g}, which hold back only what is free."
                )
        return tuple(warnings)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """The warnings, and what else a reader might not expect."""
        return tuple(dict.fromkeys((*self.warnings, *self.solution.notes, *self.remarks)))

    # the curve and the data

    @cached_property
    def joint(self) -> Joint:
        """The problem that was fitted, at the best parameters."""
        return Joint(self.sets, self.parameters, self.options, self.absolute_sigma)

    def data_set(self, name: str | None = None) -> DataSet:
        """A data set by name; the only one, if there is one."""
        if name is None and len(self.sets) == 1:
            return self.sets[0]
        found = next((s for s in self.sets if s.name == name), None)
        if found is None:
            raise ValueError(f"which data set? there are {', '.join(repr(s.name) for s in self.sets)}, got {name!r}.")
        return found

    def predict(self, x=None, data_set: str | None = None) -> np.ndarray:
        """The model (m,) at x, at the data's own x unless given."""
        return prediction.predict(self, x, data_set)

    @cached_property
    def residuals(self) -> dict[str, np.ndarray]:
        """(data − model) / sigma of the points that count, by data set."""
        ends = np.cumsum([data.y.size for data in self.joint.data])
        return {s.name: -f for s, f in zip(self.sets, np.split(self.solution.fun, ends), strict=False)}

    # statistics

    @property
    def degrees_of_freedom(self) -> int:
        """Residuals, those of priors included, less free parameters."""
        return self.solution.m - len(self.free_names)

    @cached_property
    def goodness(self) -> goodness.Goodness:
        """χ², information criteria, R² and a runs test of the residuals."""
        joint, sets = self.joint, []
        for data, f, (y, ones) in zip(joint.data, self.residuals.values(), joint.weighed(self.solution.x), strict=True):
            x = data.kept(data.x.T).T if isinstance(data.x, np.ndarray) else None
            order = np.argsort(x, kind="stable") if np.shape(x) == data.y.shape else None
            sets.append(goodness.WeightedSet(f, y, ones, order))
        priors = self.solution.fun[joint.points :]
        return goodness.goodness(sets, len(self.free_names), self.absolute_sigma, priors)

    def intervals(
        self, level: float = 0.95, method: str = "covariance", progress: Callable | None = None, **options
    ) -> intervals.Intervals:
        """Intervals of the parameters at a level, by their covariance, by profile likelihood or by bootstrap.

        The first are right as far as the model is linear over a few standard errors; "profile" where it is not;
        "bootstrap" where the errors are not normal, either. `progress` and options go to `profile` and `bootstrap`.
        """
        if method not in METHODS:
            raise ValueError(f"`method` must be one of {', '.join(map(repr, METHODS))}, got {method!r}.")
        if method == "profile":
            return self.profile(level=level, progress=progress, **options).intervals(level)
        if method == "bootstrap":
            return self.bootstrap(progress=progress, **options).intervals(level)
        free_or_tied = {name: self.stderr[name] for name, p in self.parameters.items() if not p.fixed}
        left, known = self.degrees_of_freedom, self.absolute_sigma
        return intervals.from_covariance(self.values, free_or_tied, level, left, known, **options)

    def profile(
        self, names: Sequence[str] | None = None, level: float = 0.95, progress: Callable | None = None
    ) -> profile.Profile:
        """How the cost rises as each parameter is moved away from its best value, the others following.

        `names`: which free parameters, all unless given. progress(done, total) is called on the way; what it raises
        goes through. See `trfkit.statistics.profile`.
        """
        return profile.profile(self.joint, self.solution, names, level, progress)

    def bootstrap(
        self, count: int = 1000, kind: str = "residuals", seed: int = 0, progress: Callable | None = None
    ) -> bootstrap.Bootstrap:
        """Parameters of `count` resampled data sets; see `trfkit.statistics.bootstrap`.

        progress(done, count) is called as they are fitted, some at a time. Where it raises StopIteration the samples so
        far are kept; anything else that it raises goes through.
        """
        return bootstrap.bootstrap(self.joint, self.solution, count, kind, seed, progress)

    def propagate(self, function: Callable | str, unit: str = "") -> "Estimate | propagation.Propagated":
        """A function of the parameters with its standard error, to first order.

        `function` is a text, "a.height*a.sigma*sqrt(2*pi)", or a callable of a mapping, lambda p: p["a"] / p["b"]. A
        number comes as an `Estimate`, an array as `Propagated` with its covariance.
        """
        found = self._propagated(function)
        if np.ndim(found.value) == 0:
            return Estimate(float(found.value), float(found.stderr), unit)
        return found

    def _propagated(self, function) -> propagation.Propagated:
        return propagation.propagate(function, self.parameters, self.uncertainty)

    def band(self, x=None, level: float = 0.95, kind: str = "confidence", data_set: str | None = None, sigma=None):
        """The `Band` of the curve at x, or of new data there (kind="prediction"); at the data's own x unless given.

        `sigma`, a number or (m,), is the error of new data: in units of y if that of the data was, or was not given;
        else it weighs as theirs does. Unless given it is that of the data, which then must be the same for all.
        """
        return prediction.band(self, x, level, kind, data_set, sigma)

    # reports

    def __repr__(self):
        return report.summary(self)

    def _repr_html_(self):
        return page.html(self)

    def fit_report(self, min_correl: float = 0.1) -> str:
        """The report as lmfit prints it, under its headings."""
        return report.fit_report(self, min_correl)

    def to_latex(self) -> str:
        """The parameters as a LaTeX table."""
        return latex.table(self)

    def to_markdown(self) -> str:
        """The parameters as a Markdown table."""
        return markdown.table(self)

    def to_dataframe(self):
        """The parameters as a pandas DataFrame, one row each; needs pandas."""
        return frame.dataframe(self)

    def to_json(self) -> str:
        """The whole result as JSON: every number to the last bit, no code."""
        return document.to_json(self)

    @classmethod
    def from_json(cls, text: str, model=None) -> "FitResult":
        """The result that `to_json` wrote; `model` is the function that was fitted, where it was one of the user's.

        Several functions go by name: model={"decay": decay}. No code in the text is run. Raises ValueError for a text
        that is no result, that a newer trfkit wrote, that was cut, or that holds a wrong type.
        """
        return document.from_json(cls, text, model)

    def to_code(self) -> str:
        """A script that makes the fit again, data and all, without widgets."""
        return script.script(self)

    def plot(self, axes=None, **options):
        """Data, fit, band and residuals, for each data set; see `trfkit.plots.fit_plot.draw_fit`."""
        # matplotlib loads at the first picture; plots stand on a higher floor than this
        return importlib.import_module("trfkit.plots.fit_plot").draw_fit(self, axes, **options)


@dataclass(frozen=True)
class _Several:
    """The values of some parameters, as an array."""

    names: tuple[str, ...]

    def __call__(self, values):
        return jnp.stack([values[name] for name in self.names])
