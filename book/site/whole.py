"""Whether built pages are whole: they fetch nothing from elsewhere and point at what exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FETCHING = {  # tag -> attribute by which a page fetches something of itself
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
    "image": "href",
}
_HARMLESS_LINKS = frozenset({"canonical", "author", "license", "next", "prev", "index", "search"})
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_URL = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""")


def check_site(html: Path) -> list[str]:
    """What is wrong with built pages: one line each, empty if nothing is.

    A page must fetch nothing from another host (links a reader may follow are fine), and every
    file and every place within a page that it points at must exist.
    """
    pages = {
        page.resolve(): _Page.read(page)
        for page in sorted(html.rglob("*.html"))
        if "_static" not in page.relative_to(html).parts  # templates that the theme leaves there
    }
    if not pages:
        return [f"there are no pages in {html}"]
    problems = []
    for path, page in pages.items():
        shown = path.relative_to(html.resolve())
        for url in page.fetched:
            if _is_remote(url):
                problems.append(f"{shown} fetches {url} from the network")
        for url in (*page.fetched, *page.linked):
            problem = _missing(url, path, pages)
            if problem:
                problems.append(f"{shown} points at {url}, but {problem}")
    for sheet in sorted(html.rglob("*.css")):
        for url in _css_urls(sheet.read_text(encoding="utf-8", errors="replace")):
            if _is_remote(url):
                problems.append(f"{sheet.relative_to(html)} fetches {url} from the network")
    return problems


class _Page(HTMLParser):
    """What one page fetches, links to, and can be linked to at."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.fetched: list[str] = []
        self.linked: list[str] = []
        self.anchors: set[str] = set()
        self._in_style = False

    @classmethod
    def read(cls, path: Path) -> _Page:
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.anchors.update(given[key] for key in ("id", "name") if given.get(key))
        self._in_style = tag == "style"
        self.fetched += _css_urls(given.get("style", ""))
        if tag == "a" and "href" in given:
            self.linked.append(given["href"])
        elif tag == "link" and given.get("rel", "").lower() in _HARMLESS_LINKS:
            pass
        elif given.get(_FETCHING.get(tag, "")):
            self.fetched.append(given[_FETCHING[tag]])

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.fetched += _css_urls(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False


def _css_urls(css: str) -> Iterator[str]:
    yield from _CSS_URL.findall(_CSS_COMMENT.sub("", css))


def _is_remote(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.netloc) or parts.scheme in ("http", "https", "ftp")


def _missing(url: str, page: Path, pages: dict[Path, _Page]) -> str:
    parts = urlsplit(url)
    if parts.scheme or parts.netloc or url in ("", "#"):
        return ""
    aim = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if aim.is_dir():
        aim /= "index.html"
    if not aim.exists():
        return "there is no such file"
    anchor = unquote(parts.fragment)
    if anchor and aim in pages and anchor not in pages[aim].anchors:
        return f"that page has no place called {anchor!r}"
    return ""
