"""What the tests of the fitter's parts have in common."""

import time

import pytest

TIMEOUT = 60  # seconds: far more than any of these fits take, compiling included


@pytest.fixture
def eventually():
    """eventually(condition): wait for something that another thread brings about."""

    def wait(condition):
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    return wait
