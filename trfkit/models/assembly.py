"""Models put together piece by piece: leaves and their prefixes, one more component, one less, and where to start then.

The leaves of a model are the components that are no sums or products themselves.
"""

import itertools
import string
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from .composite import Number, TypedFormula
from .model import Model
from .origin import joined

# a, b, … z, a1, b1, …
_PREFIXES = tuple(letter + number for number in ("", *string.digits[1:]) for letter in string.ascii_lowercase)


def leaves(model: Model) -> tuple[Model, ...]:
    """The components of components, from left to right; the model itself where it has none."""
    return tuple(itertools.chain(*map(leaves, model.components))) if model.components else (model,)


def told_apart(models: Iterable[Model], typed: Iterable[str] = ()) -> tuple[Model, ...]:
    """The leaves with prefixes a, b, c, … for those that have none and call a parameter as another one does.

    Names are compared without prefixes, so that a third Gaussian beside a and b becomes c. `typed` are names in
    formulas beside them.
    """
    models, typed = tuple(models), tuple(typed)
    count = Counter(itertools.chain(typed, *({p.name for p in m.parameters} for m in models)))
    used = {m.prefix for m in models} | {name.partition(".")[0] for name in typed} | {"x"}
    free = (prefix for prefix in _PREFIXES if prefix not in used)
    return tuple(
        replace(m, prefix=next(free)) if not m.prefix and any(count[p.name] > 1 for p in m.parameters) else m
        for m in models
    )


def attached(model: Model, component: Model, kind: str) -> Model:
    """The "sum" or "product" of a model and one more leaf; those that would share names get prefixes."""
    every = (*leaves(model), component)
    typed = [leaf for leaf in every if isinstance(leaf.function, TypedFormula)]
    others = [leaf for leaf in every if not isinstance(leaf.function, TypedFormula)]
    names = itertools.chain(*(leaf.parameter_names for leaf in typed))
    renamed = dict(zip(map(id, others), told_apart(others, names), strict=True))
    if any(renamed[id(leaf)] is not leaf for leaf in others if leaf is not component):
        model = _replanted(model, renamed)
    return joined(kind, (model, renamed.get(id(component), component)))


def _replanted(model: Model, renamed: Mapping[int, Model]) -> Model:
    """The model with other leaves, by the identity of those that they replace."""
    if not model.components:
        return renamed.get(id(model), model)
    return joined(model.kind, [_replanted(component, renamed) for component in model.components])


def detached(model: Model, place: int) -> Model:
    """A sum or product without one of its components. Raises ValueError where no parameter would be left."""
    rest = joined(model.kind, [c for i, c in enumerate(model.components) if i != place])
    if not rest.parameters:
        raise ValueError(f"without {model.components[place]!r} there would be nothing to fit: choose another model.")
    return rest


def carried_over(old: Model, values: Mapping[str, float], new: Model, x, y, mask) -> dict[str, float]:
    """Where to start `new`, as far as `old` and its `values` tell: leaves that stay keep theirs, under any prefix.

    What joins a sum is guessed from what those that stay leave of y, so that a second peak finds its own; x (m,) or
    (k, m), y (m,), and `mask` (m,), True for the points that count.
    """
    kept = _kept(old, values, new)
    stay = [c for c in new.components if set(c.parameter_names) <= set(kept)]
    join = [c for c in new.components if c not in stay]
    if new.kind != "sum" or not join or not any(c.parameters for c in stay) or not isinstance(x, np.ndarray):
        return kept
    x, y = x[..., mask], y[mask]
    stays = joined("sum", stay)
    level = np.asarray(stays(x, *(kept[name] for name in stays.parameter_names)))
    return joined("sum", join).guess(x, y - level) | kept


def _kept(old: Model, values: Mapping[str, float], new: Model) -> dict[str, float]:
    """The values of leaves that are in both, {name in new: value}; of equal ones those of the same prefix first."""
    before, after, kept = list(leaves(old)), list(leaves(new)), {}
    for same in (_same, _same_but_for_prefix):
        for leaf in tuple(after):
            found = next((b for b in before if same(b, leaf)), None)
            if found is not None and not isinstance(leaf.function, Number):
                before.remove(found)
                after.remove(leaf)
                kept |= dict(zip(leaf.parameter_names, (values[n] for n in found.parameter_names), strict=True))
    return kept


def _same(one: Model, other: Model) -> bool:
    return one == other


def _same_but_for_prefix(one: Model, other: Model) -> bool:
    return replace(one, prefix="") == replace(other, prefix="")
