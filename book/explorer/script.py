"""The model for the browser: right-hand side and constants as JavaScript, made at build time.

:func:`model_script` gives one file that defines ``qspModel``: the traced right-hand side by
structure and feedback, every constant from the lock record, the regimens of the drug files that
the record holds the digests of, the draws of the posterior, what is read of a drug file, and the
vendored libraries. The modules in ``book/_static/explorer`` use it, in the page and in the tests.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sympy
from sympy.printing.jscode import JavascriptCodePrinter

from qsp_lib.common import InputError
from qsp_lib.drugs import load_dexamethasone
from qsp_lib.export import sbml
from qsp_lib.figures import COLOURS, INDIGO, LABELS, OLIVE, WINE
from qsp_lib.model import (
    MECHANISMS,
    TABLE,
    Bolus,
    Door,
    DrugInputs,
    Regimen,
    Structure,
    Treatment,
    schedule,
    severity,
    traced,
    whole,
)
from qsp_lib.prediction import (
    FOLLOWED_H,
    INFUSED_H,
    MOST_TOCILIZUMAB_UG,
    Cover,
    structure_of,
)
from qsp_lib.protocol import Record

from .. import explorer
from . import drug_files, posterior
from .bundle import bundle

STATIC = Path(__file__).resolve().parents[1] / "_static"
LIBRARIES = {"odex": "vendor/odex/odex.js", "toml": "vendor/smol-toml/index.cjs"}
"""Libraries of others that are put into the script, by the name they have in it."""
MODULES = "explorer"
"""The folder of the modules that run in the page, within the static files."""
PAGE = "page.js"
"""The module that the page begins with."""
SCRIPT, PAGE_SCRIPT = "generated/model.js", "generated/explorer.js"
"""Where the page finds what :func:`model_script` and :func:`page_script` give."""
_TIGHTER = 0.1
"""odex interpolates less exactly than it steps; this keeps peak times to 0.02 h at no cost."""
_MORE_COLOURS = (INDIGO, OLIVE, WINE, COLOURS["neutral"])
"""Of drugs that have no colour of their own in the figures."""


@cache
def right_hand_side(structure: Structure) -> str:
    """A JavaScript function ``(y, p, rates) -> derivatives``, common terms computed once.

    ``y`` is the array of the states, ``p`` an object with one number a parameter, ``rates`` the
    array of the dosing rates. Arrays are in the order of the structure, as is that of the
    derivatives, per hour, which it gives.
    """
    derivatives = list(traced(structure).values())
    shared, derivatives = sympy.cse(derivatives, symbols=sympy.numbered_symbols("c"))
    expressions = [value for _, value in shared] + list(derivatives)
    used = {str(symbol) for value in expressions for symbol in value.free_symbols}
    show = JavascriptCodePrinter().doprint
    return "\n".join(
        [
            "function (y, p, rates) {",
            *(f"  const {n} = y[{i}];" for i, n in enumerate(structure.states) if n in used),
            *(f"  const {n} = rates[{i}];" for i, n in enumerate(structure.inputs) if n in used),
            *(f"  const {name} = p.{name};" for name in structure.parameters if name in used),
            *(f"  const {symbol} = {show(value)};" for symbol, value in shared),
            "  return [",
            *(
                f"    {show(value)}, // {name}"
                for name, value in zip(structure.states, derivatives, strict=True)
            ),
            "  ];",
            "}",
        ]
    )


def structure_script(structure: Structure, feedbacks: Iterable[str]) -> str:
    """The parts of a model as a JavaScript object: states, doors, a right-hand side a feedback."""
    told = {
        "states": list(structure.states),
        "before": list(structure.before),
        "starts": structure.starts,
        "inputs": list(structure.inputs),
        "doors": [
            {"name": _entry(door), "state": door.state, "ofDrug": door.of_drug}
            for door in structure.doors
        ],
    }
    functions = ",\n".join(
        f'"{feedback}": {right_hand_side(replace(structure, feedback=feedback))}'
        for feedback in dict.fromkeys(feedbacks)
    )
    numbers = json.dumps(told, allow_nan=False)
    return f"Object.assign({numbers}, {{fastest: {_fastest(structure)}, rhs: {{\n{functions}\n}}}})"


def _fastest(structure: Structure) -> str:
    """A JavaScript function ``(p) -> rate``, the fastest at which the drug follows a dose."""
    p = SimpleNamespace(**{name: sympy.Symbol(f"p.{name}") for name in structure.parameters})
    show = JavascriptCodePrinter().doprint
    rates = [show(rate) for rate in structure.following(p, of_drug=True)]
    return f"(p) => Math.max(0, {', '.join(rates)})"


def structures(record: Record) -> dict[str, Structure]:
    """What any drug is solved with on a record, by key: all that the page shows, or a table's.

    A part that a drug does not have does nothing at the values of :data:`.SILENT`.
    """
    network = record.network
    found = {}
    for mechanism in MECHANISMS:
        every = whole(mechanism, network.feedback, network.t_cells)
        # nothing of the page shows CRP, or gives a steroid by mouth
        every = replace(every, crp=False, steroid="intravenous" if every.steroid else "")
        for structure in (every, replace(every, exposure=(TABLE,))):
            found[key_of(structure)] = structure
    return found


def key_of(structure: Structure) -> str:
    """The name of a structure in the script."""
    kind = TABLE if TABLE in structure.exposure else "compartments"
    return f"{structure.mechanism}, {kind}"


def _entry(door: Door) -> str:
    """The name of a door: what flows in, or where nothing does, what a bolus adds to."""
    return door.input or door.state


def entering(treatment: Treatment) -> dict[str, list[dict[str, float]]]:
    """What enters at each door of a treatment, by the door's name: a change a time (h).

    Each has the amount that is added and the rate from then on.
    """
    found: dict[str, list[dict[str, float]]] = {}
    for door, given in zip(treatment.structure.doors, treatment.at_doors(), strict=True):
        rate, steps = 0.0, []
        for change in sbml.changes(given):
            rate = rate if change.rate_ug_per_h is None else change.rate_ug_per_h
            steps.append({"time_h": change.time_h, "amount": change.bolus_ug, "rate": rate})
        found[_entry(door)] = steps
    return found


def _control(control: explorer.Control) -> dict[str, Any]:
    return {
        "label": control.label,
        "unit": control.unit,
        "low": control.low,
        "high": control.high,
        "locked": control.locked,
        "scale": control.scale,
    }


def doses(regimen: Regimen) -> list[dict[str, Any]]:
    """A regimen as the page has it: when (h), how much (ug), over how long (h), by which route."""
    return [
        {
            "time_h": dose.time_h,
            "amount_ug": dose.amount_ug,
            "duration_h": 0.0 if isinstance(dose, Bolus) else dose.duration_h,
            "route": dose.route if isinstance(dose, Bolus) else "IV",
        }
        for dose in regimen.doses
    ]


def drug_of(record: Record, name: str) -> dict[str, Any]:
    """All that the page knows of a drug of the record."""
    drug, clinical = record.drug(name), record.regimen(name)
    regimens = drug_files.regimens(record, name)
    told = {
        "name": name,
        "label": LABELS.get(name, drug.label),
        "mechanism": drug.mechanism,
        "structure": key_of(structure_of(drug, record)),
        "values": drug.values(),
        "weight_kg": drug.weight_kg,
        "F": drug.F,
        "lag_h": drug.lag_h,
        "regimens": {
            key: {"label": regimen.label, "doses": doses(regimen)}
            for key, regimen in regimens.items()
            if explorer.may_be_shown(record, name, regimen)
        },
        "controls": {k: _control(c) for k, c in explorer.controls(record, name).items()},
        "index": explorer.solve(explorer.Setting(name), record).index,
    }
    return told | tabulated(drug, clinical)


def tabulated(drug: DrugInputs, regimen: Regimen) -> dict[str, Any]:
    """What stands in place of doses where exposure is a table; nothing for other drugs."""
    table = drug.table
    if table is None:
        return {}
    slope, growth = table.steps()
    first_h = regimen.first_dose_h
    known_h = table.known_until(first_h)
    given = {"C_slope": slope.shifted(first_h), "C_growth": growth.shifted(first_h)}
    return {
        "given": {
            name: [
                {"time_h": time, "amount": amount, "rate": rate}
                for time, amount, rate in zip(
                    steps.times_h, steps.amounts, steps.rates, strict=True
                )
            ]
            for name, steps in given.items()
        },
        "table_end_h": known_h if math.isfinite(known_h) else None,
    }


def constants(record: Record) -> dict[str, Any]:
    """Every number the page needs, from the lock record and the files it holds the digests of."""
    names = explorer.shown_drugs(record)
    drugs = {name: drug_of(record, name) for name in names}
    others = iter(_MORE_COLOURS)
    for name, told in drugs.items():
        told["colour"] = COLOURS.get(name) or next(others)
    boundaries = asdict(record.boundaries)
    return {
        "lock": record.summary,
        "feedback": record.network.feedback,
        "t_cells": record.network.t_cells,
        "network": record.network.values(),
        "silent": {**sbml.SILENT, "B_0": 1.0},
        "drugs": drugs,
        **co_medications(record),
        "baselines": severity.baselines(),
        "boundaries": [boundaries[f"grade_{i}"] for i in (1, 2, 3, 4)],
        "followed_h": FOLLOWED_H,
        "same_time_h": schedule.SAME_TIME_H,
        "slider_steps": explorer.SLIDER_STEPS,
        "rtol": record.solver.rtol * _TIGHTER,
        "atol": record.solver.atol,
        "draws": posterior.draws(record, names),
        "file": drug_files.reading(record) | {"every_dose": _control(explorer.EVERY_DOSE)},
    }


def co_medications(record: Record) -> dict[str, Any]:
    """Tocilizumab, and dexamethasone where a record knows it: values, amounts, when."""
    cover = Cover(tocilizumab_h=(0.0,), dexamethasone_h=(0.0,))
    kilogram_ug = cover.tocilizumab_ug(1.0)
    found: dict[str, Any] = {
        "tocilizumab": {
            "values": record.tocilizumab.values(),
            "ug_per_kg": kilogram_ug,
            "most_ug": MOST_TOCILIZUMAB_UG,
            "over_h": INFUSED_H,
            "control": _control(explorer.TOCILIZUMAB),
        }
    }
    if any(structure.steroid for structure in structures(record).values()):
        found["dexamethasone"] = {
            "values": load_dexamethasone().inputs.values(),
            "ug": cover.dexamethasone_ug(1.0),
            "control": _control(explorer.DEXAMETHASONE),
        }
    return found


def model_script(record: Record, static: Path = STATIC) -> str:
    """The generated script, with the vendored libraries inside, whose exports reach no page.

    Args:
        static: the folder of the browser files.

    Raises:
        InputError: a vendored library is not there.
    """
    return script(
        constants(record),
        structures(record),
        f"Generated from qsp_lib/model/structure.py and lock record {record.version}; not to be "
        "edited.",
        static,
    )


def page_script(static: Path = STATIC) -> str:
    """The page's modules as one script; errors as of :func:`.bundle`."""
    return bundle(static / MODULES, PAGE)


def script(
    numbers: Mapping[str, Any],
    by_key: Mapping[str, Structure],
    words: str,
    static: Path = STATIC,
) -> str:
    """A script that defines ``qspModel``: numbers, the equations of structures, the libraries.

    Args:
        numbers: as of :func:`constants`.
        by_key: structures; each is solved with its own feedback, and with none.
        words: what the script begins with.
        static: as of :func:`model_script`, as is what is raised.
    """
    told = {
        key: structure_script(structure, (structure.feedback, "none"))
        for key, structure in by_key.items()
    }
    equations = ",\n".join(f"{json.dumps(key)}: {text}" for key, text in told.items())
    as_json = json.dumps(numbers, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return (
        f"// {words}\n"
        "(function (root) {\n"
        f"{''.join(_library(name, static / file) for name, file in LIBRARIES.items())}"
        f"root.qspModel = Object.assign({as_json}, {{\n"
        f"structures: {{\n{equations}\n}},\n"
        "Solver: odex.Solver,\n"
        "Outcome: odex.Outcome,\n"
        "readToml: toml.parse,\n"
        "});\n"
        "})(globalThis);\n"
    )


def _library(name: str, path: Path) -> str:
    if not path.is_file():
        raise InputError(f"there is no {path}; restore it from the repository.")
    text = path.read_text(encoding="utf-8")
    return f"const {name} = {{}};\n(function (exports) {{\n{text}\n}})({name});\n"
