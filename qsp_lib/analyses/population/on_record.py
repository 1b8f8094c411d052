"""Whether the incidences that were put on record are what their lock and their rule give."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...common import LockError, QspError, canonical_json
from ...protocol import (
    DIFFERS,
    PACKAGED,
    UNTOLD,
    Finding,
    Places,
    Record,
    compared,
    differences,
    entry_of,
    lock_path,
    parted,
    read_ledger,
    read_record,
    versions,
)
from .committed import (
    DIGITS,
    HELD_TO,
    Sizes,
    listed_population,
    population_content,
    rule_content,
    simulate_treatments,
    treatments,
)
from .quantiles import BAND

_RTOL = 10.0 ** (1 - DIGITS)


def population_findings(
    places: Places = PACKAGED, *, recompute: bool = False
) -> tuple[Finding, ...]:
    """Every file of incidences beside its lock, the ledger, its own draws, and the rule here now.

    Args:
        places: where locks, predictions and the ledger are.
        recompute: also simulate the patients of one draw again, which takes some seconds.
    """
    known = versions(places)
    found: list[Finding] = []
    for version in known:
        path = places.predictions / listed_population(version).file
        if path.is_file():
            found += _look(path, version, places, newest=version == known[-1], recompute=recompute)
    return tuple(found)


def _look(
    path: Path, version: str, places: Places, *, newest: bool, recompute: bool
) -> Iterator[Finding]:
    try:
        record = read_record(lock_path(version, places), against_code=False)
        content = json.loads(path.read_text(encoding="utf-8"))
        sizes = Sizes(**content["rule"]["sizes"])
        own = list(differences(_bands(content, kept=False), _bands(content, kept=True), rtol=_RTOL))
        summary = listed_population(version).summary(canonical_json(content))
        digest = content["lock_digest"]
    except (QspError, OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        yield Finding(path.name, "what it holds", DIFFERS, f"{problem!r}; restore {path.name}")
        return
    yield compared(path.name, "its record", lambda: _made_from(record, digest))
    yield parted(path.name, "its own draws", iter(own), "medians and intervals")
    entry = entry_of("prediction", path.name, _entries(places))
    if entry is not None:
        yield parted(
            path.name,
            "the line of the ledger",
            differences(dict(summary), dict(entry.summary), rtol=_RTOL),
            "limit and incidences",
        )
    if not newest:
        yield Finding(path.name, "its rule", UNTOLD, "the rule here is that of a later lock")
        return
    yield parted(path.name, "the rule here now", _other_rule(record, content, sizes), "words, data")
    if recompute:
        yield compared(path.name, "computed again", lambda: _again(record, content, sizes))


def _entries(places: Places) -> Any:
    try:
        return read_ledger(places.ledger)
    except QspError:  # a finding of its own
        return ()


def _made_from(record: Record, digest: str) -> str:
    if digest != record.digest:
        raise LockError("it was made from another record")
    return record.digest[:12]


def _bands(content: Mapping[str, Any], *, kept: bool) -> list[list[float]]:
    """Of the limit and of every incidence the ends and the middle: as kept, or of its draws."""
    told = [*content["limit"].values(), *content["incidences"]]
    if kept:
        return [[float(one[key]) for key in ("low", "median", "high")] for one in told]
    return [np.percentile(np.array(one["draws"], dtype=float), BAND).tolist() for one in told]


def _other_rule(record: Record, content: Mapping[str, Any], sizes: Sizes) -> Iterator[str]:
    now = json.loads(canonical_json(rule_content(record, treatments(record, 1), sizes)))
    return differences(content["rule"], now, rtol=_RTOL)


def _again(record: Record, content: Mapping[str, Any], sizes: Sizes) -> str:
    """Simulate the patients of the first draw that was kept once more.

    Raises:
        LockError: something else comes out.
    """
    draw = content["held_to"][next(iter(HELD_TO))]["kept"][0]
    given, one = treatments(record, draw + 1), replace(sizes, n_draws=1)
    found = simulate_treatments(record, given, one, first_draw=draw)
    now = json.loads(canonical_json(population_content(record, given, one, found)))
    parted = list(differences(_of_draw(content, draw), _of_draw(now, draw), rtol=_RTOL))
    if parted:
        raise LockError(f"in draw {draw} {parted[0]} ({len(parted)} differ)")
    return f"draw {draw}: {sizes.each} patients"


def _of_draw(content: Mapping[str, Any], draw: int) -> dict[str, Any]:
    """What a file says of one draw, by what its patients are held to."""
    at = {
        name: some["kept"].index(draw)
        for name, some in content["held_to"].items()
        if draw in some["kept"]
    }
    limits = {name: content["limit"][name]["draws"][place] for name, place in at.items()}
    incidences = {
        f"{row['drug']}, {row['premedication']}, {row['dose']}, {row['held_to']}": row["draws"][
            at[row["held_to"]]
        ]
        for row in content["incidences"]
        if row["held_to"] in at
    }
    return {"limit": limits, "incidences": incidences}
