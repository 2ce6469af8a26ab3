"""`trfkit.interact`: the live fitter in one line."""

import importlib


def interact(model, x, y=None, start=None, **options):
    """Fit a model to data by hand and by solver: `trfkit.interact("a*exp(-x/tau) + c", x, y)` in a notebook's cell.

    A `trfkit.widgets.CurveFitter`, whose arguments these are: those of `trfkit.fit`, and how it looks. x and y may be
    arrays, lists, pandas Series or xarray DataArrays, whose names and units are then on the axes; a Series, a DataArray
    or a DataFrame in place of both brings its own x.
    """
    # ipywidgets and matplotlib load with the first fitter; widgets stand on a higher floor than this
    return importlib.import_module("trfkit.widgets").CurveFitter(model, x, y, start, **options)
