"""Predict one drug from the lock record: courses, severity, and what the answer rests on.

A drug that comes with the package is taken from the record, with the record's own draws. A drug
of one's own gets the record's network; its T-cell rates are drawn from the priors its file
declares, together with draws of the network from the record's posterior, so that draw i is one
network and one drug. A rate that is another drug's is that drug's in every draw.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import severity
from .dosing import Infusion, Regimen
from .drugs import DrugFile, load_drug, load_tocilizumab, shipped_drugs
from .equations import NETWORK
from .errors import InputError, IntegrationError
from .evidence_row import DECLARED
from .lock import Record
from .parameters import Draws, DrugInputs
from .posterior import laplace_draws, standard_normals
from .simulate import Rescue, simulate
from .trajectory import Trajectory

Array = NDArray[np.float64]

LEVELS = ("C", "A", "TNF", "IFN", "IL6")
"""What peaks are given of; cytokines with the healthy level added."""
LEVEL_UNITS = {"C": "ng/mL", "A": "fraction", "TNF": "pg/mL", "IFN": "pg/mL", "IL6": "pg/mL"}
COURSES = (*LEVELS, "S")
N_DRAWS = 200
MOST_DRAWS = 10_000
FOLLOWED_H = 168.0
"""How long after the last rise of dose a prediction runs if nothing else is asked (h)."""
LONGEST_H = 2 * 365 * 24.0
MOST_COURSE_TIMES = 400
_CHUNK_VALUES = 4_000_000  # states kept at a time, 32 MB
_OWN_RATES = ("k_act", "k_exh", "k_kill", "k_rec")

COVERS = (
    "The interval covers the uncertainty of parameters only: the network's 17 and the drug's "
    "T-cell rates. It does not cover the structure of the model, exposure, potency, or "
    "differences between patients, so the truth lies outside it more often than one time in ten."
)
NOT_FOR = (
    "A research model of published data. The grade is illustrative. Not for choosing a dose, a "
    "patient's treatment or a first-in-human trial."
)


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


@dataclass(frozen=True)
class Assumption:
    """A number the prediction rests on that no published value of this drug stands behind.

    ``log10_sd`` is the width of the prior it is drawn from; None for one that is not drawn.
    """

    name: str
    value: float
    unit: str
    reason: str
    note: str
    log10_sd: float | None = None


@dataclass(frozen=True)
class Prediction:
    """What the model says of one drug and regimen.

    Attributes:
        drug, label, mechanism: as the drug's file has them.
        regimen, regimen_label: key of the regimen and its words.
        horizon_h: how long it was followed (h).
        tocilizumab_h: when tocilizumab was given (h), or None.
        untreated, treated: without and, if asked for, with tocilizumab.
        n_draws, failed_draws: how many draws were made, and how many did not complete.
        lock: version, digest and date of the record.
        mark: empty, or words to show wherever unlocked values went in.
        references: severity index of the two drugs that the grades are set by.
        boundaries: lowest index of each grade.
        assumptions: what it rests on without a published value.
    """

    drug: str
    label: str
    mechanism: str
    regimen: str
    regimen_label: str
    horizon_h: float
    tocilizumab_h: float | None
    untreated: Arm
    treated: Arm | None
    n_draws: int
    failed_draws: int
    lock: Mapping[str, str]
    mark: str
    references: Mapping[str, float]
    boundaries: Mapping[str, float]
    assumptions: tuple[Assumption, ...]

    @property
    def arms(self) -> dict[str, Arm]:
        """``untreated`` and, if there is one, ``treated``."""
        arms = {"untreated": self.untreated}
        return arms if self.treated is None else arms | {"treated": self.treated}


@dataclass(frozen=True)
class Setting:
    """A drug, a regimen and a horizon, ready to be simulated from a record."""

    record: Record
    file: DrugFile
    inputs: DrugInputs
    regimen: Regimen
    horizon_h: float
    tocilizumab_h: float | None = None

    @property
    def shift_h(self) -> float:
        """How much later than on its own clock the drug is given, for tocilizumab before it (h)."""
        return max(0.0, -(self.tocilizumab_h or 0.0))

    def simulate(self, draws: Draws | None, *, treated: bool) -> Trajectory:
        """The course at the locked values, or for each draw; times from the earlier first dose."""
        solver, rescue = self.record.content["solver"], None
        if treated:
            assert self.tocilizumab_h is not None
            dose = load_tocilizumab().regimens["clinical"]
            rescue = Rescue(
                self.record.tocilizumab, dose.shifted(self.tocilizumab_h + self.shift_h)
            )
        return simulate(
            self.inputs, self.record.network, self.regimen.shifted(self.shift_h), rescue=rescue,
            draws=draws, horizon_h=self.horizon_h + self.shift_h, engine=solver["engine"],
            rtol=solver["rtol"], atol=solver["atol"],
        )  # fmt: skip


def predict(
    drug: str | os.PathLike[str],
    record: Record,
    *,
    regimen: str = "clinical",
    tocilizumab_h: float | None = None,
    horizon_h: float | None = None,
    n_draws: int = N_DRAWS,
    seed: int | None = None,
    class_defaults: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Prediction:
    """Predict a drug from a lock record.

    Args:
        drug: a drug that comes with the package, by name, or the path of a drug file.
        record: the lock record.
        regimen: key of one of the drug's regimens.
        tocilizumab_h: when to give tocilizumab, 8 mg/kg (h from the regimen's start, negative
            for before it); the answer then has both courses.
        horizon_h: how long to follow (h); default a week after the last rise of dose.
        n_draws: how many joint draws the intervals come from; 0 for none.
        seed: of the draws; the record's own by default.
        class_defaults: take what the file leaves out from the drug's class; see `load_drug`.
        progress: called now and then with the draws done and to do.

    Raises:
        InputError: A drug, regimen, time or number of draws that cannot be used.
        IntegrationError: The course at the locked values did not complete, or no draw did.
    """
    setting = prepare(
        drug, record, regimen=regimen, tocilizumab_h=tocilizumab_h, horizon_h=horizon_h,
        class_defaults=class_defaults,
    )  # fmt: skip
    if not 0 <= n_draws <= MOST_DRAWS:
        raise InputError(f"{n_draws} draws were asked for; expected 0 to {MOST_DRAWS}.")
    names = ("untreated",) if tocilizumab_h is None else ("untreated", "treated")
    measures = {name: _Measure(setting, name == "treated") for name in names}
    mark = ""
    for measure in measures.values():
        central = setting.simulate(None, treated=measure.treated)
        central.require_completed()
        measure.take(central)
        mark = mark or central.mark
    failed = 0
    if n_draws:
        draws = draws_for(setting, n_draws, seed)
        for part in _parts(n_draws, measures["untreated"].n_times * len(names)):
            courses = {
                n: setting.simulate(draws[part], treated=m.treated) for n, m in measures.items()
            }
            kept = np.all([course.completed for course in courses.values()], axis=0)
            failed += int((~kept).sum())
            if kept.any():
                for name, course in courses.items():
                    measures[name].take(course.select(kept))
            if progress is not None:
                progress(min(part.stop, n_draws), n_draws)
        if failed == n_draws:
            raise IntegrationError(f"none of {n_draws} draws completed; there is no interval.")
    arms = {name: measure.arm() for name, measure in measures.items()}
    index = record.content["severity"]["index"]
    return Prediction(
        drug=setting.inputs.name, label=setting.inputs.label, mechanism=setting.inputs.mechanism,
        regimen=regimen, regimen_label=setting.regimen.label, horizon_h=setting.horizon_h,
        tocilizumab_h=tocilizumab_h, untreated=arms["untreated"], treated=arms.get("treated"),
        n_draws=n_draws, failed_draws=failed, lock=MappingProxyType(record.summary), mark=mark,
        references=MappingProxyType(dict(index)),
        boundaries=MappingProxyType(vars(record.boundaries)),
        assumptions=assumptions(setting),
    )  # fmt: skip


def prepare(
    drug: str | os.PathLike[str],
    record: Record,
    *,
    regimen: str = "clinical",
    tocilizumab_h: float | None = None,
    horizon_h: float | None = None,
    class_defaults: bool = False,
) -> Setting:
    """Everything a prediction is made from, checked; arguments as of :func:`predict`."""
    file = load_drug(drug, class_defaults=class_defaults)
    if os.fspath(drug) in shipped_drugs():
        inputs = record.drug(os.fspath(drug))
    else:
        inputs = _own_inputs(file, record)
    if regimen not in file.regimens:
        raise InputError(
            f"{inputs.label} has no regimen {regimen!r}; it has {', '.join(file.regimens)}."
        )
    doses = file.regimens[regimen]
    horizon_h = default_horizon(doses) if horizon_h is None else horizon_h
    if not (math.isfinite(horizon_h) and 0 < horizon_h <= LONGEST_H):
        raise InputError(
            f"A horizon of {horizon_h:g} h was asked for; expected more than 0 and at most "
            f"{LONGEST_H:g} h (two years)."
        )
    if doses.first_dose_h >= horizon_h:
        raise InputError(
            f"The first dose of regimen {regimen!r} is at {doses.first_dose_h:g} h; expected it "
            f"within the {horizon_h:g} h that are followed."
        )
    if tocilizumab_h is not None and not -FOLLOWED_H <= tocilizumab_h < horizon_h:
        raise InputError(
            f"Tocilizumab at {tocilizumab_h:g} h was asked for; expected a time from "
            f"{-FOLLOWED_H:g} h to before the end at {horizon_h:g} h."
        )
    return Setting(record, file, inputs, doses, horizon_h, tocilizumab_h)


def rises(regimen: Regimen) -> tuple[float, ...]:
    """Times (h) of the first dose and of every dose larger than all before it.

    A longer infusion at the same rate is not larger.

    >>> from qsp_lib.dosing import Bolus, Regimen
    >>> rises(Regimen.of(Bolus(0, 10), Bolus(24, 10), Bolus(48, 300), Bolus(72, 300)))
    (0.0, 48.0)
    """
    times: list[float] = []
    amount = rate = 0.0
    for dose in regimen.doses:
        new_rate = dose.rate_ug_per_h if isinstance(dose, Infusion) else math.inf
        if dose.amount_ug > amount and new_rate > rate * (1 + 1e-9):
            times.append(float(dose.time_h))
        amount = max(amount, dose.amount_ug)
        rate = max(rate, new_rate) if math.isfinite(new_rate) else rate
    return tuple(times)


def default_horizon(regimen: Regimen) -> float:
    """A week after the last rise of dose (h), and at least a week; at most two years."""
    return min(max((0.0, *rises(regimen))) + FOLLOWED_H, LONGEST_H)


def draws_for(setting: Setting, n_draws: int, seed: int | None = None) -> Draws:
    """Joint draws ``(n_draws,)`` of the network and of the drug's T-cell rates.

    The posterior draws are those of the record for every drug, so that two drugs predicted with
    one seed can be compared draw by draw.
    """
    record, file = setting.record, setting.file
    seed = record.seed if seed is None else seed
    _, mean, covariance = record.posterior
    joint = record.draws_at(laplace_draws(mean, covariance, n_draws, seed), seed)
    if setting.inputs.lock is not None:
        return joint[setting.inputs.name]
    shared = next(iter(joint.values())).values
    values: dict[str, Array] = {name: shared[name] for name in NETWORK if name in shared}
    normals = standard_normals(n_draws, len(_OWN_RATES), seed + 2)
    for name, prior in file.priors.items():
        owner = file.same_as.get(name)
        if owner is not None and name in joint[owner].values:
            values[name] = joint[owner].values[name]
        elif owner is None and prior.status != "fixed":
            column = normals[:, _OWN_RATES.index(name)]
            values[name] = prior.median * 10.0 ** (prior.log10_sd * column)
    return Draws(values).stamped(record.stamp, setting.inputs.name)


def assumptions(setting: Setting) -> tuple[Assumption, ...]:
    """Every number of the drug that is assumed, borrowed or taken from its class."""
    found = []
    for name, given in setting.file.sources.items():
        owner = given.same_as
        reasons = ["class default"] if name in setting.file.class_defaults else []
        if owner is not None:
            reasons.append(
                f"as fitted to {owner}" if owner != "okt3" else f"as assumed for {owner}"
            )
        elif DECLARED in given.source and not reasons:
            fitted = given.status == "estimated" and setting.inputs.lock is not None
            reasons += ["fitted, from a declared prior" if fitted else DECLARED]
        if reasons:
            is_rate = name in _OWN_RATES
            value = float(getattr(setting.inputs, name)) if is_rate else given.value
            unit, note = "1/h" if is_rate else given.unit, " ".join(given.note.split())
            width = given.log10_sd if owner is None else None
            found.append(Assumption(name, value, unit, ", ".join(reasons), note, width))
    return tuple(found)


def _own_inputs(file: DrugFile, record: Record) -> DrugInputs:
    """Inputs of a drug of one's own, its borrowed rates as the record has them."""
    if file.inputs.role != "user":
        raise InputError(
            f"{file.inputs.label} has the role {file.inputs.role!r}, which belongs to a drug that "
            'comes with the package; expected role = "user", or that drug by its name.'
        )
    borrowed = {name: getattr(record.drug(owner), name) for name, owner in file.same_as.items()}
    return file.inputs.replace(**borrowed)


def _parts(n_draws: int, n_times: int) -> Iterator[slice]:
    """Draws a few at a time, so that a long course of many draws fits into memory."""
    size = max(1, min(n_draws, _CHUNK_VALUES // (14 * n_times)))
    for start in range(0, n_draws, size):
        yield slice(start, start + size)


class _Measure:
    """Collects the numbers of one arm: first from the locked values, then from parts of draws."""

    def __init__(self, setting: Setting, treated: bool) -> None:
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
            {name: level + base.get("IL6" if name == "S" else name, 0.0)
             for name, level in levels.items()}
        )  # fmt: skip

    def arm(self) -> Arm:
        """What was collected, summarised."""
        boundaries = self.setting.record.boundaries
        shares = None
        if len(self.taken) > 1:
            grades = boundaries.grade(self._drawn("severity"))
            shares = tuple(float(np.mean(grades == grade)) for grade in range(5))
        first_doses = {d.time_h: d.amount_ug for d in reversed(self.setting.regimen.doses)}
        steps = tuple(
            Step(start, end, first_doses[start], self._estimate(f"step/{i}/il6"),
                 self._estimate(f"step/{i}/severity"))
            for i, (start, end) in enumerate(self.windows)
        )  # fmt: skip
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
