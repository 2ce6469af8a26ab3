"""The NIST problems against their own certified values: a wrong digit in the data or a slip in a model shows here."""

import functools
import importlib.resources
from dataclasses import FrozenInstanceError

import jax
import numpy as np
import pytest
import scipy.optimize

from trfkit.datasets import NIST_NAMES, exponential_decay, gaussian_peaks, nist, pearson_york, puromycin

DATASETS = [nist(name) for name in NIST_NAMES]
FOLDER = importlib.resources.files("trfkit.datasets") / "nist_strd"

EVERY = pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)

# The data of Lanczos1 have no noise but rounding in the 14th digit. Rounding its certified parameters to 11 digits
# raises the sum of squares from the certified 1.4e-25 to 4e-21, so that it has a test of its own.
EVERY_BUT_LANCZOS1 = pytest.mark.parametrize(
    "dataset", [d for d in DATASETS if d.name != "Lanczos1"], ids=lambda dataset: dataset.name
)


def residuals(dataset):
    return np.asarray(dataset.model(dataset.x, *dataset.certified)) - dataset.y


def jacobian(dataset, parameters):
    return np.asarray(_jacobian(dataset.model, dataset.x, np.asarray(parameters)))


@functools.partial(jax.jit, static_argnums=0)
def _jacobian(model, x, parameters):
    return jax.jacfwd(lambda b: model(x, *b))(parameters)


def scaled_svd(J):
    """SVD of J with columns of norm 1, and the norms: the parameters differ by up to 10 orders of magnitude."""
    norms = np.linalg.norm(J, axis=0)
    return *np.linalg.svd(J / norms, full_matrices=False), norms


# --- what is there


def test_all_27_are_present_in_increasing_difficulty():
    difficulties = [dataset.difficulty for dataset in DATASETS]
    assert len(set(NIST_NAMES)) == 27
    assert difficulties == ["lower"] * 8 + ["average"] * 11 + ["higher"] * 8


def test_every_file_is_named():
    assert sorted(file.name for file in FOLDER.iterdir()) == sorted(f"{name}.json" for name in NIST_NAMES)


def test_the_27_share_20_models_and_each_model_one_formula():
    formulas = {(d.model, d.formula, d.expression, d.response) for d in DATASETS}
    assert len(formulas) == len({model for model, *_ in formulas}) == 20


@EVERY
def test_shapes_agree(dataset):
    m, n = len(dataset.y), len(dataset.certified)
    predictors = 2 if dataset.name == "Nelson" else 1
    assert dataset.x.shape == ((m,) if predictors == 1 else (predictors, m))
    assert dataset.y.shape == (m,)
    assert dataset.x.dtype == dataset.y.dtype == np.float64
    assert dataset.parameter_names == tuple(f"b{j}" for j in range(1, n + 1))
    assert [len(start) for start in dataset.starts] == [n, n]
    assert dataset.standard_errors.shape == (n,)
    assert dataset.degrees_of_freedom == m - n
    assert len(dataset.labels) == predictors + 1


def test_sizes_are_those_of_nist():
    assert [len(dataset.y) for dataset in DATASETS] == [
        *(14, 54, 214, 24, 250, 250, 6, 14),
        *(151, 236, 128, 33, 24, 24, 250, 14, 14, 25, 168),
        *(11, 37, 6, 9, 16, 35, 15, 154),
    ]


def test_certified_values_keep_all_printed_digits():
    assert nist("Thurber").certified[0] == 1.2881396800e03
    assert nist("Nelson").starts == ((2.0, 0.0001, -0.01), (2.5, 0.000000005, -0.05))
    assert nist("Lanczos1").residual_sum_of_squares == 1.4307867721e-25


def test_nelson_models_the_logarithm():
    nelson = nist("Nelson")
    assert nelson.response == "log(y)"
    assert nelson.y[0] == np.log(15.0)
    assert {dataset.response for dataset in DATASETS if dataset.name != "Nelson"} == {"y"}


# --- the models


@EVERY
def test_model_is_the_printed_formula(dataset):
    names = dict(exp=np.exp, cos=np.cos, sin=np.sin, arctan=np.arctan, pi=np.pi)
    names |= zip(dataset.parameter_names, dataset.starts[1], strict=True)
    names |= {"x": dataset.x} if dataset.x.ndim == 1 else {"x1": dataset.x[0], "x2": dataset.x[1]}
    printed = eval(dataset.expression, names)
    # 1e-10: the quadratics of Kirby2 and the cubics of Thurber cancel up to four digits, in other places than ours
    np.testing.assert_allclose(
        dataset.model(dataset.x, *dataset.starts[1]), printed, rtol=1e-10, atol=1e-14 * np.max(np.abs(printed))
    )


@EVERY
def test_model_is_row_wise(dataset):
    whole = np.asarray(dataset.model(dataset.x, *dataset.certified))
    block = np.asarray(dataset.model(dataset.x[..., 2:5], *dataset.certified))
    np.testing.assert_allclose(block, whole[2:5], rtol=1e-14)


@EVERY
def test_model_and_jacobian_are_finite_at_both_starts(dataset):
    for start in dataset.starts:
        assert np.all(np.isfinite(dataset.model(dataset.x, *start)))
        assert np.all(np.isfinite(jacobian(dataset, start)))


@pytest.mark.parametrize("name", ["Rat42", "Rat43"])
def test_sigmoids_keep_a_finite_jacobian_where_the_exponential_overflows(name):
    dataset = nist(name)
    parameters = dataset.certified.copy()
    parameters[1] = 1000.0  # exp(1000) is inf
    assert np.all(np.asarray(dataset.model(dataset.x, *parameters)) < 1e-200)
    assert np.all(np.isfinite(jacobian(dataset, parameters)))


# --- the certified answer


@EVERY_BUT_LANCZOS1
def test_residual_sum_of_squares_is_certified(dataset):
    f = residuals(dataset)
    assert f @ f == pytest.approx(dataset.residual_sum_of_squares, rel=1e-10)


def test_residual_sum_of_squares_of_lanczos1_is_certified_once_the_rounding_of_its_parameters_is_taken_out():
    lanczos1 = nist("Lanczos1")
    f = residuals(lanczos1)
    U, *_ = scaled_svd(jacobian(lanczos1, lanczos1.certified))
    f_least = f - U @ (U.T @ f)  # what a last Gauss-Newton step leaves
    assert f @ f < 1e-20
    # 1e-2: an error of eps in y = 2.5 is 5e-16, half a percent of the residuals of 1e-13
    assert f_least @ f_least == pytest.approx(lanczos1.residual_sum_of_squares, rel=1e-2)


@EVERY
def test_gradient_vanishes_to_the_printed_digits(dataset):
    """Half a unit in the eleventh digit of each parameter moves the gradient by |JᵀJ| times that, and no more."""
    J = jacobian(dataset, dataset.certified)
    half_unit = 0.5 * 10.0 ** (np.floor(np.log10(np.abs(dataset.certified))) - 10)
    assert np.all(np.abs(J.T @ residuals(dataset)) <= np.abs(J.T @ J) @ half_unit)


@EVERY
def test_residual_standard_deviation_is_certified(dataset):
    variance = dataset.residual_sum_of_squares / dataset.degrees_of_freedom
    assert dataset.residual_standard_deviation == pytest.approx(np.sqrt(variance), rel=1e-10)


@EVERY
def test_standard_errors_are_certified(dataset):
    _, s, Vt, norms = scaled_svd(jacobian(dataset, dataset.certified))
    errors = dataset.residual_standard_deviation * np.linalg.norm(Vt.T / s, axis=1) / norms
    np.testing.assert_allclose(errors, dataset.standard_errors, rtol=1e-9)


# --- the object


def test_names_are_found_in_any_case():
    assert nist("THURBER") is nist("thurber") is nist("Thurber")


def test_unknown_name_is_an_error_that_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"'Thurbur'.*nearest is 'Thurber'"):
        nist("Thurbur")
    with pytest.raises(ValueError, match="called 7;"):
        nist(7)


def test_dataset_cannot_be_changed():
    thurber = nist("Thurber")
    with pytest.raises(FrozenInstanceError):
        thurber.y = thurber.x
    for array in (thurber.x, thurber.y, thurber.certified, thurber.standard_errors):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


def test_digits_is_the_log_relative_error_at_the_worst_parameter():
    misra = nist("Misra1a")
    assert misra.digits(misra.certified) == 11.0
    assert misra.digits(misra.certified * [1.0 + 1e-9, 1.0 - 1e-4]) == pytest.approx(4.0)
    assert misra.digits(-misra.certified) == 0.0
    assert misra.digits([np.nan, 1.0]) == misra.digits([np.inf, 1.0]) == 0.0
    with pytest.raises(ValueError, match="Misra1a has 2 parameters"):
        misra.digits([1.0])


def test_repr_names_the_size_and_html_the_answer():
    thurber = nist("Thurber")
    assert repr(thurber) == "<NIST Thurber: higher difficulty, m = 37, n = 7>"
    page = thurber._repr_html_()
    assert "1288.13968 ± 4.7" in page
    assert f"${thurber.formula}$" in page
    assert page.count("<tr>") == 1 + 7


# --- teaching data


@pytest.mark.parametrize("make", [exponential_decay, gaussian_peaks])
def test_teaching_data_are_the_model_at_the_truth_plus_seeded_noise(make):
    clean, noisy = make(m=50, noise=0.0), make(m=50, noise=0.1, seed=3)
    assert clean.x.shape == clean.y.shape == (50,)
    assert len(clean.names) == len(clean.truth)
    np.testing.assert_array_equal(clean.y, clean.model(clean.x, *clean.truth))
    np.testing.assert_array_equal(noisy.y, make(m=50, noise=0.1, seed=3).y)
    assert 0.05 < np.std(noisy.y - clean.y) < 0.15


# --- classics


def test_puromycin_has_the_published_least_squares_estimates():
    """Bates & Watts (1988), section 2.2: θ = (212.7, 0.06412) for the treated enzyme, residual sum of squares 1195."""
    data = puromycin()
    x, y = data.concentration["treated"], data.rate["treated"]
    fitted, _ = scipy.optimize.curve_fit(lambda c, vmax, km: vmax * c / (km + c), x, y, [200, 0.1])
    np.testing.assert_allclose(fitted, [212.7, 0.06412], rtol=5e-4)
    assert np.sum((fitted[0] * x / (fitted[1] + x) - y) ** 2) == pytest.approx(1195, abs=0.5)
    assert [a.size for a in (*data.concentration.values(), *data.rate.values())] == [12, 11, 12, 11]


def test_pearson_york_has_the_published_line():
    """York et al. (2004): the orthogonal distance, weighted, is least at their slope and intercept."""
    x, y, sigma_x, sigma = pearson_york()

    def distance(line):
        return (y - line[0] * x - line[1]) / np.sqrt(sigma**2 + (line[0] * sigma_x) ** 2)

    found = scipy.optimize.least_squares(distance, [-0.5, 5.5], xtol=1e-15, ftol=1e-15, gtol=1e-15, jac="3-point")
    np.testing.assert_allclose(found.x, [-0.480533407, 5.47991022], rtol=3e-8)
