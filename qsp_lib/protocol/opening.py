"""How a held-back table is opened, in this order and no other:

1. every prediction that the lock record lists for the table is in the ledger, made from this
   record, and committed unchanged, as are the record and the ledger's lines about them;
2. the table's hash is checked (:func:`.seal.read`);
3. its rows are validated, and each is judged eligible or not by the rule fixed beforehand;
4. the verdicts are written beside the table;
5. only then is the prediction set beside the rows, and the outcome appended to the ledger.

Interrupted anywhere, the same command goes on from there. A rehearsal does the same on a made-up
table and writes nothing.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..common import InputError, SealError, code_digest, write_text_atomic
from .history import History, history_of
from .ledger import LedgerEntry, append, entry_of, file_hash, read_ledger, require_entry, today
from .places import PACKAGED, WAIT_S, Places, take_turn
from .seal import (
    JudgedRow,
    LockRecordLike,
    find,
    judge,
    known_path,
    read,
    rule_of,
    sealed_tables,
    verdicts_path,
)

Evaluation = Callable[[tuple[JudgedRow, ...]], Mapping[str, Any]]
MADE_UP = PACKAGED.data / "templates" / "made_up_outcomes.csv"
"""Rows that nobody measured, for a rehearsal of opening OKT3's outcomes."""
MADE_UP_ROWS: Mapping[str, Path] = {
    "okt3_outcomes": MADE_UP,
    "blinatumomab_step_dosing": MADE_UP.with_name("made_up_step_dosing.csv"),
    "external_drugs": MADE_UP.with_name("made_up_external_drugs.csv"),
}
"""Such rows for each held-back table."""


@dataclass(frozen=True)
class Opened:
    """What came of opening a table.

    Attributes:
        entry: its line in the ledger.
        new: whether the line was added now.
        finished: whether an interrupted opening had written the verdicts before.
    """

    entry: LedgerEntry
    new: bool
    finished: bool


@dataclass(frozen=True)
class Rehearsal:
    """What opening would come to, on a made-up table.

    Attributes:
        rows: its rows with their verdicts.
        summary: what the ledger would say.
        refusal: why the real table could not be opened now; empty if it could.
    """

    rows: tuple[JudgedRow, ...]
    summary: Mapping[str, Any]
    refusal: str


def open_table(
    name: str,
    *,
    record: LockRecordLike | None,
    evaluate: Evaluation,
    places: Places = PACKAGED,
    code: str | None = None,
    date: str | None = None,
    history: Callable[[Path], History] = history_of,
    wait_s: float = WAIT_S,
    ready: Callable[[], object] = lambda: None,
) -> Opened:
    """Open a held-back table, evaluate the prediction against it, and put it in the ledger.

    Args:
        record: the lock record the prediction was made from.
        evaluate: takes the judged rows and returns a summary (JSON; round its numbers). Called
            after the verdicts have been written.
        code, date: None means the digest of this package's code, and today.
        history: what git knows of a file.
        wait_s: how long to wait for another command's turn (s).
        ready: called once the predictions are known to be committed, and before the table is
            read; what it raises leaves the table sealed.

    Raises:
        SealError: As `read`; if a prediction is missing, changed or not committed; if the verdicts
            differ from those recorded at an earlier opening; if the same lock, table and code gave
            another summary.
        EvidenceError: If the table as a whole cannot be read.
        InputError: If another command has its turn for too long, or a file cannot be written.
    """
    find(name, places)
    if record is not None:
        require_predictions(name, record, places, history)
        ready()
    with take_turn(places, wait_s) as turn:
        data = read(name, record=record, places=places)
        assert record is not None  # read() refuses None
        rows = judge(name, data, rule_of(record, name))
        written_before = _record_verdicts(verdicts_path(name, places), rows)
        entry = LedgerEntry(
            lock_version=record.version,
            lock_digest=record.digest,
            table=name,
            table_sha256=hashlib.sha256(data).hexdigest(),
            code_digest=code_digest() if code is None else code,
            date=today() if date is None else date,
            summary=dict(evaluate(rows)),
        )
        before = read_ledger(places.ledger)
        kept = append(entry, turn)
        known = any(old.table == name for old in before)
        return Opened(kept, kept not in before, written_before and not known)


def rehearse(
    name: str,
    made_up: Path = MADE_UP,
    *,
    record: LockRecordLike,
    evaluate: Evaluation,
    places: Places = PACKAGED,
    history: Callable[[Path], History] = history_of,
) -> Rehearsal:
    """What opening would do, shown on a made-up table; nothing is written.

    Raises:
        SealError: If the made-up table is a held-back one, or the lock has nothing to set beside
            the real one.
        InputError: If there is no such file.
        EvidenceError: If it is no table.
    """
    tables = sealed_tables(places)
    refused = SealError(
        f"{made_up} is a held-back table; a rehearsal is for a made-up one, and this is not read."
    )
    if any(made_up.resolve() == known_path(table, places).resolve() for table in tables):
        raise refused
    try:
        data = made_up.read_bytes()
    except OSError as problem:
        raise InputError(
            f"{made_up} cannot be read ({problem.strerror}); name a table of made-up rows."
        ) from None
    if hashlib.sha256(data).hexdigest() in {table.sha256 for table in tables.values()}:
        raise refused
    _listed(name, record, places)
    try:
        require_predictions(name, record, places, history)
        refusal = ""
    except SealError as problem:
        refusal = str(problem)
    rows = judge(made_up.stem, data, rule_of(record, name))
    return Rehearsal(rows, dict(evaluate(rows)), refusal)


def require_predictions(
    name: str,
    record: LockRecordLike,
    places: Places = PACKAGED,
    history: Callable[[Path], History] = history_of,
) -> None:
    """Refuse a table until all that has to be predicted of it is on record and committed.

    Raises:
        SealError: What is missing, and what to do.
    """
    listed = _listed(name, record, places)
    entries = read_ledger(places.ledger)
    lock = entry_of("lock", f"lock-{record.version}.json", entries)
    if lock is None or lock.lock_digest != record.digest:
        raise SealError(
            f"Lock {record.version} ({record.digest[:12]}) is not in the ledger; a table is opened "
            "under a lock that is on record."
        )
    needed = [lock]
    for file in listed:
        path = places.predictions / file
        entry = entry_of("prediction", file, entries)
        if entry is None or not path.is_file():
            raise SealError(
                f"Table {name!r} is opened after every prediction that lock {record.version} lists "
                f"for it, and {file} is not {'in the ledger' if entry is None else 'there'}; "
                f"{'make it with lock predict' if entry is None else 'restore it'} first."
            )
        if entry.lock_digest != record.digest or entry.table_sha256 != file_hash(path):
            raise SealError(
                f"{file} is not what the ledger put on record for lock {record.version}; restore "
                "both from the repository."
            )
        needed.append(entry)
    _require_committed(needed, [places.predictions / file for file in listed], places, history)


def _listed(name: str, record: LockRecordLike, places: Places) -> tuple[str, ...]:
    """The predictions that a lock lists for a table; one for which it lists none is refused."""
    find(name, places)
    listed = record.predictions_for(name)
    if not listed:
        raise SealError(
            f"Lock {record.version} lists no prediction for table {name!r} and no rule by which a "
            "row of it would be eligible, so nothing could be set beside it. It is opened under a "
            "later lock that does."
        )
    return listed


def _require_committed(
    needed: list[LedgerEntry],
    predictions: list[Path],
    places: Places,
    history: Callable[[Path], History],
) -> None:
    """Refuse what the repository's history would not show to have come before the opening."""
    ledger = history(places.ledger)
    if ledger.why_not:
        raise SealError(
            f"A table is opened where the repository's history shows that the prediction came "
            f"first, and {ledger.why_not}. Open it in a clone of the repository, with git."
        )
    committed = (ledger.committed or "").splitlines()
    absent = [entry.table for entry in needed if entry.line() not in committed]
    record = places.locks / needed[0].table
    absent += [path.name for path in (record, *predictions) if not history(path).as_committed]
    if absent:
        names = ", ".join(dict.fromkeys(absent))
        raise SealError(
            f"Not committed as it stands, or not its line in {places.ledger.name}: {names}. Commit "
            "them before the table is opened, so that the history shows which came first."
        )


def opened_rows(
    name: str, *, record: LockRecordLike | None, places: Places = PACKAGED
) -> tuple[JudgedRow, ...]:
    """The judged rows of a table that has been opened, for a page that lists its sources.

    Raises:
        SealError: As `read`; or if the ledger holds no evaluation of the table under this lock.
    """
    data = read(name, record=record, places=places)
    assert record is not None  # read() refuses None
    require_entry(name, lock_digest=record.digest, path=places.ledger)
    return judge(name, data, rule_of(record, name))


def verdicts_text(rows: tuple[JudgedRow, ...]) -> str:
    """The verdicts on a table's rows as they are written beside it (CSV)."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("id", "eligible", "reason"))
    writer.writerows((row.id, "yes" if row.eligible else "no", row.reason) for row in rows)
    return buffer.getvalue()


def _record_verdicts(path: Path, rows: tuple[JudgedRow, ...]) -> bool:
    """Write the verdicts; refuse to change those that are there. Whether they were there."""
    text = verdicts_text(rows)
    if not path.exists():
        write_text_atomic(path, text)
        return False
    if path.read_text(encoding="utf-8") != text:
        raise SealError(
            f"{path.name} holds other verdicts than the rule now gives; expected the rule to stay "
            "as it was when the table was first opened."
        )
    return True
