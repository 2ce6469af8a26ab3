"""A profile as text and HTML."""

import dataclasses
import re

import pytest

from trfkit.profiling.clock import (
    COMPILATION,
    DATA_PASS,
    HOST,
    PREPARATION,
    SELECTION,
    SETUP,
    START,
    SUBPROBLEM,
    TELL,
    TRIAL,
    Stretch,
)
from trfkit.profiling.compilations import Compiled
from trfkit.profiling.fit_profile import FitProfile
from trfkit.profiling.table import amount, duration
from trfkit.profiling.work import Machine, Work

EACH = {DATA_PASS: 2e-3, SUBPROBLEM: 1e-3, SELECTION: 5e-4, TELL: 3e-4, HOST: 1e-4}


def profile(trials=3, **changes):
    first = EACH | {COMPILATION: 0.5, DATA_PASS: 0.1}
    steps = [Stretch(TRIAL, first, 0.61, {DATA_PASS}, "CG")]
    steps += [Stretch(TRIAL, EACH, 4e-3, set(), "SVD") for _ in range(trials - 1)]
    stretches = (Stretch(SETUP, {PREPARATION: 0.02}, 0.021), Stretch(START, {DATA_PASS: 2e-3}, 2e-3), *steps)
    found = FitProfile(
        0.7, stretches, (Compiled("evaluate", DATA_PASS, {COMPILATION: 0.5}, why="new model <1>"),), ("a", "k"), 1000,
        "cpu", "float64", Work(8e4, 1e3, 1.6e4), Machine(4e9, 8e9),
    )  # fmt: skip
    return dataclasses.replace(found, **changes)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(4.4512, "4.45 s"), (0.99996, "1 s"), (0.0123, "12.3 ms"), (8.51e-5, "85.1 µs"), (4e-7, "0.4 µs"), (0, "0")],
)
def test_times_are_said_with_three_digits(seconds, words):
    assert duration(seconds) == words
    assert duration(None) == ""


@pytest.mark.parametrize(("number", "words"), [(2.04e7, "20.4 M"), (999.9, "1 k"), (3.0, "3"), (2.5e12, "2.5 T")])
def test_amounts_are_said_with_their_size(number, words):
    assert amount(number) == words


def test_text_has_the_whole_each_part_and_what_is_left():
    lines = [re.split(r" {2,}", line.strip()) for line in repr(profile()).splitlines()]
    assert ["checks and preparation", "20 ms", "2.9 %"] in lines
    assert ["compilation", "500 ms", "71.4 %"] in lines
    assert ["data pass", "106 ms", "15.1 %", "2 ms"] in lines  # a trial: without the one that compiled
    assert ["subproblem (CG or SVD)", "3 ms", "0.4 %", "1 ms"] in lines
    assert ["not accounted for", "68.3 ms", "9.8 %"] in lines
    assert ["whole", "700 ms", "100.0 %"] in lines
    assert ["evaluate", "500 ms", "data pass: new model <1>"] in lines
    assert lines[0] == ["Profile of a fit, 3 trials in 700 ms: 1000 points, 2 parameters, float64 on cpu"]


def test_rates_are_those_of_the_passes_that_compiled_nothing():
    lines = [re.split(r" {2,}", line.strip()) for line in repr(profile()).splitlines()]
    assert ["rows/s", "500 k"] in lines
    assert ["flop/s", "40 M", "4 G", "1 %"] in lines
    assert ["bytes/s", "8 M", "8 G", "0.1 %"] in lines
    assert "flop/s in a product of matrices, bytes/s in reading a long array" in repr(profile())
    assert "XLA counts 80 flops a row and 1 of exp, sin, …" in repr(profile())
    bare = repr(profile(work=None, machine=None))
    assert "rows/s" in bare and "flop" not in bare


def test_trials_are_listed_and_of_many_the_first_and_the_last():
    listed = repr(profile()).partition("Trial by trial")[2].splitlines()[2:6]
    assert [line.split()[0] for line in listed] == ["start", "1", "2", "3"]
    assert listed[1].split()[1:4] == ["CG", "500", "ms"] and listed[2].split()[1:4] == ["SVD", "2", "ms"]
    many = repr(profile(trials=500))
    assert "… 477 more" in many and len(many.splitlines()) < 70
    assert re.search(r"^ *500  SVD", many, re.MULTILINE)


def test_html_has_the_same_numbers_and_escapes_what_it_tells():
    html = profile(error="ValueError: <b>")._repr_html_()
    for words in ("Where the time went", "not accounted for", "68.3 ms", "Trial by trial", "new model &lt;1&gt;"):
        assert words in html
    assert "ValueError: &lt;b&gt;" in html and "<b>" not in html
    assert html.count("<table") == html.count("</table>") == 4


def test_a_profile_of_nothing_but_checks_is_told():
    found = profile(stretches=profile().stretches[:1], programs=(), work=None, machine=None)
    assert found.rates == {} and found.solvers == () and found.pass_seconds is None
    assert "0 trials" in repr(found) and "Nothing was traced or compiled" in found._repr_html_()
