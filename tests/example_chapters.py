"""Small made-up chapters, for the tests of what runs, checks and shows chapters."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PARAMETERS = """\
n_starts: int = 16  # starts of the fit; 1 to 256
scale: float = 1.0  # scale of the curve, mg; 0.1 to 10
engine: str = "diffsol"  # integrator; one of diffsol, scipy
doses: list[float] = [1.0, 2.0]  # doses, mg; 0 to 100
full: bool = False  # whether to run everything
"""


def code(source: str, **metadata: Any) -> dict[str, Any]:
    """A code cell that has not been run."""
    return {
        "cell_type": "code",
        "id": "any",
        "metadata": metadata,
        "source": source,
        "execution_count": None,
        "outputs": [],
    }


def markdown(source: str) -> dict[str, Any]:
    """A text cell."""
    return {"cell_type": "markdown", "id": "any", "metadata": {}, "source": source}


def notebook(cells: Sequence[dict[str, Any]], after: Sequence[str] = ()) -> dict[str, Any]:
    """A notebook of these cells."""
    return {
        "cells": list(cells),
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "qsp": {"after": list(after)},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def chapter(
    name: str,
    *sources: str,
    parameters: str = PARAMETERS,
    after: Sequence[str] = (),
    folder: Path | None = None,
) -> dict[str, Any]:
    """A chapter: title, parameters, start, then ``sources``; its start looks in ``folder``."""
    place = f", Path({str(folder)!r})" if folder else ""
    start = (
        "from pathlib import Path\n\nfrom qsp_lib.chapters.chapter import Chapter\n\n"
        f'chapter = Chapter.start("{name}", globals(){place})'
    )
    return notebook(
        [
            markdown(f"# About {name}"),
            code(parameters, tags=["parameters"]),
            code(start),
            *map(code, sources),
        ],
        after,
    )


def write(folder: Path, name: str, content: dict[str, Any]) -> Path:
    """Write a notebook into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    content = copy.deepcopy(content)
    for number, cell in enumerate(content["cells"]):
        cell["id"] = f"any-{number}"
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
