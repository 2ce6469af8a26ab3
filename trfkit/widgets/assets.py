"""The browser's half of the widgets: JavaScript and CSS, beside the Python that they belong to."""

import pathlib

HERE = pathlib.Path(__file__).parent


def read(*names):
    """The text of these files, one after the other: of JavaScript together one module. Names begin at trfkit/widgets.

    anywidget would take a path as well, and then keeps every widget alive that was made of it.
    """
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
