"""The courses that the exports reproduce, and their reference by SciPy at tight tolerances."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..analyses import SEVERE
from ..model import HORIZON_H, Trajectory, Treatment, simulate_treatment
from ..protocol import Record
from .dosed import DosedModel, dosed_model, shipped
from .sbml import DEX_FACTOR, TCZ_FACTOR

STEP_H = 0.5
"""Of the reported grid."""
_BEYOND_H = 1.0
"""The reference goes on past the last reported time (h), where a dose may fall too."""
RTOL, ATOL = 1e-10, 1e-12
"""Of the reference; the absolute one is in each state's own unit."""
DIGITS = 10
"""Significant digits of the reference as written."""


@dataclass(frozen=True)
class ReferenceCourse:
    """A dosed model with what stands ready in it given or not.

    Attributes:
        model: the drug, its doses, and what stands ready.
        rescue, steroid: whether tocilizumab and dexamethasone are given.
    """

    model: DosedModel
    rescue: bool = False
    steroid: bool = False

    @property
    def name(self) -> str:
        """An identifier, also the name of its files without the ending."""
        return self.model.name + "_rescue" * self.rescue + "_steroid" * self.steroid

    @property
    def title(self) -> str:
        """In words: drug, regimen, co-medications."""
        words, given = [self.model.title], self.model.treatment
        if self.rescue and given.rescue is not None:
            label, start_h = given.rescue.regimen.label, self.model.rescue_h
            words.append(f"tocilizumab {label} at {start_h:g} h")
        if self.steroid and given.steroid is not None:
            label, start_h = given.steroid.regimen.label, self.model.steroid_h
            words.append(f"dexamethasone {label} at {start_h:g} h")
        return ", ".join(words)

    @property
    def changes(self) -> dict[str, str]:
        """Parameters of the model's file that are set for it, with their values as written."""
        return ({TCZ_FACTOR: "1"} if self.rescue else {}) | (
            {DEX_FACTOR: "1"} if self.steroid else {}
        )

    @property
    def treatment(self) -> Treatment:
        """What is given: what is not is no part of it."""
        given, model = self.model.treatment, self.model
        rescue, steroid = given.rescue, given.steroid
        if rescue is not None:
            rescue = replace(rescue, regimen=rescue.regimen.shifted(model.rescue_h))
        if steroid is not None:
            steroid = replace(steroid, regimen=steroid.regimen.shifted(model.steroid_h))
        return replace(
            given,
            rescue=rescue if self.rescue else None,
            steroid=steroid if self.steroid else None,
        )

    @property
    def times(self) -> NDArray[np.float64]:
        """Reported times (h)."""
        return grid(self.model.horizon_h)


def reference_courses(record: Record) -> tuple[ReferenceCourse, ...]:
    """Every shipped regimen, and the co-medications of the severe drug one by one."""
    plain = [ReferenceCourse(dosed_model(record, *pair)) for pair in shipped()]
    severe = dosed_model(record, SEVERE, "clinical")
    courses = (*plain, ReferenceCourse(severe, rescue=True))
    if severe.treatment.steroid is None:
        return courses
    return (*courses, ReferenceCourse(severe, steroid=True))


def grid(horizon_h: float = HORIZON_H) -> NDArray[np.float64]:
    """Reported times (h): every half hour."""
    return np.linspace(0.0, horizon_h, n_steps(horizon_h) + 1)


def n_steps(horizon_h: float) -> int:
    """Steps of the reported grid."""
    return max(1, round(horizon_h / STEP_H))


def reference(course: ReferenceCourse) -> NDArray[np.float64]:
    """States by SciPy at the course's times, ``(T, n_states)``, in the order of its model.

    At the time of a dose the value is the one just after it, as in the SBML Test Suite.
    """
    found = simulated(course, engine="scipy", rtol=RTOL, atol=ATOL)
    rows = np.searchsorted(found.times, course.times)
    absent = np.zeros(len(rows))
    return np.stack(
        [
            # what stands ready and is not given has no states in a run, and is 0 in the model
            found[name][rows] if name in found.names else absent
            for name in course.model.structure.states
        ],
        axis=1,
    )


def simulated(course: ReferenceCourse, **options: Any) -> Trajectory:
    """The course by an engine; options as of :func:`qsp_lib.model.simulation.simulate`."""
    table, end = course.treatment.drug.table, course.model.horizon_h
    # a table that does not say how it ends is not read beyond its last row
    beyond = _BEYOND_H if table is None or table.ends is not None else 0.0
    return simulate_treatment(
        course.treatment, horizon_h=end + beyond, times=course.times, **options
    )


def reference_csv(course: ReferenceCourse) -> str:
    """The reference as CSV: ``time`` (h), then every state in its own unit."""
    table = np.column_stack([course.times, reference(course)])
    lines = [",".join(("time", *course.model.structure.states))]
    lines += [",".join(f"{value:.{DIGITS}g}" for value in row) for row in table]
    return "\n".join(lines) + "\n"
