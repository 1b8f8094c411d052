"""Evidence tables, observations, lists of sealed tables and ledgers that were spoilt."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

from hostile import TOKENS, mutants, refused

import qsp_lib
from qsp_lib.evidence.observations import read_observations
from qsp_lib.evidence.row import COLUMNS
from qsp_lib.evidence.tables import load_tables, read_rows
from qsp_lib.protocol.ledger import default_ledger_path, read_ledger
from qsp_lib.protocol.seal import read_sealed_tables

DATA = Path(qsp_lib.__file__).parent / "data"


def test_a_row_with_one_spoilt_field_is_read_or_refused() -> None:
    rows = list(csv.DictReader(io.StringIO((DATA / "evidence" / "potency.csv").read_text())))
    dice, count = random.Random(5), 0
    for _ in range(500):
        row = dict(dice.choice(rows))
        for _ in range(dice.choice((1, 1, 2))):
            row[dice.choice(COLUMNS)] = dice.choice((*TOKENS, "", "\x00", "yes", "2,5", "=1+1"))
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerow(row)
        data = buffer.getvalue().encode("utf-8", "surrogatepass")
        count += refused(lambda data=data: read_rows("made_up.csv", data))
    assert count >= 200


def test_a_spoilt_table_is_read_or_refused(tmp_path: Path) -> None:
    text = "\n".join((DATA / "evidence" / "crs_grading.csv").read_text().splitlines()[:6])
    count = 0
    for mutant in mutants(text, 250, 6):
        path = tmp_path / "crs_grading.csv"
        path.write_bytes(mutant.encode("utf-8", "surrogatepass"))
        count += refused(lambda: load_tables(tmp_path))
    assert count >= 120


def test_spoilt_observations_are_read_or_refused() -> None:
    text = "\n".join((DATA / "observations.csv").read_text().splitlines()[:8])
    tables, count = load_tables(), 0
    for mutant in mutants(text, 200, 7):
        count += refused(lambda mutant=mutant: read_observations(mutant, tables))
    assert count >= 100


def test_a_spoilt_list_of_sealed_tables_is_read_or_refused() -> None:
    text = (DATA / "sealed_tables.csv").read_text()
    count = sum(
        refused(lambda mutant=mutant: read_sealed_tables(mutant))
        for mutant in mutants(text, 150, 8)
    )
    assert count >= 60


def test_a_spoilt_ledger_is_read_or_refused(tmp_path: Path) -> None:
    text, path, count = default_ledger_path().read_text(), tmp_path / "ledger.jsonl", 0
    for mutant in mutants(text.replace(", ", ",\n").replace("\n", " "), 100, 9):
        path.write_bytes(mutant.encode("utf-8", "surrogatepass"))
        count += refused(lambda: read_ledger(path))
    assert count >= 60
