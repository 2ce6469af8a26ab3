"""Texts as stamps: set once, and then copied to where they stand.

matplotlib sets each text anew, glyph by glyph, on each drawing: a third of the time of a panel that is panned, most of
it for numbers that were there on the frame before.
"""

from functools import lru_cache

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg

REMEMBERED = 512  # texts
ROOM = 4  # pixels that a glyph may reach beyond its box


class StampingRenderer(RendererAgg):
    """Agg with texts at whole pixels, each rendered once."""

    def __init__(self, width, height, dpi):
        super().__init__(width, height, dpi)
        self._remember = lru_cache(REMEMBERED)(self._stamp)

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        """As `RendererAgg.draw_text`; (x, y) are pixels from the upper left corner."""
        left, below, image = self._remember(s, prop, angle, ismath, gc.get_rgb()[:3])
        if image.size:
            self.draw_image(gc, round(x) + left, round(self.height - y) - below, image)

    def _stamp(self, s, prop, angle, ismath, color):
        """How far left of its origin a text begins and how far below, and its pixels, the lowest row first."""
        width, height, _ = self.get_text_width_height_descent(s, prop, ismath)
        reach = int(width + height) + ROOM
        plate = RendererAgg(2 * reach, 2 * reach, self.dpi)
        ink = plate.new_gc()
        ink.set_foreground(color)
        plate.draw_text(ink, reach, reach, s, prop, angle, ismath)
        pixels = np.asarray(plate.buffer_rgba())[::-1]
        rows, columns = (np.flatnonzero(pixels[:, :, 3].any(axis=axis)) for axis in (1, 0))
        if rows.size == 0:
            return 0, 0, pixels[:0]
        first, left = rows[0], columns[0]
        return left - reach, reach - first, pixels[first : rows[-1] + 1, left : columns[-1] + 1].copy()
