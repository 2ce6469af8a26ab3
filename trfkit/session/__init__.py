"""One data set being fitted: model, parameters and options as they are changed, and the fits that come of them.

settings     what a person chooses, and the line of choices that undo and redo go along
runner       one fit at a time on a thread of its own, watched, paused, stepped and stopped
choices      data and settings, changed, undone and taken back
document     all of it as JSON and back
fit_session  FitSession: everything that a button does is a method here
"""

from .fit_session import FitSession
from .runner import StateChanged, TrialRecorded
from .settings import CursorMoved, Settings, SettingsChanged

__all__ = ["CursorMoved", "FitSession", "Settings", "SettingsChanged", "StateChanged", "TrialRecorded"]
