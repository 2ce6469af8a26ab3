"""The nonlinear regression problems of the NIST Statistical Reference Datasets (StRD), with their certified answers.

27 data sets in three levels of difficulty. For each, the US National Institute of Standards and Technology found the
least-squares parameters, their standard errors and the residual sum of squares in multiple-precision arithmetic and
certified them to 11 digits, and gives two starts, the second nearer to the answer than the first. The numbers are in
the public domain: https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml

Each file in nist_strd/ is one problem, its numbers to the last digit that NIST prints; a row of data is the predictors,
then y. One number differs: for Rat43 NIST prints 9 degrees of freedom, while 15 observations less 4 parameters, and
NIST's own residual standard deviation and standard errors, make it 11.
"""

import difflib
import functools
import html
import importlib.resources
import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trfkit.datasets import strd_models

# In the order of increasing difficulty of NIST's own table: 8 lower, 11 average, 8 higher.
NIST_NAMES = (
    "Misra1a", "Chwirut2", "Chwirut1", "Lanczos3", "Gauss1", "Gauss2", "DanWood", "Misra1b",
    "Kirby2", "Hahn1", "Nelson", "MGH17", "Lanczos1", "Lanczos2", "Gauss3", "Misra1c", "Misra1d", "Roszman1", "ENSO",
    "MGH09", "Thurber", "BoxBOD", "Rat42", "MGH10", "Eckerle4", "Rat43", "Bennett5",
)  # fmt: skip

CERTIFIED_DIGITS = 11  # as printed by NIST: no answer can be shown to agree to more


@dataclass(frozen=True, eq=False, repr=False)
class NISTDataset:
    """One problem: m observations, a model with n parameters, and the certified answer. Its arrays are read-only."""

    # the problem
    name: str
    difficulty: str  # "lower", "average" or "higher"
    description: str  # one line
    reference: str  # where the data come from
    labels: tuple[str, ...]  # what is on the axes, with units where NIST states them: the predictors, then y
    # the model
    response: str  # what the model predicts: "y", or "log(y)" for Nelson
    formula: str  # LaTeX
    expression: str  # the right-hand side as plain text, in b1, b2, ... and x (Nelson: x1 and x2)
    model: Callable  # model(x, b1, b2, ...) in jax.numpy; observation i depends on x[..., i] alone
    parameter_names: tuple[str, ...]  # ("b1", "b2", ...)
    # the data
    x: np.ndarray  # (m,), or (2, m) for Nelson
    y: np.ndarray  # (m,), the response: for Nelson the logarithm is already taken
    # the answer
    starts: tuple[tuple[float, ...], tuple[float, ...]]  # far, near
    certified: np.ndarray  # (n,)
    standard_errors: np.ndarray  # (n,)
    residual_sum_of_squares: float
    residual_standard_deviation: float
    degrees_of_freedom: int  # m - n

    def digits(self, x):
        """Number of significant digits to which parameters agree with the certified values, at the worst parameter.

        The log relative error of McCullough (1998), min over j of -log10(|x_j - c_j| / |c_j|), from 0 (none, or not
        finite) to the 11 that are certified. Parameters in another order, such as the exponentials of Lanczos1 with
        their names exchanged, count as wrong although they fit as well. Raises ValueError unless x has shape (n,).

        B. D. McCullough, Assessing the reliability of statistical software: part I, The American Statistician 52
        (1998) 358-366.
        """
        x = np.asarray(x, dtype=float)
        if x.shape != self.certified.shape:
            raise ValueError(f"{self.name} has {len(self.certified)} parameters, got an array of shape {x.shape}")
        error = np.max(np.abs(x - self.certified) / np.abs(self.certified))
        if not np.isfinite(error):
            return 0.0
        smallest_error = 10.0**-CERTIFIED_DIGITS  # keeps the logarithm finite where x is the certified value
        return max(0.0, float(-np.log10(max(error, smallest_error))))

    def __repr__(self):
        return f"<NIST {self.name}: {self.difficulty} difficulty, m = {len(self.y)}, n = {len(self.certified)}>"

    def _repr_html_(self):
        rows = zip(self.parameter_names, *self.starts, self.certified, self.standard_errors, strict=True)
        body = "".join(
            f"<tr><th>{name}</th><td>{far:g}</td><td>{near:g}</td><td>{value:.11g} ± {error:.2g}</td></tr>"
            for name, far, near, value, error in rows
        )
        return (
            f"<p><b>NIST {self.name}</b> ({self.difficulty} difficulty, m = {len(self.y)}, n = {len(self.certified)})"
            f"<br>{html.escape(self.description)}</p><p>${self.formula}$</p>"
            f"<table><thead><tr><th></th><th>start 1</th><th>start 2</th><th>certified</th></tr></thead>"
            f"<tbody>{body}</tbody></table>"
            f"<p>residual sum of squares {self.residual_sum_of_squares:.11g},"
            f" {self.degrees_of_freedom} degrees of freedom</p>"
        )


def nist(name):
    """The NIST StRD problem of that name, in upper or lower case; NIST_NAMES lists all 27.

    Raises ValueError, with the nearest name, if there is none.
    """
    names = {known.lower(): known for known in NIST_NAMES}
    wanted = str(name).lower()
    if wanted not in names:
        (nearest,) = difflib.get_close_matches(wanted, names, n=1, cutoff=0.0)
        raise ValueError(
            f"no NIST data set is called {name!r}; the nearest is {names[nearest]!r}"
            " (trfkit.datasets.NIST_NAMES lists all of them)"
        )
    return _load(names[wanted])


@functools.cache
def _load(name):
    file = importlib.resources.files(__package__) / "nist_strd" / f"{name}.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    parameters = record["parameters"].values()
    *x, y = np.array(record["data"], dtype=float).T
    return NISTDataset(
        name=record["name"],
        difficulty=record["difficulty"],
        description=record["description"],
        reference=record["reference"],
        labels=tuple(record["labels"]),
        response=record["response"],
        formula=record["formula"],
        expression=record["expression"],
        model=getattr(strd_models, record["model"]),
        parameter_names=tuple(record["parameters"]),
        x=_read_only(x[0] if len(x) == 1 else x),
        y=_read_only(np.log(y) if record["response"] == "log(y)" else y),
        starts=tuple(zip(*(map(float, p["starts"]) for p in parameters), strict=True)),
        certified=_read_only([p["certified"] for p in parameters]),
        standard_errors=_read_only([p["standard_error"] for p in parameters]),
        residual_sum_of_squares=record["residual_sum_of_squares"],
        residual_standard_deviation=record["residual_standard_deviation"],
        degrees_of_freedom=record["degrees_of_freedom"],
    )


def _read_only(values):
    array = np.array(values, dtype=float)  # a contiguous copy
    array.flags.writeable = False
    return array
