import jax
import jax.numpy as jnp
import numpy as np
import pytest

from trfkit.core.lanes import where_needed


def _thorough(a, b):
    return {"sum": a + b, "which": jnp.ones_like(a)}


def _quick(a, b):
    return {"sum": a + b, "which": jnp.zeros_like(a)}


def _branch(needed, a, b):
    return where_needed(needed, _thorough, _quick, a, b)


def _which(function, *args):
    return np.asarray(function(*args)["which"]).tolist()


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["plain", "jit"])
@pytest.mark.parametrize("needed", [True, False])
def test_alone_it_is_a_branch(wrap, needed):
    assert _which(wrap(_branch), jnp.asarray(needed), 1.0, 2.0) == needed


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["plain", "jit"])
@pytest.mark.parametrize("needed", [[False, False, False], [False, True, False], [True, True, True]])
def test_one_lane_in_need_takes_all_lanes_along(wrap, needed):
    found = wrap(jax.vmap(_branch))(jnp.array(needed), jnp.arange(3.0), jnp.ones(3))
    assert found["which"].tolist() == [any(needed)] * 3
    assert found["sum"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("axes", [(0, None, None), (None, 0, None), (0, None, 0), (None, 0, 0)])
def test_operands_that_all_lanes_share_stay_as_they_are(axes):
    lanes = {"needed": jnp.array([False, True]), "a": jnp.arange(6.0).reshape((2, 3)), "b": jnp.ones((2, 3))}
    whole = {"needed": jnp.asarray(True), "a": jnp.arange(3.0), "b": jnp.ones(3)}
    given = [(whole if axis is None else lanes)[name] for name, axis in zip(whole, axes, strict=True)]
    found = jax.vmap(_branch, in_axes=axes)(*given)
    assert found["which"].tolist() == np.ones((2, 3)).tolist()
    expected = jax.vmap(lambda _, a, b: a + b, in_axes=axes)(*given)
    np.testing.assert_array_equal(found["sum"], expected)


def test_nested_lanes_get_what_their_inner_group_needs():
    needed = jnp.array([[False, False], [True, False]])
    found = jax.vmap(jax.vmap(_branch))(needed, jnp.ones((2, 2)), jnp.ones((2, 2)))
    assert found["which"].tolist() == [[0, 0], [1, 1]]


def test_only_one_branch_runs_for_all_lanes():
    """A predicate for each lane would turn the branch into a select of both sides."""
    program = str(jax.make_jaxpr(jax.vmap(_branch))(jnp.array([True, False]), jnp.ones(2), jnp.ones(2)))
    assert "cond[" in program
    assert "select_n" not in program


def test_it_works_in_the_body_of_a_loop_in_lanes():
    def count(limit):
        return jax.lax.while_loop(lambda i: i < limit, lambda i: _branch(i > 3, i, 1.0)["sum"], 0.0)

    assert jax.vmap(count)(jnp.array([2.0, 7.0, 0.0])).tolist() == [2, 7, 0]
