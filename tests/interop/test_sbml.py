"""The SBML files, read by libSBML: valid, in units, and the right-hand side itself."""

from __future__ import annotations

import re
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sbml_reader import rates, resources, value_of

from qsp_lib.export import dosed, sbml
from qsp_lib.export.formula import identifier
from qsp_lib.export.optional import library
from qsp_lib.model.equations import MECHANISMS
from qsp_lib.model.structure import Structure
from qsp_lib.protocol.lock import current_record

pytestmark = pytest.mark.interop

RECORD = current_record()
DOSED = {dosed.model_name(*pair): dosed.dosed_model(RECORD, *pair) for pair in dosed.shipped()}
NAMES = ["network", *DOSED]
EQUATIONS = [("network", mechanism) for mechanism in MECHANISMS] + [
    (name, model.structure.mechanism) for name, model in DOSED.items()
]
BESIDE, RATES_BESIDE = ("T_c", "D_c", "D_d"), ("u_tcz", "u_dex")
"""Where co-medications enter."""


@cache
def models() -> dict[str, str]:
    return sbml.models(RECORD)


def structure_of(name: str, mechanism: str = "bispecific") -> Structure:
    """The parts of a file; the network's are those of either mechanism, and its states the
    bispecific's."""
    return sbml.wholes(RECORD)[mechanism] if name == "network" else DOSED[name].structure


def read(name: str) -> Any:
    return library("libsbml").readSBMLFromString(models()[name])


@pytest.mark.parametrize("name", NAMES)
def test_libsbml_finds_nothing_to_say(name: str) -> None:
    assert sbml.problems(models()[name]) == []


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        (r'(id="k_IFN"[^>]* units=")[^"]*', r"\g<1>pg_per_mL"),
        (r'(<unit kind="gram" exponent="1" scale=")-9', r"\g<1>-6"),
        (r'(id="V1"[^>]* units=")litre', r"\g<1>mL"),
        (r'(sboTerm=")SBO:0000287', r"\g<1>SBO:0000240"),
    ],
)
def test_a_wrong_unit_or_term_would_be_found(sound: str, broken: str) -> None:
    text, n = re.subn(sound, broken, models()["network"])
    assert n and sbml.problems(text)


@pytest.mark.parametrize(("name", "mechanism"), EQUATIONS)
def test_the_rate_rules_are_the_right_hand_side(name: str, mechanism: str) -> None:
    document, structure, widest = read(name), structure_of(name, mechanism), structure_of(name)
    rng = np.random.default_rng(11)
    for i in range(50):
        y = rng.uniform(0.05, 1.0, len(widest.states))
        y = y if i % 5 else -1e-9 * y  # a rounding error below zero has no real power
        p = {name: float(rng.uniform(0.2, 3.0)) for name in widest.parameters}
        inputs = {name: float(rng.uniform(0.0, 5.0)) for name in widest.inputs}
        known = dict(zip(widest.states, y.tolist(), strict=True)) | p | inputs
        known[sbml.SWITCH] = float(mechanism == "bispecific")
        found = dict(
            zip(widest.states, rates(document.getModel(), known, widest.states), strict=True)
        )
        own = [known[state] for state in structure.states]
        u = [inputs[door] for door in structure.inputs]
        expected = np.array(structure.rhs(own, SimpleNamespace(**p), u), dtype=float)
        np.testing.assert_allclose(
            [found.pop(state) for state in structure.states], expected, rtol=1e-12, atol=1e-13
        )
        assert set(found.values()) <= {0.0}, "the other mechanism's states stand still"


@pytest.mark.parametrize("name", NAMES)
def test_values_are_read_back_to_the_last_bit(name: str) -> None:
    model = read(name).getModel()
    parts = [RECORD.network, RECORD.tocilizumab, RECORD.dexamethasone, RECORD.crp]
    expected = {key: value for part in parts for key, value in part.values().items()}
    if name == "network":
        expected |= sbml.drug_values(RECORD, sbml.DEFAULT_DRUG)
    else:
        expected |= DOSED[name].treatment.drug.values()
    wanted = structure_of(name).parameters
    read_back = {key: model.getParameter(identifier(key)).getValue() for key in wanted}
    assert read_back == {key: expected[key] for key in wanted}


@pytest.mark.parametrize("name", NAMES)
def test_it_starts_before_the_first_dose(name: str) -> None:
    model, structure = read(name).getModel(), structure_of(name)
    starts = {}
    for state in structure.states:
        species, parameter = model.getSpecies(state), model.getParameter(state)
        starts[state] = species.getInitialConcentration() if species else parameter.getValue()
        assert species or not parameter.getConstant()
    assert starts == dict(zip(structure.states, structure.before, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_everything_has_a_unit_and_a_term(name: str) -> None:
    model = read(name).getModel()
    parameters, species = model.getListOfParameters(), model.getListOfSpecies()
    everything = [parameters.get(i) for i in range(parameters.size())]
    assert all(one.getUnits() for one in everything)
    states = [species.get(i) for i in range(species.size())]
    assert all(one.getSubstanceUnits() for one in states)
    for one in everything + states:
        assert one.isSetSBOTerm() and one.getName(), one.getId()


def test_the_notes_say_what_it_is_and_what_it_is_made_from() -> None:
    for text in models().values():
        notes = library("libsbml").readSBMLFromString(text).getModel().getNotesString()
        for words in (
            "Research model, not medical advice",
            "MIT License",
            "CC0",
            RECORD.digest,
            f"lock record {RECORD.version}",
            RECORD.equations_digest,
        ):
            assert words in notes


def test_proteins_cells_drugs_and_species_are_identified() -> None:
    model = read("blinatumomab_clinical").getModel()
    assert resources(model) == {"taxonomy:9606"}
    states = structure_of("blinatumomab_clinical").states
    found = {name: resources(model.getElementBySId(name)) for name in states}
    assert found["IL6"] == {"uniprot:P05231"} and found["CRP"] == {"uniprot:P02741"}
    assert found["A"] == {"CL:0000084"} and found["M"] == {"CL:0000235"}
    assert found["A_c"] == {"drugbank:DB09052"} and found["B"] == {"CL:0000236"}
    assert resources(read("tgn1412_clinical").getModel().getParameter("A_c")) == set()


@pytest.mark.parametrize(("drug", "regimen"), dosed.shipped())
def test_the_events_are_the_doses_of_the_drug_file(drug: str, regimen: str) -> None:
    """Each event by its meaning: when it happens, and what it sets."""
    name = dosed.model_name(drug, regimen)
    libsbml, model, treatment = library("libsbml"), read(name).getModel(), DOSED[name].treatment
    found = {}
    for i in range(model.getNumEvents()):
        event = model.getEvent(i)
        trigger = event.getTrigger()
        assert not trigger.getInitialValue() and trigger.getPersistent()
        math = trigger.getMath()
        assert math.getType() == libsbml.AST_RELATIONAL_GEQ
        assert math.getChild(0).getType() == libsbml.AST_NAME_TIME
        values = {
            model.getParameter(j).getId(): model.getParameter(j).getValue()
            for j in range(model.getNumParameters())
        }
        time = value_of(math.getChild(1), values)
        for j in range(event.getNumEventAssignments()):
            given = event.getEventAssignment(j)
            start = dict.fromkeys(treatment.structure.states, 0.0)
            found[time, given.getVariable()] = value_of(given.getMath(), values | start)
    expected = {}
    for door, given in zip(treatment.structure.doors, treatment.at_doors(), strict=True):
        for change in sbml.changes(given) if door.state not in BESIDE else ():
            if change.bolus_ug:
                expected[change.time_h, door.state] = change.bolus_ug
            if change.rate_ug_per_h is not None:
                expected[change.time_h, door.input] = change.rate_ug_per_h
    if not treatment.structure.exposure:  # then they are the file's own
        assert sorted(value for value in expected.values() if value) == sorted(
            amount
            for change in sbml.changes(RECORD.regimen(drug, regimen))
            for amount in (change.bolus_ug, change.rate_ug_per_h)
            if amount
        )
    beside = {key: value for key, value in found.items() if key[1] in (*BESIDE, *RATES_BESIDE)}
    assert {key: value for key, value in found.items() if key not in beside} == expected
    assert set(beside.values()) == {0.0}, "none is given until its factor is set"
    assert {time for time, what in beside if what == "u_tcz"} == {6.0, 7.0}
