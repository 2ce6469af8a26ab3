"""What a session makes of the arrays that it is handed, whatever library they are of."""

import datetime

import numpy as np
import pandas
import pytest

from trfkit import fit
from trfkit.models import Line
from trfkit.session import Data, FitSession, label_of
from trfkit.session.data import unit_of

X = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
Y = np.array([1.0, 3.0, 5.0, 7.0, 10.0])


class DataArray:
    """What counts of xarray's: a name, attributes, and values by the array protocol."""

    def __init__(self, values, name=None, **attrs):
        self.values, self.name, self.attrs = np.asarray(values), name, attrs

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


# The order of the index counts for nothing.
FRAME = pandas.DataFrame({"t": X, "U": Y, "whole": Y.astype(int)}, index=[7, 3, 5, 1, 0])
KINDS = {
    "lists": (X.tolist(), Y.tolist()),
    "tuples": (tuple(X), tuple(Y)),
    "a range": (range(5), Y),
    "whole numbers": (np.arange(5), Y.astype(np.int16)),
    "columns": (FRAME["t"], FRAME["whole"]),
    "an index": (pandas.Index(range(5)), FRAME["U"]),
    "nullable columns": (pandas.Series(range(5), dtype="Int64"), FRAME["U"].astype("Float64")),
    "data arrays": (DataArray(X), DataArray(Y)),
}


@pytest.mark.parametrize(("x", "y"), KINDS.values(), ids=KINDS)
def test_any_kind_of_array_is_fitted_by_session_and_fit_alike(x, y):
    session = FitSession(Line(), x, y, sigma=[0.1] * 5)
    session.set_data(x, y, tuple([0.1] * 5))
    for values, expected in ((session.data.x, X), (session.data.y, Y), (session.data.sigma, np.full(5, 0.1))):
        assert type(values) is np.ndarray and values.dtype == np.float64
        np.testing.assert_array_equal(values, expected)
    np.testing.assert_allclose(fit(Line(), x, y).parameters.free_values, [2.2, 0.8])


TIMES = {
    "datetime64": np.array(["2024-01-01", "2024-01-02"], "M8[s]"),
    "a column of times": pandas.Series(pandas.date_range("2024-01-01", periods=2)),
    "an index of times in a zone": pandas.date_range("2024-01-01", periods=2, tz="UTC"),
    "an index of differences": pandas.to_timedelta([1, 2], unit="s"),
    "a list of times": [datetime.datetime(2024, 1, 1), datetime.datetime(2024, 1, 2)],
    "a list of differences": [datetime.timedelta(1), datetime.timedelta(2)],
}


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
def test_times_are_refused_with_how_to_make_numbers_of_them(times):
    words = r"`x` has dates or times.*give numbers, such as the seconds \(t - t\[0\]\) / np.timedelta64\(1, 's'\)"
    for use in (FitSession, fit):
        with pytest.raises(ValueError, match=words):
            use(Line(), times, [1.0, 2.0])
    with pytest.raises(ValueError, match="`y` has dates or times"):
        FitSession(Line(), X, Y).set_data([1.0, 2.0], times)


def test_seconds_made_of_times_as_the_refusal_says_are_fitted():
    t = pandas.Series(pandas.date_range("2024-01-01", periods=5, freq="min"))
    session = FitSession(Line(), (t - t[0]) / np.timedelta64(1, "s"), Y)
    np.testing.assert_array_equal(session.data.x, 60 * X)


# --- labels


@pytest.mark.parametrize(
    ("values", "label"),
    [
        (X, "x"),
        (X.tolist(), "x"),
        (pandas.Series(X), "x"),
        (pandas.Series(X, name="time (s)"), "time (s)"),
        (pandas.Series(X, name=3), "x"),
        (pandas.Index(X, name="t"), "t"),
        (DataArray(X, "t", units="ms"), "t (ms)"),
        (DataArray(X, "t", units="ms", long_name="time"), "time (ms)"),
        (DataArray(X, "time [s]", units="s"), "time [s]"),
        (DataArray(X, units="ms"), "x (ms)"),
        (DataArray(X, "t", units=1), "t"),
    ],
)
def test_values_are_called_what_they_call_themselves(values, label):
    assert label_of(values, "x") == label


@pytest.mark.parametrize(
    ("label", "unit"),
    [
        ("time (s)", "s"),
        ("time [ms] ", "ms"),
        ("rate (1/(m s))", "1/(m s)"),
        ("U ( mV )", "mV"),
        ("time", ""),
        ("f(x)", ""),
        ("(s)", ""),
        ("time (s) of flight", ""),
        ("empty ()", ""),
        ("", ""),
    ],
)
def test_the_unit_of_a_label_stands_last_in_brackets(label, unit):
    assert unit_of(label) == unit


def test_labels_that_are_given_come_before_those_of_the_values():
    x, y = pandas.Series(X, name="t (s)"), DataArray(Y, "U", units="V")
    session = FitSession(Line(), x, y)
    assert (session.data.x_label, session.data.y_label, session.units) == ("t (s)", "U (V)", ("s", "V"))
    session = FitSession(Line(), x, y, x_label="time", y_label="U (mV)")
    assert (session.data.x_label, session.data.y_label, session.units) == ("time", "U (mV)", ("", "mV"))
    session = FitSession(Line(), x, y, units=("ms", ""))
    assert session.units == ("ms", "V") == session.run().units
    for label in (3, ("t", "s"), b"t"):
        with pytest.raises(ValueError, match="`x_label` must be a text such as 'time \\(s\\)', got"):
            FitSession(Line(), X, Y, x_label=label)


# --- data


def test_data_cannot_be_changed_and_are_equal_only_to_themselves():
    x = X.copy()
    data = Data(x, Y)
    with pytest.raises(ValueError, match="read-only"):
        data.x[0] = 7.0
    with pytest.raises(AttributeError):
        data.y = X
    x[0] = 7.0  # whoever made them may go on
    assert data == data != Data(x, Y)
    assert len({data, data, Data(x, Y)}) == 2


def test_a_point_with_a_nan_anywhere_is_not_usable():
    holes = [np.where(np.arange(5) == i, np.nan, 1.0) for i in range(4)]
    assert Data(holes[0], holes[1], holes[2], holes[3]).usable.tolist() == [False] * 4 + [True]
    assert Data(np.stack([X, holes[1]]), Y, np.nan).usable.tolist() == [True, False, True, True, True]
    assert Data("anything", Y).usable.all()


def test_a_fit_has_the_arrays_of_the_session_and_no_copies():
    session = FitSession(Line(), X, Y, sigma=0.1 + X)
    (fitted,) = session.run().sets
    assert all(getattr(fitted, name) is values for name, values in session.data.arrays.items())
