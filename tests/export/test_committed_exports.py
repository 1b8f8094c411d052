"""The committed exports, by Python's own libraries: they are those of this record and these
equations, and nobody edited them."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest

from qsp_lib.__main__ import main
from qsp_lib.common.errors import InputError
from qsp_lib.common.files import write_bytes_atomic
from qsp_lib.drugs.co_medications import load_tocilizumab
from qsp_lib.drugs.reading import load_drug
from qsp_lib.export import combine, dosed, everything, optional, sbml
from qsp_lib.export.courses import reference_courses, simulated
from qsp_lib.export.formula import identifier
from qsp_lib.model.dosing import Bolus
from qsp_lib.model.equations import NETWORK, STATES
from qsp_lib.model.vocabulary import QUANTITIES
from qsp_lib.protocol.lock import Record, current_record, record_of

ROOT = Path(__file__).resolve().parents[2]
EXPORTS = ROOT / "exports"
RECORD = current_record()
NAMES = ["network", *(dosed.model_name(*pair) for pair in dosed.shipped())]
BESIDE = {"manifest.json", "second_engine.json", "petab_objective.json", "petab_amici.json"}
SBML = {"s": "http://www.sbml.org/sbml/level3/version2/core"}


def values(name: str) -> dict[str, float]:
    tree = ET.parse(EXPORTS / "sbml" / f"{name}.xml")
    found = tree.iterfind(".//s:listOfParameters/s:parameter[@value]", SBML)
    return {one.attrib["id"]: float(one.attrib["value"]) for one in found}


def archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO((EXPORTS / combine.NAME).read_bytes()))


def second_engine() -> dict:  # type: ignore[type-arg]
    return json.loads((EXPORTS / "second_engine.json").read_text(encoding="utf-8"))


def test_they_belong_to_the_record_and_the_equations() -> None:
    assert everything.stale(RECORD, EXPORTS) == []


def test_they_use_the_words_of_the_quantities() -> None:
    tree = ET.parse(EXPORTS / "sbml" / "network.xml")
    named = {
        one.attrib["id"]: one.attrib["name"]
        for kind in ("species", "parameter")
        for one in tree.iterfind(f".//s:{kind}[@name]", SBML)
    }
    shared = {name: q.words for name, q in QUANTITIES.items() if name in named}
    assert set(STATES) | set(NETWORK) <= set(shared)
    assert {name: named[name] for name in shared} == shared, "run: make exports"


def test_every_file_is_in_the_manifest() -> None:
    listed = everything.read_manifest(EXPORTS)["files"]
    there = {p.relative_to(EXPORTS).as_posix() for p in EXPORTS.rglob("*") if p.is_file()}
    assert there - BESIDE == set(listed)
    assert {f"sbml/{name}.xml" for name in NAMES} | {combine.NAME} <= set(listed)


def test_a_changed_or_missing_file_and_another_record_are_named(tmp_path: Path) -> None:
    copy = tmp_path / "exports"
    shutil.copytree(EXPORTS, copy)
    (copy / "sbml" / "network.xml").write_text("<sbml/>", encoding="utf-8")
    (copy / combine.NAME).unlink()
    known = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    known["equations_sha256"] = "0" * 64
    (copy / "manifest.json").write_text(json.dumps(known), encoding="utf-8")
    found = "\n".join(everything.stale(RECORD, copy))
    for words in ("network.xml is not as exported", f"{combine.NAME} is missing", "equations_sha"):
        assert words in found
    with pytest.raises(InputError, match="no manifest of exports"):
        everything.stale(RECORD, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_the_17_values_are_the_locked_ones_to_the_last_bit(name: str) -> None:
    found = values(name)
    assert {key: found[key] for key in NETWORK} == RECORD.network.values()


@pytest.mark.parametrize(("drug", "regimen"), dosed.shipped())
def test_a_drugs_inputs_are_the_locked_ones(drug: str, regimen: str) -> None:
    model = dosed.dosed_model(RECORD, drug, regimen)
    found = values(model.name)
    known = RECORD.drug(drug).values() | RECORD.tocilizumab.values() | RECORD.crp.values()
    # what its equations do not read is in no file
    expected = {key: known[key] for key in model.structure.parameters if key in known}
    assert {"k_act", "k_exh"} < set(expected)
    assert {key: found[identifier(key)] for key in expected} == expected


def test_no_species_is_an_amount_for_which_copasi_would_take_a_parameter_at_1() -> None:
    """Such as V2, h or the dose factor, which it then multiplies into the model."""
    with archive() as packed:
        texts = [packed.read(n) for n in packed.namelist() if n.startswith("sbml/")]
    texts += [path.read_bytes() for path in EXPORTS.rglob("*.xml")]
    assert len(texts) == 2 * len(NAMES) + 2
    for text in texts:
        species = list(ET.fromstring(text).iterfind(".//s:species", SBML))
        assert {one.attrib["id"] for one in species} == {
            name for name in STATES if "/" in QUANTITIES[name].unit
        }
        assert {one.attrib["hasOnlySubstanceUnits"] for one in species} == {"false"}


def test_no_parameter_has_an_id_that_amici_keeps_for_itself() -> None:
    """Its generated code has arrays of these names."""
    kept = set("hkptwxyzJ")
    for path in EXPORTS.rglob("*.xml"):
        ids = {one.get("id") for one in ET.parse(path).iter()}
        assert "hill" in ids and not ids & kept


def test_what_the_site_offers_in_one_file_has_its_sha_256_in_the_manifest() -> None:
    known = everything.read_manifest(EXPORTS)
    files = {path: (EXPORTS / path).read_bytes() for path in known["files"]}
    made = everything.packs(files, RECORD.date)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    assert known["packed"] == digests and set(digests) == {"petab.zip"}
    files["petab/README.md"] += b" "
    assert everything.packs(files, RECORD.date) != made


def test_the_archive_holds_the_models_and_no_day_of_its_making() -> None:
    with archive() as packed:
        for name in NAMES:
            assert packed.read(f"sbml/{name}.xml") == (EXPORTS / f"sbml/{name}.xml").read_bytes()
        day = tuple(int(part) for part in RECORD.date.split("-"))
        assert {one.date_time for one in packed.infolist()} == {(*day, 0, 0, 0)}
        listed = {
            one.attrib["location"].removeprefix("./")
            for one in ET.fromstring(packed.read("manifest.xml"))
        }
        assert listed - {"."} == set(packed.namelist())


def test_the_reference_of_every_course_is_the_default_engines() -> None:
    with archive() as packed:
        for course in reference_courses(RECORD):
            header, *rows = packed.read(f"reference/{course.name}.csv").decode().splitlines()
            states = course.model.structure.states
            assert header.split(",") == ["time", *states]
            table = np.array([row.split(",") for row in rows], dtype=float)
            np.testing.assert_allclose(table[:, 0], course.times)
            if course.rescue:
                continue
            found = simulated(course)
            rows_of = np.searchsorted(found.times, course.times)
            for i, state in enumerate(states, 1):
                if state not in found.names:  # stands ready, and is not given
                    assert not table[:, i].any()
                    continue
                expected = np.asarray(found[state])[rows_of]
                scale = np.abs(expected).max()
                np.testing.assert_allclose(table[:, i], expected, rtol=0, atol=1e-4 * scale)


def test_the_second_engines_ran_this_archive_and_agreed() -> None:
    made = second_engine()
    digest = hashlib.sha256((EXPORTS / combine.NAME).read_bytes()).hexdigest()
    assert made["archive_sha256"] == digest, "run make exports"
    assert set(made["engines"]) == {"libroadrunner", "COPASI"}
    assert made["limit"] <= 1e-5
    for engine in made["engines"].values():
        courses = {course.name: course.model.structure for course in reference_courses(RECORD)}
        assert set(engine["differences"]) == set(courses)
        for name, of in engine["differences"].items():
            assert set(of) == set(courses[name].states)
            assert max(of.values()) < made["limit"]


@pytest.mark.parametrize(("drug", "regimen"), dosed.shipped())
def test_the_changes_of_dosing_give_every_dose(drug: str, regimen: str) -> None:
    whole = load_drug(drug).regimens[regimen]
    given, rate, since = 0.0, 0.0, 0.0
    for change in sbml.changes(whole):
        given += rate * (change.time_h - since) + change.bolus_ug
        since = change.time_h
        rate = rate if change.rate_ug_per_h is None else change.rate_ug_per_h
    assert rate == 0
    assert given == pytest.approx(whole.total_ug, rel=1e-14)
    boluses = sum(isinstance(dose, Bolus) for dose in whole.doses)
    assert sum(change.bolus_ug > 0 for change in sbml.changes(whole)) == boluses


def test_the_rescue_is_one_infusion() -> None:
    first, last = sbml.changes(load_tocilizumab().regimens["clinical"])
    assert (first.time_h, last.rate_ug_per_h) == (0.0, 0.0)
    assert first.rate_ug_per_h == 8.0 * RECORD.tocilizumab.weight_kg * 1000 / last.time_h


def test_without_the_libraries_export_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(optional, "import_module", missing)
    assert main(["export", "--output", str(tmp_path / "out")]) == 1
    message = capsys.readouterr().err
    assert message.startswith("error: ") and message.count("\n") == 1
    assert "pip install" in message and "interop" in message
    assert not (tmp_path / "out").exists()


def few(record: Record) -> dict[str, bytes]:
    """Exports that need no library."""
    files = {"petab/one.tsv": b"1", "two.omex": b"2"}
    return files | {everything.MANIFEST: everything.manifest(record, files)}


@pytest.mark.parametrize("content", ['{"mine": 1}', "[]", "not JSON", '{"schema": 1}'])
def test_a_manifest_of_something_else_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr(everything, "everything", few)
    theirs = tmp_path / everything.MANIFEST
    theirs.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="is not a manifest of exports and is not written over"):
        everything.write(RECORD, tmp_path)
    assert theirs.read_text(encoding="utf-8") == content
    assert list(tmp_path.iterdir()) == [theirs]


def test_a_file_in_the_place_of_the_folder_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(_record: Record) -> dict[str, bytes]:
        raise AssertionError("it was made")

    monkeypatch.setattr(everything, "everything", made)
    (tmp_path / "file").write_text("", encoding="utf-8")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="file is not a folder; name another"):
            everything.write(RECORD, place)


def test_an_export_that_is_interrupted_leaves_no_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "everything", few)
    (tmp_path / "second_engine.json").write_text("{}", encoding="utf-8")
    everything.write(RECORD, tmp_path)
    assert everything.stale(RECORD, tmp_path) == []

    def interrupted(path: Path, data: bytes) -> Path:
        if path.name == "two.omex":
            raise KeyboardInterrupt
        return write_bytes_atomic(path, data)

    with monkeypatch.context() as during:
        during.setattr(everything, "write_bytes_atomic", interrupted)
        with pytest.raises(KeyboardInterrupt):
            everything.write(RECORD, tmp_path)
    with pytest.raises(InputError, match="no manifest of exports"):
        everything.stale(RECORD, tmp_path)
    everything.write(RECORD, tmp_path)
    assert everything.stale(RECORD, tmp_path) == []
    assert (tmp_path / "second_engine.json").is_file()


@pytest.mark.thorough
def test_the_exporters_need_no_library_to_be_imported() -> None:
    code = (
        "import sys; from qsp_lib.export import everything; "
        "sys.exit(any(m in sys.modules for m in ('libsbml', 'libsedml', 'petab', 'roadrunner')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_record_of_other_inputs_is_refused_with_what_can_be_had_of_it(tmp_path: Path) -> None:
    """Regimens and observations are exported of the current inputs alone."""
    with pytest.raises(InputError, match=r"lock v1 was given.*of inputs v2.*export tgn1412 --lock"):
        everything.write(record_of("v1"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
