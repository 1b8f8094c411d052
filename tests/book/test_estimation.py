"""The page's pieces on estimation say what the files say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from book.pages import estimation
from book.pages.estimation import petab_problems, read_evaluated, second_verdicts
from book.pages.fragments import FRAGMENTS, BookData
from qsp_lib.analyses.second_profiler import read_verdicts
from qsp_lib.common.errors import InputError
from qsp_lib.export import petab
from qsp_lib.protocol.lock import current_record

BOOK = BookData(Path("."), {})


def test_both_are_fragments() -> None:
    assert FRAGMENTS["petab"] is petab_problems
    assert FRAGMENTS["second_verdicts"] is second_verdicts


def test_every_observation_that_is_left_out_has_its_row() -> None:
    text = petab_problems(BOOK)
    for one in petab.left_out(current_record()):
        assert f"| `{one.observation.id}` |" in text
    assert text.count("| PEtab ") == 2


def test_every_verdict_has_its_row() -> None:
    text = second_verdicts(BOOK)
    found = read_verdicts(current_record()).verdicts
    rows = [line for line in text.splitlines() if line.startswith("| $")]
    assert len(rows) == sum(map(len, found.values())) == 9
    same = sum(ours == theirs for ours, theirs in map(_verdicts, rows))
    assert f"{same} of 9 verdicts are the same" in text


def _verdicts(row: str) -> tuple[str, str]:
    cells = [cell.strip() for cell in row.split("|")]
    return cells[3], cells[5]


def test_a_verdict_that_differs_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Profiles and verdicts that agree, and one of the verdicts turned into another."""
    kept, second = (
        estimation.read_kept(current_record()),
        estimation.read_verdicts(current_record()),
    )
    agreed = {
        setting: {
            name: replace(found, verdict=kept.profiles[setting][name].verdict)
            for name, found in names.items()
        }
        for setting, names in second.verdicts.items()
    }
    monkeypatch.setattr(estimation, "read_verdicts", lambda _: replace(second, verdicts=agreed))
    assert "9 of 9 verdicts are the same" in second_verdicts(BOOK)
    one = agreed["pair"]["k_fb"]
    other = next(verdict for verdict in type(one.verdict) if verdict is not one.verdict)
    agreed["pair"]["k_fb"] = replace(one, verdict=other)
    assert "8 of 9 verdicts are the same" in second_verdicts(BOOK)


def test_a_missing_or_broken_evaluation_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "petab_objective.json"
    for text in (None, "{", "[]", json.dumps({"versions": {}})):
        if text is not None:
            path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="make it with 'make exports'"):
            read_evaluated(path)
