"""The commands of the protocol: make and inspect locks, predict once, open a table."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Mapping
from typing import Any

from .blind_test import commit_prediction, committed_prediction, compare_with_outcomes
from .ledger import LedgerEntry, default_ledger_path
from .lock import LOCKS, Record, current_record, read_record, versions
from .locking import make_lock
from .seal import Evaluation, JudgedRow, known_path, open_table, sealed_tables
from .workers import pool

Commands = argparse._SubParsersAction  # argparse has no public name for it


def add_lock(commands: Commands) -> None:
    """``lock make | show | verify | history | predict``."""
    lock = commands.add_parser("lock", help="the lock record: make, show, verify, history, predict")
    actions = lock.add_subparsers(title="actions", metavar="ACTION", required=True)
    make = actions.add_parser("make", help="fit, and write the next version of the record")
    make.add_argument("--reason", required=True, help="why this version exists; goes on record")
    make.add_argument("--workers", type=int, default=2, help="processes for the fit (default 2)")
    make.set_defaults(act=_make)
    for name, act, text in (
        ("show", _show, "print what the newest record holds"),
        ("verify", _verify, "check every record against its digest, the code and the data"),
        ("history", _history, "list the versions with their reasons"),
        ("predict", _predict, "make the blind prediction from the newest record, once"),
    ):
        actions.add_parser(name, help=text).set_defaults(act=act)


def add_open(commands: Commands) -> None:
    """``open TABLE``."""
    opening = commands.add_parser(
        "open",
        help="open a held-back table and record the evaluation for good",
        description="Open a held-back table against the newest lock record: its hash is checked, "
        "its rows are judged eligible or not, the committed prediction is set beside them, and the "
        "result is added to the ledger. There is no way back.",
    )
    opening.add_argument("table", metavar="TABLE", help=f"one of {', '.join(sealed_tables())}")
    opening.set_defaults(act=_open)


def _make(options: argparse.Namespace) -> int:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    with pool(options.workers) as executor:
        path = make_lock(options.reason, today, executor)
    print(f"wrote {path.name}: digest {read_record(path).digest}")
    return 0


def _show(_options: argparse.Namespace) -> int:
    record = current_record()
    print(f"lock {record.version} of {record.content['date']}, digest {record.digest}")
    for name, value in record.network.values().items():
        print(f"  {name:8s} {value:.6g}")
    return 0


def _verify(_options: argparse.Namespace) -> int:
    newest = versions()[-1:]
    for version in versions():
        record = _on_file(version, against_code=version in newest)
        print(f"lock {version}: intact ({record.digest[:12]})")
    return 0


def _history(_options: argparse.Namespace) -> int:
    for version in versions():
        content = _on_file(version, against_code=False).content
        print(f"{version}  {content['date']}  {content['digest'][:12]}  {content['reason']}")
    return 0


def _on_file(version: str, *, against_code: bool) -> Record:
    path = LOCKS / f"lock-{version}.json"
    return read_record(path, against_code=against_code, ledger_path=default_ledger_path())


def _predict(_options: argparse.Namespace) -> int:
    path = commit_prediction(current_record())
    print(f"wrote {path.name}; commit it before any table is opened")
    return 0


def _open(options: argparse.Namespace) -> int:
    record = current_record()
    entry = open_table(
        options.table, record=record, evaluate=evaluation(committed_prediction(record))
    )
    _report(entry)
    return 0


def evaluation(prediction: Mapping[str, Any]) -> Evaluation:
    """What an opening runs on the judged rows: the comparison with the prediction, rounded."""

    def evaluate(rows: tuple[JudgedRow, ...]) -> Mapping[str, Any]:
        eligible = [judged.row for judged in rows if judged.eligible and judged.row is not None]
        return {
            "rows": len(rows),
            "eligible": len(eligible),
            "comparison": _rounded(compare_with_outcomes(prediction, eligible)),
        }

    return evaluate


def _rounded(value: Any) -> Any:
    """Nested numbers to six significant digits, so that the ledger compares what was seen."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value


def _report(entry: LedgerEntry) -> None:
    print(f"{entry.table} opened against lock {entry.lock_version} on {entry.date}")
    print(f"  verdicts beside the table: {known_path(entry.table).stem}.eligibility.csv")
    for cytokine, result in entry.summary["comparison"].items():
        print(f"  {cytokine}: predicted {result['predicted_median']}, {result['verdict']}")
