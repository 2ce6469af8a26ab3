"""A picture in the notebook that changes while one looks, and that can be pointed at, dragged and zoomed.

The kernel draws frames and sends them as PNG; the browser paints them, draws over them what must follow the
pointer at once (handles, crosshair, rubber band), and tells what was done. Neither side queues what is out of date:

- Of the frames at most two are unacknowledged; the newest waits, and those before it are dropped.
- Of the messages about the pointer one is unanswered; of the moves since then the last is kept. Starts, ends, clicks
  and keys are all sent, in order.

Every frame has a serial number that comes back with each event, so that an event is read with the axes that were on the
screen when it happened.
"""

import collections
import threading
import time
from dataclasses import asdict
from typing import NamedTuple

import anywidget
import ipywidgets
import traitlets

from trfkit.widgets import assets
from trfkit.widgets.canvas.events import Region, handles_as_json, read_event

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

TOOLS = ("point", "select", "pan", "zoom")
IN_FLIGHT = 2  # one is painted while the next is on its way
# Seconds after which a frame no longer counts as in flight. A kernel that runs a cell hears no acknowledgement, and a
# hidden page sends none: both are then shown about two frames a second.
PATIENCE = 1.0
AXES_REMEMBERED = 1024  # sets of regions; a minute and more of panning without rest


class _Frame(NamedTuple):
    serial: int
    png: bytes
    alt: str
    regions: tuple[Region, ...]


class Canvas(anywidget.AnyWidget):
    """Frames of `width` by `height` CSS pixels, shown no wider than there is room for.

    `show` a frame; `regions` are its panels and `handles` the marks on them; `on_event(callback)` calls back with the
    events of `trfkit.widgets.canvas.events`, in data coordinates. `show` and `handles` may be used from any thread.

    tool         what a drag on an empty place does: nothing ("point"), "select" a range of x, "pan", "zoom" to a box.
                 With every tool the wheel zooms while Ctrl is held, and a double click is a Reset.
    shortcuts    keys that the focused canvas takes from the page and tells as `Key`: "a", "Escape", "Shift+Delete",
                 "Ctrl+z" (on a Mac Ctrl or Command)
    pixel_ratio  pixels to a CSS pixel of the screen that shows it: told by the browser, for whoever draws the frames
    room         CSS pixels that there are from left to right; 0 until a browser has told
    dark         whether the page has light text on a dark ground; told by the browser, too

    By keyboard: Tab goes to the plot and on to each handle. Arrow keys move a handle, or the plot's crosshair, by one
    CSS pixel, with Shift by ten, with Alt by a tenth. On the plot Enter clicks, Space begins a drag with the tool and
    ends it, Escape gives a drag up.
    """

    _esm = assets.read("canvas/canvas.js", "canvas/view.js", "canvas/gestures.js")
    _css = assets.read("canvas/canvas.css")

    width = traitlets.Int().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    tool = traitlets.Enum(TOOLS, default_value="point").tag(sync=True)
    shortcuts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    pixel_ratio = traitlets.Float(1.0).tag(sync=True)
    room = traitlets.Int(0).tag(sync=True)
    dark = traitlets.Bool(False).tag(sync=True)

    def __init__(self, width, height, **traits):
        self._lock = threading.RLock()
        self._callbacks = ipywidgets.CallbackDispatcher()
        self._regions, self._handles = (), ()
        self._frame = None  # the newest
        self._serial = 0  # counts what was shown: frames, and handles that were set without one
        self._sent = 0  # serial of what was sent last
        self._in_flight = {}  # {serial: when it was sent}
        self._painted = 0
        self._axes = collections.deque(maxlen=AXES_REMEMBERED)  # (first serial, the regions from there on)
        super().__init__(width=width, height=height, **traits)
        self.on_msg(self._hear)

    def show(self, png, alt=None):
        """Show a frame with the present `regions`; it replaces one that still waits. Returns its serial number.

        `png` are the bytes of a PNG, whose size in pixels may be any multiple of the canvas'. `alt` says in words what
        is to be seen; without it, the words of the last frame stay. Raises ValueError for bytes that are no PNG.
        """
        if not bytes(png[: len(PNG_SIGNATURE)]) == PNG_SIGNATURE:
            raise ValueError(f"`png` must be the bytes of a PNG, got {bytes(png[:8])!r}…")
        with self._lock:
            self._serial += 1
            if alt is None:
                alt = "" if self._frame is None else self._frame.alt
            self._frame = _Frame(self._serial, bytes(png), alt, self._regions)
            self._send_newest()
            return self._serial

    @property
    def painted(self):
        """Serial number of the newest frame that a browser has acknowledged; 0 before the first."""
        return self._painted

    @property
    def ready(self):
        """Whether a frame would be sent at once, not wait: who draws many need not draw those that are dropped."""
        with self._lock:
            return self._has_room()

    @property
    def regions(self):
        """The panels, as a tuple of `Region`; those set count from the next `show` on."""
        return self._regions

    @regions.setter
    def regions(self, regions):
        self._regions = _unique("regions", regions, "name")

    @property
    def handles(self):
        """The handles, as a tuple of `Handle`, drawn in this order; set them also while no frame is shown.

        A dragged handle goes with the pointer. Once the callback has been told of its end, it is where `handles` says.
        """
        return self._handles

    @handles.setter
    def handles(self, handles):
        handles = _unique("handles", handles, "id")
        with self._lock:
            if handles != self._handles:
                self._handles = handles
                self._serial += 1
                self._send_newest()

    def on_event(self, callback, remove=False):
        """Call callback(event) for what a person does, or no longer with `remove=True`.

        While the callback runs, the browser keeps what happens to itself, and of moves only the last.
        """
        self._callbacks.register_callback(callback, remove=remove)

    def __repr__(self):
        return f"Canvas({self.width}, {self.height})" if self._frame is None else f"Canvas: {self._frame.alt}"

    def _has_room(self):
        """With the lock held."""
        long_ago = time.monotonic() - PATIENCE
        self._in_flight = {serial: sent for serial, sent in self._in_flight.items() if sent > long_ago}
        return len(self._in_flight) < IN_FLIGHT

    def _send_newest(self):
        """With the lock held: send what the browser has not got, if it is not busy with what it has."""
        if self._sent == self._serial or not self._has_room():
            return
        message, buffers = {"kind": "scene", "serial": self._serial, "handles": handles_as_json(self._handles)}, None
        frame = self._frame
        if frame is not None and frame.serial > self._sent:
            message |= {"alt": frame.alt, "regions": [asdict(region) for region in frame.regions]}
            buffers = [frame.png]
            if not self._axes or self._axes[-1][1] != frame.regions:
                self._axes.append((self._serial, frame.regions))
        self._in_flight[self._serial] = time.monotonic()
        self._sent = self._serial
        self.send(message, buffers)

    def _hear(self, _, message, buffers):
        """Told of every message of the browser."""
        match message:
            case {"kind": "ready"}:  # a page has opened and has nothing yet
                with self._lock:
                    self._in_flight.clear()
                    self._sent = 0
                    self._send_newest()
            case {"kind": "painted", "serial": serial}:
                with self._lock:
                    self._painted = max(self._painted, serial)
                    self._in_flight = {later: sent for later, sent in self._in_flight.items() if later > serial}
                    self._send_newest()
            case {"kind": "events", "events": events}:
                try:
                    for told in events:
                        self._tell(told)
                finally:
                    self.send({"kind": "answer", "handles": handles_as_json(self._handles)})

    def _tell(self, told):
        """Call back with an event, unless its panel is gone."""
        region = None
        if "panel" in told:
            region = self._region(told["panel"], told["serial"])
            if region is None:
                return
        self._callbacks(read_event(told, region))

    def _region(self, name, serial):
        """The panel as it was on the screen with `serial`; forgotten, as it was first remembered."""
        with self._lock:
            then = next((regions for first, regions in reversed(self._axes) if first <= serial), None)
            regions = self._axes[0][1] if then is None and self._axes else then or ()
        return next((region for region in regions if region.name == name), None)


def _unique(what, things, key):
    """The things as a tuple. Raises ValueError where two have the same name."""
    things = tuple(things)
    names = [getattr(thing, key) for thing in things]
    twice = [name for name, count in collections.Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"`{what}` must differ in their {key}, got {', '.join(map(repr, twice))} more than once.")
    return things
