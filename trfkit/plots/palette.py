"""The colours of every figure, for light and for dark grounds.

Text has a contrast of at least 4.5:1 against the ground, lines and marks at least 3:1 (WCAG 2.2, 1.4.3 and 1.4.11).
What a colour says a shape says, too: SVD is a circle, CG a triangle, a rejected trial a cross, the start a square.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.colors import to_hex, to_rgb


@dataclass(frozen=True)
class Palette:
    """Colours by role, as "#rrggbb"."""

    # the page
    ground: str
    text: str
    muted: str
    grid: str
    # the fit
    model: str  # also the steps by SVD
    cg: str
    rejected: str  # also the bounds and the band of ratios that shrink the region
    parts: tuple[str, str, str]  # the parts of a composite model; the second is also the band that grows the region
    data: str

    def pale(self, color: str, opacity: float) -> str:
        """A colour as it looks on the ground, where it covers that only in part."""
        return to_hex(opacity * np.array(to_rgb(color)) + (1 - opacity) * np.array(to_rgb(self.ground)))


PALETTES = {
    "light": Palette(
        ground="#ffffff",
        text="#1f2328",
        muted="#6e7781",
        grid="#e6e8eb",
        model="#0b62c4",
        cg="#d9730d",
        rejected="#cf222e",
        parts=("#8a63d2", "#2a9d8f", "#b08800"),
        data="#57606a",
    ),
    "dark": Palette(
        ground="#111111",
        text="#e6edf3",
        muted="#9198a1",
        grid="#2a2f36",
        model="#58a6ff",
        cg="#f0883e",
        rejected="#ff7b72",
        parts=("#b794f6", "#4fd1c5", "#e3b341"),
        data="#9aa4af",
    ),
}
