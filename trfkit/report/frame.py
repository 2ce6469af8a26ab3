"""The parameters of a fit as a pandas DataFrame."""

import importlib


def dataframe(result):
    """One row per parameter: value, stderr, unit, min, max, fixed, tie, initial; the index is the name.

    Raises ImportError where pandas is not installed.
    """
    try:  # optional, and it costs more to import than most fits to run
        pandas = importlib.import_module("pandas")
    except ImportError as error:
        raise ImportError("to_dataframe needs pandas, which is not installed: pip install pandas") from error
    parameters, starts = tuple(result.parameters.values()), result.initial.full_values
    columns = {
        "value": [result.values[p.name] for p in parameters],
        "stderr": [result.stderr[p.name] for p in parameters],
        **{field: [getattr(p, field) for p in parameters] for field in ("unit", "min", "max", "fixed")},
        "tie": [p.tie or "" for p in parameters],
        "initial": [starts[p.name] for p in parameters],
    }
    return pandas.DataFrame(columns, index=pandas.Index([p.name for p in parameters], name="parameter"))
