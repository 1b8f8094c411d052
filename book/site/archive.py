"""Pages of earlier locks: the book shows numbers of one lock, and marks what is older."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qsp_lib.chapters import notebooks, results
from qsp_lib.common import InputError
from qsp_lib.protocol import current_record

from ..pages.fragments import describe_lock
from .chapter_pages import fill_in


def stage_archive(archive: Path, target: Path) -> list[str]:
    """Stage chapters of earlier locks, each with a banner; their pages, in order.

    ``archive/v1/notebooks`` and ``archive/v1/results`` hold what ``notebooks`` and ``results``
    held when v1 was the lock.

    Raises:
        InputError: a chapter without numbers, or with those of another lock than its folder's.
    """
    staged = []
    for folder in sorted(archive.iterdir()) if archive.is_dir() else ():
        place = target / f"archive-{folder.name}"
        place.mkdir()
        for name in notebooks.chapter_names(folder / "notebooks"):
            numbers = results.load(name, folder / "results")
            used = numbers.lock
            if not isinstance(used, Mapping) or used.get("version") != folder.name:
                raise InputError(
                    f"archive/{folder.name} holds {name}, whose numbers are from lock "
                    f"{describe_lock(used)}; expected lock {folder.name}."
                )
            notebook = notebooks.read_notebook(name, folder / "notebooks")
            fill_in(notebook, numbers)
            notebook["cells"].insert(1, _banner(used))
            (place / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
            staged.append(f"{place.name}/{name}")
    return staged


def _banner(used: Mapping[str, Any]) -> dict[str, Any]:
    record = current_record()
    text = (
        ":::{admonition} Numbers of an earlier lock\n:class: warning\n"
        f"This page was made with lock {describe_lock(used)}. The book's present numbers rest on "
        f"{describe_lock(record.summary)}; nothing here is part of them.\n:::\n"
    )
    return {"cell_type": "markdown", "id": "earlier-lock", "metadata": {}, "source": text}
