"""What a move of a parameter's slider costs the kernel, and whether session and view end in the same state.

usage: python tests/benchmarks/slider_events.py [--events 10000] [--peaks 1 2 8]

The messages are those of the browser, one drag of a slider to and fro, fed to the widget as fast as it takes them: in
a notebook the browser sends the next one only when the last is answered. What the widget sends is written as JSON, as
the kernel does, and dropped. "behind" is the time from the last message until the view has been told, "bytes" what it
is told for each event.
"""

import argparse
import json
import statistics
import time

import numpy as np
from machine import print_machine

from trfkit.session import FitSession
from trfkit.widgets.parameters import ParameterPanel
from trfkit.widgets.sliders.ranges import STEPS


def model_of(peaks):
    """The text of a sum of Gaussians."""
    return " + ".join(f"h{k}*exp(-((x - c{k})/w{k})^2)" for k in range(peaks))


def open_panel(peaks):
    """Session, panel, and the list of the bytes of each message that the panel has sent."""
    x = np.linspace(0, 10, 1000)
    start = {f"{what}{k}": value + k for k in range(peaks) for what, value in {"h": 3.0, "c": 1.0, "w": 1.0}.items()}
    session = FitSession(model_of(peaks), x, np.exp(-((x - 4) ** 2)), start, bounds={"c0": (0, 10)})
    panel = ParameterPanel(session)
    session.observe(lambda event: panel.refresh())
    sent = []
    panel.box.comm.publish_msg = lambda *kind, data=None, **_: sent.append(len(json.dumps(data)))
    return session, panel, sent


def drag(panel, positions):
    """Seconds for each of the messages of one drag."""
    slider, seconds = panel.box.row("c0")["slider"], []
    for position in positions:
        event = {"type": "slide", "name": "c0", "position": position, "slider": slider, "gesture": "1"}
        message = {"content": {"data": {"method": "custom", "content": {"kind": "events", "events": [event]}}}}
        begin = time.perf_counter()
        panel.box._handle_msg(message | {"buffers": []})
        seconds.append(time.perf_counter() - begin)
    return seconds


def measure(peaks, events):
    """Print a line for so many peaks."""
    session, panel, sent = open_panel(peaks)
    rest = np.random.default_rng(0).integers(0, STEPS + 1, events - 1)
    seconds = drag(panel, [*rest.tolist(), 777])
    behind = seconds[-1]
    shown = float(panel.box.row("c0")["value"])
    assert session.parameters["c0"].value == shown == 7.77
    assert panel.box.row("c0")["position"] == 777
    session.undo()
    assert not session.can_undo  # the whole drag was one step
    size = sum(sent) / events
    median, worst = 1e3 * statistics.median(seconds), 1e3 * max(seconds)
    rate = events / sum(seconds)
    print(f"{3 * peaks:10}{events:8}{rate:10.0f}{median:11.2f}{worst:10.2f}{1e3 * behind:11.2f}{size:8.0f}", flush=True)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--peaks", type=int, nargs="+", default=[1, 2, 8])
    options = parser.parse_args()
    print_machine()
    print(
        f"{'parameters':>10}{'events':>8}{'events/s':>10}{'median ms':>11}{'worst ms':>10}{'behind ms':>11}{'bytes':>8}"
    )
    for peaks in options.peaks:
        measure(peaks, options.events)


if __name__ == "__main__":
    main()
