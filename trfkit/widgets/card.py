"""The card of the fitter: its controls and their layout, and nothing of what they mean."""

import html

import ipywidgets

from trfkit.widgets.style import card_style

PACES = (1, 2, 4, 8, 16, float("inf"))  # trials per second
FULL_WIDTH = "100%"
# The buttons from left to right: word, icon, what it does.
ACTIONS = {
    "fit": ("Fit", "play", "Start the fit from the curve shown"),
    "pause": ("Pause", "pause", "Hold the fit after its next trial, or let it go on"),
    "step": ("Step", "step-forward", "Make one trial and wait"),
    "stop": ("Stop", "stop", "Stop the fit and keep its best point, or go to the end of a replay"),
    "undo": ("Undo", "undo", "Go back to the parameters before"),
    "redo": ("Redo", "repeat", "Take the last undo back"),
    "reset": ("Reset", "fast-backward", "Go back to the parameters at the beginning"),
}


class Card:
    """Controls by name (the ACTIONS, `pace`, `status`, `picture`, `scrubber`, `table`) in one `box`."""

    def __init__(self, theme, pace, picture, width):
        as_wide = ipywidgets.Layout(width=FULL_WIDTH, max_width=f"{width}px")
        self.actions = {name: _action(*look) for name, look in ACTIONS.items()}
        self.fit, self.pause, self.step, self.stop, self.undo, self.redo, self.reset = self.actions.values()
        paces = [(_pace_words(value), value) for value in PACES]
        self.pace = ipywidgets.SelectionSlider(options=paces, value=pace, description="pace", layout={"width": "250px"})
        self.status = ipywidgets.HTML(layout=as_wide)
        self.picture = ipywidgets.Image(
            value=picture, format="png", layout={"width": FULL_WIDTH, "max_width": f"{width}px", "height": "auto"}
        )
        self.scrubber = ipywidgets.IntSlider(min=0, max=0, description="trial", disabled=True, layout=as_wide)
        self.in_words = ipywidgets.HTML()
        self.table = ipywidgets.HTML(layout=as_wide)
        self._placed = 0
        in_a_row = {"flex_flow": "row wrap", "align_items": "center"}
        bar = ipywidgets.HBox([*self.actions.values(), self.pace], layout=in_a_row)
        style = ipywidgets.HTML(card_style(theme), layout={"display": "none"})
        children = [style, bar, self.status, self.picture, self.in_words, self.scrubber, self.table]
        self.box = ipywidgets.VBox(children).add_class("trfkit-card")

    def on_scrub(self, callback):
        """Call callback(index) when a person moves the scrubber, and not when `place` does."""

        def told(change):
            if change["new"] != self._placed:
                callback(change["new"])

        self.scrubber.observe(told, "value")

    def enable(self, paused=False, **possible):
        """Which buttons can be pressed, by name; the filled one is Stop where there is something to stop, else Fit."""
        for name, can_be in possible.items():
            self.actions[name].disabled = not can_be
        self.pause.description, self.pause.icon = ("Resume", "play") if paused else ("Pause", "pause")
        primary, other = (self.stop, self.fit) if possible["stop"] else (self.fit, self.stop)
        primary.add_class("trfkit-primary")
        other.remove_class("trfkit-primary")

    def place(self, index, last):
        """Put the scrubber on trial `index` of 0 … `last`."""
        self._placed = index
        if index > self.scrubber.max:
            self.scrubber.max = last
        self.scrubber.value = index
        self.scrubber.max = last
        self.scrubber.disabled = last == 0

    def say(self, state, details, message):
        """The status: `state` in bold, what is on the screen, and a line of advice or result below."""
        self.status.value = (
            f'<div class="trfkit-status" role="status" aria-live="polite"><b>{html.escape(state)}</b>'
            f"{' · ' if details else ''}{html.escape(details)}<br>"
            f'<span class="trfkit-muted">{html.escape(message)}</span></div>'
        )

    def tabulate(self, table):
        """Show the HTML table of trials, scrolled to its end."""
        self.table.value = f'<div class="trfkit-rows">{table}</div>'

    def describe(self, text):
        """The picture in words, for screen readers; ipywidgets' Image has no alternative text."""
        self.in_words.value = f'<p class="trfkit-unseen">{html.escape(text)}</p>'

    def close(self):
        """Take everything off the page."""
        for widget in (*self.box.children[1].children, *self.box.children, self.box):
            widget.close()


def _action(name, icon, tooltip):
    """A button of the toolbar."""
    button = ipywidgets.Button(description=name, icon=icon, tooltip=tooltip)
    return button.add_class("trfkit-action")


def _pace_words(pace):
    if pace == float("inf"):
        return "instant"
    return f"{pace} steps/s" if pace > 1 else "1 step/s"
