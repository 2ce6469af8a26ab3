"""The one thread that draws: soon after it is asked to, the newest only, and nobody waits for it."""

import threading
import time

from trfkit.events import ending


class Painter:
    """Calls paint() after `ask()`, once for all that was asked since the last time.

    Between the starts of two pictures lie `pause()` seconds at least. The thread lives while it has to. If `paint`
    raises, the traceback is on the screen and the next `ask` tries again.
    """

    def __init__(self, paint, pause):
        self._paint, self._pause = paint, pause
        self._change = threading.Condition()
        self._asked = self._painted = 0
        self._thread = None
        self._began_at = 0.0

    def ask(self):
        """Have a picture drawn soon; returns at once, on any thread."""
        with self._change:
            self._asked += 1
            # A program that ends waits for the thread, which may be in the middle of XLA or of FreeType, and starts no
            # other. A daemon, which it would be where a daemon asks, is ended there, and C++ aborts the process.
            if self._thread is None and not ending.is_set():
                self._thread = threading.Thread(target=self._work, name="trfkit-painter", daemon=False)
                self._thread.start()

    def join(self, timeout=None):
        """Wait until all is drawn that was asked for; False if `timeout` (seconds) passed first."""
        with self._change:
            return self._change.wait_for(lambda: self._thread is None, timeout)

    def _work(self):
        try:
            while self._take():
                self._paint()
        finally:
            with self._change:
                if self._thread is threading.current_thread():
                    self._thread = None  # `paint` raised
                    self._change.notify_all()

    def _take(self):
        """Wait for the time of the next picture; False where there is none to draw, and then the thread is over."""
        time.sleep(max(0.0, self._began_at + self._pause() - time.monotonic()))
        with self._change:
            if self._painted == self._asked:
                self._thread = None
                self._change.notify_all()
                return False
            self._painted = self._asked
            self._began_at = time.monotonic()
            return True
