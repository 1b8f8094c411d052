"""The lock: one versioned record of everything a blind prediction rests on, and its file.

A record is written once and never edited. A change is a new version, with its reason, in the
ledger.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..common import CURRENT, LockError, SealError, canonical_json, write_text_atomic
from ..inference import Problem
from .ledger import entry_of, read_ledger, require_file
from .places import PACKAGED, Places, Turn
from .record import Record, digest_of, verify

Array = NDArray[np.float64]

_FILE = re.compile(r"lock-v([1-9]\d*)\.json")


def read_record(path: Path, *, against_code: bool = True, places: Places | None = None) -> Record:
    """A record from its file, verified.

    Args:
        against_code: False for an older version, whose evidence and code may have moved on.
        places: whose ledger must hold the record; None for a record of one's own.

    Raises:
        LockError: no such file, not a record, or any failed check of :func:`.verify`.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_int=_whole_number)
    except FileNotFoundError:
        raise LockError(f"no lock record at {path.name}; make one with 'lock make'.") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise LockError(f"{path.name} is not a lock record: {error}.") from None
    if not isinstance(content, dict) or "version" not in content:
        raise LockError(f"{path.name} is not a lock record: it has no version.")
    try:
        verify(content, against_code=against_code, places=places or PACKAGED)
        record = Record(content)
        _read_everything(record)
    except LockError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as problem:
        raise LockError(
            f"{path.name} does not hold what a lock record holds ({problem}); restore it."
        ) from problem
    if _FILE.fullmatch(path.name) and path.name != f"lock-{record.version}.json":
        raise LockError(f"{path.name} holds lock {record.version}; restore the file's name.")
    if places is not None:
        try:
            entry = require_file("lock", path, places.ledger)
        except SealError as error:
            raise LockError(str(error)) from None
        if (entry.lock_version, entry.lock_digest) != (record.version, record.digest):
            raise LockError(
                f"{path.name} has digest {record.digest[:12]} and the ledger put lock "
                f"{entry.lock_version} ({entry.lock_digest[:12]}) on record in it; restore both."
            )
    return record


def _read_everything(record: Record) -> None:
    """Read all that is read from a record: one that is signed and holds nonsense stops here."""
    for name in record.content["drugs"]:
        record.drug(name)
    _ = record.network, record.tocilizumab, record.crp, record.boundaries, record.summary
    record.draws(1)


def _whole_number(text: str) -> int:
    if len(text) > 18:
        raise LockError(f"a lock record holds no number of {len(text)} digits; restore the file.")
    return int(text)


def lock_path(version: str, places: Places = PACKAGED) -> Path:
    """Where a record is kept."""
    return places.locks / f"lock-{version}.json"


def versions(places: Places = PACKAGED) -> tuple[str, ...]:
    """Versions on file, oldest first."""
    found = (_FILE.fullmatch(path.name) for path in places.locks.glob("lock-*.json"))
    return tuple(f"v{n}" for n in sorted(int(match[1]) for match in found if match))


def recorded_versions(places: Places = PACKAGED) -> tuple[str, ...]:
    """Versions in the ledger, in the order in which they were made.

    Raises:
        SealError: the ledger cannot be read.
    """
    return tuple(e.lock_version for e in read_ledger(places.ledger) if e.kind == "lock")


def newest_record(places: Places = PACKAGED) -> Record:
    """The record that was made last: the one to predict and open tables with.

    Raises:
        LockError: there is none, or it fails a check; the newest on file is not in the ledger, or
            the newest in the ledger is not on file.
    """
    return read_record(lock_path(_known(places)[-1], places), places=places)


@cache
def current_record(places: Places = PACKAGED) -> Record:
    """The record that everything stands on: the newest that was made from the current inputs.

    A record of later inputs is made, put on record and asked for its predictions first; chapters,
    exports and predictions of one's own drug move to it together, in the step that changes
    `qsp_lib.common.CURRENT`.

    Raises:
        LockError: as of :func:`newest_record`, or there is no record of these inputs.
    """
    for version in reversed(_known(places)):
        record = read_record(lock_path(version, places), against_code=False, places=places)
        if record.inputs == CURRENT:
            return read_record(lock_path(version, places), places=places)
    raise LockError(f"no lock record was made from inputs {CURRENT} yet; run 'lock make'.")


def record_of(version: str | None = None, places: Places = PACKAGED) -> Record:
    """A record by its version, or the current one.

    Raises:
        LockError: there is no such version, or its record fails a check.
    """
    if version is None:
        return current_record(places)
    known = _known(places)
    if version not in known:
        raise LockError(f"there is no lock {version!r}; expected one of {', '.join(known)}.")
    return read_record(lock_path(version, places), against_code=version == known[-1], places=places)


def _known(places: Places) -> tuple[str, ...]:
    """Versions on file, of which there is at least one and the newest in the ledger."""
    known = versions(places)
    recorded = recorded_versions(places)
    if recorded and recorded[-1] not in known:
        raise LockError(
            f"the ledger names lock {recorded[-1]}, and {lock_path(recorded[-1], places).name} is "
            "not there; restore it from the repository."
        )
    if not known:
        raise LockError("there is no lock record yet; calibrate and develop, then 'lock make'.")
    return known


def write_record(content: Mapping[str, Any], turn: Turn) -> Path:
    """Write a new version, never over an old one.

    Raises:
        LockError: the version exists already.
    """
    path = lock_path(content["version"], turn.places)
    whole = dict(content) | {"digest": digest_of(content)}
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_text_atomic(path, canonical_json(whole), replace=False)
    except FileExistsError:
        raise LockError(
            f"lock {content['version']} exists and is never edited; a change is a new version."
        ) from None
    current_record.cache_clear()
    return path


def require_recorded(record: Record, places: Places) -> None:
    """Refuse a record that the ledger does not name.

    Raises:
        LockError: nobody put it on record, or another one of that version was.
    """
    entry = entry_of("lock", lock_path(record.version, places).name, read_ledger(places.ledger))
    if entry is None or entry.lock_digest != record.digest:
        raise LockError(
            f"lock {record.version} ({record.digest[:12]}) is not in the ledger; what is put on "
            "record is made from a record that is."
        )


T = TypeVar("T")

KEPT = PACKAGED.data / "profiles"
KEPT_RUNS = {"profiles": "profiles", "second verdicts": "second-verdicts"}
"""What the long runs on a record are called, and the names of their files."""


def kept_file(what: str, record: Record, directory: Path = KEPT) -> Path:
    """Where a long run made from a record is kept; ``what`` is one of :data:`KEPT_RUNS`."""
    return directory / f"{KEPT_RUNS[what]}-{record.version}.json"


def locked_point(record: Record, problem: Problem) -> Array:
    """The locked values in the order of a problem, ``(d,)``, in log10."""
    names, mean, _ = record.posterior
    known = dict(zip(names, mean, strict=True))
    network = record.network.values()
    return np.array([known[n] if n in known else np.log10(network[n]) for n in problem.names])


def read_made_from(
    record: Record, path: Path, parse: Callable[[dict[str, Any]], T], what: str, make: str
) -> T:
    """A file that was made from a lock record, as `parse` reads its content.

    Args:
        record: the record it should be from.
        path: the file, JSON with the record under ``lock`` and its own digest.
        parse: content to result.
        what: what it holds, in words.
        make: how to make it, in words.

    Raises:
        LockError: there is no such file, it cannot be read, it was edited, or it was made from
            another record.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        stated, lock, parsed = content["digest"], content["lock"]["digest"], parse(content)
    except FileNotFoundError:
        raise LockError(f"no {what} from lock {record.version} are kept; {make}.") from None
    except (KeyError, TypeError, ValueError) as problem:  # text and JSON errors are ValueErrors
        raise LockError(f"{path.name} cannot be read ({problem!r}); {make}.") from None
    if (found := digest_of(content)) != stated:
        raise LockError(
            f"{path.name} was edited: its content gives hash {found[:12]}, it says "
            f"{str(stated)[:12]}; restore it, or {make}."
        )
    if lock != record.digest:
        raise LockError(
            f"{path.name} was made from a lock with digest {lock[:12]}, not from lock "
            f"{record.version} ({record.digest[:12]}); {make}."
        )
    return parsed


def signed(content: Mapping[str, Any]) -> str:
    """The text of such a file: its content, and the digest of that."""
    return canonical_json(dict(content) | {"digest": digest_of(content)})
