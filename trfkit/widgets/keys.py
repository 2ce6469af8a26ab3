"""Keys pressed in a card are meant for the card: Jupyter's shortcuts, which add and delete cells, do not hear them."""

import anywidget

from trfkit.widgets import assets


class Keys(anywidget.AnyWidget):
    """Put into a box it keeps the keys pressed there, on buttons and in fields, from the notebook. Nothing is seen.

    What Ctrl, Alt or ⌘ is held with goes on to Jupyter and the browser, and so does Shift+Enter, which runs the cell.
    """

    _esm = assets.read("keys.js")

    def __init__(self):
        super().__init__(layout={"display": "none"})

    def __repr__(self):
        return "Keys"
