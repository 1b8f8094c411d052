"""The notebooks of the chapters: which there are, and what each depends on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..common import InputError
from .parameters import MODELS, Parameter, Parameters, describe, load_models

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
_NAME = re.compile(r"\d\d_[a-z][a-z0-9_]*")


def chapter_names(notebooks: Path = NOTEBOOKS) -> tuple[str, ...]:
    """The chapters' names in reading order.

    Raises:
        InputError: there is no chapter, a notebook is not called ``NN_name.ipynb``, or two have
            the same number.
    """
    names = sorted(path.stem for path in notebooks.glob("*.ipynb"))
    if not names:
        raise InputError(
            f"There are no chapters in {notebooks}; expected notebooks called NN_name.ipynb. "
            "Chapters come with the repository, not with the installed package."
        )
    for name in names:
        if not _NAME.fullmatch(name):
            raise InputError(
                f"{notebooks / name}.ipynb is not called like a chapter; expected two digits, an "
                "underscore and a name in lower case, as in 01_calibration.ipynb."
            )
    for one, other in pairwise(names):
        if one[:2] == other[:2]:
            raise InputError(f"Two chapters have the number {one[:2]}: {one} and {other}.")
    return tuple(names)


def find_chapter(text: str, notebooks: Path = NOTEBOOKS) -> str:
    """The chapter called ``text``: its name, its number or its name without the number.

    Raises:
        InputError: there is no such chapter; the message lists those there are.
    """
    names = chapter_names(notebooks)
    text = Path(text).name.removesuffix(".ipynb")
    for name in names:
        number, tail = name.split("_", 1)
        if text in (name, tail) or (text.isdigit() and int(text) == int(number)):
            return name
    raise InputError(f"There is no chapter {text!r}; there are: {', '.join(names)}.")


def dependencies(name: str, notebooks: Path = NOTEBOOKS) -> tuple[str, ...]:
    """The chapters whose results this one reads: ``{"qsp": {"after": [...]}}`` in its metadata.

    Raises:
        InputError: it names a chapter that does not exist or does not come earlier.
    """
    settings = read_notebook(name, notebooks)["metadata"].get("qsp", {})
    after = settings.get("after", []) if isinstance(settings, dict) else None
    if not isinstance(after, list):
        raise InputError(
            f'{name} has the metadata {settings!r} under "qsp"; expected {{"after": [...]}}.'
        )
    earlier = [other for other in chapter_names(notebooks) if other < name]
    for other in after:
        if other not in earlier:
            raise InputError(
                f"{name} is to run after {other!r}; expected one of the chapters before it: "
                f"{', '.join(earlier) or 'there are none'}."
            )
    return tuple(after)


def read_notebook(name: str, notebooks: Path = NOTEBOOKS) -> dict[str, Any]:
    """A chapter's notebook as JSON.

    Raises:
        InputError: there is no such notebook, or it is not one.
    """
    path = notebooks / f"{name}.ipynb"
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        known = ", ".join(sorted(other.stem for other in notebooks.glob("*.ipynb")))
        raise InputError(
            f"There is no chapter {name!r} in {notebooks}; there are: {known or 'none'}."
        ) from problem
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise InputError(f"{path} is not a notebook ({problem}).") from problem
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise InputError(f"{path} is not a notebook: it has no cells.")
    if not isinstance(notebook.get("metadata"), dict) or not all(map(_is_cell, notebook["cells"])):
        raise InputError(f"{path} is not a notebook of format 4; save it with Jupyter again.")
    return notebook


def _is_cell(cell: Any) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("code", "markdown", "raw")
        and isinstance(cell.get("metadata"), dict)
        and isinstance(cell.get("source"), str | list)
        and (cell["cell_type"] != "code" or isinstance(cell.get("outputs"), list))
    )


def source_of(cell: Mapping[str, Any]) -> str:
    """The text of a notebook cell, which the format allows to be a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def title_of(notebook: Mapping[str, Any], name: str) -> str:
    """The first heading of a chapter, or its name."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            for line in source_of(cell).splitlines():
                if line.startswith("# "):
                    return line[2:].strip()
    return name


def declared_parameters(name: str, notebooks: Path = NOTEBOOKS) -> dict[str, Parameter]:
    """The parameters of a chapter in order, as its notebook and its model declare them.

    Raises:
        InputError: the notebook has not exactly one cell tagged ``parameters``, a line of it
            is not as `qsp_lib.chapters.parameters` says, or there is no model of it.
    """
    tagged = [
        cell
        for cell in read_notebook(name, notebooks)["cells"]
        if cell["cell_type"] == "code" and "parameters" in cell["metadata"].get("tags", [])
    ]
    if len(tagged) != 1:
        raise InputError(
            f"{name} has {len(tagged)} code cells tagged 'parameters'; expected exactly one."
        )
    return describe(parameter_model(name, notebooks), source_of(tagged[0]), name)


def parameter_model(name: str, notebooks: Path = NOTEBOOKS) -> type[Parameters]:
    """What the parameters of a chapter may be: its model in ``parameters.py`` beside it.

    Raises:
        InputError: there is no model of this chapter.
    """
    models = load_models(notebooks)
    if name not in models:
        raise InputError(
            f"{notebooks / MODELS} has no model of {name}; it has: {', '.join(models) or 'none'}."
        )
    return models[name]
