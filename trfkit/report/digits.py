"""A value and its standard error with the digits that they deserve.

The error has two significant digits, and the value ends at the same decimal place (JCGM 100:2008, the GUM, 7.2.6). Two,
because one digit may be 33 % off, and a third says nothing: from 100 points an error is itself uncertain by 7 %
(1/√(2ν), GUM E.4.3).
"""

import math
import re
import sys
from decimal import Decimal

# Decimal digits that a float surely holds: 15. An error beyond them says nothing of the value's digits.
MOST_DIGITS = sys.float_info.dig
# Digits of a value whose error is not known, as %g has them.
PLAIN_DIGITS = 6
# Below 10⁻⁴ zeros are counted, not read: where %g changes to an exponent, too.
LEAST_EXPONENT = -4

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN = {there: here for here, there in _SUPERSCRIPT.items()}


def rounded(value: float, stderr: float) -> tuple[str, str]:
    """Value and error as texts that float() reads, a common exponent where they are large or small.

    (123456.7, 118) gives ("1.2346e5", "0.0012e5"); (2.1, 0.0) gives ("2.1", "0"), (2.1, inf) gives ("2.1", "inf").
    """
    value, stderr = float(value), float(stderr)
    if not (math.isfinite(value) and 0 < stderr < math.inf):
        return number(value, MOST_DIGITS if stderr == 0 else PLAIN_DIGITS), number(stderr)
    error = Decimal(f"{stderr:.1e}")
    place = error.as_tuple().exponent
    exact = Decimal(value)
    if exact and exact.adjusted() - place >= MOST_DIGITS:
        return number(value, MOST_DIGITS), two_digits(stderr)
    best = exact.quantize(error)
    best = best if best else abs(best)  # no negative zero
    lead = max(best.adjusted(), error.adjusted())
    shift = 0 if place <= 0 and lead >= LEAST_EXPONENT else lead
    suffix = f"e{shift}" if shift else ""
    return f"{best.scaleb(-shift):f}{suffix}", f"{error.scaleb(-shift):f}{suffix}"


def number(value: float, digits: int = PLAIN_DIGITS) -> str:
    """A number without an error, as %g has it, but for 1e7 instead of 1e+07 and 0 instead of -0."""
    mantissa, _, exponent = f"{value + 0.0:.{digits}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def two_digits(value: float) -> str:
    """A positive number as errors are written: 0.30, 1.2e3."""
    return rounded(0.0, value)[1]


def typeset(text: str) -> str:
    """A text of `rounded` or `number` as people write it: 1.2e-5 is 1.2 × 10⁻⁵, inf is ∞, nan is a question mark."""
    mantissa, _, exponent = text.partition("e")
    mantissa = mantissa.replace("inf", "∞").replace("nan", "?")
    return f"{mantissa} × 10{exponent.translate(_SUPERSCRIPT)}" if exponent else mantissa


def plus_minus(value: float, stderr: float, unit: str = "") -> str:
    """Value ± error, as "3.210 ± 0.040 s" or "(1.2346 ± 0.0012) × 10⁵ s"; ± ∞ where the data do not determine it."""
    best, error = rounded(value, stderr)
    mantissa, _, exponent = best.partition("e")
    if exponent and error.endswith(f"e{exponent}"):
        _, power = typeset(best).split(" ", 1)
        text = f"({mantissa} ± {error.partition('e')[0]}) {power}"
    else:
        text = f"{typeset(best)} ± {typeset(error)}"
    return f"{text} {unit}" if unit else text


def latex(text: str) -> str:
    r"""What `typeset` and `plus_minus` return, without a unit, in LaTeX's math mode: (1.2 \pm 0.1) \times 10^{-5}."""
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda power: f"^{{{power[0].translate(_PLAIN)}}}", text)
    return text.replace("±", r"\pm").replace("×", r"\times").replace("∞", r"\infty")


def plus_minus_latex(value: float, stderr: float) -> str:
    r"""Value ± error in LaTeX, without dollar signs: (1.2346 \pm 0.0012) \times 10^{5}."""
    return latex(plus_minus(value, stderr))
