"""Pictures of a fit that is done, by what their artists hold: each number is the result's own."""

import base64
import math
import types

import jax.numpy as jnp
import matplotlib
import nbclient
import nbformat
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from trfkit import compare, datasets, fit
from trfkit.models import Constant, ExponentialDecay, Gaussian, Gaussian2D, Line
from trfkit.plots import (
    PALETTES,
    draw_bootstrap,
    draw_comparison,
    draw_correlation,
    draw_fit,
    draw_profile,
)
from trfkit.plots.diverging import diverging, luminance, readable_on
from trfkit.plots.png import SIGNATURE
from trfkit.statistics.intervals import critical

X = np.linspace(0.0, 10.0, 60)
MASK = np.ones(60, bool)
MASK[[0, 1, 30]] = False
CELL_TIMEOUT = 300


def noise(m, seed=0):
    return 0.1 * np.random.default_rng(seed).standard_normal(m)


@pytest.fixture(scope="module")
def peaks():
    """Two peaks on a line, without errors of the data."""
    problem = datasets.nist("Gauss3")
    return fit(Gaussian("a") + Gaussian("b") + Line(), problem.x, problem.y, units=("nm", "counts"))


@pytest.fixture(scope="module")
def masked():
    """A peak with errors of x and y, two points at the start and an outlier left out, x in no order."""
    order = np.random.default_rng(1).permutation(60)
    y = np.asarray(Gaussian()(X, 3.0, 4.0, 0.8)) + noise(60)
    y[0], y[30] = np.nan, 99.0
    sigma = np.linspace(0.08, 0.12, 60)
    return fit(Gaussian(), X[order], y[order], sigma=sigma[order], sigma_x=0.01, mask=MASK[order], absolute_sigma=True)


@pytest.fixture(scope="module")
def joint():
    """Two decays with one time constant."""
    x = {"cold": X, "hot": np.linspace(0.0, 6.0, 40)}
    y = {"cold": 3 * np.exp(-X / 2) + 1 + noise(60), "hot": 5 * np.exp(-x["hot"] / 2) + noise(40, 1)}
    model = ExponentialDecay() + Constant()
    return fit(model, x, y, sigma=0.1, absolute_sigma=True, shared=["tau"], units=("s", "V"))


@pytest.fixture(scope="module")
def image():
    """A spot on a level, one pixel left out."""
    columns, rows = np.meshgrid(np.arange(12.0), np.arange(9.0))
    x = np.stack([columns.ravel(), rows.ravel()])
    y = np.asarray((Gaussian2D() + Constant())(x, 5.0, 6.0, 4.0, 2.0, 1.5, 0.0, 1.0)) + noise(x.shape[1])
    mask = np.ones(y.size, bool)
    mask[17] = False
    return fit(Gaussian2D() + Constant(), x, y, sigma=0.1, mask=mask, units=("px", "ADU"))


@pytest.fixture(scope="module")
def decay():
    """A decay whose rate is known poorly: its profile is no straight line."""
    x = np.linspace(0.0, 3.0, 8)
    return fit(ExponentialDecay(), x, 2 * np.exp(-x / 2) + noise(8, 3), units=("s", "V"))


def ends_of(band, x):
    """(low, high) at x of the polygon that fill_between drew."""
    vertices = band.get_paths()[0].vertices
    found = [vertices[vertices[:, 0] == each, 1] for each in x]
    return np.array([(y.min(), y.max()) for y in found]).T


def overlaps(one, other):
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1


# One data set


def test_curve_is_the_prediction_on_a_grid_through_the_data(peaks):
    artists = draw_fit(peaks).artists[""]
    x, y = artists.fit.get_data()
    assert np.isin(peaks.sets[0].x, x).all() and len(x) > 600
    np.testing.assert_allclose(y, peaks.predict(x), rtol=1e-12)


@pytest.mark.parametrize(("kind", "level"), [("confidence", 0.95), ("prediction", 0.68)])
def test_band_is_that_of_the_result(peaks, kind, level):
    artists = draw_fit(peaks, bands=kind, level=level).artists[""]
    x = artists.fit.get_xdata()
    band = peaks.band(x, level, kind)
    low, high = ends_of(artists.bands[kind], x[1:-1])
    np.testing.assert_allclose(low, band.low[1:-1], rtol=1e-12)
    np.testing.assert_allclose(high, band.high[1:-1], rtol=1e-12)
    assert artists.bands[kind].get_label() == f"{100 * level:g} % {kind} band"
    assert list(artists.bands) == [kind]


def test_wider_band_lies_behind_and_is_paler(peaks):
    artists = draw_fit(peaks, bands=("confidence", "prediction")).artists[""]
    assert list(artists.bands) == ["prediction", "confidence"]
    assert artists.bands["prediction"].get_alpha() < artists.bands["confidence"].get_alpha()


def test_prediction_band_of_unequal_errors_lies_between_those_of_the_neighbours(masked):
    artists = draw_fit(masked, bands=["prediction"]).artists[""]
    s = masked.sets[0]
    at = 17 if s.mask[17] else 18
    low, high = ends_of(artists.bands["prediction"], [s.x[at]])
    band = masked.band(s.x[[at]], kind="prediction", sigma=s.sigma[[at]])
    np.testing.assert_allclose([low, high], [band.low, band.high], rtol=1e-12)


def test_components_of_a_sum_add_up_to_the_curve_and_are_told_apart(peaks):
    artists = draw_fit(peaks).artists[""]
    assert list(artists.components) == ["a", "b", "Line"]
    np.testing.assert_allclose(sum(line.get_ydata() for line in artists.components.values()), artists.fit.get_ydata())
    x, first = artists.components["a"].get_data()
    np.testing.assert_allclose(first, Gaussian()(x, *(peaks.values[f"a.{p}"] for p in ("height", "center", "sigma"))))
    assert [line.get_color() for line in artists.components.values()] == list(PALETTES["light"].parts)


def test_components_can_be_left_out_and_a_single_model_has_none(peaks, masked):
    assert draw_fit(peaks, components=False).artists[""].components == {}
    assert draw_fit(masked).artists[""].components == {}


def test_residuals_are_those_of_the_result_in_the_order_of_x(masked):
    artists = draw_fit(masked).artists[""]
    x, y = np.reshape(np.transpose(artists.residuals.get_data()), (-1, 3, 2))[:, 1].T
    s = masked.sets[0]
    order = np.argsort(s.x[s.mask])
    np.testing.assert_array_equal(x, s.x[s.mask][order])
    np.testing.assert_array_equal(y, masked.residuals[""][order])


def test_error_bars_are_sigma_and_sigma_x(masked):
    artists = draw_fit(masked).artists[""]
    s, (x, y) = masked.sets[0], artists.data.get_data()
    across, upright = (np.array(bars.get_segments()) for bars in artists.errors[2])
    sigma = s.sigma[s.mask][np.argsort(s.x[s.mask])]
    np.testing.assert_allclose(upright[:, :, 1], np.transpose([y - sigma, y + sigma]))
    np.testing.assert_allclose(across[:, :, 0], np.transpose([x - 0.01, x + 0.01]))


def test_error_bars_of_a_covariance_are_its_standard_errors_and_its_residuals_are_called_whitened():
    covariance = 0.01 * (np.eye(60) + 0.5 * np.eye(60, k=1) + 0.5 * np.eye(60, k=-1))
    picture = draw_fit(fit(Line(), X, X + noise(60), sigma=covariance))
    (bars,) = picture.artists[""].errors[2]
    np.testing.assert_allclose(np.ptp(np.array(bars.get_segments())[:, :, 1], axis=1), 0.2)
    assert picture.axes[1].get_ylabel() == "whitened residual"


def test_points_left_out_are_hollow_and_an_outlier_is_on_the_edge(masked):
    picture = draw_fit(masked)
    artists, s = picture.artists[""], masked.sets[0]
    assert not np.isin(s.x[~s.mask], artists.data.get_xdata()).any()
    assert len(artists.data.get_xdata()) == 57
    x, y = artists.left_out.get_data()
    np.testing.assert_array_equal(np.sort(x), X[[1, 30]])  # the third is no number
    top = picture.axes[0].get_ylim()[1]
    assert y[x == X[30]] == pytest.approx(top) and top < 10
    assert artists.left_out.get_markerfacecolor() == "none"


def test_curve_does_not_go_on_to_points_that_do_not_count(masked):
    x = draw_fit(masked).artists[""].fit.get_xdata()
    assert x.min() == X[2] and x.max() == X[-1]


def test_axes_say_what_they_show_with_units(peaks, masked):
    data, residuals = draw_fit(peaks).axes
    assert (data.get_ylabel(), residuals.get_xlabel()) == ("y (counts)", "x (nm)")
    assert residuals.get_ylabel() == "residual (counts)"
    assert data.get_xlabel() == "" and data.get_shared_x_axes().joined(data, residuals)
    data, residuals = draw_fit(masked, xlabel="angle", ylabel="signal").axes
    assert (data.get_ylabel(), residuals.get_xlabel()) == ("signal", "angle")
    assert residuals.get_ylabel() == "residual / σ"


def test_parameters_stand_beside_the_panels_and_cover_nothing(peaks):
    picture = draw_fit(peaks)
    FigureCanvasAgg(picture.figure).draw()
    (legend,) = picture.figure.legends
    words = legend.get_title().get_text()
    for name in peaks.names:
        assert any(line.split()[0] == name and str(peaks[name]) in line for line in words.splitlines())
    assert "reduced χ² = 32.01" in words
    assert [text.get_text() for text in legend.get_texts()] == ["data", "fit", "a", "b", "Line", "95 % confidence band"]
    box = legend.get_window_extent()
    assert not any(overlaps(box, ax.get_tightbbox()) for ax in picture.axes)
    assert box.x1 <= picture.figure.bbox.x1 and box.y0 >= 0


def test_fixed_parameter_is_said_to_be():
    result = fit(Line(), X, X + noise(60), fixed={"slope": 1.0})
    assert "slope      1 (fixed)" in draw_fit(result).figure.legends[0].get_title().get_text()


def test_band_that_is_infinite_is_not_drawn_and_one_that_is_determined_is():
    undetermined = fit("(a + b)*x + c", X, X + noise(60), start=[1, 1, 0])
    picture = draw_fit(undetermined, bands=("confidence",))
    assert "a = 0.5" in picture.alt_text and "± ∞" in picture.alt_text
    assert list(picture.artists[""].bands) == ["confidence"]  # the curve is determined, a and b are not
    few = fit(Line(), [0.0, 1.0], [0.0, 1.0])  # as many parameters as points
    assert draw_fit(few).artists[""].bands == {}


def test_model_that_needs_the_whole_of_x_is_drawn_at_the_data():
    def normalised(x, a, b):
        return a * x / jnp.sum(x) + b

    result = fit(normalised, X, X / 10 + noise(60), sigma=np.full(60, 0.1), start=[30, 0])
    artists = draw_fit(result, bands=("confidence", "prediction")).artists[""]
    np.testing.assert_array_equal(artists.fit.get_xdata(), X)
    np.testing.assert_allclose(artists.fit.get_ydata(), result.predict())
    low, _ = ends_of(artists.bands["prediction"], X[1:-1])
    np.testing.assert_allclose(low, result.band(kind="prediction", sigma=0.1).low[1:-1])


def test_hundred_thousand_points_are_drawn_by_a_few_thousand():
    x = np.linspace(0.0, 1.0, 100_000)
    artists = draw_fit(fit(Line(), x, x + np.sin(5e4 * x), sigma=1.0)).artists[""]
    assert len(artists.data.get_xdata()) < 3000 and artists.errors is None
    assert len(artists.residuals.get_xdata()) < 9000


# Axes of one's own


def test_logarithmic_axes_stay_so_and_the_grid_is_geometric():
    x = np.geomspace(0.01, 100.0, 20)
    result = fit("a*x**b", x, 2 * x**-1.5 * (1 + noise(20)), start=[1, -1], sigma=0.1 * x**-1.5)
    axes = Figure().subplots(2)
    axes[0].set(xscale="log", yscale="log")
    artists = draw_fit(result, axes).artists[""]
    assert (axes[0].get_xscale(), axes[0].get_yscale(), axes[1].get_xscale()) == ("log", "log", "log")
    grid, y = artists.fit.get_data()
    steps = np.diff(np.log(grid))
    assert steps.max() < 1.01 * np.log(1e4) / 399
    np.testing.assert_allclose(y, result.predict(grid))
    low, high = axes[0].get_ylim()
    assert 0 < low < y.min() and y.max() < high < 100 * y.max()


def test_axes_of_one_s_own_get_the_parameters_as_their_title(peaks):
    figure = Figure(figsize=(6, 5))
    picture = draw_fit(peaks, figure.subplots(2))
    assert picture.figure is figure and not figure.legends
    title = picture.axes[0].get_title("left")
    assert f"a.height = {peaks['a.height']}" in title.replace("\N{NO-BREAK SPACE}", " ")
    FigureCanvasAgg(figure).draw()
    assert picture.axes[0]._left_title.get_window_extent().x1 <= figure.bbox.x1


def test_one_axes_shows_no_residuals_and_its_limits_stay_as_they_were_set(masked):
    ax = Figure().add_subplot()
    ax.set_ylim(-1, 20)
    picture = draw_fit(masked, ax, xlabel="t")
    assert picture.artists[""].residuals is None
    assert ax.get_ylim() == (-1, 20) and ax.get_xlabel() == "t"


@pytest.mark.parametrize(("shape", "words"), [((3, 2), "3 for data set 'cold'"), ((2, 3), "3 columns, got 2 to draw")])
def test_axes_that_do_not_suit_are_refused(joint, shape, words):
    with pytest.raises(ValueError, match=words):
        draw_fit(joint, Figure().subplots(*shape))


def test_unknown_theme_band_and_level_are_refused(peaks):
    with pytest.raises(ValueError, match=r"`theme` must be one of 'light', 'dark', got 'sepia'"):
        draw_fit(peaks, theme="sepia")
    with pytest.raises(ValueError, match=r"`kind` must be 'confidence' or 'prediction', got 'tolerance'"):
        draw_fit(peaks, bands=["tolerance"])
    with pytest.raises(ValueError, match=r"did you mean 0\.95"):
        draw_fit(peaks, level=95)


# Several data sets


def test_each_data_set_has_its_own_panels(joint):
    picture = draw_fit(joint)
    assert len(picture.axes) == 4
    assert [picture.axes[i].get_title("left") for i in (0, 2)] == ["cold", "hot"]
    for s in joint.sets:
        artists = picture.artists[s.name]
        np.testing.assert_array_equal(artists.data.get_data(), [s.x, s.y])
        x, y = artists.fit.get_data()
        np.testing.assert_allclose(y, joint.predict(x, s.name))
        stems = np.reshape(artists.residuals.get_ydata(), (-1, 3))[:, 1]
        np.testing.assert_array_equal(stems, joint.residuals[s.name])
    labels = [text.get_text() for text in picture.figure.legends[0].get_texts()]
    assert labels == ["data", "fit", "ExponentialDecay", "Constant", "95 % confidence band"]


def test_axes_of_one_s_own_are_a_column_for_each_data_set(joint):
    axes = Figure().subplots(2, 2)
    picture = draw_fit(joint, axes)
    assert picture.axes == (axes[0, 0], axes[1, 0], axes[0, 1], axes[1, 1])
    assert "tau_" not in axes[0, 0].get_title("left") and "tau" in axes[0, 1].get_title("left")
    assert draw_fit(joint, Figure().subplots(1, 2)).artists["hot"].residuals is None


@pytest.mark.parametrize(("count", "shape"), [(3, (1, 3)), (4, (2, 2)), (5, (2, 3))])
def test_data_sets_stand_up_to_three_in_a_row(count, shape):
    names = [f"s{i}" for i in range(count)]
    result = fit(Line(), dict.fromkeys(names, X), {name: X + noise(60, i) for i, name in enumerate(names)})
    picture = draw_fit(result)
    FigureCanvasAgg(picture.figure).draw()
    corners = [ax.get_position().p0.round(6) for ax in picture.axes[::2]]
    assert (len({y for _, y in corners}), len({x for x, _ in corners})) == shape


def test_more_parameters_than_lines_are_counted():
    names = [f"s{i}" for i in range(21)]
    result = fit(Line(), dict.fromkeys(names, X), {name: X + noise(60, i) for i, name in enumerate(names)})
    assert "and 2 more" in draw_fit(result).figure.legends[0].get_title().get_text()


# Images


def test_image_is_drawn_as_data_fit_and_residuals(image):
    picture = draw_fit(image)
    artists, s = picture.artists[""], image.sets[0]
    np.testing.assert_array_equal(artists.data.get_array().ravel(), s.y)
    np.testing.assert_array_equal(artists.fit.get_array().ravel(), image.predict())
    residuals = artists.residuals.get_array().ravel()
    assert np.ma.getmaskarray(residuals)[17] or np.isnan(residuals[17])
    np.testing.assert_array_equal(residuals[s.mask], image.residuals[""])
    assert artists.data.get_clim() == artists.fit.get_clim()
    low, high = artists.residuals.get_clim()
    assert low == -high == -np.abs(image.residuals[""]).max()
    np.testing.assert_array_equal(np.ravel(artists.left_out.get_data()), s.x[:, 17])
    assert [ax.get_title("left") for ax in picture.axes] == ["data", "fit", "residual / σ"]
    assert (picture.axes[0].get_xlabel(), picture.axes[0].get_ylabel()) == ("x₀ (px)", "x₁ (px)")


def test_pixels_lie_where_their_coordinates_say_in_any_order(image):
    s = image.sets[0]
    order = np.random.default_rng(0).permutation(s.y.size)
    shuffled = fit(s.model, s.x[:, order], s.y[order], start=image.parameters, sigma=0.1)
    data = draw_fit(shuffled).artists[""].data
    np.testing.assert_array_equal(data.get_array().ravel(), s.y)
    np.testing.assert_allclose(data.get_extent(), (-0.5, 11.5, -0.5, 8.5))


def test_scattered_points_over_two_coordinates_are_dots():
    x = np.random.default_rng(0).uniform(0, 10, (2, 200))
    model = Gaussian2D()
    result = fit(model, x, np.asarray(model(x, 5.0, 6.0, 4.0, 2.0, 1.5, 0.0)) + noise(200))
    dots = draw_fit(result).artists[""].residuals
    np.testing.assert_array_equal(dots.get_offsets(), x.T)
    np.testing.assert_array_equal(dots.get_array(), result.residuals[""])


# Statistics


def test_profile_shows_its_curve_the_covariance_and_the_interval(decay):
    profile = decay.profile()
    artists = draw_profile(profile, "tau", estimate=decay["tau"]).artists
    curve = profile.curve("tau")
    np.testing.assert_array_equal(artists.tau.get_data(), [curve.values, curve.tau])
    x, tau = artists.linear.get_data()
    np.testing.assert_allclose(tau, (x - decay.values["tau"]) / decay.stderr["tau"])
    np.testing.assert_allclose((artists.interval.get_x(), artists.interval.get_width()),
                               (profile["tau"].low, np.ptp(profile["tau"])))  # fmt: skip
    quantile = critical(0.95, 6, False)
    np.testing.assert_allclose(np.nanmax(artists.levels[0.95].get_ydata()), quantile)
    assert critical(next(level for level in artists.levels if level != 0.95), 10**9, True) == pytest.approx(1.0)


def test_profile_names_parameter_unit_and_interval(decay):
    profile = decay.profile(["tau"])
    picture = draw_profile(profile, "tau", estimate=decay["tau"])
    assert picture.axes[0].get_xlabel() == "tau (s)"
    assert draw_profile(profile, "tau").artists.linear is None
    low, high = map(float, picture.alt_text.removesuffix(".").split("interval ")[1].split(" … "))
    assert (low, high) == pytest.approx(profile["tau"], rel=0.02)


def test_bootstrap_shows_its_samples_the_covariance_and_the_percentiles(decay):
    bootstrap = decay.bootstrap(count=200)
    picture = draw_bootstrap(bootstrap, "tau", estimate=decay["tau"], level=0.9)
    bars, normal, ends = picture.artists
    assert sum(bar.get_height() for bar in bars) == len(bootstrap.values)
    x, y = normal.get_data()
    width = bars[0].get_width()
    assert np.trapezoid(y, x) / width == pytest.approx(len(bootstrap.values), rel=1e-3)
    assert x[np.argmax(y)] == pytest.approx(decay.values["tau"], abs=0.05 * decay.stderr["tau"])
    drawn = ends.get_xdata()
    assert (drawn[0], drawn[-1]) == bootstrap.intervals(0.9)["tau"]
    assert "95" not in picture.alt_text and "90 % interval" in picture.alt_text


@pytest.mark.parametrize("theme", PALETTES)
def test_correlations_stand_as_readable_numbers_in_a_matrix(peaks, theme):
    picture = draw_correlation(peaks, theme=theme)
    image, numbers = picture.artists
    np.testing.assert_array_equal(image.get_array(), peaks.correlation)
    assert image.get_clim() == (-1, 1)
    assert [label.get_text() for label in picture.axes[0].get_yticklabels()] == list(peaks.free_names)
    assert numbers["a.height", "a.height"].get_text() == "1.00"
    value = peaks.correlation[0, 3]
    assert float(numbers["a.height", "b.height"].get_text().replace("−", "-")) == pytest.approx(value, abs=0.005)


def test_correlation_that_is_not_known_is_a_dash():
    undetermined = fit("(a + b)*x + c", X, X + noise(60), start=[1, 1, 0])
    assert draw_correlation(undetermined).artists.numbers["a", "b"].get_text() == "–"


@pytest.mark.parametrize("palette", PALETTES.values(), ids=list(PALETTES))
def test_ink_stands_out_from_every_colour_of_the_scale(palette):
    for color in diverging(palette)(np.linspace(0, 1, 101)):
        low, high = sorted((luminance(color[:3]), luminance(readable_on(color[:3]))))
        assert (high + 0.05) / (low + 0.05) >= 4.5


def test_models_are_compared_on_the_same_scales(peaks):
    s = peaks.sets[0]
    models = {"two peaks": peaks, "one peak": fit(Gaussian("a") + Line(), s.x, s.y, units=peaks.units)}
    picture = draw_comparison(compare(models))
    first, second = picture.axes[::2], picture.axes[1::2]
    assert len({ax.get_ylim() for ax in first}) == len({ax.get_ylim() for ax in second}) == 1
    for name, result in models.items():
        x, y = picture.artists[name].fit.get_data()
        np.testing.assert_allclose(y, result.predict(x))
        stems = np.reshape(picture.artists[name].residuals.get_ydata(), (-1, 3))[:, 1]
        np.testing.assert_array_equal(stems, result.residuals[""])
    assert first[0].get_title("left").startswith("two peaks\nAICc") and "Δ 0.00" in first[0].get_title("left")
    difference = models["one peak"].goodness.aicc - peaks.goodness.aicc
    assert f"Δ {difference:.2f}" in first[1].get_title("left")
    looks = [picture.artists[name].components["Line"].get_color() for name in models]
    assert looks[0] == looks[1]


# As a picture


@pytest.mark.parametrize("theme", PALETTES)
def test_picture_is_a_png_on_the_ground_of_its_theme_with_words(peaks, theme):
    picture = draw_fit(peaks, theme=theme)
    data, about = picture._repr_mimebundle_()
    assert data["image/png"].startswith(SIGNATURE)
    assert about["image/png"] == {"width": 920, "height": 440, "alt": picture.alt_text}
    assert data["text/plain"] == repr(picture) == picture.alt_text
    assert picture.figure.get_facecolor()[:3] == pytest.approx(to_rgb(PALETTES[theme].ground))


def test_words_state_the_numbers(joint):
    words = draw_fit(joint).alt_text
    assert "Data set cold of 60 points" in words and "Data set hot of 40 points" in words
    assert "100 points, 5 fitted parameters" in words
    assert f"tau = {joint['tau']}" in words
    most = joint.residuals["hot"].max()
    assert f"{most:.3g} standard errors" in words


def test_figure_of_pyplot_is_left_to_pyplot(masked):
    figure = Figure()
    picture = draw_fit(masked, figure.subplots(2))
    assert "image/png" in picture._repr_mimebundle_()[0]
    figure.canvas.manager = types.SimpleNamespace()  # as pyplot sets it
    assert "image/png" not in picture._repr_mimebundle_()[0]


def test_drawing_changes_no_settings_of_matplotlib(peaks, image, decay):
    before = dict(matplotlib.rcParams)
    draw_fit(peaks)._repr_mimebundle_()
    draw_fit(image)._repr_mimebundle_()
    draw_profile(decay.profile(), "tau")._repr_mimebundle_()
    assert dict(matplotlib.rcParams) == before


NOTEBOOK = """\
import numpy as np
from trfkit import fit
from trfkit.models import Line
x = np.linspace(0, 1, 20)
result = fit(Line(), x, 2 * x + np.sin(40 * x))
"""


def test_result_s_plot_is_shown_by_a_notebook_once():
    on_pyplot = "import matplotlib.pyplot as plt\nresult.plot(plt.subplots(2)[1])"
    sources = (NOTEBOOK, "result.plot(theme='dark')", on_pyplot)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=CELL_TIMEOUT).execute()
    pictures = [
        [output for output in cell.outputs if "image/png" in output.get("data", ())] for cell in notebook.cells[1:]
    ]
    assert [len(found) for found in pictures] == [1, 1]
    ((own,), _) = pictures
    assert base64.b64decode(own.data["image/png"]).startswith(SIGNATURE)
    assert own.data["text/plain"] == own.metadata["image/png"]["alt"]
    assert math.isclose(own.metadata["image/png"]["width"], 920)
