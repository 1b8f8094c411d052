"""The turn to write: one at a time, told in a sentence when it lasts, and tidy behind the dead."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from qsp_lib.common.errors import InputError
from qsp_lib.protocol.ledger import LedgerEntry, append, read_ledger
from qsp_lib.protocol.places import Places, take_turn

ENTRY = LedgerEntry("v1", "a" * 64, "t", "1" * 64, "c" * 64, "2026-12-01", {"n": 1})


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def test_a_command_that_finds_another_at_work_gives_up_in_a_sentence(places: Places) -> None:
    taken, done = threading.Event(), threading.Event()

    def other() -> None:
        with take_turn(places):
            taken.set()
            done.wait(30)

    thread = threading.Thread(target=other)
    thread.start()
    try:
        assert taken.wait(30)
        with pytest.raises(InputError, match="has not ended within 0.1 s"), take_turn(places, 0.1):
            pytest.fail("it had no turn")
        append_would_need_it = read_ledger(places.ledger)  # readers take none
    finally:
        done.set()
        thread.join()
    assert append_would_need_it == ()
    with take_turn(places, 0.1) as turn:
        append(ENTRY, turn)


def test_nothing_is_added_to_the_data_by_a_turn(places: Places) -> None:
    with take_turn(places):
        assert list(places.data.iterdir()) == []
    assert list(places.data.iterdir()) == []


def test_what_the_dead_left_half_written_is_taken_away_and_nothing_else(places: Places) -> None:
    places.locks.mkdir()
    for name in (".lock-v2.json.abc.tmp", "lock-v1.json", ".hidden", "notes.tmp"):
        (places.locks / name).write_text("x")
    (places.data / ".ledger.jsonl.def.tmp").write_text("x")
    with take_turn(places):
        pass
    left = {path.name for path in places.locks.iterdir()}
    assert left == {"lock-v1.json", ".hidden", "notes.tmp"}
    assert not list(places.data.glob(".*.tmp"))
