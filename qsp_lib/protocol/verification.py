"""Whether the records of the protocol are what was put on record: a table of what was checked.

The ledger is held by its chain; records and predictions by the ledger, and by computing again what
they say; a record's inputs by digests of meaning; all of it by the repository's history, as far as
this copy has one. What none of these can show is said in a row of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ..common import QspError, SealError
from .blind_test import prediction_path
from .comparing import differences
from .computed_again import computed_again, predicted_again
from .findings import (
    DIFFERS,
    NOT_NAMED,
    SAME,
    UNFINISHED,
    UNTOLD,
    Finding,
    compared,
    parted,
)
from .history import History, earlier_texts, history_of
from .inputs import NOT_NAMED as INPUTS_NOT_NAMED
from .kept_results import as_committed, kept_results
from .ledger import KIND, LedgerEntry, entry_of, file_hash, read_ledger
from .lock import lock_path, read_record, versions
from .opening import verdicts_text
from .places import PACKAGED, Places
from .record import HELD_BACK, Record, comparisons, digest_of_equations
from .rule_helpers import HELPERS_DIGEST, helpers_digest
from .scored import evaluation_of
from .seal import judge, known_path, read, rule_of, sealed_tables, verdicts_path


def verify_records(
    places: Places = PACKAGED,
    *,
    recompute: bool = False,
    history: Callable[[Path], History] = history_of,
    earlier: Callable[[Path], Sequence[str]] = earlier_texts,
) -> tuple[Finding, ...]:
    """Every check of the lock records, the predictions, the ledger and the opened tables.

    Args:
        recompute: also draw every prediction again from its record, and compute the log posterior
            of the kept draws, which takes ten seconds.
        history: what git knows of a file.
        earlier: every text that a file had in the history.
    """
    try:
        entries = read_ledger(places.ledger)
        chained = sum(bool(entry.own) for entry in entries)
        detail = f"{len(entries)} lines, {chained} of them chained"
        found = [Finding("ledger", "the hashes of its lines", SAME, detail)]
    except SealError as problem:
        entries = ()
        found = [Finding("ledger", "the hashes of its lines", DIFFERS, str(problem))]
    found += [_order(entries)]
    records = {}
    for version in versions(places):
        rows, record = _record(version, entries, places)
        found += rows
        if record is not None:
            records[version] = record
    found += [_helpers_of_rules()]
    newest = next(reversed(records), None)
    for version, record in records.items():
        found += _made_from(record, places, newest=version == newest)
        if version == newest:
            found += computed_again(record)
        found += _prediction(record, entries, places, recompute)
        found += kept_results(
            record, places, history, newest=version == newest, recompute=recompute
        )
    found += _draws(records, entries, places)
    found += _nameless(entries, places)
    found += _openings(records, entries, places)
    found += _history(entries, places, history, earlier)
    return tuple(found)


# ---------------------------------------------------------------- the ledger


def _order(entries: Sequence[LedgerEntry]) -> Finding:
    """A lock comes before what is made from it, versions count up, predictions before openings."""

    def look() -> str:
        locks: dict[str, LedgerEntry] = {}
        for number, entry in enumerate(entries, start=1):
            where = f"ledger, line {number}"
            if entry.kind == "lock":
                expected = f"v{len(locks) + 1}"
                if entry.lock_version != expected or entry.table != f"lock-{expected}.json":
                    raise SealError(
                        f"{where} puts {entry.table} on record; expected lock {expected}."
                    )
                locks[entry.lock_version] = entry
                continue
            lock = locks.get(entry.lock_version)
            if lock is None or lock.lock_digest != entry.lock_digest:
                raise SealError(
                    f"{where} is of lock {entry.lock_version} ({entry.lock_digest[:12]}), which no "
                    "line before it put on record."
                )
        return f"{len(locks)} locks"

    return compared("ledger", "the order that commands write in", look)


# ---------------------------------------------------------------- a record


def _record(
    version: str, entries: Sequence[LedgerEntry], places: Places
) -> tuple[list[Finding], Record | None]:
    """A record's file beside its own digest and beside the ledger."""
    path = lock_path(version, places)
    what = f"lock {version}"
    try:
        record = read_record(path, against_code=False)
    except QspError as problem:
        return [Finding(what, "its own digest", DIFFERS, str(problem))], None
    found = [Finding(what, "its own digest", SAME, record.digest[:12])]
    entry = entry_of("lock", path.name, entries)
    if entry is None:
        found.append(
            Finding(
                what,
                "the ledger",
                UNFINISHED,
                f"{path.name} is not in the ledger. If 'lock make' was interrupted, run it again "
                f"with --reason {record.content['reason']!r}; otherwise take the file away.",
            )
        )
        return found, record
    on_record = {
        "hash of the file": entry.table_sha256,
        "version": entry.lock_version,
        "digest": entry.lock_digest,
        "date": entry.date,
        "reason": entry.summary.get("reason"),
    }
    now = {
        "hash of the file": file_hash(path),
        "version": record.version,
        "digest": record.digest,
        "date": record.content["date"],
        "reason": record.content["reason"],
    }
    found.append(parted(what, "the ledger", differences(now, on_record), "hash, date, reason"))
    return found, record


def _made_from(record: Record, places: Places, *, newest: bool) -> Iterator[Finding]:
    """A record's inputs and equations beside what is here now; of an older one, what it names."""
    what = f"lock {record.version}"
    try:
        checks = comparisons(record.content, places)
    except QspError as problem:
        yield Finding(what, "what it was made from", DIFFERS, str(problem))
        return
    for check in checks:
        if check.name.startswith(HELD_BACK) and not newest and not check.recorded:
            continue  # held back since: it does not concern a record that does not name it
        name = check.name.removeprefix("the ")
        if check.why:
            yield Finding(f"{what}: {name}", "what is here now", UNTOLD, check.why)
        elif check.same:
            yield Finding(f"{what}: {name}", "what is here now", SAME, check.found[:12])
        else:
            words = f"{check.found[:12] or 'nothing'}, recorded {check.recorded[:12] or 'nothing'}"
            yield Finding(f"{what}: {name}", "what is here now", DIFFERS, words)
    for name, why in INPUTS_NOT_NAMED.get(record.version, {}).items():
        yield Finding(f"{what}: {name}", "what is here now", NOT_NAMED, why)


def _helpers_of_rules() -> Finding:
    """What the rules call beside the digest that is kept of it, for records that name none."""
    kept = {"digest": HELPERS_DIGEST[:12]}
    parts = differences({"digest": helpers_digest()[:12]}, kept)
    return parted("helpers of the rules", "the digest kept of them", parts, HELPERS_DIGEST[:12])


# ---------------------------------------------------------------- its prediction


def _prediction(
    record: Record, entries: Sequence[LedgerEntry], places: Places, recompute: bool
) -> Iterator[Finding]:
    """A prediction's file beside the ledger and its record, and computed again."""
    path = prediction_path(record, places)
    what = f"prediction {record.version}"
    entry = entry_of("prediction", path.name, entries)
    if not path.is_file():
        if entry is not None:
            yield Finding(what, "the ledger", DIFFERS, f"{path.name} is gone; restore it")
        return
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        medians = {
            name: float(f"{content['arms']['okt3'][name]['peak']['median']:.6g}")
            for name in ("IFN", "IL6", "TNF")
        }
        digest = content["lock_digest"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        yield Finding(what, "what a prediction holds", DIFFERS, f"{problem!r}; restore {path.name}")
        return
    if entry is None:
        yield Finding(
            what,
            "the ledger",
            UNFINISHED,
            f"{path.name} is not in the ledger. If 'lock predict' was interrupted, run it again; "
            "otherwise take the file away.",
        )
    else:
        on_record = {
            "hash of the file": entry.table_sha256,
            "digest of the lock": entry.lock_digest,
            "medians": entry.summary.get("median_peaks_pg_mL"),
        }
        now = {
            "hash of the file": file_hash(path),
            "digest of the lock": digest,
            "medians": medians,
        }
        yield parted(what, "the ledger", differences(now, on_record), "hash, lock, medians")
    if digest != record.digest:
        yield Finding(what, "its record", DIFFERS, "it was made from another record")
        return
    structure = record.content["structure"]
    if digest_of_equations(structure) != structure["equations_sha256"]:
        yield Finding(what, "computed again", UNTOLD, "the equations have changed since")
        return
    yield from predicted_again(record, content, recompute)


def _draws(
    records: Mapping[str, Record], entries: Sequence[LedgerEntry], places: Places
) -> Iterator[Finding]:
    """Every other file that is on record as a prediction beside the ledger and its lock."""
    own = {prediction_path(record, places).name for record in records.values()}
    for entry in entries:
        path = places.predictions / entry.table
        if entry.kind != "prediction" or entry.table in own or not path.is_file():
            continue
        listed = records[entry.lock_version].listed if entry.lock_version in records else ()
        if entry.table not in listed:
            yield Finding(entry.table, "its lock", DIFFERS, "no lock on file lists it")
        on_record, now = (
            {"hash of the file": entry.table_sha256},
            {"hash of the file": file_hash(path)},
        )
        yield parted(
            entry.table, "the ledger", differences(now, on_record), entry.table_sha256[:12]
        )


# ---------------------------------------------------------------- what belongs to nothing


def _nameless(entries: Sequence[LedgerEntry], places: Places) -> Iterator[Finding]:
    """Lines without their file, and files without their line."""
    names = {
        "lock": {lock_path(version, places).name for version in versions(places)},
        "prediction": {path.name for path in places.predictions.glob("[!.]*")},
    }
    for kind, there in names.items():
        listed = {entry.table for entry in entries if entry.kind == kind}
        gone = sorted(listed - there)
        yield parted(
            f"{kind}s in the ledger",
            "files",
            iter(f"{name} is gone; restore it" for name in gone),
            f"{len(listed)} named",
        )
    known = {f"prediction-{version}.json" for version in versions(places)}
    listed = {entry.table for entry in entries if entry.kind == "prediction"}
    strange = sorted(names["prediction"] - known - listed)
    yield parted(
        "files of predictions",
        "the ledger",
        iter(f"{name} is of no lock on file; take it away" for name in strange),
        f"{len(names['prediction'])} on file",
    )


# ---------------------------------------------------------------- opened tables


def _openings(
    records: Mapping[str, Record], entries: Sequence[LedgerEntry], places: Places
) -> Iterator[Finding]:
    """Evaluations in the ledger beside the tables, their verdicts, and the predictions."""
    try:
        tables = sealed_tables(places)
    except QspError as problem:
        yield Finding("held-back tables", "their list", DIFFERS, str(problem))
        return
    for name in tables:
        made = [entry for entry in entries if entry.kind == KIND and entry.table == name]
        verdicts = verdicts_path(name, places)
        if not made and verdicts.exists():
            yield Finding(
                f"table {name}",
                "the ledger",
                UNFINISHED,
                f"{verdicts.name} is there and no opening in the ledger; run 'open {name}' again",
            )
        for entry in made:
            yield compared(
                f"table {name}, opened {entry.date}",
                "the ledger, computed again",
                lambda entry=entry: _opened_again(entry, records, entries, places),  # type: ignore[misc]
            )
        if not made and not verdicts.exists():
            there = "its file is there, unopened" if known_path(name, places).exists() else ""
            yield Finding(f"table {name}", "the ledger", SAME, there or "sealed")


def _opened_again(
    entry: LedgerEntry,
    records: Mapping[str, Record],
    entries: Sequence[LedgerEntry],
    places: Places,
) -> str:
    """Judge and evaluate an opened table once more.

    Raises:
        SealError: the lock, a prediction, the table, its verdicts or the outcome is another.
    """
    record = records.get(entry.lock_version)
    if record is None or record.digest != entry.lock_digest:
        raise SealError(f"it was opened under lock {entry.lock_version}, which is not on file.")
    before = entries[: entries.index(entry)]
    if entry.table_sha256 != record.sealed_hashes.get(entry.table):
        raise SealError("its line names another hash than the lock; restore the ledger.")
    listed = record.predictions_for(entry.table)
    if not listed:
        raise SealError(f"lock {record.version} lists no prediction for it.")
    for file in listed:
        if entry_of("prediction", file, before) is None:
            raise SealError(f"{file} was not in the ledger before it was opened.")
    path = known_path(entry.table, places)
    if not path.is_file():
        return "its file is not in this copy: not judged again"
    data = read(entry.table, record=record, places=places)
    rows = judge(entry.table, data, rule_of(record, entry.table))
    verdicts = verdicts_path(entry.table, places)
    if not verdicts.is_file() or verdicts.read_text(encoding="utf-8") != verdicts_text(rows):
        raise SealError(f"{verdicts.name} is gone or holds other verdicts than the rule gives.")
    try:
        outcome = json.loads(json.dumps(evaluation_of(record, entry.table, places)(rows)))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise SealError(f"there is no prediction to set beside it ({problem!r}).") from None
    parted = list(differences(entry.summary, outcome))
    if parted:
        raise SealError(f"its line says {parted[0]}.")
    return f"{len(rows)} rows judged again"


# ---------------------------------------------------------------- the repository


def _history(
    entries: Sequence[LedgerEntry],
    places: Places,
    history: Callable[[Path], History],
    earlier: Callable[[Path], Sequence[str]],
) -> Iterator[Finding]:
    """The ledger and its files beside what was committed, and what nothing here can show."""
    against = "the repository's history"
    known = history(places.ledger)
    if known.why_not:
        yield Finding("ledger and its files", against, UNTOLD, known.why_not)
    else:
        texts = [*earlier(places.ledger)]  # the newest commit's among them, if it changed it
        if known.committed is not None and known.committed not in texts:
            texts.append(known.committed)
        lines = [entry.line() for entry in entries]
        rewritten = [text for text in texts if text.splitlines() != lines[: len(text.splitlines())]]
        yield parted(
            "ledger",
            against,
            iter(["a committed ledger held other lines than this one"] * bool(rewritten)),
            f"only added to over {len(texts)} commit{'s' * (len(texts) != 1)}",
        )
        for entry in entries:
            folder = {"lock": places.locks, "prediction": places.predictions}.get(entry.kind)
            path = folder / entry.table if folder else None
            if path is None or not path.is_file():
                continue
            yield from as_committed(path, history)
    yield Finding(
        "dates, and lines taken out at the end with their files",
        "nothing in this copy",
        UNTOLD,
        "a history that others hold shows when a line came; a rewritten one shows nothing",
    )
