"""The built book as a reader gets it; run by `make test-site`, and by `make check-site`."""

from __future__ import annotations

import re

import pytest
from reader import HTML

from qsp_lib import __version__, chapters
from qsp_lib.publishing import site

pytestmark = pytest.mark.site


def text_of(page: str) -> str:
    return (HTML / page).read_text(encoding="utf-8")


def test_pages_are_whole_and_fetch_nothing_from_the_network() -> None:
    assert site.check_site(HTML) == []


@pytest.mark.parametrize("name", chapters.chapter_names())
def test_every_chapter_has_its_page_with_its_outputs(name: str) -> None:
    assert 'class="cell_output' in text_of(f"notebooks/{name}.html")


def test_the_front_page_says_which_version_this_is() -> None:
    assert re.search(
        rf"qsp_lib</p></td>\s*<td><p>{re.escape(__version__)}<", text_of("book/index.html")
    )


def test_no_number_was_left_unfilled() -> None:
    for page in sorted((HTML / "book").glob("*.html")):
        prose = re.sub(
            r"<(code|pre|script)\b.*?</\1>", "", page.read_text("utf-8"), flags=re.DOTALL
        )
        assert "{{" not in prose, page.name
