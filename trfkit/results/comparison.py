"""Several models of the same data side by side: which one do the data support?

Information criteria rank them; the weight of a model is exp(−Δ/2) with Δ its AICc above the least, over the sum of
these: how probable it is to be the best of them, K. P. Burnham & D. R. Anderson (2002), Model Selection and Multimodel
Inference, section 2.9. Of two models one of which contains the other, the extra-sum-of-squares F test asks whether the
larger one is needed: Bates & Watts (1988), section 3.10.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import fdtrc

from ..core.losses import linear
from .fit_result import FitResult


class FTest(NamedTuple):
    """Whether the larger of two nested models is needed."""

    F: float
    numerator: int  # parameters that the larger model has more
    denominator: int  # its degrees of freedom
    p_value: float  # of an F this large, were the smaller model true


class Row(NamedTuple):
    """One model in a comparison."""

    name: str
    variables: int
    chi_square: float
    reduced_chi_square: float
    aicc: float
    delta: float  # AICc above the least
    weight: float
    bic: float
    r_squared: float
    runs_p_value: float


HEADINGS = ("model", "parameters", "χ²", "reduced χ²", "AICc", "Δ", "weight", "BIC", "R²", "runs p")
FORMATS = ("{}", "{}", "{:.5g}", "{:.5g}", "{:.2f}", "{:.2f}", "{:.3f}", "{:.2f}", "{:.6f}", "{:.3f}")


@dataclass(frozen=True, repr=False)
class Comparison:
    """Models of the same data, best first by AICc."""

    results: dict[str, FitResult]

    @property
    def rows(self) -> tuple[Row, ...]:
        """One for each model, best first; a model without an AICc, having too many parameters, last."""
        stats = {name: result.goodness for name, result in self.results.items()}
        least = np.nanmin([s.aicc for s in stats.values()] + [np.inf])
        with np.errstate(invalid="ignore"):  # of two perfect fits neither is better
            deltas = {name: 0.0 if s.aicc == least else s.aicc - least for name, s in stats.items()}
        total = np.nansum([np.exp(-delta / 2) for delta in deltas.values()])
        order = sorted(stats, key=lambda name: (np.isnan(deltas[name]), deltas[name]))
        return tuple(
            Row(
                name, s.variables, s.chi_square, s.reduced_chi_square, s.aicc, deltas[name],
                float(np.exp(-deltas[name] / 2) / total), s.bic, s.r_squared, s.runs.p_value,
            )
            for name in order for s in (stats[name],)
        )  # fmt: skip

    @property
    def best(self) -> FitResult:
        """The result with the least AICc."""
        return self.results[self.rows[0].name]

    def f_test(self, smaller: str, larger: str) -> FTest:
        """The F test of two models by name, the smaller a special case of the larger, which is yours to know.

        Raises ValueError for an unknown name, and where the larger has no more parameters, or no degrees of freedom.
        """
        unknown = next((name for name in (smaller, larger) if name not in self.results), None)
        if unknown is not None:
            raise ValueError(f"there is no model {unknown!r} in this comparison, only {', '.join(self.results)}.")
        small, large = (self.results[name].goodness for name in (smaller, larger))
        more = large.variables - small.variables
        if more <= 0 or large.degrees_of_freedom <= 0:
            raise ValueError(
                f"{larger!r} must have more parameters than {smaller!r} and fewer than points, got {large.variables} "
                f"and {small.variables} for {large.points}."
            )
        if large.chi_square == 0:
            F = np.inf if small.chi_square > 0 else np.nan
        else:
            F = (small.chi_square - large.chi_square) / more / (large.chi_square / large.degrees_of_freedom)
        p_value = float(fdtrc(more, large.degrees_of_freedom, max(F, 0.0)))
        return FTest(float(F), more, large.degrees_of_freedom, p_value)

    def _cells(self) -> list[list[str]]:
        return [[f.format(value) for f, value in zip(FORMATS, row, strict=True)] for row in self.rows]

    def __repr__(self):
        table = [list(HEADINGS), *self._cells()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in table
        )

    def _repr_html_(self):
        def line(cells, tag):
            return "".join(
                f'<{tag} style="text-align: {"left" if i == 0 else "right"}">{html.escape(cell)}</{tag}>'
                for i, cell in enumerate(cells)
            )

        body = "".join(f"<tr>{line(cells, 'td')}</tr>" for cells in self._cells())
        return (
            f'<table style="font-variant-numeric: tabular-nums"><thead><tr>{line(HEADINGS, "th")}</tr></thead>'
            f"<tbody>{body}</tbody></table>"
        )


def compare(results: Mapping[str, FitResult]) -> Comparison:
    """Fits of the same data by different models, {name: result}, side by side, best first.

    Raises ValueError for fits of other data, errors or priors, or by another loss: their criteria can't be compared.
    """
    wrong = not isinstance(results, Mapping) or not all(isinstance(r, FitResult) for r in results.values())
    if wrong or not results:
        raise ValueError(f"`results` must be {{name: FitResult}}, one for each model, got {results!r}.")
    first_name, *_ = results
    for name, result in results.items():
        what = difference(results[first_name], result)
        if what:
            raise ValueError(f"{name!r} and {first_name!r} can't be compared: {what} differ; fit both in the same way.")
    return Comparison(dict(results))


def difference(a: FitResult, b: FitResult) -> str:
    """What makes two fits incomparable, as "their losses"; "" where `compare` takes both."""
    if a.absolute_sigma != b.absolute_sigma:
        return "whether sigma is absolute"
    if _loss(a) != _loss(b):
        return "their losses"
    if _priors(a) != _priors(b):
        return "their priors"
    one, other = ({s.name: of for s, *of in zip(r.sets, r.joint.data, r.joint.sigma_x, strict=True)} for r in (a, b))
    if set(one) != set(other):
        return "their data sets"
    for name, (data, sigma_x) in one.items():
        others, their_sigma_x = other[name]
        if not np.array_equal(data.y, others.y):
            return "the data"
        if not (np.array_equal(data.sigma, others.sigma) and np.array_equal(data.L, others.L)):
            return "the errors of the data"
        if not np.array_equal(sigma_x, their_sigma_x):
            return "the errors of x"
    return ""


def _loss(result: FitResult) -> tuple:
    settings = result.joint.settings
    return settings.loss, None if settings.loss is linear else settings.f_scale


def _priors(result: FitResult) -> list:
    """What was known before, by whatever name; each is one more measurement."""
    return sorted(p.prior for p in result.parameters.values() if p.prior is not None)
