"""What is compiled into one kernel, what is not, and that both compute the same."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from trfkit.core.one_kernel import as_one_kernel, none_allowed


def _calls(function, *args):
    """How many calls are left in the optimised program that are compiled as one kernel."""
    text = jax.jit(lambda *args: as_one_kernel(function, *args)).lower(*args).compile().as_text()
    return text.count('xla_cpu_small_call="true"')


def _power(x):
    return lax.while_loop(lambda c: c[0] < 9, lambda c: (c[0] + 1, jnp.tanh(c[1]) + x @ c[1]), (0, x))[1]


def test_arithmetic_with_loops_becomes_one_kernel():
    x = np.linspace(0.1, 1.0, 500)  # so long that XLA does not do it by itself
    assert _calls(_power, x) > 0
    with none_allowed():
        assert _calls(_power, x) == 0
    np.testing.assert_allclose(as_one_kernel(_power, x), _power(x), rtol=1e-14)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: jnp.linalg.svd(jnp.outer(x, x))[1],
        lambda x: jnp.outer(x, x) @ jnp.outer(x, x),
        lambda x: jnp.sort(x),
        lambda x: x.at[jnp.array([0, 1])].add(1.0),
        lambda x: jax.pure_callback(np.sin, x, x),
    ],
    ids=["svd", "product of matrices", "sort", "scatter", "callback"],
)
def test_what_libraries_do_is_left_to_them(function):
    x = np.linspace(0.1, 1.0, 5)
    assert _calls(function, x) == 0
    x = jnp.asarray(x)
    np.testing.assert_allclose(as_one_kernel(function, x), function(x), rtol=1e-14)


def test_trees_go_in_and_come_out():
    def function(tree, number):
        return {"sum": tree["a"] + number, "both": (tree["a"], tree["b"])}

    tree = {"a": np.arange(3.0), "b": np.float64(2.0)}
    found = jax.jit(lambda *args: as_one_kernel(function, *args))(tree, 1.5)
    np.testing.assert_array_equal(found["sum"], [1.5, 2.5, 3.5])
    assert found["both"][1] == 2.0
