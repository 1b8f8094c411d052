"""Every record is set beside what it was made from, older ones too, and what cannot be is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cases import quick
from copied_package import copied_package
from protocol_bench import no_git

import qsp_lib
from qsp_lib.protocol import inputs, record, verification
from qsp_lib.protocol.findings import DIFFERS, NOT_NAMED, SAME, UNTOLD, Finding
from qsp_lib.protocol.inputs import BYTES_ONLY, no_longer_verified
from qsp_lib.protocol.lock import record_of, versions
from qsp_lib.protocol.places import PACKAGED
from qsp_lib.protocol.record import Record, comparisons

NOT_HERE = {
    "eligibility": UNTOLD,
    "class_defaults.toml": NOT_NAMED,
    "code of the checks": NOT_NAMED,
}
"""What of lock v1 cannot be verified any more."""


@pytest.fixture(scope="module")
def v1() -> Record:
    return record_of("v1")


def made_from(held: Record, *, newest: bool = False) -> dict[str, Finding]:
    found = verification._made_from(held, PACKAGED, newest=newest)
    return {finding.what.removeprefix(f"lock {held.version}: "): finding for finding in found}


def differing(held: Record) -> list[str]:
    return [name for name, finding in made_from(held).items() if finding.verdict == DIFFERS]


def test_of_lock_v1_all_is_the_same_but_what_cannot_be_told(v1: Record) -> None:
    found = made_from(v1)
    assert {name: f.verdict for name, f in found.items() if f.verdict != SAME} == NOT_HERE
    named = [check.name.removeprefix("the ") for check in comparisons(v1.content)]
    assert list(found) == [*named, "class_defaults.toml", "code of the checks"]
    assert {"equations", *v1.content["digests"]} <= set(found)
    for name, verdict in NOT_HERE.items():
        assert "history of the repository" in found[name].detail, verdict


def test_every_record_is_set_beside_what_it_was_made_from(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("computed_again", "_prediction", "kept_results"):
        monkeypatch.setattr(verification, name, lambda *_, **__: ())
    found = verification.verify_records(history=no_git, earlier=lambda path: ())
    for version in versions():
        (equations,) = [f for f in found if f.what == f"lock {version}: equations"]
        assert equations.verdict == SAME
    assert [f.what for f in found if f.verdict == NOT_NAMED] == [
        f"lock v1: {name}" for name, verdict in NOT_HERE.items() if verdict == NOT_NAMED
    ]


def test_a_changed_drug_of_lock_v1_differs(v1: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    load = inputs.load_drug

    def heavier(name: str, **options: Any) -> Any:
        drug = load(name, **options)
        return replace(drug, inputs=replace(drug.inputs, weight_kg=70.5))

    monkeypatch.setattr(inputs, "load_drug", heavier)
    assert [name for name in differing(v1) if "okt3" in name] == ["drug okt3"]


def test_changed_equations_of_lock_v1_differ(v1: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out = record.equations_digest

    def other(feedback: str, *t_cells: str) -> str:  # lock v1 alone names no T-cell part
        return worked_out(feedback, *t_cells) if t_cells else "a" * 64

    monkeypatch.setattr(record, "equations_digest", other)
    assert differing(v1) == ["equations"]
    assert differing(record_of("v2")) == []


def test_a_table_held_back_since_concerns_the_newest_record_alone(
    v1: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = record.sealed_tables(PACKAGED)
    more = {**listed, "newer": next(iter(listed.values()))}
    monkeypatch.setattr(record, "sealed_tables", lambda places: more)
    assert "held-back table newer" not in made_from(v1)
    assert made_from(v1, newest=True)["held-back table newer"].verdict == DIFFERS


def test_what_can_no_longer_be_verified_is_told_by_version() -> None:
    assert {name: bool(why) for name, why in no_longer_verified("v1").items()} == dict.fromkeys(
        NOT_HERE, True
    )
    assert no_longer_verified("v1")["eligibility"] == BYTES_ONLY["v1", "eligibility"]
    assert no_longer_verified("v2") == {}


# ---------------------------------------------------------------- in a copy of the package

LOOK = """
import json
from qsp_lib.protocol import verification
from qsp_lib.protocol.lock import record_of
from qsp_lib.protocol.places import PACKAGED
told = [f for v in ("v1", "v2") for f in verification._made_from(
    record_of(v) if v == "v1" else verification.read_record(
        verification.lock_path(v), against_code=False), PACKAGED, newest=v == "v2")]
print(json.dumps([f.what for f in told if f.verdict == "DIFFERS"]))
"""
EDITS = {
    "nothing": ("", "", "", []),
    "the weight of an OKT3 patient": (
        "data/drugs/okt3.toml",
        "weight = { value = 70,",
        "weight = { value = 70.5,",
        ["lock v1: drug okt3"],
    ),
    "a table": (
        "data/evidence/potency.csv",
        "PO002,blinatumomab",
        "PO002,blinatumomab (free)",
        ["lock v1: evidence", "lock v2: evidence/potency.csv"],
    ),
    "engagement of lock v1": (
        "model/parts/t_cells.py",
        "return hill(C, p.EC50, p.h)",
        "return hill(C, 2 * p.EC50, p.h)",
        ["lock v1: equations"],
    ),
}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = copied_package(tmp_path_factory.mktemp("copied"), {})
    shutil.copytree(Path(qsp_lib.__file__).parent / "data", folder / "qsp_lib" / "data")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.thorough
@pytest.mark.parametrize("edit", quick(EDITS, few=[]))
def test_an_edited_package_differs_from_the_records_made_with_it(copied: Path, edit: str) -> None:
    file, old, new, expected = EDITS[edit]
    path = copied / "qsp_lib" / file
    text = path.read_text(encoding="utf-8") if file else ""
    if file:
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")  # the first part is v1's
    try:
        run = subprocess.run(
            [sys.executable, "-c", LOOK],
            cwd=copied,
            env=os.environ | {"PYTHONPATH": str(copied)},
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        if file:
            path.write_text(text, encoding="utf-8")
    assert json.loads(run.stdout) == expected
