"""What a release attaches: whole, with its hashes, and of the version that its tag names."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from book.site import release
from qsp_lib import __version__
from qsp_lib.common import InputError


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(release.TAG, raising=False)
    (tmp_path / "html" / "book").mkdir(parents=True)
    (tmp_path / "html" / "index.html").write_text("<p>front</p>")
    (tmp_path / "html" / "book" / "model.html").write_text("<p>model</p>")
    (tmp_path / "book.pdf").write_bytes(b"%PDF-1.7")
    return tmp_path


@pytest.mark.thorough
def test_it_holds_wheel_site_and_pdf_with_their_hashes(built: Path) -> None:
    folder = release.make(built)
    names = {path.name for path in folder.iterdir()}
    stem = f"qsp-crs-{__version__}"
    assert names == {f"{stem}-site.zip", f"{stem}.pdf", release.SUMS} | {
        f"qsp_crs-{__version__}-py3-none-any.whl"
    }
    with zipfile.ZipFile(folder / f"{stem}-site.zip") as site:
        assert {"index.html", "book/model.html"} <= set(site.namelist())
    for line in (folder / release.SUMS).read_text().splitlines():
        sha256, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
        names.discard(name)
    assert names == {release.SUMS}


@pytest.mark.parametrize(("gone", "words"), [("book.pdf", "make pdf"), ("html", "make book")])
def test_what_was_not_built_is_named(built: Path, gone: str, words: str) -> None:
    (built / gone).rename(built / "elsewhere")
    with pytest.raises(InputError, match=words):
        release.make(built)
    assert not (built / "release").exists()


def test_a_tag_is_of_this_version_and_in_the_changelog(built: Path) -> None:
    told = f"## [Unreleased]\n## [{__version__}] - 2026-01-01\n"
    for rehearsal in ("", "main", "feature/v2"):
        release.require_tag(rehearsal, "")
    release.require_tag(f"v{__version__}", told)
    with pytest.raises(InputError, match=f"expected v{__version__}"):
        release.require_tag("v9.9.9", told)
    with pytest.raises(InputError, match="no section"):
        release.require_tag(f"v{__version__}", "## [Unreleased]\n")
