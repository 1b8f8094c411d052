"""Simulate a drug on the network: one parameter set, or a batch of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..common import InputError, LockError
from .dosing import Regimen
from .draws import Draws
from .engines import ENGINES, Task, solve
from .equations import DRUG, NETWORK, PARAMETERS, TOCILIZUMAB
from .parameters import CrpInputs, DrugInputs, NetworkParameters, TocilizumabInputs
from .schedule import make_schedule
from .trajectory import Trajectory

HORIZON_H = 168.0
RTOL, ATOL = 1e-6, 1e-8
_NO_TOCILIZUMAB = {name: 1.0 for name in TOCILIZUMAB} | {"f_R": 0.0}
_NO_CRP = {"k_CRP": 0.0, "K_CRP": 1.0, "d_CRP": 0.0}


@dataclass(frozen=True)
class Solver:
    """How the model is integrated: engine, tolerances, and for how long (h) if nothing is said.

    ``atol`` is in each state's own unit.
    """

    engine: str = "diffsol"
    rtol: float = RTOL
    atol: float = ATOL
    horizon_h: float = HORIZON_H

    def options(self, horizon_h: float | None = None) -> dict[str, Any]:
        """What :func:`simulate` takes, with another horizon (h) if one is given."""
        return {
            "engine": self.engine,
            "rtol": self.rtol,
            "atol": self.atol,
            "horizon_h": self.horizon_h if horizon_h is None else horizon_h,
        }


@dataclass(frozen=True)
class Rescue:
    """Tocilizumab, and when it is given."""

    inputs: TocilizumabInputs
    regimen: Regimen


def simulate(
    drug: DrugInputs,
    network: NetworkParameters,
    regimen: Regimen,
    *,
    rescue: Rescue | None = None,
    crp: CrpInputs | None = None,
    draws: Draws | None = None,
    dose_factor: ArrayLike = 1.0,
    horizon_h: float = HORIZON_H,
    times: ArrayLike | None = None,
    engine: str = "diffsol",
    rtol: float = RTOL,
    atol: float = ATOL,
) -> Trajectory:
    """Integrate the model from the healthy state before the first dose.

    Args:
        drug, network: inputs of the drug, and the shared network.
        regimen: doses of the drug.
        rescue: tocilizumab and its doses, if any.
        crp: the CRP readout; without it CRP stays 0.
        draws: parameter sets that replace values of ``drug`` or ``network``; a batch.
        dose_factor: multiplies every dose of the drug; an array ``(N,)`` makes a batch.
        horizon_h: end (h).
        times: report times (h), in addition to every change of dosing. The default is dense;
            peaks, areas and values are read between report times, which have to follow the course.
        engine: ``"diffsol"`` or ``"scipy"``.
        rtol, atol: relative tolerance; absolute tolerance in each state's own unit.

    Returns:
        A :class:`.Trajectory` with one typed outcome for each parameter set.

    Raises:
        LockError: a blind drug before a lock record exists, draws that would replace locked
            values, or values other than those whose stamp they carry.
        InputError: anything out of range, unknown or of the wrong length.
    """
    drug.require_as_locked()  # again: nothing keeps a frozen object from being edited in place
    network.require_as_locked()
    if draws is not None:
        draws.require_as_locked()
    _refuse_blind(drug, network)
    _refuse_changes(drug, network, draws)
    if engine not in ENGINES:
        raise InputError(f"no engine {engine!r}; expected one of {sorted(ENGINES)}.")
    if not (np.isfinite(rtol) and 0 < rtol < 1 and np.isfinite(atol) and atol > 0):
        raise InputError(f"rtol {rtol!r}, atol {atol!r}; expected 0 < rtol < 1 and atol > 0.")
    factor = np.asarray(dose_factor, dtype=float)
    if factor.ndim > 1 or not np.all(np.isfinite(factor)) or np.any(factor < 0):
        raise InputError("dose_factor must be a number, or a list of numbers, of 0 or more.")
    sizes = {len(draws)} if draws is not None else set()
    sizes |= {factor.size} if factor.ndim == 1 else set()
    if len(sizes) > 1 or 0 in sizes:
        raise InputError(f"draws and dose_factor have lengths {sorted(sizes)}; expected one.")
    n_sets = sizes.pop() if sizes else 1
    values = (
        network.values()
        | drug.values()
        | (rescue.inputs.values() if rescue else _NO_TOCILIZUMAB)
        | (crp.values() if crp else _NO_CRP)
    )
    table = np.tile([values[name] for name in PARAMETERS], (n_sets, 1))
    if draws is not None:
        for name, array in draws.values.items():
            table[:, PARAMETERS.index(name)] = array
    schedule = make_schedule(
        regimen,
        rescue.regimen if rescue else Regimen(),
        horizon_h,
        None if times is None else np.asarray(times, dtype=float),
    )
    task = Task(
        drug.mechanism,
        network.feedback,
        table,
        np.broadcast_to(factor, n_sets).copy(),
        schedule,
        rtol,
        atol,
    )
    states, outcomes = solve(engine, task)
    marks = {drug.mark, network.mark, draws.mark if draws is not None else ""}
    return Trajectory(
        f"{drug.label}, {regimen.label}" if regimen.label else drug.label,
        task,
        states,
        tuple(outcomes),
        draws is not None or factor.ndim == 1,
        "; ".join(sorted(marks - {""})),
    )


def _refuse_blind(drug: DrugInputs, network: NetworkParameters) -> None:
    if drug.role == "blind" and (drug.lock is None or not drug.lock.same_record(network.lock)):
        raise LockError(
            f"{drug.label} is the blind drug: it is simulated from a lock record only. Take both "
            "the drug and the network from qsp_lib.protocol.lock.current_record(); make a record "
            "first if there is none."
        )


def _refuse_changes(drug: DrugInputs, network: NetworkParameters, draws: Draws | None) -> None:
    if draws is None:
        return
    for owner, names in ((network, NETWORK), (drug, DRUG)):
        lock = owner.lock
        changed = [name for name in names if name in draws.values]
        of_the_record = lock is not None and lock.same_record(draws.lock)
        own = of_the_record and (owner is network or draws.drug == drug.name)
        if lock is None or lock.unlocked or own or not changed:
            continue
        raise LockError(
            f"{changed[0]} of {drug.label} is locked by lock {lock.version} ({lock.digest[:12]}); "
            "draws that are not the record's own for this drug cannot replace it. Simulate an "
            "explicitly unlocked copy (.unlocked()), whose results are marked."
        )
