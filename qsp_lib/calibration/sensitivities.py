"""What the fit rests on and nobody measured, each changed once: how much of it moves?

Every case is the locked structure's fit with one declared thing changed: what is made of the
low-dose trial, the rows that say that the release was over, a steroid that was given and left out,
the share of targets at half engagement. Open drugs alone are simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..drugs import load_dexamethasone, load_drug
from ..evidence import Observation
from ..inference import Problem
from ..model import HORIZON_H, Bolus, Infusion, Regimen, Steroid, severity
from .candidates import FITTED, INPUTS
from .joint_fit import CourseResiduals
from .open_facts import TRIAL_UG_KG, open_quantities

Array = NDArray[np.float64]
Arm = tuple[str, str]
"""A drug and one of its regimens."""
MILD, SEVERE = FITTED
TRIAL: Arm = (SEVERE, "low_dose_trial")
OBSERVED_TRIAL: Arm = (SEVERE, "low_dose_trial as assumed")
"""The trial as a case assumes it; the facts keep the file's."""
METHYLPREDNISOLONE_PER_DEXAMETHASONE = 4.0
"""Of the same effect, by weight: 80 mg stand beside 20 mg in a label (XI019)."""
METHYLPREDNISOLONE_MG = 1000.0
"""Of one day; declared. The volunteers' is on record as high, and no dose or hour is (ST019)."""
METHYLPREDNISOLONE_DAYS = 3
LEAD_H = 1.0
"""How long before blinatumomab the steroid is given (VA042)."""


@dataclass(frozen=True)
class ChangedResiduals(CourseResiduals):
    """The residuals of a fit whose regimens are others, or have a steroid beside them.

    Attributes:
        regimens: in place of the drug file's, or besides.
        steroids: what is given beside a regimen.
    """

    regimens: tuple[tuple[Arm, Regimen], ...] = ()
    steroids: tuple[tuple[Arm, Steroid], ...] = ()

    def regimen(self, drug: str, name: str) -> Regimen:
        """A regimen as it was changed, or as the drug's file has it."""
        changed = dict(self.regimens).get((drug, name))
        return super().regimen(drug, name) if changed is None else changed

    def steroid(self, drug: str, regimen: str) -> Steroid | None:
        """What is given beside a regimen, if anything."""
        return dict(self.steroids).get((drug, regimen))


@dataclass(frozen=True)
class Sensitivity:
    """One thing that the fit rests on, and what else it might have been.

    Attributes:
        name: a key.
        label: in words.
        sources: evidence ids, and the words "declared assumption" where they apply.
        change: makes of the fit the one that is meant.
    """

    name: str
    label: str
    sources: tuple[str, ...]
    change: Callable[[Problem], Problem]


def changeable(problem: Problem) -> Problem:
    """The same fit, whose regimens can be changed."""
    fit = problem.residuals
    assert isinstance(fit, CourseResiduals)
    return replace(
        problem,
        residuals=ChangedResiduals(
            fit.names, fit.observations, fit.network, fit.rtol, fit.atol, fit.inputs, fit.fixed
        ),
    )


def _fit(problem: Problem) -> ChangedResiduals:
    fit = problem.residuals
    return fit if isinstance(fit, ChangedResiduals) else _fit(changeable(problem))


def _observing(
    problem: Problem, change: Callable[[Observation], Observation], **others: object
) -> Problem:
    """The fit with each observation changed."""
    fit = _fit(problem)
    observations = tuple(change(o) for o in fit.observations)
    return replace(problem, residuals=replace(fit, observations=observations, **others))  # type: ignore[arg-type]


def trial_rows(
    problem: Problem, *, times_healthy: float | None = None, sigma: float | None = None
) -> Problem:
    """The low-dose trial's rows with another limit, or held to it more loosely."""

    def change(o: Observation) -> Observation:
        if (o.drug, o.regimen) != TRIAL:
            return o
        level = o.value_pg_mL if times_healthy is None else times_healthy * o.healthy
        return replace(o, value_pg_mL=level, sigma_log10=o.sigma_log10 if sigma is None else sigma)

    return _observing(problem, change)


def trial_dose(problem: Problem, ug_kg: float = TRIAL_UG_KG, hours: float | None = None) -> Problem:
    """The low-dose trial at another dose, or infused over another time (h)."""
    (filed,) = _fit(problem).regimen(*TRIAL).scaled(ug_kg / TRIAL_UG_KG).doses
    assert isinstance(filed, Infusion)
    duration = filed.duration_h if hours is None else hours
    given = Regimen.of(replace(filed, duration_h=duration), label=f"{ug_kg:g} ug/kg")

    def change(o: Observation) -> Observation:
        return replace(o, regimen=OBSERVED_TRIAL[1]) if (o.drug, o.regimen) == TRIAL else o

    return _observing(problem, change, regimens=((OBSERVED_TRIAL, given),))


def without_late_rows(problem: Problem) -> Problem:
    """Nothing said of the second week on after TGN1412: a release may come back."""
    fit = _fit(problem)
    early = tuple(o for o in fit.observations if not (o.at_most and o.window_h and o.window_h[0]))
    return replace(problem, residuals=replace(fit, observations=early))


def treated_volunteers(
    problem: Problem, from_h: float, mg: float = METHYLPREDNISOLONE_MG
) -> Problem:
    """Methylprednisolone once a day in TGN1412's volunteers, as dexamethasone.

    Args:
        problem: the fit.
        from_h: time of the first dose (h).
        mg: of methylprednisolone a day.
    """
    dose_ug = 1000.0 * mg / METHYLPREDNISOLONE_PER_DEXAMETHASONE
    days = range(METHYLPREDNISOLONE_DAYS)
    given = Regimen.of(*(Bolus(from_h + 24.0 * day, dose_ug) for day in days))
    steroid = Steroid(load_dexamethasone(inputs=INPUTS).inputs, given)
    return replace(
        problem, residuals=replace(_fit(problem), steroids=(((SEVERE, "clinical"), steroid),))
    )


def premedicated(problem: Problem, mg: float = 20.0) -> Problem:
    """Dexamethasone :data:`LEAD_H` before blinatumomab, and times counted from it."""
    fit = _fit(problem)
    arms = dict.fromkeys((o.drug, o.regimen) for o in fit.observations if o.drug == MILD)
    regimens = tuple((arm, fit.regimen(*arm).shifted(LEAD_H)) for arm in arms)
    given = Regimen.of(Bolus(0.0, 1000.0 * mg))
    steroid = Steroid(load_dexamethasone(inputs=INPUTS).inputs, given)

    def change(o: Observation) -> Observation:
        if o.drug != MILD:
            return o
        window = o.window_h and (o.window_h[0] + LEAD_H, o.window_h[1] + LEAD_H)
        return replace(o, time_h=None if o.time_h is None else o.time_h + LEAD_H, window_h=window)

    return _observing(
        problem, change, regimens=regimens, steroids=tuple((arm, steroid) for arm in arms)
    )


def half_engaged_at(problem: Problem, K_B: float) -> Problem:
    """Another share of blinatumomab's targets at half engagement.

    The prior of its rate of activation goes with it, so that engagement at the first dose is as
    before.
    """
    fit = _fit(problem)
    filed = load_drug(MILD, inputs=INPUTS).inputs.K_B
    assert filed is not None
    rate = np.array([name == f"{MILD}.k_act" for name in problem.names])
    moved = problem.prior_mean + np.log10((1 + K_B) / (1 + filed)) * rate
    held = (*fit.fixed, (f"{MILD}.K_B", K_B))
    return replace(problem, prior_mean=moved, residuals=replace(fit, fixed=held))


AS_DECLARED = "as declared"
_TRIAL_SOURCES = ("EA021", "PK035", "declared assumption")
_STEROID_SOURCES = ("ST019", "XI019", "declared assumption")
SENSITIVITIES = (
    Sensitivity(AS_DECLARED, "the fit that is locked", (), changeable),
    Sensitivity(
        "limit",
        "low-dose trial: at most five times the healthy level, not twice",
        _TRIAL_SOURCES,
        partial(trial_rows, times_healthy=5.0),
    ),
    Sensitivity(
        "sigma",
        "low-dose trial: held to its limit with a sigma of 0.5, not 0.15",
        _TRIAL_SOURCES,
        partial(trial_rows, sigma=0.5),
    ),
    Sensitivity(
        "dose",
        "low-dose trial: 3 ug/kg, not 7",
        _TRIAL_SOURCES,
        partial(trial_dose, ug_kg=3.0),
    ),
    Sensitivity(
        "4 h",
        "low-dose trial: infused over 4 h, not 8",
        ("EA023",),
        partial(trial_dose, hours=4.0),
    ),
    Sensitivity(
        "12 h",
        "low-dose trial: infused over 12 h, not 8",
        ("EA023",),
        partial(trial_dose, hours=12.0),
    ),
    Sensitivity(
        "no late rows",
        "nothing said of TGN1412 from 120 h on",
        ("EA001", "EA004"),
        without_late_rows,
    ),
    *(
        Sensitivity(
            f"steroid from {hours:g} h",
            f"TGN1412's volunteers: methylprednisolone 1 g a day from {hours:g} h",
            _STEROID_SOURCES,
            partial(treated_volunteers, from_h=hours),
        )
        for hours in (6.0, 12.0, 24.0)
    ),
    Sensitivity(
        "less steroid from 12 h",
        "TGN1412's volunteers: methylprednisolone 0.1 g a day from 12 h",
        _STEROID_SOURCES,
        partial(treated_volunteers, from_h=12.0, mg=METHYLPREDNISOLONE_MG / 10),
    ),
    Sensitivity(
        "premedication",
        "blinatumomab: dexamethasone 20 mg an hour before",
        ("VA042",),
        premedicated,
    ),
    *(
        Sensitivity(
            f"K_B {value:g}",
            f"blinatumomab: half engagement at {value:g} of the targets, not 0.72",
            ("XI023", "declared assumption"),
            partial(half_engaged_at, K_B=value),
        )
        for value in (0.3, 3.0)
    ),
)


def sensitive_quantities(problem: Problem, theta: Array) -> dict[str, Array]:
    """The open quantities of a changed fit, and what its own assumptions make of the drugs.

    Args:
        problem: as a :class:`Sensitivity` makes it.
        theta: points ``(N, d)`` in log10.

    Returns:
        ``(N,)`` by name: those of :func:`.open_quantities`, with the steroid where one is given;
        the index of the low-dose trial as this case assumes it; and, with a steroid, the indices
        of both drugs without it.
    """
    fit, theta = _fit(problem), np.atleast_2d(theta)
    found = open_quantities(problem, theta)
    if OBSERVED_TRIAL in dict(fit.regimens):
        trial = fit.simulate(theta, *OBSERVED_TRIAL, horizon_h=HORIZON_H)
        found["index of the trial as assumed"] = np.atleast_1d(severity.index(trial))
    if fit.steroids:
        alone = replace(problem, residuals=replace(fit, steroids=()))
        without = open_quantities(alone, theta)
        for name in ("blinatumomab index", "TGN1412 index"):
            found[f"{name} without the steroid"] = without[name]
    return found


def starts_near(problem: Problem, optimum: Array, others: Sequence[Array]) -> Array:
    """Where a fit starts ``(k, d)``, within bounds: at what may be its optimum, and elsewhere."""
    margin = 1e-6 * (problem.upper - problem.lower)
    points = np.vstack([optimum, *others])
    return np.asarray(points.clip(problem.lower + margin, problem.upper - margin))
