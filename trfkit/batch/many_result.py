"""What `trfkit.fit_many` returns: arrays over the fits."""

from dataclasses import dataclass, field

import numpy as np

from ..core import radius
from ..optional import pandas
from ..results.fit_result import FitResult
from . import summary
from .batch import Batch

TOO_FEW_POINTS = -6  # beside the statuses of `trfkit.core.radius`

MESSAGES = radius.MESSAGES | {
    TOO_FEW_POINTS: "Fewer points than free parameters.",
    radius.NOT_FINITE: "Not finite: start or data, or the model at the start or at any point near the best one.",
    radius.USER_STOP: "Not fitted, as the batch was stopped.",
}


@dataclass(frozen=True, eq=False, repr=False)
class ManyResult:
    """The fits of `trfkit.fit_many`. `result["tau"]` is the array of a parameter; (…) are the axes of the fits.

    A fit that failed has a status ≤ 0 and NaN in `values`, `stderr`, `covariance`, `reduced_chi_square` and
    `condition_number`. Standard errors are those of `FitResult`: 0 of what is fixed, infinite of what the data do not
    determine.
    """

    batch: Batch = field(repr=False)  # what was fitted; it holds on to the data, not to a copy
    # for all K parameters
    values: np.ndarray  # (…, K)
    stderr: np.ndarray  # (…, K)
    covariance: np.ndarray  # (…, n, n) of the free ones
    # how it ended
    status: np.ndarray  # (…) as in `LeastSquaresResult`; positive where the fit converged
    nfev: np.ndarray  # (…)
    last_values: np.ndarray  # (…, K) where the solver ended, converged or not
    cost: np.ndarray  # (…) there
    # how good it is
    points: np.ndarray  # (…) that count
    reduced_chi_square: np.ndarray  # (…) nan, too, where no degrees of freedom are left
    rank: np.ndarray  # (…) of the Jacobian
    condition_number: np.ndarray  # (…) of the same, its columns scaled to one
    remarks: tuple[str, ...] = ()  # on how the fits were set up

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes of the fits."""
        return self.status.shape

    @property
    def names(self) -> tuple[str, ...]:
        """All K parameters, in order."""
        return tuple(self.batch.joint.parameters)

    @property
    def free_names(self) -> tuple[str, ...]:
        """Those that were fitted, in order: the rows of `covariance`."""
        return self.batch.joint.names

    @property
    def success(self) -> np.ndarray:
        """(…) whether each converged."""
        return self.status > 0

    @property
    def message(self) -> np.ndarray:
        """(…) why each ended, in words."""
        found, which = np.unique(self.status, return_inverse=True)
        words = np.array([MESSAGES[status] for status in found.tolist()], dtype=object)
        return words[which].reshape(self.shape) if words.size else np.empty(self.shape, object)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader might not expect."""
        return (*summary.doubts(self), *self.remarks)

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise KeyError(f"no parameter is called {name!r}; there are {', '.join(self.names)}")
        return self.names.index(name)

    def __getitem__(self, name: str) -> np.ndarray:
        """(…) the values of a parameter."""
        return self.values[..., self._place(name)]

    def __contains__(self, name) -> bool:
        return name in self.names

    def __iter__(self):
        return iter(self.names)

    def stderr_of(self, name: str) -> np.ndarray:
        """(…) the standard errors of a parameter."""
        return self.stderr[..., self._place(name)]

    def one(self, index) -> FitResult:
        """One of the fits, made again by `trfkit.fit` from the same start, for all that can be asked of a fit.

        `index` is that of the fit in the arrays: 7, or (3, 17). Raises IndexError where there is none, and ValueError
        for a fit that cannot be made.
        """
        numbers = np.arange(self.status.size).reshape(self.shape)[index]
        if np.ndim(numbers):
            raise IndexError(f"{index!r} is no single fit: the fits have the axes {self.shape}.")
        return self.batch.one(int(numbers))

    def to_dataframe(self):
        """A pandas DataFrame with a row for each fit: values, standard errors, how it ended; needs pandas."""
        library = pandas("to_dataframe")
        columns: dict = {}
        for name in self.names:
            columns |= {name: self[name], f"{name}_stderr": self.stderr_of(name)}
        told = ("reduced_chi_square", "cost", "points", "nfev", "success", "status", "message")
        columns |= {what: getattr(self, what) for what in told}
        index = None
        if len(self.shape) > 1:
            index = library.MultiIndex.from_product(map(range, self.shape))
        return library.DataFrame({name: column.ravel() for name, column in columns.items()}, index=index)

    def __repr__(self):
        return summary.text(self)

    def _repr_html_(self) -> str:
        return summary.html(self)
