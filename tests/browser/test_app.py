"""The app that Voila makes of notebooks/app.ipynb, as a person meets it: no code, a fit, and data of one's own."""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

pytestmark = pytest.mark.browser

REPOSITORY = pathlib.Path(__file__).parents[2]
START_S = 60  # for the server to answer; 3 s on an idle machine
SHOWN_MS = 180_000  # for the notebook to run and the first fit to compile


@contextlib.contextmanager
def voila(notebook: pathlib.Path, scratch: pathlib.Path):
    """The address of a Voila that serves `notebook`; its settings and its log are in `scratch`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "voila", str(notebook), "--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}"]
    with (scratch / "voila.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait_for_answer(f"{address}voila/static/voila.js", server, scratch / "voila.log")
            yield address
        finally:
            server.terminate()
            server.wait(30)


def _wait_for_answer(address, server, log):
    """Wait for the server to serve a file; the page itself would start a kernel."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(urllib.error.URLError, TimeoutError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.2)
    raise RuntimeError(f"Voila did not start:\n{log.read_text()}")


@pytest.fixture
def app(page, tmp_path):
    """The page of the app, in the browser that the other tests use."""
    page = page.context.new_page()
    with voila(REPOSITORY / "notebooks" / "app.ipynb", tmp_path) as address:
        page.goto(address, timeout=SHOWN_MS)
        page.locator(".trfkit-canvas").wait_for(timeout=SHOWN_MS)
        yield page
        page.close()


def test_app_fits_its_sample_and_then_pasted_data(app):
    assert app.get_by_role("heading", name="Fit a curve").is_visible()
    assert "import" not in app.locator("body").inner_text()

    card = app.locator(".trfkit-card")
    fit, status = card.get_by_role("button", name=re.compile("Fit$")), card.locator(".trfkit-status")
    fit.click()
    status.get_by_text("done", exact=True).wait_for(timeout=SHOWN_MS)
    center = card.get_by_role("textbox", name="value of a.center")
    assert center.input_value().startswith("111.63")  # NIST's certified 111.63619459

    card.get_by_role("tab", name="Data").click()
    card.get_by_text("250, all of which count").wait_for()
    card.get_by_label("pasted table").fill("time (s), signal (V)\n0, 3\n1, 1.1\n2, 0.4\n3, 0.15\n4, 0.05\n")
    card.get_by_role("button", name="Read pasted text").click()
    card.get_by_role("button", name="Use these data").click()
    card.get_by_text("5, all of which count").wait_for()

    card.get_by_role("button", name=re.compile(r"^ExponentialDecay\(baseline\)")).click()
    model = card.get_by_role("textbox", name="model", exact=True)
    model.fill("a*exp(-x/tau)")
    model.press("Enter")
    card.get_by_role("tab", name="Fit").click()
    fit.click()
    card.get_by_text(re.compile(r"tau")).first.wait_for()
    status.get_by_text("done", exact=True).wait_for(timeout=SHOWN_MS)
    tau = card.get_by_role("textbox", name="value of tau")
    assert 0.9 < float(tau.input_value()) < 1.1
