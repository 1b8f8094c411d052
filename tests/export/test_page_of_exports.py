"""The tables of the page on the exports name what is in the files, under its id."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from book.pages import interoperability as page
from book.pages.fragments import BookData
from qsp_lib.chapters.notebooks import ROOT
from qsp_lib.drugs.reading import shipped_drugs
from qsp_lib.export import petab
from qsp_lib.model.equations import DRUG, STATES
from qsp_lib.protocol.lock import current_record

BOOK = BookData(ROOT / "notebooks", {})
SBML = ROOT / "exports" / "sbml"
FILES = {path.stem: ET.parse(path) for path in SBML.glob("*.xml")}


def rows(text: str) -> list[list[str]]:
    """The cells of a table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def element(file: str, name: str) -> ET.Element:
    (found,) = (one for one in FILES[file].iter() if one.get("id") == name)
    return found


def test_what_can_be_changed_is_there_by_id_and_by_name_and_stands_as_it_says() -> None:
    table = rows(page.export_switches(BOOK))
    assert len(table) == 6
    for name, words, _, where, value in table:
        for file in ("network",) if "network" in where else FILES.keys() - {"network"}:
            found = element(file, name)
            assert found.get("name") == words
            assert float(found.attrib["value"]) == float(value)


def test_the_states_are_in_the_files_as_species_or_parameters() -> None:
    table = rows(page.export_states(BOOK))
    assert [row[0] for row in table] == list(STATES)
    for name, words, unit, kind in table:
        found = element("tgn1412_clinical", name)
        assert found.tag.endswith(f"}}{kind}") and found.get("name") == words
        assert unit == {"ug": "µg", "dimensionless": ""}.get(
            found.get("units", ""), "mg/L" if name == "CRP" else "pg/mL"
        )


def test_every_input_of_every_drug_is_listed_with_its_locked_value() -> None:
    record, table = current_record(), rows(page.export_inputs(BOOK))
    for i, drug in enumerate(shipped_drugs(), 3):
        inputs = record.drug(drug)
        expected = [float(inputs.mechanism == "bispecific"), *(inputs.values()[n] for n in DRUG)]
        assert [float(row[i]) for row in table] == pytest.approx(expected, rel=1e-5)
    for row in table:
        assert element("network", row[0]).get("name") == row[1]


def test_what_amici_found_is_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = json.loads(page.BY_AMICI.read_text(encoding="utf-8"))
    made["versions"]["v2"]["difference"]["data"] = 3.14e-8
    made["problems_sha256"] = petab.digest_of(page.PROBLEMS)
    changed = tmp_path / "amici.json"
    changed.write_text(json.dumps(made), encoding="utf-8")
    monkeypatch.setattr(page, "BY_AMICI", changed)
    text = page.petab_amici(BOOK)
    assert text.startswith("At the same 5 points")
    assert text.rstrip().endswith("differs by at most 3.14 × 10⁻⁸.")
    for name, number in made["versions"]["v1"]["with"].items():
        assert f"{name} {number}" in text
    monkeypatch.setattr(page, "PROBLEMS", tmp_path)
    assert page.petab_amici(BOOK).startswith("Before these files last changed, at the same 5")
