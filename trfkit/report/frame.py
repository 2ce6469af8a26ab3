"""The parameters of a fit as a pandas DataFrame."""

from ..optional import pandas


def dataframe(result):
    """One row per parameter: value, stderr, unit, min, max, fixed, tie, initial; the index is the name.

    Raises ImportError where pandas is not installed.
    """
    library = pandas("to_dataframe")
    parameters, starts = tuple(result.parameters.values()), result.initial.full_values
    columns = {
        "value": [result.values[p.name] for p in parameters],
        "stderr": [result.stderr[p.name] for p in parameters],
        **{field: [getattr(p, field) for p in parameters] for field in ("unit", "min", "max", "fixed")},
        "tie": [p.tie or "" for p in parameters],
        "initial": [starts[p.name] for p in parameters],
    }
    return library.DataFrame(columns, index=library.Index([p.name for p in parameters], name="parameter"))
