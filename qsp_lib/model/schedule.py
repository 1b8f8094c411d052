"""What an integrator is given: segments of constant dosing, and the times to report."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..common import InputError
from .dosing import Infusion, Regimen

SAME_TIME_H = 1e-9
"""Changes of dosing this close (h) are one: an infusion of 0.1 + 0.2 h ends when 0.3 h begins.

One this close to the horizon is left out, and an infusion this short is a bolus.
"""


class Segment(NamedTuple):
    """Constant dosing of the drug and of tocilizumab from ``start_h`` to ``end_h``.

    ``first`` and ``last`` are the indices of the two ends in the schedule's times;
    the boluses are given at ``start_h`` (ug), the rates hold throughout (ug/h).
    """

    start_h: float
    end_h: float
    first: int
    last: int
    bolus: float
    bolus_tcz: float
    rate: float
    rate_tcz: float


@dataclass(frozen=True)
class Schedule:
    """Report times (h), among them every change of dosing, and the segments between changes."""

    times: NDArray[np.float64]
    segments: tuple[Segment, ...]


_FIRST_STEP_H = 0.02
_SUDDEN = 1e-4 * 1.25 ** np.arange(24)
"""Steps (h) up to the usual first one, 0.017 h being the last."""


def report_times(
    change_times: tuple[float, ...], horizon_h: float, sudden: Collection[float] = ()
) -> NDArray[np.float64]:
    """Times to report (h): dense after each change of dosing, where curves bend, then wider.

    Steps grow from 0.02 h by 12 % each to at most 0.5 h, starting anew at each change. After
    the changes in ``sudden`` they grow from 0.0001 h by 25 % to those: there a curve bends
    within seconds.
    """
    pieces = []
    for start, end in zip(change_times, (*change_times[1:], horizon_h), strict=True):
        growth = np.minimum(np.arange(10 + int(2.5 * (end - start)) + 40), 100)  # 0.5 h by 29
        steps = np.minimum(_FIRST_STEP_H * 1.12**growth, 0.5)
        if start in sudden:
            steps = np.concatenate([_SUDDEN, steps])
        offsets = np.cumsum(steps)
        pieces += [[start], start + offsets[offsets < (end - start) - SAME_TIME_H]]
    return np.concatenate([*pieces, [horizon_h]])


def _simultaneous(times: set[float]) -> list[list[float]]:
    """Times in order, those closer than SAME_TIME_H to the one before grouped with it."""
    groups: list[list[float]] = []
    for time in sorted(times):
        if groups and time - groups[-1][-1] <= SAME_TIME_H:
            groups[-1].append(time)
        else:
            groups.append([time])
    return groups


def _given_at(regimen: Regimen, group: list[float]) -> float:
    """Amount (ug) given at once at times that are one: boluses, and infusions as short as that."""
    short = (
        dose.amount_ug
        for dose in regimen.doses
        if isinstance(dose, Infusion) and group[0] <= dose.start_h and dose.end_h <= group[-1]
    )
    return sum(regimen.bolus_at(time) for time in group) + sum(short)


def make_schedule(
    regimen: Regimen,
    rescue: Regimen,
    horizon_h: float,
    times: NDArray[np.float64] | None = None,
) -> Schedule:
    """Merge the two regimens into segments of constant dosing.

    Args:
        regimen, rescue: doses of the drug and of tocilizumab.
        horizon_h: end of the simulation (h), above 0.
        times: report times (h) within [0, horizon]; dense default if None. Every
            time at which dosing changes is added to them.

    Raises:
        InputError: a horizon of 0 or less, or times that are not increasing within it.
    """
    if not (np.isfinite(horizon_h) and horizon_h > 0):
        raise InputError(f"horizon is {horizon_h!r} h; expected a finite number above 0.")
    groups = _simultaneous({*regimen.change_times(horizon_h), *rescue.change_times(horizon_h)})
    # the first group begins at 0; what changes a rounding error before the horizon changes nothing
    later = [group for group in groups[1:] if horizon_h - group[0] > SAME_TIME_H]
    groups = [groups[0], *later]
    changes = tuple(group[0] for group in groups)
    if times is None:
        # tocilizumab holds most receptors seconds after it begins to flow, and cuts the signal at
        # once; the drug acts on it through T cells
        begins = {dose.time_h for dose in rescue.doses if dose.amount_ug > 0}
        sudden = tuple(group[0] for group in groups if begins & set(group))
        times = report_times(changes, horizon_h, sudden)
    else:
        times = np.asarray(times, dtype=float)
        if times.ndim != 1 or times.size == 0 or not np.all(np.isfinite(times)):
            raise InputError("report times must be a non-empty list of finite hours.")
        if np.any(np.diff(times) <= 0) or times[0] < 0 or times[-1] > horizon_h:
            raise InputError(
                f"report times must increase within 0 to {horizon_h:g} h; got "
                f"{times[0]:g} to {times[-1]:g} h."
            )
        times = np.union1d(times, [*changes, horizon_h])
    ends = (*changes[1:], horizon_h)
    index = np.searchsorted(times, [*changes, horizon_h])
    segments = tuple(
        Segment(
            start,
            end,
            int(first),
            int(last),
            _given_at(regimen, group),
            _given_at(rescue, group),
            regimen.rate_from(group[-1]),
            rescue.rate_from(group[-1]),
        )
        for start, end, first, last, group in zip(
            changes, ends, index[:-1], index[1:], groups, strict=True
        )
    )
    return Schedule(times, segments)
