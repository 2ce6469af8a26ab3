"""Starting values from data, for any model: one of the library, a sum, a product, a function of the user's own.

Where a model is separable its shapes are searched on a grid (`separable`, `matching`). A function's own guesser is
asked for its values; in a sum it is asked last, of what the separable parts leave over. A function without a guesser is
tried out (`probing`), by itself first and then the sum or product that it is part of as a whole.
"""

import numpy as np

from .composite import Sum
from .matching import match
from .peak_finding import find_peaks
from .probing import probed
from .separable import ProductShapes, Separable, SumShapes
from .variable_projection import coefficients

MOST_POINTS = 500  # a start needs no more of them
MOST_PEAKS = 12  # around which points are kept
POINTS_A_PEAK = 40
SMALLEST_DIVISOR = 1e-3  # of the largest: a quotient of data and a factor near its zeros is noise


def guess(model, x, y) -> dict[str, float]:
    """Starting values by name; see `Model.guess`."""
    x, y = _checked(x, y)
    with np.errstate(all="ignore"):  # what is not finite is replaced in the end
        values = _values(model, x, y)
    return {
        name: _within(value, spec)
        for name, value, spec in zip(model.parameter_names, values, model.parameters, strict=True)
    }


def _checked(x, y) -> tuple[np.ndarray, np.ndarray]:
    """The finite points in float, in the order of x where x is (m,)."""
    for name, values in (("x", x), ("y", y)):
        if np.iscomplexobj(values):
            raise ValueError(f"`{name}` is complex: guess from its real and imaginary parts as one array.")
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if y.ndim != 1 or x.ndim not in (1, 2) or x.shape[-1] != y.size:
        raise ValueError(f"`y` must be (m,) and `x` (m,) or (k, m), got {y.shape} and {x.shape}.")
    if y.size == 0:
        raise ValueError("there are no data to guess from: `y` is empty.")
    use = np.isfinite(y) & np.isfinite(np.atleast_2d(x)).all(axis=0)
    if not use.any():
        raise ValueError("there are no data to guess from: no point has both x and y finite.")
    x, y = x[..., use], y[use]
    if x.ndim == 1:
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
    return x, y


def _within(value, spec) -> float:
    """The value, inside its bounds; the default where it is not finite."""
    return float(np.clip(value, spec.min, spec.max)) if np.isfinite(value) else spec.default


def _values(model, x, y) -> tuple:
    """A value for each parameter of a model, in order, not yet bounded."""
    separable = as_separable(model)
    if separable is not None and not isinstance(separable, SumShapes):
        return _separable_values((separable,), x, y)[0]
    if model.components:
        composed = _sum_values if isinstance(model.function, Sum) else _product_values
        values = composed(model.components, x, y)
        return probed(model, x, y, values) if _has_unknown(model) else values
    if model.guesser is not None:
        return _own_guess(model, x, y)
    return probed(model, x, y) if model.parameters else ()


def _has_unknown(model) -> bool:
    """Whether a function without a guesser is part of the model."""
    if model.components:
        return any(map(_has_unknown, model.components))
    return bool(model.parameters) and model.guesser is None


def _own_guess(model, x, y) -> tuple:
    """What the model's own guesser says, checked for its names."""
    said = dict(model.guesser(x, y))
    names = [spec.name for spec in model.parameters]
    unknown = next((name for name in said if name not in names), None)
    if unknown is not None:
        raise ValueError(f"the guesser of {model.name} gives {unknown!r}; the parameters are {', '.join(names)}.")
    return tuple(float(said.get(spec.name, spec.default)) for spec in model.parameters)


def as_separable(model):
    """The model as shapes and coefficients; None where a part of it does not say how."""
    if isinstance(model.guesser, Separable):
        return model.guesser
    if not model.components:
        return None
    parts = tuple(as_separable(component) for component in model.components)
    if any(part is None for part in parts):
        return None
    return (SumShapes if isinstance(model.function, Sum) else ProductShapes)(parts)


def _sum_values(components, x, y) -> tuple:
    """Separable components matched together, the others guessed one by one on what those leave over."""
    numbers = [c for c in components if not c.parameters]
    parts = {i: part for i, c in enumerate(components) if (part := as_separable(c)) is not None}
    others = [i for i, c in enumerate(components) if c.parameters and i not in parts]
    rest = y - sum(_curve(number, (), x) for number in numbers)
    values = dict(zip(parts, _separable_values(list(parts.values()), x, rest), strict=True)) if parts else {}
    for i in parts if others else ():
        rest = rest - _curve(components[i], values[i], x)
    for i in others:
        values[i] = tuple(guess(components[i], x, rest).values())
        rest = rest - _curve(components[i], values[i], x)
    return sum((tuple(values.get(i, ())) for i in range(len(components))), ())


def _product_values(components, x, y) -> tuple:
    """Components that are not separable guessed on the data themselves, the others on the quotient."""
    parts = {i: part for i, c in enumerate(components) if (part := as_separable(c)) is not None}
    values = {i: tuple(guess(c, x, y).values()) for i, c in enumerate(components) if i not in parts}
    if parts:
        factor = np.prod([_curve(components[i], own, x) for i, own in values.items()], axis=0)
        safe = np.abs(factor) > SMALLEST_DIVISOR * np.max(np.abs(factor))
        if not safe.any():  # the others are 0 everywhere
            safe, factor = np.ones(y.size, dtype=bool), np.ones(y.size)
        found = _separable_values([ProductShapes(tuple(parts.values()))], x[..., safe], (y / factor)[safe])[0]
        ends = np.cumsum([len(components[i].parameters) for i in parts])
        values |= dict(zip(parts, (tuple(v) for v in np.split(found, ends[:-1])), strict=True))
    return sum((values[i] for i in range(len(components))), ())


def _curve(model, values, x) -> np.ndarray:
    """The model (m,) at x, 0 where it is not finite."""
    return np.nan_to_num(np.asarray(model.function(x, *values), dtype=float), posinf=0.0, neginf=0.0)


def _separable_values(parts, x, y) -> list[tuple]:
    """Parameters of each separable part of a sum."""
    grids = [None if part.peak and len(parts) > 1 else part.candidates(x, y) for part in parts]
    x, y = _thinned(x, y, any(part.peak for part in parts))
    thetas = match(parts, x, y, grids)
    solved = coefficients(parts, x, y, thetas)
    return [part.values(x, thetas[i], solved[i]) for i, part in enumerate(parts)]


def _thinned(x, y, peaked: bool) -> tuple[np.ndarray, np.ndarray]:
    """At most about MOST_POINTS points: one at random of each stretch, and for peaks some around each of them.

    Evenly spaced points would take a fast oscillation for a slow one.
    """
    m = y.size
    if m <= MOST_POINTS:
        return x, y
    edges = np.linspace(0, m, MOST_POINTS // 2 + 1).astype(int)
    picks = [np.random.default_rng(0).integers(edges[:-1], edges[1:])]
    if peaked and x.ndim == 1:
        for sign in (1.0, -1.0):
            for peak in find_peaks(x, sign * y, MOST_PEAKS // 2):
                ends = np.searchsorted(x, [peak.center - 2.0 * peak.width, peak.center + 2.0 * peak.width])
                picks.append(np.linspace(ends[0], ends[1] - 1, POINTS_A_PEAK).astype(int))
    kept = np.unique(np.clip(np.concatenate(picks), 0, m - 1))
    return x[..., kept], y[kept]
