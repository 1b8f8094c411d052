"""The one page that the PDF is printed from; printing itself needs a browser and is a site test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from book.site.chapter_pages import CLASS
from book.site.pdf import one_page, reading_order
from qsp_lib.common.errors import InputError

HEAD = (
    '<html><head><title>A book</title><link rel="stylesheet" href="../_static/a.css" />'
    '<script>window.MathJax = {"tex": {}}</script>\n'
    '<script defer="defer" src="../_static/vendor/mathjax/tex-svg.js"></script></head><body>'
)


def write(html: Path, name: str, article: str, following: str = "") -> None:
    path = html / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lead = f'<a class="right-next"\n  href="{following}">next</a>' if following else ""
    path.write_text(
        f'{HEAD}<article class="bd-article">{article}</article>{lead}</body></html>', "utf-8"
    )


@pytest.fixture
def book(tmp_path: Path) -> Path:
    write(
        tmp_path,
        "book/index.html",
        '<h1 id="top">A</h1><a href="data.html#rows">r</a><a href="../notebooks/01.html">c</a>'
        '<a href="#top">t</a><a href="https://example.org/x">x</a>',
        "data.html",
    )
    write(
        tmp_path,
        "book/data.html",
        '<h1 id="rows">B</h1><details class="d"><p>folded</p></details><script>1</script>'
        "<noscript><p>no script</p></noscript>",
        "../notebooks/01.html",
    )
    write(tmp_path, "notebooks/01.html", '<h1 id="top">C</h1><img src="../_images/a.png" alt="">')
    return tmp_path


def test_pages_come_in_the_order_of_the_book(book: Path) -> None:
    assert reading_order(book) == ["book/index.html", "book/data.html", "notebooks/01.html"]


def test_the_parameters_of_a_chapter_are_printed_and_other_folds_are_not(book: Path) -> None:
    write(
        book,
        "notebooks/01.html",
        f'<details class="sd-card {CLASS}"><p>n</p></details><details class="d">code</details>',
    )
    text = one_page(book)
    assert f'<details open class="sd-card {CLASS}">' in text
    assert '<details class="d">code' in text


def test_links_stay_within_the_printed_book(book: Path) -> None:
    text = one_page(book)
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    targets = re.findall(r'\shref="#([^"]+)"', text)
    assert targets == ["p1-rows", "page-2", "p0-top"]
    assert set(targets) <= set(ids)
    assert 'href="https://example.org/x"' in text


def test_style_equations_and_folded_rows_come_along_and_scripts_do_not(book: Path) -> None:
    text = one_page(book)
    assert text.count('href="../_static/a.css"') == 1
    assert text.count("tex-svg.js") == 1
    assert '<details open class="d">' in text
    assert "<script>1</script>" not in text and "no script" in text
    assert "not medical advice" in text


def test_a_book_that_is_not_there_or_goes_round_is_refused(book: Path, tmp_path: Path) -> None:
    write(book, "notebooks/01.html", "<p>x</p>", "../book/index.html")
    with pytest.raises(InputError, match="came before"):
        reading_order(book)
    with pytest.raises(InputError, match="make site"):
        reading_order(tmp_path / "none")
    (book / "book/index.html").write_text("<p>no article</p>", "utf-8")
    with pytest.raises(InputError, match="holds no article"):
        one_page(book)
