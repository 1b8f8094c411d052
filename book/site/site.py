"""Build the book: stage its sources in one folder, run Jupyter Book there, check the pages.

The sources are the committed prose and configuration, executed chapters, and their numbers. What
is staged in ``_build/src`` is all that Jupyter Book sees; the checkout is only read. A build that
fails leaves the last good ``_build/html`` in place.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import yaml

from book.pages import fragments
from qsp_lib.chapters import MODELS, notebooks, results, runner
from qsp_lib.common import InputError, only_one
from qsp_lib.protocol import current_record

from ..explorer import script as javascript
from ..pages import checklists as _checklists  # noqa: F401  (registers its fragments)
from ..pages import citation as _citation  # noqa: F401  (registers its fragment)
from ..pages import claims as _claims  # noqa: F401  (registers its fragment)
from ..pages import estimation as _estimation  # noqa: F401  (registers its fragments)
from ..pages import interoperability
from ..pages import machinery as _machinery  # noqa: F401  (registers its fragments)
from ..pages import made_predictions as _made  # noqa: F401  (registers its fragments)
from ..pages import manual as _manual  # noqa: F401  (registers its fragments)
from ..pages import misses as _misses  # noqa: F401  (registers its fragment)
from ..pages import model_page as _model_page  # noqa: F401  (registers its fragments)
from ..pages import network_diagram as _network_diagram  # noqa: F401  (registers its fragments)
from ..pages import performance as _performance  # noqa: F401  (registers its fragments)
from ..pages import refitted as _refitted  # noqa: F401  (registers its fragment)
from ..pages import scale as _scale  # noqa: F401  (registers its fragments)
from ..pages import science as _science  # noqa: F401  (registers its fragments)
from ..pages import status as _status  # noqa: F401  (registers its fragments)
from ..pages import story as _story  # noqa: F401  (registers its fragment and pictures)
from ..pages import symbols as _symbols  # noqa: F401  (registers its fragments)
from ..pages.fragments import FRAGMENTS, PICTURES, BookData
from ..pages.substitutions import substitutions
from . import api_reference, archive, chapter_pages, lean, run_times, terms
from . import mending as pages
from .jupyter_book import run
from .whole import check_site

_INCLUDED = re.compile(r"generated/(\w+)\.md")


def build(
    *, executed: bool = False, root: Path = notebooks.ROOT, build_dir: Path | None = None
) -> Path:
    """Stage and build the book, one build at a time in a build folder; a second one waits.

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
    target.mkdir(parents=True, exist_ok=True)
    with only_one(target):
        return _build(root, target, executed)


def _build(root: Path, target: Path, executed: bool) -> Path:
    executed_dir = target / "notebooks" if executed else root / "notebooks"
    results_dir = target / "results" if executed else root / "results"
    times = runner.run_times(target) if executed else {}
    source = stage(root, executed_dir, results_dir, target / "src", times)

    draft = target / "site-draft"
    built = run(source, draft, target, "-W", "-n", "--keep-going") / "html"
    pages.mend_site(built)
    terms.define_first_uses(built)
    lean.leave_out(built)
    for name in notebooks.chapter_names(root / "notebooks"):
        chapter_pages.offer_original(name, executed_dir, built)
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
    shutil.copy(root / "notebooks" / MODELS, target / "notebooks")
    numbers: dict[str, results.Results] = {}
    pictures: dict[str, bytes] = {}
    for name in notebooks.chapter_names(root / "notebooks"):
        notebook = executed_dir / f"{name}.ipynb"
        if not notebook.exists():
            raise InputError(
                f"The chapter {name} has not been executed: there is no {notebook}. "
                f"Run it first: python -m qsp_lib run {name}."
            )
        numbers[name] = results.load(name, results_dir)
        pictures |= chapter_pages.stage_chapter(
            name, executed_dir, target / "notebooks", root / "notebooks", numbers[name]
        )
        fragments.require_current_lock(numbers[name])
    shutil.copytree(results_dir, target / "results")
    shutil.copytree(root / "book", target / "book", ignore=shutil.ignore_patterns("generated"))
    api_reference.write_pages(target / "book")
    archived = archive.stage_archive(root / "archive", target)
    _write_toc(root / "_toc.yml", target / "_toc.yml", archived)
    _write_config(root / "_config.yml", target / "_config.yml", numbers)
    folders = {page.split("/")[0] for page in archived}
    _place_icon_fonts(target, ("book", "notebooks", *sorted(folders)))
    _place_model(target)
    interoperability.stage_downloads(root, target / "extra")

    place = target / "book" / "_static" / "generated"
    place.mkdir(exist_ok=True)
    for file, content in pictures.items():
        (place / file).write_bytes(content)

    measured = run_times.read(root / "book")
    _place_fragments(
        target, BookData(target / "notebooks", numbers, times or {}, measured, target.parent)
    )
    return target


def _place_fragments(target: Path, data: BookData) -> None:
    """The generated pieces that pages take in, and the pictures they show."""
    generated = target / "book" / "generated"
    generated.mkdir()
    taken_in = _fragments_taken_in(target)
    for name in sorted(taken_in & FRAGMENTS.keys()):
        (generated / f"{name}.md").write_text(FRAGMENTS[name](data), encoding="utf-8")
    for name in sorted(taken_in & PICTURES.keys()):
        for file, content in PICTURES[name](data).items():
            (target / "book" / "_static" / "generated" / file).write_bytes(content)


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
    """The explorer's equations and constants, and its modules as the one script that uses them."""
    static = target / "book" / "_static"
    script = static / javascript.SCRIPT
    script.parent.mkdir(exist_ok=True)
    script.write_text(javascript.model_script(current_record(), static), encoding="utf-8")
    page = javascript.page_script(static)
    (static / javascript.PAGE_SCRIPT).write_text(page, encoding="utf-8")
    for module in (static / javascript.MODULES).glob("*.js"):
        module.unlink()  # the page loads them as that one script
