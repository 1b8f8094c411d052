"""What is predicted of drugs whose doses step up: doses, premedication, intervals, horizon.

Times are in hours from the drug's first dose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..common import InputError
from ..model import Bolus, Regimen

AFTER_H = 336.0
"""How long after the last listed dose a prediction goes on (h)."""
AFTER_A_DOSE_H = (
    *(0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 14.0, 16.0),
    *(20.0, 24.0, 30.0, 36.0),
)
"""Times of a course after each dose (h); every 12 h from 48 h on."""


@dataclass(frozen=True)
class Premedication:
    """Dexamethasone into a vein beside the first doses of a drug.

    Attributes:
        mg: each time.
        hours: when, counted from the drug's dose; before it if negative.
        doses: with how many of the drug's doses.
    """

    mg: float
    hours: tuple[float, ...]
    doses: int

    @property
    def lead_h(self) -> float:
        """How long before the drug's first dose the first of it is given (h)."""
        return max(0.0, -min(self.hours))

    def beside(self, regimen: Regimen) -> Regimen:
        """Its doses beside a regimen that begins no earlier than :attr:`lead_h`."""
        times = dose_times(regimen)[: self.doses]
        given = (Bolus(time + hour, 1000.0 * self.mg) for time in times for hour in self.hours)
        return Regimen.of(*given, label=f"{self.mg:g} mg dexamethasone")


@dataclass(frozen=True)
class DosePlan:
    """What of a drug is predicted.

    Attributes:
        drug, regimen: names, as the drug's file has them.
        listed: how many of the regimen's doses the protocol lists; the prediction goes on for
            :data:`AFTER_H` after the last of them.
        premedication: of the primary arm; None where there is no such arm.
    """

    drug: str
    regimen: str
    listed: int
    premedication: Premedication | None = None


STEPPED = DosePlan("blinatumomab", "stepped", 3)
"""Prediction 2: 5, 15, then 60 ug/m2/d in weekly steps."""
_EPCORITAMAB = Premedication(16.0, (-1.0, 24.0, 48.0, 72.0), 4)
PLANS = (
    DosePlan("mosunetuzumab", "clinical", 5, Premedication(20.0, (-1.0,), 5)),
    DosePlan("teclistamab", "clinical", 3, Premedication(16.0, (-1.0,), 3)),
    DosePlan("epcoritamab", "clinical", 3, _EPCORITAMAB),
    DosePlan("epcoritamab-linear", "clinical", 3, _EPCORITAMAB),
)
"""Prediction 3, as the protocol lists it: XI018, XI019; XI038, XI105, XI106; XI054, XI104, the
last of these of another regimen, and declared."""
SINGLE = DosePlan("mosunetuzumab", "single", 1, Premedication(20.0, (-1.0,), 1))
"""Prediction 3, single first doses."""
FIRST_DOSES_MG = tuple(float(mg) for mg in np.round(np.geomspace(0.05, 60.0, 25), 12))
"""Of mosunetuzumab; doses in between are interpolated."""
WITH, WITHOUT = "dexamethasone", "no dexamethasone"
"""Names of the two arms, the primary one first."""
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "h 0.8": {"h": 0.8},
    "no hook": {"hook": False},
}
"""What is shown beside, as arguments of :func:`.class_draws.class_draws`."""


def dose_times(regimen: Regimen) -> tuple[float, ...]:
    """When something of a regimen is begun (h), each time once."""
    return tuple(sorted({dose.time_h for dose in regimen.doses}))


def horizon_h(regimen: Regimen, listed: int) -> float:
    """End of a prediction (h): :data:`AFTER_H` after the last listed dose.

    Raises:
        InputError: fewer doses than are listed, or none listed.
    """
    times = dose_times(regimen)
    if not 1 <= listed <= len(times):
        raise InputError(
            f"{listed} doses are listed of a regimen with {len(times)}; expected 1 to that many."
        )
    return times[listed - 1] + AFTER_H


def intervals_h(regimen: Regimen, listed: int) -> tuple[tuple[float, float], ...]:
    """Every dose's interval within the horizon (h): to the next dose, the last one to the end."""
    end = horizon_h(regimen, listed)
    return tuple(pairwise([*(time for time in dose_times(regimen) if time < end), end]))


def course_times(regimen: Regimen, listed: int) -> tuple[float, ...]:
    """When levels are read for a course (h): close after each dose, then every 12 h."""
    times: set[float] = set()
    for start, end in intervals_h(regimen, listed):
        later = np.arange(48.0, end - start, 12.0)
        times |= {start + after for after in (*AFTER_A_DOSE_H, *later) if start + after < end}
    return tuple(sorted(times | {horizon_h(regimen, listed)}))
