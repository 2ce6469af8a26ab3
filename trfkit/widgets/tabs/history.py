"""The tab with all fits of a session: to go back to one, and to compare several."""

import math
import string
import textwrap
import threading
from typing import NamedTuple

import ipywidgets

from trfkit.core import radius
from trfkit.models.model_text import model_text
from trfkit.plots import draw_comparison
from trfkit.report.digits import number, typeset
from trfkit.results.comparison import Comparison, compare, difference
from trfkit.results.fit_result import FitResult
from trfkit.session.outcome import outcome_of
from trfkit.widgets.said import alert, image
from trfkit.widgets.tabs.fit_table import FitTable

NO_FITS = "There are no fits yet. Each will be kept here, with its model, parameters, points and options."
LETTERS = (
    "Fits with the same letter are of the same points, errors and loss: their AIC and BIC can be compared. Δ is how "
    "far a fit is above the least of them."
)
MARK_TWO = "Mark two fits or more to compare them."
MOST_DRAWN = 6  # models in one picture: two rows of three
NAME_WIDTH = 44  # characters of a model in a comparison

ENDS = {
    radius.MAX_NFEV: "evaluations used up",
    radius.CALLBACK_STOP: "stopped by callback",
    radius.USER_STOP: "stopped by user",
    radius.NOT_FINITE: "model not finite",
    radius.EXCEPTION: "model failed",
}

COLUMNS = (
    ("model", "and what was asked of the fit", "word"),
    ("ended", "", "word"),
    ("data", "the same letter: the same points, errors and loss", ""),
    ("points", "that counted", "extra"),
    ("free", "parameters that were fitted", "extra"),
    ("χ²", "sum of squared residuals over their errors", "spare"),
    ("red. χ²", "χ² over degrees of freedom", "extra"),
    ("AIC", "Akaike's information criterion", "spare"),
    ("ΔAIC", "above the least of the fits with the same letter", ""),
    ("BIC", "Schwarz's information criterion", "spare"),
    ("ΔBIC", "above the least of the fits with the same letter", ""),
    ("eval.", "how often the model was evaluated", "spare"),
)

STYLE = """
.trfkit-history {gap: 8px}
.trfkit-history p {margin: 0}
.trfkit-history .trfkit-compare {display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center}
.trfkit-history :is(.widget-html, .widget-html-content) {width: 100%; min-width: 0}
.trfkit-history .trfkit-compare .widget-html {width: auto}
.trfkit-comparison {overflow-x: auto}
.trfkit-comparison :is(th, td) {padding: 3px 12px 3px 0; border: none; border-bottom: 1px solid var(--trfkit-edge);
  background: none; font-weight: normal; white-space: nowrap}
.trfkit-comparison th {color: var(--trfkit-muted)}
.trfkit-comparison img {margin-top: 10px; min-width: 760px}
"""


class HistoryTab:
    """A row for each fit of the session, the newest first; `Restore` is `session.restore`, Compare `trfkit.compare`."""

    def __init__(self, session):
        self.session = session
        self.theme = "light"
        columns = [dict(zip(("title", "about", "kind"), column, strict=True)) for column in COLUMNS]
        self.table = FitTable(columns=columns, label="Fits, newest first")
        self.compare = ipywidgets.Button(description="Compare", disabled=True, tooltip="Compare the marked fits")
        self.compare.add_class("trfkit-action")
        self.said, self.comparison = ipywidgets.HTML(), ipywidgets.HTML()
        self.note = ipywidgets.HTML()
        row = ipywidgets.Box([self.compare, self.said]).add_class("trfkit-compare")
        self.box = ipywidgets.VBox([self.note, self.table, row, self.comparison]).add_class("trfkit-history")
        self._lock = threading.RLock()  # Restore refreshes
        self._entries = []
        self._groups = []  # of fits that can be compared: the first of each
        self._built_from = None
        self._compared = self._drawn_in = None  # the comparison that is shown, and its theme
        self.table.on_restore(self._restore)
        self.table.observe(lambda _: self._say_marked(), "marked")
        self.compare.on_click(lambda _: self._compare())
        self._say_marked()

    @property
    def title(self):
        """History, and how many fits it holds."""
        count = len(self.session.history)
        return f"History {count}" if count else "History"

    def refresh(self):
        """Add what is new, and mark the fit that the session's settings are the outcome of."""
        with self._lock:
            history, settings = list(self.session.history), self.session.settings
            if self._compared is not None and self._drawn_in != self.theme:
                self._draw()
            if self._built_from is not None and self._built_from[0] is settings and self._built_from[1] == len(history):
                return
            self._built_from = (settings, len(history))
            self._entries += [self._entry(result) for result in history[len(self._entries) :]]
            self.table.rows = self._rows(settings)
            display = None if history else "none"
            for widget in (self.table, self.compare, self.said):
                widget.layout.display = display
            self.note.value = f'<p class="trfkit-muted">{LETTERS if history else NO_FITS}</p>'

    def _entry(self, result):
        for group, first in enumerate(self._groups):
            if not difference(first, result):
                return _Entry(result, group)
        self._groups.append(result)
        return _Entry(result, len(self._groups) - 1)

    def _rows(self, settings):
        """What the table shows, from the newest fit to the first."""
        entries = self._entries
        current = outcome_of(settings, [entry.result for entry in entries])
        least = [_least([e.result.goodness for e in entries if e.group == group]) for group in range(len(self._groups))]
        return [
            {"number": i + 1, "cells": _cells(entry, least[entry.group]), "current": i == current}
            for i, entry in reversed(list(enumerate(entries)))
        ]

    def _restore(self, number):
        """Restore fit `number`, counted from 1, and say so."""
        try:
            self.session.restore(number - 1)
        except (RuntimeError, TypeError, ValueError) as error:
            self.said.value = alert(error)
        else:
            self._say(f"Fit {number} is restored: its model, parameters, points and options. Undo takes that back.")
        self.refresh()

    def _say(self, words):
        self.said.value = f'<span class="trfkit-muted" role="status">{words}</span>'

    def _say_marked(self):
        """What can be done with the fits that are marked."""
        marked = self.table.marked
        self.compare.disabled = len(marked) < 2
        self._say(MARK_TWO if len(marked) < 2 else f"{_enumerated('Fits', marked)} are marked.")

    def _compare(self):
        """Show the marked fits side by side, or say why they cannot be compared."""
        with self._lock:
            marked = list(self.table.marked)
            results = {f"fit {i}: {_name(self._entries[i - 1].result)}": self._entries[i - 1].result for i in marked}
            try:
                self._compared = compare(results)
            except ValueError as error:
                self._compared = None
                self.comparison.value = alert(error)
            else:
                self._draw()

    def _draw(self):
        """The comparison as a table and a picture."""
        compared = self._compared
        best = [row.name for row in compared.rows[:MOST_DRAWN]]
        drawn = Comparison({name: compared.results[name] for name in best})
        left_out = len(compared.results) - len(best)
        words = f"<p>The picture shows the best {MOST_DRAWN}, and not {left_out} more.</p>" if left_out else ""
        try:
            picture = image(draw_comparison(drawn, theme=self.theme, **self._axis_labels(compared.best)))
        except ValueError as error:  # data that are not drawn side by side
            picture = alert(error)
        frame = '<div class="trfkit-comparison" tabindex="0" role="region" aria-label="Comparison of fits">'
        self.comparison.value = f"{frame}{compared._repr_html_()}{words}{picture}</div>"
        self._drawn_in = self.theme

    def _axis_labels(self, result):
        """What the axes are called, if the session still has the data of the fit."""
        data, (fitted,) = self.session.data, result.sets
        return {"xlabel": data.x_label, "ylabel": data.y_label} if fitted.y is data.y else {}


class _Entry(NamedTuple):
    """A fit, and which of the fits it can be compared with."""

    result: FitResult
    group: int


def _cells(entry, least):
    """The cells of a fit below COLUMNS."""
    result, good = entry.result, entry.result.goodness
    (data,) = result.sets
    deltas = [typeset(f"{0.0 if value == low else value - low:.2f}")
              for value, low in zip((good.aic, good.bic), least, strict=True)]  # fmt: skip
    texts = (
        _letter(entry.group), f"{result.joint.points} of {data.y.size}" if data.mask is not None else str(data.y.size),
        str(good.variables), _number(good.chi_square), _number(good.reduced_chi_square), _number(good.aic), deltas[0],
        _number(good.bic), deltas[1], str(result.nfev),
    )  # fmt: skip
    model = model_text(data.model)
    return [
        {"text": model, "detail": _asked(result), "about": model},
        {"text": _ended(result), "about": result.message},
        *({"text": text} for text in texts),
    ]


def _least(goods):
    """The least AIC and BIC."""
    return [min((value for value in values if not math.isnan(value)), default=math.nan)
            for values in ([good.aic for good in goods], [good.bic for good in goods])]  # fmt: skip


def _asked(result):
    """What was asked of a fit besides its model: its loss, what is fixed, what is tied."""
    loss, parameters = result.options.get("loss", "linear"), result.parameters.values()
    fixed = [p.name for p in parameters if p.fixed]
    tied = [f"{p.name} = {p.tie}" for p in parameters if p.tie is not None]
    words = [] if loss == "linear" else [f"loss {getattr(loss, '__name__', loss)}"]
    words += [f"{', '.join(fixed)} fixed"] if fixed else []
    return "; ".join(words + tied)


def _ended(result):
    """How a fit ended, in words."""
    rank, n = result.solution.rank, len(result.free_names)
    words = "converged" if result.success else ENDS[result.status]
    return f"{words}, {rank} of {n} determined" if rank is not None and rank < n else words


def _letter(group):
    return string.ascii_uppercase[group] if group < len(string.ascii_uppercase) else str(group + 1)


def _name(result):
    (data,) = result.sets
    return textwrap.shorten(model_text(data.model), NAME_WIDTH, placeholder=" …")


def _number(value):
    return typeset(number(value, 5))


def _enumerated(what, numbers):
    *first, last = map(str, numbers)
    return f"{what} {', '.join(first)} and {last}"
