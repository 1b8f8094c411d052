"""The page on version 2: what it says is what is kept of the development and of the predictions."""

from __future__ import annotations

from pathlib import Path

import pytest

from book.pages import made_predictions, versions
from book.pages.fragments import FRAGMENTS, PICTURES, BookData
from qsp_lib.common import number, percent
from qsp_lib.protocol.developing import read_development

BOOK = BookData(Path(), {})
PAGE = Path(__file__).parents[2] / "book"


def test_every_fragment_that_the_page_takes_in_is_made() -> None:
    text = (PAGE / "version_2.md").read_text(encoding="utf-8")
    taken = [
        line.split("/")[-1][:-3] for line in text.splitlines() if "{include} generated" in line
    ]
    assert len(taken) == 9
    for name in taken:
        assert FRAGMENTS[name](BOOK).strip(), name


@pytest.mark.parametrize("name", ["constant", "rest", "gated"])
def test_the_table_of_t_cells_has_what_is_kept(name: str) -> None:
    content, text = read_development(name).content, versions.t_cells(BOOK)
    evidence = content["evidence"]["log_evidence"]
    assert f"{evidence:.1f} ± " in text
    for fact in content["facts"].values():
        assert percent(fact["share"]) in text
    assert "the choice is **recovery at rest, steep superagonist**" in text


def test_both_locks_predictions_stand_side_by_side() -> None:
    text = made_predictions.okt3(BOOK)
    for version in ("v1", "v2"):
        peak = made_predictions._predicted(version)["arms"]["okt3"]["IL6"]["peak"]
        assert number(peak["median"]) in text
    assert made_predictions.checks(BOOK).count("\n| Q") == 8


def test_pictures_are_the_same_when_drawn_twice() -> None:
    for name in ("why_version_2", "made_steps", "made_engagers"):
        first = PICTURES[name](BOOK)
        assert PICTURES[name](BOOK) == first
        drawn = [file for stem, file in first.items() if stem.endswith(".svg")]
        assert len(drawn) == 4, "light and dark, for a page and for a phone"
        assert all(b"<dc:date>" not in file and len(file) < 150_000 for file in drawn)
