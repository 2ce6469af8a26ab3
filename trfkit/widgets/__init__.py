"""Widgets for Jupyter, each a view of a session: layout and wiring, no behaviour of their own."""

from trfkit.widgets.curve_fitter import CurveFitter

__all__ = ["CurveFitter"]
