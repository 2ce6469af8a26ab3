"""What the solver knew at a trial: singular values of the Jacobian, gradient, active bounds; computed on demand."""

import html
import threading

import ipywidgets
import numpy as np

from trfkit.plots.singular_values import draw_singular_values
from trfkit.report.digits import number, typeset
from trfkit.session.local_model import local_model
from trfkit.widgets.panels.disclosure import Disclosure
from trfkit.widgets.said import image

NO_TRIALS = "There are no trials yet: a fit makes them."
LATER = "Singular values and gradient are computed when the fit pauses or ends, or when an earlier trial is looked at."
NOT_FORMED = "For so many parameters the solver forms no Jacobian, and the trace holds no points."

STYLE = """
.trfkit-details {display: flex; flex-wrap: wrap; gap: 8px 28px; align-items: flex-start; padding: 6px 0}
.trfkit-details dl {display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 3px 14px; margin: 0;
  flex: 1 1 340px}
.trfkit-details :is(dt, dd) {float: none; width: auto; margin: 0; padding: 0; font-weight: normal}
.trfkit-details dt {color: var(--trfkit-muted)}
.trfkit-details p {margin: 0; flex: 1 1 100%}
"""


class SolverDetails:
    """Closed until its `summary` is pressed; then the `panel` follows the trial that the session looks at.

    A fit that runs is not held up by it: while the newest trial is followed, only what is recorded is shown.
    """

    def __init__(self, session):
        self.session = session
        self.theme = "light"
        self.body = ipywidgets.HTML()
        self._disclosure = Disclosure("singular values, gradient and active bounds", [self.body])
        self._disclosure.say("Solver details")
        self.summary, self.panel, self.box = (getattr(self._disclosure, name) for name in ("summary", "panel", "box"))
        self.summary.observe(lambda _: self.refresh(), "value")
        self._lock = threading.Lock()
        self._row = self._how = None  # what the body was built from

    def refresh(self):
        """Show the trial under the cursor, if the part is open and another one is shown."""
        with self._lock:
            rows, cursor = self.session.rows, self.session.cursor
            index = len(rows) - 1 if cursor is None else min(cursor, len(rows) - 1)
            follows = cursor is None and self.session.state in ("compiling", "running")
            row, how = rows[index] if rows else None, (index, follows, self.theme)
            if self.summary.value and not (row is self._row and how == self._how):
                self.body.value = f'<div class="trfkit-details">{self._html(index, follows)}</div>'
                self._row, self._how = row, how

    def _html(self, index, follows):
        """All that there is to say of a row of the trace."""
        trace = self.session.trace
        if index < 0 or index >= len(trace):  # a new fit has begun
            return f"<p>{NO_TRIALS}</p>"
        row = trace[index]
        facts = {}
        if row.kind != "start":
            facts["step length"] = f"{_typeset(row.step_norm)}, with a trust radius of {_typeset(row.Delta)}"
        facts["optimality"] = f"{_typeset(row.optimality)}, the largest scaled component of the gradient"
        model = None if follows else local_model(self.session, index)
        if model is None:
            return _listed(facts) + f"<p>{LATER if follows else NOT_FORMED}</p>"
        found = model.determination
        best = "the trial itself" if model.row == index else f"trial {model.row}" if model.row else "the start"
        facts["best point so far"] = f"{best}; what follows holds there"
        facts["gradient norm"] = _typeset(np.linalg.norm(model.gradient))
        facts["condition number"] = f"{_typeset(found.condition_number)}, with the columns of J scaled to 1"
        facts["active bounds"] = (
            ", ".join(f"{b.name} at its {b.side} bound {b.bound:g}" for b in model.active) or "none"
        )
        return image(draw_singular_values(found, model.names, theme=self.theme)) + _listed(facts)


def _listed(facts):
    rows = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(words)}</dd>" for name, words in facts.items())
    return f"<dl>{rows}</dl>"


def _typeset(value):
    return typeset(number(value, 4))
