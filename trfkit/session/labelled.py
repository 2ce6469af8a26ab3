"""Data that know their own x: a Series or a DataArray over its index, the columns of a DataFrame.

They are told by what they have, so that neither pandas nor xarray is needed.
"""

from typing import Any


def split(data) -> dict[str, Any]:
    """{"x": …, "y": …} and, of a frame with three columns, "sigma"; as they are, with their names.

    Of a Series the index is x, of a DataArray over one dimension its coordinate; of a DataFrame the first column, or
    the index where it has but one. Raises ValueError for anything else.
    """
    if hasattr(data, "columns") and hasattr(data, "index"):
        return _of_frame(data)
    if hasattr(data, "dims") and hasattr(data, "coords"):
        if len(data.dims) != 1:
            raise ValueError(f"a DataArray must be over one dimension, got {data.dims}: select the others first.")
        return {"x": data[data.dims[0]], "y": data}
    if hasattr(data, "index") and hasattr(data, "to_numpy"):
        return {"x": data.index, "y": data}
    raise ValueError(f"`y` is missing, and {type(data).__name__} does not say what is x: give both x and y.")


def _of_frame(frame) -> dict[str, Any]:
    columns = [frame[name] for name in frame.columns]
    if len(columns) == 1:
        return {"x": frame.index, "y": columns[0]}
    if len(columns) not in (2, 3):
        names = ", ".join(map(str, frame.columns))
        raise ValueError(f"a DataFrame must have x, y and, if known, sigma as its columns, got {names}: choose them.")
    return dict(zip(("x", "y", "sigma"), columns, strict=False))
