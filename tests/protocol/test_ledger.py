"""The chain of the ledger: what a line has to follow, and what the first lines have to be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from qsp_lib.common.errors import SealError
from qsp_lib.protocol.ledger import (
    BEFORE_THE_CHAIN,
    LedgerEntry,
    append,
    entry_of,
    hash_of,
    read_ledger,
    require_entry,
    require_file,
)
from qsp_lib.protocol.places import PACKAGED, Places, Turn

OPENED = LedgerEntry("v1", "a" * 64, "t", "1" * 64, "c" * 64, "2026-12-01", {"n": 1})


@pytest.fixture
def turn(tmp_path: Path) -> Turn:
    """A turn at a copy of the package's ledger, as of lock v1 and its prediction."""
    places = Places(tmp_path)
    places.ledger.write_bytes(b"".join(PACKAGED.ledger.read_bytes().splitlines(True)[:2]))
    return Turn(places)


def lines(turn: Turn) -> list[str]:
    return turn.places.ledger.read_text().splitlines()


def test_the_two_lines_of_lock_v1_stay_byte_for_byte(turn: Turn) -> None:
    before = turn.places.ledger.read_bytes()
    append(OPENED, turn)
    append(replace(OPENED, table="u"), turn)
    assert turn.places.ledger.read_bytes().startswith(before)
    assert before.count(b"\n") == 2


def test_the_first_new_line_carries_the_hash_of_the_file_before_it(turn: Turn) -> None:
    assert hash_of(read_ledger(turn.places.ledger)) == BEFORE_THE_CHAIN
    first = append(OPENED, turn)
    second = append(replace(OPENED, table="u"), turn)
    assert first.previous == BEFORE_THE_CHAIN
    assert second.previous == first.own == json.loads(lines(turn)[2])["own"]
    assert len({first.own, second.own, BEFORE_THE_CHAIN}) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3254.12", "2000.0"),
        ("2026-11-22", "2026-11-21"),
        ('"v1"', '"v2"'),
        ("6a1beba6", "6a1beba7"),
    ],
)
def test_an_edit_of_the_lines_before_the_chain_is_refused_although_nothing_follows(
    turn: Turn, old: str, new: str
) -> None:
    text = turn.places.ledger.read_text()
    assert old in text
    turn.places.ledger.write_text(text.replace(old, new, 1))
    with pytest.raises(SealError, match="begins with lines that carry no hash"):
        read_ledger(turn.places.ledger)


def test_one_of_the_two_lines_alone_is_refused(turn: Turn) -> None:
    for kept in lines(turn):
        turn.places.ledger.write_text(kept + "\n")
        with pytest.raises(SealError, match="begins with lines that carry no hash"):
            read_ledger(turn.places.ledger)


def test_windows_line_ends_change_nothing(turn: Turn) -> None:
    append(OPENED, turn)
    before = read_ledger(turn.places.ledger)
    data = turn.places.ledger.read_bytes()
    turn.places.ledger.write_bytes(data.replace(b"\n", b"\r\n"))
    assert read_ledger(turn.places.ledger) == before
    append(replace(OPENED, table="u"), turn)
    assert read_ledger(turn.places.ledger)[:3] == before


@pytest.mark.parametrize("position", range(64))
def test_every_digit_of_a_hash_counts(turn: Turn, position: int) -> None:
    append(OPENED, turn)
    content = json.loads(lines(turn)[2])
    for name in ("previous", "own"):
        digits = content[name]
        other = "0" if digits[position] != "0" else "1"
        changed = digits[:position] + other + digits[position + 1 :]
        text = json.dumps(content | {name: changed})
        turn.places.ledger.write_text("\n".join([*lines(turn)[:2], text]) + "\n")
        with pytest.raises(SealError, match="line 3"):
            read_ledger(turn.places.ledger)


@pytest.mark.parametrize("position", range(64))
def test_every_digit_of_a_files_hash_counts(turn: Turn, tmp_path: Path, position: int) -> None:
    file = tmp_path / "lock-v2.json"
    file.write_text("{}\n")
    sha256 = "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356"
    other = "0" if sha256[position] != "0" else "1"
    wrong = sha256[:position] + other + sha256[position + 1 :]
    append(replace(OPENED, table=file.name, table_sha256=wrong, kind="lock"), turn)
    with pytest.raises(SealError, match="is not the file that was put on record"):
        require_file("lock", file, turn.places.ledger)


def test_the_newest_entry_is_taken_and_not_the_first(turn: Turn) -> None:
    for code, n in (("c" * 64, 1), ("d" * 64, 2)):
        append(replace(OPENED, code_digest=code, summary={"n": n}), turn)
    found = require_entry("t", lock_digest="a" * 64, path=turn.places.ledger)
    assert found.summary == {"n": 2}
    entries = [replace(OPENED, kind="lock", summary={"n": n}) for n in (1, 2)]
    assert entry_of("lock", "t", entries) == entries[1]
    assert entry_of("prediction", "t", entries) is None


def test_the_newest_of_equal_summaries_is_shown(turn: Turn) -> None:
    for code in ("c" * 64, "d" * 64):
        append(replace(OPENED, code_digest=code), turn)
    found = require_entry("t", lock_digest="a" * 64, summary={"n": 1}, path=turn.places.ledger)
    assert found.code_digest == "d" * 64


def test_a_line_that_was_torn_is_told_and_what_is_before_it_is_kept(turn: Turn) -> None:
    append(OPENED, turn)
    whole = turn.places.ledger.read_text()
    for cut in (1, 40, len(lines(turn)[2]) - 1):
        turn.places.ledger.write_text(whole[: -cut - 1])
        with pytest.raises(SealError, match="middle of line 3.*take the last one out, and run"):
            read_ledger(turn.places.ledger)
        with pytest.raises(SealError, match="middle of line 3"):
            append(replace(OPENED, table="u"), turn)
        assert turn.places.ledger.read_text() == whole[: -cut - 1], "nothing was written"
    turn.places.ledger.write_text("\n".join(lines(turn)[:2]) + "\n")  # as the message says
    append(OPENED, turn)
    assert turn.places.ledger.read_text() == whole


def test_a_whole_line_without_its_end_is_whole(turn: Turn) -> None:
    append(OPENED, turn)
    whole = turn.places.ledger.read_text()
    turn.places.ledger.write_text(whole.rstrip("\n"))
    assert len(read_ledger(turn.places.ledger)) == 3
    append(replace(OPENED, table="u"), turn)
    assert turn.places.ledger.read_text().startswith(whole)


def test_an_entry_dated_before_the_last_is_refused(turn: Turn) -> None:
    append(OPENED, turn)
    before = turn.places.ledger.read_bytes()
    with pytest.raises(SealError, match="set this machine's clock"):
        append(replace(OPENED, table="u", date="2026-11-30"), turn)
    assert turn.places.ledger.read_bytes() == before


def test_a_file_is_put_on_record_once(turn: Turn) -> None:
    lock = replace(OPENED, kind="lock", table="lock-v2.json")
    append(lock, turn)
    before = turn.places.ledger.read_bytes()
    with pytest.raises(SealError, match="lock-v2.json is put on record twice"):
        append(replace(lock, code_digest="d" * 64), turn)
    assert turn.places.ledger.read_bytes() == before


def test_a_line_of_a_newer_version_is_told(turn: Turn) -> None:
    entry = append(OPENED, turn)
    newer = json.dumps(json.loads(entry.line()) | {"signature": "x"})
    turn.places.ledger.write_text("\n".join([*lines(turn)[:2], newer]) + "\n")
    with pytest.raises(SealError, match="line 3.*newer version of this package"):
        read_ledger(turn.places.ledger)
