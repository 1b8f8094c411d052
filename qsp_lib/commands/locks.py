"""``qsp-crs lock`` and ``qsp-crs open``: make and inspect locks, predict once, open a table."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from .common import DONE, Commands, Help, command, print_json, print_lines, short

if TYPE_CHECKING:
    from ..protocol import Record


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``lock show | verify | history | make | predict`` and ``open``."""
    lock = commands.add_parser(
        "lock",
        help="the lock record: show, verify, history, make, predict",
        description="The lock record holds everything a blind prediction rests on.",
        formatter_class=Help,
        allow_abbrev=False,
    )
    actions = lock.add_subparsers(title="actions", metavar="ACTION", required=True)
    command(
        actions,
        "show",
        _show,
        "print what the newest record holds",
        examples=("lock show", "lock show --json"),
        reads=True,
    )
    command(
        actions,
        "verify",
        _verify,
        "check every record against its digest, the ledger, the code and the data",
        examples=("lock verify",),
        reads=True,
    )
    command(
        actions,
        "history",
        _history,
        "list the versions with their reasons",
        examples=("lock history",),
        reads=True,
    )
    make = command(
        actions,
        "make",
        _make,
        "fit, and write the next version of the record",
        examples=('lock make --reason "evidence row BO001 corrected"',),
    )
    make.add_argument("--reason", required=True, help="why this version exists; goes on record")
    make.add_argument("--workers", type=int, default=2, help="processes for the fit (default 2)")
    command(
        actions,
        "predict",
        _predict,
        "make the blind prediction from the newest record, once",
        examples=("lock predict",),
    )
    opening = command(
        commands,
        "open",
        _open,
        "open a held-back table and record the evaluation for good",
        description="Open a held-back table against the newest lock record: its hash is checked, "
        "its rows are judged eligible or not, the committed prediction is set beside them, and "
        "the result is added to the ledger. There is no way back.",
        examples=("open okt3_outcomes",),
    )
    opening.add_argument("table", metavar="TABLE", help="its name; lock show lists them")


def _make(options: argparse.Namespace) -> int:
    from ..common import only_one, pool
    from ..protocol import default_ledger_path, make_lock, read_record, today

    with only_one(default_ledger_path().parent), pool(options.workers) as executor:
        path = make_lock(options.reason, today(), executor)
    record = read_record(path, ledger_path=default_ledger_path())
    print_lines([f"wrote {path.name}: digest {record.digest}"])
    return DONE


def _show(options: argparse.Namespace) -> int:
    from ..protocol import current_record, sealed_tables, status

    record = current_record()
    tables = {name: status(name) for name in sealed_tables()}
    if options.json:
        names, mean, covariance = record.posterior
        print_json(
            {
                **record.summary,
                "reason": record.reason,
                "network": record.network.values(),
                "structure": record.network.feedback,
                "drugs": {name: record.drug(name).values() for name in record.drug_names},
                "posterior": {
                    "names": list(names),
                    "mean_log10": mean.tolist(),
                    "sd_log10": (covariance.diagonal() ** 0.5).tolist(),
                },
                "grade_boundaries": vars(record.boundaries),
                "severity_index": dict(record.severity_indices),
                "seed": record.seed,
                "sealed_tables": tables,
            }
        )
        return DONE
    print_lines([f"lock {record.version} of {record.date}, digest {record.digest}"])
    print_lines(
        [f"  {name:8s} {short(value, 6)}" for name, value in record.network.values().items()]
    )
    for name in record.drug_names:
        rates = {k: v for k, v in record.drug(name).values().items() if k.startswith("k_") and v}
        words = ", ".join(f"{rate} {short(value, 4)}" for rate, value in rates.items())
        print_lines([f"  {name}: {words} (1/h)"])
    edges = ", ".join(f"{edge:.3f}" for edge in vars(record.boundaries).values())
    print_lines([f"  illustrative grades 1 to 4 from z = {edges}"])
    states = ", ".join(f"{name} ({state})" for name, state in tables.items())
    print_lines([f"  held-back tables: {states}"])
    return DONE


def _verify(options: argparse.Namespace) -> int:
    from ..protocol import versions

    newest = versions()[-1:]
    found = []
    for version in versions():
        record = _on_file(version, against_code=version in newest)
        found.append({"version": version, "digest": record.digest, "current": version in newest})
        if not options.json:
            print_lines([f"lock {version}: intact ({record.digest[:12]})"])
    if options.json:
        print_json(found)
    elif not found:
        print_lines(["there is no lock record yet"])
    return DONE


def _history(options: argparse.Namespace) -> int:
    from ..protocol import versions

    contents = [_on_file(version, against_code=False).content for version in versions()]
    if options.json:
        keys = ("version", "date", "digest", "reason")
        print_json([{key: content[key] for key in keys} for content in contents])
        return DONE
    for c in contents:
        print_lines([f"{c['version']}  {c['date']}  {c['digest'][:12]}  {c['reason']}"])
    return DONE


def _on_file(version: str, *, against_code: bool) -> Record:
    from ..protocol import LOCKS, default_ledger_path, read_record

    path = LOCKS / f"lock-{version}.json"
    return read_record(path, against_code=against_code, ledger_path=default_ledger_path())


def _predict(_options: argparse.Namespace) -> int:
    from ..common import only_one
    from ..protocol import commit_prediction, current_record, default_ledger_path

    with only_one(default_ledger_path().parent):
        path = commit_prediction(current_record())
    print_lines([f"wrote {path.name}; commit it before any table is opened"])
    return DONE


def _open(options: argparse.Namespace) -> int:
    from ..common import only_one
    from ..protocol import (
        committed_prediction,
        current_record,
        default_ledger_path,
        evaluation,
        known_path,
        open_table,
    )

    record = current_record()
    prediction = committed_prediction(record)
    with only_one(default_ledger_path().parent):
        entry = open_table(options.table, record=record, evaluate=evaluation(prediction))
    verdicts = f"{known_path(entry.table).stem}.eligibility.csv"
    print_lines(
        [
            f"{entry.table} opened against lock {entry.lock_version} on {entry.date}",
            f"  verdicts beside the table: {verdicts}",
        ]
    )
    comparison: dict[str, Any] = entry.summary["comparison"]
    for cytokine, result in comparison.items():
        median, verdict = result["predicted_median"], result["verdict"]
        print_lines([f"  {cytokine}: predicted {median}, {verdict}"])
    return DONE
