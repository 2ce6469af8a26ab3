"""Which trial is on the screen, and when: the one thread that draws.

A fit of a millisecond is over before a screen can show its first trial, so it is replayed from what was recorded, at a
pace that a person chose. A fit that takes longer is shown as it runs: always the newest trial, those in between left
out. Nobody who reports a trial ever waits for a picture.
"""

import math
import threading
import time

PATIENCE = 0.5  # seconds: a fit that runs longer is shown live, one that ends sooner is replayed
FRAMES_PER_SECOND = 25  # of a live fit; motion is smooth from about 20 on
INSTANT = math.inf  # the pace that shows only the newest trial


class Player:
    """Calls draw(index, marks, over) for one trial after the other, on a thread that lives while it has to.

    `index` is the trial to show, `marks` the number of rows to mark, `over` whether the fit has ended. `begin`,
    `record` and `end` follow a fit; `pace` (trials per second), `skip` and `hold` are what a person wants. All return
    at once, on any thread. If `draw` raises, nothing more of that fit is drawn.
    """

    def __init__(self, draw, pace):
        self._draw = draw
        self._pace = pace
        self._change = threading.Condition()
        self._thread = None
        self._forget()

    def _forget(self):
        # the fit
        self._recorded = 0  # rows so far
        self._first_trial_at = None
        self._ended = True
        # the person
        self._live = False  # show the newest trial and skip those before it
        self._held = None  # the trial that was chosen to be looked at
        # the screen
        self._frame = None  # (index, marks, over) drawn last
        self._broken = False
        self._drawn_at = -math.inf

    @property
    def shown(self):
        """Index of the trial on the screen, or None."""
        return None if self._frame is None else self._frame[0]

    @property
    def playing(self):
        """Whether a finished fit is still being replayed."""
        with self._change:
            return self._ended and not self._broken and self._next_frame() != self._frame

    @property
    def pace(self):
        """Trials per second; `INSTANT` shows the newest only."""
        return self._pace

    @pace.setter
    def pace(self, value):
        with self._change:
            self._pace = value
            self._wake()

    def begin(self):
        """A new fit starts."""
        with self._change:
            self._forget()
            self._ended = False

    def record(self, count):
        """So many rows are recorded by now, the start included."""
        with self._change:
            self._recorded = count
            if count > 1 and self._first_trial_at is None:  # between start and first trial the solver may compile
                self._first_trial_at = time.monotonic()
            self._wake()

    def end(self):
        """The fit is over; if it was too fast to be seen, its replay goes on."""
        with self._change:
            self._live = self._live or self._patience() < 0
            self._ended = True
            self._wake()

    def skip(self):
        """Go to the newest trial and stay with it."""
        with self._change:
            self._live, self._held = True, None
            self._wake()

    def hold(self, index):
        """Go to trial `index` and stay there; at the newest one, stay with the fit."""
        with self._change:
            self._live, self._held = True, None if index >= self._recorded - 1 else index
            self._wake()

    def join(self, timeout=None):
        """Wait until everything is drawn; False if `timeout` (seconds) passed first."""
        with self._change:
            return self._change.wait_for(lambda: self._thread is None, timeout)

    def _wake(self):
        """With the lock held: see that the thread notices a change."""
        if self._thread is None and not self._broken and self._next_frame() != self._frame:
            self._thread = threading.Thread(target=self._play, name="trfkit-player", daemon=True)
            self._thread.start()
        self._change.notify_all()

    def _play(self):
        """Draw one frame after the other until the newest, or the chosen, trial is on the screen."""
        try:
            while (frame := self._due_frame()) is not None:
                self._draw(*frame)
        finally:
            with self._change:
                if self._thread is threading.current_thread():  # `draw` raised; its traceback is on the screen
                    self._thread, self._broken = None, True
                self._change.notify_all()

    def _due_frame(self):
        """Wait for the time of the next frame and return it; None where there is none, and then the thread is over."""
        with self._change:
            while self._next_frame() != self._frame:
                pause = 1 / FRAMES_PER_SECOND if self._newest_only() else max(1 / FRAMES_PER_SECOND, 1 / self._pace)
                wait = self._drawn_at + pause - time.monotonic()
                if wait <= 0:
                    self._frame = self._next_frame()
                    self._drawn_at = time.monotonic()
                    return self._frame
                patience = self._patience()
                self._change.wait(min(wait, patience) if patience > 0 else wait)
            self._thread = None
            return None

    def _next_frame(self):
        """What should be on the screen next, given all the time in the world."""
        newest = self._recorded - 1
        if newest < 0:
            return self._frame
        if self._held is not None:
            return self._held, self._recorded, self._ended
        if self._newest_only():
            return newest, self._recorded, self._ended
        index = 0 if self._frame is None else min(self._frame[0] + 1, newest)
        return index, index + 1, self._ended

    def _newest_only(self):
        return self._live or self._pace == INSTANT or (not self._ended and self._patience() < 0)

    def _patience(self):
        """Seconds until the fit counts as one that is shown as it runs."""
        return PATIENCE if self._first_trial_at is None else self._first_trial_at + PATIENCE - time.monotonic()
