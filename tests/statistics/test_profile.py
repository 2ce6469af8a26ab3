"""Profiles: against lmfit's, exact where theory is, and an answer wherever there is no interval."""

import jax.numpy as jnp
import lmfit
import numpy as np
import pytest

from trfkit.datasets import nist
from trfkit.fitting.joint import DataSet, Joint
from trfkit.models import Model
from trfkit.parameters import Parameter, Parameters
from trfkit.statistics.intervals import critical
from trfkit.statistics.profile import profile

X = np.linspace(0.0, 10.0, 40)
NOISE = np.random.default_rng(4).normal(0.0, 0.1, 40)

DECAY = Model.from_expression("a*exp(-x/tau) + c")
RATE = Model.from_expression("a*exp(-k*x) + c")
LINE = Model.from_expression("slope*x + intercept")
GROWTH = Model.from_expression("exp(rate*x)")
DECAYED = 3.0 * np.exp(-X / 2.0) + 1.0 + NOISE


def by_numpy(model):
    """The same model, opaque to JAX."""
    return Model.from_function(lambda x, a, tau, c: np.asarray(model.function(np.asarray(x), a, float(tau), c)))


def joint_of(model, start, y, x=X, sigma=None, change=lambda parameters: parameters, absolute_sigma=False, **options):
    parameters = change(Parameters(Parameter(name, v) for name, v in zip(model.parameter_names, start, strict=True)))
    return Joint([DataSet("", model, model.parameter_names, x, y, sigma)], parameters, options, absolute_sigma)


def profiled(*args, names=None, level=0.95, **kwargs):
    joint = joint_of(*args, **kwargs)
    solution = joint.run()
    return profile(joint, solution, names, level), solution


@pytest.fixture(scope="module")
def decay():
    joint = joint_of(DECAY, (2.0, 1.0, 0.0), DECAYED)
    return joint, joint.run()


def lmfit_intervals(function, x, y, start, level):
    model = lmfit.Model(function)
    result = model.fit(y, x=x, params=model.make_params(**start), fit_kws={"xtol": 1e-13, "ftol": 1e-13})
    found = lmfit.conf_interval(result, result, sigmas=[level])
    return {name: (ends[0][1], ends[-1][1]) for name, ends in found.items()}


def assert_half_widths_agree(profiled, reference, rtol):
    for name, (low, high) in reference.items():
        best = profiled.estimates[name]
        np.testing.assert_allclose((best - profiled[name].low, profiled[name].high - best),
                                   (best - low, high - best), rtol=rtol)  # fmt: skip


@pytest.mark.parametrize("problem", ["Misra1a", "DanWood", "Eckerle4"])
def test_half_widths_are_those_of_lmfit_to_three_digits(problem):
    data = nist(problem)
    model = Model.from_function(data.model)
    found, solution = profiled(model, data.starts[1], data.y, data.x)
    start = dict(zip(model.parameter_names, solution.x.tolist(), strict=True))
    by_hand = {
        "Misra1a": lambda x, b1, b2: b1 * (1 - np.exp(-b2 * x)),
        "Eckerle4": lambda x, b1, b2, b3: b1 / b2 * np.exp(-0.5 * ((x - b3) / b2) ** 2),
        "DanWood": lambda x, b1, b2: b1 * x**b2,
    }
    assert_half_widths_agree(found, lmfit_intervals(by_hand[problem], data.x, data.y, start, 0.95), rtol=5e-4)
    assert found.notes == ()


def test_a_model_by_numpy_has_the_profile_of_the_compiled_one(decay):
    compiled = profile(*decay)
    on_host, _ = profiled(by_numpy(DECAY), (2.0, 1.0, 0.0), DECAYED)
    for name in ("a", "tau", "c"):
        np.testing.assert_allclose(on_host[name], compiled[name], rtol=1e-6)


def test_an_end_is_where_a_grid_of_fits_by_lmfit_says_that_t_is_reached(decay):
    joint, solution = decay
    found = profile(joint, solution)
    model = lmfit.Model(lambda x, a, tau, c: a * np.exp(-x / tau) + c)
    for end in found["tau"]:
        params = model.make_params(a=3, tau={"value": end, "vary": False}, c=1)
        cost = 0.5 * model.fit(DECAYED, params, x=X, fit_kws={"xtol": 1e-14, "ftol": 1e-14}).chisqr
        tau = np.sqrt(2 * (cost - solution.cost) / (2 * solution.cost / 37))
        assert tau == pytest.approx(critical(0.95, 37, False), rel=1e-6)


@pytest.mark.parametrize("absolute_sigma", [False, True])
def test_of_a_linear_model_it_is_the_covariance_interval(absolute_sigma):
    found, solution = profiled(LINE, (0.0, 0.0), 2 * X + 1 + NOISE, sigma=0.2, absolute_sigma=absolute_sigma)
    half = critical(0.95, 38, absolute_sigma) * solution.stderr
    for i, name in enumerate(("slope", "intercept")):
        np.testing.assert_allclose(found[name], solution.x[i] + half[i] * np.array([-1, 1]), rtol=1e-9)
        tau = (found.curve(name).values - solution.x[i]) / solution.stderr[i]
        np.testing.assert_allclose(found.curve(name).tau, tau, atol=1e-6)


def test_it_does_not_depend_on_the_parametrisation_where_covariance_does(decay):
    by_time = profile(*decay, names=["tau"])
    by_rate, solution = profiled(RATE, (2.0, 1.0, 0.0), DECAYED, names=["k"])
    np.testing.assert_allclose(1 / np.array(by_time["tau"])[::-1], by_rate["k"], rtol=1e-7)
    half = critical(0.95, 37, False)
    of_rate = solution.x[1] + half * solution.stderr[1] * np.array([-1, 1])
    of_time = decay[1].x[1] + half * decay[1].stderr[1] * np.array([-1, 1])
    assert np.max(np.abs(of_rate * of_time[::-1] - 1)) > 1e-3


def test_one_parameter_needs_no_fits_and_crosses_where_the_cost_says():
    y = np.exp(0.2 * X) + NOISE
    found, solution = profiled(GROWTH, (0.1,), y)
    rise = [0.5 * np.sum((np.exp(end * X) - y) ** 2) - solution.cost for end in found["rate"]]
    np.testing.assert_allclose(rise, critical(0.95, 39, False) ** 2 * solution.cost / 39, rtol=1e-6)
    assert found.curve("rate").others == {}


def test_lower_levels_are_interpolated_to_three_digits(decay):
    found = profile(*decay)
    for level in (0.5, 0.6827, 0.9):
        exact, read = profile(*decay, level=level), found.intervals(level)
        for name in found:
            np.testing.assert_allclose(
                np.array(read[name]) - found.estimates[name], np.array(exact[name]) - found.estimates[name], rtol=1e-3
            )
    assert found.intervals() == found.intervals(0.95)


def test_a_level_beyond_the_one_profiled_to_is_refused(decay):
    with pytest.raises(ValueError, match=r"the profile ends at level 0\.95, got 0\.99: profile with level=0\.99"):
        profile(*decay).intervals(0.99)


def test_a_curve_is_a_path_of_best_fits(decay):
    joint, solution = decay
    values, tau, others = profile(joint, solution).curve("tau")
    assert np.all(np.diff(values) > 0) and np.all(np.diff(tau) > 0) and 0.0 in tau
    for value, t, a, c in zip(values, tau, others["a"], others["c"], strict=True):
        best, *_ = np.linalg.lstsq(np.column_stack([np.exp(-X / value), np.ones(40)]), DECAYED, rcond=None)
        np.testing.assert_allclose((a, c), best, rtol=1e-6)
        rise = np.sum((a * np.exp(-X / value) + c - DECAYED) ** 2) / (2 * solution.cost) - 1
        assert t**2 == pytest.approx(37 * rise, abs=1e-9)


# ends that are no crossings


def test_an_end_at_a_bound_is_the_bound_and_said_so(decay):
    free = profile(*decay)
    found, _ = profiled(DECAY, (2.0, 2.0, 0.0), DECAYED, change=lambda p: p.bound("tau", 1.98, 2.01).bound("a", 0, 9))
    assert tuple(found["tau"]) == (1.98, 2.01)
    assert any("lower end of tau is its bound 1.98" in note for note in found.notes)
    assert not any("of a " in note for note in found.notes)
    assert found["a"].high - found["a"].low < free["a"].high - free["a"].low


def test_a_best_value_at_its_bound_has_an_interval_to_one_side():
    found, solution = profiled(LINE, (1.0, 0.0), 1 - 0.1 * X + NOISE, change=lambda p: p.bound("slope", 0.0))
    low, high = found["slope"]
    mean = np.mean(1 - 0.1 * X + NOISE)
    rest = [np.sum((1 - 0.1 * X + NOISE - s * X - np.mean(1 - 0.1 * X + NOISE - s * X)) ** 2) for s in (0.0, high)]
    assert low == 0.0
    assert solution.x[1] == pytest.approx(mean)
    assert rest[1] / rest[0] - 1 == pytest.approx(critical(0.95, 38, False) ** 2 / 38, rel=1e-6)


def test_a_side_along_which_the_cost_levels_off_has_no_end():
    y = 1 - X / 10 + 4 * NOISE
    found, _ = profiled(DECAY, (1.0, 10.0, 0.0), y, change=lambda p: p.bound("tau", 0.0))
    assert found["tau"].high == np.inf and 0.0 < found["tau"].low < found.estimates["tau"]
    assert any(note.startswith("tau has no upper end: up to") for note in found.notes)


def test_what_the_data_do_not_determine_is_infinite_and_the_rest_is_not():
    model = Model.from_expression("a*b*x + c")
    found, solution = profiled(model, (1.0, 1.0, 0.0), 2 * X + 1 + NOISE)
    _, line = profiled(LINE, (0.0, 0.0), 2 * X + 1 + NOISE)
    assert solution.rank == 2
    assert tuple(found["a"]) == tuple(found["b"]) == (-np.inf, np.inf)
    assert len(found.curve("a").values) == 1
    np.testing.assert_allclose(found["c"], line.x[1] + critical(0.95, 37, False) * np.sqrt(38 / 37) * np.array(
        [-1, 1]) * line.stderr[1], rtol=1e-6)  # fmt: skip


def test_a_perfect_fit_has_points_for_intervals():
    found, solution = profiled(LINE, (0.0, 0.0), 2 * X + 1)
    assert tuple(found["slope"]) == (solution.x[0], solution.x[0])
    assert found.notes == ("The model fits the data to rounding: s² is 0, and so are the intervals.",)


def test_a_perfect_fit_of_known_errors_is_like_any_other():
    found, solution = profiled(LINE, (0.0, 0.0), 2 * X + 1, sigma=0.1, absolute_sigma=True)
    np.testing.assert_allclose(found["slope"], solution.x[0] + 1.959963985 * solution.stderr[0] * np.array([-1, 1]))


def test_without_degrees_of_freedom_errors_have_to_be_given():
    with pytest.raises(ValueError, match="give sigma with absolute_sigma=True"):
        profiled(LINE, (0.0, 0.0), np.array([1.0, 2.0]), np.array([0.0, 1.0]))


def test_fits_that_fail_make_an_end_nan_and_say_where():
    model = Model.from_function(lambda x, a, b: jnp.sqrt(b) * x + a)
    found, _ = profiled(model, (0.0, 0.1), 0.01 * X + NOISE)
    assert np.isnan(found["b"].low) and np.isfinite(found["b"].high)
    assert any(note.startswith("The lower end of b was not found; with b held at") for note in found.notes)
    assert np.all(np.isfinite(found["a"])) or any("end of a was not found" in note for note in found.notes)


def test_a_fit_stopped_before_the_minimum_is_told_and_where_to_go_on():
    stopped = joint_of(DECAY, (2.0, 1.0, 0.0), DECAYED, max_nfev=3)
    solution = stopped.run()
    found = profile(stopped, solution)
    assert not solution.success
    assert np.isnan([*found["tau"], *found.intervals(0.5)["a"]]).all()
    assert found.notes[0].startswith("The fit is not at the minimum") and "Fit again from there" in found.notes[0]
    assert joint_of(DECAY, found.lower.values(), DECAYED).run().success


def test_a_lower_minimum_on_the_way_is_told():
    """The cost of a sine over frequency has a minimum in each side lobe of the window, beside the lowest at 1.5."""
    wave = Model.from_expression("b*sin(w*x)")
    y = np.sin(1.5 * X) + 3 * NOISE
    joint = joint_of(wave, (0.1, 2.4), y)
    found = profile(joint, joint.run())
    assert found.estimates["w"] > 2.0
    assert np.isnan(found["w"].low)
    assert found.lower["w"] == pytest.approx(1.5, abs=0.1)
    again = joint_of(wave, (found.lower["b"], found.lower["w"]), y)
    assert np.isfinite([*profile(again, again.run())["w"]]).all()


# what is profiled


def test_priors_ties_and_shared_parameters_count():
    cold, hot = DECAYED, 5.0 * np.exp(-X / 2.0) + 0.5 + NOISE[::-1]
    names = ("a_cold", "tau", "c_cold"), ("a_hot", "tau", "c_hot")
    parameters = Parameters([Parameter("a_cold", 2.0), Parameter("tau", 1.0), Parameter("c_cold", 0.0),
                             Parameter("a_hot", 2.0), Parameter("c_hot", 0.0)])  # fmt: skip
    parameters = parameters.tie("c_hot", "c_cold/2").know("tau", 2.1, 0.02)
    sets = [
        DataSet(name, DECAY, own, X, y, 0.1) for name, own, y in zip(("cold", "hot"), names, (cold, hot), strict=True)
    ]
    joint = Joint(sets, parameters, {}, True)
    found = profile(joint, joint.run())

    def cost(tau):
        """Least over the linear parameters a_cold, a_hot and c_cold."""
        e, zero, one = np.exp(-X / tau), np.zeros(40), np.ones(40)
        A = np.column_stack([np.r_[e, zero], np.r_[zero, e], np.r_[one, one / 2]]) / 0.1
        y = np.r_[cold, hot] / 0.1
        return 0.5 * np.sum((A @ np.linalg.lstsq(A, y, rcond=None)[0] - y) ** 2) + 0.5 * ((tau - 2.1) / 0.02) ** 2

    best = found.estimates["tau"]
    np.testing.assert_allclose([cost(end) - cost(best) for end in found["tau"]], 0.5 * 1.959963985**2, rtol=1e-6)
    assert set(found) == {"a_cold", "tau", "c_cold", "a_hot"}
    with pytest.raises(ValueError, match="'c_hot' is fixed or tied: only what is free has a profile, a_cold, tau"):
        profile(joint, joint.run(), ["c_hot"])
    with pytest.raises(ValueError, match="'tua' is not a parameter"):
        profile(joint, joint.run(), "tua")


def test_a_second_profile_compiles_nothing(decay, compilations):
    profile(*decay)
    joint = joint_of(DECAY, (2.0, 1.0, 0.0), 4.0 * np.exp(-X / 3.0) + NOISE)
    solution = joint.run()
    with compilations() as compiled:
        profile(joint, solution)
        profile(joint, solution, names=["tau"], level=0.9)
    assert compiled.names == []


def test_it_reads_as_a_table_with_its_notes():
    found, _ = profiled(LINE, (1.0, 0.0), 1 - 0.1 * X + NOISE, change=lambda p: p.bound("slope", 0.0))
    assert repr(found).splitlines()[0] == "95 % intervals (profile)"
    assert repr(found).endswith("The lower end of slope is its bound 0; the data would let it go beyond.")


@pytest.mark.parametrize("of", [lambda model: model, by_numpy])
def test_progress_rises_to_the_last_step_of_the_last_side(of):
    joint = joint_of(of(DECAY), (2.0, 1.0, 0.0), DECAYED)
    told = []
    profile(joint, joint.run(), ["a", "tau"], progress=lambda *so_far: told.append(so_far))
    done, totals = zip(*told, strict=True)
    assert list(done) == sorted(done) and len(set(done)) > 4
    assert set(totals) == {4 * 5} and done[-1] == 4 * 5


def test_what_progress_raises_ends_the_profile(decay):
    def enough(done, total):
        raise StopIteration

    with pytest.raises(StopIteration):
        profile(*decay, progress=enough)
