from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest
import yaml
from example_chapters import chapter, markdown, write

from book.explorer import script as javascript
from book.site import chapter_pages, site
from book.site.whole import check_site
from qsp_lib.chapters import results
from qsp_lib.chapters.notebooks import ROOT
from qsp_lib.chapters.tidy import tidy
from qsp_lib.common.errors import InputError
from qsp_lib.protocol.lock import current_record

OLD = {"version": "v0", "date": "2026-01-01", "digest": "0" * 64}
"""A lock before the first."""


def made_up_checkout(root: Path) -> Path:
    """A checkout with this book's settings, one short page and one chapter."""
    shutil.copytree(ROOT / "book" / "_static", root / "book" / "_static")
    shutil.copy(ROOT / "_config.yml", root)
    shutil.copy(ROOT / "book" / "references.bib", root / "book")
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n  - glob: notebooks/[0-9][0-9]_*\n",
        encoding="utf-8",
    )
    page(
        root,
        "The error is {{ one_fit_rms }}.\n\n```{include} generated/chapter_runs.md\n```\n\n"
        "```{include} generated/results_index.md\n```\n",
    )
    content = chapter("01_one", "print(1)")
    content["cells"].append(markdown("$$x^2$$"))
    write(root / "notebooks", "01_one", tidy(content))
    results.save("01_one", {"fit": {"rms": 0.16667}}, directory=root / "results")
    return root


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of a test's own."""
    return made_up_checkout(tmp_path / "a checkout")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with an archived chapter, and the book built from it once for all tests."""
    root = made_up_checkout(tmp_path_factory.mktemp("built") / "a checkout")
    kept = root / "archive" / "v0"
    write(kept / "notebooks", "01_one", tidy(chapter("01_one", "print(1)")))
    results.save("01_one", {"fit": {"rms": 2.0}}, lock=OLD, directory=kept / "results")
    before = sources(root)
    assert site.build(root=root) == root / "_build" / "html" / "index.html"
    assert sources(root) == before, "a build only reads its sources"
    return root


def sources(root: Path) -> list[Path]:
    """Every file of a checkout but what a build makes."""
    return sorted(p for p in root.rglob("*") if p.is_file() and "_build" not in p.parts)


def page(root: Path, text: str) -> None:
    (root / "book" / "index.md").write_text(f"# A book\n\n{text}", encoding="utf-8")


@pytest.mark.thorough
def test_a_book_is_built_from_its_committed_outputs_alone(built: Path) -> None:
    html = built / "_build" / "html"
    text = (html / "book" / "index.html").read_text(encoding="utf-8")
    assert "The error is 0.167." in text
    assert "About 01_one" in text
    chapter_page = (html / "notebooks" / "01_one.html").read_text(encoding="utf-8")
    assert "vendor/mathjax/tex-svg.js" in chapter_page
    assert chapter_pages.TITLE in chapter_page
    offered = html / "_sources" / "notebooks" / "01_one.ipynb"
    assert offered.read_bytes() == (built / "notebooks" / "01_one.ipynb").read_bytes()


def refused(checkout: Path, text: str) -> str:
    """What a build says of a page that is not whole; the last good book stays."""
    html = checkout / "_build" / "html"
    html.mkdir(parents=True)
    (html / "index.html").write_text("the last good one", encoding="utf-8")
    page(checkout, text)
    with pytest.raises(InputError) as refusal:
        site.build(root=checkout)
    assert (html / "index.html").read_text(encoding="utf-8") == "the last good one"
    return str(refusal.value)


@pytest.mark.thorough
def test_everything_a_page_names_and_does_not_have_is_said_at_once(checkout: Path) -> None:
    said = refused(
        checkout,
        "The error is {{ one_fit_rsm }}.\n\nSee [](nowhere.md) and {cite}`nobody2020`.\n\n"
        "```{include} generated/nothing.md\n```\n",
    )
    for missing in ("one_fit_rsm", "nowhere", "nobody2020", "nothing.md"):
        assert missing in said


@pytest.mark.thorough
def test_a_page_that_would_fetch_from_the_network_is_refused(checkout: Path) -> None:
    said = refused(checkout, "<img src='https://example.org/x.png' alt='x'>")
    assert "fetches https://example.org/x.png" in said


@pytest.mark.thorough
def test_all_that_is_built_from_is_staged(checkout: Path) -> None:
    target = checkout / "_build" / "src"
    target.mkdir(parents=True)
    (target / "stale.md").write_text("old", encoding="utf-8")
    site.stage(checkout, checkout / "notebooks", checkout / "results", target, {"01_one": 3.0})
    staged = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert {
        "_config.yml",
        "_toc.yml",
        "book/index.md",
        "book/generated/chapter_runs.md",
        "book/generated/results_index.md",
        "notebooks/01_one.ipynb",
        "results/01_one.json",
    } <= staged
    assert "stale.md" not in staged
    config = yaml.safe_load((target / "_config.yml").read_text(encoding="utf-8"))
    assert config["parse"]["myst_substitutions"]["one_fit_rms"] == "0.167"
    assert config["parse"]["myst_substitutions"]["raw"]["one_fit_rms"] == 0.16667
    assert list(config["sphinx"]["config"]["nb_ipywidgets_js"])[0].endswith("require.js")
    runs = (target / "book" / "generated" / "chapter_runs.md").read_text(encoding="utf-8")
    assert "| 3 s, in this build |" in runs


def test_a_chapter_without_output_or_numbers_is_refused(checkout: Path, tmp_path: Path) -> None:
    target = tmp_path / "src"
    with pytest.raises(InputError, match="01_one has not been executed"):
        site.stage(checkout, tmp_path / "none", checkout / "results", target)
    with pytest.raises(InputError, match="no results of '01_one'"):
        site.stage(checkout, checkout / "notebooks", tmp_path / "none", target)


GOOD = "<html><body id='top'><a href='#top'>up</a><a href='b.html#here'>b</a></body></html>"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    (tmp_path / "a.html").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.html").write_text("<p id='here'><a href='a.html'>a</a></p>", encoding="utf-8")
    (tmp_path / "style.css").write_text("/* url(https://x.org) */ a {}", encoding="utf-8")
    return tmp_path


def test_whole_pages_pass(pages: Path) -> None:
    (pages / "_static").mkdir()
    (pages / "_static" / "template.html").write_text("<a href='{{ x }}'>", encoding="utf-8")
    assert check_site(pages) == []


@pytest.mark.parametrize(
    "harmless",
    [
        "<a href='https://example.org'>a reader may follow this</a>",
        "<a href='mailto:x@example.org'>x</a>",
        "<img src='data:image/png;base64,AAAA' alt=''>",
        "<link rel='canonical' href='https://example.org/a.html'>",
        "<script>var x = 'https://example.org'</script>",
        "<style>a { background: url(data:image/png;base64,AAAA) }</style>",
    ],
)
def test_what_fetches_nothing_passes(pages: Path, harmless: str) -> None:
    (pages / "c.html").write_text(harmless, encoding="utf-8")
    assert check_site(pages) == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("<script src='https://example.org/x.js'></script>", "fetches https://example.org/x.js"),
        ("<script src='//example.org/x.js'></script>", "fetches //example.org/x.js"),
        ("<link rel='stylesheet' href='https://example.org/x.css'>", "fetches"),
        ("<iframe src='https://example.org'></iframe>", "fetches"),
        ("<style>@import 'https://example.org/x.css';</style>", "fetches"),
        ("<p style='background: url(https://example.org/x.png)'>", "fetches"),
        ("<a href='none.html'>x</a>", "there is no such file"),
        ("<img src='none.png' alt='x'>", "there is no such file"),
        ("<a href='b.html#there'>x</a>", "no place called 'there'"),
        ("<a href='#there'>x</a>", "no place called 'there'"),
    ],
)
def test_what_is_wrong_is_named(pages: Path, fault: str, message: str) -> None:
    (pages / "c.html").write_text(fault, encoding="utf-8")
    problems = check_site(pages)
    assert len([problem for problem in problems if message in problem]) == 1
    assert all(problem.startswith("c.html ") for problem in problems)


def test_a_style_sheet_fetches_nothing_either(pages: Path) -> None:
    (pages / "style.css").write_text("a { src: url('https://example.org/f.woff2') }", "utf-8")
    assert check_site(pages) == ["style.css fetches https://example.org/f.woff2 from the network"]


def test_a_folder_without_pages_is_a_problem(tmp_path: Path) -> None:
    assert "there are no pages" in check_site(tmp_path)[0]


def test_numbers_of_another_lock_fail_the_build(checkout: Path, tmp_path: Path) -> None:
    results.save("01_one", {"a": 1.0}, lock=OLD, directory=checkout / "results")
    with pytest.raises(InputError, match="01_one are from lock version v0.*current one is version"):
        site.stage(checkout, checkout / "notebooks", checkout / "results", tmp_path / "src")
    current = current_record().summary
    results.save("01_one", {"a": 1.0}, lock=current, directory=checkout / "results")
    site.stage(checkout, checkout / "notebooks", checkout / "results", tmp_path / "src")


@pytest.mark.thorough
def test_an_archived_chapter_is_shown_with_a_banner(built: Path) -> None:
    html = built / "_build" / "html"
    old = (html / "archive-v0" / "01_one.html").read_text(encoding="utf-8")
    assert "Numbers of an earlier lock" in old and "version v0" in old
    now = (html / "notebooks" / "01_one.html").read_text(encoding="utf-8")
    assert "Numbers of an earlier lock" not in now


@pytest.mark.parametrize("lock", [None, {"version": "v7", "digest": "7" * 64}])
def test_an_archived_chapter_has_the_lock_of_its_folder(checkout: Path, lock: object) -> None:
    kept = checkout / "archive" / "v0"
    write(kept / "notebooks", "01_one", tidy(chapter("01_one", "print(1)")))
    results.save("01_one", {"a": 2.0}, lock=lock, directory=kept / "results")
    with pytest.raises(InputError, match="archive/v0 holds 01_one.*expected lock v0"):
        site.stage(checkout, checkout / "notebooks", checkout / "results", checkout / "_build/src")


@pytest.mark.thorough
def test_two_builds_in_one_folder_wait_for_each_other(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, most = [0], [0]

    def stage(*_: object) -> Path:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.3)
        inside[0] -= 1
        raise InputError("far enough")

    def build() -> None:
        with pytest.raises(InputError, match="far enough"):
            site.build(root=checkout)

    monkeypatch.setattr(site, "stage", stage)
    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert most == [1]


def test_the_explorers_model_is_made_with_the_book(checkout: Path) -> None:
    target = site.stage(
        checkout, checkout / "notebooks", checkout / "results", checkout / "_build/src"
    )
    script = (target / "book" / "_static" / javascript.SCRIPT).read_text(encoding="utf-8")
    assert script == javascript.model_script(current_record())
    static = target / "book" / "_static"
    assert (static / javascript.PAGE_SCRIPT).read_text("utf-8") == javascript.page_script()
    assert not list((static / javascript.MODULES).glob("*.js"))
