"""A picture that changes while one looks, and that can be pointed at, dragged and zoomed.

canvas      Canvas: frames out, events in
events      panels and handles, and what a person does on them, in data coordinates

In the browser: canvas.js, the line to the kernel; view.js, which draws; gestures.js, which listens to pointer and keys.
"""

from trfkit.widgets.canvas.canvas import Canvas

__all__ = ["Canvas"]
