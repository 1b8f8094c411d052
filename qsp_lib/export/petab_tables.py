"""The rows of the PEtab tables, versions 2 and 1, from the files the fit itself reads.

A row is a mapping from column to text or number; :func:`tsv` writes rows with all digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..calibration import SHARED, unit_of
from ..common import InputError, rounded
from ..drugs import load_drug
from ..evidence import ANALYTES, Observation
from ..inference import Problem
from ..model import QUANTITIES, Regimen, baselines, network_table
from ..protocol import Record, locked_point
from . import sbml
from .formula import identifier
from .petab_expected import parameter_id

LOG10 = "log10_"
"""What the identifier of a logarithm begins with."""
POWER_OF_TEN = "exp(ln(10) * {})"
"""The value to a logarithm. AMICI takes ``10^x`` for a power of 10 with a unit, and refuses it."""
_GIVEN_TO, _RATE = "A_c", "u"
_SHARED = "network"

Row = Mapping[str, str | float]


# ---------------------------------------------------------------- names


def experiment_id(observation: Observation) -> str:
    """The identifier of the regimen that was observed."""
    return f"{observation.drug}_{observation.regimen}"


def observable_id(analyte: str) -> str:
    """The identifier of a cytokine's level in serum."""
    return f"level_{analyte}"


def baseline_id(analyte: str) -> str:
    """The identifier of a cytokine's healthy level."""
    return f"baseline_{analyte}"


def _analytes(kept: Sequence[Observation]) -> tuple[str, ...]:
    return tuple(name for name in ANALYTES if any(o.analyte == name for o in kept))


def regimens(kept: Sequence[Observation]) -> dict[str, tuple[str, Regimen]]:
    """Identifier to drug and regimen, of every regimen that was observed.

    Raises:
        InputError: doses that are not given into a vein, which is what the tables hold.
    """
    found = {
        experiment_id(o): (o.drug, load_drug(o.drug).regimens[o.regimen])
        for o in sorted(kept, key=experiment_id)
    }
    for name, (_, regimen) in found.items():
        if regimen.by("IV") != regimen:
            raise InputError(f"{name} has doses SC or oral; the PEtab tables hold doses IV alone.")
    return found


def _words(name: str) -> str:
    drug, _, rate = name.rpartition(".")
    if drug:
        return f"{rate} of {load_drug(drug).inputs.label} ({unit_of(name)})"
    if "/" in name:
        return f"{name} ({unit_of(name)})"
    if name in SHARED:
        return f"{QUANTITIES[name].words}, of all drugs ({unit_of(name)})"
    return f"{network_table()[name].description} ({unit_of(name)})"


def _fixed(record: Record, problem: Problem, kept: Sequence[Observation]) -> dict[str, float]:
    """Parameters that are not fitted and belong to no drug, with their values."""
    locked = record.network.values()
    fitted = {name.partition("/")[0] for name in problem.names}
    known = {name: value for name, value in locked.items() if name not in fitted}
    return known | {baseline_id(a): baselines()[a] for a in _analytes(kept)}


def _fixed_words(name: str) -> str:
    if name in network_table():
        return _words(name)
    return f"healthy {ANALYTES[name.removeprefix('baseline_')]} (pg/mL)"


# ---------------------------------------------------------------- version 2


def version_2(record: Record, problem: Problem, kept: Sequence[Observation]) -> dict[str, str]:
    """The tables of version 2 by name of file.

    Args:
        record: where the nominal values come from.
        problem: the joint fit.
        kept: its observations that PEtab can express.
    """
    rows_of = {
        "parameters": _parameters_2(record, problem, kept),
        "conditions": _conditions_2(record, problem, kept),
        "experiments": _experiments(kept),
        "observables": _observables_2(kept),
        "measurements": _measurements(kept, "experimentId", math.log(10)),
    }
    return {f"{name}.tsv": tsv(rows) for name, rows in rows_of.items()}


def _parameters_2(record: Record, problem: Problem, kept: Sequence[Observation]) -> Iterable[Row]:
    for one in _estimated(record, problem):
        yield {
            "parameterId": LOG10 + parameter_id(one.name),
            "parameterName": f"log10 of {_words(one.name)}",
            "lowerBound": one.lower,
            "upperBound": one.upper,
            "nominalValue": one.locked,
            "estimate": "true",
            "priorDistribution": "normal",
            "priorParameters": _pair(one.mean, one.sd),
        }
    for name, value in _fixed(record, problem, kept).items():
        yield {
            "parameterId": name,
            "parameterName": _fixed_words(name),
            "lowerBound": "",
            "upperBound": "",
            "nominalValue": value,
            "estimate": "false",
            "priorDistribution": "",
            "priorParameters": "",
        }


def _conditions_2(record: Record, problem: Problem, kept: Sequence[Observation]) -> Iterable[Row]:
    def row(condition: str, target: str, value: str | float) -> Row:
        return {"conditionId": condition, "targetId": target, "targetValue": value}

    for name in problem.names:
        over, _, under = name.partition("/")
        if under:
            both = f"({LOG10}{parameter_id(name)} + {LOG10}{under})"
            yield row(_SHARED, over, POWER_OF_TEN.format(both))
        elif "." not in name:
            yield row(_SHARED, name, POWER_OF_TEN.format(LOG10 + name))
    observed = regimens(kept)
    fitted_as = POWER_OF_TEN.format(LOG10 + "{}")
    for drug in sorted({drug for drug, _ in observed.values()}):
        for target, value in _inputs(record, problem, drug, fitted_as).items():
            yield row(drug, target, value)
    for experiment, (_, regimen) in observed.items():
        for i, change in enumerate(sbml.changes(regimen), 1):
            condition = f"{experiment}_{i}"
            if change.bolus_ug:
                # nothing but parameters may stand in the conditions that an experiment begins with
                before = f"{_GIVEN_TO} + " if change.time_h else ""
                yield row(condition, _GIVEN_TO, f"{before}{change.bolus_ug!r}")
            if change.rate_ug_per_h is not None:
                yield row(condition, _RATE, change.rate_ug_per_h)


def _inputs(record: Record, problem: Problem, drug: str, fitted_as: str) -> dict[str, str | float]:
    """What makes the model a drug's: its mechanism and inputs.

    Args:
        fitted_as: how a fitted input refers to its parameter, whose identifier replaces ``{}``.
    """
    mechanism = record.drug(drug).mechanism
    values: dict[str, str | float] = {sbml.SWITCH: float(mechanism == "bispecific")}
    for name, value in sbml.drug_values(record, drug).items():
        if name in problem.names:
            continue  # one value for all drugs, which is the network's here
        fitted = f"{drug}.{name}"
        known = fitted in problem.names
        values[identifier(name)] = fitted_as.format(parameter_id(fitted)) if known else float(value)
    return values


def _experiments(kept: Sequence[Observation]) -> Iterable[Row]:
    for experiment, (drug, regimen) in regimens(kept).items():
        changes = tuple(sbml.changes(regimen))
        begins = (_SHARED, drug, *([] if changes[0].time_h else [f"{experiment}_1"]))
        periods = [(0.0, condition) for condition in begins]
        periods += [
            (change.time_h, f"{experiment}_{i}")
            for i, change in enumerate(changes, 1)
            if change.time_h
        ]
        for time, condition in periods:
            yield {"experimentId": experiment, "time": time, "conditionId": condition}


def _observables_2(kept: Sequence[Observation]) -> Iterable[Row]:
    for analyte in _analytes(kept):
        sigma = f"sigma_{analyte}"
        yield {
            "observableId": observable_id(analyte),
            "observableName": _level(analyte),
            "observableFormula": f"{analyte} + {baseline_id(analyte)}",
            "noiseDistribution": "log-normal",
            # of the natural logarithm, and by itself: AMICI passes over what stands beside it
            "noiseFormula": sigma,
            "noisePlaceholders": sigma,
        }


def _level(analyte: str) -> str:
    return f"{ANALYTES[analyte]} in serum, healthy baseline included (pg/mL)"


# ---------------------------------------------------------------- version 1


def version_1(record: Record, problem: Problem, kept: Sequence[Observation]) -> dict[str, str]:
    """The tables of version 1 by name of file; arguments as :func:`version_2`.

    Raises:
        InputError: a regimen that version 1 cannot express.
    """
    rows_of = {
        "parameters": _parameters_1(record, problem, kept),
        "conditions": _conditions_1(record, problem, kept),
        "observables": _observables_1(kept),
        "measurements": _measurements(kept, "simulationConditionId"),
    }
    return {f"{name}.tsv": tsv(rows) for name, rows in rows_of.items()}


def _parameters_1(record: Record, problem: Problem, kept: Sequence[Observation]) -> Iterable[Row]:
    for one in _estimated(record, problem):
        normal = _pair(one.mean, one.sd)
        yield {
            "parameterId": parameter_id(one.name),
            "parameterName": _words(one.name),
            "parameterScale": "log10",
            "lowerBound": _power(one.lower),
            "upperBound": _power(one.upper),
            "nominalValue": _value(record, one.name),
            "estimate": "1",
            "initializationPriorType": "parameterScaleNormal",
            "initializationPriorParameters": normal,
            "objectivePriorType": "parameterScaleNormal",
            "objectivePriorParameters": normal,
        }
    for name, value in _fixed(record, problem, kept).items():
        yield {
            "parameterId": name,
            "parameterName": _fixed_words(name),
            "parameterScale": "lin",
            "lowerBound": "",
            "upperBound": "",
            "nominalValue": value,
            "estimate": "0",
            "initializationPriorType": "",
            "initializationPriorParameters": "",
            "objectivePriorType": "",
            "objectivePriorParameters": "",
        }


def _value(record: Record, name: str) -> float:
    drug, _, rate = name.rpartition(".")
    over, _, under = rate.partition("/")
    if under:
        return float(getattr(record.network, over) / getattr(record.network, under))
    if rate in SHARED:
        drug = record.drug_names[0]
    return float(getattr(record.drug(drug) if drug else record.network, rate))


def _conditions_1(record: Record, problem: Problem, kept: Sequence[Observation]) -> Iterable[Row]:
    observed = regimens(kept)
    any_bolus = any(as_one_infusion(regimen)[0] for _, regimen in observed.values())
    for experiment, (drug, regimen) in observed.items():
        bolus, rate, stop = as_one_infusion(regimen)
        yield {
            "conditionId": experiment,
            "conditionName": f"{load_drug(drug).inputs.label}, {regimen.label}",
            **_inputs(record, problem, drug, "{}"),
            **({_GIVEN_TO: bolus} if any_bolus else {}),
            sbml.UNTIL_STOP: rate,
            sbml.STOP_TIME: stop,
        }


def as_one_infusion(regimen: Regimen) -> tuple[float, float, float]:
    """A regimen as version 1 has it: a bolus (ug), a rate (ug/h), and when the rate ends (h).

    Raises:
        InputError: a regimen with more to it, such as a second dose.
    """
    first, *rest = sbml.changes(regimen)
    ends = len(rest) == 1 and rest[0].rate_ug_per_h == 0 and not rest[0].bolus_ug
    if first.time_h or not (ends or (first.rate_ug_per_h is None and not rest)):
        raise InputError(
            f"PEtab 1 cannot express {regimen.label or regimen!r}: it has one bolus and one "
            "infusion, both from time 0. Use version 2, whose experiments have periods."
        )
    return first.bolus_ug, first.rate_ug_per_h or 0.0, rest[0].time_h if rest else 0.0


def _observables_1(kept: Sequence[Observation]) -> Iterable[Row]:
    for analyte in _analytes(kept):
        name = observable_id(analyte)
        yield {
            "observableId": name,
            "observableName": _level(analyte),
            "observableFormula": f"{analyte} + {baseline_id(analyte)}",
            "observableTransformation": "log10",
            "noiseDistribution": "normal",
            "noiseFormula": f"noiseParameter1_{name}",
        }


# ---------------------------------------------------------------- both versions


def _measurements(
    kept: Sequence[Observation], under: str, sigma_factor: float = 1.0
) -> Iterable[Row]:
    """One row a level.

    Args:
        under: the column that names what was simulated.
        sigma_factor: turns a standard deviation of log10 into what the problem has.
    """
    for o in kept:
        assert o.time_h is not None
        yield {
            "observableId": observable_id(o.analyte),
            under: experiment_id(o),
            "time": float(o.time_h),
            "measurement": float(o.value_pg_mL),
            "noiseParameters": sigma_factor * o.sigma_log10,
            "datasetId": f"{o.drug}_{o.analyte}",
            "evidenceId": o.id,
        }


class _Estimated(NamedTuple):
    """An estimated quantity: its bounds, its prior, normal, and its locked value, in log10."""

    name: str
    lower: float
    upper: float
    mean: float
    sd: float
    locked: float


def _estimated(record: Record, problem: Problem) -> Iterator[_Estimated]:
    parts = problem.lower, problem.upper, problem.prior_mean
    for name, sd, locked, *three in zip(
        problem.names, problem.prior_sd, locked_point(record, problem), *parts, strict=True
    ):
        lower, upper, mean = map(_digits, three)
        yield _Estimated(name, lower, upper, mean, float(sd), float(locked))


def _pair(one: float, other: float) -> str:
    return f"{one!r};{other!r}"


def _digits(value: float) -> float:
    """A logarithm to 15 digits: the last two differ from one machine's library to another's."""
    return float(rounded(float(value), 15))


def _power(log10_value: float) -> float:
    """A power of ten, to fewer digits than differ from one machine's library to another's."""
    return float(rounded(10.0**log10_value, 12))


def tsv(rows: Iterable[Row]) -> str:
    """Rows as tab-separated text; a number has all its digits.

    Raises:
        InputError: a number that is not finite, or a text that would break the table.
    """
    rows = list(rows)
    lines = ["\t".join(rows[0])]
    for row in rows:
        if list(row) != list(rows[0]):
            raise InputError(f"a row has the columns {list(row)}; expected {list(rows[0])}.")
        lines.append("\t".join(_cell(value) for value in row.values()))
    return "\n".join(lines) + "\n"


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        if any(mark in value for mark in '\t\n"'):
            raise InputError(f"a PEtab cell is {value!r}; expected no tab, line end or quote.")
        return value
    if not math.isfinite(value):
        raise InputError(f"a PEtab cell is {value!r}; expected a finite number.")
    return repr(float(value))
