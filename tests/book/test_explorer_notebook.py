"""The notebook that readers download runs in a live kernel and gives the widgets."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from qsp_lib.chapters import notebooks
from qsp_lib.chapters.runner import prepare_kernels

NOTEBOOK = notebooks.ROOT / "book" / "explorer_live.ipynb"


def test_it_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [(cell.outputs, cell.execution_count) for cell in cells] == [([], None)] * len(cells)
    assert "make setup" in notebook.cells[0].source


@pytest.mark.thorough
def test_it_runs_in_a_kernel_and_gives_the_widgets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in prepare_kernels(tmp_path / "build").items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown, printed = (cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    assert len(shown) == 1 and "application/vnd.jupyter.widget-view+json" in shown[0].data
    assert printed[0].text.startswith("severity index ")
    assert "unlocked: k_exh; treated: tocilizumab at 6 h" in printed[0].text
