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
from qsp_lib.export.dosed import model_name, shipped
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
    of_a_regimen = ["dose_factor", "tcz_factor", "t_tcz", "dex_factor", "t_dex"]
    of_the_network = ["bispecific", "u", "u_d", "u_tcz", "u_dex"]
    assert [row[0] for row in table] == of_a_regimen + of_the_network
    record = current_record()
    tabled = {model_name(*pair) for pair in shipped() if record.drug(pair[0]).table is not None}
    for name, words, _, where, value in table:
        files = {"network"} if "network" in where else FILES.keys() - {"network"}
        if name == "dose_factor":
            assert "Epcoritamab" in where and tabled
            files -= tabled  # of which the concentrations are given and not the doses
        for file in files:
            found = element(file, name)
            assert found.get("name") == words
            assert float(found.attrib["value"]) == float(value)


def test_the_states_are_in_the_files_as_species_or_parameters() -> None:
    table = rows(page.export_states(BOOK))
    names = [row[0] for row in table]
    rules = [rule for rule in FILES["network"].iter() if rule.tag.endswith("}rateRule")]
    assert set(names) == {rule.get("variable") for rule in rules} > set(STATES)
    assert len(names) == len(set(names))
    units = {"ug": "µg", "dimensionless": "1", "ng_per_mL": "ng/mL"}
    for name, words, unit, kind in table:
        found = element("network", name)
        assert found.tag.endswith(f"}}{kind}") and found.get("name") == words
        in_serum = "mg/L" if name == "CRP" else "pg/mL"
        assert unit == units.get(found.get("units", ""), in_serum)


def test_every_input_of_every_drug_with_compartments_is_listed_with_its_locked_value() -> None:
    record, text = current_record(), page.export_inputs(BOOK)
    table, head = rows(text), rows(f"|\n|\n{text}")[0]
    drugs = [record.drug(name) for name in shipped_drugs()]
    drugs = [drug for drug in drugs if drug.table is None]
    assert head[3:] == [drug.label for drug in drugs]
    names = [{"hill": "h"}.get(row[0], row[0]) for row in table[1:]]
    assert set(DRUG) < set(names)
    for i, drug in enumerate(drugs, 3):
        # what a drug does not have stands where it does nothing: clearance that does not fall
        known = dict.fromkeys(names, 1.0) | {"CL_0": drug.CL} | drug.values()
        expected = [float(drug.mechanism == "bispecific"), *(known[name] for name in names)]
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
