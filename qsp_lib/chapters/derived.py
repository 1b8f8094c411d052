"""Whether the committed results are of a lock record in the ledger, and hold its values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..common import QspError
from ..protocol import (
    DIFFERS,
    PACKAGED,
    UNTOLD,
    Finding,
    Record,
    differences,
    lock_path,
    parted,
    read_ledger,
    read_record,
)
from .notebooks import ROOT
from .results import load_all

RECORDED = {
    "network": "network",
    "boundaries": "severity/boundaries",
    "index": "severity/index",
    "sealed": "sealed",
}
"""What a chapter may save of its record under this name, and where the record has it."""
PREDICTED = ("arms", "checks", "grades")
"""What a chapter may save of the committed prediction."""


def results_findings(root: Path = ROOT) -> tuple[Finding, ...]:
    """Each chapter's results beside the ledger, the record and the prediction they name.

    Args:
        root: the checkout.
    """
    try:
        found = load_all(root / "results")
        entries = read_ledger()
    except QspError as problem:
        return (Finding("results", "the ledger", DIFFERS, str(problem)),)
    dates = {e.lock_digest: (e.lock_version, e.date) for e in entries if e.kind == "lock"}
    findings = []
    for name, results in found.items():
        what, lock = f"results {name}", results.lock
        if lock is None:
            continue
        known = dates.get(lock.get("digest", "")) if isinstance(lock, Mapping) else None
        if known is None or known != (lock.get("version"), lock.get("date")):
            told = "they name a lock record that is not in the ledger; run the chapter again"
            findings.append(Finding(what, "the ledger", DIFFERS, told))
            continue
        try:
            record = read_record(lock_path(known[0]), against_code=False)
        except QspError as problem:
            findings.append(Finding(what, "their record", UNTOLD, str(problem)))
            continue
        checked: list[str] = []
        apart = list(_apart(record, results.values, checked))
        findings.append(
            parted(what, f"lock {known[0]}", iter(apart), ", ".join(["digest", *checked]))
        )
    return tuple(findings)


def _apart(record: Record, values: Mapping[str, Any], checked: list[str]) -> Iterator[str]:
    """Where values that a chapter saved part from its record's; what was compared is noted."""
    for name, place in RECORDED.items():
        held: Any = record.content
        for key in place.split("/"):
            held = held[key]
        saved = values.get(name)
        if isinstance(saved, Mapping) and saved.keys() == held.keys():
            checked.append(name)
            yield from differences(saved, held, path=name)
    saved = values.get("prediction")
    if isinstance(saved, Mapping) and set(PREDICTED) <= saved.keys():
        path = PACKAGED.predictions / f"prediction-{record.version}.json"
        committed = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        for name in PREDICTED:
            yield from differences(saved[name], committed.get(name), path=f"prediction/{name}")
        checked.append("prediction")
