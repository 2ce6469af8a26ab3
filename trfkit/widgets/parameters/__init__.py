"""Parameters in rows, each with its fields and a slider.

rows        ParameterRows, over a function that reads parameters and one that takes others
text        the fields as text, and what comes of what was typed
panel       ParameterPanel: those of a session, a part of the fitter
table       ParameterTable: `Parameters` on their own, with undo
"""

from trfkit.widgets.parameters.panel import ParameterPanel
from trfkit.widgets.parameters.table import ParameterTable

__all__ = ["ParameterPanel", "ParameterTable"]
