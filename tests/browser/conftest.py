"""A real JupyterLab in a real browser, driven with Playwright.

It needs a Chromium: the path in TRFKIT_CHROMIUM, or one on the PATH. Without one these tests are skipped; where CI is
set they fail, for a browser that is missing there means that nothing was tested.
"""

import contextlib
import json
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

REPOSITORY = pathlib.Path(__file__).parents[2]

TOKEN = "trfkit"
START_S = 60  # for the server to answer; 3 s on an idle machine
CELL_MS = 180_000  # for a cell to finish: its first fit compiles

ERROR = "[data-mime-type='application/vnd.jupyter.stderr']"  # tracebacks, too, in JupyterLab 4

QUIET = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}  # no notice lies over the page

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
    notices = scratch / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    notices.parent.mkdir(parents=True)
    notices.write_text(json.dumps(QUIET))
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

    def set_theme(self, name: str):
        """Choose JupyterLab's "Light" or "Dark" theme."""
        self._choose(
            "Settings", ".lm-Menu-itemLabel:text-is('Theme')", f".lm-Menu-itemLabel:text-is('JupyterLab {name}')"
        )
        light = "true" if name == "Light" else "false"
        self.page.locator(f"body[data-jp-theme-light='{light}']").wait_for(state="attached")

    def _choose(self, menu: str, *items: str):
        self.page.click(f"#jp-MainMenu >> text={menu}")
        for item in items:
            self.page.click(item)

    def start_cell(self, index: int):
        """Run one code cell and do not wait for its end."""
        self.page.locator(".jp-CodeCell").nth(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def run_cell(self, index: int) -> str:
        """Run one code cell, wait for its end, and return the text below it."""
        cell = self.page.locator(".jp-CodeCell").nth(index)
        before = cell.locator(".jp-InputPrompt").inner_text()
        self.start_cell(index)
        # The prompt is [ ]: before the first run and [*]: in every run.
        self.page.wait_for_function(
            r"""([index, before]) => {
                const cell = document.querySelectorAll(".jp-CodeCell")[index];
                const prompt = cell.querySelector(".jp-InputPrompt").innerText;
                return prompt !== before && /\d/.test(prompt);
            }""",
            arg=[index, before],
            timeout=CELL_MS,
        )
        self.wait_until_idle()
        return "\n".join(cell.locator(".jp-OutputArea-output").all_inner_texts())

    def write_cell(self, index: int, source: str):
        """Give a code cell another text."""
        self.page.locator(".jp-CodeCell").nth(index).locator(".cm-content").fill(source)

    def clear(self):
        """Leave nothing below the cells, no button pressed, and the mouse on nothing."""
        self.page.mouse.up()
        self._choose("Edit", "li[data-command='editmenu:clear-all']")
        self.page.mouse.move(0, 0)

    def errors(self):
        """The tracebacks on the page."""
        return self.page.locator(ERROR).all_inner_texts()


@pytest.fixture(scope="session")
def chromium():
    path = find_chromium()
    if path is None and os.environ.get("CI"):
        pytest.fail("no Chromium: install one or set TRFKIT_CHROMIUM to its path")
    if path is None:
        pytest.skip("no Chromium on the PATH and TRFKIT_CHROMIUM is not set")
    return path


@pytest.fixture(scope="session")
def page(chromium, tmp_path_factory):
    with browser_page(chromium, tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="session")
def open_notebook(page, tmp_path_factory):
    """open_notebook(name, sources) -> Notebook with these code cells; without them a copy of the project's own."""
    folder = tmp_path_factory.mktemp("notebooks")
    scratch = tmp_path_factory.mktemp("jupyterlab")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    with jupyterlab(folder, scratch) as address:

        def open_one(name, sources=None):
            if sources is None:
                shutil.copy(REPOSITORY / "notebooks" / name, folder)
            else:
                cells = [nbformat.v4.new_code_cell(source) for source in sources]
                nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / name)
            page.mouse.up()  # a test that failed may have left it pressed
            return Notebook(page, address.format(name))

        yield open_one


@pytest.fixture(scope="module")
def share_notebook(open_notebook, request):
    """share_notebook(*sources) -> the module's own Notebook with these code cells, none of which shows anything yet.

    Page and kernel are those of the test before, unless that has failed or gone to another page: then both are new.
    """
    stem = request.module.__name__.rpartition(".")[2]
    notebook, failed, opened = None, 0, 0

    def share(*sources):
        nonlocal notebook, failed, opened
        if notebook is None or stem not in notebook.page.url or request.session.testsfailed > failed:
            failed, opened = request.session.testsfailed, opened + 1
            notebook = open_notebook(f"{stem}-{opened}.ipynb", sources)
        else:
            notebook.clear()
        return notebook

    return share


# What is run first where there are fitters: data, a model that takes its time, and the session's state as JSON.
PREPARE = '''
import json, pathlib, time
import numpy as np
from trfkit.datasets import nist
from trfkit.models import ExponentialDecay, Gaussian, Line, Model
from trfkit.widgets import CurveFitter

gauss3 = nist("Gauss3")

def two_peaks(**options):
    """Two peaks on a decay, from a start in which the peaks are too far apart."""
    start = {"a.center": 80, "b.center": 170, "a.height": 60}
    model = ExponentialDecay("baseline") + Gaussian("a") + Gaussian("b")
    return CurveFitter(model, gauss3.x, gauss3.y, start, **{"pace": float("inf")} | options)

def decays(x, level, first, second, slow, fast):
    time.sleep(0.02)
    return level + first * np.exp(-slow * x) + second * np.exp(-fast * x)

def long_fit(**options):
    """Two decays of nearly the same rate from a far start (MGH17 of NIST, made longer): more than a hundred trials."""
    x = np.linspace(0, 320, 200)
    y = 0.375 + 1.94 * np.exp(-0.0129 * x) - 1.46 * np.exp(-0.0221 * x)
    y += 0.003 * np.random.default_rng(17).normal(size=x.size)
    return CurveFitter(decays, x, y, (50, 150, -100, 1, 2), **options)

def held(fitter):
    session = fitter.session
    regions = {r.name: [r.left, r.top, r.width, r.height, r.x_limits, r.y_limits]
               for r in fitter._view.canvas.regions if not (r.x_log or r.y_log)}
    print(json.dumps({
        "values": dict(session.values_shown), "state": session.state, "cursor": session.cursor,
        "trials": len(session.rows), "mask": int(session.mask.sum()), "points": session.mask.size,
        "fits": len(session.history), "undo": session.can_undo, "redo": session.can_redo,
        "options": session.options, "regions": regions, "width": fitter._view.canvas.width,
    }))
'''
# What a card shows of that. The picture's words are the canvas' label.
SEEN = """card => {
    const enabled = (word) => {
        const named = [...card.querySelectorAll(".trfkit-action")].find((button) => button.innerText.trim() === word);
        return !named.disabled;
    };
    const words = card.querySelector("canvas[role=img]").getAttribute("aria-label");
    const [, points, left] = /^(\\d+) data points(?:, (\\d+) more left out)?/.exec(words);
    const rows = [...card.querySelectorAll(".trfkit-parameters tbody tr")];
    const history = [...card.querySelectorAll("[role=tab]")].find((tab) => tab.innerText.startsWith("History"));
    return {
        values: Object.fromEntries(rows.map((row) => [
            row.querySelector("code").innerText, Number(row.querySelector("input").value),
        ])),
        trial: /Trial (\\d+ of \\d+)/.exec(words)?.[1],
        mask: +points, points: +points + +(left ?? 0), fits: +(/\\d+/.exec(history.innerText)?.[0] ?? 0),
        undo: enabled("Undo"), redo: enabled("Redo"), stop: enabled("Stop"),
    };
}"""
WAIT_S = 60  # for what needs no compilation; a fraction of a second on an idle machine


class FitterPage:
    """A `CurveFitter` by the name `name` in the kernel whose card is number `place` on the page."""

    SCRATCH, SHOWN = 0, 1  # the cells

    def __init__(self, notebook: Notebook, name: str = "fitter", place: int = 0):
        self.notebook, self.page, self.name = notebook, notebook.page, name
        self.card = self.page.locator(".trfkit-card").nth(place)
        self.status = self.card.locator(".trfkit-status")
        self.picture = self.card.locator("canvas[role=img]")
        self.plot = self.card.locator(".trfkit-canvas svg")
        self.alert = self.card.locator("[role=alert]:visible")

    def python(self, source: str) -> str:
        """Run some lines in the kernel; what they print."""
        self.notebook.write_cell(self.SCRATCH, source)
        return self.notebook.run_cell(self.SCRATCH)

    def button(self, word: str):
        """A button of the toolbar, of which one is called Fit, as a tab is."""
        return self.card.locator(f"button.trfkit-action:text-is('{word}')")

    def press(self, word: str):
        """Click a button of the toolbar."""
        self.button(word).click()

    def turn_to(self, tab: str):
        """Click a tab."""
        self.card.get_by_role("tab", name=tab).click()

    def field(self, label: str):
        """A control by its label."""
        return self.card.get_by_label(label, exact=True)

    def slider(self, name: str):
        """A slider by its label: of a parameter, the pace or the trial."""
        return self.card.locator(f"input[type=range][aria-label='{name}']")

    def take(self, tool: str):
        """Choose what the mouse does."""
        self.card.locator(".trfkit-tools").get_by_text(tool, exact=True).click()

    def handle(self, name: str):
        """A mark on the plot."""
        return self.card.locator(f".trfkit-handle[data-id='{name}']")

    def wait_for_status(self, words: str):
        """Wait until the status contains these words."""
        self.status.filter(has_text=words).wait_for(timeout=CELL_MS)

    def wait_for_trial(self, least: int):
        """Wait until the picture is one of trial number `least` or a later one."""
        self.page.wait_for_function(
            "([canvas, least]) => +/Trial (\\d+) of/.exec(canvas.ariaLabel)?.[1] >= least",
            arg=[self.picture.element_handle(), least],
            timeout=CELL_MS,
        )

    def wait_for_picture(self, words: str):
        """Wait until the words of the picture contain these."""
        self.card.locator(f"canvas[aria-label*='{words}']").wait_for(timeout=CELL_MS)

    def wait_until_laid_out(self):
        """Wait for the first picture that is as wide as there is room for: the browser has to tell the kernel."""
        self.picture.wait_for(state="attached")
        self.page.wait_for_function(
            "canvas => Math.abs(canvas.width / devicePixelRatio - canvas.parentElement.parentElement.clientWidth) < 2",
            arg=self.picture.element_handle(),
        )

    def fit(self):
        """Press Fit and wait until it has ended."""
        self.press("Fit")
        self.wait_for_status("done")

    def held(self) -> dict:
        """What the session holds."""
        return json.loads(self.python(f"held({self.name})"))

    def seen(self) -> dict:
        """What the card shows."""
        return self.card.evaluate(SEEN)

    def agree(self) -> dict:
        """Wait until the card shows what the session holds, and return that; fails where it does not come to it."""
        held = self.held()
        running = held["state"] in ("compiling", "running", "paused")
        expected = {
            "mask": held["mask"], "points": held["points"], "fits": held["fits"], "stop": running,
            "undo": held["undo"] and not running, "redo": held["redo"] and not running,
        }  # fmt: skip
        if held["cursor"] is not None or running:
            newest = held["trials"] - 1
            expected["trial"] = f"{newest if held['cursor'] is None else held['cursor']} of {newest}"
        deadline = time.monotonic() + WAIT_S
        while True:
            seen = self.seen()
            values, shown = seen.pop("values"), {key: seen[key] for key in expected if key in seen}
            near = values.keys() == held["values"].keys() and values == pytest.approx(held["values"], rel=1e-6)
            if (near and shown == expected) or time.monotonic() > deadline:
                break
            self.page.wait_for_timeout(50)
        assert shown == expected
        assert values == pytest.approx(held["values"], rel=1e-6)
        return held

    def at(self, x: float, y: float, panel: str = "data", held: dict | None = None) -> tuple[float, float]:
        """Where on the page a place in a panel is, in data coordinates; `held` says where the panels are."""
        held = held or self.held()
        left, top, width, height, (low, high), (bottom, upper) = held["regions"][panel]
        self.plot.scroll_into_view_if_needed()
        box = self.plot.bounding_box()
        scale = box["width"] / held["width"]
        right, down = (x - low) / (high - low) * width, (upper - y) / (upper - bottom) * height
        return box["x"] + (left + right) * scale, box["y"] + (top + down) * scale

    def middle(self, control) -> tuple[float, float]:
        """Where on the page the middle of a control is."""
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, *places: tuple[float, float]):
        """Press the mouse at the first place on the page, go to the others, and let it go."""
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=6)
        self.page.mouse.up()


@pytest.fixture(scope="module")
def open_fitter(share_notebook):
    """open_fitter(source, *names) -> a FitterPage for each name, once the source has shown their fitters.

    All tests of a module share a notebook and its kernel; the fitters of the test before are closed.
    """
    prepared = None

    def opened(source, *names):
        nonlocal prepared
        notebook = share_notebook("", "")
        if notebook is not prepared:
            FitterPage(notebook).python(PREPARE)
            prepared = notebook
        notebook.write_cell(FitterPage.SHOWN, source)
        notebook.run_cell(FitterPage.SHOWN)
        pages = [FitterPage(notebook, name, place) for place, name in enumerate(names or ["fitter"])]
        for page in pages:
            page.wait_until_laid_out()
        return pages if names else pages[0]

    return opened
