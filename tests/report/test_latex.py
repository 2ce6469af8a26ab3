"""The mathematics is read by matplotlib's own parser of LaTeX; the tabular around it is counted."""

import re

import pytest
from matplotlib.mathtext import MathTextParser

from trfkit.parameters import Parameter
from trfkit.report import latex


def _body(table):
    """The lines of cells between the rules."""
    return [line.removesuffix(r" \\") for line in table.splitlines() if line.endswith(r"\\")]


def test_every_formula_is_one_and_every_line_has_as_many_cells_as_columns(every_fit):
    parser = MathTextParser("path")
    for fit in every_fit.values():
        table = latex.table(fit)
        columns = len(re.match(r"\\begin\{tabular\}\{(l+)\}\n\\hline\n", table)[1])
        *lines, statistics = _body(table)
        assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {columns - 1}
        assert statistics.startswith(rf"\multicolumn{{{columns}}}{{l}}{{$\chi^2 = ")
        assert table.endswith("\\hline\n\\end{tabular}")
        for formula in re.findall(r"(?<!\\)\$.*?(?<!\\)\$", table):
            parser.parse(formula)


def test_parameters_are_symbols_and_numbers_have_their_powers(joint):
    head, height, _, sigma, *_, tied, _ = _body(latex.table(joint))
    assert head == "parameter & value & unit & constraint"
    assert height == r"$\mathrm{height}_{\mathrm{cold}}$ & $(1.284 \pm 0.025) \times 10^{5}$ &  & "
    assert sigma == r"$\sigma$ & $0.911 \pm 0.014$ & nm & $\geq$ 0, prior 1 $\pm$ 0.2"
    assert tied.endswith(r"& nm & $= \mathrm{center}_{\mathrm{cold}} + 0.5$")


def test_bounds_have_minus_signs_and_powers(at_bound):
    initial = at_bound.initial.set("slope", min=-1e-7)
    table = latex.table(type(at_bound)(at_bound.sets, initial, at_bound.solution, at_bound.y))
    assert r"& $-$1 $\times$ 10$^{-7}$ $\ldots$ 5, at its lower bound" in table


def test_fixed_undetermined_and_unknown_are_told_apart(decay, undetermined, no_covariance):
    assert r"$\mathrm{slope}$ & $0$ (fixed) & V/s" in latex.table(decay)
    assert r"$a$ & $1.04998 \pm \infty$" in latex.table(undetermined)
    assert "$2.98557$ (error unknown)" in latex.table(no_covariance)


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("V/s", "V/s"),
        ("50% & #1_{a}", r"50\% \& \#1\_\{a\}"),
        ("V/µm²", r"V/$\mu$m$^{2}$"),
        ("s⁻¹", "s$^{-1}$"),
        ("kΩ·°C", r"k$\Omega$$\cdot$$^{\circ}$C"),
        ("a^b~c\\d$", r"a\textasciicircum{}b\textasciitilde{}c\textbackslash{}d\$"),
    ],
)
def test_a_unit_is_set_literally(text, literal):
    assert latex.escaped(text) == literal


def test_greek_letters_in_names_become_commands(decay):
    fit = type(decay)(decay.sets, decay.initial, decay.solution, decay.y)
    fit.parameters = {"τ_0": Parameter("τ_0"), "Δλ": Parameter("Δλ"), "µ": Parameter("µ", tie="2*τ_0")}
    fit.names = tuple(fit.parameters)
    fit.values, fit.stderr = dict.fromkeys(fit.names, 1.0), dict.fromkeys(fit.names, 0.1)
    fit.initial = type("Start", (), {"full_values": fit.values})
    first, second, third = _body(latex.table(fit))[1:-1]
    assert first.startswith(r"${\tau}_{0}$ & ")
    assert second.startswith(r"$\mathrm{{\Delta}{\lambda}}$ & ")
    assert third.startswith(r"${\mu}$ & ")
    assert third.endswith(r"$= 2 \, {\tau}_{0}$")
