"""Tables of text as people have them: each oddity by itself, and whatever is written comes back."""

import csv
import io
import sys

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trfkit.tables import frame_table, read_table, roles
from trfkit.tables.read import MOST_CELLS


def _columns(table):
    return {name: values.tolist() for name, values in table.columns.items()}


def _same(table, expected):
    """Whether the table has these columns, NaN for NaN, and nothing else."""
    assert table.names == tuple(table.columns) == tuple(expected)
    for name, values in expected.items():
        assert table.columns[name].dtype == np.float64
        np.testing.assert_array_equal(table.columns[name], values)
    return True


# Separators, decimals, headers

PLAIN = {"t": [0.5, 1.5], "y": [-2.0, 3e-5]}
LAYOUTS = {
    "commas": "t,y\n0.5,-2\n1.5,3e-5\n",
    "commas and blanks": "t , y\n0.5 , -2\n 1.5 , 3e-5\n",
    "tabs": "t\ty\n0.5\t-2\n1.5\t3e-5\n",
    "semicolons": "t;y\n0.5;-2\n1.5;3e-5\n",
    "blanks": "t y\n0.5   -2\n  1.5 3e-5\n",
    "decimal commas and semicolons": "t;y\n0,5;-2\n1,5;3e-5\n",
    "decimal commas and tabs": "t\ty\n0,5\t-2\n1,5\t3e-5\n",
    "decimal commas and blanks": "t y\n0,5 -2,0\n1,5 0,3e-4\n",
    "decimal commas in quotes": 't,y\n"0,5","-2,0"\n"1,5","0,3e-4"\n',
    "carriage returns": "t,y\r\n0.5,-2\r\n1.5,3e-5\r\n",
    "carriage returns alone": "t,y\r0.5,-2\r1.5,3e-5",
    "quotes": '"t","y"\n"0.5","-2"\n"1.5","3e-5"\n',
    "line breaks in quotes": '"t\n","y"\n0.5,-2\n1.5,3e-5\n',
    "separator at the end": "t,y,\n0.5,-2,\n1.5,3e-5,\n",
    "comments": "# one\n% two\nt,y\n// three\n0.5,-2\n\n  # four\n1.5,3e-5\n",
    "header in a comment": "# run 7\n# t y\n0.5 -2\n1.5 3e-5\n",
    "header in a comment, by commas": "# t,y\n0.5 -2\n1.5 3e-5\n",
    "separator in the first line": "sep=;\nt;y\n0.5;-2\n1.5;3e-5\n",
    "Fortran": "t y\n0.5D0 -0.2d+01\n1.5D+00 3D-5\n",
    "minus signs": "t;y\n0,5;\u22122\n1,5;3e\u22125\n",
    "a mark at the beginning": "\ufefft,y\n0.5,-2\n1.5,3e-5\n",
    "the end of a file of DOS": "t,y\n0.5,-2\n1.5,3e-5\n\x1a",
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_of_the_same_table_read_the_same(text):
    assert _same(read_table(text), PLAIN)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_encodings_are_recognised(encoding):
    table = read_table("t;µ;±\n1,5;2,5;0,1\n".encode(encoding))
    assert _same(table, {"t": [1.5], "µ": [2.5], "±": [0.1]})
    guessed = any(note.startswith("Line 1 is not UTF-8") for note in table.notes)
    assert guessed == (encoding in ("cp1252", "latin-1"))


@pytest.mark.parametrize("wrap", [bytearray, memoryview, bytes])
def test_what_an_upload_holds_is_read(wrap):
    assert _same(read_table(wrap(b"t,y\n0.5,-2\n1.5,3e-5")), PLAIN)


def test_without_a_header_columns_are_numbered():
    assert _same(read_table("1 2\n3 4\n"), {"column 1": [1, 3], "column 2": [2, 4]})


def test_one_column_is_a_table():
    assert _same(read_table("1.5\n2.5\n"), {"column 1": [1.5, 2.5]})
    assert _same(read_table("volts\n1\n2\n"), {"volts": [1, 2]})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("time (s),V [mV]\n1,2\n", ("time (s)", "V (mV)")),
        ("time (s)   signal (arb. units)\n1 2\n", ("time (s)", "signal (arb. units)")),
        ("time\tvoltage\ns\tmV\n1\t2\n", ("time (s)", "voltage (mV)")),
        ("time,ratio\n(s),-\n1,2\n", ("time (s)", "ratio")),
        ("wavelength,300,400\n1,2,3\n4,5,6\n", ("wavelength", "300", "400")),
        ("y,y,\n1,2,3\n", ("y", "y 2", "column 3")),
        ('"x, measured","y\n(V)"\n1,2\n', ("x, measured", "y (V)")),
    ],
)
def test_names_have_their_units_and_are_distinct(text, names):
    assert read_table(text).names == names


def test_what_an_instrument_says_first_is_left_out_and_told():
    table = read_table("Recorder: XY\nPoints,100\n\nt,V\ns,mV\n1,2\n3,4\n")
    assert _same(table, {"t (s)": [1, 3], "V (mV)": [2, 4]})
    assert table.notes == ("Left out above the table: lines 1 to 2.",)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1.234,5;2\n-1.000.000;3\n", [1234.5, -1e6]),
        ("1 234,5;2\n1 000 000;3\n", [1234.5, 1e6]),
        ("1'234.5\t2\n1'000'000.25\t3\n", [1234.5, 1000000.25]),
        ("1,234.5\t2\n1,000\t3\n", [1234.5, 1000]),
        ("1.25;2,5\n3.125;3,5\n4.5;1,0\n", [1.25, 3.125, 4.5]),  # each column has its own sign
    ],
)
def test_thousands_are_marked_by_the_other_sign_or_a_space(text, values):
    np.testing.assert_array_equal(read_table(text).columns["column 1"], values)


def test_numbers_keep_every_bit():
    numbers = [5e-324, 1.7976931348623157e308, 0.1 + 0.2, 2.0**63, -1 / 3]
    assert read_table("\n".join(map(repr, numbers))).columns["column 1"].tolist() == numbers


# Gaps, words, ragged lines


@pytest.mark.parametrize("gap", ["", "-", "n/a", "N/A", "nan", "NaN", "NA", "#N/A", "null", "?", "--", " - "])
def test_gaps_are_nan_and_counted(gap):
    table = read_table(f"t,y,z\n1,2,3\n4,{gap},6\n7,{gap},9\n")
    assert _same(table, {"t": [1, 4, 7], "y": [2, np.nan, np.nan], "z": [3, 6, 9]})
    assert table.notes == ('Gaps: 2 in "y".',)


def test_column_of_words_is_left_out_and_named():
    table = read_table("id,t,good,y\na,1,True,2\nb,2,False,3\n")
    assert _same(table, {"t": [1, 2], "y": [2, 3]})
    assert table.notes == ('Left out, as they have words: "id", "good".',)


def test_word_among_numbers_is_a_gap_told_with_its_line_and_column():
    table = read_table("# note\nt,y\n1,2\n2,ovfl\n3,1.2.3\n4,5\n5,6\n")
    assert _same(table, {"t": [1, 2, 3, 4, 5], "y": [2, np.nan, np.nan, 5, 6]})
    assert table.notes == ('No number: "ovfl" in column "y", line 4 and 1 more. Taken for gaps.',)


def test_word_in_the_first_row_makes_it_no_header_where_there_is_one():
    assert _same(read_table("t,y\n1,ovfl\n2,3\n3,4\n"), {"t": [1, 2, 3], "y": [np.nan, 3, 4]})


def test_short_and_long_lines_are_told_by_number():
    table = read_table("a,b\n1,2\n3\n4,5,6\n7,8\n9,10\n")
    assert _same(table, {"a": [1, 3, 4, 7, 9], "b": [2, np.nan, 5, 8, 10]})
    assert table.notes[:2] == (
        "Line 3 has 1 field, not 2: gaps fill it up.",
        "Line 4 has 3 fields, not 2: those after the first 2 are left out.",
    )


def test_longer_lines_without_a_header_lose_nothing():
    table = read_table("1 2\n3 4\n4 5 6\n7 8\n")
    assert _same(table, {"column 1": [1, 3, 4, 7], "column 2": [2, 4, 5, 8], "column 3": [np.nan, np.nan, 6, np.nan]})
    assert table.notes[0] == "Line 3 has 3 fields, not 2: it makes more columns."


def test_empty_column_with_a_name_is_left_out_and_named():
    table = read_table("t,y,later\n1,2,\n3,4,\n")
    assert _same(table, {"t": [1, 3], "y": [2, 4]})
    assert table.notes == ('Left out, as they are empty: "later".',)


def test_thousands_of_columns_are_told_in_a_few_words():
    names = [f"c{i}" for i in range(3000)]
    lines = [",".join(names), ",".join(["1.5"] * 3000), ",".join(["", *["2.5"] * 2990, *["-"] * 9])]
    table = read_table("\n".join(lines))
    assert table.names == tuple(names)
    assert table.m == 2
    assert table.notes == ('Gaps: 1 in "c0", 1 in "c2991", 1 in "c2992", 1 in "c2993" and 6 more columns.',)


# Dates


@pytest.mark.parametrize(
    ("text", "values", "start"),
    [
        ("when,y\n2024-02-28 23:59:59,1\n2024-02-29T00:00:00.5,2\n,3\n", [0, 1.5, np.nan], "2024-02-28 23:59:59"),
        ("when,y\n2024-02-28,1\n2024-03-01,2\n", [0, 172800], "2024-02-28 00:00:00"),
        ("when,y\n2024-01-01T00:00:00Z,1\n2024-01-01T02:00:00+01:00,2\n", [0, 3600], "2024-01-01 00:00:00"),
        ("when;y\n00:00:59,5;1\n00:01;2\n", [0, 0.5], "00:00:59.500"),
        ("day time y\n2024-01-02 23:59:59 1\n2024-01-03 00:00:01 2\n", [0, 2], "2024-01-02 23:59:59"),
    ],
)
def test_times_are_seconds_since_the_first(text, values, start):
    table = read_table(text)
    assert table.names == ("time (s)", "y")
    np.testing.assert_allclose(table.columns["time (s)"], values, rtol=0, atol=1e-9)
    assert any(f"seconds since {start}, as" in note for note in table.notes)


# What is refused


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "empty text"),
        (" \n# only this\n", "empty text"),
        ("a,b\n", "line 1 is 'a,b'. Separate numbers"),
        ("hello world\nall of this\nis prose\n", "no columns of numbers were found: line"),
        (b"PK\x03\x04\x14\0", "workbook.*save the sheet as CSV"),
        (b"1,2\n3,\0\n4,5", "line 2 has a zero byte"),
        ("1,2\n3\0,4", "line 2 has a zero byte"),
        ("a,b\n" + '""x",1,"y\n3,4\n', "quote.*take the quotes out"),
    ],
)
def test_what_is_no_table_is_refused_with_advice(given, message):
    with pytest.raises(ValueError, match=message):
        read_table(given)


def test_what_is_no_text_is_refused_by_type():
    with pytest.raises(TypeError, match="got int: give the text of the file"):
        read_table(5)


def test_one_line_cannot_make_a_table_too_large_for_the_memory():
    rows = MOST_CELLS // 5000
    with pytest.raises(ValueError, match="the longest with 5001 fields"):
        read_table("1,2\n" * rows + ",".join(["1"] * 5001))
    with pytest.raises(ValueError, match="30001 fields, and 20000 columns are the most: transpose"):
        read_table(",".join(["1"] * 30001))
    with pytest.raises(ValueError, match="line 2 has 5000000 characters"):
        read_table("1,2\n" + "," * 5_000_000)


def test_formulas_and_code_are_words():
    table = read_table("t,y\n5,2\n6,2\n7,2\n8,2\n1,=1+1\n2,__import__('os')\n3,0x10\n4,1_000\n")
    assert np.isnan(table.columns["y"]).tolist() == [False] * 4 + [True] * 4


def test_without_pandas_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="reading a table needs pandas.*pip install pandas"):
        read_table("1 2\n")


@given(st.one_of(st.text(max_size=300), st.text(alphabet='0123456789.,;\t\n "-#eEnaN/:', max_size=200), st.binary()))
def test_any_text_gives_a_table_or_says_why_not(text):
    try:
        table = read_table(text)
    except ValueError as error:
        assert str(error)
        return
    assert len(set(table.names)) == len(table.columns) > 0
    assert {values.shape for values in table.columns.values()} == {(table.m,)}


# Whatever is written comes back

FINITE = st.floats(allow_nan=False, allow_infinity=False)
GAP = st.just(float("nan"))
NAME = st.text(st.characters(codec="utf-8", categories=["L"]), min_size=2, max_size=8).filter(
    lambda name: name.casefold() not in ("nan", "na", "nil", "inf", "null", "none", "infinity", "missing")
)


@st.composite
def _written(draw):
    """(text or bytes, names or None, rows) of a table in one of the ways in which tables are written."""
    width, m = draw(st.integers(2, 5)), draw(st.integers(2, 12))
    cell = draw(st.sampled_from([FINITE, st.one_of(FINITE, FINITE, FINITE, GAP)]))
    rows = [[draw(FINITE), *(draw(cell) for _ in range(width - 1))] for _ in range(m)]
    rows[-1] = [draw(FINITE) for _ in range(width)]  # no column is empty
    separator = draw(st.sampled_from([",", ";", "\t", " "]))
    decimal = "." if separator == "," else draw(st.sampled_from([".", ","]))
    gap = draw(st.sampled_from(["nan", "n/a", "-"]))
    names = draw(st.none() | st.lists(NAME, min_size=width, max_size=width, unique=True))
    quoted = draw(st.booleans())
    text = io.StringIO()
    quoting = csv.QUOTE_ALL if quoted and separator != " " else csv.QUOTE_MINIMAL
    writer = csv.writer(
        text, delimiter=separator, quoting=quoting, lineterminator=draw(st.sampled_from(["\n", "\r\n"]))
    )
    if names is not None:
        writer.writerow(names)
    for row in rows:
        writer.writerow([gap if np.isnan(value) else f"{value:.17e}".replace(".", decimal) for value in row])
    encoding = draw(st.sampled_from([None, "utf-8", "utf-8-sig", "utf-16"]))
    return text.getvalue() if encoding is None else text.getvalue().encode(encoding), names, rows


@given(_written())
def test_what_is_written_comes_back_to_the_last_bit(written):
    text, names, rows = written
    table = read_table(text)
    assert table.names == (tuple(names) if names else tuple(f"column {i + 1}" for i in range(len(rows[0]))))
    np.testing.assert_array_equal(np.array([table.columns[name] for name in table.names]).T, rows)


# Frames


def test_frame_gives_its_numbers_and_says_what_it_left_out():
    frame = pandas.DataFrame(
        {
            "when": pandas.to_datetime(["2024-01-01 00:00:00.0", "2024-01-01 00:00:01.5", None]),
            "y": pandas.array([1, None, 3], dtype="Int64"),
            "text": ["1.5", "n/a", "2.5"],
            "who": ["me", "you", "they"],
            ("peak", "height"): [1, 2, 3],
        }
    )
    table = frame_table(frame)
    expected = {
        "time (s)": [0, 1.5, np.nan],
        "y": [1, np.nan, 3],
        "text": [1.5, np.nan, 2.5],
        "peak, height": [1, 2, 3],
    }
    assert _same(table, expected)
    assert 'Left out, as they have words: "who".' in table.notes


def test_index_of_a_frame_that_counts_for_something_is_a_column():
    frame = pandas.DataFrame({"y": [1.0, 2.0]}, index=pandas.Index([0.5, 1.5], name="t"))
    assert _same(frame_table(frame), {"t": [0.5, 1.5], "y": [1, 2]})
    assert frame_table(frame.reset_index(drop=True)).names == ("y",)


def test_dict_of_arrays_is_a_table_and_copies_nothing_wrong():
    given = {"x": [1, 2], "y": np.array([0.5, np.nan]), "s": pandas.Series([3.0, 4.0], index=[7, 8])}
    assert _same(frame_table(given), {"x": [1, 2], "y": [0.5, np.nan], "s": [3, 4]})


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (3, TypeError, "DataFrame or a dict of arrays, got int"),
        ({}, ValueError, "0 rows and 0 columns"),
        ({"x": [1, 2], "y": [1]}, ValueError, "same length"),
        ({"who": ["me", "you"]}, ValueError, 'no column has numbers: "who"'),
    ],
)
def test_frames_without_numbers_are_refused(given, error, message):
    with pytest.raises(error, match=message):
        frame_table(given)


# Which column is what


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["t"], (None, "t", None)),
        (["t", "y"], ("t", "y", None)),
        (["t", "error"], ("t", "error", None)),
        (["time (s)", "V (mV)", "sigma (mV)"], ("time (s)", "V (mV)", "sigma (mV)")),
        (["x", "dx", "y", "dy"], ("x", "y", "dy")),
        (["t", "t_err", "signal", "signal_err"], ("t", "signal", "signal_err")),
        (["x", "y", "±"], ("x", "y", "±")),
        (["x", "y", "y std"], ("x", "y", "y std")),
        (["E", "counts", "depth", "delay"], ("E", "counts", None)),
        (["x", "y", "sigma_x"], ("x", "y", None)),
    ],
)
def test_columns_are_taken_for_what_their_names_say(names, expected):
    assert roles(names) == expected
