"""What a median becomes when points at the floor of the assay were left out of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from ..common import InputError


@dataclass(frozen=True)
class AssayFloor:
    """A floor below which no point was read off, and how people spread about their median.

    Attributes:
        level_pg_mL: the floor.
        spread: hours and the log10 standard deviation between people then, hours rising; straight
            lines between, the first and the last value beyond.
    """

    level_pg_mL: float
    spread: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        hours = [hour for hour, _ in self.spread]
        fine = self.level_pg_mL > 0 and hours and all(sd > 0 for _, sd in self.spread)
        if not fine or any(late <= early for early, late in zip(hours, hours[1:], strict=False)):
            raise InputError(
                f"a floor of {self.level_pg_mL} pg/mL with spreads {self.spread}; expected a "
                "positive level, rising hours and positive spreads."
            )

    def spread_at(self, time_h: float) -> float:
        """Standard deviation (log10) between people at this time (h)."""
        hours, sds = zip(*self.spread, strict=True)
        return float(np.interp(time_h, hours, sds))

    def median_above(self, median_log10: ArrayLike, time_h: float) -> NDArray[np.float64]:
        """Median (log10) of the values above the floor, where that of all is `median_log10`.

        With p the share above the floor it is the value that p/2 exceed:
        mu + s Phi^-1(1 - p/2).
        """
        return median_above(median_log10, self.spread_at(time_h), math.log10(self.level_pg_mL))


def median_above(median_log10: ArrayLike, sd: float, floor_log10: float) -> NDArray[np.float64]:
    """See :meth:`AssayFloor.median_above`; of ``(N,)`` medians, finite however few are above."""
    mu = np.asarray(median_log10, dtype=float)
    log_above = scipy.special.log_ndtr((mu - floor_log10) / sd)
    # Phi^-1(1 - p/2) = -Phi^-1(p/2), taken in logarithms since p may be too small for a float
    return mu - sd * scipy.special.ndtri_exp(log_above - math.log(2.0))


def floor_of(level_pg_mL: float, spread: Sequence[Sequence[float]]) -> AssayFloor:
    """A floor from plain numbers."""
    return AssayFloor(float(level_pg_mL), tuple((float(h), float(sd)) for h, sd in spread))
