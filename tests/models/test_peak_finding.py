"""Peaks where we put them, none where there is only noise."""

import numpy as np
import pytest

from trfkit.models.background import background
from trfkit.models.peak_finding import find_peaks, find_shoulders, noise_level, smoothed

X = np.linspace(0.0, 10.0, 500)


def gaussians(*peaks, x=X):
    return sum(height * np.exp(-0.5 * ((x - center) / sigma) ** 2) for height, center, sigma in peaks)


def noise(size, seed=0):
    return np.random.default_rng(seed).standard_normal(size)


@pytest.mark.parametrize("level", [0.0, 0.05])
def test_peaks_are_found_from_left_to_right_with_their_widths(level):
    truth = ((3.0, 2.0, 0.2), (1.0, 5.0, 0.5), (2.0, 8.0, 0.1))
    peaks = find_peaks(X, gaussians(*truth) + level * noise(X.size))
    assert len(peaks) == 3
    for peak, (height, center, sigma) in zip(peaks, truth, strict=True):
        assert peak.center == pytest.approx(center, abs=0.5 * sigma)
        assert peak.height == pytest.approx(height, abs=0.2 * height)
        assert peak.width == pytest.approx(2.355 * sigma, rel=0.3)


def test_noise_alone_has_no_peaks():
    found = sum(len(find_peaks(np.arange(400.0), noise(400, seed))) for seed in range(100))
    assert found <= 2


def test_two_narrow_peaks_are_not_one_broad_one():
    peaks = find_peaks(X, gaussians((1.0, 4.6, 0.15), (1.0, 5.4, 0.15)) + 0.02 * noise(X.size))
    assert [round(peak.center, 1) for peak in peaks] == [4.6, 5.4]


def test_count_keeps_the_most_significant():
    y = gaussians((3.0, 2.0, 0.2), (0.5, 5.0, 0.2), (2.0, 8.0, 0.2)) + 0.02 * noise(X.size)
    assert [round(peak.center) for peak in find_peaks(X, y, count=2)] == [2, 8]


def test_a_slope_underneath_hides_no_peak():
    (peak,) = find_peaks(X, 5.0 * X + gaussians((3.0, 4.0, 0.2)) + 0.02 * noise(X.size))
    assert peak.center == pytest.approx(4.0, abs=0.1)


def test_order_and_missing_points_do_not_matter():
    y = gaussians((1.0, 3.0, 0.3)) + 0.02 * noise(X.size)
    order = np.random.default_rng(1).permutation(X.size)
    shuffled, values = X[order].copy(), y[order].copy()
    values[np.isclose(shuffled, X[7])] = np.nan
    (peak,) = find_peaks(shuffled, values)
    assert peak.center == pytest.approx(3.0, abs=0.1)


def test_a_narrow_peak_among_many_points_is_found():
    x = np.linspace(0.0, 1000.0, 60_000)
    (peak,) = find_peaks(x, gaussians((1.0, 321.0, 0.3), x=x) + 0.05 * noise(x.size))
    assert peak.center == pytest.approx(321.0, abs=0.3)


@pytest.mark.parametrize("y", [[], [1.0], [1.0, 2.0], [3.0] * 20, [np.nan] * 20])
def test_too_little_to_see_gives_no_peaks(y):
    assert find_peaks(np.arange(len(y), dtype=float), y) == ()


@pytest.mark.parametrize("shapes", [(3, 4), ((2, 5), (2, 5))])
def test_shapes_that_do_not_fit_are_refused(shapes):
    with pytest.raises(ValueError, match="one-dimensional and of one length"):
        find_peaks(*map(np.zeros, shapes))


def test_a_shoulder_without_a_maximum_is_a_candidate():
    y = gaussians((3.0, 4.0, 0.5), (0.6, 5.2, 0.35))
    assert len(find_peaks(X, y)) == 1
    assert any(abs(peak.center - 5.2) < 0.15 for peak in find_shoulders(X, y, 3))


def test_noise_level_ignores_the_curve():
    assert noise_level(100.0 * np.sin(X) + 0.3 * noise(X.size)) == pytest.approx(0.3, rel=0.15)


@pytest.mark.parametrize("sigma", [0.0, 2.0, 10.0])
def test_smoothing_has_the_variance_that_was_asked_for(sigma):
    pulse = np.zeros(401)
    pulse[200] = 1.0
    place = np.arange(401) - 200
    answer = smoothed(pulse, sigma)
    assert np.sqrt(np.sum(place**2 * answer)) == pytest.approx(sigma, abs=0.5)
    assert np.sum(place * answer) == pytest.approx(0.0, abs=1e-9)


def test_background_of_a_decay_with_peaks_is_the_decay():
    decay = 5.0 * np.exp(-X / 3.0)
    error = background(decay + gaussians((3.0, 4.0, 0.2), (2.0, 7.0, 0.3))) - decay
    assert np.max(np.abs(error)) < 0.1
