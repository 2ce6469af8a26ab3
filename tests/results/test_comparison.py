"""Models side by side, against an analysis of variance and information criteria computed by hand."""

import numpy as np
import pytest
import scipy.stats

import trfkit
from trfkit.models import Line

X = np.linspace(0.0, 4.0, 25)
Y = 1.0 + 0.5 * X + 0.12 * X**2 + 0.15 * np.random.default_rng(5).standard_normal(25)
MODELS = {"line": "a*x + b", "parabola": "a*x + b + c*x**2", "cubic": "a*x + b + c*x**2 + d*x**3"}


def fits(**how):
    return {name: trfkit.fit(model, X, Y, **how) for name, model in MODELS.items()}


@pytest.fixture(scope="module")
def compared():
    return trfkit.compare(fits())


def rss(degree):
    """Residual sum of squares of a polynomial."""
    return np.sum((Y - np.polyval(np.polyfit(X, Y, degree), X)) ** 2)


def aicc(degree):
    """With the size of the errors counted among what is estimated: Burnham & Anderson (2002), section 7.7.6."""
    m, k = 25, degree + 2
    return m * np.log(rss(degree) / m) + 2 * (degree + 1) + 2 * k * (k + 1) / (m - k - 1)


def test_rows_are_in_the_order_of_aicc_and_hold_the_statistics(compared):
    by_hand = {"line": aicc(1), "parabola": aicc(2), "cubic": aicc(3)}
    assert [row.name for row in compared.rows] == sorted(by_hand, key=by_hand.get)
    for row in compared.rows:
        degree = {"line": 1, "parabola": 2, "cubic": 3}[row.name]
        assert row.aicc == pytest.approx(by_hand[row.name], rel=1e-8)
        assert row.delta == pytest.approx(by_hand[row.name] - min(by_hand.values()), rel=1e-6, abs=1e-9)
        assert row.variables == degree + 1
        assert row.chi_square == pytest.approx(rss(degree), rel=1e-9)
        assert row.reduced_chi_square == pytest.approx(rss(degree) / (24 - degree), rel=1e-9)
        assert row.bic == pytest.approx(25 * np.log(rss(degree) / 25) + (degree + 1) * np.log(25), rel=1e-8)
        assert row.r_squared == pytest.approx(1 - rss(degree) / np.sum((Y - Y.mean()) ** 2), rel=1e-9)
    assert compared.best is compared.results[compared.rows[0].name]
    assert compared.rows[-1].name == "line"


def test_weights_are_akaikes_and_sum_to_one(compared):
    criteria = np.array([aicc(1), aicc(2), aicc(3)])
    expected = np.exp(-(criteria - criteria.min()) / 2)
    weights = {row.name: row.weight for row in compared.rows}
    np.testing.assert_allclose([weights[name] for name in MODELS], expected / expected.sum(), rtol=1e-6)
    assert sum(weights.values()) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("smaller, larger, degrees", [("line", "parabola", (1, 2)), ("line", "cubic", (1, 3))])
def test_f_test_is_the_analysis_of_variance(compared, smaller, larger, degrees):
    more, left = degrees[1] - degrees[0], 24 - degrees[1]
    F = (rss(degrees[0]) - rss(degrees[1])) / more / (rss(degrees[1]) / left)
    found = compared.f_test(smaller, larger)
    assert found == (pytest.approx(F, rel=1e-7), more, left, pytest.approx(scipy.stats.f.sf(F, more, left), rel=1e-5))


def test_f_test_refuses_models_the_wrong_way_round_and_unknown_ones(compared):
    with pytest.raises(ValueError, match="'line' must have more parameters than 'cubic'.* got 2 and 4 for 25"):
        compared.f_test("cubic", "line")
    with pytest.raises(ValueError, match="must have more parameters"):
        compared.f_test("line", "line")
    with pytest.raises(ValueError, match="no model 'quartic' in this comparison, only line, parabola, cubic"):
        compared.f_test("line", "quartic")


def test_f_test_needs_degrees_of_freedom():
    points = slice(0, 3)
    few = {name: trfkit.fit(MODELS[name], X[points], Y[points]) for name in ("line", "parabola")}
    with pytest.raises(ValueError, match="fewer than points, got 3 and 2 for 3"):
        trfkit.compare(few).f_test("line", "parabola")


def test_models_with_too_many_parameters_for_an_aicc_come_last_without_a_weight():
    points = slice(0, 5)
    few = trfkit.compare({name: trfkit.fit(MODELS[name], X[points], Y[points]) for name in ("parabola", "line")})
    assert [row.name for row in few.rows] == ["line", "parabola"]
    assert few.rows[0].weight == 1.0
    assert np.isnan(few.rows[1].aicc) and np.isnan(few.rows[1].weight)
    assert "nan" in repr(few) and "nan" in few._repr_html_()


def test_where_no_model_has_an_aicc_none_has_a_weight():
    points = slice(0, 3)
    few = trfkit.compare({name: trfkit.fit(MODELS[name], X[points], Y[points]) for name in ("line", "parabola")})
    assert all(np.isnan(row.weight) for row in few.rows) and len(few.rows) == 2


def test_perfect_fits_share_the_weight():
    perfect = trfkit.compare({name: trfkit.fit(Line(), [0.0, 1, 2, 3, 4], np.zeros(5)) for name in "ab"})
    assert [row.weight for row in perfect.rows] == [0.5, 0.5]
    assert [row.delta for row in perfect.rows] == [0.0, 0.0]


def test_comparison_is_shown_as_text_and_as_a_table(compared):
    head, *lines = repr(compared).splitlines()
    assert " ".join(head.split()) == "model parameters χ² reduced χ² AICc Δ weight BIC R² runs p"
    assert [line.split()[0] for line in lines] == [row.name for row in compared.rows]
    assert f"{min(aicc(2), aicc(3)):.2f}" in lines[0]
    page = trfkit.compare({"<b>": compared.best})._repr_html_()
    assert "&lt;b&gt;" in page and "<b>" not in page and page.count("<tr>") == 2


OTHERS = {
    "data": ({"y": Y + 1}, "the data differ"),
    "points": ({"mask": X < 3}, "the data differ"),
    "sigma": ({"sigma": 0.3}, "the errors of the data differ"),
    "a covariance": ({"sigma": np.eye(25)}, "the errors of the data differ"),
    "errors of x": ({"sigma": 0.2, "sigma_x": 0.1}, "the errors of x differ"),
    "known sigma": ({"sigma": 0.2, "absolute_sigma": True}, "whether sigma is absolute differ"),
    "loss": ({"sigma": 0.2, "loss": "soft_l1"}, "their losses differ"),
    "prior": ({"sigma": 0.2, "priors": {"a": (1.0, 0.1)}}, "their priors differ"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_fits_cannot_be_compared_with_another(what):
    how, said = OTHERS[what]
    how = {"y": Y} | how
    other = trfkit.fit(MODELS["parabola"], X, how.pop("y"), **how)
    base = trfkit.fit(MODELS["line"], X, Y, sigma=0.2)
    with pytest.raises(ValueError, match=f"'q' and 'p' can't be compared: {said}; fit both in the same way"):
        trfkit.compare({"p": base, "q": other})


def test_robust_fits_of_another_scale_cannot_be_compared():
    one, other = (trfkit.fit(MODELS["line"], X, Y, loss="huber", f_scale=scale) for scale in (0.1, 0.5))
    with pytest.raises(ValueError, match="their losses differ"):
        trfkit.compare({"p": one, "q": other})


def test_data_sets_of_other_names_cannot_be_compared():
    one, other = (trfkit.fit("a*x", X, {name: Y, "r": Y}) for name in "pq")
    with pytest.raises(ValueError, match="their data sets differ"):
        trfkit.compare({"one": one, "other": other})


def test_what_makes_no_difference_is_no_obstacle():
    plain = trfkit.fit(MODELS["line"], X, Y, priors={"a": (1.0, 0.1)}, sigma=0.2)
    same = trfkit.fit(
        "p*x + q", X.tolist(), Y.tolist(), sigma=np.float64(0.2), loss="linear", f_scale=1.0, xtol=1e-9,
        priors={"p": (1.0, 0.1)}, mask=np.ones(25, bool),
    )  # fmt: skip
    weights = [row.weight for row in trfkit.compare({"plain": plain, "same": same}).rows]
    assert weights == pytest.approx([0.5, 0.5], rel=1e-6)


@pytest.mark.parametrize("results", [{}, [1], {"a": 1}, "ab", None])
def test_what_is_no_mapping_of_results_is_refused(results):
    with pytest.raises(ValueError, match="`results` must be {name: FitResult}, one for each model, got"):
        trfkit.compare(results)
