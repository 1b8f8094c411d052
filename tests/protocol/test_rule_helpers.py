"""What the rules call has a digest of its own, and a change of it does not go unseen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cases import quick

from qsp_lib.protocol import inputs, rule_helpers, verification
from qsp_lib.protocol.findings import DIFFERS, SAME
from qsp_lib.protocol.inputs import check_inputs, input_digests
from qsp_lib.protocol.lock import current_record
from qsp_lib.protocol.rule_helpers import HELPERS, HELPERS_DIGEST, helpers_digest

CHANGES = [
    ("evidence/row.py", 'return self.verified == "yes"', 'return self.verified != "no"'),
    ("evidence/units.py", ".dimension == _parse_unit(other)", ".dimension <= _parse_unit(other)"),
    ("model/severity.py", "(base + np.maximum(peak, 0.0)) / base", "np.maximum(peak, 0.0) / base"),
    ("model/severity.py", "AREA_H = 72.0", "AREA_H = 48.0"),
    ("model/severity.py", 'trajectory.peak("S", from_h)', 'trajectory.peak("S")'),
    ("model/trajectory.py", "higher = inner_value > value", "higher = inner_value < value"),
    ("model/trajectory.py", "(3 - 2 * s) * f1", "(3 - 2 * s) * f0"),
]
OTHERS = [
    ("evidence/row.py", 'words = self.source.rstrip(".")', "words = self.source"),
    ("evidence/units.py", 'match[2].startswith(",")', 'match[2].startswith(";")'),
    ("evidence/units.py", '"pt": "patient_count"', '"pt": "patient_count", "pupil": ""'),
    ("model/severity.py", "tie: float = TIE", "tie: float = 2 * TIE"),
]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the files that the digest is taken of."""
    root = Path(rule_helpers.__file__).parents[1]
    for file in HELPERS:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(root / file, tmp_path / file)
    monkeypatch.setattr(rule_helpers, "files", lambda package: tmp_path)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_what_the_rules_call_is_what_is_kept_of_it() -> None:
    assert helpers_digest() == HELPERS_DIGEST
    found = verification._helpers_of_rules()
    assert (found.what, found.verdict) == ("helpers of the rules", SAME)


@pytest.mark.parametrize(("file", "old", "new"), quick(CHANGES, few=CHANGES[:3]))
def test_a_changed_helper_differs(copied: Path, file: str, old: str, new: str) -> None:
    assert helpers_digest() == HELPERS_DIGEST
    change(copied / file, old, new)
    found = verification._helpers_of_rules()
    assert (found.verdict, helpers_digest() == HELPERS_DIGEST) == (DIFFERS, False)


@pytest.mark.parametrize(("file", "old", "new"), quick(OTHERS, few=OTHERS[:1]))
def test_what_the_rules_do_not_call_changes_nothing(
    copied: Path, file: str, old: str, new: str
) -> None:
    change(copied / file, old, new)
    assert helpers_digest() == HELPERS_DIGEST


def test_the_next_lock_names_it_and_a_record_that_does_not_is_not_concerned() -> None:
    name = "helpers of the rules"
    assert input_digests("v2")[name] == HELPERS_DIGEST
    record = current_record()
    assert name not in record.content["digests"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "RULES", {**inputs.RULES, name: lambda: "0" * 64})
        assert all(check.same for check in check_inputs("v2", record.content["digests"]))
        (other,) = check_inputs("v3", {name: HELPERS_DIGEST})
        assert not other.same
