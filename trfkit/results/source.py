"""Python source that makes a model again: what the script of a fit is put together from.

A model of the library is its call, a typed one its formula, a function its own source and that of what it reads. Names
and texts that came from a file are written as strings or not at all, so that they never become code.
"""

import sys
import textwrap
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import NamedTuple

from ..models import Model, ParameterSpec
from ..models.composite import Number, TypedFormula
from ..models.origin import FACTORIES, library_call, unchanged
from .function_source import Script, import_of
from .literals import WIDTH, array_source, modules_read, string_source, value_source

__all__ = ["Source", "array_source", "array_imports", "in_order", "model_source"]


class Source(NamedTuple):
    """How a script makes something: what it imports, what it defines then, and the expression to write after that."""

    imports: tuple[str, ...]  # statements, as `in_order` has them
    definitions: tuple[str, ...]  # statements of one or more lines, each after those that it needs
    expression: str


def model_source(model: Model | Mapping[str, Model], name: str = "model") -> Source:
    """Source of a model equal to this one, its guesser aside: a script has its start. A dict of models makes a dict.

    A function that has no name of its own (a lambda) is called after `name`. Raises ValueError for a function that
    cannot be written, saying why and what to try.
    """
    writer = _Writer(f"{name}_function")
    if isinstance(model, Mapping):
        expression = _dict({key: writer.expression(one) for key, one in model.items()})
    else:
        expression = writer.expression(model)
    imports, models = writer.script.imports, sorted(writer.models)
    if models:
        imports = {*imports, f"from trfkit.models import {', '.join(models)}"}
    return Source(in_order(imports), tuple(writer.script.definitions), expression)


def array_imports(*sources: str) -> set[str]:
    """The import statements that arrays written by `array_source` need."""
    return {import_of(name, module) for source in sources for name, module in modules_read(source).items()}


def in_order(imports) -> tuple[str, ...]:
    """Import statements, each once, as linters want them: Python's own, those of packages, trfkit's; `import` first."""

    def rank(statement: str) -> tuple:
        kind, module, *_ = statement.split()
        top = module.partition(".")[0]
        return top != "__future__", top not in sys.stdlib_module_names, top == "trfkit", kind == "from", statement

    return tuple(sorted(set(imports), key=rank))


class _Writer:
    """The expression of one model; `script` and `models` gather what it needs."""

    def __init__(self, otherwise: str):
        self.otherwise = otherwise  # what a function without a name is called
        self.script = Script()
        self.models: set[str] = set()  # names from trfkit.models

    def expression(self, model: Model) -> str:
        if isinstance(model.function, Number):
            return value_source(model.function.value)
        if model.kind != "model":
            source = self.composite(model)
        elif isinstance(model.function, TypedFormula):
            source = self.call(Model, unchanged(model))
        elif call := library_call(model):
            source = self.call(FACTORIES[call[0]], unchanged(model))
        else:
            return self.of_function(model)
        if model.parameters == unchanged(model).parameters:
            return source
        self.script.define("replace", replace)
        return _call("replace", source, f"parameters={self.specs(model)}")

    def use(self, maker) -> None:
        """Import something of trfkit.models."""
        self.script.claim(maker.__name__, maker)
        self.models.add(maker.__name__)

    def call(self, maker, model: Model) -> str:
        """A model as the library or the parser made it, whose own text is the code."""
        self.use(maker)
        return repr(model).replace("'", '"')

    def composite(self, model: Model) -> str:
        parts = [self.expression(part) for part in model.components]
        if model.kind == "product":
            sums = (part.kind == "sum" for part in model.components)
            parts = [_in_brackets(source) if is_sum else source for source, is_sum in zip(parts, sums, strict=True)]
        sign = "+" if model.kind == "sum" else "*"
        numbers = [isinstance(part.function, Number) for part in model.components]
        alone = max(numbers.index(False) - 1, 0)  # Python would make one number of 2 * 3 * model
        source = _chain(parts[alone:], sign)
        for part in reversed(parts[:alone]):
            source = f"{part} {sign} {_in_brackets(source)}"
        return source

    def of_function(self, model: Model) -> str:
        self.use(Model)
        function = self.script.function(model.function, self.otherwise)
        said = {"prefix": model.prefix, "formula": model.formula}
        try:
            plain = Model.from_function(model.function, **said)
        except ValueError:  # f(x, *parameters) does not tell their names
            plain = None
        if plain is not None and replace(plain, name=model.name) == replace(model, guesser=None):
            said["name"] = "" if plain.name == model.name else model.name
            return _call("Model.from_function", function, *_keywords(said))
        return _call("Model", function, self.specs(model), string_source(model.name), *_keywords(said))

    def specs(self, model: Model) -> str:
        self.use(ParameterSpec)
        return _call("", *map(_spec, model.parameters))


def _spec(spec: ParameterSpec) -> str:
    """A parameter's spec, without what is so by default."""
    rest = {f.name: getattr(spec, f.name) for f in fields(spec) if getattr(spec, f.name) != f.default}
    name = rest.pop("name")
    plain = {key: value if isinstance(value, str) else float(value) for key, value in rest.items()}
    return f"ParameterSpec({', '.join([string_source(name), *_keywords(plain)])})"


def _keywords(values: dict) -> list[str]:
    return [f"{key}={value_source(value)}" for key, value in values.items() if value != ""]


def _call(maker: str, *arguments: str) -> str:
    """A call, or a tuple where no maker is given, on one line if it fits."""
    comma = "" if maker or len(arguments) != 1 else ","
    line = f"{maker}({', '.join(arguments)}{comma})"
    if _fits(line):
        return line
    lines = "".join(f"{textwrap.indent(argument, '    ')},\n" for argument in arguments)
    return f"{maker}(\n{lines})"


def _chain(parts: list[str], sign: str) -> str:
    line = f" {sign} ".join(parts)
    if _fits(line):
        return line
    first, *rest = (textwrap.indent(part, "    ").lstrip() for part in parts)
    return "\n".join(["(", f"    {first}", *(f"    {sign} {part}" for part in rest), ")"])


def _dict(sources: dict[str, str]) -> str:
    lines = (
        f"    {string_source(key)}: {textwrap.indent(value, '    ').lstrip()},\n" for key, value in sources.items()
    )
    return f"{{\n{''.join(lines)}}}"


def _in_brackets(source: str) -> str:
    return source if source.startswith("(\n") else f"({source})"


def _fits(line: str) -> bool:
    return len(line) <= WIDTH - 12 and "\n" not in line  # 12 are left for "model = " and an indent
