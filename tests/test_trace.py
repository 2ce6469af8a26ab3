"""The trace on rows made by hand: the columns it reads, the tables it shows, and JSON there and back."""

import importlib
import json
import math

import hypothesis
import hypothesis.extra.numpy
import numpy as np
import pytest
from hypothesis import strategies as st

from trfkit.core.trf import FIELDS, KINDS, OUTCOMES, SOLVERS
from trfkit.trace import Row, Trace, html_table, trial_sentence

nan, inf = math.nan, math.inf
NAMES = ("height", "rate")


def test_row_has_the_solver_s_fields_and_then_x():
    assert Row._fields == (*FIELDS, "x")


def test_columns_are_the_packed_ones(trace, rows):
    for i, name in enumerate(FIELDS):
        if name not in ("solver", "kind", "outcome"):
            np.testing.assert_array_equal(getattr(trace, name), rows[:, i])
    np.testing.assert_array_equal(trace.x, rows[:, 17:])


def test_counts_are_integers_and_codes_are_words(trace):
    assert trace.nfev.dtype.kind == trace.iteration.dtype.kind == trace.cg_iterations.dtype.kind == "i"
    assert trace.solver.tolist() == ["none", "CG", "CG", "SVD", "SVD"]
    assert trace.kind.tolist() == ["start", "boundary", "boundary", "Gauss-Newton", "Gauss-Newton"]
    assert trace.outcome.tolist() == ["start", "no decrease", "accepted", "non-finite", "accepted"]


def test_start_is_neither_accepted_nor_rejected(trace):
    assert trace.accepted.tolist() == [False, False, True, False, True]
    assert trace.rejected.tolist() == [False, True, False, True, False]


def test_integer_gives_a_row_and_slice_gives_a_trace(trace, rows):
    row = trace[-1]
    assert (row.nfev, row.cost, row.solver, row.kind) == (5, 1.0, "SVD", "Gauss-Newton")
    assert [type(value) for value in row[:3]] == [int, int, float]
    np.testing.assert_array_equal(row.x, [3.0, 0.3])
    assert trace[1:3] == Trace(rows[1:3], NAMES)
    assert [row.nfev for row in trace] == [1, 2, 3, 4, 5]
    assert len(trace) == 5


def test_index_beyond_the_end_and_of_another_type_are_refused(trace):
    with pytest.raises(IndexError):
        trace[5]
    with pytest.raises(TypeError, match="integer or a slice, not by list"):
        trace[[0, 1]]


def test_best_is_the_last_accepted_trial_or_the_start(trace):
    assert trace.best == 4
    assert trace[:4].best == 2
    assert trace[:2].best == 0
    with pytest.raises(ValueError, match="no row of this trace"):
        trace[1:2].best  # noqa: B018


def test_trace_cannot_be_changed(trace, rows):
    with pytest.raises(AttributeError):
        trace.rows = rows
    with pytest.raises(ValueError, match="read-only"):
        trace.cost[0] = 0.0


def test_list_of_rows_makes_the_same_trace_and_no_rows_an_empty_one(trace, rows):
    assert Trace(list(rows), NAMES) == trace
    assert hash(Trace(list(rows), NAMES)) == hash(trace)
    assert len(Trace([], NAMES)) == 0
    assert trace != Trace(rows, ("a", "b"))
    assert trace != "a trace"


def test_text_is_one_aligned_line_for_each_trial(trace):
    title, head, *lines = repr(trace).splitlines()
    assert title == "Trace of 5 trial points in height, rate"
    assert len(lines) == 5
    column = head.index("outcome")
    assert [line[column:] for line in lines] == ["", "no decrease", "accepted", "non-finite", "accepted"]
    assert all(line[head.index("cost") + 3] != " " for line in lines)


def test_text_of_a_long_trace_leaves_out_its_middle(rows):
    lines = repr(Trace(np.tile(rows, (40, 1)), NAMES)).splitlines()
    assert len(lines) == 63
    assert lines[32] == "... 140 more ..."


def test_html_says_in_words_what_its_marks_repeat(trace):
    page = trace._repr_html_()
    assert page.count("<tr>") == 6
    assert page.count("✕</span> no decrease") == page.count("✕</span> non-finite") == 1
    assert page.count("▲</span> CG") == page.count("●</span> SVD") == 2


def test_html_of_some_rows_marks_the_one_shown(trace):
    page = html_table(trace, range(1, 4), shown=2)
    assert page.count("<td") == 3 * 11
    assert page.count('<tr aria-current="true"><td class="trfkit-count">2</td>') == 1


def test_sentence_tells_solver_step_and_fate(trace):
    assert trial_sentence(0, trace[0]) == "start · cost 10"
    assert trial_sentence(1, trace[1]) == "trial 1 · CG · boundary step rejected, no decrease · cost 30 · ρ −4"
    assert trial_sentence(4, trace[4]) == "trial 4 · SVD · Gauss-Newton step accepted · cost 1 · ρ 1.03 · κ(J) 7.5"


@pytest.mark.parametrize("ratio", [1e12, -1e3, nan, -inf])
def test_ratio_of_rounding_alone_is_told_nowhere(rows, ratio):
    row = rows[4].copy()
    row[FIELDS.index("ratio")] = ratio
    trace = Trace([row], NAMES)
    assert "ρ" not in trial_sentence(1, trace[0])
    _, head, line = repr(trace).splitlines()
    end = head.index("ratio") + len("ratio")
    assert line[end - len("ratio") : end].isspace()
    assert trace._repr_html_().count("<td></td>") == 1


def test_dataframe_has_the_columns_and_the_parameters(trace, rows):
    frame = Trace(rows, ("cost", "rate")).to_dataframe()
    assert list(frame.columns) == [*FIELDS, "x.cost", "rate"]
    assert frame.index.name == "trial"
    np.testing.assert_array_equal(frame["cost"], rows[:, 2])
    np.testing.assert_array_equal(frame["x.cost"], rows[:, 17])
    assert frame["solver"].tolist() == trace.solver.tolist()


def test_dataframe_without_pandas_says_what_to_install(trace, monkeypatch):
    def missing(name, *rest):
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ImportError, match="pip install pandas"):
        trace.to_dataframe()


any_float = st.floats(width=64, allow_nan=True, allow_infinity=True) | st.sampled_from([-0.0, 5e-324, -nan])


@st.composite
def traces(draw):
    """Rows of any floats, with any codes and counts, for up to three parameters of any names."""
    n, k = draw(st.integers(0, 3)), draw(st.integers(0, 4))
    names = draw(st.lists(st.text(max_size=5), min_size=n, max_size=n))
    rows = draw(hypothesis.extra.numpy.arrays(float, (k, len(FIELDS) + n), elements=any_float, fill=st.nothing()))
    whole = [(name, 10**6) for name in ("iteration", "nfev", "cg_iterations")]
    coded = [(name, len(words) - 1) for name, words in (("solver", SOLVERS), ("kind", KINDS), ("outcome", OUTCOMES))]
    for name, most in whole + coded:
        rows[:, FIELDS.index(name)] = draw(st.lists(st.integers(0, most), min_size=k, max_size=k))
    return Trace(rows, names)


def _refuse_constant(text):
    raise AssertionError(f"{text} is not JSON")


@hypothesis.given(traces())
def test_json_brings_back_every_bit_and_is_what_every_parser_reads(trace):
    text = trace.to_json()
    json.loads(text, parse_constant=_refuse_constant)  # NaN and Infinity are Python's own additions to JSON
    assert Trace.from_json(text) == trace


def test_json_holds_words_and_plain_numbers(trace):
    document = json.loads(trace.to_json())
    assert document["columns"]["solver"] == ["none", "CG", "CG", "SVD", "SVD"]
    assert document["columns"]["cost"] == [10.0, 30.0, 4.0, "NaN", 1.0]
    assert document["columns"]["ratio"][3] == "-Infinity"
    assert document["x"] == [[1.0, 9.0, 2.0, -1.0, 3.0], [0.5, 0.1, 0.4, 0.0, 0.3]]


@hypothesis.given(cut=st.floats(0, 1, exclude_max=True))
def test_json_cut_anywhere_is_refused(cut, rows):
    text = Trace(rows, NAMES).to_json()
    with pytest.raises(ValueError, match="not JSON, or it was cut short"):
        Trace.from_json(text[: int(cut * len(text))])


def _set(*path, to):
    def change(document):
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("format", to="something"), "format is 'something'"),
        (_set("version", to=2), "version 2, and this trfkit reads up to 1: update trfkit"),
        (_set("version", to="1"), "version of this trace is '1', not a whole number"),
        (_set("version", to=True), "version of this trace is True"),
        (_set("parameter_names", to=["height", 3]), "names must be strings"),
        (_set("parameter_names", to=["height"]), "names 1 parameters and holds values of 2"),
        (_set("columns", to=[]), "no 'columns'"),
        (_set("columns", to={}), "lacks the columns iteration, nfev"),
        (_set("columns", "cost", to=[1.0]), "column 'cost' of this trace has 1 rows where the first column has 5"),
        (_set("columns", "cost", to="1.0"), "column 'cost' of this trace is not a list"),
        (_set("columns", "iteration", to=7), "column 'iteration' of this trace is not a list"),
        (_set("columns", "cost", 2, to=None), "column 'cost', row 2: got None, expected a number"),
        (_set("columns", "cost", 2, to="nan"), "row 2: got 'nan', expected a number"),
        (_set("columns", "cost", 2, to="NaN:7ff0"), "row 2: got 'NaN:7ff0', expected a number"),
        (_set("columns", "cost", 2, to=True), "row 2: got True, expected a number"),
        (_set("columns", "cost", 2, to=10**400), "row 2: got 1000.*, expected a number"),
        (_set("columns", "nfev", 2, to=1.5), "column 'nfev', row 2: got 1.5, expected a whole number"),
        (_set("columns", "solver", 2, to="LU"), "row 2: got 'LU', expected one of none, SVD, CG"),
        (_set("x", 0, to=[1.0]), "x of 'height' of this trace has 1 rows"),
    ],
)
def test_json_that_is_no_trace_is_refused_with_the_reason(trace, change, message):
    document = json.loads(trace.to_json())
    change(document)
    with pytest.raises(ValueError, match=message):
        Trace.from_json(json.dumps(document))


@pytest.mark.parametrize("text", ["", "[", "[" * 100_000, "no", "[1, 2]", "null", "3"])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match="not JSON|not a trace"):
        Trace.from_json(text)
