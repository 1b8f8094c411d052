"""The courses that the exports reproduce, and their reference by SciPy at tight tolerances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..analyses import LATE_H, SEVERE
from ..drugs import load_drug, load_tocilizumab
from ..model import HORIZON_H, STATES, Rescue, simulate
from ..protocol import Record
from .sbml import model_name, shipped

N_STEPS = 336
"""Steps of the reported grid from 0 to the horizon: every half hour of a week."""
_BEYOND_H = 1.0
"""The reference goes on past the last reported time (h), where a dose may fall too."""
RTOL, ATOL = 1e-10, 1e-12
"""Of the reference; the absolute one is in each state's own unit."""
DIGITS = 10
"""Significant digits of the reference as written."""


@dataclass(frozen=True)
class ReferenceCourse:
    """One drug with one regimen, with or without the rescue.

    Attributes:
        drug, regimen: names as in the drug files.
        rescue: whether tocilizumab is given, at ``rescue.LATE_H``.
    """

    drug: str
    regimen: str
    rescue: bool = False

    @property
    def name(self) -> str:
        """An identifier, also the name of its files without the ending."""
        return self.model + ("_rescue" if self.rescue else "")

    @property
    def model(self) -> str:
        """Name of the dosed SBML model it is simulated with."""
        return model_name(self.drug, self.regimen)

    def title(self, record: Record) -> str:
        """In words: drug, regimen, rescue."""
        words = (
            f"{record.drug(self.drug).label}, {load_drug(self.drug).regimens[self.regimen].label}"
        )
        if not self.rescue:
            return words
        return (
            f"{words}, tocilizumab {load_tocilizumab().regimens['clinical'].label} at {LATE_H:g} h"
        )


def reference_courses() -> tuple[ReferenceCourse, ...]:
    """Every shipped regimen, and the rescue of the severe drug."""
    plain = (ReferenceCourse(drug, regimen) for drug, regimen in shipped())
    return (*plain, ReferenceCourse(SEVERE, "clinical", rescue=True))


def grid() -> NDArray[np.float64]:
    """Reported times (h)."""
    return np.linspace(0.0, HORIZON_H, N_STEPS + 1)


def reference(record: Record, course: ReferenceCourse) -> NDArray[np.float64]:
    """States by SciPy on :func:`grid`, ``(T, n_states)``, in the order of ``equations.STATES``.

    At the time of a dose the value is the one just after it, as in the SBML Test Suite.
    """
    rescue = None
    if course.rescue:
        given = load_tocilizumab().regimens["clinical"].shifted(LATE_H)
        rescue = Rescue(record.tocilizumab, given)
    found = simulate(
        record.drug(course.drug),
        record.network,
        load_drug(course.drug).regimens[course.regimen],
        rescue=rescue,
        crp=record.crp,
        horizon_h=HORIZON_H + _BEYOND_H,
        times=grid(),
        engine="scipy",
        rtol=RTOL,
        atol=ATOL,
    )
    rows = np.searchsorted(found.times, grid())
    # without the rescue a run has no states of tocilizumab, and they read 0
    return np.stack([np.asarray(found[name])[rows] for name in STATES], axis=1)


def reference_csv(record: Record, course: ReferenceCourse) -> str:
    """The reference as CSV: ``time`` (h), then every state in its own unit."""
    table = np.column_stack([grid(), reference(record, course)])
    lines = [",".join(("time", *STATES))]
    lines += [",".join(f"{value:.{DIGITS}g}" for value in row) for row in table]
    return "\n".join(lines) + "\n"
