"""What the explorer can move, over what range and from which locked value, and its solve.

It is said here once, for the page of the book (:mod:`book.explorer.script` writes it out)
and for the widgets of a live kernel (:mod:`book.explorer.widgets`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from qsp_lib.common import InputError, rounded
from qsp_lib.drugs import load_tocilizumab
from qsp_lib.model import (
    HORIZON_H,
    Bolus,
    DrugInputs,
    Infusion,
    NetworkParameters,
    Regimen,
    Rescue,
    Solver,
    Trajectory,
    severity,
)
from qsp_lib.protocol import ORDERED, Record, current_record

DRUGS = ORDERED
"""The drugs of the record that can be explored. Others of blinatumomab's class, which it holds too,
are known by draws alone: their potency at the lock is that of lysis."""
SLIDER_STEPS = 1000
"""Positions of a slider; the locked value stands at the one nearest to it."""
UNLOCKED, TREATED = "unlocked", "treated"
TOCILIZUMAB_H = (-24.0, 96.0, 6.0)
"""Earliest and latest time of tocilizumab, and the one it starts at (h from the first dose)."""
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


def controls(record: Record, drug: str) -> dict[str, Control]:
    """The numbers that can be moved for a drug, by key.

    Raises:
        InputError: a drug that cannot be explored.
    """
    if drug not in DRUGS:
        raise InputError(f"drug is {drug!r}; expected one of {', '.join(DRUGS)}.")
    inputs, network = record.drug(drug), record.network
    dose, unit = dose_in_words(inputs, record.regimen(drug))
    made = (
        Control("dose", "dose", unit, dose / 1000, dose * 100, dose),
        Control("k_exh", "exhaustion rate of T cells", "1/h", 0.01, 10.0, inputs.k_exh),
        Control("K_M", "priming threshold of macrophages", "pg/mL", 10.0, 1e5, network.K_M),
        Control("K_S", "feedback threshold of the IL-6 signal", "pg/mL", 10.0, 1e5, network.K_S),
    )
    return {control.key: control for control in made}


TOCILIZUMAB = Control(
    "tocilizumab_h", "tocilizumab", "h", *TOCILIZUMAB_H[:2], TOCILIZUMAB_H[2], "linear"
)
"""When tocilizumab is given; it is not given at the lock, so its value here is a start only."""


@dataclass(frozen=True)
class Setting:
    """Where the controls stand; None is the locked value.

    Attributes:
        drug: one of `DRUGS`.
        dose: in the unit of the drug's control.
        k_exh: 1/h.
        K_M, K_S: pg/mL.
        feedback: whether IL-6 feeds back on itself as it does in the record's structure.
        tocilizumab_h: hours from the drug's first dose, negative for prophylaxis.
    """

    drug: str
    dose: float | None = None
    k_exh: float | None = None
    K_M: float | None = None
    K_S: float | None = None
    feedback: bool = True
    tocilizumab_h: float | None = None

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
        given_h = self.setting.tocilizumab_h
        moved = ", ".join(name for name in self.setting.moved if name != TOCILIZUMAB.key)
        parts = [f"{UNLOCKED}: {moved}"] if moved else []
        # a treatment, and no other value than the locked one
        parts += [] if given_h is None else [f"{TREATED}: tocilizumab at {given_h:g} h"]
        return "; ".join(parts)

    def peak(self, name: str) -> tuple[float, float]:
        """Highest value of a state from the drug's first dose on, and its time from that (h)."""
        peak = self.trajectory.peak(name, self.dose_h)
        return float(peak.value), float(peak.time_h) - self.dose_h


def solve(setting: Setting, record: Record | None = None, solver: Solver | None = None) -> Solution:
    """Solve the model from before the first dose to 168 h after it.

    Args:
        record: the current lock record by default.
        solver: another than the record's.

    Raises:
        InputError: a drug that cannot be explored, or a value out of its range.
        IntegrationError: the solve failed.
    """
    record = record or current_record()
    known = controls(record, setting.drug)
    drug, network = _inputs(setting, record, known)
    regimen = record.regimen(setting.drug)
    if setting.dose is not None:
        regimen = regimen.scaled(known["dose"].accept(setting.dose) / known["dose"].locked)
    dose_h, rescue = 0.0, None
    if setting.tocilizumab_h is not None:
        given_h = TOCILIZUMAB.accept(setting.tocilizumab_h)
        dose_h = max(0.0, -given_h)
        clinical = load_tocilizumab(inputs=record.inputs).regimens["clinical"]
        rescue = Rescue(record.tocilizumab, clinical.shifted(given_h + dose_h))
    trajectory = record.run(
        drug,
        regimen.shifted(dose_h),
        network=network,
        rescue=rescue,
        crp=True,
        horizon_h=HORIZON_H + dose_h,
        solver=solver,
    )
    z = float(severity.index(trajectory, dose_h))
    return Solution(setting, trajectory, dose_h, z, int(record.boundaries.grade(z)))


def _inputs(
    setting: Setting, record: Record, known: Mapping[str, Control]
) -> tuple[DrugInputs, NetworkParameters]:
    drug, network = record.drug(setting.drug), record.network
    if setting.k_exh is not None:
        drug = drug.unlocked().replace(k_exh=known["k_exh"].accept(setting.k_exh))
    changes: dict[str, Any] = {
        key: known[key].accept(value)
        for key, value in (("K_M", setting.K_M), ("K_S", setting.K_S))
        if value is not None
    }
    if not setting.feedback:
        changes["feedback"] = "none"
    return drug, network.unlocked().replace(**changes) if changes else network
