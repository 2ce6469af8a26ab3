"""Values of a JSON document, read with their place in it, so that an error says what is wrong and where."""

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..exact_floats import decode, encode

SINGLE = "float32"
ADVICE = "the text was cut or edited; save the fit again"


@dataclass(frozen=True)
class Place:
    """A value of a document and where it stands there, as in "data_sets[0].y". Whatever is wrong is a ValueError."""

    value: Any
    where: str = ""

    def __getitem__(self, key: str) -> "Place":
        """What stands under a key."""
        if key not in self.items():
            raise ValueError(f"{self.where or 'the document'} lacks {key!r}: {ADVICE}.")
        return Place(self.value[key], f"{self.where}.{key}" if self.where else key)

    def items(self) -> Mapping[str, Any]:
        """The object (the dict) that stands here."""
        return self._of_type(dict, "an object (a dict)")

    def each(self) -> list["Place"]:
        """The places of a list."""
        return [Place(value, f"{self.where}[{i}]") for i, value in enumerate(self._of_type(list, "a list"))]

    def text(self) -> str:
        """A string."""
        return self._of_type(str, "a string")

    def texts(self) -> tuple[str, ...]:
        """A list of strings."""
        return tuple(place.text() for place in self.each())

    def truth(self) -> bool:
        """true or false."""
        return self.scalar(bool)

    def whole(self) -> int:
        """A whole number."""
        return self.scalar(int)

    def number(self) -> float:
        """A number, to the last bit."""
        return self.scalar(float)

    def scalar(self, kind: type):
        """A float, a whole number or a truth value."""
        try:
            return _SCALARS[kind](self.value)
        except ValueError as error:
            raise self.wrong(str(error)) from None

    def array(self, kind: type = float, shape: tuple[int, ...] | None = None) -> np.ndarray:
        """What `written_array` wrote, of one kind of numbers, and of a certain shape if one is given."""
        values = self["values"]
        try:
            found = np.array([_SCALARS[kind](value) for value in values._of_type(list, "a list")], dtype=kind)
        except ValueError:
            for place in values.each():
                place.scalar(kind)  # says which one is wrong
            raise
        sizes = tuple(place.whole() for place in self["shape"].each())
        if math.prod(sizes) != found.size or any(size < 0 for size in sizes):
            raise ValueError(f"{self.where} has {found.size} values where its shape says {sizes}: {ADVICE}.")
        if shape is not None and sizes != shape:
            raise ValueError(f"{self.where} has shape {sizes}, and the rest of the fit asks for {shape}: {ADVICE}.")
        if kind is float and "dtype" in self.items():
            if self["dtype"].text() != SINGLE:
                raise self["dtype"].wrong(f"{SINGLE!r} where it is given")
            with np.errstate(over="ignore"):
                found = found.astype(SINGLE)
        return found.reshape(sizes)

    def wrong(self, expected: str) -> ValueError:
        """The error for a value that is not what was expected."""
        return ValueError(f"{self.where} must be {expected}, got {reprlib.repr(self.value)}: {ADVICE}.")

    def _of_type(self, kind: type, expected: str):
        if type(self.value) is not kind:
            raise self.wrong(expected)
        return self.value


def _whole(value) -> int:
    if type(value) is not int or abs(value) >= 2**63:
        raise ValueError("a whole number")
    return value


def _truth(value) -> bool:
    if type(value) is not bool:
        raise ValueError("true or false")
    return value


_SCALARS = {float: decode, int: _whole, bool: _truth}


def written_array(array) -> dict:
    """An array of floats, whole numbers or truth values: {"shape": [2], "values": [0.5, "NaN"]}, as rows lie in C.

    A fit in single precision has "dtype": "float32", too.
    """
    array = np.asarray(array)
    written = {"shape": list(array.shape), "values": [encode(value) for value in array.ravel().tolist()]}
    return written | ({"dtype": SINGLE} if array.dtype == SINGLE else {})
