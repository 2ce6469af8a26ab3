"""A table of fits, whose rows are marked by check boxes and restored by buttons."""

import anywidget
import ipywidgets
import traitlets

from trfkit.widgets import assets


class FitTable(anywidget.AnyWidget):
    """`rows` below the titles of `columns`, a check box and a button Restore before each.

    columns  [{"title": "χ²", "about": words, "kind": "word"}]: a word is aligned to the left; "spare" is what a narrow
             page does without, "extra" a narrower one; others are ""
    rows     [{"number": 3, "cells": [{"text": "12.5", "detail": a second line, "about": words}], "current": bool}]
    marked   numbers of the rows that are checked, least first

    `on_restore(callback)` calls back with the number of a row.
    """

    _esm = assets.read("tabs/fit_table.js")
    _css = assets.read("tabs/fit_table.css")

    columns = traitlets.List(traitlets.Dict()).tag(sync=True)
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    marked = traitlets.List(traitlets.Int()).tag(sync=True)
    label = traitlets.Unicode("Fits").tag(sync=True)

    def __init__(self, **traits):
        self._callbacks = ipywidgets.CallbackDispatcher()
        super().__init__(**traits)
        self.on_msg(self._hear)

    def on_restore(self, callback):
        """Call callback(number) when the button of a row is pressed."""
        self._callbacks.register_callback(callback)

    def __repr__(self):
        return f"FitTable of {len(self.rows)} fits"

    def _hear(self, _, message, buffers):
        match message:
            case {"kind": "restore", "number": int(number)}:
                self._callbacks(number)
