"""The memory that a fit needs over its data: what the data pass, copies and padding cost at their highest.

usage: python tests/benchmarks/peak_memory.py [--points 10000000]

Run it as a process of its own. The baseline is taken after importing trfkit and after a small fit of the same model,
so XLA, its threads and the solver's programs are in it; then come the data, x and y in float64; then the fit. The peak
is the process's own high-water mark, from which the baseline and the bytes of x and y are taken off. The compilation
of the program for this m counts, for a user meets it too.
"""

import argparse
import json
import pathlib
import resource
import sys

import jax.numpy as jnp
import numpy as np

import trfkit

MIB = 2**20
BLOCK = 10**5


def model(x, a, b, c):
    """a exp(-b x) + c."""
    return a * jnp.exp(-b * x) + c


def data(m):
    """x and y of m points, made in blocks so that making them leaves no peak of its own."""
    rng = np.random.default_rng(0)
    x, y = np.empty(m), np.empty(m)
    for begin in range(0, m, BLOCK):
        block = slice(begin, min(begin + BLOCK, m))
        x[block] = np.linspace(0.0, 4.0, block.stop - begin)
        y[block] = 2.5 * np.exp(-1.3 * x[block]) + 0.5 + 0.2 * rng.standard_normal(block.stop - begin)
    return x, y


def _bytes(field):
    """VmRSS (resident now) or VmHWM (resident at most) of this process.

    Where there is no /proc both are ru_maxrss. On Linux that would not do: a child starts with its parent's.
    """
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith(field))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measure(m):
    """Baseline, data and what the fit needs over both, in MiB."""
    start = (1.0, 1.0, 1.0)
    trfkit.curve_fit(model, *data(1000), start)
    baseline = _bytes("VmRSS")
    x, y = data(m)
    popt, _ = trfkit.curve_fit(model, x, y, start)
    over = _bytes("VmHWM") - baseline - x.nbytes - y.nbytes
    return {
        "points": m,
        "baseline_mib": baseline / MIB,
        "data_mib": (x.nbytes + y.nbytes) / MIB,
        "over_mib": over / MIB,
        "popt": popt.tolist(),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=10**7)
    print(json.dumps(measure(parser.parse_args().points)))
