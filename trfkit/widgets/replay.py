"""A fit of a millisecond, shown at a pace that a person can follow: the session's cursor goes from trial to trial.

A replay takes about 15 seconds at most: with many trials it goes faster, and with very many it leaves some out. A fit
that takes longer is looked at as it runs. Whatever a person does with the cursor ends a replay.
"""

import math
import threading
import time

PATIENCE = 0.5  # seconds: a fit that runs longer is shown live, one that ends sooner is replayed
LONGEST = 15.0  # seconds of a replay
FRAMES_PER_SECOND = 20  # at most, beyond which trials are left out
INSTANT = math.inf  # the pace that shows only the end


class Replay:
    """Moves the cursor of a session; `begin`, `record` and `end` follow its fits, `pace` is in trials per second.

    All return at once, on any thread. `drawn` waits for the picture of a trial.
    """

    def __init__(self, session, pace, drawn=lambda: None):
        self._session, self._drawn = session, drawn
        self._pace = pace
        self._change = threading.Condition()
        self._thread = None
        self._at = None  # where it has put the cursor, while it goes on
        self._ended = True
        self._first_trial_at = math.inf

    @property
    def playing(self):
        """Whether a replay goes on."""
        return self._at is not None

    @property
    def pace(self):
        """Trials per second; `INSTANT` shows the end only."""
        return self._pace

    @pace.setter
    def pace(self, value):
        with self._change:
            self._pace = value
            self._change.notify_all()
        if value == INSTANT:
            self.skip()

    def begin(self):
        """A new fit starts."""
        self.halt()
        with self._change:
            self._ended, self._first_trial_at = False, math.inf

    def record(self, count):
        """So many rows are recorded by now, the start included."""
        if count == 2 and self._pace != INSTANT:  # between start and first trial the solver may compile
            with self._change:
                self._first_trial_at, self._at = time.monotonic(), 0
                self._thread = threading.Thread(target=self._play, name="trfkit-replay", daemon=True)
                self._thread.start()
            self._session.show(0)

    def end(self):
        """The fit is over; if it was too fast to be seen, its replay goes on."""
        with self._change:
            self._ended = True
            self._change.notify_all()

    def skip(self):
        """Go to the newest trial."""
        if self.halt():
            self._session.show(None)

    def halt(self):
        """Leave the cursor where it is; whether a replay was going on."""
        with self._change:
            playing, self._at = self.playing, None
            self._change.notify_all()
        return playing

    def moved(self, cursor):
        """Told where the cursor is now: where it was not put by the replay, the replay is over."""
        if self._at is not None and cursor != self._at:
            self.halt()

    def join(self, timeout=None):
        """Wait until the replay is over; False if `timeout` (seconds) passed first."""
        with self._change:
            return self._change.wait_for(lambda: not self.playing, timeout)

    def _play(self):
        """Take one trial after the other until the newest is reached, or the fit counts as one that is shown live."""
        moved_at = time.monotonic()
        self._drawn()
        while self._wait(moved_at):
            moved_at = time.monotonic()
            at = self._next()
            self._session.show(at)
            if at is None:
                return
            self._drawn()

    def _wait(self, moved_at):
        """Wait for the time of the next move; False if the replay is over."""
        with self._change:
            while self._thread is threading.current_thread() and self.playing:
                live = not self._ended and time.monotonic() - self._first_trial_at >= PATIENCE
                left = moved_at + self._rhythm()[0] - time.monotonic()
                if live or left <= 0:
                    return True
                self._change.wait(left if self._ended else min(left, PATIENCE))
            return False

    def _rhythm(self):
        """Seconds for which a trial is shown, and how many trials the next one is away."""
        fastest = max(self._pace, FRAMES_PER_SECOND)
        needed = len(self._session.rows) / LONGEST
        return 1 / min(max(needed, self._pace), fastest), max(math.ceil(needed / fastest), 1)

    def _next(self):
        """The trial to go to; None, the newest, where the replay ends."""
        with self._change:
            if self._at is None:
                return None
            live = not self._ended and time.monotonic() - self._first_trial_at >= PATIENCE
            self._at += self._rhythm()[1]
            if live or self._at >= len(self._session.rows) - 1:
                self._at = None
                self._change.notify_all()
            return self._at
