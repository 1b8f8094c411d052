"""Texts kept between processes: found where they follow from the same, made where they do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from qsp_lib.common import caches, kept_text


@pytest.fixture
def made() -> list[str]:
    """What was made, in order."""
    return []


@pytest.fixture
def make(made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    monkeypatch.setattr(caches, "CHECKOUT", tmp_path / "no checkout")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def make() -> str:
        made.append(f"text {len(made)}")
        return made[-1]

    return make


def _kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "qsp-crs" / "texts").iterdir())


def test_a_text_is_made_once_for_what_it_follows_from(make: Callable[[], str]) -> None:
    assert [kept_text(["a", "1"], make) for _ in range(3)] == ["text 0"] * 3
    assert kept_text(["a", "2"], make) == "text 1"
    assert kept_text(["a1"], make) == "text 2"  # and not as if names ran together
    assert kept_text(["a", "1"], make) == "text 0"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"text": "other", "sha256": "0"}', '"text"'])
def test_a_damaged_file_counts_as_missing_and_is_replaced(
    make: Callable[[], str], tmp_path: Path, damage: str
) -> None:
    kept_text(["a"], make)
    (path,) = _kept(tmp_path)
    path.write_text(damage)
    assert [kept_text(["a"], make) for _ in range(2)] == ["text 1"] * 2
    assert json.loads(path.read_text())["text"] == "text 1"


def test_an_edited_text_is_not_believed(make: Callable[[], str], tmp_path: Path) -> None:
    kept_text(["a"], make)
    (path,) = _kept(tmp_path)
    path.write_text(path.read_text().replace("text 0", "text 9"))
    assert kept_text(["a"], make) == "text 1"


def test_where_nothing_can_be_written_it_is_made_each_time(
    make: Callable[[], str], tmp_path: Path
) -> None:
    (tmp_path / "qsp-crs").write_text("a file where the folder would be")
    assert [kept_text(["a"], make) for _ in range(2)] == ["text 0", "text 1"]
