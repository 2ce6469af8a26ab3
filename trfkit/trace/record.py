"""The trace itself.

The solver writes one float vector per trial point (`trfkit.core.trf.FIELDS`, then x). `Trace` keeps those vectors as
they came and reads them: as columns, as rows, as a table, as JSON. Every fit makes one, so that building it does
nothing but keep the array.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trfkit.core.trf import FIELDS, KINDS, OUTCOMES, SOLVERS
from trfkit.optional import pandas
from trfkit.trace.exact_json import read_columns, write_columns
from trfkit.trace.table import TABLE_STYLE, html_table, text_table

WORDS = {"solver": SOLVERS, "kind": KINDS, "outcome": OUTCOMES}
COUNTS = ("iteration", "nfev", "cg_iterations")
ACCEPTED = OUTCOMES.index("accepted")


class Row(NamedTuple):
    """One trial point. The start is a row, too: its solver is "none", its kind and its outcome are "start"."""

    # where the fit stood
    iteration: int  # accepted steps so far
    nfev: int  # evaluations of the model so far
    # how good the trial point was, and how good the step was said to be
    cost: float  # at the trial point
    predicted_reduction: float
    actual_reduction: float
    ratio: float  # actual to predicted reduction
    # the region and the step
    Delta: float  # trust radius of the step
    Delta_new: float  # trust radius after it
    alpha: float  # Levenberg-Marquardt parameter of the step
    step_norm: float
    optimality: float  # inf-norm of the scaled gradient at the best point so far
    solver: str  # "none", "SVD" or "CG"
    cg_iterations: int
    kind: str  # "start", "Gauss-Newton", "boundary", "reflected" or "gradient"
    outcome: str  # "start", "accepted", "no decrease" or "non-finite"
    # the scaled Jacobian; nan where CG did not measure it
    condition_number: float
    rank: float
    # the trial point itself, (n,)
    x: np.ndarray


class _Column:
    """A column of the trace: words for solver, kind and outcome, integers for counts, float64 for the rest."""

    def __set_name__(self, owner, name):
        self.name = name
        self.index = FIELDS.index(name)

    def __get__(self, trace, owner=None):
        if trace is None:
            return self
        column = trace.rows[:, self.index]
        if self.name in WORDS:
            return np.array(WORDS[self.name])[column.astype(int)]
        return column.astype(int) if self.name in COUNTS else column


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """The trial points of one fit in order, the start first; columns as attributes, rows by index.

    `rows` is (k, 17 + n) in the layout of `trfkit.core.trf`; `parameter_names` has the n names. See `Row` for the
    columns. `trace[i]` is a `Row`, `trace[2:5]` a `Trace`.
    """

    rows: np.ndarray
    parameter_names: tuple[str, ...]

    iteration = _Column()
    nfev = _Column()
    cost = _Column()
    predicted_reduction = _Column()
    actual_reduction = _Column()
    ratio = _Column()
    Delta = _Column()
    Delta_new = _Column()
    alpha = _Column()
    step_norm = _Column()
    optimality = _Column()
    solver = _Column()
    cg_iterations = _Column()
    kind = _Column()
    outcome = _Column()
    condition_number = _Column()
    rank = _Column()

    def __post_init__(self):
        names = tuple(self.parameter_names)
        rows = np.asarray(self.rows, dtype=float).reshape(-1, len(FIELDS) + len(names)).view()
        rows.flags.writeable = False
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "parameter_names", names)

    @property
    def x(self):
        """The trial points, (k, n)."""
        return self.rows[:, len(FIELDS) :]

    @property
    def accepted(self):
        """Which trials became the new best point, (k,) bool; the start is neither accepted nor rejected."""
        return self.rows[:, FIELDS.index("outcome")] == ACCEPTED

    @property
    def rejected(self):
        """Which trials were turned down, (k,) bool."""
        return self.rows[:, FIELDS.index("outcome")] > ACCEPTED

    @property
    def best(self):
        """Index of the best point: the last trial that was accepted, or the start."""
        stood = np.flatnonzero(~self.rejected)
        if stood.size == 0:
            raise ValueError("no row of this trace is a start or an accepted trial, so none is its best point")
        return int(stood[-1])

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Trace(self.rows[index], self.parameter_names)
        packed = self.rows[index]
        if packed.ndim != 1:
            raise TypeError(f"a trace is indexed by an integer or a slice, not by {type(index).__name__}")
        values = [_value(name, number) for name, number in zip(FIELDS, packed.tolist(), strict=False)]
        return Row(*values, x=packed[len(FIELDS) :])

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __eq__(self, other):
        """The same names and the same floats, bit for bit."""
        if not isinstance(other, Trace):
            return NotImplemented
        return self.parameter_names == other.parameter_names and self.rows.tobytes() == other.rows.tobytes()

    def __hash__(self):
        return hash((self.parameter_names, self.rows.tobytes()))

    def __repr__(self):
        return text_table(self)

    def _repr_html_(self):
        return f"<style>{TABLE_STYLE}</style>{html_table(self)}"

    def to_json(self):
        """The trace as JSON that any parser reads, exact to the last bit; `from_json` is its inverse.

        Numbers that JSON lacks are the strings "NaN", "Infinity" and "-Infinity".
        """
        return write_columns(
            self.parameter_names,
            {name: getattr(self, name).tolist() for name in FIELDS},
            [values.tolist() for values in self.x.T],
        )

    @classmethod
    def from_json(cls, text):
        """The trace that `to_json` wrote. Raises ValueError where the text is not one, saying what is wrong with it."""
        names, columns, x = read_columns(text, FIELDS, WORDS, COUNTS)
        codes = {name: [words.index(word) for word in columns[name]] for name, words in WORDS.items()}
        return cls(np.array([*(columns | codes).values(), *x], dtype=float).T, names)

    def to_dataframe(self):
        """A pandas DataFrame: one row per trial, the columns of `Row` and one column per parameter.

        A parameter named as a column is gets the prefix "x.". Raises ImportError where pandas is not installed.
        """
        columns = {name: getattr(self, name) for name in FIELDS}
        for name, values in zip(self.parameter_names, self.x.T, strict=True):
            columns[f"x.{name}" if name in FIELDS else name] = values
        return pandas("to_dataframe").DataFrame(columns).rename_axis("trial")


def _value(name, number):
    """One packed number as a `Row` holds it."""
    if name in WORDS:
        return WORDS[name][int(number)]
    return int(number) if name in COUNTS else number
