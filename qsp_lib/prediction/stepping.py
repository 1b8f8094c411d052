"""Steps up to a full dose, each below a limit, that reach it soonest.

Every step is the highest dose that keeps the index of the week after it below the limit in all but
a share of the draws, given the steps before it; the full dose is given as soon as it keeps to the
limit as well. Which gaps to leave between steps is tried out, shortest regimens first.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..common import InputError, decimals, percent, short
from ..model import Draws, Regimen
from .arm import Estimate
from .goals import (
    AFTER_H,
    Goal,
    at_occupancy,
    first_group,
    from_first_dose,
    highest_within,
    indices,
    joined,
    like,
    require_doses,
)
from .predicting import CENTRAL, NOT_FOR, require_draws
from .report import aligned, span
from .setting import LONGEST_H, Setup, draws_for, end_of

GAPS_H = (24.0, 48.0, 72.0, 168.0)
MOST_STEPS = 3
_MOST_STEPS, _MOST_GAPS = 6, 8
_COARSE, _FINE = 9, 6
_DECADES_BELOW = 4.0
_LEAST_RISE = 1.05
"""A step that is not that much above the one before it leads nowhere."""


@dataclass(frozen=True)
class StepDose:
    """One dose of the regimen that was found.

    Attributes:
        time_h, amount_ug: when, and how much.
        index: severity index until the next dose, or for a week after the last.
        share_over: share of draws over the limit.
    """

    time_h: float
    amount_ug: float
    index: Estimate
    share_over: float


@dataclass(frozen=True)
class StepDoses:
    """What was found.

    Attributes:
        setting, goal: of what drug, in the form of whose first dose, and by what limit.
        full_ug: the full dose.
        doses: the steps, and the full dose last.
        at_once: index of the full dose given at once.
        tried: how many regimens were looked at.
        n_draws, seed: of the draws.
    """

    setting: Setup
    goal: Goal
    full_ug: float
    doses: tuple[StepDose, ...]
    at_once: Estimate
    tried: int
    n_draws: int
    seed: int


def steps_up(
    setting: Setup,
    goal: Goal,
    full_ug: float | None = None,
    *,
    gaps_h: Sequence[float] = GAPS_H,
    most_steps: int = MOST_STEPS,
    n_draws: int = 100,
    seed: int | None = None,
) -> StepDoses:
    """Look for the steps, in the form (route, length) of the regimen's first dose.

    Args:
        setting, goal: of which drug, and what every step keeps to.
        full_ug: the full dose (ug); by default the largest of the regimen.
        gaps_h: what may lie between two doses (h).
        most_steps: how many may come before the full dose.
        n_draws, seed: of the draws.

    Raises:
        InputError: no draws, gaps or steps that make no regimen, or a goal that none of them
            meets.
        IntegrationError: no draw completed.
    """
    require_draws(n_draws, seed, setting.record)
    require_doses(setting, "steps")
    setting = from_first_dose(setting)
    form = first_group(setting.regimen)
    gaps = sorted(set(gaps_h))
    if not n_draws:
        raise InputError("0 draws were asked for; expected some, of which a share may pass.")
    if not 1 <= most_steps <= _MOST_STEPS or not 1 <= len(gaps) <= _MOST_GAPS:
        raise InputError(
            f"{most_steps} steps and {len(gaps)} gaps were given; expected 1 to {_MOST_STEPS} and "
            f"1 to {_MOST_GAPS}."
        )
    if not end_of(form) <= gaps[0] or gaps[-1] * most_steps > LONGEST_H:
        raise InputError(
            f"Gaps from {gaps[0]:g} to {gaps[-1]:g} h were given; expected each at least as long "
            f"as a dose flows ({end_of(form):g} h), and {LONGEST_H:g} h for all at most."
        )
    full = max(dose.dose_ug for dose in setting.steps) if full_ug is None else full_ug
    lowest = min(full, at_occupancy(setting, form, 0.1)) / 10**_DECADES_BELOW
    look = _Look(setting, goal, form, draws_for(setting, n_draws, seed))
    at_once = look.after((), 0.0, full)
    waiting: list[tuple[float, int, tuple[tuple[float, float], ...]]] = [(0.0, 0, ())]
    best: tuple[tuple[float, float], ...] | None = None
    nearest, order = 0.0, 0
    while waiting:
        begins, _, before = heapq.heappop(waiting)
        if goal.met(look.after(before, begins, full)):
            best = (*before, (begins, full))
            break
        if len(before) == most_steps:
            continue
        least = before[-1][1] * _LEAST_RISE if before else lowest
        amount = look.highest(before, begins, least, full)
        if amount is None:
            continue
        nearest = max(nearest, amount)
        for gap in gaps:
            order += 1
            heapq.heappush(waiting, (begins + gap, order, (*before, (begins, amount))))
    if best is None:
        raise InputError(
            f"No regimen of up to {most_steps} steps with these gaps reaches {short(full)} ug of "
            f"{setting.inputs.label} with at most {percent(goal.share)} of draws over "
            f"{goal.limit:g}; the highest step was {short(nearest)} ug. Expected more steps, "
            "longer gaps, a higher limit or a larger share."
        )
    setting.cover.require_before(best[-1][0] + end_of(form, setting.inputs) + AFTER_H)
    return StepDoses(
        setting,
        goal,
        full,
        look.doses(best),
        Estimate.of(look.locked_point((), 0.0, full), at_once),
        look.tried,
        n_draws,
        setting.record.seed if seed is None else seed,
    )


class _Look:
    """Looks at one dose after others, with the same draws each time."""

    def __init__(self, setting: Setup, goal: Goal, form: Regimen, draws: Draws) -> None:
        self.setting, self.goal, self.form, self.draws = setting, goal, form, draws
        self.tried, self.lag_h = 0, setting.lag_h

    def _regimen(self, before: Sequence[tuple[float, float]]) -> Regimen:
        return joined(*(like(self.form, time, amount) for time, amount in before))

    def after(
        self, before: Sequence[tuple[float, float]], time_h: float, amount_ug: float
    ) -> np.ndarray:
        """Index of each draw in the week after a dose."""
        self.tried += 1
        return self._index(before, time_h, amount_ug, self.draws)

    def locked_point(
        self, before: Sequence[tuple[float, float]], time_h: float, amount_ug: float
    ) -> float:
        """The same at the locked point."""
        return float(self._index(before, time_h, amount_ug, None)[0])

    def _index(
        self,
        before: Sequence[tuple[float, float]],
        time_h: float,
        amount_ug: float,
        draws: Draws | None,
    ) -> np.ndarray:
        until = time_h + end_of(self.form, self.setting.inputs) + AFTER_H
        regimen = self._regimen([*before, (time_h, amount_ug)])
        return indices(self.setting, regimen, draws, time_h + self.lag_h, until)

    def highest(
        self, before: Sequence[tuple[float, float]], time_h: float, least: float, full: float
    ) -> float | None:
        """The highest dose below the full one that keeps to the goal; None for none."""
        if least >= full:
            return None
        amounts = np.geomspace(least, full, _COARSE)
        for size in (_FINE, 0):
            found = {}
            for amount in amounts:
                found[float(amount)] = self.after(before, time_h, float(amount))
                if not self.goal.met(found[float(amount)]):
                    break
            known = np.array(sorted(found))
            best = highest_within(self.goal, known, found)
            if best is None:
                return None
            if not size or best == len(known) - 1:
                break
            amounts = np.geomspace(known[best], known[best + 1], size)
        # to three digits, and never above what was looked at
        exponent = math.floor(math.log10(known[best])) - 2
        return float(math.floor(known[best] / 10.0**exponent + 1e-9) * 10.0**exponent)

    def doses(self, given: Sequence[tuple[float, float]]) -> tuple[StepDose, ...]:
        """Each dose of the whole regimen with its own stretch of time."""
        whole = self._regimen(given)
        later = [time + self.lag_h for time, _ in given[1:]]
        ends = [*later, end_of(whole, self.setting.inputs) + AFTER_H]
        found = []
        for (time, amount), end in zip(given, ends, strict=True):
            acts = time + self.lag_h
            drawn = indices(self.setting, whole, self.draws, acts, end)
            locked_point = indices(self.setting, whole, None, acts, end)[0]
            over = float(np.mean(drawn > self.goal.limit))
            found.append(StepDose(time, amount, Estimate.of(locked_point, drawn), over))
        return tuple(found)


def steps_dict(found: StepDoses) -> dict[str, Any]:
    """What was found as plain values."""
    setting = found.setting
    return {
        **setting.said(),
        "schema": 2,
        "numbers": CENTRAL,
        "limit": found.goal.limit,
        "share": found.goal.share,
        "full_ug": found.full_ug,
        "doses": [vars(dose) | {"index": dose.index.as_dict()} for dose in found.doses],
        "full_at_once": found.at_once.as_dict(),
        "regimens_tried": found.tried,
        "draws": found.n_draws,
        "seed": found.seed,
        "not_for": NOT_FOR,
    }


def steps_text(found: StepDoses) -> str:
    """What was found for a terminal."""
    setting, goal = found.setting, found.goal
    lines = [
        f"{setting.inputs.label}: steps to {short(found.full_ug)} ug with at most "
        f"{percent(goal.share)} of draws over a severity index of {short(goal.limit)} after each",
        *setting.lines(found.n_draws),
        "",
    ]
    head = ["", "at (d)", "dose (ug)", "z until the next", "5-95 %", "over the limit"]
    rows = [[*head, "z at the locked point"]]
    for i, dose in enumerate(found.doses, 1):
        name = "full dose" if i == len(found.doses) else f"step {i}"
        rows.append(
            [
                name,
                short(dose.time_h / 24),
                short(dose.amount_ug),
                decimals(dose.index.central, 2),
                span(dose.index, 2),
                percent(dose.share_over, 1),
                decimals(dose.index.locked_point, 2),
            ]
        )
    lines += aligned(rows)
    lines += [
        "",
        f"The full dose at once: z {decimals(found.at_once.central, 2)} ({span(found.at_once, 2)}; "
        f"locked point {decimals(found.at_once.locked_point, 2)}).",
        CENTRAL,
        f"Assumed: each step is the highest that keeps to the limit, given those before it; "
        f"{found.tried} doses were looked at, each for a week. Targets that were killed do not "
        "come back. Intervals are of parameters only, not of structure, exposure or patients.",
        "",
        NOT_FOR,
    ]
    return "\n".join(lines) + "\n"
