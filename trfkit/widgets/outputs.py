"""What a fitter puts into a notebook's cell: the live card, and below it a picture and a report that need no kernel.

The two plain outputs are made when the card is shown and replaced, by their display ids, when a fit ends: so they are
what a saved notebook, GitHub and a converted page show.
"""

import importlib.metadata
import uuid
import weakref

from IPython import get_ipython
from IPython.display import display, update_display


class PlainOutputs:
    """A picture and a report below a card."""

    def __init__(self):
        self._ids = {"picture": uuid.uuid4().hex, "report": uuid.uuid4().hex}
        self.shown = False

    def show(self, card, summary):
        """Display the card, described by `summary` where widgets are not understood, and hold the places below it."""
        bundle = card._repr_mimebundle_()
        display({**bundle, "text/plain": summary}, raw=True)
        display({"text/plain": ""}, raw=True, display_id=self._ids["picture"])
        display({"text/html": ""}, raw=True, display_id=self._ids["report"])
        self.shown = True

    def update(self, figure, report, summary):
        """Replace both: `figure` is a FitFigure that shows the end of the fit, `report` HTML, `summary` its text."""
        width, height = figure.size
        picture = {"image/png": figure.png(), "text/plain": figure.alt_text}
        about = {"image/png": {"width": width, "height": height, "alt": figure.alt_text}}
        update_display(picture, metadata=about, raw=True, display_id=self._ids["picture"])
        report = {"text/html": f'<div class="trfkit-left-behind">{report}</div>', "text/plain": summary}
        update_display(report, raw=True, display_id=self._ids["report"])


HEARD_SINCE = 7  # the version of ipykernel that hears buttons while a cell awaits


def buttons_heard_meanwhile():
    """Whether the buttons are heard while a cell awaits a fit: ipykernel 6 keeps their messages until its end."""
    if getattr(get_ipython(), "kernel", None) is None:
        return True
    return int(importlib.metadata.version("ipykernel").partition(".")[0]) >= HEARD_SINCE


# By cell: the run that showed a fitter, and the fitter.
_in_cell = {}


def take_over_cell(fitter):
    """Close the fitters that an earlier run of this cell has shown: nobody can reach their Stop button any more."""
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return
    request = kernel.get_parent()
    cell, run = request.get("metadata", {}).get("cellId"), request.get("header", {}).get("msg_id")
    if cell is None:  # a front end that does not name its cells
        return
    earlier = [known for known in _in_cell.get(cell, []) if known[1]() is not None]
    for known_run, known in earlier:
        if known_run != run:
            known().close()
    _in_cell[cell] = [known for known in earlier if known[0] == run] + [(run, weakref.ref(fitter))]
