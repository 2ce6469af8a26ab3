"""Names that hold in another process, and what has none."""

import functools
import subprocess
import sys
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.core.jit_functions import FUNCTIONS, TrustRegionJITFunctions
from trfkit.core.stable import Unstable, stable_digest


def decay(x, a):
    return a * jnp.exp(-x)


def growth(x, a):
    return a * jnp.exp(x)


DIFFERENT = [
    1, 1.0, True, "1", b"1", None, (1,), [1], (1, 2), {"a": 1}, {"a": 2}, frozenset({1}), np.float64(1.0), 1 + 0j,
    np.float32(1.0), np.ones(3), np.ones(3, np.float32), np.ones((3, 1)), np.dtype(float), jnp.exp, jnp.log, np.exp,
    decay.__code__, growth.__code__, np, jnp, FUNCTIONS, jax.tree.structure((1, 2)), jax.tree.structure([1, 2]),
    functools.partial(jnp.tanh, 1.0), slice(1, 2), range(3), float("nan"), -0.0, 0.0,
]  # fmt: skip


def test_different_values_have_different_names():
    names = [stable_digest(value) for value in DIFFERENT]
    assert len(set(names)) == len(DIFFERENT)


def test_names_are_the_same_in_another_process():
    code = (
        "import jax, jax.numpy as jnp, numpy as np\n"
        "from trfkit.core.stable import stable_digest\n"
        "from trfkit.core.jit_functions import FUNCTIONS\n"
        "def decay(x, a):\n    return a * jnp.exp(-x)\n"
        "print(stable_digest((decay.__code__, FUNCTIONS, np.ones(3), frozenset('abcdef'), jax.tree.structure([1]))))"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = (decay.__code__, FUNCTIONS, np.ones(3), frozenset("abcdef"), jax.tree.structure([1]))
    assert child.stdout.strip() == stable_digest(here)


@dataclass(frozen=True)
class Own:
    value: int


@pytest.mark.parametrize(
    "value",
    [
        decay,
        lambda x: x,
        object(),
        Own(1),
        pytest,
        jax.jit(decay),
        np.array([None]),
        TrustRegionJITFunctions(in_bounds=decay),
    ],
    ids=["function", "lambda", "object", "own class", "other library", "under jit", "objects", "swapped primitive"],
)
def test_what_may_be_another_tomorrow_has_no_name(value):
    with pytest.raises(Unstable):
        stable_digest(value)
