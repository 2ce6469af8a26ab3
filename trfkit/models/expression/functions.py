"""What an expression may call, and its constants: all of jax.numpy and jax.scipy.special, elementwise, differentiable.

A function is here if a scientist writes it in a formula of real numbers and JAX has it to float64 accuracy. Names and
arguments are NumPy's and SciPy's; where both a short and a long name are common, the other one is an alias.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax.scipy import special


class Function(NamedTuple):
    """A function that an expression may call."""

    arguments: str  # as the documentation has them; one with a default may be left out
    apply: Callable | None  # None for where, whose branches are not evaluated before it

    @property
    def counts(self) -> tuple[int, int]:
        """(fewest, most) arguments."""
        names = self.arguments.split(", ")
        return sum("=" not in name for name in names), len(names)


def _heaviside(x, at_zero=0.5):
    return jnp.heaviside(x, at_zero)


_ONE_ARGUMENT = {
    "exp": jnp.exp,
    "exp2": jnp.exp2,
    "expm1": jnp.expm1,
    "log": jnp.log,  # the natural logarithm
    "log2": jnp.log2,
    "log10": jnp.log10,
    "log1p": jnp.log1p,
    "sqrt": jnp.sqrt,
    "cbrt": jnp.cbrt,
    "abs": jnp.abs,
    "sign": jnp.sign,
    "floor": jnp.floor,
    "ceil": jnp.ceil,
    "round": jnp.round,
    "sin": jnp.sin,
    "cos": jnp.cos,
    "tan": jnp.tan,
    "arcsin": jnp.arcsin,
    "arccos": jnp.arccos,
    "arctan": jnp.arctan,
    "sinh": jnp.sinh,
    "cosh": jnp.cosh,
    "tanh": jnp.tanh,
    "arcsinh": jnp.arcsinh,
    "arccosh": jnp.arccosh,
    "arctanh": jnp.arctanh,
    "radians": jnp.radians,
    "degrees": jnp.degrees,
    "sinc": jnp.sinc,  # sin(pi x)/(pi x)
    "erf": special.erf,
    "erfc": special.erfc,
    "erfcx": special.erfcx,  # exp(x²) erfc(x)
    "erfinv": special.erfinv,
    "ndtr": special.ndtr,  # the normal distribution function
    "dawsn": special.dawsn,
    "gamma": special.gamma,
    "lgamma": special.gammaln,
    "digamma": special.digamma,
    "expit": special.expit,  # 1/(1 + exp(-x))
    "logit": special.logit,
    "i0": special.i0,
    "i0e": special.i0e,
    "i1": special.i1,
    "i1e": special.i1e,
}

FUNCTIONS = {name: Function("x", apply) for name, apply in _ONE_ARGUMENT.items()} | {
    "where": Function("condition, a, b", None),
    "heaviside": Function("x, at_zero=0.5", _heaviside),
    "minimum": Function("a, b", jnp.minimum),
    "maximum": Function("a, b", jnp.maximum),
    "clip": Function("x, low, high", jnp.clip),
    "power": Function("a, b", jnp.power),
    "hypot": Function("a, b", jnp.hypot),
    "mod": Function("a, b", jnp.mod),  # of the sign of b, as Python's %
    "arctan2": Function("y, x", jnp.arctan2),
    "logaddexp": Function("a, b", jnp.logaddexp),  # log(exp(a) + exp(b))
    "beta": Function("a, b", special.beta),
    "betaln": Function("a, b", special.betaln),
    "gammainc": Function("a, x", special.gammainc),
    "gammaincc": Function("a, x", special.gammaincc),
}

ALIASES = {
    "ln": "log",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "pow": "power",
    "fabs": "abs",
    "min": "minimum",
    "max": "maximum",
    "gammaln": "lgamma",
    "sigmoid": "expit",
    "deg2rad": "radians",
    "rad2deg": "degrees",
}

# Parameters are often called so: these are functions only where they are called. Any other function's name without
# parentheses is taken for a slip.
ALSO_PARAMETERS = frozenset({"beta", "gamma", "i0", "i1"})

CONSTANTS = {"pi": math.pi, "e": math.e}
CONSTANT_ALIASES = {"π": "pi"}
NOT_FINITE = frozenset({"inf", "infinity", "nan"})
