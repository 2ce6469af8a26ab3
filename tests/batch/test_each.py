"""One value for all fits, or one for each: shapes that broadcast are taken, others are named."""

import numpy as np
import pytest

from trfkit.batch.each import Each, at

LEAD = (2, 3)


@pytest.mark.parametrize("shape", [(), (4,), (3, 4), (2, 1, 4), (2, 3, 1), (2, 3, 4)])
def test_rows_are_those_of_the_broadcast_array(shape):
    values = np.arange(np.prod(shape)).reshape(shape)
    each = Each(values, "sigma", LEAD, (4,))
    whole = np.broadcast_to(values, (*LEAD, 4)).reshape(6, 4)
    np.testing.assert_array_equal(each.all(), whole)
    np.testing.assert_array_equal(each.rows(np.array([5, 0, 5])), whole[[5, 0, 5]])
    np.testing.assert_array_equal(each.rows(3), whole[3])
    assert each.shared == (len(shape) <= 1)


def test_a_number_for_each_fit():
    each = Each(np.arange(6.0).reshape(LEAD), "tau", LEAD)
    np.testing.assert_array_equal(each.all(), np.arange(6.0))
    assert not each.shared and Each(2.0, "tau", LEAD).shared


def test_no_fits_have_no_rows():
    assert Each(np.zeros((0, 4)), "y", (0,), (4,)).all().shape == (0, 4)
    assert Each(1.0, "tau", (3, 0)).all().shape == (0,)


@pytest.mark.parametrize("shape", [(5,), (2, 4), (3, 2, 4), (1, 2, 3, 4)])
def test_what_does_not_broadcast_is_refused_with_both_shapes(shape):
    with pytest.raises(ValueError) as caught:
        Each(np.zeros(shape), "sigma", LEAD, (4,))
    assert str(caught.value) == (
        f"`sigma` has shape {shape}: give shape (4,) for all fits, or (2, 3, 4) for each its own."
    )


@pytest.mark.parametrize(
    ("values", "word"),
    [(1j, "complex128"), (["a"], "<U1"), ([{}], "numbers"), (np.array(["2020"], "M8[D]"), "datetime64")],
)
def test_what_is_no_real_number_is_refused(values, word):
    with pytest.raises(ValueError, match=f"`y` must hold.*{word}"):
        Each(values, "y", (), np.shape(values))


def test_an_index_is_written_as_it_is_used():
    assert at(5, LEAD) == "[1, 2]" and at(5, LEAD, 7) == "[1, 2, 7]" and at(0, (), 7) == "[7]"
