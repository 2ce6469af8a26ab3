"""The data of many fits: many curves y over one x, or each over its own, and which of their points count."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..fitting import inputs
from ..fitting.traceable import formula, output_shape
from ..models import Model
from ..results.data_sets import is_array, points_without_nan
from .each import Each, at

NUMBERS_AT_A_TIME = 2**17  # that a pass over the data looks at, 1 MB


class Curves:
    """y (…, m) with its x, sigma and mask, checked. The fits are counted in order, whatever axes they have.

    Raises ValueError for data that cannot be fitted, naming the argument, the index and what to try.
    """

    def __init__(self, model: Model, x, y, sigma=None, mask=None, nan_policy: str = "raise"):
        self.omits = inputs.choice(nan_policy, ("raise", "omit"), "nan_policy") == "omit"
        if isinstance(y, Mapping):
            raise ValueError("`y` has data sets by name: trfkit.fit fits them together; give an array of curves here.")
        y = np.asarray(y)
        if y.ndim == 0 or y.shape[-1] == 0:
            raise ValueError(f"`y` has shape {y.shape}: its last axis must be that of the points, at least one.")
        self.shape, self.m = y.shape[:-1], y.shape[-1]
        self.lead = self.shape or (1,)
        self.count = int(np.prod(self.lead))
        self.y = self._each(y, "y")
        self.x = self._own_x(model, x)  # an `Each`, or as it is where all fits share it
        self.sigma = None if sigma is None else self._own_sigma(sigma)  # likewise
        mask = None if mask is None else self._own_mask(mask)
        kept = points_without_nan(np.zeros(self.m), *(self.x, self.sigma) if self.omits else ())
        if mask is not None and mask.shared and not isinstance(self.x, Each):
            kept, mask = kept & mask.values, None
        self.kept = None if kept.all() else kept  # (m,) of bool: the points that count in some fit
        self.mask = mask  # of each fit, besides
        self.points = np.full(self.count, kept.sum())  # (B,) that count
        self._check()
        self.uneven = bool((self.points < kept.sum()).any())  # whether points count in one fit and not in another

    def _each(self, values, name: str) -> Each:
        return Each(values, name, self.lead, (self.m,))

    def _own_x(self, model: Model, x) -> Any:
        if not is_array(x):
            return x
        x = np.asarray(x)
        shared = Each(x, "x", (), x.shape).values.astype(float)
        whole = (*self.lead, self.m)
        if not self.shape or x.ndim < 2 or (x.ndim == 2 and x.shape == whole and _takes(model, shared, self.m)):
            return shared
        if x.shape == whole:
            return self._each(x, "x")
        if (*x.shape[:-2], x.shape[-1]) == whole:
            return Each(x, "x", self.lead, x.shape[-2:])
        return shared

    def _own_sigma(self, sigma) -> Any:
        each = self._each(sigma, "sigma")
        own = not each.shared or (each.values.ndim > 0 and isinstance(self.x, Each))
        return each if own else each.values.astype(float)[()]

    def _own_mask(self, mask) -> Each:
        mask = np.asarray(mask)
        if mask.dtype != bool:
            raise ValueError(f"`mask` must be booleans, True for the points to use, got {mask.dtype}.")
        return self._each(mask, "mask")

    @property
    def _own(self) -> list[Each]:
        return [each for each in (self.y, self.sigma, self.x) if isinstance(each, Each)]

    # checks

    def some(self) -> Iterator[np.ndarray]:
        """The numbers of all fits, some at a time."""
        size = max(1, NUMBERS_AT_A_TIME // self.m)
        for first in range(0, self.count, size):
            yield np.arange(first, min(first + size, self.count))

    def _check(self) -> None:
        for which in self.some():
            values = [(each, _over_points(each.rows(which))) for each in self._own]
            good = all(np.isfinite(a).all() and (each is not self.sigma or (a > 0).all()) for each, a in values)
            if good and self.mask is None:
                continue
            self.points[which] = self.counted(which).sum(axis=1)
            asked = self._asked(which)
            for each, a in values:
                missing = np.isinf(a) if self.omits else ~np.isfinite(a)
                self._refuse(each, which, a, asked & missing, "contain infs or NaNs")
                if each is self.sigma:
                    self._refuse(each, which, a, asked & (a <= 0), "be 0 or negative")

    def _refuse(self, each: Each, which, values, wrong, what: str) -> None:
        if wrong.any():
            i, point = np.argwhere(wrong)[0]
            value, index = values[i, point], at(which[i], self.shape, point)
            omit = ", or pass nan_policy='omit'" if np.isnan(value) else ""
            raise ValueError(f"`{each.name}` must not {what}, got {value:g} at {index}: mask the point{omit}.")

    def _asked(self, which) -> np.ndarray:
        """(…, m) True for the points that the user wants to count."""
        asked = np.ones((len(which), self.m), bool) if self.kept is None else np.tile(self.kept, (len(which), 1))
        return asked if self.mask is None else asked & self.mask.rows(which)

    def counted(self, which: np.ndarray) -> np.ndarray:
        """(…, m) True for the points that count in these fits."""
        counted = self._asked(which)
        for each in self._own if self.omits else ():
            counted &= ~np.isnan(_over_points(each.rows(which)))
        return counted

    # what is fitted

    def of(self, i: int) -> tuple:
        """(x, y, sigma, points that count) of one fit."""
        x, y, sigma = (a.rows(i) if isinstance(a, Each) else a for a in (self.x, self.y, self.sigma))
        return x, y, sigma, self.counted(np.array([i]))[0]

    def stand_in(self) -> tuple:
        """(x, sigma) of one fit, finite numbers in place of those that each has for itself."""
        x, sigma = self.x, self.sigma
        if isinstance(x, Each):
            x = np.nan_to_num(x.rows(np.argmax(self.points))) if self.count else np.zeros(x.own)
        return x, np.ones(self.m) if isinstance(sigma, Each) else sigma

    def arrays(self, which: np.ndarray, dtype=float) -> dict[str, np.ndarray]:
        """y, and where fits differ in them weights, sigma and x, of some fits, at the points kept."""
        kept = slice(None) if self.kept is None else self.kept
        arrays = {each.name: each.rows(which).astype(dtype) for each in self._own}
        arrays |= {name: arrays[name][:, kept] for name in ("y", "sigma") if name in arrays}
        return arrays | ({"weights": self.counted(which)[:, kept].astype(dtype)} if self.uneven else {})


def _over_points(values: np.ndarray) -> np.ndarray:
    """(C, m) of (C, m) or (C, k, m): a number that is not finite where one of those of the point is not."""
    return values if values.ndim == 2 else values.sum(axis=1)


def _takes(model: Model, x: np.ndarray, m: int) -> bool:
    """Whether the model takes x (k, m) for one curve of m points."""
    params = [spec.default for spec in model.parameters]
    filed = formula(model.function)
    shape = None if filed is None else output_shape(filed, x, *params)
    if shape is None:
        try:
            with np.errstate(all="ignore"):
                shape = np.shape(model.function(x, *params))
        except (TypeError, ValueError, IndexError):
            return False
    return shape == (m,)
