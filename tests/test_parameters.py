"""Parameters: immutable changes, ties in their order, clear refusals."""

import jax
import numpy as np
import pytest

from trfkit.models.expression import ExpressionError
from trfkit.parameters import Parameter, Parameters, Prior


@pytest.fixture
def peaks():
    return Parameters(
        [
            Parameter("a.height", 5.0, min=0.0, unit="y"),
            Parameter("a.sigma", 2.0, min=0.0, unit="x"),
            Parameter("b.height", 3.0, min=0.0, unit="y"),
            Parameter("b.sigma", 2.0, min=0.0, unit="x"),
            Parameter("offset", 0.5),
        ]
    )


def test_changes_leave_the_original_as_it_is(peaks):
    before = tuple(peaks.values())
    changed = peaks.fix("offset", 1.0).bound("a.sigma", 0.1, 4.0).tie("b.sigma", "2*a.sigma").know("b.height", 3, 0.2)
    assert tuple(peaks.values()) == before
    assert changed["offset"] == Parameter("offset", 1.0, fixed=True)
    assert (changed["a.sigma"].min, changed["a.sigma"].max) == (0.1, 4.0)
    assert changed["b.height"].prior == Prior(3.0, 0.2)
    assert changed.free_names == ("a.height", "a.sigma", "b.height")
    assert changed.free("offset").free_names == ("a.height", "a.sigma", "b.height", "offset")


def test_equal_parameters_are_equal_and_hash_alike(peaks):
    again = Parameters(peaks.values())
    assert (again, hash(again)) == (peaks, hash(peaks))
    assert peaks.set("offset", value=2.0) != peaks


def test_ties_are_evaluated_each_after_those_that_it_reads(peaks):
    tied = peaks.tie("a.sigma", "b.sigma / 2").tie("b.sigma", "offset + 1")
    values = tied.full_values
    assert (values["b.sigma"], values["a.sigma"]) == (1.5, 0.75)


def test_layout_expands_under_jit_and_has_the_derivatives_of_the_ties(peaks):
    tied = peaks.fix("offset").tie("b.sigma", "2*a.sigma")
    layout, held, basis = tied.layout, tied.held, tied.basis
    theta = np.array([5.0, 1.5, 3.0])
    np.testing.assert_array_equal(jax.jit(layout.expand)(theta, held, basis), [5.0, 1.5, 3.0, 3.0, 0.5])
    J = jax.jacfwd(layout.expand)(theta, held, basis)
    np.testing.assert_array_equal(J[:, 1], [0.0, 1.0, 0.0, 2.0, 0.0])
    assert layout == peaks.tie("b.sigma", "2 * a.sigma").layout


def test_values_at_a_point_have_what_is_held_and_tied_and_leave_the_parameters_alone(peaks):
    tied = peaks.fix("offset").tie("b.sigma", "2*a.sigma")
    assert tied.values_at([1.0, 1.5, 3.5]) == {
        "a.height": 1.0, "a.sigma": 1.5, "b.height": 3.5, "b.sigma": 3.0, "offset": 0.5
    }  # fmt: skip
    assert tied.full_values == tied.values_at(tied.free_values)
    assert tied.full_values["b.sigma"] == 4.0


def test_other_values_keep_ties_and_order_and_are_checked_as_any(peaks):
    tied = peaks.tie("b.sigma", "2*a.sigma")
    changed = tied.with_values({"offset": 9.0, "a.sigma": 1.0})
    assert list(changed) == list(tied) and changed.full_values["b.sigma"] == 2.0
    assert changed == tied.set("offset", value=9.0).set("a.sigma", value=1.0)
    assert tied["a.sigma"].value == 2.0
    with pytest.raises(ValueError, match="parameter offset: value must be a number, got nan"):
        tied.with_values({"a.sigma": 1.0, "offset": np.nan})
    assert changed.tie("b.sigma", "3*a.sigma").full_values["b.sigma"] == 3.0


def test_values_by_name(peaks):
    assert peaks.with_values({"offset": 9.0})["offset"].value == 9.0
    with pytest.raises(KeyError, match="'ofset'.*a.height"):
        peaks.with_values({"ofset": 9.0})


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (lambda p: p.tie("a.sigma", "2*b.sigma").tie("b.sigma", "a.sigma/2"), ValueError, "cycle: .*a.sigma"),
        (lambda p: p.tie("a.sigma", "a.sigma + 1"), ValueError, "cycle: a.sigma → a.sigma"),
        (lambda p: p.tie("a.sigma", "2*c.sigma"), ValueError, "names nothing: .*'c.sigma'"),
        (lambda p: p.tie("a.sigma", "2*"), ExpressionError, "2"),
        (lambda p: p.bound("offset", 2, 1), ValueError, "offset: min 2 must be less than max 1"),
        (lambda p: p.set("offset", value="much"), ValueError, "offset: value must be a number, got 'much'"),
        (lambda p: p.set("offset", value=np.nan), ValueError, "offset: value must be a number, got nan"),
        (lambda p: p.set("offset", vary=False), TypeError, "no 'vary'; it has .*fixed"),
        (lambda p: p.know("offset", 1.0, 0.0), ValueError, "offset: a prior's sigma must be positive, got 0"),
        (lambda p: p.fix("nothing"), KeyError, "'nothing'; there are"),
        (lambda p: p.tie("offset", "1").set("offset", fixed=True), ValueError, "tied to 1 and can't be fixed"),
        (lambda p: Parameters([*p.values(), Parameter("offset")]), ValueError, "offset is there twice.*prefix"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(peaks, change, error, sentence):
    with pytest.raises(error, match=sentence):
        change(peaks)


def test_tables_show_what_holds_each(peaks):
    text = repr(peaks.fix("offset").tie("b.sigma", "2*a.sigma").know("a.height", 5, 1))
    assert [line.split()[0] for line in text.splitlines()[1:]] == list(peaks)
    assert "fixed" in text and "= 2*a.sigma" in text.replace(" * ", "*") and "known to be 5 ± 1" in text
    assert "<code>a.sigma</code>" in peaks._repr_html_()
