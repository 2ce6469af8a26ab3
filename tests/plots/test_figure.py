"""The live picture, by what its artists hold: it is right when its lines are the numbers of the trace."""

import io
from types import SimpleNamespace

import matplotlib
import matplotlib.image
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.legend import Legend

from trfkit.core.trf import FIELDS, KINDS
from trfkit.models import ExponentialDecay, Gaussian, Line, Model
from trfkit.plots import PALETTES, FitFigure, ModelCurve
from trfkit.plots.live_layout import lay_out
from trfkit.plots.trials import RATIO_LIMITS
from trfkit.trace import Trace

nan, inf = np.nan, np.inf
NAMES = ("height", "rate")

X = np.linspace(0.0, 10.0, 40)
PEAKS = Gaussian("a") + Gaussian("b") + ExponentialDecay("baseline")
AT = (2.0, 4.0, 0.8, 1.5, 7.0, 0.6, 1.0, 5.0)


def decay(x, height, rate):
    return height * np.exp(-rate * x)


Y = decay(X, 3.0, 0.3) + 0.1 * np.sin(9 * X)


MANY_X = np.linspace(0.0, 10.0, 30_000)
MANY_Y = decay(MANY_X, 3.0, 0.3) + np.random.default_rng(0).normal(0, 0.3, 30_000)


def of(model=decay, x=X, y=Y, mask=None, sigma=None, values=(1.0, 0.5)):
    model = model if isinstance(model, Model) else Model.from_function(model)
    return ModelCurve(model, SimpleNamespace(x=x, y=y, sigma=sigma), mask, values)


MANY = of(x=MANY_X, y=MANY_Y)


@pytest.fixture
def curve():
    return of()


@pytest.fixture
def figure(curve):
    return FitFigure(curve)


def _points(line):
    return np.transpose(line.get_data())


def _pixels(png):
    return matplotlib.image.imread(io.BytesIO(png))


def _labels(ax):
    return {text.get_text() for legend in ax.artists + list(ax.get_children()) for text in getattr(legend, "texts", [])}


# A trial


def test_model_is_drawn_at_the_best_point_so_far(figure, trace):
    for index, best in enumerate([0, 0, 2, 2, 4]):
        figure.show(trace, index, tuple)
        x, y = figure.model.now.get_data()
        np.testing.assert_allclose(y, decay(x, *trace.x[best]))


def test_free_parameters_become_the_model_s_by_the_function_given(figure, rows):
    trace = Trace(np.delete(rows, 18, axis=1), ("height",))
    figure.show(trace, 4, lambda theta: (*theta, 0.25))
    x, y = figure.model.now.get_data()
    np.testing.assert_allclose(y, decay(x, 3.0, 0.25))


def test_residuals_are_data_less_model_as_stems_from_zero(figure, trace):
    figure.show(trace, 4, tuple)
    stems = _points(figure.residuals).reshape(len(X), 3, 2)
    np.testing.assert_array_equal(stems[:, 0, 1], 0)
    np.testing.assert_allclose(stems[:, 1], np.transpose([X, Y - decay(X, 3.0, 0.3)]), atol=1e-12)
    assert np.isnan(stems[:, 2, 1]).all()


def test_panel_of_residuals_says_what_they_are_in_units_of():
    assert FitFigure(of()).axes["residuals"].get_title("left") == "data − model"
    assert FitFigure(of(sigma=0.1)).axes["residuals"].get_title("left") == "(data − model) / σ"


def test_rejected_trial_is_drawn_dashed_only_while_it_is_shown(figure, trace):
    figure.show(trace, 1, tuple)
    x, y = figure.model.rejected.get_data()
    np.testing.assert_allclose(y, decay(x, 9.0, 0.1))
    assert figure.model.rejected.is_dashed()
    figure.show(trace, 2, tuple)
    assert len(figure.model.rejected.get_xdata()) == 0


def test_earlier_accepted_points_stay_as_pale_curves(figure, curve, trace):
    figure.show(trace, 4, tuple)
    x, y = figure.model.earlier.get_data()
    assert np.isnan(y).sum() == 2  # a gap after each of two curves
    np.testing.assert_allclose(y[: len(curve.grid)], decay(curve.grid, *trace.x[0]))
    np.testing.assert_allclose(y[len(curve.grid) + 1 : -1], decay(curve.grid, *trace.x[2]))


def test_marks_tell_solver_and_fate_by_shape(figure, trace):
    figure.show(trace, 4, tuple)
    marks = figure.trials["cost"].marks
    shapes = {kind: line.get_marker() for kind, line in marks.items()}
    assert shapes == {"start": "s", "SVD": "o", "CG": "^", "rejected": "X"}
    assert len({line.get_markerfacecolor() for line in marks.values()}) == 4
    np.testing.assert_array_equal(_points(marks["start"]), [[0, 10.0]])
    np.testing.assert_array_equal(_points(marks["CG"]), [[2, 4.0]])
    np.testing.assert_array_equal(_points(marks["SVD"]), [[4, 1.0]])
    assert marks["rejected"].get_xdata().tolist() == [1, 3]


def test_trial_without_a_number_is_marked_on_the_upper_edge_of_the_cost(figure, trace):
    figure.show(trace, 4, tuple)
    _, upper = figure.axes["cost"].get_ylim()
    assert figure.trials["cost"].marks["rejected"].get_ydata()[1] == pytest.approx(upper)


def test_ratio_beyond_its_panel_is_marked_on_the_edge_and_the_start_has_none(figure, trace):
    figure.show(trace, 4, tuple)
    marks = figure.trials["ratio"].marks
    assert marks["rejected"].get_ydata().tolist() == [RATIO_LIMITS[0]] * 2
    assert marks["CG"].get_ydata().tolist() == [1.2]
    assert len(marks["start"].get_xdata()) == 0


def test_radius_is_that_of_the_step(figure, trace):
    figure.show(trace, 4, tuple)
    np.testing.assert_array_equal(_points(figure.trials["radius"].path), [[0, 4.0], [2, 1.0], [4, 0.5]])


def test_scrubbing_back_keeps_the_marks_and_moves_the_dotted_line(figure, trace):
    figure.show(trace, 2, tuple)
    for marks in figure.trials.values():
        assert marks.now.get_xdata() == [2, 2]
        assert marks.marks["rejected"].get_xdata().tolist() == [1, 3]


def test_replay_shows_no_mark_that_is_still_to_come(figure, trace):
    figure.show(trace, 2, tuple, marks=3)
    assert figure.trials["cost"].marks["rejected"].get_xdata().tolist() == [1]


def test_replay_of_a_finished_fit_moves_no_axis_of_the_trials(figure, trace):
    limits = []
    for index in range(5):
        figure.show(trace, index, tuple, marks=index + 1, final=True)
        limits.append([figure.axes[name].get_ylim() for name in ("cost", "radius")] + [figure.axes["ratio"].get_xlim()])
    assert all(each == limits[0] for each in limits)


def test_axes_of_a_growing_trace_change_rarely(figure, rows):
    rows = np.vstack([rows[0], np.tile(rows[4], (299, 1))])
    rows[1:, 2] = np.geomspace(9, 1e-3, 299)
    for last in range(0, 300, 3):
        figure.show(Trace(rows[: last + 1], NAMES), last, tuple)
        figure.png()
    assert figure.full_draws < 20


def test_another_fit_sets_the_axes_anew(figure, trace, rows):
    figure.show(Trace(np.concatenate([rows, np.tile(rows[4], (95, 1))]), NAMES), 99, tuple)
    figure.show(trace, 4, tuple)
    assert figure.axes["ratio"].get_xlim() == (-0.5, 10.5)


def test_trials_at_a_bound_are_marked_named_in_the_key_and_in_words(figure, trace, rows):
    figure.show(trace, 4, tuple)
    assert "at bound" not in _labels(figure.axes["cost"])
    rows = rows.copy()
    rows[2, FIELDS.index("kind")] = KINDS.index("reflected")
    rows[1, len(FIELDS)] = 2.5
    figure.show(Trace(rows, NAMES), 4, tuple, bounds=([-inf, -inf], [3.0, inf]))
    assert all(marks.at_bound.get_xdata().tolist() == [2, 4] for marks in figure.trials.values())
    assert "at bound" in _labels(figure.axes["cost"])
    assert "1 met a bound." in figure.alt_text
    assert "At a bound: height (upper)." in figure.alt_text


# Frames


def test_frames_differ_as_the_state_moves_and_return_as_it_does(figure, trace):
    frames = []
    for index in (0, 1, 2, 4, 2, 1):
        figure.show(trace, index, tuple, final=True)
        frames.append(figure.png())
    assert len(set(frames)) == 4
    # The way back passes the same limits of the residuals, hence the same pixels.
    assert frames[4] == frames[2]


@pytest.mark.parametrize("width", [1180, 780])
@pytest.mark.parametrize("pixel_ratio", [1.0, 1.5])
def test_moved_picture_is_the_one_drawn_at_once(width, pixel_ratio, rows):
    model, sigma = PEAKS, 0.1
    moved, at_once = (
        FitFigure(of(model, sigma=sigma, values=AT), width=width, height=None, pixel_ratio=pixel_ratio)
        for _ in range(2)
    )
    trace = Trace(np.hstack([rows[:, :17], np.outer([1.0, 1.4, 1.1, 1.3, 1.05], AT)]), model.parameter_names)
    for index in (4, 1, 2, 3, 4):
        moved.show(trace, index, tuple, final=True)
        moved.png()
    moved.zoom("data", (2.0, 5.0), (0.0, 3.0))
    moved.zoom("cost", None, (2.0, 20.0))
    moved.show_values(AT)
    moved.png()
    moved.zoom("residuals", None, (-50.0, 50.0))
    moved.show(trace, 4, tuple, final=True)
    moved.unzoom("data")
    moved.unzoom("cost")
    at_once.show(trace, 4, tuple, final=True)
    at_once.zoom("residuals", None, (-50.0, 50.0))
    np.testing.assert_array_equal(_pixels(moved.png()), _pixels(at_once.png()))


@pytest.mark.parametrize("pixel_ratio", [1.0, 1.5])
def test_panned_and_resized_picture_of_many_points_is_the_one_drawn_at_once(pixel_ratio):
    moved, at_once = FitFigure(MANY, pixel_ratio=1.25), FitFigure(MANY, pixel_ratio=pixel_ratio, height=None)
    for left in (1.0, 1.3, 1.7):
        moved.show_values((3.0, 0.3))
        moved.zoom("data", (left, left + 4.0), (-1.0, 4.0))
        moved.png()
    moved.resize(1180, pixel_ratio=pixel_ratio)
    at_once.show_values((3.0, 0.3))
    at_once.zoom("residuals", (1.7, 5.7), moved.axes["residuals"].get_ylim())
    at_once.zoom("data", None, (-1.0, 4.0))
    np.testing.assert_array_equal(_pixels(moved.png()), _pixels(at_once.png()))


@pytest.mark.parametrize(("theme", "x_range"), [("light", (0.0, 10.0)), ("dark", (2.0, 4.0))])
def test_each_of_many_points_has_ink_within_a_pixel_of_it(theme, x_range):
    figure = FitFigure(MANY, theme=theme, pixel_ratio=1.5)
    figure.zoom("data", x_range, (-1.0, 5.0))
    pixels = _pixels(figure.png())
    inside = (x_range[0] < MANY_X) & (MANY_X < x_range[1])
    columns, rows = figure.axes["data"].transData.transform(np.transpose([MANY_X, MANY_Y])[inside]).astype(int).T
    ink = np.abs(pixels - to_rgb(PALETTES[theme].ground)).max(axis=2)
    around = [ink[len(ink) - 1 - rows + up, columns + right] for up in (-1, 0, 1) for right in (-1, 0, 1)]
    assert inside.sum() > 3_000
    assert np.max(around, axis=0).min() > 0.2  # of 0.53 of a point among others, and 0.1 of the grid


def test_panning_draws_only_what_pans(figure, trace, monkeypatch):
    figure.show(trace, 4, tuple)
    figure.zoom("data", (2.0, 5.0), (0.0, 3.0))
    figure.png()
    drawn = []
    for kind in (Axes, Legend):
        own = kind.draw
        monkeypatch.setattr(kind, "draw", lambda self, *args, own=own: drawn.append(self) or own(self, *args))
    figure.zoom("data", (2.1, 5.1), (0.1, 3.1))
    figure.png()
    assert set(drawn) == {figure.axes["data"], figure.axes["residuals"]}
    assert len(drawn) == 2


def test_preview_draws_no_background_and_leaves_the_trials(figure, trace):
    figure.show(trace, 2, tuple, marks=3)
    figure.png()
    before = figure.full_draws
    figure.show_values((2.1, 0.4))
    figure.png()
    assert figure.full_draws == before
    x, y = figure.model.now.get_data()
    np.testing.assert_allclose(y, decay(x, 2.1, 0.4))
    assert len(figure.model.earlier.get_xdata()) == 0
    assert figure.trials["cost"].marks["CG"].get_xdata().tolist() == [2]
    assert "Trial 2 of 4" in figure.alt_text


def test_picture_before_a_fit_has_the_curve_it_starts_from_and_no_trials(figure):
    figure.show_values((2.0, 0.1))
    x, y = figure.model.now.get_data()
    np.testing.assert_allclose(y, decay(x, 2.0, 0.1))
    assert all(len(line.get_xdata()) == 0 for line in figure.trials["cost"].marks.values())
    assert figure.alt_text.startswith("40 data points. Residuals lie from -")
    assert "Trial" not in figure.alt_text


def test_panels_of_cost_and_radius_have_no_scale_before_a_fit(figure, trace):
    def scales():
        for ax in (figure.axes["cost"], figure.axes["radius"]):
            ticks = [*ax.yaxis.get_major_ticks(), *ax.yaxis.get_minor_ticks(), *ax.xaxis.get_major_ticks()]
            parts = [part for tick in ticks for part in (tick.gridline, tick.tick1line)]
            yield any(part.get_visible() for part in parts), [t.get_text() for t in ax.texts if t.get_visible()]

    figure.show_values((2.0, 0.1))
    figure.png()
    assert list(scales()) == [(False, ["no fit yet"])] * 2
    figure.show(trace, 4, tuple)
    figure.png()
    assert list(scales()) == [(True, [])] * 2


def test_alt_text_states_the_numbers(figure, trace):
    figure.show(trace, 4, tuple)
    for words in ("40 data points", "Trial 4 of 4", "cost is 1, down from 10", "2 trials were accepted and 2 rejected"):
        assert words in figure.alt_text
    assert "height 3, rate 0.3" in figure.alt_text


# What is drawn of data and model


def test_components_are_dashed_in_colours_of_their_own_with_their_names_beside_them():
    figure = FitFigure(of(PEAKS, values=AT))
    figure.show_values(AT)
    figure.png()
    assert [line.is_dashed() for line in figure.components.values()] == [True] * 3
    assert len({line.get_color() for line in figure.components.values()}) == 3
    boxes = [name.get_window_extent() for name in figure.names.values() if name.get_visible()]
    assert len(boxes) == 3 and min(box.height for box in boxes) > 8
    dots = figure.axes["data"].transData.transform(np.transpose([X, Y]))
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert not any(box.contains(*dot) for dot in dots)
    assert not {"a", "b", "baseline"} & _labels(figure.axes["data"])


def test_names_keep_clear_of_the_range_that_many_points_fill():
    x = np.linspace(0, 10, 20_000)
    y = 8 * np.exp(-0.1 * x) + np.random.default_rng(1).uniform(-2, 2, x.size)
    values = (3.0, 5.0, 2.0, 8.0, 10.0)
    figure = FitFigure(of(Gaussian("a") + ExponentialDecay("baseline"), x=x, y=y, values=values))
    figure.show_values(values)
    dots = figure.axes["data"].transData.transform(np.transpose([x, y]))
    for name in filter(lambda name: name.get_visible(), figure.names.values()):
        box = name.get_window_extent()
        assert not ((dots > box.min) & (dots < box.max)).all(axis=1).any()


def test_many_components_are_named_in_the_key_which_takes_another_line():
    model = sum((Gaussian(f"peak{i}") for i in range(8)), start=Line())
    at = (0.1, 1.0, *(value for i in range(8) for value in (1.0, 1.0 + i, 0.3)))
    figure = FitFigure(of(model, values=at))
    figure.show_values(at)
    assert not any(name.get_visible() for name in figure.names.values())
    assert {f"peak{i}" for i in range(8)} <= _labels(figure.axes["data"])
    below = FitFigure(of(PEAKS, values=AT)).axes["data"].get_position().y1
    assert figure.axes["data"].get_position().y1 < below - 0.03


def test_left_out_points_are_hollow_and_those_far_off_stand_on_the_edge():
    mask, y = np.ones(40, bool), Y.copy()
    mask[[3, 20]] = False
    y[20] = 500.0
    figure = FitFigure(of(y=y, mask=mask))
    figure.show_values((3.0, 0.3))
    hollow = next(line for line in figure.axes["data"].lines if line.get_label() == "left out")
    assert hollow.get_markerfacecolor() == "none"
    assert hollow.get_xdata().tolist() == X[[3, 20]].tolist()
    assert hollow.get_ydata()[1] == figure.axes["data"].get_ylim()[1] < 10
    assert "38 data points, 2 more left out" in figure.alt_text
    assert "left out" in _labels(figure.axes["data"])


def test_errors_are_bars_at_the_points():
    sigma = 0.05 + 0.01 * X
    (bars,) = FitFigure(of(sigma=sigma)).axes["data"].collections
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends, np.transpose([Y - sigma, Y + sigma]))


def test_band_lies_behind_the_curve_until_it_is_taken_away(figure, curve, trace):
    figure.show_values((3.0, 0.3))
    at = curve((3.0, 0.3)).y
    figure.band = (curve.grid, at - 0.2, at + 0.2)
    figure.show(trace, 4, tuple)
    (band,) = figure.axes["data"].collections
    assert band.get_zorder() < figure.model.earlier.get_zorder()
    assert "band" in _labels(figure.axes["data"])
    figure.band = None
    assert not figure.axes["data"].collections


def test_band_of_a_result_is_named_by_its_level(figure, curve):
    at = curve((3.0, 0.3)).y
    figure.band = SimpleNamespace(x=curve.grid, low=at - 0.2, high=at + 0.2, level=0.95, kind="confidence")
    assert "95 % confidence band" in _labels(figure.axes["data"])


def test_model_that_overflows_leaves_a_gap_and_no_warning(rows):
    figure = FitFigure(of(lambda x, a: np.exp(a * x), values=(0.1,)))
    rows = np.delete(rows, 18, axis=1)
    rows[1, 17] = 1e4
    figure.show(Trace(rows, ("a",)), 1, tuple)
    assert figure.png()


def test_model_that_raises_leaves_the_picture_as_it_was(trace):
    def model(x, a, b):
        if float(a) > 8:
            raise ZeroDivisionError("a is too great")
        return float(a) * np.exp(-float(b) * np.asarray(x))

    figure = FitFigure(of(model))
    figure.show(trace, 0, tuple)
    before, words = figure.png(), figure.alt_text
    for fails in (
        lambda: figure.show(trace, 1, tuple),
        lambda: figure.show_values((9.0, 0.1)),
    ):
        with pytest.raises(ZeroDivisionError, match="a is too great"):
            fails()
        assert (figure.png(), figure.alt_text) == (before, words)
    figure.show_values((2.0, 0.1))
    assert figure.png() != before


# Zoom, size, other data


def test_zoom_stays_over_later_frames_until_it_is_taken_back(figure, trace):
    figure.show(trace, 0, tuple)
    whole = figure.axes["data"].get_xlim()
    figure.zoom("data", (2.0, 3.0), (0.5, 4.0))
    figure.zoom("radius", (0.5, 2.5), (0.4, 3.0))
    figure.show(trace, 4, tuple, final=True)
    assert figure.axes["data"].get_xlim() == figure.axes["residuals"].get_xlim() == (2.0, 3.0)
    assert figure.axes["data"].get_ylim() == (0.5, 4.0)
    assert figure.axes["cost"].get_xlim() == (0.5, 2.5)
    assert figure.axes["radius"].get_ylim() == (0.4, 3.0)
    assert "zoomed" in figure.alt_text
    figure.unzoom("data")
    figure.unzoom("radius")
    assert figure.axes["data"].get_xlim() == whole
    assert figure.axes["cost"].get_xlim() == (-0.5, 10.5)


def test_curve_is_smooth_in_the_zoomed_range_and_goes_on_beyond_the_data(figure):
    figure.show_values((3.0, 0.3))
    figure.zoom("data", (9.0, 14.0), None)
    x, y = figure.model.now.get_data()
    assert np.diff(x[x >= 9.0]).max() <= 5.0 / 399 + 1e-12
    assert x[-1] == 14.0
    np.testing.assert_allclose(y, decay(x, 3.0, 0.3))


def test_marks_outside_of_a_zoomed_panel_are_not_drawn_beside_it(figure, trace):
    figure.show(trace, 4, tuple)
    figure.zoom("cost", (1.5, 4.5), None)
    marks = figure.trials["cost"].marks
    assert marks["SVD"].get_xdata().tolist() == [4]
    assert len(marks["start"].get_xdata()) == 0


@pytest.mark.parametrize(
    ("zoom", "message"),
    [
        (("costs", (0, 1), None), "`panel` must be one of 'data', 'residuals', 'cost', 'radius', 'ratio', got 'costs'"),
        (("data", (1, 1), None), r"limits must be two different numbers, got \(1, 1\)"),
        (("data", None, (0, nan)), "limits must be two different numbers"),
        (("cost", None, (0, 1)), "limits must be two different positive numbers"),
    ],
)
def test_zoom_to_no_range_is_refused(figure, zoom, message):
    with pytest.raises(ValueError, match=message):
        figure.zoom(*zoom)
    assert figure.axes["data"].get_xlim()[1] > 10


@pytest.mark.parametrize("theme", PALETTES)
def test_ground_and_size_are_those_asked_for(curve, theme):
    figure = FitFigure(curve, theme=theme, width=700, height=550, pixel_ratio=2.0)
    figure.show_values((1.0, 0.5))
    pixels = _pixels(figure.png())
    assert pixels.shape == (1100, 1400, 3)
    np.testing.assert_allclose(pixels[0, 0], to_rgb(PALETTES[theme].ground), atol=0.01)


def test_resizing_loses_nothing(figure, curve, trace):
    figure.show(trace, 3, tuple, marks=4)
    figure.zoom("data", (2.0, 3.0), (0.5, 4.0))
    figure.band = (curve.grid, curve.grid, curve.grid + 1)
    figure.resize(780, pixel_ratio=1.5, theme="dark")
    assert (figure.size[0], figure.pixel_ratio, figure.theme) == (780, 1.5, "dark")
    assert _pixels(figure.png()).shape == (round(1.5 * figure.size[1]), 1170, 3)
    assert figure.axes["data"].get_xlim() == (2.0, 3.0)
    assert figure.model.now.get_color() == PALETTES["dark"].model
    assert len(figure.model.rejected.get_xdata()) > 0
    assert figure.trials["cost"].marks["rejected"].get_xdata().tolist() == [1, 3]
    assert len(figure.axes["data"].collections) == 1


@pytest.mark.parametrize(
    ("look", "message"),
    [
        ({"width": 0}, "`width` must be a positive number of CSS pixels, got 0"),
        ({"width": 900, "height": nan}, "`height` must be a positive number"),
        ({"width": 900, "pixel_ratio": 0}, "`pixel_ratio` must be pixels to a CSS pixel"),
        ({"width": 900, "theme": "blue"}, "`theme` must be one of 'light', 'dark'"),
    ],
)
def test_size_that_there_is_not_is_refused_and_the_old_one_stays(figure, look, message, trace):
    figure.show(trace, 4, tuple)
    before = figure.png()
    with pytest.raises(ValueError, match=message):
        figure.resize(**look)
    assert figure.png() == before


def test_other_data_keep_the_trials_and_a_zoom_of_the_same_range(figure, trace):
    figure.show(trace, 4, tuple)
    figure.zoom("data", (2.0, 3.0), (0.5, 4.0))
    figure.set_curve(of(mask=X != X[10]), "time (s)", "counts")
    assert figure.axes["data"].get_xlim() == (2.0, 3.0)
    assert figure.axes["residuals"].get_xlabel() == "time (s)"
    assert not figure.model.now.get_visible()
    figure.show_values((2.0, 0.4))
    assert figure.model.now.get_visible()
    assert figure.trials["cost"].marks["SVD"].get_xdata().tolist() == [4]
    figure.set_curve(of(PEAKS, x=3 * X, values=AT), "x", "y")
    figure.show_values(AT)
    assert figure.axes["data"].get_xlim()[1] > 30
    assert len(figure.components) == 3


def test_drawing_changes_no_settings_of_matplotlib(curve, trace):
    before = dict(matplotlib.rcParams)
    figure = FitFigure(curve)
    figure.show(trace, 4, tuple)
    figure.png()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("width", [1180, 1000, 780, 480])
def test_everything_written_stays_on_its_own_tile(width, rows):
    figure = FitFigure(of(PEAKS, sigma=0.1, values=AT), width=width, height=None)
    trace = Trace(np.hstack([rows[:, :17], np.outer([1.0, 1.4, 1.1, 1.3, 1.05], AT)]), PEAKS.parameter_names)
    figure.show(trace, 4, tuple)
    figure.png()
    layout = lay_out(*figure.size)
    for name, ax in figure.axes.items():
        tile = layout.places[name].tile
        boxes = [axis.get_tightbbox() for axis in (ax.xaxis, ax.yaxis)]
        boxes += [ax._left_title.get_window_extent()]
        for box in filter(None, boxes):
            assert tile.left <= box.x0 and box.x1 <= tile.right
            assert tile.bottom <= box.y0 and box.y1 <= tile.top


@pytest.mark.parametrize("width", [480, 780, 999, 1000, 1180, 1600])
def test_tiles_share_the_picture_out_and_hold_their_panels(width):
    layout = lay_out(width)
    assert sum(place.tile.width * place.tile.height for place in layout.places.values()) == pytest.approx(
        layout.size[0] * layout.size[1]
    )
    for box, tile in layout.places.values():
        assert tile.left < box.left and box.right < tile.right and tile.bottom < box.bottom and box.top < tile.top
    below = layout.places["cost"].box.top < layout.places["residuals"].box.bottom
    assert below == layout.narrow == (width < 1000)
