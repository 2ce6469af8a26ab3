"""Colours for numbers on both sides of zero: blue above, orange below, the ground's own colour at zero."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from trfkit.plots.palette import Palette


def diverging(palette: Palette) -> LinearSegmentedColormap:
    """From −1 by way of 0 to 1."""
    return LinearSegmentedColormap.from_list("diverging", (palette.cg, palette.ground, palette.model))


def readable_on(color) -> str:
    """Black or white, whichever has more contrast to a colour: on any colour one has 4.5:1 (WCAG 2.2, 1.4.3)."""
    return "#000000" if luminance(color) + 0.05 > np.sqrt(0.05 * 1.05) else "#ffffff"


def luminance(color) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    channels = np.array(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
