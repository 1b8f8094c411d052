"""The ledger: locks, predictions and evaluations, one line of JSON each, only ever added to.

An entry is known by its key: the digest of the lock, the table (or the file of the lock or of the
prediction), the hash of its bytes, and the digest of the code. The same key cannot carry two
results.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from ..common import SealError, code_digest, only_one, write_text_atomic

KIND = "evaluation"
KINDS = ("lock", "prediction", KIND)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class LedgerEntry:
    """One evaluation: what was predicted from, what it was set beside, and what came out.

    `summary` is JSON: whatever the evaluation says of itself, small and rounded by its author.
    For a new lock or prediction, `table` is the name of its file and `summary` says why or what.
    """

    lock_version: str
    lock_digest: str
    table: str
    table_sha256: str
    code_digest: str
    date: str
    summary: Mapping[str, Any]
    kind: str = field(default=KIND)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(lock digest, table, hash of the table, digest of the code)."""
        return (self.lock_digest, self.table, self.table_sha256, self.code_digest)

    def line(self) -> str:
        """The entry as one line of JSON, keys in a fixed order."""
        content = asdict(self)
        return json.dumps({"kind": content.pop("kind"), **content}, allow_nan=False)


_FIELDS = (
    "kind",
    "lock_version",
    "lock_digest",
    "table",
    "table_sha256",
    "code_digest",
    "date",
    "summary",
)


def default_ledger_path() -> Path:
    """Where the package keeps its ledger."""
    return Path(str(resources.files("qsp_lib"))) / "data" / "ledger.jsonl"


def read_ledger(path: str | os.PathLike[str] | None = None) -> tuple[LedgerEntry, ...]:
    """Every entry, in the order in which they were made; none if there is no ledger yet.

    Raises:
        SealError: If a line is not an entry, or two lines have the same key.
    """
    ledger = default_ledger_path() if path is None else Path(path)
    if not ledger.exists():
        return ()
    entries: dict[tuple[str, str, str, str], LedgerEntry] = {}
    for number, line in enumerate(ledger.read_text(encoding="utf-8").splitlines(), start=1):
        entry = _read_line(f"{ledger.name}, line {number}", line)
        if entry.key in entries:
            raise SealError(
                f"{ledger.name}, line {number}: table {entry.table} is evaluated twice with one "
                "lock and code; expected one entry a key."
            )
        entries[entry.key] = entry
    return tuple(entries.values())


def append(entry: LedgerEntry, path: str | os.PathLike[str] | None = None) -> LedgerEntry:
    """Add an entry unless it is there; return the one that is in the ledger.

    The summary is taken as JSON keeps it: tuples become lists, keys become text.

    Raises:
        SealError: If an entry with the same key has another summary, or the summary is not JSON.
    """
    ledger = default_ledger_path() if path is None else Path(path)
    entry = replace(entry, summary=json.loads(canonical(entry.summary)))
    with only_one(ledger.parent):
        return _append(entry, ledger)


def _append(entry: LedgerEntry, ledger: Path) -> LedgerEntry:
    entries = read_ledger(ledger)
    for old in entries:
        if old.key != entry.key:
            continue
        if old.summary != entry.summary:
            raise SealError(
                f"Table {entry.table} was evaluated on {old.date} from lock {old.lock_version} "
                "with this same code and gave another result; expected the same, or a new lock "
                "version with its reason."
            )
        return old
    lines = [item.line() for item in (*entries, entry)]
    write_text_atomic(ledger, "\n".join(lines) + "\n")
    return entry


def record_file(
    kind: str,
    file: Path,
    *,
    version: str,
    digest: str,
    summary: Mapping[str, Any],
    path: str | os.PathLike[str] | None = None,
) -> LedgerEntry:
    """Put a new lock or prediction on record, with the hash of its file."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    entry = LedgerEntry(version, digest, file.name, sha256, code_digest(), today(), summary, kind)
    return append(entry, path)


def require_file(kind: str, file: Path, path: str | os.PathLike[str] | None = None) -> LedgerEntry:
    """The entry of a lock's or a prediction's file.

    Raises:
        SealError: If the ledger holds none, or the file is not the one that was put on record.
    """
    entries = [e for e in read_ledger(path) if e.kind == kind and e.table == file.name]
    if not entries:
        raise SealError(f"{file.name} is not in the ledger; a {kind} is made by its command only.")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    if entries[-1].table_sha256 != sha256:
        raise SealError(
            f"{file.name} is not the file that was put on record on {entries[-1].date} (hash "
            f"{sha256[:12]}, expected {entries[-1].table_sha256[:12]}); restore it."
        )
    return entries[-1]


def require_entry(
    table: str,
    *,
    lock_digest: str,
    summary: Mapping[str, Any] | None = None,
    path: str | os.PathLike[str] | None = None,
) -> LedgerEntry:
    """The latest entry of a table under a lock, for whoever shows an evaluation.

    Args:
        summary: what is about to be shown; None if only the existence of an entry matters.

    Raises:
        SealError: If the ledger holds no such evaluation, or none with this summary.
    """
    entries = [
        entry
        for entry in read_ledger(path)
        if entry.table == table and entry.lock_digest == lock_digest
    ]
    if not entries:
        raise SealError(
            f"An evaluation of table {table} under lock {lock_digest[:12]} is shown and is not in "
            "the ledger; open the table with the open command first."
        )
    if summary is None:
        return entries[-1]
    for entry in reversed(entries):
        if canonical(entry.summary) == canonical(summary):
            return entry
    raise SealError(
        f"The evaluation of table {table} that is shown differs from every one in the ledger under "
        f"lock {lock_digest[:12]}; expected the recorded numbers."
    )


def canonical(summary: Mapping[str, Any]) -> str:
    """A summary as JSON with sorted keys, for comparing and for freezing.

    Raises:
        SealError: If it is not JSON: a NaN, an infinity, or an object JSON has no word for.
    """
    try:
        return json.dumps(summary, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise SealError(
            f"An evaluation's summary cannot be written as JSON ({problem}); expected text, finite "
            "numbers, lists and mappings."
        ) from None


def today() -> str:
    """Today's date (UTC), as the ledger writes it."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _read_line(where: str, line: str) -> LedgerEntry:
    try:
        content = json.loads(line)
    except json.JSONDecodeError as problem:
        raise SealError(f"{where} is not JSON ({problem}); expected one entry a line.") from None
    if not isinstance(content, dict) or sorted(content) != sorted(_FIELDS):
        raise SealError(f"{where}: expected an object with {', '.join(_FIELDS)} and no other.")
    words = [content[name] for name in _FIELDS[:-1]]
    if not all(isinstance(word, str) for word in words) or not isinstance(content["summary"], dict):
        raise SealError(f"{where}: expected text in every field and an object as summary.")
    if content["kind"] not in KINDS or not _SHA256.fullmatch(content["table_sha256"]):
        raise SealError(
            f"{where}: expected a kind among {', '.join(KINDS)} and a table_sha256 of 64 hex "
            "digits."
        )
    return LedgerEntry(**content)
