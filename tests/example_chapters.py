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
MODEL = """\
    n_starts: Annotated[int, Field(ge=1, le=256)]
    scale: Annotated[float, Field(ge=0.1, le=10)]
    engine: Literal["diffsol", "scipy"]
    doses: list[Annotated[float, Field(ge=0, le=100)]]
    full: bool
"""
COUNT = "n: int = 2  # a count; 1 to 9"
MODELS = {
    PARAMETERS: MODEL,
    COUNT: "    n: Annotated[int, Field(ge=1, le=9)]\n",
    "": "    pass\n",
}
"""The fields of the model that goes with a parameters cell."""
_HEAD = """\
from typing import Annotated, Literal

from qsp_lib.chapters import Field, Parameters

CHAPTERS = {}
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


def add_model(folder: Path, name: str, fields: str) -> None:
    """Add a chapter's model to the folder's ``parameters.py``; a later one counts."""
    path = folder / "parameters.py"
    text = path.read_text(encoding="utf-8") if path.exists() else _HEAD
    text += f"\n\nclass Model(Parameters):\n{fields}\n\nCHAPTERS[{name!r}] = Model\n"
    path.write_text(text, encoding="utf-8")


def write(folder: Path, name: str, content: dict[str, Any], fields: str | None = None) -> Path:
    """Write a notebook and its model into a folder, which is made if need be.

    Args:
        fields: of the model; default those in `MODELS` that go with its parameters cell.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tagged = [c for c in content["cells"] if "parameters" in c["metadata"].get("tags", [])]
    if tagged:
        add_model(folder, name, MODELS["".join(tagged[0]["source"])] if fields is None else fields)
    content = copy.deepcopy(content)
    for number, cell in enumerate(content["cells"]):
        cell["id"] = f"any-{number}"
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
