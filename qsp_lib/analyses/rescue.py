"""Tocilizumab rescue of the severe drug: its courses, and what is measured on them.

Time is measured from the first dose of the drug; tocilizumab may come before it.
Every function works on one parameter set or on a batch of draws. The phenomena that are looked for,
each a numeric predicate, stand in chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..common import InputError
from ..drugs import load_tocilizumab
from ..model import HORIZON_H, Draws, Peak, Rescue, Trajectory, severity
from ..protocol import Record

Array = NDArray[np.float64]

SEVERE = "tgn1412"
FULL_MG_PER_KG = 8.0
REPEAT_AFTER_H = 8.0
"""Label interval between doses (TZ025)."""
LATE_H = 6.0
"""When the rescue that is exported is given (h)."""


@dataclass(frozen=True)
class Course:
    """One course of the severe drug, with or without tocilizumab.

    Attributes:
        trajectory: simulated from the earlier of the two first doses.
        dose_h: when the drug is given on the trajectory's clock (h).
        horizon_h: how long after the drug's dose it is followed (h).
    """

    trajectory: Trajectory
    dose_h: float
    horizon_h: float = HORIZON_H

    def peak(self, name: str, start_h: float = 0.0, end_h: float = np.inf) -> Peak:
        """Peak within a window counted from the drug's dose; its time too."""
        peak = self.trajectory.peak(name, start_h + self.dose_h, end_h + self.dose_h)
        return Peak(peak.value, peak.time_h - self.dose_h)

    def at(self, name: str, time_h: float) -> Array:
        """A state ``time_h`` hours after the drug's dose."""
        return self.trajectory.at(name, time_h + self.dose_h)

    def area(self, name: str, start_h: float = 0.0, end_h: float | None = None) -> Array:
        """Area under a state in a window counted from the drug's dose."""
        end_h = self.horizon_h if end_h is None else end_h
        return self.trajectory.area(name, start_h + self.dose_h, end_h + self.dose_h)

    @cached_property
    def signal_area(self) -> Array:
        """Area of the effective signal over the horizon, which every benefit is a share of."""
        return self.area("S")

    def index(self, from_h: float = 0.0) -> Array:
        """Severity index from ``from_h`` after the drug's dose on."""
        return severity.index(self.trajectory, from_h + self.dose_h)


def simulate_course(
    record: Record,
    tocilizumab_h: float | None,
    *,
    mg_per_kg: float = FULL_MG_PER_KG,
    n_doses: int = 1,
    f_R: float | None = None,
    draws: Draws | None = None,
    horizon_h: float = HORIZON_H,
) -> Course:
    """The severe drug from the record, with tocilizumab at a time, or without.

    Args:
        record: the lock record.
        tocilizumab_h: hours from the drug's dose, negative for prophylaxis; None for none.
        mg_per_kg: dose of tocilizumab (mg/kg), above 0.
        n_doses: doses, ``REPEAT_AFTER_H`` apart.
        f_R: share of IL-6 clearance through the receptor; the declared one by default.
        draws: the record's own draws of the drug.
        horizon_h: how long after the drug's dose (h).

    Raises:
        InputError: tocilizumab after the horizon, a dose of 0 or less, no doses.
    """
    regimen, dose_h, rescue = record.regimen(SEVERE), 0.0, None
    if tocilizumab_h is not None:
        if not (np.isfinite(tocilizumab_h) and tocilizumab_h < horizon_h and horizon_h > 0):
            raise InputError(
                f"tocilizumab at {tocilizumab_h!r} h; expected a time before the horizon of "
                f"{horizon_h:g} h after the drug's dose, which is above 0."
            )
        if not mg_per_kg > 0 or n_doses < 1:
            raise InputError(
                f"tocilizumab {mg_per_kg!r} mg/kg, {n_doses} doses; expected more than 0, and 1 or "
                "more."
            )
        dose_h = max(0.0, -tocilizumab_h)
        one = (
            load_tocilizumab(inputs=record.inputs)
            .regimens["clinical"]
            .scaled(mg_per_kg / FULL_MG_PER_KG)
        )
        first = one.shifted(tocilizumab_h + dose_h)
        doses = [dose for i in range(n_doses) for dose in first.shifted(i * REPEAT_AFTER_H).doses]
        inputs = record.tocilizumab if f_R is None else replace(record.tocilizumab, f_R=f_R)
        rescue = Rescue(inputs, replace(one, doses=tuple(doses)))
    trajectory = record.run(
        SEVERE,
        regimen.shifted(dose_h),
        rescue=rescue,
        crp=True,
        draws=draws,
        horizon_h=horizon_h + dose_h,
    )
    return Course(trajectory, dose_h, horizon_h)


def benefit(treated: Course, untreated: Course) -> Array:
    """Share of the week's area of the effective signal that tocilizumab takes away."""
    return 1 - treated.signal_area / untreated.signal_area


def rebound(course: Course, untreated: Course, given_h: float) -> Array:
    """Rise of the signal after its nadir under tocilizumab, as a share of the untreated peak.

    Args:
        given_h: when tocilizumab is given (h after the drug's dose).
    """
    after = course.trajectory.times >= course.dose_h + given_h
    signal = course.trajectory["S"][..., after]
    nadir = signal.argmin(axis=-1, keepdims=True)
    later = np.arange(signal.shape[-1]) >= nadir
    highest = np.where(later, signal, -np.inf).max(axis=-1)
    return (highest - signal.min(axis=-1)) / untreated.peak("S").value
