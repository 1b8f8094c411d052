"""``qsp-crs evidence`` and ``qsp-crs parameters``: where the numbers come from."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from .. import evidence, protocol
from ..common import EvidenceError, short
from .common import DONE, Commands, command, print_json, print_lines, print_table
from .predicting import add_lock


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``evidence`` and ``parameters``."""
    evidence = command(
        commands,
        "evidence",
        _evidence,
        "list the evidence tables, or print where a number comes from",
        examples=(
            "evidence",
            "evidence k_fb",
            "evidence okt3.k_exh",
            "evidence BO001",
            "evidence --table potency",
        ),
        reads=True,
    )
    evidence.add_argument(
        "keys",
        nargs="*",
        metavar="KEY",
        help="a network parameter, an input of a drug, or an evidence id",
    )
    evidence.add_argument("--table", metavar="NAME", help="every row of one table")
    parameters = command(
        commands,
        "parameters",
        _parameters,
        "list the network's 17 parameters with their priors and locked values",
        examples=("parameters", "parameters --lock v1", "parameters --json"),
        reads=True,
    )
    add_lock(parameters)


def _parameters(options: argparse.Namespace) -> int:
    rows = protocol.parameters(options.lock)
    if options.json:
        print_json(list(rows))
        return DONE
    shown = (
        "name",
        "unit",
        "prior_median",
        "prior_log10_sd",
        "locked",
        "posterior_log10_sd",
        "source",
    )
    print_table(
        ("parameter", "unit", "prior median", "log10 sd", "locked", "posterior sd", "source"),
        [[_shown(row, name) for name in shown] for row in rows],
    )
    return DONE


def _shown(row: Mapping[str, Any], name: str) -> Any:
    """A cell; the prior of a ratio is told as a multiple of what it is a ratio to."""
    under = row["prior_of"].partition("/")[2]
    value = row[name]
    return f"{short(value, 4)} x {under}" if name == "prior_median" and under else value


def _evidence(options: argparse.Namespace) -> int:
    if options.keys and options.table is not None:
        raise EvidenceError("KEY and --table were both given; expected one of them.")
    if options.keys:
        return _explain(options)
    return _tables(options)


def _explain(options: argparse.Namespace) -> int:

    origins = [origin for key in options.keys for origin in protocol.explain(key)]
    if options.json:
        print_json([origin.as_dict() for origin in origins])
        return DONE
    for origin in origins:
        print_lines([f"{origin.key}: {origin.kind}"])
        print_lines([f"  {name}: {_words(value)}" for name, value in origin.facts.items()])
        print_lines([f"  source: {name}: {cited}" for name, cited in origin.sources.items()])
        if origin.kind == "evidence row":
            uses = "; ".join(origin.used_for) or "nothing that is computed"
            print_lines([f"  used for: {uses}"])
    return DONE


def _tables(options: argparse.Namespace) -> int:

    tables = evidence.load_tables()
    names = {name.removesuffix(".csv"): name for name in tables.texts}
    if options.table is not None and options.table.removesuffix(".csv") not in names:
        raise EvidenceError(
            f"Table {options.table!r} was asked for; expected one of {', '.join(names)}."
        )
    if options.table is None:
        counts: list[dict[str, Any]] = []
        for short, name in names.items():
            rows = [tables.row(row) for row, table in tables.tables.items() if table == name]
            verified = sum(row.is_verified for row in rows)
            counts.append({"table": short, "rows": len(rows), "verified": verified})
        if options.json:
            print_json(counts)
        else:
            print_table(("table", "rows", "verified"), [list(count.values()) for count in counts])
        return DONE
    wanted = names[options.table.removesuffix(".csv")]
    chosen = [tables.row(row) for row, table in tables.tables.items() if table == wanted]
    if options.json:
        print_json([row.model_dump() for row in chosen])
        return DONE
    print_table(
        ("id", "drug", "analyte", "statistic", "value", "unit", "verified"),
        [
            (
                row.id,
                row.drug,
                row.analyte,
                row.statistic,
                row.value if row.value is not None else row.value_text,
                row.unit,
                row.verified,
            )
            for row in chosen
        ],
    )
    return DONE


def _words(value: Any) -> str:
    return short(value, 6)
