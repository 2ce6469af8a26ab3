"""How fast: one fit, the first fit, many fits and a bootstrap, beside the peers that are installed, in one run.

usage: python tests/benchmarks/speed.py [--only one first many bootstrap] [--sizes 100 1000 ...] [--seconds 10]
                                        [--json FILE] [--plot FILE]

One fit: y = a exp(-b x) + c with noise, 10² to 10⁷ points, the same start, xtol = 1e-10 and the covariance (optimistix
has none) for all. A repeat runs each peer once, in turn, and a ratio is the median over repeats of the ratio inside a
repeat: what else the machine does falls on all. `error` is the largest relative distance of a parameter from the true
optimum of those data. First fits are those of fresh processes, imports not included, with the cache of compiled
programs empty and filled. Many fits are as many a second as a call of all of them gives; peers make fewer of them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import jax.numpy as jnp
import numpy as np
import peers
from machine import machine, print_machine
from peers import Task

import trfkit
from trfkit.fitting import repeats

TRUTH = np.array([2.5, 1.3, 0.5])
FEWEST_REPEATS, MOST_REPEATS = 5, 200
GOALS = {10**2: 1.5, 10**3: 2.0, 10**4: 3.0, 10**5: 6.0, 10**6: 8.0, 10**7: 10.0}  # lm / trfkit
MANY = 100_000  # fits; peers, which are slower, make fewer
PEERS_MAKE = {"lm": 500, "optimistix": 4000}


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


def jax_spot(xy, height, x0, y0, width, floor):
    """A round Gaussian on a floor."""
    return height * jnp.exp(-((xy[0] - x0) ** 2 + (xy[1] - y0) ** 2) / (2 * width**2)) + floor


def numpy_spot(xy, height, x0, y0, width, floor):
    """The same for SciPy."""
    return height * np.exp(-((xy[0] - x0) ** 2 + (xy[1] - y0) ** 2) / (2 * width**2)) + floor


DECAY = Task(jax_model, numpy_model, numpy_jacobian, (1.0, 1.0, 1.0))
SPOT = Task(jax_spot, numpy_spot, None, (400.0, 2.1, 1.9, 1.2, 15.0))


def data(m, noise=0.2):
    """x and y of m points, the same for every process."""
    x = np.linspace(0.0, 4.0, m)
    return x, numpy_model(x, *TRUTH) + noise * np.random.default_rng(0).standard_normal(m)


def optimum(x, y):
    """The least-squares parameters to rounding: Gauss-Newton from a fit, where Jᵀf in float64 is what limits it."""
    b = peers.with_lm_and_jacobian(DECAY)(x, y)
    for _ in range(3):
        J = numpy_jacobian(x, *b)
        b = b - np.linalg.solve(J.T @ J, J.T @ (numpy_model(x, *b) - y))
    return b


def seconds_of(function, *args):
    """Wall time of one call."""
    begin = time.perf_counter()
    function(*args)
    return time.perf_counter() - begin


def _alternate(fits, args, budget):
    """[{name: seconds}, …]: each repeat calls every function once."""
    repeats_made, end = [], time.perf_counter() + budget
    while len(repeats_made) < FEWEST_REPEATS or (time.perf_counter() < end and len(repeats_made) < MOST_REPEATS):
        repeats_made.append({name: seconds_of(fit, *args) for name, fit in fits.items()})
    return repeats_made


# --- one fit ---------------------------------------------------------------------------------------------------------

ONE = {
    "trfkit": peers.with_trfkit, "stepped": peers.with_stepped_trfkit, "lm": peers.with_lm,
    "lm with J": peers.with_lm_and_jacobian, "SciPy trf": peers.with_scipy_trf, "lmfit": peers.with_lmfit,
    "NLSQ": peers.with_nlsq, "optimistix": peers.with_optimistix,
}  # fmt: skip


def _warm(fit, x, y):
    """Fit until trfkit has its program for repeated fits."""
    for _ in range(100 if x.size <= 10**5 else 2):
        fit(x, y)
    repeats.wait()


def one_fit(sizes, budget):
    """Medians, ratios to trfkit and errors of warm fits, one row a size."""
    fits = {name: peer(DECAY) for name, peer in peers.installed(ONE).items()}
    print(f"\nOne warm fit, ms (ratio to trfkit)\n{'m':>9}" + "".join(f"{name:>22}" for name in fits) + "   goal of lm")
    rows = []
    for m in sizes:
        x, y = data(m)
        _warm(fits["trfkit"], x, y)
        best = optimum(x, y)
        errors = {name: float(np.max(np.abs(fit(x, y) / best - 1))) for name, fit in fits.items()}
        measured = _alternate(fits, (x, y), budget)
        seconds = {name: statistics.median(repeat[name] for repeat in measured) for name in fits}
        ratios = {name: statistics.median(repeat[name] / repeat["trfkit"] for repeat in measured) for name in fits}
        rows.append({"m": m, "repeats": len(measured), "seconds": seconds, "ratio": ratios, "error": errors})
        cells = "".join(f"{f'{1e3 * seconds[name]:.3f} ({ratios[name]:.2f})':>22}" for name in fits)
        print(f"{m:9}{cells}   {GOALS.get(m, '')}", flush=True)
    print("largest relative error:")
    for row in rows:
        print(f"{row['m']:9}" + "".join(f"{row['error'][name]:22.1e}" for name in fits))
    return rows


# --- first fits ------------------------------------------------------------------------------------------------------


def _first(which):
    """Seconds of first fits in this process: of one that just started, or of a new model in a warm one."""
    x, y = data(1000)
    if which == "process":
        return seconds_of(peers.with_trfkit(DECAY), x, y)
    peers.with_trfkit(DECAY)(x, y)
    found = []
    for k in range(5):
        new = os.getpid() + k / 8  # a constant that no model before has had, so that none of it is on disk
        task = DECAY._replace(model=lambda x, a, b, c, new=new: a * jnp.exp(-b * x) + c + 1e-12 * new)
        found.append(seconds_of(peers.with_trfkit(task), x, y))
    return statistics.median(found)


def first_fits():
    """Seconds of first fits, each measured in fresh processes."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TRFKIT_CACHE": folder}

        def child(which):
            command = [sys.executable, __file__, "--first", which]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            return float(done.stdout)

        found = {"fresh process, empty cache": child("process")}
        found["fresh process, cache filled"] = statistics.median(child("process") for _ in range(5))
        found["new model, warm kernel"] = statistics.median(child("model") for _ in range(3))
    print("\nFirst fits, s\n" + "\n".join(f"{name:>28} {seconds:6.2f}" for name, seconds in found.items()))
    return found


# --- many fits -------------------------------------------------------------------------------------------------------

MANY_PEERS = {"lm": peers.many_with_lm, "optimistix": peers.many_with_optimistix}


def _curves(task, x, truth, noise, count):
    rng = np.random.default_rng(1)
    truths = np.array(truth) * (1 + 0.1 * rng.uniform(-1, 1, (count, len(truth))))
    clean = task.numpy_model(x[..., None, :], *truths.T[..., None])
    return truths, clean + noise * rng.standard_normal(clean.shape)


def many_fits():
    """Fits a second of many curves."""
    g = np.arange(5.0)
    spots = np.stack([a.ravel() for a in np.meshgrid(g, g)])
    works = {
        "5×5 pixels, 5 parameters": (SPOT, spots, (500.0, 2.0, 2.0, 1.0, 10.0), 5.0),
        "50 points, 3 parameters": (DECAY, np.linspace(0.0, 4.0, 50), TRUTH, 0.05),
    }
    print("\nMany fits, fits/s (share converged; median distance from the truth in errors)")
    rows = []
    for work, (task, x, truth, noise) in works.items():
        truths, Y = _curves(task, x, truth, noise, MANY)
        for dtype in (np.float32, np.float64):
            fit = peers.many_with_trfkit(task, dtype=dtype)
            fit(x, Y)
            rate = MANY / statistics.median(seconds_of(fit, x, Y) for _ in range(3))
            result = fit(x, Y)
            away = float(np.nanmedian(np.abs(result.values - truths) / result.stderr))
            rows.append({"work": work, "who": f"trfkit {np.dtype(dtype).name}", "rate": rate})
            print(f"{work:>26}{rows[-1]['who']:>18}{rate:12.0f} ({result.success.mean():.4f}; {away:.2f})", flush=True)
        for name, peer in peers.installed(MANY_PEERS).items():
            some = Y[: PEERS_MAKE[name]]
            fit = peer(task)
            fit(x, some)
            rate = len(some) / statistics.median(seconds_of(fit, x, some) for _ in range(3))
            rows.append({"work": work, "who": name, "rate": rate})
            print(f"{work:>26}{name:>18}{rate:12.0f}", flush=True)
    return rows


def bootstrap():
    """Seconds of 10 000 bootstrap fits of 100 points, warm."""
    x, y = data(100, noise=0.05)
    result = trfkit.fit(jax_model, x, y, dict(zip("abc", DECAY.start, strict=True)))

    def run():
        return result.bootstrap(10_000, seed=1)

    run()
    seconds = statistics.median(seconds_of(run) for _ in range(3))
    print(f"\nBootstrap, 10 000 samples of 100 points: {seconds:.2f} s")
    return seconds


# --- the picture -----------------------------------------------------------------------------------------------------


def plot(rows, path):
    """Time of one warm fit over the number of points."""
    from matplotlib.figure import Figure  # noqa: PLC0415  only for the picture

    figure = Figure(figsize=(6.4, 4.0), dpi=120, layout="constrained")
    axes = figure.subplots()
    names = [name for name in rows[0]["seconds"] if name != "stepped"]
    markers = dict(zip(names, "os^Dvx+", strict=False))
    for name in names:
        style = {"lw": 2.4, "color": "C0", "zorder": 3} if name == "trfkit" else {"lw": 1.0, "alpha": 0.85}
        label = {"lm": "SciPy lm (MINPACK)", "lm with J": "SciPy lm, exact Jacobian"}.get(name, name)
        values = [1e3 * row["seconds"][name] for row in rows]
        axes.plot([row["m"] for row in rows], values, marker=markers[name], ms=5, label=label, **style)
    axes.set(xscale="log", yscale="log", xlabel="points", ylabel="time of one fit (ms)")
    axes.set_title("Warm fit of a exp(−b x) + c, same start, xtol = 1e-10", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path)


def main():
    """Measure and print; write the figures to a file and draw them, if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ("one", "first", "many", "bootstrap")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(GOALS))
    parser.add_argument("--seconds", type=float, default=10.0, help="for the repeats of a size (at least 5 are made)")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--plot", metavar="FILE")
    parser.add_argument("--first", choices=("process", "model"), help="only print the seconds of a first fit")
    options = parser.parse_args()
    if options.first:
        print(_first(options.first))
        return
    print_machine()
    found = {"machine": machine(), "xtol": DECAY.xtol}
    if "one" in options.only:
        found["one"] = one_fit(options.sizes, options.seconds)
    if "first" in options.only:
        found["first"] = first_fits()
    if "many" in options.only:
        found["many"] = many_fits()
    if "bootstrap" in options.only:
        found["bootstrap"] = bootstrap()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
    if options.plot and "one" in found:
        plot(found["one"], options.plot)


if __name__ == "__main__":
    main()
