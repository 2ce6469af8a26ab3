"""The figures, by what their artists hold: a picture is right when its lines are the numbers of the trace."""

import io
import struct
import zlib

import hypothesis
import hypothesis.extra.numpy
import jax.numpy as jnp
import matplotlib
import matplotlib.image
import numpy as np
import pytest
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from trfkit.plots import PALETTES, FitFigure, ModelCurve, draw_trials
from trfkit.plots.curve import GRID
from trfkit.plots.data import data_limits, residual_limits
from trfkit.plots.decimate import extremes
from trfkit.plots.frame import broken, grown
from trfkit.plots.png import encode_png
from trfkit.plots.trials import MOST_INTERVALS, RATIO_LIMITS, cost_limits, mark_masks, radius_limits, trial_limits
from trfkit.trace import Trace

nan, inf = np.nan, np.inf
NAMES = ("height", "rate")

# fmt: off
#     iteration nfev cost  pred    act  ratio Delta new alpha norm  opt solver cg kind outcome  cond rank  x
ROWS = np.array([
    [0,         1,   10.0, nan,    nan, nan,  4.0,  4.0, 0.0, 0.0,  9.0, 0,    0, 0,   0,       nan, nan,  1.0, 0.5],
    [0,         2,   30.0, 5.0,  -20.0, -4.0, 4.0,  1.0, 0.2, 3.9,  9.0, 2,    2, 2,   2,       nan, nan,  9.0, 0.1],
    [1,         3,   4.0,  5.0,    6.0, 1.2,  1.0,  2.0, 0.1, 1.0,  3.0, 2,    1, 2,   1,       nan, nan,  2.0, 0.4],
    [1,         4,   nan,  3.0,   -inf, -inf, 2.0,  0.5, 0.0, 1.9,  3.0, 1,    0, 1,   3,       7.0, 2.0,  -1., 0.0],
    [2,         5,   1.0,  2.9,    3.0, 1.03, 0.5,  0.5, 0.0, 0.4,  0.1, 1,    0, 1,   1,       7.5, 2.0,  3.0, 0.3],
])
# fmt: on
TRACE = Trace(ROWS, NAMES)
X = np.linspace(0.0, 10.0, 40)


def decay(x, height, rate):
    return height * np.exp(-rate * x)


Y = decay(X, 3.0, 0.3) + 0.1 * np.sin(9 * X)


@pytest.fixture
def curve():
    return ModelCurve(decay, X, Y, (1.0, 0.5))


@pytest.fixture
def figure(curve):
    return FitFigure(curve, pixel_ratio=1.0)


def _points(line):
    return np.transpose(line.get_data())


def _pixels(png):
    return matplotlib.image.imread(io.BytesIO(png))


# The figure


def test_model_is_drawn_at_the_best_point_so_far(figure):
    for index, best in enumerate([0, 0, 2, 2, 4]):
        figure.show(TRACE, index)
        x, y = figure.model.now.get_data()
        np.testing.assert_allclose(y, decay(x, *TRACE.x[best]))


def test_residuals_are_data_less_model_as_stems_from_zero(figure):
    figure.show(TRACE, 4)
    stems = _points(figure.residuals).reshape(len(X), 3, 2)
    np.testing.assert_array_equal(stems[:, 0, 1], 0)
    np.testing.assert_allclose(stems[:, 1], np.transpose([X, Y - decay(X, 3.0, 0.3)]))
    assert np.isnan(stems[:, 2, 1]).all()


def test_rejected_trial_is_drawn_dashed_only_while_it_is_shown(figure):
    figure.show(TRACE, 1)
    x, y = figure.model.rejected.get_data()
    np.testing.assert_allclose(y, decay(x, 9.0, 0.1))
    assert figure.model.rejected.is_dashed()
    figure.show(TRACE, 2)
    assert len(figure.model.rejected.get_xdata()) == 0


def test_earlier_accepted_points_stay_as_pale_curves(figure, curve):
    figure.show(TRACE, 4)
    x, y = figure.model.earlier.get_data()
    assert np.isnan(y).sum() == 2  # a gap after each of two curves
    np.testing.assert_allclose(y[: len(curve.grid)], decay(curve.grid, *TRACE.x[0]))
    np.testing.assert_allclose(y[len(curve.grid) + 1 : -1], decay(curve.grid, *TRACE.x[2]))


def test_marks_tell_solver_and_fate_by_shape(figure):
    figure.show(TRACE, 4)
    marks = figure.trials["cost"].marks
    assert {kind: line.get_marker() for kind, line in marks.items()} == {
        "start": "s",
        "SVD": "o",
        "CG": "^",
        "rejected": "X",
    }
    assert len({line.get_markerfacecolor() for line in marks.values()}) == 4
    np.testing.assert_array_equal(_points(marks["start"]), [[0, 10.0]])
    np.testing.assert_array_equal(_points(marks["CG"]), [[2, 4.0]])
    np.testing.assert_array_equal(_points(marks["SVD"]), [[4, 1.0]])
    assert marks["rejected"].get_xdata().tolist() == [1, 3]


def test_trial_without_a_number_is_marked_on_the_upper_edge_of_the_cost(figure):
    figure.show(TRACE, 4)
    _, upper = figure.axes["cost"].get_ylim()
    assert figure.trials["cost"].marks["rejected"].get_ydata()[1] == pytest.approx(upper)


def test_ratio_beyond_its_panel_is_marked_on_the_edge_and_the_start_has_none(figure):
    figure.show(TRACE, 4)
    marks = figure.trials["ratio"].marks
    assert marks["rejected"].get_ydata().tolist() == [RATIO_LIMITS[0]] * 2
    assert marks["CG"].get_ydata().tolist() == [1.2]
    assert len(marks["start"].get_xdata()) == 0


def test_radius_is_that_of_the_step(figure):
    figure.show(TRACE, 4)
    np.testing.assert_array_equal(_points(figure.trials["radius"].path), [[0, 4.0], [2, 1.0], [4, 0.5]])


def test_path_joins_the_points_that_the_fit_stood_on(figure):
    figure.show(TRACE, 4)
    np.testing.assert_array_equal(_points(figure.trials["cost"].path), [[0, 10.0], [2, 4.0], [4, 1.0]])


def test_scrubbing_back_keeps_the_marks_and_moves_the_dotted_line(figure):
    figure.show(TRACE, 2)
    for marks in figure.trials.values():
        assert marks.now.get_xdata() == [2, 2]
        assert marks.marks["rejected"].get_xdata().tolist() == [1, 3]


def test_replay_shows_no_mark_that_is_still_to_come(figure):
    figure.show(TRACE, 2, marks=3)
    assert figure.trials["cost"].marks["rejected"].get_xdata().tolist() == [1]


def test_replay_of_a_finished_fit_moves_no_axis_of_the_trials(figure):
    limits = []
    for index in range(5):
        figure.show(TRACE, index, marks=index + 1, final=True)
        limits.append([figure.axes[name].get_ylim() for name in ("cost", "radius")] + [figure.axes["ratio"].get_xlim()])
    assert all(each == limits[0] for each in limits)


def test_axes_of_a_growing_trace_change_rarely(figure):
    rows = np.tile(ROWS[4], (300, 1))
    rows[0] = ROWS[0]
    rows[1:, 2] = np.geomspace(9, 1e-3, 299)
    for last in range(0, 300, 3):
        figure.show(Trace(rows[: last + 1], NAMES), last)
    assert figure.full_draws < 20


def test_another_fit_sets_the_axes_anew(figure):
    figure.show(Trace(np.concatenate([ROWS, np.tile(ROWS[4], (95, 1))]), NAMES), 99)
    figure.show(TRACE, 4)
    assert figure.axes["ratio"].get_xlim() == (-0.5, 10.5)


def test_frames_differ_as_the_state_moves_and_return_as_it_does(figure):
    frames = []
    for index in (0, 1, 2, 4, 2, 1):
        figure.show(TRACE, index, final=True)
        frames.append(figure.png())
    assert len(set(frames)) == 4
    # The way back passes the same limits of the residuals, hence the same pixels.
    assert frames[4] == frames[2]


def test_blitted_frame_is_the_frame_drawn_at_once(curve):
    moved, at_once = FitFigure(curve, pixel_ratio=1.0), FitFigure(curve, pixel_ratio=1.0)
    for index in range(5):
        moved.show(TRACE, index, final=True)
    at_once.show(TRACE, 4, final=True)
    moved._limits = moved._limits | {"residuals": None, "data": None}
    moved.show(TRACE, 4, final=True)
    np.testing.assert_array_equal(_pixels(moved.png()), _pixels(at_once.png()))


@pytest.mark.parametrize("theme", PALETTES)
def test_ground_and_size_are_those_asked_for(curve, theme):
    figure = FitFigure(curve, theme=theme, width=700, height=350, pixel_ratio=2.0)
    figure.show_start((1.0, 0.5))
    pixels = _pixels(figure.png())
    assert pixels.shape == (700, 1400, 3)
    np.testing.assert_allclose(pixels[0, 0], to_rgb(PALETTES[theme].ground), atol=0.01)


def test_picture_before_a_fit_has_the_curve_it_starts_from_and_no_trials(figure):
    figure.show_start((2.0, 0.1))
    x, y = figure.model.now.get_data()
    np.testing.assert_allclose(y, decay(x, 2.0, 0.1))
    assert all(len(line.get_xdata()) == 0 for line in figure.trials["cost"].marks.values())
    assert figure.alt_text == "40 data points and the model from which the next fit starts."


def test_alt_text_states_the_numbers(figure):
    figure.show(TRACE, 4)
    for words in ("40 points at trial 4 of 4", "cost is 1, down from 10", "2 trials were accepted and 2 rejected"):
        assert words in figure.alt_text
    assert "height 3, rate 0.3" in figure.alt_text


def test_drawing_changes_no_settings_of_matplotlib(curve):
    before = dict(matplotlib.rcParams)
    FitFigure(curve).show(TRACE, 4)
    assert dict(matplotlib.rcParams) == before


def test_no_title_or_number_is_cut_off_at_the_edge(curve):
    figure = FitFigure(curve)
    figure.show(TRACE, 4)
    renderer = figure._canvas.get_renderer()
    width, height = figure._canvas.get_width_height()
    for ax in figure.axes.values():
        box = ax.get_tightbbox(renderer, bbox_extra_artists=[])  # the marks are of unclipped lines, some of them empty
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height


# Its parts


def test_marks_can_be_drawn_on_axes_of_one_s_own():
    ax = Figure().add_subplot()
    marks = draw_trials(ax, PALETTES["light"])
    marks.show(TRACE, TRACE.step_norm, index=3)
    assert marks.marks["SVD"].get_ydata().tolist() == [0.4]
    assert set(marks.artists) <= set(ax.get_children())


def test_every_trial_gets_one_mark():
    masks = np.array(list(mark_masks(TRACE).values()))
    np.testing.assert_array_equal(masks.sum(axis=0), 1)


def test_thousands_of_trials_are_thinned_but_keep_their_extremes():
    rows = np.tile(ROWS[4], (20_000, 1))
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


def test_trials_have_room_for_ten_and_then_for_twice_as_many():
    assert trial_limits(TRACE, None) == (-0.5, 10.5)
    longer = Trace(np.tile(ROWS, (3, 1)), NAMES)
    assert trial_limits(longer, (-0.5, 10.5)) == (-0.5, 28.5)
    assert trial_limits(longer, (-0.5, 28.5)) == (-0.5, 28.5)


def test_cost_far_above_the_start_does_not_flatten_the_rest():
    rows = ROWS.copy()
    rows[1, 2] = 1e30
    assert cost_limits(Trace(rows, NAMES), None)[1] < 1e3


@pytest.mark.parametrize("values", [[0.0], [nan], [-1.0], [inf], []])
def test_cost_and_radius_that_no_logarithm_takes_still_give_limits(values):
    rows = np.tile(ROWS[0], (len(values), 1))
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


# The model as the picture needs it


def test_smooth_curve_goes_through_the_data_s_own_points(curve):
    assert len(curve.grid) >= GRID
    assert np.isin(X, curve.grid).all()
    np.testing.assert_allclose(curve((2.0, 0.1)).residuals, Y - decay(X, 2.0, 0.1))


def test_unsorted_data_is_drawn_in_order():
    order = np.random.default_rng(0).permutation(len(X))
    curve = ModelCurve(decay, X[order], Y[order], (1.0, 0.5))
    np.testing.assert_array_equal(curve.x, X)
    np.testing.assert_array_equal(curve.y, Y)


@pytest.mark.parametrize(
    "model",
    [
        lambda x, height: height * x / x.max() * np.cumsum(x),
        lambda x, height: height * np.ones(40) * x,
        lambda x, height: jnp.asarray(height * np.ones(40)) * x,
        lambda x, height: np.full(40, height),
    ],
    ids=["needs the whole of x", "holds an array (NumPy)", "holds an array (JAX)", "ignores x"],
)
def test_model_that_does_not_work_point_by_point_is_evaluated_at_the_data(model):
    curve = ModelCurve(model, X, Y, (2.0,))
    np.testing.assert_array_equal(curve.grid, X)
    np.testing.assert_allclose(curve((3.0,)).y, model(X, 3.0))


def test_points_that_are_not_finite_are_left_out():
    x, y = X.copy(), Y.copy()
    x[3], y[7] = nan, inf
    curve = ModelCurve(decay, x, y, (1.0, 0.5))
    np.testing.assert_array_equal(curve.x, np.delete(X, [3, 7]))
    assert np.isfinite(curve((2.0, 0.1)).residuals).all()


def test_model_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"The model returned shape \(3,\) where \(40,\) was expected"):
        ModelCurve(lambda x, a: a * np.ones(3), X, Y, (1.0,))((1.0,))


def test_two_predictors_are_drawn_in_the_order_of_the_points():
    x = np.stack([X, X**2])
    curve = ModelCurve(lambda x, a, b: a * x[0] + b * x[1], x, Y, (1.0, 0.5))
    assert not curve.over_x
    np.testing.assert_array_equal(curve.x, np.arange(len(X)))
    np.testing.assert_allclose(curve((1.0, 2.0)).y, X + 2 * X**2)


def test_million_points_are_drawn_by_a_few_thousand():
    x = np.linspace(0, 1, 1_000_000)
    curve = ModelCurve(lambda x, a: a * x, x, np.sin(50 * x), (1.0,))
    assert curve.decimated
    assert len(curve.drawn) < 3000 and len(curve.grid) < 4000
    assert curve.y.max() == np.sin(50 * x).max()


def test_curve_seen_before_is_not_evaluated_again():
    calls = []

    def model(x, a):
        calls.append(a)
        return a * x

    curve = ModelCurve(model, X, Y, (1.0,))
    calls.clear()
    curve((2.0,)), curve((3.0,)), curve((2.0,))
    assert calls == [2.0, 3.0]


def test_model_that_overflows_leaves_a_gap_and_no_warning():
    curve = ModelCurve(lambda x, a: np.exp(a * x), X, Y, (0.1,))
    figure = FitFigure(curve)
    rows = np.delete(ROWS, 18, axis=1)
    rows[1, 17] = 1e4
    figure.show(Trace(rows, ("a",)), 1)


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
