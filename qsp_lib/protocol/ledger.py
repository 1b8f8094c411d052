"""The ledger: locks, predictions and evaluations, one line of JSON each, only ever added to.

An entry is known by its key: the digest of the lock, the table (or the file of the lock or of the
prediction), the hash of its bytes, and the digest of the code. The same key cannot carry two
results.

The lines are chained. Each carries its own hash and that of the line before it, so that a line
that is changed, moved or taken out no longer fits. The two lines that were written before there
was a chain have no hashes; they stay as they are, and what they have to be is known below.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..common import SealError, code_digest, write_text_atomic
from .places import PACKAGED, Turn

KIND = "evaluation"
KINDS = ("lock", "prediction", KIND)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
BEFORE_THE_CHAIN = "6048622eca4a1c265862e3785aac19294141826a7d0ae43109ed19548c2fece6"
"""Hash of the lines that a ledger may begin with unchained: lock v1 and its prediction."""


@dataclass(frozen=True)
class LedgerEntry:
    """One evaluation: what was predicted from, what it was set beside, and what came out.

    `summary` is JSON: whatever the evaluation says of itself, small and rounded by its author.
    For a new lock or prediction, `table` is the name of its file and `summary` says why or what.
    `previous` is the hash of the line before, `own` that of this line; the ledger fills them in.
    """

    lock_version: str
    lock_digest: str
    table: str
    table_sha256: str
    code_digest: str
    date: str
    summary: Mapping[str, Any]
    kind: str = field(default=KIND)
    previous: str = ""
    own: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(lock digest, table, hash of the table, digest of the code)."""
        return (self.lock_digest, self.table, self.table_sha256, self.code_digest)

    def line(self) -> str:
        """The entry as one line of JSON, keys in a fixed order."""
        content = asdict(self)
        links = {name: content.pop(name) for name in _LINKS}
        known = {name: text for name, text in links.items() if text}
        return json.dumps({"kind": content.pop("kind"), **content, **known}, allow_nan=False)

    def after(self, previous: str) -> LedgerEntry:
        """The entry as it stands behind the line, or lines, of this hash."""
        linked = replace(self, previous=previous, own="")
        return replace(linked, own=_hash(linked.line()))


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
_LINKS = ("previous", "own")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def hash_of(entries: Sequence[LedgerEntry]) -> str:
    """What the next line carries of the lines before it: the last one's hash, or that of them all.

    Lines are taken as they are written canonically, so the line ends of a checkout do not matter.
    """
    if entries and entries[-1].own:
        return entries[-1].own
    return _hash("".join(f"{entry.line()}\n" for entry in entries))


def default_ledger_path() -> Path:
    """Where the package keeps its ledger."""
    return PACKAGED.ledger


def read_ledger(path: str | os.PathLike[str] | None = None) -> tuple[LedgerEntry, ...]:
    """Every entry, in the order in which they were made; none if there is no ledger yet.

    Raises:
        SealError: If a line is not an entry or was cut short, does not fit the line before it, or
            two lines have the same key.
    """
    ledger = default_ledger_path() if path is None else Path(path)
    try:
        text = ledger.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as problem:
        raise SealError(f"{ledger.name} cannot be read ({problem}); restore it.") from None
    _require_whole(ledger.name, text)
    entries: list[LedgerEntry] = []
    for number, line in enumerate(text.splitlines(), start=1):
        where = f"{ledger.name}, line {number}"
        entry = _read_line(where, line)
        _require_fits(where, entry, line, entries)
        entries.append(entry)
    unchained = [entry for entry in entries if not entry.own]
    if unchained and hash_of(unchained) != BEFORE_THE_CHAIN:
        raise SealError(
            f"{ledger.name} begins with lines that carry no hash and are not those written before "
            "lines were chained; restore the file from the repository."
        )
    return tuple(entries)


def _require_whole(name: str, text: str) -> None:
    lines = text.splitlines()
    if not lines or text.endswith("\n"):
        return
    try:
        json.loads(lines[-1])
    except ValueError:
        raise SealError(
            f"{name} ends in the middle of line {len(lines)}, as after a loss of power. The lines "
            "before it are whole: take the last one out, and run the command again that was "
            "writing it; it goes on from there."
        ) from None


def _require_fits(where: str, entry: LedgerEntry, line: str, before: list[LedgerEntry]) -> None:
    """Refuse a line that was edited, moved, or put behind another line than it was written to."""
    mend = "restore the file from the repository; lines are only ever added, by the commands"
    if entry.line() != line:
        raise SealError(f"{where} is not written as the ledger writes it; {mend}.")
    if entry.own and entry.own != entry.after(entry.previous).own:
        raise SealError(f"{where} was edited: its hash is that of another line; {mend}.")
    if entry.own and entry.previous != hash_of(before):
        raise SealError(
            f"{where} does not follow the line before it: one was edited, moved or taken out; "
            f"{mend}."
        )
    if before and not entry.own and before[-1].own:
        raise SealError(f"{where} carries no hash of the line before it; {mend}.")
    if before and entry.date < before[-1].date:
        raise SealError(f"{where} is dated {entry.date}, before the line above it; {mend}.")
    if entry.kind != KIND and entry_of(entry.kind, entry.table, before) is not None:
        raise SealError(f"{where}: {entry.table} is put on record twice; {mend}.")
    if any(old.key == entry.key for old in before):
        raise SealError(
            f"{where}: table {entry.table} is evaluated twice with one lock and code; expected one "
            "entry a key."
        )


def append(entry: LedgerEntry, turn: Turn) -> LedgerEntry:
    """Add an entry unless it is there; return the one that is in the ledger.

    The summary is taken as JSON keeps it: tuples become lists, keys become text.

    Raises:
        SealError: If an entry with the same key has another summary, the summary is not JSON, or
            the entry is dated before the last one.
    """
    ledger = turn.places.ledger
    entry = replace(entry, summary=json.loads(canonical(entry.summary)))
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
    if entries and entry.date < entries[-1].date:
        raise SealError(
            f"Today would be {entry.date}, and the last line of the ledger is of "
            f"{entries[-1].date}; set this machine's clock."
        )
    entry = entry.after(hash_of(entries))
    _require_fits("the new line", entry, entry.line(), list(entries))
    lines = [item.line() for item in (*entries, entry)]
    write_text_atomic(ledger, "\n".join(lines) + "\n")
    return entry


def record_file(
    kind: str,
    file: Path,
    turn: Turn,
    *,
    version: str,
    digest: str,
    summary: Mapping[str, Any],
    date: str | None = None,
) -> LedgerEntry:
    """Put a new lock or prediction on record, with the hash of its file."""
    when = today() if date is None else date
    entry = LedgerEntry(
        version, digest, file.name, file_hash(file), code_digest(), when, summary, kind
    )
    return append(entry, turn)


def file_hash(file: Path) -> str:
    """SHA-256 (64 hex digits) of a text file, whatever line ends it was checked out with."""
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def entry_of(kind: str, name: str, entries: Sequence[LedgerEntry]) -> LedgerEntry | None:
    """The newest entry of a lock's or a prediction's file; None if there is none."""
    found = [entry for entry in entries if entry.kind == kind and entry.table == name]
    return found[-1] if found else None


def require_file(kind: str, file: Path, path: str | os.PathLike[str] | None = None) -> LedgerEntry:
    """The entry of a lock's or a prediction's file.

    Raises:
        SealError: If the ledger holds none, or the file is not the one that was put on record.
    """
    entry = entry_of(kind, file.name, read_ledger(path))
    if entry is None:
        command = {"lock": "lock make", "prediction": "lock predict"}[kind]
        raise SealError(
            f"{file.name} is not in the ledger; a {kind} is made by its command only. If "
            f"'{command}' was interrupted, run it again: it goes on from there. Otherwise take the "
            "file away."
        )
    sha256 = file_hash(file)
    if entry.table_sha256 != sha256:
        raise SealError(
            f"{file.name} is not the file that was put on record on {entry.date} (hash "
            f"{sha256[:12]}, expected {entry.table_sha256[:12]}); restore it."
        )
    return entry


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
    except (ValueError, RecursionError) as problem:
        raise SealError(f"{where} is not JSON ({problem}); expected one entry a line.") from None
    fields = (_FIELDS, (*_FIELDS, *_LINKS))
    if not isinstance(content, dict) or sorted(content) not in [sorted(names) for names in fields]:
        raise SealError(
            f"{where}: expected an object with {', '.join(_FIELDS)} and the two hashes of a "
            "chained line, and no other. One with more was written by a newer version of this "
            "package."
        )
    words = [text for name, text in content.items() if name != "summary"]
    if not all(isinstance(word, str) for word in words) or not isinstance(content["summary"], dict):
        raise SealError(f"{where}: expected text in every field and an object as summary.")
    hashes = [content[name] for name in ("table_sha256", *_LINKS) if name in content]
    if content["kind"] not in KINDS or not all(_SHA256.fullmatch(text) for text in hashes):
        raise SealError(
            f"{where}: expected a kind among {', '.join(KINDS)} and hashes of 64 hex digits."
        )
    if not _DATE.fullmatch(content["date"]):
        raise SealError(f"{where}: the date is {content['date']!r}; expected YYYY-MM-DD.")
    return LedgerEntry(**content)
