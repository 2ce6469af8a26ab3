"""One data set being fitted: model, parameters and options as they are changed, and the fits that come of them.

data         points and their errors, and what a Series or DataArray calls itself
settings     what a person chooses, and the line of choices that undo and redo go along
choices      settings that are changed, undone and taken back
runner       one fit at a time on a thread of its own, watched, paused, stepped and stopped
trials       the trials of the last fit, gone through one by one
tasks        bootstrap, profile, times and fits from many starts, with progress, beside the fit
document     all of it as JSON and back
fit_session  FitSession: everything that a button does is a method here
"""

from .data import Data, label_of
from .fit_session import FitSession
from .runner import StateChanged, TrialRecorded
from .settings import CursorMoved, Settings, SettingsChanged
from .tasks import Progress, TaskEnded, TaskProgressed

__all__ = [
    "CursorMoved", "Data", "FitSession", "Progress", "Settings", "SettingsChanged", "StateChanged", "TaskEnded",
    "TaskProgressed", "TrialRecorded", "label_of",
]  # fmt: skip
