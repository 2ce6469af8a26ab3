"""The code tab without a browser: its script makes the very fit that is shown."""

import numpy as np
import pytest

import trfkit
from trfkit.models import ExponentialDecay
from trfkit.session import FitSession
from trfkit.widgets.tabs import code as code_tab
from trfkit.widgets.tabs.code import CodeTab

X = np.linspace(0.0, 4.0, 30)
Y = 3.0 * np.exp(-0.7 * X) + 0.05 * np.cos(20 * X)
NAMES = {"x": X, "y": Y}


@pytest.fixture
def session():
    return FitSession(ExponentialDecay(), X, Y, {"amplitude": 2.0, "tau": 1.0}, bounds={"tau": (0.1, 9.0)})


@pytest.fixture
def tab(session):
    tab = CodeTab(session)
    tab.refresh()
    return tab


def made_by(code, **names):
    """The result that a script leaves, run with these names."""
    names = dict(names)
    exec(compile(code, "script", "exec"), names)
    return names["result"]


def test_shortest_script_comes_first(tab):
    assert tab.view.code == (
        "import trfkit\n"
        "from trfkit.models import ExponentialDecay\n"
        "\n"
        "model = ExponentialDecay()\n"
        "\n"
        "# x and y are the data, as arrays\n"
        'result = trfkit.fit(model, x, y, start={"amplitude": 2.0, "tau": 1.0}, bounds={"tau": (0.1, 9.0)})\n'
        "print(result.fit_report())\n"
    )


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("fitted_before", [True, False])
def test_script_makes_the_same_fit(session, tab, by_name, fitted_before):
    session.select_range(0.5, 3.0)
    session.set_options(loss="soft_l1")
    if fitted_before:
        session.run()
    tab.data.value = by_name
    tab.refresh()
    made = made_by(tab.view.code, **(NAMES if by_name else {}))
    expected = session.result if fitted_before else session.run()
    # The script's fit is not watched, and so another program, with other roundings.
    np.testing.assert_array_equal(made.trace.outcome, expected.trace.outcome)
    np.testing.assert_allclose(made.solution.x, expected.solution.x, rtol=1e-12)
    np.testing.assert_allclose(made.covariance, expected.covariance, rtol=1e-9)


def test_script_is_of_the_fit_shown_until_a_setting_is_changed(session, tab):
    first = session.run()
    session.set_parameter("tau", 5.0)
    session.run()
    tab.refresh()
    assert "This makes fit 2 again." in tab.about.value
    assert '"tau": 5.0' in tab.view.code
    session.restore(0)
    tab.refresh()
    assert "This makes fit 1 again." in tab.about.value
    assert tab.view.code == trfkit.results.script.script(first, data_by_name=True)
    session.fix("amplitude", 3.0)
    tab.refresh()
    assert "from the values that are set now" in tab.about.value
    assert 'fixed=["amplitude"]' in tab.view.code


def test_script_is_written_only_when_something_changed(session, tab, monkeypatch):
    written = []
    script = code_tab.script
    monkeypatch.setattr(code_tab, "script", lambda *about: written.append(about) or script(*about))
    tab.refresh()
    assert not written
    session.set_parameter("tau", 2.0)
    tab.refresh()
    tab.refresh()
    assert len(written) == 1
    tab.data.value = False
    assert len(written) == 2


def test_model_without_a_source_is_refused_with_what_to_do():
    space = {}
    exec("def typed_in(x, a, b):\n    return a * x + b", space)
    tab = CodeTab(FitSession(space["typed_in"], X, Y))
    tab.refresh()
    assert 'role="alert"' in tab.alert.value and "its source is not to be had" in tab.alert.value
    assert tab.view.code == "" and tab.view.layout.display == "none"
    tab.session.set_model("a*x + b")
    tab.refresh()
    assert tab.alert.value == "" and "a*x + b" in tab.view.code and tab.view.layout.display is None


def test_data_of_many_points_are_not_written_out():
    x = np.linspace(0, 1, code_tab.MOST_WRITTEN + 1)
    tab = CodeTab(FitSession("a*x + b", x, x, {"a": 1.0, "b": 0.0}))
    tab.data.value = False
    assert "20001 points" in tab.alert.value and tab.view.code == ""
    tab.data.value = True
    assert tab.alert.value == "" and "trfkit.fit(model, x, y" in tab.view.code
