"""Build the book: stage its sources in one folder, run Jupyter Book there, check the pages.

The sources are the committed prose and configuration, executed chapters, and their numbers. What
is staged in ``_build/src`` is all that Jupyter Book sees; the checkout is only read. A build that
fails leaves the last good ``_build/html`` in place.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

from .. import chapters, results, runner
from ..errors import InputError
from ..export import javascript
from ..lock import current_record
from . import api_reference as _api_reference  # noqa: F401  (registers its fragment)
from . import archive, pages
from . import claims as _claims  # noqa: F401  (registers its fragment)
from . import manual as _manual  # noqa: F401  (registers its fragments)
from . import science as _science  # noqa: F401  (registers its fragments)
from .fragments import FRAGMENTS, BookData
from .substitutions import substitutions

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
_CSS_URL = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""")
_INCLUDED = re.compile(r"generated/(\w+)\.md")
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def build(
    *, executed: bool = False, root: Path = chapters.ROOT, build_dir: Path | None = None
) -> Path:
    """Stage and build the book.

    Args:
        executed: take the chapters and numbers that `runner.run_chapters` left in the build folder
            instead of the committed ones.
        root: the checkout.
        build_dir: where to build; default ``_build`` in the checkout.

    Returns:
        The built book's ``index.html``.

    Raises:
        InputError: a source is missing, Jupyter Book warned or failed (what it printed is in the
            message), or a page would fetch from the network or points at nothing.
    """
    target = build_dir or root / "_build"
    executed_dir = target / "notebooks" if executed else root / "notebooks"
    results_dir = target / "results" if executed else root / "results"
    times = runner.run_times(target) if executed else {}
    source = stage(root, executed_dir, results_dir, target / "src", times)

    draft = target / "site-draft"
    shutil.rmtree(draft, ignore_errors=True)
    finished = subprocess.run(
        [
            *(sys.executable, "-c", "from jupyter_book.cli.main import main; main()"),
            *("build", str(source), "--path-output", str(draft)),
            *("-W", "-n", "--keep-going", "--all", "-q"),
        ],
        env={**os.environ, **runner.prepare_kernels(target)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if finished.returncode:
        raise InputError(
            f"Jupyter Book did not build the book without a warning; it printed:\n{finished.stdout}"
        )
    built = draft / "_build" / "html"
    pages.mend_site(built)
    problems = check_site(built)
    if problems:
        raise InputError("The built pages are not whole:\n  " + "\n  ".join(problems))
    html = target / "html"
    shutil.rmtree(html, ignore_errors=True)
    os.replace(built, html)
    shutil.rmtree(draft, ignore_errors=True)
    return html / "index.html"


def stage(
    root: Path,
    executed_dir: Path,
    results_dir: Path,
    target: Path,
    times: dict[str, float] | None = None,
) -> Path:
    """Put all sources of the book in ``target``, which is emptied first.

    Args:
        root: the checkout: ``_config.yml``, ``_toc.yml`` and ``book/`` are taken from it.
        executed_dir: the executed chapters.
        results_dir: their numbers.
        target: the folder to make.
        times: seconds each chapter took, where known.

    Returns:
        ``target``.

    Raises:
        InputError: a chapter of the checkout has not been executed, or has no numbers, or was
            made with another lock record than the current one.
    """
    shutil.rmtree(target, ignore_errors=True)
    (target / "notebooks").mkdir(parents=True)
    numbers = {}
    for name in chapters.chapter_names(root / "notebooks"):
        notebook = executed_dir / f"{name}.ipynb"
        if not notebook.exists():
            raise InputError(
                f"The chapter {name} has not been executed: there is no {notebook}. "
                f"Run it first: python -m qsp_lib run {name}."
            )
        shutil.copyfile(notebook, target / "notebooks" / notebook.name)
        numbers[name] = results.load(name, results_dir)
        archive.require_current_lock(numbers[name])
    shutil.copytree(results_dir, target / "results")
    shutil.copytree(root / "book", target / "book", ignore=shutil.ignore_patterns("generated"))
    archived = archive.stage_archive(root / "archive", target)
    _write_toc(root / "_toc.yml", target / "_toc.yml", archived)
    _write_config(root / "_config.yml", target / "_config.yml", numbers)
    folders = {page.split("/")[0] for page in archived}
    _place_icon_fonts(target, ("book", "notebooks", *sorted(folders)))
    _place_model(target)

    data = BookData(target / "notebooks", numbers, times or {})
    generated = target / "book" / "generated"
    generated.mkdir()
    for name in sorted(_fragments_taken_in(target) & FRAGMENTS.keys()):
        (generated / f"{name}.md").write_text(FRAGMENTS[name](data), encoding="utf-8")
    return target


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


def _fragments_taken_in(source: Path) -> set[str]:
    """Names of the generated pieces that a page or a chapter includes."""
    texts = [page.read_text(encoding="utf-8") for page in (source / "book").rglob("*.md")]
    texts += [page.read_text(encoding="utf-8") for page in source.glob("*/*.ipynb")]
    return {name for text in texts for name in _INCLUDED.findall(text)}


def _write_toc(source: Path, target: Path, archived: list[str]) -> None:
    toc = yaml.safe_load(source.read_text(encoding="utf-8"))
    pages_of = [{"file": page} for page in archived]
    if archived and "parts" in toc:
        toc["parts"].append({"caption": "Earlier locks", "chapters": pages_of})
    elif archived:
        toc["chapters"] += pages_of
    target.write_text(yaml.safe_dump(toc, sort_keys=False), encoding="utf-8")


def _write_config(source: Path, target: Path, numbers: dict[str, results.Results]) -> None:
    config = yaml.safe_load(source.read_text(encoding="utf-8"))
    config.setdefault("parse", {})["myst_substitutions"] = substitutions(numbers)
    # the order of the keys is kept: browser scripts load in it
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False, width=100)
    target.write_text(text, encoding="utf-8")


def _place_icon_fonts(target: Path, folders: Iterable[str]) -> None:
    """The widget manager asks for its icons beside the page, so each folder of pages gets them."""
    fonts = sorted((target / "book" / "_static" / "vendor" / "fontawesome").glob("*.woff2"))
    for folder in folders:
        place = target / "extra" / folder / "@jupyter-widgets" / "html-manager" / "dist"
        place.mkdir(parents=True)
        for font in fonts:
            shutil.copyfile(font, place / font.name)


def _place_model(target: Path) -> None:
    """The explorer's equations and constants, generated beside the scripts that use them."""
    static = target / "book" / "_static"
    script = static / javascript.SCRIPT
    script.parent.mkdir(exist_ok=True)
    script.write_text(javascript.model_script(current_record(), static), encoding="utf-8")
