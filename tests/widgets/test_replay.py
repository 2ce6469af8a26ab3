"""Which trial is looked at, and when: a replay moves the cursor of a session that is only pretended here."""

import threading
import time

import numpy as np
import pytest

from trfkit.widgets import replay as replays
from trfkit.widgets.replay import INSTANT, PATIENCE, Replay

TIMEOUT = 30


class Pretended:
    """A session with rows and a cursor."""

    def __init__(self):
        self.rows, self.shown, self.times = [], [], []
        self.replay = None

    def show(self, index):
        self.shown.append(index)
        self.times.append(time.monotonic())
        self.replay.moved(index)


@pytest.fixture
def pretended():
    """pretended(pace) -> (session, replay)"""

    def make(pace):
        session = Pretended()
        session.replay = Replay(session, pace)
        return session, session.replay

    return make


def fit(session, replay, count, pause=0.0):
    """A fit of so many trials, the start included."""
    replay.begin()
    session.rows = []
    for _ in range(count):
        session.rows.append(np.zeros(3))
        replay.record(len(session.rows))
        time.sleep(pause)
    replay.end()


def test_a_fast_fit_is_gone_through_trial_by_trial_at_the_pace(pretended):
    session, replay = pretended(20)
    fit(session, replay, 6)
    assert replay.playing
    assert replay.join(TIMEOUT)
    assert session.shown == [0, 1, 2, 3, 4, None]
    assert np.diff(session.times).min() >= 0.045


def test_instant_pace_never_moves_the_cursor(pretended):
    session, replay = pretended(INSTANT)
    fit(session, replay, 6)
    assert not replay.playing and session.shown == []


def test_a_fit_that_takes_longer_is_followed_as_it_runs(pretended):
    session, replay = pretended(4)
    fit(session, replay, 60, pause=2 * PATIENCE / 60)
    assert not replay.playing
    assert session.shown[-1] is None and len(session.shown) < 6


def test_a_fit_with_one_trial_a_second_is_not_replayed_behind_its_back(pretended):
    session, replay = pretended(16)
    replay.begin()
    session.rows = [0, 1]
    replay.record(1)
    replay.record(2)
    assert replay.join(TIMEOUT)
    assert session.shown == [0, None]


@pytest.mark.parametrize("count", [60, 4000])
def test_a_long_replay_is_shortened_in_time_and_beyond_twenty_frames_a_second_in_trials(pretended, monkeypatch, count):
    monkeypatch.setattr(replays, "LONGEST", 3.0)
    session, replay = pretended(1)
    fit(session, replay, count)
    assert replay.join(TIMEOUT)
    shown = session.shown[:-1]
    assert session.shown[-1] is None and shown[-1] > 0.9 * count
    assert len(set(np.diff(shown))) == 1
    assert len(shown) == count - 1 if count == 60 else 50 < len(shown) <= 60
    assert session.times[-1] - session.times[0] >= 2.5  # at least the time that all frames take


def test_a_cursor_that_someone_else_moves_ends_the_replay(pretended):
    session, replay = pretended(10)
    fit(session, replay, 30)
    session.show(12)
    assert not replay.playing
    before = list(session.shown)
    time.sleep(0.25)
    assert session.shown == before


def test_skip_goes_to_the_newest_and_only_where_a_replay_goes_on(pretended):
    session, replay = pretended(1)
    replay.skip()
    assert session.shown == []
    fit(session, replay, 5)
    replay.skip()
    assert session.shown == [0, None] and not replay.playing


def test_a_change_of_pace_is_felt_at_once(pretended):
    session, replay = pretended(1)
    fit(session, replay, 30)
    started = time.monotonic()
    replay.pace = 200
    assert replay.join(TIMEOUT)
    assert time.monotonic() - started < TIMEOUT / 2  # at the old pace 29 s
    replay.begin()
    fit(session, replay, 5)
    replay.pace = INSTANT
    assert not replay.playing and session.shown[-1] is None


def test_the_next_fit_ends_the_replay_of_the_last_and_no_thread_is_left(pretended):
    session, replay = pretended(2)
    for _ in range(5):
        fit(session, replay, 10)
    replay.halt()
    deadline = time.monotonic() + TIMEOUT
    while any(thread.name == "trfkit-replay" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_fit_without_a_trial_has_no_replay(pretended):
    session, replay = pretended(4)
    fit(session, replay, 1)
    assert not replay.playing and session.shown == []
