from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from example_chapters import chapter, write

from book.pages import fragments
from book.pages.fragments import BookData
from qsp_lib.chapters.results import Results
from qsp_lib.common.errors import InputError


@pytest.fixture
def book(tmp_path: Path) -> BookData:
    write(tmp_path, "01_one", chapter("01_one"))
    write(tmp_path, "02_two", chapter("02_two"))
    lock = {"version": "1", "date": "2026-01-02", "digest": "0123456789abcdef"}
    numbers = {"01_one": Results("01_one", {"fit": {"rms": 0.25}}, {}, lock)}
    return BookData(tmp_path, numbers, {"01_one": 12.4})


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fragments, "FRAGMENTS", {})
    yield


def test_the_index_has_every_number_by_its_key(book: BookData) -> None:
    assert "| `one_fit_rms` | 0.25 |" in fragments.FRAGMENTS["results_index"](book)
    empty = BookData(book.notebooks, {})
    assert "No chapter has saved a number" in fragments.FRAGMENTS["results_index"](empty)


def test_a_name_is_given_once(registry: None) -> None:
    fragments.fragment("mine")(lambda book: "text")
    with pytest.raises(InputError, match="two fragments called 'mine'"):
        fragments.fragment("mine")(lambda book: "text")


def test_a_table_formats_numbers_and_escapes_bars() -> None:
    made = fragments.table(("a", "b"), [(0.12345, "x|y"), (True, None)])
    assert made == "| a | b |\n| --- | --- |\n| 0.123 | x\\|y |\n| yes | none |\n"


def test_a_table_row_has_as_many_cells_as_the_header() -> None:
    with pytest.raises(InputError, match="has 1 cells, expected 2"):
        fragments.table(("a", "b"), [("only",)])


@pytest.mark.parametrize(
    ("lock", "words"),
    [(None, "not used"), ("v1", "v1"), ({}, "used"), ({"version": 2}, "version 2")],
)
def test_a_lock_is_put_in_words(lock: object, words: str) -> None:
    assert fragments.describe_lock(lock) == words
