"""The model for the browser: right-hand side and constants as JavaScript, made at build time.

:func:`model_script` gives one file that defines ``qspModel``: the traced right-hand side by
mechanism and feedback, every constant from the lock record, the regimens of the drug files that
the record holds the digests of, and the vendored solver. ``book/_static/explorer/solver.js``
integrates it, in the page and in the tests.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import sympy
from sympy.printing.jscode import JavascriptCodePrinter

from qsp_lib.common import InputError
from qsp_lib.drugs import load_drug, load_tocilizumab
from qsp_lib.figures import COLOURS, LABELS
from qsp_lib.model import (
    HORIZON_H,
    INPUTS,
    MECHANISMS,
    PARAMETERS,
    PRE_DOSE,
    STATES,
    Bolus,
    Regimen,
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
def right_hand_side(mechanism: str, feedback: str) -> str:
    """A JavaScript function ``(y, p, u, u_tcz) -> derivatives``, common terms computed once.

    ``y`` is the array of the 14 states, ``p`` an object with one number a parameter, the others
    the dosing rates (ug/h); the result is an array of 14 numbers, per hour.
    """
    derivatives = list(traced(mechanism, feedback).values())
    shared, derivatives = sympy.cse(derivatives, symbols=sympy.numbered_symbols("c"))
    expressions = [value for _, value in shared] + list(derivatives)
    used = {str(symbol) for value in expressions for symbol in value.free_symbols}
    show = JavascriptCodePrinter().doprint
    return "\n".join(
        [
            f"function (y, p, {', '.join(INPUTS)}) {{",
            *(f"  const {name} = y[{i}];" for i, name in enumerate(STATES) if name in used),
            *(f"  const {name} = p.{name};" for name in PARAMETERS if name in used),
            *(f"  const {symbol} = {show(value)};" for symbol, value in shared),
            "  return [",
            *(
                f"    {show(value)}, // {name}"
                for name, value in zip(STATES, derivatives, strict=True)
            ),
            "  ];",
            "}",
        ]
    )


def _doses(regimen: Regimen) -> list[dict[str, float]]:
    return [
        {"time_h": dose.time_h, "amount_ug": dose.amount_ug}
        if isinstance(dose, Bolus)
        else {"time_h": dose.time_h, "duration_h": dose.duration_h, "amount_ug": dose.amount_ug}
        for dose in regimen.doses
    ]


def _control(control: explorer.Control) -> dict[str, Any]:
    return {
        "label": control.label,
        "unit": control.unit,
        "low": control.low,
        "high": control.high,
        "locked": control.locked,
        "scale": control.scale,
    }


def constants(record: Record) -> dict[str, Any]:
    """Every number the page needs, from the lock record and the files it holds the digests of."""
    drugs = {}
    for name in record.drug_names:
        inputs, regimen = record.drug(name), load_drug(name).regimens["clinical"]
        drugs[name] = {
            "label": LABELS.get(name, inputs.label),
            "mechanism": inputs.mechanism,
            "colour": COLOURS[name],
            "values": inputs.values(),
            "regimen": regimen.label,
            "doses": _doses(regimen),
            "controls": {k: _control(c) for k, c in explorer.controls(record, name).items()},
        }
    rescue = load_tocilizumab().regimens["clinical"]
    boundaries = asdict(record.boundaries)
    return {
        "lock": record.summary,
        "states": list(STATES),
        "before": list(PRE_DOSE),
        "feedback": record.network.feedback,
        "network": record.network.values(),
        "crp": record.crp.values(),
        "drugs": drugs,
        "tocilizumab": {
            "values": record.tocilizumab.values(),
            "regimen": rescue.label,
            "mg": rescue.total_ug / 1000,
            "doses": _doses(rescue),
            "control": _control(explorer.TOCILIZUMAB),
        },
        "baselines": severity.baselines(),
        "boundaries": [boundaries[f"grade_{i}"] for i in (1, 2, 3, 4)],
        "horizon_h": HORIZON_H,
        "same_time_h": schedule.SAME_TIME_H,
        "slider_steps": explorer.SLIDER_STEPS,
        "rtol": record.solver.rtol * _TIGHTER,
        "atol": record.solver.atol,
    }


def model_script(record: Record, static: Path = STATIC) -> str:
    """The generated script, with the vendored solver inside, where its ``exports`` reach no page.

    Args:
        static: the folder of the browser files.

    Raises:
        InputError: the vendored solver is not there.
    """
    odex = static / ODEX
    if not odex.is_file():
        raise InputError(f"there is no {odex}; restore it from the repository.")
    feedbacks = (record.network.feedback, "none")
    functions = ",\n".join(
        f'"{mechanism}": {{\n'
        + ",\n".join(f'"{f}": {right_hand_side(mechanism, f)}' for f in dict.fromkeys(feedbacks))
        + "\n}"
        for mechanism in MECHANISMS
    )
    numbers = json.dumps(constants(record), indent=1, ensure_ascii=False, allow_nan=False)
    return (
        f"// Generated from qsp_lib/model/equations.py and lock record {record.version}; not to be "
        "edited.\n"
        "(function (root) {\n"
        "const odex = {};\n"
        "(function (exports) {\n"
        f"{odex.read_text(encoding='utf-8')}\n"
        "})(odex);\n"
        f"root.qspModel = Object.assign({numbers}, {{\n"
        f"rhs: {{\n{functions}\n}},\n"
        "Solver: odex.Solver,\n"
        "Outcome: odex.Outcome,\n"
        "});\n"
        "})(globalThis);\n"
    )
