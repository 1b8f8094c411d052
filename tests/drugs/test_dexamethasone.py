"""The steroid's file: its numbers, their sources, and what is refused."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest

from qsp_lib.common.errors import EvidenceError, InputError
from qsp_lib.drugs.co_medications import _read_steroid, load_dexamethasone
from qsp_lib.drugs.reading import load_drug
from qsp_lib.evidence.row import DECLARED
from qsp_lib.evidence.tables import load_tables, range_kinds_since_v1
from qsp_lib.model.dosing import Bolus
from qsp_lib.model.parameters import SteroidInputs

TEXT = (files("qsp_lib") / "data" / "drugs" / "dexamethasone.toml").read_text(encoding="utf-8")


def read(*changes: tuple[str, str]) -> Any:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return _read_steroid("own.toml", text.encode())


def test_its_numbers_and_their_priors() -> None:
    file = load_dexamethasone()
    expected = SteroidInputs(V=61.0, CL=14.7, k_a=0.94, F=0.9, k_e0=0.06, IC50=13.7375, w=0.25)
    assert vars(file.inputs) == pytest.approx(vars(expected))
    assert {name: prior.log10_sd for name, prior in file.priors.items()} == {
        "IC50": 0.3,
        "k_e0": 0.3,
        "w": 0.3,
    }
    assert {prior.status for prior in file.priors.values()} == {"assumed"}
    assert file.regimens["clinical"].doses == (Bolus(0.0, 20_000.0),)


def test_its_volume_and_clearance_give_the_published_half_life() -> None:
    inputs, row = load_dexamethasone().inputs, load_tables().row("SD018")
    assert 0.693147 * inputs.V / inputs.CL == pytest.approx(row.number(), rel=0.02)


def test_every_range_it_rests_on_was_reviewed() -> None:
    file, tables = load_dexamethasone(), load_tables()
    used = {source for given in file.sources.values() for source in given.source} - {DECLARED}
    ranged = {s for s in used if (tables.row(s).low, tables.row(s).high) != (None, None)}
    assert {"SD001", "SD002", "SD012"} <= ranged <= set(range_kinds_since_v1())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('bolus = "20 mg"', 'bolus = "20"', "'20' was given where a number with a unit"),
        ('bolus = "20 mg"', 'bolus = "20 mL"', "'mL'"),
        ('time = "0 h" }', 'time = "0 h", route = "SC" }', "expected 'IV' or 'oral'"),
        ("value = 0.9, unit", "value = 1.9, unit", "F: understood as 1.9"),
        ('"fraction", log10_sd', '"nM", log10_sd', "'nM' was given where '1'"),
    ],
)
def test_what_cannot_be_meant_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(InputError) as refusal:
        read((old, new))
    assert words in str(refusal.value)


def test_it_is_no_drug_and_a_number_needs_a_source() -> None:
    with pytest.raises(
        InputError, match="co-medication and no drug; give it beside one with --dexamethasone"
    ):
        load_drug("dexamethasone")
    with pytest.raises(EvidenceError, match="has no source"):
        read(('source = ["SD019"]', "source = []"))


def test_doses_by_mouth_are_read() -> None:
    file = read(('time = "0 h" }', 'time = "0 h", route = "oral" }'))
    assert file.regimens["clinical"].doses == (Bolus(0.0, 20_000.0, "oral"),)
