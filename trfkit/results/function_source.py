"""A user's function as statements of a script: its source, and before it what it reads from outside.

Modules become imports, functions and classes of installed packages imports by name, numbers and arrays assignments,
other functions of the user statements of their own, and the variables of an enclosing function assignments, too.
Installed packages are trusted to be there where the script runs; a user's own modules are not, but for those that a
function reads as a module.
"""

import ast
import builtins
import dis
import functools
import inspect
import itertools
import symtable
import sys
import textwrap
import types

import jax

from ..fitting.purity import LIBRARIES
from .literals import modules_read, value_source

_JITTED = type(jax.jit(lambda: None))


class Script:
    """The imports and definitions of a script, collected name by name."""

    def __init__(self):
        self.imports: set[str] = set()
        self.definitions: list[str] = []  # each after those that it needs
        self.values: dict[str, object] = {}  # what the names stand for

    def function(self, function, otherwise: str) -> str:
        """The name under which a function is defined: its own or, where it has none (a lambda), one like that given."""
        name = getattr(function, "__name__", "")
        if not name.isidentifier():
            names = itertools.chain([otherwise], (f"{otherwise}_{i}" for i in itertools.count(2)))
            name = next(name for name in names if self.values.get(name, function) is function)
        self.define(name, function)
        return name

    def claim(self, name: str, value) -> bool:
        """Whether a name is still to be defined as a value. Raises ValueError where it stands for another."""
        if name in self.values and self.values[name] is not value:
            raise ValueError(f"no script can be written: two different things are called {name!r}. Rename one of them.")
        new = name not in self.values
        self.values[name] = value
        return new

    def define(self, name: str, value) -> None:
        """Have the name stand for a value. Raises ValueError for a value that no source makes, and as `claim` does."""
        source = value_source(value)
        if f"{name} = {source}" in self.definitions or not self.claim(name, value):
            return
        if source is not None:
            self.assign(name, source)
        elif isinstance(value, types.ModuleType):
            self.imports.add(import_of(name, value))
        elif isinstance(value, functools.partial):
            self._partial(name, value)
        elif imported := _import_by_name(name, value):
            self.imports.add(imported)
        else:
            self._own_function(name, value)

    def assign(self, name: str, source: str) -> None:
        """Set a name to an expression."""
        for module_name, module in modules_read(source).items():
            self.define(module_name, module)
        self.definitions.append(f"{name} = {source}")

    def _partial(self, name: str, partial: functools.partial) -> None:
        inner = self.function(partial.func, f"{name}_unbound")
        arguments = [inner, *map(value_source, partial.args)]
        keywords = {key: value_source(value) for key, value in partial.keywords.items()}
        if None in arguments or None in keywords.values():
            raise _unwritable(name, "it binds what is neither a number nor a string nor an array")
        bound = ", ".join([*arguments, *(f"{key}={source}" for key, source in keywords.items())])
        self.assign(name, f"functools.partial({bound})")

    def _own_function(self, name: str, value) -> None:
        layers = [value]
        while hasattr(layers[-1], "__wrapped__"):
            layers.append(layers[-1].__wrapped__)
        # Of a function with a derivative of its own (jax.custom_jvp), another kind of object, the `def` is not all.
        other = next((layer for layer in layers if not isinstance(layer, types.FunctionType | _JITTED)), None)
        if other is not None:
            raise _unwritable(name, f"it is an object of type {type(other).__name__}")
        function, wrappers = layers[-1], len(layers) - 1
        node, text = _parsed(function)
        decorators = len(getattr(node, "decorator_list", ()))
        jitted = type(value) is _JITTED and wrappers == decorators + 1
        if wrappers != decorators + jitted:
            raise _unwritable(name, "it was made of another function; where @ before its `def` made it, it can be")
        own = name if isinstance(node, ast.Lambda) else node.name
        if own != name:
            self.define(own, value.__wrapped__ if jitted else value)
        else:
            self._read(function, node)
            self.definitions.append(f"{name} = {text}" if isinstance(node, ast.Lambda) else text)
        if jitted:
            self.assign(name, f"jax.jit({own})")
        elif own != name:
            self.assign(name, own)

    def _read(self, function: types.FunctionType, node: ast.FunctionDef | ast.Lambda) -> None:
        """Define all that a function reads from outside."""
        names, annotated = _names_read(node)
        if annotated:  # by what may exist for a type checker alone
            self.imports.add("from __future__ import annotations")
        enclosed = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        for name in names:
            if name in enclosed:
                value = enclosed[name].cell_contents
            elif name in function.__globals__:
                value = function.__globals__[name]
            elif name in vars(builtins):
                continue
            else:
                raise _unwritable(function.__name__, f"it reads {name!r}, which is not to be found")
            if name != getattr(node, "name", None):  # a function that calls itself
                self.define(name, value)
            if isinstance(value, types.ModuleType) and name == value.__name__:
                self.imports |= _imports_inside(value, node)


def _unwritable(name: str, reason: str) -> ValueError:
    return ValueError(
        f"no script can be written of {name!r}: {reason}. Write it as a function (def) that reads numbers, strings, "
        f"arrays, modules and other such functions, in a file or a notebook's cell; or put it into a package and "
        f"import it."
    )


# what is imported


def _is_installed(module: types.ModuleType) -> bool:
    """Whether a module comes with Python, with trfkit or with an installed package."""
    top = module.__name__.partition(".")[0]
    if top == "trfkit" or top in sys.stdlib_module_names:
        return True
    return (getattr(module, "__file__", None) or "").startswith(LIBRARIES)


def import_of(name: str, module: types.ModuleType) -> str:
    """The statement that binds a name to a module."""
    if sys.modules.get(module.__name__) is not module or module.__name__ == "__main__":
        raise _unwritable(name, "it is a module that cannot be imported")
    return f"import {module.__name__}" + ("" if name == module.__name__ else f" as {name}")


def _import_by_name(name: str, value) -> str | None:
    """The import of something that an installed module holds under this or its own name; None where none does."""
    own = getattr(value, "__name__", name)
    places = [
        (module, attribute)
        for module, found in list(sys.modules.items())
        if isinstance(found, types.ModuleType) and _is_installed(found)
        for attribute in (own, name)
        if vars(found).get(attribute) is value
    ]
    if not places:
        return None
    module, attribute = min(places, key=lambda place: _preference(*place, getattr(value, "__module__", None)))
    return f"from {module} import {attribute}" + ("" if attribute == name else f" as {name}")


def _preference(module: str, attribute: str, home: str | None) -> tuple:
    """The less, the better: public before private, the module that it says it is from, and the shortest path."""
    private = any(part.startswith("_") for part in (*module.split("."), attribute))
    return private, module != home, module.startswith("trfkit"), module.count("."), module, attribute


def _imports_inside(module: types.ModuleType, node: ast.AST) -> set[str]:
    """The modules inside one that a function reads as `scipy.special.erf`: `import scipy` need not load them."""
    read = {ast.unparse(part) for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    inside = {path for path in read if path.startswith(f"{module.__name__}.") and path in sys.modules}
    return {f"import {path}" for path in inside if not any(other.startswith(f"{path}.") for other in inside)}


# source


def _parsed(function: types.FunctionType) -> tuple[ast.FunctionDef | ast.Lambda, str]:
    """A function's node and text, found to be those of its code."""
    name = function.__code__.co_name
    try:
        if name == "<lambda>":
            node = _lambda(function)
            return node, ast.unparse(node)
        text = textwrap.dedent(inspect.getsource(function)).rstrip()
        node = ast.parse(text).body[0]
    except (OSError, SyntaxError) as error:
        raise _unwritable(name, f"its source is not to be had ({error})") from error
    if not isinstance(node, ast.FunctionDef) or not _makes(node, function):
        raise _unwritable(name, "its file has changed since it was imported, or what was written is not a plain `def`")
    return node, text


def _lambda(function: types.FunctionType) -> ast.Lambda:
    lines, _ = inspect.findsource(function)
    there = [
        node
        for node in ast.walk(ast.parse("".join(lines)))
        if isinstance(node, ast.Lambda) and node.lineno == function.__code__.co_firstlineno and _makes(node, function)
    ]
    if len({ast.unparse(node) for node in there}) != 1:
        raise _unwritable("lambda", f"{len(there) or 'none'} of those on its line could be it")
    return there[0]


def _makes(node: ast.FunctionDef | ast.Lambda, function: types.FunctionType) -> bool:
    """Whether a node, compiled, computes what a function's code does."""
    compiled = compile(ast.unparse(node), "<script>", "exec", dont_inherit=True)
    codes = (code for code in compiled.co_consts if isinstance(code, types.CodeType))
    return any(_told_by(code) == _told_by(function.__code__) for code in codes)


def _told_by(code: types.CodeType) -> tuple:
    """What of a code does not depend on where it was compiled, as the loading of names and the indent of texts do."""
    constants = [
        inspect.cleandoc(constant) if isinstance(constant, str) else constant
        for constant in code.co_consts
        if not isinstance(constant, types.CodeType)
    ]
    kinds = ("BINARY_", "COMPARE_", "UNARY_", "LOAD_FAST")
    operations = [(i.opname, i.argval) for i in dis.get_instructions(code) if i.opname.startswith(kinds)]
    return code.co_name, code.co_varnames, {*code.co_names, *code.co_freevars}, repr(constants), operations


class _Unannotated(ast.NodeTransformer):
    """Takes annotations away: they compute nothing."""

    def visit_arg(self, node):
        return ast.arg(node.arg)

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node):
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


def _names_read(node: ast.FunctionDef | ast.Lambda) -> tuple[list[str], bool]:
    """(the names that a definition reads from outside: in its body, its defaults, its decorators; has annotations)."""
    bare = ast.unparse(node)
    stripped = ast.unparse(_Unannotated().visit(ast.parse(bare)))
    names, tables = set(), [symtable.symtable(stripped, "<script>", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        outer = table.get_type() == "module"
        names |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (outer or s.is_global())}
    return sorted(names), stripped != bare
