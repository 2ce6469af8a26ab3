"""Do 95 % intervals hold the truth 95 times in 100? Simulated data sets of known truth, three kinds of intervals.

python tests/benchmarks/interval_coverage.py [--sets 2000] [--resamples 1000]

Whether a profile interval holds the truth is asked without walking to its ends: it does where the cost, minimised with
the parameter held at the truth, is below the critical one. tests/statistics/test_coverage.py checks that this is so.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from machine import print_machine

from trfkit.fitting.joint import DataSet, Joint
from trfkit.fitting.many import Lanes, Many, fit_lanes
from trfkit.fitting.result import determine
from trfkit.models import Constant, ExponentialDecay, Gaussian, Line, Logistic4, MichaelisMenten, Model
from trfkit.parameters import Parameter, Parameters
from trfkit.statistics.bootstrap import bootstrap
from trfkit.statistics.intervals import critical
from trfkit.statistics.uncertainty import uncertainty

LEVEL = 0.95


@dataclass(frozen=True)
class Study:
    """A model, its true parameters, and where and with which normal noise it is observed."""

    model: Model
    truth: tuple[float, ...]
    x: np.ndarray
    noise: float

    def observed(self, sets: int, seed: int) -> np.ndarray:
        """(sets, m) data."""
        clean = np.asarray(self.model(self.x, *self.truth))
        return clean + self.noise * np.random.default_rng(seed).standard_normal((sets, clean.size))

    def joint(self, y: np.ndarray) -> Joint:
        """The fit of y (m,), from the truth."""
        specs = zip(self.model.parameter_names, self.truth, *self.model.bounds, strict=True)
        parameters = Parameters(Parameter(name, value, low, high) for name, value, low, high in specs)
        return Joint([DataSet("", self.model, self.model.parameter_names, self.x, y)], parameters, {}, False)


# Of these the models are nearly linear over a standard error, so that theory promises 95 % by any of the methods.
NEARLY_LINEAR = {
    "decay": Study(ExponentialDecay() + Constant(), (3.0, 2.0, 1.0), np.linspace(0.0, 10.0, 60), 0.1),
    "peak": Study(Gaussian() + Line(), (5.0, 4.5, 0.8, 0.2, 1.0), np.linspace(0.0, 10.0, 80), 0.3),
    "kinetics": Study(MichaelisMenten(), (2.0, 0.8), np.repeat(np.geomspace(0.1, 8.0, 20), 3), 0.06),
    "dose": Study(Logistic4(), (0.5, 4.0, 5.0, 1.5), np.linspace(0.0, 10.0, 60), 0.2),
}
# Substrate up to a third of km only: the curve hardly bends, and vmax and km may be large together.
CURVED = {"unsaturated": Study(MichaelisMenten(), (2.0, 3.0), np.repeat(np.linspace(0.1, 1.0, 10), 2), 0.05)}


def fits(study: Study, y: np.ndarray) -> tuple[Joint, Many]:
    """Each of the data sets (sets, m) fitted."""
    joint = study.joint(y[0])
    return joint, fit_lanes(joint, np.tile(study.truth, (len(y), 1)), Lanes(y=[y]))


def by_covariance(study: Study, y: np.ndarray, found: Many) -> np.ndarray:
    """(sets, n) whether value ± t · standard error holds the truth."""
    m, n = y.shape[1], len(study.truth)
    t = critical(LEVEL, m - n, False)
    errors = [
        np.sqrt(np.diag(uncertainty(determine(R, m), cost, m, False).covariance))
        for R, cost in zip(found.triangle, found.cost, strict=True)
    ]
    return np.abs(found.x - study.truth) <= t * np.array(errors)


def by_profile(study: Study, y: np.ndarray, joint: Joint, found: Many) -> np.ndarray:
    """(sets, n) whether the cost with the parameter held at the truth is below the critical one."""
    m, n = y.shape[1], len(study.truth)
    t = critical(LEVEL, m - n, False)
    held = []
    for k, value in enumerate(study.truth):
        lanes = Lanes(
            y=[y],
            held=np.tile(joint.held + value * joint.basis[:, k], (len(y), 1)),
            basis=np.tile(np.delete(joint.basis, k, axis=1), (len(y), 1, 1)),
        )
        x0, lb, ub = (np.delete(a, k, axis=-1) for a in (found.x, joint.lb, joint.ub))
        cost = fit_lanes(joint, x0, lanes, lb, ub).cost
        held.append((cost - found.cost) * (m - n) / found.cost <= t**2)
    return np.array(held).T


def by_bootstrap(study: Study, y: np.ndarray, resamples: int) -> np.ndarray:
    """(sets, n) whether percentile intervals of resampled residuals hold the truth."""
    held = []
    for seed, each in enumerate(y):
        joint = study.joint(each)
        limits = bootstrap(joint, joint.run(), resamples, "residuals", seed).intervals(LEVEL)
        ends = np.array([limits[name] for name in joint.names]).T
        held.append((ends[0] <= study.truth) & (study.truth <= ends[1]))
    return np.array(held)


def coverage(study: Study, sets: int, resamples: int, seed: int = 0) -> dict[str, np.ndarray]:
    """{method: (n,) share of the data sets whose interval holds the truth}; bootstrap only with resamples > 0."""
    y = study.observed(sets, seed)
    joint, found = fits(study, y)
    held = {"covariance": by_covariance(study, y, found), "profile": by_profile(study, y, joint, found)}
    if resamples:
        held["bootstrap"] = by_bootstrap(study, y, resamples)
    return {method: np.mean(inside, axis=0) for method, inside in held.items()}


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=1000)
    chosen = parser.parse_args()
    print_machine()
    print(f"% of {chosen.sets} data sets whose 95 % interval holds the truth, {chosen.resamples} resamples a bootstrap")
    print(f"{'study':12} {'parameter':12} covariance  profile  bootstrap")
    for name, study in (NEARLY_LINEAR | CURVED).items():
        table = coverage(study, chosen.sets, chosen.resamples)
        for k, parameter in enumerate(study.model.parameter_names):
            shares = "".join(f"{100 * share[k]:11.1f}" for share in table.values())
            print(f"{name:12} {parameter:12}{shares}", flush=True)


if __name__ == "__main__":
    main()
