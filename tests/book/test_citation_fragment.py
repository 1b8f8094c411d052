"""The front page cites what CITATION.cff cites, and names the lock."""

from __future__ import annotations

from pathlib import Path

import yaml

from book.pages.citation import cite
from book.pages.fragments import BookData
from qsp_lib.chapters import notebooks
from qsp_lib.protocol.lock import current_record


def test_it_says_what_the_citation_file_says() -> None:
    text = cite(BookData(Path(), {}))
    cff = yaml.safe_load((notebooks.ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cff["title"] in text and f"Version {cff['version']}," in text
    assert all(author["name"] in text for author in cff["authors"])


def test_it_names_the_lock_and_every_sealed_table() -> None:
    text, record = cite(BookData(Path(), {})), current_record()
    assert f"lock {record.version} of {record.date}" in text
    assert record.digest[:12] in text
    assert all(f"`{name}`" in text for name in record.sealed_hashes)
