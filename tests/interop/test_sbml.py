"""The SBML files, read by libSBML: valid, in units, and the right-hand side itself."""

from __future__ import annotations

import re
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sbml_reader import rates, resources, value_of

from qsp_lib.drugs.reading import load_drug
from qsp_lib.export import dosed, sbml
from qsp_lib.export.formula import identifier
from qsp_lib.export.optional import library
from qsp_lib.model.equations import INPUTS, MECHANISMS, NETWORK, PARAMETERS, PRE_DOSE, STATES, rhs
from qsp_lib.protocol.lock import current_record

pytestmark = pytest.mark.interop

RECORD = current_record()
NAMES = ["network", *(dosed.model_name(*pair) for pair in dosed.shipped())]
EQUATIONS = [("network", mechanism) for mechanism in MECHANISMS] + [
    (dosed.model_name(drug, regimen), RECORD.drug(drug).mechanism)
    for drug, regimen in dosed.shipped()
]


@cache
def models() -> dict[str, str]:
    return sbml.models(RECORD)


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
    document = read(name)
    rng = np.random.default_rng(11)
    for i in range(50):
        y = rng.uniform(0.05, 1.0, len(STATES))
        y = y if i % 5 else -1e-9 * y  # a rounding error below zero has no real power
        p = dict(zip(PARAMETERS, rng.uniform(0.2, 3.0, len(PARAMETERS)).tolist(), strict=True))
        inputs = dict(zip(INPUTS, rng.uniform(0.0, 5.0, len(INPUTS)).tolist(), strict=True))
        known = dict(zip(STATES, y.tolist(), strict=True)) | p | inputs
        known[sbml.SWITCH] = float(mechanism == "bispecific")
        found = rates(document.getModel(), known, STATES)
        expected = np.array(
            rhs(y, SimpleNamespace(**p), *inputs.values(), mechanism, RECORD.network.feedback),
            dtype=float,
        )
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_values_are_read_back_to_the_last_bit(name: str) -> None:
    model = read(name).getModel()
    drug = sbml.DEFAULT_DRUG if name == "network" else name.split("_")[0]
    expected = (
        RECORD.network.values()
        | RECORD.drug(drug).values()
        | RECORD.tocilizumab.values()
        | RECORD.crp.values()
    )
    read_back = {key: model.getParameter(identifier(key)).getValue() for key in PARAMETERS}
    assert read_back == {key: expected[key] for key in PARAMETERS}
    assert len(NETWORK) == 17


@pytest.mark.parametrize("name", NAMES)
def test_it_starts_before_the_first_dose(name: str) -> None:
    model = read(name).getModel()
    starts = {}
    for state in STATES:
        species, parameter = model.getSpecies(state), model.getParameter(state)
        starts[state] = species.getInitialConcentration() if species else parameter.getValue()
        assert species or not parameter.getConstant()
    assert starts == dict(zip(STATES, PRE_DOSE, strict=True))


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
    found = {name: resources(model.getElementBySId(name)) for name in STATES}
    assert found["IL6"] == {"uniprot:P05231"} and found["CRP"] == {"uniprot:P02741"}
    assert found["A"] == {"CL:0000084"} and found["M"] == {"CL:0000235"}
    assert found["A_c"] == {"drugbank:DB09052"} and found["B"] == {"CL:0000236"}
    assert resources(read("tgn1412_clinical").getModel().getParameter("A_c")) == set()


@pytest.mark.parametrize(("drug", "regimen"), dosed.shipped())
def test_the_events_are_the_doses_of_the_drug_file(drug: str, regimen: str) -> None:
    """Each event by its meaning: when it happens, and what it sets."""
    libsbml, model = library("libsbml"), read(dosed.model_name(drug, regimen)).getModel()
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
            start = {name: 0.0 for name in STATES}
            found[time, given.getVariable()] = value_of(given.getMath(), values | start)
    whole = load_drug(drug).regimens[regimen]
    expected = {}
    for change in sbml.changes(whole):
        if change.bolus_ug:
            expected[change.time_h, "A_c"] = change.bolus_ug
        if change.rate_ug_per_h is not None:
            expected[change.time_h, "u"] = change.rate_ug_per_h
    tocilizumab = {key: value for key, value in found.items() if key[1] == "u_tcz"}
    assert {key: value for key, value in found.items() if key not in tocilizumab} == expected
    assert set(tocilizumab.values()) == {0.0}, "none is given until tcz_factor is set"
    assert {time for time, _ in tocilizumab} == {6.0, 7.0}
