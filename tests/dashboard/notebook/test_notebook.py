"""The notebook of the docs runs from top to bottom in a kernel of its own."""

import os
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

TOP = Path(__file__).parents[3]
NOTEBOOK = TOP / "docs" / "notebook.ipynb"


@pytest.fixture(scope="module")
def executed(digits_store):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    places = [str(TOP), *filter(None, [os.environ.get("PYTHONPATH")])]
    given = {"DEEPTRACKER_STORE": str(digits_store), "PYTHONPATH": os.pathsep.join(places)}
    kernel = KernelManager(kernel_name="python3", transport="ipc")
    client = NotebookClient(notebook, km=kernel, timeout=180, resources={"metadata": {"path": TOP}})
    client.execute(env=os.environ | given)
    return notebook


def shown(notebook, source):
    """What the cell that holds some source gives last, by kind."""
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    cell = next(cell for cell in code if source in cell.source)
    return cell.outputs[-1]["data"]


@pytest.mark.slow
def test_every_figure_of_the_notebook_is_drawn(executed):
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert len(cells) > 10
    figures = [
        cell for cell in cells if any(f in cell.source for f in (".plot(", ".raster(", ".faces("))
    ]
    assert len(figures) >= 7
    for cell in figures:
        output = cell.outputs[-1]["data"]
        assert "application/vnd.holoviews_exec.v0+json" in output, cell.source
    assert "loss_spike" in shown(executed, "run.findings")["text/plain"]
    assert "1400" in shown(executed, "strongest")["text/plain"]
    assert "'level': 0" in shown(executed, "window.attrs")["text/plain"]


def test_the_notebook_is_kept_without_outputs():
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
