"""What watching costs: seconds per trial point of a fit with the live channel against the same fit without.

usage: python tests/benchmarks/live_overhead.py [--sizes 100 10000 1000000] [--repeats 30]

The fit is NIST's MGH09 from its far start, about 150 trials, its 11 points repeated to m. The receiver only keeps the
rows, so this is the cost of the channel, not of drawing. Silent and live fits take turns, and both must see the same
trial points.
"""

import argparse
import statistics
import time

import numpy as np
from machine import print_machine

from trfkit.datasets import nist
from trfkit.events import Channel
from trfkit.fitting.curve_fit import fit_curve


def timed(problem, x, y, channel):
    """Seconds and result of one fit."""
    begin = time.perf_counter()
    result = fit_curve(problem.model, x, y, problem.starts[0], channel=channel)
    return time.perf_counter() - begin, result


def measure(problem, m, repeats):
    """Medians of seconds per trial, silent and live, and the number of trials."""
    copies = -(-m // problem.y.size)
    x, y = np.tile(problem.x, copies)[:m], np.tile(problem.y, copies)[:m]
    seconds = {"silent": [], "live": []}
    for repeat in range(repeats + 1):
        silent_seconds, silent = timed(problem, x, y, None)
        channel = Channel()
        live_seconds, live = timed(problem, x, y, channel)
        assert len(channel.rows) == len(live.trace) == len(silent.trace)
        np.testing.assert_allclose(live.x, silent.x, rtol=1e-10)
        if repeat:  # the first compiles
            seconds["silent"].append(silent_seconds / len(silent.trace))
            seconds["live"].append(live_seconds / len(live.trace))
    return {how: statistics.median(of) for how, of in seconds.items()}, len(silent.trace)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 10**4, 10**6])
    parser.add_argument("--repeats", type=int, default=30)
    options = parser.parse_args()
    problem = nist("MGH09")
    print_machine()
    print(f"{'m':>9}{'trials':>8}{'silent µs/trial':>17}{'live µs/trial':>15}{'difference µs':>15}")
    for m in options.sizes:
        seconds, trials = measure(problem, m, options.repeats)
        silent, live = 1e6 * seconds["silent"], 1e6 * seconds["live"]
        print(f"{m:9}{trials:8}{silent:17.1f}{live:15.1f}{live - silent:15.1f}", flush=True)


if __name__ == "__main__":
    main()
