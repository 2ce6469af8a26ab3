"""Safe expressions: text that a user typed, as a function in JAX.

    decay = parse("a*exp(-x/tau) + c")
    decay.names                                          # ("a", "x", "tau", "c")
    decay.evaluate({"a": 2.0, "x": x, "tau": 3.0, "c": 0.1})

For typed models and for ties between parameters ("2*a.sigma"). The text is read by our own tokenizer and a precedence
parser into a tree of seven kinds of node. Python's eval, exec and compile have no part in it, so a text from a
stranger's file can compute numbers and nothing else.

The language, with Python's precedence:

    numbers      1   .5   1e-3          finite, and always floating point: 9**9**9 is inf, never a huge integer
    names        tau   x_0   τ   a.sigma    a prefix and a point at most; gamma, beta, i0 and i1 are functions only
                                        where they are called
    constants    pi (or π)   e          never parameters
    arithmetic   + - * / ** ( )         ^ is a power, too; -x**2 is -(x**2), 2**3**2 is 2**(3**2); 2 x is an error
    conditions   < <= > >=              0 < x < 1 as in mathematics; in arithmetic 1 where true, else 0
    functions    exp(x), where(condition, a, b), ...    see `functions.FUNCTIONS`

errors      ExpressionError: what is wrong, where, and what to try
tokens      text -> tokens with their columns
functions   what may be called
tree        the nodes, and their canonical text
parser      tokens -> tree
evaluate    tree -> arrays
latex       tree -> LaTeX
expression  Expression, parse
"""

from .errors import ExpressionError
from .expression import Expression, parse

__all__ = ["Expression", "ExpressionError", "parse"]
