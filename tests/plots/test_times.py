"""The picture of a profile, by what its artists hold."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from trfkit.plots import PALETTES
from trfkit.plots.times import MOST_BARS, draw_times
from trfkit.profiling.clock import (
    COMPILATION,
    DATA_PASS,
    END,
    HOST,
    NOT_ACCOUNTED,
    PREPARATION,
    RESULT,
    SELECTION,
    SETUP,
    START,
    SUBPROBLEM,
    TELL,
    TRIAL,
    Stretch,
)
from trfkit.profiling.fit_profile import FitProfile

EACH = {SUBPROBLEM: 1e-3, SELECTION: 5e-4, DATA_PASS: 2e-3, TELL: 3e-4, HOST: 2e-4}
A_TRIAL = 4e-3


def profile(trials=5, first=EACH, solvers=("SVD", "CG"), error=""):
    steps = [Stretch(TRIAL, EACH, A_TRIAL, set(), solvers[i % len(solvers)]) for i in range(trials)]
    if trials:
        steps[0] = Stretch(TRIAL, first | {COMPILATION: 0.1}, 0.11, {SUBPROBLEM}, solvers[0])
    stretches = (
        Stretch(SETUP, {PREPARATION: 0.02}, 0.02), Stretch(START, {DATA_PASS: 2e-3, TELL: 1e-3}, 3e-3), *steps,
        Stretch(END, {RESULT: 1e-3}, 1e-3),
    )  # fmt: skip
    seconds = 1.02 * sum(sum(s.parts.values()) for s in stretches)
    return FitProfile(seconds, stretches, (), ("a",), 100, "cpu", "float64", error=error)


def widths(bars):
    return sum(patch.get_width() for patch in bars)


def test_whole_bar_is_the_sum_of_its_parts_and_of_the_rest():
    found = profile()
    artists = draw_times(found).artists
    (ax, _) = draw_times(found).axes
    assert ax.get_xlabel() == "ms"
    assert sum(map(widths, artists.whole.values())) == pytest.approx(1e3 * found.seconds)
    assert widths(artists.whole[COMPILATION]) == pytest.approx(100)
    assert widths(artists.whole["SVD"]) == pytest.approx(3) and widths(artists.whole["CG"]) == pytest.approx(2)
    assert widths(artists.whole[NOT_ACCOUNTED]) == pytest.approx(1e3 * found.unaccounted)


def test_every_trial_is_a_bar_of_its_parts_without_compilation():
    picture = draw_times(profile())
    bars, (_, ax) = picture.artists.trials, picture.axes
    assert COMPILATION not in bars and SUBPROBLEM not in bars
    assert [len(of.patches) for of in bars.values()] == [6] * len(bars)
    tops = np.max([[p.get_y() + p.get_height() for p in of] for of in bars.values()], axis=0)
    np.testing.assert_allclose(tops, [3, 4, 4, 4, 4, 4])
    assert [p.get_height() for p in bars["CG"]] == pytest.approx([0, 0, 1, 0, 1, 0])
    assert ax.get_ylabel() == "ms" and ax.get_ylim()[1] > 4 and picture.artists.cut.get_text() == ""


def test_a_bar_that_would_flatten_the_others_is_cut_and_its_length_said():
    picture = draw_times(profile(first=EACH | {SUBPROBLEM: 0.5}))
    assert picture.axes[1].get_ylim()[1] < 5
    assert picture.artists.cut.get_text() == "cut: 1 at 503 ms"


def test_bars_of_many_trials_are_means():
    picture = draw_times(profile(trials=1000, solvers=("SVD",)))
    bars = picture.artists.trials
    assert len(bars[DATA_PASS].patches) <= MOST_BARS
    assert np.median([p.get_height() for p in bars[DATA_PASS]]) == pytest.approx(2)
    assert "each bar the mean of 13" in picture.axes[1].get_title(loc="left")
    lefts, right = [p.get_x() for p in bars[DATA_PASS]], bars[DATA_PASS].patches[-1]
    assert min(lefts) > -0.6 and right.get_x() + right.get_width() < 1001


def test_words_have_the_shares_and_a_typical_trial():
    words = draw_times(profile()).alt_text
    assert words.startswith("Where 147 ms of a fit went: checks and preparation 13.6 %, compilation 68.1 %")
    assert "CG 1.4 %" in words and "not accounted for 2.0 %" in words
    assert "A typical trial of 5 takes: data pass 2 ms, subproblem 1 ms" in words


def luminance(color):
    return np.dot((0.2126, 0.7152, 0.0722), np.array(to_rgb(color)) ** 2.2)


@pytest.mark.parametrize("theme", PALETTES)
def test_neighbours_differ_without_colour(theme):
    artists = draw_times(profile(), theme=theme).artists
    looks = [(of.patches[0].get_facecolor(), of.patches[0].get_hatch() or "") for of in artists.whole.values()]
    for (one, hatch), (other, next_hatch) in zip(looks, looks[1:], strict=False):
        light, dark = sorted((luminance(one[:3]), luminance(other[:3])), reverse=True)
        assert hatch != next_hatch or (light + 0.05) / (dark + 0.05) > 1.5
    ground = luminance(PALETTES[theme].ground)
    for part, of in artists.trials.items():
        bright, dim = sorted((luminance(of.patches[0].get_facecolor()[:3]), ground), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) > 1.3, part


@pytest.mark.parametrize("trials", [0, 1, 300])
def test_it_is_drawn_whatever_the_number_of_trials(trials):
    picture = draw_times(profile(trials), theme="dark")
    assert len(picture._repr_mimebundle_()[0]["image/png"]) > 1000


def test_a_profile_of_a_fit_that_raised_is_drawn_too():
    checks = (Stretch(SETUP, {PREPARATION: 1e-3}, 1.1e-3),)
    picture = draw_times(FitProfile(1.2e-3, checks, (), (), 0, "cpu", "float64", error="ValueError: no"))
    assert picture.artists.trials == {} and len(picture._repr_mimebundle_()[0]["image/png"]) > 1000


def test_given_axes_are_drawn_into_and_must_be_two():
    axes = Figure().subplots(2)
    found = profile()
    picture = found.plot(axes, theme="dark")
    assert picture.axes == tuple(axes) and axes[1].get_legend() is None
    assert draw_times(found).axes[1].get_legend() is not None
    assert [text.get_text() for text in axes[1].legend().get_texts()] == list(picture.artists.trials)
    with pytest.raises(ValueError, match="`axes` must be two, for the whole and for the trials, got 1"):
        draw_times(found, axes[0])
