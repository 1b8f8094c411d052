"""How a chapter's page differs from its notebook: numbers in its prose, a table, folded code.

The numbers that its sentences name are filled in from its results (`book.pages.prose`). The table
of what papermill can change is made from the declarations that ``run --list`` prints.
Code is folded, so that the page reads as text. All is done when the book is staged; the committed
notebook stays as it is, and is what the page offers for download.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from qsp_lib.chapters import Parameter, Results, notebooks
from qsp_lib.chapters import chapter as chapters
from qsp_lib.common import InputError, number

from ..pages import prose
from ..pages.fragments import table
from .drawn import show_drawn

TITLE = "What you can change in this chapter"
CLASS = "chapter-parameters"
FOLDED = "hide-input"
"""MyST-NB's tag of a cell whose code is folded."""


def stage_chapter(
    name: str, source: Path, target: Path, declared_in: Path, results: Results
) -> dict[str, bytes]:
    """Write a chapter as its page is made from: numbers filled in, code folded, the table added.

    Returns:
        The pictures that it shows and the files beside them, by name (`book.site.drawn`).

    Args:
        source, target: folders of the executed notebook and of the staged one.
        declared_in: the folder of the chapters and their models.
        results: its numbers.

    Raises:
        InputError: a sentence names a number that there is not, or says what is not so; or
            not as many figures were drawn as the notebook shows.
    """
    notebook = notebooks.read_notebook(name, source)
    fill_in(notebook, results)
    files = show_drawn(name, notebook, source.parent / "drawn")
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            tags = cell["metadata"].setdefault("tags", [])
            tags.append(FOLDED)
    notebook["cells"].insert(1, _cell(parameter_block(name, declared_in)))
    (target / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return files


def fill_in(notebook: dict[str, Any], results: Results) -> None:
    """Put the numbers into the text cells of a chapter.

    Raises:
        InputError: a sentence names a number that there is not, or says what is not so.
    """
    wrong = list(prose.untrue(notebook, results))
    if wrong:
        raise InputError("\n".join(wrong))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = prose.fill(notebooks.source_of(cell), results)


def offer_original(name: str, source: Path, html: Path) -> None:
    """Let a built page offer the notebook as it is, without what was put in for the page."""
    shutil.copyfile(source / f"{name}.ipynb", html / "_sources" / "notebooks" / f"{name}.ipynb")


def parameter_block(name: str, folder: Path) -> str:
    """The folded table of a chapter's parameters, as MyST Markdown."""
    declared = chapters.declared_parameters(name, folder).values()
    if not declared:
        return f":::{{dropdown}} {TITLE}\n:class-container: {CLASS}\nIt has no parameters.\n:::\n"
    rows = [
        (f"`{p.name}`", p.help, p.unit or "–", _type(p), f"`{p.default!r}`", allowed(p))
        for p in declared
    ]
    first = next(iter(declared)).name
    header = ("parameter", "what it is", "unit", "type", "default", "allowed")
    return (
        f":::{{dropdown}} {TITLE}\n:class-container: {CLASS}\n"
        f"{table(header, rows)}\n"
        "This page was made with the defaults. Another value is checked before anything runs, and "
        "what it makes goes to `_build/trial`:\n\n"
        f"```console\n.venv/bin/python -m qsp_lib run {name} -p {first} VALUE\n```\n:::\n"
    )


def allowed(parameter: Parameter) -> str:
    """What a parameter may be, in words."""
    if parameter.choices:
        return " or ".join(f"`{choice}`" for choice in parameter.choices)
    if parameter.type == "bool":
        return "`True` or `False`"
    if parameter.type == "str":
        return "any text"
    span = f"{_bound(parameter.low)} to {_bound(parameter.high)}"
    return f"each {span}" if parameter.is_list else span


def _bound(value: float) -> str:
    return number(int(value) if value.is_integer() else value)


def _type(parameter: Parameter) -> str:
    return f"list of {parameter.type}" if parameter.is_list else parameter.type


def _cell(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": "chapter-parameters", "metadata": {}, "source": text}
