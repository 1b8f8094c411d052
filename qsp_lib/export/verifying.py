"""Whether the committed exports are of the newest lock record, as exported, and hold its values."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from ..chapters import ROOT
from ..common import QspError
from ..protocol import (
    DIFFERS,
    Finding,
    Record,
    current_record,
    differences,
    locked_point,
    parted,
)
from .everything import MANIFEST, stale
from .petab_expected import make_expressed, parameter_id

_PARAMETER = re.compile(r'<parameter\b[^>]*?\bid="(\w+)"[^>]*?\bvalue="([^"]+)"')


def findings(root: Path = ROOT) -> tuple[Finding, ...]:
    """The exports of a checkout beside their manifest and the newest record.

    Args:
        root: the checkout; one without exports has nothing to find.
    """
    folder = root / "exports"
    if not (folder / MANIFEST).exists():
        return ()
    try:
        record = current_record()
        made = parted("exports", "their manifest and the newest lock", iter(stale(record, folder)))
    except QspError as problem:
        return (Finding("exports", "the newest lock", DIFFERS, f"{problem}; make exports"),)
    try:
        values = parted("exports: values", f"lock {record.version}", _apart(record, folder))
    except (OSError, ValueError, KeyError) as problem:
        words = f"they cannot be read ({problem}); make exports"
        values = Finding("exports: values", f"lock {record.version}", DIFFERS, words)
    return made, values


def _apart(record: Record, folder: Path) -> Iterator[str]:
    """Where the model and the fit that were exported part from the record."""
    network = record.network.values()
    problem = make_expressed()
    by_ratio = {name.partition("/")[0] for name in problem.names if "/" in name}
    without = {name: value for name, value in network.items() if name not in by_ratio}
    for model, expected in (
        ("sbml/network.xml", network),
        ("petab/v1/model.xml", without),
        ("petab/v2/model.xml", network),
    ):
        given = dict(_PARAMETER.findall((folder / model).read_text(encoding="utf-8")))
        held = {name: float(given[name]) for name in expected if name in given}
        yield from differences(held, expected, path=model)
    at_lock = zip(problem.names, locked_point(record, problem), strict=True)
    locked = {parameter_id(name): log10 for name, log10 in at_lock}
    in_log10 = {f"log10_{name}": float(log10) for name, log10 in locked.items()}
    plain = {name: float(10.0**log10) for name, log10 in locked.items()}
    for table, expected in (("petab/v1", plain), ("petab/v2", in_log10)):
        text = (folder / table / "parameters.tsv").read_text(encoding="utf-8")
        rows = csv.DictReader(io.StringIO(text), delimiter="\t")
        nominal = {row["parameterId"]: float(row["nominalValue"]) for row in rows}
        held = {name: nominal[name] for name in expected if name in nominal}
        yield from differences(held, expected, path=f"{table}/parameters.tsv")
