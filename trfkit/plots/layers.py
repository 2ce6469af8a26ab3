"""The pixels of the live picture in three layers: what is written once, the panels on it, and on these what moves.

Titles and keys cost as much to draw as all that stands in their panels, and change rarely. A panel is drawn anew on its
own tile, when its axes change; what moves is drawn on each frame, over the kept panels.
"""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from trfkit.plots.stamps import StampingRenderer


class _Canvas(FigureCanvasAgg):
    """Where the artists of a figure find their renderer."""

    def __init__(self, figure):
        super().__init__(figure)
        self.renderer = StampingRenderer(*self.get_width_height(physical=True), figure.dpi)

    def get_renderer(self):
        return self.renderer


class Layers:
    """The pixels of a figure with these Axes, each on its tile (rows, columns) of the picture."""

    def __init__(self, figure, axes, tiles):
        self._axes, self._tiles = axes, tiles
        self._renderer = _Canvas(figure).get_renderer()
        self.pixels = np.asarray(self._renderer.buffer_rgba())  # (height, width, 4) uint8
        figure.patch.draw(self._renderer)
        self._ground = self.pixels[0, 0].copy()
        self._written = None
        self._lettering, self._panels = np.empty_like(self.pixels), np.empty_like(self.pixels)

    def write(self, artists) -> bool:
        """Draw what all panels stand on; whether it is something else than before, so that they must be drawn anew."""
        if artists == self._written:
            return False
        self.pixels[:] = self._ground
        for artist in artists:
            artist.set_animated(True)  # for no panel draws it
            artist.draw(self._renderer)
        self._lettering[:] = self.pixels
        self._written = artists
        return True

    def draw_panels(self, names):
        """Draw these panels, without what moves."""
        self._restore(self._lettering, names)
        for name in names:
            self._axes[name].draw(self._renderer)
        for name in names:
            self._panels[self._tiles[name]] = self.pixels[self._tiles[name]]

    def draw_moving(self, names, artists):
        """Draw artists on these panels, where nothing else moves."""
        self._restore(self._panels, names)
        for artist in artists:
            artist.draw(self._renderer)

    def _restore(self, layer, names):
        for name in names:
            self.pixels[self._tiles[name]] = layer[self._tiles[name]]
