"""Starts for a function of which nothing is known but its values: a typed formula, or a user's own.

Which parameters enter linearly is probed by second differences. The others are drawn from what such parameters can be:
lengths and positions on the scale of x, rates on that of 1/x, plain numbers; for each draw the linear ones follow by
least squares. The best draws are varied, twice. What this finds is a start if three or so parameters are nonlinear, and
luck if many more are.
"""

from functools import partial

import jax
import numpy as np
from scipy.stats import qmc

POINTS = 128  # of the data; always as many, so that a function compiles once
DRAWS = 256  # a round
ROUNDS = 3
SURVIVORS = 8
VARIATION = 0.4  # of a survivor's parameters in the second round, halved in the next
BASES = 6  # draws at which linearity is probed
LINEAR = 1e-8  # relative second difference that is rounding


@partial(jax.jit, static_argnums=0)
def _all_at_once(function, x, draws):
    return jax.vmap(lambda draw: function(x, *draw))(draws)


def _values(function, x, draws) -> np.ndarray:
    """The function (k, m) for k draws of its parameters."""
    try:
        values = _all_at_once(function, x, draws)
    except TypeError:  # what JAX raises where a function of NumPy meets its tracers
        values = [function(x, *draw) for draw in draws]
    return np.broadcast_to(np.asarray(values, dtype=float), (len(draws), np.shape(x)[-1]))


def _linear(function, x, draws) -> list[int]:
    """Places of parameters in which, jointly, the function is linear at every draw."""
    n = draws.shape[1]
    probes = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]

    def mixed(j, k):
        """(largest mixed difference over largest change, whether anything changed)."""
        at = np.repeat(draws, 4, axis=0)
        at[:, [j, k]] = 0.0
        for i, (first, second) in enumerate(probes):
            at[i::4, j] += first
            at[i::4, k] += second
        f = _values(function, x, at).reshape(len(draws), 4, -1)
        change = np.max(np.abs(f[:, 1] - f[:, 0]))
        difference = np.max(np.abs(f[:, 3] - f[:, 1] - f[:, 2] + f[:, 0]))
        return difference <= LINEAR * np.max(np.abs(f)) and change > 0  # False where anything is not finite

    linear = []
    for j in range(n):
        if mixed(j, j) and all(mixed(j, k) for k in linear):
            linear.append(j)
    return linear


def _drawn(specs, x, rng) -> np.ndarray:
    """DRAWS of all parameters from what they can be, as far as their units and bounds tell."""
    first = np.atleast_2d(x)[0]
    extent = float(np.ptp(first)) or 1.0
    u = qmc.Halton(len(specs), rng=rng).random(DRAWS)
    kinds = {"x": ("length", "position"), "1/x": ("rate",)}
    draws = np.empty_like(u)
    for j, spec in enumerate(specs):
        possible = kinds.get(spec.unit, ("length", "position", "rate", "number", "negative rate", "negative number"))
        kind, v = np.divmod(u[:, j] * len(possible), 1.0)
        values = {
            "length": extent * 10.0 ** (2.0 * v - 1.7),  # 0.02 to 2 of the extent
            "position": first.min() + extent * v,
            "rate": 10.0 ** (2.0 * v - 0.5) / extent,
            "number": 10.0 ** (2.0 * v - 1.0),
        }
        values |= {"negative rate": -values["rate"], "negative number": -values["number"]}
        draws[:, j] = np.choose(kind.astype(int), [values[name] for name in possible])
        if spec.min >= 0.0:
            draws[:, j] = np.abs(draws[:, j])
    draws[0] = [spec.default for spec in specs]
    return draws


def _completed(function, x, y, draws, linear, specs) -> tuple[np.ndarray, np.ndarray]:
    """(draws with their linear parameters by least squares, what each leaves over)."""
    draws = np.clip(draws, [spec.min for spec in specs], [spec.max for spec in specs])
    if linear:
        draws[:, linear] = 0.0
        fixed = _values(function, x, draws)
        columns = np.empty((len(draws), len(linear), y.size))
        for i, j in enumerate(linear):
            at = draws.copy()
            at[:, j] = 1.0
            columns[:, i] = _values(function, x, at) - fixed
        usable = np.isfinite(columns).all(axis=(1, 2)) & np.isfinite(fixed).all(axis=1)
        columns, fixed = np.where(usable[:, None, None], columns, 0.0), np.where(usable[:, None], fixed, 0.0)
        c = (np.linalg.pinv(columns.transpose(0, 2, 1), rcond=1e-8) @ (y - fixed)[..., None])[..., 0]
        draws[:, linear] = np.clip(c, [specs[j].min for j in linear], [specs[j].max for j in linear])
    left_over = np.sum((_values(function, x, draws) - y) ** 2, axis=1)
    return draws, np.where(np.isfinite(left_over), left_over, np.inf)


def probed(model, x, y) -> tuple:
    """A value for each parameter of the model, from data y (m,) over x (m,) or (k, m), finite throughout."""
    specs, rng = model.parameters, np.random.default_rng(0)
    kept = np.linspace(0, y.size - 1, POINTS).round().astype(int)
    x, y = x[..., kept], y[kept]
    draws = _drawn(specs, x, rng)
    linear = _linear(model.function, x, draws[1 : BASES + 1])
    draws, left_over = _completed(model.function, x, y, draws, linear, specs)
    for round_ in range(1, ROUNDS if len(linear) < len(specs) else 1):
        best = draws[np.argsort(left_over, kind="stable")[:SURVIVORS]]
        varied = np.repeat(best, DRAWS // SURVIVORS, axis=0)
        spread = np.abs(varied) + 0.1 * float(np.ptp(np.atleast_2d(x)[0])) * (varied == 0)
        varied = varied + VARIATION / 2.0 ** (round_ - 1) * spread * rng.standard_normal(varied.shape)
        varied[:SURVIVORS] = best
        draws, left_over = _completed(model.function, x, y, varied, linear, specs)
    return tuple(draws[np.argmin(left_over)])
