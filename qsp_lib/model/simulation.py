"""Simulate a drug on the network: one parameter set, or a batch of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..common import InputError, LockError
from .administration import at_doors
from .awaiting_lock import require_lock
from .dosing import Regimen
from .draws import Draws
from .engines import Task, require_engine, solve
from .equations import NETWORK
from .parameters import CrpInputs, DrugInputs, NetworkParameters
from .schedule import make_schedule
from .structure import DRUG_PARAMETERS, Structure
from .trajectory import Trajectory
from .treatment import Rescue as Rescue
from .treatment import Steroid as Steroid
from .treatment import Treatment

HORIZON_H = 168.0
RTOL, ATOL = 1e-6, 1e-8


@dataclass(frozen=True)
class Solver:
    """How the model is integrated: engine, tolerances, and for how long (h) if nothing is said.

    ``atol`` is in each state's own unit.

    Raises:
        InputError: an engine that is unknown or not installed.
    """

    engine: str = "diffsol"
    rtol: float = RTOL
    atol: float = ATOL
    horizon_h: float = HORIZON_H

    def __post_init__(self) -> None:
        require_engine(self.engine)

    def options(self, horizon_h: float | None = None) -> dict[str, Any]:
        """What :func:`simulate` takes, with another horizon (h) if one is given."""
        return {
            "engine": self.engine,
            "rtol": self.rtol,
            "atol": self.atol,
            "horizon_h": self.horizon_h if horizon_h is None else horizon_h,
        }


def simulate(
    drug: DrugInputs,
    network: NetworkParameters,
    regimen: Regimen,
    *,
    rescue: Rescue | None = None,
    steroid: Steroid | None = None,
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

    The model is made of the parts that this run needs: without ``rescue`` it has no states of
    tocilizumab, without ``steroid`` none of dexamethasone, without ``crp`` none of CRP.

    Args:
        drug, network: inputs of the drug, and the shared network.
        regimen: doses of the drug.
        rescue: tocilizumab and its doses, if any.
        steroid: dexamethasone and its doses, if any; no part of lock v1.
        crp: the CRP readout, if it is asked for.
        draws: parameter sets that replace values of ``drug`` or ``network``; a batch.
        dose_factor: multiplies every dose of the drug; an array ``(N,)`` makes a batch.
        horizon_h: end (h).
        times: report times (h), in addition to every change of dosing. The default is dense;
            peaks, areas and values are read between report times, which have to follow the course.
        engine: ``"diffsol"`` or ``"scipy"``; or ``"fast"``, which needs heyoka (the extra
            ``fast``) and says where the default one stood in for it.
        rtol, atol: relative tolerance; absolute tolerance in each state's own unit.

    Returns:
        A :class:`.Trajectory` with one typed outcome for each parameter set.

    Raises:
        LockError: a blind drug before a lock record exists, draws that would replace locked
            values, or values other than those whose stamp they carry.
        InputError: anything out of range, unknown or of the wrong length; an engine that is not
            installed.
    """
    drug.require_as_locked()  # again: nothing keeps a frozen object from being edited in place
    network.require_as_locked()
    if draws is not None:
        draws.require_as_locked()
    treatment = Treatment(drug, regimen, network, rescue, steroid, crp)
    structure = treatment.structure
    require_lock(drug, network, regimen, structure)
    _refuse_changes(drug, network, draws)
    require_engine(engine)
    _require_tolerances(rtol, atol)
    factor = np.asarray(dose_factor, dtype=float)
    if factor.ndim > 1 or not np.all(np.isfinite(factor)) or np.any(factor < 0):
        raise InputError("dose_factor must be a number, or a list of numbers, of 0 or more.")
    sizes = {len(draws)} if draws is not None else set()
    sizes |= {factor.size} if factor.ndim == 1 else set()
    if len(sizes) > 1 or 0 in sizes:
        raise InputError(f"draws and dose_factor have lengths {sorted(sizes)}; expected one.")
    n_sets = sizes.pop() if sizes else 1
    values = treatment.values
    if drug.table is not None:
        drug.table.require_until(horizon_h, regimen.first_dose_h)
        if np.any(factor != 1):
            raise InputError(
                f"{drug.label} has a table of concentrations, which is of its own doses; a "
                "dose_factor would not multiply it. Give a table for each."
            )
    table = np.tile(list(values.values()), (n_sets, 1))
    for name, array in draws.values.items() if draws is not None else ():
        if name in structure.parameters:
            table[:, structure.parameters.index(name)] = array
    schedule = make_schedule(
        treatment.at_doors(),
        horizon_h,
        None if times is None else np.asarray(times, dtype=float),
        sudden=rescue.regimen if rescue else None,
        fastest_per_h=_fastest(structure, values),
    )
    task = Task(
        structure,
        table,
        np.broadcast_to(factor, n_sets).copy(),
        schedule,
        rtol,
        atol,
    )
    solved = solve(engine, task)
    marks = {drug.mark, network.mark, draws.mark if draws is not None else ""}
    return Trajectory(
        f"{drug.label}, {regimen.label}" if regimen.label else drug.label,
        task,
        solved.states,
        tuple(solved.outcomes),
        draws is not None or factor.ndim == 1,
        "; ".join(sorted(marks - {""})),
        engine,
        solved.stood_in,
    )


def simulate_treatment(treatment: Treatment, **options: Any) -> Trajectory:
    """Simulate what a treatment holds; options, and what is raised, as of :func:`simulate`."""
    return simulate(
        treatment.drug,
        treatment.network,
        treatment.regimen,
        rescue=treatment.rescue,
        steroid=treatment.steroid,
        crp=treatment.crp,
        **options,
    )


def simulate_exposure(
    drug: DrugInputs,
    regimen: Regimen,
    *,
    horizon_h: float = HORIZON_H,
    times: ArrayLike | None = None,
    engine: str = "diffsol",
    rtol: float = RTOL,
    atol: float = ATOL,
) -> Trajectory:
    """The drug's exposure alone, with nothing that it drives; of any drug, locked or not.

    Arguments, returns and errors are as of :func:`simulate`.
    """
    drug.require_as_locked()
    require_engine(engine)
    _require_tolerances(rtol, atol)
    structure = Structure(drug.mechanism, t_cells="", exposure=drug.exposure)
    if drug.table is not None:
        drug.table.require_until(horizon_h, regimen.first_dose_h)
    values = drug.values()
    schedule = make_schedule(
        at_doors(structure, drug, regimen, {}),
        horizon_h,
        None if times is None else np.asarray(times, dtype=float),
        fastest_per_h=_fastest(structure, values),
    )
    table = np.array([[values[name] for name in structure.parameters]])
    task = Task(structure, table, np.ones(1), schedule, rtol, atol)
    solved = solve(engine, task)
    return Trajectory(
        f"{drug.label}, exposure",
        task,
        solved.states,
        tuple(solved.outcomes),
        False,
        drug.mark,
        engine=engine,
        stood_in=solved.stood_in,
    )


def _fastest(structure: Structure, values: Mapping[str, float]) -> float:
    return max(structure.following(SimpleNamespace(**values), of_drug=True), default=0.0)


def _require_tolerances(rtol: float, atol: float) -> None:
    if not (np.isfinite(rtol) and 0 < rtol < 1 and np.isfinite(atol) and atol > 0):
        raise InputError(f"rtol {rtol!r}, atol {atol!r}; expected 0 < rtol < 1 and atol > 0.")


def _refuse_changes(drug: DrugInputs, network: NetworkParameters, draws: Draws | None) -> None:
    if draws is None:
        return
    for owner, names in ((network, NETWORK), (drug, DRUG_PARAMETERS)):
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
