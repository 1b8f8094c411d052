"""The page on the exports: what there is to download, and how far other engines agree."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .. import chapters
from ..equations import STATES
from ..errors import InputError
from ..export import combine, sbml
from ..export.courses import ATOL, RTOL, courses
from ..export.everything import read_manifest
from ..lock import current_record
from ..rescue import LATE_H
from .fragments import BookData, fragment, table
from .substitutions import format_value

EXPORTS = "exports"
COMPARED = chapters.ROOT / EXPORTS / "second_engine.json"
"""What ``interop/second_engine.py`` found."""
_PETAB_PACK = "petab.zip"


def stage_downloads(root: Path, target: Path) -> None:
    """Put the exports where the built book offers them, its PEtab problems also in one file.

    Args:
        root: the checkout.
        target: the folder of files that are copied as they are.
    """
    source, place = root / EXPORTS, target / EXPORTS
    if not source.is_dir():
        return
    shutil.copytree(source, place)
    year, month, day = map(int, read_manifest(source)["lock"]["date"].split("-"))
    with zipfile.ZipFile(place / _PETAB_PACK, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted((source / "petab").rglob("*")):
            if path.is_file():
                name = path.relative_to(source).as_posix()
                member = zipfile.ZipInfo(name, (year, month, day, 0, 0, 0))
                packed.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)


def read_compared(path: Path = COMPARED) -> dict[str, Any]:
    """What the other engines found of the archive; raises as :func:`read_found`."""
    return read_found(path, ("engines", "titles", "limit", "floor"))


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
        (_offered(f"sbml/{course.model}.xml"), f"SBML: {course.title(record)}")
        for course in courses()
        if not course.rescue
    ]
    rows.append((_offered(_PETAB_PACK), "PEtab 2 and PEtab 1: the fit as an estimation problem"))
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
    limit = format_value(made["limit"])
    words = " and ".join(
        f"{format_value(worst[engine])} in {engine} {found['version']}"
        for engine, found in made["engines"].items()
    )
    parts = [
        f"The largest of all is {words}; anything above {limit} fails the check. A difference is "
        "taken at each of the reported times, relative to the reference or, where the state is "
        f"all but gone, to {format_value(made['floor'])} of its peak. The reference is SciPy's at "
        f"`rtol` {RTOL:g} and `atol` {ATOL:g}. The tables give billionths (10⁻⁹); a 0 is a state "
        "that stays 0.\n"
    ]
    for engine, found in made["engines"].items():
        differences = found["differences"]
        rows = [
            (state, *(_billionths(of[state]) for of in differences.values())) for state in STATES
        ]
        header = ("state", *(_heading(name) for name in differences))
        parts.append(f"{engine} {found['version']}:\n\n{table(header, rows)}")
    return "\n".join(parts)


def _heading(course: str) -> str:
    """The name of a course's file in words that break where a column is narrow."""
    return course.replace("_", " ").replace("momab", "\N{SOFT HYPHEN}momab")


def _billionths(value: float) -> str:
    """In billionths, two digits."""
    return f"{value * 1e9:.2g}"


@fragment("export_switches")
def export_switches(_book: BookData) -> str:
    """What a reader changes in the SBML files."""
    rows = [
        (f"`{sbml.DOSE_FACTOR}`", "a drug's file", "1", "multiplies every dose of the drug"),
        (
            f"`{sbml.TCZ_FACTOR}`", "a drug's file", "0",
            "1 gives tocilizumab, other values a share of it",
        ),
        (f"`{sbml.TCZ_TIME}`", "a drug's file", f"{LATE_H:g}", "when it is given (h)"),
        (f"`{sbml.SWITCH}`", "`network.xml`", "1", "1 for a bispecific drug, 0 for a monoclonal"),
        ("`u`, `u_tcz`", "`network.xml`", "0", "dosing rates of drug and tocilizumab (ug/h)"),
    ]  # fmt: skip
    return table(("parameter", "where", "as it stands", "what it does"), rows)
