"""What watching costs: seconds per trial point of a fit with the live channel against the same fit without.

usage: python tests/benchmarks/live_overhead.py [--sizes 100 10000 1000000] [--repeats 30]

The fit is NIST's MGH09 from its far start, about 140 trials, its 11 points repeated to m. The receiver only keeps the
rows, so this is the cost of the channel, not of drawing. Silent fits run stepped, as the first fits of a model do, and
fused, which is the live program but for its callback; `over` is the median of live less fused in each repeat, in which
the three take turns. All must see the same trial points.
"""

import argparse
import time

import numpy as np
from machine import print_machine

from trfkit.datasets import nist
from trfkit.events import Channel
from trfkit.fitting.curve_fit import fit_curve

HOW = ("stepped", "fused", "live")


def timed(problem, x, y, how):
    """Microseconds per trial and result of one fit."""
    options = {"channel": Channel()} if how == "live" else {"tr_options": {"driver": how}}
    begin = time.perf_counter()
    result = fit_curve(problem.model, x, y, problem.starts[0], **options)
    return 1e6 * (time.perf_counter() - begin) / len(result.trace), result


def measure(problem, m, repeats):
    """Medians of microseconds per trial, in the order of HOW; that of live less fused; and the number of trials."""
    copies = -(-m // problem.y.size)
    x, y = np.tile(problem.x, copies)[:m], np.tile(problem.y, copies)[:m]
    found = []
    for _ in range(repeats + 1):
        times, results = zip(*(timed(problem, x, y, how) for how in HOW), strict=True)
        assert len({len(result.trace) for result in results}) == 1
        for result in results[1:]:
            np.testing.assert_allclose(result.x, results[0].x, rtol=1e-10)
        found.append((*times, times[2] - times[1]))
    return np.median(found[1:], axis=0), len(results[0].trace)  # the first repeat compiles


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 10**4, 10**6])
    parser.add_argument("--repeats", type=int, default=30)
    options = parser.parse_args()
    problem = nist("MGH09")
    print_machine()
    print(f"{'m':>9}{'trials':>8}{'stepped µs':>12}{'fused µs':>12}{'live µs':>12}{'over µs':>10}{'live/fused':>12}")
    for m in options.sizes:
        (stepped, fused, live, over), trials = measure(problem, m, options.repeats)
        print(f"{m:9}{trials:8}{stepped:12.1f}{fused:12.1f}{live:12.1f}{over:10.1f}{live / fused:12.2f}", flush=True)


if __name__ == "__main__":
    main()
