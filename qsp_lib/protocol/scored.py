"""Which evaluation an opening runs: the comparison of lock v1, or the scores of a later lock.

A record that holds rules of scoring has its rows judged and scored by them, beside the draws that
it names; earlier locks' predictions stand beside, scored by the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..common import InputError, SealError, rounded
from ..scoring import (
    EligibleRow,
    Forecasts,
    Rules,
    evaluate,
    not_covered,
    read_forecasts,
)
from .blind_test import COMPARED_DIGITS, committed_prediction, evaluation, numbers, run_protocol
from .comparing import differences
from .forecasting import blind_forecasts
from .ledger import require_file
from .lock import lock_path, read_record
from .opening import Evaluation
from .places import PACKAGED, Places
from .record import Record
from .seal import JudgedRow

SAME_RTOL = 1e-6
"""How near the quantiles of draws made again come to the committed ones."""


def evaluation_of(record: Record, table: str, places: Places = PACKAGED) -> Evaluation:
    """What an opening under a record runs on the judged rows of a table.

    Files are read, and earlier predictions drawn again, when it is run.
    """
    if not record.scoring:
        return lambda rows: evaluation(committed_prediction(record, places))(rows)
    return lambda rows: scored(record, table, rows, forecasts_of(record, table, places))


def require_ready(record: Record, table: str, places: Places = PACKAGED) -> None:
    """Refuse, before a table is read, an evaluation that could not be finished.

    Raises:
        SealError: a prediction that is not what is on record, or does not hold everything that an
            eligible row may be set beside; draws of an earlier lock that are not its committed
            ones.
    """
    if record.scoring:
        forecasts_of(record, table, places)


def scored(
    record: Record,
    table: str,
    rows: tuple[JudgedRow, ...],
    forecasts: Mapping[str, Forecasts],
) -> Mapping[str, Any]:
    """The judged rows of a table beside forecasts, as the ledger keeps it: rounded, and JSON."""
    eligible = [EligibleRow(row.id, row.target) for row in rows if row.eligible and row.target]
    counts = {"rows": len(rows), "eligible": len(eligible)}
    result = evaluate(Rules.from_plain(record.scoring), table, eligible, forecasts)
    return rounded(counts | result, COMPARED_DIGITS)


def forecasts_of(record: Record, table: str, places: Places = PACKAGED) -> dict[str, Forecasts]:
    """Every forecast to set beside a table by name, the tested one first.

    Raises:
        SealError: as :func:`require_ready`.
    """
    found = committed_forecasts(record, table, places)
    try:
        for version in Rules.from_plain(record.scoring).table(table).beside_locks:
            if version != record.version:
                found[f"lock {version}"] = drawn_again(version, places)
    except InputError as problem:
        raise SealError(f"{problem} Nothing can be set beside table {table!r} yet.") from None
    return found


def committed_forecasts(
    record: Record, table: str, places: Places = PACKAGED
) -> dict[str, Forecasts]:
    """The draws that a record names for a table, as they were put on record, by name.

    Raises:
        SealError: it names none, or one is not what is on record.
    """
    files, listed = record.forecasts_for(table), record.predictions_for(table)
    if not files:
        raise SealError(f"Lock {record.version} names no draws to set beside table {table!r}.")
    try:
        rules = Rules.from_plain(record.scoring)
        return {
            name: _on_record(record, table, name, file, listed, rules, places)
            for name, file in files.items()
        }
    except InputError as problem:
        raise SealError(f"{problem} Nothing can be set beside table {table!r} yet.") from None


def _on_record(
    record: Record,
    table: str,
    name: str,
    file: str,
    listed: tuple[str, ...],
    rules: Rules,
    places: Places,
) -> Forecasts:
    """One set of draws, as it was put on record, once it is known to be whole."""
    path = places.predictions / file
    if file not in listed:
        raise SealError(
            f"Lock {record.version} has {file} set beside table {table!r} and does not list it "
            "among the predictions that come first."
        )
    if not path.is_file():
        raise SealError(f"{file} is not there; restore it first.")
    entry = require_file("prediction", path, places.ledger)
    if entry.lock_digest != record.digest:
        raise SealError(f"{file} was made from another record than lock {record.version}.")
    found = read_forecasts(file, path.read_text(encoding="utf-8"))
    missing = not_covered(rules, table, found)
    if missing:
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise SealError(
            f"{file} ({name}) does not hold {missing[0]}{more}, beside which a row of {table!r} "
            "may have to be set."
        )
    return found


def drawn_again(version: str, places: Places = PACKAGED) -> Forecasts:
    """The draws behind the committed prediction of OKT3 from a lock, made again from its seed.

    Raises:
        SealError: the prediction on file is not the one on record, or its numbers are not those
            of the draws made now, to a relative 1e-6.
    """
    record = read_record(lock_path(version, places), against_code=False, places=places)
    committed = committed_prediction(record, places)
    told, forecasts = _run_again(version, record.digest, places)
    held = {key: value for key, value in committed.items() if key != "lock_digest"}
    parted = list(differences(told, held, rtol=SAME_RTOL))
    if parted:
        raise SealError(
            f"The draws of lock {version}, made again from its seed, do not give its committed "
            f"prediction: {parted[0]} ({len(parted)} differ). It is not scored with other draws."
        )
    return forecasts


@lru_cache(maxsize=4)
def _run_again(version: str, digest: str, places: Places) -> tuple[Mapping[str, Any], Forecasts]:
    """Numbers and draws of a lock's prediction; kept for a process, since they take ten seconds."""
    record = read_record(lock_path(version, places), against_code=False, places=places)
    if record.digest != digest:
        raise SealError(f"lock {version} was replaced meanwhile; run the command again.")
    drawn = run_protocol(record, record.draws(record.n_draws))
    told = numbers(record, run_protocol(record), drawn)
    return told, blind_forecasts(record, drawn)
