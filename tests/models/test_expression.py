import ast
import copy
import math
import pickle
import statistics
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from hypothesis import assume, given
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

import trfkit.models.expression
from trfkit.core.rows import works_row_by_row
from trfkit.models.expression import Expression, ExpressionError, parse
from trfkit.models.expression.functions import ALIASES, ALSO_PARAMETERS, CONSTANTS, FUNCTIONS
from trfkit.models.expression.parser import parse_tree
from trfkit.models.expression.tree import Binary, Call, Comparison, Constant, Name, Negation, Number, text_of

X = np.array([-2.0, -0.5, 0.0, 0.25, 1.0, 3.0])


def value(text, **values):
    return parse(text).evaluate(values)


# --- Precedence and values -------------------------------------------------------------------------------------------

# The text, and the same text as Python and NumPy read it.
AS_PYTHON = [
    ("1 + 2*3", 1 + 2 * 3),
    ("(1 + 2)*3", (1 + 2) * 3),
    ("8 - 3 - 2", 8 - 3 - 2),
    ("8 - (3 - 2)", 8 - (3 - 2)),
    ("8/4/2", 8 / 4 / 2),
    ("8/(4/2)", 8 / (4 / 2)),
    ("8/4*2", 8 / 4 * 2),
    ("2**3**2", 2**3**2),
    ("(2**3)**2", (2**3) ** 2),
    ("2^3", 2**3),
    ("-2**2", -(2**2)),
    ("(-2)**2", (-2) ** 2),
    ("2**-2", 2**-2),
    ("2**-2**2", 2 ** -(2**2)),
    ("--3", 3),
    ("-+-3", 3),
    ("3 - -2", 3 - -2),
    ("3*-2", 3 * -2),
    ("6/-2*3", 6 / -2 * 3),
    (".5 + 1. + 1e-3 + 2E+2", 0.5 + 1.0 + 1e-3 + 2e2),
    ("3/2", 1.5),
    ("1 < 2", 1),
    ("2 < 1", 0),
    ("1 < 2 <= 2 < 3", 1),
    ("1 < 3 < 2", 0),
    ("(3 > 2) > 1", 0),
    ("2 + 1 > 2*1", 1),
    ("2*pi", 2 * math.pi),
    ("π + e", math.pi + math.e),
    ("arctan2(1, -1)", np.arctan2(1, -1)),
    ("where(1 < 2, 10, 20)", 10),
    ("where(0, 10, 20)", 20),
    ("heaviside(0) + heaviside(0, 1)", 1.5),
    ("max(1, min(5, 3))", 3),
    ("hypot(3, 4)", 5),
    ("clip(7, 0, 2)", 2),
    ("mod(-1, 3)", -1 % 3),
    ("a\n  + 1\t- 1", 2),
]


@pytest.mark.parametrize(("text", "expected"), AS_PYTHON)
def test_value_is_that_of_python(text, expected):
    np.testing.assert_allclose(value(text, a=2.0), expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("-x**2", lambda x, a, b: -(x**2)),
        ("a*exp(-x/b) + 1", lambda x, a, b: a * np.exp(-x / b) + 1),
        ("a - x*-b**2/3 - x", lambda x, a, b: a - x * -(b**2) / 3 - x),
        ("a/x**2/b", lambda x, a, b: a / x**2 / b),
        ("(a - x)**3*b", lambda x, a, b: (a - x) ** 3 * b),
        ("abs(x)**a**-b", lambda x, a, b: np.abs(x) ** a**-b),
        ("where(-1 < x <= 1, a*x, -b)", lambda x, a, b: np.where((-1 < x) & (x <= 1), a * x, -b)),
        ("(x > 0)*a + (x <= 0)*b", lambda x, a, b: (x > 0) * a + (x <= 0) * b),
        ("sinc(x)*log10(a)", lambda x, a, b: np.sinc(x) * np.log10(a)),
    ],
)
def test_arrays_go_elementwise_as_in_numpy(text, function):
    with np.errstate(divide="ignore"):
        expected = function(X, 1.7, 0.6)
    np.testing.assert_allclose(value(text, x=X, a=1.7, b=0.6), expected, rtol=1e-14)


def test_whole_powers_of_negative_numbers_are_products_at_any_size():
    for n in (0, 1, 2, 3, 16, 17, 40):
        np.testing.assert_allclose(value(f"x**{n}", x=X), X**n, rtol=1e-14)
        np.testing.assert_allclose(value(f"power(x, -{n})", x=X[X != 0]), X[X != 0] ** -n, rtol=1e-14)


# Python's name where it is neither NumPy's nor SciPy's, and arguments inside the function's domain.
REFERENCE = {"lgamma": scipy.special.gammaln, "abs": np.abs, "power": np.power, "heaviside": np.heaviside}
ARGUMENTS = {
    "where": (1.0, 0.3, 0.8),
    "arccosh": (1.3,),
    "clip": (0.4, 0.1, 0.9),
    "heaviside": (0.4, 0.5),
}


def _arguments(name):
    return ARGUMENTS.get(name, (0.37, 0.81)[: FUNCTIONS[name].counts[1]])


def _call(name):
    letters = "uvw"[: len(_arguments(name))]
    return parse(f"{name}({', '.join(letters)})"), letters


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_has_the_value_of_numpy_or_scipy_and_a_derivative(name):
    expression, letters = _call(name)
    arguments = _arguments(name)

    @jax.jit
    def along(t):  # all arguments but a condition move, each at its own pace
        moved = [v + t * (k + 1) * (name != "where" or k > 0) for k, v in enumerate(arguments)]
        return expression.evaluate(dict(zip(letters, moved, strict=True)))

    reference = REFERENCE.get(name) or getattr(np, name, None) or getattr(scipy.special, name)
    np.testing.assert_allclose(along(0.0), reference(*arguments), rtol=1e-13)
    slope = (along(1e-5) - along(-1e-5)) / 2e-5
    np.testing.assert_allclose(jax.jvp(along, (0.0,), (1.0,))[1], slope, rtol=1e-7, atol=1e-8)


def test_functions_work_row_by_row():
    def mixes_rows(name):
        expression, letters = _call(name)

        def model(x, *others):
            return expression.evaluate(dict(zip(letters, (x, *others), strict=True)))

        return not works_row_by_row(model, jnp.linspace(0.1, 0.9, 7), _arguments(name)[1:], 7)

    # The sign of jax.scipy.special.gamma is found by bit operations, for which the proof has no rule.
    assert {name for name in FUNCTIONS if mixes_rows(name)} <= {"gamma", "beta"}


def test_aliases_are_other_names_of_functions_there_are():
    assert set(ALIASES.values()) <= set(FUNCTIONS)
    assert parse("asin(x) + ln(x)").text == "arcsin(x) + log(x)"


# --- Names -----------------------------------------------------------------------------------------------------------


def test_names_come_in_order_of_appearance_each_once():
    assert parse("a.height*exp(-((x - a.center)/a.sigma)**2) + x*τ + pi*e").names == (
        "a.height",
        "x",
        "a.center",
        "a.sigma",
        "τ",
    )
    assert parse("2").names == ()


def test_the_micro_sign_is_the_letter_mu():
    assert parse("\N{MICRO SIGN}*x").names == ("\N{GREEK SMALL LETTER MU}", "x")


@pytest.mark.parametrize("name", sorted(ALSO_PARAMETERS))
def test_a_function_that_is_often_a_parameter_is_one_unless_called(name):
    assert parse(f"{name}*x").names == (name, "x")


def test_pi_and_e_are_constants_and_never_names():
    assert value("e", e=0.0) == math.e
    assert parse("a.e + pi.x + E").names == ("a.e", "pi.x", "E")


def test_a_missing_value_is_named_with_the_nearest_there_is():
    with pytest.raises(ExpressionError, match=r"'a\.sigm' has no value; did you mean 'a\.sigma'\?") as error:
        value("2*a.sigm", **{"a.sigma": 1.0, "x": 2.0})
    assert error.value.column == 2
    with pytest.raises(ExpressionError, match="there are no names at all"):
        value("2*q")


def test_values_that_no_name_asks_for_are_ignored():
    assert value("x", x=1.0, y="text") == 1.0


# --- Tracing ---------------------------------------------------------------------------------------------------------


def test_gradient_under_jit_is_the_hand_made_one():
    decay = parse("a*exp(-x/tau) + c")

    @jax.jit
    @jax.grad
    def gradient(p):
        return decay.evaluate({"a": p[0], "tau": p[1], "c": p[2], "x": 0.7})

    fall = math.exp(-0.7 / 1.3)
    np.testing.assert_allclose(gradient(jnp.array([2.0, 1.3, 5.0])), [fall, 2 * fall * 0.7 / 1.3**2, 1], rtol=1e-14)


def test_precision_is_that_of_the_values():
    x = np.ones(3, np.float32)
    assert value("2*x**2 + where(x > 0.5, pi, 1)*(x < 3) + heaviside(x)", x=x).dtype == np.float32
    assert value("2*x", x=x.astype(float)).dtype == float
    assert value("x/2", x=np.arange(3)).dtype == float
    assert value("1/3").dtype == float


def test_integers_and_booleans_count_as_floats():
    np.testing.assert_array_equal(value("x**-1", x=np.array([1, 2])), [1, 0.5])
    np.testing.assert_array_equal(value("-b + 1", b=np.array([True, False])), [0, 1])


def test_equal_expressions_share_a_compiled_program(compilations):
    @partial(jax.jit, static_argnums=0)
    def evaluated(expression, x):
        return expression.evaluate({"x": x})

    with compilations() as compiled:
        assert evaluated(parse("2*x + 1"), 3.0) == evaluated(parse(" (2 * x)+1."), 3.0) == 7.0
    assert compiled.names.count("evaluated") == 1


WHERE = parse("where(x > t0, a*(x - t0)**b, c/x)")
PARAMETERS = jnp.array([0.5, 2.0, 0.3, 4.0])  # t0, a, b, c


def _piecewise(p, x):
    return WHERE.evaluate({"t0": p[0], "a": p[1], "b": p[2], "c": p[3], "x": x})


@pytest.mark.parametrize("mode", [jax.jacfwd, jax.jacrev])
def test_where_has_the_derivative_of_the_branch_taken(mode):
    x = np.array([-1.0, 0.25, 0.5, 1.5])  # 0**b at 0.5, the power of a negative number before
    expected = np.zeros((4, 4))
    expected[:3, 3] = 1 / x[:3]
    expected[3] = [-2 * 0.3, 1, 2 * math.log(1.0), 0]
    np.testing.assert_allclose(jax.jit(mode(_piecewise))(PARAMETERS, x), expected, rtol=1e-14)


def test_where_has_second_derivatives():
    x = np.array([-1.0, 2.0])
    hessian = jax.hessian(lambda p: _piecewise(p, x).sum())(PARAMETERS)
    step = 1e-5 * jnp.eye(4)
    gradient = jax.grad(lambda p: _piecewise(p, x).sum())
    differences = [(gradient(PARAMETERS + h) - gradient(PARAMETERS - h)) / 2e-5 for h in step]
    np.testing.assert_allclose(hessian, differences, atol=1e-8)


@pytest.mark.parametrize("mode", [jax.jacfwd, jax.jacrev])
def test_a_slope_in_x_that_is_infinite_leaves_other_derivatives_finite(mode):
    root = parse("where(x >= 0, a*sqrt(x), 0)")
    derivative = mode(lambda a: root.evaluate({"a": a, "x": np.array([-1.0, 0.0, 4.0])}))(3.0)
    np.testing.assert_array_equal(derivative, [0, 0, 2])


def test_where_of_scalars_broadcasts_and_differentiates():
    x = np.array([-1.0, 1.0])
    total = jax.grad(lambda c: value("where(x > 0, c, c**2)", x=x, c=c).sum())(3.0)
    assert total == 1 + 2 * 3.0
    np.testing.assert_array_equal(value("where(x > 0, 1, 2)", x=x), [2, 1])
    assert jax.grad(lambda c: value("where(c > 1, c*x, 0)", x=5.0, c=c))(3.0) == 5.0


def test_where_vectorises_over_parameters():
    batch = jnp.stack([PARAMETERS, 2 * PARAMETERS])
    together = jax.vmap(jax.jacrev(_piecewise), (0, None))(batch, X[X != 0])
    np.testing.assert_allclose(together, [jax.jacfwd(_piecewise)(p, X[X != 0]) for p in batch], rtol=1e-14)


def test_deepest_expression_has_a_gradient_inside_a_compiled_loop():
    for text in ("+".join(["x"] * 250), "where(x < 1, 1, " * 10 + "x" + ")" * 10, "sin(" * 60 + "x" + ")" * 60):
        expression = parse(text)

        def slope(x, e=expression):
            return jax.grad(lambda x: e.evaluate({"x": x}))(x)

        assert np.isfinite(jax.jit(lambda x, f=slope: jax.lax.fori_loop(0, 2, lambda _, x: f(x), x))(2.0))


# --- The value of an Expression --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (" ( ( a ) )*(b*c) ", "a*(b*c)"),
        ("(a*b)/c^(2)", "a*b/c**2"),
        ("-(x)**2", "-x**2"),
        ("(-x)**2", "(-x)**2"),
        ("+x-(+y)", "x - y"),
        ("1.50e+03*x+1E-5+.5+1e22", "1500*x + 1e-5 + 0.5 + 1e22"),
        ("(0<x)<=1", "(0 < x) <= 1"),
        ("max(a,b)+pow(a,2)", "maximum(a, b) + power(a, 2)"),
        ("a+(b<c)", "a + (b < c)"),
        ("(a/b)*c/(d*e)", "a/b*c/(d*e)"),
        ("ｘ*π", "x*pi"),
    ],
)
def test_text_is_canonical(text, canonical):
    assert parse(text).text == canonical


def test_expressions_are_values():
    one, other = parse("a*x+1"), parse("(a * x) + 1.0")
    assert one == other and hash(one) == hash(other) and one != parse("1 + a*x")
    assert repr(one) == "Expression(text='a*x + 1')"
    assert pickle.loads(pickle.dumps(one)) == one == copy.deepcopy(one)
    with pytest.raises(AttributeError):
        one.text = "b"


def test_an_expression_is_text():
    with pytest.raises(TypeError, match="an expression is a str, got float"):
        parse(2.0)


# --- Round trips -----------------------------------------------------------------------------------------------------

NAMES = ("x", "a", "b.sigma", "τ", "k_1", "gamma", "_")
leaves = st.one_of(
    st.builds(Number, st.one_of(st.integers(0, 99).map(float), st.floats(0, allow_infinity=False).map(abs))),
    st.builds(Constant, st.sampled_from(sorted(CONSTANTS))),
    st.builds(Name, st.sampled_from(NAMES)),
)


@st.composite
def comparisons(draw, node):
    operators = draw(st.lists(st.sampled_from(["<", "<=", ">", ">="]), min_size=1, max_size=3))
    return Comparison(tuple(operators), tuple(draw(node) for _ in range(len(operators) + 1)))


@st.composite
def calls(draw, node):
    name = draw(st.sampled_from(sorted(FUNCTIONS)))
    count = draw(st.integers(*FUNCTIONS[name].counts))
    return Call(name, tuple(draw(node) for _ in range(count)))


def _grown(node):
    binary = st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "**"]), node, node)
    return st.one_of(binary, binary, st.builds(Negation, node), comparisons(node), calls(node))


trees = st.recursive(leaves, _grown, max_leaves=12)


def _from_python(node):
    """Our tree for Python's own parse of a text."""
    signs = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
    signs |= {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
    match node:
        case ast.Constant(value):
            return Number(float(value))
        case ast.Name(name):
            return Constant(name) if name in CONSTANTS else Name(name)
        case ast.Attribute(ast.Name(prefix), name):
            return Name(f"{prefix}.{name}")
        case ast.UnaryOp(ast.USub(), operand):
            return Negation(_from_python(operand))
        case ast.UnaryOp(ast.UAdd(), operand):
            return _from_python(operand)
        case ast.BinOp(left, operator, right):
            return Binary(signs[type(operator)], _from_python(left), _from_python(right))
        case ast.Compare(first, operators, others):
            return Comparison(tuple(signs[type(o)] for o in operators), tuple(map(_from_python, [first, *others])))
        case ast.Call(ast.Name(name), arguments):
            return Call(name, tuple(map(_from_python, arguments)))


def _python_tree(text):
    return _from_python(ast.parse(text.strip(), mode="eval").body)


@given(trees)
def test_tree_to_text_to_tree_is_exact_and_as_python_reads_it(tree):
    text = text_of(tree)
    assume(len(text) <= 1000)
    assert parse_tree(text) == tree == _python_tree(text)


@given(trees)
def test_canonical_text_is_a_fixed_point(tree):
    text = text_of(tree)
    assume(len(text) <= 1000)
    expression = parse(text)
    assert parse(expression.text) == expression
    assert expression.text == text
    assert set(expression.names) == {name for name in NAMES if Name(name) in _nodes(tree)}


def _nodes(node):
    yield node
    for part in vars(node).values():
        for child in part if isinstance(part, tuple) else (part,):
            if not isinstance(child, str | float):
                yield from _nodes(child)


POINT = dict(zip(NAMES, (0.5, 2.0, 3.0, 0.25, 1.5, 4.0, 1.0), strict=True))
OPERATIONS = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
sums_and_products = st.recursive(
    st.one_of(st.builds(Number, st.floats(0.001, 1000.0)), st.builds(Name, st.sampled_from(NAMES))),
    lambda node: st.one_of(
        st.builds(Binary, st.sampled_from(sorted(OPERATIONS)), node, node), st.builds(Negation, node)
    ),
    max_leaves=12,
)


def _by_numpy(node):
    match node:
        case Number(number):
            return np.float64(number)
        case Name(name):
            return np.float64(POINT[name])
        case Negation(operand):
            return -_by_numpy(operand)
        case Binary(operator, left, right):
            return OPERATIONS[operator](_by_numpy(left), _by_numpy(right))


@given(sums_and_products)
def test_value_of_the_text_is_that_of_the_tree_to_the_last_bit(tree):
    with np.errstate(all="ignore"):
        expected = _by_numpy(tree)
    expression = parse(text_of(tree))
    np.testing.assert_array_equal(expression.evaluate(POINT), expected)
    np.testing.assert_array_equal(parse(expression.text).evaluate(POINT), expected)


words = st.sampled_from(["x", "a", "1", ".5", "2e3", "+", "-", "*", "/", "**", "(", ")", "<", ">=", ",", "exp", "pi"])


@given(st.lists(words, max_size=12), st.sampled_from(["", " "]))
def test_any_row_of_words_is_refused_or_read_as_python_does(row, space):
    text = space.join(row)
    try:
        tree = parse_tree(text)
    except ExpressionError as error:
        assert 0 <= error.column <= len(text) and error.text == text and str(error).endswith("^")
    else:
        assert tree == _python_tree(text)


@given(st.text())
def test_any_text_is_read_or_refused_with_an_expression_error(text):
    try:
        expression = parse(text)
    except ExpressionError as error:
        assert 0 <= error.column <= len(text)
        assert len(str(error).splitlines()) == 3
    else:
        assert parse(expression.text) == expression


# --- LaTeX -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a*exp(-x/tau_1) + c", r"a \, e^{-\frac{x}{\tau_{1}}} + c"),
        ("2*3*x^2", r"2 \cdot 3 \, x^{2}"),
        ("(a - b)/(c + d)*x", r"\frac{a - b}{c + d} \, x"),
        ("(-a + b)/2", r"\frac{-a + b}{2}"),
        ("-a*b/2", r"-\frac{a \, b}{2}"),
        ("(x/w)**2", r"\left(\frac{x}{w}\right)^{2}"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("a - -b", r"a - \left(-b\right)"),
        ("-(a + b)", r"-\left(a + b\right)"),
        ("sin(x)**2", r"\left(\sin\left(x\right)\right)^{2}"),
        ("1e-5*x + 2.5e20", r"10^{-5} \, x + 2.5 \times 10^{20}"),
        ("sqrt(x0)*abs(a.sigma)", r"\sqrt{x_{0}} \, \left|\sigma_{a}\right|"),
        ("peak.height*k_on", r"\mathrm{height}_{\mathrm{peak}} \, k_{\mathrm{on}}"),
        ("lam*lambda_*_", r"\lambda \, \lambda \, \_"),
        ("power(a + b, 1/2)", r"\left(a + b\right)^{\frac{1}{2}}"),
        ("log10(x) <= expit(x) < pi", r"\log_{10}\left(x\right) \leq \operatorname{expit}\left(x\right) < \pi"),
        ("2*where(x < 1, a, b)", r"2 \, \left(\begin{cases} a & x < 1 \\ b & \mathrm{otherwise} \end{cases}\right)"),
    ],
)
def test_latex_is_as_one_writes_it(text, latex):
    assert parse(text).latex == latex
    assert parse(text)._repr_latex_() == rf"$\displaystyle {latex}$"
    if "cases" not in latex:
        MathTextParser("path").parse(f"${latex}$")


def _balanced(latex):
    pairs = [("{", "}"), (r"\left", r"\right"), (r"\begin{cases}", r"\end{cases}")]
    for opening, closing in pairs:
        depth = 0
        for at in range(len(latex)):
            depth += latex.startswith(opening, at) - latex.startswith(closing, at)
            if depth < 0:
                return False
        if depth:
            return False
    return True


@given(trees)
def test_latex_is_balanced(tree):
    text = text_of(tree)
    assume(len(text) <= 1000)
    assert _balanced(parse(text).latex)


# --- Mistakes --------------------------------------------------------------------------------------------------------

# The text with ^ before the column of the mistake, and what the message says.
MISTAKES = [
    ("^", "the expression is empty: write a formula"),
    ("^   ", "the expression is empty"),
    ("2 ^x", r"multiplication is always written: 2\*x"),
    ("2^x", r"multiplication is always written: 2\*x"),
    ("x ^2", r"written: x\*2"),
    ("(a)^(b)", r"written: \)\*\("),
    ("exp(x) ^y", r"written: \)\*y"),
    ("a*^ext(-x)", r"there is no function 'ext', did you mean expit or exp\?"),
    ("^tau(x - 1)", r"there is no function 'tau', .* To multiply, write tau\*\(\.\.\.\)"),
    ("2 + ^q(x)", r"there is no function 'q'\. To multiply, write q\*\(\.\.\.\)"),
    ("^pi(x)", r"pi is a number, not a function: write pi\*"),
    ("^np.exp(x)", r"without a module: write exp\(\.\.\.\)"),
    ("^sin x", r"sin is a function: write sin\(x\)"),
    ("1 + ^log", r"log is a function: write log\(\.\.\.\)"),
    ("^ln + 1", "ln is a function"),
    ("1 + ^exp()", r"exp\(x\) takes 1 argument, got 0"),
    ("^arctan2(x)", r"arctan2\(y, x\) takes 2 arguments, got 1"),
    ("^heaviside(x, 1, 2)", r"heaviside\(x, at_zero=0\.5\) takes 1 or 2 arguments, got 3"),
    ("^where(x < 1, 2)", r"where\(condition, a, b\) takes 3 arguments, got 2"),
    ("exp(a*^(b + c", "this parenthesis is never closed"),
    ("exp^(", "this parenthesis is never closed"),
    ("^(a + (b)", "this parenthesis is never closed"),
    ("a + b^)", "this parenthesis closes nothing"),
    ("^()", "nothing between these parentheses"),
    ("a ^+", r"a value is missing after '\+'"),
    ("(a ^-)*b", "a value is missing after '-'"),
    ("exp(x^,)", "a value is missing after ','"),
    ("^*a", r"a value is missing before '\*'"),
    ("a + ^*b", r"missing between '\+' and '\*'"),
    ("exp(^, x)", r"missing between '\(' and ','"),
    ("1^,5*x", "decimals have a point"),
    ("(a^, b)", "a comma stands only between the arguments"),
    ("1.2^.3", "a second point"),
    ("1^_000", "a number is digits, a point and an exponent"),
    ("0^xFF", "a number is digits, a point and an exponent"),
    ("2*^1e309", "larger than any float"),
    ("^1e-400", "smaller than any float but 0"),
    ("^inf*x", "the numbers of an expression are finite"),
    ("^'text'", "nothing in quotes"),
    ("x^[0]", r"'\[' has no place in an expression: group with parentheses"),
    ("^{a}", "group with parentheses"),
    ("^lambda*x", "'lambda' is a word of Python: write lam or lambda_"),
    ("x ^if x > 0 else 0", r"write where\(condition, a, b\)"),
    ("x > 0 ^and x < 1", r"write \(a < b\)\*\(c < d\)"),
    ("^a.import", "'import' is a word of Python: choose another name"),
    ("y ^= 2*x", "write only what stands to the right"),
    ("y ^== 2*x", "equal up to rounding only"),
    ("a^; b", "write one expression"),
    ("^`a`", "'`' has no place"),
    ("a ^% b", r"write mod\(a, b\)"),
    ("a^//b", r"write floor\(a/b\)"),
    ("^__x", "does not begin with two underscores"),
    ("^a.__x", "'__x': a name does not begin with two underscores"),
    ("exp(x)^.real", "a point stands inside a number, or between a prefix and a name"),
    ("^a.b.c", "'a.b.c' has too many points"),
    ("^a.5", "'5' is not a name: a name begins with a letter"),
    ("x^²", r"SUPERSCRIPT TWO has no place in an expression: write \*\*2"),
    ("1 ^− x", "U\\+2212 MINUS SIGN has no place in an expression: write -"),
    ("2*^٣", "ARABIC-INDIC DIGIT THREE .*: write the digit 3"),
    ("x^１", "FULLWIDTH DIGIT ONE .*: write the digit 1"),
    ("a^\x00b", "U\\+0000 has no place"),
    ("a^\u200bb", "ZERO WIDTH SPACE has no place"),
]


@pytest.mark.parametrize(("marked", "message"), MISTAKES)
def test_mistake_is_shown_where_it_is_with_what_to_try(marked, message):
    column = marked.index("^")
    text = marked.replace("^", "", 1)
    with pytest.raises(ExpressionError, match=message) as error:
        parse(text)
    assert (error.value.column, error.value.text) == (column, text)


def test_picture_has_a_caret_under_the_mistake():
    with pytest.raises(ExpressionError) as error:
        parse("a +\t* b")
    assert str(error.value).splitlines() == ["a value is missing between '+' and '*'", "    a + * b", "        ^"]
    assert isinstance(error.value, ValueError)


def test_picture_of_a_long_text_is_short():
    with pytest.raises(ExpressionError) as error:
        parse("a + " * 100 + "# b" + " + a" * 80)
    _, line, caret = str(error.value).splitlines()
    assert len(line) < 140 and line[caret.index("^")] == "#"


def test_error_survives_pickling():
    with pytest.raises(ExpressionError) as error:
        parse("2 x")
    again = pickle.loads(pickle.dumps(error.value))
    assert (again.column, again.text, str(again)) == (2, "2 x", str(error.value))


# --- Limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("longest", "longer", "message"),
    [
        ("a" * 1000, "a" * 1001, "at most 1000 characters"),
        ("x" + "+x" * 249, "x" + "+x" * 250, "at most 500 numbers, names and signs"),
        ("(" * 60 + "x" + ")" * 60, "(" * 61 + "x" + ")" * 61, "more than 60 deep"),
        ("-" * 60 + "x", "-" * 61 + "x", "more than 60 deep"),
        ("2**" * 60 + "x", "2**" * 61 + "x", "more than 60 deep"),
        ("where(x, 1, " * 10 + "x" + ")" * 10, "where(x, 1, " * 11 + "x" + ")" * 11, "where is nested more than 10"),
        ("1e15*" * 50 + "x", "1e15*" * 60 + "x", "written out, this has"),
    ],
)
def test_limits_are_exact_and_canonical_text_keeps_within_them(longest, longer, message):
    expression = parse(longest)
    assert parse(expression.text) == expression
    with pytest.raises(ExpressionError, match=message):
        parse(longer)


# --- Hostile text ----------------------------------------------------------------------------------------------------

HOSTILE = [
    # reaching for Python
    "__import__('os').system('true')",
    "__import__",
    "().__class__.__bases__[0].__subclasses__()",
    "(1).__class__",
    "x.__class__",
    "x.__class__.__mro__",
    "exp.__globals__",
    "exp.__call__(1)",
    "exp(x).__class__",
    "exp(x).real",
    "a.b.c",
    "os.system(1)",
    "builtins.eval(1)",
    "eval(x)",
    "exec(x)",
    "compile(x, x, x)",
    "open('/etc/passwd')",
    "getattr(x, a)",
    "globals()",
    "vars()",
    "print(x)",
    "breakpoint()",
    "exit()",
    "lambda: x",
    "(lambda: 1)()",
    "import os",
    "from os import system",
    "x if y else z",
    "not x",
    "x in y",
    "yield x",
    "await x",
    "None",
    "True",
    # structure that is not a formula
    "[x for x in y]",
    "{x for x in y}",
    "{'a': 1}",
    "(x for x in y)",
    "(x, y)",
    "x[0]",
    "x[::2]",
    "*x",
    "**x",
    "exp(*x)",
    "heaviside(x, at_zero=1)",
    "x; y",
    "x = 1",
    "(x := 1)",
    "x == 1",
    "x += 1",
    "@x",
    "`x`",
    "x\\\ny",
    "x # comment",
    "...",
    "x -> y",
    "$x",
    "x?",
    "x!",
    "~x",
    "x | y",
    "x & y",
    "x << 9999999999",
    # strings
    "'x'",
    '"x"',
    "'''x",
    "f'{x}'",
    "b'x'",
    "'{0.__class__}'.format(x)",
    "{x.__class__}",
    "%s",
    "%(x)s",
    "${x}",
    "{{x}}",
    "<script>alert(1)</script>",
    # numbers
    "1e999",
    "0x41",
    "0b1",
    "1_000",
    "1j",
    "1e",
    "1.2.3",
    "nan",
    "inf",
    "-Infinity",
    # bombs
    "(" * 10_000,
    "(" * 10_000 + "x" + ")" * 10_000,
    "(" * 499,
    "-" * 10_000 + "x",
    "-" * 499 + "x",
    "exp(" * 200,
    "9**" * 10_000 + "9",
    "9**" * 100 + "9",
    "x+" * 500_000,
    "x" * 1_000_000,
    "1" * 1_000_000,
    " " * 1_000_000,
    "." * 900,
    "1e" + "9" * 990,
    "x" + "." * 900,
    "where(x," * 60,
    "a" * 500 + "(x)",
    # unicode
    "x\x00",
    "\x00",
    "x\x1b[2J",
    "x\u202ey",
    "x\u200by",
    "\ufeffx",
    "x\u00a0+ 1",
    "\ud800",
    "\U0010ffff",
    "x\u0301\u0301",
    "１ + 2",
    "x²",
    "٣*x",
    "Ⅳ",
    "x₁",
    "½",
    "＿＿class＿＿",
    "x.＿＿class＿＿",
    "\N{MATHEMATICAL BOLD SMALL E}val(x)",
    "ехр(x)",  # Cyrillic letters
    "x ÷ y",
    "x − y",
    "🐍",
]

# Accepted, because they compute in floating point and nothing else: their value is inf.
HUGE = [
    "9**9**9**9",
    "9**9**9**9**9**9**9**9",
    "10**308*10",
    "2**2**2**2**2**2**2",
    "(9**9**9)**(9**9**9)",
    "power(9, power(9, power(9, 9)))",
    "exp(exp(exp(9)))",
    "gamma(1e6)",
    "1/0",
]


def _median_seconds(action):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _is_quick(action):
    """Under 50 ms, at the second attempt if something else had the processor at the first."""
    return any(_median_seconds(action) < 0.05 for _ in range(2))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused_in_50_ms(text):
    def refused():
        with pytest.raises(ExpressionError) as error:
            parse(text)
        assert len(str(error.value)) < 2000

    assert _is_quick(refused)


@pytest.mark.parametrize("text", HUGE)
def test_huge_number_is_inf_in_50_ms(text):
    expression = parse(text)
    assert expression.evaluate({}) == math.inf
    assert _is_quick(lambda: parse(text).evaluate({}))


def test_there_are_50_different_hostile_texts():
    assert len(set(HOSTILE)) == len(HOSTILE) >= 50


def test_parser_hands_no_text_to_python():
    used = set()
    for path in Path(trfkit.models.expression.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Name(name) | ast.alias(name):
                    used.add(name)
                case ast.ImportFrom(name):
                    used.add(name)
    assert used.isdisjoint({"eval", "exec", "compile", "__import__", "getattr", "globals", "vars", "ast", "importlib"})
    assert {"ExpressionError", "keyword"} <= used


def test_expression_made_directly_is_parsed_too():
    with pytest.raises(ExpressionError):
        Expression("__import__('os')")
