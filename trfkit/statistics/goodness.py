"""How good a fit is: χ², information criteria, R², and whether the residuals look like noise.

With n parameters fitted to m points and −2 ln L the deviance, terms that are the same for all models left out:

    deviance = χ²               where the errors of the data are known
             = m ln(χ²/m)       where their size is estimated from the residuals
    AIC  = deviance + 2n                              H. Akaike, IEEE Trans. Autom. Control 19 (1974) 716
    AICc = deviance + 2n + 2k(k + 1)/(m − k − 1)      C. M. Hurvich, C.-L. Tsai, Biometrika 76 (1989) 297
    BIC  = deviance + n ln m                          G. Schwarz, Ann. Statist. 6 (1978) 461

k counts all that is estimated: n, and 1 for the size of the errors where that is. AIC and BIC do not count it, as in
lmfit, for it would add the same to every model of the same data; to the correction of AICc it would not.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, ndtr

# Up to so many residuals of the rarer sign the runs test is exact, and pooling convolves at most 10 000 probabilities.
# Beyond, the p-value of the normal approximation is off by 1e-5 where both signs are as frequent, by 3e-3 at 1 to 3.
MOST_EXACT = 5000

ROUNDINGS = 16 * np.finfo(float).eps  # of a weighted mean, relative to the data: data that vary less are constant
NONE = np.zeros(0)


class WeightedSet(NamedTuple):
    """One data set as the fit weighs it: divided by sigma, or by the Cholesky factor L where sigma is a covariance."""

    residuals: np.ndarray  # (m,) (y − f)/σ, or L⁻¹(y − f)
    data: np.ndarray  # (m,) y/σ, or L⁻¹y
    ones: np.ndarray  # (m,) 1/σ, or L⁻¹1
    order: np.ndarray | None  # (m,) indices that sort the points along x; None where x is no line


class RunsTest(NamedTuple):
    """Runs of residuals of one sign along x: far fewer than expected means that the model misses a trend."""

    runs: int
    expected: float
    p_value: float  # probability of a number of runs at least as unlikely; nan where there could be no other number


class Goodness(NamedTuple):
    """How well a model describes its data."""

    points: int  # m, of all data sets, a prior counting as one
    variables: int  # n, parameters that were fitted
    degrees_of_freedom: int  # m − n
    chi_square: float  # Σ ((y − f)/σ)², and that of the priors
    reduced_chi_square: float  # nan where no degrees of freedom are left
    aic: float
    aicc: float  # nan where there are too few points
    bic: float
    r_squared: float  # share of the variance about each set's own mean that the model explains; nan for constant data
    runs: RunsTest


def goodness(sets: Sequence[WeightedSet], variables: int, sigma_known: bool, priors: np.ndarray = NONE) -> Goodness:
    """The goodness of a fit of so many variables to all the data sets together, and to priors with these residuals."""
    m = len(priors) + sum(len(each.residuals) for each in sets)
    with np.errstate(over="ignore"):
        of_data = float(sum(each.residuals @ each.residuals for each in sets))
        chi_square = of_data + float(priors @ priors)
        total = float(sum(_variation(each) for each in sets))
    left = m - variables
    deviance = chi_square if sigma_known else _estimated_deviance(chi_square, m)
    aic = deviance + 2 * variables
    k = variables if sigma_known else variables + 1
    return Goodness(
        points=m,
        variables=variables,
        degrees_of_freedom=left,
        chi_square=chi_square,
        reduced_chi_square=chi_square / left if left > 0 else math.nan,
        aic=aic,
        aicc=aic + 2 * k * (k + 1) / (m - k - 1) if m > k + 1 else math.nan,
        bic=deviance + variables * math.log(m) if m else math.nan,
        r_squared=1 - of_data / total if total > 0 else math.nan,
        runs=runs_test([each.residuals[each.order] for each in sets if each.order is not None]),
    )


def _estimated_deviance(chi_square: float, m: int) -> float:
    """m ln(χ²/m): −inf for a perfect fit, nan without points."""
    if m == 0:
        return math.nan
    return m * math.log(chi_square / m) if chi_square / m != 0 else -math.inf


def _variation(each: WeightedSet) -> float:
    """Σ ((y − ȳ)/σ)² about the weighted mean ȳ, which makes it least; 0 for data that are constant up to rounding."""
    weight = np.sum(each.ones**2)
    mean = np.sum(each.ones * each.data) / weight if weight > 0 else 0.0
    deviations = each.data - mean * each.ones
    variation = deviations @ deviations
    return 0.0 if variation <= ROUNDINGS**2 * (each.data @ each.data) else variation


def runs_test(series: Sequence[np.ndarray]) -> RunsTest:
    """The runs test of A. Wald and J. Wolfowitz, Ann. Math. Statist. 11 (1940) 147, residuals in order along x.

    Given how many residuals are positive and how many negative, every order is as likely as any other. Runs of several
    series are summed. Residuals of exactly 0, or nan, have no sign and are left out. The p-value is two-sided, twice
    the smaller tail: few runs mean a trend, many an oscillation from point to point.
    """
    signs = [np.sign(each[np.abs(each) > 0]) for each in series]
    counts = [(int(np.sum(s > 0)), int(np.sum(s < 0))) for s in signs if s.size]
    if not counts:
        return RunsTest(0, math.nan, math.nan)
    runs = sum(1 + int(np.sum(s[1:] != s[:-1])) for s in signs if s.size)
    means = [1 + 2 * a * b / (a + b) for a, b in counts]
    expected = sum(means)
    variance = sum((e - 1) * (e - 2) / (a + b - 1) for e, (a, b) in zip(means, counts, strict=True) if a and b)
    if variance == 0:
        return RunsTest(runs, expected, math.nan)
    if sum(min(pair) for pair in counts) <= MOST_EXACT:
        return RunsTest(runs, expected, _exact_p_value(runs, counts))
    return RunsTest(runs, expected, _normal_p_value(runs, expected, variance))


def _normal_p_value(runs: int, expected: float, variance: float) -> float:
    """With continuity correction: half a run nearer to what is expected, since runs are whole numbers."""
    distance = max(abs(runs - expected) - 0.5, 0.0)
    return float(2 * ndtr(-distance / math.sqrt(variance)))


def _exact_p_value(runs: int, counts: list[tuple[int, int]]) -> float:
    probabilities = np.ones(1)  # of 0, 1, … runs
    for pair in counts:
        probabilities = np.convolve(probabilities, _probabilities(*pair))
    return float(min(1.0, 2 * min(probabilities[: runs + 1].sum(), probabilities[runs:].sum())))


def _probabilities(a: int, b: int) -> np.ndarray:
    """Probabilities of 0, 1, … runs of a + b signs, a of them of one kind, when all orders are equally likely.

    2k runs are k parts of each kind; 2k + 1 runs are k + 1 parts of the one and k of the other.
    """
    if min(a, b) == 0:
        return np.array([0.0, 1.0])
    total = _log_binomial(a + b, a)
    parts = np.arange(min(a, b) + 2)

    def ways(i, j):
        return np.exp(_log_binomial(a - 1, i - 1) + _log_binomial(b - 1, j - 1) - total)

    even, odd = 2 * ways(parts, parts), ways(parts + 1, parts) + ways(parts, parts + 1)
    return np.column_stack([even, odd]).ravel()


def _log_binomial(n: int, k):
    """ln of n over k; −inf where there is no such choice."""
    possible = (0 <= k) & (k <= n)
    k = np.where(possible, k, 0)
    return np.where(possible, gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1), -np.inf)
