import dataclasses
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import trfkit
from trfkit import TrustRegionJITFunctions
from trfkit.core import radius, step_selection

functions = TrustRegionJITFunctions()
FIELDS = [field.name for field in dataclasses.fields(TrustRegionJITFunctions)]

# The first ten and their arguments, as NLSQ names them.
SIGNATURES = {
    "default_loss_func": "f",
    "compute_grad": "J f",
    "compute_grad_hat": "g d",
    "svd_no_bounds": "J d f",
    "svd_bounds": "f J d J_diag f_zeros",
    "calculate_cost": "rho data_mask",
    "check_isfinite": "f",
    "conjugate_gradient_solve": "J f d alpha tol",
    "solve_tr_subproblem_cg": "J f d Delta alpha",
    "solve_tr_subproblem_cg_bounds": "J f d J_diag f_zeros Delta alpha",
}

rng = np.random.default_rng(0)
J, f = rng.standard_normal((7, 3)), rng.standard_normal(7)
d, rows, zeros = np.array([1.0, 0.5, 2.0]), np.array([0.0, 1.5, 0.3]), np.zeros(3)
J_h = J * d
augmented, padded = np.concatenate([J_h, np.diag(rows)]), np.concatenate([f, zeros])


@pytest.mark.parametrize("name", SIGNATURES)
def test_field_takes_the_arguments_of_its_name(name):
    assert list(inspect.signature(getattr(functions, name)).parameters) == SIGNATURES[name].split()


def test_loss_is_half_the_sum_of_squares():
    assert functions.default_loss_func(np.array([3.0, 4.0])) == 12.5


def test_gradient_is_the_transposed_jacobian_times_the_residuals():
    np.testing.assert_allclose(functions.compute_grad(J, f), J.T @ f)


def test_gradient_in_hat_space_is_scaled():
    np.testing.assert_array_equal(functions.compute_grad_hat(np.array([1.0, -2.0]), np.array([3.0, 0.5])), [3.0, -1.0])


def _check_decomposition(found, A, residuals):
    scaled, U, s, V, uf = map(np.asarray, found)
    np.testing.assert_allclose(scaled, J_h)
    np.testing.assert_allclose(U * s @ V.T, A, atol=1e-14)
    np.testing.assert_allclose(s, np.linalg.svd(A)[1])
    np.testing.assert_allclose(uf, U.T @ residuals, atol=1e-14)
    assert (U.shape, V.shape) == ((len(A), 3), (3, 3))


def test_decomposition_is_that_of_the_scaled_jacobian():
    _check_decomposition(functions.svd_no_bounds(J, d, f), J_h, f)


def test_decomposition_with_bounds_has_the_added_rows_and_returns_the_jacobian_without():
    _check_decomposition(functions.svd_bounds(f, J, d, np.diag(rows), zeros), augmented, padded)


def test_decomposition_of_fewer_rows_than_columns_is_thin():
    scaled, U, s, V, uf = functions.svd_no_bounds(J[:2], d, f[:2])
    assert [a.shape for a in (scaled, U, s, V, uf)] == [(2, 3), (2, 2), (2,), (3, 2), (2,)]


def test_conjugate_gradients_solve_the_damped_equations():
    p, residual_norm, iterations = functions.conjugate_gradient_solve(J, f, d, 0.1, 1e-10)
    np.testing.assert_allclose(p, np.linalg.solve(J_h.T @ J_h + 0.1 * np.eye(3), -J_h.T @ f), rtol=1e-9)
    assert residual_norm <= 1e-10
    assert iterations > 0


@pytest.mark.parametrize("share", [0.5, 2.0])
def test_truncated_conjugate_gradients_stay_in_the_region(share):
    for A, residuals, solve in [
        (J_h, f, lambda Delta: functions.solve_tr_subproblem_cg(J, f, d, Delta, 0.0)),
        (augmented, padded, lambda Delta: functions.solve_tr_subproblem_cg_bounds(J, f, d, rows, zeros, Delta, 0.0)),
    ]:
        newton = -np.linalg.lstsq(A, residuals)[0]
        solution = solve(share * np.linalg.norm(newton))
        np.testing.assert_allclose(np.linalg.norm(solution.p), min(share, 1.0) * np.linalg.norm(newton))
        assert solution.on_boundary == (share < 1)


def test_cost_is_half_the_loss_of_the_unmasked():
    rho = np.array([[1.0, np.nan, 4.0], [9.0] * 3, [9.0] * 3])
    assert functions.calculate_cost(rho, np.array([True, False, True])) == 2.5


@pytest.mark.parametrize(("last", "finite"), [(1.0, True), (np.nan, False), (np.inf, False), (-np.inf, False)])
def test_finite_means_every_component(last, finite):
    assert functions.check_isfinite(np.array([1.0, last])) == finite


def test_fields_cannot_be_assigned():
    with pytest.raises(dataclasses.FrozenInstanceError):
        functions.compute_grad = None


def test_instances_are_equal_and_share_their_programs():
    assert TrustRegionJITFunctions() == functions
    assert hash(TrustRegionJITFunctions()) == hash(functions)
    assert all(getattr(TrustRegionJITFunctions(), name) is getattr(functions, name) for name in FIELDS)


def _decay(p):
    t = jnp.linspace(0.0, 2.0, 12)
    return p[0] * jnp.exp(-p[1] * t) - 3 * jnp.exp(-0.7 * t) - 0.05 * jnp.cos(9 * t)


def _fit(own=functions, bounds=((0.0, 0.1), (9.0, 0.6)), **options):
    """Two Gauss-Newton steps, then reflected ones: with these bounds the best rate lies beyond."""
    return trfkit.least_squares(_decay, [1.0, 0.3], bounds=bounds, tr_options={"functions": own}, **options)


def test_a_new_instance_compiles_nothing(compilations):
    def calls(own):
        own.default_loss_func(f), own.compute_grad(J, f), own.svd_bounds(f, J, d, np.diag(rows), zeros)
        own.solve_tr_subproblem_cg_bounds(J, f, d, rows, zeros, 1.0, 0.0)
        return _fit(own).x

    expected = calls(functions)
    with compilations() as compiled:
        np.testing.assert_array_equal(calls(TrustRegionJITFunctions()), expected)
    assert compiled.names == []


def test_radius_rule_of_the_users_own_is_used():
    @jax.jit
    def timid(Delta, actual, predicted, step_norm):
        ratio = radius.reduction_ratio(actual, predicted)
        return jnp.where(ratio < 0.25, 0.1 * step_norm, 0.9 * Delta), ratio

    result = _fit(dataclasses.replace(functions, update_tr_radius=timid))
    assert result.success
    np.testing.assert_allclose(result.x, _fit().x, rtol=1e-6)
    good = result.trace.ratio[1:-2] >= 0.25
    np.testing.assert_allclose(result.trace.Delta_new[1:-2][good], 0.9 * result.trace.Delta[1:-2][good])


class Switchboard:
    """Each field in two versions: the swapped one acts while `on` is its name, so that one program serves all swaps.

    A program knows its fields when it is compiled, and compiling one for each would take a minute.
    """

    def __init__(self, changes):
        self.on = None
        swapped = {name: self._switched(name, change) for name, change in changes.items()}
        self.functions = dataclasses.replace(functions, conjugate_gradient_solve=self._never, **swapped)

    def _switched(self, name, change):
        original = getattr(functions, name)

        def field(*args, **kwargs):
            result = original(*args, **kwargs)
            on = jax.pure_callback(lambda: np.bool_(self.on == name), jax.ShapeDtypeStruct((), bool))
            return jax.tree.map(lambda kept, changed: jnp.where(on, changed, kept), result, change(result))

        return field

    def _never(self, *args):
        raise AssertionError("the solver does not follow p(alpha)")

    def fit(self, name, **options):
        self.on = name
        try:
            return _fit(self.functions, **options)
        finally:
            self.on = None


@dataclasses.dataclass
class Swap:
    """What a field is made to return, and how the fit shows it: seen(swapped trace, plain trace)."""

    change: object
    seen: object
    tr_solver: str = "svd"
    bounded: bool = True

    @property
    def options(self):
        loss = "soft_l1" if self.tr_solver == "cg" else "linear"
        return {"tr_solver": self.tr_solver, "loss": loss} | ({} if self.bounded else {"bounds": (-np.inf, np.inf)})


def _replace(index, change):
    return lambda result: tuple(change(a) if i == index else a for i, a in enumerate(result))


def _halved_step(new, old):
    return np.isclose(new.step_norm[1], 0.5 * old.step_norm[1])


def _never_reflected(new, old):
    return "reflected" in old.kind and "reflected" not in new.kind


halve_p = lambda solution: solution._replace(p=0.5 * solution.p)  # noqa: E731
halve_least = _replace(2, lambda s: s.at[-1].multiply(0.5))
SWAPS = {
    "default_loss_func": Swap(lambda cost: 2 * cost, lambda new, old: new.cost[0] == 2 * old.cost[0]),
    "compute_grad": Swap(lambda g: 2 * g, lambda new, old: np.isclose(new.optimality[0], 2 * old.optimality[0])),
    "compute_grad_hat": Swap(lambda g: 0 * g, lambda new, old: new.predicted_reduction[1] < 0),
    "svd_no_bounds": Swap(
        halve_least, lambda new, old: np.isclose(new.condition_number[1], 2 * old.condition_number[1]), bounded=False
    ),
    "svd_bounds": Swap(halve_least, lambda new, old: np.isclose(new.condition_number[1], 2 * old.condition_number[1])),
    "calculate_cost": Swap(lambda cost: 2 * cost, lambda new, old: new.cost[0] == 2 * old.cost[0], "cg"),
    "solve_tr_subproblem_cg": Swap(halve_p, _halved_step, "cg", bounded=False),
    "solve_tr_subproblem_cg_bounds": Swap(halve_p, _halved_step, "cg"),
    "solve_tr_subproblem_exact": Swap(_replace(0, lambda p: 0.5 * p), _halved_step),
    "coleman_li_scaling": Swap(
        _replace(0, lambda v: 4 * v), lambda new, old: np.isclose(new.optimality[0], 4 * old.optimality[0])
    ),
    "in_bounds": Swap(lambda _: True, _never_reflected),
    "step_size_to_bound": Swap(
        _replace(0, lambda t: 0.5 * t),
        lambda new, old: old.kind[3] == "reflected" and new.step_norm[3] < old.step_norm[3],
    ),
    "make_strictly_feasible": Swap(lambda x: jnp.full_like(x, 1.5), lambda new, old: np.all(new.x[1:] == 1.5)),
    "intersect_trust_region": Swap(_replace(1, lambda t: 0 * t), _never_reflected),
    "evaluate_quadratic": Swap(
        lambda value: 2 * value, lambda new, old: new.predicted_reduction[1] == 2 * old.predicted_reduction[1]
    ),
    "build_quadratic_1d": Swap(_replace(2, lambda c: c + 1e9), _never_reflected),
    "minimize_quadratic_1d": Swap(_replace(1, lambda value: value + 1e9), _never_reflected),
    "select_step": Swap(
        _replace(2, lambda _: step_selection.GRADIENT), lambda new, old: set(new.kind[1:]) == {"gradient"}
    ),
    "update_tr_radius": Swap(
        _replace(0, lambda Delta: 0.1 * Delta), lambda new, old: np.isclose(new.Delta_new[1], 0.1 * old.Delta_new[1])
    ),
    "check_termination": Swap(lambda _: radius.XTOL, lambda new, old: len(new) == 2 and len(old) > 2),
}


@pytest.fixture(scope="module")
def board():
    changes = {name: swap.change for name, swap in SWAPS.items()}
    return Switchboard(changes | {"check_isfinite": lambda _: False})


@pytest.mark.parametrize("tr_solver", ["svd", "cg"])
def test_fields_that_do_as_the_originals_make_the_same_fit(board, tr_solver):
    options = Swap(None, None, tr_solver).options
    plain, swapped = _fit(**options), board.fit(None, **options)
    assert swapped.status == plain.status
    np.testing.assert_array_equal(swapped.trace.kind, plain.trace.kind)
    np.testing.assert_allclose(swapped.trace.x, plain.trace.x, rtol=1e-9)


@pytest.mark.parametrize("name", SWAPS)
def test_swapped_field_shows_in_the_fit(board, name):
    swap = SWAPS[name]
    assert swap.seen(board.fit(name, max_nfev=8, **swap.options).trace, board.fit(None, **swap.options).trace)


def test_swapped_check_of_finiteness_shows_in_the_fit(board):
    with pytest.raises(ValueError, match="not finite"):
        board.fit("check_isfinite")


def test_every_field_that_the_solver_calls_is_swapped_here():
    assert {*SWAPS, "check_isfinite", "conjugate_gradient_solve"} == set(FIELDS)
