"""One arm of a prediction: a drug alone or with cover, with peaks, steps and courses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..model import Trajectory, severity
from .rows import fine, joined, thinned, with_doses
from .setting import INDEX_H, Setup, Together

Array = NDArray[np.float64]
LEVELS = ("C", "A", "TNF", "IFN", "IL6")
"""What peaks are given of; cytokines with the healthy level added."""
LEVEL_UNITS = {"C": "ng/mL", "A": "fraction", "TNF": "pg/mL", "IFN": "pg/mL", "IL6": "pg/mL"}
COURSES = (*LEVELS, "S")
OF_THE_DRUG = ("C", "A")
"""What no co-medication touches: both arms have it in common, and it is worked out once."""
_KINDS = ("low", "median", "high")


@dataclass(frozen=True)
class Estimate:
    """A number at the locked point, and its 5th, 50th and 95th percentile over draws.

    The locked point is one set of values, the optimum of the fit, and need not lie in the middle of
    the draws. ``low``, ``median`` and ``high`` are None where nothing was drawn.
    """

    locked_point: float
    low: float | None = None
    median: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, locked_point: float, drawn: ArrayLike) -> Estimate:
        """From what was drawn ``(N,)``; a draw without a finite number is left out."""
        values = np.asarray(drawn, dtype=float)
        finite = values[np.isfinite(values)]
        return cls(
            float(locked_point),
            *map(float, np.percentile(finite, [5, 50, 95])) if finite.size else (),
        )

    @property
    def central(self) -> float:
        """The number to give first: the median of the draws; the locked point's without any.

        >>> Estimate(1.0, 2.0, 3.0, 4.0).central, Estimate(1.0).central
        (3.0, 1.0)
        """
        return self.locked_point if self.median is None else self.median

    def as_dict(self) -> dict[str, float]:
        """The numbers by name, without those that are None."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Step:
    """One dose of a regimen, with all that begin at its time, until the next or the end.

    Attributes:
        given: the dose.
        end_h: when the next one begins to act, or the end (h).
        il6: highest IL-6 within it (pg/mL, healthy level included).
        il6_time: when that is reached (h).
        severity: severity index of its stretch of time alone.
    """

    given: Together
    end_h: float
    il6: Estimate
    il6_time: Estimate
    severity: Estimate

    @property
    def start_h(self) -> float:
        """When it begins (h)."""
        return self.given.start_h

    @property
    def dose_ug(self) -> float:
        """What is given (ug)."""
        return self.given.dose_ug


@dataclass(frozen=True)
class Arm:
    """The course of the drug, with or without cover.

    Attributes:
        peaks: highest value by name, in `LEVEL_UNITS`.
        peak_times: when it is reached (h).
        severity: the index z of the whole course.
        severity_week: of the 168 h from the first dose on, as the records' own indices are.
        severity_after: of the course from the first dose of cover on; None if none is asked for.
        grade: illustrative grade of the central index.
        grade_of_locked_point: the same of the locked point.
        grade_shares: share of draws in grades 0 to 4; None where nothing was drawn.
        steps: one a dose of the regimen.
        times_h: of the courses, ``(T,)``; both arms have the same.
        courses: by name, estimates ``(T,)`` as locked_point, low, median, high, or the locked
            point's alone.
        asked: levels at the times that were asked for, by name, one estimate a time.
        drawn: ``severity`` and ``IL6``, its peak, of each draw that completed.
    """

    peaks: Mapping[str, Estimate]
    peak_times: Mapping[str, Estimate]
    severity: Estimate
    severity_week: Estimate
    severity_after: Estimate | None
    grade: int
    grade_of_locked_point: int
    grade_shares: tuple[float, ...] | None
    steps: tuple[Step, ...]
    times_h: Array
    courses: Mapping[str, Mapping[str, Array]]
    asked: Mapping[str, tuple[Estimate, ...]]
    drawn: Mapping[str, Array] = field(repr=False, compare=False)

    def central(self, name: str) -> Array:
        """The course to give first ``(T,)``: the draws' median; the locked point's without any."""
        course = self.courses[name]
        return course.get("median", course["locked_point"])


class Measure:
    """Collects the numbers of one arm: first from the locked point, then from parts of draws."""

    def __init__(self, setting: Setup) -> None:
        self.setting = setting
        starts = [step.start_h + setting.lag_h for step in setting.steps]
        self.windows = tuple(zip(starts, (*starts[1:], setting.horizon_h), strict=True))
        self.taken: list[dict[str, Array]] = []
        self.indices: list[Array] = []

    def take(self, course: Trajectory, untreated: Trajectory) -> None:
        """The numbers of every set of a course that completed, beside the drug alone."""
        shift = self.setting.shift_h
        base = severity.baselines()
        numbers: dict[str, Array] = {}
        for name in LEVELS:
            peak = (untreated if name in OF_THE_DRUG else course).peak(name, shift)
            numbers[f"peak/{name}"] = np.atleast_1d(peak.value) + base.get(name, 0.0)
            numbers[f"time/{name}"] = np.atleast_1d(peak.time_h) - shift
        numbers["time/S"] = np.atleast_1d(course.peak("S", shift).time_h) - shift
        numbers["severity"] = np.atleast_1d(severity.index(course, shift))
        first_h = self.setting.regimen.first_dose_h + shift
        week = course.peak("S", first_h, first_h + INDEX_H).value
        numbers["week"] = np.log10(severity.fold_rise(np.atleast_1d(week), "IL6"))
        if self.setting.cover.first_h is not None:
            start = max(self.setting.cover.first_h, 0.0) + shift
            numbers["after"] = np.atleast_1d(severity.index(course, start))
        for i, (start, end) in enumerate(self.windows):
            il6 = course.peak("IL6", start + shift, end + shift)
            signal = course.peak("S", start + shift, end + shift)
            numbers[f"step/{i}/il6"] = np.atleast_1d(il6.value) + base["IL6"]
            numbers[f"step/{i}/il6_time"] = np.atleast_1d(il6.time_h) - shift
            numbers[f"step/{i}/S_time"] = np.atleast_1d(signal.time_h) - shift
            fold = severity.fold_rise(np.atleast_1d(signal.value), "IL6")
            numbers[f"step/{i}/severity"] = np.log10(fold)
        self.taken.append(numbers)

    @property
    def peak_times(self) -> list[float]:
        """When anything that is printed peaks at the locked point (h)."""
        return [float(v[0]) for name, v in self.taken[0].items() if name.split("/")[-1] in _TIMES]

    def arm(self, courses: Courses, name: str) -> Arm:
        """What was collected, summarised."""
        boundaries = self.setting.record.boundaries
        shares = None
        if len(self.taken) > 1:
            grades = boundaries.grade(self._drawn("severity"))
            shares = tuple(float(np.mean(grades == grade)) for grade in range(5))
        steps = tuple(
            Step(
                given,
                end,
                self._estimate(f"step/{i}/il6"),
                self._estimate(f"step/{i}/il6_time"),
                self._estimate(f"step/{i}/severity"),
            )
            for i, (given, (_, end)) in enumerate(
                zip(self.setting.steps, self.windows, strict=True)
            )
        )
        after = self.setting.cover.first_h is not None
        index = self._estimate("severity")
        return Arm(
            peaks=MappingProxyType({n: self._estimate(f"peak/{n}") for n in LEVELS}),
            peak_times=MappingProxyType({n: self._estimate(f"time/{n}") for n in LEVELS}),
            severity=index,
            severity_week=self._estimate("week"),
            severity_after=self._estimate("after") if after else None,
            grade=int(boundaries.grade(index.central)),
            grade_of_locked_point=int(boundaries.grade(index.locked_point)),
            grade_shares=shares,
            steps=steps,
            times_h=courses.shown_h,
            courses=courses.of(name),
            asked=courses.asked(name),
            drawn=MappingProxyType(
                {
                    "severity": self._drawn("severity"),
                    "IL6": self._drawn("peak/IL6"),
                }
                if len(self.taken) > 1
                else {}
            ),
        )

    def _drawn(self, name: str) -> Array:
        return np.concatenate([numbers[name] for numbers in self.taken[1:]])

    def _estimate(self, name: str) -> Estimate:
        drawn = self._drawn(name) if len(self.taken) > 1 else ()
        return Estimate.of(self.taken[0][name][0], drawn)


_TIMES = frozenset({*LEVELS, "S", "il6_time", "S_time"})


MOST_VALUES = 50_000_000
"""Levels of all draws that are kept until their percentiles are taken: 400 MB."""


class Courses:
    """Collects the courses of all arms at one set of times, and thins them out together.

    Args:
        setting: what is followed.
        locked_point: each arm at the locked point; the first is the drug alone.
        peaks_h: times of peaks, which stay among the rows.
        asked_h: times that are asked for, on the drug's clock.
        n_draws: how many draws will be taken.
    """

    def __init__(
        self,
        setting: Setup,
        locked_point: Mapping[str, Trajectory],
        peaks_h: list[float],
        asked_h: tuple[float, ...],
        n_draws: int,
    ) -> None:
        self.setting, self.asked_h = setting, asked_h
        shift, horizon = setting.shift_h, setting.horizon_h
        doses = with_doses([step.start_h for step in setting.steps], horizon)
        changes = np.concatenate([c.times[c.task.schedule.firsts] for c in locked_point.values()])
        times = np.concatenate([c.times for c in locked_point.values()]) - shift
        # a sum of hours has an error in its last digits, which must not make two rows of one time
        self.kept = joined(doses, [*asked_h, *peaks_h, *(changes - shift)])
        times = joined(self.kept, times)
        self.times_h = fine(
            times, lambda t: np.concatenate(list(self._read(locked_point, t).values()))
        )
        if n_draws * self.times_h.size * len(COURSES) * len(locked_point) > MOST_VALUES:
            levels = np.concatenate(list(self._read(locked_point, self.times_h).values()))
            self.times_h = self.times_h[thinned(self.times_h, levels, self.kept)]
        self.locked_point = self._read(locked_point, self.times_h)
        self.drawn: dict[str, list[Array]] = {name: [] for name in locked_point}
        self._columns: dict[str, Array] = {}
        self._rows: NDArray[np.int_] | None = None

    def take(self, courses: Mapping[str, Trajectory]) -> None:
        """The levels of every set of all arms, which completed in each."""
        for name, levels in self._read(courses, self.times_h, every_set=True).items():
            self.drawn[name].append(levels)

    def _read(
        self, courses: Mapping[str, Trajectory], times_h: Array, every_set: bool = False
    ) -> dict[str, Array]:
        """Levels ``(6, T)`` of each arm, or ``(6, N, T)``, healthy levels included."""
        base = severity.baselines()
        first = next(iter(courses.values()))
        at = np.clip(times_h + self.setting.shift_h, first.times[0], first.times[-1])
        own = first.along(OF_THE_DRUG, at)
        found = {}
        for name, course in courses.items():
            levels = own | course.along([n for n in COURSES if n not in own], at)
            stacked = np.stack(
                [
                    np.maximum(levels[n], 0.0) + base.get("IL6" if n == "S" else n, 0.0)
                    for n in COURSES
                ]
            )
            found[name] = stacked if every_set else stacked[:, 0]
        return found

    def _all(self) -> dict[str, Array]:
        """Columns ``(6, k, T)`` of each arm: the locked point's alone, or with percentiles."""
        if not self._columns:
            for name, levels in self.locked_point.items():
                bands = [levels[:, None]]
                if self.drawn[name]:
                    drawn = np.concatenate(self.drawn[name], axis=1)
                    bands.append(np.percentile(drawn, [5, 50, 95], axis=1).transpose(1, 0, 2))
                self._columns[name] = np.concatenate(bands, axis=1)
            self.drawn = {name: [] for name in self.drawn}
        return self._columns

    @property
    def _shown(self) -> NDArray[np.int_]:
        if self._rows is None:
            together = np.concatenate([c.reshape(-1, c.shape[-1]) for c in self._all().values()])
            self._rows = thinned(self.times_h, together, self.kept)
        return self._rows

    @property
    def shown_h(self) -> Array:
        """Times of the rows that are kept (h), ``(T,)``."""
        return self.times_h[self._shown]

    def of(self, arm: str) -> Mapping[str, Mapping[str, Array]]:
        """The courses of one arm, by name."""
        columns = self._all()[arm][..., self._shown]
        return MappingProxyType(
            {
                name: MappingProxyType(dict(zip(("locked_point", *_KINDS), column, strict=False)))
                for name, column in zip(COURSES, columns, strict=True)
            }
        )

    def asked(self, arm: str) -> Mapping[str, tuple[Estimate, ...]]:
        """The levels of one arm at the times that were asked for, by name."""
        at = [int(np.abs(self.times_h - time).argmin()) for time in self.asked_h]
        columns = self._all()[arm][..., at]
        found: dict[str, Any] = {}
        for name, column in zip(COURSES, columns, strict=True):
            found[name] = tuple(Estimate(*map(float, column[:, i])) for i in range(len(at)))
        return MappingProxyType(found)
