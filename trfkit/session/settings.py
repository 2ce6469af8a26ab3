"""What a person chooses before a fit, and the line of choices along which undo and redo go."""

from collections.abc import Hashable, Iterator
from typing import NamedTuple

import numpy as np

from ..fitting.joint import DataSet
from ..models import Model
from ..parameters import Parameters
from .data import Data


class Settings(NamedTuple):
    """What undo restores. Immutable: every change makes another."""

    data: Data
    model: Model
    parameters: Parameters
    mask: np.ndarray | None  # (m,) True for the points that count; None for all. Not written to
    options: dict  # of the solver and the loss. Not written to

    @property
    def data_set(self) -> DataSet:
        """The points, the model and which of them it is fitted to."""
        return self.data.fitted_by(self.model, self.mask)

    def shares(self, other: "Settings", *fields: str) -> bool:
        """Whether these fields are the very objects that the other settings have."""
        return all(getattr(self, field) is getattr(other, field) for field in fields)


class SettingsChanged(NamedTuple):
    """The session now has these settings."""

    settings: Settings


class CursorMoved(NamedTuple):
    """Row `index` of the trace is being looked at; None follows the newest."""

    index: int | None


class Timeline:
    """Settings in the order in which they were chosen, and where in it one is."""

    def __init__(self, first: Settings, *others: Settings, at: int = 0):
        self._line = [first, *others]
        self._at = at
        self._gesture: Hashable | None = None

    def __iter__(self) -> Iterator[Settings]:
        return iter(tuple(self._line))

    @property
    def at(self) -> int:
        """The place of the current ones."""
        return self._at

    @property
    def first(self) -> Settings:
        """Those that it began with."""
        return self._line[0]

    @property
    def current(self) -> Settings:
        """Those that hold now."""
        return self._line[self._at]

    @property
    def can_undo(self) -> bool:
        """Whether there are earlier ones."""
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        """Whether there are later ones."""
        return self._at < len(self._line) - 1

    def choose(self, settings: Settings, gesture: Hashable | None = None) -> None:
        """Go on to these; what had been undone is forgotten.

        Changes of one `gesture`, a slider's or a handle's on its way, are one step of undo.
        """
        goes_on = gesture is not None and gesture == self._gesture and self.can_undo and not self.can_redo
        self._line[self._at + (not goes_on) :] = [settings]
        self._at = len(self._line) - 1
        self._gesture = gesture

    def move(self, steps: int) -> bool:
        """Go so many steps forth or back, if there are as many; whether there were."""
        self._gesture = None
        if not 0 <= self._at + steps < len(self._line):
            return False
        self._at += steps
        return True
