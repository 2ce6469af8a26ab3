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

        Raises ValueError where the larger has no more parameters, or no degrees of freedom.
        """
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

    Raises ValueError for fits of other data, other errors or another loss: their criteria can't be compared.
    """
    if not isinstance(results, Mapping) or not results:
        raise ValueError(f"`results` must be {{name: FitResult}}, one for each model, got {results!r}.")
    first_name, *_ = results
    for name, result in results.items():
        what = _difference(results[first_name], result)
        if what:
            raise ValueError(f"{name!r} and {first_name!r} can't be compared: {what} differ; fit both in the same way.")
    return Comparison(dict(results))


def _difference(a: FitResult, b: FitResult) -> str:
    """What makes two fits incomparable; nothing in most cases."""
    if a.absolute_sigma != b.absolute_sigma:
        return "whether sigma is absolute"
    if any(a.options.get(key) != b.options.get(key) for key in ("loss", "f_scale")):
        return "their losses"
    one, other = ({s.name: data for s, data in zip(r.sets, r.joint.data, strict=True)} for r in (a, b))
    if set(one) != set(other):
        return "their data sets"
    for name in one:
        for field in ("y", "sigma", "L"):
            if not np.array_equal(getattr(one[name], field), getattr(other[name], field)):
                return "the data" if field == "y" else "the errors of the data"
    return ""
