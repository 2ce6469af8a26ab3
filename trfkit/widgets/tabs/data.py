"""The tab with the data: what is fitted, and other data from a file, from pasted text or from the notebook."""

import html
import sys
import threading

import ipywidgets
import numpy as np

from trfkit.tables import frame_table, read_table, roles
from trfkit.widgets.said import alert
from trfkit.widgets.tabs.data_words import facts, left_out, link, plural, preview

ROW = "number of the row"
FILES = ".csv,.tsv,.txt,.dat,.asc,.prn,text/plain,text/csv"
NOTHING = ""  # the value of an option that is no column; None would be no option at all
NO_FRAMES = "no DataFrame in the notebook"
EXAMPLE = "time (s), signal (V), sigma\n0, 1.02, 0.05\n1, 0.61, 0.05"

STYLE = """
.trfkit-data-tab {gap: 14px}
.trfkit-data-tab .widget-html-content > :is(p, h3) {margin: 0}
.trfkit-data-tab h3 {font-size: 13px; font-weight: 600; color: inherit}
.trfkit-data-columns {display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr));
  gap: 14px 32px}
.trfkit-data-tab .trfkit-data-part {gap: 8px}
.trfkit-data-tab .trfkit-data-line {display: flex; flex-flow: row wrap; align-items: center; gap: 6px 10px}
.trfkit-data-tab dl {display: grid; grid-template-columns: max-content 1fr; gap: 3px 14px; margin: 0}
.trfkit-data-tab :is(dt, dd) {float: none; width: auto; margin: 0; padding: 0; font-weight: normal}
.trfkit-data-tab dt {color: var(--trfkit-muted); white-space: nowrap}
.trfkit-data-tab dd {overflow-wrap: anywhere}
.trfkit-data-tab .trfkit-action {margin: 0}
.trfkit-data-tab a {color: var(--trfkit-accent); text-decoration: underline}
.trfkit-data-tab :is(.widget-dropdown, .widget-textarea, .widget-checkbox) {width: auto; margin: 0}
.trfkit-data-tab :is(.widget-dropdown, .widget-textarea) .widget-label {width: auto; min-width: 0; text-align: left;
  color: var(--trfkit-muted)}
.trfkit-data-tab .widget-dropdown select {min-width: 90px; max-width: 260px}
.trfkit-data-tab .jupyter-widget-upload {font-size: 0}
.trfkit-data-tab .jupyter-widget-upload::after {font-size: 13px; content: "Open a file"}
.trfkit-data-tab .widget-checkbox input {margin: 0 6px 0 0; align-self: center}
.trfkit-data-tab .widget-textarea {display: flex; flex-direction: column; height: auto; align-items: stretch}
.trfkit-data-tab textarea {height: 92px; color: var(--trfkit-text); background: var(--trfkit-page);
  font-family: var(--jp-code-font-family, monospace); font-size: 12px; white-space: pre; resize: vertical}
.trfkit-data-tab textarea::placeholder {color: var(--trfkit-muted); opacity: 1}
.trfkit-data-read {padding: 10px 12px; border: 1px solid var(--trfkit-edge); border-radius: 6px; gap: 10px}
.trfkit-data-read .widget-html-content {min-width: 0; width: 100%}
.trfkit-data-tab ul {margin: 0; padding-left: 18px}
.trfkit-preview {overflow-x: auto; max-width: 100%}
.trfkit-preview:focus-visible {outline: 2px solid var(--trfkit-accent)}
.trfkit-preview :is(th, td) {padding: 2px 12px; text-align: right; white-space: nowrap; border: 0; background: none}
.trfkit-preview thead th {border-bottom: 1px solid var(--trfkit-edge); font-weight: 600}
.trfkit-preview tbody th, .trfkit-preview thead th:first-child {font-weight: normal; color: var(--trfkit-muted)}
.trfkit-preview thead span {margin-left: 4px; padding: 0 6px; border: 1px solid var(--trfkit-accent);
  border-radius: 8px; color: var(--trfkit-accent); font-weight: normal}
"""


class DataTab:
    """What is fitted, and where other data come from.

    `namespace()` gives the variables of the notebook by name; its DataFrames are on offer. A table that was read is
    looked at, its columns are chosen, and `use` gives them to the session. What can't be read or fitted is said beside
    the controls, and the data stay as they were.
    """

    title = "Data"

    def __init__(self, session, namespace=dict):
        self.session = session
        self.theme = "light"
        self.table = None  # the `Table` that was read last
        self._namespace, self._offers, self._variables = namespace, {}, {}
        self._lock = threading.RLock()
        self._built_from = (None, None)
        self._lay_out_present()
        self._lay_out_sources()
        self._lay_out_read()
        columns = ipywidgets.Box([self._present, self._sources]).add_class("trfkit-data-columns")
        self.box = ipywidgets.VBox([columns, self.alert, self._read]).add_class("trfkit-data-tab")
        self.look_for_frames()
        self.refresh()

    def refresh(self):
        """Bring what is said of the data in line with the session's."""
        with self._lock:
            data, mask = self.session.data, self.session.settings.mask
            if self._built_from[0] is not data:
                self.download.value = link(data)
            elif self._built_from[1] is mask:
                return
            self._built_from = (data, mask)
            counts = self.session.mask
            terms = "".join(
                f"<dt>{term}</dt><dd>{html.escape(what)}</dd>" for term, what in facts(data, counts).items()
            )
            self.facts.value = f"<dl>{terms}</dl>"
            self.left_out.value = f"<p>{html.escape(left_out(data, counts))}</p>"
            self.include_all.disabled = not (~counts & data.usable).any()

    def offer(self, name, frame):
        """Show a DataFrame or a dict of arrays, to choose columns of. Raises what `trfkit.tables.frame_table` does."""
        with self._lock:
            table = frame_table(frame)
            self._offers[name] = frame
            self.look_for_frames()
            self.variable.value = name
            self._take(name, table)

    def look_for_frames(self):
        """Offer the DataFrames that the notebook has now, besides those handed in."""
        with self._lock:
            self._variables = _frames(self._namespace()) | self._offers
            before, names = self.variable.value, list(self._variables) or [NOTHING]
            self.variable.options = [(name or NO_FRAMES, name) for name in names]
            self.variable.value = before if before in names else names[0]
            self.variable.disabled = self.read_variable.disabled = not self._variables

    def use(self):
        """Give the chosen columns to the session."""
        x, y, sigma = (self.table.columns.get(dropdown.value) for dropdown in self._roles.values())
        try:
            self.session.set_data(
                np.arange(self.table.m, dtype=float) if x is None else _finite(x), _finite(y), sigma,
                absolute_sigma=sigma is not None and self.absolute.value,
                x_label=ROW if x is None else self.x.value, y_label=self.y.value,
            )  # fmt: skip
        except (ValueError, TypeError, RuntimeError) as error:
            self.alert.value, self.said.value = alert(error), ""
            return
        self.alert.value, self.said.value = "", '<span role="status">These are the data now.</span>'
        self.refresh()

    # layout

    def _lay_out_present(self):
        self.facts, self.left_out, self.download = (ipywidgets.HTML() for _ in range(3))
        self.include_all = _button("Include all points", "Let the points count that were left out", self._include_all)
        line = ipywidgets.Box([self.include_all, self.download]).add_class("trfkit-data-line")
        children = [_heading("The data"), self.facts, self.left_out, line]
        self._present = ipywidgets.VBox(children).add_class("trfkit-data-part")

    def _lay_out_sources(self):
        self.upload = ipywidgets.FileUpload(
            accept=FILES, multiple=False, description="Open a file", tooltip="Read a table from a file of text"
        ).add_class("trfkit-action")
        self.upload.observe(lambda change: self._open(change["new"]), "value")
        self.variable = ipywidgets.Dropdown(description="variable")
        self.read_variable = _button("Read variable", "Take the table that the variable has", self._read_variable)
        self.again = _button("Look again", "Look for DataFrames in the notebook once more", self.look_for_frames)
        self.pasted = ipywidgets.Textarea(description="pasted table", placeholder=EXAMPLE, continuous_update=False)
        self.read_pasted = _button("Read pasted text", "Read the table in the field above", self._read_pasted)
        self.alert = ipywidgets.HTML()
        lines = [
            [self.upload, ipywidgets.HTML('<span class="trfkit-muted">CSV, TSV or any columns of text</span>')],
            [self.variable, self.read_variable, self.again],
        ]
        lines = [ipywidgets.Box(line).add_class("trfkit-data-line") for line in lines]
        children = [_heading("Take other data"), *lines, self.pasted, ipywidgets.Box([self.read_pasted])]
        self._sources = ipywidgets.VBox(children).add_class("trfkit-data-part")

    def _lay_out_read(self):
        self.source, self.preview, self.said = (ipywidgets.HTML() for _ in range(3))
        self.x, self.y, self.sigma = (ipywidgets.Dropdown(description=name) for name in ("x", "y", "σ of y"))
        self._roles = {"x": self.x, "y": self.y, "σ": self.sigma}
        self.absolute = ipywidgets.Checkbox(description="σ is absolute (known in size)", indent=False)
        self.use_these = _button("Use these data", "Fit these columns from now on; Undo takes it back", self.use)
        self.use_these.add_class("trfkit-primary")
        for dropdown in self._roles.values():
            dropdown.observe(lambda _: self._show_preview(), "value")
        choice = ipywidgets.Box([*self._roles.values(), self.absolute]).add_class("trfkit-data-line")
        line = ipywidgets.Box([self.use_these, self.said]).add_class("trfkit-data-line")
        self._read = ipywidgets.VBox([self.source, self.preview, choice, line], layout={"display": "none"})
        self._read.add_class("trfkit-data-read")

    # what the controls do

    def _include_all(self):
        try:
            self.session.include_all()
            self.alert.value = ""
        except RuntimeError as error:
            self.alert.value = alert(error)
        self.refresh()

    def _open(self, files):
        if files:
            self._try(files[0]["name"], read_table, files[0]["content"])
            self.upload.value = ()  # or the same file, changed, could not be opened again

    def _read_variable(self):
        self.look_for_frames()  # the name may stand for another frame by now
        if self.variable.value in self._variables:
            self._try(self.variable.value, frame_table, self._variables[self.variable.value])

    def _read_pasted(self):
        self._try("pasted text", read_table, self.pasted.value)

    def _try(self, name, read, source):
        try:
            table = read(source)
        except (ValueError, TypeError, ImportError) as error:
            self.alert.value = alert(ValueError(f"{name}: {error}"))
            return
        self._take(name, table)

    def _take(self, name, table):
        """Show a table, with its likely columns chosen."""
        with self._lock:
            likely = roles(table.names)
            self.table = None  # no preview while the columns change
            self.x.options = [(ROW, NOTHING), *((name, name) for name in table.names)]
            self.y.options = table.names
            self.sigma.options = [("none", NOTHING), *((name, name) for name in table.names)]
            self.x.value, self.y.value, self.sigma.value = (name or NOTHING for name in likely)
            self.table = table
            notes = "".join(f"<li>{html.escape(note)}</li>" for note in table.notes)
            rows, columns = (plural(n, what) for n, what in ((table.m, "row"), (len(table.names), "column")))
            self.source.value = f"<h3>{html.escape(name)}: {rows}, {columns}</h3><ul>{notes}</ul>"
            self.alert.value = ""
            self._show_preview()
            self._read.layout.display = ""

    def _show_preview(self):
        if self.table is None:
            return
        self.said.value = ""
        self.absolute.disabled = self.sigma.value == NOTHING
        chosen = {role: dropdown.value for role, dropdown in self._roles.items() if dropdown.value}
        self.preview.value = preview(self.table, chosen)


def _frames(variables):
    """The pandas DataFrames among variables, by name; there are none where nobody has loaded pandas."""
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return {}
    named = sorted((name, value) for name, value in variables.items() if isinstance(value, pandas.DataFrame))
    return {name: frame for name, frame in named if not name.startswith("_")}


def _finite(values):
    """Infinite values as gaps, which a fit leaves out."""
    return np.where(np.isfinite(values), values, np.nan)


def _heading(text):
    return ipywidgets.HTML(f"<h3>{text}</h3>")


def _button(name, tooltip, press):
    button = ipywidgets.Button(description=name, tooltip=tooltip).add_class("trfkit-action")
    button.on_click(lambda _: press())
    return button
