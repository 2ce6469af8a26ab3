"""The fitter: data and model, the solver at work, and the buttons to start and stop it."""

import threading

from trfkit.plots import FitFigure, ModelCurve
from trfkit.session import FitSession, SettingsChanged, StateChanged, TrialRecorded
from trfkit.trace import html_table, trial_sentence
from trfkit.widgets.card import PACES, Card
from trfkit.widgets.outputs import PlainOutputs, take_over_cell
from trfkit.widgets.player import Player
from trfkit.widgets.style import THEMES

ROWS_PLAYING, ROWS_AT_REST = 12, 300  # of the table: short while it changes, and long enough to scroll when it rests


class CurveFitter:
    """Fit a model to y in a notebook and watch the solver at every trial point.

    Show it as the last line of a cell, or with `display`. Fit is `start()` and Stop is `stop()`; `run()` fits and
    waits, and `await fitter.fit()` does so while the buttons go on working. After a fit a picture and a report stay in
    the cell, for those who see the notebook without a kernel.

    model, x, y, start  and further keywords are those of `trfkit.fit`; where no start is given, it is guessed
    xlabel, ylabel      what is on the axes, with units
    theme               "light", "dark", or "auto": the picture is drawn for a light page and inverted on a dark one
    pace                trials per second at which a fit too fast to be seen is replayed; float("inf") shows its end
    """

    def __init__(self, model, x, y, start=None, *, xlabel="x", ylabel="y", theme="auto", pace=4, **options):
        _check("theme", theme, THEMES)
        _check("pace", pace, PACES)
        self.session = FitSession(model, x, y, start, **options)
        at_start = self.session.parameters.free_values
        self._curve = ModelCurve(self._model, self.session.data.x, self.session.data.y, at_start)
        self._look = {"theme": "dark" if theme == "dark" else "light", "xlabel": xlabel, "ylabel": ylabel}
        self._figure = FitFigure(self._curve, **self._look)
        self._figure.show_start(at_start)
        self._player = Player(self._draw, pace)
        self._outputs = PlainOutputs()
        self._saying, self._drawing = threading.Lock(), threading.Lock()
        self.card = Card(theme, pace, self._figure.png(), self._figure.size[0])
        for name, button in self.card.actions.items():
            button.on_click(lambda _, name=name: self._press(name))
        self.card.pace.observe(lambda change: self.set_pace(change["new"]), "value")
        self.card.on_scrub(self.show_trial)
        self.session.observe(self._follow)
        self._say()

    @property
    def result(self):
        """The `FitResult` of the last fit, or None."""
        return self.session.result

    @property
    def trace(self):
        """The `Trace` of the last fit, or of the running one so far."""
        return self.session.trace

    def start(self):
        """Start the fit and return at once. Raises RuntimeError while one is running."""
        self.session.start()

    def stop(self):
        """Stop the running fit at its next trial and keep its best point; or go to the end of a replay."""
        if self.session.running:
            self.session.stop()
        else:
            self._player.skip()

    def pause(self):
        """Hold the running fit after its next trial."""
        self.session.pause()

    def resume(self):
        """Let a paused fit go on."""
        self.session.resume()

    def step(self):
        """Have the fit make one more trial and wait; start it, if none is running."""
        self.session.step()

    def undo(self):
        """Go back to the parameters before the last change or fit."""
        self.session.undo()

    def redo(self):
        """Take an undo back."""
        self.session.redo()

    def reset(self):
        """Go back to the parameters with which the fitter began."""
        self.session.reset()

    def _press(self, name):
        """What a button does: the method of its name, or `resume` for the pause button of a paused fit."""
        getattr(self, "resume" if name == "pause" and self.session.state == "paused" else PRESSED.get(name, name))()

    def show_trial(self, index):
        """Show trial `index`; from the newest one the picture follows a running fit."""
        self._player.hold(index)

    def set_pace(self, pace):
        """Replay at `pace` trials per second."""
        self._player.pace = pace

    def run(self):
        """Fit, wait, and return the result; its replay may go on. A keyboard interrupt stops the fit."""
        return self.session.run()

    async def fit(self):
        """`run` for a notebook's cell, in which the buttons go on working: `result = await fitter.fit()`."""
        return await self.session.fit()

    def wait(self, timeout=None):
        """Wait until fit and replay are over; False if `timeout` (seconds, for each of the two) passed first."""
        return self.session.wait(timeout) and self._player.join(timeout)

    def close(self):
        """Stop the fit and take the card away; picture and report stay in the notebook."""
        self.session.close()
        self._player.skip()
        self.card.close()

    def _ipython_display_(self):
        take_over_cell(self)
        names = ", ".join(self.session.parameters)
        self._outputs.show(self.card.box, f"CurveFitter of {names}: run the cell to use it")

    def _model(self, x, *theta):
        """The model at the free parameters θ of a trial."""
        return self.session.model.function(x, *self.session.values_at(theta))

    def _follow(self, event):
        """Told of all that the session does, on the session's own thread."""
        if isinstance(event, TrialRecorded):
            self._player.record(event.index + 1)
        elif isinstance(event, SettingsChanged) and not self.session.running:
            self._preview()
        if not isinstance(event, StateChanged):
            return
        if event.state == "compiling":
            self._player.begin()
        elif not self.session.running:
            self._player.end()
            self._say()
            self._leave_outputs()
            return
        self._say()

    def _preview(self):
        """Show the curve from which the next fit would start."""
        if self._player.shown is not None:
            self._player.hold(self._player.shown)
        with self._drawing:
            self._figure.show_start(self.session.parameters.free_values)
            self.card.picture.value = self._figure.png()
        self.card.describe(self._figure.alt_text)
        self._say()

    def _draw(self, index, marks, over):
        """Show trial `index` with the marks of the first so many, on the player's thread."""
        trace = self.session.trace
        if marks > len(trace):  # a new fit has begun, and this frame is of the last one
            return
        with self._drawing:
            self._figure.show(trace, index, marks, final=over)
            self.card.picture.value = self._figure.png()
        self.card.place(index, len(trace) - 1)
        at_rest = over and not self._player.playing
        if at_rest:
            self.card.describe(self._figure.alt_text)
        # At rest on its last row the table can be scrolled; else it is a window that ends with the trial shown.
        whole = at_rest and index == marks - 1
        end = marks if whole else min(marks, max(index + 1, ROWS_PLAYING))
        rows = range(max(0, end - (ROWS_AT_REST if whole else ROWS_PLAYING)), end)
        self.card.tabulate(html_table(trace, rows, shown=index))
        self._say()

    def _say(self):
        """Bring the status and the buttons in line with what is going on."""
        with self._saying:
            session, running, replaying = self.session, self.session.running, self._player.playing
            paused = session.state == "paused"
            self.card.enable(
                paused, fit=not running, pause=running, step=paused or not running, stop=running or replaying,
                undo=not running and session.can_undo, redo=not running and session.can_redo, reset=not running,
            )  # fmt: skip
            shown, trace = self._player.shown, self.session.trace
            details = "" if shown is None or shown >= len(trace) else trial_sentence(shown, trace[shown])
            state = "replaying" if replaying else STATE_WORDS[self.session.state]
            self.card.say(state, details, self._message(replaying))

    def _message(self, replaying):
        """The line below the status."""
        session = self.session
        if session.error is not None:
            return f"{type(session.error).__name__}: {session.error}"
        if session.state == "idle":
            return "Fit starts from the curve shown."
        if session.state == "paused":
            return "Resume lets the fit go on, Step makes one more trial, Stop keeps the best point."
        if session.running:
            return "Stop keeps the best point so far."
        if replaying:
            trials = len(session.trace) - 1
            return f"The fit is over after {trials} trials and is shown step by step. Stop skips to its end."
        return session.result.message

    def _leave_outputs(self):
        """Draw the end of the fit once more, for the cell's plain outputs, where the fitter is shown."""
        if not self._outputs.shown or self.session.result is None:
            return
        trace = self.session.trace
        figure = FitFigure(self._curve, **self._look)
        figure.show(trace, len(trace) - 1, final=True)
        self._outputs.update(figure, self.session.result._repr_html_(), repr(self.session.result))


PRESSED = {"fit": "start"}  # methods that are not called as their buttons are
STATE_WORDS = {
    "idle": "ready",
    "compiling": "compiling…",
    "running": "running",
    "paused": "paused",
    "done": "done",
    "stopped": "stopped by user",
    "failed": "failed",
}


def _check(name, value, allowed):
    if value not in allowed:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, allowed))}, got {value!r}.")
