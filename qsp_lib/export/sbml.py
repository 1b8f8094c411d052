"""The model in SBML Level 3 Version 2, made from the traced right-hand side of its parts.

:func:`network` is one model for all drugs, without doses; :func:`dosed` is one treatment, whose
doses are events. States follow rate rules, so that what a tool integrates is the
right-hand side itself: concentrations in serum are species, drug amounts and fractions of cell
pools are parameters. Named intermediate quantities are assignment rules.
Every number has a unit, and :func:`problems` gives what libSBML's checks, those of units among
them, say of a model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy

from ..model import (
    DRUG_IDENTIFIERS,
    EXPOSURES,
    MECHANISMS,
    NETWORK,
    QUANTITIES,
    TARGET_CELLS,
    Door,
    Given,
    Quantity,
    Structure,
    Treatment,
    definitions,
    make_schedule,
    of_lock_v1,
    regrouped,
    require_lock,
)
from ..protocol import Record
from .dosed import DosedModel, dosed_model, shipped, treatment
from .formula import fits, identifier, number
from .optional import library
from .sbml_model import ModelWriter, program

DEFAULT_DRUG = "blinatumomab"
"""The drug whose inputs the network file holds until others are set."""
SWITCH = "bispecific"
"""The switch of the network file: 1 for a bispecific, 0 for a monoclonal antibody."""
DOSE_FACTOR, TCZ_FACTOR, TCZ_TIME = "dose_factor", "tcz_factor", "t_tcz"
"""By what a dosed model is changed: doses, tocilizumab's doses, when tocilizumab starts."""
DEX_FACTOR, DEX_TIME = "dex_factor", "t_dex"
"""The same of dexamethasone, where it stands ready."""
STOP_TIME, UNTIL_STOP = "t_stop", "u_until_stop"
"""When dosing ends in a network file with ``stops``, and the dosing rate until then."""
CHANGED_BY = {
    SWITCH: Quantity("1", "mechanism: 1 for a bispecific, 0 for a monoclonal antibody", 380),
    DOSE_FACTOR: Quantity("1", "multiplies every dose of the drug", 380),
    TCZ_FACTOR: Quantity("1", "multiplies every dose of tocilizumab; 0 for none", 380),
    TCZ_TIME: Quantity("h", "start of tocilizumab", 346),
    DEX_FACTOR: Quantity("1", "multiplies every dose of dexamethasone; 0 for none", 380),
    DEX_TIME: Quantity("h", "start of dexamethasone", 346),
    STOP_TIME: Quantity("h", "end of dosing", 346),
    UNTIL_STOP: Quantity("ug/h", "dosing rate of the drug until its end", 46),
}
"""What the parameters that change a model are; their words are their names in SBML."""
_READY = {"T_c": (TCZ_FACTOR, TCZ_TIME)} | dict.fromkeys(("D_c", "D_d"), (DEX_FACTOR, DEX_TIME))
"""States that co-medications enter: by what their doses are multiplied, and when they start."""
SILENT = {"k_a": 1.0, "CL_0": 1.0, "k_CL": 1.0, "Vmax": 0.0, "Km": 1.0, "K_B": 1.0}
"""Values with which a form of exposure that a drug does not have does nothing: its depot stays
empty, and its clearance is not raised."""


def network(record: Record, *, stops: bool = False, ratios: Sequence[str] = ()) -> str:
    """One model for all drugs, without doses.

    The parameter ``bispecific`` chooses the mechanism; the dosing rates, ``u`` and ``u_tcz``
    among them, are 0 until set; drug inputs are those of :data:`DEFAULT_DRUG`.

    Args:
        stops: whether ``u`` is ``u_until_stop`` until the time ``t_stop`` and 0 from then on, for
            formats that can set a dosing rate but not change it on the way. It is a rule and not
            an event, because AMICI does not let a condition set what an event changes.
        ratios: shared values that are to be set as multiples of others, as
            ``"k_IL6_T/k_IL6_M"``; the parameter :func:`ratio_id` holds the multiple.

    Returns:
        The text of an SBML file.
    """
    drug, regimen = record.drug(DEFAULT_DRUG), record.regimen(DEFAULT_DRUG)
    whole = treatment(record, drug, regimen)
    structures = [wholes(record)[mechanism] for mechanism in MECHANISMS]
    widest = max(structures, key=lambda structure: len(structure.states))
    inputs = widest.inputs
    writer = ModelWriter("network", "Cytokine network for any drug, without doses", record.date)
    _add_states(writer, widest)
    values = SILENT | {"CL_0": drug.CL} | whole.known
    products = {over: under for over, _, under in (ratio.partition("/") for ratio in ratios)}
    _add_parameters(
        writer, widest, values, whole, inputs[1:] if stops else inputs, apart=tuple(products)
    )
    for over, under in products.items():
        ratio = f"{over}/{under}"
        writer.parameter(
            ratio_id(ratio),
            Quantity("1", f"{over} as a multiple of {under}", 380),
            values[over] / values[under],
        )
        writer.definition(over, QUANTITIES[over], f"{ratio_id(ratio)} * {under}")
    _add_switch(writer, SWITCH, float(drug.mechanism == "bispecific"))
    for symbol in definitions(widest):
        name, parts = str(symbol), [definitions(structure)[symbol] for structure in structures]
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
        writer.definition(inputs[0], QUANTITIES[inputs[0]], while_given)
    derivatives = [regrouped(structure) for structure in structures]
    for name in widest.states:
        # targets are of a bispecific's model alone
        rates = (d.get(name, sympy.Integer(0)) for d in derivatives)
        writer.rate(name, _chosen(*rates), QUANTITIES[name].unit)
    _add_starts(writer, widest)
    first = UNTIL_STOP + ", which ends at " + STOP_TIME + "," if stops else inputs[0]
    names = ", ".join(map(identifier, drug_inputs(record)))
    falls = " Clearance falls once Z is set to 1." if "Z" in widest.states else ""
    writer.explain(
        "All drugs share this network; a drug is its mechanism, its inputs and its doses. Set "
        f"{SWITCH} to 1 or 0, the drug's inputs {names}, and the dosing "
        f"rates {_listed(first, *inputs[1:])}; as it stands the file holds the inputs of "
        f"{drug.label} and gives no dose.{falls}",
        *about(record),
    )
    return writer.text()


def ratio_id(ratio: str) -> str:
    """The identifier of a ratio such as ``k_IL6_T/k_IL6_M``."""
    return ratio.replace("/", "_per_")


def wholes(record: Record) -> dict[str, Structure]:
    """By mechanism, every part that a drug of the record may need, co-medications among them."""
    feedback, t_cells = record.network.feedback, record.network.t_cells
    found = {mechanism: of_lock_v1(mechanism, feedback) for mechanism in MECHANISMS}
    if t_cells == found["bispecific"].t_cells:
        return found
    forms = {form for name in record.drug_names for form in record.drug(name).exposure}
    exposure = tuple(form for form in EXPOSURES if form in forms)
    return {
        mechanism: replace(structure, t_cells=t_cells, exposure=exposure, steroid="oral")
        for mechanism, structure in found.items()
    }


def drug_inputs(record: Record) -> tuple[str, ...]:
    """Names of the parameters that belong to a drug in the network's model."""
    return wholes(record)["bispecific"].drug_parameters


def drug_values(record: Record, drug_name: str) -> dict[str, float]:
    """Their values for a drug of the record; a form of exposure it does not have does nothing."""
    drug = record.drug(drug_name)
    known = SILENT | {"CL_0": drug.CL} | drug.values()
    return {name: known[name] for name in drug_inputs(record)}


def dosed(model: DosedModel, date: str, notes: Iterable[str] = ()) -> str:
    """A treatment with its doses as events, and its co-medications ready to be given.

    ``dose_factor`` (1) multiplies the drug's doses, ``tcz_factor`` (0) tocilizumab's, which
    start at ``t_tcz``; so do ``dex_factor`` and ``t_dex`` for dexamethasone.

    Args:
        date: when the model is said to be created, ``YYYY-MM-DD``.
        notes: paragraphs to end its notes with.

    Returns:
        The text of an SBML file.

    Raises:
        LockError: a drug that may be simulated from a lock record alone.
        InputError: as of :class:`qsp_lib.model.treatment.Treatment`.
    """
    given, structure = model.treatment, model.structure
    require_lock(given.drug, given.network, given.regimen, structure)
    doors = dict(zip(structure.doors, given.at_doors(), strict=True))
    writer = ModelWriter(model.name, model.title, date)
    _add_states(writer, structure, given.drug.name)
    _add_parameters(writer, structure, given.values, given, structure.inputs)
    switches = {DOSE_FACTOR: 1.0} if any(door.of_drug for door in doors) else {}
    if given.rescue is not None:
        switches |= {TCZ_FACTOR: 0.0, TCZ_TIME: model.rescue_h}
    if given.steroid is not None:
        switches |= {DEX_FACTOR: 0.0, DEX_TIME: model.steroid_h}
    for name, value in switches.items():
        _add_switch(writer, name, value)
    for symbol, value in definitions(structure).items():
        writer.definition(str(symbol), QUANTITIES[str(symbol)], value)
    for name, value in regrouped(structure).items():
        writer.rate(name, value, QUANTITIES[name].unit)
    _add_starts(writer, structure)
    for door, what in doors.items():
        _add_doses(writer, structure, door, what)
    writer.explain(_in_words(given), *notes)
    return writer.text()


def models(record: Record) -> dict[str, str]:
    """The text of every SBML file, by its name without the ending."""
    treatments = [dosed_model(record, drug, regimen) for drug, regimen in shipped()]
    return {"network": network(record)} | texts(treatments, record.date, about(record))


def texts(treatments: Iterable[DosedModel], date: str, notes: Iterable[str] = ()) -> dict[str, str]:
    """The text of each model's file by its name; other arguments as of :func:`dosed`."""
    notes = tuple(notes)
    return {model.name: dosed(model, date, notes) for model in treatments}


@dataclass(frozen=True)
class Change:
    """What happens to dosing at one time (h): a bolus (ug), a new rate (ug/h), or both.

    At a door of another unit the two are in that unit, and in it per hour.
    """

    time_h: float
    bolus_ug: float
    rate_ug_per_h: float | None


def changes(given: Given) -> Iterator[Change]:
    """Every change of dosing of a whole regimen, or at one door of a model, in order of time."""
    rate, after_all = 0.0, 1.0 + max((0.0, *given.change_times(float("inf"))))
    for segment in make_schedule([given], after_all).segments:
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


def _listed(*words: str) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _add_states(writer: ModelWriter, structure: Structure, drug_name: str = "") -> None:
    drug, targets = DRUG_IDENTIFIERS.get(drug_name, ()), TARGET_CELLS.get(drug_name, ())
    own = dict.fromkeys(("A_c", "A_p", "A_d", "C"), drug) | {"B": targets}
    for name, start in zip(structure.states, structure.before, strict=True):
        quantity = QUANTITIES[name]
        quantity = replace(quantity, property_of=own.get(name, quantity.property_of))
        writer.state(name, quantity, start)


def _add_starts(writer: ModelWriter, structure: Structure) -> None:
    for state, name in structure.starts.items():
        writer.begins_at(state, name)


def _add_parameters(
    writer: ModelWriter,
    structure: Structure,
    values: Mapping[str, float],
    given: Treatment,
    inputs: Iterable[str],
    apart: Collection[str] = (),
) -> None:
    """Parameters of a structure and its inputs, those that are ``apart`` left out."""
    lock = given.network.lock
    locked = f"Locked value, lock {lock.version}." if lock and not lock.unlocked else ""
    for name in (name for name in structure.parameters if name not in apart):
        note = locked if name in NETWORK else ""
        writer.parameter(name, QUANTITIES[name], values[name], note=note)
    for name in inputs:
        writer.parameter(name, QUANTITIES[name], 0.0, constant=False)


def _add_switch(writer: ModelWriter, name: str, value: float) -> None:
    writer.parameter(name, CHANGED_BY[name], value)


def _add_doses(writer: ModelWriter, structure: Structure, door: Door, given: Given) -> None:
    """What enters at a door as events; amounts and rates are parameters, one for each that differs.

    A rate or an amount is multiplied by the factor of whoever enters: the drug's, or that of a
    co-medication, whose times count from its start.
    """
    factor, start = _READY.get(door.state, (DOSE_FACTOR if door.of_drug else "", ""))
    into = QUANTITIES[door.state]
    alone = sum(other.state == door.state for other in structure.doors) == 1
    named: dict[tuple[str, float], str] = {}

    def amount(kind: str, value: float, quantity: Quantity) -> str:
        if (kind, value) not in named:
            ordinal = 1 + sum(known == kind for known, _ in named)
            of = door.state if alone or kind == "bolus" else door.input
            named[kind, value] = name = f"{kind}_{of}_{ordinal}"
            writer.parameter(name, quantity, value)
        return f"{factor} * {named[kind, value]}" if factor else named[kind, value]

    event = door.input or door.state
    for i, change in enumerate(changes(given), 1):
        then: dict[str, str] = {}
        words = []
        if change.bolus_ug:
            what = "dose given at once" if into.unit == "ug" else f"added to: {into.words}"
            quantity = Quantity(into.unit, what, into.sbo)
            added = amount("bolus", change.bolus_ug, quantity)
            then[door.state] = f"{door.state} + {added}"
            words.append(f"{change.bolus_ug:g}{_unit(into.unit)} at once")
        if change.rate_ug_per_h is not None:
            flows, new = QUANTITIES[door.input], change.rate_ug_per_h
            what = "dosing rate of an infusion" if flows.unit == "ug/h" else flows.words
            quantity = Quantity(flows.unit, what, flows.sbo)
            then[door.input] = amount("rate", new, quantity) if new else number(0.0, flows.unit)
            words.append(f"{new:g}{_unit(flows.unit)} from now on")
        at = number(change.time_h, "h") if fits(change.time_h) else f"at_{event}_{i}"
        if not fits(change.time_h):
            writer.parameter(at, Quantity("h", "when dosing changes", 346), change.time_h)
        when = f"time >= {start} + {at}" if start else f"time >= {at}"
        writer.event(f"{event}_{i}", ", ".join(words), when, then)


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"


def _in_words(given: Treatment) -> str:
    """What a dosed model is, and what can be set in it."""
    drug = given.drug
    what = "given by events" if drug.table is None else "its concentrations from a table by events"
    sentences = [f"{drug.label} ({drug.mechanism}), {given.regimen.label}, {what}."]
    if given.rescue is not None:
        sentences.append(
            f"Tocilizumab ({given.rescue.regimen.label}, {given.rescue.inputs.weight_kg:g} kg) is "
            f"given at {TCZ_TIME} once {TCZ_FACTOR} is set to 1; as it stands none is given."
        )
    if given.steroid is not None:
        sentences.append(
            f"Dexamethasone ({given.steroid.regimen.label}) is given at {DEX_TIME} once "
            f"{DEX_FACTOR} is set to 1; as it stands none is given."
        )
    if drug.table is None:
        sentences.append(f"{DOSE_FACTOR} multiplies every dose of the drug.")
    return " ".join(sentences)


def about(record: Record) -> tuple[str, ...]:
    """What every model made from a record says of itself."""
    return (
        "Research model, not medical advice. Time is in hours, drug in ng/mL, cytokines in pg/mL "
        "above the healthy baseline, cell pools as fractions.",
        f"Values: lock record {record.version} of {record.date}, SHA-256 "
        f"{record.digest}. Equations: SHA-256 {record.equations_digest}. "
        f"Written by {program()}; equations and code under the MIT License, values under CC0 1.0.",
    )
