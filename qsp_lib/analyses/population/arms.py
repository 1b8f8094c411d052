"""The treatments of this population: of a record's own drugs, on explicitly unlocked copies."""

from __future__ import annotations

from ...model import Bolus, Draws, Regimen, Solver, Steroid
from ...protocol import Record
from .factors import Factors
from .simulating import PatientArm, PatientSimulator

PREMEDICATED_UG, LEAD_H = 20_000.0, 1.0
"""Dexamethasone an hour before the first dose and before each increase (VA042)."""


def record_arm(
    record: Record,
    name: str,
    regimen: str = "clinical",
    *,
    draws: dict[str, Draws],
    drug: str = "blinatumomab",
    horizon_h: float | None = None,
    times_h: tuple[float, ...] = (),
    premedicated: bool = False,
) -> PatientArm:
    """A drug of a record by one of its file's regimens.

    Args:
        record: the lock record.
        name: of the treatment.
        regimen: as the drug's file has it.
        draws: of every drug, as the record gives them.
        drug: as the record has it.
        horizon_h: end (h) from the drug's first dose; the record's own by default.
        times_h: when the observed IL-6 is read (h from the first dose).
        premedicated: dexamethasone before the first dose and before each increase, if the record
            knows a steroid: lock v1 does not.
    """
    end_h = record.solver.horizon_h if horizon_h is None else horizon_h
    doses, steroid, shift_h = record.regimen(drug, regimen), None, 0.0
    if premedicated and knows_steroid(record):
        shift_h = LEAD_H
        doses = doses.shifted(shift_h)
        given = (Bolus(time - LEAD_H, PREMEDICATED_UG) for time in increases(doses))
        steroid = Steroid(record.dexamethasone, Regimen.of(*given))
    return PatientArm(
        name,
        record.drug(drug).unlocked(),
        doses,
        dict(draws[drug].values),
        end_h + shift_h,
        tuple(time + shift_h for time in times_h),
        steroid=steroid,
    )


def knows_steroid(record: Record) -> bool:
    """Whether the record was made with a steroid in the model; lock v1 was not."""
    return "dexamethasone" in record.content


def increases(regimen: Regimen) -> tuple[float, ...]:
    """When a rate begins that is above the one before it (h).

    >>> from qsp_lib.model import Infusion
    >>> increases(Regimen.of(Infusion(0, 24, 5), Infusion(24, 24, 15), Infusion(48, 24, 15)))
    (0.0, 24)
    """
    found, before = [], 0.0
    for time in regimen.change_times(float("inf")):
        rate = regimen.rate_from(time)
        if rate > before * (1 + 1e-9):
            found.append(time)
        before = rate
    return tuple(found)


def simulator_of(
    record: Record,
    arms: tuple[PatientArm, ...],
    factors: Factors,
    solver: Solver | None = None,
) -> PatientSimulator:
    """The treatments on the record's unlocked network, with its solver or another."""
    return PatientSimulator(record.network.unlocked(), arms, factors, solver or record.solver)
