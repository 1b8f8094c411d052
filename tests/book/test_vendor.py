"""The files of others that come with the book and its tests are the published ones."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = tuple(ROOT / folder / "vendor" for folder in ("book/_static", "tests/site", "tests/book"))
LICENCES = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MPL-2.0", "OFL-1.1"}


def entries(folder: Path) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = tomllib.loads((folder / "VENDOR.toml").read_text("utf-8"))[
        "file"
    ]
    return listed


@pytest.mark.parametrize(
    ("folder", "entry"),
    [(folder, entry) for folder in FOLDERS for entry in entries(folder)],
    ids=lambda value: value["file"] if isinstance(value, dict) else "",
)
def test_a_file_has_its_hash_and_its_licence(folder: Path, entry: dict[str, str]) -> None:
    digest = hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest()
    assert digest == entry["sha256"]
    assert (folder / entry["licence_file"]).stat().st_size > 500
    assert entry["licence"] in LICENCES


@pytest.mark.parametrize("folder", FOLDERS, ids=["book", "site", "tests"])
def test_nothing_else_is_there(folder: Path) -> None:
    listed = {entry[key] for entry in entries(folder) for key in ("file", "licence_file")}
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert found == listed | {"VENDOR.toml"}
