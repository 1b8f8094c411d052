"""The sentences of the chapters: numbers filled in, and every one as the results came out."""

from __future__ import annotations

from typing import Any

import pytest

from book.pages.prose import fill, untrue
from qsp_lib.chapters import notebooks, results
from qsp_lib.chapters.results import Results
from qsp_lib.common import InputError

NUMBERS = Results(
    "01_x",
    {
        "fit": {"rms": 0.16667, "starts": 16},
        "k_act": {"blinatumomab.k_act": 1.5e-7},
        "order": "okt3 < tgn1412",
        "moved": ["k_T", "k_fb"],
        "none": [],
        "share": 0.1384,
        "holds": True,
    },
    {},
)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{ fit/rms }}", "0.167"),
        ("{{fit/rms|0.0000}} and {{ fit/starts }}", "0.1667 and 16"),
        ("{{ fit/rms | +0.0 }}, {{ fit/rms | 2 digits }}", "+0.2, 0.17"),
        ("{{ share | 0 % }} or {{ share | 0.0 % }}", "14 % or 13.8 %"),
        ("{{ share | 0 points }} or {{ share | 0.0 points }}", "14 points or 13.8 points"),
        ("{{ k_act/blinatumomab.k_act }}", "1.5 × 10⁻⁷"),
        ("{{ order }}; {{ holds }}", "OKT3 < TGN1412; yes"),
        ("{{ moved | list }}; {{ none | list }}; {{ moved | count }}", "k_T, k_fb; none; 2"),
        ("{{ moved/1 }}", "k_fb"),
        ("$x^{2}$ and {x}", "$x^{2}$ and {x}"),
    ],
)
def test_a_place_is_filled_with_its_number(text: str, filled: str) -> None:
    assert fill(text, NUMBERS) == filled


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ fit/rsm }}", "01_x says '{{ fit/rsm }}': The results of 01_x have no 'fit/rsm'"),
        ("{{ fit/rms | 2f }}", "'2f' is no look of a number"),
        ("{{ fit/rms | }}", "'' is no look"),
        ("{{ moved }}", "choose 'list' or 'count'"),
        ("{{ holds | 0.0 }}", "True is not a number"),
        ("{{ order | 0 % }}", "'okt3 < tgn1412' is not a number"),
        ("{{ share | list }}", "01_x says"),
    ],
)
def test_a_place_that_cannot_be_filled_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as refusal:
        fill(text, NUMBERS)
    assert message in str(refusal.value)


def saying(**said: Any) -> dict[str, Any]:
    cell = {"cell_type": "markdown", "metadata": {"qsp": {"says": said}}, "source": "It is\nso."}
    return {"cells": [{"cell_type": "markdown", "metadata": {}, "source": ""}, cell]}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("holds", True),
        ("order", "okt3 < tgn1412"),
        ("moved", ["k_T", "k_fb"]),
        ("none", []),
        ("fit/starts", 16),
        ("fit/starts", ">= 16"),
        ("share", "< 0.5"),
        ("fit/rms", "> 0.1"),
    ],
)
def test_a_sentence_for_what_came_stands(path: str, expected: Any) -> None:
    assert list(untrue(saying(**{path: expected}), NUMBERS)) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("holds", False),
        ("holds", 1),
        ("order", "tgn1412 < okt3"),
        ("moved", ["k_T"]),
        ("none", False),
        ("share", "> 0.5"),
        ("fit/starts", "< 16"),
    ],
)
def test_a_sentence_for_what_did_not_come_is_named(path: str, expected: Any) -> None:
    (problem,) = untrue(saying(**{path: expected}), NUMBERS)
    assert problem.startswith(f"01_x: {path} is ") and "'It is so.'" in problem


@pytest.mark.parametrize("name", notebooks.chapter_names())
def test_every_sentence_of_a_chapter_is_as_its_results_came_out(name: str) -> None:
    notebook, numbers = notebooks.read_notebook(name), results.load(name, results.COMMITTED)
    assert list(untrue(notebook, numbers)) == []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            assert "{{" not in fill(notebooks.source_of(cell), numbers)
