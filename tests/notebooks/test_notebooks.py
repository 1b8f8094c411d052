"""Every committed chapter is executed, clean, accessible and as strict as the runner expects.

nbval compares what the cells print, but nothing in a cell that has no execution count, and no
image: hence these rules. They are tried on made-up chapters at the end.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from example_chapters import chapter, code

from qsp_lib.chapters import chapter as chapters
from qsp_lib.chapters import notebooks, results
from qsp_lib.chapters.tidy import as_text, tidy

NAMES = sorted(path.stem for path in chapters.NOTEBOOKS.glob("*.ipynb"))

_PATH = re.compile(
    r"(?<![\w.:/<])(?:/(?:home|root|tmp|Users|usr|opt|var|mnt|private|work|workspace)/\w|[A-Z]:\\\w)"
)
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}")
_NBVAL = re.compile(r"#\s*(?:NBVAL_|PYTEST_VALIDATE_)")
_TAGS = {
    "parameters",
    "hide-input",
    "hide-output",
    "hide-cell",
    "remove-input",
    "remove-output",
    "remove-cell",
    "full-width",
    "scroll-output",
    "margin",
}


def faults(name: str, notebook: dict[str, Any]) -> list[str]:
    """Everything wrong with a chapter, one line each."""
    return list(_faults(name, notebook))


def _faults(name: str, notebook: dict[str, Any]) -> Iterator[str]:
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    counts = [cell["execution_count"] for cell in cells]
    if counts != list(range(1, len(cells) + 1)):
        yield f"its execution counts are {counts}, expected 1 to {len(cells)}: run it"
    if as_text(tidy(notebook)) != as_text(notebook):
        yield "it is not tidy: run make notebooks"
    tagged = [i for i, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", [])]
    if tagged != [0]:
        yield "its first code cell, and no other, has to be tagged parameters"
    start = f'chapter = Chapter.start("{name}", globals())'
    if len(cells) < 2 or start not in notebooks.source_of(cells[1]).splitlines():
        yield f"its second code cell has to say {start}"
    if not any("chapter.save(" in notebooks.source_of(cell) for cell in cells):
        yield "it never calls chapter.save"
    first = notebook["cells"][0] if notebook["cells"] else {"cell_type": ""}
    if first["cell_type"] != "markdown" or not notebooks.source_of(first).startswith("# "):
        yield "it has to begin with a text cell that begins with its title"
    for number, cell in enumerate(cells, 1):
        for fault in _cell_faults(cell):
            yield f"In [{number}]: {fault}"


def _cell_faults(cell: dict[str, Any]) -> Iterator[str]:
    strange = set(cell["metadata"].get("tags", [])) - _TAGS
    if strange:
        yield f"the tags {sorted(strange)} are not ones a chapter uses"
    if _NBVAL.search(notebooks.source_of(cell)):
        yield "a comment that tells nbval not to compare"
    images = 0
    for output in cell["outputs"]:
        if output["output_type"] == "error":
            yield f"an error: {output['ename']}"
        if output.get("name") == "stderr":
            yield "text on stderr"
        images += any(kind.startswith("image/") for kind in output.get("data", {}))
        for text in _texts(output):
            for what, pattern in (("path of a machine", _PATH), ("memory address", _ADDRESS)):
                found = pattern.search(text)
                if found:
                    near = text[max(0, found.start() - 20) : found.end() + 20]
                    yield f"the {what} in {near!r}"
    if images > 1:
        yield f"{images} images in one cell; one each, so that each has its description"
    if images:
        settings = cell["metadata"].get("mystnb", {})
        if len(settings.get("image", {}).get("alt", "")) < 20:
            yield "an image without a description for those who cannot see it (mystnb.image.alt)"
        if not settings.get("figure", {}).get("caption"):
            yield "an image without a caption (mystnb.figure.caption)"


def _texts(output: dict[str, Any]) -> Iterator[str]:
    parts = [output.get("text", "")]
    parts += [text for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
    yield from (part if isinstance(part, str) else "".join(part) for part in parts)


def test_there_are_chapters() -> None:
    assert notebooks.chapter_names()


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_is_executed_clean_and_accessible(name: str) -> None:
    assert faults(name, notebooks.read_notebook(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_says_its_type_its_meaning_and_its_range(name: str) -> None:
    for parameter in chapters.declared_parameters(name).values():
        assert parameter.help
    notebooks.dependencies(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_numbers_are_of_the_default_parameters(name: str) -> None:
    defaults = {key: p.default for key, p in chapters.declared_parameters(name).items()}
    assert results.load(name, results.COMMITTED).parameters == defaults


@pytest.mark.parametrize("name", NAMES)
def test_a_long_chapter_says_why_it_is_long(name: str) -> None:
    cells = json.loads((chapters.NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = "".join(
        "".join(cell["source"]) + "\n"
        for cell in cells
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", ())
    )
    lines = [
        line for line in code.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    prose = " ".join(word for cell in cells for word in "".join(cell["source"]).split())
    assert len(lines) <= 120 or "holds more than a hundred lines of code" in prose


def test_there_are_numbers_of_these_chapters_only() -> None:
    assert sorted(path.name for path in results.COMMITTED.iterdir()) == [f"{n}.json" for n in NAMES]


def test_figures_have_names_of_their_own() -> None:
    names = [
        cell["metadata"]["mystnb"]["figure"].get("name")
        for name in NAMES
        for cell in notebooks.read_notebook(name)["cells"]
        if "figure" in cell["metadata"].get("mystnb", {})
    ]
    assert None not in names
    assert len(set(names)) == len(names)


# the rules themselves


def sound() -> dict[str, Any]:
    """A chapter with no fault: one figure, one printed number."""
    notebook = chapter("01_x", "plot()", "print(n)", "chapter.save({})", parameters="")
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(cells, 1):
        cell["execution_count"] = number
    image = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "AAAA"}}
    cells[2]["outputs"] = [image]
    cells[2]["metadata"]["mystnb"] = {
        "image": {"alt": "A curve that rises and falls."},
        "figure": {"caption": "A curve.", "name": "fig-curve"},
    }
    cells[3]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "0.25 a/b https://x"}
    ]
    return tidy(notebook)


def test_a_sound_chapter_has_no_fault() -> None:
    assert faults("01_x", sound()) == []


def _set(path: str, value: Any) -> Any:
    """A change of ``sound()``: put ``value`` at ``path``, or take that entry out if it is None."""

    def change(notebook: dict[str, Any]) -> None:
        here: Any = notebook
        *way, last = (int(key) if key.isdigit() else key for key in path.split("/"))
        for key in way:
            here = here[key]
        if value is None:
            del here[last]
        else:
            here[last] = value

    return change


def _output(**output: Any) -> Any:
    return _set("cells/4/outputs", [output])


def _printed(text: str) -> Any:
    return _output(output_type="stream", name="stdout", text=[text])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_set("cells/4/execution_count", 7), "execution counts are [1, 2, 3, 7, 5]"),
        (_set("cells/4/id", "random"), "not tidy"),
        (_set("metadata/papermill", {"duration": 1}), "not tidy"),
        (_set("cells/1/metadata/tags", None), "tagged parameters"),
        (_set("cells/2/source", ["chapter = 1"]), "second code cell has to say"),
        (_set("cells/5/source", ["print(1)"]), "never calls chapter.save"),
        (_set("cells/0/source", ["no title"]), "begins with its title"),
        (_set("cells/4/metadata/tags", ["nbval-ignore-output"]), "nbval-ignore-output"),
        (_set("cells/4/metadata/tags", ["raises-exception"]), "raises-exception"),
        (_set("cells/4/source", ["# NBVAL_IGNORE_OUTPUT"]), "tells nbval not to compare"),
        (_output(output_type="error", ename="ValueError", evalue="", traceback=[]), "an error"),
        (_output(output_type="stream", name="stderr", text=["warning"]), "text on stderr"),
        (_printed("saved to /home/someone/file"), "path of a machine"),
        (_printed("C:\\Users\\someone"), "path of a machine"),
        (_printed("<Figure at 0x7f3a2b1c>"), "memory address"),
        (_set("cells/3/metadata/mystnb/image", None), "without a description"),
        (_set("cells/3/metadata/mystnb/image/alt", "A figure."), "without a description"),
        (_set("cells/3/metadata/mystnb/figure", None), "without a caption"),
    ],
)
def test_a_fault_is_found(change: Any, fault: str) -> None:
    notebook = copy.deepcopy(sound())
    change(notebook)
    found = faults("01_x", json.loads(json.dumps(notebook)))
    assert len(found) == 1
    assert fault in found[0]


def test_two_images_in_one_cell_are_one_too_many() -> None:
    notebook = sound()
    notebook["cells"][3]["outputs"] *= 2
    assert faults("01_x", notebook) == [
        "In [3]: 2 images in one cell; one each, so that each has its description"
    ]


def test_a_chapter_without_cells_has_every_fault_of_one() -> None:
    assert len(faults("01_x", tidy({**sound(), "cells": [code("x")]}))) == 5
