"""The page on the exports: what there is to download, and how far other engines agree."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qsp_lib.analyses import LATE_H
from qsp_lib.chapters import notebooks
from qsp_lib.common import InputError, number
from qsp_lib.drugs import shipped_drugs
from qsp_lib.export import (
    ATOL,
    RTOL,
    combine,
    identifier,
    packs,
    petab,
    read_manifest,
    reference_courses,
    sbml,
)
from qsp_lib.model import QUANTITIES, DrugInputs, Structure
from qsp_lib.protocol import current_record

from .fragments import BookData, fragment, table

EXPORTS = "exports"
COMPARED = notebooks.ROOT / EXPORTS / "second_engine.json"
"""What ``interop/second_engine.py`` found."""

BY_AMICI = notebooks.ROOT / EXPORTS / "petab_amici.json"
"""What ``interop/petab_amici.py`` found, perhaps of an earlier version of the problems."""
PROBLEMS = notebooks.ROOT / EXPORTS / petab.FOLDER


def stage_downloads(root: Path, target: Path) -> None:
    """Put the exports where the built book offers them, its PEtab problems also in one file.

    Args:
        root: the checkout.
        target: the folder of files that are copied as they are.
    """
    source = root / EXPORTS
    if not source.is_dir():
        return
    shutil.copytree(source, target / EXPORTS)
    known = read_manifest(source)
    files = {path: (source / path).read_bytes() for path in known["files"]}
    for name, data in packs(files, known["lock"]["date"]).items():
        (target / EXPORTS / name).write_bytes(data)


def read_compared(path: Path = COMPARED) -> dict[str, Any]:
    """What the other engines found of the archive; raises as :func:`read_found`."""
    return read_found(path, ("engines", "titles", "limit", "floor", "least", "doubled"))


def read_found(path: Path, parts: Iterable[str]) -> dict[str, Any]:
    """What a script of ``interop/`` wrote.

    Args:
        path: of its file.
        parts: keys that have to be in it.

    Raises:
        InputError: there is no such file, or a part is missing.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return content | {part: content[part] for part in parts}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise InputError(
            f"{path} cannot be read ({problem!r}); make it with 'make exports'."
        ) from None


def _offered(path: str) -> str:
    return f'<a href="../{EXPORTS}/{path}" download>{path.rpartition("/")[2]}</a>'


@fragment("downloads")
def downloads(_book: BookData) -> str:
    """The exported files, each with what it is."""
    record = current_record()
    rows = [
        (_offered(combine.NAME), "everything but PEtab: models, simulations, reference courses"),
        (_offered("sbml/network.xml"), "SBML: the network for any drug, without doses"),
    ]
    rows += [
        (_offered(f"sbml/{course.model.name}.xml"), f"SBML: {course.title}")
        for course in reference_courses(record)
        if not course.changes
    ]
    rows.append((_offered(petab.PACK), "PEtab 2 and PEtab 1: the fit as an estimation problem"))
    rows.append((_offered("manifest.json"), "what the files were made from, and their SHA-256"))
    return table(("file", "what it is"), rows)


@fragment("second_engine")
def second_engine(_book: BookData) -> str:
    """Largest relative difference from SciPy: every state, course and engine."""
    made = read_compared()
    worst = {
        engine: max(max(of.values()) for of in found["differences"].values())
        for engine, found in made["engines"].items()
    }
    limit = number(made["limit"])
    words = " and ".join(
        f"{number(worst[engine])} in {engine} {found['version']}"
        for engine, found in made["engines"].items()
    )
    doubled = [value for of in made["doubled"].values() for value in of.values()]
    parts = [
        f"The largest of all is {words}; anything above {limit} fails the check. A difference is "
        "taken at each of the reported times, relative to the reference or, where the state is "
        f"all but gone, to {number(made['floor'])} of its peak or, if that is more, to "
        f"{number(made['least'])}, which the tolerance resolves no better. The reference is "
        f"SciPy's at `rtol` {RTOL:g} and `atol` {ATOL:g}. The tables give billionths (10⁻⁹); a 0 "
        f"is a state that stays 0. With a parameter that stands at 1 doubled, {len(doubled)} times "
        "over all courses, the engines differ from each other by at most "
        f"{number(max(doubled))}.\n"
    ]
    for engine, found in made["engines"].items():
        differences = found["differences"]
        # a state that a course does not have has an empty cell
        states = dict.fromkeys(state for of in differences.values() for state in of)
        rows = [
            (
                state,
                *(_billionths(of[state]) if state in of else "" for of in differences.values()),
            )
            for state in states
        ]
        header = ("state", *(_heading(name) for name in differences))
        parts.append(f"{engine} {found['version']}:\n\n{table(header, rows)}")
    return "\n".join(parts)


def _heading(course: str) -> str:
    """The name of a course's file in words that break where a column is narrow."""
    return course.replace("_", " ").replace("momab", "\N{SOFT HYPHEN}momab")


def _billionths(value: float) -> str:
    """In billionths, two digits."""
    return number(value * 1e9, 2)


@fragment("export_switches")
def export_switches(_book: BookData) -> str:
    """What a reader changes in the SBML files, by id and by name."""
    one_drug, network = "a regimen's file", "`network.xml`"
    whole, tabled = _whole(), " and ".join(drug.label for drug in _drugs(tabled=True))
    rows = [
        (sbml.DOSE_FACTOR, one_drug + f", but not of {tabled}" * bool(tabled), "1"),
        (sbml.TCZ_FACTOR, one_drug, "0"),
        (sbml.TCZ_TIME, one_drug, f"{LATE_H:g}"),
    ]
    if whole.steroid:
        rows += [(sbml.DEX_FACTOR, one_drug, "0"), (sbml.DEX_TIME, one_drug, "0")]
    rows += [(sbml.SWITCH, network, "1"), *((name, network, "0") for name in whole.inputs)]
    return table(
        ("id", "name", "unit", "where", "as it stands"),
        (
            (f"`{name}`", quantity.words, _unit(quantity.unit), where, value)
            for name, where, value in rows
            for quantity in [sbml.CHANGED_BY.get(name) or QUANTITIES[name]]
        ),
    )


@fragment("export_states")
def export_states(_book: BookData) -> str:
    """The states of the SBML files, and what holds each."""
    return table(
        ("id", "name", "unit", "in SBML"),
        (
            (
                f"`{name}`",
                QUANTITIES[name].words,
                _unit(QUANTITIES[name].unit),
                "species" if QUANTITIES[name].is_concentration else "parameter",
            )
            for name in _whole().states
        ),
    )


@fragment("export_inputs")
def export_inputs(_book: BookData) -> str:
    """What a drug is in the network's file: its mechanism and its inputs.

    A drug whose concentrations come from a table is none there: the file has compartments alone.
    """
    record, drugs = current_record(), _drugs(tabled=False)
    values = [sbml.drug_values(record, drug.name) for drug in drugs]
    switch = sbml.CHANGED_BY[sbml.SWITCH]
    mechanism = [f"{drug.mechanism == 'bispecific':d}" for drug in drugs]
    rows = [(f"`{sbml.SWITCH}`", switch.words, "1", *mechanism)]
    rows += [
        (
            f"`{identifier(name)}`",
            QUANTITIES[name].words,
            _unit(QUANTITIES[name].unit),
            *(f"{of[name]:g}" for of in values),
        )
        for name in sbml.drug_inputs(record)
    ]
    return table(("id", "name", "unit", *(drug.label for drug in drugs)), rows)


def _drugs(*, tabled: bool) -> list[DrugInputs]:
    """The record's drugs whose concentrations come from a table, or all others."""
    record = current_record()
    drugs = [record.drug(name) for name in shipped_drugs(record.inputs)]
    return [drug for drug in drugs if (drug.table is not None) == tabled]


def _whole() -> Structure:
    """Every part of the files, as the network's for any drug has them."""
    return sbml.wholes(current_record())["bispecific"]


def _unit(unit: str) -> str:
    """A unit as it is printed; 1 for a pure number."""
    return unit.replace("ug", "µg")


@fragment("petab_amici")
def petab_amici(_book: BookData) -> str:
    """How far AMICI comes to our objective."""
    made = read_found(BY_AMICI, ("versions", "points", "problems_sha256"))
    same = made["problems_sha256"] == petab.digest_of(PROBLEMS)
    one, two = (made["versions"][name] for name in (petab.V1, petab.V2))
    tools = [
        " and ".join(f"{name} {version}" for name, version in found["with"].items())
        for found in (one, two)
    ]
    data, priors, alone = (
        number(value)
        for value in (
            one["difference"]["data"],
            one["difference"]["priors"],
            two["difference"]["data"],
        )
    )
    return (
        f"{'At' if same else 'Before these files last changed, at'} the same "
        f"{len(made['points'])} points {tools[0]} evaluated version 1: the likelihood "
        f"differs by at most {data}, relatively, and the priors, which pyPESTO does not cut off at "
        f"the bounds, by a constant, from which they depart by at most {priors}. {tools[1]} "
        f"evaluated the likelihood of version 2: it differs by at most {alone}.\n"
    )
