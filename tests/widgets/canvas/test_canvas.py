"""The kernel's half of the canvas: messages are sent and read as the browser would."""

import math
import threading
import time

import numpy as np
import pytest
import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from trfkit.plots.png import encode_png
from trfkit.widgets.canvas import Canvas
from trfkit.widgets.canvas import canvas as canvas_module
from trfkit.widgets.canvas.events import (
    Clicked,
    Dragged,
    Handle,
    Hovered,
    Key,
    Left,
    Panned,
    RangeSelected,
    Region,
    Reset,
    Zoomed,
)

PNG = encode_png(np.zeros((2, 3, 4), np.uint8))
PANEL = Region("data", 40, 20, 300, 150, (0, 10), (0, 5))
WIDER = Region("data", 40, 20, 300, 150, (0, 100), (0, 50))
LOG = Region("cost", 0, 0, 100, 100, (1, 100), (1e-3, 1e3), x_log=True, y_log=True)
PEAK = Handle("a", "data", 4, 2, "peak a: center 4, height 2")
NONE = frozenset()


class Browser:
    """Takes what the canvas sends, and answers."""

    def __init__(self, canvas, monkeypatch):
        self.canvas = canvas
        self.messages = []  # (content, buffers)
        monkeypatch.setattr(canvas.comm, "publish_msg", self._take)

    def _take(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        if data and data.get("method") == "custom":
            self.messages.append((data["content"], buffers))

    def say(self, **content):
        self.canvas._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    def tell(self, *events, serial=None):
        serial = self.scenes()[-1]["serial"] if serial is None else serial
        self.say(kind="events", events=[{"serial": serial, **event} for event in events])

    def paint(self):
        """Acknowledge the newest scene."""
        self.say(kind="painted", serial=self.scenes()[-1]["serial"])

    def scenes(self):
        return [content for content, _ in self.messages if content["kind"] == "scene"]

    def frames(self):
        return [buffers[0] for content, buffers in self.messages if content["kind"] == "scene" and buffers]


@pytest.fixture
def canvas():
    canvas = Canvas(400, 200)
    canvas.regions = [PANEL]
    yield canvas
    canvas.close()


@pytest.fixture
def browser(canvas, monkeypatch):
    return Browser(canvas, monkeypatch)


@pytest.fixture
def events(canvas, browser):
    """What the canvas tells, with a frame on the screen."""
    told = []
    canvas.on_event(told.append)
    canvas.show(PNG)
    browser.paint()
    return told


def _png(shade):
    return encode_png(np.full((2, 3, 4), shade, np.uint8))


# Frames


def test_frame_goes_out_with_its_words_and_its_panels(canvas, browser):
    serial = canvas.show(PNG, "a fit")
    ((content, buffers),) = browser.messages
    assert buffers == [PNG]
    assert (content["kind"], content["serial"], content["alt"]) == ("scene", serial, "a fit")
    assert content["regions"][0]["name"] == "data"
    assert tuple(content["regions"][0]["x_limits"]) == (0, 10)


def test_frame_without_words_keeps_those_of_the_last(canvas, browser):
    canvas.show(PNG, "a fit")
    canvas.show(PNG)
    assert browser.scenes()[-1]["alt"] == "a fit"
    assert repr(canvas) == "Canvas: a fit"


def test_of_frames_that_are_not_acknowledged_only_two_go_out_and_then_the_newest(canvas, browser):
    pictures = [_png(shade) for shade in range(50)]
    for picture in pictures:
        canvas.show(picture)
    assert browser.frames() == pictures[:2]
    browser.say(kind="painted", serial=1)
    assert browser.frames() == [*pictures[:2], pictures[-1]]
    browser.paint()
    assert len(browser.frames()) == 3


def test_ready_tells_whether_a_frame_would_wait(canvas, browser):
    assert canvas.ready
    canvas.show(PNG)
    assert canvas.ready
    canvas.show(PNG)
    assert not canvas.ready
    browser.paint()
    assert canvas.ready


def test_painted_is_the_newest_acknowledged(canvas, browser):
    first, second = canvas.show(PNG), canvas.show(PNG)
    assert canvas.painted == 0
    browser.say(kind="painted", serial=second)
    browser.say(kind="painted", serial=first)
    assert canvas.painted == second


def test_acknowledgement_of_a_frame_is_one_of_those_before_it(canvas, browser):
    canvas.show(PNG)
    browser.say(kind="painted", serial=canvas.show(PNG))
    canvas.show(_png(1))
    canvas.show(_png(2))
    assert browser.frames()[-2:] == [_png(1), _png(2)]


def test_frames_go_on_slowly_when_none_is_acknowledged(canvas, browser, monkeypatch):
    monkeypatch.setattr(canvas_module, "PATIENCE", 0.05)
    canvas.show(PNG)
    canvas.show(PNG)
    canvas.show(_png(1))
    time.sleep(0.06)
    canvas.show(_png(2))
    assert browser.frames() == [PNG, PNG, _png(2)]


def test_page_that_opens_later_gets_the_last_frame_and_the_handles(canvas, browser):
    canvas.handles = [PEAK]
    for shade in range(5):
        canvas.show(_png(shade), f"frame {shade}")
    browser.messages.clear()
    browser.say(kind="ready")
    ((content, buffers),) = browser.messages
    assert buffers == [_png(4)]
    assert content["alt"] == "frame 4"
    assert [handle["id"] for handle in content["handles"]] == ["a"]


def test_page_that_opens_before_the_first_frame_gets_nothing(canvas, browser):
    browser.say(kind="ready")
    assert browser.messages == []


def test_frames_from_many_threads_go_out_in_order(canvas, browser):
    def draw():
        for _ in range(50):
            canvas.show(PNG)
            browser.paint()

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    serials = [scene["serial"] for scene in browser.scenes()]
    assert serials == sorted(set(serials))
    assert serials[-1] == 200


@pytest.mark.parametrize("wrong", [b"", b"GIF89a", PNG[1:]])
def test_bytes_that_are_no_png_are_refused(canvas, wrong):
    with pytest.raises(ValueError, match="`png` must be the bytes of a PNG"):
        canvas.show(wrong)


def test_closed_canvas_takes_frames_and_sends_none(canvas, browser):
    canvas.close()
    browser.messages.clear()
    canvas.show(PNG)
    assert browser.messages == []


# Panels


def test_panel_reads_places_on_its_edges_as_its_limits():
    assert PANEL.to_data(40, 170) == (0, 0)
    assert PANEL.to_data(340, 20) == (10, 5)
    assert LOG.to_data(50, 50) == pytest.approx((10, 1))


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("pixel_ratio", [1, 1.5])
def test_panel_of_axes_reads_as_matplotlib_does(scale, pixel_ratio):
    figure = Figure(figsize=(9.2, 4.4), dpi=100 * pixel_ratio)
    FigureCanvasAgg(figure)
    _, ax = figure.subplots(1, 2)
    ax.set(xscale=scale, yscale=scale, xlim=(2, 700), ylim=(50, 0.1))
    region = Region.of_axes(ax, "data", pixel_ratio)
    for left, top in [(region.left, region.top), (region.left + 17, region.top + 33.5)]:
        expected = ax.transData.inverted().transform((left * pixel_ratio, 440 * pixel_ratio - top * pixel_ratio))
        np.testing.assert_allclose(region.to_data(left, top), expected, rtol=1e-12)


def test_panel_of_axes_with_another_scale_is_refused():
    ax = Figure().subplots()
    ax.set_xscale("symlog")
    with pytest.raises(ValueError, match="must be linear or log"):
        Region.of_axes(ax, "data")


def test_zooming_out_of_a_log_axis_stays_finite():
    assert all(map(math.isfinite, LOG.window(-1e5, -1e5, 1e5, 1e5)[0]))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("width", 0, "must have a size"),
        ("x_limits", (1, 1), "two different numbers"),
        ("y_limits", (0, np.nan), "two different numbers"),
        ("x_limits", (0, 1), "positive on a log axis"),
    ],
)
def test_panel_that_shows_nothing_is_refused(field, value, words):
    given = {"left": 0, "top": 0, "width": 9, "height": 9, "x_limits": (1, 2), "y_limits": (0, 1), "x_log": True}
    with pytest.raises(ValueError, match=words):
        Region("data", **{**given, field: value})


def test_panels_and_handles_of_the_same_name_are_refused(canvas):
    with pytest.raises(ValueError, match="`regions` must differ in their name, got 'data'"):
        canvas.regions = [PANEL, WIDER]
    with pytest.raises(ValueError, match="`handles` must differ in their id, got 'a'"):
        canvas.handles = [PEAK, PEAK]


# Handles


def test_handles_go_out_without_a_frame(canvas, browser):
    canvas.show(PNG)
    browser.paint()
    canvas.handles = [PEAK]
    content, buffers = browser.messages[-1]
    assert buffers is None
    assert content["handles"] == [
        {
            "id": "a",
            "panel": "data",
            "x": 4.0,
            "y": 2.0,
            "label": "peak a: center 4, height 2",
            "cursor": "move",
            "color": "",
        }
    ]


def test_same_handles_again_send_nothing(canvas, browser):
    canvas.handles = [PEAK]
    canvas.handles = [PEAK]
    assert len(browser.messages) == 1


def test_ten_thousand_handles_in_a_row_send_the_first_two_and_the_last(canvas, browser):
    for x in range(10_000):
        canvas.handles = [Handle("a", "data", x, 0, "a")]
    assert [scene["handles"][0]["x"] for scene in browser.scenes()] == [0, 1]
    browser.paint()
    assert browser.scenes()[-1]["handles"][0]["x"] == 9_999


def test_frame_that_waited_goes_out_though_handles_came_later(canvas, browser):
    canvas.show(PNG)
    canvas.show(PNG)
    canvas.show(_png(1))
    canvas.handles = [PEAK]
    browser.paint()
    assert browser.frames()[-1] == _png(1)
    assert browser.scenes()[-1]["handles"][0]["id"] == "a"


@pytest.mark.parametrize("x", [np.nan, np.inf])
def test_handle_without_a_place_is_not_sent(canvas, browser, x):
    canvas.handles = [Handle("a", "data", x, 0, "a"), Handle("b", "data", np.float32(2), 0, "b")]
    assert [handle["id"] for handle in browser.scenes()[-1]["handles"]] == ["b"]


def test_unknown_cursor_is_refused():
    with pytest.raises(ValueError, match="`cursor` of handle 'a' must be one of 'move', .* got 'grab'"):
        Handle("a", "data", 0, 0, "a", "grab")


# Events

BOX = [100, 45, 190, 95]  # of PANEL: x from 2 to 5, y from 2.5 to 4 1/6


@pytest.mark.parametrize(
    ("told", "event"),
    [
        ({"type": "drag", "id": "a", "left": 190, "top": 95, "phase": "move"}, Dragged("a", 5, 2.5, "move")),
        ({"type": "hover", "left": 190, "top": 95}, Hovered("data", 5, 2.5)),
        (
            {"type": "click", "left": 190, "top": 95, "modifiers": ["shift"]},
            Clicked("data", 5, 2.5, frozenset({"shift"})),
        ),
        ({"type": "range", "box": BOX, "modifiers": []}, RangeSelected("data", 2, 5, NONE)),
        ({"type": "pan", "box": [70, 20, 370, 170], "phase": "end"}, Panned("data", (1, 11), (0, 5), "end")),
        ({"type": "zoom", "box": [40, 20, 190, 170]}, Zoomed("data", (0, 5), (0, 5))),
        ({"type": "reset"}, Reset("data")),
    ],
)
def test_events_come_in_data_coordinates(browser, events, told, event):
    browser.tell({"panel": "data", **told})
    assert events == [event]


def test_events_without_a_panel(browser, events):
    browser.tell({"type": "leave"}, {"type": "key", "key": "Ctrl+z"})
    assert events == [Left(), Key("Ctrl+z")]


def test_range_on_a_reversed_axis_is_low_to_high(canvas, browser, events):
    canvas.regions = [Region("data", 0, 0, 100, 100, (10, 0), (0, 1))]
    canvas.show(PNG)
    browser.tell({"type": "range", "panel": "data", "box": [20, 0, 70, 100], "modifiers": []})
    assert events == [RangeSelected("data", 3, 8, NONE)]


def test_event_is_read_with_the_axes_of_the_frame_that_was_seen(canvas, browser, events):
    seen = browser.scenes()[-1]["serial"]
    canvas.regions = [WIDER]
    canvas.show(PNG)
    hover = {"type": "hover", "panel": "data", "left": 190, "top": 95}
    browser.tell(hover, serial=seen)
    browser.tell(hover)
    assert events == [Hovered("data", 5, 2.5), Hovered("data", 50, 25)]


def test_axes_of_a_frame_that_was_dropped_are_never_used(canvas, browser, events):
    canvas.show(PNG)
    canvas.show(PNG)
    canvas.regions = [WIDER]
    canvas.show(PNG)
    canvas.regions = [PANEL]
    canvas.show(PNG)
    browser.paint()
    browser.tell({"type": "hover", "panel": "data", "left": 190, "top": 95})
    assert events == [Hovered("data", 5, 2.5)]


def test_axes_longer_ago_than_remembered_are_the_oldest(canvas, browser, events, monkeypatch):
    first = browser.scenes()[-1]["serial"]
    for high in range(1, canvas_module.AXES_REMEMBERED + 1):
        canvas.regions = [Region("data", 0, 0, 100, 100, (0, high), (0, 1))]
        canvas.show(PNG)
        browser.paint()
    browser.tell({"type": "hover", "panel": "data", "left": 50, "top": 50}, serial=first)
    assert events == [Hovered("data", 0.5, 0.5)]


def test_event_of_a_panel_that_never_was_is_left_out_and_the_next_is_told(browser, events):
    browser.tell({"type": "reset", "panel": "gone"}, {"type": "reset", "panel": "data"})
    assert events == [Reset("data")]


def test_events_are_answered_with_the_handles_once_the_callback_is_through(canvas, browser, events):
    answered = []

    def follow(event):
        answered.append(browser.messages[-1][0]["kind"])
        canvas.handles = [Handle("a", "data", event.x, event.y, "a")]

    canvas.on_event(follow)
    drag = {"type": "drag", "panel": "data", "id": "a", "left": 190, "top": 95}
    browser.tell({**drag, "phase": "start"}, {**drag, "phase": "end"})
    assert "answer" not in answered
    content, _ = browser.messages[-1]
    assert content["kind"] == "answer"
    assert content["handles"][0]["x"] == 5


def test_callback_that_raises_keeps_no_other_from_its_events_and_no_answer_from_the_browser(canvas, browser, caplog):
    told = []
    canvas.on_event(lambda event: 1 / 0)
    canvas.on_event(told.append)
    canvas.show(PNG)
    browser.tell({"type": "leave"}, {"type": "reset", "panel": "data"})
    assert told == [Left(), Reset("data")]
    assert "ZeroDivisionError" in caplog.text
    assert browser.messages[-1][0]["kind"] == "answer"


def test_interrupt_in_a_callback_still_answers(canvas, browser):
    def interrupt(event):
        raise KeyboardInterrupt

    canvas.on_event(interrupt)
    with pytest.raises(KeyboardInterrupt):
        browser.tell({"type": "leave"}, serial=0)
    assert browser.messages[-1][0]["kind"] == "answer"


def test_callback_that_was_removed_hears_nothing(canvas, browser, events):
    canvas.on_event(events.append, remove=True)
    browser.tell({"type": "leave"})
    assert events == []


def test_message_of_another_version_says_so(browser, events, caplog):
    browser.tell({"type": "swipe"})
    assert "Reload the page" in caplog.text
    assert browser.messages[-1][0]["kind"] == "answer"


def test_unknown_tool_is_refused(canvas):
    with pytest.raises(traitlets.TraitError, match="select"):
        canvas.tool = "lasso"
