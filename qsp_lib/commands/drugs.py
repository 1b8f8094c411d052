"""``qsp-crs drugs`` and ``qsp-crs new-drug``."""

from __future__ import annotations

import argparse
from typing import Any

from .. import drugs, prediction, protocol
from .common import DONE, Commands, command, print_json, print_lines, print_table
from .predicting import add_lock

MECHANISMS = ("bispecific", "monoclonal")
EXPOSURES = ("intravenous", "subcutaneous", "table")


def add(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare ``drugs`` and ``new-drug``."""
    drugs = command(
        commands,
        "drugs",
        _drugs,
        "list the drugs, or explain one: every input with its source",
        examples=("drugs", "drugs okt3", "drugs my_drug.toml --json"),
        reads=True,
    )
    drugs.add_argument("drug", nargs="?", metavar="DRUG", help="a drug's name or a .toml file")
    drugs.add_argument(
        "--class-defaults", action="store_true", help="fill in what the file leaves out"
    )
    add_lock(drugs)
    new = command(
        commands,
        "new-drug",
        _new_drug,
        "write a drug file to start from; it can be run as it stands",
        examples=(
            "new-drug my_drug.toml",
            "new-drug my_drug.toml --mechanism monoclonal",
            "new-drug my_drug.toml --exposure subcutaneous",
        ),
    )
    new.add_argument("file", metavar="FILE", help="a .toml file that does not exist yet")
    new.add_argument("--mechanism", choices=MECHANISMS, default="bispecific")
    new.add_argument(
        "--exposure",
        choices=EXPOSURES,
        default="intravenous",
        help="into a vein, under the skin, or as a table of concentrations, whose CSV is written "
        "beside FILE",
    )


def _new_drug(options: argparse.Namespace) -> int:

    path, *others = prediction.write_template(options.file, options.mechanism, options.exposure)
    print_lines([f"wrote {other}, which it reads" for other in others])
    print_lines([f"wrote {path}; edit it, then: qsp-crs predict {path}"])
    return DONE


def _drugs(options: argparse.Namespace) -> int:
    # a list needs no record, whose check takes half a second, unless another one is asked for
    version = None if options.lock is None else protocol.record_of(options.lock).inputs
    if options.drug == drugs.RESCUE:
        rescue = drugs.load_tocilizumab(inputs=version)
        return _explain({"name": drugs.RESCUE, "role": "rescue"}, rescue, {}, options.json)
    if options.drug is not None:
        record = protocol.record_of(options.lock)
        file = drugs.load_drug(
            options.drug, class_defaults=options.class_defaults, inputs=record.inputs
        )
        file, inputs = prediction.inputs_of(options.drug, file, record)
        head = {
            "name": inputs.name,
            "label": inputs.label,
            "mechanism": inputs.mechanism,
            "role": inputs.role,
        }
        lock = {"lock": f"lock {record.version}"}
        used = prediction.as_predicted(file, inputs)
        return _explain(head | lock, file, used, options.json)
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "mechanism": (file := drugs.load_drug(name, inputs=version)).inputs.mechanism,
            "role": file.inputs.role,
            "regimens": list(file.regimens),
        }
        for name in drugs.shipped_drugs(version)
    ]
    rows.append(
        {
            "name": drugs.RESCUE,
            "mechanism": "receptor block",
            "role": "rescue",
            "regimens": list(drugs.load_tocilizumab(inputs=version).regimens),
        }
    )
    if options.json:
        print_json(rows)
    else:
        texts = [[*list(row.values())[:3], ", ".join(row["regimens"])] for row in rows]
        print_table(("drug", "mechanism", "role", "regimens"), texts)
    return DONE


def _explain(
    head: dict[str, Any], file: Any, used: dict[str, tuple[float, str]], as_json: bool
) -> int:
    """Print every number of a drug file with its source, and its regimens.

    Args:
        used: value and unit of what ``predict`` takes from the lock record.
    """
    numbers: dict[str, dict[str, Any]] = {
        name: {
            "value": given.value,
            "unit": given.unit,
            "source": list(given.source),
            "note": " ".join(given.note.split()),
            "log10_sd": given.log10_sd,
            "same_as": given.same_as,
            "used": used[name][0] if name in used else None,
            "used_unit": used[name][1] if name in used else None,
        }
        for name, given in file.sources.items()
    }
    regimens = {
        key: {
            "label": regimen.label,
            "doses": len(regimen.doses),
            "total_ug": regimen.total_ug,
            "source": list(file.regimen_sources[key]),
        }
        for key, regimen in file.regimens.items()
    }
    if as_json:
        print_json({**head, "numbers": numbers, "regimens": regimens})
        return DONE
    print_lines([", ".join(str(word) for word in head.values()), ""])
    print_table(
        ("input", "as read", "unit", "as predicted", "unit", "source", "note"),
        [
            (name, n["value"], n["unit"], n["used"], n["used_unit"], _sources(n), n["note"])
            for name, n in numbers.items()
        ],
    )
    print_lines([""])
    print_table(
        ("regimen", "label", "doses", "total (ug)", "source"),
        [
            (key, r["label"], r["doses"], r["total_ug"], ", ".join(r["source"]))
            for key, r in regimens.items()
        ],
    )
    return DONE


def _sources(number: dict[str, Any]) -> str:
    words = ", ".join(number["source"])
    return f"as {number['same_as']}: {words}" if number["same_as"] else words
