"""The options bar by what is typed and chosen, without a browser."""

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.models import Line
from trfkit.session import FitSession
from trfkit.widgets.panels.options_bar import OptionsBar

X = np.linspace(0.0, 10.0, 101)
NOISE = 0.3 * np.random.default_rng(5).standard_normal(X.size)


def _session(**options):
    y = 2.0 * X + 1.0 + NOISE
    y[::10] += 20.0
    return FitSession(Line(), X, y, {"slope": 2.0, "intercept": 1.0}, **options)


def _bar(session):
    """A bar that follows its session, as the fitter has it do."""
    bar = OptionsBar(session)
    session.observe(lambda event: bar.refresh())
    return bar


@pytest.fixture
def session():
    return _session()


@pytest.fixture
def bar(session):
    return _bar(session)


def test_bar_shows_the_defaults(bar):
    assert bar.summary.description == "loss linear · solver auto ▾"
    assert [field.value for field in bar.numbers.values()] == [""] * 5
    assert [field.placeholder for field in bar.numbers.values()] == ["1", "off", "1e-10", "off", "2000"]


def test_bar_shows_what_the_session_began_with():
    bar = _bar(_session(loss="cauchy", f_scale=0.25, tr_solver="exact", xtol=1e-6))
    assert (bar.loss.value, bar.tr_solver.value) == ("cauchy", "svd")
    assert bar.numbers["xtol"].value == "1e-6"
    assert bar.summary.description == "loss cauchy · solver svd · f_scale 0.25 · xtol 1e-6 ▾"
    assert not bar.session.can_undo


def test_loss_and_solver_are_chosen(bar, session):
    bar.loss.value = "huber"
    bar.tr_solver.value = "hybrid"
    assert session.options == {"loss": "huber", "tr_solver": "hybrid"}
    assert bar.summary.description == "loss huber · solver hybrid ▾"
    assert "huber: linear up to f_scale" in bar.about.value


def test_default_chosen_again_leaves_no_option(bar, session):
    bar.loss.value = "huber"
    bar.loss.value = "linear"
    assert session.options == {}


def test_f_scale_is_for_robust_losses(bar):
    assert bar.numbers["f_scale"].disabled and bar.from_residuals.disabled
    bar.loss.value = "soft_l1"
    assert not bar.numbers["f_scale"].disabled and not bar.from_residuals.disabled


@pytest.mark.parametrize(
    ("name", "typed", "value"), [("ftol", "1e-8", 1e-8), ("gtol", " 0.001 ", 1e-3), ("max_nfev", "1e3", 1000)]
)
def test_number_is_typed_and_taken_back(bar, session, name, typed, value):
    bar.numbers[name].value = typed
    assert session.options == {name: value}
    bar.numbers[name].value = ""
    assert session.options == {}


@pytest.mark.parametrize(
    ("name", "typed", "reason"),
    [
        ("ftol", "small", "must be a number, got &#x27;small&#x27;"),
        ("xtol", "0", "more than the rounding of a float"),
        ("xtol", "-1", "more than the rounding of a float"),
        ("xtol", "nan", "must be a number"),
        ("max_nfev", "10.5", "must be a whole number"),
        ("max_nfev", "0", "positive integer"),
        ("max_nfev", "inf", "must be a whole number"),
    ],
)
def test_number_that_is_refused_stays_with_the_reason(bar, session, name, typed, reason):
    bar.numbers[name].value = typed
    assert reason in bar.mistakes.value
    assert session.options == {}
    bar.loss.value = "huber"
    assert bar.numbers[name].value == typed
    assert "trfkit-refused" in bar.numbers[name]._dom_classes
    bar.numbers[name].value = ""
    assert bar.mistakes.value == ""
    assert "trfkit-refused" not in bar.numbers[name]._dom_classes


def test_refused_number_is_forgotten_when_the_option_changes(bar, session):
    bar.numbers["xtol"].value = "abc"
    session.set_options(xtol=1e-6)
    assert bar.numbers["xtol"].value == "1e-6"
    assert bar.mistakes.value == ""


def test_negative_f_scale_is_refused_by_the_session(bar, session):
    bar.loss.value = "huber"
    bar.numbers["f_scale"].value = "-1"
    assert "`f_scale` must be a positive number" in bar.mistakes.value
    assert session.options == {"loss": "huber"}


def test_undo_shows_in_the_controls(bar, session):
    bar.loss.value = "huber"
    bar.numbers["f_scale"].value = "0.5"
    session.undo()
    assert bar.numbers["f_scale"].value == ""
    session.undo()
    assert bar.loss.value == "linear"
    assert not session.can_undo


def test_f_scale_from_residuals_is_the_noise_without_outliers(bar, session):
    bar.loss.value = "huber"
    bar.from_residuals.click()
    assert session.options["f_scale"] == pytest.approx(0.3, rel=0.25)
    assert bar.numbers["f_scale"].value == f"{session.options['f_scale']:.3g}"


def test_f_scale_from_residuals_is_in_units_of_sigma():
    bar = _bar(_session(sigma=np.full(X.size, 0.1), loss="huber"))
    bar.from_residuals.click()
    assert bar.session.options["f_scale"] == pytest.approx(3.0, rel=0.25)


def test_own_loss_is_shown_by_its_name_left_and_chosen_again():
    def log_cosh(z):
        return 2 * jnp.log(jnp.cosh(jnp.sqrt(z + 1e-12)))

    bar = _bar(_session(loss=log_cosh))
    assert bar.loss.value == "log_cosh"
    assert bar.session.options["loss"] is log_cosh
    assert not bar.session.can_undo
    bar.loss.value = "huber"
    assert bar.session.options["loss"] == "huber"
    bar.loss.value = "log_cosh"
    assert bar.session.options["loss"] is log_cosh


def test_nothing_can_be_chosen_while_a_fit_runs(bar, session):
    session.start(paused=True)
    bar.refresh()
    assert all(control.disabled for control in bar.controls.values())
    session.stop()
    assert session.wait(60)
    assert not bar.loss.disabled
