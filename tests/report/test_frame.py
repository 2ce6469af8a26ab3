import sys

import numpy as np
import pytest

from trfkit.report import frame


def test_frame_has_a_row_for_every_parameter(joint):
    table = frame.dataframe(joint)
    assert table.index.name == "parameter"
    assert list(table.index) == list(joint.names)
    assert list(table.columns) == ["value", "stderr", "unit", "min", "max", "fixed", "tie", "initial"]
    assert table["value"].to_dict() == joint.values
    assert table["stderr"].to_dict() == joint.stderr
    assert table.loc["center_hot"].to_dict() == {
        "value": joint.values["center_hot"],
        "stderr": joint.stderr["center_hot"],
        "unit": "nm",
        "min": -np.inf,
        "max": np.inf,
        "fixed": False,
        "tie": "center_cold + 0.5",
        "initial": 4.5,
    }
    assert table.loc["sigma", "tie"] == ""
    assert table["fixed"].dtype == bool


def test_errors_that_are_no_numbers_stay_what_they_are(decay, undetermined, no_covariance):
    assert frame.dataframe(decay).loc["slope", ["stderr", "fixed"]].tolist() == [0.0, True]
    assert np.isposinf(frame.dataframe(undetermined)["stderr"]).all()
    assert frame.dataframe(no_covariance)["stderr"].isna().tolist() == [True, True, False, True]


def test_without_pandas_the_error_says_what_to_install(decay, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        frame.dataframe(decay)
