"""NIST StRD: certified parameters and standard errors from all 54 starts, with default settings.

`pytest -s tests/test_nist.py` prints the table; tests/benchmarks/nist_table.py prints it beside SciPy's.
"""

import nist_table
import pytest

from trfkit.datasets import NIST_NAMES


@pytest.fixture(scope="module")
def rows():
    rows = nist_table.all_starts(nist_table.with_trfkit)
    print("", *nist_table.table({"trfkit": rows}), sep="\n")
    return rows


@pytest.mark.parametrize("start", [1, 2])
@pytest.mark.parametrize("name", NIST_NAMES)
def test_start_reaches_six_digits(rows, name, start):
    assert rows[name, start].digits >= nist_table.DIGITS


def test_standard_errors_reach_four_digits_from_52_starts(rows):
    # Lanczos1's data are its model rounded to 11 digits: its standard errors are those of rounding.
    assert sum(row.error_digits >= nist_table.ERROR_DIGITS for row in rows.values()) >= 52
