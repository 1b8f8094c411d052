"""``qsp-crs lock`` and ``qsp-crs open``: make and inspect locks, predict once, open a table."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import analyses, chapters, export, protocol
from ..common import decimals, pool, short
from .common import (
    DONE,
    REFUSED,
    Commands,
    Help,
    add_long_run,
    add_quick,
    command,
    print_json,
    print_lines,
    print_table,
)

if TYPE_CHECKING:
    from ..protocol import Finding


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
        "print what the current record holds",
        examples=("lock show", "lock show --json"),
        reads=True,
    )
    verify = command(
        actions,
        "verify",
        _verify,
        "check every record, prediction and opening, and say what was checked",
        description="Check every lock record, prediction and opening against the ledger, the code, "
        "the data, the results and exports made from them, and the repository's history; print "
        "what was checked against what, and what cannot be told. Exit code 1 if anything differs.",
        examples=("lock verify", "lock verify --quick"),
        reads=True,
    )
    add_quick(verify)
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
        "develop what is not developed yet, and write the next version of the record",
        description="Develop every candidate structure that nothing is kept of, which takes about "
        "half an hour each, write the next version of the record, and put it in the ledger. If it "
        "was interrupted, the same command goes on from there.",
        examples=('lock make --reason "evidence row BO001 corrected"',),
    )
    make.add_argument("--reason", required=True, help="why this version exists; goes on record")
    add_long_run(make)
    command(
        actions,
        "predict",
        _predict,
        "make the blind predictions from the newest record, once",
        description="Make every prediction that the newest record lists, once, and put it in the "
        "ledger: the blind drug's, draws of the others, and the incidences in virtual patients, "
        "which take some minutes. If it was interrupted, the same command goes on from there.",
        examples=("lock predict",),
    )
    opening = command(
        commands,
        "open",
        _open,
        "open a held-back table and record the evaluation for good",
        description="Open a held-back table against the newest lock record: its hash is checked, "
        "its rows are judged eligible or not, the committed predictions are set beside them, and "
        "the result is added to the ledger. There is no way back. If it was interrupted, the same "
        "command goes on from there.",
        examples=(
            "open okt3_outcomes --dry-run",
            "open okt3_outcomes --dry-run my_made_up_rows.csv",
            "open okt3_outcomes",
        ),
    )
    opening.add_argument("table", metavar="TABLE", help="its name; lock show lists them")
    opening.add_argument(
        "--dry-run",
        nargs="?",
        type=Path,
        const=Path(),
        metavar="MADE_UP",
        help="show what would happen, on made-up rows (some come along), and write nothing",
    )


def _make(options: argparse.Namespace) -> int:
    with pool(options.workers) as executor:
        protocol.develop_missing(
            (),
            protocol.today(),
            executor,
            folder=options.checkpoint,
            say=lambda line: print_lines([line]),
        )
    written = protocol.make_lock(options.reason, protocol.today())
    record = protocol.read_record(written.path, places=protocol.PACKAGED)
    words = "finished what was interrupted:" if written.finished else "wrote"
    print_lines([f"{words} {written.path.name}: digest {record.digest}"])
    return DONE


def _posterior_words(record: protocol.Record) -> str:
    """What is kept of the posterior."""
    if record.sample is None:
        return "Laplace's approximation: a mean and a covariance in log10"
    return f"a kept sample, SHA-256 {record.sample['sha256']}"


def _show(options: argparse.Namespace) -> int:
    record = protocol.current_record()
    tables = {name: protocol.status(name) for name in protocol.sealed_tables()}
    if options.json:
        moments = record.moments
        print_json(
            {
                **record.summary,
                "reason": record.reason,
                "network": record.network.values(),
                "structure": record.network.feedback,
                "t_cell_part": record.network.t_cells,
                "network_is": "the locked point, the optimum of the fit",
                "drugs": {name: record.drug(name).values() for name in record.drug_names},
                "posterior": {
                    "names": list(moments),
                    "mean_log10": [mean for mean, _ in moments.values()],
                    "sd_log10": [sd for _, sd in moments.values()],
                    "is": _posterior_words(record),
                },
                "grade_boundaries": vars(record.boundaries),
                "severity_index": dict(record.severity_indices),
                "seed": record.seed,
                "sealed_tables": tables,
                "no_longer_verified": protocol.no_longer_verified(record.version),
            }
        )
        return DONE
    print_lines([f"lock {record.version} of {record.date}, digest {record.digest}"])
    print_lines([f"  {record.network.feedback} feedback, {record.network.t_cells} T-cell part"])
    print_lines([f"  posterior: {_posterior_words(record)}"])
    print_lines(["  the locked point, the optimum of the fit:"])
    print_lines(
        [f"  {name:8s} {short(value, 6)}" for name, value in record.network.values().items()]
    )
    for name in record.drug_names:
        rates = {k: v for k, v in record.drug(name).values().items() if k.startswith("k_") and v}
        words = ", ".join(f"{rate} {short(value, 4)}" for rate, value in rates.items())
        print_lines([f"  {name}: {words} (1/h)"])
    edges = ", ".join(decimals(edge, 3) for edge in vars(record.boundaries).values())
    print_lines([f"  illustrative grades 1 to 4 from z = {edges}"])
    states = ", ".join(f"{name} ({state})" for name, state in tables.items())
    print_lines([f"  held-back tables: {states}"])
    print_lines(_no_longer_verified(record.version))
    return DONE


def _no_longer_verified(version: str) -> list[str]:
    """A line for each input of a record that nothing here can verify byte by byte."""
    return [
        f"  no longer verified byte by byte: {name} ({why})"
        for name, why in protocol.no_longer_verified(version).items()
    ]


def _verify(options: argparse.Namespace) -> int:
    found: list[Finding] = list(protocol.verify_records(recompute=not options.quick))
    found += analyses.population_findings(recompute=not options.quick)
    found += chapters.results_findings()
    found += export.findings()
    wrong = [finding for finding in found if finding.wrong]
    if options.json:
        print_json([vars(finding) for finding in found])
        return REFUSED if wrong else DONE
    print_table(
        ("what", "against", "verdict", "detail"),
        [(f.what, f.against, f.verdict, f.detail) for f in found],
    )
    untold = sum(not finding.wrong and finding.verdict != protocol.SAME for finding in found)
    outcome = f"{len(wrong)} to mend" if wrong else "nothing differs"
    print_lines(["", f"{len(found)} things looked at: {outcome}; of {untold} nothing can be told"])
    return REFUSED if wrong else DONE


def _history(options: argparse.Namespace) -> int:
    contents = [
        protocol.read_record(
            protocol.lock_path(version),
            against_code=False,
            places=protocol.PACKAGED,
        ).content
        for version in protocol.versions()
    ]
    if options.json:
        keys = ("version", "date", "digest", "reason")
        print_json(
            [
                {key: content[key] for key in keys}
                | {"no_longer_verified": protocol.no_longer_verified(content["version"])}
                for content in contents
            ]
        )
        return DONE
    for c in contents:
        print_lines([f"{c['version']}  {c['date']}  {c['digest'][:12]}  {c['reason']}"])
        print_lines(_no_longer_verified(c["version"]))
    return DONE


def _predict(_options: argparse.Namespace) -> int:
    record = protocol.newest_record()
    population = analyses.listed_population(record.version)
    written = protocol.commit_predictions(record, also=(population,))
    for one in written:
        words = "finished what was interrupted:" if one.finished else "wrote"
        print_lines([f"{words} {one.path.name}"])
    print_lines(["commit it and the ledger before any table is opened"])
    return DONE


def _open(options: argparse.Namespace) -> int:
    record = protocol.newest_record()
    if options.dry_run is not None:
        return _rehearse(options.table, options.dry_run, record)
    opened = protocol.open_table(
        options.table,
        record=record,
        evaluate=protocol.evaluation_of(record, options.table),
        ready=lambda: protocol.require_ready(record, options.table),
    )
    entry = opened.entry
    words = f"opened against lock {entry.lock_version} on {entry.date}"
    if not opened.new:
        words = f"was {words}; the same came out, and nothing was added"
    elif opened.finished:
        words = f"{words}: an interrupted opening had written the verdicts, its line is added now"
    print_lines([f"{entry.table} {words}"])
    print_lines([f"  verdicts beside the table: {entry.table}.eligibility.csv"])
    _print_comparison(entry.summary)
    return DONE


def _rehearse(table: str, made_up: Path, record: protocol.Record) -> int:
    come_along = protocol.MADE_UP_ROWS.get(table, protocol.MADE_UP)
    path = come_along if made_up == Path() else made_up
    evaluate = protocol.evaluation_of(record, table)
    shown = protocol.rehearse(table, path, record=record, evaluate=evaluate)
    print_lines([f"a rehearsal of opening {table}, on the made-up rows of {path.name}"])
    _print_verdicts([(row.id, row.eligible, row.reason) for row in shown.rows])
    _print_comparison(shown.summary)
    print_lines(["nothing was written"])
    if shown.refusal:
        print_lines([f"the real table would be refused now: {shown.refusal}"])
    return DONE


def _print_verdicts(rows: Sequence[tuple[str, bool, str]]) -> None:
    for name, eligible, reason in rows:
        print_lines([f"  {name}  {'eligible' if eligible else 'not eligible'}: {reason}"])


def _print_comparison(summary: Mapping[str, Any]) -> None:
    for cytokine, result in summary["comparison"].items():
        median, verdict = result["predicted_median"], result["verdict"]
        print_lines([f"  {cytokine}: predicted {median}, {verdict}"])
    if "scores" in summary:
        _print_scores(summary)


def _print_scores(summary: Mapping[str, Any]) -> None:
    counts = summary["independent_outcomes"]
    print_lines(
        [
            f"  {summary['scored']} rows scored, {summary['below_limit']} of them below a limit; "
            f"{counts['drug_dose_study']} independent outcomes (drug, dose and study) of "
            f"{counts['studies']} studies",
            *(
                f"  {name} predicts nothing for {', '.join(ids)}"
                for name, ids in summary["not_predicted"].items()
                if ids
            ),
        ]
    )
    for model, forecasts in summary["scores"].items():
        print_lines([f"  {model}:"])
        header = (
            "forecast",
            "CRPS",
            "skill",
            "from",
            "to",
            "log score",
            "in 50 %",
            "in 90 %",
            "WIS",
        )
        print_table(header, [_scores(name, told) for name, told in forecasts.items()])
        claims = {told["skill"]["claim"] for told in forecasts.values() if told and told["skill"]}
        print_lines([f"  skill and its 90 % interval: {claim}" for claim in sorted(claims)])
    if summary["grades"]:
        rows = [
            (name, told["score_of_grade"], told["score_of_place"])
            for name, told in summary["grades"]["forecasts"].items()
        ]
        print_table(("forecast", "RPS of the grade", "RPS of the place"), rows)


def _scores(name: str, told: Mapping[str, Any] | None) -> tuple[Any, ...]:
    if told is None:
        return (name, *[None] * 8)
    skill, coverage = told["skill"] or {}, told["coverage"] or {}
    return (
        name,
        told["crps"],
        *(skill.get(key) for key in ("value", "low", "high")),
        told["log_score"],
        coverage.get("50"),
        coverage.get("90"),
        told["interval_score"],
    )
