"""Every model here is a function of x and two parameters; the proof may say yes only where blocks of rows agree."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.scipy import special

import trfkit
from trfkit.core.rows import works_row_by_row

M = 24
BLOCKS = (8, 30)  # rows at a time: three blocks, or one with room to spare
PARAMS = (1.3, 0.4)
POINTS = np.linspace(0.1, 2.0, M)
WEIGHTS = np.linspace(1.0, 2.0, M)
TABLE = np.array([0.0, 0.5, 2.5])
LONG_TABLE = jnp.sqrt(np.arange(100.0))

ROW_WISE = {
    "exponential": lambda x, a, b: a * jnp.exp(-b * x),
    "powers": lambda x, a, b: a * x**2 + x**b + jnp.sqrt(x) - x**-1.5,
    "trigonometric": lambda x, a, b: a * jnp.sin(b * x) + jnp.arctan2(x, a) + jnp.sinc(x),
    "rational": lambda x, a, b: (a + x) / (1 + b * x * x),
    "where": lambda x, a, b: jnp.where(x > 1, a * x, b),
    "guarded by nan": lambda x, a, b: jnp.where(x > 0, a * jnp.log(x), jnp.nan) + b,
    "piecewise": lambda x, a, b: jnp.piecewise(x, [x < a], [lambda t: t, lambda t: b * t]),
    "select": lambda x, a, b: jnp.select([x < 1, x < 2], [a * x, b * x], 0.0),
    "clip": lambda x, a, b: a * jnp.clip(x, 0.5, 1.5) + jnp.maximum(x, b),
    "remainder": lambda x, a, b: a * (x % 1.0) + b * jnp.floor(x),
    "polyval": lambda x, a, b: jnp.polyval(jnp.array([a, b, 1.0]), x),
    "vandermonde matrix": lambda x, a, b: jnp.vander(x, 2) @ jnp.array([a, b]),
    "small basis": lambda x, a, b: jnp.stack([x, jnp.sin(x)], axis=1) @ jnp.array([a, b]),
    "basis on the other side": lambda x, a, b: jnp.array([a, b]) @ jnp.stack([x, jnp.sin(x)]),
    "tensordot": lambda x, a, b: jnp.tensordot(jnp.array([a, b]), jnp.stack([x, x * x]), 1),
    "sum over peaks": lambda x, a, b: jnp.sum(jnp.stack([a * x, b * x * x]), axis=0),
    "outer sum": lambda x, a, b: jnp.sum(jnp.exp(-((x[:, None] - TABLE[None, :]) ** 2)) * a, axis=-1) + b,
    "logsumexp over terms": lambda x, a, b: jax.nn.logsumexp(jnp.stack([a * x, b * x]), axis=0),
    "cumulative over terms": lambda x, a, b: jnp.cumsum(jnp.stack([a * x, b * x]), axis=0).max(axis=0),
    "reversed terms": lambda x, a, b: jnp.stack([a * x, b * x])[::-1].sum(axis=0),
    "concatenated terms": lambda x, a, b: jnp.concatenate([x[None] * a, x[None] + b]).sum(axis=0),
    "ones like x": lambda x, a, b: a * jnp.ones_like(x) + b * x,
    "constant plus no x": lambda x, a, b: a + 0 * x,
    "reshaped": lambda x, a, b: (x.reshape(-1, 1) * jnp.array([[a, b]])).sum(axis=1),
    "transposed": lambda x, a, b: jnp.stack([a * x, b * x]).T.sum(axis=1),
    "error function": lambda x, a, b: a * special.erf(x) + b * special.erfc(x),
    "gamma function": lambda x, a, b: a * special.gammaln(x) + b * special.digamma(x),
    "bessel function": lambda x, a, b: a * special.i0(x) + b * special.i1(x),
    "complex": lambda x, a, b: jnp.real(a * jnp.exp(-((x + 1j * b) ** 2))),
    "vmap": lambda x, a, b: jax.vmap(lambda t: a * t + b)(x),
    "derivative": lambda x, a, b: jax.vmap(jax.grad(lambda t: a * jnp.sin(b * t)))(x),
    "loop": lambda x, a, b: jax.vmap(lambda t: jax.lax.fori_loop(0, 3, lambda i, c: c * t + b, a))(x),
    "jit": jax.jit(lambda x, a, b: a * x + b),
    "checkpoint": lambda x, a, b: jax.checkpoint(lambda t: a * jnp.exp(b * t))(x),
    "custom derivative": lambda x, a, b: jax.nn.relu(a * x) + jax.nn.softplus(b * x),
    "constants": lambda x, a, b: a * x * TABLE.sum() + b * TABLE[1],
}

MIXING = {
    "largest x": lambda x, a, b: a * x / x.max() + b,
    "mean of x": lambda x, a, b: a * (x - x.mean()) + b,
    "norm of x": lambda x, a, b: a * x / jnp.linalg.norm(x) + b,
    "first x": lambda x, a, b: a * (x - x[0]) + b,
    "cumulative sum": lambda x, a, b: a * jnp.cumsum(x) + b,
    "sort": lambda x, a, b: a * jnp.sort(x) + b,
    "roll": lambda x, a, b: a * jnp.roll(x, 1) + b,
    "reversed": lambda x, a, b: a * x[::-1] + b,
    "shuffled": lambda x, a, b: a * x[jnp.argsort(jnp.sin(9 * x))] + b,
    "convolve": lambda x, a, b: jnp.convolve(x, jnp.array([a, b]), mode="same"),
    "differences": lambda x, a, b: jnp.concatenate([x[:1], a * jnp.diff(x)]) + b,
    "fourier": lambda x, a, b: a * jnp.fft.ifft(jnp.fft.fft(x) * b).real,
    "pairs of x": lambda x, a, b: jnp.sum(jnp.exp(-a * (x[:, None] - x[None, :]) ** 2), axis=1) + b,
    "matrix of x": lambda x, a, b: (jnp.outer(x, x) @ x) * a + b,
    "trapezoid": lambda x, a, b: a * jnp.trapezoid(x, x) + b * x,
    "scan along x": lambda x, a, b: jax.lax.scan(lambda c, t: (c * a + t, c), b, x)[1],
    "index": lambda x, a, b: a * jnp.arange(x.size) * x + b,
    "grid of its own": lambda x, a, b: a * jnp.linspace(0, 1, x.size) + b * x,
    "noise of its own": lambda x, a, b: a * x + b * jax.random.normal(jax.random.key(0), x.shape),
    "array of as many values": lambda x, a, b: a * x + b * WEIGHTS,
    "ones of as many values": lambda x, a, b: a * x + b * jnp.ones(M),
    "mask of as many values": lambda x, a, b: jnp.where(np.arange(M) < 9, a * x, b),
}

COUNTING = {
    "divided by the number of rows": lambda x, a, b: a * x / x.size + b,
    "number to the power of the number of rows": lambda x, a, b: a * 1.01**x.size * x + b,
    "parameter to the power of the number of rows": lambda x, a, b: a**x.size * x + b,
    "to the power of the number of rows": lambda x, a, b: a * x**x.size + b,
    "number of rows as a sum of ones": lambda x, a, b: a * x / jnp.ones_like(x).sum() + b,
    "number of rows as a sum of indices": lambda x, a, b: a * x / jnp.arange(x.size).sum() + b,
    "other formula for more rows": lambda x, a, b: a * x if x.size < M + 2 else b * x,
    "no more than so many rows": lambda x, a, b: (a * x + b)[: M + 2],
    "summed once for each row": lambda x, a, b: jnp.broadcast_to(x, (x.size, x.size)).sum(axis=0) * a + b,
    "repeated once for each row": lambda x, a, b: jax.lax.fori_loop(0, x.size, lambda i, c: c + a * x, b * x),
    "constant of an inner function": lambda x, a, b: jax.jit(lambda t: t * np.full(1, 1 / x.size))(x) * a + b,
    "last of a grid": lambda x, a, b: a * x * jnp.arange(1.0, 1.0 + x.size)[-1] + b,
    "so much of a table": lambda x, a, b: a * x + b * LONG_TABLE[: x.size],
    "sum of so much of a table": lambda x, a, b: a * x + b * LONG_TABLE[: x.size].sum(),
    "chosen by the number of rows": lambda x, a, b: jax.lax.cond(x.size > M, lambda: a * x, lambda: b * x),
}

# Row by row, but hard to prove.
HARD = {
    "interpolated": lambda x, a, b: a * jnp.interp(x, TABLE, TABLE**2) + b,
    "looked up": lambda x, a, b: jnp.array([a, b])[(x > 1).astype(int)] * x,
    "map": lambda x, a, b: jax.lax.map(lambda t: a * t + b, x),
    "while": lambda x, a, b: jax.lax.while_loop(lambda c: (c < 9).any(), lambda c: c + a * x, b * x),
}


def _proved(model, m=M, block=BLOCKS[0]):
    return works_row_by_row(model, jax.ShapeDtypeStruct((m,), float), PARAMS, m, block)


def _in_blocks(model, x, block):
    """The model's values, `block` rows at a time, the last block padded by the first row."""
    padded = np.concatenate([x, np.full(-x.size % block, x[0])])
    return np.concatenate([model(jnp.asarray(rows), *PARAMS) for rows in padded.reshape(-1, block)])[: x.size]


def _check(model, m=M, block=BLOCKS[0]):
    """A proof must hold; whether there is one."""
    proved = _proved(model, m, block)
    if proved:
        x = POINTS[:m]
        np.testing.assert_allclose(_in_blocks(model, x, block), model(jnp.asarray(x), *PARAMS), rtol=1e-12)
    return proved


@pytest.mark.parametrize("name", ROW_WISE)
def test_model_of_each_row_alone_is_proved_and_gives_the_same_in_blocks(name):
    assert all(_check(jax.jit(ROW_WISE[name]), block=block) for block in BLOCKS)


@pytest.mark.parametrize("name", MIXING)
def test_model_that_mixes_rows_is_not_proved(name):
    assert not any(_proved(MIXING[name], block=block) for block in BLOCKS)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("name", COUNTING)
def test_model_that_knows_the_number_of_rows_is_not_proved_where_it_matters(name, block):
    _check(COUNTING[name], block=block)


@pytest.mark.parametrize("name", HARD)
def test_proof_of_a_hard_model_holds_if_there_is_one(name):
    for block in BLOCKS:
        _check(HARD[name], block=block)


@pytest.mark.parametrize("name", {**MIXING, **COUNTING})
def test_proof_from_a_single_row_holds_if_there_is_one(name):
    _check({**MIXING, **COUNTING}[name], m=1, block=20)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (lambda x, a, b: a * x[0] + b * x[1], True),
        (lambda x, a, b: a * jnp.hypot(*x) + b, True),
        (lambda x, a, b: jnp.array([a, b]) @ x, True),
        (lambda x, a, b: (x * jnp.array([[a], [b]])).sum(axis=0), True),
        (lambda x, a, b: x.prod(axis=0) * a + jnp.cumsum(x, axis=0)[-1] * b, True),
        (lambda x, a, b: a * x[0] / x[1].max() + b, False),
        (lambda x, a, b: a * x[0] + b * x[1, ::-1], False),
        (lambda x, a, b: a * x.T.ravel()[:M] + b, False),
        (lambda x, a, b: a * jnp.cumsum(x, axis=1)[0] + b, False),
    ],
)
def test_rows_of_several_predictors_lie_along_the_last_axis(model, expected):
    assert works_row_by_row(model, jax.ShapeDtypeStruct((2, M), float), PARAMS, M, 30) == expected


def test_as_many_predictors_as_rows_are_not_mistaken_for_them():
    square = jax.ShapeDtypeStruct((M, M), float)
    assert works_row_by_row(lambda x, a: a * x.sum(axis=0), square, (1.0,), M)
    assert not works_row_by_row(lambda x, a: a * x.sum(axis=1), square, (1.0,), M)
    assert not works_row_by_row(lambda x, a: a * (x @ x).sum(axis=0), square, (1.0,), M)
    assert not works_row_by_row(lambda x, a: a * x.T.sum(axis=0), square, (1.0,), M)


def test_predictors_may_be_a_tree():
    x = {"t": jax.ShapeDtypeStruct((M,), float), "place": jax.ShapeDtypeStruct((3, M), float)}
    assert works_row_by_row(lambda x, a: a * x["t"] + x["place"].sum(axis=0), x, (1.0,), M)
    assert not works_row_by_row(lambda x, a: a * x["t"] + x["place"].sum(axis=1).max(), x, (1.0,), M)


@pytest.mark.parametrize(
    ("model", "x"),
    [
        (lambda x, a: a * x[:-1], jax.ShapeDtypeStruct((M,), float)),  # fewer values than rows
        (lambda x, a: a * x.sum(), jax.ShapeDtypeStruct((M,), float)),  # one value
        (lambda x, a: a * jnp.ones(M), jax.ShapeDtypeStruct((M,), float)),  # x has no part in it
        (lambda x, a: a * x[:, None], jax.ShapeDtypeStruct((M,), float)),  # a column
        (lambda x, a: a * x[:, 0], jax.ShapeDtypeStruct((M, 2), float)),  # rows along the first axis
        (lambda x, a: a * jnp.arange(M) + x, jax.ShapeDtypeStruct((), float)),  # a number for x
        (lambda x, a: a * jnp.arange(M), ()),  # nothing for x
    ],
)
def test_other_shapes_are_not_proved(model, x):
    assert not works_row_by_row(model, x, (1.0,), M)


def test_model_that_knows_the_number_of_rows_is_fitted_as_it_is():
    x = np.linspace(1.0, 2.0, 25)  # padded to 30 rows, were it taken for a model of each row alone
    popt, _ = trfkit.curve_fit(lambda x, a, b: a * x / x.size + b * x**2, x, 3 * x / 25 + 0.5 * x**2)
    np.testing.assert_allclose(popt, [3.0, 0.5], rtol=1e-9)


# Random models, grown from these steps.
KEEPING = [
    lambda v, x: jnp.sin(v),
    lambda v, x: v * x + 0.3,
    lambda v, x: jnp.where(v > x, v, 0.5),
    lambda v, x: jnp.stack([v, x, v * x], axis=0).sum(axis=0),
    lambda v, x: jnp.stack([v, x], axis=1) @ jnp.array([0.7, -0.2]),
    lambda v, x: jnp.cumsum(jnp.stack([v, x]), axis=0)[1],
    lambda v, x: v[None].reshape(-1, 1)[:, 0],
    lambda v, x: jnp.ones_like(v) - v,
    lambda v, x: jax.vmap(lambda t, s: jnp.polyval(jnp.array([1.0, 0.5]), t) * s)(v, x),
]
MIXERS = [
    lambda v, x: v[::-1],
    lambda v, x: jnp.cumsum(v) / 9,
    lambda v, x: v - v.mean(),
    lambda v, x: jnp.roll(v, 2) + x,
    lambda v, x: v / v.size,
    lambda v, x: v * jnp.arange(v.size),
    lambda v, x: v + x[1],
    lambda v, x: jnp.outer(v, x)[0],
    lambda v, x: jnp.tril(jnp.outer(v, jnp.ones_like(x))).sum(axis=1),
    lambda v, x: jnp.flip(jnp.stack([v, x], axis=1), axis=0)[:, 1],
    lambda v, x: jnp.stack([v, x]).reshape(-1, 2)[:, 0],
    lambda v, x: jnp.concatenate([v[2:], x[:2]]),
]


@settings(max_examples=150)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 11)), min_size=1, max_size=4))
def test_whenever_the_proof_says_yes_the_blocks_agree_with_the_whole(plan):
    steps = [MIXERS[i] if mixes else KEEPING[i % len(KEEPING)] for mixes, i in plan]

    def model(x, a, b):
        v = a * x + b
        for step in steps:
            v = step(v, x)
        return v

    proved = [_check(model, block=block) for block in BLOCKS]
    assert all(proved) or any(mixes for mixes, _ in plan)
