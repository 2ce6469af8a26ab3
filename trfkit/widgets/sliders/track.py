"""A slider with a name and a value in words, neither of which ipywidgets' own has for those who do not see it."""

import anywidget
import traitlets

from trfkit.widgets import assets


class Track(anywidget.AnyWidget):
    """A whole number `value` of 0 … `last`, chosen with the browser's own slider.

    `words`, one for each number, say what it stands for; without them it is "3 of 17".
    """

    _esm = assets.read("sliders/track.js")
    _css = assets.read("sliders/slider.css", "sliders/track.css")

    description = traitlets.Unicode().tag(sync=True)
    value = traitlets.Int(0).tag(sync=True)
    last = traitlets.Int(0).tag(sync=True)
    words = traitlets.List(traitlets.Unicode()).tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __repr__(self):
        return f"Track {self.description}: {self.value} of {self.last}"
