"""What an integrator is given: segments of constant dosing, and the times to report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..common import InputError
from .dosing import Regimen

SAME_TIME_H = 1e-9
"""Changes of dosing this close (h) are one: an infusion of 0.1 + 0.2 h ends when 0.3 h begins.

One this close to the horizon is left out, and an infusion this short is a bolus.
"""


class Segment(NamedTuple):
    """Constant dosing from ``start_h`` to ``end_h``.

    ``first`` and ``last`` are the indices of the two ends in the schedule's times;
    the boluses are given at ``start_h`` (ug), the rates hold throughout (ug/h): one each for
    every regimen of the schedule, in its order.
    """

    start_h: float
    end_h: float
    first: int
    last: int
    boluses: tuple[float, ...]
    rates: tuple[float, ...]

    @property
    def bolus(self) -> float:
        """The bolus of the first regimen, the drug's (ug)."""
        return self.boluses[0]

    @property
    def rate(self) -> float:
        """The rate of the first regimen, the drug's (ug/h)."""
        return self.rates[0]


@dataclass(frozen=True)
class Schedule:
    """Report times (h), among them every change of dosing, and the segments between changes."""

    times: NDArray[np.float64]
    segments: tuple[Segment, ...]

    @cached_property
    def firsts(self) -> NDArray[np.int_]:
        """Index in the times of the start of each segment, ``(K,)``."""
        return np.array([segment.first for segment in self.segments])

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """Rates of each segment at each door, ``(K, D)``."""
        return np.array([segment.rates for segment in self.segments])

    @cached_property
    def boluses(self) -> NDArray[np.float64]:
        """What is given at once at the start of each segment at each door, ``(K, D)``."""
        return np.array([segment.boluses for segment in self.segments])


class Given(Protocol):
    """What is given at one door: a regimen, or the rows of a table."""

    def change_times(self, horizon_h: float) -> tuple[float, ...]:
        """Times in [0, horizon) at which something is given or a rate changes (h)."""

    def given_within(self, first_h: float, last_h: float) -> float:
        """Amount given at once at times that are one."""

    def rate_from(self, time_h: float) -> float:
        """Rate just after a time."""


_FIRST_STEP_H = 0.02
_SUDDEN_H = 1e-4
_FOLLOWED_PER_H = 20.0
"""The usual steps follow rates up to this: the interpolant errs by 7e-5 of what one moves."""
_SHARE_OF_TIME = 0.1
"""First step to the time (h) of a faster rate: no worse in draws that have four times the rate."""


def _up_to_usual(first_h: float) -> NDArray[np.float64]:
    """Steps (h) that grow by 25 % from a first one to the last shorter than the usual first."""
    count = int(np.ceil(np.log(_FIRST_STEP_H / first_h) / np.log(1.25)))
    return first_h * 1.25 ** np.arange(max(count, 0), dtype=float)


def report_times(
    change_times: tuple[float, ...],
    horizon_h: float,
    sudden: Collection[float] = (),
    *,
    fastest_per_h: float = 0.0,
) -> NDArray[np.float64]:
    """Times to report (h): dense after each change of dosing, where curves bend, then wider.

    Steps grow from 0.02 h by 12 % each to at most 0.5 h, starting anew at each change. After
    the changes in ``sudden`` they grow from 0.0001 h by 25 % to those: there a curve bends
    within seconds. Where the drug's ``fastest_per_h`` is above 20 they begin with a tenth of its
    time, 1 / ``fastest_per_h``, after every change.
    """
    pieces = []
    followed = fastest_per_h <= _FOLLOWED_PER_H
    onset_h = _FIRST_STEP_H if followed else max(_SHARE_OF_TIME / fastest_per_h, SAME_TIME_H)
    for start, end in zip(change_times, (*change_times[1:], horizon_h), strict=True):
        growth = np.minimum(np.arange(10 + int(2.5 * (end - start)) + 40), 100)  # 0.5 h by 29
        steps = np.minimum(_FIRST_STEP_H * 1.12**growth, 0.5)
        first = min(onset_h, _SUDDEN_H) if start in sudden else onset_h
        steps = np.concatenate([_up_to_usual(first), steps])
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


def make_schedule(
    regimens: Sequence[Given],
    horizon_h: float,
    times: NDArray[np.float64] | None = None,
    *,
    sudden: Regimen | None = None,
    fastest_per_h: float = 0.0,
) -> Schedule:
    """Merge regimens into segments of constant dosing.

    Args:
        regimens: what is given at each door of the model, the drug's own first.
        horizon_h: end of the simulation (h), above 0.
        times: report times (h) within [0, horizon]; dense default if None. Every
            time at which dosing changes is added to them.
        sudden: doses that act within seconds, after which the default times are denser.
        fastest_per_h: the fastest rate that the drug brings, which the default times follow.

    Raises:
        InputError: a horizon of 0 or less, or times that are not increasing within it.
    """
    if not (np.isfinite(horizon_h) and horizon_h > 0):
        raise InputError(f"horizon is {horizon_h!r} h; expected a finite number above 0.")
    groups = _simultaneous({t for given in regimens for t in given.change_times(horizon_h)} | {0.0})
    # the first group begins at 0; what changes a rounding error before the horizon changes nothing
    later = [group for group in groups[1:] if horizon_h - group[0] > SAME_TIME_H]
    groups = [groups[0], *later]
    changes = tuple(group[0] for group in groups)
    if times is None:
        # tocilizumab holds most receptors seconds after it begins to flow, and cuts the signal at
        # once; the drug acts on it through T cells
        doses = sudden.doses if sudden is not None else ()
        begins = {dose.time_h for dose in doses if dose.amount_ug > 0}
        at = tuple(group[0] for group in groups if begins & set(group))
        times = report_times(changes, horizon_h, at, fastest_per_h=fastest_per_h)
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
            tuple(given.given_within(group[0], group[-1]) for given in regimens),
            tuple(given.rate_from(group[-1]) for given in regimens),
        )
        for start, end, first, last, group in zip(
            changes, ends, index[:-1], index[1:], groups, strict=True
        )
    )
    return Schedule(times, segments)
