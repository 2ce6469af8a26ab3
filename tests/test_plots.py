"""The figures, by what their artists hold: a picture is right when its lines are the numbers of the trace."""

import io
import struct
import zlib

import hypothesis
import hypothesis.extra.numpy
import matplotlib.image
import numpy as np
import pytest
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from trfkit.core.trf import FIELDS, KINDS
from trfkit.plots import PALETTES, draw_trials
from trfkit.plots.data import data_limits, residual_limits
from trfkit.plots.decimate import extremes
from trfkit.plots.frame import broken, grown
from trfkit.plots.png import encode_png
from trfkit.plots.trials import (
    MOST_INTERVALS,
    cost_limits,
    mark_masks,
    radius_limits,
    set_logarithmic,
    sides,
    trial_limits,
)
from trfkit.trace import Trace

nan, inf = np.nan, np.inf
NAMES = ("height", "rate")

KIND = FIELDS.index("kind")


def _points(line):
    return np.transpose(line.get_data())


def _pixels(png):
    return matplotlib.image.imread(io.BytesIO(png))


# Its parts


def test_marks_can_be_drawn_on_axes_of_one_s_own(trace):
    ax = Figure().add_subplot()
    marks = draw_trials(ax, PALETTES["light"])
    marks.show(trace, trace.step_norm, index=3)
    assert marks.marks["SVD"].get_ydata().tolist() == [0.4]
    assert set(marks.artists) <= set(ax.get_children())


def test_every_trial_gets_one_mark(trace):
    masks = np.array(list(mark_masks(trace).values()))
    np.testing.assert_array_equal(masks.sum(axis=0), 1)


def test_thousands_of_trials_are_thinned_but_keep_their_extremes(rows):
    rows = np.tile(rows[4], (20_000, 1))
    rows[:, 2] = np.linspace(2, 1, 20_000)
    rows[12_345, 2] = 7.0
    marks = draw_trials(Figure().add_subplot(), PALETTES["light"])
    marks.show(Trace(rows, NAMES), rows[:, 2], index=0)
    assert len(marks.marks["SVD"].get_xdata()) <= 2 * MOST_INTERVALS
    assert [12_345, 7.0] in _points(marks.marks["SVD"]).tolist()


def test_limits_grow_only_when_they_must_and_then_with_room():
    assert grown((0.0, 10.0), 2.0, 8.0, room=0.5) == (0.0, 10.0)
    assert grown((0.0, 10.0), 2.0, 20.0, room=0.5) == (0.0, 30.0)
    assert grown(None, 2.0, 4.0, room=0.5) == (1.0, 5.0)


def test_rows_whose_step_met_a_bound_have_a_bar_under_their_mark(rows):
    rows = rows.copy()
    rows[2, KIND], rows[4, KIND] = KINDS.index("reflected"), KINDS.index("truncated")
    marks = draw_trials(Figure().add_subplot(), PALETTES["light"])
    marks.show(Trace(rows, NAMES), rows[:, 2], index=0)
    assert marks.at_bound.get_xdata().tolist() == [2, 4]
    marks.show(Trace(rows, NAMES), rows[:, 2], 0, at_bound=np.array([True, False, False, False, False]))
    assert marks.at_bound.get_xdata().tolist() == [0]


def test_parameter_is_at_a_bound_when_it_is_nearer_than_the_fit_has_ever_come_from():
    x = np.array([[1.0, 5.0, 1e-9], [1e-3, 9.0, 2e-9], [1e-10, 10.0, 1.5e-9]])
    bounds = [0.0, -inf, 0.0], [inf, 10.0, inf]
    assert sides(x, bounds).tolist() == [[0, 0, 0], [0, 0, 0], [-1, 1, 0]]


@pytest.mark.parametrize(
    ("limits", "labels"),
    [((0.15, 3.0), ["0.2", "0.5", "1", "2"]), ((1e4, 1e5), ["10⁴", "2×10⁴", "5×10⁴", "10⁵"])],
)
def test_short_logarithmic_axis_has_numbers_at_one_two_and_five(limits, labels):
    figure = Figure()
    ax = figure.add_subplot()
    set_logarithmic(ax)
    ax.set_ylim(limits)
    figure.draw_without_rendering()
    written = [t for t in ax.get_yticklabels(which="both") if limits[0] <= t.get_position()[1] <= limits[1]]
    assert {t.get_text() for t in written} - {""} == set(labels)


def test_trials_have_room_for_ten_and_then_for_twice_as_many(trace, rows):
    assert trial_limits(trace, None) == (-0.5, 10.5)
    longer = Trace(np.tile(rows, (3, 1)), NAMES)
    assert trial_limits(longer, (-0.5, 10.5)) == (-0.5, 28.5)
    assert trial_limits(longer, (-0.5, 28.5)) == (-0.5, 28.5)


def test_cost_far_above_the_start_does_not_flatten_the_rest(rows):
    rows = rows.copy()
    rows[1, 2] = 1e30
    assert cost_limits(Trace(rows, NAMES), None)[1] < 1e3


@pytest.mark.parametrize("values", [[0.0], [nan], [-1.0], [inf], []])
def test_cost_and_radius_that_no_logarithm_takes_still_give_limits(values, rows):
    rows = np.tile(rows[0], (len(values), 1))
    rows[:, 2] = rows[:, 6] = values
    for limits in (cost_limits, radius_limits):
        low, high = limits(Trace(rows, NAMES), None)
        assert 0 < low < high < inf


def test_residual_limits_are_round_and_follow_a_fit_that_converges():
    assert residual_limits(np.array([-3.0, 2.0]), None) == (-5.0, 5.0)
    assert residual_limits(np.array([1.2]), (-5.0, 5.0)) == (-5.0, 5.0)
    assert residual_limits(np.array([0.04]), (-5.0, 5.0)) == (-0.05, 0.05)
    assert residual_limits(np.array([nan]), None) == (-1.0, 1.0)


def test_model_far_away_does_not_dwarf_the_data():
    low, high = data_limits(np.array([0.0, 1.0]), np.array([0.5, 1e9]), None)
    assert low < 0 and 1.5 < high < 2


def test_broken_lines_have_gaps():
    x, y = broken((np.array([1.0, 2.0]), np.array([3.0, 4.0])), (np.array([5.0]), np.array([6.0])))
    np.testing.assert_array_equal(x, [1, 2, nan, 5, nan])
    np.testing.assert_array_equal(y, [3, 4, nan, 6, nan])


finite = st.floats(-1e6, 1e6)


@hypothesis.given(
    st.integers(1, 200).flatmap(
        lambda m: st.tuples(
            hypothesis.extra.numpy.arrays(float, m, elements=finite),
            hypothesis.extra.numpy.arrays(float, m, elements=finite | st.just(nan)),
        )
    ),
    st.integers(1, 20),
)
def test_decimation_keeps_the_extremes_of_every_column(data, columns):
    x, y = data
    kept = extremes(x, y, columns)
    assert np.all(np.diff(x[kept]) >= 0)
    assert len(np.unique(kept)) == len(kept) <= max(2 * columns, 1) or len(kept) == len(x)
    if len(x) > 2 * columns and np.ptp(x) > 0:
        column = np.minimum(((x - x.min()) * (columns / np.ptp(x))).astype(int), columns - 1)
        for each in np.unique(column):
            inside, survivors = y[column == each], y[kept][column[kept] == each]
            if not np.isnan(inside).all():
                assert np.nanmin(survivors) == np.nanmin(inside)
                assert np.nanmax(survivors) == np.nanmax(inside)


# The encoder


def _chunks(png):
    place = 8
    while place < len(png):
        (size,), kind = struct.unpack(">I", png[place : place + 4]), png[place + 4 : place + 8]
        body = png[place + 8 : place + 8 + size]
        assert struct.unpack(">I", png[place + 8 + size : place + 12 + size])[0] == zlib.crc32(kind + body)
        yield kind, body
        place += 12 + size


@hypothesis.given(hypothesis.extra.numpy.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4))))
def test_png_decodes_to_the_pixels_it_was_given(rgba):
    decoded = _pixels(encode_png(rgba))
    np.testing.assert_array_equal(np.round(255 * decoded).astype(np.uint8), rgba[:, :, :3])


def test_png_carries_its_size_its_resolution_and_its_words():
    chunks = dict(_chunks(encode_png(np.zeros((2, 3, 4), np.uint8), pixel_ratio=2.0, description="ρ is 1")))
    assert struct.unpack(">2I", chunks[b"IHDR"][:8]) == (3, 2)
    assert struct.unpack(">2IB", chunks[b"pHYs"]) == (7559, 7559, 1)  # 192 dots to the inch
    assert chunks[b"iTXt"].endswith("ρ is 1".encode())


# The palette


def _luminance(color):
    """Relative luminance of WCAG 2.2."""
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return np.dot(channels, (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("palette", PALETTES.values(), ids=list(PALETTES))
def test_every_color_stands_out_from_its_ground(palette):
    def contrast(color):
        lighter, darker = sorted([_luminance(color), _luminance(palette.ground)], reverse=True)
        return (lighter + 0.05) / (darker + 0.05)

    assert min(map(contrast, (palette.text, palette.muted))) >= 4.5
    marks = (palette.model, palette.cg, palette.rejected, palette.data, *palette.parts)
    assert min(map(contrast, marks)) >= 3.0
