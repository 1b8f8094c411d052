"""The built book as a reader gets it; run by `make test-site`, and by `make check-site`."""

from __future__ import annotations

import importlib
import re

import pytest
from reader import HTML
from test_documented import public

from book.site import api_reference, chapter_pages
from book.site.whole import check_site
from qsp_lib import __version__
from qsp_lib.chapters import chapter as chapters
from qsp_lib.chapters import notebooks

pytestmark = pytest.mark.site


def text_of(page: str) -> str:
    return (HTML / page).read_text(encoding="utf-8")


def test_pages_are_whole_and_fetch_nothing_from_the_network() -> None:
    assert check_site(HTML) == []


@pytest.mark.parametrize("name", notebooks.chapter_names())
def test_every_chapter_has_its_page_with_its_outputs(name: str) -> None:
    assert 'class="cell_output' in text_of(f"notebooks/{name}.html")


@pytest.mark.parametrize("name", notebooks.chapter_names())
def test_a_chapter_says_what_can_be_changed_and_offers_the_notebook_as_it_is(name: str) -> None:
    page = text_of(f"notebooks/{name}.html")
    for parameter in chapters.declared_parameters(name):
        assert f'<span class="pre">{parameter}</span>' in page
    assert chapter_pages.TITLE in page
    assert chapter_pages.TITLE not in text_of(f"_sources/notebooks/{name}.ipynb")


@pytest.mark.parametrize("name", notebooks.chapter_names())
def test_what_a_chapter_says_is_typeset(name: str) -> None:
    article = text_of(f"notebooks/{name}.html").split("<article", 1)[1].split("</article>")[0]
    for left_out in (
        r"<(pre|script|code)\b.*?</\1>",
        r'<(span|div) class="math.*?</\1>',
        r"<[^>]+>",
    ):
        article = re.sub(left_out, "", article, flags=re.DOTALL)
    assert "$" not in article and "**" not in article and "`" not in article


def test_the_status_page_says_which_version_this_is() -> None:
    assert re.search(
        rf"qsp_lib</p></td>\s*<td><p>{re.escape(__version__)}<", text_of("book/status.html")
    )


@pytest.mark.parametrize(("wing", "modules"), api_reference.wings().items())
def test_every_public_name_of_a_wing_can_be_linked_to(wing: str, modules: tuple[str, ...]) -> None:
    page = text_of(f"book/api_{wing}.html")
    overview = text_of("book/api.html")
    for name in modules:
        assert f'href="api_{wing}.html#module-{name}"' in overview
        for thing, _ in public(importlib.import_module(name)):
            assert f'id="{name}.{thing}"' in page, f"{name}.{thing}"
    assert str(notebooks.ROOT) not in page and "object at 0x" not in page


def test_what_a_wing_hands_on_leads_to_where_it_is_described() -> None:
    page = text_of("book/api_model.html").split("To import from here")[1].split("</p>")[0]
    assert 'href="#qsp_lib.model.simulation.simulate"' in page


def test_the_book_is_small_enough_to_be_sent() -> None:
    size = sum(path.stat().st_size for path in HTML.rglob("*") if path.is_file())
    assert size < 30e6


def test_the_live_notebook_can_be_downloaded() -> None:
    link = re.search(
        r'href="\.\./(_downloads/[^"]+/explorer_live\.ipynb)"', text_of("book/explorer.html")
    )
    assert link and (HTML / link[1]).is_file()


def test_no_number_was_left_unfilled() -> None:
    for page in sorted((HTML / "book").glob("*.html")):
        prose = re.sub(
            r"<(code|pre|script)\b.*?</\1>", "", page.read_text("utf-8"), flags=re.DOTALL
        )
        assert "{{" not in prose, page.name
