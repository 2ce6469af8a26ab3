"""The controls of long work: a button that starts it, how far it is, how long it will take, and Cancel."""

import html

import ipywidgets

from trfkit.widgets.said import alert

MINUTE, HOUR = 60, 3600  # seconds


class TaskBar:
    """Start and watch some of the tasks of `trfkit.session.Tasks`: `buttons` for a row of choices, `box` below it.

    start() begins the work, and what it raises for bad input is shown; changed() is called after a press.
    """

    def __init__(self, tasks, kinds, word, start, changed):
        self._tasks, self._kinds = tasks, kinds
        self._start, self._changed = start, changed
        self._error = None  # of the last press
        self._ended = None  # the task that had ended when that was
        self.start = ipywidgets.Button(description=word).add_class("trfkit-action").add_class("trfkit-primary")
        self.cancel = ipywidgets.Button(description="Cancel", disabled=True).add_class("trfkit-action")
        self.buttons = (self.start, self.cancel)
        self.box = ipywidgets.HTML()
        self.start.on_click(self._pressed)
        self.cancel.on_click(lambda _: tasks.cancel())

    def _pressed(self, _):
        self._error, self._ended = None, self._tasks.last
        try:
            self._start()
        except (RuntimeError, TypeError, ValueError) as error:
            self._error = error
        self._changed()

    def refresh(self, possible):
        """Bring it in line with the tasks; `possible` says whether the work could be started."""
        progress, last = self._tasks.progress, self._tasks.last
        mine = progress is not None and progress.what in self._kinds
        self.start.disabled = not possible or self._tasks.running
        self.cancel.disabled = not mine
        error = self._error
        if error is None and last is not None and last is not self._ended and last.what in self._kinds:
            error = last.error
        said = _bar(progress) if mine else alert(error)
        if self.box.value != said:
            self.box.value = said


def _bar(progress):
    """A bar and the same in words; without an end before the first chunk is done."""
    if progress.total == 0:
        words, ends = "compiling…", ""
    else:
        words, ends = progress_words(progress), f' max="{progress.total}" value="{progress.done}"'
    bar = f'<progress aria-label="{html.escape(progress.what)}"{ends}></progress>'
    return f'<div class="trfkit-task">{bar}<span>{words}</span></div>'


def progress_words(progress):
    """How far a task is and how long it will take: "312 of 1000 · about 4 s left"."""
    done = f"{progress.done} of {progress.total}"
    if progress.what == "profile":
        done = f"{100 * progress.done // progress.total} %"
    return done if progress.left_s is None else f"{done} · {time_words(progress.left_s)} left"


def time_words(seconds):
    """About how long: "about 4 s", "about 3 min", "about 2 h"."""
    if seconds < 1:
        return "less than 1 s"
    if seconds < 1.5 * MINUTE:
        return f"about {seconds:.0f} s"
    if seconds < 1.5 * HOUR:
        return f"about {seconds / MINUTE:.0f} min"
    return f"about {seconds / HOUR:.0f} h"
