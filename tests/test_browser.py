"""The fitter as a person meets it: a real JupyterLab in a real browser, driven with Playwright.

It needs a Chromium: the path in TRFKIT_CHROMIUM, or one on the PATH. Without one these tests are skipped; where CI is
set they fail, for a browser that is missing there means that nothing was tested.
"""

import contextlib
import itertools
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest
from playwright.sync_api import Page, sync_playwright

REPOSITORY = pathlib.Path(__file__).parents[1]

TOKEN = "trfkit"
START_S = 60  # for the server to answer; 3 s on an idle machine
CELL_MS = 180_000  # for a cell to finish: its first fit compiles

ERROR = "[data-mime-type='application/vnd.jupyter.error']"

# No GPU and no sandbox in a container, and nothing that would call home.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium():
    """The path of a Chromium: TRFKIT_CHROMIUM, or one on the PATH, or None."""
    named = os.environ.get("TRFKIT_CHROMIUM")
    if named:
        return named
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextlib.contextmanager
def jupyterlab(folder: pathlib.Path, scratch: pathlib.Path):
    """The address of a JupyterLab that serves `folder`; its settings and its log are in `scratch`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(scratch / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(scratch / "workspaces"),
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]),
    }
    options = [
        "--allow-root",
        "--no-browser",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--IdentityProvider.token={TOKEN}",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    with (scratch / "server.log").open("w") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait_for_answer(f"http://127.0.0.1:{port}/api?token={TOKEN}", server, scratch / "server.log")
            yield f"http://127.0.0.1:{port}/lab/tree/{{}}?token={TOKEN}&reset"
        finally:
            server.terminate()
            server.wait(30)


def _wait_for_answer(address, server, log):
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")


@contextlib.contextmanager
def browser_page(chromium: str, profile: pathlib.Path):
    """A page of a fresh browser, as wide as a laptop's screen."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=chromium, args=CHROMIUM_FLAGS, viewport={"width": 1280, "height": 1000}
        )
        try:
            yield context.pages[0]
        finally:
            context.close()


class Notebook:
    """A notebook that is open in the page."""

    def __init__(self, page: Page, address: str):
        self.page = page
        page.goto(address)
        self.wait_until_idle()

    def wait_until_idle(self):
        """Wait for the kernel to have nothing to do.

        The status bar tells; the notebook's own indicator says idle even before there is a kernel.
        """
        self.page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(timeout=CELL_MS)

    def run_all(self):
        """Start all cells and return at once."""
        self.page.click("#jp-MainMenu >> text=Run")
        self.page.click("li[data-command='runmenu:run-all']")

    def run_cell(self, index: int):
        """Run one code cell and wait for its end."""
        cell = self.page.locator(".jp-CodeCell").nth(index)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        cell.locator(".jp-InputArea-prompt", has_text="]:").wait_for()
        self.wait_until_idle()

    def errors(self):
        """The tracebacks on the page."""
        return self.page.locator(ERROR).all_inner_texts()

    def status(self):
        """What the fitter's status line says."""
        return self.page.locator(".trfkit-status").inner_text()

    def press(self, button: str):
        """Click one of the fitter's buttons."""
        self.page.click(f".trfkit-card button:has-text('{button}')")

    def wait_for_status(self, words: str):
        """Wait until the status line contains these words."""
        self.page.locator(".trfkit-status", has_text=words).wait_for(timeout=CELL_MS)

    def wait_for_output(self, words: str):
        """Wait for an output below a cell, text or HTML, that contains these words."""
        self.page.locator(".jp-OutputArea-output:not(.jupyter-widgets)", has_text=words).wait_for(timeout=CELL_MS)

    def wait_for_trial_after(self, trial: int) -> int:
        """Wait until the fitter shows a later trial than this one; its number. Raises what a cell raised instead."""
        shown_or_error = """([trial, selector]) => {
            const error = document.querySelector(selector);
            const shown = /trial (\\d+)/.exec(document.querySelector(".trfkit-status")?.innerText);
            return error ? error.innerText : shown && +shown[1] > trial ? +shown[1] : null;
        }"""
        found = self.page.wait_for_function(shown_or_error, arg=[trial, ERROR], timeout=CELL_MS).json_value()
        assert isinstance(found, int), found
        return found


@pytest.fixture(scope="module")
def chromium():
    path = find_chromium()
    if path is None and os.environ.get("CI"):
        pytest.fail("no Chromium: install one or set TRFKIT_CHROMIUM to its path")
    if path is None:
        pytest.skip("no Chromium on the PATH and TRFKIT_CHROMIUM is not set")
    return path


@pytest.fixture(scope="module")
def open_notebook(chromium, tmp_path_factory):
    """open_notebook(name) -> Notebook, from a copy of notebooks/ and of the notebooks below."""
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copytree(REPOSITORY / "notebooks", folder, dirs_exist_ok=True)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for name, sources in WRITTEN_HERE.items():
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / name)
    scratch = tmp_path_factory.mktemp("jupyterlab")
    with jupyterlab(folder, scratch) as address, browser_page(chromium, scratch / "profile") as page:
        yield lambda name: Notebook(page, address.format(name))


# Two exponential decays of nearly the same rate from a far start (MGH17 of NIST, made longer), in NumPy: more than a
# hundred trials, each of a dozen passes over a million points. What a person would want to stop.
LONG_FIT = """
import numpy as np
from trfkit.widgets import CurveFitter

def decays(x, level, first, second, slow, fast):
    return level + first * np.exp(-slow * x) + second * np.exp(-fast * x)

x = np.linspace(0, 320, 1_000_000)
noise = 0.003 * np.random.default_rng(17).normal(size=x.size)
y = decays(x, 0.375, 1.94, -1.46, 0.0129, 0.0221) + noise
fitter = CurveFitter(decays, x, y, (50, 150, -100, 1, 2))
fitter
"""
BEST_POINT_IS_KEPT = """
from trfkit.core.radius import USER_STOP

assert fitter.result.status == USER_STOP
assert fitter.result.solution.cost == fitter.trace.cost[fitter.trace.best] < fitter.trace.cost[0]
assert np.array_equal(fitter.result.solution.x, fitter.trace.x[fitter.trace.best])
print("the best point is kept")
"""
WRITTEN_HERE = {
    "stop.ipynb": [LONG_FIT, BEST_POINT_IS_KEPT],
    "stop-while-awaited.ipynb": [LONG_FIT, "await fitter.fit();" + BEST_POINT_IS_KEPT],
}


@pytest.mark.browser
def test_notebook_runs_and_its_iterations_appear(open_notebook):
    notebook = open_notebook("01-live-fit.ipynb")
    notebook.run_all()
    seen = [notebook.wait_for_trial_after(trial=0)]
    while len(seen) < 3:
        seen.append(notebook.wait_for_trial_after(seen[-1]))
    notebook.wait_for_status("done")
    notebook.wait_until_idle()
    assert notebook.errors() == []
    assert all(later > earlier for earlier, later in itertools.pairwise(seen))


@pytest.mark.browser
def test_stop_button_ends_a_long_fit_and_leaves_its_report(open_notebook):
    notebook = open_notebook("stop.ipynb")
    notebook.run_cell(0)
    notebook.press("Fit")
    notebook.wait_for_trial_after(2)
    assert "running" in notebook.status()
    notebook.press("Stop")
    notebook.wait_for_status("stopped by user")
    notebook.wait_for_output("standard error")
    notebook.run_cell(1)
    notebook.wait_for_output("the best point is kept")
    assert notebook.errors() == []


@pytest.mark.browser
def test_stop_button_works_while_a_cell_awaits_the_fit(open_notebook):
    notebook = open_notebook("stop-while-awaited.ipynb")
    notebook.run_all()
    notebook.wait_for_trial_after(2)
    notebook.press("Stop")
    notebook.wait_for_status("stopped by user")
    notebook.wait_for_output("the best point is kept")
    assert notebook.errors() == []
