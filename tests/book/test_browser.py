"""Serving a book and finding a browser; driving one is left to the site tests."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from book.site import browser
from qsp_lib.common.errors import InputError


def test_a_folder_is_served_on_the_loopback_address_only(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("here", encoding="utf-8")
    with browser.serve(tmp_path) as address:
        assert address.startswith("http://127.0.0.1:")
        assert urllib.request.urlopen(f"{address}a.html", timeout=10).read() == b"here"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}b.html", timeout=10)
    with pytest.raises(InputError, match="make site"), browser.serve(tmp_path / "none"):
        pass


def test_a_missing_chromium_is_said_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    monkeypatch.delenv(browser.PATH_VARIABLE, raising=False)
    with pytest.raises(InputError, match="apt-get install -y chromium"):
        browser.find_chromium()
    monkeypatch.setenv(browser.PATH_VARIABLE, "/nowhere/chrome")
    with pytest.raises(InputError, match="/nowhere/chrome"), browser.chromium():
        pass


def test_a_named_chromium_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mine = tmp_path / "chrome"
    mine.touch(mode=0o755)
    monkeypatch.setenv(browser.PATH_VARIABLE, str(mine))
    assert browser.find_chromium() == str(mine)


def test_a_missing_playwright_is_said_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(browser, "find_chromium", lambda: "chromium")
    monkeypatch.setattr(browser, "import_module", missing)
    with pytest.raises(InputError, match="requirements-site.txt"), browser.chromium():
        pass
