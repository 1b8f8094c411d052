"""The model in SBML Level 3 Version 2, made from the traced right-hand side and the lock record.

:func:`network` is one model for all drugs, without doses; :func:`dosed` is one drug with one
regimen, whose doses are events. States follow rate rules, so that what a tool integrates is the
right-hand side itself: concentrations in serum are species, drug amounts and fractions of cell
pools are parameters. Named intermediate quantities are assignment rules.
Every number has a unit, and :func:`problems` gives what libSBML's checks, those of units among
them, say of a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import sympy

from ..analyses import LATE_H
from ..common import InputError
from ..drugs import load_drug, load_tocilizumab, shipped_drugs
from ..model import (
    DRUG,
    DRUG_IDENTIFIERS,
    INPUTS,
    MECHANISMS,
    NETWORK,
    PARAMETERS,
    PRE_DOSE,
    QUANTITIES,
    STATES,
    TARGET_CELLS,
    DrugInputs,
    Quantity,
    Regimen,
    definitions,
    make_schedule,
    regrouped,
)
from ..protocol import Record
from .formula import identifier, number
from .optional import library
from .sbml_model import ModelWriter, program

DEFAULT_DRUG = "blinatumomab"
"""The drug whose inputs the network file holds until others are set."""
SWITCH = "bispecific"
"""The switch of the network file: 1 for a bispecific, 0 for a monoclonal antibody."""
DOSE_FACTOR, TCZ_FACTOR, TCZ_TIME = "dose_factor", "tcz_factor", "t_tcz"
"""By what a dosed model is changed: doses, tocilizumab's doses, when tocilizumab starts."""
STOP_TIME, UNTIL_STOP = "t_stop", "u_until_stop"
"""When dosing ends in a network file with ``stops``, and the dosing rate until then."""
_GIVEN_TO = dict(zip(INPUTS, ("A_c", "T_c"), strict=True))
CHANGED_BY = {
    SWITCH: Quantity("1", "mechanism: 1 for a bispecific, 0 for a monoclonal antibody", 380),
    DOSE_FACTOR: Quantity("1", "multiplies every dose of the drug", 380),
    TCZ_FACTOR: Quantity("1", "multiplies every dose of tocilizumab; 0 for none", 380),
    TCZ_TIME: Quantity("h", "start of tocilizumab", 346),
    STOP_TIME: Quantity("h", "end of dosing", 346),
    UNTIL_STOP: Quantity("ug/h", "dosing rate of the drug until its end", 46),
}
"""What the parameters that change a model are; their words are their names in SBML."""


def network(record: Record, *, stops: bool = False) -> str:
    """One model for all drugs, without doses.

    The parameter ``bispecific`` chooses the mechanism; ``u`` and ``u_tcz`` are the dosing rates,
    0 until set; drug inputs are those of :data:`DEFAULT_DRUG`.

    Args:
        stops: whether ``u`` is ``u_until_stop`` until the time ``t_stop`` and 0 from then on, for
            formats that can set a dosing rate but not change it on the way. It is a rule and not
            an event, because AMICI does not let a condition set what an event changes.

    Returns:
        The text of an SBML file.
    """
    drug = record.drug(DEFAULT_DRUG)
    writer = _begin(record, "network", "Cytokine network for any drug, without doses")
    _add_states(writer)
    _add_parameters(writer, record, drug, INPUTS[1:] if stops else INPUTS)
    _add_switch(writer, SWITCH, float(drug.mechanism == "bispecific"))
    for symbol in definitions(MECHANISMS[0]):
        name, parts = str(symbol), [definitions(mechanism)[symbol] for mechanism in MECHANISMS]
        if parts[0] != parts[1]:
            for i, mechanism in enumerate(MECHANISMS):
                words = f"{QUANTITIES[name].words}, were the drug a {mechanism}"
                part = f"{name}_{mechanism}"
                writer.definition(part, replace(QUANTITIES[name], words=words), parts[i])
                parts[i] = sympy.Symbol(part)
        writer.definition(name, QUANTITIES[name], _chosen(*parts))
    if stops:
        _add_switch(writer, STOP_TIME, 0.0)
        _add_switch(writer, UNTIL_STOP, 0.0)
        while_given = f"piecewise({UNTIL_STOP}, time < {STOP_TIME}, {number(0.0, 'ug/h')})"
        writer.definition(INPUTS[0], QUANTITIES[INPUTS[0]], while_given)
    derivatives = [regrouped(mechanism, record.network.feedback) for mechanism in MECHANISMS]
    for name in STATES:
        writer.rate(name, _chosen(*(d[name] for d in derivatives)), QUANTITIES[name].unit)
    writer.explain(
        "All drugs share this network; a drug is its mechanism, its inputs and its doses. Set "
        f"{SWITCH} to 1 or 0, the drug's inputs {', '.join(map(identifier, DRUG))}, and the dosing "
        f"rates {UNTIL_STOP + ', which ends at ' + STOP_TIME + ',' if stops else INPUTS[0]} and "
        f"{INPUTS[1]}; as it stands the file holds the inputs of {drug.label} and gives no dose.",
        *_about(record),
    )
    return writer.text()


def dosed(record: Record, drug_name: str, regimen_name: str) -> str:
    """One drug with one of its regimens as events, and tocilizumab's doses ready to be given.

    ``dose_factor`` (1) multiplies the drug's doses, ``tcz_factor`` (0) tocilizumab's, which
    start at ``t_tcz``.

    Returns:
        The text of an SBML file.

    Raises:
        LockError: a drug the record does not hold.
        InputError: a regimen the drug does not have.
    """
    drug, regimens = record.drug(drug_name), load_drug(drug_name).regimens
    if regimen_name not in regimens:
        raise InputError(
            f"{drug_name} has no regimen {regimen_name!r}; expected one of {sorted(regimens)}."
        )
    regimen, rescue = regimens[regimen_name], load_tocilizumab().regimens["clinical"]
    title = f"{drug.label}, {regimen.label}"
    writer = _begin(record, model_name(drug_name, regimen_name), title)
    _add_states(writer, drug_name)
    _add_parameters(writer, record, drug)
    for name, value in ((DOSE_FACTOR, 1.0), (TCZ_FACTOR, 0.0), (TCZ_TIME, LATE_H)):
        _add_switch(writer, name, value)
    for symbol, value in definitions(drug.mechanism).items():
        writer.definition(str(symbol), QUANTITIES[str(symbol)], value)
    for name, value in regrouped(drug.mechanism, record.network.feedback).items():
        writer.rate(name, value, QUANTITIES[name].unit)
    _add_doses(writer, "u", regimen, DOSE_FACTOR)
    _add_doses(writer, "u_tcz", rescue, TCZ_FACTOR, TCZ_TIME)
    writer.explain(
        f"{drug.label} ({drug.mechanism}), {regimen.label}, given by events. Tocilizumab "
        f"({rescue.label}, {record.tocilizumab.weight_kg:g} kg) is given at {TCZ_TIME} once "
        f"{TCZ_FACTOR} is set to 1; as it stands none is given. {DOSE_FACTOR} multiplies every "
        "dose of the drug.",
        *_about(record),
    )
    return writer.text()


def shipped() -> tuple[tuple[str, str], ...]:
    """Drug and regimen of every dosed model, in the order of the drug files."""
    return tuple((drug, name) for drug in shipped_drugs() for name in load_drug(drug).regimens)


def models(record: Record) -> dict[str, str]:
    """The text of every SBML file, by its name without the ending."""
    return {"network": network(record)} | {
        model_name(drug, regimen): dosed(record, drug, regimen) for drug, regimen in shipped()
    }


def model_name(drug_name: str, regimen_name: str) -> str:
    """Identifier of a dosed model, and the name of its file without the ending."""
    return f"{drug_name}_{regimen_name}"


@dataclass(frozen=True)
class Change:
    """What happens to dosing at one time (h): a bolus (ug), a new rate (ug/h), or both."""

    time_h: float
    bolus_ug: float
    rate_ug_per_h: float | None


def changes(regimen: Regimen) -> Iterator[Change]:
    """Every change of dosing of a whole regimen, in order of time."""
    rate, after_all = 0.0, 1.0 + max(regimen.change_times(float("inf")))
    for segment in make_schedule(regimen, Regimen(), after_all).segments:
        new = None if segment.rate == rate else segment.rate
        if segment.bolus or new is not None:
            yield Change(segment.start_h, segment.bolus, new)
        rate = segment.rate


def problems(text: str) -> list[str]:
    """What libSBML's consistency checks, with units taken strictly, say of a model."""
    libsbml = library("libsbml")
    document = libsbml.readSBMLFromString(text)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, True)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, True)
    document.checkConsistencyWithStrictUnits()
    document.checkConsistency()
    found = [document.getError(i) for i in range(document.getNumErrors())]
    return [f"{e.getSeverityAsString()} {e.getErrorId()}: {e.getMessage().strip()}" for e in found]


def _chosen(monoclonal: sympy.Expr, bispecific: sympy.Expr) -> sympy.Expr:
    """The expression that the switch chooses; the one of both where they are the same."""
    switch = sympy.Symbol(SWITCH)
    if monoclonal == bispecific:
        return monoclonal
    return (1 - switch) * monoclonal + switch * bispecific


def _begin(record: Record, name: str, title: str) -> ModelWriter:
    return ModelWriter(name, title, record.date)


def _add_states(writer: ModelWriter, drug_name: str = "") -> None:
    own = {
        "A_c": DRUG_IDENTIFIERS.get(drug_name, ()),
        "A_p": DRUG_IDENTIFIERS.get(drug_name, ()),
        "B": TARGET_CELLS.get(drug_name, ()),
    }
    for name, start in zip(STATES, PRE_DOSE, strict=True):
        quantity = QUANTITIES[name]
        quantity = replace(quantity, property_of=own.get(name, quantity.property_of))
        writer.state(name, quantity, start)


def _add_parameters(
    writer: ModelWriter, record: Record, drug: DrugInputs, inputs: Iterable[str] = INPUTS
) -> None:
    values = (
        record.network.values() | drug.values() | record.tocilizumab.values() | record.crp.values()
    )
    for name in PARAMETERS:
        note = f"Locked value, lock {record.version}." if name in NETWORK else ""
        writer.parameter(name, QUANTITIES[name], values[name], note=note)
    for name in inputs:
        writer.parameter(name, QUANTITIES[name], 0.0, constant=False)


def _add_switch(writer: ModelWriter, name: str, value: float) -> None:
    writer.parameter(name, CHANGED_BY[name], value)


def _add_doses(
    writer: ModelWriter, rate: str, regimen: Regimen, factor: str, start: str | None = None
) -> None:
    """Doses as events; amounts and rates are parameters, one for each that differs."""
    named: dict[tuple[str, float], str] = {}

    def amount(kind: str, unit: str, value: float) -> str:
        if (kind, value) not in named:
            ordinal = 1 + sum(known == kind for known, _ in named)
            named[kind, value] = name = f"{kind}_{_GIVEN_TO[rate]}_{ordinal}"
            words = "dose given at once" if kind == "bolus" else "dosing rate of an infusion"
            writer.parameter(name, Quantity(unit, words, 361 if kind == "bolus" else 46), value)
        return f"{factor} * {named[kind, value]}"

    for i, change in enumerate(changes(regimen), 1):
        then: dict[str, str] = {}
        state = _GIVEN_TO[rate]
        words = []
        if change.bolus_ug:
            then[state] = f"{state} + {amount('bolus', 'ug', change.bolus_ug)}"
            words.append(f"{change.bolus_ug:g} ug at once")
        if change.rate_ug_per_h is not None:
            new = change.rate_ug_per_h
            then[rate] = amount("rate", "ug/h", new) if new else number(0.0, "ug/h")
            words.append(f"{new:g} ug/h from now on")
        at = number(change.time_h, "h")
        when = f"time >= {at}" if start is None else f"time >= {start} + {at}"
        writer.event(f"{rate}_{i}", ", ".join(words), when, then)


def _about(record: Record) -> tuple[str, ...]:
    return (
        "Research model, not medical advice. Time is in hours, drug in ng/mL, cytokines in pg/mL "
        "above the healthy baseline, cell pools as fractions.",
        f"Values: lock record {record.version} of {record.date}, SHA-256 "
        f"{record.digest}. Equations: SHA-256 {record.equations_digest}. "
        f"Written by {program()}; equations and code under the MIT License, values under CC0 1.0.",
    )
