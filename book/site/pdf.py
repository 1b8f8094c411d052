"""The whole book as one PDF, printed by headless Chromium from the built pages.

The articles of the pages, in the order of the book, are put one after another into one page with
the book's own style sheets; links between pages become links within it. Run by ``make pdf``:
``python -m book.site.pdf``.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from urllib.parse import unquote

from qsp_lib import __version__
from qsp_lib.common import InputError
from qsp_lib.protocol import current_record

from .browser import chromium, serve
from .chapter_pages import CLASS

FRONT = "book/index.html"
_ARTICLE = re.compile(r'<article class="bd-article">(.*?)</article>', re.DOTALL)
_NEXT = re.compile(r'<a class="right-next"\s+href="([^"]+)"')
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_STYLE = re.compile(r'<link\b[^>]*rel="stylesheet"[^>]*/?>')
_MATHJAX = re.compile(
    r"<script>window\.MathJax = .*?</script>\s*<script[^>]*tex-svg[^>]*></script>"
)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
_NOSCRIPT = re.compile(r"<noscript>(.*?)</noscript>", re.DOTALL)
_ID = re.compile(r'(?<=\s)id="([^"]+)"')
_HREF = re.compile(r'(?<=\s)href="([^"]+)"')
_OPENED = re.compile(r"<details\b(?![^>]*\bopen\b)")
_PARAMETERS = re.compile(rf"<details\b(?=[^>]*\b{CLASS}\b)(?![^>]*\bopen\b)")
READY = """async () => {
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  for (const image of document.images) { image.loading = "eager"; await image.decode(); }
  return [...document.querySelectorAll(".math")].every((m) => m.querySelector("mjx-container svg"));
}"""
_MARGIN = {"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}
_FOOTER = (
    '<div style="width:100%;font-size:8px;text-align:center;color:#444">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)


def reading_order(html: Path) -> list[str]:
    """Pages of a built book from the front page on, by their links to the next.

    Raises:
        InputError: there is no front page, or a page links back into the row.
    """
    order, here = [], FRONT
    while here:
        path = html / here
        if not path.is_file():
            raise InputError(f"there is no {path}; build the book first: make site.")
        order.append(here)
        found = _NEXT.search(path.read_text(encoding="utf-8"))
        here = ""
        if found:
            here = (
                (path.parent / unquote(found[1])).resolve().relative_to(html.resolve()).as_posix()
            )
            if here in order:
                raise InputError(f"{order[-1]} leads on to {here}, which came before it.")
    return order


def one_page(html: Path, *, opened: tuple[str, ...] = ("book/data.html",)) -> str:
    """All articles in one HTML page that belongs in the folder of the front page.

    Args:
        html: the built book.
        opened: pages whose folded parts are printed unfolded, as the parameters of chapters are.

    Raises:
        InputError: a page without an article.
    """
    order = reading_order(html)
    number = {name: i for i, name in enumerate(order)}
    front = (html / FRONT).read_text(encoding="utf-8")
    articles = []
    for name in order:
        found = _ARTICLE.search((html / name).read_text(encoding="utf-8"))
        if not found:
            raise InputError(f"{name} holds no article to print.")
        text = _SCRIPT.sub("", _NOSCRIPT.sub(r"\1", found[1]))
        if name in opened:
            text = _OPENED.sub("<details open", text)
        text = _PARAMETERS.sub("<details open", text)
        text = _joined(text, name, number, html)
        articles.append(f'<article class="bd-article" id="page-{number[name]}">{text}</article>')
    title_found = _TITLE.search(front)
    title = title_found[1].strip() if title_found else "The book"
    record = current_record()
    mathjax = _MATHJAX.search(front) or _first_mathjax(html, order)
    return (
        '<!DOCTYPE html>\n<html lang="en" data-theme="light" data-mode="light"><head>'
        f'<meta charset="utf-8"><title>{title}</title>\n'
        + "\n".join(_STYLE.findall(front))
        + f"\n{mathjax[0] if mathjax else ''}</head>"
        + '<body class="whole-book">\n<p class="imprint">'
        + escape(
            f"qsp_lib {__version__}, lock record {record.version} of {record.date}, "
            f"digest {record.digest}. A research model, not medical advice."
        )
        + "</p>\n"
        + "\n".join(articles)
        + "\n</body></html>\n"
    )


def _first_mathjax(html: Path, order: list[str]) -> re.Match[str] | None:
    for name in order:
        if found := _MATHJAX.search((html / name).read_text(encoding="utf-8")):
            return found
    return None


def _joined(text: str, name: str, number: dict[str, int], html: Path) -> str:
    """An article whose places are its own, and whose links stay within the printed book."""
    own = f"p{number[name]}-"
    folder = (html / name).parent

    def link(found: re.Match[str]) -> str:
        url = found[1]
        path, _, place = url.partition("#")
        if not path:
            return f'href="#{own}{place}"'
        if re.match(r"[a-z][a-z0-9+.-]*:", path):
            return found[0]
        aim = (folder / unquote(path)).resolve()
        inside = aim.is_relative_to(html.resolve())
        page = aim.relative_to(html.resolve()).as_posix() if inside else ""
        if page not in number:
            return found[0]
        return f'href="#p{number[page]}-{place}"' if place else f'href="#page-{number[page]}"'

    return _HREF.sub(link, _ID.sub(rf'id="{own}\1"', text))


def print_book(html: Path, target: Path) -> Path:
    """Print a built book.

    Args:
        html: the built book.
        target: the PDF to write.

    Raises:
        InputError: no book, no Chromium, or an equation or image that was not drawn.
    """
    text = one_page(html)
    target.parent.mkdir(parents=True, exist_ok=True)
    with serve(html) as address, chromium() as browser:
        page = browser.new_page(color_scheme="light")
        place = f"{address}book/whole-book.html"
        page.route(lambda url: not url.startswith((address, "data:")), lambda route: route.abort())
        page.route(place, lambda route: route.fulfill(body=text, content_type="text/html"))
        page.goto(place, wait_until="networkidle")
        if not page.evaluate(READY):
            raise InputError("an equation was not drawn; nothing was printed.")
        page.pdf(
            path=str(target),
            format="A4",
            margin=_MARGIN,
            print_background=True,
            tagged=True,
            outline=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=_FOOTER,
        )
    return target
