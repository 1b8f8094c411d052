"""A built book without what no page of it asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from book.site.lean import leave_out

FONTS = (
    '@font-face{src:url(../webfonts/solid.woff2) format("woff2"),'
    'url(../webfonts/solid.ttf) format("truetype")}.icon{width:1em}'
)
FILES = {
    "book/index.html": "<p>A page.</p>",
    "book/@jupyter-widgets/html-manager/dist/icons.woff2": "",
    "_static/vendor/html-manager/embed-amd.js": "",
    "_static/vendor/requirejs/require.js": "",
    "_static/vendor/fontawesome/icons.woff2": "",
    "_static/vendor/fontawesome/6.5.2/css/all.css": FONTS,
    "_static/vendor/fontawesome/6.5.2/webfonts/solid.woff2": "",
    "_static/vendor/fontawesome/6.5.2/webfonts/solid.ttf": "",
    "_static/vendor/mathjax/tex-svg.js": "",
    "_static/vendor/fontawesome/6.5.2/js/all.min.js": "",
    "_static/vendor/fontawesome/6.5.2/js/all.min.js.LICENSE.txt": "",
    "_static/locales/de/LC_MESSAGES/booktheme.mo": "",
}
NEVER_ASKED_FOR = {
    "_static/vendor/fontawesome/6.5.2/webfonts/solid.ttf",
    "_static/vendor/fontawesome/6.5.2/js/all.min.js",
    "_static/vendor/fontawesome/6.5.2/js/all.min.js.LICENSE.txt",
    "_static/locales/de/LC_MESSAGES/booktheme.mo",
}
OF_WIDGETS = {
    "book/@jupyter-widgets/html-manager/dist/icons.woff2",
    "_static/vendor/html-manager/embed-amd.js",
    "_static/vendor/requirejs/require.js",
    "_static/vendor/fontawesome/icons.woff2",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def files(site: Path) -> set[str]:
    return {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}


def test_widgets_and_older_fonts_are_left_out_of_a_book_without_widgets(site: Path) -> None:
    leave_out(site)
    assert files(site) == set(FILES) - OF_WIDGETS - NEVER_ASKED_FOR
    css = (site / "_static/vendor/fontawesome/6.5.2/css/all.css").read_text("utf-8")
    assert css == '@font-face{src:url(../webfonts/solid.woff2) format("woff2")}.icon{width:1em}'


def test_a_book_with_a_widget_keeps_what_draws_it(site: Path) -> None:
    widget = '<script type="application/vnd.jupyter.widget-view+json">{}</script>'
    (site / "book/index.html").write_text(widget, encoding="utf-8")
    leave_out(site)
    assert files(site) >= OF_WIDGETS


def test_a_second_time_changes_nothing(site: Path) -> None:
    leave_out(site)
    before = files(site)
    leave_out(site)
    assert files(site) == before


def test_icons_are_drawn_once_by_their_font(site: Path) -> None:
    icons = (
        '<script defer src="../_static/vendor/fontawesome/6.5.2/js/all.min.js?digest=a"></script>'
    )
    own = '<script src="../_static/reading.js"></script>'
    (site / "book/index.html").write_text(f"<head>{icons}\n{own}</head>", encoding="utf-8")
    leave_out(site)
    assert (site / "book/index.html").read_text("utf-8") == f"<head>{own}</head>"


def test_words_of_a_signature_lose_a_wrapper_and_words_elsewhere_keep_it(site: Path) -> None:
    word = '<code><span class="pre">sweep</span></code>'
    for name in ("api_inference", "index"):
        (site / f"book/{name}.html").write_text(word, encoding="utf-8")
    leave_out(site)
    assert (site / "book/api_inference.html").read_text("utf-8") == "<code>sweep</code>"
    assert (site / "book/index.html").read_text("utf-8") == word


@pytest.mark.parametrize("shown", [True, False])
def test_the_font_of_brands_stays_where_a_page_shows_one(site: Path, shown: bool) -> None:
    font = site / "_static/vendor/fontawesome/6.5.2/webfonts/fa-brands-400.woff2"
    font.write_text("")
    sign = '<i class="fa-brands fa-github"></i>' if shown else '<i class="fa-solid fa-bars"></i>'
    link = '<link rel="preload" href="webfonts/fa-brands-400.woff2" />'
    (site / "book/index.html").write_text(f"{link}{sign}", encoding="utf-8")
    leave_out(site)
    assert font.exists() is shown
    assert (link in (site / "book/index.html").read_text("utf-8")) is shown
