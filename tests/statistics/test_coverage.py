"""95 % intervals hold the truth in 95 of 100 simulated data sets, where theory says that they should.

2 000 data sets tell a share to 0.5 % (one standard deviation), the 300 of the bootstrap to 1.3 %.
`python tests/benchmarks/interval_coverage.py` has the whole study.
"""

import interval_coverage as study_of
import numpy as np
import pytest

from trfkit.statistics.profile import profile

EVERY = pytest.mark.parametrize("name", study_of.NEARLY_LINEAR)


@pytest.fixture(scope="module")
def shares():
    studies = study_of.NEARLY_LINEAR | study_of.CURVED
    return {name: study_of.coverage(study, 2000, 0) for name, study in studies.items()}


@EVERY
@pytest.mark.parametrize("method", ["covariance", "profile"])
def test_intervals_of_a_nearly_linear_model_hold_the_truth(shares, name, method):
    assert np.all((shares[name][method] >= 0.93) & (shares[name][method] <= 0.97))


def test_covariance_fails_for_a_curved_model_where_profiles_do_not(shares):
    curved = shares["unsaturated"]
    assert np.all(curved["covariance"] < 0.91)
    assert np.all((curved["profile"] >= 0.93) & (curved["profile"] <= 0.97))


def test_bootstrap_intervals_hold_the_truth():
    study = study_of.NEARLY_LINEAR["decay"]
    share = np.mean(study_of.by_bootstrap(study, study.observed(300, 1), 300), axis=0)
    assert np.all((share >= 0.91) & (share <= 0.98))


@pytest.mark.parametrize("name", ["kinetics", "unsaturated"])
def test_cost_with_a_parameter_held_tells_what_the_walk_to_the_ends_tells(name):
    study = (study_of.NEARLY_LINEAR | study_of.CURVED)[name]
    y = study.observed(40, 2)
    joint, found = study_of.fits(study, y)
    held = study_of.by_profile(study, y, joint, found)
    told = 0
    for each, inside in zip(y, held, strict=True):
        own = study.joint(each)
        limits = profile(own, own.run())
        for name, value, said in zip(own.names, study.truth, inside, strict=True):
            if np.isfinite(limits[name]).any():  # a straight line leaves vmax and km undetermined
                assert (limits[name].low <= value <= limits[name].high) == said
                told += 1
    assert told >= 0.95 * held.size
