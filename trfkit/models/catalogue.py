"""The library as a menu: what can be chosen for data of one coordinate, and for images, in groups.

An entry is a text as `typed_model.read_model` reads it, so that what is chosen and what is typed mean the same.
"""

import inspect
import itertools

from . import LIBRARY
from .images import Gaussian2D
from .origin import FACTORIES
from .polynomials import Constant

MENU_DEGREES = range(2, 6)  # of polynomials; others are typed


def _group(factory) -> str:
    """What the library calls the models that are made beside this one: "peaks", "decays", …"""
    return factory.__module__.rpartition(".")[2]


def _entries(factory) -> tuple[str, ...]:
    name = factory.__name__
    wants_degree = "degree" in inspect.signature(factory).parameters
    return tuple(f"{name}({degree})" for degree in MENU_DEGREES) if wants_degree else (name,)


def _takes(factory, coordinates: int) -> bool:
    """Whether the models of a factory take x of so many coordinates; a constant takes any."""
    return factory is Constant or coordinates == (2 if factory is Gaussian2D else 1)


def menu(coordinates: int = 1) -> dict[str, tuple[str, ...]]:
    """{group: entries} of the library, in its order, for x of so many coordinates."""
    fitting = [factory for factory in LIBRARY if _takes(factory, coordinates)]
    groups = itertools.groupby(fitting, key=_group)
    return {group: tuple(itertools.chain(*map(_entries, factories))) for group, factories in groups}


def about(entry: str) -> str:
    """What there is to say of an entry of the menu, in a sentence."""
    return inspect.getdoc(FACTORIES[entry.partition("(")[0]]).partition(" Raises")[0]
