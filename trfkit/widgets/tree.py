"""Widgets that are made of widgets."""


def close_all(widgets):
    """Take widgets off the page, with all that they are made of."""
    for widget in widgets:
        close_all(getattr(widget, "children", ()))
        widget.close()
