"""Spots in an image: x has shape (2, m), one row for each coordinate of the pixels, in any order."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from .model import Model, ParameterSpec
from .separable import Grid, Separable

BRIGHT = 0.5  # of the way from the median to the maximum
# σ in standard deviations of the pixels above half of the maximum: these fill a disc of radius √(2 ln 2) σ evenly,
# along each axis with half of that radius for their standard deviation.
SIGMA_OF_BRIGHT = 2.0 / np.sqrt(2.0 * np.log(2.0))
SIZES = (0.03, 0.06, 0.12, 0.25)  # of the extent


@jax.jit
def gaussian_2d(x, height, center_x, center_y, sigma_x, sigma_y, angle):
    """height · exp(−u² / (2 sigma_x²) − v² / (2 sigma_y²)), (u, v) the coordinates from the centre, turned by angle."""
    dx, dy = x[0] - center_x, x[1] - center_y
    c, s = jnp.cos(angle), jnp.sin(angle)
    return height * jnp.exp(-0.5 * (((c * dx + s * dy) / sigma_x) ** 2 + ((c * dy - s * dx) / sigma_y) ** 2))


def _spot_grid(x, y, local=False) -> Grid:
    """Spots at the brightest and at the darkest pixel: round ones of some sizes, and what the moments say.

    The moments take all bright pixels for one spot; with `local` there is only the brightest with those around it.
    """
    if x.ndim != 2 or x.shape[0] != 2:
        raise ValueError(f"a 2-D Gaussian is guessed from x of shape (2, m), got {x.shape}.")
    extent = float(np.max(np.ptp(x, axis=1))) or 1.0
    spots = []
    for level in (y,) if local else (y, -y):
        spots += [(*x[:, np.argmax(level)], size * extent, size * extent, 0.0) for size in SIZES]
        if not local:
            spots.append(_measured(x, level, extent))
    theta = np.array(spots)
    wide = 0.5 * np.maximum(theta[:, 2], theta[:, 3])
    return Grid(theta, np.stack([wide, wide, *np.broadcast_to([[0.5], [0.5], [0.4]], (3, len(theta)))], axis=1))


def _measured(x, level, extent) -> tuple:
    """The spot that the pixels above half of the maximum make up, by their second moments."""
    third = np.partition(level, -min(3, level.size))[-min(3, level.size)]  # a single pixel may be noise
    dark = np.median(level)
    bright = x[:, level >= dark + BRIGHT * (third - dark)]
    sizes, axes = np.linalg.eigh(np.cov(bright) if bright.shape[1] > 2 else np.zeros((2, 2)))
    sizes = SIGMA_OF_BRIGHT * np.sqrt(np.maximum(sizes, (1e-3 * extent) ** 2))
    return *np.median(bright, axis=1), sizes[1], sizes[0], np.arctan2(axes[1, 1], axes[0, 1])


def _spot_column(x, center_x, center_y, sigma_x, sigma_y, angle):
    dx, dy = x[0] - center_x, x[1] - center_y
    c, s = np.cos(angle), np.sin(angle)
    return (np.exp(-0.5 * (((c * dx + s * dy) / sigma_x) ** 2 + ((c * dy - s * dx) / sigma_y) ** 2)),)


def _spot_values(x, theta, c):
    return c[0], *theta


_GAUSSIAN_2D = Model(
    gaussian_2d,
    (
        ParameterSpec("height", "y", description="value at the center; negative for a hole"),
        ParameterSpec("center_x", "x[0]", default=0.0, description="position along the first coordinate"),
        ParameterSpec("center_y", "x[1]", default=0.0, description="position along the second coordinate"),
        ParameterSpec("sigma_x", "x", 0.0, description="standard deviation along the axis turned by angle"),
        ParameterSpec("sigma_y", "x", 0.0, description="standard deviation across that axis"),
        ParameterSpec("angle", "rad", default=0.0, description="from the first coordinate towards the second"),
    ),
    "Gaussian2D",
    formula=r"<height> \, \exp\left(-\frac{[\cos<angle> \, (x_0 - <center_x>) + \sin<angle> \, (x_1 - <center_y>)]^2}"
    r"{2 \, <sigma_x>^2} - \frac{[\cos<angle> \, (x_1 - <center_y>) - \sin<angle> \, (x_0 - <center_x>)]^2}"
    r"{2 \, <sigma_y>^2}\right)",
    guesser=Separable(_spot_column, _spot_values, _spot_grid, (False, False, True, True, False), peak=True),
)


def Gaussian2D(prefix=""):
    """An elliptical Gaussian spot: height, center_x, center_y, sigma_x, sigma_y, angle."""
    return replace(_GAUSSIAN_2D, prefix=prefix)
