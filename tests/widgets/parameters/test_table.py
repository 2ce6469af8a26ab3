"""The table of parameters without a browser: fields are typed in and read, as a front end would."""

import html

import pytest
import traitlets

from trfkit.models.expression import ExpressionError
from trfkit.parameters import Parameter, Parameters, Prior
from trfkit.widgets import ParameterTable

WIDTH = "width of the first peak"
FIELDS = ("value", "min", "max", "fixed", "tie", "prior")


@pytest.fixture
def peaks():
    return Parameters(
        [
            Parameter("a.sigma", 2.0, min=0.0, max=15.0, unit="s", description=WIDTH),
            Parameter("b.sigma", 4.0, unit="s"),
            Parameter("offset", 1 / 3, prior=Prior(0.3, 0.05)),
        ]
    )


@pytest.fixture
def table(peaks):
    table = ParameterTable(peaks)
    yield table
    table.close()


def _texts(table, name):
    return {field: table.field(name, field).value for field in FIELDS}


def _type(table, name, **typed):
    for field, text in typed.items():
        table.field(name, field).value = text


def _marked(table):
    """The fields that are marked as refused."""
    named = [(name, field) for name in table.parameters for field in FIELDS]
    return [key for key in named if table.field(*key).refused]


def _row(table, name):
    """What the browser is told of a row."""
    return table.children[-1].row(name)


# What is shown


def test_rows_show_what_the_parameters_say(table):
    shown = {"value": "2", "min": "0", "max": "15", "fixed": False, "tie": "", "prior": ""}
    assert _texts(table, "a.sigma") == shown
    assert _texts(table, "offset")["prior"] == "0.3 ± 0.05"
    row = _row(table, "a.sigma")
    assert (row["name"], row["unit"], row["description"]) == ("a.sigma", "s", WIDTH)


def test_missing_bounds_are_empty_fields(table):
    assert (table.field("b.sigma", "min").value, table.field("b.sigma", "max").value) == ("", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (1234567.0, "1234567"), (123456.789012, "123456.789012"), (0.1 + 0.2, "0.3"), (1 / 3, "0.33333333"),
     (-1.5e-9, "-1.5e-09"), (2 / 3 * 1e12, "6.6666667e+11")],
)  # fmt: skip
def test_typed_numbers_are_shown_in_full_and_computed_ones_to_eight_digits(value, text):
    table = ParameterTable(Parameters([Parameter("a", value)]))
    assert table.field("a", "value").value == text


def test_tied_value_is_shown_evaluated_and_cannot_be_edited(table):
    _type(table, "b.sigma", tie="2*a.sigma")
    assert table.field("b.sigma", "value").value == "4"
    assert [field for field in FIELDS if table.field("b.sigma", field).disabled] == ["value", "min", "max", "fixed"]
    _type(table, "a.sigma", value="3.5")
    assert table.field("b.sigma", "value").value == "7"
    assert not any(table.field("a.sigma", field).disabled for field in FIELDS)
    _type(table, "b.sigma", tie="")
    assert not any(table.field("b.sigma", field).disabled for field in FIELDS)


def test_fixed_and_tied_rows_say_so_in_words(table):
    assert _row(table, "offset")["error"] == ""
    _type(table, "offset", fixed=True)
    _type(table, "b.sigma", tie="2*a.sigma")
    assert (_row(table, "offset")["error"], _row(table, "b.sigma")["error"]) == ("fixed", "tied")


def test_what_was_typed_cannot_be_markup():
    bad = '<img src=x onerror="alert(1)">'
    parameters = Parameters([Parameter("a", unit=bad, description=bad)])
    table = ParameterTable(parameters)
    _type(table, "a", value=bad)
    assert "&lt;img" in _row(table, "a")["reason"] and "<img" not in _row(table, "a")["reason"]
    assert "<img" not in parameters._repr_html_()


def test_notebook_without_a_kernel_has_a_plain_table(table, peaks):
    shown = table._repr_mimebundle_()
    assert shown["text/html"] == peaks._repr_html_()
    assert "a.sigma" in shown["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in shown


def test_html_of_parameters_shows_tied_values_and_leaves_out_columns_that_say_nothing(peaks):
    shown = peaks.tie("b.sigma", "3*a.sigma")._repr_html_()
    assert '<td style="text-align: right; white-space: nowrap">6</td>' in shown and "= 3*a.sigma" in shown
    assert "in [0, 15]" in shown and "known to be 0.3 ± 0.05" in shown
    bare = Parameters([Parameter("a", min=0.0), Parameter("b", max=5.0)])._repr_html_()
    assert "≥ 0" in bare and "≤ 5" in bare
    assert "meaning" in shown and "meaning" not in bare and "unit" not in bare


# Edits


@pytest.mark.parametrize(
    ("field", "typed", "changes"),
    [
        ("value", " 3e0 ", {"value": 3.0}),
        ("value", "−3", {"value": -3.0}),
        ("min", "-1.5", {"min": -1.5}),
        ("min", "-inf", {}),
        ("max", "7", {"max": 7.0}),
        ("max", "∞", {}),
        ("fixed", True, {"fixed": True}),
        ("tie", "a.sigma ^ 2", {"tie": "a.sigma**2"}),
        ("prior", "3 ± 0.2", {"prior": Prior(3.0, 0.2)}),
        ("prior", "-3e-1 +/- 2e-2", {"prior": Prior(-0.3, 0.02)}),
        ("prior", "3+-0.2", {"prior": Prior(3.0, 0.2)}),
    ],
)
def test_edit_makes_new_parameters_and_leaves_the_old_ones(table, peaks, field, typed, changes):
    before = tuple(peaks.values())
    _type(table, "b.sigma", **{field: typed})
    assert table.parameters == peaks.set("b.sigma", **changes)
    assert tuple(peaks.values()) == before
    assert _marked(table) == []


@pytest.mark.parametrize(
    ("name", "field", "without"),
    [("a.sigma", "min", {"min": float("-inf")}), ("a.sigma", "max", {"max": float("inf")}),
     ("offset", "prior", {"prior": None})],
)  # fmt: skip
def test_emptied_field_takes_back_the_bound_or_prior(table, peaks, name, field, without):
    _type(table, name, **{field: ""})
    assert table.parameters == peaks.set(name, **without)


def test_value_that_was_not_edited_keeps_its_last_bit(table, peaks):
    offset = table.field("offset", "value")
    _type(table, "offset", fixed=True, max="2")
    offset.value = "much"
    offset.value = "0.33333333"  # what was shown: no edit
    assert table.parameters["offset"].value == 1 / 3
    offset.value = "0.333333330"
    assert table.parameters["offset"].value == 0.33333333


def test_same_number_in_other_words_is_no_change(table, peaks):
    _type(table, "a.sigma", value="2.00")
    assert table.parameters is peaks
    assert table.field("a.sigma", "value").value == "2"
    assert table.undo_button.disabled


def test_typing_a_tie_frees_a_fixed_parameter(table):
    _type(table, "b.sigma", fixed=True, tie="a.sigma")
    assert (table.parameters["b.sigma"].fixed, table.field("b.sigma", "fixed").value) == (False, False)


@pytest.mark.parametrize(
    ("tie", "tied", "untied"),
    [("3*a.sigma", "6", 6.0), ("9*a.sigma", "18", 4.0), ("1/(a.sigma - 2)", "inf", 4.0), ("log(-a.sigma)", "nan", 4.0)],
)
def test_untied_parameter_starts_from_what_its_tie_gave_where_its_bounds_allow(table, tie, tied, untied):
    _type(table, "b.sigma", max="10", tie=tie)
    assert table.field("b.sigma", "value").value == tied
    _type(table, "b.sigma", tie="")
    assert (table.parameters["b.sigma"].tie, table.parameters["b.sigma"].value) == (None, untied)


def test_observers_are_told_once_of_each_change_and_never_of_a_refused_one(table, peaks):
    told = []
    table.observe(lambda change: told.append((change["old"], change["new"])), "parameters")
    _type(table, "a.sigma", value="3")
    _type(table, "a.sigma", value="three")
    assert told == [(peaks, peaks.set("a.sigma", value=3.0))]


# Refusals


@pytest.mark.parametrize(
    ("name", "field", "typed", "sentence"),
    [
        ("a.sigma", "value", "abc", "a.sigma: value must be a number, got 'abc'"),
        ("a.sigma", "value", "", "a.sigma: value must be a number, got ''"),
        ("a.sigma", "value", "16", "a.sigma: value 16 is outside its bounds [0, 15]; move one or the other"),
        ("a.sigma", "min", "3", "value 2 is outside its bounds [3, 15]"),
        ("a.sigma", "min", "20", "a.sigma: min 20 must be less than max 15"),
        ("a.sigma", "tie", "2*a.sigma", "the ties form a cycle: a.sigma → a.sigma"),
        ("a.sigma", "tie", "2*c.sigma", "names nothing: no parameter is called 'c.sigma'"),
        ("a.sigma", "tie", "2*(b.sigma", "this parenthesis is never closed (column 3)"),
        ("offset", "prior", "3", "offset: a prior reads mean ± sigma, as 3 ± 0.2 or 3 +/- 0.2, got '3'"),
        ("offset", "prior", "3 ± -1", "offset: a prior's sigma must be positive, got -1"),
        ("offset", "prior", "x ± 1", "offset: prior must be a number, got 'x'"),
    ],
)
def test_refused_edit_keeps_the_text_says_why_and_leaves_the_parameters(table, peaks, name, field, typed, sentence):
    accepted = table.field(name, field).value
    _type(table, name, **{field: typed})
    assert table.parameters is peaks
    assert table.field(name, field).value == typed
    assert _marked(table) == [(name, field)]
    reason = _row(table, name)["reason"]
    assert sentence in html.unescape(reason) and 'role="alert"' in reason
    _type(table, name, **{field: accepted})
    assert _marked(table) == [] and _row(table, name)["reason"] == "" and table.reason(name) is None
    assert table.parameters is peaks


def test_mistake_in_a_formula_is_pointed_at(table):
    _type(table, "a.sigma", tie="2*b.sigma +* 3")
    error = table.reason("a.sigma")
    assert isinstance(error, ExpressionError) and error.text[error.column] == "*"
    picture = _row(table, "a.sigma")["reason"].partition("<pre")[2]
    formula, caret = picture.removesuffix("</pre>").partition(">")[2].splitlines()
    assert formula == "2*b.sigma +* 3"
    assert caret == " " * error.column + "^"


def test_value_and_bounds_can_be_moved_in_any_order(table):
    _type(table, "a.sigma", value="30", min="20")
    assert _marked(table) == [("a.sigma", "value"), ("a.sigma", "min")]
    _type(table, "a.sigma", max="40")
    a = table.parameters["a.sigma"]
    assert (a.value, a.min, a.max) == (30.0, 20.0, 40.0)
    assert _marked(table) == [] and table.reason("a.sigma") is None
    table.undo()
    assert table.parameters["a.sigma"].max == 15.0


def test_refused_tie_is_accepted_when_another_row_makes_way(table):
    _type(table, "a.sigma", tie="b.sigma")
    _type(table, "b.sigma", tie="a.sigma")
    assert _marked(table) == [("b.sigma", "tie")]
    _type(table, "a.sigma", tie="")
    assert table.parameters["b.sigma"].tie == "a.sigma"
    assert _marked(table) == []


def test_good_edit_beside_a_refused_one_is_accepted(table):
    _type(table, "a.sigma", tie="2*nothing", value="5")
    _type(table, "offset", value="1")
    assert (table.parameters["a.sigma"].value, table.parameters["offset"].value) == (5.0, 1.0)
    assert _marked(table) == [("a.sigma", "tie")]
    assert "names nothing" in str(table.reason("a.sigma"))


def test_accepted_tie_overrules_a_refused_value(table):
    _type(table, "b.sigma", value="abc", tie="2*a.sigma")
    assert table.field("b.sigma", "value").value == "4"
    assert _marked(table) == [] and table.reason("b.sigma") is None


def test_value_that_came_from_outside_its_bounds_is_told_when_its_row_is_edited(table, peaks):
    table.parameters = outside = peaks.set("a.sigma", value=99.0)
    _type(table, "offset", fixed=True)
    assert table.parameters == outside.set("offset", fixed=True)
    _type(table, "a.sigma", min="1")
    assert "value 99 is outside its bounds [1, 15]" in str(table.reason("a.sigma"))
    _type(table, "a.sigma", min="0")
    assert table.reason("a.sigma") is None and _marked(table) == []
    _type(table, "a.sigma", value="-5", min="-10")  # neither could be accepted without the other
    assert table.parameters["a.sigma"] == Parameter("a.sigma", -5.0, -10.0, 15.0, unit="s", description=WIDTH)


# Undo, redo, and parameters set from outside


def test_undo_and_redo_buttons_walk_through_the_history(table, peaks):
    assert table.undo_button.disabled and table.redo_button.disabled
    _type(table, "a.sigma", value="3")
    _type(table, "offset", fixed=True)
    last = table.parameters
    table.undo_button.click()
    assert table.parameters == peaks.set("a.sigma", value=3.0)
    assert table.field("offset", "fixed").value is False
    table.undo_button.click()
    assert table.parameters is peaks and table.field("a.sigma", "value").value == "2"
    assert table.undo_button.disabled
    table.undo()  # nothing to take back
    table.redo_button.click()
    table.redo_button.click()
    assert table.parameters is last and table.field("a.sigma", "value").value == "3"
    assert table.redo_button.disabled and not table.undo_button.disabled
    table.redo()
    assert table.parameters is last


def test_edit_after_undo_starts_another_future(table):
    _type(table, "a.sigma", value="3")
    table.undo()
    _type(table, "a.sigma", value="4")
    assert table.redo_button.disabled
    table.undo()
    assert table.parameters["a.sigma"].value == 2.0


def test_undo_takes_back_what_was_refused_first(table):
    _type(table, "a.sigma", value="3")
    _type(table, "a.sigma", value="abc")
    table.undo()
    assert table.field("a.sigma", "value").value == "3" and _marked(table) == []
    table.undo()
    assert table.field("a.sigma", "value").value == "2"


def test_parameters_set_from_outside_are_shown_without_an_echo_and_can_be_undone(table, peaks):
    told = []
    table.observe(lambda change: told.append(change["new"]), "parameters")
    _type(table, "offset", value="abc")
    others = peaks.set("a.sigma", value=2 / 3, max=9.0).know("b.sigma", 4, 1).tie("offset", "a.sigma/b.sigma")
    table.parameters = others
    assert told == [others] and table.parameters is others
    assert _texts(table, "a.sigma")["value"] == "0.66666667"
    assert _texts(table, "b.sigma")["prior"] == "4 ± 1"
    assert _texts(table, "offset")["value"] == "0.16666667" and _marked(table) == []
    table.undo()
    assert table.parameters is peaks


def test_parameters_of_other_names_get_rows_of_their_own(table, peaks):
    table.parameters = Parameters([Parameter("tau", 5.0)])
    assert table.field("tau", "value").value == "5"
    assert [row["name"] for row in table.children[-1].rows] == ["tau"]
    with pytest.raises(KeyError, match="no row is called 'a.sigma'; there are tau"):
        _ = table.field("a.sigma", "value").value
    table.undo()
    assert table.parameters is peaks and table.field("b.sigma", "value").value == "4"


def test_what_is_not_parameters_is_refused():
    with pytest.raises(traitlets.TraitError, match="expected a Parameters"):
        ParameterTable({"a": 1.0})


def test_closed_table_closes_all_that_it_is_made_of(table):
    rows = table.children[-1]
    table.close()
    assert (rows.comm, table.undo_button.comm, table.comm) == (None, None, None)
