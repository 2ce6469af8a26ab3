"""Statements put together to a script: imports merged, long calls and dicts broken into lines, sections set apart."""

import ast
import itertools

from .literals import WIDTH
from .source import in_order

DEFINES = ("def ", "@", "class ")  # what stands between two blank lines


def laid_out(opening: str, items: list[str], closing: str, used: int = 0) -> str:
    """opening item, item closing: on one line where it fits beside `used` characters, else on a line for each."""
    line = f"{opening}{', '.join(items)}{closing}"
    if len(line) + used <= WIDTH and "\n" not in line:
        return line
    return "\n".join([opening, *(f"{indented(item)}," for item in items), closing])


def indented(text: str) -> str:
    """The text one level further in."""
    return "\n".join(f"    {line}" for line in text.split("\n"))


def bound_names(statement: str) -> list[str]:
    """The names that an import, an assignment, a def or a class binds; of `import a.b`, which also binds a, a.b."""
    node = ast.parse(statement).body[0]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    return [node.targets[0].id if isinstance(node, ast.Assign) else node.name]


def merged_imports(statements) -> list[str]:
    """Import statements in order, one for each module that names come from."""
    plain, names_from = [], {}
    for statement in statements:
        module, comes_from, name = statement.partition(" import ")
        if comes_from:
            names_from.setdefault(module, []).append(name)
        else:
            plain.append(statement)
    merged = [f"{module} import {', '.join(sorted(names))}" for module, names in names_from.items()]
    merged = in_order([*plain, *merged])
    return [statement if len(statement) <= WIDTH else _over_lines(statement) for statement in merged]


def _over_lines(statement: str) -> str:
    module, _, names = statement.partition(" import ")
    return laid_out(f"{module} import (", names.split(", "), ")")


def in_sections(*sections: list[str]) -> str:
    """Statements as a text: a blank line between sections, two around what is defined over several lines."""
    lines = [(statement, i) for i, section in enumerate(sections) for statement in section]
    text = lines[0][0]
    for (before, i), (after, j) in itertools.pairwise(lines):
        apart = 3 if before.startswith(DEFINES) or after.startswith(DEFINES) else 1 + (i != j)
        text += "\n" * apart + after
    return f"{text}\n"
