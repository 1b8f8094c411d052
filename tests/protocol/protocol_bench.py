"""A copy of the protocol's data in which everything has happened once: a bench to tamper at.

Lock v1 and its prediction are the real ones. Lock v2 is the same point again, with few draws; its
prediction, and the opening of a table of made-up rows, are made by the functions of the protocol.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from as_of_lock_v1 import cut_back

from qsp_lib.common.text import canonical_json
from qsp_lib.protocol import ledger, seal
from qsp_lib.protocol.blind_test import commit_prediction, committed_prediction, evaluation
from qsp_lib.protocol.eight_checks import LIMITS
from qsp_lib.protocol.findings import Finding
from qsp_lib.protocol.history import History
from qsp_lib.protocol.inputs import input_digests
from qsp_lib.protocol.ledger import LedgerEntry, file_hash, hash_of, read_ledger, record_file
from qsp_lib.protocol.lock import current_record, lock_path, read_record, write_record
from qsp_lib.protocol.opening import MADE_UP, open_table
from qsp_lib.protocol.places import PACKAGED, Places, take_turn
from qsp_lib.protocol.record import digest_of
from qsp_lib.protocol.verification import verify_records

TABLE = "okt3_outcomes"
N_DRAWS = 8


def no_git(path: Path) -> History:
    """A copy without a repository."""
    return History(path, None, "there is no repository here")


def all_committed(path: Path) -> History:
    """A repository in whose newest commit every file is as it stands."""
    return History(path, path.read_text() if path.exists() else None)


def wrong_of(found: Sequence[Finding]) -> list[Finding]:
    """What is wrong, but that a bench holds back made-up rows and lock v1 names the real ones."""
    made_up = "lock v1: held-back table "
    return [finding for finding in found if finding.wrong and not finding.what.startswith(made_up)]


def second_lock(sealed: Mapping[str, str]) -> dict[str, Any]:
    """The content of a lock v2: the point of v1, told in today's format."""
    content = json.loads(lock_path("v1").read_text())
    del content["digest"]
    content |= {
        "version": "v2",
        "date": "2026-12-01",
        "reason": "made by a test",
        "format": 2,
        "predictions": {TABLE: ["prediction-v2.json"]},
        "digests": input_digests("v1"),
        "sealed": dict(sealed),
    }
    content["blind_test"] |= {"n_draws": N_DRAWS, "limits": dict(LIMITS)}
    return content


def list_made_up(places: Places) -> None:
    """Put made-up rows where a held-back table goes, and their hash on the list."""
    real = seal.sealed_tables()[TABLE].sha256
    made_up = hashlib.sha256(MADE_UP.read_bytes()).hexdigest()
    places.sealed_list.write_text(PACKAGED.sealed_list.read_text().replace(real, made_up))
    seal.sealed_tables.cache_clear()
    table = seal.known_path(TABLE, places)
    table.parent.mkdir(exist_ok=True)
    shutil.copy(MADE_UP, table)


def put_on_record(content: dict[str, Any], places: Places) -> Path:
    """Write a lock v2 of this content, and its line of the ledger."""
    with take_turn(places) as turn:
        path = write_record(content, turn)
        record_file(
            "lock",
            path,
            turn,
            version="v2",
            digest=digest_of(content),
            summary={"reason": content["reason"]},
            date=content["date"],
        )
    current_record.cache_clear()
    return path


def cut_back_copy(folder: Path) -> Places:
    """The locks, predictions and ledger as of lock v1, in a folder of their own."""
    places = Places(folder)
    for name in ("locks", "predictions"):
        shutil.copytree(PACKAGED.data / name, folder / name)
    shutil.copy(PACKAGED.ledger, places.ledger)
    cut_back(folder)
    return places


def build(folder: Path) -> Places:
    """Everything done once, in a folder of its own."""
    places = cut_back_copy(folder)
    list_made_up(places)
    content = second_lock({n: t.sha256 for n, t in seal.sealed_tables(places).items()})
    record = read_record(put_on_record(content, places), places=places)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "today", lambda: "2026-12-02")
        commit_prediction(record, places)
    open_table(
        TABLE,
        record=record,
        evaluate=evaluation(committed_prediction(record, places)),
        places=places,
        date="2026-12-03",
        history=all_committed,
    )
    return places


@dataclass(frozen=True)
class Bench:
    """A copy to tamper at, and the repository that it was committed to."""

    places: Places
    before: Mapping[str, str]

    @classmethod
    def copy(cls, places: Places, folder: Path) -> Bench:
        """A copy of what was built."""
        shutil.copytree(places.data, folder, dirs_exist_ok=True)
        seal.sealed_tables.cache_clear()
        texts = {
            path.name: path.read_text()
            for path in folder.rglob("*")
            if path.suffix in (".json", ".jsonl")
        }
        return cls(Places(folder), texts)

    # ------------------------------------------------------------ what is there

    @property
    def ledger(self) -> Path:
        return self.places.ledger

    @property
    def entries(self) -> list[LedgerEntry]:
        return list(read_ledger(self.ledger))

    @property
    def lines(self) -> list[str]:
        return self.ledger.read_text().splitlines(keepends=True)

    def lock(self, version: str = "v2") -> Path:
        return lock_path(version, self.places)

    def prediction(self, version: str = "v2") -> Path:
        return self.places.predictions / f"prediction-{version}.json"

    # ------------------------------------------------------------ ways to tamper

    def write(self, entries: Sequence[LedgerEntry], *, signed: bool) -> None:
        """The ledger anew; signed: chained again from the first chained line on."""
        made: list[LedgerEntry] = []
        for entry in entries:
            chained = signed and (entry.own or made and made[-1].own)
            made.append(entry.after(hash_of(made)) if chained else entry)
        self.ledger.write_text("".join(f"{entry.line()}\n" for entry in made))

    def line(self, number: int, *, signed: bool, **changes: Any) -> None:
        """Another line in the place of one (from 0)."""
        entries = self.entries
        entries[number] = replace(entries[number], **changes)
        self.write(entries, signed=signed)

    def record(self, change: Callable[[dict[str, Any]], Any], version: str = "v2") -> None:
        """Another record in the place of one, with a digest that fits, and signed in the ledger."""
        path = self.lock(version)
        content = json.loads(path.read_text())
        old = content["digest"]
        change(content)
        content["digest"] = digest_of(content)
        path.write_text(canonical_json(content))
        prediction = self.prediction(version)
        prediction.write_text(prediction.read_text().replace(old, content["digest"]))
        self.sign()

    def predicted(self, change: Callable[[dict[str, Any]], Any], version: str = "v2") -> None:
        """Another prediction in the place of one, unsigned."""
        path = self.prediction(version)
        content = json.loads(path.read_text())
        change(content)
        path.write_text(canonical_json(content))

    def sign(self) -> None:
        """Make every line of the ledger say what the files now say, and chain them again."""
        digests = {
            version: json.loads(self.lock(version).read_text())["digest"]
            for version in ("v1", "v2")
        }
        made = []
        for entry in self.entries:
            entry = replace(entry, lock_digest=digests[entry.lock_version])
            if entry.kind == "lock":
                content = json.loads(self.lock(entry.lock_version).read_text())
                told = {"reason": content["reason"]}
                sha256 = file_hash(self.lock(entry.lock_version))
                entry = replace(entry, summary=told, table_sha256=sha256, date=content["date"])
            if entry.kind == "prediction":
                path = self.prediction(entry.lock_version)
                okt3 = json.loads(path.read_text())["arms"]["okt3"]
                peaks = {
                    c: float(f"{okt3[c]['peak']['median']:.6g}") for c in ("IFN", "IL6", "TNF")
                }
                told = {"median_peaks_pg_mL": peaks}
                entry = replace(entry, summary=told, table_sha256=file_hash(path))
            made.append(entry)
        self.write(made, signed=True)

    # ------------------------------------------------------------ what is noticed

    def history(self, path: Path) -> History:
        return History(path, self.before.get(path.name))

    def earlier(self, path: Path) -> Sequence[str]:
        return [self.before[path.name]]

    def noticed(self, *, with_history: bool = False) -> list[Finding]:
        """What a verification finds wrong."""
        history = {"history": self.history, "earlier": self.earlier}
        without = {"history": no_git, "earlier": lambda path: ()}
        seal.sealed_tables.cache_clear()
        found = verify_records(
            self.places, recompute=True, **(history if with_history else without)
        )
        return wrong_of(found)
