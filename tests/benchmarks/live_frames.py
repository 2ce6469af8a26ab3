"""How many pictures a second the live figure draws: the whole panel, from values of parameters to the bytes of a PNG.

usage: python tests/benchmarks/live_frames.py [--sizes 1000 10000 1000000] [--ratios 1 1.5] [--repeats 60]

Two peaks on a decay, as in NIST's Gauss3, 1 180 by 460 CSS pixels. A trial is a frame of a running fit: the curve, six
earlier ones, terms, residuals, and the marks of forty trials. A preview is what a slider's move draws: the curve at
values not seen before. Panning and zooming show another range of x and y each time, with its points, axes and curves,
those of the six trials before among them. Medians, and of the pan what 19 of 20 frames keep within.
"""

import argparse
import statistics
import time
from types import SimpleNamespace

import numpy as np
from machine import print_machine

from trfkit.core.trf import FIELDS
from trfkit.models import ExponentialDecay, Gaussian
from trfkit.plots import FitFigure, ModelCurve
from trfkit.trace import Trace
from trfkit.trace.record import COUNTS

MODEL = Gaussian("a") + Gaussian("b") + ExponentialDecay("baseline")
VALUES = np.array([99.0, 111.6, 16.5, 73.7, 147.8, 13.0, 99.0, 91.4])  # near those that NIST certifies
TRIALS = 40


def data_of(m, rng):
    """Points of the model with noise."""
    x = np.linspace(1, 250, m)
    return SimpleNamespace(x=x, y=np.asarray(MODEL(x, *VALUES)) + rng.normal(0, 2.5, m), sigma=None)


def trace_of_fit(rng):
    """A made-up fit that comes down to the values, each fourth trial rejected."""
    rows = np.full((TRIALS, len(FIELDS)), np.nan)
    away = np.geomspace(1, 1e-3, TRIALS)
    columns = {
        "cost": 1e3 + 1e5 * away**2, "ratio": rng.uniform(0.2, 1.2, TRIALS),
        "Delta": 1e3 * away, "Delta_new": 1e3 * away,
        "solver": 1 + (np.arange(TRIALS) < 10), "kind": 1.0, "outcome": 1 + (np.arange(TRIALS) % 4 == 3),
    }  # fmt: skip
    rows[:, [FIELDS.index(name) for name in COUNTS]] = 0
    for name, values in columns.items():
        rows[:, FIELDS.index(name)] = values
    rows[0, [FIELDS.index("outcome"), FIELDS.index("solver")]] = 0
    x = VALUES * (1 + 0.3 * away[:, None] * rng.uniform(-1, 1, (TRIALS, len(VALUES))))
    return Trace(np.hstack([rows, x]), MODEL.parameter_names)


def milliseconds(draw, repeats):
    """The times that draw(i) takes, the first few left out."""
    times = []
    for i in range(repeats + 3):
        begin = time.perf_counter()
        draw(i)
        times.append(1e3 * (time.perf_counter() - begin))
    return times[3:]


def measure(m, pixel_ratio, repeats):
    """Milliseconds of trials, previews, pans and zooms."""
    rng = np.random.default_rng(4)
    trace = trace_of_fit(rng)
    figure = FitFigure(ModelCurve(MODEL, data_of(m, rng), None, VALUES), pixel_ratio=pixel_ratio)
    moved = VALUES * (1 + 0.02 * rng.normal(size=(repeats + 3, len(VALUES))))

    def trial(i):
        figure.show(trace, i % TRIALS, tuple, final=True)
        figure.png()

    def preview(i):
        figure.show_values(moved[i])
        figure.png()

    def pan(i):
        figure.zoom("data", (20 + i / 4, 120 + i / 4), (i / 8 - 5, i / 8 + 140))
        figure.png()

    def zoom(i):
        part = 0.97**i
        figure.zoom("data", (112 - 100 * part, 112 + 100 * part), (112 - 120 * part, 112 + 20 * part))
        figure.png()

    times = [milliseconds(trial, repeats), milliseconds(preview, repeats)]
    figure.show(trace, TRIALS - 2, tuple, final=True)
    return [*times, milliseconds(pan, repeats), milliseconds(zoom, repeats)]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 1_000_000])
    parser.add_argument("--ratios", type=float, nargs="+", default=[1.0, 1.5])
    parser.add_argument("--repeats", type=int, default=60)
    options = parser.parse_args()
    print_machine()
    print(f"{'points':>9}{'ratio':>7}{'trial ms':>10}{'preview ms':>12}{'pan ms':>8}{'95 %':>7}{'zoom ms':>9}")
    for m in options.sizes:
        for ratio in options.ratios:
            times = measure(m, ratio, options.repeats)
            trial, preview, pan, zoom = map(statistics.median, times)
            late = statistics.quantiles(times[2], n=20)[-1]
            print(f"{m:9}{ratio:7.2g}{trial:10.1f}{preview:12.1f}{pan:8.1f}{late:7.1f}{zoom:9.1f}", flush=True)


if __name__ == "__main__":
    main()
