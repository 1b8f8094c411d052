"""One arm of a prediction: a drug alone or with tocilizumab, with peaks, steps and courses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model import Trajectory, severity
from .setting import Setup, rises

Array = NDArray[np.float64]
LEVELS = ("C", "A", "TNF", "IFN", "IL6")
"""What peaks are given of; cytokines with the healthy level added."""
LEVEL_UNITS = {"C": "ng/mL", "A": "fraction", "TNF": "pg/mL", "IFN": "pg/mL", "IL6": "pg/mL"}
COURSES = (*LEVELS, "S")
MOST_COURSE_TIMES = 400


@dataclass(frozen=True)
class Estimate:
    """A number at the locked values, and its 5th, 50th and 95th percentile over draws.

    ``low``, ``median`` and ``high`` are None where nothing was drawn.
    """

    central: float
    low: float | None = None
    median: float | None = None
    high: float | None = None

    def as_dict(self) -> dict[str, float]:
        """The numbers by name, without those that are None."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Step:
    """One step of a regimen, from a rise of dose to the next.

    Attributes:
        start_h, end_h: when it begins and ends (h).
        dose_ug: its first dose (ug).
        il6: highest IL-6 within it (pg/mL, healthy level included).
        severity: severity index of its stretch of time alone.
    """

    start_h: float
    end_h: float
    dose_ug: float
    il6: Estimate
    severity: Estimate


@dataclass(frozen=True)
class Arm:
    """The course of the drug, with or without tocilizumab.

    Attributes:
        peaks: highest value by name, in `LEVEL_UNITS`.
        peak_times: when it is reached (h).
        severity: the index z of the whole course.
        severity_after: of the course from the dose of tocilizumab on; None if none is asked for.
        grade: illustrative grade at the locked values.
        grade_shares: share of draws in grades 0 to 4; None where nothing was drawn.
        steps: one a step of the regimen.
        times_h: of the courses, ``(T,)``.
        courses: by name, estimates ``(T,)`` as central, low, median, high, or central alone.
    """

    peaks: Mapping[str, Estimate]
    peak_times: Mapping[str, Estimate]
    severity: Estimate
    severity_after: Estimate | None
    grade: int
    grade_shares: tuple[float, ...] | None
    steps: tuple[Step, ...]
    times_h: Array
    courses: Mapping[str, Mapping[str, Array]]


class Measure:
    """Collects the numbers of one arm: first from the locked values, then from parts of draws."""

    def __init__(self, setting: Setup, treated: bool) -> None:
        self.setting, self.treated = setting, treated
        starts = rises(setting.regimen)
        starts = tuple(start for start in starts if start < setting.horizon_h)
        self.windows = tuple(zip(starts, (*starts[1:], setting.horizon_h), strict=True))
        self.taken: list[dict[str, Array]] = []
        self.shown: list[dict[str, Array]] = []
        self.n_times = 0
        self.times_h: Array = np.empty(0)

    def take(self, course: Trajectory) -> None:
        """The numbers of every set of a course that completed."""
        shift = self.setting.shift_h
        keep = self._shown_times(course.times, shift)
        self.n_times, self.times_h = course.times.size, course.times[keep] - shift
        base = severity.baselines()
        numbers: dict[str, Array] = {}
        for name in LEVELS:
            peak = course.peak(name, shift)
            numbers[f"peak/{name}"] = np.atleast_1d(peak.value) + base.get(name, 0.0)
            numbers[f"time/{name}"] = np.atleast_1d(peak.time_h) - shift
        numbers["severity"] = np.atleast_1d(severity.index(course, shift))
        if self.setting.tocilizumab_h is not None:
            start = max(self.setting.tocilizumab_h, 0.0) + shift
            numbers["after"] = np.atleast_1d(severity.index(course, start))
        for i, (start, end) in enumerate(self.windows):
            il6 = course.peak("IL6", start + shift, end + shift).value
            signal = course.peak("S", start + shift, end + shift).value
            numbers[f"step/{i}/il6"] = np.atleast_1d(il6) + base["IL6"]
            fold = severity.fold_rise(np.atleast_1d(signal), "IL6")
            numbers[f"step/{i}/severity"] = np.log10(fold)
        self.taken.append(numbers)
        levels = {name: np.atleast_2d(course[name])[:, keep] for name in COURSES}
        self.shown.append(
            {
                name: level + base.get("IL6" if name == "S" else name, 0.0)
                for name, level in levels.items()
            }
        )

    def arm(self) -> Arm:
        """What was collected, summarised."""
        boundaries = self.setting.record.boundaries
        shares = None
        if len(self.taken) > 1:
            grades = boundaries.grade(self._drawn("severity"))
            shares = tuple(float(np.mean(grades == grade)) for grade in range(5))
        first_doses = {d.time_h: d.amount_ug for d in reversed(self.setting.regimen.doses)}
        steps = tuple(
            Step(
                start,
                end,
                first_doses[start],
                self._estimate(f"step/{i}/il6"),
                self._estimate(f"step/{i}/severity"),
            )
            for i, (start, end) in enumerate(self.windows)
        )
        after = self.setting.tocilizumab_h is not None
        return Arm(
            peaks=MappingProxyType({n: self._estimate(f"peak/{n}") for n in LEVELS}),
            peak_times=MappingProxyType({n: self._estimate(f"time/{n}") for n in LEVELS}),
            severity=self._estimate("severity"),
            severity_after=self._estimate("after") if after else None,
            grade=int(boundaries.grade(self.taken[0]["severity"])[0]),
            grade_shares=shares,
            steps=steps,
            times_h=self.times_h,
            courses=MappingProxyType({name: self._course(name) for name in COURSES}),
        )

    def _shown_times(self, times: Array, shift: float) -> NDArray[np.int_]:
        """Report times from the regimen's start on, thinned out if there are many."""
        after = np.flatnonzero(times >= shift)
        if after.size <= MOST_COURSE_TIMES:
            return after
        return after[np.linspace(0, after.size - 1, MOST_COURSE_TIMES).astype(int)]

    def _drawn(self, name: str) -> Array:
        return np.concatenate([numbers[name] for numbers in self.taken[1:]])

    def _estimate(self, name: str) -> Estimate:
        central = float(self.taken[0][name][0])
        if len(self.taken) == 1:
            return Estimate(central)
        low, median, high = np.percentile(self._drawn(name), [5, 50, 95])
        return Estimate(central, float(low), float(median), float(high))

    def _course(self, name: str) -> Mapping[str, Array]:
        course: dict[str, Any] = {"central": self.shown[0][name][0]}
        if len(self.shown) > 1:
            drawn = np.concatenate([levels[name] for levels in self.shown[1:]])
            bands = np.percentile(drawn, [5, 50, 95], axis=0)
            course |= dict(zip(("low", "median", "high"), bands, strict=True))
        return MappingProxyType(course)
