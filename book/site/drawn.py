"""A chapter's figures as its page shows them: in vectors, light and dark, broad and narrow.

The notebook keeps the PNG that it was committed with. What the page shows in its place was drawn by
the same run, and is coloured here when the site is built.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from qsp_lib.common import InputError

from ..pages.themed import themed_files, themed_picture

SCHEMA = 1
PLACE = "../_static/generated"
"""Where a page of a chapter finds the pictures."""


def read_drawn(name: str, folder: Path) -> list[Mapping[str, Any]]:
    """The figures of a chapter in their order, as they were drawn; none if it drew none.

    Raises:
        InputError: the file is not one of drawn figures.
    """
    path = folder / f"{name}.json"
    if not path.exists():
        return []
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise InputError(f"{path} is not JSON ({problem}); run the chapter again.") from problem
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise InputError(f"{path} holds no figures of schema {SCHEMA}; run the chapter again.")
    figures: list[Mapping[str, Any]] = record["figures"]
    return figures


def show_drawn(name: str, notebook: Mapping[str, Any], folder: Path) -> dict[str, bytes]:
    """Let a chapter show its figures in vectors; the files that its page then asks for.

    Args:
        name: the chapter.
        notebook: its staged notebook, which is changed.
        folder: where drawn figures are; of a chapter without any, PNG are shown.

    Raises:
        InputError: not as many figures were drawn as the notebook shows.
    """
    figures, shown = read_drawn(name, folder), list(_pictures(notebook))
    if figures and len(figures) != len(shown):
        raise InputError(
            f"{folder / name}.json holds {len(figures)} figures and the chapter shows "
            f"{len(shown)}; run the chapter again: python -m qsp_lib run {name}."
        )
    files: dict[str, bytes] = {}
    for number, (figure, (cell, output)) in enumerate(zip(figures, shown, strict=False), start=1):
        stem = f"{name}-{number}"
        drawn = {stem: figure["broad"].encode(), f"{stem}-narrow": figure["narrow"].encode()}
        files |= themed_files(drawn) | {f"{stem}.csv": figure["data"].encode()}
        alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
        output["data"] = {"text/html": _html(stem, alt, figure["size"])}
    return files


def _pictures(notebook: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Cells that show a figure, each with the output that is one."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                yield cell, output


def _html(stem: str, alt: str, size: tuple[float, float]) -> str:
    return (
        f"{themed_picture(f'{PLACE}/{stem}', alt, size, zoom=True)}\n"
        f'<p class="figure-links"><a href="{PLACE}/{escape(stem)}.csv" download>Data (CSV)</a> '
        f'<a class="made" href="#made-{escape(stem)}">How it was made</a></p>'
    )
