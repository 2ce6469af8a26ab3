"""callback and verbose, as SciPy has them."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import OptimizeResult

import trfkit
from trfkit.fitting.curve_fit import fit_curve

SCIPYS = {"ftol": 1e-8, "xtol": 1e-8, "gtol": 1e-8, "x_scale": 1.0}
START = [-1.2, 1.0]


def rosenbrock(x):
    return jnp.stack([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def rosenbrock_in_numpy(x):
    return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def rosenbrock_jacobian(x):
    return np.array([[-20.0 * x[0], 10.0], [-1.0, 0.0]])


@pytest.fixture(params=["jax.numpy", "NumPy"])
def fun(request):
    return rosenbrock if request.param == "jax.numpy" else rosenbrock_in_numpy


def told(solve, fun, jac=None, **settings):
    """What a callback is told, and the result."""
    seen = []

    def callback(intermediate_result):
        seen.append(intermediate_result)

    return seen, solve(fun, START, **{} if jac is None else {"jac": jac}, callback=callback, **SCIPYS | settings)


@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (-2.0, 1.5)], ids=["no bounds", "bounds"])
def test_callback_is_told_what_scipy_tells(fun, bounds):
    ours, result = told(trfkit.least_squares, fun, bounds=bounds)
    theirs, expected = told(scipy.optimize.least_squares, rosenbrock_in_numpy, rosenbrock_jacobian, bounds=bounds)
    assert len(ours) == len(theirs) == result.nit
    for mine, scipys in zip(ours, theirs, strict=True):
        assert isinstance(mine, OptimizeResult)
        assert set(scipys) <= set(mine)
        assert (mine.nit, mine.nfev) == (scipys.nit, scipys.nfev)
        np.testing.assert_allclose(mine.x, scipys.x, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(mine.cost, scipys.cost, rtol=1e-4, atol=1e-12)
        np.testing.assert_allclose(mine.fun, rosenbrock_in_numpy(mine.x), atol=1e-12)
    assert result.nfev == expected.nfev


def test_callback_of_any_other_argument_is_told_x(fun):
    points = []

    def callback(xk):
        points.append(xk)

    result = trfkit.least_squares(fun, START, callback=callback)
    assert all(type(x) is np.ndarray for x in points)
    np.testing.assert_array_equal(points, result.trace.x[result.trace.accepted])


class Kept:
    def __init__(self):
        self.points = []

    def method(self, xk):
        self.points.append(xk)

    def __call__(self, *, intermediate_result):
        self.points.append(intermediate_result.x)


def test_callback_may_be_a_method_an_object_a_lambda_or_a_builtin(fun):
    kept, points = Kept(), []
    trfkit.least_squares(fun, START, callback=kept.method)
    trfkit.least_squares(fun, START, callback=kept)
    trfkit.least_squares(fun, START, callback=lambda x: points.append(x))
    trfkit.least_squares(fun, START, callback=points.append)
    np.testing.assert_array_equal(kept.points, points)


def test_callback_may_keep_and_change_what_it_is_told(fun):
    def callback(xk):
        xk[:] = 0.0

    np.testing.assert_allclose(trfkit.least_squares(fun, START, callback=callback).x, [1.0, 1.0], rtol=1e-8)


def test_callback_is_called_for_each_accepted_trial_and_no_other(fun):
    nfev = []

    def callback(intermediate_result):
        nfev.append(intermediate_result.nfev)

    result = trfkit.least_squares(fun, START, callback=callback)
    assert result.trace.rejected.any()
    np.testing.assert_array_equal(nfev, result.trace.nfev[result.trace.accepted])


def stop_iteration(seen):
    raise StopIteration


def return_true(seen):
    return True


def return_numpy_true(seen):
    return np.bool_(True)


@pytest.mark.parametrize("stop", [stop_iteration, return_true, return_numpy_true])
@pytest.mark.parametrize("taking", ["x", "intermediate_result"])
def test_callback_stops_the_fit_and_the_best_point_is_kept(fun, taking, stop):
    seen = []

    def at_third(x):
        seen.append(np.array(x))
        return stop(seen) if len(seen) == 3 else None

    def callback(intermediate_result):
        return at_third(intermediate_result.x)

    result = trfkit.least_squares(fun, START, callback=at_third if taking == "x" else callback)
    assert (result.status, result.success, result.nit) == (-2, False, 3)
    assert "StopIteration" in result.message
    assert len(seen) == 3
    np.testing.assert_array_equal(result.x, seen[-1])
    assert result.nfev == len(result.trace)
    assert result.cost == result.trace.cost.min()
    np.testing.assert_allclose(result.fun, rosenbrock_in_numpy(result.x), atol=1e-12)


def test_other_values_of_a_callback_stop_nothing(fun):
    for value in (None, False, 0, np.bool_(False), ""):
        assert trfkit.least_squares(fun, START, callback=lambda x, value=value: value).success


def test_stopped_curve_fit_raises_with_the_result():
    x = np.linspace(0.0, 1.0, 20)
    with pytest.raises(RuntimeError, match="StopIteration") as caught:
        trfkit.curve_fit(lambda x, a, b: a * jnp.exp(b * x), x, np.exp(x), [3.0, -1.0], callback=lambda x: True)
    assert (caught.value.result.status, caught.value.result.nit) == (-2, 1)


def test_callback_changes_nothing_of_the_fit(fun):
    watched = trfkit.least_squares(fun, START, callback=lambda x: None)
    assert watched.trace == trfkit.least_squares(fun, START).trace


# --- verbose ---------------------------------------------------------------------------------------------------------


def printed(capsys, solve, *args, **settings):
    solve(*args, **settings)
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (-2.0, 1.5)], ids=["no bounds", "bounds"])
@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_verbose_prints_what_scipy_prints(fun, capsys, verbose, bounds):
    settings = SCIPYS | {"verbose": verbose, "bounds": bounds}
    ours = printed(capsys, trfkit.least_squares, fun, START, rosenbrock_jacobian, **settings)
    theirs = printed(capsys, scipy.optimize.least_squares, rosenbrock_in_numpy, START, rosenbrock_jacobian, **settings)
    ours, theirs = ours.splitlines(), theirs.splitlines()
    assert len(ours) == len(theirs)
    if verbose == 2:
        assert ours[0] == theirs[0]  # the titles of the columns
        for mine, scipys in zip(ours[1:-2], theirs[1:-2], strict=True):
            assert len(mine) == len(scipys) == 90
            cells = [(mine[k : k + 15].strip(), scipys[k : k + 15].strip()) for k in range(0, 90, 15)]
            assert cells[0][0] == cells[0][1]
            assert cells[1][0] == cells[1][1]
            for a, b in cells[2:]:
                assert (a == "") == (b == "")
                if a:
                    assert float(a) == pytest.approx(float(b), rel=0.011, abs=1e-9)
    if verbose >= 1:
        assert ours[-2] == theirs[-2]  # the message
        mine, scipys = (last.split(", ") for last in (ours[-1], theirs[-1]))
        assert mine[0] == scipys[0]  # function evaluations
        assert [part.split()[:2] for part in mine] == [part.split()[:2] for part in scipys]


def test_verbose_is_said_while_the_fit_runs_and_not_afterwards(capsys):
    heard = []

    def fun(x):
        heard.append(capsys.readouterr().out)
        return rosenbrock_in_numpy(x)

    trfkit.least_squares(fun, START, rosenbrock_jacobian, verbose=2)
    lines = "".join(heard).splitlines()
    assert len(lines) >= 10
    assert lines[0].split()[0] == "Iteration"


def test_verbose_curve_fit_and_callback_go_together(capsys):
    x = np.linspace(0.0, 1.0, 20)
    out = printed(
        capsys, fit_curve, lambda x, a, b: a * jnp.exp(b * x), x, np.exp(x), [3.0, -1.0], verbose=2,
        callback=lambda x: print("called back"),
    )  # fmt: skip
    lines = out.splitlines()
    assert lines[0].split()[0] == "Iteration"
    assert lines[1].split()[0] == "0"
    assert lines[2].split()[0] == "1"
    assert lines[3] == "called back"


def test_silent_fit_prints_nothing(fun, capfd):
    trfkit.least_squares(fun, START)
    assert capfd.readouterr() == ("", "")
