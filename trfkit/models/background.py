"""What lies under the peaks: the SNIP background, for which no form of it has to be known.

Each point is replaced by the mean of its neighbours at a distance where that is lower, for growing distances. Whatever
is convex or straight stays as it is, and what is narrower than the largest distance is cut off.

C. G. Ryan, E. Clayton, W. L. Griffin, S. H. Sie and D. R. Cousens, SNIP, a statistics-sensitive background treatment
for the quantitative analysis of PIXE spectra, Nucl. Instrum. Methods B 34 (1988) 396-402.
"""

import numpy as np

from .peak_finding import smoothed

DISTANCES = 40  # on the way to the largest
WIDEST = 0.25  # of the data: the largest distance
SMOOTHING = 0.005  # of the data: noise has minima, too, and they are not the background


def background(y) -> np.ndarray:
    """The background (m,) of y (m,), points in the order of x."""
    level = smoothed(np.asarray(y, dtype=float), SMOOTHING * y.size).copy()
    widest = max(1, int(WIDEST * y.size))
    for distance in np.unique(np.linspace(1, widest, DISTANCES).astype(int)):
        mean = 0.5 * (level[: -2 * distance] + level[2 * distance :])
        level[distance:-distance] = np.minimum(level[distance:-distance], mean)
    return level
