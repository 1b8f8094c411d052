"""The highest first dose that keeps the index below a limit in all but a share of the draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..common import InputError, decimals, percent, short
from ..model import Regimen
from .arm import Estimate
from .goals import (
    AFTER_H,
    LARGEST_UG,
    OCCUPANCIES,
    Goal,
    at_occupancy,
    first_group,
    from_first_dose,
    highest_within,
    indices,
    like,
    require_doses,
    thresholds,
)
from .predicting import CENTRAL, NOT_FOR, require_draws
from .report import aligned, span
from .setting import Setup, draws_for, end_of

_COARSE, _FINE, _ROUNDS = 25, 8, 2
_DECADES_BELOW = 4.0
"""How far below the dose at 10 % occupancy is looked."""


@dataclass(frozen=True)
class FirstDose:
    """What was found.

    Attributes:
        setting, goal: of what drug, in the form of whose first dose, and by what limit.
        dose_ug: the highest dose; None if even the lowest looked at is over the limit.
        bounded: False if the highest dose that was looked at keeps to the goal too.
        share_over: share of draws over the limit at that dose.
        index: at that dose.
        own: the dose at which each draw passes the limit: its median and central 90 %, the
            largest that is looked at where it does not.
        occupancy: dose (ug) by share of occupied receptors.
        occupancy_index: the index at each of them.
        n_draws, seed: of the draws.
    """

    setting: Setup
    goal: Goal
    dose_ug: float
    bounded: bool
    share_over: float
    index: Estimate
    own: Estimate
    occupancy: dict[float, float]
    occupancy_index: dict[float, Estimate]
    n_draws: int
    seed: int


def first_dose(
    setting: Setup,
    goal: Goal,
    *,
    n_draws: int = 200,
    seed: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FirstDose:
    """Look for the first dose, in the form (route, length) of the regimen's own first dose.

    Every dose is followed for a week after it has been given, on a clock that starts with it; what
    covers it keeps its distance from it. Doses are looked at on a grid, then
    on finer ones beside the limit; all with the same draws, so that the share is a step function
    of the dose.

    Raises:
        InputError: no draws, a table of concentrations, or a limit that even the lowest dose
            passes.
        IntegrationError: no draw completed.
    """
    require_draws(n_draws, seed, setting.record)
    if not n_draws:
        raise InputError("0 draws were asked for; expected some, of which a share may pass.")
    require_doses(setting, "first-dose")
    setting = from_first_dose(setting)
    form = first_group(setting.regimen)
    until = end_of(form, setting.inputs) + AFTER_H
    setting.cover.require_before(until)
    draws = draws_for(setting, n_draws, seed)
    occupancy = {share: at_occupancy(setting, form, share) for share in OCCUPANCIES}
    lowest = min(occupancy.values()) / 10**_DECADES_BELOW
    found: dict[float, np.ndarray] = {}

    def look(amounts: np.ndarray) -> np.ndarray:
        for i, amount in enumerate(map(float, amounts)):
            if amount not in found:
                found[amount] = indices(setting, like(form, 0.0, amount), draws, 0.0, until)
            if progress is not None:
                progress(i, len(amounts))
        return amounts

    amounts = look(np.geomspace(lowest, LARGEST_UG, _COARSE))
    best = highest_within(goal, amounts, found)
    if best is None:
        over = float(np.mean(found[float(amounts[0])] > goal.limit))
        raise InputError(
            f"No first dose of {setting.inputs.label} meets the goal: at {short(lowest)} ug, the "
            f"lowest that is looked at, {percent(over)} of draws are over {goal.limit:g}; expected "
            "a higher limit or a larger share."
        )
    bounded = best < len(amounts) - 1
    for _ in range(_ROUNDS if bounded else 0):
        amounts = look(np.geomspace(amounts[best], amounts[best + 1], _FINE))
        best = highest_within(goal, amounts, found) or 0
    dose = float(amounts[best])
    known = sorted(found)
    own = thresholds(goal.limit, known, np.stack([found[amount] for amount in known]))
    return FirstDose(
        setting,
        goal,
        dose,
        bounded,
        float(np.mean(found[dose] > goal.limit)),
        _estimate(setting, form, dose, found[dose]),
        Estimate(_own(setting, form, goal, known), *_percentiles(own)),
        occupancy,
        {
            share: _estimate(
                setting, form, amount, indices(setting, like(form, 0.0, amount), draws, 0.0, until)
            )
            for share, amount in occupancy.items()
        },
        n_draws,
        setting.record.seed if seed is None else seed,
    )


def _percentiles(values: np.ndarray) -> tuple[float, ...]:
    """5th, 50th and 95th percentile, each a value that a draw has; the largest dose for none."""
    found = np.percentile(values, [5, 50, 95], method="inverted_cdf")
    return tuple(float(min(value, LARGEST_UG)) for value in found)


def _own(setting: Setup, form: Regimen, goal: Goal, amounts: list[float]) -> float:
    """Dose at which the locked point passes the limit; the largest if it never does."""
    until = end_of(form, setting.inputs) + AFTER_H
    found = [indices(setting, like(form, 0.0, a), None, 0.0, until) for a in amounts]
    return float(min(thresholds(goal.limit, amounts, np.stack(found))[0], LARGEST_UG))


def _estimate(setting: Setup, form: Regimen, amount: float, drawn: np.ndarray) -> Estimate:
    until = end_of(form, setting.inputs) + AFTER_H
    locked_point = indices(setting, like(form, 0.0, amount), None, 0.0, until)[0]
    return Estimate.of(locked_point, drawn)


def first_dose_dict(found: FirstDose) -> dict[str, Any]:
    """What was found as plain values."""
    setting = found.setting
    return {
        **setting.said(),
        "schema": 2,
        "numbers": CENTRAL,
        "limit": found.goal.limit,
        "share": found.goal.share,
        "followed_h": AFTER_H,
        "dose_ug": found.dose_ug,
        "bounded": found.bounded,
        "share_over": found.share_over,
        "severity": found.index.as_dict(),
        "dose_at_limit_ug": {
            name: value if value < LARGEST_UG else None
            for name, value in found.own.as_dict().items()
        },
        "occupancy": [
            {"share": s, "dose_ug": dose, "severity": found.occupancy_index[s].as_dict()}
            for s, dose in found.occupancy.items()
        ],
        "draws": found.n_draws,
        "seed": found.seed,
        "not_for": NOT_FOR,
    }


def _from(dose_ug: float | None) -> str:
    if dose_ug is None or dose_ug >= LARGEST_UG:
        return f"at no dose up to {short(LARGEST_UG)} ug"
    return f"from {short(dose_ug)} ug"


def first_dose_text(found: FirstDose) -> str:
    """What was found for a terminal."""
    setting, goal = found.setting, found.goal
    step = setting.steps[0]
    length = f"over {short(step.length_h)} h" if step.length_h else "bolus"
    lines = [
        f"{setting.inputs.label}: the highest first dose ({step.route}, {length}) with at most "
        f"{percent(goal.share)} of draws over a severity index of {short(goal.limit)} in the week "
        "after it",
        *setting.lines(found.n_draws),
        "",
    ]
    rows = [["", "dose (ug)", "z", "5-95 %", "over the limit", "z at the locked point"]]
    head = "highest first dose" if found.bounded else "no limit found up to"
    rows.append(
        [
            head,
            short(found.dose_ug),
            decimals(found.index.central, 2),
            span(found.index, 2),
            percent(found.share_over, 1),
            decimals(found.index.locked_point, 2),
        ]
    )
    for share, dose in found.occupancy.items():
        index = found.occupancy_index[share]
        rows.append(
            [
                f"at EC{decimals(100 * share, 0)} occupancy",
                short(dose),
                decimals(index.central, 2),
                span(index, 2),
                "",
                decimals(index.locked_point, 2),
            ]
        )
    lines += aligned(rows)
    lines += [
        "",
        f"The limit is passed {_from(found.own.low)} in the 5 % of draws that pass it first, "
        f"{_from(found.own.median)} in half of them, and {_from(found.own.high)} in 95 %; at the "
        f"locked point {_from(found.own.locked_point)}.",
        CENTRAL,
        "Assumed: the drug is given once, to one who was never given it; intervals are of "
        "parameters only, not of structure, exposure or patients.",
        "",
        NOT_FOR,
    ]
    return "\n".join(lines) + "\n"
