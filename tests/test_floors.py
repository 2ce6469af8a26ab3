"""The house: who may import whom, read off the source.

A module imports from the floors below its own and, where a package shares one floor, from its siblings. So the core
cannot come to know SciPy, matplotlib, a widget or its own callers, and a cycle shows as a name in the wrong place.
"""

import ast
import fnmatch
import graphlib
import os
import pathlib
import subprocess
import sys

import pytest

HOUSE = pathlib.Path(__file__).parent.parent / "trfkit"

# From the ground up: the modules of a floor, and what they may import besides the standard library and lower floors.
# fmt: off
FLOORS = [
    (["exact_floats", "optional"],                                                  []),
    (["core.operators", "core.bounds", "core.lanes", "core.losses", "core.radius",
      "core.small", "core.stable"],                                                 ["jax", "numpy"]),
    (["core.disk"],                                                                 ["jax", "jaxlib", "numpy"]),
    (["core.quadratics"],                                                           ["jax", "numpy"]),
    (["core.subproblem", "core.conjugate_gradient", "core.step_selection",
      "core.triangle"],                                                             ["jax", "numpy"]),
    (["core.jit_functions"],                                                        ["jax", "numpy"]),
    (["core.rows", "core.problem"],                                                 ["jax", "numpy"]),
    (["core.evaluate", "core.one_kernel"],                                          ["jax", "numpy"]),
    (["core.programs"],                                                             ["jax", "numpy"]),
    (["core.shares", "core.trf"],                                                   ["jax", "numpy"]),
    (["core.drivers"],                                                              ["jax", "numpy"]),
    (["core.batch"],                                                                ["jax", "numpy"]),
    (["core"],                                                                      []),
    (["datasets", "datasets.*"],                                                    ["jax", "numpy"]),
    (["models", "models.*"],                                                        ["jax", "numpy", "scipy"]),
    (["parameters"],                                                                ["numpy"]),
    (["events", "trace", "trace.*"],                                                ["numpy"]),
    (["tables", "tables.*"],                                                        ["numpy"]),
    (["fitting", "fitting.*"],                                                      ["jax", "numpy", "scipy"]),
    (["statistics", "statistics.*"],                                                ["jax", "numpy", "scipy"]),
    (["report", "report.*"],                                                        ["numpy"]),
    (["results", "results.*"],                                                      ["jax", "numpy", "scipy"]),
    (["profiling", "profiling.*"],                                                  ["jax", "numpy"]),
    (["batch", "batch.*"],                                                          ["jax", "numpy"]),
    (["session", "session.*"],                                                      ["numpy"]),
    (["interactive"],                                                               []),
    ([""],                                                                          ["jax"]),  # trfkit/__init__.py
    (["plots", "plots.*"],                                                          ["jax", "numpy", "matplotlib"]),
    (["widgets", "widgets.*"],                                                      ["numpy", "matplotlib", "IPython",
                                                                                     "ipywidgets", "anywidget",
                                                                                     "traitlets"]),
]
# fmt: on

# What `import trfkit` may not load: a script on a cluster pays for none of it.
NOT_AT_IMPORT = ["IPython", "anywidget", "ipywidgets", "matplotlib", "pandas"]

# Past about 300 lines ask which second idea moved in; the rest is room for a derivation.
MOST_LINES = 330


def _name(path):
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return ".".join(parts).removesuffix("__init__").removesuffix(".")


PATHS = {_name(path): path for path in sorted(HOUSE.rglob("*.py"))}
TREES = {module: ast.parse(path.read_text()) for module, path in PATHS.items()}


def _floor(module):
    for level, (patterns, _) in enumerate(FLOORS):
        if any(fnmatch.fnmatchcase(module, pattern) for pattern in patterns):
            return level
    raise AssertionError(f"trfkit.{module} has no floor: give it one in FLOORS")


def _absolute(module, node):
    """The dotted module that an ImportFrom names, its leading dots resolved."""
    if not node.level:
        return node.module
    package = ["trfkit", *module.split(".")] if module else ["trfkit"]
    if PATHS[module].name != "__init__.py":
        package = package[:-1]
    base = package[: len(package) - node.level + 1]
    return ".".join(base + ([node.module] if node.module else []))


def _imports(module):
    """(line, dotted name) of everything the module imports; of two readings of `from a import b`, the module's."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(module, node)
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                yield node.lineno, inner if inner.removeprefix("trfkit.") in PATHS else source


def _inside(dotted):
    """The name of one of trfkit's own modules without the prefix, or None."""
    if dotted.split(".")[0] != "trfkit":
        return None
    return dotted.removeprefix("trfkit").removeprefix(".")


def _share_a_floor(module, other):
    package = module.split(".")[0]
    return other.split(".")[0] == package and f"{package}.*" in FLOORS[_floor(module)][0]


@pytest.mark.parametrize("module", PATHS)
def test_module_imports_only_what_its_floor_allows(module):
    level = _floor(module)
    wrong = []
    for line, dotted in _imports(module):
        other = _inside(dotted)
        if other is None:
            top = dotted.split(".")[0]
            allowed = top in sys.stdlib_module_names or top in FLOORS[level][1]
        else:
            allowed = _floor(other) < level or (_floor(other) == level and _share_a_floor(module, other))
        if not allowed:
            wrong.append(f"{PATHS[module].relative_to(HOUSE.parent)}:{line} imports {dotted}")
    assert not wrong


@pytest.mark.parametrize("module", PATHS)
def test_imports_stand_at_the_top_of_the_file(module):
    tree = TREES[module]
    anywhere = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    first_definition = next(
        (node.lineno for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)), float("inf")
    )
    assert not [
        f"{PATHS[module].relative_to(HOUSE.parent)}:{node.lineno}"
        for node in anywhere
        if node not in tree.body or node.lineno > first_definition
    ]


@pytest.mark.parametrize("module", PATHS)
def test_module_is_one_idea_long(module):
    lines = len(PATHS[module].read_text().splitlines())
    assert lines <= MOST_LINES


def test_no_import_goes_round_in_a_circle():
    below = {module: {_inside(dotted) for _, dotted in _imports(module)} - {None} for module in PATHS}
    graphlib.TopologicalSorter(below).prepare()


def test_every_row_of_the_table_names_something_that_exists():
    patterns = [pattern for row, _ in FLOORS for pattern in row if not pattern.endswith(".*")]
    assert [pattern for pattern in patterns if pattern not in PATHS] == []


def _fresh_python(code, **environment):
    """The words that the code prints in a new interpreter; an environment variable given as None is unset."""
    environment = {**os.environ, "PYTHONPATH": str(HOUSE.parent), **environment}
    environment = {name: value for name, value in environment.items() if value is not None}
    finished = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return finished.stdout.split()


def test_importing_trfkit_loads_no_plotting_and_no_widgets():
    assert _fresh_python(f"import sys, trfkit; print(*(set({NOT_AT_IMPORT}) & set(sys.modules)))") == []


@pytest.mark.parametrize(("chosen", "dtype"), [(None, "float64"), ("0", "float32")])
def test_importing_trfkit_means_float64_unless_the_user_chose(chosen, dtype):
    code = "import trfkit, jax.numpy as jnp; print(jnp.ones(1).dtype)"
    assert _fresh_python(code, JAX_ENABLE_X64=chosen) == [dtype]
