"""Programs in memory and on disk: what is compiled when, and what a bad folder costs."""

import os
import stat
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.core import disk, one_kernel, programs
from trfkit.core.programs import Program


def cube(x):
    return {"cube": x**3}


def scaled(x, factor):
    return factor * x


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TRFKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def compiled():
    """The names of the programs that XLA compiles during the test."""
    names = []

    def listen(event, seconds, fun_name="", **_):
        if event == "/jax/core/compile/backend_compile_duration":
            names.append(fun_name.removeprefix("jit(").removesuffix(")"))

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield names
    jax.monitoring.unregister_event_duration_listener(listen)


def test_program_compiles_once_for_each_form(monkeypatch, compiled):
    monkeypatch.setenv("TRFKIT_CACHE", "off")
    program = Program(cube)
    for x in (np.arange(3.0), np.ones(3), np.arange(4.0), np.ones(4)):
        np.testing.assert_array_equal(program(x)["cube"], x**3)
    assert compiled == ["cube", "cube"]
    assert program(np.float32(2.0))["cube"].dtype == np.float32


def test_static_arguments_are_compiled_in(monkeypatch):
    monkeypatch.setenv("TRFKIT_CACHE", "off")
    program = Program(scaled)
    assert program(np.float64(2.0), static=(3.0,)) == 6.0
    assert program(np.float64(2.0), static=(4.0,)) == 8.0


def test_ready_is_what_needs_no_compiling(monkeypatch):
    monkeypatch.setenv("TRFKIT_CACHE", "off")
    program = Program(cube)
    assert program.ready(np.ones(3)) is None
    program.prepare(np.ones(3))
    np.testing.assert_array_equal(program.ready(np.full(3, 2.0))()["cube"], [8.0, 8.0, 8.0])
    assert program.ready(np.ones(2)) is None


def test_another_program_of_the_same_function_finds_it_on_disk(folder, compiled):
    Program(jnp.tanh)(np.ones(3))
    assert len(list(folder.iterdir())) == 1
    again = Program(jnp.tanh)
    np.testing.assert_array_equal(again.ready(np.zeros(3))(), np.zeros(3))
    np.testing.assert_allclose(again(np.ones(3)), np.tanh(np.ones(3)))
    assert compiled == ["tanh"]


def test_forms_in_memory_are_limited(monkeypatch):
    monkeypatch.setenv("TRFKIT_CACHE", "off")
    monkeypatch.setattr(programs, "MOST_KEPT", 2)
    program = Program(cube)
    for m in (1, 2, 3):
        program(np.ones(m))
    assert program.ready(np.ones(1)) is None
    assert program.ready(np.ones(3)) is not None


def test_what_xla_cannot_compile_into_one_kernel_is_compiled_as_it_likes(monkeypatch):
    monkeypatch.setenv("TRFKIT_CACHE", "off")
    monkeypatch.setattr(one_kernel, "_is_arithmetic", lambda operation: True)

    def product(x):  # goes to a library, which one kernel can't call
        return jnp.matmul(x, x.T)

    x = np.random.default_rng(0).standard_normal((8, 4000))
    np.testing.assert_allclose(Program(product)(x), x @ x.T, rtol=1e-12)


# --- folders ---------------------------------------------------------------------------------------------------------


def _damage(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


@pytest.mark.parametrize(
    "spoil", [_damage, lambda file: file.write_bytes(b""), lambda file: file.write_bytes(b"no program" * 20)]
)
def test_damaged_file_is_compiled_anew(folder, spoil):
    Program(jnp.sinh)(np.ones(3))
    (file,) = folder.iterdir()
    spoil(file)
    np.testing.assert_allclose(Program(jnp.sinh)(np.ones(3)), np.sinh(np.ones(3)))
    assert disk.load((jnp.sinh.__qualname__, Program(jnp.sinh).form(np.ones(3)))) is not None


def test_folder_that_is_a_file_costs_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TRFKIT_CACHE", str(tmp_path / "file"))
    np.testing.assert_allclose(Program(jnp.cosh)(np.ones(3)), np.cosh(np.ones(3)))


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_folder_that_is_read_only_is_read(folder, compiled):
    Program(jnp.arctan)(np.ones(3))
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        Program(jnp.arctan)(np.ones(3))
        Program(jnp.arctan)(np.ones(4))
        assert compiled == ["arctan", "arctan"]
        assert len(list(folder.iterdir())) == (1 if os.geteuid() else 2)  # who is root may write all the same
    finally:
        folder.chmod(stat.S_IRWXU)


def test_oldest_files_make_room(folder, monkeypatch):
    monkeypatch.setattr(disk, "MOST_FILES", 4)
    for m in range(1, 8):
        Program(jnp.exp2)(np.ones(m))
    assert len(list(folder.iterdir())) <= 4


def test_off_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TRFKIT_CACHE", "off")
    assert disk.folder() is None


def test_default_folder_is_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("TRFKIT_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert disk.folder() == tmp_path / "trfkit"


CHILD = """
import jax, numpy as np, jax.numpy as jnp, trfkit
compiled = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, seconds, fun_name="", **_: compiled.append(fun_name) if "backend_compile" in event else None)
x = np.linspace(0, 4, 100)
rate = 1.3
def model(x, a, b):
    return a * jnp.exp(-b * rate * x)
found = trfkit.curve_fit(model, x, 2.5 * np.exp(-1.1 * rate * x), [1.0, 1.0], tr_options={"driver": "fused"})[0]
print("whole" in str(compiled), *found)
"""


def test_other_processes_find_the_programs_of_a_users_model(folder):
    def run(code):
        child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
        return child.stdout.split()

    first, second = run(CHILD), run(CHILD)
    assert (first[0], second[0]) == ("True", "False")
    assert second[1:] == first[1:]
    changed = run(CHILD.replace("rate = 1.3", "rate = 2.6"))  # a constant that the model reads: another program
    assert changed[0] == "True"
    np.testing.assert_allclose(list(map(float, changed[1:])), [2.5, 1.1], rtol=1e-6)
