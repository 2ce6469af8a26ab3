"""Published measurements that the literature on fitting keeps coming back to."""

from typing import NamedTuple

import numpy as np


class Kinetics(NamedTuple):
    """Initial rates of an enzyme's reaction, for two preparations of the enzyme."""

    concentration: dict[str, np.ndarray]  # ppm of substrate, by preparation
    rate: dict[str, np.ndarray]  # counts/min², by preparation


class ErrorsInBoth(NamedTuple):
    """A line whose x and y are both uncertain."""

    x: np.ndarray
    y: np.ndarray
    sigma_x: np.ndarray
    sigma: np.ndarray


def puromycin() -> Kinetics:
    """Galactosyltransferase with and without puromycin: M. A. Treloar (1974), in Bates & Watts (1988), Nonlinear
    Regression Analysis and its Applications, table A1.3. Each concentration was measured twice, one only once.
    """
    twice = np.repeat([0.02, 0.06, 0.11, 0.22, 0.56, 1.10], 2)
    treated = np.array([76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200], dtype=float)
    untreated = np.array([67, 51, 84, 86, 98, 115, 131, 124, 144, 158, 160], dtype=float)
    return Kinetics({"treated": twice, "untreated": twice[:-1]}, {"treated": treated, "untreated": untreated})


def pearson_york() -> ErrorsInBoth:
    """K. Pearson's (1901) points of a line with D. York's (1966) weights: D. York et al. (2004), Am. J. Phys. 72, 367.

    The best line has the slope −0.480533407 ± 0.0579850 and the intercept 5.47991022 ± 0.2949707.
    """
    x = np.array([0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
    y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
    weights_x = np.array([1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1.0])
    weights_y = np.array([1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500])
    return ErrorsInBoth(x, y, weights_x**-0.5, weights_y**-0.5)
