"""One float as a value of JSON and back, exact to the last bit.

Python writes a float as the shortest decimal that reads back as the same float. JSON has no NaN and no infinity (RFC
8259, section 6), so that these are strings; a NaN whose sign or payload is not that of Python's own is "NaN:" and its
16 hexadecimal digits, for XLA returns both signs.
"""

import math
import re
import struct

NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
OTHER_NAN = re.compile("NaN:(?=[7f]ff)[0-9a-f]{16}")


def encode(value):
    """A float as JSON can hold it; any other value as it is."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    bits = struct.pack(">d", value).hex()
    for text, known in NON_FINITE.items():
        if bits == struct.pack(">d", known).hex():
            return text
    return f"NaN:{bits}"


def decode(value) -> float:
    """The float that `encode` was given, or a whole number as one; a bare ValueError tells what it expected."""
    if isinstance(value, str) and value in NON_FINITE:
        return NON_FINITE[value]
    if isinstance(value, str) and OTHER_NAN.fullmatch(value):
        return struct.unpack(">d", bytes.fromhex(value.removeprefix("NaN:")))[0]
    if type(value) is int and abs(value) < 2**1023:
        return float(value)
    if type(value) is float:
        return value
    raise ValueError("a number")
