"""The fitter: data, model and the solver at work on one card, and all that a person does with them.

    curve_fitter    CurveFitter, which puts the parts together over a `FitSession`
    card            the layout of the controls; style: how they look
    panels, parameters, tabs    what is on the card besides the picture
    fit_view        the picture on a canvas; pointing: what is done on it; painter: when it is drawn
    replay          fits too fast to be seen, at a person's pace; status: what is going on, in words
    outputs         what stays in the notebook

Every part is a view of the session: it calls the session's methods, and brings itself in line with `refresh()`.
"""

import threading

from IPython import get_ipython

from trfkit.session import CursorMoved, FitSession, SettingsChanged, StateChanged, TrialRecorded
from trfkit.session.labelled import split
from trfkit.trace import html_table
from trfkit.widgets import card as layout
from trfkit.widgets.fit_view import FitView
from trfkit.widgets.outputs import PlainOutputs, buttons_heard_meanwhile, take_over_cell
from trfkit.widgets.painter import Painter
from trfkit.widgets.panels import disclosure, model_bar, options_bar, solver_details, times
from trfkit.widgets.parameters import ParameterPanel
from trfkit.widgets.pointing import TOOLS, Pointing
from trfkit.widgets.replay import INSTANT, PATIENCE, Replay
from trfkit.widgets.status import Status
from trfkit.widgets.style import THEMES, card_style
from trfkit.widgets.tabs import code, data, history, statistics

STYLES = (layout, disclosure, model_bar, options_bar, solver_details, times, statistics, history, code, data)
ROWS_PLAYING, ROWS_AT_REST = 12, 300  # of the table: short while it changes, and long enough to scroll when it rests
AT_REST_S, RUNNING_S = 1 / 60, 1 / 25  # between frames: a hand is followed at once, the solver is left its time


class CurveFitter:
    """Fit a model to y in a notebook: drag it to the data, watch the solver at every trial point, stop, step, scrub.

    Show it as the last line of a cell, or with `display`. What the buttons do are methods of the same names, here and,
    for all that is chosen, of `fitter.session`; `run()` fits and waits, and `await fitter.fit()` does so while the
    buttons go on working. After a fit a picture and a report stay in the cell, for those who see the notebook without a
    kernel.

    model, x, y, start  and further keywords are those of `trfkit.fit`; where no start is given, it is guessed. A
                        Series, a DataArray or a DataFrame in place of x brings its own x and y. In place of all of
                        them, a `FitSession`
    xlabel, ylabel      what is on the axes, with units; those of the data, as pandas and xarray name them, unless given
    theme               "light", "dark", or "auto", which follows the page
    pace                trials per second at which a fit too fast to be seen is replayed; float("inf") shows its end
    """

    def __init__(
        self, model, x=None, y=None, start=None, *, xlabel=None, ylabel=None, theme="auto", pace=4, **options
    ):  # fmt: skip
        _check("theme", theme, THEMES)
        _check("pace", pace, layout.PACES)
        if not isinstance(model, FitSession):
            points = split(x) if y is None else {"x": x, "y": y}
            model = FitSession(model, start=start, **(points | options))
        self.session = model
        self._view = FitView(self.session, theme, (xlabel, ylabel))
        self._painter = Painter(self._paint, lambda: RUNNING_S if self.session.running else AT_REST_S)
        self._replay = Replay(self.session, pace, lambda: self._painter.join(PATIENCE))
        self._status = Status(self.session, self._view, self._replay)
        self._outputs, self._saying = PlainOutputs(), threading.Lock()
        self._make_parts()
        self.card = layout.Card(
            card_style(theme, *(part.STYLE for part in STYLES)), pace, TOOLS, self._view.canvas,
            (self.model, self.options), self.parameters.box, (self.details, self.times), self.pages,
        )  # fmt: skip
        self.pointing = Pointing(self._view, self._act, self.show_trial, self._painter.ask, self.card.complain)
        self._listen()
        self._paint()

    def _make_parts(self):
        session = self.session
        self.parameters = ParameterPanel(session)
        self.details, self.times = solver_details.SolverDetails(session), times.Times(session)
        self.model, self.options = model_bar.ModelBar(session), options_bar.OptionsBar(session)
        self.statistics, self.history = statistics.StatisticsTab(session), history.HistoryTab(session)
        self.code, self.data = code.CodeTab(session), data.DataTab(session, _namespace)
        self.pages = (self.statistics, self.history, self.code, self.data)

    def _listen(self):
        card = self.card
        for name, button in (card.actions | card.views).items():
            button.on_click(lambda _, name=name: self._act(name))
        card.pace.observe(lambda change: self.set_pace(layout.PACES[change["new"]]), "value")
        card.tools.observe(lambda change: setattr(self.pointing, "tool", change["new"]), "value")
        card.on_scrub(self.show_trial)
        for widget, trait in (
            (self._view.canvas, ["room", "dark", "pixel_ratio"]), (card.tabs, "selected"), (card.open_trials, "value"),
        ):  # fmt: skip
            widget.observe(lambda _: self._painter.ask(), trait)
        self.session.observe(self._follow)

    # what a person, or a script, does

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
        """Stop the running fit at its next trial and keep its best point, and go to the end of a replay."""
        self.session.stop()
        self._replay.skip()

    def pause(self):
        """Hold the running fit after its next trial."""
        self.session.pause()

    def resume(self):
        """Let a paused fit go on."""
        self.session.resume()

    def step(self):
        """Look at the next trial; at the newest, have the fit make one more and wait; start it, if none is running."""
        self.session.step()

    def step_back(self):
        """Look at the trial before."""
        self.session.step_back()

    def undo(self):
        """Go back to what was chosen before the last change or fit."""
        self.session.undo()

    def redo(self):
        """Take an undo back."""
        self.session.redo()

    def reset(self):
        """Go back to what was chosen when the fitter began."""
        self.session.reset()

    def show_trial(self, index):
        """Show trial `index`; from the newest one the picture follows a running fit."""
        self._replay.halt()
        self.session.show(index)

    def set_pace(self, pace):
        """Replay at `pace` trials per second."""
        self._replay.pace = pace

    def all_points(self):
        """Let every point count."""
        self.session.include_all()

    def show_all(self):
        """Show all of every panel."""
        self._view.unzoom()
        self._painter.ask()

    def run(self):
        """Fit, wait, and return the result; its replay may go on. A keyboard interrupt stops the fit."""
        return self.session.run()

    async def fit(self):
        """`run` for a notebook's cell, in which the buttons go on working: `result = await fitter.fit()`."""
        self._status.buttons_heard = buttons_heard_meanwhile()
        try:
            return await self.session.fit()
        finally:
            self._status.buttons_heard = True

    def wait(self, timeout=None):
        """Wait until fit, replay and picture are done; False if `timeout` (seconds, for each) passed first."""
        return self.session.wait(timeout) and self._replay.join(timeout) and self._painter.join(timeout)

    def save(self, path):
        """Write all but the look to a file: data, settings with undo, history. See `FitSession.save`."""
        self.session.save(path)

    @classmethod
    def load(cls, path, model=None, **look):
        """The fitter that `save` wrote; `look` is xlabel, ylabel, theme and pace. See `FitSession.load`."""
        return cls(FitSession.load(path, model), **look)

    def close(self):
        """Stop the fit and take the card away; picture and report stay in the notebook."""
        self.session.close()
        self._replay.halt()
        self.card.close()

    def _ipython_display_(self):
        take_over_cell(self)
        names = ", ".join(self.session.parameters)
        self._outputs.show(self.card.box, f"CurveFitter of {names}: run the cell to use it")

    def _act(self, name):
        """What a button or a key does; what the session refuses is said on the card."""
        self.card.complain(None)
        if name in TOOLS:
            self.card.tools.value = name
            return
        if name == "pause" and self.session.state == "paused":
            name = "resume"
        try:
            getattr(self, PRESSED.get(name, name))()
        except (RuntimeError, ValueError) as error:
            self.card.complain(error)

    # what the session tells

    def _follow(self, event):
        """Told of all that the session does, on whatever thread."""
        match event:
            case TrialRecorded():
                self._replay.record(event.index + 1)
            case CursorMoved():
                self._replay.moved(event.index)
            case SettingsChanged() if not self.session.running:
                self._status.moved_on()
                self._replay.halt()
                self.card.complain(None)
            case StateChanged():
                self._status.follow(event.state)
                self._follow_state()
                self._say()
        if self._replay.pace != INSTANT or self.session.state not in ("compiling", "running"):
            self._painter.ask()

    def _follow_state(self):
        """Told of every state of the session."""
        if self.session.state == "compiling":
            self._replay.begin()
        elif not self.session.running:
            self._replay.end()
            self._view.compute_band()
            self._leave_outputs()

    # what is on the card

    def _paint(self):
        """Bring what is to be seen in line with the session, on the painter's thread."""
        self._view.replaying = self._replay.playing
        self._view.paint()
        tab = self.card.tabs.selected
        shown = [self.pages[tab - 1]] if tab else [self.parameters, self.details, self.times]
        for part in (self.model, self.options, *shown):
            part.theme = self._view.theme
            part.refresh()
        titles = ["Fit", *(page.title for page in self.pages)]
        if self.card.tabs.titles != titles:
            self.card.tabs.titles = titles
        last = len(self.session.rows) - 1
        if last >= 0:
            row = last if self._view.row is None else self._view.row
            self.card.place(row, last)
            if self.card.shows_trials:
                self._tabulate(row, last + 1)
        self._say()

    def _tabulate(self, row, count):
        """At rest on its last row the table can be scrolled; else it is a window that ends with the trial shown."""
        whole = not self.session.running and row == count - 1
        end = count if whole else min(count, max(row + 1, ROWS_PLAYING))
        rows = range(max(0, end - (ROWS_AT_REST if whole else ROWS_PLAYING)), end)
        self.card.tabulate(html_table(self.session.trace, rows, shown=row))

    def _say(self):
        """Bring the status and the buttons in line with what is going on."""
        with self._saying:
            session, running, replaying = self.session, self.session.running, self._replay.playing
            paused = session.state == "paused"
            self.card.enable(
                paused, fit=not running, pause=running, step=paused or not running, stop=running or replaying,
                undo=not running and session.can_undo, redo=not running and session.can_redo, reset=not running,
                all_points=not running and session.settings.mask is not None,
            )  # fmt: skip
            self.card.say(self._status.state, self._status.details, self._status.message)

    def _leave_outputs(self):
        """Draw the end of the fit once more, for the cell's plain outputs, where the fitter is shown."""
        if self._outputs.shown and self.session.result is not None:
            result = self.session.result
            self._outputs.update(self._view.still(), result._repr_html_(), repr(result))


PRESSED = {"fit": "start"}  # methods that are not called as their buttons are


def _namespace():
    """The variables of the notebook."""
    shell = get_ipython()
    return {} if shell is None else shell.user_ns


def _check(name, value, allowed):
    if value not in allowed:
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, allowed))}, got {value!r}.")
