"""A chapter's page shows its figures as they were drawn beside the notebook, or the PNG."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from book.site.drawn import read_drawn, show_drawn
from book.site.mending import name_cells
from qsp_lib.common.errors import InputError

SVG = '<svg width="1"><path style="stroke: #000000"/></svg>'
FIGURE = {"broad": SVG, "narrow": SVG, "size": [7.6, 3.0], "data": "x,y\n1,2\n"}


def notebook(pictures: int) -> dict[str, Any]:
    shown = {"output_type": "display_data", "data": {"image/png": "x", "text/plain": "y"}}
    cells = [
        {
            "cell_type": "code",
            "metadata": {"mystnb": {"image": {"alt": 'A curve "up"'}}},
            "outputs": [json.loads(json.dumps(shown))],
        }
        for _ in range(pictures)
    ]
    return {"cells": [{"cell_type": "markdown", "metadata": {}}, *cells]}


def put(folder: Path, *figures: object, schema: int = 1) -> Path:
    text = json.dumps({"schema": schema, "figures": list(figures)})
    (folder / "01_x.json").write_text(text, encoding="utf-8")
    return folder


def test_a_figure_is_shown_in_vectors_with_its_data_and_where_it_was_made(tmp_path: Path) -> None:
    page = notebook(2)
    files = show_drawn("01_x", page, put(tmp_path, FIGURE, FIGURE))
    assert {f"01_x-2{end}" for end in (".svg", "-dark.svg", "-narrow.svg", ".csv")} <= set(files)
    assert len(files) == 10 and files["01_x-1.csv"] == b"x,y\n1,2\n"
    assert b"#000000" not in files["01_x-1-dark.svg"]
    html = page["cells"][2]["outputs"][0]["data"]["text/html"]
    assert 'alt="A curve &quot;up&quot;"' in html and 'href="#made-01_x-2"' in html
    assert 'width="730" height="288"' in html
    for file in files:
        if "01_x-2" in file:
            assert f"../_static/generated/{file}" in html


def test_a_chapter_without_drawn_figures_shows_what_its_notebook_holds(tmp_path: Path) -> None:
    page = notebook(1)
    assert show_drawn("01_x", page, tmp_path) == {}
    assert "image/png" in page["cells"][1]["outputs"][0]["data"]


def test_figures_of_another_run_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds 1 figures and the chapter shows 2; run the chap"):
        show_drawn("01_x", notebook(2), put(tmp_path, FIGURE))


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no figures of schema 1"):
        read_drawn("01_x", put(tmp_path, schema=2))
    (tmp_path / "01_x.json").write_text("{")
    with pytest.raises(InputError, match="is not JSON"):
        read_drawn("01_x", tmp_path)


def test_a_link_to_how_a_figure_was_made_leads_to_its_cell() -> None:
    made = '<a class="made" href="#made-01_x-{}">How</a>'
    cell = '<div class="cell docutils container">{}</div>'
    page = cell.format("code") + cell.format(made.format(1)) + cell.format(made.format(2))
    named = name_cells(page)
    assert named.count("<div id=") == 2
    assert '<div id="made-01_x-1" class="cell docutils container">' + made.format(1) in named
    assert named.startswith('<div class="cell docutils container">code')
