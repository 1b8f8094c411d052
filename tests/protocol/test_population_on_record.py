"""The file of incidences is put on record as other predictions are, and an edited one is noticed.

The numbers are made up: nothing is simulated here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import scored_bench
from cases import quick
from protocol_bench import no_git
from scored_bench import lock, scoring_lock

from qsp_lib.analyses.population import on_record
from qsp_lib.analyses.population.committed import committed_incidences, listed_population
from qsp_lib.analyses.population.on_record import population_findings
from qsp_lib.common import LockError, SealError, canonical_json
from qsp_lib.protocol import forecasting, ledger, seal
from qsp_lib.protocol.forecasting import Listed, commit_predictions
from qsp_lib.protocol.ledger import file_hash, hash_of, read_ledger
from qsp_lib.protocol.places import Places
from qsp_lib.protocol.verification import verify_records

FILE = "population-v2.json"
BAND = {"low": 0.11, "median": 0.2, "high": 0.29}
"""Percentiles of the draws 0.1, 0.2 and 0.3."""
DRAWS = {"draws": [0.1, 0.2, 0.3], "n_draws": 3, "monte_carlo": 0.01}


def made_up(digest: str) -> dict[str, Any]:
    row = {"drug": "teclistamab", "premedication": "dexamethasone", "held_to": "spread"}
    return {
        "lock_digest": digest,
        "rule": {"words": "made up", "sizes": {"n_draws": 3, "each": 9}},
        "held_to": {"spread": {"kept": [0, 1, 2]}},
        "limit": {"spread": BAND | DRAWS},
        "incidences": [row | {"dose": dose} | BAND | DRAWS for dose in (None, 1)],
    }


def listed(change: Callable[[dict[str, Any]], Any] = lambda content: None) -> Listed:
    """The file as the package lists it, of made-up numbers."""

    def make(record: Any) -> str:
        content = made_up(record.digest)
        change(content)
        return canonical_json(content)

    return replace(listed_population("v2"), make=make)


def build(folder: Path, *, listing: bool) -> Places:
    """A made-up lock v2 with its other predictions on record, which does or does not list it."""
    sealed = {name: table.sha256 for name, table in seal.sealed_tables().items()}
    predictions = scoring_lock(sealed)["predictions"]
    if listing:
        predictions["external_drugs"].append(FILE)
    found = scored_bench.build(folder, {"predictions": predictions})
    blind = found.predictions / "prediction-v2.json"
    blind.write_text("{}")
    scored_bench.put_on_record(found, "prediction", blind, lock(found).digest)
    return found


@pytest.fixture(autouse=True)
def only_this_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the made-up file is to be made."""
    monkeypatch.setattr(ledger, "today", lambda: "2026-12-03")
    monkeypatch.setattr(forecasting, "predictions_of", lambda version: ())
    rule = made_up("")["rule"]
    monkeypatch.setattr(on_record, "rule_content", lambda record, given, sizes: rule)
    monkeypatch.setattr(on_record, "treatments", lambda record, n: None)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return build(tmp_path, listing=True)


def put(places: Places, one: Listed | None = None) -> list[str]:
    written = commit_predictions(lock(places), places, also=(one or listed(),))
    return [path.path.name for path in written if path is not None]


def wrong(places: Places) -> list[str]:
    """What the verification that `lock verify` prints finds of the file."""
    found = (
        *verify_records(places, history=no_git, earlier=lambda path: ()),
        *population_findings(places),
    )
    return [f"{f.what} | {f.against} | {f.detail}" for f in found if f.wrong and FILE in f"{f}"]


def edit(places: Places, change: Callable[[dict[str, Any]], Any], *, signed: bool = False) -> None:
    path = places.predictions / FILE
    content = json.loads(path.read_text())
    change(content)
    path.write_text(canonical_json(content))
    if signed:
        *before, last = read_ledger(places.ledger)
        summary = listed_population("v2").summary(canonical_json(content))
        last = replace(last, table_sha256=file_hash(path), summary=json.loads(json.dumps(summary)))
        lines = [*before, last.after(hash_of(before))]
        places.ledger.write_text("".join(f"{line.line()}\n" for line in lines))


def test_it_is_made_once_with_the_limit_in_its_line_and_never_again(places: Places) -> None:
    assert put(places) == [FILE]
    entry = read_ledger(places.ledger)[-1]
    assert (entry.kind, entry.table, entry.lock_version) == ("prediction", FILE, "v2")
    assert entry.summary["limit"] == BAND
    assert entry.summary["incidence"] == {"teclistamab, dexamethasone": 0.2}
    before = places.ledger.read_text()
    other = listed(lambda content: content["limit"]["spread"].update(median=0.5))
    with pytest.raises(LockError, match="never made again"):
        put(places, other)
    assert places.ledger.read_text() == before and wrong(places) == []


def test_what_an_interrupted_run_left_is_taken_if_it_is_what_is_made_now(places: Places) -> None:
    path = places.predictions / FILE
    path.write_text(canonical_json(made_up(lock(places).digest)))
    other = listed(lambda content: content["limit"]["spread"].update(median=0.201))
    with pytest.raises(LockError, match="limit/spread/median is 0.2, expected 0.201"):
        put(places, other)
    near = listed(lambda content: content["limit"]["spread"].update(median=0.2000001))
    assert put(places, near) == [FILE]
    assert wrong(places) == []


def test_a_lock_that_does_not_list_it_gets_none(tmp_path: Path) -> None:
    places = build(tmp_path, listing=False)
    with pytest.raises(LockError, match="never made again"):
        put(places)
    assert not (places.predictions / FILE).exists()


EDITS = [
    (lambda c: c["incidences"][1].update(median=0.1), "its own draws"),
    (lambda c: c["limit"]["spread"].update(high=0.4), "its own draws"),
    (lambda c: c["limit"]["spread"]["draws"].append(0.9), "its own draws"),
    (lambda c: c["rule"].update(words="other"), "the rule here now"),
    (lambda c: c["rule"]["sizes"].update(each=10), "the rule here now"),
    (lambda c: c.update(lock_digest="0" * 64), "its record"),
    (lambda c: c.pop("incidences"), "what it holds"),
]


@pytest.mark.parametrize("signed", quick([False, True], few=[True]))
@pytest.mark.parametrize(("change", "noticed"), quick(EDITS, few=[*EDITS[::3]]))
def test_an_edited_file_is_noticed(
    places: Places, change: Callable[[dict[str, Any]], Any], noticed: str, signed: bool
) -> None:
    """By its hash; and if the ledger was made to fit as well, by what it says."""
    put(places)
    if signed and noticed == "what it holds":
        pytest.raises(KeyError, edit, places, change, signed=True)
        return
    edit(places, change, signed=signed)
    found = wrong(places)
    assert any(f"| {noticed} |" in line for line in found)
    assert signed != any("| the ledger | hash of the file" in line for line in found)


def test_a_line_of_the_ledger_with_another_limit_is_noticed(places: Places) -> None:
    put(places)
    *before, last = read_ledger(places.ledger)
    summary = json.loads(json.dumps(dict(last.summary)))
    summary["limit"]["median"] = 0.3
    lines = [*before, replace(last, summary=summary).after(hash_of(before))]
    places.ledger.write_text("".join(f"{line.line()}\n" for line in lines))
    assert [line for line in wrong(places) if "the line of the ledger" in line]


def test_what_is_shown_is_what_was_put_on_record(places: Places) -> None:
    record = lock(places)
    with pytest.raises(LockError, match="no population-v2.json is on file"):
        committed_incidences(record, places)
    put(places)
    assert committed_incidences(record, places) == made_up(record.digest)
    edit(places, lambda content: content["limit"]["spread"].update(median=0.21))
    with pytest.raises(SealError, match="is not the file that was put on record"):
        committed_incidences(record, places)


def test_a_file_that_is_gone_is_noticed(places: Places) -> None:
    put(places)
    (places.predictions / FILE).unlink()
    assert [line for line in wrong(places) if re.search(rf"{FILE} is gone", line)]
