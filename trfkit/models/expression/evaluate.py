"""Tree -> arrays, in jax.numpy: elementwise, and so row by row, traceable and differentiable.

Literals stay Python floats, so that they take the precision of what they meet.

where(condition, a, b) has safe derivatives: a branch contributes where it is taken and nowhere else, in forward and in
reverse mode. jnp.where alone is not safe in reverse mode: at x < 0 the gradient of where(x > 0, x**b, 0) is 0 times the
NaN of the branch not taken. An elementwise branch has a diagonal Jacobian, so its partial derivatives, one for each
name, can be taken forward and masked before anything is multiplied by them. Second derivatives are as safe where the
outer pass is a forward one, as in jax.hessian.
"""

from collections.abc import Mapping
from functools import partial, reduce
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from .functions import CONSTANTS, FUNCTIONS
from .tree import Binary, Call, Comparison, Constant, Name, Negation, Node, Number, names

ARITHMETIC = {"+": jnp.add, "-": jnp.subtract, "*": jnp.multiply, "/": jnp.divide}
COMPARISONS = {"<": jnp.less, "<=": jnp.less_equal, ">": jnp.greater, ">=": jnp.greater_equal}

# Up to here a whole exponent multiplies (x**2 is x*x); beyond, the roundings of n - 1 products exceed that of pow.
MOST_PRODUCTS = 16


def evaluate(node: Node, values: Mapping[str, Any]):
    """The value of a tree; `values` holds a float array or number for each of its names."""
    match node:
        case Number(value):
            return value
        case Constant(name):
            return CONSTANTS[name]
        case Name(name):
            return values[name]
        case Negation(operand):
            return jnp.negative(evaluate(operand, values))
        case Binary("**", base, exponent) | Call("power", (base, exponent)):
            return _power(evaluate(base, values), exponent, values)
        case Binary(operator, left, right):
            return ARITHMETIC[operator](evaluate(left, values), evaluate(right, values))
        case Comparison():
            return jnp.where(_holds(node, values), 1.0, 0.0)
        case Call("where", (condition, a, b)):
            taken = _holds(condition, values)
            return jnp.where(taken, _branch(a, taken, _used(a, values)), _branch(b, ~taken, _used(b, values)))
        case Call(function, arguments):
            return FUNCTIONS[function].apply(*[evaluate(argument, values) for argument in arguments])


def _power(base, exponent: Node, values):
    whole = _whole_number(exponent)
    if whole is None or abs(whole) > MOST_PRODUCTS:
        return jnp.power(base, evaluate(exponent, values))
    return jnp.power(base, whole)


def _whole_number(node: Node) -> int | None:
    match node:
        case Number(value) if value.is_integer():
            return int(value)
        case Negation(Number(value)) if value.is_integer():
            return -int(value)
    return None


def _holds(node: Node, values):
    """Where a condition holds, as booleans; an expression that is no comparison holds where it is not 0."""
    if not isinstance(node, Comparison):
        return jnp.not_equal(evaluate(node, values), 0.0)
    operands = [evaluate(operand, values) for operand in node.operands]
    pairs = zip(node.operators, operands[:-1], operands[1:], strict=True)
    return reduce(jnp.logical_and, [COMPARISONS[operator](a, b) for operator, a, b in pairs])


def _used(node: Node, values):
    return {name: values[name] for name in names(node)}


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _branch(node: Node, taken, values):
    """One side of a where: its value where taken, else 0."""
    return jnp.where(taken, evaluate(node, values), 0.0)


@partial(_branch.defjvp, symbolic_zeros=True)
def _branch_jvp(node, primals, tangents):
    taken, values = primals
    out = _branch(node, taken, values)
    moved = jnp.zeros_like(out)
    for name, tangent in tangents[1].items():
        if not isinstance(tangent, SymbolicZero):
            slope = _partial_derivative(node, values, name)
            moved += jnp.where(taken, slope, 0.0) * tangent
    return out, moved


def _partial_derivative(node, values, name):
    value = values[name]
    return jax.jvp(lambda v: evaluate(node, values | {name: v}), (value,), (jnp.ones_like(value),))[1]
