"""Run showcase notebooks and save them with what is seen without a kernel: pictures, reports, tables, no widgets.

python notebooks/refresh.py notebooks/01-live-fit.ipynb ...
"""

import pathlib
import sys

import nbclient
import nbformat

WIDGET = "application/vnd.jupyter.widget-view+json"


def refresh(path: pathlib.Path) -> None:
    """Run the notebook at `path` and write it back, each cell with its new outputs."""
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(path.parent)}}
    nbclient.NotebookClient(notebook, timeout=600, store_widget_state=False, resources=where).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when and how long: another diff each time, and nothing to read
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET, None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        refresh(pathlib.Path(name))
