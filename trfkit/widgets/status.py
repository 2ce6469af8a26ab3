"""The status of the fitter in words: what is going on, what is looked at, and what to do next."""

import time

from trfkit.trace import trial_sentence
from trfkit.widgets.tabs.task_bar import progress_words

STATE_WORDS = {
    "idle": "ready",
    "compiling": "compiling…",
    "running": "running",
    "paused": "paused",
    "done": "done",
    "stopped": "stopped by user",
    "failed": "failed",
}

UNHEARD = "ipykernel 6 hears no button while a cell waits for a fit: interrupt it (■), and the best point is kept."


class Status:
    """What a session, its picture and the replay of its last fit have to say; `follow` hears the session's states."""

    def __init__(self, session, view, replay):
        self._session, self._view, self._replay = session, view, replay
        self._began_at = self._took = 0.0
        self._moved_on = False  # whether something was chosen since the last fit
        self.buttons_heard = True  # while the fit runs

    def follow(self, state):
        """Told of every state of the session."""
        self._moved_on = False
        if state == "compiling":
            self._began_at = time.monotonic()
        elif not self._session.running:
            self._took = time.monotonic() - self._began_at

    def moved_on(self):
        """Told that something was chosen while no fit runs."""
        self._moved_on = True

    @property
    def state(self):
        """What is going on, in a word or two."""
        session = self._session
        if self._replay.playing and not session.running:
            return "replaying"
        return STATE_WORDS["idle" if self._chosen_anew else session.state]

    @property
    def details(self):
        """What is looked at, and how long it took."""
        row, session = self._view.row, self._session
        if session.state == "compiling":
            progress = session.tasks.progress
            return f"{time.monotonic() - self._began_at:.1f} s" if progress is None else progress_words(progress)
        if row is None or row >= len(session.rows):
            return ""
        seconds = time.monotonic() - self._began_at if session.running else self._took
        took = f" · {seconds:.3g} s" if seconds else ""
        return trial_sentence(row, session.trace[row]) + took

    @property
    def message(self):
        """The line below."""
        session = self._session
        if session.error is not None and not self._chosen_anew:
            return f"{type(session.error).__name__}: {session.error}"
        if self._view.trouble is not None:
            return self._view.trouble
        if session.state == "paused":
            return "Resume lets the fit go on, Step makes one more trial, Stop keeps the best point."
        if session.running and not self.buttons_heard:
            return UNHEARD
        if session.running:
            return "Stop keeps the best point so far."
        if self._replay.playing:
            trials = len(session.rows) - 1
            return f"The fit is over after {trials} trials and is shown step by step. Stop skips to its end."
        if session.cursor is not None:
            return "A trial of the past: whatever is moved or changed now starts from here."
        if session.result is None or self._chosen_anew:
            return "Fit starts from the curve shown. Drag the marks on it, or the sliders, to bring it closer."
        return session.result.message

    @property
    def _chosen_anew(self):
        """Whether what is shown is no longer what the last fit has led to."""
        session = self._session
        return self._moved_on and not session.running and session.cursor is None and not self._view.at_result
