"""Code to read, to select and to copy."""

import anywidget
import traitlets

from trfkit.widgets import assets


class CodeView(anywidget.AnyWidget):
    """`code` in a frame of its own, with a button that copies it and says so; `label` is what the frame is called."""

    _esm = assets.read("tabs/code_view.js")
    _css = assets.read("tabs/code_view.css")

    code = traitlets.Unicode().tag(sync=True)
    label = traitlets.Unicode("Python code").tag(sync=True)

    def __repr__(self):
        return f"CodeView of {len(self.code.splitlines())} lines"
