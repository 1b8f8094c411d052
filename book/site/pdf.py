"""The whole book as one PDF: one page by Sphinx's singlehtml builder, printed by headless Chromium.

The page is made from what the last build of the site has staged, without the reference of the
functions. This module is also the extension of Sphinx that the page is built with.
"""

from __future__ import annotations

import shutil
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from sphinx.builders.singlehtml import SingleFileHTMLBuilder

from qsp_lib import __version__
from qsp_lib.common import InputError, only_one
from qsp_lib.protocol import current_record

from . import mending
from .browser import chromium, serve
from .chapter_pages import CLASS
from .jupyter_book import run

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FRONT = "book/index"
OPENED = ("book/data",)
"""Documents whose folded parts are printed unfolded, as the parameters of chapters are."""
LEFT_OUT = (
    "The printed book leaves the functions out. The site has a page on each folder of the package, "
    "and `help` says the same in Python: `help('qsp_lib.model')`.\n"
)
PREPARE = (Path(__file__).parent / "pdf.js").read_text(encoding="utf-8")
_MARGIN = {"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}
_FOOTER = (
    '<div style="width:100%;margin:0 16mm;font-size:6px;color:#444;display:flex">'
    '<span style="flex:1">{imprint}</span>'
    '<span><span class="pageNumber"></span> / <span class="totalPages"></span></span></div>'
)


def print_book(build: Path, target: Path) -> Path:
    """Print the book.

    Args:
        build: the folder that the site was built in.
        target: the PDF to write.

    Raises:
        InputError: no book was built, there is no Chromium, a link leads nowhere within the book,
            or an equation or image was not drawn.
    """
    _staged(build)
    with only_one(build):
        html = one_page(build)
        with chromium() as browser, serve(html) as address:
            page = browser.new_page(color_scheme="light")
            open_whole(page, address, html)
            write_pdf(page, target)
    return target


def write_pdf(page: Any, target: Path) -> None:
    """Write what is open in a tab as a PDF with an outline, and an imprint on every sheet."""
    target.parent.mkdir(parents=True, exist_ok=True)
    page.pdf(
        path=str(target),
        format="A4",
        margin=_MARGIN,
        print_background=True,
        tagged=True,
        outline=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=_FOOTER.format(imprint=escape(imprint())),
    )


def imprint() -> str:
    """What every sheet says of itself."""
    record = current_record()
    return (
        f"qsp_lib {__version__}, lock record {record.version} of {record.date}, "
        f"digest {record.digest}. A research model, not medical advice."
    )


def one_page(build: Path) -> Path:
    """Build the book as one page, and give the folder that holds it as ``book/index.html``.

    Raises:
        InputError: no book was built, or Sphinx failed.
    """
    source, draft = build / "print-src", build / "print-draft"
    for stale in (source, draft):  # citations of pages kept from an older draft lead elsewhere
        shutil.rmtree(stale, ignore_errors=True)
    shutil.copytree(_staged(build), source, ignore=shutil.ignore_patterns("api_*.md"))
    _leave_out_the_reference(source)
    config = yaml.safe_load((source / "_config.yml").read_text(encoding="utf-8"))
    config["sphinx"]["config"]["extensions"].append(__name__)
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    (source / "_config.yml").write_text(text, encoding="utf-8")
    # a link into the reference is text here; all else the site's build has checked
    html = run(source, draft, build, "--builder", "singlehtml") / "singlehtml"
    mending.mend_site(html)
    return html


def _staged(build: Path) -> Path:
    source = build / "src"
    if not (source / "_toc.yml").exists():
        raise InputError(f"there is no book in {source}; build it first: make site.")
    return source


def _leave_out_the_reference(source: Path) -> None:
    generated = source / "book" / "generated" / "api.md"
    if generated.exists():
        generated.write_text(LEFT_OUT, encoding="utf-8")
    toc = yaml.safe_load((source / "_toc.yml").read_text(encoding="utf-8"))
    for part in toc.get("parts", ()):
        part["chapters"] = [c for c in part["chapters"] if c.get("glob") != "book/api_*"]
    (source / "_toc.yml").write_text(yaml.safe_dump(toc, sort_keys=False), encoding="utf-8")


def open_whole(page: Any, address: str, html: Path) -> None:
    """Open the one page in a browser and make it ready to be printed.

    Args:
        page: an empty tab.
        address: where the folder of the page is served.
        html: that folder.

    Raises:
        InputError: a link leads nowhere within the book, or something was not drawn.
    """
    # Sphinx writes the page into the folder of the first document, and its links as from the root
    text = (html / f"{FRONT}.html").read_text(encoding="utf-8")
    place = f"{address}whole-book.html"
    page.route("**/*", lambda route: route.continue_() if _printed(route) else route.abort())
    page.route(place, lambda route: route.fulfill(body=text, content_type="text/html"))
    page.goto(place, wait_until="networkidle")
    opened = [f".{CLASS}", *(f"[data-document='{name}'] details" for name in OPENED)]
    problems = page.evaluate(PREPARE, [FRONT, ", ".join(opened)])
    if problems:
        raise InputError("The book cannot be printed whole:\n  " + "\n  ".join(problems))


def _printed(route: Any) -> bool:
    """Whether something takes part: nothing from elsewhere, and of the scripts equations alone."""
    url, kind = route.request.url, route.request.resource_type
    local = url.startswith(("http://127.0.0.1:", "data:"))
    return local and (kind != "script" or "/mathjax/" in url)


class OnePage(SingleFileHTMLBuilder):
    """The builder, whose links go on to say which document they lead into.

    Sphinx cuts that off, although places in two documents may have one name.
    """

    def fix_refuris(self, tree: Any) -> None:
        """Leave ``#document-NAME#PLACE`` as it is; the page is put right in the browser."""


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls to load the extension."""
    app.add_builder(OnePage, override=True)
    app.connect("builder-inited", _always_typeset)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _always_typeset(app: Sphinx) -> None:
    """Sphinx would look for equations on the front page alone."""
    app.set_html_assets_policy("always")
