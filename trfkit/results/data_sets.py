"""The data sets of a fit, from what the user gave, and the names of their parameters.

Of several data sets each has parameters of its own, `tau_cold` and `tau_hot`, but for those that are shared.
"""

import datetime
import re
from collections.abc import Iterable, Mapping

import numpy as np

from ..fitting import inputs
from ..fitting.joint import DataSet
from ..models import Model

TIMES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)
DATA_SET_NAME = re.compile(r"[A-Za-z0-9_]+")


def as_model(model) -> Model:
    """A Model, or the model of a function f(x, a, b, …) or of a formula "a*exp(-x/tau)"."""
    if isinstance(model, Model):
        return model
    if isinstance(model, str):
        return Model.from_expression(model)
    if callable(model):
        return Model.from_function(model)
    raise TypeError(f"`model` must be a Model, a function f(x, a, b) or a text like 'a*x + b', got {model!r}.")


def data_sets(model, x, y, sigma, sigma_x, mask, shared) -> tuple[DataSet, ...]:
    """One data set, or one for each name of y; what is given once counts for all of them."""
    given = {"model": model, "x": x, "sigma": sigma, "sigma_x": sigma_x, "mask": mask}
    if not isinstance(y, Mapping):
        several = next((what for what, values in given.items() if isinstance(values, Mapping)), None)
        if several is not None:
            raise ValueError(f"`{several}` has data sets by name, but `y` has none: give y in the same way.")
        if shared:
            raise ValueError("`shared` is for several data sets: give x and y as {name: array}.")
        only = as_model(model)
        return (_data_set("", only, only.parameter_names, x, y, sigma, sigma_x, mask),)
    _check_set_names(y, given)
    own = {
        name: {what: values[name] if isinstance(values, Mapping) else values for what, values in given.items()}
        for name in y
    }
    models = {name: as_model(values.pop("model")) for name, values in own.items()}
    shared = _shared_names(shared, models)
    sets = []
    for name, its_model in models.items():
        names = tuple(p if p in shared else f"{p}_{name}" for p in its_model.parameter_names)
        sets.append(_data_set(name, its_model, names, y=y[name], **own[name]))
    _check_distinct(sets)
    return tuple(sets)


def _check_set_names(y: Mapping, given: Mapping) -> None:
    if not y:
        raise ValueError("`y` has no data set: there is nothing to fit.")
    for what, values in given.items():
        if isinstance(values, Mapping) and set(values) != set(y):
            there, wanted = (", ".join(map(repr, names)) for names in (values, y))
            raise ValueError(f"`{what}` has the data sets {there}, but `y` has {wanted}.")
    for name in y:
        if not isinstance(name, str) or not DATA_SET_NAME.fullmatch(name):
            raise ValueError(f"data set {name!r}: a name of letters, digits and _ goes into those of its parameters.")


def _shared_names(shared, models: Mapping[str, Model]) -> frozenset[str]:
    """The parameters that are shared, as the models call them."""
    known = tuple(dict.fromkeys(name for model in models.values() for name in model.parameter_names))
    if isinstance(shared, str) and shared == "all":
        return frozenset(known)
    if isinstance(shared, str) or not isinstance(shared, Iterable):
        raise ValueError(f"`shared` must be 'all' or a list of parameters such as [{known[0]!r}], got {shared!r}.")
    shared = tuple(shared)
    unknown = next((name for name in shared if name not in known), None)
    if unknown is not None:
        raise ValueError(f"`shared` names {unknown!r}, which no model has; there are {', '.join(known)}.")
    return frozenset(shared)


def _check_distinct(sets) -> None:
    """Raise ValueError where two parameters would go by one name: a of data set b_c, and a_b of data set c."""
    meant: dict[str, str] = {}
    for s in sets:
        for own, name in zip(s.model.parameter_names, s.names, strict=True):
            meaning = f"the shared {own}" if own == name else f"{own} of data set {s.name!r}"
            if meant.setdefault(name, meaning) != meaning:
                raise ValueError(
                    f"{meant[name]} and {meaning} would both be called {name!r}: give the data set another name."
                )


def _data_set(name, model, names, x, y, sigma, sigma_x, mask) -> DataSet:
    """The data set, of copies: a result still has its data when the user has gone on with the arrays."""
    where = f" of data set {name!r}" if name else ""
    y = _numbers(y, f"y{where}")
    sigma, sigma_x = (
        None if errors is None else _numbers(errors, f"{what}{where}")[()]
        for what, errors in (("sigma", sigma), ("sigma_x", sigma_x))
    )
    mask = None if mask is None else np.array(mask)
    return DataSet(name, model, names, _numbers(x, f"x{where}") if is_array(x) else x, y, sigma, sigma_x, mask)


def without_nan(s: DataSet) -> DataSet:
    """The data set with points that have a NaN masked out; raises ValueError where each has."""
    usable = points_without_nan(s.y, s.x, s.sigma, s.sigma_x)
    if s.mask is not None:
        usable &= inputs.row_mask(s.mask, s.y.size)
    if not usable.any():
        raise ValueError(s.said("no point is left: each has a NaN."))
    return s if usable.all() else s._replace(mask=usable)


def points_without_nan(y: np.ndarray, *others) -> np.ndarray:
    """(m,) True where neither y (m,) nor one of the others that are arrays over the points is NaN."""
    usable = np.ones(y.size, dtype=bool)
    for values in (y, *others):
        if isinstance(values, np.ndarray) and values.shape[-1:] == y.shape:
            usable &= ~np.isnan(np.sum(np.atleast_2d(values), axis=0))
    return usable


def is_array(x) -> bool:
    """Whether x is numbers, an array, a list or a series of them; some models take something else."""
    return isinstance(x, list | tuple | range | int | float) or hasattr(x, "__array__")


def _numbers(values, name: str) -> np.ndarray:
    values = np.asarray(values)
    if values.dtype.kind in "mM" or any(isinstance(value, TIMES) for value in values.flat[:1]):
        raise ValueError(
            f"`{name}` has dates or times, and in which unit to fit them is not known: give numbers, such as the "
            f"seconds (t - t[0]) / np.timedelta64(1, 's')."
        )
    return np.array(inputs.data_array(values, name, check_finite=False))
