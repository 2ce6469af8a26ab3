"""Widgets for Jupyter: layout and wiring over a session or over `Parameters`, no behaviour of their own.

curve_fitter  CurveFitter, which puts the parts together; card: their layout; style: their colours
fit_view      the picture of a session; pointing: what is done on it; painter: when it is drawn; replay: at what pace
status, said  what the fitter says, in words and in HTML; outputs: what stays in the notebook
canvas/       a picture that is sent frame by frame, and pointed at
parameters/   parameters in rows: a part of the fitter, and a table of its own
panels/       what a line of text opens: the model, the options, what the solver knew
tabs/         statistics, history, code, data
sliders/      how a slider is laid about a value, how it looks
keys          what is pressed in a card is not the notebook's; tree: widgets taken off the page
assets        JavaScript and CSS, which lie beside the Python that they belong to
"""

from trfkit.widgets.curve_fitter import CurveFitter
from trfkit.widgets.parameters import ParameterTable

__all__ = ["CurveFitter", "ParameterTable"]
