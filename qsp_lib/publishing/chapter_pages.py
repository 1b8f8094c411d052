"""What a chapter's page has beside the notebook: a table of what papermill can change.

It is made from the declarations that ``run --list`` prints, and put in when the book is staged.
The committed notebook stays as it is, and is what the page offers for download.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from .. import chapters
from ..chapters import Parameter
from .fragments import table
from .substitutions import format_value

TITLE = "What you can change in this chapter"
CLASS = "chapter-parameters"


def stage_chapter(name: str, source: Path, target: Path) -> None:
    """Write a chapter as its page is made from: the notebook, with the table below its first text.

    Args:
        source, target: folders of the executed notebook and of the staged one.
    """
    notebook = chapters.read_notebook(name, source)
    notebook["cells"].insert(1, _cell(parameter_block(name, source)))
    (target / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def offer_original(name: str, source: Path, html: Path) -> None:
    """Let a built page offer the notebook as it is, without what was put in for the page."""
    shutil.copyfile(source / f"{name}.ipynb", html / "_sources" / "notebooks" / f"{name}.ipynb")


def parameter_block(name: str, notebooks: Path) -> str:
    """The folded table of a chapter's parameters, as MyST Markdown."""
    declared = chapters.declared_parameters(name, notebooks).values()
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
    return format_value(int(value) if value.is_integer() else value)


def _type(parameter: Parameter) -> str:
    return f"list of {parameter.type}" if parameter.is_list else parameter.type


def _cell(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": "chapter-parameters", "metadata": {}, "source": text}
