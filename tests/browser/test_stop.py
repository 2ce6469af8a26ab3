"""How a running fit is ended from a notebook, and how it is not: Stop, interrupt, a cell run again, a page closed."""

import json
import pathlib
import re
import time

import pytest

pytestmark = pytest.mark.browser

WAIT_MS = 120_000  # for what a busy machine does late: compile, draw, answer
WAIT_S = WAIT_MS / 1000
TRACEBACK = "[data-mime-type='application/vnd.jupyter.stderr']"  # shown as what goes to stderr is (JupyterLab 4.6)

# Gauss-Newton steps make this residual smaller by 1e-4 of it, or less, at each trial (Fletcher, Practical Methods of
# Optimization, section 6.1): a fit of thousands of trials over two million points, which nobody waits for.
SETUP = """
import numpy as np, jax.numpy as jnp
from trfkit.widgets import CurveFitter

def creeping(x, creep):
    return jnp.where(x % 2 == 0, creep, creep + 0.9999 * creep**2)

def fitter_of(m=2_000_000, **options):
    x = np.arange(float(m))
    tightest = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15, "max_nfev": 1_000_000}
    return CurveFitter(creeping, x, np.where(x % 2 == 0, -1.0, 1.0), [0.8], **tightest | options)
"""
SHOW = "fitter = fitter_of()\nfitter"
BEST_POINT = """
from trfkit.core.radius import USER_STOP
fitter.wait()
result, trace = fitter.result, fitter.trace
assert fitter.session.state == "stopped" and result.status == USER_STOP
assert result.solution.x[0] == trace.x[trace.best][0] and trace.cost[trace.best] < trace.cost[0]
print("the best of more than", min(len(trace), 3) - 1, "trials is kept")
"""
KEPT = "the best of more than 2 trials is kept"


class FitterPage:
    """A notebook with `SETUP` run: its cards, in the order of the cells, and what their status lines say."""

    def __init__(self, notebook):
        self.notebook, self.page = notebook, notebook.page

    def press(self, word, card=0):
        """Click the button of this word."""
        self.page.locator(".trfkit-card").nth(card).locator(
            "button.trfkit-action", has_text=re.compile(rf"^\s*{word}\s*$")
        ).click()

    def status(self, card=0):
        """The locator of a card's status line."""
        return self.page.locator(".trfkit-card").nth(card).locator(".trfkit-status")

    def wait_for_status(self, words, card=0):
        """Wait until a status line has these words."""
        self.status(card).filter(has_text=words).wait_for(timeout=WAIT_MS)

    def wait_for_trial(self, number, card=0):
        """Wait until a running fit shows a trial of at least this number, and return its own."""
        shown = self.page.wait_for_function(
            r"""([card, number]) => {
                const status = document.querySelectorAll(".trfkit-card")[card]?.querySelector(".trfkit-status");
                const trial = /trial (\d+)/.exec(status?.innerText);
                return /running/.test(status?.innerText) && trial && +trial[1] >= number ? +trial[1] : null;
            }""",
            arg=[card, number],
            timeout=WAIT_MS,
        )
        return shown.json_value()

    def errors(self):
        """The tracebacks on the page."""
        return self.page.locator(TRACEBACK).all_inner_texts()

    def wait_for_error(self, words):
        """Wait for a traceback with these words: what is run before it is there, the kernel may refuse."""
        self.page.locator(TRACEBACK, has_text=words).wait_for(timeout=WAIT_MS)
        self.notebook.wait_until_idle()

    def interrupt(self):
        """Press the ■ of the notebook's toolbar."""
        self.page.locator(".jp-NotebookPanel-toolbar [data-command='notebook:interrupt-kernel']").click()


@pytest.fixture
def open_fitters(share_notebook):
    """open_fitters(*sources) -> FitterPage, whose cells from 1 on have these sources; fits are stopped after."""
    notebook = share_notebook(SETUP, "", "", "", STOP_ALL)
    notebook.run_cell(0)

    def write(*sources):
        for index, source in enumerate(sources, 1):
            notebook.write_cell(index, source)
        return FitterPage(notebook)

    yield write
    notebook.run_cell(4)


STOP_ALL = "for known in [v for v in globals().values() if isinstance(v, CurveFitter)]: known.close()"


def test_stop_button_ends_a_fit_that_the_fit_button_began(open_fitters):
    fitters = open_fitters(SHOW, BEST_POINT)
    fitters.notebook.run_cell(1)
    fitters.press("Fit")
    fitters.wait_for_trial(2)
    fitters.press("Stop")
    fitters.wait_for_status("stopped by user")
    assert KEPT in fitters.notebook.run_cell(2)
    assert fitters.errors() == []


@pytest.mark.parametrize("how", ["Stop", "interrupt"])
def test_fit_that_a_cell_awaits_can_be_stopped(open_fitters, how):
    fitters = open_fitters(SHOW, "ended = await fitter.fit()", BEST_POINT)
    fitters.notebook.run_cell(1)
    fitters.notebook.start_cell(2)
    fitters.wait_for_trial(2)
    if how == "Stop":
        fitters.press("Stop")
        fitters.notebook.wait_until_idle()
    else:
        fitters.interrupt()
        fitters.wait_for_error("CancelledError")
    fitters.wait_for_status("stopped by user")
    assert KEPT in fitters.notebook.run_cell(3)
    assert len(fitters.errors()) == (how == "interrupt")


def test_interrupt_stops_a_fit_that_a_cell_waits_for(open_fitters):
    fitters = open_fitters(SHOW, "fitter.run()", BEST_POINT)
    fitters.notebook.run_cell(1)
    fitters.notebook.start_cell(2)
    fitters.wait_for_trial(2)
    fitters.interrupt()
    fitters.wait_for_error("KeyboardInterrupt")
    fitters.wait_for_status("stopped by user")
    assert KEPT in fitters.notebook.run_cell(3)


def test_cell_that_is_run_again_stops_the_fit_of_its_first_run(open_fitters):
    shown = "before, fitter = globals().get('fitter'), fitter_of()\nfitter"
    fitters = open_fitters(shown, "before.wait(60); print('the first is', before.session.state)")
    fitters.notebook.run_cell(1)
    fitters.press("Fit")
    fitters.wait_for_trial(2)
    fitters.notebook.run_cell(1)
    assert "the first is stopped" in fitters.notebook.run_cell(2)
    fitters.wait_for_status("ready")
    fitters.press("Fit")  # and the second one fits
    fitters.wait_for_trial(2)
    assert fitters.page.locator(".trfkit-card").count() == 1
    assert fitters.errors() == []


def test_two_fitters_on_one_kernel_run_and_are_stopped_each_on_its_own(open_fitters):
    fitters = open_fitters("one = fitter_of()\none", "two = fitter_of()\ntwo")
    for card in (0, 1):
        fitters.notebook.run_cell(1 + card)
        fitters.press("Fit", card)
        fitters.wait_for_trial(2, card)
    shown = fitters.wait_for_trial(2, card=1)
    fitters.press("Stop", card=0)
    fitters.wait_for_status("stopped by user", card=0)
    fitters.wait_for_trial(shown + 1, card=1)
    fitters.press("Stop", card=1)
    fitters.wait_for_status("stopped by user", card=1)
    assert fitters.errors() == []


def test_fit_goes_on_without_a_page_to_its_limit_and_a_page_opened_again_shows_its_end(open_fitters, tmp_path):
    report = tmp_path / "ended.json"
    told = f"""
fitter = fitter_of(max_nfev=150)

def tell(event):
    if not fitter.session.running:
        report = {{"state": fitter.session.state, "nfev": int(fitter.result.solution.nfev)}}
        open({str(report)!r}, "w").write(json.dumps(report))

import json
fitter.session.observe(tell)
fitter
"""
    fitters = open_fitters(told)
    notebook = fitters.notebook
    notebook.run_cell(1)
    fitters.page.keyboard.press("Control+s")
    address = fitters.page.url
    fitters.press("Fit")
    fitters.wait_for_trial(1)
    fitters.page.goto("about:blank")
    assert _content(report) == {"state": "done", "nfev": 150}
    type(notebook)(fitters.page, address)
    fitters.wait_for_status("done")
    assert "trial 149" in fitters.status().inner_text()
    fitters.press("Fit")  # the buttons of the page opened again work, too
    fitters.wait_for_trial(1)
    fitters.press("Stop")
    fitters.wait_for_status("stopped by user")


def _content(path: pathlib.Path):
    """What a kernel writes into a file when it gets there."""
    end = time.monotonic() + WAIT_S
    while True:
        try:
            return json.loads(path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            assert time.monotonic() < end, f"{path.name} was not written"
            time.sleep(0.1)
