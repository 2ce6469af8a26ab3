"""Floats through JSON and back: every bit, and no number where there is none."""

import json
import math
import struct

import hypothesis
import pytest
from hypothesis import strategies as st

from trfkit.exact_floats import decode, encode

bits = st.binary(min_size=8, max_size=8) | st.sampled_from(
    [struct.pack(">d", value) for value in (0.0, -0.0, 5e-324, math.inf, -math.inf, math.nan, -math.nan)]
)


@hypothesis.given(bits)
def test_every_pattern_of_64_bits_comes_back_from_json(pattern):
    (value,) = struct.unpack(">d", pattern)
    text = json.dumps(encode(value), allow_nan=False)
    assert struct.pack(">d", decode(json.loads(text))) == pattern


def test_numbers_that_json_lacks_are_words():
    assert [encode(v) for v in (math.nan, math.inf, -math.inf, 1.5)] == ["NaN", "Infinity", "-Infinity", 1.5]


def test_whole_numbers_are_read_as_floats():
    assert type(decode(3)) is float
    assert decode(3) == 3.0


@pytest.mark.parametrize("value", ["nan", "1.0", "NaN:7ff0", None, True, [], {}, 10**400])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="a number"):
        decode(value)
