"""The one page that the PDF is printed from; printing itself needs a browser and is a site test."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from book.site import pdf
from qsp_lib.chapters.notebooks import ROOT
from qsp_lib.common.errors import InputError

PAGES = {
    "index": "# A book\n\nSee [the functions](api.md) and {cite}`hairer1993`.\n",
    "one": "# One\n\n## Severity\n\nSee [](#severity), [](two.md#severity), {cite}`hairer1993`.\n",
    "two": "# Two\n\n## Severity\n\n$$x^2$$\n\nSee [](#severity).\n",
    "references": "# Works\n\n```{bibliography}\n```\n",
    "api": "# Functions\n\n```{include} generated/api.md\n```\n",
    "api_wing": "# A wing of functions\n",
}
TOC = """
format: jb-book
root: book/index
parts:
  - chapters: [{file: book/two}, {file: book/one}, {file: book/references}]
  - chapters: [{file: book/api}, {glob: book/api_*}]
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder with a small book staged in it."""
    folder = tmp_path_factory.mktemp("pdf") / "a build"
    source = folder / "src"
    shutil.copytree(ROOT / "book" / "_static", source / "book" / "_static")
    shutil.copy(ROOT / "book" / "references.bib", source / "book")
    shutil.copy(ROOT / "_config.yml", source)
    (source / "extra").mkdir()
    (source / "_toc.yml").write_text(TOC, encoding="utf-8")
    (source / "book" / "generated").mkdir()
    (source / "book" / "generated" / "api.md").write_text("Every function.\n", encoding="utf-8")
    for name, text in PAGES.items():
        (source / "book" / f"{name}.md").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def page(build: Path) -> str:
    return (pdf.one_page(build) / "book" / "index.html").read_text(encoding="utf-8")


@pytest.mark.thorough
def test_all_documents_are_on_one_page_in_the_order_of_the_book(page: str) -> None:
    found = re.findall(r'<span id="document-([^"]+)">', page)
    assert found == ["book/two", "book/one", "book/references", "book/api"]


@pytest.mark.thorough
def test_the_functions_are_left_out_and_the_book_says_so(page: str, build: Path) -> None:
    assert "A wing of functions" not in page and "Every function." not in page
    assert "The printed book leaves the functions out." in page
    staged = build / "src" / "book"
    assert (staged / "api_wing.md").exists() and "Every" in (
        staged / "generated/api.md"
    ).read_text()


@pytest.mark.thorough
def test_a_link_says_which_document_it_leads_into(page: str) -> None:
    """Places of two documents may have one name, as headings and numbered citations do."""
    article = page.split('<article class="bd-article">')[1]
    cited = re.findall(r'href="(#document-book/references#id\d+)"', article)
    assert len(cited) == 2
    assert re.findall(r'href="(#document-book/two#[^"]*severity)"', article)
    assert re.findall(r'href="(#document-book/api)"', article)


@pytest.mark.thorough
def test_equations_are_drawn_although_the_front_page_has_none(page: str) -> None:
    assert "vendor/mathjax/tex-svg.js" in page and "$" not in PAGES["index"]


def test_a_book_that_was_not_built_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no book in .*; build it first: make site"):
        pdf.print_book(tmp_path / "none", tmp_path / "book.pdf")


def test_every_sheet_names_the_lock_and_what_the_book_is_not() -> None:
    assert re.search(r"lock record v\d+ of \d{4}-\d\d-\d\d, digest [0-9a-f]{64}", pdf.imprint())
    assert "not medical advice" in pdf.imprint()
