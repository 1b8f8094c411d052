"""The browser files that come with the book are the published ones."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

VENDOR = Path(__file__).resolve().parents[1] / "book" / "_static" / "vendor"
ENTRIES = tomllib.loads((VENDOR / "VENDOR.toml").read_text(encoding="utf-8"))["file"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_a_file_has_its_hash_and_its_licence(entry: dict[str, str]) -> None:
    digest = hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest()
    assert digest == entry["sha256"]
    assert (VENDOR / entry["licence_file"]).stat().st_size > 500
    assert entry["licence"] in {"Apache-2.0", "BSD-3-Clause", "MIT", "OFL-1.1"}


def test_nothing_else_is_there() -> None:
    listed = {entry[key] for entry in ENTRIES for key in ("file", "licence_file")}
    found = {str(p.relative_to(VENDOR)) for p in VENDOR.rglob("*") if p.is_file()}
    assert found == listed | {"VENDOR.toml"}
