"""Made-up drugs and regimens, and a solver that gives up."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qsp_lib.model.dosing import Bolus, Infusion, Regimen
from qsp_lib.model.engines import diffsol
from qsp_lib.model.parameters import DrugInputs, NetworkParameters, TocilizumabInputs
from qsp_lib.model.stamp import LockStamp
from qsp_lib.model.structure import Structure
from qsp_lib.protocol.lock import write_record
from qsp_lib.protocol.places import Places, take_turn

Array = NDArray[np.float64]

HOPELESS_LOG10 = 2.9
HOPELESS = 10.0**HOPELESS_LOG10
"""A value of k_fb at which, under :func:`give_up_on_hopeless`, the solver gives up."""


def give_up_on_hopeless(monkeypatch: pytest.MonkeyPatch, after_h: float = -1.0) -> None:
    """Let the compiled model give up, later than ``after_h``, where k_fb is HOPELESS."""
    compiled = diffsol._compiled

    class GivesUp:
        def __init__(self, structure: Structure) -> None:
            self.__dict__["model"] = compiled(structure)
            k_fb = len(structure.states) + structure.parameters.index("k_fb")
            self.__dict__["k_fb"] = k_fb

        def __setattr__(self, name: str, value: Any) -> None:
            setattr(self.model, name, value)

        def solve_dense(self, arguments: Array, times: Array) -> Any:
            if np.isclose(arguments[self.k_fb], HOPELESS, rtol=1e-12) and times[0] > after_h:
                raise RuntimeError("step size too small")
            return self.model.solve_dense(arguments, times)

    monkeypatch.setattr(diffsol, "_compiled", GivesUp)


ONE_COMPARTMENT = dict(V1=3.0, CL=0.6, V2=1.0, Q=0.0)
TWO_COMPARTMENTS = dict(V1=3.2, CL=0.25, V2=2.0, Q=0.4)
"""Made-up exposures, quick enough to bend within a few days."""


def made_up(**changes: Any) -> DrugInputs:
    """A monoclonal antibody that does not exist; any input can be changed."""
    inputs: dict[str, Any] = dict(
        name="made-up",
        label="Made-up drug",
        mechanism="monoclonal",
        role="user",
        **TWO_COMPARTMENTS,
        EC50=300.0,
        h=1.0,
        K_hook=np.inf,
        k_act=0.4,
        k_exh=0.1,
        k_rec=0.005,
        k_kill=0.0,
    )
    return DrugInputs(**(inputs | changes))


def made_up_bispecific(**changes: Any) -> DrugInputs:
    """A bispecific that does not exist."""
    inputs: dict[str, Any] = dict(
        mechanism="bispecific", **ONE_COMPARTMENT, EC50=5.0, K_hook=4000.0, k_kill=1.5
    )
    return made_up(**(inputs | changes))


def stamp_of(network: NetworkParameters, *drugs: DrugInputs, version: str = "v7") -> LockStamp:
    """The stamp of a lock record that holds these values and nothing else; it is in no ledger."""
    content = {
        "version": version,
        "network": network.values(),
        "structure": {"feedback": network.feedback, "t_cells": network.t_cells},
        "drugs": {drug.name: drug.plain() for drug in drugs},
    }
    text = json.dumps(content)
    return LockStamp(version, hashlib.sha256(text.encode()).hexdigest(), content=text)


def kept(content: Mapping[str, Any], folder: Path) -> Path:
    """The file of a lock record with this content, in a folder of its own."""
    with take_turn(Places(folder)) as turn:
        return write_record(content, turn)


def rescue_inputs(**changes: Any) -> TocilizumabInputs:
    """A receptor block with round numbers of the order of tocilizumab's."""
    inputs: dict[str, float] = dict(
        V1=3.5, CL=0.0125, V2=2.9, Q=0.0083, Vmax=312.5, Km=2700.0, K_D=376.0, f_R=0.7
    )
    return TocilizumabInputs(**(inputs | changes))


REGIMENS = {
    "bolus train": Regimen.of(*(Bolus(24.0 * i, 3000.0) for i in range(3)), label="daily"),
    "infusion": Regimen.of(Infusion(0.0, 0.075, 7200.0), label="short infusion"),
    "step-up": Regimen.of(
        Infusion.at_rate(0.0, 24.0, 20.0), Infusion.at_rate(24.0, 24.0, 90.0), label="step-up"
    ),
    "overlapping": Regimen.of(
        Infusion(2.0, 12.0, 600.0), Infusion(6.0, 20.0, 900.0), Bolus(8.0, 500.0), label="overlap"
    ),
}


_ANSWER = """
import json, os
def answer(value):
    with open(os.environ["ANSWER"], "w") as file:
        json.dump(value, file)
"""


def alone(code: str, *arguments: str | Path, given: str = "", timeout: float = 100.0) -> Any:
    """What code hands to ``answer`` in a process of its own: some libraries do not bear each other.

    It comes in a file, because integrators of other engines print between the lines of anybody.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answer.json"
        ran = subprocess.run(
            [sys.executable, "-c", _ANSWER + textwrap.dedent(code), *map(str, arguments)],
            env=os.environ | {"ANSWER": str(file)},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(file.read_text(encoding="utf-8"))
