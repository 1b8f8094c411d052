"""What has to come before a table is opened, and what a rehearsal shows without writing."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from protocol_bench import TABLE, Bench, all_committed, build, no_git

from qsp_lib.common.errors import InputError, SealError
from qsp_lib.protocol.blind_test import committed_prediction, evaluation
from qsp_lib.protocol.history import History, earlier_texts, history_of
from qsp_lib.protocol.lock import read_record, record_of
from qsp_lib.protocol.opening import MADE_UP, open_table, rehearse, require_predictions
from qsp_lib.protocol.places import Places
from qsp_lib.protocol.record import Record
from qsp_lib.protocol.seal import JudgedRow, known_path, sealed_tables, verdicts_path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture
def bench(built: Places, tmp_path: Path) -> Bench:
    """Everything done but the opening."""
    made = Bench.copy(built, tmp_path)
    made.ledger.write_text("".join(made.lines[:4]))
    verdicts_path(TABLE, made.places).unlink()
    return made


def lock(bench: Bench, version: str = "v2") -> Record:
    return read_record(bench.lock(version), against_code=False, places=bench.places)


def opened(bench: Bench, history=all_committed, table: str = TABLE):
    record = lock(bench)
    return open_table(
        table,
        record=record,
        evaluate=lambda rows: evaluation(committed_prediction(record, bench.places))(rows),
        places=bench.places,
        date="2026-12-03",
        history=history,
    )


def untouched(bench: Bench) -> bool:
    return len(bench.lines) <= 4 and not verdicts_path(TABLE, bench.places).exists()


def test_the_table_is_opened_once_its_prediction_is_committed(bench: Bench) -> None:
    first = opened(bench)
    assert first.new and not first.finished
    again = opened(bench)
    assert again.entry == first.entry and not again.new and not again.finished
    assert len(bench.lines) == 5


def test_an_opening_that_ended_after_the_verdicts_is_finished(bench: Bench) -> None:
    opened(bench)
    bench.ledger.write_text("".join(bench.lines[:4]))
    finished = opened(bench)
    assert finished.new and finished.finished


@pytest.mark.parametrize("table", ["blinatumomab_step_dosing", "external_drugs"])
def test_lock_v1_opens_one_table_and_no_other(table: str) -> None:
    record = record_of("v1")
    with pytest.raises(SealError, match=f"Lock v1 lists no prediction for table '{table}' and no"):
        require_predictions(table, record, history=all_committed)
    require_predictions(TABLE, record, history=all_committed)


def test_no_table_is_opened_before_its_prediction(bench: Bench) -> None:
    bench.ledger.write_text("".join(bench.lines[:3]))
    with pytest.raises(SealError, match="prediction-v2.json is not in the ledger; make it with lo"):
        opened(bench)
    assert untouched(bench)


def test_no_table_is_opened_without_the_predictions_file(bench: Bench) -> None:
    bench.prediction().unlink()
    with pytest.raises(SealError, match="prediction-v2.json is not there; restore it first"):
        opened(bench)
    assert untouched(bench)


def test_no_table_is_opened_with_an_edited_prediction(bench: Bench) -> None:
    bench.predicted(lambda c: c.update(draws=9))
    with pytest.raises(SealError, match="prediction-v2.json is not what the ledger put on record"):
        opened(bench)
    assert untouched(bench)


def test_no_table_is_opened_with_one_of_several_predictions(bench: Bench) -> None:
    both = ["prediction-v2.json", "population-v2.json"]
    bench.record(lambda c: c["predictions"].update({TABLE: both}))
    with pytest.raises(SealError, match="population-v2.json is not in the ledger"):
        opened(bench)
    assert untouched(bench)


def test_no_table_is_opened_under_a_record_that_is_not_in_the_ledger(bench: Bench) -> None:
    record = lock(bench)
    bench.ledger.write_text("".join(bench.lines[:2]))
    with pytest.raises(SealError, match="Lock v2 .* is not in the ledger"):
        require_predictions(TABLE, record, bench.places, all_committed)


def test_no_table_is_opened_where_there_is_no_history(bench: Bench) -> None:
    with pytest.raises(SealError, match="there is no repository here.*Open it in a clone"):
        opened(bench, no_git)
    assert untouched(bench)


@pytest.mark.parametrize("name", ["lock-v2.json", "prediction-v2.json", "ledger.jsonl"])
@pytest.mark.parametrize("committed", [None, "another text\n"])
def test_no_table_is_opened_before_all_is_committed(
    bench: Bench, name: str, committed: str | None
) -> None:
    def history(path: Path) -> History:
        return History(path, committed) if path.name == name else all_committed(path)

    with pytest.raises(SealError, match="Commit them before the table is opened"):
        opened(bench, history)
    assert untouched(bench)


def test_the_lines_of_the_ledger_have_to_be_committed(bench: Bench) -> None:
    def history(path: Path) -> History:
        asked = all_committed(path)
        if path != bench.ledger:
            return asked
        return replace(asked, committed="".join(bench.lines[:3]))

    with pytest.raises(SealError, match="not its line in ledger.jsonl: prediction-v2.json"):
        opened(bench, history)


# ---------------------------------------------------------------- git itself


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_git_is_asked_what_it_knows_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "inner" / "a.txt"
    file.parent.mkdir()
    file.write_text("one\n")
    assert "not a git repository" in history_of(file).why_not
    assert earlier_texts(file) == ()
    git(tmp_path, "init", "-q")
    assert "with a commit" in history_of(file).why_not
    (tmp_path / "other").write_text("")
    git(tmp_path, "add", "other")
    git(tmp_path, "commit", "-qm", "other")
    assert history_of(file) == History(file, None)
    git(tmp_path, "add", ".")
    assert history_of(file).committed is None, "what is only staged is not committed"
    git(tmp_path, "commit", "-qm", "one")
    assert history_of(file).as_committed
    file.write_bytes(b"one\r\n")
    assert history_of(file).as_committed
    file.write_text("two\n")
    assert history_of(file).committed == "one\n" and not history_of(file).as_committed
    git(tmp_path, "commit", "-qam", "two")
    assert earlier_texts(file) == ("one\n", "two\n")


def test_without_git_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git cannot be asked" in history_of(tmp_path / "a.txt").why_not


# ---------------------------------------------------------------- the rehearsal


def counted(rows: tuple[JudgedRow, ...]) -> dict[str, int]:
    return {"rows": len(rows), "eligible": sum(row.eligible for row in rows)}


def everything(bench: Bench) -> dict[str, bytes]:
    files = (path for path in bench.places.data.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files}


def test_a_rehearsal_judges_made_up_rows_and_writes_nothing(bench: Bench) -> None:
    before = everything(bench)
    known_path(TABLE, bench.places).unlink()
    sealed = bench.places.sealed_list
    sealed.write_text(
        sealed.read_text().replace(sealed_tables(bench.places)[TABLE].sha256, "0" * 64)
    )
    sealed_tables.cache_clear()
    shown = rehearse(
        TABLE, record=lock(bench), evaluate=counted, places=bench.places, history=all_committed
    )
    assert shown.summary == {"rows": 5, "eligible": 3} and shown.refusal == ""
    after = everything(bench)
    assert {name for name in before if before[name] != after.get(name)} == {
        str(known_path(TABLE, bench.places)),
        str(sealed),
    }


def test_a_rehearsal_says_why_the_table_itself_would_be_refused(
    bench: Bench, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text(MADE_UP.read_text().replace("MU005", "MU006"))
    shown = rehearse(
        TABLE, mine, record=lock(bench), evaluate=counted, places=bench.places, history=no_git
    )
    assert "Open it in a clone of the repository" in shown.refusal
    with pytest.raises(SealError, match="lists no prediction"):
        rehearse("external_drugs", mine, record=lock(bench), evaluate=counted, places=bench.places)


def test_a_rehearsal_is_not_a_way_to_read_a_held_back_table(bench: Bench, tmp_path: Path) -> None:
    table = known_path(TABLE, bench.places)
    elsewhere, linked = tmp_path / "copy.csv", tmp_path / "link.csv"
    shutil.copy(table, elsewhere)
    linked.symlink_to(table)
    for path in (table, elsewhere, linked):
        with pytest.raises(SealError, match="is a held-back table; a rehearsal is for a made-up"):
            rehearse(
                TABLE,
                path,
                record=lock(bench),
                evaluate=lambda rows: pytest.fail("it was evaluated"),
                places=bench.places,
                history=all_committed,
            )


def test_a_rehearsal_of_nothing_is_refused(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read .*; name a table of made-up rows"):
        rehearse(
            TABLE,
            tmp_path / "none.csv",
            record=lock(bench),
            evaluate=counted,
            places=bench.places,
            history=all_committed,
        )


def test_the_rows_that_come_along_say_that_they_are_made_up() -> None:
    text = MADE_UP.read_text().splitlines()
    assert all("made up; no measurement" in row for row in text[1:])
    assert json.dumps(text).count("Made up for a rehearsal") == len(text) - 1
