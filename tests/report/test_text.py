"""The numbers and headings of the report are compared with those that lmfit prints of the same fit."""

import re

import lmfit
import numpy as np
import pytest

from trfkit.report import fit_report, summary

HEADINGS = re.compile(r"^\[\[.*?\]\]", re.MULTILINE)


@pytest.fixture(scope="module")
def by_lmfit(decay):
    def f(x, amplitude, tau, slope, intercept):
        return amplitude * np.exp(-x / tau) + slope * x + intercept

    model = lmfit.Model(f)
    parameters = model.make_params(amplitude=2.0, tau={"value": 1.0, "min": 0.0}, slope=0.0, intercept=0.1)
    parameters["slope"].vary = False
    return model.fit(decay.y, parameters, x=np.linspace(0.0, 10.0, 60)).fit_report()


def _statistics(report):
    """{title: number} of the lines with " = " of the statistics."""
    section = report.split("[[Fit Statistics]]")[1].split("[[Variables]]")[0]
    lines = (line.strip().split(" = ") for line in section.strip().splitlines())
    return {title.strip(): float(number) for title, number in lines if "method" not in title}


def _variables(report):
    """{name: the numbers on its line, and its words}."""
    section = report.split("[[Variables]]")[1].split("[[")[0]
    lines = (line.strip().split(":", 1) for line in section.strip().splitlines())
    return {name: _numbers_and_words(line) for name, line in lines}


def _numbers_and_words(line):
    number = r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?"
    words = re.sub(r"\s+", " ", re.sub(rf"(?<![\w-]){number}", "#", line)).strip()
    return [float(n) for n in re.findall(rf"(?<![\w]){number}", line)], words


def _correlations(report):
    return {(a, b): float(c) for a, b, c in re.findall(r"C\((\S+), (\S+)\)\s+= (\S+)", report)}


def test_headings_are_those_of_lmfit_in_its_order(decay, by_lmfit):
    assert HEADINGS.findall(fit_report(decay)) == HEADINGS.findall(by_lmfit)


def test_statistics_have_the_titles_and_numbers_of_lmfit(decay, by_lmfit):
    ours, theirs = _statistics(fit_report(decay)), _statistics(by_lmfit)
    evaluations = "# function evals"
    assert list(ours) == list(theirs)
    assert ours.pop(evaluations) < theirs.pop(evaluations)  # exact derivatives need no differences
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_variables_have_the_numbers_and_words_of_lmfit(decay, by_lmfit):
    ours, theirs = _variables(fit_report(decay)), _variables(by_lmfit)
    assert list(ours) == list(theirs)
    for name, (numbers, words) in ours.items():
        assert words == theirs[name][1]
        assert numbers == pytest.approx(theirs[name][0], rel=1e-4, abs=0.02)  # its errors are from differences
        assert numbers[:1] == pytest.approx(theirs[name][0][:1], rel=1e-5)


def test_correlations_are_those_of_lmfit_in_its_order(decay, by_lmfit):
    ours, theirs = _correlations(fit_report(decay)), _correlations(by_lmfit)
    assert list(ours) == list(theirs)
    assert len(ours) == 3
    assert ours == pytest.approx(theirs, abs=2e-4)


def test_correlations_below_the_limit_are_left_out(decay):
    report = fit_report(decay, min_correl=0.5)
    assert "(unreported correlations are < 0.500)" in report
    assert list(_correlations(report)) == [("tau", "intercept")]
    assert "Correlations" not in fit_report(decay, min_correl=0.9)


def test_report_of_several_data_sets_names_each_model(joint):
    report = fit_report(joint)
    assert "[[Model]]\n    cold: Gaussian()\n    hot: Gaussian()\n" in report


def test_tied_parameter_shows_its_tie_and_the_error_that_follows(joint):
    line = next(line for line in fit_report(joint).splitlines() if "center_hot:" in line)
    assert line.endswith("== 'center_cold + 0.5'")
    assert _numbers_and_words(line)[0][1] == pytest.approx(joint.stderr["center_cold"], rel=1e-6)


def test_prior_is_told(joint):
    assert "(init = 1) (prior = 1 +/- 0.2)" in fit_report(joint)


def test_warnings_come_first_and_errors_of_what_is_not_determined_are_infinite(undetermined):
    first, second, *_ = fit_report(undetermined).splitlines()
    assert first == "[[Warnings]]"
    assert "0.71 a - 0.71 b" in second
    assert fit_report(undetermined).count("+/- inf (init = 1)") == 2
    assert "Correlations" not in fit_report(undetermined)


def test_parameter_at_its_bound_is_marked(at_bound):
    line = next(line for line in fit_report(at_bound).splitlines() if "slope: " in line)
    assert line.endswith("(> 1000%) (init = 1) (at lower bound 0)")


def test_fit_without_a_covariance_says_that_its_errors_are_unknown(no_covariance):
    report = fit_report(no_covariance)
    assert report.startswith("[[Warnings]]\n    The fit did not converge: Stopped by the user")
    assert report.count("+/- unknown (init = ") == 3
    assert "Correlations" not in report


def test_summary_of_a_fit_is_a_short_aligned_table(decay):
    first, *rows, last = summary(decay).splitlines()
    assert first == "Fit of ExponentialDecay() + Line()"
    assert rows == [
        "  amplitude  2.986 ± 0.027 V",
        "  tau        2.531 ± 0.060 s",
        "  slope          0 V/s (fixed)",
        "  intercept  0.495 ± 0.018 V",
    ]
    assert last.startswith("60 points, 3 fitted parameters, χ² = 0.170822, reduced χ² = 0.00299687, AIC = -345.689. ")
    assert last.endswith(decay.message)


def test_summary_aligns_powers_of_ten_and_shows_ties(joint):
    rows = summary(joint).splitlines()[1:-1]
    assert len({row.index("±") for row in rows}) == 1
    assert rows[0] == "  height_cold  (1.284 ± 0.025) × 10⁵"
    assert rows[-1] == "  center_hot    4.707 ± 0.014 nm  = center_cold + 0.5"


def test_summary_begins_with_warnings(undetermined, no_covariance):
    assert summary(undetermined).startswith("Warning: The data determine only 1 of 2 combinations")
    assert "\n  a  1.04998 ± ∞\n" in summary(undetermined)
    assert summary(no_covariance).startswith("Warning: The fit did not converge: Stopped by the user")
    assert "2.98557 V (error unknown)" in summary(no_covariance)
    assert summary(no_covariance).count(no_covariance.message) == 1
