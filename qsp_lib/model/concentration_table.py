"""Exposure as a table of concentrations, as any tool of population kinetics exports it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..common import InputError

Interpolation = Literal["linear", "log-linear"]
MOST_ROWS = 2_000
"""Each starts the integrator anew."""


@dataclass(frozen=True)
class Steps:
    """Something given in steps: amounts at once, and a rate that holds until the next.

    Attributes:
        times_h: increasing (h).
        amounts: added at each time.
        rates: from each time on.
    """

    times_h: tuple[float, ...]
    amounts: tuple[float, ...]
    rates: tuple[float, ...]

    def shifted(self, hours: float) -> Steps:
        """The same ``hours`` later (earlier if negative)."""
        return Steps(tuple(time + hours for time in self.times_h), self.amounts, self.rates)

    def change_times(self, horizon_h: float) -> tuple[float, ...]:
        """Times in [0, horizon) at which something is added or the rate changes (h)."""
        return tuple(time for time in self.times_h if time < horizon_h)

    def given_within(self, first_h: float, last_h: float) -> float:
        """What is added at times from ``first_h`` to ``last_h``, which count as one."""
        given = zip(self.times_h, self.amounts, strict=True)
        return sum(amount for time, amount in given if first_h <= time <= last_h)

    def rate_from(self, time_h: float) -> float:
        """The rate just after a time."""
        row = int(np.searchsorted(self.times_h, time_h, side="right")) - 1
        return self.rates[row] if row >= 0 else 0.0


@dataclass(frozen=True)
class ConcentrationTable:
    """Plasma concentrations (ng/mL) at increasing times (h) from the drug's first dose on.

    Zero before the first row.

    Attributes:
        times_h, ng_per_mL: the rows.
        interpolation: ``"linear"`` between rows, or ``"log-linear"``.
        ends: what follows the last row: a half-life (h) with which it falls, 0 for nothing left,
            None where the table does not say; a simulation beyond it is then refused.

    Raises:
        InputError: fewer than two rows or too many, times that do not increase from 0 or later,
            a concentration below zero or not finite, zeros where the logarithm is asked for.
    """

    times_h: tuple[float, ...]
    ng_per_mL: tuple[float, ...]
    interpolation: Interpolation = "linear"
    ends: float | None = None

    def __post_init__(self) -> None:
        rows = len(self.times_h)
        if rows != len(self.ng_per_mL) or not 2 <= rows <= MOST_ROWS:
            raise InputError(
                f"a concentration table has {rows} times and {len(self.ng_per_mL)} concentrations; "
                f"expected as many of both, from 2 to {MOST_ROWS}."
            )
        if not all(map(math.isfinite, (*self.times_h, *self.ng_per_mL))):
            raise InputError("a concentration table holds finite numbers in every row.")
        for row, (time, later) in enumerate(zip(self.times_h[:-1], self.times_h[1:], strict=True)):
            if later <= time:
                raise InputError(
                    f"row {row + 2} of the concentration table is at {later:g} h, after one at "
                    f"{time:g} h; expected times that increase."
                )
        if self.times_h[0] < 0:
            raise InputError(
                f"the concentration table begins at {self.times_h[0]:g} h; expected 0 or later."
            )
        if min(self.ng_per_mL) < 0:
            raise InputError(
                f"the concentration table holds {min(self.ng_per_mL):g} ng/mL; expected 0 or more."
            )
        if self.interpolation not in ("linear", "log-linear"):
            raise InputError(
                f"interpolation is {self.interpolation!r}; expected 'linear' or 'log-linear'."
            )
        if self.interpolation == "log-linear" and min(self.ng_per_mL) == 0:
            raise InputError(
                "the concentration table holds 0 ng/mL, which has no logarithm; expected "
                "concentrations above 0, or linear interpolation."
            )
        if self.ends is not None and not (math.isfinite(self.ends) and self.ends >= 0):
            raise InputError(
                f"the concentration table ends with a half-life of {self.ends!r} h; expected 0 "
                "for nothing left, or more."
            )

    def known_until(self, first_dose_h: float = 0.0) -> float:
        """How far it says what the concentration is (h), where it begins with a first dose;
        infinite if it says how it ends."""
        return math.inf if self.ends is not None else first_dose_h + self.times_h[-1]

    def require_until(self, horizon_h: float, first_dose_h: float = 0.0) -> None:
        """Raise unless it says what the concentration is until then.

        Args:
            horizon_h: end of a simulation (h).
            first_dose_h: when in that simulation the table begins (h).

        Raises:
            InputError: the last row is before the horizon and the table does not say how it ends.
        """
        last_h = self.known_until(first_dose_h)
        if last_h < horizon_h:
            raise InputError(
                f"the concentration table ends at {last_h:g} h, before the horizon of "
                f"{horizon_h:g} h; give more rows, a shorter horizon, or how it ends."
            )

    def steps(self) -> tuple[Steps, Steps]:
        """The slope (ng/mL/h) and the growth (1/h) between rows; amounts are jumps (ng/mL)."""
        times, levels = np.array(self.times_h), np.array(self.ng_per_mL)
        lengths, nothing = np.diff(times), np.zeros(times.size)
        slope, growth, jumps = nothing.copy(), nothing.copy(), nothing.copy()
        jumps[0] = levels[0]
        if self.interpolation == "linear":
            slope[:-1] = np.diff(levels) / lengths
        else:
            growth[:-1] = np.diff(np.log(levels)) / lengths
        if self.ends:
            growth[-1] = -math.log(2) / self.ends
        elif self.ends == 0:
            jumps[-1] -= levels[-1]
        return (
            Steps(self.times_h, tuple(jumps.tolist()), tuple(slope.tolist())),
            Steps(self.times_h, (0.0,) * times.size, tuple(growth.tolist())),
        )
