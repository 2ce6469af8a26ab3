"""One fit against SciPy's `curve_fit(method='lm')`, which is MINPACK, side by side in one run.

usage: python tests/benchmarks/one_fit.py [--sizes 100 1000 ...] [--seconds 20] [--json FILE]

y = a exp(-b x) + c with noise, m = 10² to 10⁷ points, xtol = 1e-10 for all. `curve_fit` is also run with the exact
Jacobian, so that what automatic differentiation saves in evaluations can be told from what the solver saves in time.
trfkit runs twice: stepped from the host, as the first fits of a model are, and fused into one program, as its fits are
once it has been fitted often. A repeat runs each of them once, in turn, and the ratios, to the fused one, are medians
over repeats of the ratio inside a repeat: what else the machine does falls on all. Times are warm; `cold` is the first
fit of a fresh process, compilation included and imports not. `error` is the largest relative distance of a parameter
from the true optimum of those data.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import time

import jax.numpy as jnp
import numpy as np
import scipy.optimize
from machine import machine, print_machine

import trfkit

TRUTH = np.array([2.5, 1.3, 0.5])
START = (1.0, 1.0, 1.0)
XTOL = 1e-10
# For MINPACK, so that xtol stops it as it stops trfkit; below the rounding unit it calls ftol an error.
FTOL_OFF = 1e-15
LM = {"p0": START, "method": "lm", "xtol": XTOL, "ftol": FTOL_OFF}
FEWEST_REPEATS, MOST_REPEATS = 5, 200


def jax_model(x, a, b, c):
    """The model as a user of trfkit writes it."""
    return a * jnp.exp(-b * x) + c


def numpy_model(x, a, b, c):
    """The model as a user of SciPy writes it."""
    return a * np.exp(-b * x) + c


def numpy_jacobian(x, a, b, c):
    """Its exact derivatives, (m, 3)."""
    decay = np.exp(-b * x)
    return np.stack([decay, -a * x * decay, np.ones_like(x)], axis=1)


def data(m):
    """x and y of m points, the same for every process."""
    x = np.linspace(0.0, 4.0, m)
    y = numpy_model(x, *TRUTH)
    y += 0.2 * np.random.default_rng(0).standard_normal(m)
    return x, y


def with_trfkit(x, y):
    """popt by trfkit, stepped from the host, as the first fits of a model are."""
    return trfkit.curve_fit(jax_model, x, y, START, xtol=XTOL, tr_options={"driver": "stepped"})[0]


def with_fused_trfkit(x, y):
    """popt by trfkit in one program, as its fits are once a model has been fitted often."""
    return trfkit.curve_fit(jax_model, x, y, START, xtol=XTOL, tr_options={"driver": "fused"})[0]


def with_lm(x, y):
    """popt by MINPACK with its finite differences."""
    return scipy.optimize.curve_fit(numpy_model, x, y, **LM)[0]


def with_lm_and_jacobian(x, y):
    """popt by MINPACK with the exact Jacobian."""
    return scipy.optimize.curve_fit(numpy_model, x, y, jac=numpy_jacobian, **LM)[0]


FITS = {"stepped": with_trfkit, "fused": with_fused_trfkit, "lm": with_lm, "lm with J": with_lm_and_jacobian}


def optimum(x, y):
    """The least-squares parameters to rounding: Gauss-Newton from a fit, where Jᵀf in float64 is what limits it."""
    b = with_lm_and_jacobian(x, y)
    for _ in range(3):
        J = numpy_jacobian(x, *b)
        b = b - np.linalg.solve(J.T @ J, J.T @ (numpy_model(x, *b) - y))
    return b


def seconds_of(fit, x, y):
    """Wall time of one fit."""
    begin = time.perf_counter()
    fit(x, y)
    return time.perf_counter() - begin


def cold_seconds(name, m):
    """Wall time of the first fit in a fresh process."""
    command = [sys.executable, __file__, "--cold", name, "--sizes", str(m)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(m, budget):
    """The figures of one size: medians in seconds, ratios to trfkit, errors."""
    x, y = data(m)
    best = optimum(x, y)
    errors = {name: float(np.max(np.abs(fit(x, y) / best - 1))) for name, fit in FITS.items()}
    repeats = []
    end = time.perf_counter() + budget
    while len(repeats) < FEWEST_REPEATS or (time.perf_counter() < end and len(repeats) < MOST_REPEATS):
        repeats.append({name: seconds_of(fit, x, y) for name, fit in FITS.items()})
    ratios = {name: sorted(repeat[name] / repeat["fused"] for repeat in repeats) for name in FITS}
    return {
        "m": m,
        "repeats": len(repeats),
        "seconds": {name: statistics.median(repeat[name] for repeat in repeats) for name in FITS},
        "ratio": {name: statistics.median(of) for name, of in ratios.items()},
        "ratio_quartiles": {name: statistics.quantiles(of, n=4)[::2] for name, of in ratios.items()},
        "error": errors,
        "cold_seconds": {name: cold_seconds(name, m) for name in FITS},
    }


def _heading():
    times = "".join(f"{name + ' ms':>15}" for name in FITS)
    ratios = "".join(f"{f'{name} / fused':>30}" for name in itertools.islice(FITS, 2, None))
    return f"{'m':>9}{times}{ratios}{'cold stepped, lm ms':>22}   largest relative error: {', '.join(FITS)}"


def _line(row):
    times = "".join(f"{1e3 * row['seconds'][name]:15.3f}" for name in FITS)
    ratios = "".join(
        "{:>30}".format("{:.2f} ({:.2f} to {:.2f})".format(row["ratio"][name], *row["ratio_quartiles"][name]))
        for name in itertools.islice(FITS, 2, None)
    )
    cold = "{:.0f}, {:.1f}".format(1e3 * row["cold_seconds"]["stepped"], 1e3 * row["cold_seconds"]["lm"])
    return f"{row['m']:9}{times}{ratios}{cold:>22}   " + ", ".join(f"{row['error'][name]:.1e}" for name in FITS)


def main():
    """Measure and print; with --json write the same figures to a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**k for k in range(2, 8)])
    parser.add_argument("--seconds", type=float, default=20.0, help="for the repeats of a size (at least 5 are made)")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--cold", choices=FITS, help="only print the seconds of the first fit in this process")
    options = parser.parse_args()
    if options.cold:
        print(seconds_of(FITS[options.cold], *data(options.sizes[0])))
        return
    print_machine()
    print("medians of interleaved repeats; in brackets the quartiles of the ratio")
    print(_heading())
    rows = []
    for m in options.sizes:
        rows.append(measure(m, options.seconds))
        print(_line(rows[-1]), flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"machine": machine(), "xtol": XTOL, "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
