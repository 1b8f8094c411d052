"""What the explorer can move, over what range and from which locked value, and its solve.

It is said here once, for the page of the book (:mod:`book.explorer.script` writes it out)
and for the widgets of a live kernel (:mod:`book.explorer.widgets`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Literal

from qsp_lib.common import InputError, LockError, rounded
from qsp_lib.model import (
    HORIZON_H,
    Bolus,
    DrugInputs,
    Infusion,
    NetworkParameters,
    Regimen,
    Solver,
    Trajectory,
    read_by,
    require_lock,
    severity,
)
from qsp_lib.prediction import Cover, default_horizon, structure_of
from qsp_lib.protocol import Record, current_record

SLIDER_STEPS = 1000
"""Positions of a slider; the locked value stands at the one nearest to it."""
UNLOCKED, TREATED = "unlocked", "treated"
TOCILIZUMAB_H = (-24.0, 96.0, 6.0)
"""Earliest and latest time of tocilizumab, and the one it starts at (h from the first dose)."""
DEXAMETHASONE_H = (-24.0, 96.0, -1.0)
"""The same of dexamethasone."""
_LONG_INFUSION_H = 24.0


@dataclass(frozen=True)
class Control:
    """A number that can be moved: its name, unit, range and locked value."""

    key: str
    label: str
    unit: str
    low: float
    high: float
    locked: float
    scale: Literal["log", "linear"] = "log"

    def accept(self, value: Any) -> float:
        """The value as a float.

        Raises:
            InputError: not a number, or outside the range.
        """
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high:
            raise InputError(
                f"{self.key} is {value!r}; expected {self.low:g} to {self.high:g} {self.unit}."
            )
        return float(value)


def dose_in_words(drug: DrugInputs, regimen: Regimen) -> tuple[float, str]:
    """A regimen's dose as a protocol gives it, and its unit.

    Long infusions are counted in ug/m2/day, one short infusion in mg/kg, boluses in mg each.

    Raises:
        InputError: a regimen of several kinds, or of different doses.
    """
    doses = regimen.doses
    amounts = {dose.amount_ug for dose in doses}
    if len(amounts) == 1 and all(isinstance(dose, Bolus) for dose in doses):
        return _rounded(doses[0].amount_ug / 1000), "mg per dose"
    if len(doses) == 1 and isinstance(infusion := doses[0], Infusion):
        if infusion.duration_h < _LONG_INFUSION_H:
            return _rounded(infusion.amount_ug / 1000 / drug.weight_kg), "mg/kg"
        return _rounded(infusion.rate_ug_per_h * 24 / drug.bsa_m2), "µg/m²/day"
    raise InputError(
        f"{drug.label}, {regimen.label}: expected one infusion, or boluses of one amount."
    )


def _rounded(value: float) -> float:
    """Without the last digits, in which a conversion of units leaves its rounding."""
    return float(rounded(value, 12))


def shown_drugs(record: Record) -> tuple[str, ...]:
    """The drugs of a record that may be simulated by their clinical regimen, in its order."""
    return tuple(
        name for name in record.drug_names if may_be_shown(record, name, record.regimen(name))
    )


def may_be_shown(record: Record, name: str, regimen: Regimen) -> bool:
    """Whether a drug of a record may be simulated by a regimen: its outcomes wait for no lock."""
    drug = record.drug(name)
    try:
        require_lock(drug, record.network, regimen, structure_of(drug, record))
    except LockError:
        return False
    return True


def controls(record: Record, drug: str) -> dict[str, Control]:
    """The numbers that can be moved for a drug, by key.

    Doses of one amount are moved in their own unit, others together by a factor. A drug whose
    exposure is a table has no dose to move, and one whose engagement has no steepness no ``h``.
    """
    inputs = record.drug(drug)
    made = [
        dose_control(inputs, record.regimen(drug)),
        *inputs_controls(inputs, record),
        Control("K_M", "priming threshold of macrophages", "pg/mL", 10.0, 1e5, record.network.K_M),
        Control(
            "K_S", "feedback threshold of the IL-6 signal", "pg/mL", 10.0, 1e5, record.network.K_S
        ),
    ]
    return {control.key: control for control in made if control is not None}


def dose_control(inputs: DrugInputs, regimen: Regimen) -> Control | None:
    """How all doses of a regimen are moved together; None where a table stands for them."""
    if inputs.table is not None:
        return None
    try:
        dose, unit = dose_in_words(inputs, regimen)
    except InputError:
        return EVERY_DOSE
    return Control("dose", "dose", unit, dose / 1000, dose * 100, dose)


def inputs_controls(inputs: DrugInputs, record: Record) -> list[Control]:
    """The numbers of a drug's potency and T cells that can be moved."""
    EC50 = inputs.EC50
    made = [
        Control("EC50", "concentration of half activation", "ng/mL", EC50 / 1e3, EC50 * 1e3, EC50),
        Control("h", "steepness of activation", "1", inputs.h / 4, inputs.h * 4, inputs.h),
        Control("k_act", "activation rate of T cells", "1/h", 1e-3, 10.0, inputs.k_act),
        Control("k_exh", "exhaustion rate of T cells", "1/h", 0.01, 10.0, inputs.k_exh),
    ]
    read = read_by(structure_of(inputs, record))
    return [control for control in made if control.key in read]


EVERY_DOSE = Control("dose", "every dose, times", "of its amount", 1e-3, 100.0, 1.0)
"""How doses of several amounts are moved: all by one factor."""
TOCILIZUMAB = Control(
    "tocilizumab_h", "tocilizumab", "h", *TOCILIZUMAB_H[:2], TOCILIZUMAB_H[2], "linear"
)
"""When tocilizumab is given; it is not given at the lock, so its value here is a start only."""
DEXAMETHASONE = Control(
    "dexamethasone_h", "dexamethasone", "h", *DEXAMETHASONE_H[:2], DEXAMETHASONE_H[2], "linear"
)
"""The same of dexamethasone."""
GIVEN = {control.key: control for control in (TOCILIZUMAB, DEXAMETHASONE)}


def usual_horizon(regimen: Regimen, drug: DrugInputs | None = None) -> float:
    """How far a course is followed (h): a week, or where a dose comes later, all of it that a
    table of the drug's concentrations tells."""
    if all(dose.time_h < HORIZON_H for dose in regimen.doses):
        return HORIZON_H
    table = drug.table if drug else None
    known_h = table.known_until(regimen.first_dose_h) if table else math.inf
    return min(default_horizon(regimen, drug), known_h)


def _accepted_times(control: Control, time_h: float | None) -> tuple[float, ...]:
    return () if time_h is None else (control.accept(time_h),)


@dataclass(frozen=True)
class Setting:
    """Where the controls stand; None is the locked value.

    Attributes:
        drug: a drug of the lock record.
        dose: in the unit of the drug's control.
        k_exh, k_act: 1/h.
        K_M, K_S: pg/mL.
        feedback: whether IL-6 feeds back on itself as it does in the record's structure.
        tocilizumab_h, dexamethasone_h: hours from the drug's first dose, negative for
            prophylaxis; 8 mg/kg of the drug's patient, at most 800 mg, and 20 mg into a vein.
        EC50: ng/mL.
        h: steepness of engagement.
    """

    drug: str
    dose: float | None = None
    k_exh: float | None = None
    K_M: float | None = None
    K_S: float | None = None
    feedback: bool = True
    tocilizumab_h: float | None = None
    EC50: float | None = None
    k_act: float | None = None
    h: float | None = None
    dexamethasone_h: float | None = None

    @property
    def cover(self) -> Cover:
        """What is given beside the drug.

        Raises:
            InputError: a time out of its range.
        """
        return Cover(
            tocilizumab_h=_accepted_times(TOCILIZUMAB, self.tocilizumab_h),
            dexamethasone_h=_accepted_times(DEXAMETHASONE, self.dexamethasone_h),
        )

    @property
    def moved(self) -> tuple[str, ...]:
        """Names of what is not at its locked value."""
        names = [field.name for field in fields(self)[1:]]
        locked = Setting(self.drug)
        return tuple(name for name in names if getattr(self, name) != getattr(locked, name))


@dataclass(frozen=True)
class Solution:
    """The model solved at a setting.

    Attributes:
        setting: where the controls stood.
        trajectory: starts at the earlier of the drug's and tocilizumab's first dose.
        dose_h: when the drug is first given on the trajectory's clock (h).
        index, grade: severity, and the illustrative grade that goes with it.
    """

    setting: Setting
    trajectory: Trajectory
    dose_h: float
    index: float
    grade: int

    @property
    def mark(self) -> str:
        """What has to stand beside every number; empty at the locked values, untreated."""
        moved = ", ".join(name for name in self.setting.moved if name not in GIVEN)
        parts = [f"{UNLOCKED}: {moved}"] if moved else []
        # a treatment, and no other value than the locked one
        treated = [
            f"{key.removesuffix('_h')} at {getattr(self.setting, key):g} h"
            for key in GIVEN
            if getattr(self.setting, key) is not None
        ]
        parts += [f"{TREATED}: {', '.join(treated)}"] if treated else []
        return "; ".join(parts)

    def peak(self, name: str) -> tuple[float, float]:
        """Highest value of a state from the drug's first dose on, and its time from that (h)."""
        peak = self.trajectory.peak(name, self.dose_h)
        return float(peak.value), float(peak.time_h) - self.dose_h


def solve(setting: Setting, record: Record | None = None, solver: Solver | None = None) -> Solution:
    """Solve the model from before the first dose to the usual horizon after it.

    Args:
        record: the current lock record by default.
        solver: another than the record's.

    Raises:
        InputError: a value out of its range, or one that this drug does not have.
        LockError: a drug the record does not hold.
        IntegrationError: the solve failed.
    """
    record = record or current_record()
    inputs, network = _inputs(setting, record)
    regimen, cover = record.regimen(setting.drug), setting.cover
    if setting.dose is not None:
        regimen = regimen.scaled(
            _accepted(setting, record, "dose") / controls(record, setting.drug)["dose"].locked
        )
    dose_h = max(0.0, -(cover.first_h or 0.0))
    trajectory = record.run(
        inputs,
        regimen.shifted(dose_h),
        network=network,
        rescue=cover.rescue(record.tocilizumab, inputs.weight_kg, dose_h),
        steroid=cover.steroid(inputs.weight_kg, dose_h),
        crp=True,
        horizon_h=usual_horizon(regimen, inputs) + dose_h,
        solver=solver,
    )
    z = float(severity.index(trajectory, dose_h))
    return Solution(setting, trajectory, dose_h, z, int(record.boundaries.grade(z)))


def _accepted(setting: Setting, record: Record, key: str) -> float:
    known = controls(record, setting.drug)
    if key not in known:
        raise InputError(
            f"{key} is {getattr(setting, key)!r}; {setting.drug} has none to move. Expected one "
            f"of {', '.join(known)}."
        )
    return known[key].accept(getattr(setting, key))


def _inputs(setting: Setting, record: Record) -> tuple[DrugInputs, NetworkParameters]:
    drug, network = record.drug(setting.drug), record.network
    of_drug, of_network = (
        {key: _accepted(setting, record, key) for key in keys if getattr(setting, key) is not None}
        for keys in (("EC50", "h", "k_act", "k_exh"), ("K_M", "K_S"))
    )
    changes: dict[str, Any] = dict(of_network)
    if not setting.feedback:
        changes["feedback"] = "none"
    return (
        drug.unlocked().replace(**of_drug) if of_drug else drug,
        network.unlocked().replace(**changes) if changes else network,
    )
