"""Intervals: the quantiles of scipy.stats, textbook intervals of a mean, and how they look."""

import dataclasses
import math
import pickle

import numpy as np
import pytest
from scipy import stats

from trfkit.statistics.intervals import Interval, Intervals, check_level, critical, from_covariance, margin


@pytest.mark.parametrize("level", [0.5, 0.6827, 0.95, 0.999])
def test_quantiles_are_those_of_scipy(level):
    assert critical(level, 7, sigma_known=True) == pytest.approx(stats.norm.ppf((1 + level) / 2), rel=1e-12)
    for left in (1, 2, 30, 1000):
        expected = stats.t.ppf((1 + level) / 2, left)
        assert critical(level, left, sigma_known=False) == pytest.approx(expected, rel=1e-10)


def test_a_size_of_errors_that_cannot_be_estimated_leaves_every_interval_open():
    assert critical(0.95, 0, sigma_known=False) == critical(0.95, -2, sigma_known=False) == math.inf
    assert critical(0.95, 0, sigma_known=True) == pytest.approx(1.959963984540054)


def test_a_level_in_percent_is_asked_about():
    with pytest.raises(ValueError, match=r"level must be a number between 0 and 1, got 95: did you mean 0\.95\?"):
        critical(95, 10, False)
    with pytest.raises(ValueError, match=r"did you mean 0\.683\?"):
        check_level(np.float32(68.3))


@pytest.mark.parametrize("level", [0, 1, -0.5, 100, math.nan, "95 %", None, True])
def test_what_is_no_level_is_refused(level):
    with pytest.raises(ValueError, match="level must be a number between 0 and 1, got .*0.95 gives 95 %"):
        check_level(level)


def test_interval_of_a_mean_is_the_textbook_one():
    data = np.array([4.1, 3.9, 4.4, 4.0, 4.3])
    expected = stats.t.interval(0.95, 4, data.mean(), stats.sem(data))
    found = from_covariance({"mean": data.mean()}, {"mean": stats.sem(data)}, 0.95, 4, False)
    assert found["mean"] == pytest.approx(expected, rel=1e-12)
    assert (found.level, found.method, found.estimates) == (0.95, "covariance", {"mean": data.mean()})


def test_what_is_not_determined_has_the_whole_line():
    values = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
    found = from_covariance(values, {"a": math.inf, "b": math.nan, "c": 0.0, "d": 0.5}, 0.95, 0, True)
    assert found["a"] == (-math.inf, math.inf)
    assert math.isnan(found["b"].low) and math.isnan(found["b"].high)
    assert found["c"] == (3.0, 3.0)
    assert found["d"] == pytest.approx((4 - 0.5 * 1.959963984540054, 4 + 0.5 * 1.959963984540054))


def test_a_fixed_parameter_stays_fixed_where_no_degrees_of_freedom_are_left():
    found = from_covariance({"a": 1.0, "b": 2.0}, {"a": 0.0, "b": math.inf}, 0.95, 0, False)
    assert dict(found) == {"a": (1.0, 1.0), "b": (-math.inf, math.inf)}
    np.testing.assert_array_equal(margin(np.array([0.0, 1.0]), math.inf), [0.0, math.inf])


def test_intervals_are_an_immutable_mapping():
    found = Intervals({"a": Interval(0.0, 1.0), "b": Interval(2.0, 3.0)}, {"a": 0.5, "b": 2.5}, 0.9, "profile")
    assert list(found) == ["a", "b"] and len(found) == 2 and found["b"].high == 3.0 and "c" not in found
    with pytest.raises(TypeError):
        found["a"] = Interval(0.0, 2.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.level = 0.5
    with pytest.raises(KeyError, match="no interval of 'c'; there are those of a, b"):
        found["c"]
    assert pickle.loads(pickle.dumps(found)) == found
    assert found != dataclasses.replace(found, level=0.5)


def test_text_is_aligned_and_has_two_digits_of_the_shorter_side():
    found = Intervals(
        {
            "a.height": Interval(1199.0, 1301.2345),
            "tau": Interval(-0.00123456, 0.0043),
            "nothing": Interval(-math.inf, math.inf),
            "half": Interval(-math.inf, 2.25),
            "held": Interval(3.0, 3.0),
        },
        {"a.height": 1234.5678, "tau": 0.001, "nothing": 1e-7, "half": 2.0, "held": 3.0},
        0.95,
        "profile",
    )
    assert repr(found).splitlines() == [
        "95 % intervals (profile)",
        "  parameter  estimate      low    high",
        "  a.height       1235     1199    1301",
        "  tau          0.0010  -0.0012  0.0043",
        "  nothing       1e-07     -inf     inf",
        "  half           2.00     -inf    2.25",
        "  held              3        3       3",
    ]


def test_html_escapes_names_and_method():
    found = Intervals({"<b>": Interval(0.0, 1.0)}, {"<b>": 0.5}, 0.999, "<i>")
    html = found._repr_html_()
    assert "<code>&lt;b&gt;</code>" in html and "99.9 % intervals (&lt;i&gt;)" in html
    assert html.count("<tr>") == html.count("</tr>") == 2
    assert all(f">{number}</td>" in html for number in ("0.50", "0", "1.00"))
