"""Results and exports that are not of the lock record on file, or do not hold its values."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cases import quick

from qsp_lib.chapters.derived import results_findings
from qsp_lib.chapters.notebooks import ROOT
from qsp_lib.common.text import canonical_json
from qsp_lib.export.everything import MANIFEST
from qsp_lib.export.verifying import findings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the committed results and exports."""
    for name in ("results", "exports"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def wrong(root: Path) -> list[str]:
    found = (*results_findings(root), *findings(root))
    return [f"{finding.what}: {finding.detail}" for finding in found if finding.wrong]


def edited(name: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def act(root: Path) -> None:
        content = json.loads((root / name).read_text())
        change(content)
        (root / name).write_text(json.dumps(content))

    return act


def exported(name: str, old: str, new: str, *, signed: bool) -> Callable[[Path], None]:
    """A file of the exports edited; signed: the manifest made to fit."""

    def act(root: Path) -> None:
        path, manifest = root / "exports" / name, root / "exports" / MANIFEST
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        if signed:
            content = json.loads(manifest.read_text())
            content["files"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
            manifest.write_text(canonical_json(content))

    return act


def okt3(content: dict[str, Any]) -> Any:
    return content["values"]["prediction"]["arms"]["okt3"]


def test_nothing_is_wrong_before(root: Path) -> None:
    assert wrong(root) == []
    assert any("prediction" in finding.detail for finding in results_findings(root))


WAYS: dict[str, tuple[Callable[[Path], None], str]] = {
    "results of another record": (
        edited("results/04_rescue.json", lambda c: c["lock"].update(digest="0" * 64)),
        "results 04_rescue: they name a lock record that is not in the ledger",
    ),
    "results of another version": (
        edited("results/04_rescue.json", lambda c: c["lock"].update(version="v3")),
        "not in the ledger",
    ),
    "results of another day": (
        edited("results/04_rescue.json", lambda c: c["lock"].update(date="2026-11-23")),
        "not in the ledger",
    ),
    "results that name no record": (
        edited("results/04_rescue.json", lambda c: c.update(lock="v1")),
        "not in the ledger",
    ),
    "a locked value in the results": (
        edited("results/02_locking.json", lambda c: c["values"]["network"].update(K_M=1.0)),
        "network/K_M is 1.0",
    ),
    "a boundary in the results": (
        edited("results/02_locking.json", lambda c: c["values"]["boundaries"].update(grade_4=2.0)),
        "boundaries/grade_4 is 2.0",
    ),
    "a predicted number in the results": (
        edited(
            "results/03_blind_prediction.json",
            lambda c: okt3(c)["IL6"]["peak"].update(median=2000.0),
        ),
        "peak/median is 2000.0",
    ),
    "a seal in the results": (
        edited(
            "results/03_blind_prediction.json",
            lambda c: c["values"]["sealed"].update(external_drugs="0" * 64),
        ),
        "sealed/external_drugs",
    ),
    "results that are none": (
        lambda root: (root / "results" / "04_rescue.json").write_text("{"),
        "is not JSON",
    ),
    "exports of another record": (
        edited("exports/manifest.json", lambda c: c["lock"].update(digest="0" * 64)),
        "exports: lock is",
    ),
    "an exported value": (
        exported("sbml/network.xml", "1608.39", "1708.39", signed=False),
        "sbml/network.xml is not as exported",
    ),
    "an exported value, signed": (
        exported("sbml/network.xml", "1608.39", "1708.39", signed=True),
        "sbml/network.xml/k_fb is 1708.39",
    ),
    "a value of the exported fit, signed": (
        exported("petab/v1/parameters.tsv", "9467.14", "9567.14", signed=True),
        "petab/v1/parameters.tsv/k_IFN is 9567.14",
    ),
    "a value of the exported fit in its other form, signed": (
        exported("petab/v2/parameters.tsv", "3.97621", "3.87621", signed=True),
        "petab/v2/parameters.tsv/log10_k_IFN is 3.87621",
    ),
    "an export gone": (
        lambda root: (root / "exports" / "sbml" / "network.xml").unlink(),
        "sbml/network.xml is missing",
    ),
}


@pytest.mark.parametrize("way", quick(WAYS, few=[*WAYS][::3]))
def test_it_is_noticed(root: Path, way: str) -> None:
    act, words = WAYS[way]
    act(root)
    told = wrong(root)
    assert any(words in one for one in told), told


def test_a_checkout_without_exports_has_nothing_to_find(root: Path) -> None:
    shutil.rmtree(root / "exports")
    assert findings(root) == ()
