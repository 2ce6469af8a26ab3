"""Edges: a step, and a rectangle of two of them, with three forms of the edge."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf, expit
from scipy import special

from .model import Model, ParameterSpec
from .separable import Grid, Separable, evenly, mesh, ratios


def _erf_edge(t):
    return 0.5 * (1.0 + erf(t / jnp.sqrt(2.0)))


def _arctan_edge(t):
    return 0.5 + jnp.arctan(t) / jnp.pi


# What each form is in JAX, in NumPy, in LaTeX, and what its width is: that of the peak which is its derivative.
_EDGES = {"erf": _erf_edge, "arctan": _arctan_edge, "logistic": expit}
_NUMPY_EDGES = {"erf": special.ndtr, "arctan": lambda t: 0.5 + np.arctan(t) / np.pi, "logistic": special.expit}
_FORMULAS = {
    "erf": r"\frac{1}{2} \operatorname{erf}\left(\frac{x - <at>}{\sqrt{2} \, <width>}\right)",
    "arctan": r"\frac{1}{\pi} \arctan\left(\frac{x - <at>}{<width>}\right)",
    "logistic": r"\frac{1}{1 + e^{-(x - <at>) / <width>}}",
}
_HALF = {"erf": r"\frac{1}{2} + ", "arctan": r"\frac{1}{2} + ", "logistic": ""}  # which cancel in a rectangle
_WIDTHS = {
    "erf": "standard deviation of the Gaussian that blurs the edge",
    "arctan": "half width at half maximum of the Lorentzian that blurs the edge",
    "logistic": "1/4 of the height divided by the steepest slope",
}


@dataclass(frozen=True)
class StepFunction:
    """height · S((x − center) / width), S rising from 0 to 1."""

    form: str

    def __call__(self, x, height, center, width):
        """The step at x."""
        return height * _EDGES[self.form]((x - center) / width)


@dataclass(frozen=True)
class RectangleFunction:
    """height · [S((x − left) / left_width) − S((x − right) / right_width)]."""

    form: str

    def __call__(self, x, height, left, right, left_width, right_width):
        """The rectangle at x."""
        edge = _EDGES[self.form]
        return height * (edge((x - left) / left_width) - edge((x - right) / right_width))


@dataclass(frozen=True)
class Edges:
    """The column of a step (left, width), or of a rectangle (left, right, left width, right width)."""

    form: str

    def __call__(self, x, left, *rest):
        """One column, in a tuple."""
        edge = _NUMPY_EDGES[self.form]
        if len(rest) == 1:
            return (edge((x - left) / rest[0]),)
        right, left_width, right_width = rest
        return (edge((x - left) / left_width) - edge((x - right) / right_width),)


def _height_and_shape(x, theta, c):
    return c[0], *theta


def _extent(x) -> float:
    return float(np.ptp(x)) or 1.0


def _step_grid(x, y) -> Grid:
    extent = _extent(x)
    return mesh(evenly(x.min(), x.min() + extent, 31), ratios(0.004 * extent, 0.4 * extent, 6))


def _rectangle_grid(x, y) -> Grid:
    extent = _extent(x)
    ends = evenly(x.min(), x.min() + extent, 17)
    edges = mesh(ends, ends, ratios(0.02 * extent, 0.02 * extent, 1))
    inside = edges.theta[:, 0] < edges.theta[:, 1]
    theta = edges.theta[inside][:, [0, 1, 2, 2]]
    return Grid(theta, np.broadcast_to([ends.step, ends.step, 1.0, 1.0], theta.shape))


def _check_form(form: str) -> None:
    if form not in _EDGES:
        raise ValueError(f"`form` of an edge must be one of {', '.join(map(repr, _EDGES))}, got {form!r}.")


def _edge_latex(form: str, at: str, width: str) -> str:
    return _FORMULAS[form].replace("<at>", f"<{at}>").replace("<width>", f"<{width}>")


def _named(name: str, form: str) -> str:
    return name if form == "erf" else f"{name}(form={form!r})"


def Step(prefix="", form="erf"):
    """An edge from 0 to height: height, center, width; form 'erf', 'arctan' or 'logistic'."""
    _check_form(form)
    return Model(
        StepFunction(form),
        (
            ParameterSpec("height", "y", description="value on the right; on the left it is 0"),
            ParameterSpec("center", "x", default=0.0, description="where half of the height is reached"),
            ParameterSpec("width", "x", 0.0, description=_WIDTHS[form]),
        ),
        _named("Step", form),
        prefix,
        rf"<height> \left[{_HALF[form]}{_edge_latex(form, 'center', 'width')}\right]",
        Separable(Edges(form), _height_and_shape, _step_grid, (False, True)),
    )


def Rectangle(prefix="", form="erf"):
    """Up at left, down at right: height, left, right, left_width, right_width; form as for `Step`."""
    _check_form(form)
    return Model(
        RectangleFunction(form),
        (
            ParameterSpec("height", "y", description="value between the edges"),
            ParameterSpec("left", "x", default=0.0, description="position of the left edge"),
            ParameterSpec("right", "x", default=1.0, description="position of the right edge"),
            ParameterSpec("left_width", "x", 0.0, description=_WIDTHS[form]),
            ParameterSpec("right_width", "x", 0.0, description=_WIDTHS[form]),
        ),
        _named("Rectangle", form),
        prefix,
        rf"<height> \left[{_edge_latex(form, 'left', 'left_width')}"
        rf" - {_edge_latex(form, 'right', 'right_width')}\right]",
        Separable(Edges(form), _height_and_shape, _rectangle_grid, (False, False, True, True)),
    )
