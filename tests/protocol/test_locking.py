"""Making a lock: another one made meanwhile, and one that an interrupted run left unrecorded."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from as_of_lock_v1 import cut_back
from protocol_bench import cut_back_copy, put_on_record, second_lock

from qsp_lib.common.errors import LockError
from qsp_lib.protocol import locking
from qsp_lib.protocol.ledger import read_ledger
from qsp_lib.protocol.lock import current_record, lock_path, recorded_versions, write_record
from qsp_lib.protocol.locking import make_lock
from qsp_lib.protocol.places import PACKAGED, Places, take_turn
from qsp_lib.protocol.record import digest_of
from qsp_lib.protocol.seal import sealed_tables

DATE, REASON = "2026-12-01", "made by a test"
Composing = Callable[[Callable[[], dict[str, Any]]], None]


@pytest.fixture
def content() -> dict[str, Any]:
    return second_lock({name: table.sha256 for name, table in sealed_tables().items()})


@pytest.fixture
def composing(monkeypatch: pytest.MonkeyPatch) -> Composing:
    """Lets a lock be composed in an instant."""

    def by(act: Callable[[], dict[str, Any]]) -> None:
        monkeypatch.setattr(locking, "read_development", lambda *_: None)
        monkeypatch.setattr(locking, "compose_developed", lambda *_: (act(), ""))

    current_record.cache_clear()
    return by


def test_a_lock_that_was_made_meanwhile_is_named(
    composing: Composing, content: dict[str, Any], tmp_path: Path
) -> None:
    # before there is any, and before there is a second one
    first, second = Places(tmp_path / "none"), cut_back_copy(tmp_path / "one")
    first.locks.mkdir(parents=True)

    def v1() -> dict[str, Any]:
        shutil.copy(lock_path("v1"), first.locks)
        shutil.copy(PACKAGED.ledger, first.ledger)
        cut_back(first.data)
        return content | {"version": "v1"}

    def v2() -> dict[str, Any]:
        put_on_record(content, second)
        return content

    for places, other, version in ((first, v1, "v1"), (second, v2, "v2")):
        composing(other)
        before = len(recorded_versions(places))
        with pytest.raises(LockError, match=f"lock {version} was put on record while this one"):
            make_lock(REASON, DATE, places)
        assert len(recorded_versions(places)) == before + 1


@pytest.mark.parametrize(("factor", "same"), [(1 + 3e-5, True), (1 + 3e-4, False), (1.5, False)])
def test_a_record_left_unrecorded_is_taken_if_a_fit_made_again_comes_to_it(
    composing: Composing, content: dict[str, Any], tmp_path: Path, factor: float, same: bool
) -> None:
    places = cut_back_copy(tmp_path / "data")
    with take_turn(places) as turn:
        path = write_record(content | {"digest": digest_of(content)}, turn)
    fitted = copy.deepcopy(content)
    fitted["posterior"]["cost"] *= factor
    composing(lambda: fitted)
    if not same:
        with pytest.raises(LockError, match=r"lock-v2\.json is there, .*not what is computed now"):
            make_lock(REASON, DATE, places)
        assert recorded_versions(places) == ("v1",)
        return
    assert make_lock(REASON, DATE, places).finished
    # what is on record is what was written, to the last digit
    newest = read_ledger(places.ledger)[-1]
    assert (newest.lock_version, newest.lock_digest) == ("v2", digest_of(content))
    assert path.is_file()
