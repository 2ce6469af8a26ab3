"""A row of tabs, as the ARIA practices have them: one is chosen, by click, by arrow keys, Home or End.

Source: W3C, ARIA Authoring Practices Guide, pattern "Tabs" with automatic activation.
"""

import anywidget
import traitlets

from trfkit.widgets import assets


class TabBar(anywidget.AnyWidget):
    """`titles` side by side, of which number `selected` is chosen. What a tab shows is for others to show."""

    _esm = assets.read("tabs/tab_bar.js")
    _css = assets.read("tabs/tab_bar.css")

    titles = traitlets.List(traitlets.Unicode()).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    label = traitlets.Unicode("Fitter").tag(sync=True)

    def __repr__(self):
        return f"TabBar of {', '.join(self.titles)}"
