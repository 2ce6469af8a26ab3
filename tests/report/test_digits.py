import math
import re
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trfkit.report.digits import latex, number, plus_minus, plus_minus_latex, rounded, typeset

# Worked by hand.
EXAMPLES = [
    (3.21, 0.04, "3.210 ± 0.040"),
    (123456.7, 118.0, "(1.2346 ± 0.0012) × 10⁵"),
    (1.2345678e-5, 1.2e-8, "(1.2346 ± 0.0012) × 10⁻⁵"),
    (-273.15, 0.5, "-273.15 ± 0.50"),
    (1.23456, 0.00996, "1.235 ± 0.010"),  # the error's own rounding moves the place
    (0.99996, 0.0012, "1.0000 ± 0.0012"),
    (1500.4, 12.0, "1500 ± 12"),
    (1500.4, 120.0, "(1.50 ± 0.12) × 10³"),  # 1500 ± 120 would claim the last zero
    (0.00012, 0.00002, "0.000120 ± 0.000020"),
    (0.0, 0.02, "0.000 ± 0.020"),
    (-0.0001, 0.02, "0.000 ± 0.020"),
    (7.0, 3400.0, "(0.0 ± 3.4) × 10³"),
    (1e300, 1e298, "(1.000 ± 0.010) × 10³⁰⁰"),
    (5e-324, 5e-324, "(4.9 ± 4.9) × 10⁻³²⁴"),
]


@pytest.mark.parametrize(("value", "stderr", "text"), EXAMPLES)
def test_value_ends_where_the_second_digit_of_the_error_does(value, stderr, text):
    assert plus_minus(value, stderr) == text


@pytest.mark.parametrize(
    ("value", "stderr", "text"),
    [
        (3.2, math.inf, "3.2 ± ∞"),
        (3.2, math.nan, "3.2 ± ?"),
        (3.2, 0.0, "3.2 ± 0"),
        (-0.0, 0.0, "0 ± 0"),
        (-0.0, math.inf, "0 ± ∞"),
        (1 / 3, math.inf, "0.333333 ± ∞"),
        (6.62607015e-34, 0.0, "6.62607015 × 10⁻³⁴ ± 0"),
        (math.nan, math.nan, "? ± ?"),
        (-math.inf, 1.0, "-∞ ± 1"),
    ],
)
def test_error_that_is_no_number_leaves_a_plain_value(value, stderr, text):
    assert plus_minus(value, stderr) == text


def test_error_below_what_a_float_holds_of_the_value_has_its_own_exponent():
    assert plus_minus(1.0, 1.234e-17) == "1 ± 1.2 × 10⁻¹⁷"
    assert plus_minus(1e300, 1e-300) == "1 × 10³⁰⁰ ± 1.0 × 10⁻³⁰⁰"
    assert plus_minus(1e300, 12.0) == "1 × 10³⁰⁰ ± 12"
    assert plus_minus(0.1 + 0.2, 1e-20) == "0.3 ± 1.0 × 10⁻²⁰"


def test_error_that_dwarfs_the_value_leaves_nothing_of_it():
    assert plus_minus(1e-300, 1e300) == "(0.0 ± 1.0) × 10³⁰⁰"


def test_unit_follows_the_number():
    assert plus_minus(3.21, 0.04, "s") == "3.210 ± 0.040 s"
    assert plus_minus(123456.7, 118.0, "1/s") == "(1.2346 ± 0.0012) × 10⁵ 1/s"


def test_numpy_numbers_of_either_precision_are_numbers():
    assert rounded(np.float64(3.21), np.float32(0.04)) == ("3.210", "0.040")


def test_a_number_alone_has_no_padded_exponent():
    assert [number(v) for v in (1e7, 1.5e-7, -0.0, 0.25, math.inf)] == ["1e7", "1.5e-7", "0", "0.25", "inf"]
    assert [typeset(t) for t in ("1.5e-7", "inf", "nan", "2")] == ["1.5 × 10⁻⁷", "∞", "?", "2"]


@pytest.mark.parametrize(
    ("value", "stderr", "text"),
    [
        (3.21, 0.04, r"3.210 \pm 0.040"),
        (123456.7, 118.0, r"(1.2346 \pm 0.0012) \times 10^{5}"),
        (1.0, 1.2e-17, r"1 \pm 1.2 \times 10^{-17}"),
        (3.2, math.inf, r"3.2 \pm \infty"),
    ],
)
def test_latex_says_the_same_in_commands(value, stderr, text):
    assert plus_minus_latex(value, stderr) == text


def test_latex_of_a_single_number_has_its_power():
    assert latex("-1.5 × 10⁻¹²") == r"-1.5 \times 10^{-12}"


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ERRORS = st.floats(min_value=0.0, exclude_min=True, allow_infinity=False)


def _read(text):
    """(value, error, one unit of the value's last digit) of what `plus_minus` wrote, as exact decimals."""
    plain = text.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")).replace(" × 10", "e")
    common = re.fullmatch(r"\((.*) ± (.*)\)(e.*)", plain)
    value, error = (common[1] + common[3], common[2] + common[3]) if common else plain.split(" ± ")
    return Decimal(value), Decimal(error), Decimal((0, (1,), Decimal(value).as_tuple().exponent))


@given(FLOATS, ERRORS)
def test_reading_the_text_back_gives_the_value_to_half_its_last_digit_and_the_error_to_five_percent(value, stderr):
    best, error, unit = _read(plus_minus(value, stderr))
    assert abs(best - Decimal(value)) <= unit / 2
    assert abs(error - Decimal(stderr)) <= Decimal("0.05") * Decimal(stderr)


@given(FLOATS, ERRORS)
def test_what_is_dropped_of_the_value_is_small_against_its_error_or_its_precision(value, stderr):
    best, _, _ = _read(plus_minus(value, stderr))
    assert abs(best - Decimal(value)) <= Decimal("0.051") * Decimal(stderr) + Decimal("1e-14") * abs(Decimal(value))


@given(FLOATS, ERRORS)
def test_no_text_is_longer_than_the_digits_of_a_float(value, stderr):
    assert all(len(re.sub("[^0-9]", "", text.partition("e")[0]).lstrip("0")) <= 16 for text in rounded(value, stderr))
    assert len(plus_minus(value, stderr)) < 60


@given(st.floats(-1e308, 1e308), st.floats(5e-324, 1e308))  # 1.79e308 is rounded to what no float holds
def test_the_two_texts_are_numbers_for_float(value, stderr):
    best, error = map(float, rounded(value, stderr))
    assert error == pytest.approx(stderr, rel=0.0501, abs=1e-323)
    assert best == pytest.approx(value, rel=1e-14, abs=0.051 * stderr + 1e-323)
