"""The page on the exports: what it offers is there, and its tables are what the engines found."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from book.pages import interoperability
from book.pages.fragments import BookData
from qsp_lib.chapters.notebooks import ROOT
from qsp_lib.common.errors import InputError
from qsp_lib.export.courses import reference_courses
from qsp_lib.model.equations import STATES
from qsp_lib.protocol.lock import current_record

BOOK = BookData(ROOT / "notebooks", {})


def test_every_download_is_staged(tmp_path: Path) -> None:
    interoperability.stage_downloads(ROOT, tmp_path)
    offered = re.findall(r'href="\.\./([^"]+)"', interoperability.downloads(BOOK))
    assert len(offered) == len(set(offered)) >= len(reference_courses(current_record())) + 2
    for path in offered:
        assert (tmp_path / path).is_file(), path
    with zipfile.ZipFile(tmp_path / "exports" / "petab.zip") as packed:
        for name in packed.namelist():
            assert packed.read(name) == (ROOT / "exports" / name).read_bytes()
        assert any(name.endswith("problem.yaml") for name in packed.namelist())


def test_staging_twice_gives_the_same_bytes_and_without_exports_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        interoperability.stage_downloads(ROOT, tmp_path / name)
    packs = [(tmp_path / name / "exports" / "petab.zip").read_bytes() for name in ("one", "two")]
    assert packs[0] == packs[1]
    interoperability.stage_downloads(tmp_path / "one" / "sbml", tmp_path / "three")
    assert not (tmp_path / "three").exists()


def test_the_tables_hold_every_course_state_and_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = interoperability.read_compared()
    text = interoperability.second_engine(BOOK)
    plain = text.replace("\N{SOFT HYPHEN}", "")
    header = " | ".join(
        course.name.replace("_", " ") for course in reference_courses(current_record())
    )
    for engine, found in made["engines"].items():
        assert f"{engine} {found['version']}:\n\n| state | {header} |" in plain
    shown = {state for of in found["differences"].values() for state in of}
    assert set(STATES) <= shown
    assert text.count("\n| ") == len(made["engines"]) * (len(shown) + 2)
    first = next(iter(made["engines"].values()))["differences"]["okt3_clinical"]
    first["IL6"] = 3.14e-6
    path = tmp_path / "compared.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    monkeypatch.setattr(interoperability.read_compared, "__defaults__", (path,))
    changed = interoperability.second_engine(BOOK)
    assert "3.14 × 10⁻⁶ in libroadrunner" in changed and "| 3100 |" in changed


def test_without_the_comparison_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="make exports"):
        interoperability.read_compared(tmp_path / "none.json")
    shutil.copy(ROOT / "exports" / "manifest.json", tmp_path / "other.json")
    with pytest.raises(InputError, match="make exports"):
        interoperability.read_compared(tmp_path / "other.json")
