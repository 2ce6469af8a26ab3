"""A real JupyterLab in a real browser, driven with Playwright.

It needs a Chromium: the path in TRFKIT_CHROMIUM, or one on the PATH. Without one these tests are skipped; where CI is
set they fail, for a browser that is missing there means that nothing was tested.
"""

import contextlib
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
def open_notebook(chromium, tmp_path_factory):
    """open_notebook(name, sources) -> Notebook with these code cells."""
    folder = tmp_path_factory.mktemp("notebooks")
    scratch = tmp_path_factory.mktemp("jupyterlab")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    with jupyterlab(folder, scratch) as address, browser_page(chromium, scratch / "profile") as page:

        def open_one(name, sources):
            cells = [nbformat.v4.new_code_cell(source) for source in sources]
            nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / name)
            page.mouse.up()  # a test that failed may have left it pressed
            return Notebook(page, address.format(name))

        yield open_one
