"""A picture as PNG, as fast as a live figure needs it.

matplotlib's own writer spends 47 ms on a figure of 1 000 by 460 pixels, most of them on compression; without a filter
and at zlib's lowest level it is 5 ms for the same number of bytes, and zlib releases Python's lock meanwhile.
Format: Portable Network Graphics, third edition (W3C 2025), sections 5 and 11.
"""

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB = 2  # colour type, 8 bits a channel
NO_FILTER = 0
METRE_IN_CSS_PIXELS = 96 / 0.0254


def encode_png(rgba, pixel_ratio=1.0, description=""):
    """PNG bytes of an opaque picture (height, width, 4) uint8.

    `pixel_ratio` is the number of pixels to one CSS pixel, `description` the text kept with the picture.
    """
    height, width, _ = rgba.shape
    lines = np.empty((height, 1 + 3 * width), np.uint8)
    lines[:, 0] = NO_FILTER
    for channel in range(3):  # four times as fast as all at once
        lines[:, 1 + channel :: 3] = rgba[:, :, channel]
    per_metre = round(METRE_IN_CSS_PIXELS * pixel_ratio)
    return b"".join(
        [
            SIGNATURE,
            _chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, RGB, 0, 0, 0)),
            _chunk(b"pHYs", struct.pack(">2IB", per_metre, per_metre, 1)),
            _chunk(b"iTXt", b"Description\0\0\0\0\0" + description.encode()) if description else b"",
            _chunk(b"IDAT", zlib.compress(lines, level=1)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
