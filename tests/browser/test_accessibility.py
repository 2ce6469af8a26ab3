"""The fitter for those who do not see it, or have no mouse: axe's rules, names, and the order of the Tab key."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

TABS = ("Fit", "Statistics", "History", "Code", "Data")
SERIOUS = ("serious", "critical")
FOCUSED = """() => {
    const focused = document.activeElement;
    const name = focused.getAttribute("aria-label") ?? focused.labels?.[0]?.innerText ?? focused.innerText;
    return focused.closest(".trfkit-card") ? name.trim() : null;
}"""
UNNAMED = """card => [...card.querySelectorAll("button, input, select, textarea, [tabindex='0']")]
    .filter((control) => control.checkVisibility())
    .filter((control) => ![control.getAttribute("aria-label"), control.innerText, control.labels?.[0]?.innerText]
        .some((name) => name?.trim()))
    .map((control) => control.outerHTML)"""


@pytest.fixture
def fitter(open_fitter):
    """Two peaks on a decay, before a fit."""
    fitter = open_fitter("fitter = two_peaks()\nfitter")
    yield fitter
    fitter.notebook.set_theme("Light")
    assert fitter.notebook.errors() == []


def found(fitter):
    """What axe has to say of the card, by tab: the serious and critical violations."""
    told = {}
    for tab in TABS:
        fitter.turn_to(tab)
        fitter.python("fitter.wait(60)")  # for the painter, which brings the tab up to date
        results = Axe().run(fitter.page, context=".trfkit-card").response["violations"]
        told |= {
            f"{tab}: {violation['id']}": [node["html"] for node in violation["nodes"]]
            for violation in results
            if violation["impact"] in SERIOUS
        }
    fitter.turn_to("Fit")
    return told


def open_panels(fitter):
    """Open model, options, trials and solver details."""
    for summary in fitter.card.locator(".trfkit-summary").all():
        summary.click()
    fitter.card.locator("table.trfkit-trace").wait_for()
    fitter.card.get_by_role("img", name="Singular values").wait_for()


def show_everything(fitter):
    """Two fits, of which one was made anew from its data, with intervals and a comparison of both."""
    fitter.fit()
    fitter.python("fitter.session.set_options(loss='huber')\nfitter.session.run()\nfitter.wait();")
    fitter.turn_to("History")
    for number in (1, 2):
        fitter.field(f"mark fit {number} to compare").check()
    fitter.turn_to("Data")
    fitter.field("pasted table").fill("t,U\n0,1\n1,2\n2,4\n3,7")
    fitter.press("Read pasted text")
    fitter.card.get_by_text("pasted text: 4 rows").wait_for()
    fitter.turn_to("Fit")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_serious_before_or_after_a_fit_with_all_panels_open(fitter, theme):
    fitter.notebook.set_theme(theme)
    assert found(fitter) == {}
    show_everything(fitter)
    open_panels(fitter)
    assert found(fitter) == {}


def test_every_control_has_a_name(fitter):
    show_everything(fitter)
    open_panels(fitter)
    for tab in TABS:
        fitter.turn_to(tab)
        assert fitter.card.evaluate(UNNAMED) == []


def test_tab_key_goes_through_the_controls_in_the_order_in_which_they_are_read(fitter):
    fitter.card.get_by_role("tab", name="Fit").focus()
    names = []
    while (name := fitter.page.evaluate(FOCUSED)) is not None:
        names.append(name)
        fitter.page.keyboard.press("Tab")
    handles = [handle.get_attribute("aria-label") for handle in fitter.card.locator(".trfkit-handle").all()]
    of_a_row = ("value of {}", "{}", "min of {}", "max of {}", "fix {}", "tie of {}")
    rows = [label.format(name) for name in fitter.seen()["values"] for label in of_a_row]
    summaries = fitter.card.locator(".trfkit-summary").all_inner_texts()
    first, last = names.index("Fit", 1), names.index("+ prior")
    assert names[:first] == ["Fit", *summaries[:2]]
    assert names[first : first + 5] == ["Fit", "Step", "Reset", "pace", "drag"]
    assert names[last - len(handles) - 1 : last] == [names[last - len(handles) - 1], *handles]
    assert names[last - len(handles) - 1].startswith("Plot.")
    assert names[last + 1 :] == [*rows, *summaries[2:]]
