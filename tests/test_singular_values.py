"""The picture of singular values, by what its artists hold."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from trfkit.fitting.result import determine
from trfkit.plots import draw_singular_values

NAMES = ("a", "b", "c")
EPS = np.finfo(float).eps


def triangle(*columns):
    return np.linalg.qr(np.column_stack(columns), mode="r")


one, two, three = np.eye(5)[:3]
WELL = determine(triangle(one, two, one + three), 5)
DEFICIENT = determine(triangle(one, two, one), 5)


def points(line):
    return np.transpose(line.get_data()).tolist()


def test_values_above_the_threshold_are_dots_and_those_below_crosses():
    artists = draw_singular_values(DEFICIENT, NAMES).artists
    s = DEFICIENT.singular_values
    assert points(artists.above) == [[1, s[0]], [2, s[1]]] and artists.above.get_marker() == "o"
    assert [x for x, _ in points(artists.below)] == [3] and artists.below.get_marker() == "X"
    assert set(artists.threshold.get_ydata()) == {5 * EPS * s[0]}
    assert artists.word.get_text() == "rank 2 of 3: above this line"


def test_everything_is_within_the_limits_of_a_log_axis():
    for found in (WELL, DEFICIENT, DEFICIENT._replace(singular_values=np.array([1.0, 0.0, 0.0]), rank=1)):
        picture = draw_singular_values(found, NAMES)
        (ax,), artists = picture.axes, picture.artists
        low, high = ax.get_ylim()
        heights = [y for line in (artists.above, artists.below, artists.threshold) for y in line.get_ydata()]
        assert ax.get_yscale() == "log"
        assert low <= min(heights) and max(heights) < high


def test_words_say_which_combination_is_least_determined():
    picture = draw_singular_values(DEFICIENT, NAMES)
    (ax,) = picture.axes
    assert ax.get_xlabel().replace("\u00a0", " ") == "least determined: 0.71 a − 0.71 c"
    assert "2 of 3 are above" in picture.alt_text and "0.71 a" in picture.alt_text
    assert draw_singular_values(WELL, NAMES).alt_text.count("1.41") == 0


def test_words_of_many_parameters_stay_within_the_picture():
    names = [f"component_{i}.amplitude" for i in range(4)]
    found = determine(triangle(*(np.ones(6) + 0.1 * np.eye(6)[:4])), 6)
    (ax,) = draw_singular_values(found, names).axes
    lines = ax.get_xlabel().split("\n")
    assert len(lines) > 1 and max(map(len, lines)) <= 56


@pytest.mark.parametrize("s", [np.zeros(3), np.full(3, np.nan)])
def test_jacobian_of_zeros_or_without_numbers_is_drawn_all_the_same(s):
    directions = np.full((3, 3), np.nan) if np.isnan(s).any() else np.eye(3)
    found = DEFICIENT._replace(singular_values=s, rank=0, threshold=s[0], directions=directions)
    picture = draw_singular_values(found, NAMES)
    assert len(picture._repr_mimebundle_()[0]["image/png"]) > 1000
    assert "0 of 3" in picture.alt_text


def test_given_axes_are_drawn_into():
    ax = Figure().add_subplot()
    assert draw_singular_values(WELL, NAMES, ax, theme="dark").axes == (ax,)
