r"""Tree -> LaTeX, in the commands that MathJax, KaTeX and matplotlib share (but for where, whose cases are MathJax's).

a*exp(-x/tau_1) + c becomes a \, e^{-\frac{x}{\tau_{1}}} + c.
"""

import re

from .tree import (
    BINDING,
    PRODUCT,
    SUM,
    Binary,
    Call,
    Comparison,
    Constant,
    Name,
    Negation,
    Node,
    Number,
    binding,
    fold,
    number_text,
)

# The Greek letters that have a command; the others look like Latin ones. lam stands for lambda, a word of Python.
GREEK = frozenset(
    """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi
    omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega""".split()
)
ALSO_GREEK = {"lam": "lambda"}

COMMANDS = {
    "log": r"\ln",
    "log2": r"\log_{2}",
    "log10": r"\log_{10}",
    **{name: f"\\{name}" for name in "sin cos tan arcsin arccos arctan sinh cosh tanh".split()},
    "minimum": r"\min",
    "maximum": r"\max",
    "gamma": r"\Gamma",
    "lgamma": r"\ln\Gamma",
    "digamma": r"\psi",
    "beta": r"\mathrm{B}",
    "betaln": r"\ln\mathrm{B}",
    "i0": "I_{0}",
    "i1": "I_{1}",
    "heaviside": r"\Theta",
    "sign": r"\operatorname{sgn}",
    "arcsinh": r"\operatorname{arsinh}",
    "arccosh": r"\operatorname{arcosh}",
    "arctanh": r"\operatorname{artanh}",
}

# Functions with a notation of their own.
NOTATIONS = {
    "exp": "e^{%s}",
    "exp2": "2^{%s}",
    "sqrt": r"\sqrt{%s}",
    "cbrt": r"\sqrt[3]{%s}",
    "abs": r"\left|%s\right|",
    "floor": r"\left\lfloor %s\right\rfloor",
    "ceil": r"\left\lceil %s\right\rceil",
}

RELATIONS = {"<": "<", "<=": r"\leq", ">": ">", ">=": r"\geq"}


def _word(word: str) -> str:
    """A letter, a Greek letter by its name, or an upright word."""
    greek = ALSO_GREEK.get(word, word)
    if greek in GREEK:
        return f"\\{greek}"
    return word if len(word) == 1 or word.isdecimal() else rf"\mathrm{{{word}}}"


def symbol(name: str) -> str:
    r"""A parameter's name as a symbol: tau_1 -> \tau_{1}, x0 -> x_{0}, a.sigma -> \sigma_{\mathrm{a}}."""
    prefix, _, bare = name.rpartition(".")
    stem, digits = re.fullmatch(r"(.*?)([0-9]*)", bare).groups()
    words = [word for part in (stem, digits, prefix) for word in part.split("_") if word]
    if not stem.strip("_"):
        words.insert(0, r"\_")
    first, *below = words
    head = first if first == r"\_" else _word(first)
    return head + (f"_{{{','.join(map(_word, below))}}}" if below else "")


def _bracketed(text: str) -> str:
    return rf"\left({text}\right)"


def _operand(node: Node, text: str, least: int) -> str:
    """An operand, in brackets if it binds less strongly; a fraction needs none, and cases always do."""
    if isinstance(node, Binary) and node.operator == "/":
        return text
    cases = isinstance(node, Call) and node.function == "where"
    return _bracketed(text) if cases or binding(node) < least else text


def _right(node: Node, text: str, least: int) -> str:
    """An operand to the right of a sign; one that begins with a minus is in brackets."""
    return _bracketed(text) if text.startswith("-") else _operand(node, text, least)


def _number(value: float) -> str:
    mantissa, _, exponent = number_text(value).partition("e")
    if not exponent:
        return mantissa
    power = f"10^{{{exponent}}}"
    return power if mantissa == "1" else rf"{mantissa} \times {power}"


def _power(base: Node, text: str, exponent: str) -> str:
    plain = isinstance(base, Name | Constant) or (isinstance(base, Number) and "^" not in text)
    return (text if plain else _bracketed(text)) + f"^{{{exponent}}}"


def _fraction(numerator: Node, text: str, denominator: str) -> str:
    """A fraction, the minus of a product in its numerator before it."""
    sign = "-" if text.startswith("-") and binding(numerator) >= PRODUCT else ""
    return rf"{sign}\frac{{{text.removeprefix(sign)}}}{{{denominator}}}"


def _call(function: str, arguments: list[str]) -> str:
    if function == "where":
        condition, a, b = arguments
        return rf"\begin{{cases}} {a} & {condition} \\ {b} & \mathrm{{otherwise}} \end{{cases}}"
    if function in NOTATIONS:
        return NOTATIONS[function] % arguments[0]
    name = COMMANDS.get(function, rf"\operatorname{{{function}}}")
    return name + _bracketed(", ".join(arguments))


def latex_of(node: Node) -> str:
    """The formula of a tree, without dollar signs."""
    return fold(node, _latex)


def _latex(node: Node, texts: list[str]) -> str:
    match node:
        case Number(value):
            return _number(value)
        case Constant(name):
            return r"\pi" if name == "pi" else name
        case Name(name):
            return symbol(name)
        case Negation(operand):
            return "-" + _right(operand, *texts, PRODUCT)
        case Binary("**", base, _) | Call("power", (base, _)):
            return _power(base, *texts)
        case Binary("/", left):
            return _fraction(left, *texts)
        case Binary(operator, left, right):
            first = _operand(left, texts[0], BINDING[operator])
            second = _right(right, texts[1], BINDING[operator] + 1)
            if operator == "*":
                return first + (r" \cdot " if second[0].isdecimal() else r" \, ") + second
            return f"{first} {operator} {second}"
        case Comparison(operators, operands):
            first, *others = (_operand(o, t, SUM) for o, t in zip(operands, texts, strict=True))
            return first + "".join(f" {RELATIONS[o]} {text}" for o, text in zip(operators, others, strict=True))
        case Call(function):
            return _call(function, texts)
