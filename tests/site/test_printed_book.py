"""The book as it is printed: one page whose links lead to where they are meant, and its PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from book.site import pdf
from book.site.browser import serve
from qsp_lib.chapters.runner import BUILD

pytestmark = pytest.mark.site
LINKS = """() => [...document.querySelectorAll("article a[href^='#']")].map((link) => {
  const id = decodeURIComponent(link.getAttribute("href").slice(1));
  const found = [...document.querySelectorAll(`[id="${CSS.escape(id)}"]`)];
  return [id, found.length, found[0]?.closest("[data-document]").dataset.document,
          Boolean(found[0]?.closest(".citation")),
          link.closest("[data-document]").dataset.document];
})"""


@pytest.fixture(scope="module")
def html(testrun_uid: str) -> Path:
    """The one page, made by the first process that asks for it, for all of this run."""
    made = BUILD / "locks" / f"printed-{testrun_uid}"
    made.parent.mkdir(exist_ok=True)
    with FileLock(f"{made}.lock"):
        if not made.exists():
            made.write_text(str(pdf.one_page(BUILD)), encoding="utf-8")
        return Path(made.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def whole(html: Path, browser: Any) -> Iterator[Any]:
    with serve(html) as address, browser.new_context(color_scheme="light") as context:
        page = context.new_page()
        pdf.open_whole(page, address, html)
        yield page


def test_every_link_leads_to_one_place_in_the_document_it_is_meant_for(whole: Any) -> None:
    links = whole.evaluate(LINKS)
    assert len(links) > 300
    for name, places, document, *_ in links:
        assert places == 1, name
        assert name.split("#")[0] == document
    citing = [
        (name, cited)
        for name, _, _, cited, own in links
        if name.startswith("book/references#id") and own != "book/references"
    ]
    assert len(citing) > 50
    assert [name for name, cited in citing if not cited] == []


def test_links_leave_the_page_for_the_web_alone(whole: Any) -> None:
    others = whole.locator("article a[href]:not([href^='#'])").evaluate_all(
        "links => links.map((link) => link.getAttribute('href'))"
    )
    assert others and all(re.match("https?://|mailto:", link) for link in others)


def test_what_is_folded_on_the_site_is_printed_where_it_holds_the_data(whole: Any) -> None:
    data = whole.locator("[data-document='book/data'] details")
    assert data.count() and data.evaluate_all("all => all.every((one) => one.open)")
    assert whole.locator(f".{pdf.CLASS}").evaluate_all("all => all.every((one) => one.open)")
    assert whole.locator(".cell details[open]").count() == 0  # code stays folded
    assert whole.locator("noscript, nav, .bd-sidebar-primary").count() == 0


def test_the_book_is_printed(whole: Any, tmp_path: Path) -> None:
    target = tmp_path / "a folder" / "book.pdf"
    pdf.write_pdf(whole, target)
    printed = target.read_bytes()
    assert printed.startswith(b"%PDF")
    assert 50 < len(re.findall(rb"/Type /Page\b", printed)) < 250  # without the functions
    assert not re.search(rb"/URI \((http://127|file)", printed)
    assert b"/StructTreeRoot" in printed and b"/Outlines" in printed
