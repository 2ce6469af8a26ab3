import math
from types import SimpleNamespace

import numpy as np
import pytest

from trfkit.parameters import Parameter
from trfkit.report.facts import bounds_reached, correlations, held_by, relative_error, rows, statistics


@pytest.mark.parametrize(
    ("parameter", "at", "words"),
    [
        (Parameter("a"), "", ""),
        (Parameter("a", min=0.0), "", "≥ 0"),
        (Parameter("a", max=1e-5), "", "≤ 1 × 10⁻⁵"),
        (Parameter("a", min=0.0, max=10.0), "upper", "0 … 10, at its upper bound"),
        (Parameter("a", min=0.0, fixed=True), "", ""),
        (Parameter("a", min=0.0, tie="2*b"), "", "= 2*b"),
        (Parameter("a", min=0.0, prior=(3.0, 0.1)), "", "≥ 0, prior 3 ± 0.1"),
    ],
)
def test_what_holds_a_parameter_is_said_in_words(parameter, at, words):
    assert held_by(parameter, at) == words


@pytest.mark.parametrize(
    ("value", "stderr", "text"),
    [
        (10.0, 0.3, "3.0 %"),
        (-10.0, 0.3, "3.0 %"),
        (1.0, 1e-7, "1.0 × 10⁻⁵ %"),
        (1.0, 0.996, "100 %"),
        (1.0, 9.99, "999 %"),
        (1.0, 10.1, "> 1000 %"),
        (1e-300, 1e300, "> 1000 %"),
        (0.0, 1.0, ""),
        (1.0, 0.0, ""),
        (1.0, math.inf, ""),
        (1.0, math.nan, ""),
    ],
)
def test_relative_error_has_two_digits_where_value_and_error_tell_one(value, stderr, text):
    assert relative_error(value, stderr) == text


def test_bounds_reached_are_told_by_name_and_side(every_fit):
    reached = {name: bounds_reached(fit) for name, fit in every_fit.items()}
    assert reached.pop("at bound") == {"slope": "lower"}
    assert set(map(len, reached.values())) == {0}


def test_correlations_come_by_size_and_without_those_that_are_not_known():
    matrix = np.array([[1.0, -0.9, 0.2, np.nan], [-0.9, 1.0, 0.95, np.nan], [0.2, 0.95, 1.0, 0.05], [np.nan] * 4])
    result = SimpleNamespace(free_names=("a", "b", "c", "d"), correlation=matrix)
    assert correlations(result, 0.1) == [("b", "c", 0.95), ("a", "b", -0.9), ("a", "c", 0.2)]


def test_rows_say_why_there_is_no_error(decay, undetermined, no_covariance):
    fixed = next(row for row in rows(decay) if row.name == "slope")
    assert (fixed.estimate, fixed.error, fixed.remark, fixed.initial) == ("0", "", "fixed", "")
    assert {(row.error, row.remark) for row in rows(undetermined)} == {("± ∞", "")}
    assert [row.remark for row in rows(no_covariance)] == ["error unknown", "error unknown", "fixed", "error unknown"]


def test_statistics_without_a_number_show_a_dash(decay):
    goodness = decay.goodness._replace(reduced_chi_square=math.nan)
    goodness = goodness._replace(runs=goodness.runs._replace(p_value=math.nan))
    told = dict(statistics(SimpleNamespace(goodness=goodness, solution=SimpleNamespace(condition_number=None))))
    assert told["reduced χ²"] == "–"
    assert told["points"] == "60"
    assert not {"runs of residuals", "condition number"} & set(told)
