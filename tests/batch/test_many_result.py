"""What is told of many fits: arrays by name, a table, a summary in words."""

import jax.numpy as jnp
import numpy as np
import pytest

from trfkit import ManyResult, fit_many
from trfkit.core import radius

X = np.linspace(0, 5, 30)
RNG = np.random.default_rng(0)
TAU = RNG.uniform(0.5, 2, (4, 5))
Y = 3 * np.exp(-X / TAU[..., None]) + 0.05 * RNG.standard_normal((4, 5, 30))
Y[1, 2] = np.nan
Y[3, 4] += 0.5 * np.sin(5 * X)


@pytest.fixture(scope="module")
def result():
    start = {"a": np.where(TAU > 1.8, np.nan, 2.0), "tau": 1.0}
    return fit_many("a*exp(-x/tau)", X, Y, start, nan_policy="omit", bounds={"a": (0, 100)})


def test_parameters_go_by_name(result):
    assert result.names == result.free_names == ("a", "tau") == tuple(result) and "tau" in result
    np.testing.assert_array_equal(result["tau"], result.values[..., 1])
    np.testing.assert_array_equal(result.stderr_of("tau"), np.sqrt(result.covariance[..., 1, 1]))
    good = result.success
    assert np.max(np.abs(result["tau"] - TAU)[good] / result.stderr_of("tau")[good]) < 5
    for what in (result.__getitem__, result.stderr_of):
        with pytest.raises(KeyError, match="'T'; there are a, tau"):
            what("T")


def test_each_says_how_it_ended(result):
    assert result.shape == (4, 5) == result.message.shape
    assert result.message[1, 2] == "Fewer points than free parameters."
    assert result.message[0, 0] in radius.MESSAGES.values()
    assert (result.status[TAU > 1.8] == radius.NOT_FINITE).all() and (TAU > 1.8).any()


def test_the_summary_counts_endings_and_names_the_worst(result):
    text = repr(result)
    failed = int((TAU > 1.8).sum())
    lines = text.splitlines()
    assert lines[0] == f"20 fits (4 × 5) of a*exp(-x/tau): {19 - failed} converged"
    assert " 1  Fewer points than free parameters. First at [1, 2]." in text
    assert f" {failed}  Not finite" in text
    assert "largest reduced χ²: " in text and text.split("largest reduced χ²: ")[1].split("at ")[1].startswith("[3, 4]")
    tau = next(line for line in lines if line.strip().startswith("tau"))
    assert f"{np.nanmedian(result['tau']):.4g}" in tau


def test_html_tells_the_same(result):
    page = result._repr_html_()
    for words in ("20 fits (4 × 5)", "Fewer points than free parameters.", "<code", "[3, 4]", "median error"):
        assert words in page
    assert page.startswith("<div>") and page.endswith("</div>")


def test_a_formula_is_escaped_in_html():
    page = fit_many("where(x<1, a, b)", X, np.ones((2, 30)), [1.0, 1.0])._repr_html_()
    assert "x&lt;1" in page or "x &lt; 1" in page


def test_the_table_has_a_row_for_each_fit(result):
    pandas = pytest.importorskip("pandas")
    table = result.to_dataframe()
    assert isinstance(table.index, pandas.MultiIndex) and len(table) == 20
    assert list(table.columns[:4]) == ["a", "a_stderr", "tau", "tau_stderr"]
    row = table.loc[(3, 1)]
    assert row["tau"] == result["tau"][3, 1] and row["tau_stderr"] == result.stderr_of("tau")[3, 1]
    assert row["message"] == result.message[3, 1] and row["points"] == 30
    one_axis = fit_many("a*exp(-x/tau)", X, Y[0], [1.0, 1.0]).to_dataframe()
    assert one_axis.index.tolist() == [0, 1, 2, 3, 4]


def test_a_fixed_parameter_has_no_error_and_a_tied_one_its_share():
    found = fit_many("a*exp(-x/tau) + c", X, Y[0], {"a": 2.0, "tau": 1.0}, fixed={"c": 0.0}, ties={"tau": "2*a"})
    assert found.free_names == ("a",) and found.covariance.shape == (5, 1, 1)
    assert (found.stderr_of("c") == 0).all()
    np.testing.assert_allclose(found.stderr_of("tau"), 2 * found.stderr_of("a"))
    np.testing.assert_allclose(found["tau"], 2 * found["a"])


def test_where_no_fit_converged_there_are_no_medians():
    found = fit_many(lambda x, a: jnp.log(a) * x, X, Y[0], [-1.0])
    assert not found.success.any() and "median" not in repr(found) and "0 converged" in repr(found)
    assert isinstance(found, ManyResult) and "median" not in found._repr_html_()


def test_errors_of_1_are_told_of():
    (note,) = fit_many("a*exp(-x/tau)", X, Y[0], [2.0, 1.0], absolute_sigma=True).notes
    assert "taken to be 1" in note
