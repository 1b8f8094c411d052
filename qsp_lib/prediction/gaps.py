"""Restarting after missed doses: at which step, after how many days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..common import InputError, decimals, short
from ..model import Regimen
from .arm import Estimate
from .goals import AFTER_H, indices_within, require_doses
from .predicting import CENTRAL, LOCKED_POINT, NOT_FOR, require_draws
from .report import aligned, span
from .setting import SAME_TIME_H, Setup, draws_for, end_of

LONGEST_REST_H = 360.0
"""Rest without the drug for which there is anything to go by (h): T cells that were normal by 15
days after one dose of anti-CD3 (ST024), and restored by two weeks with a rest in them (EA051)."""


@dataclass(frozen=True)
class Restart:
    """One way of going on.

    Attributes:
        missed_h: how much later than due it is (h).
        step: which step of the regimen is given then, 1 for the first.
        dose_ug: what that is (ug).
        rest_h: since the last dose before the gap had been given (h).
        severity: highest index from the restart until a week after the last dose.
        first: that of the first dose after the gap alone.
    """

    missed_h: float
    step: int
    dose_ug: float
    rest_h: float
    severity: Estimate
    first: Estimate

    @property
    def grounded(self) -> bool:
        """Whether T cells were ever looked at after so long a rest."""
        return self.rest_h <= LONGEST_REST_H


@dataclass(frozen=True)
class Gap:
    """What was found.

    Attributes:
        setting: drug and regimen.
        received: how many steps were given before the gap.
        on_time: the same window with nothing missed.
        restarts: one a gap and step, gaps in the order asked for.
        n_draws, seed: of the draws.
    """

    setting: Setup
    received: int
    on_time: Restart
    restarts: tuple[Restart, ...]
    n_draws: int
    seed: int


def after_gap(
    setting: Setup,
    received: int,
    missed_h: Sequence[float],
    steps: Sequence[int] = (),
    *,
    n_draws: int = 200,
    seed: int | None = None,
    longest_rest_h: float = LONGEST_REST_H,
) -> Gap:
    """Peaks after restarting at each step, with the spacing of the regimen from there on.

    Args:
        setting: drug and regimen; its steps are its doses, those at one time together.
        received: how many of them had been given.
        missed_h: how much later than due the next one comes (h).
        steps: at which steps to restart; all up to the one that was due by default.
        n_draws, seed: of the draws; 0 draws for no interval.
        longest_rest_h: a rest without the drug (h) above this is refused. Whoever asks for more
            than the default shows what lies beyond it as what it is: `Restart.grounded`.

    Raises:
        InputError: steps that the regimen does not have, a gap longer than the rest that anything
            is known of, a table of concentrations.
    """
    require_draws(n_draws, seed, setting.record)
    require_doses(setting, "gap")
    known = setting.steps
    if len(known) < 2:
        raise InputError(
            f"Regimen {setting.regimen_key!r} has {len(known)} step; expected one of two or more, "
            "between which something can be missed."
        )
    if not 1 <= received < len(known):
        raise InputError(
            f"{received} steps received were given; expected 1 to {len(known) - 1}, as regimen "
            f"{setting.regimen_key!r} has {len(known)}."
        )
    steps = tuple(steps) or tuple(range(1, received + 2))
    for step in steps:
        if not 1 <= step <= received + 1:
            raise InputError(
                f"A restart at step {step} was asked for; expected 1 to {received + 1}, the one "
                "that was due."
            )
    if not missed_h:
        raise InputError("No gap was given; expected how much later than due, such as 7d.")
    due = known[received].start_h
    before = _part(setting.regimen, 0.0, due)
    last = end_of(before)
    if last > due + SAME_TIME_H:
        raise InputError(
            f"A dose of regimen {setting.regimen_key!r} flows until {last:g} h, and the next is "
            f"due at {due:g} h; expected doses that have ended when the next is due, as the drug "
            "would flow on through the gap. Give the infusion as one for each step."
        )
    for missed in missed_h:
        if not missed > 0:
            raise InputError(f"A gap of {missed:g} h was given; expected more than 0.")
        if due + missed - last > longest_rest_h:
            raise InputError(
                f"A gap of {missed:g} h makes {due + missed - last:g} h without the drug; expected "
                f"at most {longest_rest_h:g} h: {LONGEST_REST_H:g} h (15 days) is the longest rest "
                "after which T cells were looked at (ST024, EA051). For what happens later there "
                "is no ground."
            )
    draws = draws_for(setting, n_draws, seed) if n_draws else None

    def restart(missed: float, step: int) -> Restart:
        again = _part(setting.regimen, known[step - 1].start_h, np.inf)
        begins = due + missed
        onward = again.shifted(begins - known[step - 1].start_h)
        whole = Regimen.of(*before.doses, *onward.doses)
        until = end_of(onward, setting.inputs) + AFTER_H
        setting.cover.require_before(until)
        acts = begins + setting.lag_h
        following = known[step].start_h - known[step - 1].start_h if step < len(known) else AFTER_H
        windows = ((acts, until), (acts, acts + following))
        locked_point = indices_within(setting, whole, None, windows)[:, 0]
        drawn = [()] * 2 if draws is None else indices_within(setting, whole, draws, windows)
        severity, first = map(Estimate.of, locked_point, drawn)
        return Restart(missed, step, known[step - 1].dose_ug, begins - last, severity, first)

    return Gap(
        setting,
        received,
        restart(0.0, received + 1),
        tuple(restart(missed, step) for missed in missed_h for step in steps),
        n_draws,
        setting.record.seed if seed is None else seed,
    )


def _part(regimen: Regimen, from_h: float, until_h: float) -> Regimen:
    """Doses that begin from one time on and before another."""
    kept = (d for d in regimen.doses if from_h - SAME_TIME_H <= d.time_h < until_h - SAME_TIME_H)
    return replace(regimen, doses=tuple(kept))


def gap_dict(found: Gap) -> dict[str, Any]:
    """What was found as plain values."""

    def one(restart: Restart) -> dict[str, Any]:
        plain = {n: v for n, v in vars(restart).items() if n not in ("severity", "first")}
        return plain | {
            "severity": restart.severity.as_dict(),
            "severity_of_first_dose": restart.first.as_dict(),
        }

    setting = found.setting
    return {
        **setting.said(),
        "schema": 2,
        "numbers": CENTRAL if found.n_draws else LOCKED_POINT,
        "regimen": setting.regimen_key,
        "received": found.received,
        "on_time": one(found.on_time),
        "restarts": [one(restart) for restart in found.restarts],
        "draws": found.n_draws,
        "seed": found.seed,
        "not_for": NOT_FOR,
    }


def gap_text(found: Gap) -> str:
    """What was found for a terminal."""
    setting = found.setting
    lines = [
        f"{setting.inputs.label}, {setting.regimen.label}: {found.received} of "
        f"{len(setting.steps)} steps received, then a gap",
        *setting.lines(found.n_draws),
        "",
    ]
    rows = [
        [
            "missed (d)",
            "without the drug (d)",
            "restart at step",
            "dose (ug)",
            "z of that dose",
            "5-95 %",
            "highest z from there on",
            "5-95 %",
            *(["locked point: z of that dose", "highest z"] if found.n_draws else []),
        ]
    ]
    for each in (found.on_time, *found.restarts):
        rows.append(
            [
                short(each.missed_h / 24),
                short(each.rest_h / 24),
                str(each.step),
                short(each.dose_ug),
                decimals(each.first.central, 2),
                span(each.first, 2),
                decimals(each.severity.central, 2),
                span(each.severity, 2),
                *(
                    decimals(estimate.locked_point, 2)
                    for estimate in (each.first, each.severity)
                    if found.n_draws
                ),
            ]
        )
    lines += aligned(rows)
    lines += [
        "",
        CENTRAL if found.n_draws else LOCKED_POINT,
        "Assumed: T cells recover at one rate, and targets that were killed do not come back, so "
        "that a restart may be more severe than it says; the doses after the gap have the spacing "
        "of the regimen.",
        "",
        NOT_FOR,
    ]
    return "\n".join(lines) + "\n"
