"""The canvas as a person meets it: painted, dragged, zoomed and typed at in a real JupyterLab."""

import itertools
import json

import pytest

pytestmark = pytest.mark.browser

# A panel of 300 by 150 pixels with a handle in its middle that goes anywhere, and one that goes left and right.
SHOW = """
import dataclasses, itertools, json, time
import ipywidgets, numpy as np
from trfkit.plots.png import encode_png
from trfkit.widgets.canvas import Canvas
from trfkit.widgets.canvas.events import Dragged, Handle, Region
from trfkit.widgets.keys import Keys

def handle(name, x, y, cursor="move"):
    return Handle(name, "data", x, y, f"peak {name}: center {x:.3f}, height {y:.3f}", cursor)

def new_canvas():
    canvas, events = Canvas(400, 200), []

    def paint(shade, alt):
        canvas.show(encode_png(np.full((300, 600, 4), shade, np.uint8), pixel_ratio=1.5), alt)

    def follow(event):
        time.sleep(next(delays))
        events.append({"kind": type(event).__name__, **dataclasses.asdict(event)})
        if isinstance(event, Dragged):
            moved = {"a": handle("a", event.x, event.y), "w": handle("w", event.x, 1.0, "ew-resize")}
            canvas.handles = [moved[old.id] if old.id == event.handle_id else old for old in canvas.handles]
            paint(150, f"dragged to {event.x:.3f}")

    canvas.regions = [Region("data", 40, 20, 300, 150, (0, 10), (0, 5))]
    canvas.handles = [handle("a", 5.0, 2.5), handle("w", 7.0, 1.0, "ew-resize")]
    canvas.shortcuts = ["z", "Ctrl+y"]
    canvas.on_event(follow)
    paint(230, "a grey plot")
    return canvas, events, paint

delays = itertools.repeat(0.0)
canvas, events, paint = new_canvas()
ipywidgets.VBox([canvas, Keys()])
"""
REPORT = """
handles = {h.id: (h.x, h.y) for h in canvas.handles}
print(json.dumps({"events": events, "handles": handles, "ratio": canvas.pixel_ratio, "painted": canvas.painted},
                 default=list))
events.clear()
"""
BELOW = ["'a long output\\n' * 20"] * 30  # enough for the notebook to scroll
MIDDLE = (190, 95)  # (5, 2.5) in data coordinates
PIXEL = (10 / 300, 5 / 150)  # one CSS pixel in data coordinates


class CanvasPage:
    """A notebook whose first cell shows the canvas: where it is, what it shows, and what the kernel knows."""

    SHOW, REPORT, SCRATCH = 0, 1, 2  # the cells

    def __init__(self, notebook):
        self.notebook, self.page = notebook, notebook.page
        notebook.run_cell(self.SHOW)
        self.view = self.page.locator(".trfkit-canvas").first
        self.picture = self.view.locator("canvas")
        self.handle = self.view.locator("[data-id=a]")
        self.bar = self.view.locator("[data-id=w]")
        self.note = self.view.locator("[role=status]")
        self.readout = self.view.locator(".trfkit-readout")
        self.wait_for_picture("a grey plot")
        self.view.scroll_into_view_if_needed()

    def wait_for_picture(self, alt):
        self.view.locator(f"canvas[aria-label^='{alt}']").wait_for()

    def at(self, left, top):
        """The place on the page of a place on the canvas."""
        self.view.scroll_into_view_if_needed()
        box = self.view.bounding_box()
        scale = box["width"] / 400
        return box["x"] + left * scale, box["y"] + top * scale

    def drag(self, start, *places):
        """Press at the first place, go to the others, and let go at the last."""
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down()
        for place in places:
            self.page.mouse.move(*self.at(*place), steps=5)
        self.page.mouse.up()

    def python(self, source):
        """Run some lines in the kernel."""
        self.notebook.write_cell(self.SCRATCH, source)
        self.notebook.run_cell(self.SCRATCH)

    def kernel(self):
        """What the kernel knows, once it has dealt with everything; its list of events is empty after that."""
        self.page.mouse.move(0, 0)
        self.notebook.wait_until_idle()
        return json.loads(self.notebook.run_cell(self.REPORT).splitlines()[-1])

    def events(self, *kinds):
        return [event for event in self.kernel()["events"] if event["kind"] in kinds]


@pytest.fixture
def canvas(share_notebook):
    return CanvasPage(share_notebook(SHOW, REPORT, "", *BELOW))


@pytest.fixture
def canvas_to_lose(canvas):
    """One whose kernel may end; the tests after it have the one that is started in its place."""
    yield canvas
    canvas.python("'again'")


def _shade(canvas):
    """The colour at the middle of the picture."""
    return canvas.picture.evaluate(
        "c => [...c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data.slice(0, 3)]"
    )


# Frames


def test_frame_is_painted_with_its_words_and_at_its_size(canvas):
    assert _shade(canvas) == [230, 230, 230]
    assert canvas.picture.get_attribute("role") == "img"
    assert canvas.picture.get_attribute("aria-live") == "off"
    assert canvas.picture.evaluate("c => [c.width, c.height]") == [600, 300]
    box = canvas.picture.bounding_box()
    assert (box["width"], box["height"]) == (400, 200)
    assert canvas.kernel()["painted"] > 0
    assert canvas.notebook.errors() == []


def test_thousand_frames_at_once_end_with_the_last(canvas):
    canvas.python("for i in range(1000): paint(i % 200, f'frame {i}')\npaint(77, 'the last')")
    canvas.wait_for_picture("the last")
    assert _shade(canvas) == [77, 77, 77]


def test_two_views_show_the_same_and_one_follows_the_other(canvas):
    canvas.python("canvas")
    second = canvas.page.locator(".trfkit-canvas").nth(1)
    second.locator("canvas[aria-label='a grey plot']").wait_for()
    canvas.drag(MIDDLE, (220, 65))
    second.locator("[data-id=a][aria-label='peak a: center 6.000, height 3.500']").wait_for()
    second.locator("canvas[aria-label='dragged to 6.000']").wait_for()


def test_page_that_is_loaded_again_shows_the_last_frame(canvas):
    canvas.python("paint(99, 'while nobody looked')")
    canvas.page.keyboard.press("Control+s")
    canvas.page.locator("#jp-main-statusbar", has_text="Saving completed").wait_for()
    canvas.page.reload()
    canvas.notebook.wait_until_idle()
    canvas.wait_for_picture("while nobody looked")
    assert _shade(canvas) == [99, 99, 99]
    canvas.drag(MIDDLE, (220, 65))
    canvas.wait_for_picture("dragged to 6.000")


def test_kernel_that_is_busy_is_said_to_be_until_it_answers(canvas):
    # In what is called back; a busy cell alone some kernels hear through.
    canvas.python("delays = itertools.chain([3.0], delays)")
    canvas.drag(MIDDLE, (220, 65))
    canvas.page.locator(".trfkit-note", has_text="The kernel does not answer").wait_for()
    canvas.wait_for_picture("dragged to 6.000")
    canvas.note.wait_for(state="hidden")


# Pointer


def test_handle_follows_the_pointer_and_kernel_and_page_agree(canvas):
    canvas.drag((192, 94), (222, 64), (252, 124))  # not quite at its centre: it does not jump
    canvas.wait_for_picture("dragged to 7.000")
    assert canvas.handle.get_attribute("aria-label") == "peak a: center 7.000, height 1.500"
    known = canvas.kernel()
    phases = [event["phase"] for event in known["events"] if event["kind"] == "Dragged"]
    assert (phases[0], phases[-1]) == ("start", "end")
    assert set(phases[1:-1]) == {"move"}
    assert known["handles"]["a"] == pytest.approx((7, 1.5), abs=1e-9)
    assert canvas.handle.get_attribute("transform") == "translate(250 125)"


def test_bar_goes_left_and_right_only(canvas):
    canvas.drag((250, 140), (280, 60))
    assert canvas.kernel()["handles"]["w"] == pytest.approx((8, 1), abs=1e-9)


def test_handle_has_a_target_of_24_pixels_however_narrow_the_view(canvas):
    canvas.python("canvas.layout.width = '200px'")
    canvas.page.wait_for_function("document.querySelector('.trfkit-canvas').clientWidth === 200")
    box = canvas.handle.locator(".trfkit-hit").bounding_box()
    assert min(box["width"], box["height"]) >= 24
    left, top = canvas.at(*MIDDLE)
    canvas.page.mouse.move(left + 11, top)
    canvas.page.mouse.down()
    canvas.page.mouse.move(left + 11 + 15, top, steps=3)  # 30 pixels of the canvas
    canvas.page.mouse.up()
    assert canvas.kernel()["handles"]["a"] == pytest.approx((6, 2.5), abs=1e-9)


def test_ten_thousand_moves_leave_no_backlog(canvas):
    canvas.python("delays = itertools.repeat(0.02)")
    left, top = canvas.at(*MIDDLE)
    canvas.page.mouse.move(left, top)
    canvas.page.mouse.down()
    # In slices, as a browser would hand them over; all the while the kernel takes 20 ms for each that it is told.
    took = canvas.page.evaluate(
        """async ([left, top]) => {
            const svg = document.querySelector(".trfkit-canvas svg");
            for (let i = 0; i < 10000; i++) {
                const clientX = left + 60 * Math.sin(i / 300), clientY = top + 30 * (i / 9999);
                svg.dispatchEvent(new PointerEvent("pointermove", {clientX, clientY, pointerId: 1, bubbles: true}));
                if (i % 100 === 99) await new Promise((resolve) => setTimeout(resolve));
            }
            svg.dispatchEvent(new PointerEvent("pointerup", {clientX: left + 30, clientY: top, pointerId: 1}));
            const before = performance.now();
            for (let took = 0; took < 60000; took = performance.now() - before) {
                if (document.querySelector("[aria-label='dragged to 6.000']")) return took;
                await new Promise((resolve) => setTimeout(resolve, 5));
            }
        }""",
        [left, top],
    )
    canvas.page.mouse.up()
    known = canvas.kernel()
    told = [event for event in known["events"] if event["kind"] == "Dragged"]
    assert told[0]["phase"] == "start"
    assert told[-1]["phase"] == "end"
    assert known["handles"]["a"] == pytest.approx((6, 2.5), abs=1e-9)
    assert 2 < len(told) < 1000
    assert took < 1000  # milliseconds, the drawing of the last included; the moves alone would take the kernel 200 s


def test_hover_reads_values_without_the_kernel(canvas):
    canvas.notebook.write_cell(canvas.SCRATCH, "time.sleep(3)")
    canvas.notebook.start_cell(canvas.SCRATCH)
    canvas.page.mouse.move(*canvas.at(100, 50))
    canvas.view.locator(".trfkit-readout", has_text="x 2.00, y 4.00").wait_for(timeout=1000)
    assert canvas.view.locator(".trfkit-cross").get_attribute("d") == "M40 50H340M100 20V170"
    canvas.notebook.wait_until_idle()
    canvas.page.mouse.move(*canvas.at(5, 5))
    told = canvas.events("Hovered", "Left")
    assert told[-1]["kind"] == "Left"
    assert told[-2]["x"] == pytest.approx(2, abs=PIXEL[0])
    assert canvas.readout.text_content() == ""


def test_click_tells_place_and_modifiers_and_a_double_click_resets(canvas):
    canvas.page.keyboard.down("Shift")
    canvas.page.mouse.click(*canvas.at(100, 50))
    canvas.page.keyboard.up("Shift")
    canvas.page.wait_for_timeout(600)  # longer than a double click
    canvas.page.mouse.dblclick(*canvas.at(160, 50))
    told = canvas.events("Clicked", "Reset")
    assert [event["kind"] for event in told] == ["Clicked", "Clicked", "Clicked", "Reset"]
    assert told[0]["modifiers"] == ["shift"]
    assert (told[0]["x"], told[0]["y"]) == pytest.approx((2, 4), abs=PIXEL[0])
    assert told[1]["modifiers"] == []


def test_select_tool_shows_a_band_and_tells_the_range(canvas):
    canvas.python("canvas.tool = 'select'")
    canvas.page.mouse.move(*canvas.at(280, 50))
    canvas.page.mouse.down()
    canvas.page.mouse.move(*canvas.at(100, 90), steps=5)
    canvas.view.locator(".trfkit-readout", has_text="x 2.00 … 8.00").wait_for()
    band = canvas.view.locator(".trfkit-band")
    assert [float(band.get_attribute(name)) for name in ("x", "y", "width", "height")] == [100, 20, 180, 150]
    canvas.page.mouse.move(*canvas.at(5, 90))  # out of the panel: as far as its edge
    canvas.page.mouse.up()
    (told,) = canvas.events("RangeSelected", "Clicked")
    assert (told["panel"], told["low"], told["high"]) == ("data", 0, pytest.approx(8, abs=PIXEL[0]))
    assert not band.is_visible()


def test_escape_gives_a_drag_up(canvas):
    canvas.python("canvas.tool = 'select'")
    canvas.page.mouse.move(*canvas.at(100, 50))
    canvas.page.mouse.down()
    canvas.page.mouse.move(*canvas.at(200, 90), steps=5)
    canvas.page.keyboard.press("Escape")
    canvas.page.mouse.up()
    canvas.drag(MIDDLE, (220, 65))
    canvas.page.mouse.move(*canvas.at(220, 65))
    canvas.page.mouse.down()
    canvas.page.mouse.move(*canvas.at(250, 95), steps=5)
    canvas.page.keyboard.press("Escape")
    canvas.page.mouse.up()
    known = canvas.kernel()
    assert not [event for event in known["events"] if event["kind"] in ("RangeSelected", "Clicked")]
    assert known["handles"]["a"] == pytest.approx((6, 3.5), abs=1e-9)
    assert [event["phase"] for event in known["events"] if event["kind"] == "Dragged"][-1] == "end"


def test_pan_tool_takes_the_data_along(canvas):
    canvas.python("canvas.tool = 'pan'")
    canvas.drag((100, 50), (130, 80))
    told = canvas.events("Panned")
    assert [told[0]["phase"], told[-1]["phase"]] == ["start", "end"]
    assert told[0]["x_limits"] == [0, 10]
    assert told[-1]["x_limits"] == pytest.approx([-1, 9], abs=PIXEL[0])
    assert told[-1]["y_limits"] == pytest.approx([1, 6], abs=PIXEL[1])


def test_zoom_tool_tells_the_box(canvas):
    canvas.python("canvas.tool = 'zoom'")
    canvas.drag((100, 50), (160, 80))
    canvas.drag((100, 50), (160, 51))
    box, flat = canvas.events("Zoomed")
    assert box["x_limits"] == pytest.approx([2, 4], abs=PIXEL[0])
    assert box["y_limits"] == pytest.approx([3, 4], abs=PIXEL[1])
    assert flat["x_limits"] == pytest.approx([2, 4], abs=PIXEL[0])
    assert flat["y_limits"] == [0, 5]


def test_wheel_scrolls_the_notebook_and_zooms_with_ctrl(canvas):
    scrolled = "document.querySelector('.jp-WindowedPanel-outer').scrollTop"
    canvas.page.mouse.move(*canvas.at(100, 50))
    canvas.page.keyboard.down("Control")
    before = canvas.page.evaluate(scrolled)
    for _ in range(3):
        canvas.page.mouse.wheel(0, -100)
    canvas.page.keyboard.up("Control")
    canvas.page.wait_for_timeout(300)
    assert canvas.page.evaluate(scrolled) == before
    canvas.page.mouse.wheel(0, 100)
    canvas.page.wait_for_function(f"{scrolled} > {before}")
    told = canvas.events("Zoomed")
    low, high = told[-1]["x_limits"]
    assert high - low == pytest.approx(10 * 2.718281828 ** (-0.6), rel=1e-3)
    assert low + (high - low) * 0.2 == pytest.approx(2, abs=2 * PIXEL[0])  # where the pointer is, nothing moves


def test_touch_drags_a_handle_and_scrolls_the_notebook_elsewhere(canvas):
    touch = canvas.page.context.new_cdp_session(canvas.page)
    scrolled = "document.querySelector('.jp-WindowedPanel-outer').scrollTop"
    start = canvas.page.evaluate(scrolled)

    def swipe(*places):
        points = [dict(zip("xy", canvas_at, strict=True)) for canvas_at in places]
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
        for point in points[1:]:
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    left, top = canvas.at(*MIDDLE)
    swipe(*((left + 3 * i, top - 3 * i) for i in range(11)))
    canvas.wait_for_picture("dragged to 6.000")
    assert canvas.page.evaluate(scrolled) == start
    left, top = canvas.at(100, 150)
    swipe(*((left, top - 10 * i) for i in range(12)))
    canvas.page.wait_for_function(f"{scrolled} > {start} + 50")
    assert canvas.kernel()["handles"]["a"] == pytest.approx((6, 3.5), abs=1e-6)


# Keyboard


def test_tab_reaches_the_plot_and_then_each_handle(canvas):
    canvas.view.locator("svg").focus()
    names = [canvas.page.evaluate("document.activeElement.getAttribute('aria-label')")]
    for _ in range(2):
        canvas.page.keyboard.press("Tab")
        names.append(canvas.page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert names[0].startswith("Plot.")
    assert names[1:] == ["peak a: center 5.000, height 2.500", "peak w: center 7.000, height 1.000"]


def test_arrow_keys_move_a_handle_that_keeps_the_focus(canvas):
    canvas.handle.focus()
    for key in ["ArrowRight", "Shift+ArrowRight", "Alt+ArrowRight", "ArrowUp"]:
        canvas.page.keyboard.press(key)
    x, y = 5 + 11.1 * PIXEL[0], 2.5 + PIXEL[1]
    canvas.view.locator(f"[data-id=a][aria-label='peak a: center {x:.3f}, height {y:.3f}']").wait_for()
    assert canvas.handle.evaluate("element => element === document.activeElement")
    assert canvas.handle.get_attribute("aria-valuetext") == f"center {x:.3f}, height {y:.3f}"
    assert canvas.readout.text_content() == canvas.handle.get_attribute("aria-label")
    known = canvas.kernel()
    assert known["handles"]["a"] == pytest.approx((x, y), abs=1e-9)
    phases = [event["phase"] for event in known["events"] if event["kind"] == "Dragged"]
    assert [phase for phase, _ in itertools.groupby(phases)] == ["start", "move", "end"] * 4


def test_handles_are_named_sliders_with_values_in_their_range(canvas):
    for handle, text in [(canvas.handle, "center 5.000, height 2.500"), (canvas.bar, "center 7.000, height 1.000")]:
        names = ("role", "tabindex", "aria-valuetext", "aria-valuemin", "aria-valuemax", "aria-orientation")
        assert [handle.get_attribute(name) for name in names] == ["slider", "0", text, "0", "10", "horizontal"]
        assert 0 <= float(handle.get_attribute("aria-valuenow")) <= 10
    assert canvas.view.locator("svg").first.get_attribute("role") == "application"


def test_crosshair_clicks_and_selects_by_keyboard(canvas):
    canvas.python("canvas.tool = 'select'")
    canvas.view.locator("svg").focus()
    for key in ["Shift+ArrowLeft", "Shift+Enter", " ", *["Shift+ArrowRight"] * 3, " "]:
        canvas.page.keyboard.press(key)
    canvas.view.locator("[aria-live=polite]", has_text="x 4.67 … 5.67").wait_for(state="attached")
    clicked, selected = canvas.events("Clicked", "RangeSelected")
    low = 5 - 10 * PIXEL[0]
    assert (clicked["x"], clicked["y"], clicked["modifiers"]) == (pytest.approx(low), 2.5, ["shift"])
    assert (selected["low"], selected["high"]) == pytest.approx((low, low + 1))


def test_shortcuts_are_told_and_other_keys_delete_no_cell(canvas):
    cells = canvas.page.locator(".jp-CodeCell").count()
    canvas.view.locator("svg").focus()
    for key in ["z", "d", "d", "Control+y", "x"]:
        canvas.page.keyboard.press(key)
    told = canvas.events("Key")
    assert [event["key"] for event in told] == ["z", "Ctrl+y"]
    assert canvas.page.locator(".jp-CodeCell").count() == cells


def test_page_asks_for_nothing_outside_of_the_server(canvas):
    asked = []
    canvas.page.on("request", lambda request: asked.append(request.url))
    canvas.drag(MIDDLE, (220, 65))
    canvas.wait_for_picture("dragged to 6.000")
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "blob:", "data:"))] == []


# A kernel that is gone


def test_kernel_that_died_leaves_the_last_frame_and_the_page_says_so(canvas_to_lose):
    canvas = canvas_to_lose
    assert canvas.note.inner_text() == ""
    canvas.notebook.write_cell(canvas.SCRATCH, "import os; os._exit(0)")
    canvas.notebook.start_cell(canvas.SCRATCH)
    canvas.page.locator(".jp-Dialog button").last.click()
    canvas.drag(MIDDLE, (220, 65))
    canvas.page.locator(".trfkit-note", has_text="The kernel does not answer").wait_for()
    assert _shade(canvas) == [230, 230, 230]


def test_kernel_that_is_restarted_leaves_the_last_frame_and_the_page_says_so(canvas_to_lose):
    canvas = canvas_to_lose
    canvas.page.click("#jp-MainMenu >> text=Kernel")
    canvas.page.click("li[data-command='kernelmenu:restart']")
    canvas.page.locator(".jp-Dialog button.jp-mod-accept").click()
    canvas.page.locator(".trfkit-note", has_text="The kernel does not answer").wait_for()
    assert _shade(canvas) == [230, 230, 230]
