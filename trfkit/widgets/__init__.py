"""Widgets for Jupyter: layout and wiring over a session or over `Parameters`, no behaviour of their own."""

from trfkit.widgets.curve_fitter import CurveFitter
from trfkit.widgets.parameter_table import ParameterTable

__all__ = ["CurveFitter", "ParameterTable"]
