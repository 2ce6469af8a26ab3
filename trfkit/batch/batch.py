"""Many fits, ready to be made: curves, parameters, starts; each can be had by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import jax
import numpy as np

from ..fitting.fit import check_loss_shape
from ..fitting.joint import Joint
from ..fitting.many import Many, costs, fits, lanes_at_a_time
from ..fitting.variation import Lanes, Variation
from ..models import Model
from ..parameters import Layout, Parameters
from ..results.data_sets import data_sets
from ..results.fit import errors_of_1, fit
from ..results.fit_result import FitResult
from ..results.start import Wishes
from .curves import Curves
from .initial import Initial, given, initial

MOST_AT_ONCE = 2048  # fits: some tens of milliseconds, after which progress is told and a cancel is heard
ON_THE_HOST = (
    "JAX cannot trace the model or the loss, so that NumPy made the fits one after another: write them with jax.numpy "
    "for compiled speed.",
)
NOT_TAKEN = ("callback", "channel", "verbose")  # they watch one fit


@dataclass(frozen=True)
class Batch:
    """The fits of `fit_many`, checked. Raises ValueError for what cannot be fitted."""

    model: Model
    curves: Curves
    joint: Joint  # of one fit, whose numbers stand for those of each
    initial: Initial
    absolute_sigma: bool
    options: dict  # as they were given: loss, xtol, …
    dtype: np.dtype  # that they are made in

    @classmethod
    def of(
        cls, model: Model, curves: Curves, wishes: Wishes, absolute_sigma: bool, options: dict, dtype: np.dtype
    ) -> "Batch":
        """The batch of a model and curves, with what the user said of parameters and options."""
        watching = next((name for name in NOT_TAKEN if options.get(name)), None)
        if watching is not None:
            raise TypeError(f"`{watching}` watches one fit: of many `progress` is told, and result.one(i) fits again.")
        x, sigma = curves.stand_in()
        (s,) = data_sets(model, x, np.zeros(curves.m), sigma, None, curves.kept, ())
        parameters, own = given(curves, s, wishes)
        joint = Joint([s], parameters, options, absolute_sigma)
        if joint.problem is None:
            joint.check_models()
            dtype = np.dtype(float)
        elif joint.problem.loss is not joint.settings.loss:
            check_loss_shape(joint.settings, np.zeros(curves.m))
        return cls(model, curves, joint, initial(curves, joint, own), absolute_sigma, options, dtype)

    @property
    def remarks(self) -> tuple[str, ...]:
        """On how the fits were set up."""
        one_by_one = ON_THE_HOST if self.joint.problem is None else ()
        return (*self.initial.remarks, *errors_of_1(self.joint), *one_by_one)

    # the fits

    @property
    def free(self) -> list[int]:
        """The places of the free parameters among all."""
        names = tuple(self.joint.parameters)
        return [names.index(name) for name in self.joint.names]

    def held(self, which) -> np.ndarray:
        """(C, K) or (K,) values of what is held in some fits, 0 for what is free."""
        if not self.initial.own_held:
            return self.joint.held
        free = np.zeros(len(self.joint.parameters), bool)
        free[self.free] = True
        return np.where(free, 0.0, self.initial.values[which])

    def lanes(self, which: np.ndarray, dtype=float) -> Lanes:
        """What some of the fits do differently."""
        arrays = {name: [a] for name, a in self.curves.arrays(which, dtype).items()}
        return Lanes(held=self.held(which).astype(dtype) if self.initial.own_held else None, **arrays)

    def at_once(self, chunk: int | None) -> int:
        """How many fits at a time, unless the user asks for as many."""
        return chunk or lanes_at_a_time(self.joint, self.curves.count, len(self.joint.names), MOST_AT_ONCE)

    def fits(self, first: int, at_once: int) -> Iterator[Many]:
        """The fits from number `first` on, so many at a time."""
        start = self.initial.values[first:, self.free].astype(self.dtype)
        ends = (end[first:] for end in (self.initial.lb, self.initial.ub))
        return fits(self.joint, start, _Waiting(self, first), *ends, at_once)

    def residuals(self, which) -> np.ndarray:
        """(C,) how many count in some fits, those of priors included."""
        return self.curves.points[which] + len(self.joint.known)

    def chi_square(self, which: np.ndarray, x: np.ndarray, cost: np.ndarray) -> np.ndarray:
        """(C,) sums of the squared residuals at x (C, n)."""
        plain = self.options.get("loss", "linear") == "linear"
        return 2.0 * (cost if plain or not which.size else costs(self.joint, x, self.lanes(which), squares=True))

    def expanded(self, which: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(all K values (C, K) from the free ones (C, n), their derivatives (C, K, n) or (K, n))."""
        held, layout = self.held(which), self.joint.parameters.layout
        if not layout.ties:
            return held + x @ self.joint.basis.T, self.joint.basis
        found = _expanded(layout, x, np.broadcast_to(held, (len(x), held.shape[-1])), self.joint.basis)
        return tuple(np.asarray(a) for a in found)

    # one of them

    def parameters(self, i: int) -> Parameters:
        """Those of one fit at its start."""
        parameters = self.joint.parameters
        limits = dict(zip(self.joint.names, zip(self.initial.lb[i], self.initial.ub[i], strict=True), strict=True))
        for name, value in zip(parameters, self.initial.values[i], strict=True):
            if parameters[name].tie is None:
                low, high = limits.get(name, (parameters[name].min, parameters[name].max))
                parameters = parameters.set(name, value=value, min=low, max=high)
        return parameters

    def one(self, i: int) -> FitResult:
        """One of them, made by `trfkit.fit`."""
        x, y, sigma, counted = self.curves.of(i)
        return fit(
            self.model, x, y, self.parameters(i), sigma=sigma, absolute_sigma=self.absolute_sigma, mask=counted,
            **self.options,
        )  # fmt: skip


@dataclass(frozen=True)
class _Waiting:
    """Lanes that are put together when they are asked for, so that no more than a chunk of them is in memory."""

    batch: Batch
    first: int  # fit, which is lane 0

    def rows(self, which: np.ndarray) -> Lanes:
        return self.batch.lanes(self.first + which, self.batch.dtype)

    def one(self, i: int) -> Variation:
        return self.rows(np.array([i])).one(0)


@partial(jax.jit, static_argnums=0)
def _expanded(layout: Layout, x, held, basis):
    def both(theta, held):
        return layout.expand(theta, held, basis), jax.jacfwd(layout.expand)(theta, held, basis)

    return jax.vmap(both)(x, held)
