"""The held-back tables: their list, their state, and the one function that reads them.

Three tables are kept apart so that what the model says about them is a prediction. The
repository holds their hashes (``data/sealed_tables.csv``), not their contents. `read` is the only
function of the package that reads a held-back file: a lock record has to carry the same hash of
the table as the list here, and the bytes at the known path have to have that hash, checked before
a line is parsed. Inside `forbid_opening` it refuses: calibration, development and locking run
there. How a table is opened stands in :mod:`.opening`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol

from ..common import EvidenceError, SealError, refuse_if_forbidden
from ..evidence import EvidenceRow, judge_eligibility, read_records, validate_row
from ..scoring import RowRule, Rules, Target, Verdict, row_rule
from .ledger import read_ledger
from .places import PACKAGED, Places

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

    @property
    def scoring(self) -> Mapping[str, Any]:
        """Rules by which rows are judged and scored; empty for a lock that was made before them."""
        ...

    def predictions_for(self, table: str) -> tuple[str, ...]:
        """Files of the predictions that come before a table is opened."""
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
    what was wrong with it. `target` is what an eligible row is set beside, where the rule says so.
    """

    id: str
    eligible: bool
    reason: str
    row: EvidenceRow | None
    target: Target | None = None


# ---------------------------------------------------------------- the list of tables


@lru_cache(maxsize=8)
def sealed_tables(places: Places = PACKAGED) -> Mapping[str, SealedTable]:
    """The held-back tables by name.

    Raises:
        SealError: If the list cannot be read as one.
    """
    try:
        text = places.sealed_list.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise SealError(
            f"The list of held-back tables, {places.sealed_list.name}, cannot be read ({problem}); "
            "restore it."
        ) from None
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


def known_path(name: str, places: Places = PACKAGED) -> Path:
    """Where a held-back table has to be put.

    Raises:
        SealError: If no held-back table has this name.
    """
    return places.data / Path(find(name, places).path).relative_to("qsp_lib/data")


def verdicts_path(name: str, places: Places = PACKAGED) -> Path:
    """Where the verdicts on a table's rows are written: beside it."""
    table = known_path(name, places)
    return table.with_name(f"{table.stem}.eligibility.csv")


def status(name: str, places: Places = PACKAGED) -> Literal["sealed", "opened"]:
    """``opened`` if the table's file is there and the ledger holds an evaluation of it.

    The file is looked for, not read.

    Raises:
        SealError: If no held-back table has this name, or the ledger cannot be read.
    """
    table = find(name, places)
    evaluated = any(
        entry.table == name and entry.table_sha256 == table.sha256
        for entry in read_ledger(places.ledger)
    )
    return "opened" if known_path(name, places).is_file() and evaluated else "sealed"


# ---------------------------------------------------------------- reading


def read(name: str, *, record: LockRecordLike | None, places: Places = PACKAGED) -> bytes:
    """The bytes of a held-back table, once everything that seals it has been checked.

    Raises:
        SealError: Inside `forbid_opening`; without a lock record; if the record's hash of the table
            is not the one listed; if the file is not at its known path; if its bytes have another
            hash.
    """
    refuse_if_forbidden(name)
    table = find(name, places)
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
    path = known_path(name, places)
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


def as_lock_v1(rows: Sequence[EvidenceRow]) -> list[Verdict]:
    """The verdicts of lock v1's rule, each on its row alone."""
    return [Verdict(*judge_eligibility(row)) for row in rows]


def rule_of(record: LockRecordLike, table: str) -> RowRule:
    """By which rule a lock record has the rows of a table judged.

    Raises:
        InputError: The record's rules cannot be read, or do not name the table.
    """
    return row_rule(Rules.from_plain(record.scoring), table) if record.scoring else as_lock_v1


def judge(name: str, data: bytes, rule: RowRule = as_lock_v1) -> tuple[JudgedRow, ...]:
    """Validate each row of a table's bytes and give it its verdict.

    A row that cannot be validated stays in the list, not eligible, with what is wrong with it.

    Args:
        name: of the table, for the messages.
        data: its bytes.
        rule: what gives the valid rows their verdicts; lock v1's by default.

    Raises:
        EvidenceError: If the table as a whole cannot be read: its columns, its encoding, an id
            twice.
    """
    valid: dict[str, EvidenceRow] = {}
    refused: dict[str, str] = {}
    ids = []
    for number, content in read_records(f"{name}.csv", data):
        ids.append(content["id"])
        try:
            valid[content["id"]] = validate_row(f"{name}.csv", number, content)
        except EvidenceError as problem:
            refused[content["id"]] = f"refused: {problem}"
    verdicts = dict(zip(valid, rule(tuple(valid.values())), strict=True))
    return tuple(
        JudgedRow(row_id, False, refused[row_id], None)
        if row_id in refused
        else JudgedRow(
            row_id,
            verdicts[row_id].eligible,
            verdicts[row_id].reason,
            valid[row_id],
            verdicts[row_id].target,
        )
        for row_id in ids
    )


def find(name: str, places: Places = PACKAGED) -> SealedTable:
    """A held-back table by its name.

    Raises:
        SealError: If there is none of this name.
    """
    known = sealed_tables(places)
    if name not in known:
        raise SealError(
            f"Held-back table {name!r} was asked for; expected one of {', '.join(known)}."
        )
    return known[name]
