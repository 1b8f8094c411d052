"""A copy of the protocol's data with a made-up lock v2 that scores: rules, draws, tables."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from made_up import forecasts
from protocol_bench import cut_back_copy, second_lock
from protocol_bench import put_on_record as lock_on_record

from qsp_lib.protocol import seal
from qsp_lib.protocol.ledger import record_file
from qsp_lib.protocol.lock import lock_path, read_record
from qsp_lib.protocol.opening import MADE_UP_ROWS
from qsp_lib.protocol.places import PACKAGED, Places, take_turn
from qsp_lib.protocol.record import Record, digest_of
from qsp_lib.scoring import Forecasts, forecasts_text, plain_rules

TABLES = tuple(MADE_UP_ROWS)
ARMS = {"tested": 2.0, "beside": 4.0}
"""Names of the made-up forecasts, and the log10 level that each is around."""


def file_of(table: str, arm: str) -> str:
    return f"{table}-{arm}-v2.csv"


def scoring_lock(sealed: Mapping[str, str]) -> dict[str, Any]:
    """The content of a lock v2 that names rules of scoring and draws for every table."""
    names = {
        table: [{"name": arm, "file": file_of(table, arm)} for arm in ARMS] for table in TABLES
    }
    listed = {table: [given["file"] for given in named] for table, named in names.items()}
    return second_lock(sealed) | {
        "scoring": plain_rules(),
        "forecasts": names,
        "predictions": listed,
    }


def list_made_up(places: Places, rows: Mapping[str, Path] = MADE_UP_ROWS) -> None:
    """Put made-up rows where each held-back table goes, and their hashes on the list."""
    text = PACKAGED.sealed_list.read_text()
    for table, path in rows.items():
        made_up = hashlib.sha256(path.read_bytes()).hexdigest()
        text = text.replace(seal.sealed_tables()[table].sha256, made_up)
    places.sealed_list.write_text(text)
    seal.sealed_tables.cache_clear()
    for table, path in rows.items():
        target = seal.known_path(table, places)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)


def put_on_record(places: Places, kind: str, path: Path, digest: str) -> None:
    with take_turn(places) as turn:
        record_file(
            kind, path, turn, version="v2", digest=digest, summary={"made": "up"}, date="2026-12-02"
        )


def build(folder: Path, content: dict[str, Any] | None = None, **other: Forecasts) -> Places:
    """Everything but the openings; `other` forecasts in place of the made-up ones, by table."""
    places = cut_back_copy(folder)
    list_made_up(places)
    sealed = {name: table.sha256 for name, table in seal.sealed_tables(places).items()}
    content = (scoring_lock(sealed) | (content or {})) | {"sealed": sealed}
    lock_on_record(content, places)
    for table in TABLES:
        for arm, mean in ARMS.items():
            draws = places.predictions / file_of(table, arm)
            draws.write_text(forecasts_text(other.get(table, forecasts(table, mean))))
            put_on_record(places, "prediction", draws, digest_of(content))
    return places


def lock(places: Places) -> Record:
    return read_record(lock_path("v2", places), places=places)
