"""Columns of words, counts and floats as JSON and back, exact to the last bit.

    {"format": "trfkit-trace", "version": 1, "parameter_names": [...], "columns": {"cost": [...], ...}, "x": [...]}

`x` has one list per parameter. How a float is written, NaN and infinities too, is told in `trfkit.exact_floats`.
"""

import json
from functools import partial

from trfkit.exact_floats import decode, encode

JSON_FORMAT = "trfkit-trace"
JSON_VERSION = 1

ADVICE = "the text was cut or edited; save the trace again"


def write_columns(parameter_names, columns, x):
    """The JSON text of named columns (lists of words, integers or floats) and of one list of floats per parameter."""
    document = {
        "format": JSON_FORMAT,
        "version": JSON_VERSION,
        "parameter_names": list(parameter_names),
        "columns": {name: [encode(value) for value in column] for name, column in columns.items()},
        "x": [[encode(value) for value in column] for column in x],
    }
    return json.dumps(document, allow_nan=False)


def read_columns(text, fields, words, counts):
    """(parameter_names, columns by field, x) from the text of `write_columns`.

    `words` maps a field to the words that it may hold, `counts` names the fields of whole numbers. Raises ValueError
    for text that is not JSON, not a trace, from a newer version, cut short, or of wrong types.
    """
    document = _parse(text)
    names, found, x = document["parameter_names"], document["columns"], document["x"]
    if missing := [name for name in fields if name not in found]:
        raise ValueError(f"this trace lacks the columns {', '.join(missing)}: {ADVICE}")
    if len(x) != len(names):
        raise ValueError(f"this trace names {len(names)} parameters and holds values of {len(x)}: {ADVICE}")
    length = len(found[fields[0]]) if isinstance(found[fields[0]], list) else 0
    columns = {}
    for name in fields:
        read = partial(_word, words[name]) if name in words else _count if name in counts else decode
        columns[name] = _read(found[name], f"column {name!r}", length, read)
    return names, columns, [_read(values, f"x of {n!r}", length, decode) for n, values in zip(names, x, strict=True)]


def _parse(text):
    """The document, its format, version and outer shape checked."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this is not JSON, or it was cut short: {error}") from error
    found = document.get("format") if isinstance(document, dict) else type(document).__name__
    if found != JSON_FORMAT:
        raise ValueError(f"this JSON is not a trace: its format is {found!r}, and Trace.to_json writes {JSON_FORMAT!r}")
    version = document.get("version")
    if type(version) is not int or version < 1:
        raise ValueError(f"the version of this trace is {version!r}, not a whole number")
    if version > JSON_VERSION:
        raise ValueError(f"this trace has version {version}, and this trfkit reads up to {JSON_VERSION}: update trfkit")
    for key, kind in (("parameter_names", list), ("columns", dict), ("x", list)):
        if not isinstance(document.get(key), kind):
            raise ValueError(f"this trace has no {key!r}, or one of the wrong type: {ADVICE}")
    if not all(isinstance(name, str) for name in document["parameter_names"]):
        raise ValueError(f"parameter names must be strings, got {document['parameter_names']!r}")
    return document


def _read(column, what, length, read):
    """One column, each value by `read`, which raises a bare ValueError with what it expected."""
    if not isinstance(column, list):
        raise ValueError(f"{what} of this trace is not a list: {ADVICE}")
    if len(column) != length:
        raise ValueError(f"{what} of this trace has {len(column)} rows where the first column has {length}: {ADVICE}")
    values = []
    for i, value in enumerate(column):
        try:
            values.append(read(value))
        except ValueError as error:
            raise ValueError(f"{what}, row {i}: got {value!r}, expected {error}") from None
    return values


def _word(words, value):
    if value not in words:
        raise ValueError(f"one of {', '.join(words)}")
    return value


def _count(value):
    if type(value) is not int or abs(value) > 2**53:
        raise ValueError("a whole number")
    return float(value)
