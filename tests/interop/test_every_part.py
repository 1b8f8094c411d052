"""Models with every part there is: read by libSBML, run by libroadrunner and COPASI.

The drugs are made up. Each treatment goes through the same archive as the shipped ones and is run
by the same script, which knows nothing of this project.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from helpers import alone, made_up, made_up_bispecific
from sbml_reader import rates, resources
from treatments import BY_BOTH, CRP, DEPOT, FALLING, NETWORKS, RESCUE, treatments

from qsp_lib.common.errors import LockError
from qsp_lib.export import combine, sbml
from qsp_lib.export.courses import ReferenceCourse, reference, simulated
from qsp_lib.export.dosed import DosedModel
from qsp_lib.export.formula import identifier
from qsp_lib.export.optional import library
from qsp_lib.model.dosing import Bolus, Regimen
from qsp_lib.model.parameters import DrugInputs
from qsp_lib.model.structure import EXPOSURES, RECOVERY_AT_REST, STEROIDS, T_CELLS
from qsp_lib.model.treatment import Treatment

pytestmark = pytest.mark.interop

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 1e-5
"""Of each state's largest value."""
DAY = "2026-01-31"
ONCE = Regimen.of(Bolus(0.0, 5.0, "SC"))
WORDS = "Treatments that nobody was given, to check the exports."
MODELS = [(t_cells, name) for t_cells in T_CELLS for name in treatments(t_cells)]


def courses(t_cells: str) -> list[ReferenceCourse]:
    """Each treatment with all that stands ready given, and the largest one with none of it."""
    models = treatments(t_cells)
    given = [
        ReferenceCourse(
            model, model.treatment.rescue is not None, model.treatment.steroid is not None
        )
        for model in models.values()
    ]
    return [*given, ReferenceCourse(models["everything"])]


@cache
def archive(t_cells: str) -> bytes:
    return combine.archive_of(courses(t_cells), WORDS, DAY)


def run(path: Path, data: bytes) -> tuple[int, dict[str, Any]]:
    """What the script that needs none of this project finds of an archive."""
    path.write_bytes(data)
    table = path.with_suffix(".json")
    script = [sys.executable, str(ROOT / "interop" / "second_engine.py"), str(path)]
    ran = subprocess.run(
        [*script, "--floor", "1", "--write", str(table)],
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    assert table.is_file(), ran.stdout + ran.stderr
    return ran.returncode, json.loads(table.read_text(encoding="utf-8"))


def largest(of: dict[str, dict[str, float]]) -> float:
    return max(max(values.values()) for values in of.values())


def test_the_treatments_have_every_part_there_is() -> None:
    for t_cells in T_CELLS:
        structures = [model.structure for model in treatments(t_cells).values()]
        forms = {form for structure in structures for form in structure.exposure}
        assert forms == {*EXPOSURES, "table"}
        assert {structure.steroid for structure in structures} == set(STEROIDS)
        assert {structure.mechanism for structure in structures} == {"monoclonal", "bispecific"}
        assert {structure.tocilizumab for structure in structures} == {True, False}


@pytest.mark.parametrize("t_cells", T_CELLS)
def test_two_engines_agree_in_every_state_of_every_treatment(t_cells: str, tmp_path: Path) -> None:
    code, found = run(tmp_path / "made_up.omex", archive(t_cells))
    assert code == 0
    for engine in found["engines"].values():
        assert set(engine["differences"]) == {course.name for course in courses(t_cells)}
        assert largest(engine["differences"]) < LIMIT
    # parameters at 1, the dose factor and the targets before the first dose among them
    assert largest(found["doubled"]) < LIMIT
    if t_cells == RECOVERY_AT_REST:
        assert "B_0" in found["doubled"]["subcutaneous"]


@pytest.mark.parametrize("t_cells", T_CELLS)
def test_the_reference_is_the_default_engines(t_cells: str) -> None:
    for course in courses(t_cells):
        found, expected = simulated(course, rtol=1e-9, atol=1e-10), reference(course)
        rows = np.searchsorted(found.times, course.times)
        for i, state in enumerate(course.model.structure.states):
            if state in found.names:
                gap = np.abs(found[state][rows] - expected[:, i]).max()
                assert gap <= LIMIT * np.abs(expected[:, i]).max(), (course.name, state)


OFF = {
    "bolus_A_d_1": "subcutaneous",  # the amount that is absorbed, so F
    "at_u_d_1": "subcutaneous",  # the lag
    "bolus_Z_1": "falling_clearance",
    "CL_0": "falling_clearance",
    "Vmax": "saturable",
    "rate_C_slope_2": "table",
    "rate_C_growth_2": "log_table",
    "B_0": "targets",
    "K_B": "targets",
    "bolus_D_d_1": "steroid_by_mouth",
    "k_e0": "steroid_by_vein",
    "w_dex": "everything",
}
"""A parameter of each new part, and the model in which it is put off by a hundredth."""


def test_a_part_that_is_off_by_a_hundredth_would_be_found(tmp_path: Path) -> None:
    """All at once, one a model; each is then found where it is."""
    spoilt = io.BytesIO(archive(RECOVERY_AT_REST))
    with zipfile.ZipFile(spoilt) as packed:
        files = {name: packed.read(name).decode() for name in packed.namelist()}
    for name, model in OFF.items():
        path = f"sbml/{model}.xml"
        pattern = re.compile(rf'(<parameter [^>]*\bid="{name}"[^>]*\bvalue=")([^"]*)')
        files[path], n = pattern.subn(lambda m: f"{m[1]}{1.01 * float(m[2])!r}", files[path])
        assert n == 1, name
    with zipfile.ZipFile(tmp_path / "raw.omex", "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    differences = by_libroadrunner(tmp_path / "raw.omex")
    for course, worst in differences.items():
        model = course.removesuffix("_steroid").removesuffix("_rescue")
        # where the steroid is not given, its weight plays no part
        off = model in OFF.values() and course != "everything"
        assert (worst > LIMIT) is off, (course, worst)
    assert {"plain", "everything"} <= differences.keys()


def by_libroadrunner(archive: Path) -> dict[str, float]:
    """The largest difference of each course, of its largest value, by one of the engines."""
    code = """
    import sys, tempfile
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    import second_engine
    with tempfile.TemporaryDirectory() as place:
        simulations = second_engine.unpack(Path(sys.argv[2]), Path(place))
        runs = second_engine.run(simulations, "libroadrunner")
    answer({one.name: max(one.differences(1.0).values()) for one in runs})
    """
    found: dict[str, float] = alone(code, ROOT / "interop", archive, timeout=1200)
    return found


# ---------------------------------------------------------------- read by libSBML


def read(model: DosedModel) -> Any:
    return library("libsbml").readSBMLFromString(sbml.dosed(model, DAY)).getModel()


@pytest.mark.parametrize(("t_cells", "name"), MODELS)
def test_libsbml_finds_nothing_to_say_units_included(t_cells: str, name: str) -> None:
    assert sbml.problems(sbml.dosed(treatments(t_cells)[name], DAY)) == []


@pytest.mark.parametrize(("t_cells", "name"), MODELS)
def test_the_rate_rules_are_the_right_hand_side_of_its_parts(t_cells: str, name: str) -> None:
    model = treatments(t_cells)[name]
    structure, document = model.structure, read(model)
    rng = np.random.default_rng(11)
    for i in range(10):
        y = rng.uniform(0.05, 1.0, len(structure.states))
        y = y if i % 5 else -1e-9 * y
        p = dict(zip(structure.parameters, rng.uniform(0.2, 3.0, 60).tolist(), strict=False))
        u = rng.uniform(0.0, 5.0, len(structure.inputs)).tolist()
        known = dict(zip(structure.states, y.tolist(), strict=True)) | p
        known |= dict(zip(structure.inputs, u, strict=True))
        expected = np.array(structure.rhs(y, SimpleNamespace(**p), u), dtype=float)
        found = rates(document, known, structure.states)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("t_cells", "name"), MODELS)
def test_what_a_treatment_does_not_have_is_not_in_its_file(t_cells: str, name: str) -> None:
    model = treatments(t_cells)[name]
    structure, document = model.structure, read(model)
    rules = [document.getRule(i) for i in range(document.getNumRules())]
    assert {rule.getVariable() for rule in rules if rule.isRate()} == set(structure.states)
    ids = {document.getParameter(i).getId() for i in range(document.getNumParameters())}
    assert {identifier(p) for p in structure.parameters} <= ids
    for there, switches in (
        (structure.tocilizumab, {sbml.TCZ_FACTOR, sbml.TCZ_TIME}),
        (bool(structure.steroid), {sbml.DEX_FACTOR, sbml.DEX_TIME}),
        ("table" not in structure.exposure, {sbml.DOSE_FACTOR}),
    ):
        assert ids & switches == (switches if there else set())
    assert "T_c" in ids or not structure.tocilizumab


def test_values_are_those_of_the_treatment_to_the_last_bit() -> None:
    for model in treatments(RECOVERY_AT_REST).values():
        document = read(model)
        for name, value in model.treatment.values.items():
            assert document.getParameter(identifier(name)).getValue() == value, name


def test_targets_begin_at_the_patients_own_and_follow_when_they_are_changed() -> None:
    document = read(treatments(RECOVERY_AT_REST)["targets"])
    (start,) = (document.getInitialAssignment(i) for i in range(1))
    assert document.getNumInitialAssignments() == 1
    assert (start.getSymbol(), start.getMath().getName()) == ("B", "B_0")
    assert read(treatments(RECOVERY_AT_REST)["plain"]).getNumInitialAssignments() == 0


def test_drugs_and_targets_are_identified_wherever_they_are() -> None:
    drug = made_up_bispecific(name="blinatumomab", k_a=0.1, K_B=0.72)
    given = Treatment(drug, ONCE, NETWORKS[RECOVERY_AT_REST], None, BY_BOTH)
    model = DosedModel("one", given)
    document = read(model)
    of = {name: resources(document.getElementBySId(name)) for name in model.structure.states}
    assert of["A_d"] == of["A_c"] == of["A_p"] == {"drugbank:DB09052"}
    assert of["B"] == {"CL:0000236"} and of["A"] == {"CL:0000084"}
    assert of["D_c"] == of["D_d"] == of["G"] == {"drugbank:DB01234"}


def test_a_held_back_drug_with_parts_that_lock_v1_does_not_know_is_not_exported() -> None:
    drug = made_up(name="mosunetuzumab")
    held = Treatment(drug, Regimen.of(Bolus(0.0, 1.0)), NETWORKS[RECOVERY_AT_REST])
    with pytest.raises(LockError, match="whose outcomes are held back"):
        sbml.dosed(DosedModel("one", held), DAY)


def test_an_archive_is_the_same_bytes_when_made_twice() -> None:
    some = courses(RECOVERY_AT_REST)[1:3]
    one, other = (combine.archive_of(some, WORDS, DAY) for _ in range(2))
    assert one == other and len(one) > 1e5


# ---------------------------------------------------------------- the network for any drug


class NextRecord:
    """As much of a record as the network's file reads, with drugs that nobody was given."""

    version, date, digest, equations_digest = "v0", DAY, "0" * 64, "1" * 64
    network, drug_names = NETWORKS[RECOVERY_AT_REST], ("one", "two", "blinatumomab")
    tocilizumab, crp = RESCUE.inputs, CRP

    def drug(self, name: str) -> DrugInputs:
        own = {"one": DEPOT, "two": FALLING}.get(name, {})
        make = made_up if name == "two" else made_up_bispecific
        return make(K_B=0.72, **own)

    def regimen(self, drug: str, name: str = "clinical") -> Regimen:
        return ONCE


@pytest.mark.parametrize("mechanism", ["monoclonal", "bispecific"])
def test_the_network_of_a_record_with_other_parts_is_their_right_hand_side(mechanism: str) -> None:
    record: Any = NextRecord()
    text = sbml.network(record)
    assert sbml.problems(text) == []
    document = library("libsbml").readSBMLFromString(text).getModel()
    structure, widest = sbml.wholes(record)[mechanism], sbml.wholes(record)["bispecific"]
    assert structure.exposure == ("depot", "falling clearance") and structure.steroid == "oral"
    known = {
        name: float(value)
        for name, value in zip(
            (*widest.states, *widest.parameters, *widest.inputs),
            np.random.default_rng(2).uniform(0.2, 1.0, 90),
            strict=False,
        )
    } | {sbml.SWITCH: float(mechanism == "bispecific")}
    found = dict(zip(widest.states, rates(document, known, widest.states), strict=True))
    y, u = ([known[n] for n in names] for names in (structure.states, structure.inputs))
    expected = structure.rhs(y, SimpleNamespace(**known), u)
    for name, rate in zip(structure.states, expected, strict=True):
        assert found[name] == pytest.approx(float(rate), rel=1e-12, abs=1e-13), name
    assert {name: found[name] for name in found.keys() - set(structure.states)} in ({}, {"B": 0.0})
    # a drug without a form of exposure has values with which it does nothing
    values = sbml.drug_values(record, "two")
    assert (values["k_a"], values["CL_0"]) == (1.0, FALLING["CL_0"])
    assert sbml.drug_values(record, "one")["CL_0"] == record.drug("one").CL
