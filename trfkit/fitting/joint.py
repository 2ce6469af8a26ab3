"""Data sets fitted together: each a curve of its own, with parameters in common, held, tied or known before.

    θ (n,) free  →  all K parameters (`trfkit.parameters.Layout`)  →  those of each data set's model

Every data set is a part of one `Problem`, prior knowledge another, and the triangle is folded over all of them. What is
fixed at which value is data of the problem, so that fixing, freeing another and moving bounds compile nothing.
"""

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from ..core.drivers import evaluate_problem
from ..core.evaluate import Evaluation
from ..core.losses import evaluate_loss
from ..core.problem import PriorResiduals, Problem
from ..core.trf import Limits
from ..models import Model
from ..parameters import Layout, Parameters
from . import inputs
from .curve_problem import Curve, compiled
from .data import Data, check_data, start_not_finite
from .fit import Fit, check_loss_shape, fit_on_host, jacobian_at, residuals_at, robust_host_jacobian, run_fit
from .host import HostProblem
from .options import Options, check_options
from .result import LeastSquaresResult
from .solve import move_inside
from .variation import AS_IT_IS, Variation

STEP_IN_X = 0.01  # of central differences, in errors of x: over one of them the model is taken to be straight


class DataSet(NamedTuple):
    """One data set of a fit, as its user gave it."""

    name: str  # "" for the only one
    model: Model
    names: tuple[str, ...]  # of the model's parameters among those of the fit, in the model's order
    x: Any  # (…, m) float, or whatever the model takes
    y: np.ndarray  # (m,)
    sigma: Any = None  # None, a number, (m,) standard errors or an (m, m) covariance
    sigma_x: Any = None  # None, a number, (m,) or, as x, (k, m) standard errors
    mask: np.ndarray | None = None  # (m,) True for the points that count

    def checked(self) -> tuple[Data, Any]:
        """The points that count, and their errors of x; raises ValueError that names the data set."""
        with self.named():
            data = check_data(self.x, self.y, self.sigma, self.mask, True, None, ("x", "y"))
            return data, None if self.sigma_x is None else self._errors_of_x(data)

    def said(self, sentence: str) -> str:
        """The sentence, said of this data set."""
        return f"data set {self.name!r}: {sentence}" if self.name else sentence

    @contextmanager
    def named(self):
        """A ValueError raised within names the data set."""
        try:
            yield
        except ValueError as error:
            raise ValueError(self.said(str(error))) from error

    def _errors_of_x(self, data: Data):
        """`sigma_x` of the points that count, a number or as x; raises ValueError for what is no error of x."""
        if self.sigma is None:
            raise ValueError("`sigma_x` is weighed against the errors of y: give `sigma`, too.")
        if data.L is not None:
            raise ValueError("`sigma_x` needs independent errors of y: this `sigma` is a covariance matrix.")
        shape = np.shape(data.x) if isinstance(data.x, np.ndarray) else ()
        if len(shape) not in (1, 2):
            raise ValueError("`sigma_x` needs x as an array of shape (m,) or (k, m), the points along its last axis.")
        errors = inputs.data_array(self.sigma_x, "sigma_x", True, self.mask)
        if errors.ndim and errors.shape not in (shape, shape[-1:]):
            raise ValueError(f"`sigma_x` has shape {errors.shape} where x has {shape}: give a number, or one a point.")
        kept = errors if errors.ndim == 0 else data.kept(errors.T).T
        if (kept < 0).any():
            raise ValueError(f"`sigma_x` must not be negative, got {kept.min():g}; 0 is an exact x.")
        return float(kept) if kept.ndim == 0 else kept


@dataclass(frozen=True)
class Expansion:
    """The parameters of one data set's model, in its order, from θ."""

    layout: Layout
    places: tuple[int, ...]

    def __call__(self, theta, shared) -> tuple:
        """One number for each place, from the arrays "held" and "basis"."""
        values = self.layout.expand(theta, shared["held"], shared["basis"])
        return tuple(values[i] for i in self.places)


class Joint:
    """Data sets and parameters, checked, as a problem to run. Raises ValueError for what cannot be fitted."""

    def __init__(self, sets: Sequence[DataSet], parameters: Parameters, options: dict, absolute_sigma: bool):
        self.sets = tuple(sets)
        self.parameters = parameters
        self.absolute_sigma = absolute_sigma
        self.names = parameters.free_names
        if not self.names:
            raise ValueError(f"no parameter is free: of {', '.join(parameters)}, each is fixed or tied; free one.")
        free = [parameters[name] for name in self.names]
        self.lb, self.ub = (np.array([getattr(p, end) for p in free]) for end in ("min", "max"))
        self.x0 = parameters.free_values
        inputs.check_bounds(self.x0, self.lb, self.ub, self.names)
        self.settings: Options = check_options(self.x0, self.lb, self.ub, options)
        self.data, self.sigma_x = zip(*(s.checked() for s in self.sets), strict=True)
        self.held, self.basis = parameters.held, parameters.basis
        self._layout = parameters.layout
        order = {name: i for i, name in enumerate(parameters)}
        self.places = tuple(tuple(order[name] for name in s.names) for s in self.sets)
        self.known = tuple(p.name for p in parameters.values() if p.prior is not None and not p.fixed)
        self._known_places = tuple(order[name] for name in self.known)
        self._priors = np.array([parameters[name].prior for name in self.known]).reshape(-1, 2)

    @cached_property
    def points(self) -> int:
        """Residuals of the data sets, those of priors left out."""
        return sum(data.y.size for data in self.data)

    # the parameters

    def expand(self, theta, held=None, basis=None):
        """All K values (K,) from θ (n,)."""
        held = self.held if held is None else held
        return self._layout.expand(theta, held, self.basis if basis is None else basis)

    # on the device

    @cached_property
    def problem(self) -> Problem | None:
        """The compiled problem, parameters by `held` and `basis`; None if a model has to be evaluated on the host."""
        return self._compiled(general=True)

    def _compiled(self, general: bool) -> Problem | None:
        """Where the parameters are just those of one model, `general=False` shares the programs of `curve_fit`."""
        arrays = {"held": self.held, "basis": self.basis}
        parts = []
        for s, data, sigma_x, places in zip(self.sets, self.data, self.sigma_x, self.places, strict=True):
            curve = Curve(s.model.function, len(places), data, sigma_x=sigma_x)
            if general:
                curve = curve._replace(expand=Expansion(self._layout, places), arrays=arrays)
            with s.named():
                traced = compiled(curve, self.settings)
            if traced is None:
                return None
            parts.append(traced[0])
        if self.known:
            shared = arrays | {"mean": self._priors[:, 0], "sigma": self._priors[:, 1]}
            residuals = PriorResiduals(Expansion(self._layout, self._known_places))
            known = Problem((), shared, float(len(self.known)), 1.0, residuals=residuals)
            parts.append(replace(known, functions=self.settings.functions))
        return replace(parts[0], also=tuple(parts[1:]))

    @property
    def to_run(self) -> Problem | None:
        """The problem that `run` solves."""
        return self._compiled(general=False) if self._plain else self.problem

    @property
    def _plain(self) -> bool:
        """Whether θ is what the only model takes, in its order."""
        everything = tuple(range(len(self.parameters)))
        return self.places == (everything,) and self.names == tuple(self.parameters) and not self.known

    # on the host

    def residuals(self, theta, varied: Variation = AS_IT_IS) -> np.ndarray:
        """Weighted residuals of all data sets in turn, then those of the priors, by NumPy."""
        values = np.asarray(self.expand(theta, varied.held, varied.basis))
        parts = []
        for i, (data, places) in enumerate(zip(self.data, self.places, strict=True)):
            own, data = values[list(places)], varied.of(i, data)
            parts.append(self._weigh(i, data, data.predictions(self.sets[i].model.function, own) - data.y, own))
        if self.known:
            mean, sigma = self._priors.T
            parts.append((values[list(self._known_places)] - mean) / sigma)
        return np.concatenate(parts)

    def _weigh(self, i: int, data: Data, values, own) -> np.ndarray:
        """values (m,) in units of the standard errors of data set i, those of x included."""
        if self.sigma_x[i] is None:
            return data.weigh(values)
        return values / np.sqrt(data.sigma**2 + self._spread(i, data, own))

    def weighed(self, theta) -> list[tuple[np.ndarray, np.ndarray]]:
        """y and 1, each (m,), of every data set in units of its standard errors at θ."""
        values = np.asarray(self.expand(theta))
        return [
            tuple(self._weigh(i, data, a, values[list(places)]) for a in (data.y, np.ones_like(data.y)))
            for i, (data, places) in enumerate(zip(self.data, self.places, strict=True))
        ]

    def cost(self, theta, varied: Variation = AS_IT_IS, squares: bool = False) -> float:
        """½ Σ C² ρ at θ, priors included, by NumPy; with `squares` ρ is that of least squares, whatever the loss."""
        f = self.residuals(theta, varied)
        plain = f.size - len(self.known)
        rho = f[:plain] ** 2
        if not squares:
            rho = np.asarray(evaluate_loss(self.settings.loss, f[:plain], self.settings.f_scale))[0]
        counts = np.ones(plain) if varied.weights is None else np.concatenate(varied.weights)
        return 0.5 * (float(np.sum(np.where(counts > 0, counts * rho, 0.0))) + float(f[plain:] @ f[plain:]))

    def _spread(self, i: int, data: Data, own) -> np.ndarray:
        """Σ_k (∂f/∂x_k σ_k)² by central differences."""
        f = self.sets[i].model.function
        x = np.atleast_2d(data.x)
        counted = slice(None) if data.keep is None else data.keep
        spread = np.zeros(data.y.size)
        for k, error in enumerate(np.broadcast_to(self.sigma_x[i], x[:, counted].shape)):
            up, down, inexact = x.copy(), x.copy(), error > 0
            step = np.where(inexact, np.maximum(STEP_IN_X * error, np.spacing(np.abs(x[k, counted]))), 0.0)
            up[k, counted] += step
            down[k, counted] -= step
            high, low = (data._replace(x=ends.reshape(data.x.shape)).predictions(f, own) for ends in (up, down))
            width = (up - down)[k, counted]
            spread += np.divide((high - low) * error, width, out=np.zeros_like(spread), where=inexact) ** 2
        return spread

    # the fit

    def check_models(self) -> None:
        """Call every model on the host; raises ValueError for what is no value a point, and what a model raises.

        Those that JAX can trace are checked by tracing: to call them would compile each operation for each length.
        """
        values = np.asarray(self.expand(self.x0))
        for s, data, places in zip(self.sets, self.data, self.places, strict=True):
            with np.errstate(all="ignore"):
                returned = s.model.function(data.x, *values[list(places)])
            with s.named():
                data.predictions(lambda *_, returned=returned: returned, ())

    def run(self) -> LeastSquaresResult:
        """Fit from the parameters' values; raises what `curve_fit` raises."""
        x0 = move_inside(self.x0, self.lb, self.ub)
        common = {"names": self.names, "not_finite": self.not_finite, "absolute_sigma": self.absolute_sigma}
        problem = self.to_run
        if problem is None:
            self.check_models()
            return self.run_on_host(x0)
        if problem.loss is not self.settings.loss:
            check_loss_shape(self.settings, self.residuals(x0))
        m = sum(int(part.m) for part in problem.parts)
        return run_fit(Fit(problem=problem, m=m, residuals=self.residuals, **common), x0, self.settings)

    def run_on_host(self, x0: np.ndarray, varied: Variation = AS_IT_IS, bounds=None) -> LeastSquaresResult:
        """The same, each model called with NumPy arrays; one of many, unwatched, if `bounds` (lb, ub) are given."""
        settings = self.settings
        if bounds is not None:
            limits = self.limits(x0.size)._replace(lb=bounds[0], ub=bounds[1])
            settings = settings._replace(limits=limits, verbose=0, callback=None, channel=None)

        def fit(**what):
            names = self.names if x0.size == len(self.names) else tuple(f"θ{i}" for i in range(x0.size))
            not_finite = partial(self.not_finite, varied=varied)
            return Fit(names=names, not_finite=not_finite, absolute_sigma=self.absolute_sigma, **what)

        weights = counts = None
        if varied.weights is not None:
            weights = np.concatenate([*varied.weights, np.ones(len(self.known))])
            counts = None if (weights > 0).all() else weights > 0  # what does not count need not be finite
        return fit_on_host(
            fit, lambda theta: self.residuals(theta, varied), None, x0, counts, settings, len(self.known), weights
        )

    def fun(self, theta) -> np.ndarray:
        """Residuals (m,) at θ as `run` has them at its end: by the compiled problem where there is one."""
        problem = self.to_run
        return self.residuals(theta) if problem is None else residuals_at(problem, np.asarray(theta))

    def jacobian(self, theta) -> np.ndarray:
        """∂fun/∂θ (m, n) at θ with the loss's row factors, as `run` has it at its end."""
        theta, problem = np.asarray(theta), self.to_run
        if problem is not None:
            return jacobian_at(problem, theta)
        host = self.on_host()
        with np.errstate(all="ignore"):
            f = host.first_residuals(theta)
            return robust_host_jacobian(host, f, host.evaluate_jacobian(theta, f))

    def evaluate(self, theta) -> Evaluation:
        """Cost, triangle and gradient at θ, as `run` has them there; no triangle where it never forms one."""
        theta, problem = np.asarray(theta), self.to_run
        return self.on_host().evaluate(theta) if problem is None else evaluate_problem(problem, theta)

    def on_host(self) -> HostProblem:
        """The problem that `run` solves where there is no compiled one."""
        how = self.settings
        host = HostProblem(self.residuals, "2-point", how.loss, how.f_scale, how.functions)
        host.differences = {"rel_step": how.diff_step, "bounds": (self.lb, self.ub), "sparsity": how.jac_sparsity}
        host.exempt = len(self.known)
        return host

    def limits(self, n: int) -> Limits:
        """The solver's limits for n parameters; scales given for other parameters give way to those of J."""
        limits = self.settings.limits
        return limits if limits.scale_inv.size == n else limits._replace(scale_inv=np.ones(n), jac_scale=True)

    def not_finite(self, theta, J=None, varied: Variation = AS_IT_IS) -> str:
        """The sentence for a start at which a model or a derivative, J (m, n), is not finite."""
        values = np.asarray(self.expand(theta, varied.held, varied.basis))
        basis = self.basis if varied.basis is None else varied.basis
        first = 0
        for i, (s, data, places) in enumerate(zip(self.sets, self.data, self.places, strict=True)):
            own, data = values[list(places)], varied.of(i, data)
            with np.errstate(all="ignore"):
                f = self._weigh(i, data, data.predictions(s.model.function, own) - data.y, own)
                finite = np.isfinite(f @ f)
            rows = None if J is None else J[first : first + f.size]
            if rows is not None:
                finite = finite and np.isfinite(rows).all()
                rows = np.where(basis[list(places)] != 0, rows[:, None], 0.0).sum(axis=2)  # by the model's own
            if not finite:
                break
            first += f.size
        return s.said(start_not_finite(s.model.function, data, s.names, own, rows))
