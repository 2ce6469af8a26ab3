"""Values of many fits: one for all of them, or one for each."""

import numpy as np

from ..fitting import inputs


class Each:
    """Values of shape `own` for each fit, given for all at once or over the axes of the fits.

    The axes `lead` of the fits go before those of `own`, and broadcast by NumPy's rules. Nothing is copied. Raises
    ValueError for what is no array of real numbers, or of no such shape.
    """

    def __init__(self, values, name: str, lead: tuple[int, ...], own: tuple[int, ...] = ()):
        self.name, self.lead, self.own = name, lead, own
        values = np.asarray(values)
        if values.dtype.kind == "O" and values.size:
            values = inputs.data_array(values, name, check_finite=False)
        if values.dtype.kind not in "biuf":
            raise ValueError(f"`{name}` must hold real numbers, got an array of {values.dtype}.")
        self.values = values
        self.shared = values.ndim <= len(own)
        try:
            self._all = np.broadcast_to(values, lead + own)
        except ValueError as error:
            for_all = f"shape {own} for all fits" if own else "a number for all fits"
            raise ValueError(
                f"`{name}` has shape {values.shape}: give {for_all}, or {lead + own} for each its own."
            ) from error

    def rows(self, which) -> np.ndarray:
        """Those of some fits (…, *own), by their number in order; a copy."""
        return self._all[np.unravel_index(which, self.lead)]

    def all(self) -> np.ndarray:
        """Those of all fits (B, *own)."""
        return self._all.reshape(int(np.prod(self.lead)), *self.own)


def at(number: int, lead: tuple[int, ...], *further: int) -> str:
    """The index of a fit by its number in order, and further indices: "[3, 17]"."""
    return f"[{', '.join(str(i) for i in (*np.unravel_index(number, lead), *further))}]"
