"""How soon a fit ends that is asked to: milliseconds from the request to the session's state "stopped".

usage: python tests/benchmarks/stop_latency.py [--sizes 1000 1000000] [--repeats 20] [--browser] [--kernel NAME]

A fit of thousands of trials is stopped at a random moment: by `session.stop()`, or with --browser by a click on Stop in
a JupyterLab under headless Chromium (see tests/browser/conftest.py), the fit begun once with the Fit button and once by
a cell that awaits it. `trial` is the time of one trial, beside which a stop should take 100 ms or one trial; `shown`
is the time from the click until the page says "stopped by user".
"""

import argparse
import contextlib
import json
import pathlib
import random
import statistics
import sys
import tempfile
import threading
import time

import jax.numpy as jnp
import nbformat
import numpy as np
from machine import print_machine

from trfkit.session import FitSession, StateChanged, TrialRecorded

sys.path.append(str(pathlib.Path(__file__).parents[1] / "browser"))
from conftest import Notebook, browser_page, find_chromium, jupyterlab  # noqa: E402  beside the tests, in no package

TIGHTEST = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15, "max_nfev": 10**6}
WAIT_MS = 120_000  # for the page
WARM_UP = 4  # trials before the request: the start, those that compile, and one that does not
HEADER = f"{'m':>9}{'trial ms':>10}{'stop ms':>9}{'longest':>9}"


def creeping(x, creep):
    """A residual of which a Gauss-Newton step takes 1e-4 (Fletcher, Practical Methods of Optimization, section 6.1)."""
    return jnp.where(x % 2 == 0, creep, creep + 0.9999 * creep**2)


def data(m):
    """x and y of m points."""
    x = np.arange(float(m))
    return x, np.where(x % 2 == 0, -1.0, 1.0)


class Watch:
    """When the trials of a session's last fit were told, and when its state was no longer one of a fit, by time.time().

    The state is looked at each millisecond, for other observers, which draw, may be told of it before this one.
    """

    def __init__(self, session):
        self.session, self.trials, self.ended, self.looking = session, [], None, None
        session.observe(self.follow)

    def follow(self, event):
        """Told of each event, in order, soon after it has happened."""
        if isinstance(event, TrialRecorded):
            self.trials.append(time.time())
        elif event == StateChanged("compiling"):
            self.trials, self.ended = [], None
            self.looking = threading.Thread(target=self.look, daemon=True)
            self.looking.start()

    def look(self):
        """Note when the fit was stopped; None if it was over before."""
        while self.session.running:
            time.sleep(0.001)
        self.ended = time.time() if self.session.state == "stopped" else None

    def figures(self):
        """(times of the last trials, time of the end) of a fit, when it is over."""
        self.session.wait()
        self.looking.join()
        return self.trials[-200:], self.ended


def measure(m, repeats):
    """(seconds a trial, seconds a stop) of each repeat, asked on the kernel's side."""
    session = FitSession(creeping, *data(m), [0.8], **TIGHTEST)
    watch, found = Watch(session), []
    while len(found) < repeats:
        session.reset()
        session.start()
        while len(session.rows) < 2 * WARM_UP:
            time.sleep(0.001)
        time.sleep(random.uniform(0.0, 0.1))
        asked = time.time()
        session.stop()
        trials, ended = watch.figures()
        if ended is not None:
            found.append((time_of_trial(trials), ended - asked))
    return found


def time_of_trial(trials):
    """Seconds between trials, when they run one after the other."""
    return float(np.median(np.diff(trials[WARM_UP:])))


def show(m, found):
    """One line of the table: the median trial, then median and longest of each other column."""
    trials, *stops = ([1e3 * seconds for seconds in times] for times in zip(*found, strict=True))
    both = "".join(f"{statistics.median(times):9.1f}{max(times):9.1f}" for times in stops)
    print(f"{m:9}{statistics.median(trials):10.2f}{both}", flush=True)


# --- in the browser

SETUP = """
import json, sys
sys.path.insert(0, {here!r})
from stop_latency import TIGHTEST, Watch, creeping, data
from trfkit.widgets import CurveFitter
fitter = CurveFitter(creeping, *data({m}), [0.8], **TIGHTEST)
watch = Watch(fitter.session)
fitter
"""
AWAIT = "await fitter.fit();"
FIGURES = "print(json.dumps(watch.figures())); fitter.wait(); fitter.reset()"
# Returns the time of the click; the clock is the kernel's, too.
CLICK = """word => {
    const now = Date.now() / 1000;
    const buttons = [...document.querySelectorAll(".trfkit-card button.trfkit-action")];
    buttons.find(button => button.innerText.trim() === word).click();
    return now;
}"""


# The time at which the card says how the fit ended.
SHOWN = """() => /stopped by user|done/.test(document.querySelector(".trfkit-status").innerText) && Date.now() / 1000"""


def measure_clicks(open_notebook, m, repeats, awaited):
    """The same, asked by clicking, and seconds until the page says so."""
    here = str(pathlib.Path(__file__).parent)
    notebook = open_notebook([SETUP.format(here=here, m=m), AWAIT, FIGURES])
    notebook.run_cell(0)
    found = []
    while len(found) < repeats:
        if awaited:
            notebook.start_cell(1)
        else:
            notebook.page.evaluate(CLICK, "Fit")
        _wait_for_trials(notebook.page)
        time.sleep(random.uniform(0.0, 0.1))
        asked = notebook.page.evaluate(CLICK, "Stop")
        shown = notebook.page.wait_for_function(SHOWN, timeout=WAIT_MS).json_value()
        notebook.wait_until_idle()
        trials, ended = json.loads(notebook.run_cell(2))
        if ended is not None:
            found.append((time_of_trial(trials), ended - asked, shown - asked))
    return found


def _wait_for_trials(page):
    """Wait until the card of a running fit shows its eighth trial or a later one."""
    page.wait_for_function(
        r"""least => {
            const said = document.querySelector(".trfkit-status")?.innerText ?? "";
            return /running/.test(said) && +(/trial (\d+)/.exec(said)?.[1] ?? 0) >= least;
        }""",
        arg=2 * WARM_UP,
        timeout=WAIT_MS,
    )


@contextlib.contextmanager
def notebooks(kernel):
    """open_notebook(sources) -> Notebook, with this kernel."""
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        folder = scratch / "notebooks"
        folder.mkdir()
        metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
        with jupyterlab(folder, scratch) as address, browser_page(find_chromium(), scratch / "profile") as page:

            def open_one(sources):
                name = f"{len(list(folder.iterdir()))}.ipynb"
                cells = [nbformat.v4.new_code_cell(source) for source in sources]
                nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), folder / name)
                return Notebook(page, address.format(name))

            yield open_one


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**3, 10**6, 10**7])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--browser", action="store_true", help="ask by a click in JupyterLab")
    parser.add_argument("--kernel", default="python3", help="the kernel of the notebook, by the name of its kernelspec")
    options = parser.parse_args()
    print_machine()
    if not options.browser:
        print(HEADER)
        for m in options.sizes:
            show(m, measure(m, options.repeats))
        return
    with notebooks(options.kernel) as open_notebook:
        for awaited in (False, True):
            print("a cell awaits the fit" if awaited else "begun with the Fit button")
            print(HEADER + f"{'shown ms':>9}{'longest':>9}")
            for m in options.sizes:
                show(m, measure_clicks(open_notebook, m, options.repeats, awaited))


if __name__ == "__main__":
    main()
