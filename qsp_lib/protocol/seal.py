"""The held-back tables, and the one way to open them.

Three tables are kept apart so that what the model says about them is a prediction. The
repository holds their hashes (``data/sealed_tables.csv``), not their contents. A table is opened
by `open_table`, in this order and no other:

1. a lock record exists and carries the same hash of the table as the list here;
2. the file is at its known path and its bytes have that hash, checked before a line is parsed;
3. its rows are validated, and each is judged eligible or not by the rule fixed beforehand;
4. the verdicts are written beside the table;
5. only then is the prediction set beside the rows, and the outcome appended to the ledger.

`read` is the only function of the package that reads a held-back file, and inside
`forbid_opening` it refuses: calibration, development and locking run there.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol

from ..common import EvidenceError, SealError, code_digest, refuse_if_forbidden, write_text_atomic
from ..evidence import EvidenceRow, judge_eligibility, read_records, validate_row
from .ledger import LedgerEntry, append, read_ledger, require_entry, today

__all__ = [
    "JudgedRow",
    "LedgerEntry",
    "LockRecordLike",
    "SealedTable",
    "judge_eligibility",
    "judge",
    "known_path",
    "open_table",
    "opened_rows",
    "read",
    "read_ledger",
    "require_entry",
    "sealed_tables",
    "status",
]

_COLUMNS = ("table", "sha256", "path", "description")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PATH = re.compile(r"qsp_lib/data/held_back/[a-z0-9_]+\.csv")


class LockRecordLike(Protocol):
    """What opening needs of a lock record."""

    @property
    def version(self) -> str:
        """The record's version."""
        ...

    @property
    def digest(self) -> str:
        """The record's digest."""
        ...

    @property
    def sealed_hashes(self) -> Mapping[str, str]:
        """Name of each held-back table to the SHA-256 of its bytes."""
        ...


@dataclass(frozen=True)
class SealedTable:
    """A held-back table: its name, the SHA-256 of its bytes, its known path, what it holds."""

    name: str
    sha256: str
    path: str
    description: str


@dataclass(frozen=True)
class JudgedRow:
    """A row of an opened table with its verdict.

    `row` is None if the row could not be validated; it is then not eligible, and the reason says
    what was wrong with it.
    """

    id: str
    eligible: bool
    reason: str
    row: EvidenceRow | None


Evaluation = Callable[[tuple[JudgedRow, ...]], Mapping[str, Any]]


# ---------------------------------------------------------------- the list of tables


@lru_cache(maxsize=1)
def sealed_tables() -> Mapping[str, SealedTable]:
    """The held-back tables by name.

    Raises:
        SealError: If the packaged list cannot be read as one.
    """
    text = (resources.files("qsp_lib") / "data" / "sealed_tables.csv").read_text(encoding="utf-8")
    return read_sealed_tables(text)


def read_sealed_tables(text: str) -> Mapping[str, SealedTable]:
    """Read a list of held-back tables (CSV text: table, sha256, path, description).

    Raises:
        SealError: For other columns, a table listed twice, a hash that is not 64 hex digits, or a
            path outside the folder of held-back tables.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise SealError(f"The list has columns {reader.fieldnames}; expected {list(_COLUMNS)}.")
    tables: dict[str, SealedTable] = {}
    for line in reader:
        table = SealedTable(*(line[name] or "" for name in _COLUMNS))
        for given, pattern, wanted in (
            (table.name, _NAME, "a name in lower case"),
            (table.sha256, _SHA256, "a SHA-256 of 64 hex digits"),
            (table.path, _PATH, "a CSV file in the folder of held-back tables"),
        ):
            if not pattern.fullmatch(given):
                raise SealError(f"Sealed table {table.name!r}: {given!r} is not {wanted}.")
        if table.name in tables:
            raise SealError(f"Sealed table {table.name!r} is listed twice; expected once.")
        tables[table.name] = table
    return MappingProxyType(tables)


def known_path(
    name: str,
    *,
    directory: str | os.PathLike[str] | None = None,
    tables: Mapping[str, SealedTable] | None = None,
) -> Path:
    """Where a held-back table has to be put: in the package, or in `directory` if one is given.

    Raises:
        SealError: If no held-back table has this name.
    """
    table = _find(name, tables)
    if directory is not None:
        return Path(directory) / Path(table.path).name
    return Path(str(resources.files("qsp_lib"))).parent / table.path


def status(
    name: str,
    *,
    directory: str | os.PathLike[str] | None = None,
    ledger_path: str | os.PathLike[str] | None = None,
    tables: Mapping[str, SealedTable] | None = None,
) -> Literal["sealed", "opened"]:
    """``opened`` if the table's file is there and the ledger holds an evaluation of it.

    The file is looked for, not read.

    Raises:
        SealError: If no held-back table has this name, or the ledger cannot be read.
    """
    table = _find(name, tables)
    there = known_path(name, directory=directory, tables=tables).is_file()
    evaluated = any(
        entry.table == name and entry.table_sha256 == table.sha256
        for entry in read_ledger(ledger_path)
    )
    return "opened" if there and evaluated else "sealed"


# ---------------------------------------------------------------- the guard


# ---------------------------------------------------------------- reading and opening


def read(
    name: str,
    *,
    record: LockRecordLike | None,
    directory: str | os.PathLike[str] | None = None,
    tables: Mapping[str, SealedTable] | None = None,
) -> bytes:
    """The bytes of a held-back table, once everything that seals it has been checked.

    Raises:
        SealError: Inside `forbid_opening`; without a lock record; if the record's hash of the table
            is not the one listed; if the file is not at its known path; if its bytes have another
            hash.
    """
    refuse_if_forbidden(name)
    table = _find(name, tables)
    if record is None:
        raise SealError(
            f"Held-back table {name!r} was asked for without a lock record; lock the model first."
        )
    locked = record.sealed_hashes.get(name)
    if locked != table.sha256:
        held = f"hash {locked[:12]}" if locked else "no hash"
        raise SealError(
            f"Lock {record.version} carries {held} for table {name!r}; expected "
            f"{table.sha256[:12]}, as listed. The list or the record is not the one locked."
        )
    path = known_path(name, directory=directory, tables=tables)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SealError(
            f"Held-back table {name!r} is not at its known path; put the file at {path}."
        ) from None
    except OSError as problem:
        raise SealError(f"{path} cannot be read ({problem.strerror}); expected a file.") from None
    found = hashlib.sha256(data).hexdigest()
    if found != table.sha256:
        raise SealError(
            f"{path} has SHA-256 {found[:12]}...; expected {table.sha256[:12]}.... It is not the "
            "table that was sealed, and not a line of it was read."
        )
    return data


def judge(name: str, data: bytes) -> tuple[JudgedRow, ...]:
    """Validate each row of a table's bytes and give it its verdict by `eligibility`.

    A row that cannot be validated stays in the list, not eligible, with what is wrong with it.

    Raises:
        EvidenceError: If the table as a whole cannot be read: its columns, its encoding, an id
            twice.
    """
    judged = []
    for number, content in read_records(f"{name}.csv", data):
        try:
            row = validate_row(f"{name}.csv", number, content)
        except EvidenceError as problem:
            judged.append(JudgedRow(content["id"], False, f"refused: {problem}", None))
            continue
        judged.append(JudgedRow(row.id, *judge_eligibility(row), row))
    return tuple(judged)


def open_table(
    name: str,
    *,
    record: LockRecordLike | None,
    evaluate: Evaluation,
    directory: str | os.PathLike[str] | None = None,
    ledger_path: str | os.PathLike[str] | None = None,
    tables: Mapping[str, SealedTable] | None = None,
    code: str | None = None,
    date: str | None = None,
) -> LedgerEntry:
    """Open a held-back table, evaluate the prediction against it, and put it in the ledger.

    Args:
        record: the lock record the prediction was made from.
        evaluate: takes the judged rows and returns a summary (JSON; round its numbers). Called
            after the verdicts have been written.
        directory: where the file is; None means its known path in the package.
        ledger_path, tables, code, date: None means the packaged ledger and list, the digest of this
            package's code, and today.

    Returns:
        The new entry, or the one already there if this lock, table and code have been
            evaluated before and gave the same.

    Raises:
        SealError: As `read`; if the verdicts differ from those recorded at an earlier opening; if
            the same lock, table and code gave another summary.
        EvidenceError: If the table as a whole cannot be read.
    """
    data = read(name, record=record, directory=directory, tables=tables)
    assert record is not None  # read() refuses None
    rows = judge(name, data)
    path = known_path(name, directory=directory, tables=tables)
    _record_verdicts(path, rows)
    summary = dict(evaluate(rows))
    entry = LedgerEntry(
        lock_version=record.version,
        lock_digest=record.digest,
        table=name,
        table_sha256=hashlib.sha256(data).hexdigest(),
        code_digest=code_digest() if code is None else code,
        date=today() if date is None else date,
        summary=summary,
    )
    return append(entry, ledger_path)


def opened_rows(
    name: str,
    *,
    record: LockRecordLike | None,
    directory: str | os.PathLike[str] | None = None,
    ledger_path: str | os.PathLike[str] | None = None,
    tables: Mapping[str, SealedTable] | None = None,
) -> tuple[JudgedRow, ...]:
    """The judged rows of a table that has been opened, for a page that lists its sources.

    Raises:
        SealError: As `read`; or if the ledger holds no evaluation of the table under this lock.
    """
    data = read(name, record=record, directory=directory, tables=tables)
    assert record is not None  # read() refuses None
    require_entry(name, lock_digest=record.digest, path=ledger_path)
    return judge(name, data)


def _record_verdicts(table_path: Path, rows: tuple[JudgedRow, ...]) -> None:
    """Write ``<table>.eligibility.csv`` beside the table; refuse to change one that is there."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("id", "eligible", "reason"))
    writer.writerows((row.id, "yes" if row.eligible else "no", row.reason) for row in rows)
    path = table_path.with_name(f"{table_path.stem}.eligibility.csv")
    if path.exists() and path.read_text(encoding="utf-8") != buffer.getvalue():
        raise SealError(
            f"{path.name} holds other verdicts than the rule now gives; expected the rule to stay "
            "as it was when the table was first opened."
        )
    write_text_atomic(path, buffer.getvalue())


def _find(name: str, tables: Mapping[str, SealedTable] | None) -> SealedTable:
    known = sealed_tables() if tables is None else tables
    if name not in known:
        raise SealError(
            f"Held-back table {name!r} was asked for; expected one of {', '.join(known)}."
        )
    return known[name]
