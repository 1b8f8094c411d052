"""The checklists point at what exists, claim nothing without showing it, and hide no gap."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from book.pages.checklists import (
    Checklist,
    Item,
    ItemVerdict,
    checklists,
    missing,
    read_checklist,
    section,
    tally,
    where,
)
from book.pages.fragments import FRAGMENTS, BookData
from qsp_lib.common.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
BOOK = BookData(ROOT / "notebooks", {})
ITEMS = [item for checklist in checklists() for item in checklist.items]
LINKS = sorted({link for item in ITEMS for link in item.links})

GOOD = """
schema = 1
title = "t"
short = "t"
source = "s"
note = "n"
[[items]]
item = "i"
verdict = "met"
answer = "a"
links = ["README.md"]
"""


def test_there_are_five_checklists() -> None:
    assert [len(checklist.items) >= 8 for checklist in checklists()] == [True] * 5
    assert len(checklists()[0].items) == 8
    assert len(checklists()[3].items) == 13
    assert len({item.item for item in ITEMS}) == len(ITEMS)


@pytest.mark.parametrize("link", LINKS)
def test_what_a_checklist_points_at_is_there(link: str) -> None:
    assert missing(link, ROOT) == ""


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("book/nowhere.md", "there is no book/nowhere.md"),
        (
            "tests/protocol/test_seal.py::test_nothing_at_all",
            "tests/protocol/test_seal.py has no test_nothing",
        ),
        ("/etc/passwd", "there is no"),
        ("../README.md", "there is no"),
    ],
)
def test_what_is_not_there_is_found(link: str, problem: str) -> None:
    assert missing(link, ROOT).startswith(problem)


def test_every_page_that_is_linked_is_in_the_book() -> None:
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    pages = [link for link in LINKS if link.startswith("book/") and link.endswith(".md")]
    assert pages
    for page in pages:
        assert page.removesuffix(".md") in toc


def test_the_known_gaps_are_on_the_page() -> None:
    gaps = " ".join(item.gap for item in ITEMS)
    for gap in (
        "have not been opened",
        "sparse",
        "k_fb is not identifiable",
        "one structure",
        "individual patient data",
        "independently",
        "never been measured",
        "global sensitivity",
    ):
        assert gap in gaps, gap
    (review,) = [item for item in ITEMS if "outside has reviewed" in item.item]
    assert review.verdict is ItemVerdict.OPEN


def test_every_open_item_is_at_the_top_with_its_reason() -> None:
    top = FRAGMENTS["checklists_open"](BOOK)
    found = [item for item in ITEMS if item.verdict is ItemVerdict.OPEN]
    assert found
    assert top.count("\n| ") == len(found) + 2  # the header, and the line under it
    for item in found:
        assert re.search(rf"\| {re.escape(item.item)} \| [^|]+ \| {re.escape(item.gap)} \|", top)
    assert tally(tuple(ITEMS)) in top


def test_every_item_is_on_the_page_with_its_verdict() -> None:
    page = FRAGMENTS["checklists"](BOOK)
    for item in ITEMS:
        assert f"| {item.item} | **{item.verdict.value}** | {item.answer}" in page
        assert all(where(link) in page for link in item.links)
        assert item.gap in page


def test_pages_and_chapters_are_followed_and_files_are_named() -> None:
    assert where("book/model.md") == "[](model.md)"
    assert where("notebooks/01_calibration.ipynb") == "[](../notebooks/01_calibration.ipynb)"
    assert where("tests/test_x.py::test_y") == "`tests/test_x.py::test_y`"


def test_a_section_has_its_source_and_its_statements() -> None:
    item = Item("i", ItemVerdict.OPEN, "a", (), "g")
    made = section(
        Checklist("T", "S", "Someone 2019", "10.1/x", "N.", (("use", "research"),), (item,))
    )
    assert "## T\n" in made
    assert "Paraphrased from Someone 2019, [doi 10.1/x](https://doi.org/10.1/x)." in made
    assert "| use | research |" in made
    assert "| i | **open** | a *Missing:* g |" in made


def test_elements_that_are_known_by_name_alone_are_not_called_paraphrased() -> None:
    (m15,) = [each for each in checklists() if each.by_name]
    assert "Named after ICH M15" in section(m15) and "Paraphrased" not in section(m15)
    assert "| element | verdict | answer |" in section(m15)
    assert '"' not in "".join(item.item for item in m15.items)


def test_a_good_checklist_is_read() -> None:
    assert read_checklist(GOOD).items == (Item("i", ItemVerdict.MET, "a", ("README.md",)),)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 1", "schema = 2", "schema 2; expected 1"),
        ("schema = 1", "schema =", "not TOML"),
        ('note = "n"', 'nota = "n"', "a checklist has a key 'nota'"),
        ('source = "s"', "", "expected a title, a short one, a source, a note and items"),
        ('"met"', '"nearly"', "has the verdict 'nearly'; expected met, partly or open"),
        ('["README.md"]', "[]", "is met, but nothing shows it"),
        ('"met"', '"partly"', "expected a gap exactly where"),
        ('answer = "a"', 'answer = "a"\ngap = "g"', "expected a gap exactly where"),
        ('answer = "a"', "", "expected words"),
        ('answer = "a"', 'anser = "a"', "an item has a key 'anser'"),
    ],
)
def test_a_checklist_that_says_too_little_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_checklist(GOOD.replace(old, new, 1))


def test_a_statement_has_a_name_and_a_text() -> None:
    with pytest.raises(InputError, match="a statement has a key 'body'"):
        read_checklist(GOOD + '[[statements]]\nname = "n"\nbody = "b"\n')
