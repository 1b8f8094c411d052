"""The model for the browser: right-hand side and constants as JavaScript, made at build time.

:func:`model_script` gives one file that defines ``qspModel``: the traced right-hand side by
structure and feedback, every constant from the lock record, the regimens of the drug files that
the record holds the digests of, and the vendored solver. ``book/_static/explorer/solver.js``
integrates it, in the page and in the tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import sympy
from sympy.printing.jscode import JavascriptCodePrinter

from qsp_lib.common import InputError
from qsp_lib.export import sbml
from qsp_lib.export import treatment as treatment_of
from qsp_lib.figures import COLOURS, LABELS
from qsp_lib.model import (
    HORIZON_H,
    Door,
    Structure,
    Treatment,
    of_lock_v1,
    schedule,
    severity,
    traced,
)
from qsp_lib.protocol import Record

from .. import explorer

STATIC = Path(__file__).resolve().parents[1] / "_static"
ODEX = "vendor/odex/odex.js"
SOLVER = "explorer/solver.js"
SCRIPT = "generated/model.js"
"""Where the page finds what :func:`model_script` gives."""
_TIGHTER = 0.01
"""odex interpolates less exactly than it steps; this keeps peak times to 0.1 h at no cost."""


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
    return f"Object.assign({numbers}, {{rhs: {{\n{functions}\n}}}})"


def structure_of(treatment: Treatment) -> Structure:
    """The parts that a treatment is explored with.

    All that lock v1 knows where the treatment is of it; else the treatment's own.
    """
    structure = treatment.structure
    if structure.in_lock_v1:
        return of_lock_v1(structure.mechanism, structure.feedback)
    return structure


def _entry(door: Door) -> str:
    """The name of a door: what flows in, or where nothing does, what a bolus adds to."""
    return door.input or door.state


def _key(structure: Structure) -> str:
    return ", ".join((structure.mechanism, *structure.exposure))


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


def treated(treatment: Treatment) -> dict[str, Any]:
    """What the solver needs to know of a treatment, its co-medications aside."""
    structure = structure_of(treatment)
    doors = {_entry(door): door.state for door in structure.doors}
    beside = {name for name, state in doors.items() if state in ("T_c", "D_c", "D_d")}
    return {
        "mechanism": structure.mechanism,
        "structure": _key(structure),
        "values": treatment.drug.values(),
        "given": {n: steps for n, steps in entering(treatment).items() if n not in beside},
    }


def _control(control: explorer.Control) -> dict[str, Any]:
    return {
        "label": control.label,
        "unit": control.unit,
        "low": control.low,
        "high": control.high,
        "locked": control.locked,
        "scale": control.scale,
    }


def treatments(record: Record) -> dict[str, Treatment]:
    """Each drug to explore by its clinical regimen, with all that can be given beside it."""
    return {
        name: treatment_of(record, record.drug(name), record.regimen(name))
        for name in explorer.DRUGS
    }


def constants(record: Record) -> dict[str, Any]:
    """Every number the page needs, from the lock record and the files it holds the digests of."""
    drugs = {}
    for name, treatment in treatments(record).items():
        drugs[name] = {
            "label": LABELS.get(name, treatment.drug.label),
            "colour": COLOURS[name],
            "regimen": treatment.regimen.label,
            **treated(treatment),
            "controls": {k: _control(c) for k, c in explorer.controls(record, name).items()},
        }
    boundaries = asdict(record.boundaries)
    first = next(iter(treatments(record).values()))
    return {
        "lock": record.summary,
        "feedback": record.network.feedback,
        "network": record.network.values(),
        "crp": record.crp.values(),
        "drugs": drugs,
        **co_medications(first),
        "baselines": severity.baselines(),
        "boundaries": [boundaries[f"grade_{i}"] for i in (1, 2, 3, 4)],
        "horizon_h": HORIZON_H,
        "same_time_h": schedule.SAME_TIME_H,
        "slider_steps": explorer.SLIDER_STEPS,
        "rtol": record.solver.rtol * _TIGHTER,
        "atol": record.solver.atol,
    }


def co_medications(treatment: Treatment) -> dict[str, Any]:
    """What stands ready beside the drug: tocilizumab, and dexamethasone where a record knows it."""
    found: dict[str, Any] = {}
    given = entering(treatment)
    if treatment.rescue is not None:
        regimen = treatment.rescue.regimen
        found["tocilizumab"] = {
            "values": treatment.rescue.inputs.values(),
            "regimen": regimen.label,
            "mg": regimen.total_ug / 1000,
            "given": {"u_tcz": given["u_tcz"]},
            "control": _control(explorer.TOCILIZUMAB),
        }
    if treatment.steroid is not None:
        doors = [door for door in treatment.structure.doors if door.state in ("D_c", "D_d")]
        found["dexamethasone"] = {
            "values": treatment.steroid.inputs.values(),
            "regimen": treatment.steroid.regimen.label,
            "given": {_entry(door): given[_entry(door)] for door in doors},
        }
    return found


def model_script(record: Record, static: Path = STATIC) -> str:
    """The generated script, with the vendored solver inside, where its ``exports`` reach no page.

    Args:
        static: the folder of the browser files.

    Raises:
        InputError: the vendored solver is not there.
    """
    return script(
        constants(record),
        [structure_of(treatment) for treatment in treatments(record).values()],
        f"Generated from qsp_lib/model/structure.py and lock record {record.version}; not to be "
        "edited.",
        static,
    )


def script(
    numbers: Mapping[str, Any], structures: Iterable[Structure], words: str, static: Path = STATIC
) -> str:
    """A script that defines ``qspModel``: numbers, the equations of structures, the solver.

    Args:
        numbers: as of :func:`constants`.
        structures: of the drugs; each is solved with its own feedback, and with none.
        words: what the script begins with.
        static: as of :func:`model_script`, as is what is raised.
    """
    odex = static / ODEX
    if not odex.is_file():
        raise InputError(f"there is no {odex}; restore it from the repository.")
    told = {
        _key(structure): structure_script(structure, (structure.feedback, "none"))
        for structure in structures
    }
    equations = ",\n".join(f"{json.dumps(key)}: {text}" for key, text in told.items())
    as_json = json.dumps(numbers, indent=1, ensure_ascii=False, allow_nan=False)
    return (
        f"// {words}\n"
        "(function (root) {\n"
        "const odex = {};\n"
        "(function (exports) {\n"
        f"{odex.read_text(encoding='utf-8')}\n"
        "})(odex);\n"
        f"root.qspModel = Object.assign({as_json}, {{\n"
        f"structures: {{\n{equations}\n}},\n"
        "Solver: odex.Solver,\n"
        "Outcome: odex.Outcome,\n"
        "});\n"
        "})(globalThis);\n"
    )
