"""A fit holds its data and little else: no array of m rows by n columns, and no second copy of the data."""

import json
import subprocess
import sys

import numpy as np
import peak_memory


def test_fit_of_ten_million_points_needs_less_than_200_mb_over_its_data():
    command = [sys.executable, peak_memory.__file__, "--points", "10000000"]
    measured = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    np.testing.assert_allclose(measured["popt"], [2.5, 1.3, 0.5], rtol=1e-3)  # the fit did happen
    assert measured["data_mib"] == 2 * 8e7 / 2**20
    assert measured["over_mib"] < 200e6 / 2**20, measured
