"""Peaks in noisy data: where they are, how high and how wide.

The data are smoothed on finer and coarser scales, and a maximum counts where it stands out of the noise that is left on
its scale. A peak belongs to the finest scale that shows it, so two narrow peaks are never taken for one broad one.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage, signal

MARGIN = 0.5  # in standard deviations, over what noise alone may do
FWHM_OF_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))  # of a Gaussian
SHOULDER_SMOOTHING = 60.0  # the second derivative is taken of data smoothed over 1/60 of their number
FWHM_OF_BEND = 1.5  # of a Gaussian, in half widths of the central lobe of its second derivative above its side lobes
MOST_POINTS = 20_000  # beyond, neighbours are averaged first


class Peak(NamedTuple):
    """One peak, in units of x and y."""

    center: float
    height: float  # y at the centre, smoothed
    width: float  # full width at half of its prominence
    prominence: float  # height above the higher of the valleys beside it
    significance: float  # prominence in standard deviations of the noise


def noise_level(y) -> float:
    """Standard deviation of white noise on a smooth curve: from the median of the second differences, robust."""
    if np.size(y) < 3:
        return 0.0
    second = np.diff(y, 2)  # of variance 6 σ²
    return float(np.median(np.abs(second)) / (0.6745 * np.sqrt(6.0)))  # the median of |normal| is 0.6745 σ


def smoothed(y, sigma: float) -> np.ndarray:
    """y (m,) smoothed over a standard deviation of `sigma` points, in time independent of it: two running means."""
    size = int(np.sqrt(6.0 * sigma**2 + 1.0)) | 1  # two of them have the variance (size² − 1) / 6; odd, to be centred
    for _ in range(2 if size > 1 else 0):
        y = ndimage.uniform_filter1d(y, size, mode="nearest")
    return y


def find_peaks(x, y, count: int | None = None) -> tuple[Peak, ...]:
    """The peaks of y (m,) over x (m,), from left to right; with `count`, at most so many, the most significant ones.

    Points come in any order; where x or y is not finite they are left out. Dips are the peaks of −y. Peaks whose
    maximum is not inside the data are not found. Raises ValueError where x and y differ in shape.
    """
    x, y = (np.asarray(a, dtype=float) for a in (x, y))
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"`x` and `y` must be one-dimensional and of one length, got {x.shape} and {y.shape}.")
    use = np.isfinite(x) & np.isfinite(y)
    order = np.argsort(x[use], kind="stable")
    peaks = sorted(_peaks(*_averaged(x[use][order], y[use][order])), key=lambda peak: -peak.significance)
    return tuple(sorted(peaks[:count]))


def find_shoulders(x, y, count: int) -> list[Peak]:
    """At most `count` places where y (m,) over ordered x (m,) bends down most: peaks without a maximum of their own.

    Among them are true ones on the flank of a larger peak, on a steep background, and wiggles of the noise: candidates
    to be tried, not findings.
    """
    if x.size < 5:
        return []
    bend = -np.gradient(np.gradient(smoothed(y, x.size / SHOULDER_SMOOTHING)))
    at, found = signal.find_peaks(bend, prominence=0.0, width=0.0, rel_height=0.5)
    most = np.argsort(-found["prominences"], kind="stable")[:count]
    left, right = (np.interp(found[side][most], np.arange(x.size), x) for side in ("left_ips", "right_ips"))
    widths = FWHM_OF_BEND * (right - left)
    return [
        Peak(float(x[i]), float(y[i]), float(width), 0.0, 0.0)
        for i, width in zip(at[most], widths, strict=True)
        if width > 0
    ]


def _averaged(x, y):
    """Neighbours averaged until at most MOST_POINTS are left."""
    block = -(-x.size // MOST_POINTS)
    if block <= 1:
        return x, y
    whole = x.size // block * block
    return x[:whole].reshape(-1, block).mean(axis=1), y[:whole].reshape(-1, block).mean(axis=1)


def _peaks(x, y) -> list[Peak]:
    if x.size < 3 or np.ptp(y) == 0:
        return []
    noise = max(noise_level(y), 1e-6 * np.ptp(y))  # exact data have no noise, and rounding is none to find peaks in
    # The highest bump of m points of noise stands out of it by the highest of them less the lowest, 2 √(2 ln m) σ.
    significant = 2.0 * np.sqrt(2.0 * np.log(x.size)) + MARGIN
    peaks, taken = [], []
    scale = 0.0
    while scale <= x.size / 8:
        smooth = smoothed(y, scale)
        left_over = noise / np.sqrt(max(1.0, 2.0 * np.sqrt(np.pi) * scale))
        at, found = signal.find_peaks(smooth, prominence=significant * left_over, width=0.0, rel_height=0.5)
        for i, prominence, left, right in zip(
            at, found["prominences"], found["left_ips"], found["right_ips"], strict=True
        ):
            if any(l <= i <= r or left <= c <= right for l, c, r in taken):
                continue
            taken.append((left, i, right))
            samples = right - left
            sharp = np.sqrt(max(samples**2 - (FWHM_OF_SIGMA * scale) ** 2, 1.0))  # without what the smoothing added
            width = float(np.ptp(np.interp([left, right], np.arange(x.size), x)) * sharp / samples)
            significance = float(prominence / left_over)
            peaks.append(Peak(float(x[i]), float(smooth[i]), width, float(prominence), significance))
        scale = 2.0 * scale or 1.0
    return peaks
