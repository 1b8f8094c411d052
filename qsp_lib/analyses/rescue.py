"""Tocilizumab rescue of the severe drug: seven phenomena, each a numeric predicate.

Time is measured from the first dose of the drug; tocilizumab may come before it.
Every function works on one parameter set or on a batch of draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..common import InputError
from ..drugs import load_drug, load_tocilizumab
from ..model import HORIZON_H, Draws, Peak, Rescue, Trajectory, severity
from ..protocol import Record

Array = NDArray[np.float64]
Verdicts = NDArray[np.bool_] | np.bool_

SEVERE = "tgn1412"
FULL_MG_PER_KG = 8.0
INFUSION_H = 1.0
REPEAT_AFTER_H = 8.0
"""Label interval between doses (TZ025)."""
EARLY_H, LATE_H, DAY_H, WEEK_H = 2.0, 6.0, 24.0, 168.0
UNCHANGED = 0.05
MONOTONE = 1e-3
"""Benefits that differ by less are the same."""


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
    file = load_drug(SEVERE)
    regimen, dose_h, rescue = file.regimens["clinical"], 0.0, None
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
        one = load_tocilizumab().regimens["clinical"].scaled(mg_per_kg / FULL_MG_PER_KG)
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
    return 1 - treated.area("S") / untreated.area("S")


@dataclass(frozen=True)
class Phenomenon:
    """One phenomenon of rescue: its statement, where it was seen, and whether it appears.

    Attributes:
        key: its name in results.
        label: its name in words.
        evidence: rows that report it.
        kind: what it takes for it to appear: ``construction`` (the equations alone),
            ``pharmacokinetics`` (tocilizumab's, published), or ``dynamics`` (the fit).
        holds: ``(N,)``, one a draw; a scalar array for the locked values.
        numbers: what the verdict rests on.
        against: rows that speak against it.
    """

    key: str
    label: str
    statement: str
    evidence: tuple[str, ...]
    kind: str
    holds: Verdicts
    numbers: dict[str, Array]
    against: tuple[str, ...] = ()


def phenomena(
    record: Record,
    sweep_h: Sequence[float],
    doses_mg_per_kg: Sequence[float],
    draws: Draws | None = None,
    f_R: float | None = None,
) -> tuple[Phenomenon, ...]:
    """The seven phenomena, at the locked values or for each draw.

    Args:
        record: the lock record.
        sweep_h: times of tocilizumab (h from the drug's dose), increasing.
        doses_mg_per_kg: doses to look for one that is too small, increasing.
        draws: the record's own draws of the severe drug.
        f_R: share of IL-6 clearance through the receptor.

    Raises:
        InputError: an empty or unordered sweep, or one without prophylaxis.
    """
    for what, values in (("times", sweep_h), ("doses", doses_mg_per_kg)):
        if len(values) < 2 or np.any(np.diff(values) <= 0):
            raise InputError(f"{what} {list(values)} must be two or more, and increase.")
    if sweep_h[0] > 0:
        raise InputError(
            f"times {list(sweep_h)}: one of the times must be 0 or less (prophylaxis)."
        )
    options: dict[str, Any] = {"draws": draws, "f_R": f_R}
    untreated = simulate_course(record, None, draws=draws)
    late = simulate_course(record, LATE_H, **options)
    timed = {t: simulate_course(record, t, **options) for t in sweep_h}
    twice = simulate_course(record, LATE_H, n_doses=2, **options)
    small = {d: simulate_course(record, LATE_H, mg_per_kg=d, **options) for d in doses_mg_per_kg}
    return (
        _total_rises_signal_falls(late, untreated),
        _severity_falls(record, timed, late, untreated),
        _crp_follows(late),
        _upstream_spared(late, untreated),
        _earlier_is_better(timed, untreated),
        _one_dose_is_enough(late, twice, untreated),
        _too_little_fails(small, untreated),
    )


def _total_rises_signal_falls(late: Course, untreated: Course) -> Phenomenon:
    before = late.at("IL6", LATE_H)
    total = late.peak("IL6", LATE_H, LATE_H + DAY_H).value / before
    beside = late.at("IL6", LATE_H + DAY_H) / untreated.at("IL6", LATE_H + DAY_H)
    signal = late.at("S", LATE_H + DAY_H) / late.at("S", LATE_H)
    return Phenomenon(
        "total_rises",
        "total rises, signal falls",
        "total IL-6 rises after tocilizumab while the effective signal falls",
        # less IL-6 made, by feedback that is cut, can outweigh less IL-6 cleared: it needs the fit
        ("TZ001", "TZ002"),
        "dynamics",
        (total > 1) & (beside > 1) & (signal < 1),
        {"total_over_before": total, "total_over_untreated": beside, "signal_over_before": signal},
    )


def _severity_falls(
    record: Record, timed: dict[float, Course], late: Course, untreated: Course
) -> Phenomenon:
    grade = record.boundaries.grade
    whole = grade(untreated.index())
    early = [grade(c.index()) for t, c in timed.items() if t <= EARLY_H]
    early_drop = whole - np.max(early, axis=0)
    from_h = LATE_H + DAY_H
    late_drop = grade(untreated.index(from_h)) - grade(late.index(from_h))
    signal = late.at("S", DAY_H) / untreated.at("S", DAY_H)
    return Phenomenon(
        "severity_falls",
        "severity falls",
        "by 2 h: peak severity falls by a grade or more; at 6 h: severity from a day later on "
        "falls by a grade or more, and the signal at 24 h is below a quarter of the untreated",
        ("TZ005", "TZ008", "TZ009"),
        "dynamics",
        (early_drop >= 1) & (late_drop >= 1) & (signal < 0.25),
        {
            "early_grade_drop": early_drop.astype(float),
            "late_grade_drop": late_drop.astype(float),
            "signal_at_24h": signal,
        },
    )


def _crp_follows(late: Course) -> Phenomenon:
    crp, signal = late.peak("CRP"), late.peak("S")
    after_day = late.at("CRP", LATE_H + DAY_H) / crp.value
    after_days = late.at("CRP", LATE_H + 4 * DAY_H) / crp.value
    lag = crp.time_h - signal.time_h
    return Phenomenon(
        "crp_follows",
        "CRP follows",
        "CRP peaks later than the signal and falls over days: not by three quarters in one day, "
        "but to below half in four",
        ("TZ001", "TZ010", "EA125"),
        "dynamics",
        (lag > 0) & (after_day > 0.25) & (after_days < 0.5),
        {"lag_h": lag, "crp_a_day_later": after_day, "crp_four_days_later": after_days},
    )


def _upstream_spared(late: Course, untreated: Course) -> Phenomenon:
    change = {
        "activated_area": late.area("A") / untreated.area("A") - 1,
        **{
            f"{c}_peak": late.peak(c, 0, DAY_H).value / untreated.peak(c, 0, DAY_H).value - 1
            for c in ("TNF", "IFN")
        },
    }
    holds = np.all([np.abs(value) < UNCHANGED for value in change.values()], axis=0)
    return Phenomenon(
        "upstream_spared",
        "upstream spared",
        "activated T cells and the first TNF and IFN-γ peaks change by less than 5 %",
        ("TZ023",),
        "construction",
        holds,
        change,
    )


def _earlier_is_better(timed: dict[float, Course], untreated: Course) -> Phenomenon:
    benefits = np.stack([np.asarray(benefit(course, untreated)) for course in timed.values()])
    falls = np.all(np.diff(benefits, axis=0) <= MONOTONE, axis=0)
    times = np.array(list(timed))
    prophylactic = benefits[times <= 0].max(axis=0) >= benefits.max(axis=0) - MONOTONE
    return Phenomenon(
        "earlier_is_better",
        "the earlier the better",
        "the benefit falls monotonically with the time of tocilizumab, and prophylaxis is best",
        ("TZ012", "TZ013"),
        "dynamics",
        falls & prophylactic,
        {
            "benefit_first": benefits[0],
            "benefit_last": benefits[-1],
            "largest_rise": np.diff(benefits, axis=0).max(axis=0),
        },
        against=("TZ020",),
    )


def _one_dose_is_enough(late: Course, twice: Course, untreated: Course) -> Phenomenon:
    after = late.trajectory.times >= late.dose_h + LATE_H + INFUSION_H
    lowest = late.trajectory["rho"][..., after].min(axis=-1)
    once, both = benefit(late, untreated), benefit(twice, untreated)
    added = both / once - 1
    return Phenomenon(
        "one_dose_is_enough",
        "one dose is enough",
        "one dose of 8 mg/kg holds occupancy above 90 % for the week; a second adds under 5 %",
        ("TZ007", "TZ025", "PK054"),
        "pharmacokinetics",
        (lowest > 0.9) & (added < UNCHANGED),
        {"lowest_occupancy": lowest, "added_by_second": added},
    )


def rebound(course: Course, untreated: Course) -> Array:
    """Rise of the signal after its nadir under tocilizumab, as a share of the untreated peak."""
    after = course.trajectory.times >= course.dose_h + LATE_H
    signal = course.trajectory["S"][..., after]
    nadir = signal.argmin(axis=-1, keepdims=True)
    later = np.arange(signal.shape[-1]) >= nadir
    highest = np.where(later, signal, -np.inf).max(axis=-1)
    return (highest - signal.min(axis=-1)) / untreated.peak("S").value


def _too_little_fails(small: dict[float, Course], untreated: Course) -> Phenomenon:
    rises = np.stack([np.asarray(rebound(course, untreated)) for course in small.values()])
    doses = np.array(list(small))
    fails = rises > 0.20
    largest = np.where(fails.any(axis=0), (fails.T * doses).max(axis=-1), np.nan)
    return Phenomenon(
        "too_little_fails",
        "too little fails",
        "after some dose below 8 mg/kg the signal rises again by more than a "
        "fifth of the untreated peak",
        ("TZ007",),
        "dynamics",
        fails.any(axis=0),
        {"largest_rebound": rises.max(axis=0), "largest_failing_dose": largest},
    )
