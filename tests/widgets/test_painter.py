"""The thread that draws: the newest only, nobody waits for it, and it is gone when there is nothing to do."""

import threading
import time

import pytest

from trfkit.widgets.painter import Painter

TIMEOUT = 30


def test_what_was_asked_for_is_painted():
    painted = []
    painter = Painter(lambda: painted.append(threading.current_thread().name), lambda: 0.0)
    painter.ask()
    assert painter.join(TIMEOUT)
    assert painted == ["trfkit-painter"]


def test_the_end_of_the_program_waits_for_a_picture_that_a_daemon_asked_for():
    daemons = []
    painter = Painter(lambda: daemons.append(threading.current_thread().daemon), lambda: 0.0)
    asking = threading.Thread(target=painter.ask, daemon=True)
    asking.start()
    asking.join()
    assert painter.join(TIMEOUT)
    assert daemons == [False]


def test_a_thousand_wishes_while_one_picture_is_drawn_are_one_more_picture():
    painted, drawing, go_on = [], threading.Event(), threading.Event()

    def paint():
        painted.append(True)
        drawing.set()
        assert go_on.wait(TIMEOUT)

    painter = Painter(paint, lambda: 0.0)
    painter.ask()
    assert drawing.wait(TIMEOUT)
    for _ in range(1000):
        painter.ask()
    go_on.set()
    assert painter.join(TIMEOUT)
    assert len(painted) == 2


def test_what_is_painted_last_is_the_newest():
    newest, seen = [0], []
    painter = Painter(lambda: seen.append(newest[0]), lambda: 0.001)
    for newest[0] in range(1, 10_001):
        painter.ask()
    assert painter.join(TIMEOUT)
    assert seen[-1] == 10_000 and seen == sorted(seen)


def test_between_two_pictures_lies_the_pause():
    times = []
    painter = Painter(lambda: times.append(time.monotonic()), lambda: 0.05)
    while len(times) < 4:
        painter.ask()
        time.sleep(0.001)
    assert painter.join(TIMEOUT)
    assert all(later - earlier >= 0.049 for earlier, later in zip(times, times[1:], strict=False))


def test_a_picture_that_fails_is_told_and_the_next_one_is_tried(monkeypatch):
    told, painted = [], []
    monkeypatch.setattr(threading, "excepthook", told.append)

    def paint():
        if not told and not painted:
            painted.append("failed")
            raise RuntimeError("no paint")
        painted.append("drawn")

    painter = Painter(paint, lambda: 0.0)
    painter.ask()
    assert painter.join(TIMEOUT)
    deadline = time.monotonic() + TIMEOUT
    while not told:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    painter.ask()
    assert painter.join(TIMEOUT)
    assert painted == ["failed", "drawn"] and told[0].exc_value.args == ("no paint",)


@pytest.mark.parametrize("timeout", [0.01, None])
def test_nothing_asked_for_is_nothing_to_wait_for(timeout):
    assert Painter(lambda: None, lambda: 0.0).join(timeout)
