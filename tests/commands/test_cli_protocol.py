"""The commands that put something on record, on a made-up table and folders of their own."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qsp_lib.__main__ import main
from qsp_lib.protocol import blind_test, ledger, lock, locking, seal
from qsp_lib.protocol.blind_test import evaluation
from qsp_lib.protocol.lock import Record, current_record
from qsp_lib.protocol.seal import JudgedRow


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger in another folder than the package's."""
    monkeypatch.setattr(ledger, "default_ledger_path", lambda: tmp_path / "ledger.jsonl")
    return tmp_path


def test_a_new_lock_is_made_with_its_reason(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def make(reason: str, date: str, executor: Any) -> Path:
        asked.append((reason, executor))
        return elsewhere / "lock-v9.json"

    record = SimpleNamespace(digest="f" * 64)
    monkeypatch.setattr(locking, "make_lock", make)
    monkeypatch.setattr(lock, "read_record", lambda path, **_: record)
    assert main(["lock", "make", "--reason", "a test", "--workers", "1"]) == 0
    assert asked == [("a test", None)]
    assert capsys.readouterr().out == f"wrote lock-v9.json: digest {'f' * 64}\n"


def test_the_prediction_is_made_once(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(blind_test, "commit_prediction", lambda record: elsewhere / "p.json")
    assert main(["lock", "predict"]) == 0
    assert "wrote p.json; commit it" in capsys.readouterr().out
    monkeypatch.undo()
    assert main(["lock", "predict"]) == 1
    assert "is on file and is never made again" in capsys.readouterr().err


def test_a_table_is_opened_and_the_verdicts_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = {"comparison": {"TNF": {"predicted_median": 3.0, "verdict": "pass"}}}
    given: list[Any] = []

    def opened(name: str, *, record: Record, evaluate: Any) -> Any:
        given.append((name, record.version, evaluate(())))
        return SimpleNamespace(table=name, lock_version="v1", date="2026-01-01", summary=summary)

    monkeypatch.setattr(seal, "open_table", opened)
    assert main(["open", "okt3_outcomes"]) == 0
    printed = capsys.readouterr().out
    assert "okt3_outcomes opened against lock v1 on 2026-01-01" in printed
    assert "okt3_outcomes.eligibility.csv" in printed and "TNF: predicted 3.0, pass" in printed
    name, version, made = given[0]
    assert (name, version) == ("okt3_outcomes", current_record().version)
    assert (made["rows"], made["eligible"]) == (0, 0)


def test_a_table_that_is_not_there_is_refused_and_nothing_is_recorded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = ledger.default_ledger_path().read_bytes()
    assert main(["open", "external_drugs"]) == 1
    assert "is not at its known path" in capsys.readouterr().err
    assert ledger.default_ledger_path().read_bytes() == before


def test_an_evaluation_counts_rows_and_rounds_numbers() -> None:
    peaks = {name: {"peak": {"median": 1234.56789}} for name in ("TNF", "IFN", "IL6")}
    evaluate = evaluation({"arms": {"okt3": peaks}})
    made = evaluate((JudgedRow("MU001", False, "made up", None),))
    assert (made["rows"], made["eligible"]) == (1, 0)
    comparison = json.loads(json.dumps(made["comparison"]))
    assert {row["predicted_median"] for row in comparison.values()} == {1234.57}
    assert {row["verdict"] for row in comparison.values()} == {"no eligible row"}


def test_before_there_is_a_lock_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock, "versions", lambda: ())
    assert main(["lock", "verify"]) == 0
    assert capsys.readouterr().out == "there is no lock record yet\n"
