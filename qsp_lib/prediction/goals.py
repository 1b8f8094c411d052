"""What a dose is looked for by: a limit of the severity index, and how often it may be passed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..common import InputError, IntegrationError
from ..drugs import LARGEST_DOSE_UG
from ..model import Bolus, Draws, Regimen, severity, simulate_exposure
from .cover import NONE
from .setting import SAME_TIME_H, Setup, end_of, require_solved

Array = NDArray[np.float64]
AFTER_H = 168.0
"""How long after a dose its release is followed where a dose is looked for (h)."""
SMALLEST_UG, LARGEST_UG = 1e-4, LARGEST_DOSE_UG
"""Between which a dose is looked for; above the latter none can be given."""
OCCUPANCIES = (0.1, 0.2)
_CHUNK = 2000


@dataclass(frozen=True)
class Goal:
    """The index may pass ``limit`` in at most a ``share`` of the draws.

    Raises:
        InputError: a limit that the healthy state has reached already, or no share.
    """

    limit: float
    share: float = 0.1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.limit) and self.limit > 0):
            raise InputError(
                f"A limit of {self.limit:g} was given; expected a severity index above 0, which is "
                "the healthy level's."
            )
        if not 0 < self.share < 1:
            raise InputError(f"A share of {self.share:g} was given; expected between 0 and 1.")

    def met(self, indices: Array) -> bool:
        """Whether the indices ``(N,)`` of all draws keep to it."""
        return bool(np.mean(indices > self.limit) <= self.share)


def require_doses(setting: Setup, what: str) -> None:
    """Raise unless doses of this drug can be varied.

    Raises:
        InputError: a table of concentrations, which is of its own doses.
    """
    if setting.inputs.table is not None:
        raise InputError(
            f"{setting.inputs.label} has a table of concentrations, which is of its own doses; "
            f"{what} varies them. Give compartments."
        )


def from_first_dose(setting: Setup) -> Setup:
    """The same on a clock that starts with the first dose, its cover along with its doses."""
    start = setting.regimen.first_dose_h
    regimen, cover = setting.regimen.shifted(-start), setting.cover.shifted(-start)
    return replace(setting, regimen=regimen, cover=cover) if start else setting


def first_group(regimen: Regimen) -> Regimen:
    """What is given with the first dose, from time 0 on."""
    start = regimen.first_dose_h
    first = tuple(dose for dose in regimen.doses if dose.time_h - start < SAME_TIME_H)
    return Regimen(first, regimen.label).shifted(-start)


def like(form: Regimen, time_h: float, amount_ug: float) -> Regimen:
    """A dose of an amount in the form of another: its routes, and how long it flows."""
    return form.scaled(amount_ug / form.total_ug).shifted(time_h)


def joined(*regimens: Regimen) -> Regimen:
    """The doses of all of them."""
    return Regimen.of(*(dose for regimen in regimens for dose in regimen.doses))


def indices(
    setting: Setup, regimen: Regimen, draws: Draws | None, from_h: float, until_h: float
) -> Array:
    """Severity index of each draw in a window of a regimen (h), ``(N,)``.

    With cover if the setting has any. A draw that does not complete counts as over any limit.
    """
    return indices_within(setting, regimen, draws, ((from_h, until_h),))[0]


def indices_within(
    setting: Setup,
    regimen: Regimen,
    draws: Draws | None,
    windows_h: Sequence[tuple[float, float]],
) -> Array:
    """Severity index of each draw in several windows of one course (h), ``(W, N)``.

    With cover if the setting has any. A draw that does not complete counts as over any limit.

    Raises:
        IntegrationError: no draw completed.
    """
    here = replace(setting, regimen=regimen, horizon_h=max(end for _, end in windows_h))
    treated = setting.cover != NONE
    n_sets = 1 if draws is None else len(draws)
    found = np.full((len(windows_h), n_sets), np.inf)
    for start in range(0, n_sets, _CHUNK):
        part = slice(start, min(start + _CHUNK, n_sets))
        course = here.simulate(None if draws is None else draws[part], treated=treated)
        done = np.flatnonzero(course.completed)
        if not done.size:
            continue
        chosen = course.select(course.completed)
        for window, (from_h, until_h) in enumerate(windows_h):
            peak = chosen.peak("S", from_h + here.shift_h, until_h + here.shift_h).value
            rise = severity.fold_rise(np.atleast_1d(peak), "IL6")
            found[window, part.start + done] = np.log10(rise)
    if not np.isfinite(found).any():
        raise IntegrationError(f"none of {n_sets} draws of {setting.inputs.label} completed.")
    return found


def highest_within(
    goal: Goal,
    amounts: Array,
    of_amount: dict[float, Array],
) -> int | None:
    """Index of the highest amount that keeps to the goal, and so do all below it; None for none."""
    kept = None
    for i, amount in enumerate(amounts):
        if not goal.met(of_amount[float(amount)]):
            break
        kept = i
    return kept


def at_occupancy(setting: Setup, form: Regimen, share: float) -> float:
    """Dose (ug) whose peak occupies a share of receptors, by the drug's EC50 and h alone."""
    wanted = setting.inputs.EC50 * (share / (1 - share)) ** (1 / setting.inputs.h)
    low, high = SMALLEST_UG, LARGEST_UG
    for _ in range(60):
        middle = math.sqrt(low * high)
        if _peak(setting, like(form, 0.0, middle)) < wanted:
            low = middle
        else:
            high = middle
        if high / low < 1.0005:
            break
    return math.sqrt(low * high)


def _peak(setting: Setup, regimen: Regimen) -> float:
    slow = any(isinstance(d, Bolus) and d.route == "SC" for d in regimen.doses)
    k_a = setting.inputs.k_a
    until = end_of(regimen, setting.inputs) + (10.0 / k_a + 24.0 if slow and k_a else 1.0)
    course = simulate_exposure(setting.inputs, regimen, horizon_h=until)
    require_solved(course, setting.inputs)
    return float(course.peak("C").value)


def thresholds(limit: float, amounts: Sequence[float], by_amount: Array) -> Array:
    """Amount at which each draw first passes the limit ``(N,)``; infinite where none does.

    Args:
        amounts: increasing ``(K,)``.
        by_amount: indices ``(K, N)``.
    """
    over = by_amount > limit
    first = np.where(over.any(axis=0), over.argmax(axis=0), len(amounts))
    logs = np.log(np.asarray(amounts, dtype=float))
    found = np.full(by_amount.shape[1], np.inf)
    for n, k in enumerate(first):
        if k == 0:
            found[n] = amounts[0]
        elif k < len(amounts):
            below, above = by_amount[k - 1, n], by_amount[k, n]
            part = (limit - below) / (above - below) if np.isfinite(above) else 0.0
            found[n] = math.exp(logs[k - 1] + part * (logs[k] - logs[k - 1]))
    return found
