"""A fit's result as JSON and back: every number to the last bit, no code.

    {"format": "trfkit-fit", "version": 1, "units": ["s", "V"], "absolute_sigma": false, "options": {"loss": "huber"},
     "data_sets": [{"name": "", "model": {...}, "names": ["a", "tau"], "x": {"shape": [2], "values": [0.0, 1.0]}, ...}],
     "initial": [{"name": "a", "value": 1.0, ...}], "parameters": [...], "solution": {"x": ..., "trace": {...}, ...},
     "starts": null, "remarks": []}

Models are written as `trfkit.models.document` tells, the trace as `trfkit.trace.exact_json` does, floats as in
`trfkit.exact_floats`. Reading looks nothing up by name but the models of the library; typed formulas go through the
safe parser, and the functions of a user are those that are handed in.
"""

from .reading import from_json
from .writing import to_json

__all__ = ["from_json", "to_json"]
