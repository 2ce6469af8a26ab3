"""The data of a session: arrays, which are never written to, and what they are called."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..fitting import inputs
from ..fitting.joint import DataSet
from ..models import Model
from ..results.data_sets import data_sets, points_without_nan, without_nan

ARRAYS = ("x", "y", "sigma", "sigma_x")
# A unit stands last in a label, after a space: "time (s)" and "rate [1/(m s)]", but not "f(x)".
UNIT = re.compile(r"\s(?:\(((?:[^()]|\([^()]*\))+)\)|\[([^\[\]]+)\])\s*")


@dataclass(frozen=True, eq=False)
class Data:
    """Points and their errors, as for `trfkit.fit`. Arrays are read-only; data are equal only to themselves."""

    x: Any  # (…, m), or whatever the model takes
    y: np.ndarray  # (m,)
    sigma: Any = None
    sigma_x: Any = None
    absolute_sigma: bool = False
    x_label: str = "x"  # with the unit, as "time (s)"
    y_label: str = "y"

    def __post_init__(self):
        for name, values in self.arrays.items():
            if isinstance(values, np.ndarray):
                object.__setattr__(self, name, read_only(values))

    @property
    def arrays(self) -> dict[str, Any]:
        """x, y, sigma and sigma_x by name."""
        return {name: getattr(self, name) for name in ARRAYS}

    @cached_property
    def usable(self) -> np.ndarray:
        """(m,) False for the points with a NaN, which never count."""
        return read_only(points_without_nan(self.y, self.x, self.sigma, self.sigma_x))

    @property
    def units(self) -> tuple[str, str]:
        """Of x and y, as the labels have them; "" where they have none."""
        return unit_of(self.x_label), unit_of(self.y_label)

    def fitted_by(self, model: Model, mask: np.ndarray | None) -> DataSet:
        """The data set of a fit; it has these very arrays."""
        return DataSet("", model, model.parameter_names, **self.arrays, mask=mask)


def read_data(
    model, x, y, sigma=None, sigma_x=None, mask=None, *, absolute_sigma=False, x_label=None, y_label=None,
    nan_policy="raise",
) -> tuple[Data, Model, np.ndarray | None]:  # fmt: skip
    """(data, model, mask): copies of what a user gave, labels by `label_of` where none are given."""
    if isinstance(y, Mapping):
        raise ValueError("a session fits one data set, and `y` has them by name: fit several with trfkit.fit.")
    (s,) = data_sets(model, x, y, sigma, sigma_x, mask, ())
    if inputs.choice(nan_policy, ("raise", "omit"), "nan_policy") == "omit":
        s = without_nan(s)
    labels = {"x_label": (x_label, label_of(x, "x")), "y_label": (y_label, label_of(y, "y"))}
    for name, (given, own) in labels.items():
        labels[name] = own if given is None else given
        if not isinstance(labels[name], str):
            raise ValueError(f"`{name}` must be a text such as 'time (s)', got {given!r}.")
    data = Data(s.x, s.y, s.sigma, s.sigma_x, bool(absolute_sigma), **labels)
    return data, s.model, None if s.mask is None else read_only(s.mask)


def label_of(values, default: str) -> str:
    """What a Series, an Index or a DataArray calls itself, as "time (s)"; the default where it has no name.

    The name is that in `attrs["long_name"]` or `name`, the unit that in `attrs["units"]`.
    """
    attrs = getattr(values, "attrs", None)
    attrs = attrs if isinstance(attrs, Mapping) else {}
    names = (attrs.get("long_name"), getattr(values, "name", None))
    label = next((name for name in names if isinstance(name, str) and name), default)
    unit = attrs.get("units")
    return f"{label} ({unit})" if isinstance(unit, str) and unit and not unit_of(label) else label


def unit_of(label: str) -> str:
    """The unit that ends a label, "s" of "time (s)" and "time [s]"; "" where there is none."""
    found = re.search(UNIT.pattern + "$", label)
    return next(filter(None, found.groups()), "").strip() if found else ""


def read_only(values: np.ndarray) -> np.ndarray:
    """A view of an array that cannot be written to."""
    view = values.view()
    view.flags.writeable = False
    return view
